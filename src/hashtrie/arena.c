/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arena.c - memory for leaves and nodes
 *
 * A chunk is closed (it owns no memory), idle (open, but all pages are free) or in
 * use; the first one is always open. Opening writes its descriptor. Pages of an open chunk are free, or hold
 * objects of one class each:
 *
 *	chunk:  | descriptor | page 2 | page 3 | ...                    | page 511 |
 *	           0    1       one leaf  64 small leaves or nodes, ...
 *
 * To find room for class c: the lowest bit of has[c] names a chunk, the lowest bit
 * of that chunk's avail[c] a page, the lowest clear bit of used[page] the place.
 * All three steps are bit scans, whatever the size of the table.
 *
 * Lock: arena.lock, a leaf in the lock order (subtree lock, then this). Nothing
 * is waited for with it held. Grace periods are begun, memory is made accessible
 * ahead, advised and returned to the system without it. What the system may still
 * be asked for under it, and under the caller's lock: the page of a descriptor or
 * object that is touched first (a fault), and, by a table that grows faster than
 * RCU's thread gets to run, mprotect(2) for the next chunks or longer lists of
 * retired objects, once for each doubling.
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
	uint64_t empty_line[8]; /* in chunk 0 the line that REF_NONE means: not written */
	uint64_t avail[ARENA_CLASSES]
		      [ARENA_CHUNK_WORDS]; /* as arena.has, a bit per page */
	uint64_t used[ARENA_CHUNK_PAGES];  /* a bit per object of the page */
	uint32_t pages_used;
	uint32_t pages_touched; /* of the first chunk: how far up it has been used */
};

#define CHUNK_RESERVED_PAGES 2
#define CHUNK_USABLE_PAGES   (ARENA_CHUNK_PAGES - CHUNK_RESERVED_PAGES)
/* Free pages to have ready once a table has used half a chunk. */
#define PAGES_READY (CHUNK_USABLE_PAGES / 2)
#define PAGES_SMALL (CHUNK_USABLE_PAGES / 2)
/* Pages of the first chunk that an empty table keeps, so that the next entry finds its place
 * without page faults: the descriptor, small leaves and nodes, one page more. */
#define PAGES_KEPT (CHUNK_RESERVED_PAGES + 2)
/* Chunks that are accessible from the start. */
#define CHUNKS_READY_LEAST 2

_Static_assert(CHUNK_RESERVED_PAGES *ARENA_PAGE == ARENA_FIXED_BYTES,
               "of the first chunk");
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

/* The lowest set bit from word @w on, or -1. */
static long bit_first_from(const uint64_t *map, size_t w, size_t words)
{
	for (; w < words; w++)
		if (map[w])
			return (long)(w * 64) + __builtin_ctzll(map[w]);
	return -1;
}

