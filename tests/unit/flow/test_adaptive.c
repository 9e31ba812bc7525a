/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/adaptive.h"

#include "flow_fixture.h"

Test(adaptive, the_scale_falls_from_start_to_end)
{
	static const struct {
		uint32_t flows, scale;
	} rows[] = {
		{ 0, FLOW_SCALE_ONE },
		{ 6000, FLOW_SCALE_ONE },
		{ 6001, FLOW_SCALE_ONE - FLOW_SCALE_ONE / 3500 - 1 },
		{ 7750, FLOW_SCALE_ONE / 2 },
		{ 9499, FLOW_SCALE_ONE / 3500 },
		{ 9500, 0 },
		{ UINT32_MAX, 0 },
	};
	const struct flow_adaptive a = { 6000, 9500 };
	const struct flow_adaptive off = { 0, 0 };
	const struct flow_adaptive largest = { 0, UINT32_MAX };
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(rows); i++) {
		cr_assert_eq(flow_adaptive_scale(&a, rows[i].flows), rows[i].scale,
		             "%u: %u", rows[i].flows,
		             flow_adaptive_scale(&a, rows[i].flows));
		cr_assert_eq(flow_adaptive_scale(&off, rows[i].flows), FLOW_SCALE_ONE);
	}
	cr_assert_eq(flow_adaptive_scale(&largest, UINT32_MAX / 2 + 1),
	             FLOW_SCALE_ONE / 2 - 1);
}

Test(adaptive, a_second_is_left_of_each_timeout)
{
	cr_assert_eq(flow_adaptive_timeout(432000, FLOW_SCALE_ONE), 432000);
	cr_assert_eq(flow_adaptive_timeout(432000, FLOW_SCALE_ONE / 2), 216000);
	cr_assert_eq(flow_adaptive_timeout(30, 1), 1);
	cr_assert_eq(flow_adaptive_timeout(30, 0), 1);
	cr_assert_eq(flow_adaptive_timeout(0, 0), 0);
	cr_assert_eq(flow_adaptive_timeout(UINT32_MAX, FLOW_SCALE_ONE), UINT32_MAX);
}

/* @n flows with a timeout of 100 s in a table of 100. */
static struct fixture filled(unsigned int n, struct flow **flows)
{
	struct flow_table_config cfg;
	struct fixture fx;
	unsigned int i;

	flow_table_config_init(&cfg);
	cfg.max = 100;
	fx = fixture_new(&cfg);
	flow_adaptive_set(fx.table, 60, 80);
	for (i = 0; i < n; i++) {
		flows[i] = confirmed_number(&fx, i);
		flow_timeout_set(fx.table, flows[i], (uint32_t)(fx.now_ns / SECOND), 100);
	}
	return fx;
}

static uint32_t left(const struct fixture *fx, const struct flow *f)
{
	return flow_timeout_left(fx->table, f, (uint32_t)(fx->now_ns / SECOND));
}

Test(adaptive, nothing_changes_below_the_start)
{
	struct flow *flows[100];
	struct fixture fx = filled(60, flows);

	fx.now_ns += 99 * SECOND;
	cr_assert_eq(flow_expire(fx.worker, fx.now_ns), 0);
	cr_assert_eq(left(&fx, flows[0]), 1);
	fixture_end(&fx);
}

Test(adaptive, half_way_half_of_the_timeout_counts)
{
	struct flow *flows[100];
	struct fixture fx = filled(70, flows);

	flow_expire(fx.worker, fx.now_ns);
	cr_assert_eq(left(&fx, flows[0]), 50);
	cr_assert_eq(
		flow_timeout_full(fx.table, flows[0], (uint32_t)(fx.now_ns / SECOND)),
		100);
	atomic_fetch_or(&flows[1]->status, TRACK_FIXED_TIMEOUT);
	cr_assert_eq(left(&fx, flows[1]), 100, "a fixed timeout stays");
	fx.now_ns += 50 * SECOND;
	cr_assert_eq(flow_expire(fx.worker, fx.now_ns), 0);
	fx.now_ns += SECOND;
	/* One goes, and the others have 54 s with 69 in the table. */
	cr_assert_eq(flow_expire(fx.worker, fx.now_ns), 1);
	cr_assert_eq(left(&fx, flows[2]), 3);
	cr_assert_eq(flow_counter_read(fx.table, FLOW_COUNTER_ADAPTED), 1);
	cr_assert_eq(flow_counter_read(fx.table, FLOW_COUNTER_EXPIRED), 1);
	fixture_end(&fx);
}

Test(adaptive, a_packet_begins_the_shorter_time_anew)
{
	struct flow *flows[100];
	struct fixture fx = filled(70, flows);

	fx.now_ns += 40 * SECOND;
	flow_timeout_set(fx.table, flows[0], (uint32_t)(fx.now_ns / SECOND), 100);
	atomic_store(&flows[0]->last_s, (uint32_t)(fx.now_ns / SECOND));
	flow_expire(fx.worker, fx.now_ns);
	cr_assert_eq(left(&fx, flows[0]), 50);
	fx.now_ns += 20 * SECOND;
	cr_assert_eq(flow_expire(fx.worker, fx.now_ns), 3);
	cr_assert(!flow_is_dying(flows[0]));
	cr_assert_eq(left(&fx, flows[0]), 44, "64 of 100, less the 20 that it was idle");
	fixture_end(&fx);
}
