/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "router.h"

static const struct router_options defaults;

static struct wire udp(uint8_t family, uint16_t dport)
{
	struct wire w = wire_ip(family, IPPROTO_UDP);

	wire_udp(&w, 1024, dport, 10);
	wire_finish(&w);
	return w;
}

static struct wire tcp(uint32_t seq, uint32_t ack, uint8_t flags)
{
	struct wire w = wire_ip4(IPPROTO_TCP);

	wire_tcp(&w, 1024, 80, seq, ack, flags, NULL, 0);
	wire_finish(&w);
	return w;
}

static uint64_t reason(struct router *r, enum ctq_reason which)
{
	return path_reason_read(r->path, which);
}

Test(path, a_flow_appears_at_the_confirm_hook_only)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53);

	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	cr_assert_null(router_flow(&r, &w));
	cr_assert(r.v.set_mark && r.v.mark & ROUTER_COOKIE &&
	          !(r.v.mark & ~ROUTER_COOKIE));
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_POSTROUTING, r.v.mark));
	cr_assert_not_null(router_flow(&r, &w));
	cr_assert(r.v.set_mark && r.v.mark == 0, "the cookie does not leave the router");
	router_end(&r);
}

Test(path, replies_establish_and_skip_the_confirm_hook)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET6, 53), reply = wire_reply(&w);
	struct flow *f;

	cr_assert(router_forward(&r, &w) && !r.skipped);
	cr_assert(router_forward(&r, &reply) && r.skipped);
	f = router_flow(&r, &w);
	cr_assert(flow_status(f) & TRACK_SEEN_REPLY);
	cr_assert_eq(f->side[TRACK_ORIGINAL].packets, 1);
	cr_assert_eq(f->side[TRACK_REPLY].packets, 1);
	cr_assert_eq(f->side[TRACK_ORIGINAL].bytes, w.size);
	cr_assert_eq(reason(&r, CTQ_ACCEPT_FLOW), 1);
	router_end(&r);
}

Test(path, other_bits_of_the_mark_are_left_alone)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53);

	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0x30000007));
	cr_assert_eq(r.v.mark & ~(ROUTER_COOKIE | ROUTER_MASK), 0x30000007);
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_POSTROUTING, r.v.mark));
	cr_assert_eq(r.v.mark, 0x30000007);
	router_end(&r);
}

Test(path, what_the_kernel_drops_between_the_hooks_never_appears)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53);
	struct flow_table_size size;

	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	r.now_ns += 11 * SECOND;
	path_tick(path_worker(r.path, 0), r.now_ns);
	rcu_offline();
	flow_table_settle(r.flows);
	rcu_online();
	flow_table_size(r.flows, &size);
	cr_assert(size.confirmed == 0 && size.unconfirmed == 0 && size.dying == 0);
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_REAPED), 1);
	router_end(&r);
}

Test(path, packets_of_one_unconfirmed_flow_share_it)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53);
	uint32_t first, second;

	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	first = r.v.mark;
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	second = r.v.mark;
	cr_assert_eq(first, second);
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_POSTROUTING, first));
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_POSTROUTING, second));
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_NEW), 1);
	cr_assert_eq(router_flow(&r, &w)->side[TRACK_ORIGINAL].packets, 2);
	router_end(&r);
}

Test(path, a_batch_sees_what_it_has_done_itself)
{
	struct router_options o = { .confirm_at_entry = true };
	struct router r = router_new(&o);
	struct wire w = udp(AF_INET, 53), reply = wire_reply(&w);
	struct packet p[3] = { wire_packet(&w), wire_packet(&reply), wire_packet(&w) };
	struct packet_verdict v[3];

	path_batch(path_worker(r.path, 0), p, v, 3, r.now_ns);
	cr_assert(v[0].accept && v[1].accept && v[2].accept);
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_NEW), 1);
	cr_assert_eq(router_flow(&r, &w)->side[TRACK_ORIGINAL].packets, 2);
	cr_assert_eq(router_flow(&r, &w)->side[TRACK_REPLY].packets, 1);
	router_end(&r);
}

/* ---- fragments ---------------------------------------------------------------------------- */

static struct wire fragment(uint8_t flags, uint16_t offset, uint32_t size)
{
	struct wire w = wire_ip4(IPPROTO_TCP);

	if (!offset)
		wire_tcp(&w, 1024, 80, 1000, 0, flags, NULL, 0);
	wire_fill(&w, 0, size);
	wire_ip4_fragment(&w, offset, !offset, 7);
	wire_finish(&w);
	return w;
}

static void run_fragments(struct router *r, uint8_t flags)
{
	struct wire first = fragment(flags, 0, 980), later = fragment(0, 1000, 10);
	struct packet p[2] = { wire_packet(&first), wire_packet(&later) };
	struct packet_verdict v[2];

	path_batch(path_worker(r->path, 0), p, v, 2, r->now_ns);
}

