/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions on sets: what they refuse, what they leave, what a load keeps. */
#include <errno.h>

#include "sets_fixture.h"

static struct sets *sets;

static void setup(void)
{
	struct sets_change *c;
	int err;

	urcu_qsbr_register_thread();
	sets = sets_new(1, NULL, &err);
	cr_assert_not_null(sets);
	c = sets_change_new(sets, NOW);
	cr_assert_eq(declare(c, "s", CTQ_SET_ADDRESS, CTQ_SET_TIMEOUT), 0);
	commit(c);
}

static void teardown(void)
{
	sets_destroy(sets);
	urcu_qsbr_unregister_thread();
}

TestSuite(change, .init = setup, .fini = teardown);

static struct sets_change *begin(void)
{
	struct sets_change *c = sets_change_new(sets, NOW);

	cr_assert_not_null(c);
	return c;
}

static void commit_one(int (*step)(struct sets_change *c, const char *set,
                                   const char *text),
                       const char *text)
{
	struct sets_change *c = begin();

	cr_assert_eq(step(c, "s", text), 0, "%s", text);
	commit(c);
}

/* ---- all or nothing ------------------------------------------------------------------ */

Test(change, nothing_is_seen_before_the_commit_and_nothing_after_an_end_without)
{
	struct sets_change *c;

	commit_one(add, "10.0.0.1");
	c = begin();
	cr_assert_eq(add(c, "s", "10.0.0.2"), 0);
	cr_assert_eq(drop(c, "s", "10.0.0.1"), 0);
	cr_assert_not(find(sets, "s", "10.0.0.2"));
	cr_assert(find(sets, "s", "10.0.0.1"));
	sets_change_destroy(c);
	cr_elements(sets, "s", "10.0.0.1");
	cr_assert(find(sets, "s", "10.0.0.1"));
	commit_one(drop, "10.0.0.1");
	cr_elements(sets, "s", "");
}

Test(change, steps_see_those_before_them)
{
	struct sets_change *c = begin();

	cr_assert_eq(add(c, "s", "10.0.0.1"), 0);
	cr_assert_eq(drop(c, "s", "10.0.0.1"), 0);
	cr_assert_eq(drop(c, "s", "10.0.0.1"), -ENOENT);
	cr_assert_eq(add(c, "s", "10.0.0.1"), 0);
	cr_assert_eq(add(c, "s", "10.0.0.2"), 0);
	cr_assert_eq(drop(c, "s", "10.0.0.2"), 0);
	commit(c);
	cr_elements(sets, "s", "10.0.0.1");
	cr_assert_not(find(sets, "s", "10.0.0.2"));
}

Test(change, deleted_and_added_again_it_never_was_away)
{
	struct sets_change *c;
	uint32_t before;

	commit_one(add, "10.0.0.1");
	before = find(sets, "s", "10.0.0.1");
	c = begin();
	cr_assert_eq(drop(c, "s", "10.0.0.1"), 0);
	cr_assert_eq(add(c, "s", "10.0.0.1"), 0);
	commit(c);
	cr_assert_eq(find(sets, "s", "10.0.0.1"), before);
}

Test(change, emptied_and_filled_in_one_go)
{
	struct sets_error e;
	struct sets_change *c = begin();

	cr_assert_eq(add(c, "s", "10.0.0.1"), 0);
	cr_assert_eq(add(c, "s", "10.0.0.2"), 0);
	commit(c);
	c = begin();
	cr_assert_eq(sets_change_flush(c, "s", &e), 0);
	cr_assert_eq(add(c, "s", "10.0.0.2"), 0);
	cr_assert_eq(add(c, "s", "10.0.0.3"), 0);
	commit(c);
	cr_elements(sets, "s", "10.0.0.2; 10.0.0.3");
	cr_assert_not(find(sets, "s", "10.0.0.1"));
}

/* ---- ranges -------------------------------------------------------------------------- */

Test(change, a_part_belongs_to_one_element)
{
	struct sets_error e;
	struct sets_change *c;

	commit_one(add, "10.0.0.4");
	c = begin();
	cr_assert_eq(add_for(c, "s", "10.0.0.0-10.0.0.4", -1, &e), -EEXIST);
	cr_assert_eq(e.attr, CTQA_ELEMENT_KEY);
	cr_assert(strstr(e.error.text, "10.0.0.4"), "%s", e.error.text);
	sets_change_destroy(c);
	c = begin();
	cr_assert_eq(add(c, "s", "10.0.0.0-10.0.0.5"), 0);
	cr_assert_eq(add(c, "s", "10.0.0.0-10.0.0.6"), -EEXIST,
	             "within one change as well");
	sets_change_destroy(c);
}

