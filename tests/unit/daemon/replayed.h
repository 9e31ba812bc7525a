/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replayed.h - queues of packets from memory that a test and its child process share
 *
 * Each packet is a UDP datagram of another connection.
 */
#ifndef TEST_DAEMON_REPLAYED_H
#define TEST_DAEMON_REPLAYED_H

#include "queue/queue.h"
#include "queue/replay.h"

#define REPLAYED_PACKETS 2000
#define REPLAYED_SIZE    28

struct replayed {
	struct queue_replay source;
	uint8_t bytes[REPLAYED_PACKETS][REPLAYED_SIZE];
	struct packet packets[REPLAYED_PACKETS];
	struct queue_replay_answer answers[REPLAYED_PACKETS];
};

/** In memory that children share. @hook: enum packet_hook. @port: of the first packet;
 * queues with the same ports carry the same connections. */
struct replayed *replayed_new(uint8_t hook, uint16_t port);

/** Q1: what was handed out was answered once, the rest never. Accepted, at that. */
void replayed_expect_all_answered(const struct replayed *r);

#endif