/* Even in one batch. */
Test(path, later_fragments_are_what_the_first_one_was)
{
	struct router_options o = { .confirm_at_entry = true };
	struct router r = router_new(&o);
	struct wire w = fragment(PACKET_TCP_SYN, 0, 980);
	struct flow *f;

	run_fragments(&r, PACKET_TCP_SYN);
	f = router_flow(&r, &w);
	cr_assert_eq(f->side[TRACK_ORIGINAL].packets, 2);
	run_fragments(&r, PACKET_TCP_SYN | PACKET_TCP_ACK);
	cr_assert_eq(path_reason_read(r.path, CTQ_INVALID_TCP_STATE), 1);
	cr_assert_eq(path_reason_read(r.path, CTQ_INVALID_FRAGMENT), 1);
	cr_assert_eq(f->side[TRACK_ORIGINAL].packets, 2);
	router_end(&r);
}

/* Its flow is gone, and it cannot begin another one. */
Test(path, a_later_fragment_begins_no_connection)
{
	struct router_options o = { .confirm_at_entry = true };
	struct router r = router_new(&o);
	struct wire w = fragment(PACKET_TCP_SYN, 0, 980);
	struct wire later = fragment(0, 1000, 10);

	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	flow_kill(flow_worker(r.flows, 0), router_flow(&r, &w), FLOW_END_DELETED,
	          r.now_ns);
	router_hook(&r, 0, &later, PACKET_HOOK_PREROUTING, 0);
	cr_assert_eq(path_reason_read(r.path, CTQ_INVALID_FRAGMENT), 1);
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_NEW), 1);
	router_end(&r);
}

/* ---- NAT ---------------------------------------------------------------------------------- */

static void masquerade(struct wire *w)
{
	memcpy(w->bytes + 12, "\xcb\x00\x71\x09", 4); /* 203.0.113.9 */
	wire_finish(w);
}

static void unmasquerade(struct wire *w)
{
	memcpy(w->bytes + 16, "\xc0\x00\x02\x01", 4); /* 192.0.2.1 */
	wire_finish(w);
}

Test(path, follows_source_nat)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), sent = w, reply;
	struct flow *f;

	r.nat = masquerade;
	cr_assert(router_forward(&r, &sent));
	f = router_flow(&r, &w);
	cr_assert_not_null(f);
	cr_assert(flow_status(f) & TRACK_SRC_NAT);
	reply = wire_reply(&sent); /* to the router's own address */
	cr_assert_eq(router_flow(&r, &reply), f);
	r.nat = unmasquerade;
	cr_assert(router_forward(&r, &reply));
	cr_assert(flow_status(f) & TRACK_SEEN_REPLY);
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_NEW), 1);
	router_end(&r);
}

Test(path, finds_a_translated_flow_at_the_confirm_hook_without_a_mark)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), sent = w;

	r.nat = masquerade;
	cr_assert(router_forward(&r, &sent));
	/* the same packet again, but something took the mark away between the hooks */
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	masquerade(&w);
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_POSTROUTING, 0));
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_NEW), 1);
	router_end(&r);
}

Test(path, the_cookie_finds_a_flow_of_another_worker)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53);
	uint32_t mark;

	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	mark = r.v.mark;
	cr_assert(router_hook(&r, 1, &w, PACKET_HOOK_POSTROUTING, mark));
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_NEW), 1);
	cr_assert_not_null(router_flow(&r, &w));
	router_end(&r);
}

/* Of another client, with the same ports: masquerade makes the same packet of it. */
static struct wire neighbours(const struct wire *w)
{
	struct wire other = *w;

	other.bytes[15] = 77;
	wire_finish(&other);
	return other;
}

Test(path, a_port_that_the_kernel_has_lent_anew_is_its_new_owners)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), other = neighbours(&w), sent = w, reply;
	struct flow_event e;
	struct flow *f;

	r.nat = masquerade;
	cr_assert(router_forward(&r, &sent));
	r.now_ns += SECOND; /* the kernel's tracker forgets it */
	flow_event_wanted_set(r.flows, ~0u);
	sent = other;
	cr_assert(router_forward(&r, &sent));
	f = router_flow(&r, &other);
	reply = wire_reply(&sent);
	cr_assert_not_null(f);
	cr_assert_eq(router_flow(&r, &reply), f);
	cr_assert_eq(f->side[TRACK_ORIGINAL].packets, 1);
	cr_assert_null(router_flow(&r, &w));
	cr_assert(flow_event_take(r.flows, 0, &e) && e.kind == FLOW_EVENT_DESTROY);
	cr_assert_eq(e.info.end, FLOW_END_CLOSED);
	cr_assert(flow_event_take(r.flows, 0, &e) && e.kind == FLOW_EVENT_NEW);
	flow_event_wanted_set(r.flows, 0);
	router_end(&r);
}

