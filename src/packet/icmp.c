/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * icmp.c - ICMP and ICMPv6: queries, errors and the packet they quote
 *
 * Three kinds of messages: queries and their answers, which make flows
 * (tuple_invert() knows them); errors, which quote a packet and belong to its flow;
 * the rest, which is invalid, but for ICMPv6's neighbour discovery and multicast
 * listener messages, which the kernel leaves untracked.
 */
#include <sys/socket.h>
#include <netinet/in.h>

#include "packet/parse_priv.h"

/* RFC 792. */
enum {
	ICMP4_UNREACHABLE = 3,
	ICMP4_SOURCE_QUENCH = 4,
	ICMP4_REDIRECT = 5,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAMETER_PROBLEM = 12,
};

/* RFC 4443, 2710, 3810, 4286, 4861. */
enum {
	ICMP6_INFORMATION = 128, /* types below are errors */
	ICMP6_LISTENER_QUERY = 130,
	ICMP6_NEIGHBOUR_ADVERT = 136,
	ICMP6_REDIRECT_TYPE = 137,
	ICMP6_LISTENER_REPORT2 = 143,
	ICMP6_MULTICAST_ROUTER_ADVERT = 151,
	ICMP6_MULTICAST_ROUTER_SOLICIT = 152,
};

static bool is_error(uint8_t l4, uint8_t type)
{
	if (l4 == IPPROTO_ICMPV6)
		return type < ICMP6_INFORMATION || type == ICMP6_REDIRECT_TYPE;
	switch (type) {
	case ICMP4_UNREACHABLE:
	case ICMP4_SOURCE_QUENCH:
	case ICMP4_REDIRECT:
	case ICMP4_TIME_EXCEEDED:
	case ICMP4_PARAMETER_PROBLEM: return true;
	default: return false;
	}
}

/* From the listener query to the neighbour advertisement, router messages among them. */
static bool is_untracked(uint8_t l4, uint8_t type)
{
	return l4 == IPPROTO_ICMPV6 &&
	       ((type >= ICMP6_LISTENER_QUERY && type <= ICMP6_NEIGHBOUR_ADVERT) ||
	        type == ICMP6_LISTENER_REPORT2 || type == ICMP6_MULTICAST_ROUTER_ADVERT ||
	        type == ICMP6_MULTICAST_ROUTER_SOLICIT);
}

/*
 * A quoted packet is cut off anywhere behind the first eight transport bytes, so its
 * own length says nothing. A quoted error has no flow, a quoted later fragment no
 * ports: the kernel calls both invalid.
 */
static enum ctq_reason read_quote(struct packet *p, struct cursor *c, uint32_t length)
{
	struct tuple *t = &p->l4.icmp.quoted, reply;
	struct parse_ip ip = { 0 };

	t->zone = p->zone;
	if (parse_ip_header(c, p->family, &ip, t) || parse_ip_extensions(c, &ip, t))
		return CTQ_INVALID_ICMP_QUOTE;
	if (ip.fragment_offset || parse_ids(c, length, t))
		return CTQ_INVALID_ICMP_QUOTE;
	if (!cursor_ok(c))
		return CTQ_REASON_NONE;
	return tuple_invert(t, &reply) ? CTQ_INVALID_ICMP_QUOTE : CTQ_REASON_NONE;
}

/*
 * ICMPv6 redirect, RFC 4861, 4.5: behind the target and destination addresses come
 * options, and the kernel takes the quoted packet if its option is the first. One
 * that does not come from a neighbour's link-local address is forged.
 */
#define REDIRECT_ADDRESSES 32
#define OPTION_REDIRECTED  4

static bool is_link_local(const uint8_t address[16])
{
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static enum ctq_reason skip_to_redirected(struct packet *p, struct cursor *c)
{
	uint8_t type, length;

	if (p->icmp_code != 0)
		return CTQ_INVALID_ICMP_TYPE;
	if (p->ttl != 255 || !is_link_local(p->tuple.src))
		return CTQ_INVALID_ICMP_REDIRECT;
	cursor_skip(c, REDIRECT_ADDRESSES);
	type = cursor_u8(c);
	length = cursor_u8(c);
	cursor_skip(c, 6);
	if (cursor_ok(c) && (type != OPTION_REDIRECTED || length == 0))
		return CTQ_INVALID_ICMP_QUOTE;
	return CTQ_REASON_NONE;
}

static enum ctq_reason parse_error(struct packet *p, struct cursor *c)
{
	uint32_t length = p->l4_offset + p->l4_length;
	enum ctq_reason reason = CTQ_REASON_NONE;

	if (p->tuple.l4 == IPPROTO_ICMPV6 && p->icmp_type == ICMP6_REDIRECT_TYPE)
		reason = skip_to_redirected(p, c);
	if (!reason)
		reason = read_quote(p, c, length);
	if (!reason && !cursor_ok(c))
		reason = parse_cut(c, length, CTQ_INVALID_ICMP_QUOTE);
	if (reason)
		tuple_clear(&p->l4.icmp.quoted);
	else
		p->icmp_error = true;
	return reason;
}

/* An ICMP number in the other family is an unknown protocol without queries: the
 * kernel's tracker has no flow for it either. */
static bool family_fits(const struct packet *p)
{
	return (p->tuple.l4 == IPPROTO_ICMP) == (p->family == AF_INET);
}

/* RFC 792, RFC 4443, 2.1: type | code | checksum | four bytes that depend on the type */
enum ctq_reason parse_icmp(struct packet *p, struct cursor *c)
{
	struct tuple reply;

	p->icmp_type = cursor_u8(c);
	p->icmp_code = cursor_u8(c);
	cursor_skip(c, 6);
	if (!cursor_ok(c))
		return CTQ_REASON_NONE;
	if (!family_fits(p))
		return CTQ_INVALID_ICMP_TYPE;
	if (is_error(p->tuple.l4, p->icmp_type))
		return parse_error(p, c);
	if (is_untracked(p->tuple.l4, p->icmp_type)) {
		p->untracked = true;
		return CTQ_REASON_NONE;
	}
	return tuple_invert(&p->tuple, &reply) ? CTQ_INVALID_ICMP_TYPE : CTQ_REASON_NONE;
}
