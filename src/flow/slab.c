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
 * Fresh chunks and empty ones without pages are the same to the allocator. Partial ones, empty
 * ones that have kept their pages, and empty ones without stand in a stack each. Locks: a chunk's
 * lock guards its free list and its state; the stacks' lock is taken inside it or alone. Giving
 * pages back (a system call) happens outside both, while the chunk is in no stack.
 *
 * Keeping. In a flood as many slots are taken as are freed, but a grace period's worth at a time:
 * chunks fall empty that are needed again some milliseconds later, and each would cost a system
 * call and 48 page faults, half of the time that a flow takes. So the first SLAB_KEPT_MAX of them
 * keep their pages. slab_trim() takes those away that nobody needed since it was called before:
 * the least number that were there in between.
 *
 * Groups. Who empties the last chunk of a group takes all of them out of the stack, so that no
 * thread can allocate there, gives the pages of the arrays back, and returns the chunks. While a
 * group has chunks that were never used it keeps its pages: those are in no stack, and may be
 * taken at any time.
 */
#include "flow/slab.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/spin.h"

enum chunk_state { CHUNK_EMPTY, CHUNK_OWNED, CHUNK_PARTIAL, CHUNK_FULL };

struct chunk {
	struct spin lock;
	uint32_t free; /* first freed slot; 0: none */
	uint32_t next,
		prev;   /* neighbours in its stack; 0: none. Under the stacks' lock */
	bool stacked;   /* under the stacks' lock */
	uint16_t used;  /* slots given out */
	uint16_t fresh; /* slots never given out since the pages are new: the last ones */
	uint8_t state;  /* enum chunk_state */
};

/* An array beside the slots: as these, a page and then the elements from number 1 on. */
struct array {
	char *map;   /* NULL: none */
	size_t size; /* of an element */
};

struct slab {
	char *map; /* a page, then the slots from number 1 on: chunks are whole pages */
	struct flow *slots;   /* number 0 would stand in the first page; it is not used */
	struct chunk *chunks; /* number 0 is unused: chunk c has the slots from (c - 1) *
	                         SLAB_CHUNK + 1 */
	uint32_t chunks_length;
	struct spin lock;                 /* of the stacks */
	uint32_t partial, kept, empty;    /* tops */
	uint32_t kept_length, kept_least; /* in that stack; and since the last trim */
	uint8_t *group_empty; /* for each group: its chunks in the stack of empty ones */
	struct array arrays[SLAB_ARRAYS];
	_Atomic uint32_t fresh; /* first chunk that was never used */
	_Atomic uint32_t used_chunks, used_slots;
};

#define SLAB_PAGE   4096
#define GROUP_SLOTS (SLAB_CHUNK * SLAB_GROUP)

_Static_assert(sizeof(struct flow) * SLAB_CHUNK % SLAB_PAGE == 0,
               "chunks are whole pages");
_Static_assert(sizeof(struct flow) <= SLAB_PAGE, "slot 0 fits the first page");

_Static_assert(GROUP_SLOTS % SLAB_PAGE == 0, "groups are whole pages of bytes");

static size_t slab_map_bytes(const struct slab *s, size_t size)
{
	return SLAB_PAGE + (size_t)s->chunks_length * SLAB_CHUNK * size;
}

static uint32_t group_of_chunk(uint32_t c)
{
	return (c - 1) / SLAB_GROUP;
}

/* Memory for one element of @size bytes for each slot; it gets pages when it is used. None are
 * huge: they would bring back the chunks beside. */
static char *slab_map(const struct slab *s, size_t size)
{
	size_t bytes = slab_map_bytes(s, size);
	char *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return NULL;
	(void)madvise(map, bytes, MADV_NOHUGEPAGE);
	return map;
}

/* Element number 0 of such memory: where it would be. Number 1 begins a page. */
static char *map_element(char *map, size_t size)
{
	return map + SLAB_PAGE - size;
}

static int slab_chunks_init(struct slab *s)
{
	uint32_t c;

	s->chunks = calloc((size_t)s->chunks_length + 1, sizeof(*s->chunks));
	s->group_empty = calloc(s->chunks_length / SLAB_GROUP, 1);
	if (!s->chunks || !s->group_empty)
		return -1;
	for (c = 1; c <= s->chunks_length; c++)
		s->chunks[c].fresh = SLAB_CHUNK;
	return 0;
}

