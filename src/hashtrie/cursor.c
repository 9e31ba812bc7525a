/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cursor.c - dumps
 *
 * A dump goes through all entries in the order of their 64-bit words, that is by
 * (tag, handle). The cursor is the least word not yet delivered. That order does
 * not depend on where entries stand, so it does not matter what is split, merged
 * or replaced between two calls or during one: an entry is delivered when the
 * cursor passes its word, and the cursor passes each word once (G3).
 *
 * Within a call, leaf after leaf: the leaf that the cursor points into covers an
 * interval of tags. All its entries in the interval, at or above the cursor, are
 * gathered. If they fit into what the caller has room for, they are delivered in
 * any order and the cursor moves behind the interval. If they do not and something
 * has been delivered, the call ends before this leaf. Only when one leaf alone is
 * more than the caller takes, its entries are sorted and the lowest delivered.
 *
 * Synchronisation: as every reader. A leaf that has just been replaced is complete
 * as of its replacement, which serves a dump as well as the new one: an entry that
 * is there all the time is in both.
 */
#include "hashtrie/hashtrie.h"

#include <assert.h>
#include <stdlib.h>

#include "hashtrie/trie_priv.h"

#define LEAF_ENTRIES_MAX (LINE_SLOTS << LEAF_CLASS_FULL)

/* A leaf and the tags, @last included, for which it is asked. */
struct interval {
	const struct line *leaf;
	unsigned int class;
	uint32_t last;
};

/* The leaf for @tag, and how far above @tag it is the right one. */
static void interval_find(const struct hashtrie *t, uint32_t tag, struct interval *in)
{
	unsigned int shift = TRIE_ROOT_SHIFT, width = TRIE_ROOT_WIDTH;
	const uint32_t *refs = t->root;
	uint32_t index, ref;

	for (;;) {
		index = tag >> shift & ((1u << width) - 1);
		ref = trie_ref(refs, index);
		if (!(ref & REF_NODE))
			break;
		refs = arena_at(&t->arena, ref);
		width = node_width(ref);
		shift -= width;
	}
	/* The rest of the leaf's block in this node, as far as it is still the leaf's. */
	while (index + 1 < 1u << width && trie_ref(refs, index + 1) == ref)
		index++;
	in->leaf = arena_at(&t->arena, ref);
	in->class = ref & REF_CLASS;
	in->last = (uint32_t)((uint64_t)tag >> (shift + width) << (shift + width)) |
	           index << shift | ((1u << shift) - 1);
}

/* The entries of the interval from word @from on, in no order. Returns how many. */
static unsigned int interval_gather(const struct interval *in, uint64_t from,
                                    uint64_t *entries)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < leaf_lines(in->class); i++)
		for (unsigned int slot = 0; slot < LINE_SLOTS; slot++) {
			uint64_t entry = line_entry(&in->leaf[i], slot);

			entries[n] = entry;
			n += entry != 0 && entry >= from && entry_tag(entry) <= in->last;
		}
	return n;
}

static int entry_order(const void *a, const void *b)
{
	uint64_t x, y;

	x = *(const uint64_t *)a;
	y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* The cursor has passed every word up to and including @word. */
static void cursor_pass(struct hashtrie_cursor *cursor, uint64_t word)
{
	cursor->at = word + 1;
	cursor->done = cursor->at == 0;
}

static unsigned int entries_deliver(const uint64_t *entries, unsigned int n,
                                    uint32_t *handles)
{
	for (unsigned int i = 0; i < n; i++)
		handles[i] = entry_handle(entries[i]);
	return n;
}

unsigned int hashtrie_next(const struct hashtrie *t, struct hashtrie_cursor *cursor,
                           uint32_t *handles, unsigned int max)
{
	uint64_t entries[LEAF_ENTRIES_MAX + 1];
	struct interval in;
	unsigned int got = 0, n;

	assert(max > 0);
	while (!cursor->done) {
		interval_find(t, entry_tag(cursor->at), &in);
		n = interval_gather(&in, cursor->at, entries);
		if (n > max - got) {
			if (got > 0)
				break;
			qsort(entries, n, sizeof(*entries), entry_order);
			got = entries_deliver(entries, max, handles);
			cursor_pass(cursor, entries[max - 1]);
			break;
		}
		got += entries_deliver(entries, n, handles + got);
		cursor_pass(cursor, entry_make(in.last, UINT32_MAX));
	}
	return got;
}
