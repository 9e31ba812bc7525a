/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctlink.h - the wire
 *
 * ctlink is what ctqd speaks to tools: netlink messages (struct nlmsghdr, struct
 * nfgenmsg, struct nlattr) over a UNIX SOCK_SEQPACKET socket, /run/ctqd/ctl.sock. The
 * manual page ctlink(7) is the protocol's text; this header is its numbers.
 *
 * Framing. One datagram holds one or more whole messages, each padded to 4 bytes.
 *   Integers of attributes are in network byte order; the headers are in host order,
 *   as netlink has them (the socket is local). Attributes may be padded; a nested
 *   attribute carries NLA_F_NESTED. An attribute of unknown type is skipped; an unknown
 *   flag in a flags field is refused (EOPNOTSUPP).
 * Types. nlmsg_type = subsystem << 8 | message. For flows and expectations subsystem,
 *   messages and attributes are the kernel's (linux/netfilter/nfnetlink_conntrack.h);
 *   everything else is below.
 * Requests. NLM_F_REQUEST, and NLM_F_ACK when an answer without data is wanted;
 *   NLM_F_DUMP for lists. A list comes as messages with NLM_F_MULTI and ends with
 *   NLMSG_DONE; NLM_F_DUMP_INTR is set in it when the answer may be incomplete.
 * Errors. NLMSG_ERROR with NLM_F_ACK_TLVS: negative errno, the request's header, and the
 *   attributes of the extended ack (linux/netlink.h): NLMSGERR_ATTR_MSG (text),
 *   NLMSGERR_ATTR_OFFS (offset of the offending attribute from the start of the request's
 *   header; u32 in host order, as the kernel has it), and CTQ_ERR_HINT.
 * Batches. NFNL_MSG_BATCH_BEGIN, messages of one subsystem (nfgenmsg.res_id of BEGIN, in
 *   network order), NFNL_MSG_BATCH_END; it may span datagrams. All or nothing. With
 *   NFNL_BATCH_GENID the batch is refused (ESTALE) unless that is the generation in force.
 * Groups. A client joins with CTQ_MSG_DAEMON_SUBSCRIBE; announcements come with
 *   nlmsg_seq 0 and number themselves (CTA_CTQ_SEQUENCE). A reader that is too slow gets
 *   CTQ_MSG_DAEMON_OVERRUN.
 */
#ifndef CTQ_CTLINK_H
#define CTQ_CTLINK_H

#include <linux/netlink.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#define CTQ_SOCKET_PATH "/run/ctqd/ctl.sock"

/** Version of this header; a peer that does not know a number skips or refuses it. */
#define CTQ_PROTOCOL_VERSION 1

/* ---- limits ---------------------------------------------------------------- */
#define CTQ_MESSAGE_MAX 65536 /* bytes of one message */
#define CTQ_DATAGRAM_MAX \
	131072 /* bytes of one datagram: fits the default SO_SNDBUF (212992) */
#define CTQ_DATAGRAM_MIN \
	4096 /* the least that a client may ask for: a page, as the kernel's */
#define CTQ_BATCH_MAX   (1 << 28) /* bytes of one batch: a million rules of 256 bytes */
#define CTQ_NAME_MAX    64        /* bytes of a name, with its final zero */
#define CTQ_COMMENT_MAX 128
#define CTQ_IFNAME_MAX  16 /* IFNAMSIZ */
#define CTQ_BATCHES_MAX 8  /* batches open at once, of all clients: each may grow */
#define CTQ_ADMIN_RESERVE 8 /* connections and lists above CTQA_DAEMON_CLIENTS_MAX and _LISTS_MAX,
                             * of clients that may change: readers do not lock them out */

/* ---- subsystems ------------------------------------------------------------ */
/* The kernel's own end at NFNL_SUBSYS_COUNT (13 in Linux 6.x); ours are far above. */
enum ctq_subsystem {
	CTQ_SUBSYS_RULES = 0x50,
	CTQ_SUBSYS_SETS = 0x51,
	CTQ_SUBSYS_QUEUES = 0x52,
	CTQ_SUBSYS_PROTO = 0x53,
	CTQ_SUBSYS_DAEMON = 0x54,
	CTQ_SUBSYS_ASK = 0x55,
	CTQ_SUBSYS_PACKETS = 0x56,
};

/** An attribute of NLMSG_ERROR beside the kernel's NLMSGERR_ATTR_*: string, what is allowed
 * or what to do. */
#define CTQ_ERR_HINT 0x40

/** Attributes behind the int of NLMSG_DONE, which then has NLM_F_ACK_TLVS: u64. Of chains and
 * rules GENERATION is what was listed. Of flows it tells how often the table had changed when
 * the list began, flows put in and taken out, and GENERATION_END how often when it ended: where
 * the two are equal nothing came or went meanwhile, and lists of which all these numbers are
 * equal show the same flows. NLM_F_DUMP_INTR is of chains and rules only. */
#define CTQ_DONE_GENERATION     0x41
#define CTQ_DONE_GENERATION_END 0x42

/* ---- groups ---------------------------------------------------------------- */
/* The kernel's NFNLGRP_CONNTRACK_* and _EXP_* numbers are 1 … 6. */
enum ctq_group {
	CTQ_GROUP_FLOW_NEW = 1,
	CTQ_GROUP_FLOW_UPDATE = 2,
	CTQ_GROUP_FLOW_DESTROY = 3,
	CTQ_GROUP_EXPECT_NEW = 4,
	CTQ_GROUP_EXPECT_UPDATE = 5,
	CTQ_GROUP_EXPECT_DESTROY = 6,
	CTQ_GROUP_RULES = 16, /* a new generation is in force */
	CTQ_GROUP_DROP = 17,  /* dropped packets: CTQ_MSG_PACKET_SEEN */
	CTQ_GROUP_ASK = 18,   /* questions of rules that ask: CTQ_SUBSYS_ASK */
	CTQ_GROUP_TRACE = 19, /* packets, dropped or not: CTQ_MSG_PACKET_SEEN */
	CTQ_GROUP_SETS = 20,  /* sets and elements that came or went */
	CTQ_GROUP_LIMIT = 32,
};

/** Beside the attributes of each announcement, but for packets (CTQ_SUBSYS_PACKETS), which each
 * client chooses for itself: u64, its number in its group. Numbers follow one another; a gap is
 * what was lost. */
