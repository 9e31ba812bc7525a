/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet.h - one packet on the wire: CTQA_PACKET_*
 *
 * Described by a request (CTQ_MSG_RULE_EXPLAIN), or seen and judged
 * (CTQ_MSG_PACKET_SEEN). Text members are whole strings; data is borrowed from whoever
 * built the value, or from the message that was parsed.
 */
#ifndef CTLINK_PACKET_H
#define CTLINK_PACKET_H

#include <stdint.h>

#include "ctlink/attr.h"

enum ctlink_packet_bit {
	CTLINK_PACKET_HOOK,
	CTLINK_PACKET_FAMILY,
	CTLINK_PACKET_PROTO,
	CTLINK_PACKET_SRC,
	CTLINK_PACKET_DST,
	CTLINK_PACKET_SPORT,
	CTLINK_PACKET_DPORT,
	CTLINK_PACKET_ICMP_TYPE,
	CTLINK_PACKET_ICMP_CODE,
	CTLINK_PACKET_ICMP_ID,
	CTLINK_PACKET_IN,
	CTLINK_PACKET_OUT,
	CTLINK_PACKET_MARK,
	CTLINK_PACKET_LENGTH,
	CTLINK_PACKET_TTL,
	CTLINK_PACKET_TCP_FLAGS,
	CTLINK_PACKET_UID,
	CTLINK_PACKET_ZONE,
	CTLINK_PACKET_CTSTATE,
	CTLINK_PACKET_CTMARK,
	CTLINK_PACKET_STATUS,
	CTLINK_PACKET_VERDICT,
	CTLINK_PACKET_REASON,
	CTLINK_PACKET_INVALID,
	CTLINK_PACKET_RULE,
	CTLINK_PACKET_RULE_NAME,
	CTLINK_PACKET_GENERATION,
	CTLINK_PACKET_NEW_MARK,
	CTLINK_PACKET_FLOW,
	CTLINK_PACKET_FLAGS,
	CTLINK_PACKET_HELD,
	CTLINK_PACKET_TIME,
	CTLINK_PACKET_QUEUE,
	CTLINK_PACKET_WORKER,
	CTLINK_PACKET_DATA,
};

/** The meaning of each member stands at CTQA_PACKET_* in ctq/ctlink.h. */
struct ctlink_packet {
	uint64_t has; /* 1 << enum ctlink_packet_bit */
	uint8_t hook, family, proto, icmp_type, icmp_code, ttl, tcp_flags, verdict;
	uint8_t src_size, dst_size; /* 4 or 16 */
	uint8_t src[16], dst[16];   /* network order */
	uint16_t sport, dport, icmp_id, zone, reason, invalid, queue, worker;
	uint32_t mark, length, uid, ctstate, ctmark, status;
	uint32_t rule, generation, new_mark, flow, flags;
	uint64_t time;
	char in[CTQ_IFNAME_MAX], out[CTQ_IFNAME_MAX], rule_name[CTQ_NAME_MAX];
	uint32_t held[CTQ_PACKET_HELD_MAX], n_held;
	const uint8_t *data; /* borrowed */
	uint32_t data_size;
};

int ctlink_packet_build(struct ctlink_message *m, const struct ctlink_header *header,
                        const struct ctlink_packet *packet) BASE_MUST_CHECK;

/** Family and addresses fit each other when they are there; all else is not checked. */
int ctlink_packet_parse(const struct nlmsghdr *nlh, struct ctlink_packet *packet,
                        struct ctlink_error *error) BASE_MUST_CHECK;

/** The level CTQA_PACKET_*; for the folder's other files. */
extern const struct ctlink_layout ctlink_packet_layout;

#endif
