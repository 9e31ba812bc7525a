/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/hashtrie/owner.h"

#define STAY  20000u /* handles 1 .. STAY are there all the time */
#define VISIT 60000u /* those above come and go */

static struct owner owner;
static struct hashtrie *table;
static uint8_t seen[STAY + VISIT + 1];

static void setup(void)
{
	urcu_qsbr_register_thread();
	owner = owner_new(STAY + VISIT);
	table = hashtrie_new(&owner_ops, &owner);
	cr_assert_not_null(table);
	for (uint32_t h = 1; h <= STAY + VISIT; h++)
		owner.keys[h] = h;
}

static void teardown(void)
{
	hashtrie_destroy(table);
	owner_free(&owner);
	urcu_qsbr_unregister_thread();
}

TestSuite(cursor, .init = setup, .fini = teardown);

static void insert(uint32_t from, uint32_t to)
{
	for (uint32_t h = from; h <= to; h++)
		cr_assert_eq(
			hashtrie_insert(table, owner_mix(h), &owner.keys[h], h, NULL), 0);
}

static void clear(uint32_t from, uint32_t to)
{
	for (uint32_t h = from; h <= to; h++)
		cr_assert_eq(hashtrie_remove(table, owner_mix(h), h), 0);
}

static void mark(const uint32_t *handles, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		cr_assert_eq(seen[handles[i]], 0, "handle %u twice", handles[i]);
		seen[handles[i]] = 1;
	}
}

static void assert_all_seen(void)
{
	for (uint32_t h = 1; h <= STAY; h++)
		cr_assert_eq(seen[h], 1, "handle %u not delivered", h);
}

Test(cursor, an_empty_table_ends_at_once)
{
	struct hashtrie_cursor cursor = HASHTRIE_CURSOR_START;
	uint32_t handles[4];

	cr_assert_eq(hashtrie_next(table, &cursor, handles, 4), 0);
	cr_assert_eq(hashtrie_next(table, &cursor, handles, 4), 0,
	             "and stays at its end");
	cr_assert_leq(sizeof(cursor), 16);
}

Test(cursor, delivers_the_extremes)
{
	const uint64_t hash[] = { 0, UINT64_MAX };
	struct hashtrie_cursor cursor = HASHTRIE_CURSOR_START;
	uint32_t handles[4];

	owner.keys[1] = 1;
	cr_assert_eq(hashtrie_insert(table, hash[0], &owner.keys[1], 1, NULL), 0);
	cr_assert_eq(hashtrie_insert(table, hash[1], &owner.keys[2], 2, NULL), 0);
	cr_assert_eq(hashtrie_next(table, &cursor, handles, 1), 1);
	cr_assert_eq(handles[0], 1);
	cr_assert_eq(hashtrie_next(table, &cursor, handles, 1), 1);
	cr_assert_eq(handles[0], 2);
	cr_assert_eq(hashtrie_next(table, &cursor, handles, 1), 0);
}

static void dump_with(unsigned int max)
{
	struct hashtrie_cursor cursor = HASHTRIE_CURSOR_START;
	uint32_t handles[1024];
	unsigned int n;

	insert(1, STAY);
	while ((n = hashtrie_next(table, &cursor, handles, max)) > 0) {
		cr_assert_leq(n, max);
		mark(handles, n);
	}
	assert_all_seen();
}

Test(cursor, G3_one_at_a_time)
{
	dump_with(1);
}

Test(cursor, G3_part_of_a_leaf)
{
	dump_with(33);
}

Test(cursor, G3_whole_leaves)
{
	dump_with(1024);
}

Test(cursor, G3_equal_tags_are_cut_between_handles)
{
	struct hashtrie_cursor cursor = HASHTRIE_CURSOR_START;
	uint32_t handles[7];
	unsigned int n, total = 0;

	for (uint32_t h = 1; h <= HASHTRIE_EQUAL_MAX; h++)
		cr_assert_eq(hashtrie_insert(table, 1, &owner.keys[h], h, NULL), 0);
	while ((n = hashtrie_next(table, &cursor, handles, 7)) > 0) {
		mark(handles, n);
		total += n;
	}
	cr_assert_eq(total, HASHTRIE_EQUAL_MAX);
}

/* The table grows and shrinks fourfold between the calls of one dump. */
Test(cursor, G3_whatever_splits_and_merges_meanwhile)
{
	struct hashtrie_cursor cursor = HASHTRIE_CURSOR_START;
	uint32_t handles[200];
	unsigned int n, calls = 0;
	struct hashtrie_stats stats;
	bool grown = false;

	insert(1, STAY);
	while ((n = hashtrie_next(table, &cursor, handles, 200)) > 0) {
		for (unsigned int i = 0; i < n; i++)
			if (handles[i] <= STAY)
				mark(&handles[i], 1);
		if (++calls % 20 == 0) {
			if (grown)
				clear(STAY + 1, STAY + VISIT);
			else
				insert(STAY + 1, STAY + VISIT);
			grown = !grown;
		}
		rcu_quiet();
	}
	assert_all_seen();
	hashtrie_stats(table, &stats);
	cr_assert_gt(stats.splits, 300);
	cr_assert_gt(stats.merges, 300);
}