#define CTA_CTQ_SEQUENCE 0x102

/* ---- flows: CTQA_FLOW_*, nested in CTA_CTQ of ctnetlink messages ------------ */
/* Far above the kernel's CTA_MAX; libnetfilter_conntrack skips it. */
#define CTA_CTQ 0x100

enum ctq_flow_attr {
	CTQA_FLOW_UNSPEC,
	CTQA_FLOW_VERDICT,    /* u8, enum ctq_verdict, at the entry hook */
	CTQA_FLOW_REASON,     /* u16, ctq/reasons.h */
	CTQA_FLOW_RULE,       /* u32, rule id; absent: the policy */
	CTQA_FLOW_RULE_NAME,  /* string */
	CTQA_FLOW_GENERATION, /* u32, of the rule set that decided */
	CTQA_FLOW_IN,         /* string, interface of the first packet */
	CTQA_FLOW_OUT,        /* string */
	CTQA_FLOW_AGE,        /* u32, seconds since the first packet */
	CTQA_FLOW_IDLE,       /* u32, seconds since the last packet */
	CTQA_FLOW_END,        /* u8, enum ctq_flow_end; in DESTROY */
	CTQA_FLOW_WORKER,     /* u16 */
	CTQA_FLOW_REFS,       /* nested: CTQA_REFS_*; in GET_DYING and GET_UNCONFIRMED */
	CTQA_FLOW_LABELS, /* string: names of the labels (CTA_LABELS), "web,17"; those that
	                       * do not fit are left out. In _NEW requests: "+web,-17" */
	__CTQA_FLOW_MAX,
};
#define CTQA_FLOW_MAX       (__CTQA_FLOW_MAX - 1)
#define CTQ_LABELS_TEXT_MAX 256 /* bytes of CTQA_FLOW_LABELS, with the final zero */

/** Why a flow ended. */
enum ctq_flow_end {
	CTQ_END_NONE,
	CTQ_END_EXPIRED, /* its timeout ran out */
	CTQ_END_CLOSED, /* its protocol ended it, or another connection took its tuple over */
	CTQ_END_EVICTED, /* the table was full */
	CTQ_END_DELETED, /* a client asked */
	CTQ_END_MODULE,  /* its protocol's handler was unloaded */
	CTQ_END_RULES,   /* a rule set change killed it */
	CTQ_END_STOP,    /* the daemon stopped */
};

/* Holder classes of references, u32 each; counted one by one in debug builds only. */
enum ctq_refs_attr {
	CTQA_REFS_UNSPEC,
	CTQA_REFS_TOTAL,
	CTQA_REFS_TABLE,
	CTQA_REFS_PACKET,
	CTQA_REFS_DUMP,
	CTQA_REFS_EVENT,
	CTQA_REFS_EXPECT,
	CTQA_REFS_CONTROL,
	__CTQA_REFS_MAX,
};
#define CTQA_REFS_MAX (__CTQA_REFS_MAX - 1)

/*
 * Filter of flows, nested in CTA_CTQ_FILTER of IPCTNL_MSG_CT_GET (dump), _DELETE and
 * of our own CTQ_MSG_DAEMON_COUNT: an expression in prefix order, a list of CTQA_FILTER_TERM.
 * A _DELETE with it is answered by CTQ_MSG_DAEMON_COUNT (CTQA_COUNT_FLOWS were deleted) before
 * its acknowledgement.
 * A term is a match (CTQA_TERM_MATCH, as in rules, with CTQ_FIELD_*) or an operator that takes
 * its operands from the terms that follow: AND and OR two, NOT one.
 */
#define CTA_CTQ_FILTER 0x101
enum ctq_filter_attr {
	CTQA_FILTER_UNSPEC,
	CTQA_FILTER_TERM, /* nested, repeated: CTQA_TERM_* */
	__CTQA_FILTER_MAX,
};
#define CTQA_FILTER_MAX      (__CTQA_FILTER_MAX - 1)
#define CTQ_FILTER_TERMS_MAX 256

/*
 * CTA_FILTER_ORIG_FLAGS and _REPLY_FLAGS of the kernel's own dump filter: which fields of
 * CTA_TUPLE_ORIG and _REPLY count. The kernel gives these bits no public name
 * (net/netfilter/nf_internals.h), and takes them, alone among all, in host order.
 */
#define CTQ_TUPLE_SRC         0x001 /* CTA_IP_V4_SRC or CTA_IP_V6_SRC */
#define CTQ_TUPLE_DST         0x002
#define CTQ_TUPLE_ZONE        0x004 /* CTA_TUPLE_ZONE */
#define CTQ_TUPLE_PROTO       0x008 /* CTA_PROTO_NUM; needed by all below */
#define CTQ_TUPLE_SRC_PORT    0x010
#define CTQ_TUPLE_DST_PORT    0x020
#define CTQ_TUPLE_ICMP_TYPE   0x040
#define CTQ_TUPLE_ICMP_CODE   0x080
#define CTQ_TUPLE_ICMP_ID     0x100
#define CTQ_TUPLE_ICMPV6_TYPE 0x200
#define CTQ_TUPLE_ICMPV6_CODE 0x400
#define CTQ_TUPLE_ICMPV6_ID   0x800
#define CTQ_TUPLE_ALL         0xfff

enum ctq_term_attr {
	CTQA_TERM_UNSPEC,
	CTQA_TERM_OPERATOR, /* u8, enum ctq_operator */
	CTQA_TERM_MATCH,    /* nested: CTQA_MATCH_* */
	__CTQA_TERM_MAX,
};
#define CTQA_TERM_MAX (__CTQA_TERM_MAX - 1)

enum ctq_operator { CTQ_OPERATOR_AND = 1, CTQ_OPERATOR_OR, CTQ_OPERATOR_NOT };

/* ---- matches ---------------------------------------------------------------- */
/* A match is a field and a list of values: it holds when the field has one of them. */
enum ctq_match_attr {
	CTQA_MATCH_UNSPEC,
	CTQA_MATCH_FIELD, /* u16, enum ctq_field */
	CTQA_MATCH_FLAGS, /* u32, CTQ_MATCH_* */
	CTQA_MATCH_VALUE, /* nested, repeated: CTQA_VALUE_* */
	CTQA_MATCH_SET,   /* string, a set's name, instead of values; rules only */
	CTQA_MATCH_WITH,  /* u16, enum ctq_field: the port of a set of address and port */
	__CTQA_MATCH_MAX,
};
#define CTQA_MATCH_MAX       (__CTQA_MATCH_MAX - 1)
#define CTQ_MATCH_NEGATE     0x1 /* holds when the field has none of the values */
#define CTQ_MATCH_VALUES_MAX 4096

