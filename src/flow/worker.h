/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * worker.h - what one thread has of the flow table
 *
 * The folder's own; lock.h shows it to path because entering a flow is inline.
 */
#ifndef FLOW_WORKER_H
#define FLOW_WORKER_H

#include "base/spin.h"
#include "flow/flow.h"
#include "flow/limbo.h"
#include "flow/table.h"

struct hashtrie;
struct flow_event;

/* The lists that a flow can be in, one at a time; they run from old to young. Those who have
 * reserved slots have lists of their own, so that others never meet their flows. */
enum flow_list {
	FLOW_LIST_UNCONFIRMED, /* order: birth */
	FLOW_LIST_UNASSURED,   /* confirmed; order: confirmation */
	FLOW_LIST_CLOSING,     /* assured, but its protocol says that it ends */
	FLOW_LIST_RESERVED,    /* from here on the same three, of those who have them */
	FLOW_LISTS = 2 * FLOW_LIST_RESERVED,
	FLOW_LIST_NONE = FLOW_LISTS, /* assured, or a free slot */
	FLOW_LIST_DEAD,              /* in none any more */
};

/** The list of that kind for flows that are @reserved, or not. */
static inline enum flow_list flow_list_of(enum flow_list kind, bool reserved)
{
	return reserved ? (enum flow_list)(kind + FLOW_LIST_RESERVED) : kind;
}

struct flow_list_head {
	_Atomic uint32_t first; /* slot; 0: empty. Others peek at it without the lock */
	uint32_t last;
};

/* Lists of one worker. Any thread may take the lock; mostly it is the worker alone. All zeros:
 * empty. */
struct flow_lists {
	struct spin lock;
	struct flow_list_head list[FLOW_LISTS];
} BASE_ALIGNED(BASE_CACHELINE);

/* Events on their way to control: one producer, one consumer. */
struct flow_ring {
	struct flow_event *slots; /* a power of two of them */
	uint32_t mask;
	_Atomic uint32_t head BASE_ALIGNED(BASE_CACHELINE); /* consumer */
	_Atomic uint32_t tail BASE_ALIGNED(BASE_CACHELINE); /* producer */
};

struct flow_worker {
	/* read by other threads that want a flow of ours: see lock.h */
	_Atomic(struct flow *) inside;
	bool locked;       /* entered through the lock */
	uint16_t owner_id; /* number + 1 */
	uint16_t number;
	struct flow_table *table;
	struct hashtrie *unconfirmed;
	uint32_t chunk; /* of the slab, where this worker allocates; see slab.c */
	_Atomic uint64_t counters[FLOW_COUNTERS]; /* written by this thread only */
	struct flow_lists lists;
	struct limbo limbo;
	struct flow_ring ring;
	uint32_t origin; /* of the events that it emits: event.h */
} BASE_ALIGNED(BASE_CACHELINE);

/** Add to one of this thread's own counters. */
static inline void flow_count_more(struct flow_worker *w, enum flow_counter c,
                                   uint64_t more)
{
	atomic_store_explicit(
		&w->counters[c],
		atomic_load_explicit(&w->counters[c], memory_order_relaxed) + more,
		memory_order_relaxed);
}

static inline void flow_count(struct flow_worker *w, enum flow_counter c)
{
	flow_count_more(w, c, 1);
}

#endif
