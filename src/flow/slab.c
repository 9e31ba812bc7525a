/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slab.c - slots for flows
 *
 * A chunk is in one of these states; `owned` ones belong to an allocating thread:
 *
 *            first use            no slot left
 *   fresh ───────────▶ owned ──────────────────▶ full
 *     ▲                  ▲                         │ a slot is freed
 *     │ pages given back │ its thread's chunk      ▼
 *   empty ◀───────────── └───────────────────── partial
 *          last slot freed        ran full
 *
 * Fresh and empty chunks are the same to the allocator. Partial and empty ones stand in a
 * stack each. Locks: a chunk's lock guards its free list and its state; the stacks' lock
 * is taken inside it or alone. Giving pages back (a system call) happens outside both,
 * while the chunk is in no stack.
 */
#include "flow/slab.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

enum chunk_state { CHUNK_EMPTY, CHUNK_OWNED, CHUNK_PARTIAL, CHUNK_FULL };

struct chunk {
	pthread_spinlock_t lock;
	uint32_t free; /* first freed slot; 0: none */
	uint32_t next,
		prev;   /* neighbours in its stack; 0: none. Under the stacks' lock */
	bool stacked;   /* under the stacks' lock */
	uint16_t used;  /* slots given out */
	uint16_t fresh; /* slots never given out since the pages are new: the last ones */
	uint8_t state;  /* enum chunk_state */
};

struct slab {
	char *map; /* a page, then the slots from number 1 on: chunks are whole pages */
	struct flow *slots;   /* number 0 would stand in the first page; it is not used */
	struct chunk *chunks; /* number 0 is unused: chunk c has the slots from (c - 1) *
	                         SLAB_CHUNK + 1 */
	uint32_t chunks_length;
	pthread_spinlock_t lock; /* of the stacks */
	uint32_t partial, empty; /* tops */
	_Atomic uint32_t fresh;  /* first chunk that was never used */
	_Atomic uint32_t used_chunks, used_slots;
};

#define SLAB_PAGE 4096

_Static_assert(sizeof(struct flow) * SLAB_CHUNK % SLAB_PAGE == 0,
               "chunks are whole pages");
_Static_assert(sizeof(struct flow) <= SLAB_PAGE, "slot 0 fits the first page");

static size_t slab_map_bytes(const struct slab *s)
{
	return SLAB_PAGE + (size_t)s->chunks_length * SLAB_CHUNK * sizeof(struct flow);
}

static int slab_chunks_init(struct slab *s)
{
	uint32_t c;

	s->chunks = calloc((size_t)s->chunks_length + 1, sizeof(*s->chunks));
	if (!s->chunks)
		return -1;
	for (c = 1; c <= s->chunks_length; c++) {
		pthread_spin_init(&s->chunks[c].lock, PTHREAD_PROCESS_PRIVATE);
		s->chunks[c].fresh = SLAB_CHUNK;
	}
	return 0;
}

struct slab *slab_new(uint32_t slots)
{
	struct slab *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->chunks_length = (slots + SLAB_CHUNK - 1) / SLAB_CHUNK;
	if (slab_chunks_init(s) < 0)
		goto free_slab;
	s->map = mmap(NULL, slab_map_bytes(s), PROT_READ | PROT_WRITE,
	              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s->map == MAP_FAILED)
		goto free_chunks;
	s->slots = (struct flow *)(void *)(s->map + SLAB_PAGE) - 1;
	pthread_spin_init(&s->lock, PTHREAD_PROCESS_PRIVATE);
	atomic_init(&s->fresh, 1);
	return s;

free_chunks:
	free(s->chunks);
free_slab:
	free(s);
	return NULL;
}

void slab_destroy(struct slab *s)
{
	assert(atomic_load(&s->used_slots) == 0);
	munmap(s->map, slab_map_bytes(s));
	free(s->chunks);
	free(s);
}

/* ---- stacks of chunks ------------------------------------------------------------ */

static void stack_push(struct slab *s, uint32_t *top, uint32_t c)
{
	struct chunk *chunk = &s->chunks[c];

	pthread_spin_lock(&s->lock);
	chunk->next = *top;
	chunk->prev = 0;
	chunk->stacked = true;
	if (*top)
		s->chunks[*top].prev = c;
	*top = c;
	pthread_spin_unlock(&s->lock);
}

static void stack_unlink(struct slab *s, uint32_t *top, struct chunk *chunk)
{
	if (chunk->prev)
		s->chunks[chunk->prev].next = chunk->next;
	else
		*top = chunk->next;
	if (chunk->next)
		s->chunks[chunk->next].prev = chunk->prev;
	chunk->stacked = false;
}

static uint32_t stack_pop(struct slab *s, uint32_t *top)
{
	uint32_t c;

	pthread_spin_lock(&s->lock);
	c = *top;
	if (c)
		stack_unlink(s, top, &s->chunks[c]);
	pthread_spin_unlock(&s->lock);
	return c;
}

/* False: somebody has popped it. */
static bool stack_remove(struct slab *s, uint32_t *top, uint32_t c)
{
	struct chunk *chunk = &s->chunks[c];
	bool stacked;

	pthread_spin_lock(&s->lock);
	stacked = chunk->stacked;
	if (stacked)
		stack_unlink(s, top, chunk);
	pthread_spin_unlock(&s->lock);
	return stacked;
}