/*
 * A value, by the field's type (see CTQ_FIELD below):
 *   u8, u16, u32, u64  FIRST, in the field's size; with LAST a range, both ends included;
 *                      or FIRST and MASK: (field & MASK) == FIRST
 *   bits               FIRST: holds when (field & FIRST) != 0, with MASK when (field & MASK) == FIRST
 *   address            FIRST, 4 or 16 bytes; with PREFIX a network (what is behind the prefix
 *                      does not count), with LAST a range
 *   string             STRING; a final '*' stands for any rest
 */
enum ctq_value_attr {
	CTQA_VALUE_UNSPEC,
	CTQA_VALUE_FIRST,
	CTQA_VALUE_LAST,
	CTQA_VALUE_MASK,
	CTQA_VALUE_PREFIX, /* u8, bits */
	CTQA_VALUE_STRING,
	__CTQA_VALUE_MAX,
};
#define CTQA_VALUE_MAX (__CTQA_VALUE_MAX - 1)

/*
 * Fields: CTQ_FIELD(number, SYMBOL, "word", TYPE, SCOPE)
 *   word: the name in the rule language and in filters; TYPE as above;
 *   SCOPE: PACKET (rules only), FLOW (filters only), BOTH.
 */
enum ctq_field {
	CTQ_FIELD_NONE = 0,
#define CTQ_FIELD(number, symbol, word, type, scope) CTQ_FIELD_##symbol = number,
#include "ctq/fields.def"
#undef CTQ_FIELD
};
#define CTQ_FIELD_LIMIT 64

/** CTQ_FIELD_DIRECTION; conntrack's IP_CT_DIR_* plus 1. */
enum ctq_direction { CTQ_DIRECTION_ORIGINAL = 1, CTQ_DIRECTION_REPLY };

/** Bits of CTQ_FIELD_CTSTATE. */
enum ctq_ctstate {
	CTQ_CTSTATE_INVALID = 0x1,
	CTQ_CTSTATE_NEW = 0x2,
	CTQ_CTSTATE_ESTABLISHED = 0x4,
	CTQ_CTSTATE_RELATED = 0x8,
	CTQ_CTSTATE_UNTRACKED = 0x10,
};

/* ---- CTQ_SUBSYS_RULES ------------------------------------------------------- */
enum ctq_rules_msg {
	CTQ_MSG_RULESET_GET = 0,   /* → CTQ_MSG_RULESET_NEW: what is in force */
	CTQ_MSG_RULESET_NEW = 1,   /* CTQA_RULESET_*; announced in CTQ_GROUP_RULES */
	CTQ_MSG_RULESET_FLUSH = 2, /* in a batch, first: what follows replaces all */
	CTQ_MSG_CHAIN_GET = 3,     /* dump → CTQ_MSG_CHAIN_NEW */
	CTQ_MSG_CHAIN_NEW = 4,     /* batch only: create, or set the policy of, a chain */
	CTQ_MSG_CHAIN_DEL = 5,     /* batch only */
	CTQ_MSG_RULE_GET = 6, /* dump → CTQ_MSG_RULE_NEW, in order, with counters */
	CTQ_MSG_RULE_NEW =
		7, /* batch only: append; NLM_F_REPLACE with CTQA_RULE_ID replaces;
	                          * CTQA_RULE_BEFORE inserts */
	CTQ_MSG_RULE_DEL = 8,     /* batch only: by CTQA_RULE_ID */
	CTQ_MSG_RULE_EXPLAIN = 9, /* dump: CTQA_PACKET_* of a packet → the steps of its
	                           * evaluation, CTQA_EXPLAIN_* and CTQA_RULE_*; family,
	                           * protocol, addresses, and ports where it has any, must be
	                           * there; no packet is sent, no counter changes */
};

/** Flag of NFNL_MSG_BATCH_END's nlmsg_flags: check only, change nothing. */
#define CTQ_BATCH_CHECK 0x100

enum ctq_ruleset_attr {
	CTQA_RULESET_UNSPEC,
	CTQA_RULESET_GENERATION, /* u32 */
	CTQA_RULESET_RULES,      /* u32, number of rules */
	CTQA_RULESET_CHAINS,     /* u32 */
	CTQA_RULESET_BACKEND,    /* string */
	CTQA_RULESET_LOADED,     /* u64, seconds since 1970 */
	CTQA_RULESET_MEMORY,     /* u64, bytes */
	CTQA_RULESET_BUILD,      /* u64, nanoseconds that building took */
	__CTQA_RULESET_MAX,
};
#define CTQA_RULESET_MAX (__CTQA_RULESET_MAX - 1)

enum ctq_verdict {
	CTQ_VERDICT_NONE,
	CTQ_VERDICT_ACCEPT,
	CTQ_VERDICT_DROP,
	CTQ_VERDICT_REJECT, /* dropped, and the sender is told; no chain's policy */
	CTQ_VERDICT_ASK,    /* it waits for an answer; no chain's policy */
};

enum ctq_chain_attr {
	CTQA_CHAIN_UNSPEC,
	CTQA_CHAIN_NAME,    /* string */
	CTQA_CHAIN_HOOK,    /* u8, NF_INET_*; absent: reached by jump only */
	CTQA_CHAIN_POLICY,  /* u8, enum ctq_verdict; with HOOK only */
	CTQA_CHAIN_PACKETS, /* u64, judged by the policy */
	CTQA_CHAIN_BYTES,   /* u64 */
	CTQA_CHAIN_RULES,   /* u32 */
	CTQA_CHAIN_LINE,    /* u32 */
	__CTQA_CHAIN_MAX,
};
#define CTQA_CHAIN_MAX (__CTQA_CHAIN_MAX - 1)

