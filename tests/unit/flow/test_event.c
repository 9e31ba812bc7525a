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

static enum flow_event_kind next_kind(struct fixture *fx)
{
	struct flow_event e;

	return flow_event_next(fx->table, UINT64_MAX, &e) ? e.kind : FLOW_EVENT_KINDS;
}

static void assert_nothing(struct fixture *fx)
{
	cr_assert_eq(next_kind(fx), FLOW_EVENT_KINDS);
}

/* L4: it dies by another thread before the one that made it has announced it. */
Test(event, who_buries_announces_what_nobody_has)
{
	struct fixture fx = fixture_new(NULL);
	struct flow_event e;
	struct flow *f;

	flow_event_wanted_set(fx.table, ~0u);
	f = untold_number(&fx, 1);
	flow_kill(flow_worker(fx.table, 1), f, FLOW_END_DELETED, fx.now_ns);
	flow_event_emit(fx.worker, f, FLOW_EVENT_NEW, 0, fx.now_ns);
	cr_assert(flow_event_next(fx.table, UINT64_MAX, &e));
	cr_assert_eq(e.kind, FLOW_EVENT_NEW);
	cr_assert_eq(e.info.status & (TRACK_CONFIRMED | TRACK_DYING), TRACK_CONFIRMED);
	cr_assert_eq(next_kind(&fx), FLOW_EVENT_DESTROY);
	assert_nothing(&fx);
	fixture_end(&fx);
}

/* L4: NEW was not wanted when it was due; it is not made up for. */
Test(event, a_flow_from_before_is_not_announced_at_its_end)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = confirmed_number(&fx, 1);

	flow_event_wanted_set(fx.table, ~0u);
	flow_kill(fx.worker, f, FLOW_END_DELETED, fx.now_ns);
	cr_assert_eq(next_kind(&fx), FLOW_EVENT_DESTROY);
	assert_nothing(&fx);
	fixture_end(&fx);
}

/* L4: another worker's packet meets it, and changes it, before it is announced. */
Test(event, a_change_that_comes_first_announces)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f;

	flow_event_wanted_set(fx.table, ~0u);
	f = untold_number(&fx, 1);
	flow_event_emit(flow_worker(fx.table, 1), f, FLOW_EVENT_UPDATE,
	                FLOW_CHANGE_STATUS, fx.now_ns);
	cr_assert_eq(next_kind(&fx), FLOW_EVENT_NEW);
	flow_event_emit(fx.worker, f, FLOW_EVENT_NEW, 0, fx.now_ns);
	assert_nothing(&fx);
	flow_event_emit(fx.worker, f, FLOW_EVENT_UPDATE, FLOW_CHANGE_STATUS, fx.now_ns);
	cr_assert_eq(next_kind(&fx), FLOW_EVENT_UPDATE);
	f = untold_number(&fx, 2);
	flow_event_wanted_set(fx.table, 1u << FLOW_EVENT_UPDATE);
	flow_event_emit(fx.worker, f, FLOW_EVENT_UPDATE, FLOW_CHANGE_STATUS, fx.now_ns);
	cr_assert_eq(next_kind(&fx), FLOW_EVENT_UPDATE, "nobody wants NEW");
	fixture_end(&fx);
}

/* L4: by number, whatever the clocks of those who emit them say. */
/* Its first packet was dropped a moment after it was confirmed. */
Test(event, what_nobody_has_heard_of_may_end_without_a_word)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = untold_number(&fx, 1);

	flow_event_wanted_set(fx.table, ~0u);
	flow_kill(fx.worker, f, FLOW_END_NONE, fx.now_ns);
	flow_event_emit(fx.worker, f, FLOW_EVENT_NEW, 0, fx.now_ns);
	assert_nothing(&fx);
	f = untold_number(&fx, 2);
	flow_event_emit(fx.worker, f, FLOW_EVENT_UPDATE, FLOW_CHANGE_MARK, fx.now_ns);
	flow_kill(fx.worker, f, FLOW_END_NONE, fx.now_ns);
	cr_assert_eq(next_kind(&fx), FLOW_EVENT_NEW);
	cr_assert_eq(next_kind(&fx), FLOW_EVENT_DESTROY, "another packet was told of");
	assert_nothing(&fx);
	fixture_end(&fx);
}

Test(event, all_rings_are_read_in_order)
{
	struct fixture fx = fixture_new(NULL);
	struct flow_worker *other = flow_worker(fx.table, 1);
	struct flow *f, *g;
	struct flow_event e;
	uint64_t before;

	flow_event_wanted_set(fx.table, ~0u);
	fx.now_ns += SECOND;
	f = confirmed_number(&fx, 1);
	flow_kill(other, f, FLOW_END_DELETED, fx.now_ns - SECOND);
	before = flow_event_order(fx.table);
	g = confirmed_number(&fx, 2);
	flow_kill(other, g, FLOW_END_DELETED, fx.now_ns);
	cr_assert_eq(next_kind(&fx), FLOW_EVENT_NEW);
	cr_assert(flow_event_is_waiting(fx.table, before));
	cr_assert(flow_event_next(fx.table, before, &e));
	cr_assert_eq(e.kind, FLOW_EVENT_DESTROY);
	cr_assert_eq(e.info.stopped_ns, e.info.started_ns, "not before its birth");
	cr_assert_not(flow_event_is_waiting(fx.table, before));
	cr_assert_not(flow_event_next(fx.table, before, &e));
	cr_assert_eq(next_kind(&fx), FLOW_EVENT_NEW);
	cr_assert_eq(next_kind(&fx), FLOW_EVENT_DESTROY);
	assert_nothing(&fx);
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
