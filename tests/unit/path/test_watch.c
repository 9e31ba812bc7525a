/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who watches packets sees those that he asked for, and why each was dropped. */
#include <errno.h>
#include <netinet/in.h>

#include "ctlink/filter.h"
#include "path/watch.h"
#include "router.h"

static const struct router_options defaults;

static struct wire udp(uint16_t dport)
{
	struct wire w = wire_ip4(IPPROTO_UDP);

	wire_udp(&w, 1024, dport, 10);
	wire_finish(&w);
	return w;
}

static void watch(struct router *r, const struct path_watcher *one)
{
	struct path_watcher all[PATH_WATCHERS_MAX] = { *one };

	cr_assert_eq(path_watch_set(r->path, all), 0);
}

/* The next sighting, copied without its bytes; reason 0: there is none. */
static struct path_sighting next(struct router *r)
{
	const struct path_sighting *s = path_watch_peek(r->path, 0);
	struct path_sighting copy = { .reason = 0 };

	if (s) {
		copy = *s;
		path_watch_drop(r->path, 0);
	}
	return copy;
}

/* The reason is in the counter and in the event. */
static void expect_drop(struct router *r, enum ctq_reason reason)
{
	struct path_sighting s = next(r);

	cr_assert_eq(s.reason, reason, "%u, not %u", s.reason, reason);
	cr_assert_eq(s.verdict, CTQ_VERDICT_DROP);
	cr_assert_eq(path_reason_read(r->path, reason), 1);
	cr_assert_eq(next(r).reason, 0);
}

Test(watch, rules_and_policies_that_drop_say_so)
{
	struct router r = router_new(&defaults);
	struct wire a = udp(53), b = udp(54);

	watch(&r, &(struct path_watcher){ .active = true, .drops = true });
	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_DROP, CTQ_VERDICT_DROP,
	             (uint16_t[]){ 53, 0 });
	cr_assert_not(router_forward(&r, &a));
	expect_drop(&r, CTQ_DROP_RULE);
	cr_assert_not(router_forward(&r, &b));
	expect_drop(&r, CTQ_DROP_POLICY);
	router_end(&r);
}

Test(watch, who_names_reasons_sees_no_others)
{
	struct router r = router_new(&defaults);
	struct wire a = udp(53), b = udp(54), c = udp(54);

	watch(&r, &(struct path_watcher){
			  .active = true,
			  .drops = true,
			  .rate = 1,
			  .reasons = PATH_WATCH_REASON(CTQ_DROP_POLICY) |
	                             PATH_WATCH_REASON(CTQ_DROP_LIMIT),
		  });
	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_DROP, CTQ_VERDICT_DROP,
	             (uint16_t[]){ 53, 0 });
	cr_assert_not(router_forward(&r, &a));
	cr_assert_eq(next(&r).reason, 0);
	cr_assert_not(router_forward(&r, &b));
	expect_drop(&r, CTQ_DROP_POLICY);
	cr_assert_eq(path_watch_lost(r.path, 0), 0, "the first took nothing of the rate");
	cr_assert_not(router_forward(&r, &c));
	cr_assert_eq(next(&r).reason, 0);
	cr_assert_eq(path_watch_lost(r.path, 0), 1);
	router_end(&r);
}

Test(watch, a_flow_that_carries_drop_says_so)
{
	struct router r = router_new(&defaults);
	struct wire a = udp(53);

	watch(&r, &(struct path_watcher){ .active = true, .drops = true });
	cr_assert(router_forward(&r, &a));
	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_ACCEPT, CTQ_VERDICT_DROP,
	             (uint16_t[]){ 53, 0 });
	cr_assert_not(router_forward(&r, &a));
	expect_drop(&r, CTQ_DROP_RULE);
	cr_assert_not(router_forward(&r, &a));
	expect_drop(&r, CTQ_DROP_FLOW);
	router_end(&r);
}

Test(watch, a_full_table_says_so)
{
	struct router r = router_new(&(struct router_options){ .max = 1 });
	struct wire a = udp(53), b = udp(54), reply;

	watch(&r, &(struct path_watcher){ .active = true, .drops = true });
	cr_assert(router_forward(&r, &a));
	reply = wire_reply(&a);
	cr_assert(router_forward(&r, &reply));
	flow_enter(flow_worker(r.flows, 0), router_flow(&r, &a));
	flow_status_add(flow_worker(r.flows, 0), router_flow(&r, &a), TRACK_ASSURED);
	flow_leave(flow_worker(r.flows, 0), router_flow(&r, &a));
	cr_assert_not(router_forward(&r, &b));
	expect_drop(&r, CTQ_DROP_TABLE_FULL);
	router_end(&r);
}

Test(watch, an_invalid_packet_that_is_dropped_has_both_reasons)
{
	struct router r = router_new(&defaults);
	struct wire w = wire_ip4(IPPROTO_TCP);
	struct path_sighting s;

	watch(&r, &(struct path_watcher){ .active = true, .drops = true });
	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_DROP, CTQ_VERDICT_DROP,
	             (uint16_t[]){ 53, 0 });
	wire_tcp(&w, 1024, 80, 1, 0, 0x3f, NULL, 0); /* all flags at once */
	wire_finish(&w);
	cr_assert_not(router_forward(&r, &w));
	s = next(&r);
	cr_assert_eq(s.reason, CTQ_DROP_POLICY);
	cr_assert_eq(s.invalid, CTQ_INVALID_TCP_FLAGS);
	cr_assert_eq(s.ctstate, CTQ_CTSTATE_INVALID);
	cr_assert_eq(path_reason_read(r.path, CTQ_INVALID_TCP_FLAGS), 1);
	router_end(&r);
}