Test(path, a_port_that_two_got_at_once_is_the_firsts)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), other = neighbours(&w), reply;
	uint32_t mark;
	struct flow *f;

	cr_assert(router_hook(&r, 0, &other, PACKET_HOOK_PREROUTING, 0));
	mark = r.v.mark;
	r.now_ns += SECOND / 2;
	r.nat = masquerade;
	reply = w;
	cr_assert(router_forward(&r, &reply));
	f = router_flow(&r, &w);
	r.now_ns += SECOND / 4;
	masquerade(&other);
	cr_assert_not(router_hook(&r, 0, &other, PACKET_HOOK_POSTROUTING, mark));
	cr_assert_eq(reason(&r, CTQ_DROP_CLASH), 1);
	reply = wire_reply(&reply);
	cr_assert_eq(router_flow(&r, &reply), f);
	router_end(&r);
}

Test(path, a_dropped_packet_takes_no_port_from_anybody)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), other = neighbours(&w), sent = w;

	r.nat = masquerade;
	cr_assert(router_forward(&r, &sent));
	r.now_ns += SECOND;
	router_rules(&r, PACKET_HOOK_POSTROUTING, CTQ_VERDICT_DROP, CTQ_VERDICT_ACCEPT,
	             NULL);
	cr_assert_not(router_forward(&r, &other));
	cr_assert_not_null(router_flow(&r, &w));
	router_end(&r);
}

/* Two packets of one connection, sent to two hosts by the rules of NAT. */
static void to_host(struct wire *w, uint8_t number)
{
	w->bytes[19] = number;
	wire_finish(w);
}

static void to_first(struct wire *w)
{
	to_host(w, 31);
}

static void to_second(struct wire *w)
{
	to_host(w, 32);
}

/* The answer of the host to which NAT has sent @sent. */
static bool answers(struct router *r, const struct wire *sent)
{
	struct wire reply = wire_reply(sent);

	r->nat = NULL;
	return router_hook(r, 0, &reply, PACKET_HOOK_PREROUTING, 0);
}

static void only_53(struct router *r)
{
	router_rules(r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_DROP, CTQ_VERDICT_ACCEPT,
	             (uint16_t[]){ 53, 0 });
}

static void both_are_answered(struct router *r, const struct wire *first,
                              const struct wire *second)
{
	struct flow_cursor c = { { 0, 0 }, false };
	struct flow *seen[4];
	struct flow_event e;

	cr_assert_eq(flow_walk(r->flows, &c, seen, 4), 1, "one flow is listed");
	cr_assert_null(flow_peek_unconfirmed(flow_worker(r->flows, 0),
	                                     &seen[0]->side[TRACK_ORIGINAL].tuple));
	cr_assert_null(router_flow(r, second), "nobody has sent it so");
	cr_assert(answers(r, first));
	cr_assert(answers(r, second));
	cr_assert_eq(flow_counter_read(r->flows, FLOW_COUNTER_CLASH), 1);
	cr_assert(flow_event_take(r->flows, 0, &e) && e.kind == FLOW_EVENT_NEW);
	cr_assert(flow_event_take(r->flows, 0, &e) && e.kind == FLOW_EVENT_UPDATE);
	cr_assert(!flow_event_take(r->flows, 0, &e));
	r->now_ns += 3 * SECOND;
	rcu_quiet();
	flow_expire(flow_worker(r->flows, 2), r->now_ns);
	cr_assert(!answers(r, second), "a second later it is over");
	cr_assert(answers(r, first));
	cr_assert(!flow_event_take(r->flows, 2, &e));
	flow_event_wanted_set(r->flows, 0);
}

Test(path, packets_of_a_new_flow_that_nat_sends_to_two_hosts)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), first = w, second = w;
	uint32_t mark;

	only_53(&r);
	flow_event_wanted_set(r.flows, ~0u);
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	mark = r.v.mark;
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	cr_assert_eq(r.v.mark, mark);
	to_first(&first);
	to_second(&second);
	cr_assert(router_hook(&r, 0, &first, PACKET_HOOK_POSTROUTING, mark));
	cr_assert(router_hook(&r, 0, &second, PACKET_HOOK_POSTROUTING, mark));
	cr_assert_eq(router_flow(&r, &w)->side[TRACK_ORIGINAL].packets, 2);
	both_are_answered(&r, &first, &second);
	router_end(&r);
}

