/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/flow.h"

#include <errno.h>
#include <string.h>

/* ---- tuples ------------------------------------------------------------------------ */

/* The bit that says that the tuple of @bit carries a zone of its own;
 * -1: it never does. */
static int zone_bit(uint8_t bit)
{
	switch (bit) {
	case CTLINK_FLOW_ORIG: return CTLINK_FLOW_ORIG_ZONE;
	case CTLINK_FLOW_REPLY: return CTLINK_FLOW_REPLY_ZONE;
	default: return -1;
	}
}

static void tuple_build(struct ctlink_message *m, const struct ctlink_attr *attr,
                        const void *value)
{
	const struct ctlink_flow *flow = value;
	struct ctlink_tuple tuple;
	uint32_t fields;
	int zone = zone_bit(attr->bit);

	memcpy(&tuple, (const char *)value + attr->member, sizeof(tuple));
	fields = ctlink_tuple_fields(tuple.l4);
	if (zone >= 0 && ctlink_has(flow, zone))
		fields |= CTQ_TUPLE_ZONE;
	ctlink_tuple_put(m, attr->type, &tuple, fields);
}

static int tuple_parse(struct ctlink_parser *p, const struct ctlink_attr *attr,
                       const struct nlattr *nla, void *value)
{
	struct ctlink_flow *flow = value;
	struct ctlink_tuple tuple;
	int zone = zone_bit(attr->bit);
	uint32_t fields;
	int err;

	err = ctlink_tuple_read(p, nla, &tuple, &fields);
	if (!err)
		err = ctlink_tuple_check(p, nla, attr->name, &tuple, fields,
		                         ctlink_tuple_fields(tuple.l4));
	if (err)
		return err;
	memcpy((char *)value + attr->member, &tuple, sizeof(tuple));
	ctlink_mark(flow, attr->bit);
	if (zone >= 0 && (fields & CTQ_TUPLE_ZONE))
		ctlink_mark(flow, zone);
	return 0;
}

static const struct ctlink_codec tuple_codec = { tuple_build, tuple_parse };

/* ---- the attributes, in the kernel's order ----------------------------------------- */

#define FLOW(type, kind, member, bit, ...)                                     \
	CTLINK_ATTR(type, kind, struct ctlink_flow, member, CTLINK_FLOW_##bit, \
	            __VA_ARGS__)
#define TUPLE(type, member, bit) \
	FLOW(type, CTLINK_CUSTOM, member, bit, .codec = &tuple_codec)

static const struct ctlink_attr tcp_attrs[] = {
	FLOW(CTA_PROTOINFO_TCP_STATE, CTLINK_U8, tcp.state, TCP_STATE),
	FLOW(CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, CTLINK_U8, tcp.wscale_orig,
	     TCP_WSCALE_ORIG),
	FLOW(CTA_PROTOINFO_TCP_WSCALE_REPLY, CTLINK_U8, tcp.wscale_reply,
	     TCP_WSCALE_REPLY),
	FLOW(CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, CTLINK_BYTES, tcp.flags_orig,
	     TCP_FLAGS_ORIG, .min = sizeof(struct ctlink_tcp_flags)),
	FLOW(CTA_PROTOINFO_TCP_FLAGS_REPLY, CTLINK_BYTES, tcp.flags_reply,
	     TCP_FLAGS_REPLY, .min = sizeof(struct ctlink_tcp_flags)),
};
static const struct ctlink_layout tcp_layout =
	CTLINK_LAYOUT("CTA_PROTOINFO_TCP", tcp_attrs);

static const struct ctlink_attr dccp_attrs[] = {
	FLOW(CTA_PROTOINFO_DCCP_STATE, CTLINK_U8, dccp.state, DCCP_STATE),
	FLOW(CTA_PROTOINFO_DCCP_ROLE, CTLINK_U8, dccp.role, DCCP_ROLE),
	FLOW(CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ, CTLINK_U64, dccp.handshake_seq, DCCP_SEQ),
};
static const struct ctlink_layout dccp_layout =
	CTLINK_LAYOUT("CTA_PROTOINFO_DCCP", dccp_attrs);

static const struct ctlink_attr sctp_attrs[] = {
	FLOW(CTA_PROTOINFO_SCTP_STATE, CTLINK_U8, sctp.state, SCTP_STATE),
	FLOW(CTA_PROTOINFO_SCTP_VTAG_ORIGINAL, CTLINK_U32, sctp.vtag_orig,
	     SCTP_VTAG_ORIG),
	FLOW(CTA_PROTOINFO_SCTP_VTAG_REPLY, CTLINK_U32, sctp.vtag_reply, SCTP_VTAG_REPLY),
};
static const struct ctlink_layout sctp_layout =
	CTLINK_LAYOUT("CTA_PROTOINFO_SCTP", sctp_attrs);