enum ctq_rule_attr {
	CTQA_RULE_UNSPEC,
	CTQA_RULE_CHAIN, /* string */
	CTQA_RULE_ID, /* u32, given by the daemon, never 0, not reused within its life */
	CTQA_RULE_BEFORE,    /* u32, id of another rule of the chain */
	CTQA_RULE_NAME,      /* string, unique if given; for 'ctctl list rule NAME' */
	CTQA_RULE_COMMENT,   /* string */
	CTQA_RULE_MATCH,     /* nested, repeated: CTQA_MATCH_*; all must hold */
	CTQA_RULE_STATEMENT, /* nested, repeated: CTQA_STATEMENT_*, in order */
	CTQA_RULE_LINE,      /* u32, line in its file; kept for messages and listings */
	CTQA_RULE_PACKETS, /* u64, packets that this rule judged, of decided flows included */
	CTQA_RULE_BYTES,    /* u64 */
	CTQA_RULE_HITS,     /* u64, times that it was the first match */
	CTQA_RULE_LAST_HIT, /* u32, seconds ago; absent: never */
	__CTQA_RULE_MAX,
};
#define CTQA_RULE_MAX           (__CTQA_RULE_MAX - 1)
#define CTQ_RULE_MATCHES_MAX    32
#define CTQ_RULE_STATEMENTS_MAX 16

enum ctq_statement_attr {
	CTQA_STATEMENT_UNSPEC,
	CTQA_STATEMENT_KIND,  /* u16, enum ctq_statement */
	CTQA_STATEMENT_VALUE, /* u32: the mark of MARK and CTMARK */
	CTQA_STATEMENT_MASK, /* u32: bits that MARK changes; absent: all; VALUE has no other */
	CTQA_STATEMENT_STRING, /* string: the chain of JUMP, what LOG puts first, the label of
	                        * LABEL, the set of ADD and DELETE */
	CTQA_STATEMENT_FLAGS,  /* u32: CTQ_LIMIT_OVER */
	CTQA_STATEMENT_RATE,   /* u32, at least 1: how many, in a PERIOD or at once */
	CTQA_STATEMENT_PERIOD, /* u32, seconds: 1, 60, 3600 or 86400 */
	CTQA_STATEMENT_BURST, /* u32, at least 1: how many at once; absent: CTQ_LIMIT_BURST */
	CTQA_STATEMENT_PREFIX4, /* u8: bits of an IPv4 source address that count; absent: 32 */
	CTQA_STATEMENT_PREFIX6, /* u8: of an IPv6 one; absent: 128 */
	CTQA_STATEMENT_LEVEL,   /* u8, syslog's (3 … 7): of LOG; absent: 6, info */
	CTQA_STATEMENT_EVERY,   /* u32: LOG one of so many; absent: all */
	CTQA_STATEMENT_FIELD, /* u16, enum ctq_field: what ADD and DELETE take of the packet */
	CTQA_STATEMENT_WITH,    /* u16, enum ctq_field: the port beside an address */
	CTQA_STATEMENT_TIMEOUT, /* u32, seconds: of what ADD adds; absent: the set's */
	__CTQA_STATEMENT_MAX,
};
#define CTQA_STATEMENT_MAX (__CTQA_STATEMENT_MAX - 1)

/*
 * LIMIT stands before all others: a rule with a limit that does not hold is passed over.
 * ACCEPT, DROP, REJECT, ASK, JUMP and RETURN stand last in their rule.
 */
enum ctq_statement {
	CTQ_STATEMENT_NONE,
	CTQ_STATEMENT_ACCEPT, /* ends the evaluation */
	CTQ_STATEMENT_DROP,   /* ends the evaluation */
	CTQ_STATEMENT_MARK, /* packet mark; goes on with the next statement, then the next rule */
	CTQ_STATEMENT_CTMARK, /* mark of the flow; as MARK */
	CTQ_STATEMENT_COUNT, /* nothing: rules always count; kept for readers of nft rule sets */
	CTQ_STATEMENT_JUMP, /* to a chain without hook; back after it, unless it ended */
	CTQ_STATEMENT_RETURN,
	CTQ_STATEMENT_REJECT, /* ends the evaluation: as DROP, and the kernel's rules answer */
	CTQ_STATEMENT_LOG,     /* a line in the daemon's log; goes on */
	CTQ_STATEMENT_OFFLOAD, /* the kernel may carry the flow alone; goes on */
	CTQ_STATEMENT_LIMIT,   /* VALUE is an enum ctq_limit: goes on while it holds */
	CTQ_STATEMENT_LABEL,   /* STRING, name or number: a label of the flow; goes on */
	CTQ_STATEMENT_ASK, /* ends the evaluation: clients answer for the packet or its flow */
	CTQ_STATEMENT_ADD, /* STRING, FIELD, WITH, TIMEOUT: to a set, if it is not in it; goes on */
	CTQ_STATEMENT_DELETE, /* STRING, FIELD, WITH: from a set; goes on */
};

/** What a LIMIT counts; it holds while that is not more, with CTQ_LIMIT_OVER once it is. */
enum ctq_limit {
	CTQ_LIMIT_RATE = 1, /* RATE, PERIOD, BURST: packets that the rule is asked for */
	CTQ_LIMIT_SOURCE_RATE = 2, /* the same for each source, by PREFIX4, PREFIX6 */
	CTQ_LIMIT_CONNECTIONS =
		3, /* RATE: connections of the source that are in the table */
	CTQ_LIMIT_RULE_CONNECTIONS =
		4, /* RATE: open connections that the rule has let in; no OVER, once
		    * in a rule, which ends with ACCEPT */
};
#define CTQ_LIMIT_OVER  0x1
#define CTQ_LIMIT_BURST 5 /* as in nftables */

/*
 * A step of CTQ_MSG_RULE_EXPLAIN. Beside these it has CTQA_RULE_CHAIN, and of the rule that
 * it is about CTQA_RULE_ID, _NAME, _LINE: with FAILS the CTQA_RULE_MATCH that does not hold
 * (unless it has more than CTQ_EXPLAIN_VALUES_MAX values), with HOLDS the CTQA_RULE_STATEMENTs
 * that are executed.
 */
enum ctq_explain_attr {
	CTQA_EXPLAIN_STEP =
		0x40, /* u8, enum ctq_explain_step; the numbers follow CTQA_RULE_* */
	CTQA_EXPLAIN_FIELD,   /* u16, enum ctq_field: of the match that does not hold */
	CTQA_EXPLAIN_SKIPPED, /* u32, steps FAILS that were left out before this one */
	CTQA_EXPLAIN_PACKET,  /* nested, CTQA_PACKET_*: of VERDICT and FLOW */
	__CTQA_EXPLAIN_MAX,
};
#define CTQA_EXPLAIN_MAX       (__CTQA_EXPLAIN_MAX - 1)
#define CTQ_EXPLAIN_VALUES_MAX 64
/** Steps FAILS of one answer; what is above is counted in CTQA_EXPLAIN_SKIPPED. */
#define CTQ_EXPLAIN_FAILS_MAX 10000