Test(path, a_packet_that_nat_sends_elsewhere_once_its_flow_is_confirmed)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), first = w, second = w;

	only_53(&r);
	flow_event_wanted_set(r.flows, ~0u);
	r.nat = to_first;
	cr_assert(router_forward(&r, &first));
	r.nat = to_second;
	cr_assert(router_forward(&r, &second));
	cr_assert_not(r.skipped);
	both_are_answered(&r, &first, &second);
	router_end(&r);
}

/* Cookies come again: the second packet's is another flow's when it comes out. */
Test(path, a_cookie_that_was_given_again_takes_no_packet_from_its_flow)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), second = w, other;
	uint16_t port = 1000;
	uint32_t mark;
	struct flow *f;

	other = w;
	cr_assert(router_forward(&r, &other));
	f = router_flow(&r, &w);
	cr_assert(router_hook(&r, 0, &second, PACKET_HOOK_PREROUTING, 0));
	mark = r.v.mark;
	r.now_ns += SECOND;
	for (;; port++) {
		cr_assert_lt(port, 9000, "the cookie does not come again");
		other = udp(AF_INET, port);
		cr_assert(router_hook(&r, 0, &other, PACKET_HOOK_PREROUTING, 0));
		if (r.v.mark == mark)
			break;
		cr_assert(router_hook(&r, 0, &other, PACKET_HOOK_POSTROUTING, r.v.mark));
		flow_kill(flow_worker(r.flows, 0), router_flow(&r, &other),
		          FLOW_END_DELETED, r.now_ns);
		rcu_quiet();
	}
	cr_assert(router_hook(&r, 0, &second, PACKET_HOOK_POSTROUTING, mark));
	cr_assert_eq(router_flow(&r, &w), f);
	cr_assert_eq(f->side[TRACK_ORIGINAL].packets, 2);
	cr_assert_null(router_flow(&r, &other), "its own packet is still to come");
	cr_assert(router_hook(&r, 0, &other, PACKET_HOOK_POSTROUTING, mark));
	cr_assert_not_null(router_flow(&r, &other));
	router_end(&r);
}

Test(path, two_workers_with_packets_that_nat_sends_to_two_hosts)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), first = w, second = w;
	uint32_t mark, other;

	only_53(&r);
	flow_event_wanted_set(r.flows, ~0u);
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	mark = r.v.mark;
	cr_assert(router_hook(&r, 1, &w, PACKET_HOOK_PREROUTING, 0));
	other = r.v.mark;
	cr_assert_neq(mark, other);
	to_first(&first);
	to_second(&second);
	cr_assert(router_hook(&r, 0, &first, PACKET_HOOK_POSTROUTING, mark));
	cr_assert(router_hook(&r, 1, &second, PACKET_HOOK_POSTROUTING, other));
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_CLASH), 2);
	cr_assert_null(router_flow(&r, &second));
	cr_assert(answers(&r, &first));
	cr_assert(answers(&r, &second));
	flow_event_wanted_set(r.flows, 0);
	router_end(&r);
}

/* ---- one hook only ---------------------------------------------------------------------------- */

Test(path, a_packet_seen_at_the_confirm_hook_only_is_tracked_there)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), reply = wire_reply(&w);

	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_POSTROUTING, 0));
	cr_assert_not_null(router_flow(&r, &w));
	cr_assert(router_hook(&r, 0, &reply, PACKET_HOOK_POSTROUTING, 0));
	cr_assert(flow_status(router_flow(&r, &w)) & TRACK_SEEN_REPLY);
	cr_assert_eq(router_flow(&r, &w)->side[TRACK_REPLY].packets, 1);
	router_end(&r);
}

Test(path, without_marks_the_tuple_is_the_key)
{
	struct router_options o = { .no_marks = true };
	struct router r = router_new(&o);
	struct wire w = udp(AF_INET, 53);

	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0x123));
	cr_assert(!r.v.set_mark);
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_POSTROUTING, 0x123));
	cr_assert_not_null(router_flow(&r, &w));
	cr_assert_eq(router_flow(&r, &w)->side[TRACK_ORIGINAL].packets, 1,
	             "tracked once");
	router_end(&r);
}

/* ---- TCP, ICMP --------------------------------------------------------------------------------- */

Test(path, a_tcp_connection_opens_and_is_assured)
{
	struct router r = router_new(&defaults);
	struct wire syn = tcp(100, 0, PACKET_TCP_SYN), reply, ack;
	struct track_tcp *state;
	union track_state s;
	struct flow *f;

	cr_assert(router_forward(&r, &syn));
	reply = tcp(500, 101, PACKET_TCP_SYN | PACKET_TCP_ACK);
	reply = wire_reply(&reply);
	cr_assert(router_forward(&r, &reply));
	ack = tcp(101, 501, PACKET_TCP_ACK);
	cr_assert(router_forward(&r, &ack));
	f = router_flow(&r, &syn);
	flow_state_load(f, &s);
	state = &s.tcp;
	cr_assert_eq(state->state, TRACK_TCP_ESTABLISHED);
	cr_assert(flow_status(f) & TRACK_ASSURED);
	cr_assert_geq(flow_timeout_left(r.flows, f, 1000), 5 * 86400 - 1);
	router_end(&r);
}

