/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.h - the daemon's counters, copied out of the answer
 *
 * Status, stats and metrics show them in different orders, so they are kept: a few hundred
 * of them at most, since both lists are closed.
 */
#ifndef CTCTL_STATS_H
#define CTCTL_STATS_H

#include "base/base.h"
#include "ctq/ctq.h"

#define STATS_COUNTERS_MAX 1024
#define STATS_REASONS_MAX  CTQ_REASON_LIMIT

struct stats_counter {
	char name[CTQ_NAME_MAX];
	uint64_t value;
};

struct stats {
	uint64_t packets, bytes;
	uint64_t interval_ns; /* since the counters were zero; 0: unknown */
	struct stats_counter counters[STATS_COUNTERS_MAX];
	size_t n_counters;
	struct stats_counter reasons[STATS_REASONS_MAX]; /* in packets */
	size_t n_reasons;
};

/** Ask for all counters. Returns 0 or a negative errno of libctq. */
int stats_get(struct stats *stats, struct ctq *ctq, bool zero) BASE_MUST_CHECK;

/** Packets whose reason begins with @prefix: "drop.". */
uint64_t stats_reason_sum(const struct stats *stats, const char *prefix);

#endif
