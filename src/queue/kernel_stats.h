/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel_stats.h - the kernel's own counters of all queues
 *
 * They stand in /proc/net/netfilter/nfnetlink_queue and nowhere else: the netlink
 * protocol has no message that asks for them. Only root may open that file, but once open
 * it can be read for ever, so it is opened before privileges are dropped. It shows the
 * queues of the network namespace in which it was opened.
 *
 * queue_kernel_stats_read() may be called by any thread.
 */
#ifndef QUEUE_KERNEL_STATS_H
#define QUEUE_KERNEL_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

struct queue_kernel_stats;

struct queue_kernel_row {
	uint16_t number;
	uint32_t portid; /* netlink port of the socket that has bound it */
	uint32_t depth;  /* packets that wait for a verdict */
	uint32_t copy_mode, copy_range;
	uint32_t queue_dropped; /* because the queue was full; wraps at 2^32 */
	uint32_t user_dropped;  /* because the socket's buffer was full; wraps at 2^32 */
	uint32_t last_id;       /* of the packet that was queued last */
};

/** Returns 0, or -EACCES without the right, -ENOENT when the kernel has no NFQUEUE (or
 * its module is not loaded), or another negative errno. */
int queue_kernel_stats_open(struct queue_kernel_stats **out) BASE_MUST_CHECK;

/** NULL is allowed. */
void queue_kernel_stats_close(struct queue_kernel_stats *ks);

/** The row of queue @number. Returns 0, -ENOENT when nobody has bound it, or -EIO. */
int queue_kernel_stats_read(struct queue_kernel_stats *ks, uint16_t number,
                            struct queue_kernel_row *out);

#endif