Test(change, a_range_takes_the_place_of_parts_that_go)
{
	struct sets_change *c;

	commit_one(add, "10.0.0.0-10.0.0.5");
	c = begin();
	cr_assert_eq(drop(c, "s", "10.0.0.0-10.0.0.5"), 0);
	cr_assert_eq(add(c, "s", "10.0.0.0-10.0.0.6"), 0);
	commit(c);
	cr_elements(sets, "s", "10.0.0.0-10.0.0.6");
	cr_assert(find(sets, "s", "10.0.0.6"));
	cr_assert(find(sets, "s", "10.0.0.0"));
	commit_one(drop, "10.0.0.0-10.0.0.6");
	cr_assert_not(find(sets, "s", "10.0.0.0"));
}

/* ---- what is refused ----------------------------------------------------------------- */

Test(change, mistakes_say_what_is_wrong)
{
	struct sets_error e;
	struct ctlink_element port = element_of("s", CTQ_SET_PORT, "22");
	struct ctlink_element none = element_of("nobody", CTQ_SET_ADDRESS, "10.0.0.1");
	char space[] = "x y", name[] = "x";
	struct ctlink_set value = { .name = space, .type = CTQ_SET_PORT };
	struct sets_change *c = begin();

	cr_assert_eq(sets_change_element_add(c, &port, false, &e), -EINVAL);
	cr_assert_eq(e.attr, CTQA_ELEMENT_KEY);
	cr_assert_eq(sets_change_element_add(c, &none, false, &e), -ENOENT);
	cr_assert_eq(e.attr, CTQA_ELEMENT_SET);
	cr_assert_eq(sets_change_set_delete(c, "nobody", &e), -ENOENT);
	cr_assert_eq(sets_change_flush(c, "nobody", &e), -ENOENT);
	cr_assert_eq(sets_change_set_add(c, &value, false, &e), -EINVAL);
	cr_assert_eq(e.attr, CTQA_SET_NAME);
	value.name = name;
	value.type = 99;
	cr_assert_eq(sets_change_set_add(c, &value, false, &e), -EINVAL);
	cr_assert_eq(e.attr, CTQA_SET_TYPE);
	value.type = CTQ_SET_PORT;
	value.flags = 0x100;
	cr_assert_eq(sets_change_set_add(c, &value, false, &e), -EOPNOTSUPP);
	value.flags = 0;
	value.size = CTQ_SET_SIZE_MAX + 1;
	ctlink_mark(&value, CTLINK_SET_SIZE);
	cr_assert_eq(sets_change_set_add(c, &value, false, &e), -EINVAL);
	cr_assert_eq(e.attr, CTQA_SET_SIZE);
	sets_change_destroy(c);
	element_done(&port);
	element_done(&none);
}

Test(change, pairs_are_single)
{
	struct sets_change *c = begin();

	cr_assert_eq(declare(c, "pairs", CTQ_SET_ADDRESS_PORT, 0), 0);
	cr_assert_eq(add(c, "pairs", "10.0.0.1 . 80"), 0);
	cr_assert_eq(add(c, "pairs", "10.0.0.0/8 . 80"), -EINVAL);
	cr_assert_eq(add(c, "pairs", "10.0.0.1 . 80-90"), -EINVAL);
	cr_assert_eq(add(c, "pairs", "10.0.0.1"), -EINVAL);
	sets_change_destroy(c);
}

Test(change, a_full_set_takes_no_more)
{
	char name[] = "small";
	struct ctlink_set value = { .name = name, .type = CTQ_SET_PORT, .size = 2 };
	struct sets_change *c = begin();
	struct sets_stats stats;
	struct sets_error e;

	ctlink_mark(&value, CTLINK_SET_SIZE);
	cr_assert_eq(sets_change_set_add(c, &value, false, &e), 0);
	cr_assert_eq(add(c, "small", "1"), 0);
	cr_assert_eq(add(c, "small", "2"), 0);
	cr_assert_eq(add(c, "small", "2"), 0, "is there already");
	cr_assert_eq(drop(c, "small", "1"), 0);
	cr_assert_eq(add(c, "small", "3"), 0);
	cr_assert_eq(add_for(c, "small", "4", -1, &e), -E2BIG);
	cr_assert_str_eq(e.error.text, "set 'small' is full: its size is 2");
	sets_change_destroy(c);
	sets_stats(sets, &stats);
	cr_assert_eq(stats.refused, 1);
}

