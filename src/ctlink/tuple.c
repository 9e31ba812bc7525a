/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tuple goes through struct wire, which has a member for each attribute: the layout
 * reads and writes that one; wire_take() and wire_fill() fold it into 40 bytes and back.
 */
#include "ctlink/tuple.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/base.h"

#define PORTS  (CTQ_TUPLE_SRC_PORT | CTQ_TUPLE_DST_PORT)
#define ICMP   (CTQ_TUPLE_ICMP_ID | CTQ_TUPLE_ICMP_TYPE | CTQ_TUPLE_ICMP_CODE)
#define ICMPV6 (CTQ_TUPLE_ICMPV6_ID | CTQ_TUPLE_ICMPV6_TYPE | CTQ_TUPLE_ICMPV6_CODE)

#ifndef IPPROTO_DCCP
#define IPPROTO_DCCP 33
#endif

/* ---- the attributes ---------------------------------------------------------------- */

enum wire_bit {
	WIRE_V4_SRC,
	WIRE_V4_DST,
	WIRE_V6_SRC,
	WIRE_V6_DST,
	WIRE_NUM,
	WIRE_SRC_PORT,
	WIRE_DST_PORT,
	WIRE_ICMP_ID,
	WIRE_ICMP_TYPE,
	WIRE_ICMP_CODE,
	WIRE_ICMPV6_ID,
	WIRE_ICMPV6_TYPE,
	WIRE_ICMPV6_CODE,
	WIRE_ZONE,
};

struct wire {
	uint64_t has;
	uint8_t v4_src[4], v4_dst[4], v6_src[16], v6_dst[16];
	uint16_t src_port, dst_port, icmp_id, icmpv6_id, zone;
	uint8_t num, icmp_type, icmp_code, icmpv6_type, icmpv6_code;
};

static const struct ctlink_attr ip_attrs[] = {
	CTLINK_ATTR(CTA_IP_V4_SRC, CTLINK_BYTES, struct wire, v4_src, WIRE_V4_SRC,
	            .min = 4),
	CTLINK_ATTR(CTA_IP_V4_DST, CTLINK_BYTES, struct wire, v4_dst, WIRE_V4_DST,
	            .min = 4),
	CTLINK_ATTR(CTA_IP_V6_SRC, CTLINK_BYTES, struct wire, v6_src, WIRE_V6_SRC,
	            .min = 16),
	CTLINK_ATTR(CTA_IP_V6_DST, CTLINK_BYTES, struct wire, v6_dst, WIRE_V6_DST,
	            .min = 16),
};
static const struct ctlink_layout ip_layout = CTLINK_LAYOUT("CTA_TUPLE_IP", ip_attrs);

static const struct ctlink_attr proto_attrs[] = {
	CTLINK_ATTR(CTA_PROTO_NUM, CTLINK_U8, struct wire, num, WIRE_NUM),
	CTLINK_ATTR(CTA_PROTO_SRC_PORT, CTLINK_U16, struct wire, src_port, WIRE_SRC_PORT),
	CTLINK_ATTR(CTA_PROTO_DST_PORT, CTLINK_U16, struct wire, dst_port, WIRE_DST_PORT),
	CTLINK_ATTR(CTA_PROTO_ICMP_ID, CTLINK_U16, struct wire, icmp_id, WIRE_ICMP_ID),
	CTLINK_ATTR(CTA_PROTO_ICMP_TYPE, CTLINK_U8, struct wire, icmp_type,
	            WIRE_ICMP_TYPE),
	CTLINK_ATTR(CTA_PROTO_ICMP_CODE, CTLINK_U8, struct wire, icmp_code,
	            WIRE_ICMP_CODE),
	CTLINK_ATTR(CTA_PROTO_ICMPV6_ID, CTLINK_U16, struct wire, icmpv6_id,
	            WIRE_ICMPV6_ID),
	CTLINK_ATTR(CTA_PROTO_ICMPV6_TYPE, CTLINK_U8, struct wire, icmpv6_type,
	            WIRE_ICMPV6_TYPE),
	CTLINK_ATTR(CTA_PROTO_ICMPV6_CODE, CTLINK_U8, struct wire, icmpv6_code,
	            WIRE_ICMPV6_CODE),
};
static const struct ctlink_layout proto_layout =
	CTLINK_LAYOUT("CTA_TUPLE_PROTO", proto_attrs);

