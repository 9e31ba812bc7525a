/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * queue.h - a queue of the kernel: packets in, verdicts out
 *
 * A queue is bound by queue_open(), read by queue_receive(), answered by queue_verdict(),
 * and left by queue_drain() and queue_close(). Behind these stands a struct queue_ops:
 * queue_netlink is the kernel's NFQUEUE, queue_replay (queue/replay.h) a list of packets
 * in memory, so that everything above can be tested without a kernel.
 *
 * The way of a packet, all in one thread (a worker):
 *
 *	n = queue_receive(q, packets, 64, now);   packets 0 … n-1, by age
 *	...                                       judge them
 *	queue_verdict(q, packets, verdicts, n, 0);
 *
 * Guarantees
 *  Q1  Each packet that queue_receive() gave gets exactly one verdict: every call of
 *      queue_verdict() answers all packets of the last queue_receive(), in order, but for
 *      those held, which queue_answer() answers later.
 *  Q2  No packet gets another one's verdict. A run of equal verdicts goes out as one
 *      batch verdict, which the kernel applies to *all* packets up to an id; that is why
 *      answers keep the order, why a packet that was held forbids batches until it is
 *      answered, and why verdicts that could not be sent are sent before anything else.
 *  Q3  Losses are counted: what the kernel dropped, because its queue or the socket's
 *      buffer was full, in its own counters (queue/kernel_stats.h), all else in
 *      queue_stats.
 *
 * Stop. queue_drain() makes the kernel queue nothing more: new packets are dropped and
 * counted there (with fail-open they pass). What is queued already is received and
 * answered as ever; when queue_receive() gives 0 and no packet is held, all are answered,
 * and queue_close() unbinds. Packets that are still queued at queue_close() are dropped
 * by the kernel. Once unbound, the rule that sends packets here drops them, or lets them
 * pass if it says "bypass".
 *
 * Threads: one thread at a time calls the functions of a queue; it may be handed over.
 * queue_stats_read(), queue_info_read() and queue_warning() may be called by any.
 */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "packet/packet.h"

/** Packets of one queue_receive(). 64 of them cost the kernel's entry once; FACTS: 256
 * would gain a few percent only, and would hold verdicts back for longer. */
#define QUEUE_BATCH_MAX 64

/** Longest error or warning text, with its final zero. */
#define QUEUE_TEXT_MAX 256

/** The headers, with all the options that they may have; payload is not looked at. */
#define QUEUE_COPY_RANGE_DEFAULT 256
/** What a netlink attribute of a packet can carry. */
#define QUEUE_COPY_RANGE_MAX 65531

/** Packets: 50 ms of 300,000 packets a second, as much as one queue can pass. */
#define QUEUE_MAXLEN_DEFAULT 16384

struct queue_config {
	uint16_t number;         /* NFQUEUE number */
	uint16_t zone;           /* given to its packets */
	uint32_t copy_range;     /* bytes of each packet, 1 … QUEUE_COPY_RANGE_MAX */
	uint32_t maxlen;         /* packets that wait in the kernel, at least 1 */
	uint32_t receive_buffer; /* bytes as the kernel counts; 0: enough for @maxlen */
	bool gso;                /* take packets that stand for several as they are */
	bool fail_open; /* when the queue is full, let packets pass (they overtake) */
	bool uid_gid;   /* ask for the owner of local sockets */
	int fd;         /* a socket that has bound this queue before: it is taken
	                 * over, with what waits in it; -1: bind anew */
	void *source;   /* queue_replay's packets; else NULL */
};

struct queue;

/** The defaults, for queue @number. */
void queue_config_init(struct queue_config *cfg, uint16_t number);

/* -- life --------------------------------------------------------------------------- */

struct queue_ops;

/** The kernel's NFQUEUE. */
extern const struct queue_ops queue_netlink;

/**
 * Bind a queue. Returns 0, or a negative errno with a line for the operator in @error
 * that names cause and remedy ("queue 5: cannot bind: ..."), and *@out is NULL. A success
 * may still have something to say: queue_warning().
 */
int queue_open(const struct queue_ops *ops, const struct queue_config *cfg,
               struct queue **out, char error[QUEUE_TEXT_MAX]) BASE_MUST_CHECK;

/** A line for the operator, such as that the receive buffer is smaller than wanted; or
 * NULL. */
