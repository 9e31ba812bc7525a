/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that wait for an answer: W1 … W4 of path/ask.h. */
#include "router.h"

#include <poll.h>

#include "path/ask.h"
#include "path/watch.h"

#define ASKED   53 /* rules ask about packets to this port */
#define TIMEOUT 5

static struct router r;
static struct path_worker *w;

static struct wire udp(uint16_t sport, uint16_t dport)
{
	struct wire wire = wire_ip4(IPPROTO_UDP);

	wire_udp(&wire, sport, dport, 10);
	wire_finish(&wire);
	return wire;
}

static uint32_t unconfirmed(void)
{
	struct flow_table_size size;

	flow_table_size(r.flows, &size);
	return size.unconfirmed;
}

static void begin(const struct router_options *options)
{
	r = router_new(options);
	w = path_worker(r.path, 0);
	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_ACCEPT, CTQ_VERDICT_ASK,
	             (const uint16_t[]){ ASKED, 0 });
	path_ask_listen(r.path, true);
}

static void setup(void)
{
	begin(&(struct router_options){ .ask = { TIMEOUT, 4, 3, false } });
}

static void teardown(void)
{
	router_end(&r);
}

TestSuite(ask, .init = setup, .fini = teardown, .timeout = 20);

/* The next record of worker 0: it must be of that kind. */
static struct path_question question(enum path_question_event event)
{
	const struct path_question *q = path_question_peek(r.path, 0);
	struct path_question copy;

	cr_assert_not_null(q);
	cr_assert_eq(q->event, event);
	copy = *q;
	path_question_drop(r.path, 0);
	return copy;
}

static struct path_question asked(struct wire *wire, uint32_t id)
{
	cr_assert(router_holds(&r, wire, PACKET_HOOK_PREROUTING, id));
	return question(PATH_QUESTION_ASKED);
}

static void answer(const struct path_question *q, bool accept, bool whole_flow)
{
	cr_assert_eq(path_ask_answer(r.path, 0, q->slot, q->serial, accept, whole_flow),
	             0);
	path_held_step(w, r.now_ns);
	rcu_quiet();
}

/* The next packet whose wait is over is @id, and its verdict … */
static bool released(uint32_t id)
{
	const struct path_released *p = path_held_peek(w);
	bool accept;

	cr_assert_not_null(p);
	cr_assert_eq(p->id, id);
	r.v = p->verdict;
	accept = p->verdict.accept;
	path_held_drop(w);
	return accept;
}

static void nothing_waits(void)
{
	cr_expect_null(path_held_peek(w));
	cr_expect_eq(path_held_count(w), 0);
	cr_expect_eq(path_held_since(w, 0), 0);
}

Test(ask, an_accepted_packet_goes_the_rest_of_its_way)
{
	struct wire wire = udp(1024, ASKED);
	struct path_question q = asked(&wire, 7);

	cr_expect_eq(q.deadline_ns, r.now_ns + TIMEOUT * SECOND);
	cr_expect_eq(path_held_since(w, 0), r.now_ns);
	cr_expect_null(path_held_peek(w));
	answer(&q, true, true);
	cr_expect(released(7));
	cr_expect(r.v.set_mark, "the cookie for the confirm hook");
	cr_expect(router_hook(&r, 0, &wire, PACKET_HOOK_POSTROUTING, r.v.mark));
	cr_expect_not_null(router_flow(&r, &wire));
	q = question(PATH_QUESTION_SETTLED);
	cr_expect_eq(q.reason, CTQ_ACCEPT_ASKED);
	nothing_waits();
	cr_expect_eq(path_reason_read(r.path, CTQ_HELD_ASK), 1);
	cr_expect_eq(path_reason_read(r.path, CTQ_ACCEPT_ASKED), 1);
}