Test(change, a_timeout_needs_its_flag)
{
	struct sets_change *c = begin();
	struct sets_error e;

	cr_assert_eq(declare(c, "plain", CTQ_SET_PORT, 0), 0);
	cr_assert_eq(add_for(c, "plain", "1", 5, &e), -EINVAL);
	cr_assert_eq(e.attr, CTQA_ELEMENT_TIMEOUT);
	cr_assert_eq(add_for(c, "plain", "1", 0, &e), 0);
	cr_assert_eq(add_for(c, "s", "10.0.0.1", CTQ_SET_TIMEOUT_MAX + 1ll, &e), -EINVAL);
	sets_change_destroy(c);
}

Test(change, exclusive_means_new)
{
	struct ctlink_element e = element_of("s", CTQ_SET_ADDRESS, "10.0.0.1");
	struct sets_error error;
	struct sets_change *c = begin();

	cr_assert_eq(sets_change_element_add(c, &e, true, &error), 0);
	cr_assert_eq(sets_change_element_add(c, &e, true, &error), -EEXIST);
	sets_change_destroy(c);
	element_done(&e);
}

Test(change, too_many_sets)
{
	struct sets_change *c = begin();
	char name[16];
	uint32_t i;

	for (i = 1; i < SETS_MAX; i++) {
		snprintf(name, sizeof(name), "set%u", i);
		cr_assert_eq(declare(c, name, CTQ_SET_PORT, 0), 0);
	}
	cr_assert_eq(declare(c, "one-more", CTQ_SET_PORT, 0), -E2BIG);
	sets_change_destroy(c);
}

/* ---- sets that go -------------------------------------------------------------------- */

Test(change, a_set_in_use_stays_and_one_that_is_held_is_found)
{
	struct set *set = sets_peek(sets, "s");
	struct set_query q = query_of(CTQ_SET_ADDRESS, "10.0.0.1");
	struct sets_change *c;
	struct sets_error e;
	uint32_t position;

	commit_one(add, "10.0.0.1");
	set_use(set, 1);
	c = begin();
	cr_assert_eq(sets_change_set_delete(c, "s", &e), -EBUSY);
	sets_change_destroy(c);
	set_use(set, -1);
	set_get(set);
	c = begin();
	cr_assert_eq(sets_change_set_delete(c, "s", &e), 0);
	commit(c);
	cr_assert_null(sets_peek(sets, "s"));
	cr_assert(set_find(set, &q, &position), "an old generation still asks it");
	set_put(set);
	sets_expire(sets, NOW);
}

/* ---- loads --------------------------------------------------------------------------- */

static struct sets_change *load(void)
{
	struct sets_change *c = begin();

	cr_assert_eq(sets_change_replace(c), 0);
	return c;
}

Test(change, a_load_keeps_what_was_added_and_replaces_what_was_loaded)
{
	struct sets_change *c = load();
	struct sets_error e;

	cr_assert_eq(declare(c, "ban", CTQ_SET_ADDRESS, CTQ_SET_TIMEOUT), 0);
	cr_assert_eq(declare(c, "net", CTQ_SET_ADDRESS, CTQ_SET_TIMEOUT), 0);
	cr_assert_eq(declare(c, "old", CTQ_SET_PORT, 0), 0);
	cr_assert_eq(add(c, "net", "10.0.0.0/8"), 0);
	cr_assert_eq(add(c, "net", "192.0.2.0/24"), 0);
	commit(c);
	c = begin();
	cr_assert_eq(add_for(c, "ban", "10.0.0.1", 60, &e), 0);
	cr_assert_eq(add(c, "ban", "10.0.0.2"), 0);
	cr_assert_eq(add_for(c, "net", "10.0.0.1", 60, &e), 0);
	cr_assert_eq(add(c, "net", "10.0.0.2"), 0);
	commit(c);
	c = load();
	cr_assert_eq(declare(c, "ban", CTQ_SET_ADDRESS, CTQ_SET_TIMEOUT), 0);
	cr_assert_eq(declare(c, "net", CTQ_SET_ADDRESS, CTQ_SET_TIMEOUT), 0);
	cr_assert_eq(add(c, "net", "192.0.2.0/24"), 0);
	cr_assert_eq(add(c, "net", "198.51.100.0/24"), 0);
	cr_assert_eq(sets_change_prepare(c, UINT32_MAX), 0);
	commit(c);
	cr_elements(sets, "ban", "10.0.0.1 timeout 1m; 10.0.0.2");
	cr_elements(sets, "net", "192.0.2.0/24; 10.0.0.1 timeout 1m; 198.51.100.0/24");
	cr_assert_null(sets_peek(sets, "old"), "it is not in the file any more");
	cr_assert_not_null(sets_peek(sets, "s"), "it never was");
}

