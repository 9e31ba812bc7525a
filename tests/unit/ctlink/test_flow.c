/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows on the wire, held against libnetfilter_conntrack in both directions: what we
 * build it parses, what it builds we parse, attribute by attribute.
 */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "base/base.h"
#include "ctlink/flow.h"

#include "help.h"

static const struct ctlink_header header = {
	.type = CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW),
	.flags = NLM_F_REQUEST | NLM_F_CREATE,
	.seq = 7,
};

/* ---- a flow and its twin ----------------------------------------------------------- */

static void tuple_fill(struct ctlink_tuple *t, uint8_t l3, uint8_t l4)
{
	memset(t, 0, sizeof(*t));
	t->l3 = l3;
	t->l4 = l4;
	if (l3 == AF_INET) {
		memcpy(t->src, "\xc0\x00\x02\x01", 4);
		memcpy(t->dst, "\xc6\x33\x64\x02", 4);
	} else {
		memcpy(t->src, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
		memcpy(t->dst, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
	}
	t->src_id = htons(40000);
	t->dst_id = htons(443);
	if (l4 == IPPROTO_ICMP)
		t->dst_id = htons(8 << 8);
	else if (l4 == IPPROTO_ICMPV6)
		t->dst_id = htons(128 << 8);
	else if (!(ctlink_tuple_fields(l4) & CTQ_TUPLE_SRC_PORT))
		t->src_id = t->dst_id = 0;
}

static void tuple_turn(const struct ctlink_tuple *t, struct ctlink_tuple *out)
{
	*out = *t;
	memcpy(out->src, t->dst, sizeof(out->src));
	memcpy(out->dst, t->src, sizeof(out->dst));
	if (t->l4 == IPPROTO_ICMP) {
		out->dst_id = 0;
	} else if (t->l4 == IPPROTO_ICMPV6) {
		out->dst_id = htons(129 << 8);
	} else {
		out->src_id = t->dst_id;
		out->dst_id = t->src_id;
	}
}

static void flow_fill(struct ctlink_flow *flow, uint8_t l3, uint8_t l4)
{
	memset(flow, 0, sizeof(*flow));
	flow->family = l3;
	tuple_fill(&flow->orig, l3, l4);
	tuple_turn(&flow->orig, &flow->reply);
	ctlink_mark(flow, CTLINK_FLOW_ORIG);
	ctlink_mark(flow, CTLINK_FLOW_REPLY);
}

/* The library's flow with the same tuples. */
static struct nf_conntrack *twin_new(const struct ctlink_flow *flow)
{
	const struct ctlink_tuple *o = &flow->orig, *r = &flow->reply;
	struct nf_conntrack *ct = nfct_new();

	nfct_set_attr_u8(ct, ATTR_L3PROTO, o->l3);
	nfct_set_attr_u8(ct, ATTR_L4PROTO, o->l4);
	nfct_set_attr_u8(ct, ATTR_REPL_L3PROTO, r->l3);
	nfct_set_attr_u8(ct, ATTR_REPL_L4PROTO, r->l4);
	if (o->l3 == AF_INET) {
		nfct_set_attr(ct, ATTR_IPV4_SRC, o->src);
		nfct_set_attr(ct, ATTR_IPV4_DST, o->dst);
		nfct_set_attr(ct, ATTR_REPL_IPV4_SRC, r->src);
		nfct_set_attr(ct, ATTR_REPL_IPV4_DST, r->dst);
	} else {
		nfct_set_attr(ct, ATTR_IPV6_SRC, o->src);
		nfct_set_attr(ct, ATTR_IPV6_DST, o->dst);
		nfct_set_attr(ct, ATTR_REPL_IPV6_SRC, r->src);
		nfct_set_attr(ct, ATTR_REPL_IPV6_DST, r->dst);
	}
	if (ctlink_tuple_fields(o->l4) & CTQ_TUPLE_SRC_PORT) {
		nfct_set_attr_u16(ct, ATTR_PORT_SRC, o->src_id);
		nfct_set_attr_u16(ct, ATTR_PORT_DST, o->dst_id);
		nfct_set_attr_u16(ct, ATTR_REPL_PORT_SRC, r->src_id);
		nfct_set_attr_u16(ct, ATTR_REPL_PORT_DST, r->dst_id);
	} else {
		nfct_set_attr_u16(ct, ATTR_ICMP_ID, o->src_id);
		nfct_set_attr_u8(ct, ATTR_ICMP_TYPE, ntohs(o->dst_id) >> 8);
		nfct_set_attr_u8(ct, ATTR_ICMP_CODE, ntohs(o->dst_id) & 0xff);
	}
	return ct;
}

static struct nf_conntrack *library_parse(const struct ctlink_message *m)
{
	struct nf_conntrack *ct = nfct_new();

	cr_assert_eq(nfct_nlmsg_parse((const struct nlmsghdr *)m->data, ct), 0);
	return ct;
}

/* What the library builds, in @buffer. */
static const struct nlmsghdr *library_build(const struct nf_conntrack *ct, void *buffer)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = header.type;
	nlh->nlmsg_flags = header.flags;
	nfg->nfgen_family = nfct_get_attr_u8(ct, ATTR_L3PROTO);
	cr_assert_eq(nfct_nlmsg_build(nlh, ct), 0);
	return nlh;
}

static void build(struct ctlink_message *m, const struct ctlink_flow *flow)
{
	ctlink_message_init(m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_flow_build(m, &header, flow), 0);
}

static void parse(const struct nlmsghdr *nlh, struct ctlink_flow *flow)
{
	struct ctlink_error error = { 0 };

	cr_assert_eq(ctlink_flow_parse(nlh, flow, &error), 0, "%s at %u", error.text,
	             error.offset);
}

/* ---- tuples ------------------------------------------------------------------------ */

static const struct {
	uint8_t l3, l4;
} tuple_kinds[] = {
	{ AF_INET, IPPROTO_TCP },     { AF_INET6, IPPROTO_TCP },
	{ AF_INET, IPPROTO_UDP },     { AF_INET6, IPPROTO_UDP },
	{ AF_INET, IPPROTO_UDPLITE }, { AF_INET6, IPPROTO_UDPLITE },
	{ AF_INET, IPPROTO_SCTP },    { AF_INET6, IPPROTO_SCTP },
	{ AF_INET, IPPROTO_DCCP },    { AF_INET6, IPPROTO_DCCP },
	{ AF_INET, IPPROTO_GRE },     { AF_INET6, IPPROTO_GRE },
	{ AF_INET, IPPROTO_ICMP },    { AF_INET6, IPPROTO_ICMPV6 },
	{ AF_INET, 47 + 100 },        { AF_INET6, 47 + 100 },
};

Test(flow, library_parses_our_tuples)
{
	struct ctlink_flow flow;
	struct ctlink_message m;
	struct nf_conntrack *ct, *twin;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(tuple_kinds); i++) {
		flow_fill(&flow, tuple_kinds[i].l3, tuple_kinds[i].l4);
		build(&m, &flow);
		ct = library_parse(&m);
		twin = twin_new(&flow);
		cr_assert(nfct_cmp(ct, twin, NFCT_CMP_ALL | NFCT_CMP_MASK),
		          "protocol %u, family %u", tuple_kinds[i].l4, tuple_kinds[i].l3);
		cr_assert_eq(nfct_get_attr_u8(ct, ATTR_REPL_L4PROTO), tuple_kinds[i].l4);
		nfct_destroy(twin);
		nfct_destroy(ct);
		ctlink_message_fini(&m);
	}
}