enum ctq_explain_step {
	CTQ_EXPLAIN_CHAIN = 1, /* evaluation enters a chain */
	CTQ_EXPLAIN_FAILS,  /* a rule is looked at and one of its matches does not hold */
	CTQ_EXPLAIN_HOLDS,  /* all matches of a rule hold */
	CTQ_EXPLAIN_RETURN, /* evaluation goes on in this chain, behind the jump */
	CTQ_EXPLAIN_POLICY, /* the hook's policy decides; without a chain: there is none */
	CTQ_EXPLAIN_VERDICT, /* the last step: CTQA_EXPLAIN_PACKET has the outcome */
	CTQ_EXPLAIN_FLOW, /* a flow of this tuple exists: its verdict, which rules are not
	                        * asked again for while its generation is in force */
	CTQ_EXPLAIN_LIMIT, /* all matches of a rule hold, but a limit does not: the
	                        * CTQA_RULE_STATEMENT; the rule is passed over */
};

/* ---- packets ------------------------------------------------------------------ */
/*
 * A packet: as it is described (CTQ_MSG_RULE_EXPLAIN), and as it was seen and judged. What a
 * packet does not have is absent.
 */
enum ctq_packet_attr {
	CTQA_PACKET_UNSPEC,
	CTQA_PACKET_HOOK,   /* u8, NF_INET_* */
	CTQA_PACKET_FAMILY, /* u8, AF_INET 2, AF_INET6 10 */
	CTQA_PACKET_PROTO,  /* u8, IPPROTO_* */
	CTQA_PACKET_SRC,    /* address, 4 or 16 bytes */
	CTQA_PACKET_DST,
	CTQA_PACKET_SPORT,     /* u16 */
	CTQA_PACKET_DPORT,     /* u16 */
	CTQA_PACKET_ICMP_TYPE, /* u8 */
	CTQA_PACKET_ICMP_CODE, /* u8 */
	CTQA_PACKET_ICMP_ID,   /* u16 */
	CTQA_PACKET_IN,        /* string, interface */
	CTQA_PACKET_OUT,       /* string */
	CTQA_PACKET_MARK,      /* u32, as it came */
	CTQA_PACKET_LENGTH,    /* u32, bytes */
	CTQA_PACKET_TTL,       /* u8 */
	CTQA_PACKET_TCP_FLAGS, /* u8 */
	CTQA_PACKET_UID,       /* u32, of the local socket */
	CTQA_PACKET_ZONE,      /* u16 */
	CTQA_PACKET_CTSTATE,   /* u32, one of CTQ_CTSTATE_* */
	CTQA_PACKET_CTMARK,    /* u32, of the flow */
	CTQA_PACKET_STATUS,    /* u32, IPS_* of the flow */
	/* the outcome */
	CTQA_PACKET_VERDICT,    /* u8, enum ctq_verdict */
	CTQA_PACKET_REASON,     /* u16, ctq/reasons.h */
	CTQA_PACKET_INVALID,    /* u16, ctq/reasons.h: why its state is INVALID */
	CTQA_PACKET_RULE,       /* u32, id of the rule that decided; absent: none */
	CTQA_PACKET_RULE_NAME,  /* string */
	CTQA_PACKET_GENERATION, /* u32, of the rule set that decided */
	CTQA_PACKET_NEW_MARK, /* u32, the mark that the verdict gives it, when it is another */
	CTQA_PACKET_FLOW,  /* u32, CTA_ID of its flow */
	CTQA_PACKET_FLAGS, /* u32, CTQ_PACKET_* */
	CTQA_PACKET_HELD,  /* u32, repeated: ids of the rules that held, in order; at most
	                         * CTQ_PACKET_HELD_MAX */
	CTQA_PACKET_TIME,  /* u64, ns since 1970 */
	CTQA_PACKET_QUEUE, /* u16 */
	CTQA_PACKET_WORKER, /* u16 */
	CTQA_PACKET_DATA, /* bytes from the IP header on, at most as many as were asked for */
	__CTQA_PACKET_MAX,
};
#define CTQA_PACKET_MAX     (__CTQA_PACKET_MAX - 1)
#define CTQ_PACKET_HELD_MAX 8
#define CTQ_PACKET_BORN     0x1 /* it made its flow */
#define CTQ_PACKET_ASKED    0x2 /* rules were asked; else the flow's verdict was taken */
#define CTQ_PACKET_REPLY    0x4 /* of the reply direction of its flow */
#define CTQ_PACKET_ENDED    0x8 /* its flow ends with it */

/* ---- CTQ_SUBSYS_SETS -------------------------------------------------------- */
/*
 * Named sets. They change without a new generation of rules, in batches of this subsystem; a
 * batch of CTQ_SUBSYS_RULES may have these messages, too, so that a rule set is loaded with
 * its sets. Elements are told apart by set, key and port; a range that is a prefix is one.
 */
enum ctq_sets_msg {
	CTQ_MSG_SET_GET = 0,     /* dump, or one by its name → CTQ_MSG_SET_NEW */
	CTQ_MSG_SET_NEW = 1,     /* batch only: make, or change, a set; NLM_F_EXCL: make;
	                          * announced in CTQ_GROUP_SETS */
	CTQ_MSG_SET_DEL = 2,     /* batch only; announced */
	CTQ_MSG_SET_FLUSH = 3,   /* batch only: delete all elements */
	CTQ_MSG_ELEMENT_GET = 4, /* dump of a set, or the element that holds a key
	                          * → CTQ_MSG_ELEMENT_NEW */
	CTQ_MSG_ELEMENT_NEW =
		5, /* batch only: add, or refresh, an element; NLM_F_EXCL: add;
	                          * announced */
	CTQ_MSG_ELEMENT_DEL = 6, /* batch only; announced, also when it has expired */
};

/** Flag of NFNL_MSG_BATCH_END's nlmsg_flags, of a batch of CTQ_SUBSYS_SETS: delete the flows
 * that have an address of what was added; answered by CTQ_MSG_DAEMON_COUNT
 * (CTQA_COUNT_FLOWS were deleted) before the acknowledgement. */