static const struct ctlink_attr protoinfo_attrs[] = {
	CTLINK_ATTR_NESTED(CTA_PROTOINFO_TCP, &tcp_layout),
	CTLINK_ATTR_NESTED(CTA_PROTOINFO_DCCP, &dccp_layout),
	CTLINK_ATTR_NESTED(CTA_PROTOINFO_SCTP, &sctp_layout),
};
static const struct ctlink_layout protoinfo_layout =
	CTLINK_LAYOUT("CTA_PROTOINFO", protoinfo_attrs);

static const struct ctlink_attr counters_orig_attrs[] = {
	FLOW(CTA_COUNTERS_PACKETS, CTLINK_U64, counters_orig.packets, ORIG_PACKETS),
	FLOW(CTA_COUNTERS_BYTES, CTLINK_U64, counters_orig.bytes, ORIG_BYTES),
};
static const struct ctlink_layout counters_orig_layout =
	CTLINK_LAYOUT("CTA_COUNTERS_ORIG", counters_orig_attrs);

static const struct ctlink_attr counters_reply_attrs[] = {
	FLOW(CTA_COUNTERS_PACKETS, CTLINK_U64, counters_reply.packets, REPLY_PACKETS),
	FLOW(CTA_COUNTERS_BYTES, CTLINK_U64, counters_reply.bytes, REPLY_BYTES),
};
static const struct ctlink_layout counters_reply_layout =
	CTLINK_LAYOUT("CTA_COUNTERS_REPLY", counters_reply_attrs);

static const struct ctlink_attr timestamp_attrs[] = {
	FLOW(CTA_TIMESTAMP_START, CTLINK_U64, start, START),
	FLOW(CTA_TIMESTAMP_STOP, CTLINK_U64, stop, STOP),
};
static const struct ctlink_layout timestamp_layout =
	CTLINK_LAYOUT("CTA_TIMESTAMP", timestamp_attrs);

static const struct ctlink_attr help_attrs[] = {
	FLOW(CTA_HELP_NAME, CTLINK_TEXT, helper, HELPER, .flags = CTLINK_REQUIRED),
};
static const struct ctlink_layout help_layout = CTLINK_LAYOUT("CTA_HELP", help_attrs);

/* All or none: one bit for the three. */
#define SEQADJ(type, member, bit) \
	FLOW(type, CTLINK_U32, member, bit, .flags = CTLINK_REQUIRED)

static const struct ctlink_attr seqadj_orig_attrs[] = {
	SEQADJ(CTA_SEQADJ_CORRECTION_POS, seqadj_orig.correction_pos, SEQADJ_ORIG),
	SEQADJ(CTA_SEQADJ_OFFSET_BEFORE, seqadj_orig.offset_before, SEQADJ_ORIG),
	SEQADJ(CTA_SEQADJ_OFFSET_AFTER, seqadj_orig.offset_after, SEQADJ_ORIG),
};
static const struct ctlink_layout seqadj_orig_layout =
	CTLINK_LAYOUT("CTA_SEQ_ADJ_ORIG", seqadj_orig_attrs);

static const struct ctlink_attr seqadj_reply_attrs[] = {
	SEQADJ(CTA_SEQADJ_CORRECTION_POS, seqadj_reply.correction_pos, SEQADJ_REPLY),
	SEQADJ(CTA_SEQADJ_OFFSET_BEFORE, seqadj_reply.offset_before, SEQADJ_REPLY),
	SEQADJ(CTA_SEQADJ_OFFSET_AFTER, seqadj_reply.offset_after, SEQADJ_REPLY),
};
static const struct ctlink_layout seqadj_reply_layout =
	CTLINK_LAYOUT("CTA_SEQ_ADJ_REPLY", seqadj_reply_attrs);

static const struct ctlink_attr synproxy_attrs[] = {
	SEQADJ(CTA_SYNPROXY_ISN, synproxy.isn, SYNPROXY),
	SEQADJ(CTA_SYNPROXY_ITS, synproxy.its, SYNPROXY),
	SEQADJ(CTA_SYNPROXY_TSOFF, synproxy.tsoff, SYNPROXY),
};
static const struct ctlink_layout synproxy_layout =
	CTLINK_LAYOUT("CTA_SYNPROXY", synproxy_attrs);