Test(change, a_load_that_ends_without_commit_changes_nothing)
{
	struct sets_change *c = load();

	cr_assert_eq(declare(c, "net", CTQ_SET_ADDRESS, 0), 0);
	cr_assert_eq(add(c, "net", "10.0.0.0/8"), 0);
	commit(c);
	c = load();
	cr_assert_eq(declare(c, "net", CTQ_SET_ADDRESS, 0), 0);
	cr_assert_eq(add(c, "net", "192.0.2.0/24"), 0);
	cr_assert_eq(sets_change_prepare(c, UINT32_MAX), 0);
	sets_change_destroy(c);
	cr_elements(sets, "net", "10.0.0.0/8");
	cr_assert(find(sets, "net", "10.0.0.1"));
	cr_assert_not(find(sets, "net", "192.0.2.1"));
}

Test(change, a_set_of_another_type_begins_anew_in_a_load_alone)
{
	struct sets_change *c = load();

	cr_assert_eq(declare(c, "x", CTQ_SET_ADDRESS, 0), 0);
	cr_assert_eq(add(c, "x", "10.0.0.0/8"), 0);
	commit(c);
	c = begin();
	cr_assert_eq(declare(c, "x", CTQ_SET_PORT, 0), -EEXIST);
	sets_change_destroy(c);
	c = load();
	cr_assert_eq(declare(c, "x", CTQ_SET_PORT, 0), 0);
	cr_assert_eq(add(c, "x", "80"), 0);
	cr_assert_eq(sets_change_prepare(c, UINT32_MAX), 0);
	commit(c);
	cr_elements(sets, "x", "80");
	cr_assert(find(sets, "x", "80"));
}

/* ---- who is told, and what is brought ------------------------------------------------ */

static char told[256];

static void tell(void *ctx, enum sets_event event, const struct set *set,
                 uint32_t position)
{
	static const char *const words[] = { "set+", "set-", "+", "-" };
	struct ctlink_element e = { .has = 0 };
	char key[CTLINK_ELEMENT_TEXT_MAX] = "";
	size_t used = strlen(told);

	if (position) {
		set_element_read(set, position, NOW, &e);
		ctlink_element_format(&e, key, sizeof(key));
	}
	snprintf(told + used, sizeof(told) - used, "%s%s%s ", words[event],
	         position ? "" : set_name_get(set), key);
}

Test(change, who_listens_hears_of_everything)
{
	struct sets_change *c;
	struct sets_error e;

	told[0] = '\0';
	sets_listen(sets, tell, NULL);
	c = begin();
	cr_assert_eq(declare(c, "web", CTQ_SET_PORT, 0), 0);
	cr_assert_eq(add_for(c, "s", "10.0.0.1", 1, &e), 0);
	cr_assert_eq(add(c, "s", "10.0.0.2"), 0);
	commit(c);
	commit_one(drop, "10.0.0.2");
	sets_expire(sets, NOW + 1000);
	sets_listen(sets, NULL, NULL);
	commit_one(add, "10.0.0.9");
	cr_assert(strstr(told, "set+web "), "%s", told);
	cr_assert(strstr(told, "+10.0.0.1 +10.0.0.2 "), "%s", told);
	cr_assert(strstr(told, "-10.0.0.2 -10.0.0.1 "), "%s", told);
	cr_assert_null(strstr(told, "10.0.0.9"), "%s", told);
}

