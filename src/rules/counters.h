/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counters.h - by which workers count what rules do
 *
 * Every rule and every policy has an index, and every worker has a counter for every
 * index; so a counter has one writer, and two rules of one worker may share a cache line.
 * Counters are in chunks that never move, so that a worker needs no lock while the
 * control thread makes room for more:
 *
 *     worker 0:  chunk ──▶ [counter 0 … 4095]   chunk ──▶ [4096 … 8191]   NULL …
 *     worker 1:  chunk ──▶ [counter 0 … 4095]   chunk ──▶ [4096 … 8191]   NULL …
 *
 * An index is taken (any thread) → put in force by a generation → retired when a later
 * one lacks its rule → freed when nobody can use it any more (a grace period later). A
 * counter carries the generation from which on it is in force; a worker adds to it on
 * behalf of a generation only if that is not older. This is what makes (generation,
 * index) name one rule for ever, though indexes are used again.
 */
#ifndef RULES_COUNTERS_H
#define RULES_COUNTERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "ctlink/memory.h"
#include "rules/log.h"

#define COUNTERS_CHUNK  4096
#define COUNTERS_CHUNKS 1024 /* 4 million: four generations of RULES_MAX at once */
/** The generation from which on a counter that nobody uses is in force. */
#define COUNTERS_RETIRED UINT32_MAX

struct rules_counter {
	_Atomic uint64_t hits, packets, bytes;
	_Atomic uint32_t last; /* second of the last hit, plus 1; 0: never */
	_Atomic uint32_t born; /* generation from which on it is in force */
};

_Static_assert(sizeof(struct rules_counter) == 32, "two in a cache line");

struct rules_worker {
	uint16_t number;
	struct rules_counter
		*chunks[COUNTERS_CHUNKS]; /* set before an index of it is used */
	struct rules_log log;
	struct rules_log updates; /* of sets */
};

struct counters {
	struct rules_worker *workers;
	uint16_t n_workers;
	const struct ctlink_memory *memory;
	pthread_mutex_t lock; /* of what follows: rules are freed by liburcu's thread */
	uint32_t chunks;
	uint32_t *free; /* indexes; room for all */
	uint32_t n_free;
};

/* The sums over all workers. */
struct counters_sum {
	uint64_t hits, packets, bytes;
	uint32_t last; /* as above */
};

/** 0 or -ENOMEM. */
int counters_init(struct counters *c, uint16_t workers,
                  const struct ctlink_memory *memory);
void counters_fini(struct counters *c);

/** Take an index; its counters are zero and retired. 0, -ENOMEM, or -ENOSPC (all are in
 * use). */
int counters_take(struct counters *c, uint32_t *index);

/** Give it back: nobody counts by it any more. */
void counters_free(struct counters *c, uint32_t index);

/** From which generation on @index is in force; COUNTERS_RETIRED: no more. */
void counters_born_set(struct counters *c, uint32_t index, uint32_t generation);
uint32_t counters_born(const struct counters *c, uint32_t index);

void counters_read(const struct counters *c, uint32_t index, struct counters_sum *sum);

static inline struct rules_counter *counters_at(const struct rules_worker *w,
                                                uint32_t index)
{
	return &w->chunks[index / COUNTERS_CHUNK][index % COUNTERS_CHUNK];
}

/** Add to what this thread alone writes. */
static inline void counters_add(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, old + n, memory_order_relaxed);
}

#endif