Test(path, a_rejected_connection_may_be_reset)
{
	struct router r = router_new(&defaults);
	struct wire syn = tcp(100, 0, PACKET_TCP_SYN), reply, data, reset;
	struct ctlink_rule rule =
		router_state_rule(CTQ_CTSTATE_ESTABLISHED, CTQ_STATEMENT_REJECT);

	cr_assert(router_forward(&r, &syn));
	reply = tcp(500, 101, PACKET_TCP_SYN | PACKET_TCP_ACK);
	reply = wire_reply(&reply);
	cr_assert(router_forward(&r, &reply));
	router_load(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_ACCEPT, &rule, 1);
	data = tcp(101, 501, PACKET_TCP_ACK);
	cr_assert_not(router_hook(&r, 0, &data, PACKET_HOOK_PREROUTING, 0));
	cr_assert_eq(reason(&r, CTQ_REJECT_RULE), 1);
	cr_assert_not(router_hook(&r, 0, &data, PACKET_HOOK_PREROUTING, 0));
	cr_assert_eq(reason(&r, CTQ_REJECT_FLOW), 1);
	reset = tcp(501, 101, PACKET_TCP_RST | PACKET_TCP_ACK);
	reset = wire_reply(&reset);
	cr_assert(router_hook(&r, 0, &reset, PACKET_HOOK_OUTPUT, 0),
	          "the kernel's answer to the first");
	cr_assert_eq(reason(&r, CTQ_ACCEPT_RESET), 1);
	router_end(&r);
}

Test(path, an_invalid_packet_is_judged_without_its_flow)
{
	struct router r = router_new(&defaults);
	struct wire w = tcp(100, 0, PACKET_TCP_SYN | PACKET_TCP_FIN);

	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0),
	          "the policy accepts");
	cr_assert_eq(reason(&r, CTQ_INVALID_TCP_FLAGS), 1);
	cr_assert_eq(reason(&r, CTQ_ACCEPT_POLICY), 1);
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_NEW), 0);
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_POSTROUTING, r.v.mark));
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_NEW), 0);
	router_end(&r);
}

static struct wire unreachable(const struct wire *about)
{
	struct wire w = wire_ip4(IPPROTO_ICMP);

	wire_icmp(&w, 3, 3, 0);
	wire_append(&w, about->bytes, 28);
	wire_finish(&w);
	/* from the server to the client */
	memcpy(w.bytes + 12, about->bytes + 16, 4);
	memcpy(w.bytes + 16, about->bytes + 12, 4);
	wire_finish(&w);
	return w;
}

Test(path, an_icmp_error_is_related_to_the_flow_it_quotes)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), error;
	struct flow *f;

	cr_assert(router_forward(&r, &w));
	f = router_flow(&r, &w);
	error = unreachable(&w);
	cr_assert(router_hook(&r, 0, &error, PACKET_HOOK_PREROUTING, 0));
	cr_assert_eq(reason(&r, CTQ_INVALID_ICMP_NO_FLOW), 0);
	cr_assert_eq(f->side[TRACK_REPLY].packets, 0,
	             "an error is no packet of the flow");
	router_end(&r);
}

Test(path, an_icmp_error_about_nothing_is_invalid)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), error = unreachable(&w);

	cr_assert(router_hook(&r, 0, &error, PACKET_HOOK_PREROUTING, 0));
	cr_assert_eq(reason(&r, CTQ_INVALID_ICMP_NO_FLOW), 1);
	router_end(&r);
}

/* ---- rules ---------------------------------------------------------------------------------------- */

Test(path, a_dropped_packet_leaves_no_flow)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53);
	struct flow_table_size size;

	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_ACCEPT, CTQ_VERDICT_DROP,
	             (uint16_t[]){ 53, 0 });
	cr_assert(!router_forward(&r, &w));
	cr_assert_eq(reason(&r, CTQ_DROP_RULE), 1);
	flow_table_size(r.flows, &size);
	cr_assert(size.confirmed == 0 && size.unconfirmed == 0);
	router_end(&r);
}

Test(path, a_drop_at_the_confirm_hook_leaves_no_flow)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53);
	struct flow_table_size size;

	router_rules(&r, PACKET_HOOK_POSTROUTING, CTQ_VERDICT_DROP, CTQ_VERDICT_ACCEPT,
	             (uint16_t[]){ 80, 0 });
	cr_assert(!router_forward(&r, &w));
	cr_assert_eq(reason(&r, CTQ_DROP_POLICY), 1);
	flow_table_size(r.flows, &size);
	cr_assert(size.confirmed == 0 && size.unconfirmed == 0);
	router_end(&r);
}

