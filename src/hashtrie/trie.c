/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trie.c - growing and shrinking, one leaf or node at a time
 *
 * Every change follows one pattern: allocate, fill the new object while nobody
 * knows it, publish it by storing its reference, retire what stood there. What can
 * fail, the allocation, comes first, so that a failure leaves the table as it was;
 * each step leaves a correct trie, so that a chain of steps may end anywhere.
 *
 * All functions run under the lock of the subtree that the path lies in. The root
 * level is never widened, narrowed or merged across: its references have
 * different locks.
 */
#include "hashtrie/trie_priv.h"

#include <errno.h>
#include <string.h>

#define TRIE_LEVELS 3 /* the root and two nodes */

/* One step of a writer's way: a reference, and the array that it stands in. */
struct trie_step {
	uint32_t *refs;
	unsigned int index; /* refs[index] leads on */
	unsigned int width; /* refs has 2^width elements */
	unsigned int shift; /* tag bits below those that index takes */
};

struct trie_path {
	struct trie_step step[TRIE_LEVELS]; /* step[0] is the root */
	unsigned int last;                  /* step[last] holds the leaf's reference */
};

/* ---- references and blocks --------------------------------------------------- */

static inline struct line *trie_leaf(const struct hashtrie *t, uint32_t ref)
{
	return arena_at(&t->arena, ref);
}

static inline uint32_t step_ref(const struct trie_step *s)
{
	return s->refs[s->index];
}

static inline unsigned int step_size(const struct trie_step *s)
{
	return 1u << s->width;
}

/* Are all references of the aligned run of @size around @index equal to @ref? */
static bool refs_all(const uint32_t *refs, unsigned int index, unsigned int size,
                     uint32_t ref)
{
	index &= ~(size - 1);
	for (unsigned int i = 0; i < size; i++)
		if (refs[index + i] != ref)
			return false;
	return true;
}

/* Length of the block of the leaf that the step leads to; 1 at the root. */
static unsigned int step_block(const struct trie_path *path)
{
	const struct trie_step *s = &path->step[path->last];
	uint32_t ref = step_ref(s);
	unsigned int size = 1;

	if (path->last == 0)
		return 1;
	while (size < step_size(s) && refs_all(s->refs, s->index ^ size, size, ref))
		size *= 2;
	return size;
}

static void refs_publish(uint32_t *refs, unsigned int index, unsigned int size,
                         uint32_t ref)
{
	index &= ~(size - 1);
	for (unsigned int i = 0; i < size; i++)
		__atomic_store_n(&refs[index + i], ref, __ATOMIC_RELEASE);
}

static inline void count_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline struct subtree *path_subtree(struct hashtrie *t,
                                           const struct trie_path *path)
{
	return &t->subtree[path->step[0].index];
}

static void trie_retire(struct hashtrie *t, const struct trie_path *path, uint32_t ref)
{
	if (arena_retire(&t->arena, ref))
		path_subtree(t, path)->grace_due = true;
}

static void step_enter(struct trie_step *s, uint32_t *refs, unsigned int width,
                       unsigned int shift, uint32_t tag)
{
	s->refs = refs;
	s->width = width;
	s->shift = shift;
	s->index = tag >> shift & ((1u << width) - 1);
}

/* Find the way to @tag's leaf. Returns the leaf's reference. */
static uint32_t trie_walk(struct hashtrie *t, uint32_t tag, struct trie_path *path)
{
	struct trie_step *s = path->step;
	uint32_t ref;

	path->last = 0;
	step_enter(s, t->root, TRIE_ROOT_WIDTH, TRIE_ROOT_SHIFT, tag);
	while ((ref = step_ref(s)) & REF_NODE) {
		unsigned int width = node_width(ref);

		step_enter(s + 1, arena_at(&t->arena, ref), width, s->shift - width, tag);
		s++;
		path->last++;
	}
	return ref;
}

/* Let the leaf's whole block lead to @ref instead, and retire what it led to. */
static void path_replace(struct hashtrie *t, struct trie_path *path, uint32_t ref)
{
	struct trie_step *s = &path->step[path->last];
	uint32_t old = step_ref(s);

	refs_publish(s->refs, s->index, step_block(path), ref);
	trie_retire(t, path, old);
}

