/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tuple.h - CTA_TUPLE_*: one direction of a connection on the wire
 *
 *   CTA_TUPLE_ORIG
 *     CTA_TUPLE_IP        CTA_IP_V4_SRC, _DST   or   CTA_IP_V6_SRC, _DST
 *     CTA_TUPLE_PROTO     CTA_PROTO_NUM, then by protocol
 *                           CTA_PROTO_SRC_PORT, _DST_PORT          (GRE: keys)
 *                           CTA_PROTO_ICMP_ID, _TYPE, _CODE
 *                           CTA_PROTO_ICMPV6_ID, _TYPE, _CODE
 *                           nothing
 *     CTA_TUPLE_ZONE      only when the directions' zones differ
 *
 * Which fields are there is told in CTQ_TUPLE_*.
 */
#ifndef CTLINK_TUPLE_H
#define CTLINK_TUPLE_H

#include <stdint.h>

#include "ctlink/attr.h"

/**
 * The same 40 bytes as struct tuple of packet/tuple.h, which this folder must not know
 * (see there for the use of src_id and dst_id): who knows both may copy them.
 */
struct ctlink_tuple {
	uint8_t src[16]; /* IPv4 in the first four bytes, the rest zero */
	uint8_t dst[16];
	uint16_t src_id; /* network order: source port; ICMP: identifier */
	uint16_t dst_id; /* network order: destination port; ICMP: type << 8 | code */
	uint8_t l3;      /* AF_INET, AF_INET6 */
	uint8_t l4;      /* IPPROTO_* */
	uint16_t zone;   /* host order */
};

_Static_assert(sizeof(struct ctlink_tuple) == 40, "copied from and to struct tuple");

/** CTQ_TUPLE_* that a whole tuple of protocol @l4 has, but for the zone. */
uint32_t ctlink_tuple_fields(uint8_t l4);

/* ---- for the folder's other files -------------------------------------------------- */

/** Write, as attribute @type, those of @fields that suit the tuple's protocol. */
void ctlink_tuple_put(struct ctlink_message *m, uint16_t type,
                      const struct ctlink_tuple *tuple, uint32_t fields);

/** Read what is there; *@fields tells what was. Returns 0 or a negative errno. */
int ctlink_tuple_read(struct ctlink_parser *p, const struct nlattr *nest,
                      struct ctlink_tuple *tuple, uint32_t *fields) BASE_MUST_CHECK;

/** Refuse a tuple at @nest that has not all of @wanted, or one whose protocol does not
 * have them. @name: of the attribute. Returns 0 or -EINVAL. */
int ctlink_tuple_check(struct ctlink_parser *p, const struct nlattr *nest,
                       const char *name, const struct ctlink_tuple *tuple,
                       uint32_t fields, uint32_t wanted) BASE_MUST_CHECK;

#endif
