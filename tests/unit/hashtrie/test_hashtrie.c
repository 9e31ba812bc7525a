/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/hashtrie/owner.h"

#define MANY 200000u

static struct owner owner;
static struct hashtrie *table;

static void setup(void)
{
	urcu_qsbr_register_thread();
	owner = owner_new(MANY);
	table = hashtrie_new(&owner_ops, &owner);
	cr_assert_not_null(table);
}

static void teardown(void)
{
	hashtrie_destroy(table);
	owner_free(&owner);
	urcu_qsbr_unregister_thread();
}

TestSuite(hashtrie, .init = setup, .fini = teardown);

/* File @key under @hash as @handle. */
static int insert(uint32_t handle, uint64_t key, uint64_t hash)
{
	owner.keys[handle] = key;
	return hashtrie_insert(table, hash, &key, handle, NULL);
}

static uint32_t find(uint64_t key, uint64_t hash)
{
	return hashtrie_find(table, hash, &key);
}

static void fill(uint32_t n)
{
	for (uint32_t h = 1; h <= n; h++)
		cr_assert_eq(insert(h, h, owner_mix(h)), 0);
}

static void clear(uint32_t n)
{
	for (uint32_t h = 1; h <= n; h++)
		cr_assert_eq(hashtrie_remove(table, owner_mix(h), h), 0);
}

Test(hashtrie, finds_nothing_when_empty)
{
	cr_assert_eq(find(1, 0), HASHTRIE_NONE);
	cr_assert_eq(find(1, UINT64_MAX), HASHTRIE_NONE);
	cr_assert_eq(hashtrie_count(table), 0);
}

Test(hashtrie, finds_what_was_inserted)
{
	cr_assert_eq(insert(7, 100, owner_mix(100)), 0);
	cr_assert_eq(find(100, owner_mix(100)), 7);
	cr_assert_eq(find(101, owner_mix(100)), HASHTRIE_NONE, "same hash, other key");
	cr_assert_eq(find(101, owner_mix(101)), HASHTRIE_NONE);
	cr_assert_eq(hashtrie_count(table), 1);
}

Test(hashtrie, finds_tag_zero_among_free_slots)
{
	/* A free slot looks like tag 0: it must hide no entry behind it. */
	for (uint32_t h = 1; h <= 3; h++)
		cr_assert_eq(insert(h, h, 0), 0);
	cr_assert_eq(hashtrie_remove(table, 0, 1), 0);
	for (uint32_t h = 2; h <= 3; h++) {
		const uint64_t key = h, hash = 0;
		const void *keys[1] = { &key };
		uint32_t handle;

		cr_assert_eq(find(h, 0), h);
		hashtrie_find_bulk(table, 1, &hash, keys, &handle);
		cr_assert_eq(handle, h);
	}
}

Test(hashtrie, G2_refuses_a_second_equal_key)
{
	uint32_t standing = 0;
	uint64_t key = 5;

	cr_assert_eq(insert(1, key, 55), 0);
	owner.keys[2] = key;
	cr_assert_eq(hashtrie_insert(table, 55, &key, 2, &standing), -EEXIST);
	cr_assert_eq(standing, 1);
	cr_assert_eq(hashtrie_count(table), 1);
	cr_assert_eq(hashtrie_remove(table, 55, 2), -ENOENT);
	cr_assert_eq(hashtrie_remove(table, 55, 1), 0);
	cr_assert_eq(hashtrie_insert(table, 55, &key, 2, &standing), 0);
	cr_assert_eq(find(key, 55), 2);
}

Test(hashtrie, removes_only_what_stands)
{
	cr_assert_eq(hashtrie_remove(table, 9, 1), -ENOENT);
	cr_assert_eq(insert(1, 9, 9), 0);
	cr_assert_eq(hashtrie_remove(table, 9, 2), -ENOENT);
	cr_assert_eq(hashtrie_remove(table, 9, HASHTRIE_NONE), -ENOENT);
	cr_assert_eq(hashtrie_remove(table, 9, 1), 0);
	cr_assert_eq(hashtrie_remove(table, 9, 1), -ENOENT);
	cr_assert_eq(find(9, 9), HASHTRIE_NONE);
}