Test(flow, parses_the_library_s_tuples)
{
	union help_buffer buffer;
	struct ctlink_flow flow, parsed;
	struct nf_conntrack *twin;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(tuple_kinds); i++) {
		if (tuple_kinds[i].l4 > IPPROTO_UDPLITE)
			continue; /* the library builds no tuple of an unknown protocol */
		flow_fill(&flow, tuple_kinds[i].l3, tuple_kinds[i].l4);
		twin = twin_new(&flow);
		parse(library_build(twin, buffer.bytes), &parsed);
		cr_assert_eq(memcmp(&parsed.orig, &flow.orig, sizeof(flow.orig)), 0);
		cr_assert(ctlink_has(&parsed, CTLINK_FLOW_ORIG));
		if (tuple_kinds[i].l4 != IPPROTO_ICMP &&
		    tuple_kinds[i].l4 != IPPROTO_ICMPV6)
			cr_assert_eq(
				memcmp(&parsed.reply, &flow.reply, sizeof(flow.reply)),
				0);
		cr_assert_eq(parsed.family, tuple_kinds[i].l3);
		nfct_destroy(twin);
	}
}

Test(flow, tuples_come_back_as_they_went)
{
	struct ctlink_flow flow, parsed;
	struct ctlink_message m;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(tuple_kinds); i++) {
		flow_fill(&flow, tuple_kinds[i].l3, tuple_kinds[i].l4);
		tuple_fill(&flow.master, tuple_kinds[i].l3, IPPROTO_TCP);
		ctlink_mark(&flow, CTLINK_FLOW_MASTER);
		build(&m, &flow);
		parse((const struct nlmsghdr *)m.data, &parsed);
		cr_assert_eq(memcmp(&parsed, &flow, sizeof(flow)), 0);
		ctlink_message_fini(&m);
	}
}

