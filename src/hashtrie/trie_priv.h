/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trie_priv.h - the way from a tag to its leaf
 *
 *	tag:   31    26                        ...  6 5        0
 *	      +--------+--------------+------------+--+----------+
 *	      |  root  | node: 4..10  | node: 4..10|  | the line |
 *	      +--------+--------------+------------+--+----------+
 *	       64 refs    16..1024 refs  16..1024
 *
 * The root is part of the table; below each of its references hangs a subtree with
 * a lock of its own. A node's width adapts: it is doubled when a leaf below it must
 * split and has but one reference left, and halved when every pair of references
 * is equal. A leaf that is shallower than its node fills a *block*: an aligned run
 * of 2^k equal references.
 *
 *	node of width 4:   | A A A A A A A A | B B B B | C C | D | E |
 *	                     0xxx              10xx      110x 1110 1111
 *
 * A node of full width does not grow: its leaf gets a node of its own below. Two
 * nodes and the root can take all 26 bits that do not choose the line.
 *
 * Synchronisation. References change under the subtree's lock, by release stores.
 * What a reference named before is retired only after all references to it have
 * changed, and was complete and unchanged since the first one did: a reader on the
 * way sees the old leaf or the new one, both right.
 */
#ifndef HASHTRIE_TRIE_PRIV_H
#define HASHTRIE_TRIE_PRIV_H

#include <stdint.h>

#include "base/spin.h"
#include "hashtrie/arena_priv.h"
#include "hashtrie/hashtrie.h"
#include "hashtrie/leaf_priv.h"

#define TRIE_ROOT_WIDTH 6
#define TRIE_ROOT_SIZE  (1u << TRIE_ROOT_WIDTH)
#define TRIE_ROOT_SHIFT (32 - TRIE_ROOT_WIDTH)
#define TRIE_NODE_LEAST 4u  /* 16 references: one granule */
#define TRIE_NODE_MOST  10u /* 1024 references: one page */
#define TRIE_LINE_BITS  6   /* tag bits below these choose the line, not the way */

_Static_assert(TRIE_ROOT_WIDTH + 2 * TRIE_NODE_MOST + TRIE_LINE_BITS == 32,
               "root, two nodes and the line use up the tag");

/*
 * Two leaves are joined when both hold no more than this: 36 % of a leaf, half of
 * what one holds after a split, so that a table whose size stands still does not
 * split and merge in turn.
 */
#define TRIE_MERGE_MOST 160
/* A full-size leaf below this is not split for a crowded group: entries go far. */
#define TRIE_SPLIT_LEAST 128
/* A leaf with so few that cannot be joined is replaced by a smaller one. */
#define TRIE_SMALL_MOST 20 /* of 56 */
#define TRIE_LINE_MOST  3  /* of 7 */

/* What the writers of one subtree share. */
struct subtree {
	struct spin lock;
	bool grace_due;   /* who has the lock must call arena_grace_begin() after it */
	uint64_t entries; /* written under the lock, read by anybody */
	uint64_t grown;
	uint64_t splits;
	uint64_t merges;
	uint64_t no_memory;
	uint64_t no_space;
} BASE_ALIGNED(2 * BASE_CACHELINE);

struct hashtrie {
	uint32_t root[TRIE_ROOT_SIZE] BASE_ALIGNED(BASE_CACHELINE);
	const struct hashtrie_ops *ops;
	void *ctx;
	struct arena arena;
	struct subtree subtree[TRIE_ROOT_SIZE];
};

static inline uint32_t hash_tag(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

static inline uint32_t trie_ref(const uint32_t *refs, unsigned int index)
{
	return __atomic_load_n(&refs[index], __ATOMIC_ACQUIRE);
}

static inline unsigned int node_width(uint32_t ref)
{
	return TRIE_NODE_LEAST + (ref & REF_CLASS);
}

/* For readers: the reference of @tag's leaf. */
static inline uint32_t trie_leaf_ref(const struct hashtrie *t, uint32_t tag)
{
	uint32_t ref = trie_ref(t->root, tag >> TRIE_ROOT_SHIFT);
	unsigned int shift = TRIE_ROOT_SHIFT;

	while (ref & REF_NODE) {
		unsigned int width = node_width(ref);

		shift -= width;
		ref = trie_ref(arena_at(&t->arena, ref),
		               tag >> shift & ((1u << width) - 1));
	}
	return ref;
}

/* For readers: the line where @tag is at home. Never NULL (see REF_NONE). */
static inline const struct line *trie_line(const struct hashtrie *t, uint32_t tag)
{
	uint32_t ref = trie_leaf_ref(t, tag);

	return leaf_home(arena_at(&t->arena, ref), ref & REF_CLASS, tag);
}

/* ---- for writers, with the subtree's lock ------------------------------------ */

/** Put an entry where the key is known not to stand. Returns 0, -ENOMEM or -ENOSPC. */
int trie_add(struct hashtrie *t, uint64_t entry);

/** Make the trie around @tag's leaf as small as its entries allow. */
void trie_shrink(struct hashtrie *t, uint32_t tag);

#endif