const char *queue_warning(const struct queue *q);

/** To be polled for reading; stays the queue's. -1: always readable. */
int queue_fd(const struct queue *q);

const struct queue_config *queue_config_get(const struct queue *q);

/** Queue nothing more (see "Stop" above). Returns 0 or a negative errno. */
int queue_drain(struct queue *q);

/** Unbind and free. NULL is allowed. */
void queue_close(struct queue *q);

/** Free, but leave socket and binding to whoever holds a duplicate of queue_fd(): the
 * packets that arrive meanwhile wait there for the next owner. */
void queue_abandon(struct queue *q);

/* -- packets ------------------------------------------------------------------------ */

/**
 * Take up to @max (1 … QUEUE_BATCH_MAX) packets that wait, without waiting for more, and
 * fill the first part of each. Their bytes are good until the next call. @now_ns:
 * monotonic; from when the packets count as waiting here. Returns their number, 0 when
 * none waits, or a negative errno of the socket, after which the queue is of no more use
 * (-EBADF and the like). Overruns and refused verdicts that the kernel reports are
 * counted, not returned.
 */
int queue_receive(struct queue *q, struct packet *packets, unsigned int max,
                  uint64_t now_ns);

/**
 * Answer the @n packets of the last queue_receive(), in their order. @held: bit i stands
 * for packet i, which is not answered now but by queue_answer(); 0 as a rule. Returns 0,
 * or a negative errno: the answers are kept, and sent before anything else is.
 */
int queue_verdict(struct queue *q, const struct packet *packets,
                  const struct packet_verdict *verdicts, unsigned int n, uint64_t held);

/**
 * Answer a packet that was held, by its id; the answer goes out with the next queue_flush()
 * or queue_verdict(), many in one message. Returns 0; -ENOBUFS: it is still held, since so
 * many answers wait already and could not be sent.
 */
int queue_answer(struct queue *q, uint32_t id, const struct packet_verdict *verdict);

/** Send the answers that wait. Returns 0, or a negative errno: they are kept, and sent before
 * anything else is. */
int queue_flush(struct queue *q);

/** Packets that are held. Any thread. */
uint32_t queue_held(const struct queue *q);

/** The oldest packet that is held was received at @since_ns (monotonic), for listings; 0: none
 * is. */
void queue_held_since_set(struct queue *q, uint64_t since_ns);

/* -- numbers ------------------------------------------------------------------------ */

/* Since the queue was opened. */
struct queue_stats {
	uint64_t packets, bytes; /* received; bytes as they are on the wire */
	uint64_t batches;        /* queue_receive() calls that brought packets */
	uint64_t accepted, dropped;
	uint64_t overruns;  /* the kernel said that it could not deliver (ENOBUFS) */
	uint64_t errors;    /* verdicts that the kernel refused */
	uint64_t malformed; /* messages that are no packets and no answers */
	uint64_t unsent;    /* attempts to send verdicts that failed */
};

/** Any thread; each number is true, all together are not of one instant. */
void queue_stats_read(const struct queue *q, struct queue_stats *out);

/* All that is known of one queue, for listings. */
struct queue_info {
	uint16_t number;
	uint16_t worker; /* filled by the owner, as hook and cpu */
	int cpu;         /* that the worker is pinned to; -1: none */
	uint8_t hook;
	bool gso, fail_open;
	uint32_t maxlen, copy_range,
		receive_buffer; /* as they are, not as they were wanted */
	uint64_t oldest_ns; /* how long the oldest packet received, held ones included,
	                     * waits for its verdict */
	uint32_t held;      /* packets that wait for an answer from outside */
	struct queue_stats stats;

	bool has_kernel;         /* the rest is from the kernel, when it could be asked */
	uint32_t portid;         /* netlink port of the owner */
	uint32_t depth;          /* packets that wait for a verdict */
	uint32_t kernel_dropped; /* the queue was full; wraps at 2^32 */
	uint32_t user_dropped;   /* the socket's buffer was full; wraps at 2^32 */
};

struct queue_kernel_stats;

/** Any thread. @kernel: may be NULL. @now_ns: monotonic. */
void queue_info_read(const struct queue *q, struct queue_kernel_stats *kernel,
                     uint64_t now_ns, struct queue_info *out);

#endif