/* ---- every attribute with a number ------------------------------------------------- */

/* A member of struct ctlink_flow and the library's attribute for it. */
struct twin {
	enum nf_conntrack_attr attr;
	enum ctlink_flow_bit bit;
	size_t member;
	size_t size; /* bytes of both */
	uint8_t l4;
	bool builds; /* nfct_nlmsg_build() writes it */
};

#define TWIN(attr, bit, member, l4, builds)                                    \
	{                                                                      \
		attr, CTLINK_FLOW_##bit, offsetof(struct ctlink_flow, member), \
			sizeof(((struct ctlink_flow *)0)->member), l4, builds  \
	}

static const struct twin twins[] = {
	TWIN(ATTR_STATUS, STATUS, status, IPPROTO_UDP, true),
	TWIN(ATTR_TIMEOUT, TIMEOUT, timeout, IPPROTO_UDP, true),
	TWIN(ATTR_MARK, MARK, mark, IPPROTO_UDP, true),
	TWIN(ATTR_USE, USE, use, IPPROTO_UDP, false),
	TWIN(ATTR_ID, ID, id, IPPROTO_UDP, false),
	TWIN(ATTR_ZONE, ZONE, zone, IPPROTO_UDP, true),
	TWIN(ATTR_ORIG_ZONE, ORIG_ZONE, orig.zone, IPPROTO_UDP, true),
	TWIN(ATTR_REPL_ZONE, REPLY_ZONE, reply.zone, IPPROTO_UDP, true),
	TWIN(ATTR_ORIG_COUNTER_PACKETS, ORIG_PACKETS, counters_orig.packets, IPPROTO_UDP,
	     false),
	TWIN(ATTR_ORIG_COUNTER_BYTES, ORIG_BYTES, counters_orig.bytes, IPPROTO_UDP,
	     false),
	TWIN(ATTR_REPL_COUNTER_PACKETS, REPLY_PACKETS, counters_reply.packets,
	     IPPROTO_UDP, false),
	TWIN(ATTR_REPL_COUNTER_BYTES, REPLY_BYTES, counters_reply.bytes, IPPROTO_UDP,
	     false),
	TWIN(ATTR_TIMESTAMP_START, START, start, IPPROTO_UDP, false),
	TWIN(ATTR_TIMESTAMP_STOP, STOP, stop, IPPROTO_UDP, false),
	TWIN(ATTR_TCP_STATE, TCP_STATE, tcp.state, IPPROTO_TCP, true),
	TWIN(ATTR_TCP_WSCALE_ORIG, TCP_WSCALE_ORIG, tcp.wscale_orig, IPPROTO_TCP, true),
	TWIN(ATTR_TCP_WSCALE_REPL, TCP_WSCALE_REPLY, tcp.wscale_reply, IPPROTO_TCP, true),
	TWIN(ATTR_TCP_FLAGS_ORIG, TCP_FLAGS_ORIG, tcp.flags_orig.flags, IPPROTO_TCP,
	     true),
	TWIN(ATTR_TCP_MASK_ORIG, TCP_FLAGS_ORIG, tcp.flags_orig.mask, IPPROTO_TCP, true),
	TWIN(ATTR_TCP_FLAGS_REPL, TCP_FLAGS_REPLY, tcp.flags_reply.flags, IPPROTO_TCP,
	     true),
	TWIN(ATTR_TCP_MASK_REPL, TCP_FLAGS_REPLY, tcp.flags_reply.mask, IPPROTO_TCP,
	     true),
	TWIN(ATTR_SCTP_STATE, SCTP_STATE, sctp.state, IPPROTO_SCTP, true),
	TWIN(ATTR_SCTP_VTAG_ORIG, SCTP_VTAG_ORIG, sctp.vtag_orig, IPPROTO_SCTP, true),
	TWIN(ATTR_SCTP_VTAG_REPL, SCTP_VTAG_REPLY, sctp.vtag_reply, IPPROTO_SCTP, true),
	TWIN(ATTR_DCCP_STATE, DCCP_STATE, dccp.state, IPPROTO_DCCP, true),
	TWIN(ATTR_DCCP_ROLE, DCCP_ROLE, dccp.role, IPPROTO_DCCP, true),
	TWIN(ATTR_DCCP_HANDSHAKE_SEQ, DCCP_SEQ, dccp.handshake_seq, IPPROTO_DCCP, true),
	TWIN(ATTR_ORIG_NAT_SEQ_CORRECTION_POS, SEQADJ_ORIG, seqadj_orig.correction_pos,
	     IPPROTO_TCP, true),
	TWIN(ATTR_ORIG_NAT_SEQ_OFFSET_BEFORE, SEQADJ_ORIG, seqadj_orig.offset_before,
	     IPPROTO_TCP, true),
	TWIN(ATTR_ORIG_NAT_SEQ_OFFSET_AFTER, SEQADJ_ORIG, seqadj_orig.offset_after,
	     IPPROTO_TCP, true),
	TWIN(ATTR_REPL_NAT_SEQ_CORRECTION_POS, SEQADJ_REPLY, seqadj_reply.correction_pos,
	     IPPROTO_TCP, true),
	TWIN(ATTR_REPL_NAT_SEQ_OFFSET_BEFORE, SEQADJ_REPLY, seqadj_reply.offset_before,
	     IPPROTO_TCP, true),
	TWIN(ATTR_REPL_NAT_SEQ_OFFSET_AFTER, SEQADJ_REPLY, seqadj_reply.offset_after,
	     IPPROTO_TCP, true),
	TWIN(ATTR_SYNPROXY_ISN, SYNPROXY, synproxy.isn, IPPROTO_TCP, true),
	TWIN(ATTR_SYNPROXY_ITS, SYNPROXY, synproxy.its, IPPROTO_TCP, true),
	TWIN(ATTR_SYNPROXY_TSOFF, SYNPROXY, synproxy.tsoff, IPPROTO_TCP, true),
};

