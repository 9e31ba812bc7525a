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
	PACKET_CHECKSUM_VERIFIED,   /* a device or the kernel has checked it, or it need not be */
	PACKET_CHECKSUM_UNVERIFIED, /* NFQA_SKB_CSUM_NOTVERIFIED: whoever cares must check */
	PACKET_CHECKSUM_NOT_READY,  /* NFQA_SKB_CSUMNOTREADY: not computed yet (local, GSO) */
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

struct packet_tcp {
	uint32_t seq;
	uint32_t ack;
	uint16_t window;       /* as in the header, not scaled */
	uint8_t flags;         /* PACKET_TCP_* */
	bool has_scale;        /* SYN with the window scale option */
	uint8_t scale;         /* 0 … 14; larger values on the wire count as 14 (RFC 7323, 2.3) */
	bool sack_permitted;   /* SYN with SACK-permitted */
	bool has_sack;
	uint32_t sack_right;   /* right edge of the last block, as the kernel's tracker takes
	                        * it: the largest of the blocks' right edges */
	bool has_timestamp;
};

/* An ICMP error: what it quotes, as a tuple of the quoted packet's own direction. */
struct packet_icmp_error {
	struct tuple quoted;
};

struct packet_sctp {
	uint32_t vtag;
	uint16_t chunks; /* bit set of interesting chunk types seen; sctp_chunk_* of track */
	uint16_t offset; /* of the first chunk, in the packet's bytes */
};

struct packet {
	/* -- filled by the queue ---------------------------------------------- */
	const uint8_t *data;    /* from the IP header on */
	uint32_t captured;      /* bytes at @data */
	uint32_t length;        /* bytes of the packet; above @captured when only a part was copied */
	uint32_t id;            /* the kernel's packet id in its queue */
	uint32_t mark;          /* packet mark (nfmark) at the hook */
	uint32_t ifin, ifout;   /* interface index; 0: none */
	uint32_t physin, physout; /* bridge ports; 0: none */
	uint32_t uid, gid;      /* of the local socket, valid if has_uid */
	uint16_t queue;         /* NFQUEUE number */
	uint16_t zone;          /* conntrack zone of its queue */
	uint8_t family;         /* AF_INET, AF_INET6; from the ethertype of the queue's message */
	uint8_t hook;           /* enum packet_hook */
	uint8_t checksum;       /* enum packet_checksum */
	bool gso;               /* more than one wire packet: length may exceed the MTU and 65535 */
	bool has_uid;

	/* -- filled by packet_parse() ----------------------------------------- */
	struct tuple tuple;     /* valid if !invalid, or if has_tuple */
	bool has_tuple;
	enum ctq_reason invalid; /* CTQ_REASON_NONE: well formed */
	uint16_t l4_offset;     /* transport header from @data on */
	uint32_t l4_length;     /* transport header and payload, by the IP header's length */
	uint32_t payload_length; /* behind the transport header (TCP, UDP, UDP-Lite) */
	uint8_t ttl;            /* or hop limit */
	uint8_t tos;            /* or traffic class */
	bool fragment;          /* part of a fragmented packet */
	bool later_fragment;    /* … and not the first: has no transport header */
	uint32_t fragment_id;
	uint16_t fragment_offset; /* bytes */
	bool more_fragments;
	uint8_t icmp_type, icmp_code; /* ICMP and ICMPv6 */
	bool icmp_error;        /* an error that quotes a packet: @icmp is valid */
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
 * Check the transport checksum of @p, parsed and captured whole. True: right, or the
 * protocol has none, or it was not used (UDP over IPv4 with 0), or it cannot be checked
 * (a part of the packet only, a fragment, GSO, not computed yet).
 */
bool packet_checksum_holds(const struct packet *p);

#endif