Test(watch, a_trace_tells_each_decision)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(53), reply = wire_reply(&w);
	struct path_sighting s;

	watch(&r, &(struct path_watcher){ .active = true, .bytes = 28 });
	router_rules(&r, PACKET_HOOK_PREROUTING, CTQ_VERDICT_DROP, CTQ_VERDICT_ACCEPT,
	             (uint16_t[]){ 53, 0 });
	cr_assert(router_forward(&r, &w));
	s = next(&r);
	cr_assert_eq(s.hook, PACKET_HOOK_PREROUTING);
	cr_assert_eq(s.flags, CTQ_PACKET_BORN | CTQ_PACKET_ASKED);
	cr_assert_eq(s.n_held, 1);
	cr_assert_eq(s.captured, 28);
	cr_assert_neq(s.new_mark, s.mark, "the cookie");
	s = next(&r);
	cr_assert_eq(s.hook, PACKET_HOOK_POSTROUTING);
	cr_assert_eq(s.flags, CTQ_PACKET_ASKED);
	cr_assert_eq(s.reason, CTQ_ACCEPT_POLICY);
	cr_assert(router_forward(&r, &reply));
	s = next(&r);
	cr_assert_eq(s.flags, CTQ_PACKET_REPLY, "the flow's verdict was taken");
	cr_assert_eq(s.reason, CTQ_ACCEPT_FLOW);
	cr_assert_neq(s.flow, 0);
	router_end(&r);
}

/* ---- filters ------------------------------------------------------------------------------ */

static void add_term(struct ctlink_filter *f, uint16_t field, uint64_t number,
                     uint8_t size)
{
	struct ctlink_term *term = ctlink_filter_append(f, NULL);

	ctlink_mark(term, CTLINK_TERM_MATCH);
	term->match.field = field;
	ctlink_mark(&term->match, CTLINK_MATCH_FIELD);
	ctlink_value_set_number(ctlink_match_append(&term->match, NULL),
	                        CTLINK_VALUE_FIRST, number, size);
}

Test(watch, filters_take_what_they_say)
{
	struct router r = router_new(&defaults);
	struct wire a = udp(53), b = udp(54), reply = wire_reply(&a);
	struct ctlink_filter f;

	/* port 53 and not reason accept.policy */
	ctlink_filter_init(&f);
	cr_assert_eq(ctlink_filter_operator(&f, CTQ_OPERATOR_AND, NULL), 0);
	add_term(&f, CTQ_FIELD_PORT, 53, 2);
	cr_assert_eq(ctlink_filter_operator(&f, CTQ_OPERATOR_NOT, NULL), 0);
	add_term(&f, CTQ_FIELD_REASON, CTQ_ACCEPT_POLICY, 2);
	cr_assert_eq(path_watch_check(&f, NULL), 0);
	watch(&r, &(struct path_watcher){ .active = true, .filter = &f });
	ctlink_filter_fini(&f, NULL);
	cr_assert(router_forward(&r, &a) && router_forward(&r, &b));
	cr_assert_eq(next(&r).reason, 0, "no rule, no sighting");
	cr_assert(router_forward(&r, &reply));
	cr_assert_eq(next(&r).reason, CTQ_ACCEPT_FLOW, "an answer is of the same flow");
	router_end(&r);
}

Test(watch, fields_that_packets_do_not_have_are_refused)
{
	struct ctlink_error error = { .code = 0 };
	struct ctlink_filter f;

	ctlink_filter_init(&f);
	add_term(&f, CTQ_FIELD_AGE, 1, 4);
	cr_assert_eq(path_watch_check(&f, &error), -EOPNOTSUPP);
	cr_assert_neq(error.text[0], '\0');
	cr_assert_neq(error.hint[0], '\0');
	ctlink_filter_fini(&f, NULL);
}

/* ---- bounds -------------------------------------------------------------------------------- */

Test(watch, above_the_rate_and_beyond_the_ring_is_lost_and_counted)
{
	struct router r = router_new(&defaults);
	struct wire w = udp(53);
	unsigned int i, seen = 0;

	watch(&r, &(struct path_watcher){ .active = true, .rate = 3 });
	for (i = 0; i < 5; i++)
		router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0);
	while (next(&r).reason)
		seen++;
	cr_assert_eq(seen, 3);
	cr_assert_eq(path_watch_lost(r.path, 0), 2);
	watch(&r, &(struct path_watcher){ .active = true });
	for (i = 0; i < 10000; i++)
		router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0);
	for (seen = 0; next(&r).reason; seen++)
		;
	cr_assert_eq(seen + path_watch_lost(r.path, 0) - 2, 10000);
	cr_assert_gt(path_watch_lost(r.path, 0), 2);
	watch(&r, &(struct path_watcher){ .active = false });
	router_hook(&r, 0, &w, PACKET_HOOK_PREROUTING, 0);
	cr_assert_eq(next(&r).reason, 0, "nobody watches");
	router_end(&r);
}