/* ---- growing ----------------------------------------------------------------- */

/* Replace the leaf by one of a larger class; or the absent leaf by the least. */
static int trie_grow(struct hashtrie *t, struct trie_path *path, unsigned int class)
{
	uint32_t old = step_ref(&path->step[path->last]);
	uint32_t ref = arena_alloc(&t->arena, class, 0);

	if (ref == REF_NONE)
		return -ENOMEM;
	if (old != REF_NONE) {
		/* Cannot fail: a group of the larger leaf has the room of the smaller leaf. */
		leaf_copy(trie_leaf(t, ref), class, trie_leaf(t, old), old & REF_CLASS);
		count_add(&path_subtree(t, path)->grown, 1);
	}
	path_replace(t, path, ref);
	return 0;
}

/* The last step's node gets twice as many references, each of the old ones twice. */
static int node_widen(struct hashtrie *t, struct trie_path *path, uint32_t tag)
{
	struct trie_step *s = &path->step[path->last], *up = s - 1;
	uint32_t old = step_ref(up), *refs;
	uint32_t ref = arena_alloc(&t->arena, (old & REF_CLASS) + 1, REF_NODE);

	if (ref == REF_NONE)
		return -ENOMEM;
	refs = arena_at(&t->arena, ref);
	for (unsigned int i = 0; i < step_size(s); i++)
		refs[2 * i] = refs[2 * i + 1] = s->refs[i];
	refs_publish(up->refs, up->index, 1, ref);
	trie_retire(t, path, old);
	step_enter(s, refs, s->width + 1, s->shift - 1, tag);
	return 0;
}

/* Put a node of least width between the last step and its leaf. */
static int node_insert(struct hashtrie *t, struct trie_path *path, uint32_t tag)
{
	struct trie_step *s = &path->step[path->last];
	uint32_t ref = arena_alloc(&t->arena, 0, REF_NODE), *refs;

	if (ref == REF_NONE)
		return -ENOMEM;
	refs = arena_at(&t->arena, ref);
	for (unsigned int i = 0; i < 1u << TRIE_NODE_LEAST; i++)
		refs[i] = step_ref(s);
	refs_publish(s->refs, s->index, 1, ref);
	path->last++;
	step_enter(s + 1, refs, TRIE_NODE_LEAST, s->shift - TRIE_NODE_LEAST, tag);
	return 0;
}

/* Have the leaf's block be two references at least. */
static int trie_make_divisible(struct hashtrie *t, struct trie_path *path, uint32_t tag)
{
	const struct trie_step *s = &path->step[path->last];

	if (step_block(path) > 1)
		return 0;
	if (path->last > 0 && s->width < TRIE_NODE_MOST)
		return node_widen(t, path, tag);
	return node_insert(t, path, tag);
}

/* The bit that tells apart the halves of the leaf's block. */
static uint32_t path_split_bit(const struct trie_path *path)
{
	return UINT32_C(1) << path->step[path->last].shift
	                   << (__builtin_ctz(step_block(path)) - 1);
}

/* Publish one half of a split; a half without entries gets no leaf. */
static void half_publish(struct hashtrie *t, struct trie_step *s, unsigned int index,
                         unsigned int size, uint32_t ref)
{
	if (leaf_count(trie_leaf(t, ref), LEAF_CLASS_FULL) == 0) {
		arena_free(&t->arena, ref);
		ref = REF_NONE;
	}
	refs_publish(s->refs, index, size, ref);
}

static int trie_split(struct hashtrie *t, struct trie_path *path, uint32_t tag)
{
	unsigned int size, index;
	struct arena *a = &t->arena;
	uint32_t ref[2], old;
	struct line *half[2];
	struct trie_step *s;

	for (int i = 0; i < 2; i++) {
		ref[i] = arena_alloc(a, LEAF_CLASS_FULL, 0);
		half[i] = trie_leaf(t, ref[i]);
	}
	if (ref[0] == REF_NONE || ref[1] == REF_NONE ||
	    trie_make_divisible(t, path, tag) < 0)
		goto undo;
	s = &path->step[path->last];
	old = step_ref(s);
	size = step_block(path) / 2;
	index = s->index & ~(2 * size - 1);
	leaf_split(half, trie_leaf(t, old), path_split_bit(path));
	half_publish(t, s, index, size, ref[0]);
	half_publish(t, s, index + size, size, ref[1]);
	trie_retire(t, path, old);
	count_add(&path_subtree(t, path)->splits, 1);
	return 0;

undo:
	arena_free(a, ref[0]);
	arena_free(a, ref[1]);
	return -ENOMEM;
}

