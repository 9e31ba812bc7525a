/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Helpers on the path: when a packet is read, and what becomes of what it announces. */
#include <string.h>

#include "flow/expect.h"
#include "router.h"

static const struct router_options helped = { .ftp = 21, .tftp = 69 };

/* One TCP conversation from the client's port 1024. */
struct talk {
	struct router *r;
	uint32_t client, server; /* next sequence numbers */
};

static struct wire segment(uint16_t dport, uint32_t seq, uint32_t ack, uint8_t flags,
                           const char *payload)
{
	struct wire w = wire_ip4(IPPROTO_TCP);

	wire_tcp(&w, 1024, dport, seq, ack, flags, NULL, 0);
	wire_append(&w, payload, (uint32_t)strlen(payload));
	wire_finish(&w);
	return w;
}

static bool from_client(struct talk *t, uint8_t flags, const char *payload)
{
	struct wire w = segment(21, t->client, t->server, flags, payload);

	t->client += (uint32_t)strlen(payload) + (flags & PACKET_TCP_SYN ? 1 : 0);
	return router_forward(t->r, &w);
}

static bool from_server(struct talk *t, uint8_t flags, const char *payload)
{
	struct wire w = segment(21, t->server, t->client, flags, payload);

	t->server += (uint32_t)strlen(payload) + (flags & PACKET_TCP_SYN ? 1 : 0);
	w = wire_reply(&w);
	return router_forward(t->r, &w);
}

static struct talk talk_ftp(struct router *r)
{
	struct talk t = { r, 1000, 9000 };

	cr_assert(from_client(&t, PACKET_TCP_SYN, ""));
	t.server = 9000;
	cr_assert(from_server(&t, PACKET_TCP_SYN | PACKET_TCP_ACK, ""));
	cr_assert(from_client(&t, PACKET_TCP_ACK, ""));
	cr_assert(from_server(&t, PACKET_TCP_ACK, "220 hello\r\n"));
	cr_assert(from_client(&t, PACKET_TCP_ACK, "USER a\r\n"));
	return t;
}

static struct wire data_syn(uint16_t dport)
{
	return segment(dport, 1, 0, PACKET_TCP_SYN, "");
}

static struct flow *flow_to(struct router *r, uint16_t port)
{
	struct wire w = data_syn(port);

	return router_flow(r, &w);
}

Test(help, passive_data_is_related)
{
	struct router r = router_new(&helped);
	struct talk t = talk_ftp(&r);
	struct wire w = data_syn(1025), other = data_syn(1026);

	cr_assert(flow_status(flow_to(&r, 21)) & TRACK_HELPER);
	cr_assert(from_server(&t, PACKET_TCP_ACK, "227 ok (198,51,100,2,4,1)\r\n"));
	cr_assert_eq(expect_count(r.flows), 1);
	atomic_store(&flow_to(&r, 21)->mark, 0x99);
	cr_assert(router_forward(&r, &other));
	cr_assert_eq(expect_count(r.flows), 1);
	cr_assert(router_forward(&r, &w));
	cr_assert_eq(expect_count(r.flows), 0);
	cr_assert(flow_status(flow_to(&r, 1025)) & TRACK_EXPECTED);
	cr_assert(!(flow_status(flow_to(&r, 1026)) & TRACK_EXPECTED));
	cr_assert_eq(atomic_load(&flow_to(&r, 1025)->mark), 0x99);
	cr_assert_eq(atomic_load(&flow_to(&r, 1025)->master_id),
	             atomic_load(&flow_to(&r, 21)->id));
	router_end(&r);
}

/* The rules see its first packets as RELATED, and not as NEW. */
Test(help, rules_see_related)
{
	struct router r = router_new(&helped);
	struct talk t = talk_ftp(&r);
	struct wire w = data_syn(1025), other = data_syn(1026);
	struct ctlink_rule rule =
		router_state_rule(CTQ_CTSTATE_RELATED, CTQ_STATEMENT_ACCEPT);

	cr_assert(from_server(&t, PACKET_TCP_ACK, "227 ok (198,51,100,2,4,1)\r\n"));
	router_load(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_DROP, &rule, 1);
	cr_assert(!router_forward(&r, &other));
	cr_assert(router_forward(&r, &w));
	router_end(&r);
}

