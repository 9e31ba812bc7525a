/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "ctlink/flow.h"
#include "server.h"

#define CT(message) CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_##message)

static struct answers answers; /* half a megabyte: not for the stack */

static uint32_t confirmed(struct server *s)
{
	struct flow_table_size size;

	flow_table_size(s->flows.table, &size);
	return size.confirmed;
}

/* A TCP flow from 10.0.0.99, as a tool that restores a table makes it. */
static struct ctlink_flow tcp_flow(void)
{
	struct packet p = packet_number(99);
	struct ctlink_flow flow = { .status = TRACK_SEEN_REPLY | TRACK_ASSURED |
		                              TRACK_CONFIRMED,
		                    .timeout = 600 };
	struct tuple reply;

	p.tuple.l4 = IPPROTO_TCP;
	tuple_invert(&p.tuple, &reply);
	memcpy(&flow.orig, &p.tuple, sizeof(p.tuple));
	memcpy(&flow.reply, &reply, sizeof(reply));
	flow.mark = 7;
	flow.tcp.state = TRACK_TCP_ESTABLISHED;
	ctlink_mark(&flow, CTLINK_FLOW_ORIG);
	ctlink_mark(&flow, CTLINK_FLOW_REPLY);
	ctlink_mark(&flow, CTLINK_FLOW_STATUS);
	ctlink_mark(&flow, CTLINK_FLOW_TIMEOUT);
	ctlink_mark(&flow, CTLINK_FLOW_MARK);
	ctlink_mark(&flow, CTLINK_FLOW_TCP_STATE);
	return flow;
}

/* A request and its answers; NULL: without attributes. */
static void ask(struct server *s, int fd, uint16_t type, uint16_t flags,
                const struct ctlink_flow *flow)
{
	static const struct ctlink_flow none = { .has = 0 };
	struct ctlink_header header = { .type = type,
		                        .flags = (uint16_t)(NLM_F_REQUEST | flags) };
	struct ctlink_message m;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_flow_build(&m, &header, flow ? flow : &none), 0);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	ctlink_message_fini(&m);
}

static int ask_new(struct server *s, int fd, const struct ctlink_flow *flow,
                   uint16_t flags)
{
	ask(s, fd, CT(NEW), NLM_F_ACK | flags, flow);
	return answers_error(&answers).code;
}

static struct flow *peek_flow(struct server *s, const struct ctlink_tuple *t)
{
	struct tuple tuple;

	memcpy(&tuple, t, sizeof(tuple));
	return flow_peek(s->flows.table, &tuple).flow;
}

Test(flow_one, makes_a_flow_with_state_status_and_mark)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_flow flow = tcp_flow();
	union track_state state;
	struct flow *f;

	cr_assert_eq(ask_new(&s, fd, &flow, 0), -ENOENT, "without NLM_F_CREATE");
	cr_assert_eq(ask_new(&s, fd, &flow, NLM_F_CREATE | NLM_F_EXCL), 0);
	f = peek_flow(&s, &flow.reply);
	cr_assert_not_null(f);
	cr_assert_eq(flow_status(f), TRACK_SEEN_REPLY | TRACK_ASSURED | TRACK_CONFIRMED);
	cr_assert(f->mark == 7 && flow_timeout_left(s.flows.table, f, 1000) == 600);
	flow_state_load(f, &state);
	cr_assert_eq(state.tcp.state, TRACK_TCP_ESTABLISHED);
	cr_assert_eq(ask_new(&s, fd, &flow, NLM_F_CREATE | NLM_F_EXCL), -EEXIST);
	cr_assert_eq(confirmed(&s), 1);
	close(fd);
	server_end(&s);
}

