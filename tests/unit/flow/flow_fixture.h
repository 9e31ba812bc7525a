/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flow_fixture.h - a table of one or more workers, and packets by number
 *
 * Everything runs in the test's thread, which is registered with RCU.
 */
#ifndef TESTS_FLOW_FIXTURE_H
#define TESTS_FLOW_FIXTURE_H

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "flow/event.h"
#include "flow/lock.h"
#include "flow/table.h"
#include "track/registry.h"

#define SECOND 1000000000ull

struct fixture {
	struct flow_table *table;
	struct flow_worker *worker;
	uint64_t now_ns;
};

static inline struct fixture fixture_new(struct flow_table_config *cfg)
{
	struct siphash_key key = { { 1, 2 } };
	struct fixture fx = { .now_ns = 1000 * SECOND };
	struct flow_table_config defaults;
	int err = 0;

	urcu_qsbr_register_thread();
	if (!cfg) {
		flow_table_config_init(&defaults);
		defaults.max = 1000;
		defaults.cookie_bits = 12;
		cfg = &defaults;
	}
	fx.table = flow_table_new(cfg, &key, &err);
	cr_assert_not_null(fx.table, "flow_table_new: %d", err);
	fx.worker = flow_worker(fx.table, 0);
	flow_clock_set(fx.table, fx.now_ns, 5000 * SECOND);
	return fx;
}

static inline void fixture_end(struct fixture *fx)
{
	flow_table_flush(fx->worker, FLOW_END_STOP, fx->now_ns);
	rcu_offline();
	flow_table_destroy(fx->table);
	rcu_online();
	urcu_qsbr_unregister_thread();
}

/* Let the deferred frees run. */
static inline void fixture_settle(struct fixture *fx)
{
	rcu_offline();
	flow_table_settle(fx->table);
	rcu_online();
}

/* A UDP packet from 10.x.x.x:port to 192.0.2.1:53. */
static inline struct packet packet_number(uint32_t n)
{
	struct packet p = {
		.family = AF_INET, .has_tuple = true, .length = 100, .ifin = 2
	};
	uint32_t src = htonl(0x0a000000u + n);

	memcpy(p.tuple.src, &src, 4);
	memcpy(p.tuple.dst, "\xc0\x00\x02\x01", 4);
	p.tuple.src_id = htons(1024);
	p.tuple.dst_id = htons(53);
	p.tuple.l3 = AF_INET;
	p.tuple.l4 = IPPROTO_UDP;
	return p;
}

static inline struct flow *unconfirmed_number(struct fixture *fx, uint32_t n)
{
	struct packet p = packet_number(n);
	enum ctq_reason why = CTQ_REASON_NONE;
	struct flow *f = flow_new(fx->worker, &p, TRACK_MACHINE_UDP, fx->now_ns, &why);

	cr_assert_not_null(f, "flow_new: reason %d", why);
	return f;
}

/* Nobody has announced it yet. */
static inline struct flow *untold_number(struct fixture *fx, uint32_t n)
{
	struct flow *f = unconfirmed_number(fx, n);
	enum ctq_reason why = CTQ_REASON_NONE;
	struct tuple reply;

	tuple_invert(&f->side[TRACK_ORIGINAL].tuple, &reply);
	cr_assert_eq(flow_confirm(fx->worker, f, &reply, fx->now_ns, &why).flow, f);
	return f;
}

static inline struct flow *confirmed_number(struct fixture *fx, uint32_t n)
{
	struct flow *f = untold_number(fx, n);

	flow_event_emit(fx->worker, f, FLOW_EVENT_NEW, 0, fx->now_ns);
	return f;
}

#endif
