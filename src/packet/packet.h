/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet.h - a packet: where it came from, its bytes, and what the bytes say
 *
 * A queue fills the first part, packet_parse() the second from the bytes of the
 * first. Nothing here keeps or frees the bytes: they belong to the queue's batch
 * and live until its verdicts are sent.
 *
 * Lengths are bytes. Numbers are in host byte order, unless said otherwise.
 */
#ifndef PACKET_PACKET_H
#define PACKET_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "ctq/reasons.h"
#include "packet/tuple.h"

/* NF_INET_* hook numbers (linux/netfilter.h). */
enum packet_hook {
	PACKET_HOOK_PREROUTING = 0,
	PACKET_HOOK_INPUT = 1,
	PACKET_HOOK_FORWARD = 2,
	PACKET_HOOK_OUTPUT = 3,
	PACKET_HOOK_POSTROUTING = 4,
};
#define PACKET_HOOKS 5

/* What the kernel knows of the transport checksum (NFQA_SKB_INFO). */
enum packet_checksum {
	PACKET_CHECKSUM_VERIFIED, /* checked by a device or the kernel, or need not be */
	PACKET_CHECKSUM_UNVERIFIED, /* CSUM_NOTVERIFIED: whoever cares must check */
	PACKET_CHECKSUM_NOT_READY,  /* CSUMNOTREADY: not computed yet (local, GSO) */
};

/* TCP header flags (RFC 9293, 3.1) in the order of the header's byte. */
#define PACKET_TCP_FIN 0x01
#define PACKET_TCP_SYN 0x02
#define PACKET_TCP_RST 0x04
#define PACKET_TCP_PSH 0x08
#define PACKET_TCP_ACK 0x10
#define PACKET_TCP_URG 0x20
#define PACKET_TCP_ECE 0x40
#define PACKET_TCP_CWR 0x80

/* Of a later fragment only @seq is set, by the fragments' cache: the number behind the last byte
 * of its segment that came before it (SYN and FIN count). */
struct packet_tcp {
	uint32_t seq;
	uint32_t ack;
	uint16_t window;     /* as in the header, not scaled */
	uint8_t flags;       /* PACKET_TCP_* */
	bool has_scale;      /* SYN with the window scale option */
	uint8_t scale;       /* 0 … 14; larger ones count as 14 (RFC 7323, 2.3) */
	bool sack_permitted; /* SYN with SACK-permitted */
	bool has_sack;
	uint32_t sack_right; /* the right-most edge of all blocks, at least @ack */
	bool has_timestamp;
};

/* An ICMP error (or ICMPv6 redirect): what it quotes, as a tuple of the quoted packet's
 * own direction. */
struct packet_icmp_error {
	struct tuple quoted;
};

struct packet_sctp {
	uint32_t vtag;
	uint16_t chunks; /* types below 16 that were seen, as bits 1 << type */
	uint16_t offset; /* of the first chunk, in the packet's bytes */
	bool cut;        /* more chunks follow behind the captured bytes */
};

/* One chunk's header; @init_tag is valid for INIT and INIT ACK (else 0). */
struct packet_sctp_chunk {
	uint8_t type, flags;
	uint16_t length;
	uint32_t init_tag;
};

struct packet {
	/* -- filled by the queue ---------------------------------------------- */
	const uint8_t *data;      /* from the IP header on */
	uint32_t captured;        /* bytes at @data */
	uint32_t length;          /* bytes of the packet; >= @captured */
	uint32_t id;              /* the kernel's packet id in its queue */
	uint32_t mark;            /* packet mark (nfmark) at the hook */
	uint32_t ifin, ifout;     /* interface index; 0: none */
	uint32_t physin, physout; /* bridge ports; 0: none */
	uint32_t uid, gid;        /* of the local socket, valid if has_uid */
	uint16_t queue;           /* NFQUEUE number */
	uint16_t zone;            /* conntrack zone of its queue */
	uint8_t family;           /* AF_INET, AF_INET6; from the message's ethertype */
	uint8_t hook;             /* enum packet_hook */
	uint8_t checksum;         /* enum packet_checksum */
	bool gso; /* stands for several wire packets: @length may exceed 65535 */
	bool has_uid;

	/* -- filled by packet_parse() ----------------------------------------- */
	/* Addresses and protocol once the IP header was read (l3 is not 0); the ids, too,
	 * if has_tuple. An ICMP error has src_id 0: it is no flow's key. */
	struct tuple tuple;
	bool has_tuple;          /* always, if neither invalid nor untracked */
	bool untracked;          /* neighbour discovery and multicast listener messages:
	                          * not invalid, and no flow, as in the kernel */
	enum ctq_reason invalid; /* CTQ_REASON_NONE: well formed */
	uint16_t l4_offset;      /* transport header from @data on */
	uint32_t l4_length;      /* transport header and payload, by the IP header */
	uint32_t payload_length; /* behind the transport header (TCP, UDP, UDP-Lite) */
	uint8_t ttl;             /* or hop limit */
	uint8_t tos;             /* or traffic class */
	bool fragment;           /* part of a fragmented packet (an IPv6 fragment header
	                          * alone, RFC 6946, makes none) */
	bool later_fragment;     /* … and not the first: has no transport header */
	bool more_fragments;
	uint32_t fragment_id;
	uint16_t fragment_offset;     /* bytes */
	uint32_t fragment_length;     /* bytes of the whole packet that this one brings */
	uint8_t icmp_type, icmp_code; /* ICMP and ICMPv6 */
	bool icmp_error; /* an error that quotes a packet: l4.icmp is valid */
	union {
		struct packet_tcp tcp;
		struct packet_icmp_error icmp;
		struct packet_sctp sctp;
	} l4;
};

/* The answer to one packet, as a queue sends it. */
struct packet_verdict {
	bool accept;
	bool set_mark;
	uint32_t mark;
};

/**
 * Read the headers of @p from its bytes. Fills the second part of @p, all of it.
 * Never fails: a packet that cannot be read has @p->invalid set to the reason, and as
 * much of the rest as could be read (@p->has_tuple says whether the tuple is whole).
 * Reads nothing outside @p->data[0 … captured).
 */
void packet_parse(struct packet *p);

/**
 * Check the transport checksum of @p, parsed and well formed: TCP, UDP, UDP-Lite, ICMP,
 * ICMPv6, SCTP. True: right, or another protocol, or not used (UDP with 0, in IPv6 too:
 * as the kernel's tracker takes it), or it cannot be checked (captured in part only,
 * a fragment, GSO, not computed yet).
 */
bool packet_checksum_holds(const struct packet *p);

/**
 * Do the flags of a TCP segment (PACKET_TCP_*) go together? As nf_conntrack_proto_tcp.c has it:
 * PSH, ECE and CWR go with everything, URG with data or SYN, FIN never alone.
 */
bool packet_tcp_flags_valid(uint8_t flags);

/**
 * Walk the chunks of a parsed SCTP packet. Begin with *@offset = p->l4.sctp.offset; each
 * call reads the chunk there and moves *@offset behind it. False: no chunk left, or it
 * lies behind the captured bytes.
 */
bool packet_sctp_chunk_next(const struct packet *p, uint32_t *offset,
                            struct packet_sctp_chunk *chunk);

#endif