Test(help, a_port_without_a_helper_announces_nothing)
{
	static const struct router_options none;
	struct router r = router_new(&none);
	struct talk t = talk_ftp(&r);

	cr_assert(!(flow_status(flow_to(&r, 21)) & TRACK_HELPER));
	cr_assert(from_server(&t, PACKET_TCP_ACK, "227 ok (198,51,100,2,4,1)\r\n"));
	cr_assert_eq(expect_count(r.flows), 0);
	router_end(&r);
}

Test(help, half_a_command_is_dropped)
{
	struct router r = router_new(&helped);
	struct talk t = talk_ftp(&r);

	cr_assert(!from_client(&t, PACKET_TCP_ACK, "PORT 192,0,2,1"));
	cr_assert_eq(path_reason_read(r.path, CTQ_DROP_HELPER), 1);
	t.client -= 14;
	cr_assert(from_client(&t, PACKET_TCP_ACK, "PORT 192,0,2,1,4,1\r\n"));
	cr_assert_eq(expect_count(r.flows), 1);
	router_end(&r);
}

/* The queue copied no more: seen in part, and counted. */
Test(help, what_was_not_copied)
{
	struct router r = router_new(&helped);
	struct talk t = talk_ftp(&r);
	struct wire w =
		segment(21, t.client, t.server, PACKET_TCP_ACK, "PORT 192,0,2,1,4,1\r\n");
	struct packet p = wire_packet(&w);
	struct packet_verdict v;

	p.hook = PACKET_HOOK_PREROUTING;
	p.captured = 20 + 20 + 8;
	path_batch(path_worker(r.path, 0), &p, &v, 1, r.now_ns);
	rcu_quiet();
	cr_assert(v.accept);
	cr_assert_eq(expect_count(r.flows), 0);
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_HELPER_CUT), 1);
	p = wire_packet(&w);
	p.hook = PACKET_HOOK_PREROUTING;
	p.captured = 20 + 20;
	path_batch(path_worker(r.path, 0), &p, &v, 1, r.now_ns);
	rcu_quiet();
	cr_assert(v.accept);
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_HELPER_CUT), 2);
	router_end(&r);
}

/* ---- the packet that makes the flow ---------------------------------------------------- */

static struct wire request(void)
{
	struct wire w = wire_ip4(IPPROTO_UDP);

	wire_udp(&w, 1024, 69, 0);
	wire_append(&w, "\0\1file\0octet", 12);
	wire_finish(&w);
	return w;
}

static struct wire answer_to(uint32_t address)
{
	struct wire w = wire_ip4(IPPROTO_UDP), reply;

	wire_udp(&w, 1024, 5555, 20);
	memcpy(w.bytes + 12, &address, 4);
	wire_finish(&w);
	reply = wire_reply(&w);
	return reply;
}

Test(help, the_first_packet_is_read_at_the_confirm_hook)
{
	struct router r = router_new(&helped);
	struct wire w = request(), answer;

	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	cr_assert_eq(expect_count(r.flows), 0, "what answers look like is not known yet");
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_POSTROUTING, r.v.mark));
	cr_assert_eq(expect_count(r.flows), 1);
	answer = answer_to(htonl(0xc0000201));
	cr_assert(router_forward(&r, &answer));
	cr_assert(flow_status(router_flow(&r, &answer)) & TRACK_EXPECTED);
	router_end(&r);
}

static void masquerade(struct wire *w)
{
	memcpy(w->bytes + 12, "\xcb\x00\x71\x09", 4); /* 203.0.113.9 */
	wire_finish(w);
}

Test(help, answers_are_expected_where_nat_makes_them_go)
{
	struct router r = router_new(&helped);
	struct wire w = request(), inside = answer_to(htonl(0xc0000201)),
		    outside = answer_to(htonl(0xcb007109));

	r.nat = masquerade;
	cr_assert(router_forward(&r, &w));
	r.nat = NULL;
	cr_assert(router_forward(&r, &inside));
	cr_assert(!(flow_status(router_flow(&r, &inside)) & TRACK_EXPECTED));
	cr_assert(router_forward(&r, &outside));
	cr_assert(flow_status(router_flow(&r, &outside)) & TRACK_EXPECTED);
	router_end(&r);
}