Test(hashtrie, G1_finds_all_through_growth_and_shrinking)
{
	struct hashtrie_stats stats;

	fill(MANY);
	cr_assert_eq(hashtrie_count(table), MANY);
	for (uint32_t h = 1; h <= MANY; h++)
		cr_assert_eq(find(h, owner_mix(h)), h);
	hashtrie_stats(table, &stats);
	cr_assert_gt(stats.splits, 100);
	for (uint32_t h = 1; h <= MANY; h++) {
		cr_assert_eq(hashtrie_remove(table, owner_mix(h), h), 0);
		cr_assert_eq(find(h, owner_mix(h)), HASHTRIE_NONE);
		if (h < MANY)
			cr_assert_eq(find(MANY, owner_mix(MANY)), MANY);
	}
	hashtrie_stats(table, &stats);
	cr_assert_gt(stats.merges, 100);
}

/* Each allocation is one leaf or node written. */
static long most_asked(int (*change)(uint32_t handle), uint32_t n)
{
	long most = 0;

	for (uint32_t h = 1; h <= n; h++) {
		long before = owner.asked;

		cr_assert_eq(change(h), 0);
		if (owner.asked - before > most)
			most = owner.asked - before;
	}
	return most;
}

static int insert_mixed(uint32_t handle)
{
	return insert(handle, handle, owner_mix(handle));
}

static int remove_mixed(uint32_t handle)
{
	return hashtrie_remove(table, owner_mix(handle), handle);
}

Test(hashtrie, G4_one_change_rewrites_little)
{
	cr_assert_leq(most_asked(insert_mixed, MANY), 3, "two leaves and a node");
	cr_assert_leq(most_asked(remove_mixed, MANY), 3, "a leaf, a smaller one, a node");
}

static uint64_t splits(void)
{
	struct hashtrie_stats stats;

	hashtrie_stats(table, &stats);
	return stats.splits;
}

/* Tags that agree in all bits that a split can go by, 130 of them in a leaf whose first group is
 * full, but for one that differs in the last of these bits. */
Test(hashtrie, G4_a_split_for_each_bit_in_which_tags_agree)
{
	const uint64_t line = UINT64_C(1) << 32, bit = line << 6;
	uint32_t handle = 1;
	uint64_t before;

	cr_assert_eq(insert(handle, handle, bit), 0);
	for (handle = 2; handle <= 28; handle++) /* lines 0 to 3 */
		cr_assert_eq(insert(handle, handle, handle % 4 * line), 0);
	for (; handle <= 130; handle++)
		cr_assert_eq(insert(handle, handle, (16 + handle % 48) * line), 0);
	before = splits();
	cr_assert_eq(insert(handle, handle, 0), 0);
	cr_assert_eq(splits() - before, 20,
	             "32 bits but 6 of the root and 6 of the line");
	for (handle = 1; handle <= 131; handle++)
		cr_assert_eq(find(handle, handle == 1     ? bit
		                          : handle <= 28  ? handle % 4 * line
		                          : handle <= 130 ? (16 + handle % 48) * line
		                                          : 0),
		             handle);
}

Test(hashtrie, bulk_agrees_with_single)
{
	uint64_t key[HASHTRIE_BULK_MAX], hash[HASHTRIE_BULK_MAX];
	const void *keys[HASHTRIE_BULK_MAX];
	uint32_t handle[HASHTRIE_BULK_MAX];

	fill(50000);
	for (unsigned int n = 0; n <= HASHTRIE_BULK_MAX; n++) {
		for (unsigned int i = 0; i < n; i++) {
			key[i] = owner_mix(n * 64 + i) %
			         100000; /* about half are present */
			hash[i] = owner_mix(key[i]);
			keys[i] = &key[i];
		}
		hashtrie_find_bulk(table, n, hash, keys, handle);
		for (unsigned int i = 0; i < n; i++)
			cr_assert_eq(handle[i], find(key[i], hash[i]));
	}
}

Test(hashtrie, G6_gives_memory_back)
{
	struct hashtrie_stats empty, full, after;

	hashtrie_stats(table, &empty);
	cr_assert_leq(empty.bytes_held, HASHTRIE_EMPTY_BYTES);
	fill(MANY);
	owner_settle(table);
	hashtrie_stats(table, &full);
	cr_assert_lt(full.bytes, MANY * 40ul, "%lu bytes", full.bytes);
	clear(MANY);
	owner_settle(table);
	hashtrie_stats(table, &after);
	cr_assert_eq(after.bytes, empty.bytes);
	cr_assert_eq(after.bytes_held, empty.bytes_held);
	cr_assert_eq(after.nodes, 0);
	cr_assert_eq(after.entries, 0);
}

Test(hashtrie, G6_follows_a_partial_decline)
{
	struct hashtrie_stats stats;

	fill(MANY);
	clear(MANY - 1000);
	owner_settle(table);
	hashtrie_stats(table, &stats);
	/* 1000 entries are 16 in each of 64 subtrees: a leaf of 8 lines each, or so. */
	cr_assert_lt(stats.bytes, 300000, "%lu bytes", stats.bytes);
	for (uint32_t h = MANY - 999; h <= MANY; h++)
		cr_assert_eq(find(h, owner_mix(h)), h);
}