static long bit_first(const uint64_t *map, size_t words)
{
	return bit_first_from(map, 0, words);
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

static void pages_populate(void *from, size_t bytes)
{
#ifdef MADV_POPULATE_WRITE
	(void)madvise(from, bytes, MADV_POPULATE_WRITE);
#endif
}

static int chunks_make_ready(const struct arena *a, size_t from, size_t to)
{
	int err = mprotect(chunk_at(a, from), (to - from) * ARENA_CHUNK,
	                   PROT_READ | PROT_WRITE);

	return err < 0 ? -ENOMEM : 0;
}

/* As many chunks again as are accessible: a call to the system for each doubling. */
static size_t chunks_ready_next(const struct arena *a)
{
	return 2 * a->chunks_ready < ARENA_CHUNKS ? 2 * a->chunks_ready : ARENA_CHUNKS;
}

/* Have @chunk accessible. Closing keeps it so, and the lowest closed chunk is opened first,
 * hence it is the next one at most. */
static int chunk_make_ready(struct arena *a, size_t chunk)
{
	size_t next = chunks_ready_next(a);

	if (chunk < a->chunks_ready)
		return 0;
	if (chunks_make_ready(a, a->chunks_ready, next) < 0)
		return -ENOMEM;
	a->chunks_ready = next;
	return 0;
}

/* Take the lowest closed chunk out of the map. Returns it, or -1. */
static long chunk_claim(struct arena *a)
{
	long chunk = bit_first(a->closed, ARENA_MAP_WORDS);

	if (chunk < 0 || chunk_make_ready(a, (size_t)chunk) < 0)
		return -1;
	bit_clear(a->closed, (size_t)chunk);
	return chunk;
}

/* Make a claimed chunk an idle one. Memory from the system is zeroed. */
static void chunk_open(struct arena *a, size_t chunk)
{
	struct chunk *c = chunk_at(a, chunk);

	memset(c->avail[CLASS_PAGE], 0xff, sizeof(c->avail[CLASS_PAGE]));
	for (size_t page = 0; page < CHUNK_RESERVED_PAGES; page++)
		bit_clear(c->avail[CLASS_PAGE], page);
	bit_set(a->has[CLASS_PAGE], chunk);
	bit_set(a->idle, chunk);
	a->chunks_open++;
	a->pages_free += CHUNK_USABLE_PAGES;
}

/* No page is free and somebody waits: take small pages, which are faster to get. */
static int chunk_open_hurriedly(struct arena *a)
{
	long chunk = chunk_claim(a);

	if (chunk < 0)
		return -ENOMEM;
	bit_set(a->hurried, (size_t)chunk);
	chunk_open(a, (size_t)chunk);
	return 0;
}

/* ---- ahead of need, in RCU's thread ------------------------------------------ */

/*
 * Huge pages are advice, here and below: a kernel that knows none refuses it, and
 * all works as well. The same holds for clearing ahead, before Linux 5.14.
 */
static void chunk_populate(void *chunk)
{
	(void)madvise(chunk, ARENA_CHUNK, MADV_HUGEPAGE);
	pages_populate(chunk, ARENA_CHUNK);
}

/* Chunks will soon be opened that are not accessible yet. With the lock, let go meanwhile. */
static void chunks_make_ready_ahead(struct arena *a)
{
	size_t from = a->chunks_ready, to = chunks_ready_next(a);
	int err;

	if (2 * a->chunks_open < from || to == from)
		return;
	pthread_mutex_unlock(&a->lock);
	err = chunks_make_ready(a, from, to);
	pthread_mutex_lock(&a->lock);
	if (err == 0 && a->chunks_ready < to)
		a->chunks_ready = to;
}

/* With the lock, which is let go meanwhile. False: no more chunks. */
static bool chunk_open_ahead(struct arena *a)
{
	long chunk;

	chunks_make_ready_ahead(a);
	chunk = chunk_claim(a);
	if (chunk < 0)
		return false;
	pthread_mutex_unlock(&a->lock);
	chunk_populate(chunk_at(a, (size_t)chunk));
	pthread_mutex_lock(&a->lock);
	chunk_open(a, (size_t)chunk);
	return true;
}

/* Give an idle chunk's memory back. With the lock, which is let go meanwhile. */
static void chunk_close(struct arena *a, size_t chunk)
{
	void *at = chunk_at(a, chunk);

	bit_clear(a->has[CLASS_PAGE], chunk);
	bit_clear(a->idle, chunk);
	bit_clear(a->hurried, chunk);
	a->chunks_open--;
	a->pages_free -= CHUNK_USABLE_PAGES;
	pthread_mutex_unlock(&a->lock);

	if (madvise(at, ARENA_CHUNK, MADV_DONTNEED) < 0)
		memset(at, 0, sizeof(struct chunk)); /* locked in memory: it stays */
	(void)madvise(at, ARENA_CHUNK, MADV_NOHUGEPAGE);

	pthread_mutex_lock(&a->lock);
	bit_set(a->closed, chunk);
}

/* Give back what the first chunk, idle now, does not keep. With the lock, let go meanwhile. */
static void first_chunk_trim(struct arena *a)
{
	struct chunk *c = chunk_at(a, 0);
	char *from = (char *)(void *)c + (size_t)PAGES_KEPT * ARENA_PAGE;
	size_t bytes;

	if (!(a->idle[0] & 1) || c->pages_touched <= PAGES_KEPT)
		return;
	bytes = (c->pages_touched - PAGES_KEPT) * (size_t)ARENA_PAGE;
	bit_clear(a->has[CLASS_PAGE], 0);
	pthread_mutex_unlock(&a->lock);

	(void)madvise(from, bytes,
	              MADV_DONTNEED); /* fails when locked in memory: it stays */

	pthread_mutex_lock(&a->lock);
	c->pages_touched = PAGES_KEPT;
	bit_set(a->has[CLASS_PAGE], 0);
}

/* The lowest idle chunk but the first one, or -1. */
static long chunk_to_close(const struct arena *a)
{
	uint64_t first = a->idle[0] & ~UINT64_C(1);

	return first ? __builtin_ctzll(first)
	             : bit_first_from(a->idle, 1, ARENA_MAP_WORDS);
}

/*
 * Chunks opened in a hurry get huge pages when the kernel finds the time. With the lock, let go
 * meanwhile: only this thread closes chunks.
 */
static void hurried_advise(struct arena *a)
{
	long chunk;

	while ((chunk = bit_first(a->hurried, ARENA_MAP_WORDS)) >= 0) {
		bit_clear(a->hurried, (size_t)chunk);
		pthread_mutex_unlock(&a->lock);
		(void)madvise(chunk_at(a, (size_t)chunk), ARENA_CHUNK, MADV_HUGEPAGE);
		pthread_mutex_lock(&a->lock);
	}
}

/*
 * Free pages to have ready until the next callback: half a chunk, and what the table will take
 * if it goes on to grow as since the last one. Each page that it has more by now was two for a
 * while, since a split leaf is freed only after a grace period; half as much is to spare.
 */
static size_t pages_wanted(struct arena *a)
{
	size_t grown =
		a->pages_used > a->pages_before ? a->pages_used - a->pages_before : 0;

	a->pages_before = a->pages_used;
	return a->pages_used < PAGES_SMALL ? 0 : PAGES_READY + 3 * grown;
}

/*
 * Have enough free pages ready, and not many more: with twice as much, idle chunks are closed.
 * Small tables get nothing ahead, empty ones keep nothing.
 */
static void arena_balance(struct arena *a)
{
	size_t ready = pages_wanted(a);
	long chunk;

	hurried_advise(a);
	chunks_make_ready_ahead(a);
	while (a->pages_free < ready && chunk_open_ahead(a))
		;
	while (a->pages_free >= 2 * ready + CHUNK_USABLE_PAGES &&
	       (chunk = chunk_to_close(a)) >= 0)
		chunk_close(a, (size_t)chunk);
	first_chunk_trim(a);
}

/* ---- pages and objects ------------------------------------------------------- */

/* A free page for objects of @class. Returns its chunk, or -1. */
static long page_take(struct arena *a, unsigned int class)
{
	struct chunk *c;
	long chunk, page;

	chunk = bit_first(a->has[CLASS_PAGE], ARENA_MAP_WORDS);
	if (chunk < 0) {
		if (chunk_open_hurriedly(a) < 0)
			return -1;
		chunk = bit_first(a->has[CLASS_PAGE], ARENA_MAP_WORDS);
	}
	c = chunk_at(a, (size_t)chunk);
	page = bit_first(c->avail[CLASS_PAGE], ARENA_CHUNK_WORDS);
	if (class != CLASS_PAGE) {
		chunk_avail_clear(a, (size_t)chunk, CLASS_PAGE, (size_t)page);
		chunk_avail_set(a, (size_t)chunk, class, (size_t)page);
	}
	if (c->pages_used++ == 0)
		bit_clear(a->idle, (size_t)chunk);
	if (c->pages_touched <= (uint32_t)page)
		c->pages_touched = (uint32_t)page + 1;
	a->pages_used++;
	a->pages_free--;
	return chunk;
}

static void page_give(struct arena *a, size_t chunk, unsigned int class, size_t page)
{
	struct chunk *c = chunk_at(a, chunk);

	chunk_avail_clear(a, chunk, class, page);
	chunk_avail_set(a, chunk, CLASS_PAGE, page);
	a->pages_used--;
	a->pages_free++;
	if (--c->pages_used == 0)
		bit_set(a->idle, chunk);
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

/* With the lock held. */
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

/* Keep a place for one more object. Both lists have one size: they are exchanged. */
static int limbo_keep_place(struct arena *a)
{
	size_t size = a->limbo[0].size;

	if (a->limbo[0].length + a->objects < size) {
		a->objects++;
		return 0;
	}
	size = size ? 2 * size : LIMBO_LEAST;
	if (limbo_resize(&a->limbo[1], size) < 0 || limbo_resize(&a->limbo[0], size) < 0)
		return -ENOMEM;
	a->objects++;
	return 0;
}

/* Longer lists before they are full, outside the lock. With it, let go meanwhile. Only this
 * thread takes from the second list, and nobody fills it while this thread runs. */
static void limbo_grow_ahead(struct arena *a)
{
	size_t size = a->limbo[0].size;
	struct limbo longer[2] = { 0 };
	bool good;

	if (a->limbo[0].length + a->objects <= size / 2)
		return;
	pthread_mutex_unlock(&a->lock);
	good = limbo_resize(&longer[0], 2 * size) == 0 &&
	       limbo_resize(&longer[1], 2 * size) == 0;
	pthread_mutex_lock(&a->lock);
	for (int i = 0; i < 2 && good && a->limbo[0].size == size; i++) {
		uint32_t *shorter = a->limbo[i].refs;

		memcpy(longer[i].refs, shorter, a->limbo[i].length * sizeof(*shorter));
		a->limbo[i].refs = longer[i].refs;
		longer[i].refs = shorter;
	}
	if (good && a->limbo[0].size == size)
		a->limbo[0].size = a->limbo[1].size = 2 * size;
	pthread_mutex_unlock(&a->lock);
	free(longer[0].refs);
	free(longer[1].refs);
	pthread_mutex_lock(&a->lock);
}

/* What has been collected waits from now on: somebody must begin the grace period. With the
 * lock. */
static void limbo_wait(struct arena *a)
{
	struct limbo collected = a->limbo[0];

	a->limbo[0] = a->limbo[1];
	a->limbo[1] = collected;
	a->deferred = true;
}

/* Nothing is there that could be retired: the lists go to the caller, to be freed. With the
 * lock. */
static void limbo_clear(struct arena *a, struct limbo cleared[2])
{
	if (a->deferred || a->objects > 0)
		return;
	memcpy(cleared, a->limbo, sizeof(a->limbo));
	memset(a->limbo, 0, sizeof(a->limbo));
}

/* The callback: a grace period has passed for all in limbo[1]. */
static void limbo_free(struct rcu_head *head)
{
	struct arena *a = base_container_of(head, struct arena, head);
	struct limbo *l = &a->limbo[1], cleared[2] = { 0 };
	bool more;

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
	arena_balance(a);
	limbo_grow_ahead(a);
	a->deferred = false;
	if (a->limbo[0].length > 0)
		limbo_wait(a);
	limbo_clear(a, cleared);
	more = a->deferred;
	pthread_mutex_unlock(&a->lock);
	free(cleared[0].refs);
	free(cleared[1].refs);
	if (more)
		arena_grace_begin(a);
}

void arena_grace_begin(struct arena *a)
{
	rcu_defer(&a->head, limbo_free);
}

/* ---- objects ----------------------------------------------------------------- */

static bool arena_permitted(const struct arena *a, size_t bytes)
{
	return !a->permit || a->permit(a->ctx, bytes);
}

uint32_t arena_alloc(struct arena *a, unsigned int class, uint32_t node)
{
	uint32_t ref = REF_NONE;

	if (!arena_permitted(a, (size_t)ARENA_GRANULE << class))
		return REF_NONE;
	pthread_mutex_lock(&a->lock);
	if (limbo_keep_place(a) == 0) {
		ref = object_take(a, class, node);
		a->objects -= ref == REF_NONE;
	}
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
	a->objects--;
	pthread_mutex_unlock(&a->lock);
}

bool arena_retire(struct arena *a, uint32_t ref)
{
	struct limbo *l = &a->limbo[0];
	bool begin;

	if (ref == REF_NONE)
		return false;
	pthread_mutex_lock(&a->lock);
	assert(a->objects > 0 && l->length < l->size);
	a->objects--;
	l->refs[l->length++] = ref;
	l->bytes += arena_object_bytes(ref);
	begin = !a->deferred;
	if (begin)
		limbo_wait(a);
	pthread_mutex_unlock(&a->lock);
	return begin;
}

/* ---- life -------------------------------------------------------------------- */

int arena_init(struct arena *a, bool (*permit)(void *ctx, size_t bytes), void *ctx)
{
	size_t size = (ARENA_CHUNKS + 1) * ARENA_CHUNK;
	uintptr_t start;

	memset(a, 0, sizeof(*a));
	a->permit = permit;
	a->ctx = ctx;
	a->map = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	              -1, 0);
	if (a->map == MAP_FAILED)
		return -ENOMEM;
	a->map_size = size;
	start = (uintptr_t)a->map;
	a->base = (char *)a->map + (-start & (ARENA_CHUNK - 1));
	(void)madvise(a->base, ARENA_CHUNKS * ARENA_CHUNK, MADV_NOHUGEPAGE);
	if (chunks_make_ready(a, 0, CHUNKS_READY_LEAST) < 0) {
		munmap(a->map, a->map_size);
		return -ENOMEM;
	}
	a->chunks_ready = CHUNKS_READY_LEAST;
	pthread_mutex_init(&a->lock, NULL);
	for (size_t i = 1; i < ARENA_CHUNKS; i++)
		bit_set(a->closed, i);
	pages_populate(a->base, PAGES_KEPT * ARENA_PAGE);
	chunk_open(a, 0);
	chunk_at(a, 0)->pages_touched = PAGES_KEPT;
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

void arena_stats(struct arena *a, struct arena_stats *stats)
{
	pthread_mutex_lock(&a->lock);
	stats->bytes = (a->pages_used + (a->chunks_open - 1) * CHUNK_RESERVED_PAGES) *
	               (size_t)ARENA_PAGE;
	stats->bytes_limbo = a->limbo[0].bytes + a->limbo[1].bytes;
	stats->bytes_held = a->chunks_open * ARENA_CHUNK;
	/* The first chunk has small pages: what was never touched costs nothing. */
	stats->bytes_held +=
		(size_t)chunk_at(a, 0)->pages_touched * ARENA_PAGE - ARENA_CHUNK;
	pthread_mutex_unlock(&a->lock);
}