Test(ask, an_answer_for_the_flow_holds_for_its_next_packets)
{
	struct wire wire = udp(1024, ASKED);
	struct path_question q = asked(&wire, 1);

	answer(&q, true, true);
	cr_expect(released(1));
	cr_expect(router_hook(&r, 0, &wire, PACKET_HOOK_POSTROUTING, r.v.mark));
	cr_expect(router_forward(&r, &wire));
	cr_expect_eq(path_reason_read(r.path, CTQ_ACCEPT_FLOW) > 0, true);
	wire = wire_reply(&wire);
	cr_expect(router_forward(&r, &wire));
	cr_expect_eq(path_reason_read(r.path, CTQ_HELD_ASK), 1);
}

Test(ask, an_answer_for_the_packet_does_not)
{
	struct wire wire = udp(1024, ASKED);
	struct path_question q = asked(&wire, 1);

	answer(&q, true, false);
	cr_expect(released(1));
	cr_expect(router_hook(&r, 0, &wire, PACKET_HOOK_POSTROUTING, r.v.mark));
	question(PATH_QUESTION_SETTLED);
	q = asked(&wire, 2);
	answer(&q, false, true);
	cr_expect_not(released(2));
	cr_expect_not(router_forward(&r, &wire));
	cr_expect_eq(path_reason_read(r.path, CTQ_DROP_FLOW), 1);
}

Test(ask, a_dropped_packet_takes_its_new_flow_with_it)
{
	struct wire wire = udp(1024, ASKED);
	struct path_question q = asked(&wire, 1);

	answer(&q, false, true);
	cr_expect_not(released(1));
	cr_expect_eq(question(PATH_QUESTION_SETTLED).reason, CTQ_DROP_ASKED);
	cr_expect_eq(unconfirmed(), 0);
	nothing_waits();
	asked(&wire, 2);
}

Test(ask, packets_of_its_flow_wait_with_it_in_order)
{
	struct wire wire = udp(1024, ASKED);
	struct path_question q = asked(&wire, 1);
	uint32_t id;

	cr_expect(router_holds(&r, &wire, PACKET_HOOK_PREROUTING, 2));
	cr_expect(router_holds(&r, &wire, PACKET_HOOK_PREROUTING, 3));
	cr_expect_null(path_question_peek(r.path, 0), "one question");
	/* the fourth is above the limit, and does not take the flow with it */
	cr_expect_not(router_hook(&r, 0, &wire, PACKET_HOOK_PREROUTING, 0));
	cr_expect_eq(path_reason_read(r.path, CTQ_DROP_ASK_LIMIT), 1);
	answer(&q, true, true);
	for (id = 1; id <= 3; id++)
		cr_expect(released(id));
	nothing_waits();
}

Test(ask, no_more_wait_than_may)
{
	struct wire wire;
	uint16_t i;

	for (i = 0; i < 4; i++) {
		wire = udp((uint16_t)(1024 + i), ASKED);
		asked(&wire, i);
	}
	wire = udp(2000, ASKED);
	cr_expect_not(router_hook(&r, 0, &wire, PACKET_HOOK_PREROUTING, 0));
	cr_expect_eq(path_reason_read(r.path, CTQ_DROP_ASK_LIMIT), 1);
	cr_expect_eq(unconfirmed(), 4, "its flow is gone");
}

Test(ask, others_pass_meanwhile)
{
	struct wire wire = udp(1024, ASKED);
	struct wire other = udp(1024, 80);

	asked(&wire, 1);
	cr_expect(router_forward(&r, &other));
	cr_expect_eq(path_held_count(w), 1);
}

Test(ask, the_deadline_decides_by_the_default)
{
	struct wire wire = udp(1024, ASKED);

	asked(&wire, 1);
	r.now_ns += TIMEOUT * SECOND - 1;
	path_held_step(w, r.now_ns);
	cr_expect_null(path_held_peek(w));
	r.now_ns += 1;
	path_held_step(w, r.now_ns);
	cr_expect_not(released(1));
	cr_expect_eq(question(PATH_QUESTION_SETTLED).reason, CTQ_DROP_ASK_TIMEOUT);
	nothing_waits();
}