Test(change, a_change_knows_which_addresses_it_brings)
{
	static const uint8_t in[] = { 10, 1, 2, 3 }, again[] = { 192, 0, 2, 1 },
			     out[] = { 11, 0, 0, 0 }, v6[16] = { 0x20, 0x01, 0x0d, 0xb8 };
	struct sets_change *c;

	commit_one(add, "192.0.2.1");
	c = begin();
	cr_assert_eq(add(c, "s", "10.0.0.0/8"), 0);
	cr_assert_eq(add(c, "s", "192.0.2.1"), 0);
	cr_assert_eq(add(c, "s", "2001:db8::-2001:db8::5"), 0);
	cr_assert_eq(sets_change_commit(c, UINT32_MAX), 0);
	cr_assert(sets_change_brings(c, in, 4));
	cr_assert(sets_change_brings(c, again, 4));
	cr_assert(sets_change_brings(c, v6, 16));
	cr_assert_not(sets_change_brings(c, out, 4));
	cr_assert_not(sets_change_brings_others(c));
	sets_change_destroy(c);
}

/* ---- in parts -------------------------------------------------------------------------- */

/* Prepare @c element by element; the number of parts it took. */
static unsigned int prepare_by_one(struct sets_change *c)
{
	unsigned int n = 1;

	while (sets_change_prepare(c, 1) == 1)
		n++;
	return n;
}

Test(change, in_parts_it_is_listed_from_its_commit_on_and_found_from_its_preparation_on)
{
	struct sets_change *c = begin();

	cr_assert_eq(add(c, "s", "10.0.0.1"), 0);
	cr_assert_eq(add(c, "s", "10.0.0.2"), 0);
	cr_assert_eq(sets_change_prepare(c, 1), 1);
	cr_assert(find(sets, "s", "10.0.0.1"));
	cr_assert_not(find(sets, "s", "10.0.0.2"));
	cr_elements(sets, "s", "");
	cr_assert_eq(sets_change_prepare(c, 1), 0);
	cr_assert(find(sets, "s", "10.0.0.2"));
	cr_elements(sets, "s", "");
	cr_assert_eq(sets_change_commit(c, 1), 1);
	cr_elements(sets, "s", "10.0.0.1");
	while (sets_change_commit(c, 1) == 1)
		;
	cr_elements(sets, "s", "10.0.0.1; 10.0.0.2");
	sets_change_destroy(c);
	cr_elements(sets, "s", "10.0.0.1; 10.0.0.2");
}

Test(change, a_set_that_is_emptied_in_parts_is_whole_until_then)
{
	struct sets_change *c;

	commit_one(add, "10.0.0.1");
	c = begin();
	cr_assert_eq(sets_change_flush(c, "s", NULL), 0);
	cr_assert_eq(add(c, "s", "10.0.0.2"), 0);
	cr_assert_gt(prepare_by_one(c), 1);
	cr_assert(find(sets, "s", "10.0.0.1"));
	cr_assert_not(find(sets, "s", "10.0.0.2"));
	cr_assert_eq(sets_change_commit(c, 0), 1);
	cr_assert_not(find(sets, "s", "10.0.0.1"), "swapped");
	cr_assert(find(sets, "s", "10.0.0.2"));
	sets_change_destroy(c);
	cr_elements(sets, "s", "10.0.0.2");
}

Test(change, prepared_in_part_and_given_up_it_leaves_nothing)
{
	struct sets_change *c = begin();

	cr_assert_eq(add(c, "s", "10.0.0.1"), 0);
	cr_assert_eq(add(c, "s", "10.0.0.4-10.0.0.9"), 0);
	cr_assert_eq(add(c, "s", "10.0.0.2"), 0);
	cr_assert_eq(sets_change_prepare(c, 2), 1);
	cr_assert(find(sets, "s", "10.0.0.8"));
	sets_change_destroy(c);
	cr_assert_not(find(sets, "s", "10.0.0.1"));
	cr_assert_not(find(sets, "s", "10.0.0.8"));
	cr_elements(sets, "s", "");
	commit_one(add, "10.0.0.8");
	cr_elements(sets, "s", "10.0.0.8");
}

Test(change, a_set_that_is_being_changed_does_not_expire)
{
	struct sets_change *c = begin();
	struct sets_error e;

	cr_assert_eq(add_for(c, "s", "10.0.0.1", 1, &e), 0);
	commit(c);
	c = begin();
	cr_assert_eq(add(c, "s", "10.0.0.2"), 0);
	cr_assert_not(sets_expire(sets, NOW + 2000));
	cr_assert(find(sets, "s", "10.0.0.1"));
	cr_assert_eq(sets_change_commit(c, UINT32_MAX), 0);
	cr_assert_not(sets_expire(sets, NOW + 2000), "though its change still stands");
	cr_assert_not(find(sets, "s", "10.0.0.1"));
	sets_change_destroy(c);
	cr_assert(find(sets, "s", "10.0.0.2"));
}
