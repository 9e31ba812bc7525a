/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/packet.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>
#include <sys/socket.h>

/* ---- what the table cannot say --------------------------------------------------- */

static void held_build(struct ctlink_message *m, const struct ctlink_attr *attr,
                       const void *value)
{
	const struct ctlink_packet *packet = value;
	uint32_t i;

	for (i = 0; i < packet->n_held; i++)
		ctlink_message_put_u32(m, attr->type, packet->held[i]);
}

static int held_parse(struct ctlink_parser *p, const struct ctlink_attr *attr,
                      const struct nlattr *nla, void *value)
{
	struct ctlink_packet *packet = value;

	if (mnl_attr_get_payload_len(nla) != sizeof(uint32_t))
		return ctlink_parser_fail(p, -EINVAL, nla, "%s has %u bytes, not 4",
		                          attr->name, mnl_attr_get_payload_len(nla));
	if (packet->n_held == CTQ_PACKET_HELD_MAX)
		return ctlink_parser_fail(p, -E2BIG, nla, "%s: more than %d", attr->name,
		                          CTQ_PACKET_HELD_MAX);
	packet->held[packet->n_held++] = be32toh(mnl_attr_get_u32(nla));
	ctlink_mark(packet, CTLINK_PACKET_HELD);
	return 0;
}

static void data_build(struct ctlink_message *m, const struct ctlink_attr *attr,
                       const void *value)
{
	const struct ctlink_packet *packet = value;

	if (ctlink_has(packet, CTLINK_PACKET_DATA))
		ctlink_message_put_bytes(m, attr->type, packet->data, packet->data_size);
}

static int data_parse(struct ctlink_parser *p, const struct ctlink_attr *attr,
                      const struct nlattr *nla, void *value)
{
	struct ctlink_packet *packet = value;

	packet->data = mnl_attr_get_payload(nla);
	packet->data_size = mnl_attr_get_payload_len(nla);
	ctlink_mark(packet, CTLINK_PACKET_DATA);
	return 0;
}

static int address_check(struct ctlink_parser *p, const struct nlattr *nest,
                         uint16_t type, uint8_t family, uint8_t size)
{
	uint8_t wanted = family == AF_INET ? 4 : 16;

	if (size == wanted)
		return 0;
	return ctlink_parser_fail(p, -EINVAL, ctlink_parser_find(p, nest, type, 0),
	                          "an address of %u bytes in a packet of IPv%d", size,
	                          family == AF_INET ? 4 : 6);
}

static int packet_check(struct ctlink_parser *p, const struct nlattr *nest, void *value)
{
	const struct ctlink_packet *packet = value;
	int err = 0;

	if (!ctlink_has(packet, CTLINK_PACKET_FAMILY))
		return 0;
	if (packet->family != AF_INET && packet->family != AF_INET6)
		return ctlink_parser_fail(
			p, -EINVAL, ctlink_parser_find(p, nest, CTQA_PACKET_FAMILY, 0),
			"family %u is neither 2 (IPv4) nor 10 (IPv6)", packet->family);
	if (ctlink_has(packet, CTLINK_PACKET_SRC))
		err = address_check(p, nest, CTQA_PACKET_SRC, packet->family,
		                    packet->src_size);
	if (!err && ctlink_has(packet, CTLINK_PACKET_DST))
		err = address_check(p, nest, CTQA_PACKET_DST, packet->family,
		                    packet->dst_size);
	return err;
}

/* ---- the attributes --------------------------------------------------------------- */

#define PACKET(bit, kind, member, ...)                                     \
	CTLINK_ATTR(CTQA_PACKET_##bit, kind, struct ctlink_packet, member, \
	            CTLINK_PACKET_##bit, __VA_ARGS__)
#define ADDRESS(bit, member)                        \
	PACKET(bit, CTLINK_BYTES, member, .min = 4, \
	       .length_at = offsetof(struct ctlink_packet, member##_size))

static const struct ctlink_codec held_codec = { held_build, held_parse };
static const struct ctlink_codec data_codec = { data_build, data_parse };

static const struct ctlink_attr packet_attrs[] = {
	PACKET(HOOK, CTLINK_U8, hook),
	PACKET(FAMILY, CTLINK_U8, family),
	PACKET(PROTO, CTLINK_U8, proto),
	ADDRESS(SRC, src),
	ADDRESS(DST, dst),
	PACKET(SPORT, CTLINK_U16, sport),
	PACKET(DPORT, CTLINK_U16, dport),
	PACKET(ICMP_TYPE, CTLINK_U8, icmp_type),
	PACKET(ICMP_CODE, CTLINK_U8, icmp_code),
	PACKET(ICMP_ID, CTLINK_U16, icmp_id),
	PACKET(IN, CTLINK_TEXT, in),
	PACKET(OUT, CTLINK_TEXT, out),
	PACKET(MARK, CTLINK_U32, mark),
	PACKET(LENGTH, CTLINK_U32, length),
	PACKET(TTL, CTLINK_U8, ttl),
	PACKET(TCP_FLAGS, CTLINK_U8, tcp_flags),
	PACKET(UID, CTLINK_U32, uid),
	PACKET(ZONE, CTLINK_U16, zone),
	PACKET(CTSTATE, CTLINK_U32, ctstate),
	PACKET(CTMARK, CTLINK_U32, ctmark),
	PACKET(STATUS, CTLINK_U32, status),
	PACKET(VERDICT, CTLINK_U8, verdict),
	PACKET(REASON, CTLINK_U16, reason),
	PACKET(INVALID, CTLINK_U16, invalid),
	PACKET(RULE, CTLINK_U32, rule),
	PACKET(RULE_NAME, CTLINK_TEXT, rule_name),
	PACKET(GENERATION, CTLINK_U32, generation),
	PACKET(NEW_MARK, CTLINK_U32, new_mark),
	PACKET(FLOW, CTLINK_U32, flow),
	PACKET(FLAGS, CTLINK_U32, flags),
	{ .type = CTQA_PACKET_HELD,
	  .name = "CTQA_PACKET_HELD",
	  .kind = CTLINK_CUSTOM,
	  .flags = CTLINK_REPEATED,
	  .bit = CTLINK_PACKET_HELD,
	  .codec = &held_codec },
	PACKET(TIME, CTLINK_U64, time),
	PACKET(QUEUE, CTLINK_U16, queue),
	PACKET(WORKER, CTLINK_U16, worker),
	{ .type = CTQA_PACKET_DATA,
	  .name = "CTQA_PACKET_DATA",
	  .kind = CTLINK_CUSTOM,
	  .bit = CTLINK_PACKET_DATA,
	  .codec = &data_codec },
};
const struct ctlink_layout ctlink_packet_layout =
	CTLINK_LAYOUT("packet", packet_attrs, .check = packet_check);

int ctlink_packet_build(struct ctlink_message *m, const struct ctlink_header *header,
                        const struct ctlink_packet *packet)
{
	return ctlink_layout_build(&ctlink_packet_layout, m, header, packet);
}

int ctlink_packet_parse(const struct nlmsghdr *nlh, struct ctlink_packet *packet,
                        struct ctlink_error *error)
{
	memset(packet, 0, sizeof(*packet));
	return ctlink_layout_parse(&ctlink_packet_layout, nlh, packet, NULL, error);
}