Test(help, without_a_confirm_queue_or_marks)
{
	static const struct router_options at_entry = { .tftp = 69,
		                                        .confirm_at_entry = true };
	static const struct router_options no_marks = { .tftp = 69, .no_marks = true };
	static const struct router_options at_confirm = { .tftp = 69,
		                                          .no_marks = true,
		                                          .track_at_confirm = true };
	struct router r = router_new(&at_entry);
	struct wire w = request();

	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	cr_assert_eq(expect_count(r.flows), 1);
	router_end(&r);
	r = router_new(&no_marks);
	cr_assert(router_forward(&r, &w));
	cr_assert_eq(expect_count(r.flows), 1);
	router_end(&r);
	r = router_new(&at_confirm);
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_POSTROUTING, 0));
	cr_assert_eq(expect_count(r.flows), 1);
	router_end(&r);
}

static const char without_number[] = "INVITE sip:a@b SIP/2.0\r\nFrom: x\r\n\r\n";

static void drops_the_first_packet(const struct router_options *options,
                                   enum packet_hook last)
{
	struct router r = router_new(options);
	struct wire w = wire_ip4(IPPROTO_UDP);
	struct flow_table_size size;
	struct flow_event e;

	wire_udp(&w, 1024, 5060, 0);
	wire_append(&w, without_number, sizeof(without_number) - 1);
	wire_finish(&w);
	flow_event_wanted_set(r.flows, ~0u);
	cr_assert_not(last == PACKET_HOOK_PREROUTING
	                      ? router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0)
	                      : router_forward(&r, &w));
	cr_assert_eq(path_reason_read(r.path, CTQ_DROP_HELPER), 1);
	flow_table_size(r.flows, &size);
	cr_assert(size.confirmed == 0 && size.unconfirmed == 0);
	cr_assert_null(router_flow(&r, &w));
	cr_assert(!flow_event_take(r.flows, 0, &e), "nobody has heard of it");
	flow_event_wanted_set(r.flows, 0);
	router_end(&r);
}

Test(help, a_first_packet_that_is_dropped_leaves_no_flow)
{
	static const struct router_options both = { .sip = 5060 };
	static const struct router_options at_entry = { .sip = 5060,
		                                        .confirm_at_entry = true };

	drops_the_first_packet(&both, PACKET_HOOK_POSTROUTING);
	drops_the_first_packet(&at_entry, PACKET_HOOK_PREROUTING);
}

/* A first fragment is the beginning of a payload, not all of it. */
Test(help, a_fragment_is_seen_in_part)
{
	struct router r = router_new(&helped);
	struct wire w = wire_ip4(IPPROTO_UDP);

	wire_udp(&w, 1024, 69, 0);
	wire_append(&w, "\0\1file\0octet\0\0\0\0", 16);
	wire_ip4_fragment(&w, 0, true, 7);
	wire_finish(&w);
	cr_assert(router_forward(&r, &w));
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_HELPER_CUT), 1);
	router_end(&r);
}

/* The master is gone before its data connection comes. */
Test(help, the_end_of_the_master_is_the_end_of_what_it_announced)
{
	struct router r = router_new(&helped);
	struct talk t = talk_ftp(&r);
	struct wire w = data_syn(1025);

	cr_assert(from_server(&t, PACKET_TCP_ACK, "227 ok (198,51,100,2,4,1)\r\n"));
	flow_kill(flow_worker(r.flows, 2), flow_to(&r, 21), FLOW_END_DELETED, r.now_ns);
	rcu_quiet();
	cr_assert_eq(expect_count(r.flows), 0);
	cr_assert(router_forward(&r, &w));
	cr_assert(!(flow_status(flow_to(&r, 1025)) & TRACK_EXPECTED));
	router_end(&r);
}