#define NAT(type, kind, member, bit, ...) \
	CTLINK_ATTR(type, kind, struct ctlink_nat, member, CTLINK_NAT_##bit, __VA_ARGS__)
#define NAT_ADDRESS(type, member, bit)       \
	NAT(type, CTLINK_BYTES, member, bit, \
	    .min = sizeof(((struct ctlink_nat *)0)->member))

static const struct ctlink_attr nat_proto_attrs[] = {
	NAT(CTA_PROTONAT_PORT_MIN, CTLINK_U16, port_min, PORT_MIN),
	NAT(CTA_PROTONAT_PORT_MAX, CTLINK_U16, port_max, PORT_MAX),
};
static const struct ctlink_layout nat_proto_layout =
	CTLINK_LAYOUT("CTA_NAT_PROTO", nat_proto_attrs);

static const struct ctlink_attr nat_attrs[] = {
	NAT_ADDRESS(CTA_NAT_V4_MINIP, v4_min, V4_MIN),
	NAT_ADDRESS(CTA_NAT_V4_MAXIP, v4_max, V4_MAX),
	NAT_ADDRESS(CTA_NAT_V6_MINIP, v6_min, V6_MIN),
	NAT_ADDRESS(CTA_NAT_V6_MAXIP, v6_max, V6_MAX),
	CTLINK_ATTR_NESTED(CTA_NAT_PROTO, &nat_proto_layout),
};
static const struct ctlink_layout nat_layout = CTLINK_LAYOUT("CTA_NAT", nat_attrs);

static const struct ctlink_attr refs_attrs[] = {
	FLOW(CTQA_REFS_TOTAL, CTLINK_U32, refs.total, REFS),
	FLOW(CTQA_REFS_TABLE, CTLINK_U32, refs.table, REFS_CLASS),
	FLOW(CTQA_REFS_PACKET, CTLINK_U32, refs.packet, REFS_CLASS),
	FLOW(CTQA_REFS_DUMP, CTLINK_U32, refs.dump, REFS_CLASS),
	FLOW(CTQA_REFS_EVENT, CTLINK_U32, refs.event, REFS_CLASS),
	FLOW(CTQA_REFS_EXPECT, CTLINK_U32, refs.expect, REFS_CLASS),
	FLOW(CTQA_REFS_CONTROL, CTLINK_U32, refs.control, REFS_CLASS),
};
static const struct ctlink_layout refs_layout =
	CTLINK_LAYOUT("CTQA_FLOW_REFS", refs_attrs);

static const struct ctlink_attr ctq_attrs[] = {
	FLOW(CTQA_FLOW_VERDICT, CTLINK_U8, verdict, VERDICT),
	FLOW(CTQA_FLOW_REASON, CTLINK_U16, reason, REASON),
	FLOW(CTQA_FLOW_RULE, CTLINK_U32, rule, RULE),
	FLOW(CTQA_FLOW_RULE_NAME, CTLINK_TEXT, rule_name, RULE_NAME),
	FLOW(CTQA_FLOW_GENERATION, CTLINK_U32, generation, GENERATION),
	FLOW(CTQA_FLOW_IN, CTLINK_TEXT, in, IN),
	FLOW(CTQA_FLOW_OUT, CTLINK_TEXT, out, OUT),
	FLOW(CTQA_FLOW_AGE, CTLINK_U32, age, AGE),
	FLOW(CTQA_FLOW_IDLE, CTLINK_U32, idle, IDLE),
	FLOW(CTQA_FLOW_END, CTLINK_U8, end, END),
	FLOW(CTQA_FLOW_WORKER, CTLINK_U16, worker, WORKER),
	CTLINK_ATTR_NESTED(CTQA_FLOW_REFS, &refs_layout),
	FLOW(CTQA_FLOW_LABELS, CTLINK_TEXT, label_names, LABEL_NAMES),
};
static const struct ctlink_layout ctq_layout = CTLINK_LAYOUT("CTA_CTQ", ctq_attrs);

static int flow_check(struct ctlink_parser *p, const struct nlattr *nest, void *value);

/* CTA_SECCTX and CTA_SECMARK are skipped. */
static const struct ctlink_attr flow_attrs[] = {
	TUPLE(CTA_TUPLE_ORIG, orig, ORIG),
	TUPLE(CTA_TUPLE_REPLY, reply, REPLY),
	FLOW(CTA_ZONE, CTLINK_U16, zone, ZONE),
	FLOW(CTA_STATUS, CTLINK_U32, status, STATUS),
	FLOW(CTA_STATUS_MASK, CTLINK_U32, status_mask, STATUS_MASK),
	FLOW(CTA_MARK, CTLINK_U32, mark, MARK),
	FLOW(CTA_MARK_MASK, CTLINK_U32, mark_mask, MARK_MASK),
	FLOW(CTA_ID, CTLINK_U32, id, ID),
	FLOW(CTA_USE, CTLINK_U32, use, USE),
	TUPLE(CTA_TUPLE_MASTER, master, MASTER),
	FLOW(CTA_TIMEOUT, CTLINK_U32, timeout, TIMEOUT),
	CTLINK_ATTR_NESTED(CTA_PROTOINFO, &protoinfo_layout),
	CTLINK_ATTR_NESTED(CTA_COUNTERS_ORIG, &counters_orig_layout),
	CTLINK_ATTR_NESTED(CTA_COUNTERS_REPLY, &counters_reply_layout),
	CTLINK_ATTR_NESTED(CTA_TIMESTAMP, &timestamp_layout),
	CTLINK_ATTR_NESTED(CTA_HELP, &help_layout),
	FLOW(CTA_LABELS, CTLINK_BYTES, labels, LABELS, .min = 4,
	     .length_at = offsetof(struct ctlink_flow, labels_size)),
	FLOW(CTA_LABELS_MASK, CTLINK_BYTES, labels_mask, LABELS_MASK, .min = 4,
	     .length_at = offsetof(struct ctlink_flow, labels_mask_size)),
	CTLINK_ATTR_NESTED(CTA_SEQ_ADJ_ORIG, &seqadj_orig_layout),
	CTLINK_ATTR_NESTED(CTA_SEQ_ADJ_REPLY, &seqadj_reply_layout),
	CTLINK_ATTR_NESTED(CTA_SYNPROXY, &synproxy_layout),
	FLOW(CTA_NAT_SRC, CTLINK_STRUCT, nat_src, NAT_SRC, .nested = &nat_layout),
	FLOW(CTA_NAT_DST, CTLINK_STRUCT, nat_dst, NAT_DST, .nested = &nat_layout),
	CTLINK_ATTR_NESTED(CTA_CTQ, &ctq_layout),
};
static const struct ctlink_layout flow_layout =
	CTLINK_LAYOUT("flow", flow_attrs, .check = flow_check);

/* ---- what the table cannot say ----------------------------------------------------- */

static int family_check(struct ctlink_parser *p, const struct ctlink_flow *flow)
{
	if (ctlink_has(flow, CTLINK_FLOW_ORIG) && flow->family &&
	    flow->orig.l3 != flow->family)
		return ctlink_parser_fail(
			p, -EINVAL, ctlink_parser_find(p, NULL, CTA_TUPLE_ORIG, 0),
			"CTA_TUPLE_ORIG is of family %u, nfgenmsg of %u", flow->orig.l3,
			flow->family);
	if (ctlink_has(flow, CTLINK_FLOW_ORIG) && ctlink_has(flow, CTLINK_FLOW_REPLY) &&
	    (flow->orig.l3 != flow->reply.l3 || flow->orig.l4 != flow->reply.l4))
		return ctlink_parser_fail(
			p, -EINVAL, ctlink_parser_find(p, NULL, CTA_TUPLE_REPLY, 0),
			"CTA_TUPLE_REPLY is of another family or protocol");
	return 0;
}

static int labels_check(struct ctlink_parser *p, const struct ctlink_flow *flow)
{
	uint16_t type = flow->labels_size % 4 ? CTA_LABELS : CTA_LABELS_MASK;

	if (flow->labels_size % 4 == 0 && flow->labels_mask_size % 4 == 0)
		return 0;
	ctlink_parser_fail(p, -EINVAL, ctlink_parser_find(p, NULL, type, 0),
	                   "a label set of %u bytes",
	                   type == CTA_LABELS ? flow->labels_size
	                                      : flow->labels_mask_size);
	ctlink_error_hint(p->error, "a multiple of 4");
	return -EINVAL;
}

/* CTA_ZONE is the zone of both directions, unless one has its own. */
static void zones_spread(struct ctlink_flow *flow)
{
	if (!ctlink_has(flow, CTLINK_FLOW_ZONE))
		return;
	if (!ctlink_has(flow, CTLINK_FLOW_ORIG_ZONE))
		flow->orig.zone = flow->zone;
	if (!ctlink_has(flow, CTLINK_FLOW_REPLY_ZONE))
		flow->reply.zone = flow->zone;
}

static int flow_check(struct ctlink_parser *p, const struct nlattr *nest, void *value)
{
	struct ctlink_flow *flow = value;
	int err = family_check(p, flow);

	if (!err)
		err = labels_check(p, flow);
	if (!err)
		zones_spread(flow);
	flow->skipped = p->skipped;
	return err;
}

/* ---- whole messages ---------------------------------------------------------------- */

int ctlink_flow_build(struct ctlink_message *m, const struct ctlink_header *header,
                      const struct ctlink_flow *flow)
{
	struct ctlink_header h = *header;

	h.family = ctlink_has(flow, CTLINK_FLOW_ORIG) ? flow->orig.l3 : flow->family;
	return ctlink_layout_build(&flow_layout, m, &h, flow);
}

int ctlink_flow_parse(const struct nlmsghdr *nlh, struct ctlink_flow *flow,
                      struct ctlink_error *error)
{
	struct ctlink_header header;
	int err = ctlink_header_parse(nlh, &header, error);

	if (err)
		return err;
	memset(flow, 0, sizeof(*flow));
	flow->family = header.family;
	return ctlink_layout_parse(&flow_layout, nlh, flow, NULL, error);
}
