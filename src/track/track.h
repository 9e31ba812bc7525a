/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * track.h - protocol machines
 *
 * A machine is pure: from the state of a flow, a packet, its direction and the
 * configuration it computes the new state, whether the packet is INVALID, and what
 * the flow's owner must do (timeout, status bits, reopen, close). It knows nothing of
 * tables, locks or clocks; the caller holds the flow and writes the result down.
 * The reference for every decision is the kernel's nf_conntrack of Linux 6.x.
 *
 * Life of a flow's state: open() for the first packet, packet() for each later one.
 */
#ifndef TRACK_TRACK_H
#define TRACK_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "ctq/reasons.h"
#include "packet/packet.h"

enum track_dir { TRACK_ORIGINAL = 0, TRACK_REPLY = 1 };

/* Status bits, the kernel's numbers (enum ip_conntrack_status). Only these are used. */
#define TRACK_EXPECTED      (1u << 0)
#define TRACK_SEEN_REPLY    (1u << 1)
#define TRACK_ASSURED       (1u << 2)
#define TRACK_CONFIRMED     (1u << 3)
#define TRACK_SRC_NAT       (1u << 4)
#define TRACK_DST_NAT       (1u << 5)
#define TRACK_SEQ_ADJUST    (1u << 6)
#define TRACK_SRC_NAT_DONE  (1u << 7)
#define TRACK_DST_NAT_DONE  (1u << 8)
#define TRACK_DYING         (1u << 9)
#define TRACK_FIXED_TIMEOUT (1u << 10)
#define TRACK_TEMPLATE      (1u << 11)
#define TRACK_UNTRACKED     (1u << 12)
#define TRACK_HELPER        (1u << 13)
#define TRACK_OFFLOAD       (1u << 14)

/* TCP states, the kernel's numbers (enum tcp_conntrack): they are on the wire. */
enum track_tcp_state {
	TRACK_TCP_NONE,
	TRACK_TCP_SYN_SENT,
	TRACK_TCP_SYN_RECV,
	TRACK_TCP_ESTABLISHED,
	TRACK_TCP_FIN_WAIT,
	TRACK_TCP_CLOSE_WAIT,
	TRACK_TCP_LAST_ACK,
	TRACK_TCP_TIME_WAIT,
	TRACK_TCP_CLOSE,
	TRACK_TCP_SYN_SENT2, /* simultaneous open */
	TRACK_TCP_STATES,
	/* timeouts that belong to no state, as in the kernel's table */
	TRACK_TCP_RETRANS = TRACK_TCP_STATES,
	TRACK_TCP_UNACK,
	TRACK_TCP_TIMEOUTS,
};

struct track_tcp_side {
	uint32_t td_end;    /* highest seq + length sent */
	uint32_t td_maxend; /* highest ack + window received from the other side */
	uint32_t td_maxwin; /* largest window advertised, scaled */
	uint32_t td_maxack; /* highest ack sent */
	uint8_t scale;
	uint8_t flags;      /* IP_CT_TCP_FLAG_*: the kernel's numbers, on the wire */
};

struct track_tcp {
	struct track_tcp_side side[2];
	uint32_t last_seq, last_ack, last_end;
	uint16_t last_window;
	uint8_t state;       /* enum track_tcp_state */
	uint8_t last_dir;
	uint8_t last_index;  /* kind of the last packet: SYN, SYN/ACK, … */
	uint8_t retrans;
	uint8_t last_flags, last_scale;
};

struct track_udp {
	uint32_t stream_after_s; /* a flow that answers for longer is a stream */
};

struct track_sctp {
	uint32_t vtag[2];
	uint8_t state;
	uint8_t last_dir, flags, init[2];
};

union track_state {
	struct track_tcp tcp;
	struct track_udp udp;
	struct track_sctp sctp;
	uint8_t bytes[64];
};

/* Timeouts are seconds; the array index is the protocol's own enumeration. Names and
 * defaults are those of /proc/sys/net/netfilter/nf_conntrack_*. */
struct track_config {
	uint32_t tcp_timeout[TRACK_TCP_TIMEOUTS];
	uint32_t udp_timeout, udp_timeout_stream;
	uint32_t icmp_timeout, icmpv6_timeout;
	uint32_t generic_timeout;
	uint32_t gre_timeout, gre_timeout_stream;
	uint32_t sctp_timeout[16];
	bool tcp_loose;
	bool tcp_be_liberal;
	bool tcp_ignore_invalid_rst;
	uint8_t tcp_max_retrans;
	bool checksum; /* check what the kernel says is not verified */
};

/** The kernel's defaults. */
void track_config_init(struct track_config *cfg);

/* What a machine tells the flow's owner. Cleared by the caller before each call. */
struct track_result {
	enum ctq_reason invalid; /* CTQ_REASON_NONE: the packet is part of the flow */
	uint32_t timeout_s;      /* from now on; 0: leave as it is */
	uint32_t set_status;     /* TRACK_* to set */
	bool reopen; /* the flow is over and this packet begins another: remove it, open anew */
	bool close;  /* remove the flow now, after this packet's verdict */
	bool changed; /* the protocol's state changed: an UPDATE event is due */
	bool accept_untracked; /* let it pass, but do not count it to the flow's state (the kernel's
	                        * "ignored" packets: -NF_ACCEPT with the state left alone) */
};

struct track_proto {
	const char *name; /* as in /proc/net/protocols and conntrack(8): "tcp" */
	uint8_t l4;       /* IPPROTO_* */
	/** First packet. @now_s: seconds. Fills state and result. */
	void (*open)(union track_state *state, const struct packet *p,
	             const struct track_config *cfg, uint32_t now_s, struct track_result *res);
	/** A later packet of direction @dir; @status: the flow's bits before it. */
	void (*packet)(union track_state *state, const struct packet *p, enum track_dir dir,
	               uint32_t status, const struct track_config *cfg, uint32_t now_s,
	               struct track_result *res);
	/** Name of the state for listings ("ESTABLISHED"), or NULL when the protocol has none. */
	const char *(*state_name)(const union track_state *state);
	/** May a flow in this state be evicted although it is assured (closing)? NULL: never. */
	bool (*is_closing)(const union track_state *state);
};

/** The machine of @l4, or the generic one. Never NULL. */
const struct track_proto *track_proto_find(uint8_t l4);

/** All machines, the generic one last; ends with NULL. */
const struct track_proto *const *track_proto_list(void);

#endif
