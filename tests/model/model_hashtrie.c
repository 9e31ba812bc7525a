/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * model_hashtrie.c - the hashtrie against a list, on random and colliding keys
 *
 * The model is an array of all possible keys with a flag "present". Millions of
 * random inserts, removes, finds and steps of a dump are done to both; every answer
 * must agree: what is there is found (G1), a key is refused a second time (G2), a failed
 * allocation changes nothing (G7). Now and then the whole inside of the trie is checked. Hash
 * functions range from good to constant. The seed is printed; MODEL_SEED repeats it.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "hashtrie/trie_priv.h"
#include "tests/unit/hashtrie/owner.h"

#define KEYS  6000u
#define STEPS 400000u

struct model {
	struct owner owner;
	struct hashtrie *trie;
	uint64_t (*hash)(uint64_t key);
	uint64_t random;
	bool starve; /* let allocations fail now and then */
	uint32_t count;
	uint32_t handle[KEYS + 1]; /* 0: key not present */
	/* The dump under way: what must come, what has come. */
	struct hashtrie_cursor cursor;
	bool due[KEYS + 1];
	bool delivered[KEYS + 1];
	unsigned int dumps;
};

static struct model m;

static uint32_t draw(uint32_t below)
{
	m.random = owner_mix(m.random);
	return (uint32_t)(m.random >> 32) % below;
}

/* A key has two handles, used in turn, so that a late answer would show. */
static uint32_t other_handle(uint32_t key, uint32_t handle)
{
	return handle == key ? key + KEYS : key;
}

/* ---- the inside of the trie -------------------------------------------------- */

/* Entries of a leaf, each in reach of its home, the heads right. */
static unsigned int check_leaf(const struct line *leaf, unsigned int class,
                               uint32_t first, uint32_t last)
{
	uint64_t heads[64] = { 0 };
	unsigned int n = 0, lines = leaf_lines(class);

	for (unsigned int i = 0; i < lines; i++)
		for (unsigned int slot = 0; slot < LINE_SLOTS; slot++) {
			uint64_t entry = leaf[i].slot[slot];
			unsigned int home = entry_tag(entry) % lines;

			if (!entry)
				continue;
			n++;
			cr_assert(entry_tag(entry) >= first && entry_tag(entry) <= last);
			cr_assert_lt(home ^ i, HASHTRIE_REACH, "G4: out of reach");
			if (home != i)
				heads[home] += UINT64_C(1) << (4 * (home ^ i));
		}
	for (unsigned int i = 0; i < lines; i++)
		cr_assert_eq(heads[i], leaf[i].head);
	return n;
}

/* Entries below @refs, whose tags are those from @first on; each block aligned. */
static unsigned int check_refs(const uint32_t *refs, unsigned int width,
                               unsigned int shift, uint32_t first)
{
	unsigned int n = 0, size = 1u << width, block;

	for (unsigned int i = 0; i < size; i += block) {
		uint32_t at = first + (i << shift), ref = refs[i];

		for (block = 1;
		     !(ref & REF_NODE) && i + block < size && refs[i + block] == ref;)
			block++;
		if (ref & REF_NODE) {
			unsigned int below = node_width(ref);

			n += check_refs(arena_at(&m.trie->arena, ref), below,
			                shift - below, at);
		} else if (ref != REF_NONE) {
			cr_assert_eq(block & (block - 1), 0, "a block of %u", block);
			cr_assert_eq(i % block, 0);
			n += check_leaf(arena_at(&m.trie->arena, ref), ref & REF_CLASS,
			                at,
			                at + (uint32_t)(((uint64_t)block << shift) - 1));
		}
	}
	return n;
}

static void check_all(void)
{
	cr_assert_eq(check_refs(m.trie->root, TRIE_ROOT_WIDTH, TRIE_ROOT_SHIFT, 0),
	             m.count);
	cr_assert_eq(hashtrie_count(m.trie), m.count);
	for (uint64_t key = 1; key <= KEYS; key++)
		cr_assert_eq(hashtrie_find(m.trie, m.hash(key), &key), m.handle[key]);
}

/* ---- operations -------------------------------------------------------------- */

/* Entries that share the sixteen lines of @key whatever is split. */
static unsigned int crowd(uint32_t key)
{
	unsigned int n = 0;

	for (uint32_t k = 1; k <= KEYS; k++)
		n += m.handle[k] && (m.hash(k) ^ m.hash(key)) >> 36 == 0;
	return n;
}

static void do_insert(uint32_t key)
{
	uint32_t handle =
		other_handle(key, m.handle[key] ? m.handle[key] : key + KEYS * (draw(2)));
	uint32_t standing = 0;
	uint64_t wide = key;
	int err;

	m.owner.keys[handle] = key;
	m.owner.budget = m.starve && draw(3) == 0 ? (long)draw(4) : -1;
	err = hashtrie_insert(m.trie, m.hash(key), &wide, handle, &standing);
	if (m.handle[key]) {
		cr_assert_eq(err, -EEXIST);
		cr_assert_eq(standing, m.handle[key]);
	} else if (err == -ENOMEM) {
		cr_assert_geq(m.owner.budget, 0);
	} else if (err == -ENOSPC) {
		cr_assert_geq(crowd(key), HASHTRIE_EQUAL_MAX, "G5: refused too early");
	} else {
		cr_assert_eq(err, 0);
		m.handle[key] = handle;
		m.count++;
	}
	m.owner.budget = -1;
}