Test(flow_one, makes_a_flow_with_the_flags_and_scales_of_its_sides)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_flow flow = tcp_flow(), only = { .has = 0 };
	union track_state state;

	flow.tcp.flags_orig = (struct ctlink_tcp_flags){ 0x0b, 0xff };
	flow.tcp.flags_reply = (struct ctlink_tcp_flags){ 0x0b, 0x0a };
	flow.tcp.wscale_orig = 7;
	flow.tcp.wscale_reply = 9;
	flow.has |= UINT64_C(1) << CTLINK_FLOW_TCP_FLAGS_ORIG |
	            UINT64_C(1) << CTLINK_FLOW_TCP_FLAGS_REPLY |
	            UINT64_C(1) << CTLINK_FLOW_TCP_WSCALE_ORIG |
	            UINT64_C(1) << CTLINK_FLOW_TCP_WSCALE_REPLY;
	cr_assert_eq(ask_new(&s, fd, &flow, NLM_F_CREATE), 0);
	flow_state_load(peek_flow(&s, &flow.orig), &state);
	cr_assert_eq(state.tcp.side[0].flags, 0x0b);
	cr_assert_eq(state.tcp.side[1].flags, 0x0a, "only what the mask says");
	cr_assert_eq(state.tcp.side[0].scale, 0, "both must have offered it");
	cr_assert_eq(state.tcp.side[0].td_maxwin, 0, "its numbers are not known");

	only.orig = flow.orig;
	only.tcp.flags_reply = (struct ctlink_tcp_flags){ 0x01, 0x01 };
	only.tcp.wscale_orig = 7;
	only.tcp.wscale_reply = 9;
	only.has = UINT64_C(1) << CTLINK_FLOW_ORIG |
	           UINT64_C(1) << CTLINK_FLOW_TCP_FLAGS_REPLY |
	           UINT64_C(1) << CTLINK_FLOW_TCP_WSCALE_ORIG |
	           UINT64_C(1) << CTLINK_FLOW_TCP_WSCALE_REPLY;
	cr_assert_eq(ask_new(&s, fd, &only, 0), 0, "a change without the state");
	flow_state_load(peek_flow(&s, &flow.orig), &state);
	cr_assert_eq(state.tcp.side[1].flags, 0x0b);
	cr_assert_eq(state.tcp.side[0].scale, 7);
	cr_assert_eq(state.tcp.side[1].scale, 9);
	cr_assert_eq(state.tcp.state, TRACK_TCP_ESTABLISHED);
	close(fd);
	server_end(&s);
}

Test(flow_one, makes_an_SCTP_flow_with_its_tags)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_flow flow = tcp_flow();
	union track_state state;

	flow.orig.l4 = flow.reply.l4 = IPPROTO_SCTP;
	ctlink_unmark(&flow, CTLINK_FLOW_TCP_STATE);
	flow.sctp =
		(struct ctlink_sctp){ TRACK_SCTP_ESTABLISHED, 0x01020304, 0x05060708 };
	ctlink_mark(&flow, CTLINK_FLOW_SCTP_STATE);
	ctlink_mark(&flow, CTLINK_FLOW_SCTP_VTAG_ORIG);
	ctlink_mark(&flow, CTLINK_FLOW_SCTP_VTAG_REPLY);
	cr_assert_eq(ask_new(&s, fd, &flow, NLM_F_CREATE), 0);
	flow_state_load(peek_flow(&s, &flow.orig), &state);
	cr_assert_eq(state.sctp.state, TRACK_SCTP_ESTABLISHED);
	cr_assert_eq(state.sctp.vtag[TRACK_ORIGINAL], 0x01020304);
	cr_assert_eq(state.sctp.vtag[TRACK_REPLY], 0x05060708);
	close(fd);
	server_end(&s);
}

Test(flow_one, makes_a_flow_that_the_kernel_translates)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_flow flow = tcp_flow();
	struct tuple reply;
	struct flow *f;

	flow.nat_src = (struct ctlink_nat){ .has = 1 << CTLINK_NAT_V4_MIN |
		                                   1 << CTLINK_NAT_V4_MAX,
		                            .v4_min = { 192, 0, 2, 99 },
		                            .v4_max = { 192, 0, 2, 100 } };
	ctlink_mark(&flow, CTLINK_FLOW_NAT_SRC);
	cr_assert_eq(ask_new(&s, fd, &flow, NLM_F_CREATE), -EOPNOTSUPP, "a range");
	flow.nat_src.v4_max[3] = 99;
	flow.nat_dst =
		(struct ctlink_nat){ .has = 1 << CTLINK_NAT_PORT_MIN, .port_min = 8080 };
	ctlink_mark(&flow, CTLINK_FLOW_NAT_DST);
	cr_assert_eq(ask_new(&s, fd, &flow, NLM_F_CREATE), 0);
	f = peek_flow(&s, &flow.orig);
	flow_tuple_load(f, TRACK_REPLY, &reply);
	cr_assert_eq(memcmp(reply.dst, "\xc0\x00\x02\x63", 4), 0);
	cr_assert_eq(reply.src_id, htons(8080));
	cr_assert(flow_status(f) & TRACK_SRC_NAT && flow_status(f) & TRACK_DST_NAT);
	cr_assert_eq(ask_new(&s, fd, &flow, 0), -EOPNOTSUPP, "not afterwards");
	close(fd);
	server_end(&s);
}

