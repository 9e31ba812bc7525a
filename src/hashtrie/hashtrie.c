/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hashtrie.c - the public functions: life, find, insert, remove, numbers
 *
 * The way to a leaf and the changes to it are trie.c's, lines and slots are
 * leaf.c's, dumps are cursor.c's.
 *
 * Readers. find touches the root, at most two nodes and the home line, with
 * ordinary loads (acquire loads, which are the same instruction on x86). The bulk
 * form does the same in three rounds over all keys, so that the cache misses of a
 * round overlap: fetch lines; compare tags and fetch entries; compare keys.
 *
 * Writers hold their subtree's lock from the walk to the last store. Lock order:
 * subtree, then arena. Nothing else is locked and nothing is waited for.
 */
#include "hashtrie/hashtrie.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hashtrie/trie_priv.h"

_Static_assert(sizeof(struct hashtrie) <= HASHTRIE_EMPTY_BYTES, "G6");

/* ---- life -------------------------------------------------------------------- */

struct hashtrie *hashtrie_new(const struct hashtrie_ops *ops, void *ctx)
{
	struct hashtrie *t;

	if (ops->permit && !ops->permit(ctx, sizeof(*t)))
		return NULL;
	t = aligned_alloc(_Alignof(struct hashtrie), sizeof(*t));
	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->ops = ops;
	t->ctx = ctx;
	if (arena_init(&t->arena, ops->permit, ctx) < 0) {
		free(t);
		return NULL;
	}
	return t;
}

void hashtrie_destroy(struct hashtrie *t)
{
	if (!t)
		return;
	arena_fini(&t->arena);
	free(t);
}

/* ---- readers ----------------------------------------------------------------- */

/* The handle in this line whose key is @key, or HASHTRIE_NONE. */
static inline uint32_t line_find(const struct hashtrie *t, const struct line *l,
                                 uint32_t tag, const void *key)
{
	unsigned int found = line_tags(l, tag);

	for (; found; found &= found - 1) {
		uint64_t entry = line_entry(l, (unsigned int)__builtin_ctz(found));

		/* The slot may have been emptied or filled anew since it was compared. */
		if (entry_tag(entry) == tag && entry_handle(entry) != HASHTRIE_NONE &&
		    t->ops->match(t->ctx, entry_handle(entry), key))
			return entry_handle(entry);
	}
	return HASHTRIE_NONE;
}

/* The same in the lines where entries from this home stand away. */
static uint32_t line_find_away(const struct hashtrie *t, const struct line *home,
                               uint32_t tag, const void *key)
{
	uint64_t head = line_head(home);
	uint32_t handle = HASHTRIE_NONE;

	while (head && handle == HASHTRIE_NONE)
		handle = line_find(t, line_away(home, line_next_distance(&head)), tag,
		                   key);
	return handle;
}

static inline uint32_t home_find(const struct hashtrie *t, const struct line *home,
                                 uint32_t tag, const void *key)
{
	uint32_t handle = line_find(t, home, tag, key);

	if (base_likely(handle != HASHTRIE_NONE || line_head(home) == 0))
		return handle;
	return line_find_away(t, home, tag, key);
}

uint32_t hashtrie_find(const struct hashtrie *t, uint64_t hash, const void *key)
{
	uint32_t tag = hash_tag(hash);

	return home_find(t, trie_line(t, tag), tag, key);
}

void hashtrie_prefetch(const struct hashtrie *t, uint64_t hash)
{
	__builtin_prefetch(trie_line(t, hash_tag(hash)));
}

/* The first handle in this line that has @tag, its key unseen; or HASHTRIE_NONE. */
static inline uint32_t line_candidate(const struct line *l, uint32_t tag)
{
	unsigned int found = line_tags(l, tag);

	for (; found; found &= found - 1) {
		uint64_t entry = line_entry(l, (unsigned int)__builtin_ctz(found));

		if (entry_tag(entry) == tag && entry_handle(entry) != HASHTRIE_NONE)
			return entry_handle(entry);
	}
	return HASHTRIE_NONE;
}

/* Fetch what the last round will need: the entry found, or the first line away. */
static inline void bulk_prefetch(const struct hashtrie *t, const struct line *home,
                                 uint32_t handle)
{
	uint64_t head;

	if (handle != HASHTRIE_NONE) {
		if (t->ops->prefetch)
			t->ops->prefetch(t->ctx, handle);
		return;
	}
	head = line_head(home);
	if (head)
		__builtin_prefetch(line_away(home, line_next_distance(&head)));
}

void hashtrie_find_bulk(const struct hashtrie *t, unsigned int n, const uint64_t *hashes,
                        const void *const *keys, uint32_t *handles)
{
	const struct line *home[HASHTRIE_BULK_MAX];

	assert(n <= HASHTRIE_BULK_MAX);
	for (unsigned int i = 0; i < n; i++) {
		home[i] = trie_line(t, hash_tag(hashes[i]));
		__builtin_prefetch(home[i]);
	}
	for (unsigned int i = 0; i < n; i++) {
		handles[i] = line_candidate(home[i], hash_tag(hashes[i]));
		bulk_prefetch(t, home[i], handles[i]);
	}
	for (unsigned int i = 0; i < n; i++) {
		if (handles[i] == HASHTRIE_NONE
		            ? line_head(home[i]) == 0
		            : t->ops->match(t->ctx, handles[i], keys[i]))
			continue;
		/* Another entry with this tag, or one that stands away: look at all. */
		handles[i] = home_find(t, home[i], hash_tag(hashes[i]), keys[i]);
	}
}

/* ---- writers ----------------------------------------------------------------- */