Test(path, replies_follow_their_flow_and_not_the_rules)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), reply = wire_reply(&w);

	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_DROP, CTQ_VERDICT_ACCEPT,
	             (uint16_t[]){ 53, 0 });
	cr_assert(!router_forward(&r, &reply), "nobody asked");
	cr_assert(router_forward(&r, &w));
	cr_assert(router_forward(&r, &reply));
	router_end(&r);
}

Test(path, a_new_generation_reaches_open_flows_in_either_direction)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), reply = wire_reply(&w);

	cr_assert(router_forward(&r, &w));
	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_DROP, CTQ_VERDICT_ACCEPT,
	             (uint16_t[]){ 53, 0 });
	cr_assert(router_forward(&r, &reply), "judged as its flow's first packet was");
	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_ACCEPT, CTQ_VERDICT_DROP,
	             (uint16_t[]){ 53, 0 });
	cr_assert(!router_forward(&r, &reply));
	cr_assert(!router_forward(&r, &w));
	cr_assert_eq(reason(&r, CTQ_DROP_RULE), 1);
	cr_assert_eq(reason(&r, CTQ_DROP_FLOW), 1);
	cr_assert_not_null(router_flow(&r, &w), "it stays until it times out");
	router_end(&r);
}

Test(path, keep_leaves_open_flows_alone)
{
	struct router_options o = { .on_change = PATH_KEEP };
	struct router r = router_new(&o);
	struct wire w = udp(AF_INET, 53), other = udp(AF_INET, 54);

	cr_assert(router_forward(&r, &w));
	r.now_ns +=
		4 * SECOND; /* long enough for the confirm hook to need no more of it */
	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_DROP, CTQ_VERDICT_ACCEPT,
	             NULL);
	cr_assert(router_forward(&r, &w) && r.skipped);
	cr_assert(!router_forward(&r, &other));
	router_end(&r);
}

Test(path, kill_removes_flows_that_the_new_rules_drop)
{
	struct router_options o = { .on_change = PATH_KILL };
	struct router r = router_new(&o);
	struct wire w = udp(AF_INET, 53), other = udp(AF_INET, 54);

	cr_assert(router_forward(&r, &w));
	cr_assert(router_forward(&r, &other));
	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_ACCEPT, CTQ_VERDICT_DROP,
	             (uint16_t[]){ 53, 0 });
	cr_assert(!router_forward(&r, &w));
	cr_assert_null(router_flow(&r, &w));
	cr_assert(router_forward(&r, &other));
	cr_assert_not_null(router_flow(&r, &other));
	router_end(&r);
}

static void add_mark(struct ctlink_rule *rule, enum ctq_statement kind, uint32_t value,
                     uint32_t mask)
{
	struct ctlink_statement *s = ctlink_rule_append_statement(rule, NULL);

	s->kind = (uint16_t)kind;
	s->value = value;
	s->mask = mask;
	ctlink_mark(s, CTLINK_STATEMENT_KIND);
	ctlink_mark(s, CTLINK_STATEMENT_VALUE);
	ctlink_mark(s, CTLINK_STATEMENT_MASK);
}

Test(path, every_packet_of_a_flow_gets_the_rules_mark)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), reply = wire_reply(&w);
	struct ctlink_rule rule = router_rule(53);

	add_mark(&rule, CTQ_STATEMENT_MARK, 0x5, 0xf);
	add_mark(&rule, CTQ_STATEMENT_CTMARK, 0x700, 0xf00);
	router_load(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_ACCEPT, &rule, 1);
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0xa3));
	cr_assert_eq(r.v.mark & 0xff & ~ROUTER_MASK, 0x5);
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_POSTROUTING, r.v.mark));
	cr_assert_eq(r.v.mark, 0x5);
	cr_assert(router_hook(&r, 0, &reply, PACKET_HOOK_PREROUTING, 0));
	cr_assert_eq(r.v.mark, 0x5 | ROUTER_SEEN);
	cr_assert_eq(router_flow(&r, &w)->mark, 0x700);
	router_end(&r);
}

/* ---- what the entry hook said holds at the confirm hook ------------------------------------------- */

/* Rules at the confirm hook that have something to say of every packet. */
static void mark_all(struct router *r)
{
	struct ctlink_rule rules[2] = {
		router_state_rule(CTQ_CTSTATE_INVALID, CTQ_STATEMENT_DROP),
	};

	cr_assert_eq(ctlink_string_set(&rules[1].chain, "chain", 5, NULL), 0);
	ctlink_mark(&rules[1], CTLINK_RULE_CHAIN);
	add_mark(&rules[1], CTQ_STATEMENT_MARK, 0x1, 0xf);
	router_load(r, PACKET_HOOK_POSTROUTING, CTQ_VERDICT_ACCEPT, rules, 2);
}