Test(ask, a_late_answer_is_for_nobody)
{
	struct wire wire = udp(1024, ASKED);
	struct path_question q = asked(&wire, 1), next;

	r.now_ns += TIMEOUT * SECOND;
	path_held_step(w, r.now_ns);
	cr_expect_not(released(1));
	question(PATH_QUESTION_SETTLED);
	next = asked(&wire, 2);
	cr_expect_eq(next.slot, q.slot);
	answer(&q, true, true);
	cr_expect_null(path_held_peek(w));
	answer(&next, true, true);
	cr_expect(released(2));
}

TestSuite(ask_accepting, .fini = teardown, .timeout = 20);

Test(ask_accepting, the_default_is_for_the_flow)
{
	struct wire wire;

	begin(&(struct router_options){ .ask = { TIMEOUT, 4, 3, true } });
	wire = udp(1024, ASKED);
	asked(&wire, 1);
	r.now_ns += TIMEOUT * SECOND;
	path_held_step(w, r.now_ns);
	cr_expect(released(1));
	cr_expect(router_hook(&r, 0, &wire, PACKET_HOOK_POSTROUTING, r.v.mark));
	cr_expect(router_forward(&r, &wire));
	cr_expect_eq(path_reason_read(r.path, CTQ_ACCEPT_ASK_DEFAULT), 1);
}

Test(ask, without_listeners_the_default_decides_at_once)
{
	struct wire wire = udp(1024, ASKED);

	path_ask_listen(r.path, false);
	cr_expect_not(router_hook(&r, 0, &wire, PACKET_HOOK_PREROUTING, 0));
	cr_expect_eq(path_reason_read(r.path, CTQ_DROP_ASK_NOBODY), 1);
	cr_expect_eq(unconfirmed(), 0);
	cr_expect_null(path_question_peek(r.path, 0));
	nothing_waits();
}

Test(ask, the_last_listener_s_leaving_settles_all_by_the_default)
{
	struct wire a = udp(1024, ASKED), b = udp(1025, ASKED);

	asked(&a, 1);
	cr_expect(router_holds(&r, &a, PACKET_HOOK_PREROUTING, 2));
	asked(&b, 3);
	path_held_step(w, r.now_ns);
	cr_expect_null(path_held_peek(w));
	path_ask_listen(r.path, false);
	path_held_step(w, r.now_ns);
	cr_expect_not(released(1));
	cr_expect_not(released(2));
	cr_expect_not(released(3));
	cr_expect_eq(question(PATH_QUESTION_SETTLED).reason, CTQ_DROP_ASK_NOBODY);
	cr_expect_eq(question(PATH_QUESTION_SETTLED).reason, CTQ_DROP_ASK_NOBODY);
	cr_expect_eq(path_reason_read(r.path, CTQ_DROP_ASK_NOBODY), 3);
	nothing_waits();
	path_ask_listen(r.path, true);
	asked(&a, 4);
}

Test(ask, closing_settles_all_by_the_default)
{
	struct wire wire = udp(1024, ASKED);

	asked(&wire, 1);
	path_held_close(w, r.now_ns);
	cr_expect_not(released(1));
	cr_expect_eq(question(PATH_QUESTION_SETTLED).reason, CTQ_DROP_ASK_NOBODY);
	cr_expect_not(router_hook(&r, 0, &wire, PACKET_HOOK_PREROUTING, 0));
	nothing_waits();
}

Test(ask, new_rules_judge_what_waits)
{
	struct wire a = udp(1024, ASKED), b = udp(1024, 54);
	struct path_question q;

	asked(&a, 1);
	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_ACCEPT, CTQ_VERDICT_ASK,
	             (const uint16_t[]){ ASKED, 54, 0 });
	path_held_step(w, r.now_ns);
	cr_expect_null(path_held_peek(w), "they ask as well");
	q = asked(&b, 2);
	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_ACCEPT, CTQ_VERDICT_DROP,
	             (const uint16_t[]){ ASKED, 0 });
	path_held_step(w, r.now_ns);
	cr_expect_not(released(1));
	cr_expect(released(2));
	cr_expect_eq(question(PATH_QUESTION_SETTLED).reason, CTQ_DROP_RULE);
	cr_expect_eq(question(PATH_QUESTION_SETTLED).reason, CTQ_ACCEPT_POLICY);
	answer(&q, false, true);
	nothing_waits();
}

