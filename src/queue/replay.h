/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay.h - queue_replay: packets from memory instead of the kernel
 *
 *	struct queue_replay source = { .packets = packets, .answers = answers, .n = 3 };
 *	cfg.source = &source;
 *	queue_open(&queue_replay, &cfg, &q, error);
 *
 * Hands out the packets in order, each once, with ids from 1 on, and notes the answers.
 * What the kernel would refuse is noted, too, so that a test can ask whether Q1 held:
 * source.misanswered counts second answers and answers to ids that were not handed out.
 */
#ifndef QUEUE_REPLAY_H
#define QUEUE_REPLAY_H

#include "queue/queue.h"

struct queue_replay_answer {
	uint32_t times;                /* that the packet was answered; 1 is right */
	uint32_t order;                /* it was the order-th answer of all, from 1 on */
	struct packet_verdict verdict; /* the last */
};

struct queue_replay {
	const struct packet *packets; /* first part filled, but for id, queue, zone */
	struct queue_replay_answer *answers; /* as many, zeroed */
	uint32_t n;
	unsigned int batch; /* packets for one receive; 0: as many as there is room for */
	int verdict_error;  /* what the next verdicts return: as if sending failed */

	uint32_t next; /* packet to be handed out */
	uint32_t answered;
	uint32_t misanswered;
	bool drained; /* queue_drain() was called: the rest is not handed out */
	bool closed, unbound;
};

extern const struct queue_ops queue_replay;

#endif
