/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tuple.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>

/* ICMP queries and what answers them: RFC 792, 950; RFC 4443, 4620. */
static const struct icmp_pair {
	uint8_t l4, query, reply;
} icmp_pairs[] = {
	{ IPPROTO_ICMP, 8, 0 },       /* echo */
	{ IPPROTO_ICMP, 13, 14 },     /* timestamp */
	{ IPPROTO_ICMP, 15, 16 },     /* information */
	{ IPPROTO_ICMP, 17, 18 },     /* address mask */
	{ IPPROTO_ICMPV6, 128, 129 }, /* echo */
	{ IPPROTO_ICMPV6, 139, 140 }, /* node information */
};
#define ICMP_PAIRS (sizeof(icmp_pairs) / sizeof(icmp_pairs[0]))

static bool is_icmp(const struct tuple *t)
{
	return t->l4 == IPPROTO_ICMP || t->l4 == IPPROTO_ICMPV6;
}

/* The type on the other side, or -1. */
static int icmp_other_type(uint8_t l4, uint8_t type)
{
	size_t i;

	for (i = 0; i < ICMP_PAIRS; i++) {
		if (icmp_pairs[i].l4 != l4)
			continue;
		if (icmp_pairs[i].query == type)
			return icmp_pairs[i].reply;
		if (icmp_pairs[i].reply == type)
			return icmp_pairs[i].query;
	}
	return -1;
}

int tuple_invert(const struct tuple *t, struct tuple *out)
{
	struct tuple in = *t;
	uint16_t type_code = ntohs(in.dst_id);
	int type;

	if (is_icmp(&in)) {
		type = icmp_other_type(in.l4, (uint8_t)(type_code >> 8));
		if (type < 0)
			return -EOPNOTSUPP;
		out->src_id = in.src_id;
		out->dst_id = htons((uint16_t)(type << 8 | (type_code & 0xff)));
	} else {
		out->src_id = in.dst_id;
		out->dst_id = in.src_id;
	}
	memcpy(out->src, in.dst, sizeof(out->src));
	memcpy(out->dst, in.src, sizeof(out->dst));
	out->l3 = in.l3;
	out->l4 = in.l4;
	out->zone = in.zone;
	return 0;
}

/* -- text ------------------------------------------------------------------------ */

static const struct l4_name {
	uint8_t l4;
	bool ports;
	const char *name;
} l4_names[] = {
	{ IPPROTO_TCP, true, "tcp" },         { IPPROTO_UDP, true, "udp" },
	{ IPPROTO_UDPLITE, true, "udplite" }, { IPPROTO_SCTP, true, "sctp" },
	{ IPPROTO_DCCP, true, "dccp" },       { IPPROTO_ICMP, false, "icmp" },
	{ IPPROTO_ICMPV6, false, "icmpv6" },  { IPPROTO_GRE, false, "gre" },
};
#define L4_NAMES (sizeof(l4_names) / sizeof(l4_names[0]))

static const struct l4_name *l4_name_find(uint8_t l4)
{
	size_t i;

	for (i = 0; i < L4_NAMES; i++)
		if (l4_names[i].l4 == l4)
			return &l4_names[i];
	return NULL;
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80" */
static void format_end(char *buf, size_t size, uint8_t l3, const uint8_t *address,
                       const uint16_t *port)
{
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(l3, address, text, sizeof(text));
	if (!port)
		snprintf(buf, size, "%s", text);
	else
		snprintf(buf, size, l3 == AF_INET6 ? "[%s]:%u" : "%s:%u", text,
		         ntohs(*port));
}

/* What identifies a flow of a protocol without ports; and the zone. */
static void format_rest(const struct tuple *t, char *buf, size_t size)
{
	uint16_t id = ntohs(t->dst_id);
	int n = 0;

	buf[0] = '\0';
	if (is_icmp(t))
		n = snprintf(buf, size, " type %u code %u id %u", id >> 8, id & 0xff,
		             ntohs(t->src_id));
	else if (t->l4 == IPPROTO_GRE && (t->src_id || t->dst_id))
		n = snprintf(buf, size, " keys %u %u", ntohs(t->src_id), id);
	if (t->zone)
		snprintf(buf + n, size - (size_t)n, " zone %u", t->zone);
}

char *tuple_format(const struct tuple *t, char buf[TUPLE_TEXT_MAX])
{
	const struct l4_name *l4 = l4_name_find(t->l4);
	bool ports = l4 && l4->ports;
	char src[INET6_ADDRSTRLEN + 8], dst[INET6_ADDRSTRLEN + 8];
	char number[16], rest[48];

	snprintf(number, sizeof(number), "proto %u", t->l4);
	format_end(src, sizeof(src), t->l3, t->src, ports ? &t->src_id : NULL);
	format_end(dst, sizeof(dst), t->l3, t->dst, ports ? &t->dst_id : NULL);
	format_rest(t, rest, sizeof(rest));
	snprintf(buf, TUPLE_TEXT_MAX, "%s %s > %s%s", l4 ? l4->name : number, src, dst,
	         rest);
	return buf;
}