static struct wire refusal(void)
{
	struct wire w = tcp(0, 101, PACKET_TCP_RST | PACKET_TCP_ACK);

	return wire_reply(&w);
}

static uint64_t invalid(struct router *r)
{
	return reason(r, CTQ_INVALID_TCP_STATE) + reason(r, CTQ_INVALID_TCP_WINDOW) +
	       reason(r, CTQ_INVALID_TCP_RST);
}

Test(path, a_refused_connection_ends_when_the_reset_is_through)
{
	struct router r = router_new(&defaults);
	struct wire syn = tcp(100, 0, PACKET_TCP_SYN), reset = refusal();

	mark_all(&r);
	cr_assert(router_forward(&r, &syn));
	cr_assert_eq(r.v.mark, 0x1);
	cr_assert(router_hook(&r, 0, &reset, PACKET_HOOK_PREROUTING, 0));
	cr_assert_not_null(router_flow(&r, &syn));
	cr_assert(router_hook(&r, 0, &reset, PACKET_HOOK_POSTROUTING, r.v.mark));
	cr_assert_eq(r.v.mark, 0x1, "judged as its flow");
	cr_assert_eq(invalid(&r), 0);
	cr_assert_null(router_flow(&r, &syn));
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_CLOSED), 1);
	router_end(&r);
}

Test(path, a_refused_connection_ends_at_once_when_the_reset_skips_the_confirm_hook)
{
	struct router r = router_new(&defaults);
	struct wire syn = tcp(100, 0, PACKET_TCP_SYN), reset = refusal();

	cr_assert(router_forward(&r, &syn));
	cr_assert(router_forward(&r, &reset) && r.skipped);
	cr_assert_null(router_flow(&r, &syn));
	router_end(&r);
}

Test(path, a_reset_that_is_lost_between_the_hooks_ends_nothing_later)
{
	struct router r = router_new(&defaults);
	struct wire syn = tcp(100, 0, PACKET_TCP_SYN), reset = refusal(), w;

	mark_all(&r);
	cr_assert(router_forward(&r, &syn));
	cr_assert(router_hook(&r, 0, &reset, PACKET_HOOK_PREROUTING, 0));
	cr_assert(router_forward(&r, &syn), "sent again");
	w = tcp(500, 101, PACKET_TCP_SYN | PACKET_TCP_ACK);
	w = wire_reply(&w);
	cr_assert(router_forward(&r, &w));
	w = tcp(101, 501, PACKET_TCP_ACK);
	cr_assert(router_forward(&r, &w));
	w = tcp(150, 501, PACKET_TCP_RST); /* not at the number that is expected */
	cr_assert(router_forward(&r, &w));
	cr_assert_not_null(router_flow(&r, &syn));
	cr_assert_eq(invalid(&r), 0);
	router_end(&r);
}

Test(path, a_packet_keeps_its_class_when_its_flow_ends_between_the_hooks)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), reply = wire_reply(&w);

	mark_all(&r);
	cr_assert(router_forward(&r, &w));
	cr_assert(router_hook(&r, 0, &reply, PACKET_HOOK_PREROUTING, 0));
	flow_kill(flow_worker(r.flows, 0), router_flow(&r, &w), FLOW_END_DELETED,
	          r.now_ns);
	cr_assert(router_hook(&r, 0, &reply, PACKET_HOOK_POSTROUTING, r.v.mark));
	cr_assert_eq(r.v.mark, 0x1);
	cr_assert_null(router_flow(&r, &reply), "an answer begins no flow");
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_NEW), 1);
	router_end(&r);
}

/* ---- events, limits --------------------------------------------------------------------------------- */

Test(path, the_changes_of_one_packet_are_one_event)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), reply = wire_reply(&w);
	struct flow_event e;

	flow_event_wanted_set(r.flows, ~0u);
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	cr_assert(!flow_event_take(r.flows, 0, &e),
	          "NEW comes after the confirmation only");
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_POSTROUTING, r.v.mark));
	cr_assert(flow_event_take(r.flows, 0, &e) && e.kind == FLOW_EVENT_NEW);
	cr_assert(router_forward(&r, &reply));
	cr_assert(flow_event_take(r.flows, 0, &e) && e.kind == FLOW_EVENT_UPDATE);
	cr_assert(!flow_event_take(r.flows, 0, &e));
	cr_assert(router_forward(&r, &reply));
	cr_assert(!flow_event_take(r.flows, 0, &e), "nothing changed");
	flow_event_wanted_set(r.flows, 0);
	router_end(&r);
}

