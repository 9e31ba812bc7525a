/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limbo.h - dead flows on their way back to the slab
 *
 * Each thread gathers the flows that it has killed. One grace period at a time is under way
 * for each thread; when it is over, all flows that were gathered before it began are ready:
 * the table's reference to them can be put.
 *
 *      killed ─▶ gathering ─▶ waiting ─▶ ready ─▶ put
 *                     rcu_defer()   callback   callback, and the thread itself
 *
 * Who puts. liburcu's one thread for deferred work cannot keep up with many workers in a
 * flood, least of all where it must share their processors. So a thread that makes flows
 * puts more of its ready ones than it makes; what it leaves, the callback puts.
 *
 * D1 helped   Who makes a flow frees two of its dead ones, if so many are ready, whatever
 *             liburcu's thread does meanwhile.
 */
#ifndef FLOW_LIMBO_H
#define FLOW_LIMBO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "base/rcu.h"
#include "base/spin.h"

struct flow;
struct flow_table;

/* Linked by flow->next. */
struct limbo_chain {
	uint32_t first, last; /* slots; 0: empty */
};

struct limbo {
	struct spin lock; /* of all below */
	bool under_way;   /* .grace is with liburcu */
	struct limbo_chain gathering, waiting, ready;
	struct flow_table *table;
	struct rcu_head grace;
} BASE_ALIGNED(BASE_CACHELINE);

void limbo_init(struct limbo *l, struct flow_table *t);

/** Empty by now: flow_table_settle(). */
void limbo_fini(struct limbo *l);

/** @f is dead and in no table or list. Only the thread whose limbo it is. */
void limbo_add(struct limbo *l, struct flow *f);

/** Put some that are ready. Any thread. */
void limbo_help(struct limbo *l);

#endif
