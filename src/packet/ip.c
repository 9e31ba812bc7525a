/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ip.c - IPv4 and IPv6 headers, of a packet and of what an ICMP error quotes
 */
#include <sys/socket.h>
#include <netinet/in.h>

#include "packet/parse_priv.h"

/*
 * IPv6 extension headers in one packet. RFC 8200, 4.1 foresees seven at most (each
 * once, destination options twice); the double of that is room for what tunnels and
 * segment routing add. The kernel's tracker has no limit; nothing but an attack
 * meets this one.
 */
#define IP6_EXTENSIONS_MAX 14

/* IPv4, RFC 791, 3.1:
 *
 *    0 version, header length | tos | total length
 *    4 identification               | flags (3 bits), fragment offset (8 bytes each)
 *    8 ttl | protocol               | header checksum
 *   12 source address
 *   16 destination address
 *   20 options, up to the header length (4 bytes each)
 */
#define IP4_MORE_FRAGMENTS  0x2000
#define IP4_FRAGMENT_OFFSET 0x1fff

static enum ctq_reason parse_ip4_header(struct cursor *c, struct parse_ip *ip,
                                        struct tuple *t)
{
	const uint8_t *h = cursor_take(c, PARSE_IP4_HEADER);
	uint16_t fragment;

	if (!h)
		return CTQ_REASON_NONE;
	ip->tos = h[1];
	ip->length = bytes_be16(h + 2);
	ip->fragment_id = bytes_be16(h + 4);
	fragment = bytes_be16(h + 6);
	ip->ttl = h[8];
	ip->l4 = h[9];
	memcpy(t->src, h + 12, 4);
	memcpy(t->dst, h + 16, 4);
	t->l3 = AF_INET;
	t->l4 = ip->l4;
	if (h[0] >> 4 != 4)
		return CTQ_INVALID_IP_VERSION;
	ip->header = (h[0] & 0xf) * 4u;
	if (ip->header < PARSE_IP4_HEADER)
		return CTQ_INVALID_IP_HEADER_LENGTH;
	cursor_skip(c, ip->header - PARSE_IP4_HEADER);
	ip->more_fragments = fragment & IP4_MORE_FRAGMENTS;
	ip->fragment_start = ip->header;
	ip->fragment_offset = (uint16_t)((fragment & IP4_FRAGMENT_OFFSET) * 8);
	return CTQ_REASON_NONE;
}

/* IPv6, RFC 8200, 3:
 *
 *    0 version (4 bits), traffic class (8), flow label (20)
 *    4 payload length               | next header | hop limit
 *    8 source address
 *   24 destination address
 */
static enum ctq_reason parse_ip6_header(struct cursor *c, struct parse_ip *ip,
                                        struct tuple *t)
{
	const uint8_t *h = cursor_take(c, PARSE_IP6_HEADER);
	uint16_t payload;

	if (!h)
		return CTQ_REASON_NONE;
	payload = bytes_be16(h + 4);
	ip->l4 = h[6];
	ip->ttl = h[7];
	memcpy(t->src, h + 8, 16);
	memcpy(t->dst, h + 24, 16);
	t->l3 = AF_INET6;
	t->l4 = ip->l4;
	if (h[0] >> 4 != 6)
		return CTQ_INVALID_IP_VERSION;
	ip->tos = (uint8_t)(h[0] << 4 | h[1] >> 4);
	ip->header = PARSE_IP6_HEADER;
	ip->length = PARSE_IP6_HEADER + (uint32_t)payload;
	/* A jumbogram says its length in a hop-by-hop option (RFC 2675), which the
	 * kernel has compared with the real one before any hook. */
	ip->length_open = payload == 0 && ip->l4 == IPPROTO_HOPOPTS;
	return CTQ_REASON_NONE;
}

enum ctq_reason parse_ip_header(struct cursor *c, uint8_t family, struct parse_ip *ip,
                                struct tuple *t)
{
	ip->l3 = family;
	switch (family) {
	case AF_INET: return parse_ip4_header(c, ip, t);
	case AF_INET6: return parse_ip6_header(c, ip, t);
	default: return CTQ_INVALID_L3_UNKNOWN;
	}
}

/*
 * The headers that the kernel's tracker walks over. All others are transport headers
 * to it, mobility (135), HIP and Shim6 included: they are flows of their own number.
 */
static bool is_extension(uint8_t number)
{
	switch (number) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_DSTOPTS:
	case IPPROTO_NONE: return true;
	default: return false;
	}
}

/* RFC 8200, 4.5: next header | reserved | offset (13 bits), reserved, more |
 * identification */
static void parse_ip6_fragment(struct cursor *c, struct parse_ip *ip)
{
	uint16_t field;

	ip->l4 = cursor_u8(c);
	cursor_skip(c, 1);
	field = cursor_be16(c);
	ip->more_fragments = field & 1;
	ip->fragment_offset = field & 0xfff8;
	ip->fragment_id = cursor_be32(c);
	ip->fragment_start = c->offset;
}

/* One header that begins with its successor's number and its own length, which AH
 * counts in 4 bytes less two, all others in 8 bytes less one. */
static void parse_ip6_extension(struct cursor *c, struct parse_ip *ip)
{
	uint8_t number = ip->l4, length;

	ip->l4 = cursor_u8(c);
	length = cursor_u8(c);
	cursor_skip(c,
	            number == IPPROTO_AH ? (length + 2u) * 4 - 2 : (length + 1u) * 8 - 2);
}

enum ctq_reason parse_ip_extensions(struct cursor *c, struct parse_ip *ip,
                                    struct tuple *t)
{
	unsigned int n;

	if (ip->l3 != AF_INET6)
		return CTQ_REASON_NONE;
	for (n = 0; is_extension(ip->l4) && !ip->fragment_offset; n++) {
		if (ip->l4 == IPPROTO_NONE)
			return CTQ_INVALID_IP6_NO_PAYLOAD;
		if (n == IP6_EXTENSIONS_MAX)
			return CTQ_INVALID_IP6_EXTENSION;
		if (ip->l4 == IPPROTO_FRAGMENT)
			parse_ip6_fragment(c, ip);
		else
			parse_ip6_extension(c, ip);
		if (!cursor_ok(c))
			break;
		t->l4 = ip->l4;
	}
	return CTQ_REASON_NONE;
}
