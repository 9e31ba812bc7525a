/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * track.h - protocol machines
 *
 * A machine is pure: from the state of a flow, a packet, its direction and the
 * configuration it computes the new state, whether the packet is INVALID, and what
 * the flow's owner must do (timeout, status bits, reopen, close). It knows nothing of
 * tables, locks or clocks; the caller holds the flow and writes the result down.
 * The reference for every decision is the kernel's nf_conntrack of Linux 6.18; what
 * differs from it, and why, stands in docs/tracking.md.
 *
 * A packet goes through this in order (the lookups are the caller's):
 *
 *   track_packet_check()  malformed, or a wrong checksum      INVALID, no flow
 *   p->untracked          neighbour discovery and the like    UNTRACKED, no flow
 *   p->icmp_error         track_error_key(), find that flow   RELATED, or INVALID
 *   no flow               track_open()                        NEW, or INVALID
 *   a flow                track_packet()                      ESTABLISHED, or INVALID
 *
 * The state is written down whatever the result is: a machine remembers refused packets,
 * too. What the owner does with a struct track_result, in this order:
 *   1. invalid: the packet is INVALID. No flow comes of it; an existing one keeps status
 *      and counters. Only shrink_timeout_s is looked at, by track_result_timeout().
 *   2. reopen: the flow is over. Remove it and treat the packet as having no flow.
 *   3. set_status: set these bits; an event is due for those that were not set.
 *   4. changed: an event is due for the state.
 *   5. unless ignored: count the packet, and set the timeout that
 *      track_result_timeout() says.
 *   6. close: remove the flow.
 *
 * Threads: no function keeps anything; two calls may run at once unless they share a
 * state. Whoever calls open() or packet() holds the flow's lock.
 */
#ifndef TRACK_TRACK_H
#define TRACK_TRACK_H

#include <stdbool.h>
#include <stddef.h>
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
#define TRACK_NAT_CLASH     (1u << 12) /* the bit that old kernels called UNTRACKED */
#define TRACK_HELPER        (1u << 13)
#define TRACK_OFFLOAD       (1u << 14)

/* -- states ----------------------------------------------------------------- */

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

/* Flags of one side, the kernel's numbers (IP_CT_TCP_FLAG_*): they are on the wire as
 * CTA_PROTOINFO_TCP_FLAGS_ORIGINAL and _REPLY. */
#define TRACK_TCP_WINDOW_SCALE  0x01 /* this side offered window scaling */
#define TRACK_TCP_SACK_PERM     0x02 /* this side takes SACK */
#define TRACK_TCP_CLOSE_INIT    0x04 /* this side sent the first FIN */
#define TRACK_TCP_BE_LIBERAL    0x08 /* do not refuse this side's segments by window */
#define TRACK_TCP_UNACKED       0x10 /* this side's data waits for its acknowledgement */
#define TRACK_TCP_MAXACK_SET    0x20 /* td_maxack holds a value */
#define TRACK_TCP_CHALLENGE_ACK 0x40 /* last_flags: the next ACK may be a challenge */
#define TRACK_TCP_SIMULTANEOUS  0x80 /* last_flags: both sides sent SYN */

struct track_tcp_side {
	uint32_t td_end;    /* highest seq + length sent */
	uint32_t td_maxend; /* highest ack + window received from the other side */
	uint32_t td_maxwin; /* largest window advertised, scaled; 0: nothing seen yet */
	uint32_t td_maxack; /* highest ack sent */
	uint8_t scale;
	uint8_t flags; /* TRACK_TCP_* */
};

struct track_tcp {
	struct track_tcp_side side[2];
	uint32_t last_seq, last_ack, last_end;
	uint16_t last_window; /* as in the header */
	uint8_t state;        /* enum track_tcp_state */
	uint8_t last_dir;
	uint8_t last_index; /* kind of the last packet: SYN, SYN/ACK, … */
	uint8_t retrans;
	uint8_t last_flags, last_scale;
};

struct track_udp {
	uint64_t stream_after_ms; /* a flow that is alive later than this is a stream */
};

struct track_gre {
	uint32_t timeout_s, stream_timeout_s; /* as configured when the flow began */
};

/* SCTP states, the kernel's numbers (enum sctp_conntrack): they are on the wire. */
enum track_sctp_state {
	TRACK_SCTP_NONE,
	TRACK_SCTP_CLOSED,
	TRACK_SCTP_COOKIE_WAIT,
	TRACK_SCTP_COOKIE_ECHOED,
	TRACK_SCTP_ESTABLISHED,
	TRACK_SCTP_SHUTDOWN_SENT,
	TRACK_SCTP_SHUTDOWN_RECD,
	TRACK_SCTP_SHUTDOWN_ACK_SENT,
	TRACK_SCTP_HEARTBEAT_SENT,
	TRACK_SCTP_STATES,
};

struct track_sctp {
	uint32_t vtag[2]; /* expected in packets of this direction; 0: not known */
	uint8_t state;    /* enum track_sctp_state */
	uint8_t last_dir;
	uint8_t flags;   /* of the machine, not on the wire */
	uint8_t init[2]; /* this direction sent an INIT whose handshake is not finished */
};

union track_state {
	struct track_tcp tcp;
	struct track_udp udp;
	struct track_gre gre;
	struct track_sctp sctp;
	uint8_t bytes[64];
};

_Static_assert(sizeof(union track_state) == 64, "a cache line of the flow");

/* -- configuration ---------------------------------------------------------- */

/* Timeouts are seconds, at least 1; the array index is the protocol's own enumeration. */
struct track_config {
	uint32_t tcp_timeout[TRACK_TCP_TIMEOUTS];
	uint32_t udp_timeout, udp_timeout_stream;
	uint32_t icmp_timeout, icmpv6_timeout;
	uint32_t generic_timeout;
	uint32_t gre_timeout, gre_timeout_stream;
	uint32_t sctp_timeout[TRACK_SCTP_STATES];
	bool tcp_loose;              /* pick up connections whose SYN was not seen */
	bool tcp_be_liberal;         /* refuse no segment by its window */
	bool tcp_ignore_invalid_rst; /* believe a RST whose sequence number is too low */
	uint8_t tcp_max_retrans;     /* so many equal ACKs bring the timeout of RETRANS */
	bool checksum;               /* check what the kernel says is not verified */
};

enum track_setting_unit {
	TRACK_UNIT_SECONDS, /* uint32_t */
	TRACK_UNIT_COUNT,   /* uint8_t */
	TRACK_UNIT_BOOL,    /* bool; 0 or 1 */
};

/* One number of struct track_config by name. */
struct track_setting {
	const char *name; /* the sysctl's, behind net.netfilter.nf_conntrack_ */
	uint32_t initial; /* the kernel's default */
	uint32_t minimum, maximum;
	uint16_t offset; /* into struct track_config */
	uint8_t unit;    /* enum track_setting_unit; tells the field's type as well */
};

/** All settings in the order of the manual page; the last has the name NULL. */
extern const struct track_setting track_settings[];

/** The kernel's defaults. */
void track_config_init(struct track_config *cfg);

/** The setting of that name, or NULL. */
const struct track_setting *track_setting_find(const char *name);

/** Set one number by name. Returns 0, or -ENOENT: no such name, -ERANGE: not in its
 * range. */
int track_config_set(struct track_config *cfg, const char *name, uint32_t value);

/** Read one number. */
uint32_t track_config_get(const struct track_config *cfg,
                          const struct track_setting *setting);

/* -- the machines ----------------------------------------------------------- */

/* What a machine tells the flow's owner; the order of its use stands on top. */
struct track_result {
	enum ctq_reason invalid;   /* CTQ_REASON_NONE: the packet is part of the flow */
	uint32_t timeout_s;        /* from now on; 0: leave as it is */
	uint32_t shrink_timeout_s; /* not 0: leave at most this of a timeout of which
	                            * TRACK_SHRINK_FLOOR_S or more remain */
	uint32_t set_status;       /* TRACK_* to set */
	bool reopen;               /* remove the flow and open anew with this packet */
	bool close;                /* remove the flow now, after this packet's verdict */
	bool changed; /* the protocol's state changed: an UPDATE event is due */
	bool ignored; /* of the flow and classified so, but believed in nothing: it is
	               * not counted and refreshes no timeout */
};

/** Timeouts with less than this are not shortened (kernel: 120 s, in its TCP tracker). */
#define TRACK_SHRINK_FLOOR_S 120

struct ctq_handler;

/* One protocol. Constant, and valid as long as a flow points to it. */
struct track_proto {
	const char *name;          /* as conntrack(8) prints it: "tcp"; or "generic" */
	const char *const *states; /* names by the kernel's number; NULL: has no states */
	uint8_t states_length;
	uint8_t l4;         /* IPPROTO_*; the generic machine has 0 */
	uint8_t state_size; /* bytes of the state that it uses, from the first on */
	/** First packet, @state is all zero. Called by track_open(). */
	void (*open)(union track_state *state, const struct packet *p,
	             const struct track_config *cfg, uint64_t now_ms,
	             struct track_result *res);
	/** A later packet of direction @dir; @status: the flow's bits before it. Called
	 * by track_packet(). */
	void (*packet)(union track_state *state, const struct packet *p,
	               enum track_dir dir, uint32_t status,
	               const struct track_config *cfg, uint64_t now_ms,
	               struct track_result *res);
	/** A later fragment of a packet that packet() or open() has taken. NULL: it says
	 * nothing. Called by track_packet(). */
	void (*fragment)(union track_state *state, const struct packet *p,
	                 enum track_dir dir);
	/** The state's number, below states_length. NULL when there are no states. */
	unsigned int (*state_get)(const union track_state *state);
	/** Overwrite it (a tool's request); @number is below states_length. */
	void (*state_set)(union track_state *state, unsigned int number);
	/** Packets were not seen: be ready for any numbers of the next ones. NULL: none are
	 * expected. */
	void (*resume)(union track_state *state);
	/** May a flow in this state be evicted although it is assured? NULL: never. */
	bool (*is_closing)(const union track_state *state);
	/** A module's (ctq/module.h): stands for open(), packet() and state_get(). */
	const struct ctq_handler *handler;
};

/** The machine of @l4, or the generic one. Never NULL. */
const struct track_proto *track_proto_find(uint8_t l4);

/** The machine with that name, or NULL. */
const struct track_proto *track_proto_named(const char *name);

/** All machines, the generic one last; ends with NULL. */
const struct track_proto *const *track_proto_list(void);

/**
 * The first packet of a flow in its original direction, checked before. Fills @state and
 * @res, both of which need not be initialised. @now_ms: monotonic, milliseconds.
 * A later fragment begins no flow of a protocol that has states: INVALID_FRAGMENT.
 */
void track_open(const struct track_proto *proto, union track_state *state,
                const struct packet *p, const struct track_config *cfg, uint64_t now_ms,
                struct track_result *res);

/**
 * A later packet of a flow. Fills @res. SEEN_REPLY is among its bits when this is the
 * first accepted packet of the reply direction; @status is without it until the packet
 * after, as the machines expect.
 * A later fragment is part of the flow as the first one was, which has decided all else: @res
 * wants nothing. (A module's machine is asked all the same.)
 */
void track_packet(const struct track_proto *proto, union track_state *state,
                  const struct packet *p, enum track_dir dir, uint32_t status,
                  const struct track_config *cfg, uint64_t now_ms,
                  struct track_result *res);

/**
 * The timeout that a flow gets after @res, in seconds from now, or 0: leave it.
 * @status: the flow's bits. @remaining_s: what is left of its timeout.
 */
uint32_t track_result_timeout(const struct track_result *res, uint32_t status,
                              uint32_t remaining_s);

/* -- states by name --------------------------------------------------------- */

/** Number of the state, or -ENOENT when the protocol has no states. */
int track_state_number(const struct track_proto *proto, const union track_state *state);

/** "ESTABLISHED", or NULL when the protocol has no states. */
const char *track_state_name(const struct track_proto *proto,
                             const union track_state *state);

/** Number of the state with that name (any case), or -ENOENT. */
int track_state_parse(const struct track_proto *proto, const char *name);

/* -- packets without a flow of their own ------------------------------------ */

/**
 * Is @p INVALID whatever the table holds? Its own reason (p->invalid) or, at PREROUTING
 * and when @cfg wants it, a checksum that is wrong (as in the kernel: what is sent from
 * here need not be checked). CTQ_REASON_NONE: no.
 */
enum ctq_reason track_packet_check(const struct packet *p,
                                   const struct track_config *cfg);

/**
 * Which flow does the ICMP error @p (p->icmp_error) speak of? @key is a key of it: the
 * flow that has @key as the tuple of direction d is the one, and @p is a RELATED packet
 * of direction d. Without such a flow @p is INVALID_ICMP_NO_FLOW. Returns
 * CTQ_REASON_NONE, or why no flow can be meant: the quoted packet has no answer
 * (INVALID_ICMP_QUOTE), or the error goes to somebody who did not send what it quotes
 * (INVALID_ICMP_NO_FLOW).
 */
enum ctq_reason track_error_key(const struct packet *p, struct tuple *key);

#endif