Test(flow_one, refuses_to_make_half_a_flow)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_flow flow = tcp_flow(), part;

	part = flow;
	ctlink_unmark(&part, CTLINK_FLOW_TIMEOUT);
	cr_assert_eq(ask_new(&s, fd, &part, NLM_F_CREATE), -EINVAL);
	part = flow;
	ctlink_unmark(&part, CTLINK_FLOW_REPLY);
	cr_assert_eq(ask_new(&s, fd, &part, NLM_F_CREATE), -EINVAL);
	part = flow;
	part.tcp.state = 200;
	cr_assert_eq(ask_new(&s, fd, &part, NLM_F_CREATE), -EINVAL);
	part = flow;
	part.reply.l4 = IPPROTO_UDP;
	cr_assert_eq(ask_new(&s, fd, &part, NLM_F_CREATE), -EINVAL);
	cr_assert_eq(confirmed(&s), 0);
	cr_assert_eq(flow_counter_read(s.flows.table, FLOW_COUNTER_NEW), 0);
	close(fd);
	server_end(&s);
}

Test(flow_one, changes_a_flow_and_never_takes_a_bit_away)
{
	struct server s = server_new(1, NULL);
	int fd = server_connect(&s);
	struct packet p = packet_number(0);
	struct ctlink_flow flow = { .mark = 0x50, .mark_mask = 0xf0 };
	struct flow *f = flow_peek(s.flows.table, &p.tuple).flow;

	memcpy(&flow.orig, &p.tuple, sizeof(p.tuple));
	ctlink_mark(&flow, CTLINK_FLOW_ORIG);
	ctlink_mark(&flow, CTLINK_FLOW_MARK);
	ctlink_mark(&flow, CTLINK_FLOW_MARK_MASK);
	atomic_store(&f->mark, 0x123);
	cr_assert_eq(ask_new(&s, fd, &flow, 0), 0);
	cr_assert_eq(f->mark, 0x153);
	flow.status = TRACK_SEEN_REPLY | TRACK_ASSURED | TRACK_CONFIRMED;
	ctlink_mark(&flow, CTLINK_FLOW_STATUS);
	cr_assert_eq(ask_new(&s, fd, &flow, 0), 0);
	cr_assert(flow_status(f) & TRACK_ASSURED);
	flow.status = TRACK_CONFIRMED;
	cr_assert_eq(ask_new(&s, fd, &flow, 0), -EBUSY);
	flow.status = flow_status(f) | TRACK_DYING;
	cr_assert_eq(ask_new(&s, fd, &flow, 0), -EBUSY);
	cr_assert_not_null(flow_peek(s.flows.table, &p.tuple).flow);
	close(fd);
	server_end(&s);
}

/* ---- status and timeout --------------------------------------------------------------- */

/* What the kernel does with each (nf_ct_change_status_common()). */
static const struct {
	uint32_t status;
	int made, changed; /* a new one; one that is SEEN_REPLY and ASSURED */
	uint32_t after;    /* of the new one */
} statuses[] = {
	{ 0x0, -EBUSY, -EBUSY, 0 },   { 0x6, -EBUSY, -EBUSY, 0 },
	{ 0x8, 0, -EBUSY, 0x8 },      { 0xa, 0, -EBUSY, 0xa },
	{ 0xe, 0, 0, 0xe },           { 0xf, -EBUSY, -EBUSY, 0 },
	{ 0x1e, 0, 0, 0xe },          /* SRC_NAT */
	{ 0x1ce, 0, 0, 0xe },         /* SEQ_ADJUST, NAT done */
	{ 0x20e, -EBUSY, -EBUSY, 0 }, /* DYING */
	{ 0x40e, 0, 0, 0x40e },       /* FIXED_TIMEOUT */
	{ 0x180e, 0, 0, 0xe },        /* TEMPLATE, UNTRACKED */
};

