/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_trie.c - who waits for whom
 *
 * A writer that was interrupted in one subtree is a lock that is held and never let go. What
 * finishes nevertheless, in the same thread, has not asked for it.
 */
#include <criterion/criterion.h>

#include "hashtrie/trie_priv.h"
#include "tests/unit/hashtrie/owner.h"

#define ENTRIES 100000u

static struct owner owner;
static struct hashtrie *table;

static void setup(void)
{
	urcu_qsbr_register_thread();
	owner = owner_new(ENTRIES);
	for (uint32_t h = 1; h <= ENTRIES; h++)
		owner.keys[h] = owner_mix(h);
	table = hashtrie_new(&owner_ops, &owner);
	cr_assert_not_null(table);
}

static void teardown(void)
{
	hashtrie_destroy(table);
	owner_free(&owner);
	urcu_qsbr_unregister_thread();
}

TestSuite(trie, .init = setup, .fini = teardown, .timeout = 120);

static unsigned int subtree_of(uint32_t handle)
{
	return hash_tag(owner.keys[handle]) >> TRIE_ROOT_SHIFT;
}

static int insert(uint32_t handle)
{
	return hashtrie_insert(table, owner.keys[handle], &owner.keys[handle], handle,
	                       NULL);
}

static uint32_t find(uint32_t handle)
{
	return hashtrie_find(table, owner.keys[handle], &owner.keys[handle]);
}

/* All that grows and shrinks, leaves and nodes, in 63 subtrees. */
Test(trie, G8_writers_elsewhere_do_not_wait_for_one_who_holds_a_subtree)
{
	struct hashtrie_stats stats;
	const unsigned int held = 5;
	uint32_t h;

	spin_lock(&table->subtree[held].lock);
	for (h = 1; h <= ENTRIES; h++)
		if (subtree_of(h) != held)
			cr_assert_eq(insert(h), 0);
	hashtrie_stats(table, &stats);
	cr_assert(stats.splits > 0 && stats.nodes >= 63);
	for (h = 1; h <= ENTRIES; h++)
		if (subtree_of(h) != held)
			cr_assert_eq(hashtrie_remove(table, owner.keys[h], h), 0);
	spin_unlock(&table->subtree[held].lock);
	cr_assert_eq(hashtrie_count(table), 0);
}

Test(trie, G8_readers_and_dumps_wait_for_nobody)
{
	struct hashtrie_cursor cursor = HASHTRIE_CURSOR_START;
	uint32_t handles[512], seen = 0, h;
	unsigned int i, n;

	for (h = 1; h <= ENTRIES; h++)
		cr_assert_eq(insert(h), 0);
	for (i = 0; i < TRIE_ROOT_SIZE; i++)
		spin_lock(&table->subtree[i].lock);
	for (h = 1; h <= ENTRIES; h++)
		cr_assert_eq(find(h), h);
	while ((n = hashtrie_next(table, &cursor, handles, 512)) > 0)
		seen += n;
	cr_assert_eq(seen, ENTRIES);
	for (i = 0; i < TRIE_ROOT_SIZE; i++)
		spin_unlock(&table->subtree[i].lock);
}
