/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short memory: each allocation of a transaction fails once, and nothing is left of it. */
#include <errno.h>

#include "sets_fixture.h"

static long budget; /* allocations that are granted; negative: all */

static void *resize(void *context, void *old, size_t size)
{
	if (size == 0) {
		free(old);
		return NULL;
	}
	if (budget == 0)
		return NULL;
	if (budget > 0)
		budget--;
	return realloc(old, size);
}

static const struct ctlink_memory memory = { resize, NULL };

/* All kinds of steps; 0, or -ENOMEM from any of them. */
static int change_make(struct sets *sets, bool aside)
{
	struct sets_change *c = sets_change_new(sets, NOW);
	struct ctlink_element e;
	char comment[] = "again";
	struct sets_error error;
	int err = c ? 0 : -ENOMEM;

	if (!err)
		err = declare(c, "new", CTQ_SET_ADDRESS_PORT, CTQ_SET_COUNTER);
	if (!err)
		err = add(c, "new", "10.0.0.1 . 80");
	if (!err)
		err = add(c, "s", "10.0.0.1-10.0.0.6");
	if (!err)
		err = add(c, "s", "2001:db8::/32");
	if (!err)
		err = drop(c, "s", "192.0.2.1");
	if (!err && aside)
		err = sets_change_flush(c, "s", &error);
	if (!err) {
		e = element_of("s", CTQ_SET_ADDRESS, "192.0.2.2");
		e.comment = comment;
		ctlink_mark(&e, CTLINK_ELEMENT_COMMENT);
		err = sets_change_element_add(c, &e, false, &error);
		e.comment = NULL;
		element_done(&e);
	}
	if (!err)
		err = sets_change_commit(c, UINT32_MAX);
	sets_change_destroy(c);
	return err;
}

static void check(long n, bool aside)
{
	struct sets_change *c;
	struct sets *sets;
	int err;

	budget = -1;
	sets = sets_new(2, &memory, &err);
	cr_assert_not_null(sets);
	c = sets_change_new(sets, NOW);
	cr_assert_eq(declare(c, "s", CTQ_SET_ADDRESS, CTQ_SET_TIMEOUT), 0);
	cr_assert_eq(add(c, "s", "192.0.2.1"), 0);
	cr_assert_eq(add(c, "s", "192.0.2.2"), 0);
	commit(c);
	budget = n;
	err = change_make(sets, aside);
	budget = -1;
	if (err) {
		cr_assert_eq(err, -ENOMEM, "%ld: %d", n, err);
		cr_elements(sets, "s", "192.0.2.1; 192.0.2.2");
		cr_assert_null(sets_peek(sets, "new"));
		cr_assert(find(sets, "s", "192.0.2.1"));
		cr_assert_not(find(sets, "s", "10.0.0.1"));
		cr_assert_eq(change_make(sets, aside), 0, "%ld: it goes on", n);
	}
	cr_assert(find(sets, "new", "10.0.0.1 . 80"));
	cr_assert(find(sets, "s", "192.0.2.2"));
	cr_assert_not(find(sets, "s", "192.0.2.1"));
	cr_assert_eq(!find(sets, "s", "10.0.0.1"), aside);
	sets_destroy(sets);
}

Test(memory, each_allocation_of_a_change_may_fail)
{
	long n;

	urcu_qsbr_register_thread();
	for (n = 0; n < 60; n++) {
		check(n, false);
		check(n, true);
	}
	urcu_qsbr_unregister_thread();
}

Test(memory, no_sets_without_memory)
{
	int err;

	budget = 0;
	cr_assert_null(sets_new(1, &memory, &err));
	cr_assert_eq(err, -ENOMEM);
}
