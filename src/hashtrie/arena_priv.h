/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arena_priv.h - memory for leaves and nodes, addressed by 32-bit references
 *
 * One range of address space per table, taken once and filled from below in
 * chunks of 2 MiB. A chunk is 512 pages of 4 KiB: two for its descriptor, the
 * others each one object of 4 KiB or several smaller objects of one class.
 *
 * Object classes are powers of two: class c has 2^c granules of 64 bytes, c = 0..6.
 * Objects are aligned to their size.
 *
 * A reference ("ref") names an object and says what it is:
 *
 *	 31                                4   3   2      0
 *	+-----------------------------------+-----+--------+
 *	|  granule: offset in units of 64 B | node| class  |
 *	+-----------------------------------+-----+--------+
 *
 *	node = 0: a leaf of 2^class lines
 *	node = 1: a node of 2^(4 + class) references
 *
 * Ref 0 is thus a leaf of one line at offset 0. That line exists, is always empty
 * and never written: "no leaf here" needs no test in the search.
 *
 * The lowest free place is always taken first. What is used therefore gathers at
 * the bottom, and chunks at the top fall empty and go back to the system.
 *
 * Huge pages. The kernel needs 100 to 300 us to clear one, too long for a packet to
 * wait. RCU's thread therefore keeps a chunk ready ahead of need, in a huge page
 * and already cleared. Who needs a chunk when none is ready opens one with small
 * pages, a microsecond each. How much is kept ready follows how fast the table grows.
 *
 * Threads. arena_at() may be called by anybody. All else locks the arena. An
 * object that readers may know of is given to arena_retire(), and is freed
 * after a grace period, in RCU's own thread. Who retires one may have to begin that
 * grace period, once it holds no lock: that can be a system call.
 */
#ifndef HASHTRIE_ARENA_PRIV_H
#define HASHTRIE_ARENA_PRIV_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "base/rcu.h"

#define ARENA_GRANULE     64
#define ARENA_CLASSES     7
#define ARENA_PAGE        4096
#define ARENA_CHUNK_PAGES 512
#define ARENA_CHUNK       ((size_t)ARENA_PAGE * ARENA_CHUNK_PAGES)
#define ARENA_CHUNK_WORDS (ARENA_CHUNK_PAGES / 64)
/*
 * 8 GiB of address space: two million leaves, 500 million entries at the usual
 * fill of 54 %. Costs nothing until used. 32-bit machines get 256 MiB.
 */
#define ARENA_CHUNKS     (sizeof(void *) == 8 ? 4096 : 128)
#define ARENA_CHUNKS_MAX 4096
#define ARENA_MAP_WORDS  (ARENA_CHUNKS_MAX / 64)

#define REF_NONE  0u
#define REF_CLASS 7u
#define REF_NODE  8u
#define REF_SHIFT 4

/** Retired objects, waiting for the end of a grace period. */
struct limbo {
	uint32_t *refs;
	size_t length, size; /* in elements */
	size_t bytes;
};

struct arena {
	char *base;
	bool (*permit)(void *ctx,
	               size_t bytes); /* asked before anything is taken; or NULL */
	void *ctx;
	void *map; /* as mmap() gave it: base is aligned inside */
	size_t map_size;

	pthread_mutex_t lock; /* everything below */
	size_t chunks_ready;  /* chunks [0, this) may be touched */
	/* Chunk maps. A chunk is closed, idle, in use, or changing hands. */
	uint64_t closed[ARENA_MAP_WORDS];  /* owns no memory */
	uint64_t idle[ARENA_MAP_WORDS];    /* open, but all its pages are free */
	uint64_t hurried[ARENA_MAP_WORDS]; /* open, with small pages, not yet advised */
	/* has[c]: chunks with room for an object of class c in a page of that class;
	 * has[ARENA_CLASSES - 1], the class of whole pages: chunks with a free page */
	uint64_t has[ARENA_CLASSES][ARENA_MAP_WORDS];
	size_t chunks_open;
	size_t pages_used;
	size_t pages_before; /* .pages_used at the last callback */
	size_t pages_free;   /* of open chunks */

	struct limbo limbo[2]; /* [0] collects, [1] waits for the callback */
	bool deferred;         /* a callback is under way, or about to be */
	size_t objects; /* neither free nor in limbo: each has a place kept there */
	struct rcu_head head;
};

/** @permit(@ctx, bytes) is asked before memory is taken; NULL: always granted. */
int arena_init(struct arena *a, bool (*permit)(void *ctx, size_t bytes), void *ctx);

/** Free everything. No thread may use the arena; waits for pending callbacks. */
void arena_fini(struct arena *a);

/**
 * A zeroed object of this class; @node is 0 or REF_NODE. Its place in limbo is taken
 * with it, so that its retirement cannot fail. REF_NONE: no memory.
 */
uint32_t arena_alloc(struct arena *a, unsigned int class, uint32_t node);

/** Free an object that no reader can know of. REF_NONE is allowed. */
void arena_free(struct arena *a, uint32_t ref);

/**
 * Free a published object, by now unlinked, after a grace period. REF_NONE is allowed. True: the
 * caller must call arena_grace_begin() as soon as it has let go all locks; until then nothing
 * that was retired is freed.
 */
bool arena_retire(struct arena *a, uint32_t ref) BASE_MUST_CHECK;

/** Once for each arena_retire() that was true. */
void arena_grace_begin(struct arena *a);

/** What every arena has: the descriptor of its first chunk. */
#define ARENA_FIXED_BYTES ((size_t)2 * ARENA_PAGE)

struct arena_stats {
	size_t bytes; /* in use beyond that, limbo included */
	size_t bytes_held;
	size_t bytes_limbo;
};

void arena_stats(struct arena *a, struct arena_stats *stats);

static inline void *arena_at(const struct arena *a, uint32_t ref)
{
	return a->base + (size_t)(ref >> REF_SHIFT) * ARENA_GRANULE;
}

static inline size_t arena_object_bytes(uint32_t ref)
{
	return (size_t)ARENA_GRANULE << (ref & REF_CLASS);
}

#endif
