/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask.h - packets that wait for an answer: the rules' statement `ask`
 *
 * Where rules say ask, the worker keeps a copy of the packet, as far as it has come, and tells
 * control of the question. What decides comes from control (an answer), from the clock or the
 * last listener's leaving (the default of the configuration), from new rules or from the death of
 * the flow; then the packet goes the rest of its way, and its verdict is ready to be sent.
 *
 *     worker                                      control
 *       path_batch() ── PATH_QUESTION_ASKED ──▶   path_question_peek()
 *       path_held_step() ◀─────────────────────   path_ask_answer(), then wake the worker
 *       path_held_peek() → the queue
 *                    ── PATH_QUESTION_SETTLED ──▶ path_question_peek()
 *
 * A question is one flow's at one hook's role: packets of the flow that come meanwhile wait with
 * the first one, and get the answer in their order. A packet without a flow is a question for
 * itself. All memory is there from the start; what finds no room is dropped.
 *
 * Guarantees
 *  W1  A packet that waits gets one verdict: by path_held_peek(), if its queue stands.
 *  W2  Not later than the deadline, or the last listener's leaving, and one call of
 *      path_held_step() (a worker's tick).
 *  W3  Its flow stays meanwhile: neither the reaper nor eviction takes an unconfirmed one. Who
 *      kills it otherwise has its packets dropped.
 *  W4  Control hears of each question that it was told of how it was settled.
 */
#ifndef PATH_ASK_H
#define PATH_ASK_H

#include "path/path.h"
#include "path/watch.h"

/** Bytes that are kept of a packet that waits: those that a queue copies as a rule
 * (QUEUE_COPY_RANGE_DEFAULT). What a helper would read behind them is cut off. */
#define PATH_ASK_BYTES_MAX 256

/* ---- workers ---------------------------------------------------------------------- */

/* A packet whose wait is over. */
struct path_released {
	uint16_t queue;
	uint32_t id; /* the kernel's, in that queue */
	struct packet_verdict verdict;
};

/** Packets that wait, and settled questions that control has not been told of yet. 0: none of
 * the other functions has anything to do. */
uint32_t path_held_count(const struct path_worker *w);

/** Take answers, and settle what is due. The worker, in each of its rounds. */
void path_held_step(struct path_worker *w, uint64_t now_ns);

/** The first packet whose verdict is to be sent, NULL: there is none. Valid until
 * path_held_drop(), which forgets it. */
const struct path_released *path_held_peek(const struct path_worker *w);
void path_held_drop(struct path_worker *w);

/** Since when (monotonic) the oldest packet of @queue waits; 0: none does. */
uint64_t path_held_since(const struct path_worker *w, uint16_t queue);

/** Settle everything by the default, and hold nothing from now on. Queues are being drained. */
void path_held_close(struct path_worker *w, uint64_t now_ns);

/* ---- control ---------------------------------------------------------------------- */

enum path_question_event { PATH_QUESTION_ASKED, PATH_QUESTION_SETTLED };

struct path_question {
	enum path_question_event event;
	uint32_t slot, serial; /* together they name it among its worker's */
	/* of ASKED */
	uint64_t deadline_ns; /* monotonic */
	/* of SETTLED: what has become of the first packet */
	uint16_t reason; /* enum ctq_reason */
			 /* of ASKED: the first packet follows */
};

/** Readable (an eventfd(2), stays the path's) when there are new questions. */
int path_question_fd(const struct path *path);

/** The oldest of worker @number, NULL: there is none. Valid until it is dropped. */
const struct path_question *path_question_peek(struct path *path, uint16_t number);
const struct path_sighting *path_question_packet(const struct path_question *q);
void path_question_drop(struct path *path, uint16_t number);

/** Does the default accept? */
bool path_ask_accepts(const struct path *path);

/** Is anybody there who answers? Where nobody is from now on, wake the workers: their next
 * path_held_step() settles what waits, by the default. */
void path_ask_listen(struct path *path, bool listens);

/**
 * Answer a question, if it stands when the worker reads this. @whole_flow: for the packets of
 * the flow to come as well. Returns 0, or -EBUSY: the worker has not read the answers before.
 */
int path_ask_answer(struct path *path, uint16_t number, uint32_t slot, uint32_t serial,
                    bool accept, bool whole_flow);

#endif
