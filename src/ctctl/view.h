/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view.h - a flow as the renderers want it: plain members, addresses as text
 *
 * Read once from libnetfilter_conntrack's object and our record; what the daemon did not say
 * is zero or NULL, and the has_ members tell it from a real zero.
 */
#ifndef CTCTL_VIEW_H
#define CTCTL_VIEW_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "ctq/ctq.h"

/** One direction. */
struct view_side {
	bool present;
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	bool has_ports;
	uint16_t sport, dport; /* host order */
};

struct view {
	const struct ctq_flow *flow;
	const struct ctq_record *record; /* CTQA_FLOW_* */
	uint8_t family, protocol;
	char protocol_name[16]; /* or its number */
	const char *state;      /* NULL: the protocol has none */
	struct view_side orig, reply;
	bool mirror; /* reply is the mirror image of orig */
	bool has_icmp;
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_id;
	bool has_counters, has_timeout, has_id, has_mark, has_status;
	uint64_t orig_packets, orig_bytes, reply_packets, reply_bytes;
	uint32_t timeout, id, mark, status, use;
	uint16_t zone;
	const char *
		zone_direction; /* "original", "reply": the zone is that one's only; or NULL */
	uint64_t start, stop; /* ns since 1970; 0: unknown */
	const char *helper;   /* or NULL */
	const char *labels;   /* "web,17", or NULL */
	const char *verdict, *reason, *rule_name, *in, *out, *end; /* or NULL */
};

/** Fill @view; it borrows from @flow. */
void view_init(struct view *view, const struct ctq_flow *flow);

/** Text of "192.0.2.7:51514 → 198.51.100.9:443"; @arrow stands between. */
#define VIEW_SIDE_MAX 160
char *view_side_text(const struct view *view, const struct view_side *side,
                     const char *arrow, char buf[VIEW_SIDE_MAX]);

/** Bits that users look for, as words with @separator between: "ASSURED", "UNREPLIED". */
#define VIEW_FLAGS_MAX 160
char *view_flags_text(const struct view *view, char separator, char buf[VIEW_FLAGS_MAX]);

/** "3", or "3/reply" when it is that direction's only. */
#define VIEW_ZONE_MAX 16
char *view_zone_text(const struct view *view, char buf[VIEW_ZONE_MAX]);

#endif
