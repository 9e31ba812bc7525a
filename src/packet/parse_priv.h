/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse_priv.h - the parts of packet_parse()
 *
 * parse.c reads a packet from the outside in with the functions of ip.c and
 * transport.c; icmp.c uses the same ones for the packet that an error quotes.
 *
 * All take a cursor that stands where their header begins and leave it behind that
 * header. A reason is returned for what is malformed by itself; that bytes were
 * missing is left to the cursor (cursor_ok()), since only the caller knows whether
 * the packet ended there or merely its copy.
 */
#ifndef PACKET_PARSE_PRIV_H
#define PACKET_PARSE_PRIV_H

#include "packet/cursor.h"
#include "packet/packet.h"

#define PARSE_IP4_HEADER  20 /* without options, RFC 791 */
#define PARSE_IP6_HEADER  40 /* RFC 8200 */
#define PARSE_TCP_HEADER  20 /* without options, RFC 9293 */
#define PARSE_UDP_HEADER  8  /* and UDP-Lite, RFC 768, 3828 */
#define PARSE_SCTP_HEADER 12 /* RFC 9260 */
#define PARSE_SCTP_CHUNK  4

/* What an IP header says. */
struct parse_ip {
	uint8_t l3, l4; /* @l4: of an IPv6 packet, by the last extension header read */
	uint8_t ttl, tos;
	uint32_t header;  /* bytes before the transport header or the extensions */
	uint32_t length;  /* of the packet, by its own field */
	bool length_open; /* an IPv6 jumbogram's: the field says nothing */
	bool more_fragments;
	uint16_t fragment_offset; /* bytes */
	uint32_t fragment_id;
	uint32_t fragment_start; /* offset of what was cut into fragments: behind the
	                          * header that says so */
};

/** The fixed header, and IPv4's options. Writes addresses, l3 and l4 to @t. */
enum ctq_reason parse_ip_header(struct cursor *c, uint8_t family, struct parse_ip *ip,
                                struct tuple *t);

/** IPv6's extension headers up to the transport header, or to that
 * of a later fragment. */
enum ctq_reason parse_ip_extensions(struct cursor *c, struct parse_ip *ip,
                                    struct tuple *t);

/** Ports, identifiers or keys: the rest of the tuple. @length: where the packet ends,
 * which its copy need not reach. */
enum ctq_reason parse_ids(struct cursor *c, uint32_t length, struct tuple *t);

/* Transport headers of a packet whose tuple is known; @c ends where the packet or
 * its copy does, p->l4_offset and p->l4_length are set. */
enum ctq_reason parse_tcp(struct packet *p, struct cursor *c);
enum ctq_reason parse_udp(struct packet *p, struct cursor *c);
enum ctq_reason parse_udplite(struct packet *p, struct cursor *c);
enum ctq_reason parse_icmp(struct packet *p, struct cursor *c);
enum ctq_reason parse_sctp(struct packet *p, struct cursor *c);

/** The reason for a cursor that was asked for more than it had: @truncated when a packet
 * of @length bytes has no such byte, CTQ_INVALID_COPY_RANGE when only the copy ends. */
static inline enum ctq_reason parse_cut(const struct cursor *c, uint32_t length,
                                        enum ctq_reason truncated)
{
	return c->wanted > length ? truncated : CTQ_INVALID_COPY_RANGE;
}

#endif
