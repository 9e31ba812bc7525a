/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lock.h - entering a flow: free of charge for its owner
 *
 * A flow is nearly always met by one worker only, the one that made it: it is the owner
 * and enters without an atomic read-modify-write and without a fence. The first time that
 * another thread meets the flow it takes the ownership away for ever, and from then on
 * all enter through a spin lock.
 *
 *     owner                                another thread (flow_enter_shared)
 *     inside = flow      (plain store)     take flow->lock
 *     compiler barrier                     owner = 0
 *     owner == me?       (plain load)      membarrier(PRIVATE_EXPEDITED)
 *       yes: in                            wait until owner's inside != flow
 *       no:  flow_enter_shared             in
 *
 * X1 alone    Two threads are never inside one flow. The owner stores, then loads; the other
 * stores, then loads, with a barrier on *all* running threads between: at least one of
 * the two sees the other's store. The membarrier costs microseconds, once in a flow's
 * life and only where two workers meet on it. Without membarrier(2) flows are born
 * shared.
 */
#ifndef FLOW_LOCK_H
#define FLOW_LOCK_H

#include "flow/worker.h"

void flow_enter_shared(struct flow_worker *w, struct flow *f);
void flow_leave_shared(struct flow_worker *w, struct flow *f);

static inline void flow_enter(struct flow_worker *w, struct flow *f)
{
	atomic_store_explicit(&w->inside, f, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	if (base_unlikely(atomic_load_explicit(&f->owner, memory_order_relaxed) !=
	                  w->owner_id))
		flow_enter_shared(w, f);
}

static inline void flow_leave(struct flow_worker *w, struct flow *f)
{
	if (base_unlikely(w->locked))
		flow_leave_shared(w, f);
	atomic_store_explicit(&w->inside, NULL, memory_order_release);
}

#endif
