/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow_fixture.h"

Test(event, nothing_is_written_when_nobody_listens)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = confirmed_number(&fx, 1);
	struct flow_event e;

	flow_event_emit(fx.worker, f, FLOW_EVENT_NEW, 0, fx.now_ns);
	cr_assert(!flow_event_take(fx.table, 0, &e));
	fixture_end(&fx);
}

Test(event, destroy_comes_once_with_the_reason)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = confirmed_number(&fx, 1);
	struct flow_event e;

	flow_event_wanted_set(fx.table, 1u << FLOW_EVENT_DESTROY);
	flow_event_emit(fx.worker, f, FLOW_EVENT_UPDATE, FLOW_CHANGE_MARK, fx.now_ns);
	flow_kill(fx.worker, f, FLOW_END_DELETED, fx.now_ns);
	cr_assert(flow_event_take(fx.table, 0, &e));
	cr_assert_eq(e.kind, FLOW_EVENT_DESTROY);
	cr_assert_eq(e.info.end, FLOW_END_DELETED);
	cr_assert_neq(e.info.stopped_ns, 0);
	cr_assert(!flow_event_take(fx.table, 0, &e));
	fixture_end(&fx);
}

Test(event, nothing_follows_destroy)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = confirmed_number(&fx, 1);
	struct flow_event e;

	flow_event_wanted_set(fx.table, ~0u);
	flow_kill(fx.worker, f, FLOW_END_RULES, fx.now_ns);
	flow_event_emit(fx.worker, f, FLOW_EVENT_UPDATE, FLOW_CHANGE_STATE, fx.now_ns);
	cr_assert(flow_event_take(fx.table, 0, &e));
	cr_assert_eq(e.kind, FLOW_EVENT_DESTROY);
	cr_assert(!flow_event_take(fx.table, 0, &e));
	fixture_end(&fx);
}

Test(event, a_full_ring_counts_what_it_loses)
{
	struct flow_table_config cfg;
	struct fixture fx;
	struct flow_event e;
	struct flow *f;
	int i;

	flow_table_config_init(&cfg);
	cfg.max = 10;
	cfg.events = 4;
	fx = fixture_new(&cfg);
	f = confirmed_number(&fx, 1);
	flow_event_wanted_set(fx.table, ~0u);
	for (i = 0; i < 6; i++)
		flow_event_emit(fx.worker, f, FLOW_EVENT_UPDATE, 0, fx.now_ns);
	cr_assert_eq(flow_counter_read(fx.table, FLOW_COUNTER_EVENTS_LOST), 2);
	for (i = 0; i < 4; i++)
		cr_assert(flow_event_take(fx.table, 0, &e));
	cr_assert(!flow_event_take(fx.table, 0, &e));
	flow_event_wanted_set(fx.table, 0);
	fixture_end(&fx);
}