/* ---- allocating -------------------------------------------------------------------- */

static uint32_t chunk_first_slot(uint32_t c)
{
	return (c - 1) * SLAB_CHUNK + 1;
}

static uint32_t chunk_of_slot(uint32_t index)
{
	return (index - 1) / SLAB_CHUNK + 1;
}

static uint32_t slab_fresh_chunk(struct slab *s)
{
	uint32_t c = atomic_load_explicit(&s->fresh, memory_order_relaxed);

	while (c <= s->chunks_length)
		if (atomic_compare_exchange_weak(&s->fresh, &c, c + 1))
			return c;
	return 0;
}

/* A chunk for a thread whose own is full: a partial one, an empty one, a fresh one. */
static uint32_t slab_take_chunk(struct slab *s)
{
	struct chunk *chunk;
	uint32_t c = stack_pop(s, &s->partial);

	if (!c) {
		c = stack_pop(s, &s->empty);
		if (!c)
			c = slab_fresh_chunk(s);
		if (c)
			atomic_fetch_add(&s->used_chunks, 1);
	}
	if (!c)
		return 0;
	chunk = &s->chunks[c];
	pthread_spin_lock(&chunk->lock);
	chunk->state = CHUNK_OWNED;
	pthread_spin_unlock(&chunk->lock);
	return c;
}

/* 0: the chunk is full, and no longer its thread's. */
static uint32_t chunk_take_slot(struct slab *s, uint32_t c)
{
	struct chunk *chunk = &s->chunks[c];
	uint32_t index = 0;

	pthread_spin_lock(&chunk->lock);
	if (chunk->free) {
		index = chunk->free;
		chunk->free = s->slots[index].next_free;
	} else if (chunk->fresh) {
		index = chunk_first_slot(c) + SLAB_CHUNK - chunk->fresh--;
	} else {
		chunk->state = CHUNK_FULL;
	}
	chunk->used += index != 0;
	pthread_spin_unlock(&chunk->lock);
	return index;
}

struct flow *slab_alloc(struct slab *s, uint32_t *chunk)
{
	uint32_t index;

	for (;;) {
		if (!*chunk) {
			*chunk = slab_take_chunk(s);
			if (!*chunk)
				return NULL;
		}
		index = chunk_take_slot(s, *chunk);
		if (index) {
			atomic_fetch_add_explicit(&s->used_slots, 1,
			                          memory_order_relaxed);
			return &s->slots[index];
		}
		*chunk = 0;
	}
}

/* ---- freeing ------------------------------------------------------------------- */

/* The chunk is in no stack and nobody's: its pages can go. */
static void chunk_give_back(struct slab *s, uint32_t c)
{
	struct chunk *chunk = &s->chunks[c];

	madvise(&s->slots[chunk_first_slot(c)], SLAB_CHUNK * sizeof(struct flow),
	        MADV_DONTNEED);
	chunk->free = 0;
	chunk->fresh = SLAB_CHUNK;
	atomic_fetch_sub(&s->used_chunks, 1);
	stack_push(s, &s->empty, c);
}

void slab_free(struct slab *s, struct flow *f)
{
	uint32_t index = slab_index(s, f), c = chunk_of_slot(index);
	struct chunk *chunk = &s->chunks[c];
	bool empty = false;

	pthread_spin_lock(&chunk->lock);
	assert(chunk->used > 0);
	f->next_free = chunk->free;
	chunk->free = index;
	chunk->used--;
	if (chunk->state == CHUNK_FULL) {
		chunk->state = CHUNK_PARTIAL;
		stack_push(s, &s->partial, c);
	}
	/* A thread may have popped it and be about to own it: then it stays. */
	if (chunk->used == 0 && chunk->state == CHUNK_PARTIAL &&
	    stack_remove(s, &s->partial, c)) {
		chunk->state = CHUNK_EMPTY;
		empty = true;
	}
	pthread_spin_unlock(&chunk->lock);
	atomic_fetch_sub_explicit(&s->used_slots, 1, memory_order_relaxed);
	if (empty)
		chunk_give_back(s, c);
}

/* ---- numbers ------------------------------------------------------------------- */

struct flow *slab_slot(const struct slab *s, uint32_t index)
{
	return &s->slots[index];
}

uint32_t slab_index(const struct slab *s, const struct flow *f)
{
	return (uint32_t)(f - s->slots);
}

uint32_t slab_slots(const struct slab *s)
{
	return s->chunks_length * SLAB_CHUNK;
}

uint32_t slab_high_water(const struct slab *s)
{
	uint32_t fresh = atomic_load_explicit(&s->fresh, memory_order_relaxed);

	return (fresh - 1) * SLAB_CHUNK;
}

uint32_t slab_used(const struct slab *s)
{
	return atomic_load_explicit(&s->used_slots, memory_order_relaxed);
}

size_t slab_bytes(const struct slab *s)
{
	return (size_t)atomic_load_explicit(&s->used_chunks, memory_order_relaxed) *
	       SLAB_CHUNK * sizeof(struct flow);
}