/*
 * Bytes that all differ, so that a wrong order or place is seen; all with bit 3, since
 * the library adds IPS_CONFIRMED to each status.
 */
static void member_fill(struct ctlink_flow *flow, const struct twin *t)
{
	static const uint8_t bytes[8] = {
		0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x18
	};

	memcpy((char *)flow + t->member, bytes, t->size);
	ctlink_mark(flow, t->bit);
}

static const struct nlmsghdr *build_one(struct ctlink_message *m,
                                        struct ctlink_flow *flow, const struct twin *t)
{
	flow_fill(flow, AF_INET, t->l4);
	member_fill(flow, t);
	build(m, flow);
	return (const struct nlmsghdr *)m->data;
}

Test(flow, library_parses_each_of_our_attributes)
{
	struct ctlink_flow flow;
	struct ctlink_message m;
	struct nf_conntrack *ct;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(twins); i++) {
		build_one(&m, &flow, &twins[i]);
		ct = library_parse(&m);
		cr_assert(nfct_attr_is_set(ct, twins[i].attr) > 0, "attribute %d",
		          twins[i].attr);
		cr_assert_eq(memcmp(nfct_get_attr(ct, twins[i].attr),
		                    (char *)&flow + twins[i].member, twins[i].size),
		             0, "attribute %d", twins[i].attr);
		nfct_destroy(ct);
		ctlink_message_fini(&m);
	}
}

/* Give @ct the attribute of @t and those that go with it (flags and their mask). */
static void twin_set(struct nf_conntrack *ct, struct ctlink_flow *flow,
                     const struct twin *t)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(twins); i++) {
		if (twins[i].bit != t->bit)
			continue;
		member_fill(flow, &twins[i]);
		nfct_set_attr(ct, twins[i].attr, (char *)flow + twins[i].member);
	}
}