static inline struct subtree *tag_subtree(struct hashtrie *t, uint32_t tag)
{
	return &t->subtree[tag >> TRIE_ROOT_SHIFT];
}

/* Let the lock go, and then do what must not be done with it. */
static inline void subtree_leave(struct hashtrie *t, struct subtree *sub)
{
	bool grace_due = sub->grace_due;

	sub->grace_due = false;
	spin_unlock(&sub->lock);
	if (base_unlikely(grace_due))
		arena_grace_begin(&t->arena);
}

/* With the subtree's lock. */
static inline void subtree_count(uint64_t *counter, int64_t n)
{
	__atomic_store_n(counter, *counter + (uint64_t)n, __ATOMIC_RELAXED);
}

static int subtree_insert(struct hashtrie *t, struct subtree *sub, uint64_t entry,
                          const void *key, uint32_t *standing)
{
	uint32_t tag = entry_tag(entry), ref = trie_leaf_ref(t, tag), other;
	struct line *leaf = arena_at(&t->arena, ref);
	int err = 0;

	other = home_find(t, leaf_home(leaf, ref & REF_CLASS, tag), tag, key);
	if (other != HASHTRIE_NONE) {
		if (standing)
			*standing = other;
		return -EEXIST;
	}
	if (ref == REF_NONE || !leaf_place(leaf, ref & REF_CLASS, entry, LEAF_NEAR))
		err = trie_add(t, entry);
	if (err == 0)
		subtree_count(&sub->entries, 1);
	else
		subtree_count(err == -ENOMEM ? &sub->no_memory : &sub->no_space, 1);
	return err;
}

int hashtrie_insert(struct hashtrie *t, uint64_t hash, const void *key, uint32_t handle,
                    uint32_t *standing)
{
	struct subtree *sub = tag_subtree(t, hash_tag(hash));
	int err;

	assert(handle != HASHTRIE_NONE);
	hashtrie_prefetch(t, hash); /* while we wait for the lock */
	spin_lock(&sub->lock);
	err = subtree_insert(t, sub, entry_make(hash_tag(hash), handle), key, standing);
	subtree_leave(t, sub);
	return err;
}

/* Is it worth looking whether this leaf could be smaller? */
static bool leaf_may_shrink(const struct line *leaf, unsigned int class,
                            const struct line *line)
{
	return class != LEAF_CLASS_FULL || leaf_quiet(leaf, class, line);
}

static int subtree_remove(struct hashtrie *t, struct subtree *sub, uint64_t entry)
{
	uint32_t ref = trie_leaf_ref(t, entry_tag(entry));
	struct line *leaf = arena_at(&t->arena, ref);
	struct line *line = leaf_take(leaf, ref & REF_CLASS, entry);

	if (!line)
		return -ENOENT;
	subtree_count(&sub->entries, -1);
	if (leaf_may_shrink(leaf, ref & REF_CLASS, line))
		trie_shrink(t, entry_tag(entry));
	return 0;
}

int hashtrie_remove(struct hashtrie *t, uint64_t hash, uint32_t handle)
{
	struct subtree *sub = tag_subtree(t, hash_tag(hash));
	int err;

	if (handle == HASHTRIE_NONE)
		return -ENOENT;
	hashtrie_prefetch(t, hash);
	spin_lock(&sub->lock);
	err = subtree_remove(t, sub, entry_make(hash_tag(hash), handle));
	subtree_leave(t, sub);
	return err;
}

/* ---- numbers ----------------------------------------------------------------- */

uint64_t hashtrie_count(const struct hashtrie *t)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < TRIE_ROOT_SIZE; i++)
		n += __atomic_load_n(&t->subtree[i].entries, __ATOMIC_RELAXED);
	return n;
}

static void stats_refs(const struct hashtrie *t, const uint32_t *refs, unsigned int size,
                       unsigned int depth, struct hashtrie_stats *stats)
{
	uint32_t last = REF_NONE;

	if (depth > stats->depth)
		stats->depth = depth;
	for (unsigned int i = 0; i < size; i++) {
		uint32_t ref = trie_ref(refs, i);

		if (ref == last || ref == REF_NONE)
			continue; /* of the same block */
		last = ref;
		if (ref & REF_NODE) {
			stats->nodes++;
			stats_refs(t, arena_at(&t->arena, ref), 1u << node_width(ref),
			           depth + 1, stats);
		} else {
			stats->leaves[(ref & REF_CLASS) / LEAF_CLASS_SMALL]++;
		}
	}
}

void hashtrie_stats(struct hashtrie *t, struct hashtrie_stats *stats)
{
	struct arena_stats arena;

	arena_stats(&t->arena, &arena);
	*stats = (struct hashtrie_stats){
		.bytes = arena.bytes + ARENA_FIXED_BYTES + sizeof(*t),
		.bytes_held = arena.bytes_held + sizeof(*t),
		.bytes_limbo = arena.bytes_limbo,
	};
	stats_refs(t, t->root, TRIE_ROOT_SIZE, 0, stats);
	for (unsigned int i = 0; i < TRIE_ROOT_SIZE; i++) {
		const struct subtree *sub = &t->subtree[i];

		stats->entries += __atomic_load_n(&sub->entries, __ATOMIC_RELAXED);
		stats->grown += __atomic_load_n(&sub->grown, __ATOMIC_RELAXED);
		stats->splits += __atomic_load_n(&sub->splits, __ATOMIC_RELAXED);
		stats->merges += __atomic_load_n(&sub->merges, __ATOMIC_RELAXED);
		stats->no_memory += __atomic_load_n(&sub->no_memory, __ATOMIC_RELAXED);
		stats->no_space += __atomic_load_n(&sub->no_space, __ATOMIC_RELAXED);
	}
}
