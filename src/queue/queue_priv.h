/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * queue_priv.h - what a source of packets must do to be a queue
 *
 * queue.c does what is the same for all: counting, and the rules of Q1 and Q2 that do not
 * depend on the wire. A source embeds struct queue as its first member, allocates it in
 * open() and frees it in close(). Functions return 0 or a negative errno.
 */
#ifndef QUEUE_QUEUE_PRIV_H
#define QUEUE_QUEUE_PRIV_H

#include <stdatomic.h>

#include "queue/queue.h"

struct queue_ops {
	const char *name;

	/** Bind. Fills *@out (fd, receive_buffer, warning; the rest is the caller's), or
	 * @error. */
	int (*open)(const struct queue_config *cfg, struct queue **out, char *error);

	/** As queue_receive(); the packets' zone and queue are filled by the caller. */
	int (*receive)(struct queue *q, struct packet *packets, unsigned int max);

	/** As queue_verdict(); q->held is the number before this call. */
	int (*verdict)(struct queue *q, const struct packet *packets,
	               const struct packet_verdict *verdicts, unsigned int n,
	               uint64_t held);

	/** Answer one packet by its id, with flush() or the next verdicts. -ENOBUFS: not taken,
	 * since what waits cannot be sent. */
	int (*answer)(struct queue *q, uint32_t id, const struct packet_verdict *verdict);

	/** Send what waits. */
	int (*flush)(struct queue *q);

	int (*drain)(struct queue *q);

	/** Free; @unbind: give the queue up as well. */
	void (*close)(struct queue *q, bool unbind);
};

/* Written by the queue's thread only, read by any: a load and a store, no atomic
 * addition. */
typedef _Atomic uint64_t queue_counter;

static inline void queue_count(queue_counter *counter, uint64_t n)
{
	uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, now + n, memory_order_relaxed);
}

struct queue {
	const struct queue_ops *ops;
	struct queue_config cfg;
	int fd;
	uint32_t receive_buffer; /* bytes that it has, not those wanted */
	char warning[QUEUE_TEXT_MAX];

	unsigned int unanswered; /* of the last receive */
	_Atomic uint32_t held;   /* written by the queue's thread only, as the counters */
	queue_counter held_since_ns; /* as queue_held_since_set() has it */
	queue_counter
		since_ns; /* when the unanswered ones were received; 0: there are none */

	struct {
		queue_counter packets, bytes, batches, accepted, dropped;
		queue_counter overruns, errors, malformed, unsent;
	} count;
};

#endif
