/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_flood.c - 2 million flows of one packet into a full table that has assured flows
 *
 * What is asserted is counted, not timed. A grace period is waited for now and then, so that the
 * slots of dead flows are back in time on any machine.
 */
#include "flow/slab.h"
#include "flow/table_priv.h"
#include "flow_fixture.h"

#define MAX     100000u
#define ASSURED 10000u
#define FLOOD   2000000u
/* Births between two grace periods: below the slots that a table has for the dead. */
#define TIDE 50000u

static bool make(struct fixture *fx, uint32_t n)
{
	struct packet p = packet_number(n);
	enum ctq_reason why;
	struct flow *f = flow_new(fx->worker, &p, TRACK_MACHINE_UDP, fx->now_ns, &why);
	struct tuple reply;

	if (!f)
		return false;
	tuple_invert(&p.tuple, &reply);
	return flow_confirm(fx->worker, f, &reply, fx->now_ns, &why).flow == f;
}

static bool is_there(struct fixture *fx, uint32_t n)
{
	struct packet p = packet_number(n);

	return flow_peek(fx->table, &p.tuple).flow != NULL;
}

/* Of the numbers @first … @first + @n - 1. */
static uint32_t count_there(struct fixture *fx, uint32_t first, uint32_t n)
{
	uint32_t there = 0, i;

	for (i = 0; i < n; i++)
		there += is_there(fx, first + i);
	return there;
}

static uint64_t evicted(struct fixture *fx)
{
	return flow_counter_read(fx->table, FLOW_COUNTER_EVICTED);
}

static struct fixture full_of_assured_flows(void)
{
	struct flow_table_config cfg;
	struct fixture fx;
	uint32_t n;

	flow_table_config_init(&cfg);
	cfg.max = MAX;
	fx = fixture_new(&cfg);
	for (n = 0; n < ASSURED; n++)
		flow_status_add(fx.worker, confirmed_number(&fx, n), TRACK_ASSURED);
	return fx;
}

Test(flood, V1_V2_V3_each_new_flow_evicts_the_oldest_that_is_not_assured)
{
	struct fixture fx = full_of_assured_flows();
	uint32_t room = MAX - ASSURED, refused = 0, wrong = 0, n;
	struct flow_table_size size;

	for (n = 0; n < FLOOD; n++) {
		refused += !make(&fx, ASSURED + n);
		wrong += evicted(&fx) != (n < room ? 0 : n - room + 1);
		if (n % TIDE == 0)
			fixture_settle(&fx);
		rcu_quiet();
	}
	cr_assert_eq(refused, 0);
	cr_assert_eq(wrong, 0, "V3: one for each");
	cr_assert_eq(count_there(&fx, 0, ASSURED), ASSURED, "V2: all are there");
	cr_assert_eq(count_there(&fx, ASSURED + FLOOD - room, room), room,
	             "V1: the youngest are there");
	flow_table_size(fx.table, &size);
	cr_assert_eq(size.confirmed, MAX);
	cr_assert_eq(size.assured, ASSURED);
	cr_assert_leq(size.slab_bytes_most,
	              (MAX + 2 * TIDE + SLAB_CHUNK * SLAB_GROUP) * sizeof(struct flow));
	fixture_end(&fx);
}
