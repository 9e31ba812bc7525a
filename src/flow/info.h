/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * info.h - what can be said of a flow: a plain value for listings and events
 *
 * Copied without a lock, by relaxed loads: of a flow that a worker is inside of, the
 * values of two packets may be mixed.
 */
#ifndef FLOW_INFO_H
#define FLOW_INFO_H

#include "flow/label.h"
#include "flow/table.h"

struct flow_info {
	struct tuple tuple[2];
	uint64_t packets[2], bytes[2];
	union track_state state;
	struct flow_verdict verdict[FLOW_ROLES];
	uint64_t started_ns; /* realtime */
	uint64_t stopped_ns; /* realtime; 0: alive */
	uint32_t status;
	uint32_t mark;
	uint32_t id;
	uint32_t timeout_s; /* left */
	uint32_t age_s, idle_s;
	uint32_t ifin, ifout;
	uint32_t refs;
	uint32_t held[FLOW_HOLDERS]; /* zero without DEBUG_REFS */
	uint16_t worker;
	uint8_t end;
	bool has_master;
	struct tuple master; /* its original tuple, while it lives */
	uint16_t helper;     /* helper_number(), or 0 */
	uint8_t machine;     /* number of the one that made it: track/registry.h */
	struct flow_labels labels;
};

/** Fill @info; @now_s: monotonic seconds. */
void flow_info_read(const struct flow_table *t, const struct flow *f, uint32_t now_s,
                    struct flow_info *info);

#endif