/* Is there a bit left that a split could go by, and entries that it would part? */
static bool trie_may_split(struct hashtrie *t, const struct trie_path *path, uint32_t tag)
{
	const struct trie_step *s = &path->step[path->last];

	if (s->shift == TRIE_LINE_BITS && step_block(path) == 1)
		return false;
	return leaf_differs(trie_leaf(t, step_ref(s)), tag,
	                    ~((1u << TRIE_LINE_BITS) - 1));
}

/* There is no room for @tag near its home: change that by one step. */
static int trie_make_room(struct hashtrie *t, struct trie_path *path, uint32_t tag)
{
	uint32_t ref = step_ref(&path->step[path->last]);

	if (ref == REF_NONE)
		return trie_grow(t, path, LEAF_CLASS_LINE);
	if ((ref & REF_CLASS) != LEAF_CLASS_FULL)
		return trie_grow(t, path,
		                 (ref & REF_CLASS) == LEAF_CLASS_LINE ? LEAF_CLASS_SMALL
		                                                      : LEAF_CLASS_FULL);
	if (!trie_may_split(t, path, tag))
		return -ENOSPC;
	return trie_split(t, path, tag);
}

/* A crowded group in a leaf that is nearly empty: a split would not be worth it. */
static bool trie_is_sparse(struct hashtrie *t, uint32_t ref)
{
	return (ref & REF_CLASS) == LEAF_CLASS_FULL &&
	       leaf_count(trie_leaf(t, ref), LEAF_CLASS_FULL) < TRIE_SPLIT_LEAST;
}

static bool trie_place(struct hashtrie *t, uint32_t ref, uint64_t entry,
                       unsigned int reach)
{
	return ref != REF_NONE &&
	       leaf_place(trie_leaf(t, ref), ref & REF_CLASS, entry, reach);
}

int trie_add(struct hashtrie *t, uint64_t entry)
{
	uint32_t tag = entry_tag(entry), ref;
	struct trie_path path;
	int err;

	for (;;) {
		ref = trie_walk(t, tag, &path);
		if (trie_place(t, ref, entry, LEAF_NEAR))
			return 0;
		if (trie_is_sparse(t, ref) && trie_place(t, ref, entry, LEAF_FAR))
			return 0;
		err = trie_make_room(t, &path, tag);
		if (err)
			break;
	}
	/* Neither memory nor a bit to split by: any place in reach will do. */
	ref = trie_walk(t, tag, &path);
	return trie_place(t, ref, entry, LEAF_FAR) ? 0 : err;
}

/* ---- shrinking --------------------------------------------------------------- */

/* The least class for @n entries with room to grow. */
static unsigned int leaf_class_for(unsigned int n)
{
	if (n <= TRIE_LINE_MOST)
		return LEAF_CLASS_LINE;
	return n <= TRIE_SMALL_MOST ? LEAF_CLASS_SMALL : LEAF_CLASS_FULL;
}

/* Replace the leaf by a smaller one, or, which needs no memory, by none. */
static void trie_reduce(struct hashtrie *t, struct trie_path *path)
{
	uint32_t old = step_ref(&path->step[path->last]), ref = REF_NONE;
	unsigned int n = leaf_count(trie_leaf(t, old), old & REF_CLASS);
	unsigned int class = leaf_class_for(n);

	if (old == REF_NONE || (n > 0 && class >= (old & REF_CLASS)))
		return;
	if (n > 0) {
		ref = arena_alloc(&t->arena, class, 0);
		if (ref == REF_NONE)
			return;
		leaf_copy(trie_leaf(t, ref), class, trie_leaf(t, old), old & REF_CLASS);
	}
	path_replace(t, path, ref);
}

/* As leaf_copy() into a leaf that is empty so far. */
static bool leaf_copy_first(struct line *to, unsigned int to_class,
                            const struct line *from, unsigned int from_class)
{
	if (to_class != from_class)
		return leaf_copy(to, to_class, from, from_class);
	memcpy(to, from, leaf_lines(to_class) * sizeof(*to));
	return true;
}