Test(flow, parses_each_attribute_of_the_library)
{
	union help_buffer buffer;
	struct ctlink_flow flow, parsed;
	struct nf_conntrack *ct;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(twins); i++) {
		flow_fill(&flow, AF_INET, twins[i].l4);
		ct = twin_new(&flow);
		if (twins[i].l4 == IPPROTO_TCP)
			nfct_set_attr_u8(ct, ATTR_TCP_STATE, 3);
		twin_set(ct, &flow, &twins[i]);
		parse(library_build(ct, buffer.bytes), &parsed);
		nfct_destroy(ct);
		cr_assert_eq(ctlink_has(&parsed, twins[i].bit), twins[i].builds,
		             "attribute %d", twins[i].attr);
		if (twins[i].builds)
			cr_assert_eq(memcmp((char *)&parsed + twins[i].member,
			                    (char *)&flow + twins[i].member,
			                    twins[i].size),
			             0, "attribute %d", twins[i].attr);
	}
}

/* ---- the kernel's own messages ----------------------------------------------------- */

/* Read the file @name of the seeds into @buffer; returns the message. */
static const struct nlmsghdr *seed_read(const char *name, union help_buffer *buffer)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)buffer->bytes;
	char path[512];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", SEEDS, name);
	file = fopen(path, "rb");
	cr_assert_not_null(file, "%s", path);
	size = fread(buffer->bytes, 1, sizeof(buffer->bytes), file);
	fclose(file);
	cr_assert_eq(size, nlh->nlmsg_len, "%s", path);
	return nlh;
}

/*
 * Messages that Linux 6.18 sent in answer to "conntrack -L" (family and protocol in the
 * name): read and written again they are the same bytes, so order and nesting are the
 * kernel's.
 */
Test(flow, kernel_s_messages_come_back_byte_for_byte)
{
	static const char *const names[] = {
		"kernel-2-1",  "kernel-2-6",   "kernel-2-17",
		"kernel-2-47", "kernel-2-132", "kernel-2-200",
		"kernel-10-6", "kernel-10-17", "kernel-10-58",
	};
	const struct nlmsghdr *nlh;
	union help_buffer buffer;
	struct ctlink_header h;
	struct ctlink_message m;
	struct ctlink_flow flow;
	size_t i;

	if (htons(1) == 1)
		cr_skip_test("the recorded headers are little-endian");
	for (i = 0; i < BASE_ARRAY_LENGTH(names); i++) {
		nlh = seed_read(names[i], &buffer);
		parse(nlh, &flow);
		cr_assert_eq(ctlink_header_parse(nlh, &h, NULL), 0);
		ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
		cr_assert_eq(ctlink_flow_build(&m, &h, &flow), 0);
		cr_assert_eq(m.size, nlh->nlmsg_len, "%s", names[i]);
		cr_assert_eq(memcmp(m.data, nlh, m.size), 0, "%s", names[i]);
		ctlink_message_fini(&m);
	}
}

/* The SCTP flow was recorded with zone 7 in the original direction only. */
Test(flow, zones_of_one_direction)
{
	union help_buffer buffer;
	struct ctlink_flow flow;

	if (htons(1) == 1)
		cr_skip_test("the recorded headers are little-endian");
	parse(seed_read("kernel-2-132", &buffer), &flow);
	cr_assert(ctlink_has(&flow, CTLINK_FLOW_ORIG_ZONE));
	cr_assert_not(ctlink_has(&flow, CTLINK_FLOW_ZONE));
	cr_assert_eq(flow.orig.zone, 7);
	cr_assert_eq(flow.reply.zone, 0);
}

Test(flow, zone_of_both_directions_reaches_the_tuples)
{
	struct ctlink_flow flow, parsed;
	struct ctlink_message m;

	flow_fill(&flow, AF_INET, IPPROTO_TCP);
	flow.zone = 4;
	ctlink_mark(&flow, CTLINK_FLOW_ZONE);
	build(&m, &flow);
	parse((const struct nlmsghdr *)m.data, &parsed);
	cr_assert_eq(parsed.orig.zone, 4);
	cr_assert_eq(parsed.reply.zone, 4);
	ctlink_message_fini(&m);
}