#define CTQ_BATCH_KILL 0x200

enum ctq_set_type {
	CTQ_SET_ADDRESS = 1,  /* addresses, prefixes and ranges, of both families */
	CTQ_SET_PORT,         /* ports and ranges */
	CTQ_SET_ADDRESS_PORT, /* an address with a port */
	CTQ_SET_INTERFACE,    /* names; a final '*' stands for any rest */
	CTQ_SET_MARK,         /* marks and ranges */
};

/* Flags of a set. */
#define CTQ_SET_TIMEOUT 0x1 /* elements may have a timeout */
#define CTQ_SET_COUNTER 0x2 /* elements count packets of rules that hold by them */

#define CTQ_SET_SIZE_DEFAULT 1000000
#define CTQ_SET_SIZE_MAX     10000000  /* elements */
#define CTQ_SET_TIMEOUT_MAX  315360000 /* seconds: ten years */

enum ctq_set_attr {
	CTQA_SET_UNSPEC,
	CTQA_SET_NAME,    /* string */
	CTQA_SET_TYPE,    /* u16, enum ctq_set_type */
	CTQA_SET_FLAGS,   /* u32, CTQ_SET_* */
	CTQA_SET_TIMEOUT, /* u32, seconds, of elements that bring none */
	CTQA_SET_SIZE,    /* u32, most elements */
	CTQA_SET_COMMENT, /* string */
	CTQA_SET_LENGTH,  /* u32, elements */
	CTQA_SET_USES,    /* u32, matches and statements of the rules in force */
	CTQA_SET_MEMORY,  /* u64, bytes */
	CTQA_SET_LINE,    /* u32, line in its file */
	__CTQA_SET_MAX,
};
#define CTQA_SET_MAX (__CTQA_SET_MAX - 1)

enum ctq_element_attr {
	CTQA_ELEMENT_UNSPEC,
	CTQA_ELEMENT_SET, /* string */
	CTQA_ELEMENT_KEY, /* nested: CTQA_VALUE_* by the set's type; no MASK */
	CTQA_ELEMENT_WITH, /* nested: CTQA_VALUE_FIRST: the port that belongs to an address */
	CTQA_ELEMENT_TIMEOUT, /* u32, seconds; 0: none, whatever the set's is */
	CTQA_ELEMENT_EXPIRES, /* u32, seconds left */
	CTQA_ELEMENT_COMMENT, /* string */
	CTQA_ELEMENT_FLAGS,   /* u32, CTQ_ELEMENT_* */
	CTQA_ELEMENT_PACKETS, /* u64 */
	CTQA_ELEMENT_BYTES,   /* u64 */
	CTQA_ELEMENT_LINE,    /* u32, line in its file */
	CTQA_ELEMENT_TYPE,    /* u16, enum ctq_set_type of its set: in announcements */
	__CTQA_ELEMENT_MAX,
};
#define CTQA_ELEMENT_MAX     (__CTQA_ELEMENT_MAX - 1)
#define CTQ_ELEMENT_OF_RULES 0x1 /* came with a rule set, and goes with it */

/* ---- CTQ_SUBSYS_PACKETS ----------------------------------------------------- */
enum ctq_packets_msg {
	CTQ_MSG_PACKET_SEEN =
		0, /* CTQA_PACKET_*; announced in CTQ_GROUP_DROP and _TRACE */
};

/* ---- CTQ_SUBSYS_ASK --------------------------------------------------------- */
/*
 * Questions: a packet that a rule asks about waits until a client answers, or until the
 * deadline, when the default of ctqd.conf decides. Packets of its flow that come meanwhile wait
 * with it. Somebody must be in CTQ_GROUP_ASK when the packet comes, or the default decides at
 * once; joining needs the right to change, since it makes packets wait.
 */
enum ctq_ask_msg {
	CTQ_MSG_ASK_GET =
		0, /* dump → CTQ_MSG_ASK_NEW: the open questions, by their ids */
	CTQ_MSG_ASK_NEW = 1,    /* a question; announced in CTQ_GROUP_ASK */
	CTQ_MSG_ASK_DEL = 2,    /* it is settled: CTQA_ASK_ID, _REASON; announced */
	CTQ_MSG_ASK_ANSWER = 3, /* CTQA_ASK_ID, _VERDICT, _SCOPE; ENOENT: there is no such
	                         * question, or it has been answered */
};

enum ctq_ask_attr {
	CTQA_ASK_UNSPEC,
	CTQA_ASK_ID,      /* u32, never 0, of one life of the daemon */
	CTQA_ASK_LEFT,    /* u32, ms until the deadline */
	CTQA_ASK_DEFAULT, /* u8, enum ctq_verdict: what then decides, ACCEPT or DROP */
	CTQA_ASK_PACKET, /* nested, CTQA_PACKET_*: the first packet; its bytes for clients
	                   * with the right to change only */
	CTQA_ASK_VERDICT, /* u8, enum ctq_verdict, of an answer: ACCEPT or DROP */
	CTQA_ASK_SCOPE,   /* u8, enum ctq_ask_scope, of an answer; absent: PACKET */
	CTQA_ASK_REASON,  /* u16, ctq/reasons.h: what has become of the first packet */
	__CTQA_ASK_MAX,
};
#define CTQA_ASK_MAX (__CTQA_ASK_MAX - 1)

/** For which packets an answer is. A packet without a flow has itself only. */
enum ctq_ask_scope {
	CTQ_ASK_PACKET =
		1,    /* those that wait: the next one of the flow is asked about again */
	CTQ_ASK_FLOW, /* those, and all of the flow until other rules are in force */
};

/* ---- CTQ_SUBSYS_QUEUES ------------------------------------------------------ */
enum ctq_queues_msg {
	CTQ_MSG_QUEUE_GET = 0, /* dump → CTQ_MSG_QUEUE_NEW */
	CTQ_MSG_QUEUE_NEW = 1,
};

