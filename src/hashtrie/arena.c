/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arena.c - memory for leaves and nodes
 *
 * A chunk is closed (it holds nothing and owns no memory) or open. Opening writes
 * its descriptor; the last free in it closes it and returns its memory. Pages of
 * an open chunk are free, or hold objects of one class each:
 *
 *	chunk:  | descriptor | page 2 | page 3 | ...                    | page 511 |
 *	           0    1       one leaf  64 small leaves or nodes, ...
 *
 * To find room for class c: the lowest bit of has[c] names a chunk, the lowest bit
 * of that chunk's avail[c] a page, the lowest clear bit of used[page] the place.
 * All three steps are bit scans, whatever the size of the table.
 *
 * Lock: arena.lock, a leaf in the lock order (subtree lock, then this). Nothing
 * is waited for with it held, and memory is returned to the system without it.
 */
#include "hashtrie/arena_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CLASS_PAGE  (ARENA_CLASSES - 1)
#define LIMBO_LEAST 64 /* elements that a limbo list starts with */

/* At the bottom of each open chunk. */
struct chunk {
	uint64_t empty_line[8]; /* in chunk 0 the line that REF_NONE means: never written
	                         */
	uint64_t avail[ARENA_CLASSES]
		      [ARENA_CHUNK_WORDS]; /* as arena.has, a bit per page */
	uint64_t used[ARENA_CHUNK_PAGES];  /* a bit per object of the page */
	uint32_t pages_used;
	uint32_t pages_touched; /* of the first chunk: how far up it has been used */
};

#define CHUNK_RESERVED_PAGES 2

_Static_assert(sizeof(struct chunk) <= CHUNK_RESERVED_PAGES * ARENA_PAGE,
               "the descriptor outgrew its pages");

/* ---- bitmaps ----------------------------------------------------------------- */

