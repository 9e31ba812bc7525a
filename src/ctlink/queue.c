/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/queue.h"

#include <string.h>

#define QUEUE(type, kind, member, bit, ...)                                      \
	CTLINK_ATTR(type, kind, struct ctlink_queue, member, CTLINK_QUEUE_##bit, \
	            __VA_ARGS__)

static const struct ctlink_attr queue_attrs[] = {
	QUEUE(CTQA_QUEUE_NUMBER, CTLINK_U16, number, NUMBER),
	QUEUE(CTQA_QUEUE_HOOK, CTLINK_U8, hook, HOOK),
	QUEUE(CTQA_QUEUE_WORKER, CTLINK_U16, worker, WORKER),
	QUEUE(CTQA_QUEUE_CPU, CTLINK_U16, cpu, CPU),
	QUEUE(CTQA_QUEUE_PORTID, CTLINK_U32, portid, PORTID),
	QUEUE(CTQA_QUEUE_DEPTH, CTLINK_U32, depth, DEPTH),
	QUEUE(CTQA_QUEUE_MAXLEN, CTLINK_U32, maxlen, MAXLEN),
	QUEUE(CTQA_QUEUE_RANGE, CTLINK_U32, range, RANGE),
	QUEUE(CTQA_QUEUE_RCVBUF, CTLINK_U32, rcvbuf, RCVBUF),
	QUEUE(CTQA_QUEUE_FLAGS, CTLINK_U32, flags, FLAGS,
	      .known = CTQ_QUEUE_FAIL_OPEN | CTQ_QUEUE_GSO),
	QUEUE(CTQA_QUEUE_PACKETS, CTLINK_U64, packets, PACKETS),
	QUEUE(CTQA_QUEUE_BYTES, CTLINK_U64, bytes, BYTES),
	QUEUE(CTQA_QUEUE_ACCEPTED, CTLINK_U64, accepted, ACCEPTED),
	QUEUE(CTQA_QUEUE_DROPPED, CTLINK_U64, dropped, DROPPED),
	QUEUE(CTQA_QUEUE_KERNEL_DROPPED, CTLINK_U64, kernel_dropped, KERNEL_DROPPED),
	QUEUE(CTQA_QUEUE_USER_DROPPED, CTLINK_U64, user_dropped, USER_DROPPED),
	QUEUE(CTQA_QUEUE_OVERRUNS, CTLINK_U64, overruns, OVERRUNS),
	QUEUE(CTQA_QUEUE_ERRORS, CTLINK_U64, errors, ERRORS),
	QUEUE(CTQA_QUEUE_BATCHES, CTLINK_U64, batches, BATCHES),
	QUEUE(CTQA_QUEUE_OLDEST, CTLINK_U64, oldest, OLDEST),
	QUEUE(CTQA_QUEUE_HELD, CTLINK_U32, held, HELD),
};
static const struct ctlink_layout queue_layout = CTLINK_LAYOUT("queue", queue_attrs);

int ctlink_queue_build(struct ctlink_message *m, const struct ctlink_header *header,
                       const struct ctlink_queue *queue)
{
	return ctlink_layout_build(&queue_layout, m, header, queue);
}

int ctlink_queue_parse(const struct nlmsghdr *nlh, struct ctlink_queue *queue,
                       struct ctlink_error *error)
{
	memset(queue, 0, sizeof(*queue));
	return ctlink_layout_parse(&queue_layout, nlh, queue, NULL, error);
}
