/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse.c - packet_parse(): from the outside in
 *
 * The IP header gives the addresses and says where the packet ends; the extension
 * headers say where the transport header begins; that gives the rest of the tuple
 * and what the tracker wants to know. Each step returns a reason or goes on.
 *
 * What counts as malformed is what the kernel's nf_conntrack calls invalid: a packet
 * that it tracks must be tracked here. What the kernel has judged before any hook is
 * not judged again (the IPv4 header checksum), and what no tracker minds (padding
 * behind the packet, odd IP options) is passed over.
 */
#include <sys/socket.h>
#include <netinet/in.h>

#include "packet/parse_priv.h"

static void clear_parsed(struct packet *p)
{
	tuple_clear(&p->tuple);
	p->has_tuple = p->untracked = false;
	p->invalid = CTQ_REASON_NONE;
	p->l4_offset = 0;
	p->l4_length = p->payload_length = 0;
	p->ttl = p->tos = 0;
	p->fragment = p->later_fragment = p->more_fragments = false;
	p->fragment_id = 0;
	p->fragment_offset = 0;
	p->fragment_length = 0;
	p->icmp_type = p->icmp_code = 0;
	p->icmp_error = false;
	memset(&p->l4, 0, sizeof(p->l4));
}

/*
 * Bytes of the packet. What follows them is padding of the link. Of a packet that
 * stands for several wire packets the header's own field may be 0 or count modulo
 * 65536 ("BIG TCP"), so there only the kernel's word counts.
 */
static enum ctq_reason find_length(const struct packet *p, const struct parse_ip *ip,
                                   uint32_t *length)
{
	*length = p->gso || ip->length_open ? p->length : ip->length;
	if (*length < ip->header || *length > p->length)
		return CTQ_INVALID_IP_TOTAL_LENGTH;
	return CTQ_REASON_NONE;
}

static void note_fragment(struct packet *p, const struct parse_ip *ip, uint32_t length)
{
	p->fragment = ip->more_fragments || ip->fragment_offset;
	p->later_fragment = ip->fragment_offset != 0;
	p->fragment_id = ip->fragment_id;
	p->fragment_offset = ip->fragment_offset;
	p->more_fragments = ip->more_fragments;
	if (p->fragment)
		p->fragment_length = length - ip->fragment_start;
}

/* Up to the transport header. *@length becomes the packet's. */
static enum ctq_reason parse_network(struct packet *p, struct cursor *c, uint32_t *length)
{
	struct parse_ip ip = { 0 };
	enum ctq_reason reason;

	reason = parse_ip_header(c, p->family, &ip, &p->tuple);
	if (reason)
		return reason;
	if (!cursor_ok(c)) {
		tuple_clear(&p->tuple);
		return parse_cut(c, p->length, CTQ_INVALID_IP_TRUNCATED);
	}
	p->tuple.zone = p->zone;
	p->ttl = ip.ttl;
	p->tos = ip.tos;
	reason = find_length(p, &ip, length);
	if (reason)
		return reason;
	cursor_limit(c, *length);
	reason = parse_ip_extensions(c, &ip, &p->tuple);
	if (reason)
		return reason;
	if (!cursor_ok(c))
		return parse_cut(c, *length, CTQ_INVALID_IP6_EXTENSION);
	note_fragment(p, &ip, *length);
	return CTQ_REASON_NONE;
}

static enum ctq_reason parse_transport(struct packet *p, struct cursor *c)
{
	switch (p->tuple.l4) {
	case IPPROTO_TCP: return parse_tcp(p, c);
	case IPPROTO_UDP: return parse_udp(p, c);
	case IPPROTO_UDPLITE: return parse_udplite(p, c);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6: return parse_icmp(p, c);
	case IPPROTO_SCTP: return parse_sctp(p, c);
	default: return CTQ_REASON_NONE;
	}
}

static enum ctq_reason parse(struct packet *p)
{
	struct cursor c = cursor_of(p->data, p->captured), ids;
	enum ctq_reason reason;
	uint32_t length;

	reason = parse_network(p, &c, &length);
	if (reason)
		return reason;
	p->l4_offset = (uint16_t)c.offset;
	p->l4_length = length - c.offset;
	if (p->later_fragment)
		return CTQ_INVALID_FRAGMENT;

	ids = c;
	reason = parse_ids(&ids, length, &p->tuple);
	if (reason)
		return reason;
	if (!cursor_ok(&ids))
		return parse_cut(&ids, length, CTQ_INVALID_L4_TRUNCATED);
	p->has_tuple = true;

	reason = parse_transport(p, &c);
	if (reason)
		return reason;
	if (!cursor_ok(&c))
		return parse_cut(&c, length, CTQ_INVALID_L4_TRUNCATED);
	return CTQ_REASON_NONE;
}

void packet_parse(struct packet *p)
{
	clear_parsed(p);
	p->invalid = parse(p);
}