struct slab *slab_new(uint32_t slots)
{
	struct slab *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->chunks_length = (slots + GROUP_SLOTS - 1) / GROUP_SLOTS * SLAB_GROUP;
	if (slab_chunks_init(s) < 0)
		goto free_chunks;
	s->map = slab_map(s, sizeof(struct flow));
	if (!s->map)
		goto free_chunks;
	s->slots = (struct flow *)(void *)map_element(s->map, sizeof(struct flow));
	atomic_init(&s->fresh, 1);
	return s;

free_chunks:
	free(s->group_empty);
	free(s->chunks);
	free(s);
	return NULL;
}

void *slab_array(struct slab *s, size_t size)
{
	struct array *a = s->arrays;

	assert(size <= sizeof(uint64_t) && !s->arrays[SLAB_ARRAYS - 1].map);
	while (a->map)
		a++;
	a->map = slab_map(s, size);
	if (!a->map)
		return NULL;
	a->size = size;
	return map_element(a->map, size);
}

void slab_destroy(struct slab *s)
{
	unsigned int i;

	assert(atomic_load(&s->used_slots) == 0);
	for (i = 0; i < SLAB_ARRAYS && s->arrays[i].map; i++)
		munmap(s->arrays[i].map, slab_map_bytes(s, s->arrays[i].size));
	munmap(s->map, slab_map_bytes(s, sizeof(struct flow)));
	free(s->group_empty);
	free(s->chunks);
	free(s);
}

/* ---- stacks of chunks ------------------------------------------------------------ */

/* The next five with the stacks' lock. */
static void stack_link(struct slab *s, uint32_t *top, uint32_t c)
{
	struct chunk *chunk = &s->chunks[c];

	chunk->next = *top;
	chunk->prev = 0;
	chunk->stacked = true;
	if (*top)
		s->chunks[*top].prev = c;
	*top = c;
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
	uint32_t c = *top;

	if (c)
		stack_unlink(s, top, &s->chunks[c]);
	return c;
}

static void group_link(struct slab *s, uint32_t group)
{
	uint32_t c;

	for (c = 1; c <= SLAB_GROUP; c++)
		stack_link(s, &s->empty, group * SLAB_GROUP + c);
	s->group_empty[group] = SLAB_GROUP;
}

static void group_unlink(struct slab *s, uint32_t group)
{
	uint32_t c;

	for (c = 1; c <= SLAB_GROUP; c++)
		stack_unlink(s, &s->empty, &s->chunks[group * SLAB_GROUP + c]);
	s->group_empty[group] = 0;
}

static void partial_push(struct slab *s, uint32_t c)
{
	spin_lock(&s->lock);
	stack_link(s, &s->partial, c);
	spin_unlock(&s->lock);
}

/* False: somebody has popped it. */
static bool partial_remove(struct slab *s, uint32_t c)
{
	struct chunk *chunk = &s->chunks[c];
	bool stacked;

	spin_lock(&s->lock);
	stacked = chunk->stacked;
	if (stacked)
		stack_unlink(s, &s->partial, chunk);
	spin_unlock(&s->lock);
	return stacked;
}

static uint32_t partial_pop(struct slab *s)
{
	uint32_t c;

	spin_lock(&s->lock);
	c = stack_pop(s, &s->partial);
	spin_unlock(&s->lock);
	return c;
}

/* True: its whole group was empty, and is in the caller's hands now. */
static bool empty_push(struct slab *s, uint32_t c)
{
	uint32_t group = group_of_chunk(c);
	bool whole;

	spin_lock(&s->lock);
	stack_link(s, &s->empty, c);
	whole = ++s->group_empty[group] == SLAB_GROUP;
	if (whole)
		group_unlink(s, group);
	spin_unlock(&s->lock);
	return whole;
}

/* False: enough are kept. */
static bool kept_push(struct slab *s, uint32_t c)
{
	bool room;

	spin_lock(&s->lock);
	room = s->kept_length < SLAB_KEPT_MAX;
	if (room) {
		stack_link(s, &s->kept, c);
		s->kept_length++;
	}
	spin_unlock(&s->lock);
	return room;
}

static uint32_t kept_pop(struct slab *s)
{
	uint32_t c;

	spin_lock(&s->lock);
	c = stack_pop(s, &s->kept);
	s->kept_length -= c != 0;
	if (s->kept_length < s->kept_least)
		s->kept_least = s->kept_length;
	spin_unlock(&s->lock);
	return c;
}

