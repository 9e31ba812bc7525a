/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * worker.h - a thread that serves queues
 *
 *   worker_new() → worker_start() → worker_queue_add() … → worker_drain() → worker_wait()
 *   → worker_destroy()
 *
 * The loop: wait until a queue is readable, receive a batch, judge it, answer it, be
 * quiet (RCU), again. A verdict is never kept back to fill a batch. A queue that gave a full
 * batch is served again, in turn with others of its kind, up to four times before all are
 * polled again. An idle worker goes round once each tick. Whoever starts a worker owns the queues: the worker serves a
 * queue from worker_queue_add() until it was drained, and only then may it be closed.
 *
 * Packets that wait for an answer (path/ask.h) are held by their queue; each round answers those
 * whose wait is over. From the first worker_drain() on none waits any more.
 *
 * Orders (add, drain, stop) are given by one thread, one at a time; it waits for their
 * end with worker_wait(). The worker itself never waits for anybody.
 *
 * Drained: the kernel queues no new packets, and every packet that was received has its
 * verdict (Q1 of queue/queue.h).
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <stdint.h>

#include "base/base.h"
#include "path/path.h"
#include "queue/queue.h"

struct worker;

struct worker_config {
	uint16_t number;
	int cpu;                  /* to run on; -1: anywhere */
	uint32_t tick_ms;         /* longest sleep, 1 … 1000 */
	uint32_t queues_max;      /* that will be added */
	struct path_worker *path; /* path_worker(…, number) */
};

/** Reaping of unconfirmed flows, that is path_tick(): about a second (path/path.h). */
#define WORKER_PATH_TICK_NS 1000000000u

/** Longest wait for the end of an order. A batch takes well below a millisecond, draining a
 * full queue of a million packets three seconds. */
#define WORKER_ORDER_MS 10000

/** NULL and *@err: -ENOMEM, or of eventfd(2), epoll_create1(2). */
struct worker *worker_new(const struct worker_config *cfg, int *err);

/** Stops the thread if it runs. Its queues must be drained, or are left as they are. NULL is
 * allowed. */
void worker_destroy(struct worker *w);

/** Returns 0 or a negative errno of pthread_create(3); -EINVAL: there is no such CPU. Block
 * signals before: the thread inherits the mask. */
int worker_start(struct worker *w);

/* -- orders ------------------------------------------------------------------------ */

/** Serve @q from now on. Returns 0, or a negative errno: the worker does not serve it. */
BASE_MUST_CHECK int worker_queue_add(struct worker *w, struct queue *q,
                                     enum flow_role role);

/** Drain the queues of @role and serve them no more. */
void worker_drain(struct worker *w, enum flow_role role);

/** Wait until the order is carried out. Returns 0, or -ETIMEDOUT. The caller is no RCU
 * reader, or offline. */
BASE_MUST_CHECK int worker_wait(struct worker *w);

/** Go round now: there are answers for packets that wait. Any thread. */
void worker_wake(struct worker *w);

/* -- any thread ---------------------------------------------------------------------- */

/** How often it has gone round. */
uint64_t worker_rounds(const struct worker *w);

/** 0, or the negative errno with which one of its queues broke: it is not served any more. */
int worker_broken(const struct worker *w);

#endif