static void do_remove(uint32_t key)
{
	uint32_t handle = m.handle[key];

	m.owner.budget = m.starve && draw(3) == 0 ? (long)draw(4) : -1;
	if (!handle) {
		cr_assert_eq(hashtrie_remove(m.trie, m.hash(key), key), -ENOENT);
	} else {
		cr_assert_eq(
			hashtrie_remove(m.trie, m.hash(key), other_handle(key, handle)),
			-ENOENT);
		cr_assert_eq(hashtrie_remove(m.trie, m.hash(key), handle), 0);
		m.handle[key] = 0;
		m.due[key] = false;
		m.count--;
	}
	m.owner.budget = -1;
}

static void do_find_bulk(void)
{
	uint64_t key[HASHTRIE_BULK_MAX], hash[HASHTRIE_BULK_MAX];
	unsigned int n = 1 + draw(HASHTRIE_BULK_MAX);
	const void *keys[HASHTRIE_BULK_MAX];
	uint32_t handle[HASHTRIE_BULK_MAX];

	for (unsigned int i = 0; i < n; i++) {
		key[i] = 1 + draw(KEYS);
		hash[i] = m.hash(key[i]);
		keys[i] = &key[i];
	}
	hashtrie_find_bulk(m.trie, n, hash, keys, handle);
	for (unsigned int i = 0; i < n; i++)
		cr_assert_eq(handle[i], m.handle[key[i]]);
}

static void dump_start(void)
{
	m.cursor = HASHTRIE_CURSOR_START;
	for (uint32_t key = 1; key <= KEYS; key++) {
		m.due[key] = m.handle[key] != 0;
		m.delivered[key] = false;
	}
}

static void dump_end(void)
{
	for (uint32_t key = 1; key <= KEYS; key++)
		cr_assert(!m.due[key] || m.delivered[key], "G3: key %u is missing", key);
	m.dumps++;
	dump_start();
}

static void do_dump(void)
{
	unsigned int max = draw(4) ? 1 + draw(60) : 512, n;
	uint32_t handles[512];

	n = hashtrie_next(m.trie, &m.cursor, handles, max);
	cr_assert_leq(n, max);
	for (unsigned int i = 0; i < n; i++) {
		uint32_t key = handles[i] > KEYS ? handles[i] - KEYS : handles[i];

		cr_assert_eq(m.handle[key], handles[i], "delivered what is not there");
		/* One that was removed and came back may rightly come a second time. */
		cr_assert(!m.due[key] || !m.delivered[key], "G3: key %u twice", key);
		m.delivered[key] = true;
	}
	if (n == 0)
		dump_end();
}

/* The number of entries drifts up and down: the trie grows and shrinks throughout. */
static void do_any(uint32_t step)
{
	bool up = step / (STEPS / 8) % 2 == 0;
	uint32_t what = draw(16);

	if (what < 1)
		do_find_bulk();
	else if (what < 2)
		do_dump();
	else if (what < (up ? 12u : 5u))
		do_insert(1 + draw(KEYS));
	else
		do_remove(1 + draw(KEYS));
}

static void run(uint64_t (*hash)(uint64_t key), bool starve)
{
	const char *seed = getenv("MODEL_SEED");

	urcu_qsbr_register_thread();
	m.random = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
	fprintf(stderr, "# MODEL_SEED=%llu\n", (unsigned long long)m.random);
	m.owner = owner_new(2 * KEYS);
	m.trie = hashtrie_new(&owner_ops, &m.owner);
	m.hash = hash;
	m.starve = starve;
	dump_start();
	for (uint32_t step = 0; step < STEPS; step++) {
		do_any(step);
		if (step % (STEPS / 80) == 0)
			check_all();
		if (step % 64 == 0)
			rcu_quiet();
	}
	check_all();
	cr_assert_gt(m.dumps, 20);
	hashtrie_destroy(m.trie);
	owner_free(&m.owner);
	urcu_qsbr_unregister_thread();
}

/* ---- hash functions ---------------------------------------------------------- */

static uint64_t hash_few_subtrees(uint64_t key)
{
	return owner_mix(key) >> 8; /* one subtree, crowded */
}

static uint64_t hash_few_tags(uint64_t key)
{
	return owner_mix(key % 90); /* 67 entries of each tag */
}

static uint64_t hash_fewer_tags(uint64_t key)
{
	return owner_mix(key % 30); /* 200 of each: beyond the limit of G5 */
}

static uint64_t hash_low_bits(uint64_t key)
{
	return key << 32; /* all tags side by side */
}

static uint64_t hash_one_line(uint64_t key)
{
	return owner_mix(key) << 38; /* all in the first line of their leaves */
}

static uint64_t hash_constant(uint64_t key)
{
	return 0;
}

Test(model_hashtrie, good_hash)
{
	run(owner_mix, false);
}

Test(model_hashtrie, good_hash_without_memory)
{
	run(owner_mix, true);
}

Test(model_hashtrie, one_subtree)
{
	run(hash_few_subtrees, false);
}

Test(model_hashtrie, one_subtree_without_memory)
{
	run(hash_few_subtrees, true);
}

Test(model_hashtrie, many_of_each_tag)
{
	run(hash_few_tags, true);
}

Test(model_hashtrie, too_many_of_each_tag)
{
	run(hash_fewer_tags, true);
}

Test(model_hashtrie, neighbouring_tags)
{
	run(hash_low_bits, true);
}

Test(model_hashtrie, one_line)
{
	run(hash_one_line, true);
}

Test(model_hashtrie, constant_hash)
{
	run(hash_constant, true);
}