Test(ask, a_packet_without_a_flow_is_a_question_for_itself)
{
	struct wire wire = wire_ip4(IPPROTO_TCP);
	struct ctlink_rule rule =
		router_state_rule(CTQ_CTSTATE_INVALID, CTQ_STATEMENT_ACCEPT);
	struct path_question q;

	ctlink_rule_statement(&rule, 0)->kind = CTQ_STATEMENT_ASK;
	router_load(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_ACCEPT, &rule, 1);
	wire_tcp(&wire, 1024, 80, 0, 0, 0, NULL, 0); /* no flags: INVALID */
	wire_finish(&wire);
	q = asked(&wire, 1);
	asked(&wire, 2);
	answer(&q, true, true);
	cr_expect(released(1));
	cr_expect_null(path_held_peek(w));
	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_ACCEPT, CTQ_VERDICT_DROP,
	             (const uint16_t[]){ ASKED, 0 });
	path_held_step(w, r.now_ns);
	cr_expect(released(2));
}

Test(ask, the_death_of_the_flow_drops_what_waits)
{
	struct wire wire = udp(1024, ASKED);

	asked(&wire, 1);
	flow_table_flush(flow_worker(r.flows, 2), FLOW_END_DELETED, r.now_ns);
	r.now_ns += SECOND;
	path_held_step(w, r.now_ns);
	cr_expect_not(released(1));
	cr_expect_eq(question(PATH_QUESTION_SETTLED).reason, CTQ_DROP_DYING);
	nothing_waits();
}

Test(ask, an_answer_does_not_raise_the_dead)
{
	struct wire wire = udp(1024, ASKED);
	struct path_question q = asked(&wire, 1);

	flow_table_flush(flow_worker(r.flows, 2), FLOW_END_DELETED, r.now_ns);
	answer(&q, true, true);
	cr_expect_not(released(1));
	cr_expect_eq(path_reason_read(r.path, CTQ_DROP_DYING), 1);
}

/* W3 */
Test(ask, the_reaper_spares_a_flow_that_waits)
{
	struct wire wire = udp(1024, ASKED);
	struct path_question q = asked(&wire, 1);

	r.now_ns += 3600 * SECOND;
	path_tick(w, r.now_ns);
	cr_expect_eq(unconfirmed(), 1);
	answer(&q, true, true); /* before the deadline is looked at */
	cr_expect(released(1));
	path_tick(w, r.now_ns);
	cr_expect_eq(unconfirmed(), 1, "as one that was just born");
	r.now_ns += 3600 * SECOND;
	path_tick(w, r.now_ns);
	cr_expect_eq(unconfirmed(), 0);
}

Test(ask, at_the_confirm_hook_too)
{
	struct wire wire = udp(1024, ASKED);
	struct path_question q;

	router_rules(&r, PACKET_HOOK_POSTROUTING, CTQ_VERDICT_ACCEPT, CTQ_VERDICT_ASK,
	             (const uint16_t[]){ ASKED, 0 });
	cr_assert(router_hook(&r, 0, &wire, PACKET_HOOK_PREROUTING, 0));
	r.mark = r.v.mark;
	cr_assert(router_holds(&r, &wire, PACKET_HOOK_POSTROUTING, 9));
	q = question(PATH_QUESTION_ASKED);
	cr_expect_null(router_flow(&r, &wire));
	answer(&q, true, true);
	cr_expect(released(9));
	cr_expect_not_null(router_flow(&r, &wire));
}