Test(path, a_table_full_of_assured_flows_drops_new_ones)
{
	struct router_options o = { .max = 1 };
	struct router r = router_new(&o);
	struct wire w = udp(AF_INET, 53), other = udp(AF_INET, 54);

	cr_assert(router_forward(&r, &w));
	flow_status_add(flow_worker(r.flows, 0), router_flow(&r, &w), TRACK_ASSURED);
	cr_assert(!router_forward(&r, &other));
	cr_assert_eq(reason(&r, CTQ_DROP_TABLE_FULL), 1);
	router_end(&r);
}

Test(path, two_workers_on_one_flow_share_its_lock)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(AF_INET, 53), reply = wire_reply(&w);

	cr_assert(router_forward(&r, &w));
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_SHARED), 0);
	cr_assert(router_hook(&r, 1, &reply, PACKET_HOOK_PREROUTING, 0));
	cr_assert_eq(router_flow(&r, &w)->owner, 0);
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	cr_assert_eq(router_flow(&r, &w)->side[TRACK_ORIGINAL].packets, 3);
	router_end(&r);
}

/* ---- machines that come and go ------------------------------------------------------------- */

Test(path, a_flow_keeps_the_machine_that_made_it)
{
	struct router r = router_new(&defaults);
	struct track_registry *machines = path_registry(r.path);
	struct wire w = udp(AF_INET, 53), v = udp(AF_INET, 54);
	struct flow_machine_use use;

	cr_assert(router_forward(&r, &w));
	cr_assert_eq(router_flow(&r, &w)->machine, TRACK_MACHINE_UDP);
	cr_assert_eq(track_registry_close(machines, TRACK_MACHINE_UDP), 0);
	cr_assert(router_forward(&r, &w));
	cr_assert(router_forward(&r, &v));
	cr_assert_eq(router_flow(&r, &w)->machine, TRACK_MACHINE_UDP);
	cr_assert_eq(router_flow(&r, &w)->side[TRACK_ORIGINAL].packets, 2);
	cr_assert_eq(router_flow(&r, &v)->machine, TRACK_MACHINE_GENERIC);
	flow_machine_use(r.flows, TRACK_MACHINE_UDP, &use);
	cr_assert(use.flows == 1 && use.references == 1);
	cr_assert_eq(track_registry_open(machines, TRACK_MACHINE_UDP), 0);
	router_end(&r);
}

Test(path, a_packet_between_the_hooks_outlives_its_machine)
{
	struct router r = router_new(&defaults);
	struct flow_kill_cursor cursor = { 0 };
	struct wire w = udp(AF_INET, 53);

	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0));
	cr_assert_eq(track_registry_close(path_registry(r.path), TRACK_MACHINE_UDP), 0);
	while (flow_kill_machine(flow_worker(r.flows, 0), &cursor, TRACK_MACHINE_UDP, -1,
	                         r.now_ns))
		;
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_POSTROUTING, r.v.mark));
	cr_assert_eq(router_flow(&r, &w)->machine, TRACK_MACHINE_GENERIC);
	router_end(&r);
}

/* ---- zones ------------------------------------------------------------------------------------- */

static uint32_t timeout_of(struct router *r, const struct flow *f)
{
	return flow_timeout_left(r->flows, f, (uint32_t)(r->now_ns / SECOND));
}

Test(path, a_zone_by_mark_has_flows_and_timeouts_of_its_own)
{
	struct router r = router_new(&(struct router_options){ .zone_mask = 0xff00 });
	struct path_zone zones[] = { { .zone = 3 }, { .zone = 7 } };
	struct wire w = udp(AF_INET, 53);
	struct track_config track;
	struct tuple tuple;
	struct flow *f;

	track_config_init(&track);
	zones[0].track = zones[1].track = track;
	zones[1].track.udp_timeout = 5;
	cr_assert_eq(path_track_config_set(r.path, &track, zones, 2), 0);

	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0x0700));
	cr_assert_eq(r.v.mark & 0xff00, 0x0700);
	cr_assert(router_hook(&r, 0, &w, PACKET_HOOK_POSTROUTING, r.v.mark));
	cr_assert_null(router_flow(&r, &w), "zone 0 has no such flow");
	tuple = r.p.tuple;
	cr_assert_eq(tuple.zone, 7);
	f = flow_peek(r.flows, &tuple).flow;
	cr_assert_not_null(f);
	cr_assert_eq(timeout_of(&r, f), 5);

	cr_assert(router_forward(&r, &w));
	f = router_flow(&r, &w);
	cr_assert_not_null(f);
	cr_assert_eq(f->side[TRACK_ORIGINAL].tuple.zone, 0);
	cr_assert_eq(timeout_of(&r, f), track.udp_timeout);
	router_end(&r);
}