static uint32_t empty_pop(struct slab *s)
{
	uint32_t c;

	spin_lock(&s->lock);
	c = stack_pop(s, &s->empty);
	if (c)
		s->group_empty[group_of_chunk(c)]--;
	spin_unlock(&s->lock);
	return c;
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

/* One that gets its pages now. */
static uint32_t slab_take_without_pages(struct slab *s)
{
	uint32_t c = empty_pop(s);

	if (!c)
		c = slab_fresh_chunk(s);
	if (c)
		atomic_fetch_add(&s->used_chunks, 1);
	return c;
}

/* A chunk for a thread whose own is full: a partial one, an empty one, a fresh one. */
static uint32_t slab_take_chunk(struct slab *s)
{
	struct chunk *chunk;
	uint32_t c = partial_pop(s);

	if (!c)
		c = kept_pop(s);
	if (!c)
		c = slab_take_without_pages(s);
	if (!c)
		return 0;
	chunk = &s->chunks[c];
	spin_lock(&chunk->lock);
	chunk->state = CHUNK_OWNED;
	spin_unlock(&chunk->lock);
	return c;
}

/* 0: the chunk is full, and no longer its thread's. */
static uint32_t chunk_take_slot(struct slab *s, uint32_t c)
{
	struct chunk *chunk = &s->chunks[c];
	uint32_t index = 0;

	spin_lock(&chunk->lock);
	if (chunk->free) {
		index = chunk->free;
		chunk->free = s->slots[index].next_free;
	} else if (chunk->fresh) {
		index = chunk_first_slot(c) + SLAB_CHUNK - chunk->fresh--;
	} else {
		chunk->state = CHUNK_FULL;
	}
	chunk->used += index != 0;
	spin_unlock(&chunk->lock);
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

/* No chunk of the group is in a stack or anybody's: its part of the arrays can go. */
static void group_give_back(struct slab *s, uint32_t group)
{
	const struct array *a;

	for (a = s->arrays; a < s->arrays + SLAB_ARRAYS && a->map; a++)
		madvise(a->map + SLAB_PAGE + (size_t)group * GROUP_SLOTS * a->size,
		        GROUP_SLOTS * a->size, MADV_DONTNEED);
	spin_lock(&s->lock);
	group_link(s, group);
	spin_unlock(&s->lock);
}

/* The chunk is in no stack and nobody's: its pages can go. */
static void chunk_give_back(struct slab *s, uint32_t c)
{
	struct chunk *chunk = &s->chunks[c];

	madvise(&s->slots[chunk_first_slot(c)], SLAB_CHUNK * sizeof(struct flow),
	        MADV_DONTNEED);
	chunk->free = 0;
	chunk->fresh = SLAB_CHUNK;
	atomic_fetch_sub(&s->used_chunks, 1);
	if (empty_push(s, c))
		group_give_back(s, group_of_chunk(c));
}

void slab_free(struct slab *s, struct flow *f)
{
	uint32_t index = slab_index(s, f), c = chunk_of_slot(index);
	struct chunk *chunk = &s->chunks[c];
	bool empty = false;

	spin_lock(&chunk->lock);
	assert(chunk->used > 0);
	f->next_free = chunk->free;
	chunk->free = index;
	chunk->used--;
	if (chunk->state == CHUNK_FULL) {
		chunk->state = CHUNK_PARTIAL;
		partial_push(s, c);
	}
	/* A thread may have popped it and be about to own it: then it stays. */
	if (chunk->used == 0 && chunk->state == CHUNK_PARTIAL && partial_remove(s, c)) {
		chunk->state = CHUNK_EMPTY;
		empty = true;
	}
	spin_unlock(&chunk->lock);
	atomic_fetch_sub_explicit(&s->used_slots, 1, memory_order_relaxed);
	if (empty && !kept_push(s, c))
		chunk_give_back(s, c);
}

void slab_trim(struct slab *s)
{
	uint32_t n, c;

	spin_lock(&s->lock);
	n = s->kept_least;
	spin_unlock(&s->lock);
	while (n-- && (c = kept_pop(s)) != 0)
		chunk_give_back(s, c);
	spin_lock(&s->lock);
	s->kept_least = s->kept_length;
	spin_unlock(&s->lock);
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
