/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * queue.h - the state of one queue on the wire: CTQ_MSG_QUEUE_NEW
 */
#ifndef CTLINK_QUEUE_H
#define CTLINK_QUEUE_H

#include <stdint.h>

#include "ctlink/attr.h"

enum ctlink_queue_bit {
	CTLINK_QUEUE_NUMBER,
	CTLINK_QUEUE_HOOK,
	CTLINK_QUEUE_WORKER,
	CTLINK_QUEUE_CPU,
	CTLINK_QUEUE_PORTID,
	CTLINK_QUEUE_DEPTH,
	CTLINK_QUEUE_MAXLEN,
	CTLINK_QUEUE_RANGE,
	CTLINK_QUEUE_RCVBUF,
	CTLINK_QUEUE_FLAGS,
	CTLINK_QUEUE_PACKETS,
	CTLINK_QUEUE_BYTES,
	CTLINK_QUEUE_ACCEPTED,
	CTLINK_QUEUE_DROPPED,
	CTLINK_QUEUE_KERNEL_DROPPED,
	CTLINK_QUEUE_USER_DROPPED,
	CTLINK_QUEUE_OVERRUNS,
	CTLINK_QUEUE_ERRORS,
	CTLINK_QUEUE_BATCHES,
	CTLINK_QUEUE_OLDEST,
	CTLINK_QUEUE_HELD,
};

/** The meaning of each member stands at CTQA_QUEUE_* in ctq/ctlink.h. */
struct ctlink_queue {
	uint64_t has; /* 1 << enum ctlink_queue_bit */
	uint16_t number, worker, cpu;
	uint8_t hook; /* NF_INET_* */
	uint32_t portid, depth, maxlen, range, rcvbuf, flags;
	uint64_t packets, bytes, accepted, dropped;
	uint64_t kernel_dropped, user_dropped, overruns, errors, batches;
	uint64_t oldest; /* ns */
	uint32_t held;
};

int ctlink_queue_build(struct ctlink_message *m, const struct ctlink_header *header,
                       const struct ctlink_queue *queue) BASE_MUST_CHECK;
int ctlink_queue_parse(const struct nlmsghdr *nlh, struct ctlink_queue *queue,
                       struct ctlink_error *error) BASE_MUST_CHECK;

#endif