Test(hashtrie, starts_small)
{
	struct hashtrie_stats stats;

	fill(10);
	hashtrie_stats(table, &stats);
	cr_assert_lt(stats.bytes_held, 32 * 1024, "%lu bytes", stats.bytes_held);
}

Test(hashtrie, G5_refuses_equal_tags_beyond_the_limit)
{
	struct hashtrie_stats before, after;
	const uint64_t hash = UINT64_C(0x123456789abcdef0);

	for (uint32_t h = 1; h <= HASHTRIE_EQUAL_MAX; h++)
		cr_assert_eq(insert(h, h, hash), 0);
	hashtrie_stats(table, &before);
	for (uint32_t h = 1000; h <= 2000; h++)
		cr_assert_eq(insert(h, h, hash), -ENOSPC);
	hashtrie_stats(table, &after);
	cr_assert_eq(after.no_space, 1001);
	cr_assert_eq(after.splits, before.splits, "nothing is split in vain");
	cr_assert_eq(after.entries, HASHTRIE_EQUAL_MAX);
	for (uint32_t h = 1; h <= HASHTRIE_EQUAL_MAX; h++)
		cr_assert_eq(find(h, hash), h);
	for (uint32_t h = 1; h <= HASHTRIE_EQUAL_MAX; h++)
		cr_assert_eq(hashtrie_remove(table, hash, h), 0);
	owner_settle(table);
	hashtrie_stats(table, &after);
	cr_assert_leq(after.bytes_held, HASHTRIE_EMPTY_BYTES);
}

Test(hashtrie, G5_crowded_tags_leave_room_for_others)
{
	const uint64_t crowded = UINT64_C(0xabcdef00) << 32;

	for (uint32_t h = 1; h <= HASHTRIE_EQUAL_MAX; h++)
		cr_assert_eq(insert(h, h, crowded), 0);
	/* Neighbours in the same lines, told apart by each higher bit in turn. */
	for (unsigned int bit = 4; bit < 32; bit++)
		for (uint32_t i = 0; i < 20; i++)
			cr_assert_eq(insert(1000 + bit * 20 + i, 1000 + bit * 20 + i,
			                    crowded ^ UINT64_C(1) << (32 + bit)),
			             0);
	for (uint32_t h = 1; h <= HASHTRIE_EQUAL_MAX; h++)
		cr_assert_eq(find(h, crowded), h);
	for (unsigned int bit = 4; bit < 32; bit++)
		for (uint32_t i = 0; i < 20; i++)
			cr_assert_eq(find(1000 + bit * 20 + i,
			                  crowded ^ UINT64_C(1) << (32 + bit)),
			             1000 + bit * 20 + i);
}

/* G7: let the first, the second, ... allocation of each insert fail. */
Test(hashtrie, G7_failing_allocation_changes_nothing)
{
	struct hashtrie_stats stats;

	for (uint32_t h = 1; h <= 20000; h++) {
		long budget = 0;
		int err;

		for (;;) {
			uint64_t before = hashtrie_count(table);

			owner.budget = budget++;
			err = insert(h, h, owner_mix(h));
			if (!err)
				break;
			cr_assert_eq(err, -ENOMEM);
			cr_assert_eq(hashtrie_count(table), before);
			cr_assert_eq(find(h, owner_mix(h)), HASHTRIE_NONE);
			cr_assert_lt(budget, 10, "no end of allocations");
		}
		cr_assert_eq(find(h, owner_mix(h)), h);
		cr_assert_eq(find(h / 2 + 1, owner_mix(h / 2 + 1)), h / 2 + 1);
	}
	cr_assert_gt(owner.refused, 100);
	hashtrie_stats(table, &stats);
	cr_assert_gt(stats.no_memory, 0);
	/* Without memory nothing can be made smaller, and all can be removed. */
	owner.budget = 0;
	clear(20000);
	cr_assert_eq(hashtrie_count(table), 0);
	owner_settle(table);
	hashtrie_stats(table, &stats);
	cr_assert_leq(stats.bytes_held, HASHTRIE_EMPTY_BYTES,
	              "G6 holds without memory, too");
}

Test(hashtrie, new_fails_without_memory)
{
	struct owner poor = { .budget = 0 };

	cr_assert_null(hashtrie_new(&owner_ops, &poor));
	hashtrie_destroy(NULL);
}