static const struct ctlink_attr tuple_attrs[] = {
	CTLINK_ATTR_NESTED(CTA_TUPLE_IP, &ip_layout),
	CTLINK_ATTR_NESTED(CTA_TUPLE_PROTO, &proto_layout),
	CTLINK_ATTR(CTA_TUPLE_ZONE, CTLINK_U16, struct wire, zone, WIRE_ZONE),
};
static const struct ctlink_layout tuple_layout = CTLINK_LAYOUT("tuple", tuple_attrs);

/* Which attribute a field is, in a tuple of IPv4 and of IPv6. */
static const struct {
	uint32_t field;
	uint8_t bit, bit6;
	const char *name;
} wire_fields[] = {
	{ CTQ_TUPLE_SRC, WIRE_V4_SRC, WIRE_V6_SRC, "a source address" },
	{ CTQ_TUPLE_DST, WIRE_V4_DST, WIRE_V6_DST, "a destination address" },
	{ CTQ_TUPLE_ZONE, WIRE_ZONE, WIRE_ZONE, "CTA_TUPLE_ZONE" },
	{ CTQ_TUPLE_PROTO, WIRE_NUM, WIRE_NUM, "CTA_PROTO_NUM" },
	{ CTQ_TUPLE_SRC_PORT, WIRE_SRC_PORT, WIRE_SRC_PORT, "CTA_PROTO_SRC_PORT" },
	{ CTQ_TUPLE_DST_PORT, WIRE_DST_PORT, WIRE_DST_PORT, "CTA_PROTO_DST_PORT" },
	{ CTQ_TUPLE_ICMP_TYPE, WIRE_ICMP_TYPE, WIRE_ICMP_TYPE, "CTA_PROTO_ICMP_TYPE" },
	{ CTQ_TUPLE_ICMP_CODE, WIRE_ICMP_CODE, WIRE_ICMP_CODE, "CTA_PROTO_ICMP_CODE" },
	{ CTQ_TUPLE_ICMP_ID, WIRE_ICMP_ID, WIRE_ICMP_ID, "CTA_PROTO_ICMP_ID" },
	{ CTQ_TUPLE_ICMPV6_TYPE, WIRE_ICMPV6_TYPE, WIRE_ICMPV6_TYPE,
	  "CTA_PROTO_ICMPV6_TYPE" },
	{ CTQ_TUPLE_ICMPV6_CODE, WIRE_ICMPV6_CODE, WIRE_ICMPV6_CODE,
	  "CTA_PROTO_ICMPV6_CODE" },
	{ CTQ_TUPLE_ICMPV6_ID, WIRE_ICMPV6_ID, WIRE_ICMPV6_ID, "CTA_PROTO_ICMPV6_ID" },
};

/* ---- which fields ------------------------------------------------------------------ */

uint32_t ctlink_tuple_fields(uint8_t l4)
{
	uint32_t fields = CTQ_TUPLE_SRC | CTQ_TUPLE_DST | CTQ_TUPLE_PROTO;

	switch (l4) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
	case IPPROTO_GRE: return fields | PORTS;
	case IPPROTO_ICMP: return fields | ICMP;
	case IPPROTO_ICMPV6: return fields | ICMPV6;
	default: return fields;
	}
}

int ctlink_tuple_check(struct ctlink_parser *p, const struct nlattr *nest,
                       const char *name, const struct ctlink_tuple *tuple,
                       uint32_t fields, uint32_t wanted)
{
	uint32_t suitable = ctlink_tuple_fields(tuple->l4) | CTQ_TUPLE_ZONE;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(wire_fields); i++) {
		if (!(wanted & wire_fields[i].field))
			continue;
		if (!(fields & wire_fields[i].field))
			return ctlink_parser_fail(p, -EINVAL, nest, "%s is missing in %s",
			                          wire_fields[i].name, name);
		if (!(suitable & wire_fields[i].field))
			return ctlink_parser_fail(p, -EINVAL, nest,
			                          "protocol %u has no %s", tuple->l4,
			                          wire_fields[i].name);
	}
	return 0;
}

/* ---- writing ----------------------------------------------------------------------- */

static void wire_fill_addresses(struct wire *wire, const struct ctlink_tuple *tuple)
{
	memcpy(wire->v4_src, tuple->src, sizeof(wire->v4_src));
	memcpy(wire->v4_dst, tuple->dst, sizeof(wire->v4_dst));
	memcpy(wire->v6_src, tuple->src, sizeof(wire->v6_src));
	memcpy(wire->v6_dst, tuple->dst, sizeof(wire->v6_dst));
}