static inline void bit_set(uint64_t *map, size_t i)
{
	map[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline void bit_clear(uint64_t *map, size_t i)
{
	map[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

/* The lowest set bit, or -1. */
static long bit_first(const uint64_t *map, size_t words)
{
	for (size_t w = 0; w < words; w++)
		if (map[w])
			return (long)(w * 64) + __builtin_ctzll(map[w]);
	return -1;
}

/* All objects of a page of this class. */
static inline uint64_t class_full(unsigned int class)
{
	return class == 0 ? ~UINT64_C(0) : (UINT64_C(1) << (64 >> class)) - 1;
}

/* ---- chunks ------------------------------------------------------------------ */

static inline struct chunk *chunk_at(const struct arena *a, size_t i)
{
	return (struct chunk *)(void *)(a->base + i * ARENA_CHUNK);
}

static void chunk_avail_set(struct arena *a, size_t chunk, unsigned int class,
                            size_t page)
{
	bit_set(chunk_at(a, chunk)->avail[class], page);
	bit_set(a->has[class], chunk);
}

static void chunk_avail_clear(struct arena *a, size_t chunk, unsigned int class,
                              size_t page)
{
	struct chunk *c = chunk_at(a, chunk);

	bit_clear(c->avail[class], page);
	if (bit_first(c->avail[class], ARENA_CHUNK_WORDS) < 0)
		bit_clear(a->has[class], chunk);
}

/*
 * Have chunks up to @chunk accessible. Closing keeps them so, and the lowest closed
 * chunk is opened first, hence at most one is new. Huge pages from the second
 * chunk on: the first must not cost 2 MiB for ten flows.
 */
static int chunk_make_ready(struct arena *a, size_t chunk)
{
	char *at = a->base + chunk * ARENA_CHUNK;

	if (chunk < a->chunks_ready)
		return 0;
	if (mprotect(at, ARENA_CHUNK, PROT_READ | PROT_WRITE) < 0)
		return -ENOMEM;
	/* Advice: a kernel without huge pages refuses it, and all works as well. */
	(void)madvise(at, ARENA_CHUNK, chunk ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	a->chunks_ready = chunk + 1;
	return 0;
}

static int chunk_open(struct arena *a)
{
	long chunk = bit_first(a->closed, ARENA_MAP_WORDS);
	struct chunk *c;

	if (chunk < 0 || chunk_make_ready(a, (size_t)chunk) < 0)
		return -ENOMEM;
	c = chunk_at(a, (size_t)chunk);
	/* memory from the system is zeroed, also after madvise() took it back */
	memset(c->avail[CLASS_PAGE], 0xff, sizeof(c->avail[CLASS_PAGE]));
	for (size_t page = 0; page < CHUNK_RESERVED_PAGES; page++)
		bit_clear(c->avail[CLASS_PAGE], page);
	bit_clear(a->closed, (size_t)chunk);
	bit_set(a->has[CLASS_PAGE], (size_t)chunk);
	a->chunks_open++;
	a->bytes += CHUNK_RESERVED_PAGES * ARENA_PAGE;
	return 0;
}

/* The chunk holds nothing any more. Called with the lock, which is let go meanwhile. */
static void chunk_close(struct arena *a, size_t chunk)
{
	/* In neither map, it can be neither used nor opened until we are done. */
	bit_clear(a->has[CLASS_PAGE], chunk);
	a->chunks_open--;
	a->bytes -= CHUNK_RESERVED_PAGES * ARENA_PAGE;
	pthread_mutex_unlock(&a->lock);

	if (madvise(chunk_at(a, chunk), ARENA_CHUNK, MADV_DONTNEED) < 0)
		memset(chunk_at(a, chunk), 0, sizeof(struct chunk)); /* locked memory */

	pthread_mutex_lock(&a->lock);
	bit_set(a->closed, chunk);
}

/* ---- pages and objects ------------------------------------------------------- */

/* A free page for objects of @class. Returns its chunk, or -1. */
static long page_take(struct arena *a, unsigned int class)
{
	struct chunk *c;
	long chunk, page;

	chunk = bit_first(a->has[CLASS_PAGE], ARENA_MAP_WORDS);
	if (chunk < 0) {
		if (chunk_open(a) < 0)
			return -1;
		chunk = bit_first(a->has[CLASS_PAGE], ARENA_MAP_WORDS);
	}
	c = chunk_at(a, (size_t)chunk);
	page = bit_first(c->avail[CLASS_PAGE], ARENA_CHUNK_WORDS);
	if (class != CLASS_PAGE) {
		chunk_avail_clear(a, (size_t)chunk, CLASS_PAGE, (size_t)page);
		chunk_avail_set(a, (size_t)chunk, class, (size_t)page);
	}
	c->pages_used++;
	if (c->pages_touched <= (uint32_t)page)
		c->pages_touched = (uint32_t)page + 1;
	a->bytes += ARENA_PAGE;
	return chunk;
}

static void page_give(struct arena *a, size_t chunk, unsigned int class, size_t page)
{
	struct chunk *c = chunk_at(a, chunk);

	chunk_avail_clear(a, chunk, class, page);
	chunk_avail_set(a, chunk, CLASS_PAGE, page);
	a->bytes -= ARENA_PAGE;
	if (--c->pages_used == 0)
		chunk_close(a, chunk);
}

static uint32_t object_ref(size_t chunk, size_t page, unsigned int slot,
                           unsigned int class, uint32_t node)
{
	size_t granule =
		(chunk * ARENA_CHUNK_PAGES + page) * (ARENA_PAGE / ARENA_GRANULE) +
		((size_t)slot << class);

	return (uint32_t)(granule << REF_SHIFT) | node | class;
}

/* With the lock held. */
static uint32_t object_take(struct arena *a, unsigned int class, uint32_t node)
{
	long chunk = -1, page;
	unsigned int slot;
	struct chunk *c;

	if (class != CLASS_PAGE)
		chunk = bit_first(a->has[class], ARENA_MAP_WORDS);
	if (chunk < 0)
		chunk = page_take(a, class);
	if (chunk < 0)
		return REF_NONE;
	c = chunk_at(a, (size_t)chunk);
	page = bit_first(c->avail[class], ARENA_CHUNK_WORDS);
	slot = (unsigned int)__builtin_ctzll(~c->used[page]);
	c->used[page] |= UINT64_C(1) << slot;
	if (c->used[page] == class_full(class))
		chunk_avail_clear(a, (size_t)chunk, class, (size_t)page);
	return object_ref((size_t)chunk, (size_t)page, slot, class, node);
}

/* With the lock held (chunk_close() may let go of it for a while). */
static void object_give(struct arena *a, uint32_t ref)
{
	unsigned int class = ref & REF_CLASS;
	size_t granule = ref >> REF_SHIFT;
	size_t page = granule / (ARENA_PAGE / ARENA_GRANULE);
	size_t chunk = page / ARENA_CHUNK_PAGES;
	unsigned int slot = granule % (ARENA_PAGE / ARENA_GRANULE) >> class;
	struct chunk *c = chunk_at(a, chunk);

	page %= ARENA_CHUNK_PAGES;
	assert(c->used[page] >> slot & 1);
	c->used[page] &= ~(UINT64_C(1) << slot);
	if (c->used[page] == 0)
		page_give(a, chunk, class, page);
	else
		chunk_avail_set(a, chunk, class, page);
}

static bool arena_permitted(const struct arena *a, size_t bytes)
{
	return !a->ops->permit || a->ops->permit(a->ctx, bytes);
}

uint32_t arena_alloc(struct arena *a, unsigned int class, uint32_t node)
{
	uint32_t ref;

	if (!arena_permitted(a, (size_t)ARENA_GRANULE << class))
		return REF_NONE;
	pthread_mutex_lock(&a->lock);
	ref = object_take(a, class, node);
	pthread_mutex_unlock(&a->lock);
	if (ref != REF_NONE)
		memset(arena_at(a, ref), 0, arena_object_bytes(ref));
	return ref;
}

void arena_free(struct arena *a, uint32_t ref)
{
	if (ref == REF_NONE)
		return;
	pthread_mutex_lock(&a->lock);
	object_give(a, ref);
	pthread_mutex_unlock(&a->lock);
}

/* ---- limbo ------------------------------------------------------------------- */

static int limbo_resize(struct limbo *l, size_t size)
{
	uint32_t *refs;

	if (size <= l->size)
		return 0;
	refs = realloc(l->refs, size * sizeof(*refs));
	if (!refs)
		return -ENOMEM;
	l->refs = refs;
	l->size = size;
	return 0;
}

int arena_reserve(struct arena *a, unsigned int n)
{
	size_t need, size;
	int err = 0;

	pthread_mutex_lock(&a->lock);
	need = a->limbo[0].length + a->reserved + n;
	size = a->limbo[0].size;
	/* Both lists have one size, so that promises survive their exchange. */
	if (need > size) {
		size = size ? 2 * size : LIMBO_LEAST;
		err = -ENOMEM;
		if (arena_permitted(a, 2 * size * sizeof(uint32_t)) &&
		    !limbo_resize(&a->limbo[1], size) &&
		    !limbo_resize(&a->limbo[0], size))
			err = 0;
	}
	if (!err)
		a->reserved += n;
	pthread_mutex_unlock(&a->lock);
	return err;
}

void arena_unreserve(struct arena *a, unsigned int n)
{
	pthread_mutex_lock(&a->lock);
	assert(a->reserved >= n);
	a->reserved -= n;
	pthread_mutex_unlock(&a->lock);
}

/* Nothing is retired or about to be: a list that a burst made long can go. */
static void limbo_trim(struct arena *a)
{
	for (int i = 0; i < 2; i++) {
		free(a->limbo[i].refs);
		memset(&a->limbo[i], 0, sizeof(a->limbo[i]));
	}
}

static void limbo_free(struct rcu_head *head);

/* Let what has been collected wait for a grace period. With the lock held. */
static void limbo_start(struct arena *a)
{
	struct limbo collected = a->limbo[0];

	a->limbo[0] = a->limbo[1];
	a->limbo[1] = collected;
	a->deferred = true;
	rcu_defer(&a->head, limbo_free);
}

/* The callback: a grace period has passed for all in limbo[1]. */
static void limbo_free(struct rcu_head *head)
{
	struct arena *a = base_container_of(head, struct arena, head);
	struct limbo *l = &a->limbo[1];

	rcu_deferred();
	/* Writers get the lock in between: a long list must not hold them up. */
	for (;;) {
		pthread_mutex_lock(&a->lock);
		if (l->length == 0)
			break;
		l->length--;
		l->bytes -= arena_object_bytes(l->refs[l->length]);
		object_give(a, l->refs[l->length]);
		pthread_mutex_unlock(&a->lock);
	}
	a->deferred = false;
	if (a->limbo[0].length > 0)
		limbo_start(a);
	else if (a->reserved == 0)
		limbo_trim(a);
	pthread_mutex_unlock(&a->lock);
}

void arena_retire(struct arena *a, uint32_t ref)
{
	struct limbo *l = &a->limbo[0];

	pthread_mutex_lock(&a->lock);
	assert(a->reserved > 0 && l->length < l->size);
	a->reserved--;
	l->refs[l->length++] = ref;
	l->bytes += arena_object_bytes(ref);
	if (!a->deferred)
		limbo_start(a);
	pthread_mutex_unlock(&a->lock);
}

/* ---- life -------------------------------------------------------------------- */

int arena_init(struct arena *a, const struct hashtrie_ops *ops, void *ctx)
{
	size_t size = (ARENA_CHUNKS + 1) * ARENA_CHUNK;
	uintptr_t start;

	memset(a, 0, sizeof(*a));
	a->ops = ops;
	a->ctx = ctx;
	a->map = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	              -1, 0);
	if (a->map == MAP_FAILED)
		return -ENOMEM;
	a->map_size = size;
	start = (uintptr_t)a->map;
	a->base = (char *)a->map + (-start & (ARENA_CHUNK - 1));
	if (chunk_make_ready(a, 0) < 0) {
		munmap(a->map, a->map_size);
		return -ENOMEM;
	}
	pthread_mutex_init(&a->lock, NULL);
	for (size_t i = 0; i < ARENA_CHUNKS; i++)
		bit_set(a->closed, i);
	return 0;
}

void arena_fini(struct arena *a)
{
	bool deferred;

	/* A callback starts another one for what was retired meanwhile: two rounds. */
	do {
		urcu_qsbr_barrier();
		pthread_mutex_lock(&a->lock);
		deferred = a->deferred;
		pthread_mutex_unlock(&a->lock);
	} while (deferred);
	free(a->limbo[0].refs);
	free(a->limbo[1].refs);
	pthread_mutex_destroy(&a->lock);
	munmap(a->map, a->map_size);
}

void arena_stats(struct arena *a, struct hashtrie_stats *stats)
{
	pthread_mutex_lock(&a->lock);
	stats->bytes = a->bytes;
	stats->bytes_limbo = a->limbo[0].bytes + a->limbo[1].bytes;
	stats->bytes_held = a->chunks_open * ARENA_CHUNK;
	if (!(a->closed[0] & 1))
		stats->bytes_held +=
			(size_t)chunk_at(a, 0)->pages_touched * ARENA_PAGE - ARENA_CHUNK;
	pthread_mutex_unlock(&a->lock);
}
