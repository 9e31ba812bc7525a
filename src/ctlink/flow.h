/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flow.h - a connection on the wire: ctnetlink's messages
 *
 * struct ctlink_flow is a plain value without pointers; has tells which members count.
 * Messages are the kernel's in numbers, nesting and order (ctnetlink_fill_info() of
 * net/netfilter/nf_conntrack_netlink.c), with CTA_CTQ at the end for what the kernel does
 * not know. libnetfilter_conntrack parses what ctlink_flow_build() writes, and
 * ctlink_flow_parse() reads what it builds.
 *
 * Addresses, ports and ICMP identifiers are in network order as they are in packets; all
 * other integers in host order.
 */
#ifndef CTLINK_FLOW_H
#define CTLINK_FLOW_H

#include <stdint.h>

#include "ctlink/attr.h"
#include "ctlink/error.h"
#include "ctlink/message.h"
#include "ctlink/tuple.h"

/** Packets and bytes of one direction. */
struct ctlink_counters {
	uint64_t packets, bytes;
};

/** Flags and which of them count, as CTA_PROTOINFO_TCP_FLAGS_* has them on the wire. */
struct ctlink_tcp_flags {
	uint8_t flags, mask; /* IP_CT_TCP_FLAG_* */
};

struct ctlink_tcp {
	uint8_t state; /* enum tcp_conntrack */
	uint8_t wscale_orig, wscale_reply;
	struct ctlink_tcp_flags flags_orig, flags_reply;
};

struct ctlink_sctp {
	uint8_t state;                  /* enum sctp_conntrack */
	uint32_t vtag_orig, vtag_reply; /* host order */
};

struct ctlink_dccp {
	uint8_t state; /* enum ct_dccp_states */
	uint8_t role;  /* enum ct_dccp_roles */
	uint64_t handshake_seq;
};

/** How a direction's sequence numbers were shifted. */
struct ctlink_seqadj {
	uint32_t correction_pos, offset_before, offset_after;
};

struct ctlink_synproxy {
	uint32_t isn, its, tsoff;
};

/** Bits of ctlink_nat.has. */
enum ctlink_nat_bit {
	CTLINK_NAT_V4_MIN,
	CTLINK_NAT_V4_MAX,
	CTLINK_NAT_V6_MIN,
	CTLINK_NAT_V6_MAX,
	CTLINK_NAT_PORT_MIN,
	CTLINK_NAT_PORT_MAX,
};

/** What one end of a new flow is translated to: an address, and a port, each of a range. */
struct ctlink_nat {
	uint64_t has; /* 1 << enum ctlink_nat_bit */
	uint8_t v4_min[4], v4_max[4], v6_min[16], v6_max[16];
	uint16_t port_min, port_max; /* host order */
};

/** Reference counts; all but total in debug builds only. */
struct ctlink_refs {
	uint32_t total, table, packet, dump, event, expect, control;
};

#define CTLINK_LABELS_SIZE 16 /* bytes at most: 128 labels, as in the kernel */
#define CTLINK_HELPER_MAX  16 /* bytes with the final zero: NF_CT_HELPER_NAME_LEN */

