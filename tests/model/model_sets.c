/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * model_sets.c - a set against a list that is searched from its beginning
 *
 * Random transactions of random steps on addresses of a small universe, so that prefixes and
 * ranges lie in each other, meet, and are refused; some end without commit, some empty the
 * set first, and time goes on between them. After each, the set has the list's elements, and
 * finds for each address of the universe the narrowest of them. The seed is printed;
 * MODEL_SEED repeats it, MODEL_ROUNDS makes it longer.
 */
#include <errno.h>
#include <time.h>

#include "tests/unit/sets/sets_fixture.h"

#define ROUNDS   400
#define UNIVERSE 64 /* addresses: 10.0.0.0 … 10.0.0.63 */
#define MOST     256

static uint64_t state;

static uint32_t draw(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 33) % below);
}

struct item {
	uint32_t first, last;
	uint64_t deadline; /* 0: none */
};

struct list {
	struct item items[MOST];
	uint32_t n;
};

/* ---- what the list knows ------------------------------------------------------------- */

static struct item *list_find(struct list *l, uint32_t first, uint32_t last)
{
	uint32_t i;

	for (i = 0; i < l->n; i++) {
		if (l->items[i].first == first && l->items[i].last == last)
			return &l->items[i];
	}
	return NULL;
}

/* The prefix of @size addresses that begins at @first: is it a part of the range? */
static bool is_part(uint32_t first, uint32_t last, uint32_t at, uint32_t size)
{
	uint32_t next = first, widest;

	while (next <= last) {
		for (widest = 1;
		     next % (widest * 2) == 0 && next + widest * 2 - 1 <= last;)
			widest *= 2;
		if (next == at && widest == size)
			return true;
		next += widest;
	}
	return false;
}

/* Do two elements have a part in common? */
static bool parts_meet(const struct item *a, uint32_t first, uint32_t last)
{
	uint32_t at, size;

	for (size = 1; size <= UNIVERSE; size *= 2) {
		for (at = 0; at < UNIVERSE; at += size) {
			if (is_part(a->first, a->last, at, size) &&
			    is_part(first, last, at, size))
				return true;
		}
	}
	return false;
}

static bool list_meets(const struct list *l, uint32_t first, uint32_t last)
{
	uint32_t i;

	for (i = 0; i < l->n; i++) {
		if (parts_meet(&l->items[i], first, last))
			return true;
	}
	return false;
}

/* The part around @address of the element, as its size; 0: it is not in it. */
static uint32_t part_around(const struct item *item, uint32_t address)
{
	uint32_t size;

	for (size = 1; size <= UNIVERSE; size *= 2) {
		if (is_part(item->first, item->last, address / size * size, size))
			return size;
	}
	return 0;
}

static const struct item *list_narrowest(const struct list *l, uint32_t address)
{
	const struct item *best = NULL;
	uint32_t i, size, least = UINT32_MAX;

	for (i = 0; i < l->n; i++) {
		size = part_around(&l->items[i], address);
		if (size && size < least) {
			least = size;
			best = &l->items[i];
		}
	}
	return best;
}

/* ---- steps on both ------------------------------------------------------------------- */

static void text_of(uint32_t first, uint32_t last, char text[40])
{
	snprintf(text, 40, "10.0.0.%u-10.0.0.%u", first, last);
}

static void step_add(struct sets_change *c, struct list *l, uint64_t now, uint32_t first,
                     uint32_t last)
{
	int64_t timeout = draw(3) ? 0 : 1 + draw(20);
	struct item *item = list_find(l, first, last);
	struct sets_error e;
	char text[40];
	int wanted = 0;

	if (!item && list_meets(l, first, last))
		wanted = -EEXIST;
	text_of(first, last, text);
	cr_assert_eq(add_for(c, "s", text, timeout, &e), wanted, "%s: %s", text,
	             e.error.text);
	if (wanted)
		return;
	if (!item) {
		cr_assert_lt(l->n, MOST);
		item = &l->items[l->n++];
	}
	*item = (struct item){ first, last,
		               timeout ? now + (uint64_t)timeout * 1000 : 0 };
}