/* ---- strings, bytes and what has no number ----------------------------------------- */

Test(flow, helper_and_labels_in_both_directions)
{
	static const uint8_t labels[CTLINK_LABELS_SIZE] = {
		0x81, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0, 0, 0x80
	};
	struct nfct_bitmask *bits = nfct_bitmask_new(127), *mask = nfct_bitmask_new(127);
	struct ctlink_flow flow, parsed;
	union help_buffer buffer;
	struct ctlink_message m;
	struct nf_conntrack *ct;
	unsigned int i;

	flow_fill(&flow, AF_INET, IPPROTO_TCP);
	strcpy(flow.helper, "ftp");
	ctlink_mark(&flow, CTLINK_FLOW_HELPER);
	memcpy(flow.labels, labels, sizeof(labels));
	flow.labels_size = sizeof(labels);
	ctlink_mark(&flow, CTLINK_FLOW_LABELS);
	build(&m, &flow);
	ct = library_parse(&m);
	cr_assert_str_eq(nfct_get_attr(ct, ATTR_HELPER_NAME), "ftp");
	for (i = 0; i < 128; i++)
		cr_assert_eq(
			nfct_bitmask_test_bit(nfct_get_attr(ct, ATTR_CONNLABELS), i) != 0,
			labels[i / 8] >> (i % 8) & 1, "label %u", i);
	nfct_destroy(ct);
	ctlink_message_fini(&m);

	ct = twin_new(&flow);
	nfct_set_attr(ct, ATTR_HELPER_NAME, "ftp");
	nfct_bitmask_set_bit(bits, 7);
	nfct_bitmask_set_bit(mask, 127);
	nfct_set_attr(ct, ATTR_CONNLABELS, bits);
	nfct_set_attr(ct, ATTR_CONNLABELS_MASK, mask);
	parse(library_build(ct, buffer.bytes), &parsed);
	cr_assert_str_eq(parsed.helper, "ftp");
	cr_assert_eq(parsed.labels_size, 16);
	cr_assert_eq(parsed.labels[0], 0x80);
	cr_assert_eq(parsed.labels_mask[15], 0x80);
	nfct_destroy(ct);
}

Test(flow, master_in_both_directions)
{
	struct ctlink_flow flow, parsed;
	union help_buffer buffer;
	struct ctlink_message m;
	struct nf_conntrack *ct;

	flow_fill(&flow, AF_INET, IPPROTO_TCP);
	tuple_fill(&flow.master, AF_INET, IPPROTO_TCP);
	flow.master.dst_id = htons(21);
	ctlink_mark(&flow, CTLINK_FLOW_MASTER);
	build(&m, &flow);
	ct = library_parse(&m);
	cr_assert_eq(memcmp(nfct_get_attr(ct, ATTR_MASTER_IPV4_SRC), flow.master.src, 4),
	             0);
	cr_assert_eq(memcmp(nfct_get_attr(ct, ATTR_MASTER_IPV4_DST), flow.master.dst, 4),
	             0);
	cr_assert_eq(nfct_get_attr_u16(ct, ATTR_MASTER_PORT_DST), htons(21));
	parse(library_build(ct, buffer.bytes), &parsed);
	cr_assert_eq(memcmp(&parsed.master, &flow.master, sizeof(flow.master)), 0);
	nfct_destroy(ct);
	ctlink_message_fini(&m);
}