enum ctq_queue_attr {
	CTQA_QUEUE_UNSPEC,
	CTQA_QUEUE_NUMBER,         /* u16 */
	CTQA_QUEUE_HOOK,           /* u8, NF_INET_*, as configured */
	CTQA_QUEUE_WORKER,         /* u16 */
	CTQA_QUEUE_CPU,            /* u16, pinned to; absent: not pinned */
	CTQA_QUEUE_PORTID,         /* u32, netlink port of the owner */
	CTQA_QUEUE_DEPTH,          /* u32, packets waiting in the kernel */
	CTQA_QUEUE_MAXLEN,         /* u32 */
	CTQA_QUEUE_RANGE,          /* u32, bytes copied of a packet */
	CTQA_QUEUE_RCVBUF,         /* u32, bytes */
	CTQA_QUEUE_FLAGS,          /* u32, CTQ_QUEUE_* */
	CTQA_QUEUE_PACKETS,        /* u64, received */
	CTQA_QUEUE_BYTES,          /* u64 */
	CTQA_QUEUE_ACCEPTED,       /* u64, verdicts */
	CTQA_QUEUE_DROPPED,        /* u64, verdicts */
	CTQA_QUEUE_KERNEL_DROPPED, /* u64: the queue was full (queue_dropped) */
	CTQA_QUEUE_USER_DROPPED,   /* u64: the socket's buffer was full (user_dropped) */
	CTQA_QUEUE_OVERRUNS,       /* u64: ENOBUFS reported on the socket */
	CTQA_QUEUE_ERRORS,         /* u64: verdicts refused by the kernel, e.g. ENOENT */
	CTQA_QUEUE_BATCHES,        /* u64: receive calls that brought packets */
	CTQA_QUEUE_OLDEST, /* u64: ns that the oldest unanswered packet has waited in ctqd */
	CTQA_QUEUE_HELD, /* u32: packets that wait for an answer (CTQ_SUBSYS_ASK) */
	__CTQA_QUEUE_MAX,
};
#define CTQA_QUEUE_MAX      (__CTQA_QUEUE_MAX - 1)
#define CTQ_QUEUE_FAIL_OPEN 0x1
#define CTQ_QUEUE_GSO       0x2

/* ---- CTQ_SUBSYS_PROTO ------------------------------------------------------- */
enum ctq_proto_msg {
	CTQ_MSG_PROTO_GET = 0, /* dump → CTQ_MSG_PROTO_NEW */
	CTQ_MSG_PROTO_NEW = 1,
	CTQ_MSG_PROTO_UNLOAD =
		2,              /* CTQA_PROTO_NAME; answered when no flow points to it */
	CTQ_MSG_PROTO_LOAD = 3, /* CTQA_PROTO_NAME: built in, or a module */
};

/** Of CTQA_PROTO_STATE. What is not loaded is followed by the generic machine. */
enum ctq_proto_state {
	CTQ_PROTO_LOADED = 1,
	CTQ_PROTO_LOADING,
	CTQ_PROTO_UNLOADING,
	CTQ_PROTO_UNLOADED,
};

enum ctq_proto_attr {
	CTQA_PROTO_UNSPEC,
	CTQA_PROTO_NAME,       /* string */
	CTQA_PROTO_NUMBER,     /* u8 */
	CTQA_PROTO_FLOWS,      /* u32, alive */
	CTQA_PROTO_TIMEOUT,    /* nested, repeated: CTQA_TIMEOUT_* */
	CTQA_PROTO_REFERENCES, /* u32, flows that point to it, dead ones included */
	CTQA_PROTO_STATE,      /* u8, enum ctq_proto_state */
	CTQA_PROTO_MODULE,     /* flag: not built in */
	CTQA_PROTO_HELPER,     /* flag: a helper of connections of that number */
	__CTQA_PROTO_MAX,
};
#define CTQA_PROTO_MAX (__CTQA_PROTO_MAX - 1)

enum ctq_timeout_attr {
	CTQA_TIMEOUT_UNSPEC,
	CTQA_TIMEOUT_NAME,  /* string: "tcp_timeout_established" */
	CTQA_TIMEOUT_VALUE, /* u32, seconds */
	__CTQA_TIMEOUT_MAX,
};
#define CTQA_TIMEOUT_MAX (__CTQA_TIMEOUT_MAX - 1)

/* ---- CTQ_SUBSYS_DAEMON ------------------------------------------------------ */
enum ctq_daemon_msg {
	CTQ_MSG_DAEMON_GET = 0, /* → CTQ_MSG_DAEMON_NEW */
	CTQ_MSG_DAEMON_NEW = 1, /* CTQA_DAEMON_* */
	CTQ_MSG_DAEMON_STATS_GET =
		2, /* → CTQ_MSG_DAEMON_STATS_NEW; CTQA_STATS_ZERO: read and zero */
	CTQ_MSG_DAEMON_STATS_NEW = 3, /* CTQA_STATS_* */
	CTQ_MSG_DAEMON_SUBSCRIBE =
		4, /* CTQA_GROUP_*: the groups that this client wants from now on */
	CTQ_MSG_DAEMON_OVERRUN =
		5, /* to a subscriber: CTQA_OVERRUN_LOST announcements were lost */
	CTQ_MSG_DAEMON_COUNT =
		6, /* CTA_CTQ_FILTER → CTQ_MSG_DAEMON_COUNT with CTQA_COUNT_* */
	CTQ_MSG_DAEMON_RELOAD =
		7, /* read the configuration and the rules again; answered when done */
	CTQ_MSG_DAEMON_SOCKET =
		8, /* CTQA_SOCKET_*: how this client wants its datagrams */
	CTQ_MSG_DAEMON_CONFIG_GET =
		9, /* dump → CTQ_MSG_DAEMON_CONFIG_NEW; CTQA_CONFIG_DEFAULTS */
	CTQ_MSG_DAEMON_CONFIG_NEW =
		10, /* CTQA_CONFIG_TEXT: a piece of the configuration */
};

/** Bits of CTQA_DAEMON_FEATURES: what this daemon can, beyond the first version of the
 * protocol. A bit that a client does not know says nothing to it. */
enum ctq_feature {
	CTQ_FEATURE_CONFIG = 0x1,   /* CTQ_MSG_DAEMON_CONFIG_GET */
	CTQ_FEATURE_SEQUENCE = 0x2, /* CTA_CTQ_SEQUENCE and CTQ_DONE_GENERATION */
	CTQ_FEATURE_DEBUG_REFS =
		0x4, /* references are counted by holder (CTQA_REFS_TABLE …) */
	CTQ_FEATURE_ASK = 0x8, /* CTQ_SUBSYS_ASK */
};