/* Fill every member; has tells which of them are meant. */
static void wire_fill(struct wire *wire, const struct ctlink_tuple *tuple,
                      uint32_t fields)
{
	uint16_t dst_id = ntohs(tuple->dst_id);
	size_t i;

	wire->has = 0;
	wire_fill_addresses(wire, tuple);
	wire->num = tuple->l4;
	wire->src_port = wire->icmp_id = wire->icmpv6_id = ntohs(tuple->src_id);
	wire->dst_port = dst_id;
	wire->icmp_type = wire->icmpv6_type = dst_id >> 8;
	wire->icmp_code = wire->icmpv6_code = dst_id & 0xff;
	wire->zone = tuple->zone;
	for (i = 0; i < BASE_ARRAY_LENGTH(wire_fields); i++) {
		if (!(fields & wire_fields[i].field))
			continue;
		if (tuple->l3 == AF_INET6)
			ctlink_mark(wire, wire_fields[i].bit6);
		else
			ctlink_mark(wire, wire_fields[i].bit);
	}
}

void ctlink_tuple_put(struct ctlink_message *m, uint16_t type,
                      const struct ctlink_tuple *tuple, uint32_t fields)
{
	uint32_t nest = ctlink_message_nest_begin(m, type);
	struct wire wire;

	wire_fill(&wire, tuple,
	          fields & (ctlink_tuple_fields(tuple->l4) | CTQ_TUPLE_ZONE));
	ctlink_layout_put(&tuple_layout, m, &wire);
	ctlink_message_nest_end(m, nest);
}

/* ---- reading ----------------------------------------------------------------------- */

static bool wire_has_v6(const struct wire *wire)
{
	return ctlink_has(wire, WIRE_V6_SRC) || ctlink_has(wire, WIRE_V6_DST);
}

static bool wire_has_v4(const struct wire *wire)
{
	return ctlink_has(wire, WIRE_V4_SRC) || ctlink_has(wire, WIRE_V4_DST);
}

static void wire_take_addresses(const struct wire *wire, struct ctlink_tuple *tuple)
{
	if (wire_has_v6(wire)) {
		tuple->l3 = AF_INET6;
		memcpy(tuple->src, wire->v6_src, sizeof(wire->v6_src));
		memcpy(tuple->dst, wire->v6_dst, sizeof(wire->v6_dst));
	} else if (wire_has_v4(wire)) {
		tuple->l3 = AF_INET;
		memcpy(tuple->src, wire->v4_src, sizeof(wire->v4_src));
		memcpy(tuple->dst, wire->v4_dst, sizeof(wire->v4_dst));
	}
}

static void wire_take_proto(const struct wire *wire, struct ctlink_tuple *tuple)
{
	tuple->l4 = wire->num;
	if (wire->num == IPPROTO_ICMP) {
		tuple->src_id = htons(wire->icmp_id);
		tuple->dst_id = htons((uint16_t)(wire->icmp_type << 8 | wire->icmp_code));
	} else if (wire->num == IPPROTO_ICMPV6) {
		tuple->src_id = htons(wire->icmpv6_id);
		tuple->dst_id =
			htons((uint16_t)(wire->icmpv6_type << 8 | wire->icmpv6_code));
	} else if (ctlink_tuple_fields(wire->num) & PORTS) {
		tuple->src_id = htons(wire->src_port);
		tuple->dst_id = htons(wire->dst_port);
	}
}

static uint32_t wire_fields_of(const struct wire *wire)
{
	uint32_t fields = 0;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(wire_fields); i++) {
		if (ctlink_has(wire, wire_fields[i].bit) ||
		    ctlink_has(wire, wire_fields[i].bit6))
			fields |= wire_fields[i].field;
	}
	return fields;
}

int ctlink_tuple_read(struct ctlink_parser *p, const struct nlattr *nest,
                      struct ctlink_tuple *tuple, uint32_t *fields)
{
	struct wire wire;
	int err;

	memset(&wire, 0, sizeof(wire));
	memset(tuple, 0, sizeof(*tuple));
	err = ctlink_parser_nested(p, &tuple_layout, nest, &wire);
	if (err)
		return err;
	if (wire_has_v4(&wire) && wire_has_v6(&wire))
		return ctlink_parser_fail(p, -EINVAL,
		                          ctlink_parser_find(p, nest, CTA_TUPLE_IP, 0),
		                          "addresses of both families in one tuple");
	wire_take_addresses(&wire, tuple);
	wire_take_proto(&wire, tuple);
	tuple->zone = wire.zone;
	*fields = wire_fields_of(&wire);
	return 0;
}