/** Bits of ctlink_flow.has. */
enum ctlink_flow_bit {
	CTLINK_FLOW_ORIG,
	CTLINK_FLOW_REPLY,
	CTLINK_FLOW_MASTER,
	/*
	 * ZONE: CTA_ZONE, both directions; ORIG_ZONE, REPLY_ZONE: CTA_TUPLE_ZONE, one
	 * direction. After a parse the tuples' zone members hold the zone that counts for
	 * them; for a build they count only with ORIG_ZONE or REPLY_ZONE.
	 */
	CTLINK_FLOW_ZONE,
	CTLINK_FLOW_ORIG_ZONE,
	CTLINK_FLOW_REPLY_ZONE,
	CTLINK_FLOW_STATUS,
	CTLINK_FLOW_STATUS_MASK,
	CTLINK_FLOW_TIMEOUT,
	CTLINK_FLOW_MARK,
	CTLINK_FLOW_MARK_MASK,
	CTLINK_FLOW_USE,
	CTLINK_FLOW_ID,
	CTLINK_FLOW_ORIG_PACKETS,
	CTLINK_FLOW_ORIG_BYTES,
	CTLINK_FLOW_REPLY_PACKETS,
	CTLINK_FLOW_REPLY_BYTES,
	CTLINK_FLOW_START,
	CTLINK_FLOW_STOP,
	CTLINK_FLOW_TCP_STATE,
	CTLINK_FLOW_TCP_WSCALE_ORIG,
	CTLINK_FLOW_TCP_WSCALE_REPLY,
	CTLINK_FLOW_TCP_FLAGS_ORIG,
	CTLINK_FLOW_TCP_FLAGS_REPLY,
	CTLINK_FLOW_SCTP_STATE,
	CTLINK_FLOW_SCTP_VTAG_ORIG,
	CTLINK_FLOW_SCTP_VTAG_REPLY,
	CTLINK_FLOW_DCCP_STATE,
	CTLINK_FLOW_DCCP_ROLE,
	CTLINK_FLOW_DCCP_SEQ,
	CTLINK_FLOW_HELPER,
	CTLINK_FLOW_LABELS,
	CTLINK_FLOW_LABELS_MASK,
	CTLINK_FLOW_SEQADJ_ORIG,
	CTLINK_FLOW_SEQADJ_REPLY,
	CTLINK_FLOW_SYNPROXY,
	CTLINK_FLOW_NAT_SRC,
	CTLINK_FLOW_NAT_DST,
	/* CTA_CTQ: */
	CTLINK_FLOW_VERDICT,
	CTLINK_FLOW_REASON,
	CTLINK_FLOW_RULE,
	CTLINK_FLOW_RULE_NAME,
	CTLINK_FLOW_GENERATION,
	CTLINK_FLOW_IN,
	CTLINK_FLOW_OUT,
	CTLINK_FLOW_AGE,
	CTLINK_FLOW_IDLE,
	CTLINK_FLOW_END,
	CTLINK_FLOW_WORKER,
	CTLINK_FLOW_REFS,       /* refs.total */
	CTLINK_FLOW_REFS_CLASS, /* the other counts of refs, all of them */
	CTLINK_FLOW_LABEL_NAMES,
};

struct ctlink_flow {
	uint64_t has; /* 1 << enum ctlink_flow_bit */

	uint8_t family;      /* of nfgenmsg; build takes orig.l3 when ORIG is there */
	uint8_t labels_size; /* bytes of labels: 4 … 16, a multiple of 4 */
	uint8_t labels_mask_size;
	bool skipped; /* read only: there were attributes that src/ctlink does not know */
	struct ctlink_tuple orig, reply, master;
	uint16_t zone;
	uint32_t status, status_mask; /* IPS_* */
	uint32_t timeout;             /* seconds left */
	uint32_t mark, mark_mask;
	uint32_t use;
	uint32_t id;
	struct ctlink_counters counters_orig, counters_reply;
	uint64_t start, stop; /* ns since 1970 */
	struct ctlink_tcp tcp;
	struct ctlink_sctp sctp;
	struct ctlink_dccp dccp;
	struct ctlink_seqadj seqadj_orig, seqadj_reply;
	struct ctlink_synproxy synproxy;
	struct ctlink_nat nat_src, nat_dst; /* in requests only */
	uint8_t labels[CTLINK_LABELS_SIZE], labels_mask[CTLINK_LABELS_SIZE];
	char helper[CTLINK_HELPER_MAX];

	uint8_t verdict; /* enum ctq_verdict */
	uint8_t end;     /* enum ctq_flow_end */
	uint16_t reason; /* enum ctq_reason */
	uint16_t worker;
	uint32_t rule, generation;
	uint32_t age, idle; /* seconds */
	char rule_name[CTQ_NAME_MAX];
	char in[CTQ_IFNAME_MAX], out[CTQ_IFNAME_MAX];
	struct ctlink_refs refs;
	char label_names[CTQ_LABELS_TEXT_MAX];
};

/**
 * Put one flow into @m. header->type and flags are the caller's: IPCTNL_MSG_CT_NEW for a
 * list, for NEW (NLM_F_CREATE | NLM_F_EXCL) and UPDATE events, IPCTNL_MSG_CT_DELETE for
 * DESTROY. header->family is replaced by orig.l3 when the flow has ORIG.
 * Returns as ctlink_message_end().
 */
int ctlink_flow_build(struct ctlink_message *m, const struct ctlink_header *header,
                      const struct ctlink_flow *flow) BASE_MUST_CHECK;

/** Read one flow, or a request that names one. Allocates nothing. Returns as
 * ctlink_layout_parse(). */
int ctlink_flow_parse(const struct nlmsghdr *nlh, struct ctlink_flow *flow,
                      struct ctlink_error *error) BASE_MUST_CHECK;

#endif