enum ctq_daemon_attr {
	CTQA_DAEMON_UNSPEC,
	CTQA_DAEMON_VERSION,      /* string */
	CTQA_DAEMON_PROTOCOL,     /* u32, CTQ_PROTOCOL_VERSION */
	CTQA_DAEMON_PID,          /* u32 */
	CTQA_DAEMON_STARTED,      /* u64, seconds since 1970 */
	CTQA_DAEMON_UPTIME,       /* u32, seconds */
	CTQA_DAEMON_WORKERS,      /* u16 */
	CTQA_DAEMON_FLOWS,        /* u32, confirmed */
	CTQA_DAEMON_FLOWS_MAX,    /* u32 */
	CTQA_DAEMON_UNCONFIRMED,  /* u32 */
	CTQA_DAEMON_DYING,        /* u32 */
	CTQA_DAEMON_ASSURED,      /* u32 */
	CTQA_DAEMON_GENERATION,   /* u32 */
	CTQA_DAEMON_RULES,        /* u32 */
	CTQA_DAEMON_CLIENTS,      /* u32 */
	CTQA_DAEMON_TABLE_MEMORY, /* u64, bytes of the hashtrie */
	CTQA_DAEMON_SLAB_MEMORY,  /* u64, bytes of the flows' pages */
	CTQA_DAEMON_CONFIG,       /* string, path */
	CTQA_DAEMON_WARNING,      /* string, repeated: what makes it degraded */
	CTQA_DAEMON_FEATURES,     /* u64, enum ctq_feature */
	CTQA_DAEMON_CLIENTS_MAX,  /* u32 */
	CTQA_DAEMON_BUFFER_MAX,   /* u32, bytes that may wait for one client */
	CTQA_DAEMON_LISTS,     /* u32, lists (and counts, deletions of many) under way */
	CTQA_DAEMON_LISTS_MAX, /* u32 */
	CTQA_DAEMON_BATCHES,   /* u32, batches that are open; at most CTQ_BATCHES_MAX */
	__CTQA_DAEMON_MAX,
};
#define CTQA_DAEMON_MAX (__CTQA_DAEMON_MAX - 1)

enum ctq_config_attr {
	CTQA_CONFIG_UNSPEC,
	CTQA_CONFIG_DEFAULTS, /* flag, request: what would be in force if nothing were said */
	CTQA_CONFIG_TEXT, /* string: whole lines of a ctqd.conf(5); all pieces, one behind
	                       * the other, are the configuration */
	__CTQA_CONFIG_MAX,
};
#define CTQA_CONFIG_MAX     (__CTQA_CONFIG_MAX - 1)
#define CTQ_CONFIG_TEXT_MAX 32768 /* bytes of a piece, with its final zero */

enum ctq_stats_attr {
	CTQA_STATS_UNSPEC,
	CTQA_STATS_ZERO,     /* flag, request: zero what was read */
	CTQA_STATS_PACKETS,  /* u64 */
	CTQA_STATS_BYTES,    /* u64 */
	CTQA_STATS_COUNTER,  /* nested, repeated: CTQA_COUNTER_* */
	CTQA_STATS_REASON,   /* nested, repeated: CTQA_REASON_* */
	CTQA_STATS_INTERVAL, /* u64, ns since the counters were zero */
	__CTQA_STATS_MAX,
};
#define CTQA_STATS_MAX (__CTQA_STATS_MAX - 1)

enum ctq_counter_attr {
	CTQA_COUNTER_UNSPEC,
	CTQA_COUNTER_NAME,  /* string, "flow.evicted" */
	CTQA_COUNTER_VALUE, /* u64 */
	__CTQA_COUNTER_MAX,
};
#define CTQA_COUNTER_MAX (__CTQA_COUNTER_MAX - 1)

enum ctq_reason_attr {
	CTQA_REASON_UNSPEC,
	CTQA_REASON_NUMBER, /* u16 */
	CTQA_REASON_NAME,   /* string */
	CTQA_REASON_VALUE,  /* u64, packets */
	__CTQA_REASON_MAX,
};
#define CTQA_REASON_MAX (__CTQA_REASON_MAX - 1)

enum ctq_group_attr {
	CTQA_GROUP_UNSPEC,
	CTQA_GROUP_NUMBER, /* u32, repeated, enum ctq_group; none: leave all */
	/* of CTQ_GROUP_DROP and _TRACE, beside CTA_CTQ_FILTER, which packets are meant: */
	CTQA_GROUP_BYTES, /* u32, bytes of each packet that are wanted; absent: none */
	CTQA_GROUP_RATE, /* u32, packets a second at most; absent: CTQ_GROUP_RATE_DEFAULT; 0:
	                   * no limit */
	__CTQA_GROUP_MAX,
};
#define CTQA_GROUP_MAX         (__CTQA_GROUP_MAX - 1)
#define CTQ_GROUP_RATE_DEFAULT 1000
#define CTQ_GROUP_BYTES_MAX    1600
/** Clients in CTQ_GROUP_DROP or _TRACE at once, and how many of these places are for clients that
 * may change. */
#define CTQ_GROUP_WATCHERS_MAX     8
#define CTQ_GROUP_WATCHERS_RESERVE 2

enum ctq_overrun_attr {
	CTQA_OVERRUN_UNSPEC,
	CTQA_OVERRUN_LOST, /* u64 */
	__CTQA_OVERRUN_MAX,
};
#define CTQA_OVERRUN_MAX (__CTQA_OVERRUN_MAX - 1)

enum ctq_socket_attr {
	CTQA_SOCKET_UNSPEC,
	CTQA_SOCKET_DATAGRAM, /* u32, bytes, CTQ_DATAGRAM_MIN … _MAX: a datagram with more than one
	                       * message has at most so many */
	CTQA_SOCKET_SINGLE, /* flag: each announcement is a datagram of its own */
	CTQA_SOCKET_PORT, /* u32: nlmsg_pid of events that this client's requests cause */
	__CTQA_SOCKET_MAX,
};
#define CTQA_SOCKET_MAX (__CTQA_SOCKET_MAX - 1)

enum ctq_count_attr {
	CTQA_COUNT_UNSPEC,
	CTQA_COUNT_FLOWS, /* u32 that the filter took */
	CTQA_COUNT_TOTAL, /* u32 in the table */
	__CTQA_COUNT_MAX,
};
#define CTQA_COUNT_MAX (__CTQA_COUNT_MAX - 1)

#endif