Test(flow_one, status_bits_are_the_kernels)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_flow flow, old = tcp_flow();
	size_t i;

	old.orig.src_id = old.reply.dst_id = 1;
	cr_assert_eq(ask_new(&s, fd, &old, NLM_F_CREATE), 0);
	ctlink_unmark(&old, CTLINK_FLOW_TIMEOUT);
	for (i = 0; i < BASE_ARRAY_LENGTH(statuses); i++) {
		flow = tcp_flow();
		flow.status = old.status = statuses[i].status;
		cr_expect_eq(ask_new(&s, fd, &flow, NLM_F_CREATE | NLM_F_EXCL),
		             statuses[i].made, "0x%x", flow.status);
		if (statuses[i].made == 0) {
			cr_expect_eq(flow_status(peek_flow(&s, &flow.orig)),
			             statuses[i].after, "0x%x", flow.status);
			ask(&s, fd, CT(DELETE), NLM_F_ACK, &flow);
		}
		cr_expect_eq(ask_new(&s, fd, &old, 0), statuses[i].changed, "0x%x",
		             flow.status);
		cr_expect_eq(confirmed(&s), 1);
	}
	close(fd);
	server_end(&s);
}

Test(flow_one, a_fixed_timeout_is_fixed)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_flow flow = tcp_flow();

	ctlink_unmark(&flow, CTLINK_FLOW_STATUS);
	cr_assert_eq(ask_new(&s, fd, &flow, NLM_F_CREATE), 0);
	flow.timeout = 500;
	flow.status |= TRACK_FIXED_TIMEOUT;
	ctlink_mark(&flow, CTLINK_FLOW_STATUS);
	cr_assert_eq(ask_new(&s, fd, &flow, 0), 0, "both at once");
	cr_assert_eq(ask_new(&s, fd, &flow, 0), -EPERM);
	cr_assert_gt(answers_error(&answers).offset, 0);
	flow.status &= ~(uint32_t)TRACK_FIXED_TIMEOUT;
	cr_assert_eq(ask_new(&s, fd, &flow, 0), -EPERM);
	ctlink_unmark(&flow, CTLINK_FLOW_TIMEOUT);
	cr_assert_eq(ask_new(&s, fd, &flow, 0), 0);
	cr_assert(flow_status(peek_flow(&s, &flow.orig)) & TRACK_FIXED_TIMEOUT,
	          "as in the kernel, it stays");
	close(fd);
	server_end(&s);
}

/* ---- masters --------------------------------------------------------------------------- */

/* As conntrackd commits a flow that was expected. */
Test(flow_one, a_new_flow_may_have_a_master)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_flow flow = tcp_flow(), child = tcp_flow(), shown;
	const struct nlmsghdr *nlh = NULL;

	child.orig.src_id = child.reply.dst_id = 1;
	child.master = flow.orig;
	ctlink_mark(&child, CTLINK_FLOW_MASTER);
	cr_assert_eq(ask_new(&s, fd, &child, NLM_F_CREATE), -ENOENT, "no master");
	cr_assert_gt(answers_error(&answers).offset, 0);
	cr_assert_eq(confirmed(&s), 0);
	cr_assert_eq(ask_new(&s, fd, &flow, NLM_F_CREATE), 0);
	cr_assert_eq(ask_new(&s, fd, &child, NLM_F_CREATE), 0);
	cr_assert_eq(flow_status(peek_flow(&s, &child.orig)), 0xf, "EXPECTED");
	ask(&s, fd, CT(GET), NLM_F_ACK, &child);
	cr_assert_eq(answers_count(&answers, CT(NEW), &nlh), 1);
	cr_assert_eq(ctlink_flow_parse(nlh, &shown, NULL), 0);
	cr_assert(ctlink_has(&shown, CTLINK_FLOW_MASTER));
	cr_assert_eq(memcmp(&shown.master, &flow.orig, sizeof(flow.orig)), 0);
	cr_assert_eq(ask_new(&s, fd, &child, 0), -EOPNOTSUPP, "not afterwards");
	ask(&s, fd, CT(GET), NLM_F_ACK, &flow);
	cr_assert_eq(answers_count(&answers, CT(NEW), &nlh), 1);
	cr_assert_eq(ctlink_flow_parse(nlh, &shown, NULL), 0);
	cr_assert_eq(shown.use, 1, "no reference is left on it");
	close(fd);
	server_end(&s);
}

Test(flow_one, the_zone_of_a_master_is_its_flows)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_flow flow = tcp_flow(), child = tcp_flow();

	flow.zone = 4;
	ctlink_mark(&flow, CTLINK_FLOW_ZONE);
	cr_assert_eq(ask_new(&s, fd, &flow, NLM_F_CREATE), 0);
	child.orig.src_id = child.reply.dst_id = 1;
	child.master = flow.orig;
	ctlink_mark(&child, CTLINK_FLOW_MASTER);
	cr_assert_eq(ask_new(&s, fd, &child, NLM_F_CREATE), -ENOENT);
	child.zone = 4;
	ctlink_mark(&child, CTLINK_FLOW_ZONE);
	cr_assert_eq(ask_new(&s, fd, &child, NLM_F_CREATE), 0);
	close(fd);
	server_end(&s);
}