Test(flow, parses_the_library_s_nat)
{
	struct ctlink_flow flow, parsed;
	union help_buffer buffer;
	struct nf_conntrack *ct;

	flow_fill(&flow, AF_INET, IPPROTO_TCP);
	ct = twin_new(&flow);
	nfct_set_attr_u32(ct, ATTR_SNAT_IPV4, htonl(0x0a000001));
	parse(library_build(ct, buffer.bytes), &parsed);
	cr_assert(ctlink_has(&parsed, CTLINK_FLOW_NAT_SRC));
	cr_assert_not(ctlink_has(&parsed, CTLINK_FLOW_NAT_DST));
	cr_assert(ctlink_has(&parsed.nat_src, CTLINK_NAT_V4_MIN));
	cr_assert_eq(memcmp(parsed.nat_src.v4_min, "\x0a\0\0\x01", 4), 0);
	nfct_set_attr_u16(ct, ATTR_DNAT_PORT, htons(80));
	nfct_set_attr_u32(ct, ATTR_DNAT_IPV4, htonl(0x0a000002));
	parse(library_build(ct, buffer.bytes), &parsed);
	cr_assert(ctlink_has(&parsed, CTLINK_FLOW_NAT_DST));
	cr_assert_eq(memcmp(parsed.nat_dst.v4_min, "\x0a\0\0\x02", 4), 0);
	cr_assert(ctlink_has(&parsed.nat_dst, CTLINK_NAT_PORT_MIN));
	cr_assert_eq(parsed.nat_dst.port_min, 80);
	nfct_destroy(ct);

	flow_fill(&flow, AF_INET6, IPPROTO_UDP);
	ct = twin_new(&flow);
	nfct_set_attr(ct, ATTR_SNAT_IPV6, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01");
	nfct_set_attr_u16(ct, ATTR_SNAT_PORT, htons(1024));
	parse(library_build(ct, buffer.bytes), &parsed);
	cr_assert(ctlink_has(&parsed.nat_src, CTLINK_NAT_V6_MIN));
	cr_assert_eq(parsed.nat_src.v6_min[0], 0xfd);
	cr_assert_eq(parsed.nat_src.port_min, 1024);
	nfct_destroy(ct);
}

/* ---- what is refused --------------------------------------------------------------- */

static int parse_error(const struct ctlink_message *m, struct ctlink_error *error)
{
	struct ctlink_flow flow;

	memset(error, 0, sizeof(*error));
	return ctlink_flow_parse((const struct nlmsghdr *)m->data, &flow, error);
}

Test(flow, families_agree)
{
	struct ctlink_error error;
	struct ctlink_message m;
	struct ctlink_flow flow;

	flow_fill(&flow, AF_INET, IPPROTO_TCP);
	build(&m, &flow);
	m.data[16] = AF_INET6;
	cr_assert_eq(parse_error(&m, &error), -EINVAL);
	cr_assert_eq(error.offset, 20);
	m.data[16] = AF_UNSPEC;
	cr_assert_eq(parse_error(&m, &error), 0, "AF_UNSPEC goes with both");
	ctlink_message_fini(&m);

	tuple_fill(&flow.reply, AF_INET6, IPPROTO_TCP);
	build(&m, &flow);
	cr_assert_eq(parse_error(&m, &error), -EINVAL);
	cr_assert_eq(error.offset, 20 + 52, "CTA_TUPLE_REPLY");
	ctlink_message_fini(&m);
}

Test(flow, tuples_are_whole)
{
	struct ctlink_tuple tuple;
	struct ctlink_error error;
	struct ctlink_message m;
	uint32_t fields, bit;

	tuple_fill(&tuple, AF_INET, IPPROTO_TCP);
	fields = ctlink_tuple_fields(IPPROTO_TCP);
	for (bit = 1; bit < CTQ_TUPLE_ALL; bit <<= 1) {
		if (!(fields & bit))
			continue;
		ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
		ctlink_message_begin(&m, &header);
		ctlink_tuple_put(&m, CTA_TUPLE_ORIG, &tuple, fields & ~bit);
		cr_assert_eq(ctlink_message_end(&m), 0);
		/* Without a protocol it is one of protocol 0, which has no ports. */
		cr_assert_eq(parse_error(&m, &error), -EINVAL, "field 0x%x", bit);
		cr_assert_eq(error.offset, 20);
		cr_assert(strstr(error.text, "is missing in CTA_TUPLE_ORIG"), "%s",
		          error.text);
		ctlink_message_fini(&m);
	}
}

Test(flow, labels_come_in_words_of_32)
{
	struct ctlink_error error;
	struct ctlink_message m;
	struct ctlink_flow flow;
	uint8_t size;

	for (size = 4; size <= CTLINK_LABELS_SIZE; size++) {
		flow_fill(&flow, AF_INET, IPPROTO_TCP);
		flow.labels_size = size;
		ctlink_mark(&flow, CTLINK_FLOW_LABELS);
		build(&m, &flow);
		cr_assert_eq(parse_error(&m, &error), size % 4 ? -EINVAL : 0, "%u bytes",
		             size);
		if (size % 4)
			cr_assert(strstr(error.hint, "multiple of 4"));
		ctlink_message_fini(&m);
	}
}