static void step_drop(struct sets_change *c, struct list *l, uint32_t first,
                      uint32_t last)
{
	struct item *item = list_find(l, first, last);
	char text[40];

	text_of(first, last, text);
	cr_assert_eq(drop(c, "s", text), item ? 0 : -ENOENT, "%s", text);
	if (item)
		*item = l->items[--l->n];
}

static void step(struct sets_change *c, struct list *l, uint64_t now)
{
	uint32_t first = draw(UNIVERSE), last = first + draw(UNIVERSE - first);
	uint32_t size = 1u << draw(6);
	struct sets_error e;

	if (draw(2)) { /* a prefix */
		first = first / size * size;
		last = first + size - 1;
	}
	if (draw(100) == 0) {
		cr_assert_eq(sets_change_flush(c, "s", &e), 0);
		l->n = 0;
	} else if (l->n && draw(3) == 0) {
		first = draw(l->n);
		step_drop(c, l, l->items[first].first, l->items[first].last);
	} else if (draw(5) == 0) {
		step_drop(c, l, first, last);
	} else {
		step_add(c, l, now, first, last);
	}
}

/* ---- comparing ----------------------------------------------------------------------- */

static void compare(const struct sets *sets, const struct list *l)
{
	const struct set *set = sets_peek(sets, "s");
	const struct item *wanted;
	struct ctlink_element e;
	struct ctlink_set value;
	uint32_t i, position;
	char text[40];

	set_read(set, &value);
	cr_assert_eq(value.length, l->n);
	for (i = 0; i < UNIVERSE; i++) {
		snprintf(text, sizeof(text), "10.0.0.%u", i);
		position = find(sets, "s", text);
		wanted = list_narrowest(l, i);
		cr_assert_eq(!position, !wanted, "%s", text);
		if (!position)
			continue;
		set_element_read(set, position, 0, &e);
		cr_assert_eq(e.key.first[3], wanted->first, "%s", text);
		if (ctlink_has(&e.key, CTLINK_VALUE_LAST))
			cr_assert_eq(e.key.last[3], wanted->last, "%s", text);
	}
}

static void list_expire(struct list *l, uint64_t now)
{
	uint32_t i = 0;

	while (i < l->n) {
		if (l->items[i].deadline && l->items[i].deadline <= now)
			l->items[i] = l->items[--l->n];
		else
			i++;
	}
}

Test(sets, they_are_what_the_list_is, .timeout = 300)
{
	const char *seed = getenv("MODEL_SEED"), *rounds = getenv("MODEL_ROUNDS");
	uint32_t n = rounds ? (uint32_t)strtoul(rounds, NULL, 0) : ROUNDS, steps;
	struct list list = { .n = 0 }, before;
	struct sets_change *c;
	uint64_t now = NOW;
	struct sets *sets;
	int err;

	state = seed ? strtoul(seed, NULL, 0) : (uint64_t)time(NULL);
	fprintf(stderr, "# MODEL_SEED=%lu\n", (unsigned long)state);
	urcu_qsbr_register_thread();
	sets = sets_new(1, NULL, &err);
	c = sets_change_new(sets, now);
	cr_assert_eq(declare(c, "s", CTQ_SET_ADDRESS, CTQ_SET_TIMEOUT), 0);
	commit(c);
	while (n-- > 0) {
		c = sets_change_new(sets, now);
		before = list;
		for (steps = 1 + draw(8); steps > 0; steps--)
			step(c, &list, now);
		if (draw(4) == 0)
			list = before;
		else
			cr_assert_eq(sets_change_commit(c, UINT32_MAX), 0);
		sets_change_destroy(c);
		compare(sets, &list);
		now += draw(3000);
		sets_expire(sets, now);
		list_expire(&list, now);
		compare(sets, &list);
	}
	sets_destroy(sets);
	urcu_qsbr_unregister_thread();
}