/* ---- zones ---------------------------------------------------------------------------- */

/* Of @flow, as a request makes it: what the daemon then says of it. */
static struct ctlink_flow made(struct server *s, int fd, struct ctlink_flow *flow)
{
	const struct nlmsghdr *nlh = NULL;
	struct ctlink_flow shown;

	cr_assert_eq(ask_new(s, fd, flow, NLM_F_CREATE | NLM_F_EXCL), 0);
	ask(s, fd, CT(GET), NLM_F_DUMP, NULL);
	cr_assert_eq(answers_count(&answers, CT(NEW), &nlh), 1);
	cr_assert_eq(ctlink_flow_parse(nlh, &shown, NULL), 0);
	return shown;
}

static const unsigned int zone_bits[] = { CTLINK_FLOW_ZONE, CTLINK_FLOW_ORIG_ZONE,
	                                  CTLINK_FLOW_REPLY_ZONE };

/* The filter's answers: how many flows have the zone. */
static unsigned int in_zone(struct server *s, int fd, uint16_t zone)
{
	struct ctlink_flow filter = { .zone = zone };

	ctlink_mark(&filter, CTLINK_FLOW_ZONE);
	ask(s, fd, CT(GET), NLM_F_DUMP, &filter);
	return answers_count(&answers, CT(NEW), NULL);
}

/* Sends what it got, as the kernel does; the kernel's filter means any direction. */
Test(flow_one, a_zone_is_of_both_directions_or_of_one)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_flow flow, shown;
	size_t i, j;

	for (i = 0; i < BASE_ARRAY_LENGTH(zone_bits); i++) {
		flow = tcp_flow();
		flow.zone = flow.orig.zone = flow.reply.zone = 4;
		ctlink_mark(&flow, zone_bits[i]);
		shown = made(&s, fd, &flow);
		for (j = 0; j < BASE_ARRAY_LENGTH(zone_bits); j++)
			cr_expect_eq(ctlink_has(&shown, zone_bits[j]), i == j, "%zu %zu",
			             i, j);
		cr_expect_eq(shown.orig.zone, i == 2 ? 0 : 4);
		cr_expect_eq(shown.reply.zone, i == 1 ? 0 : 4);
		cr_expect_eq(in_zone(&s, fd, 4), 1);
		cr_expect_eq(in_zone(&s, fd, 0), 0);
		cr_expect_eq(in_zone(&s, fd, 5), 0);
		ask(&s, fd, CT(DELETE), NLM_F_ACK, &shown);
		cr_expect_eq(answers_error(&answers).code, 0);
		cr_expect_eq(confirmed(&s), 0);
	}
	flow = tcp_flow();
	shown = made(&s, fd, &flow);
	cr_expect_eq(in_zone(&s, fd, 0), 1);
	close(fd);
	server_end(&s);
}

Test(flow_one, a_request_has_one_zone)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_flow flow;
	int named;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(zone_bits); i++) {
		flow = tcp_flow();
		flow.zone = flow.orig.zone = flow.reply.zone = 4;
		ctlink_mark(&flow, zone_bits[i]);
		ctlink_mark(&flow, zone_bits[(i + 1) % 3]);
		cr_expect_eq(ask_new(&s, fd, &flow, NLM_F_CREATE), -EINVAL);
		cr_expect_gt(answers_error(&answers).offset, 0);
		named = i == 0 ? -EINVAL : -ENOENT;
		ask(&s, fd, CT(GET), NLM_F_ACK, &flow);
		cr_expect_eq(answers_error(&answers).code, named, "by its original");
		ask(&s, fd, CT(DELETE), NLM_F_ACK, &flow);
		cr_expect_eq(answers_error(&answers).code, named);
		ctlink_unmark(&flow, CTLINK_FLOW_ORIG);
		ask(&s, fd, CT(GET), NLM_F_ACK, &flow);
		cr_expect_eq(answers_error(&answers).code, i == 2 ? -EINVAL : -ENOENT,
		             "by its reply");
	}
	close(fd);
	server_end(&s);
}