/* Two workers hold packets of one flow; an answer to one of them is for both. */
Test(ask, what_one_worker_hears_another_takes)
{
	struct wire wire = udp(1024, ASKED), reply = wire_reply(&wire);
	struct path_question q = asked(&wire, 1);
	struct path_worker *other = path_worker(r.path, 1);

	answer(&q, true, false);
	cr_expect(released(1));
	cr_expect(router_hook(&r, 0, &wire, PACKET_HOOK_POSTROUTING, r.v.mark));
	question(PATH_QUESTION_SETTLED);
	q = asked(&wire, 2);
	r.worker = 1;
	cr_assert(router_holds(&r, &reply, PACKET_HOOK_PREROUTING, 3));
	answer(&q, true, true);
	cr_expect(released(2));
	r.now_ns += SECOND;
	path_held_step(other, r.now_ns);
	cr_assert_not_null(path_held_peek(other));
	cr_expect(path_held_peek(other)->verdict.accept);
	path_held_drop(other);
	cr_expect_eq(path_held_count(other), 0);
}

/* Two new flows of one tuple: the second one's packet goes on as the first one's, whatever
 * that one says. */
Test(ask, a_clash_is_asked_about_as_the_flow_that_stands)
{
	struct wire wire = udp(1024, ASKED);
	struct path_question q, other;
	uint32_t mark;

	router_rules(&r, PACKET_HOOK_POSTROUTING, CTQ_VERDICT_ACCEPT, CTQ_VERDICT_ASK,
	             (const uint16_t[]){ ASKED, 0 });
	cr_assert(router_hook(&r, 1, &wire, PACKET_HOOK_PREROUTING, 0));
	mark = r.v.mark;
	cr_assert(router_hook(&r, 0, &wire, PACKET_HOOK_PREROUTING, 0));
	r.mark = r.v.mark;
	cr_assert(router_holds(&r, &wire, PACKET_HOOK_POSTROUTING, 1));
	q = question(PATH_QUESTION_ASKED);
	r.mark = mark;
	cr_assert(router_holds(&r, &wire, PACKET_HOOK_POSTROUTING, 2));
	other = question(PATH_QUESTION_ASKED);
	answer(&q, true, false);
	cr_expect(released(1));
	question(PATH_QUESTION_SETTLED);
	answer(&other, true, false);
	cr_expect_null(path_held_peek(w), "it waits for the other flow's answer");
	q = question(PATH_QUESTION_ASKED);
	question(PATH_QUESTION_SETTLED);
	answer(&q, true, true);
	cr_expect(released(2));
	nothing_waits();
}

Test(ask, control_is_woken)
{
	struct wire wire = udp(1024, ASKED);
	struct pollfd fd = { .fd = path_question_fd(r.path), .events = POLLIN };

	cr_expect_eq(poll(&fd, 1, 0), 0);
	asked(&wire, 1);
	cr_expect_eq(poll(&fd, 1, 0), 1);
}

Test(ask, who_watches_sees_that_it_waits)
{
	struct path_watcher watchers[PATH_WATCHERS_MAX] = {
		{ .active = true }, { .active = true, .drops = true }
	};
	struct wire wire = udp(1024, ASKED);
	const struct path_sighting *s;
	struct path_question q;

	cr_assert_eq(path_watch_set(r.path, watchers), 0);
	q = asked(&wire, 1);
	s = path_watch_peek(r.path, 0);
	cr_assert_not_null(s);
	cr_expect_eq(s->watchers, 1, "it is not dropped");
	cr_expect_eq(s->verdict, CTQ_VERDICT_ASK);
	cr_expect_eq(s->reason, CTQ_HELD_ASK);
	path_watch_drop(r.path, 0);
	answer(&q, false, true);
	s = path_watch_peek(r.path, 0);
	cr_assert_not_null(s);
	cr_expect_eq(s->watchers, 3);
	cr_expect_eq(s->reason, CTQ_DROP_ASKED);
}