/* One leaf with the entries of @a and @b, or REF_NONE: too many, or no memory. */
static uint32_t leaf_joined(struct hashtrie *t, uint32_t a, uint32_t b)
{
	unsigned int n = leaf_count(trie_leaf(t, a), a & REF_CLASS) +
	                 leaf_count(trie_leaf(t, b), b & REF_CLASS);
	unsigned int class = leaf_class_for(n);
	struct line *leaf;
	uint32_t ref;

	if (n > TRIE_MERGE_MOST)
		return REF_NONE;
	ref = arena_alloc(&t->arena, class, 0);
	if (ref == REF_NONE)
		return REF_NONE;
	leaf = trie_leaf(t, ref);
	if (leaf_copy_first(leaf, class, trie_leaf(t, a), a & REF_CLASS) &&
	    leaf_copy(leaf, class, trie_leaf(t, b), b & REF_CLASS))
		return ref;
	arena_free(&t->arena, ref); /* crowded by equal tags */
	return REF_NONE;
}

/* Join the leaf with its sibling in the same node. True: done, its block has doubled. */
static bool trie_merge(struct hashtrie *t, struct trie_path *path)
{
	struct trie_step *s = &path->step[path->last];
	unsigned int block = step_block(path);
	uint32_t ref = step_ref(s), sibling, joined;

	if (path->last == 0 || block == step_size(s))
		return false;
	sibling = s->refs[s->index ^ block];
	if (sibling & REF_NODE || !refs_all(s->refs, s->index ^ block, block, sibling))
		return false;
	if (ref == REF_NONE || sibling == REF_NONE) {
		refs_publish(s->refs, s->index, 2 * block, ref | sibling);
		goto merged;
	}
	joined = leaf_joined(t, ref, sibling);
	if (joined == REF_NONE)
		return false;
	refs_publish(s->refs, s->index, 2 * block, joined);
	trie_retire(t, path, ref);
	trie_retire(t, path, sibling);
merged:
	count_add(&path_subtree(t, path)->merges, 1);
	return true;
}

/* A node with one leaf only gives way to that leaf. True: done, the path is shorter. */
static bool node_remove(struct hashtrie *t, struct trie_path *path)
{
	struct trie_step *s = &path->step[path->last], *up = s - 1;
	uint32_t old;

	if (path->last == 0 || step_block(path) < step_size(s))
		return false;
	old = step_ref(up);
	refs_publish(up->refs, up->index, 1, step_ref(s));
	trie_retire(t, path, old);
	path->last--;
	return true;
}

static bool node_has_pairs_only(const struct trie_step *s)
{
	for (unsigned int i = 0; i < step_size(s); i += 2)
		if (s->refs[i] != s->refs[i + 1])
			return false;
	return true;
}

/* Halve the last step's node as long as it has two of each reference. */
static void node_narrow(struct hashtrie *t, struct trie_path *path, uint32_t tag)
{
	struct trie_step *s = &path->step[path->last], *up = s - 1;
	uint32_t old, ref, *refs;

	while (path->last > 0 && s->width > TRIE_NODE_LEAST && node_has_pairs_only(s)) {
		old = step_ref(up);
		ref = arena_alloc(&t->arena, (old & REF_CLASS) - 1, REF_NODE);
		if (ref == REF_NONE)
			return;
		refs = arena_at(&t->arena, ref);
		for (unsigned int i = 0; i < step_size(s) / 2; i++)
			refs[i] = s->refs[2 * i];
		refs_publish(up->refs, up->index, 1, ref);
		trie_retire(t, path, old);
		step_enter(s, refs, s->width - 1, s->shift + 1, tag);
	}
}

void trie_shrink(struct hashtrie *t, uint32_t tag)
{
	struct trie_path path;
	uint32_t ref = trie_walk(t, tag, &path);
	bool joined = false;

	if (leaf_count(trie_leaf(t, ref), ref & REF_CLASS) == 0)
		trie_reduce(t, &path);
	while (trie_merge(t, &path) || node_remove(t, &path))
		joined = true;
	if (joined)
		node_narrow(t, &path, tag);
	trie_reduce(t, &path);
}
