/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flood of flows of one packet meets a full table, through path_batch(). The numbers are a
 * twentieth of what `make bench-flow` takes; dead flows are waited for now and then, so that it
 * does not matter how fast that is.
 */
#include "../../stress/traffic.h"
#include "router.h"

#define MAX     5000
#define ASSURED 500
#define FLOOD   100000u
#define BATCH   32u

static struct router flood_router(struct flow_table_config *cfg)
{
	struct router r = { .now_ns = 1000 * SECOND };
	struct siphash_key key = { { 3, 4 } };
	struct path_config path;
	int err;

	urcu_qsbr_register_thread();
	cfg->workers = 2;
	r.flows = flow_table_new(cfg, &key, &err);
	r.rules = rules_new("linear", 2, NULL, &err);
	path_config_init(&path);
	path.confirm_at_entry = true;
	r.path = path_new(&path, r.flows, r.rules, 2);
	cr_assert_not_null(r.path);
	return r;
}

static struct flow_table_config flood_config(void)
{
	struct flow_table_config cfg;

	flow_table_config_init(&cfg);
	cfg.max = MAX;
	return cfg;
}

static unsigned int pass(struct router *r, const struct traffic *t, unsigned int n)
{
	struct packet_verdict verdicts[BATCH];
	struct packet packets[BATCH];
	unsigned int i, accepted = 0;

	for (i = 0; i < n; i++)
		packets[i] = traffic_packet(&t[i], PACKET_HOOK_PREROUTING);
	path_batch(path_worker(r->path, 0), packets, verdicts, n, r->now_ns);
	for (i = 0; i < n; i++)
		accepted += verdicts[i].accept;
	rcu_quiet();
	return accepted;
}

static void settle(struct router *r)
{
	rcu_offline();
	flow_table_settle(r->flows);
	rcu_online();
}

/* TCP connection @n up to step @until. */
static unsigned int tcp(struct router *r, uint32_t n, unsigned int from,
                        unsigned int until)
{
	struct traffic t[TRAFFIC_TCP_CLOSE];
	unsigned int step;

	for (step = from; step < until; step++)
		traffic_tcp_step(&t[step], n, step);
	r->now_ns++;
	return pass(r, t + from, until - from);
}

static struct flow *tcp_flow(struct router *r, uint32_t n)
{
	struct traffic t;
	struct packet p;

	traffic_tcp_step(&t, n, 0);
	p = traffic_packet(&t, PACKET_HOOK_PREROUTING);
	packet_parse(&p);
	return flow_peek(r->flows, &p.tuple).flow;
}

/* Returns how many of @n new UDP flows were accepted. */
static unsigned int flood(struct router *r, uint32_t first, uint32_t n)
{
	struct traffic t[BATCH];
	unsigned int accepted = 0;
	uint32_t i, j;

	for (i = 0; i < n; i += BATCH) {
		for (j = 0; j < BATCH; j++)
			traffic_udp(&t[j], first + i + j, TRACK_ORIGINAL);
		r->now_ns++;
		accepted += pass(r, t, BATCH);
		if (i % 16384 == 0)
			settle(r);
	}
	return accepted;
}

static struct flow_table_size size_of(struct router *r)
{
	struct flow_table_size size;

	flow_table_size(r->flows, &size);
	return size;
}

Test(flood, every_flow_gets_in_and_no_assured_one_is_lost)
{
	struct flow_table_config cfg = flood_config();
	struct router r = flood_router(&cfg);
	uint32_t n;

	for (n = 0; n < ASSURED; n++)
		tcp(&r, n, 0, TRAFFIC_TCP_OPEN);
	cr_assert_eq(size_of(&r).assured, ASSURED);
	cr_assert_eq(flood(&r, 0, FLOOD), FLOOD);
	for (n = 0; n < ASSURED; n++)
		cr_assert_not_null(tcp_flow(&r, n), "assured flow %u", n);
	cr_assert_eq(size_of(&r).assured, ASSURED);
	cr_assert_eq(size_of(&r).confirmed, MAX);
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_EVICTED),
	             FLOOD - (MAX - ASSURED));
	router_end(&r);
}

Test(flood, slots_of_the_dead_are_used_again)
{
	struct flow_table_config cfg = flood_config();
	struct router r = flood_router(&cfg);
	size_t most;

	flood(&r, 0, FLOOD);
	most = size_of(&r).slab_bytes_most;
	cr_assert_leq(most, (MAX + 3 * 16384) * sizeof(struct flow), "%zu bytes", most);
	router_end(&r);
}

Test(flood, a_table_of_assured_flows_refuses_when_it_may_not_evict_closing_ones)
{
	struct flow_table_config cfg = flood_config();
	struct router r;
	uint32_t n;

	cfg.max = ASSURED;
	cfg.evict_closing = false;
	r = flood_router(&cfg);
	for (n = 0; n < ASSURED; n++)
		tcp(&r, n, 0, TRAFFIC_TCP_OPEN);
	for (n = 0; n < 10; n++)
		tcp(&r, n, TRAFFIC_TCP_OPEN, TRAFFIC_TCP_CLOSE);
	cr_assert_eq(flood(&r, 0, BATCH), 0);
	cr_assert_eq(path_reason_read(r.path, CTQ_DROP_TABLE_FULL), BATCH);
	cr_assert_eq(size_of(&r).confirmed, ASSURED);
	router_end(&r);
}

Test(flood, the_oldest_closing_flows_go_when_all_others_are_assured)
{
	struct flow_table_config cfg = flood_config();
	struct router r;
	uint32_t n;

	cfg.max = ASSURED;
	cfg.evict_closing = true;
	r = flood_router(&cfg);
	for (n = 0; n < ASSURED; n++)
		tcp(&r, n, 0, TRAFFIC_TCP_OPEN);
	for (n = 0; n < 10; n++)
		tcp(&r, 9 - n, TRAFFIC_TCP_OPEN, TRAFFIC_TCP_CLOSE);
	tcp(&r, 100000, 0, TRAFFIC_TCP_OPEN);
	cr_assert_null(tcp_flow(&r, 9), "closed first");
	cr_assert_not_null(tcp_flow(&r, 8));
	cr_assert_eq(flood(&r, 0, FLOOD / 10 / BATCH * BATCH), FLOOD / 10 / BATCH * BATCH,
	             "one more goes, then the flood evicts itself");
	cr_assert_eq(size_of(&r).assured, ASSURED - 1);
	router_end(&r);
}

static bool is_client_zero(void *ctx, const struct tuple *t)
{
	return t->l4 == IPPROTO_TCP && t->src[1] == 0 && t->src[2] == 0 && t->src[3] == 0;
}

Test(flood, reserved_sources_get_in_and_stay_in)
{
	struct flow_table_config cfg = flood_config();
	struct router r;
	uint32_t n;

	cfg.reserve = 10;
	cfg.is_reserved = is_client_zero;
	r = flood_router(&cfg);
	flood(&r, 0, FLOOD / 10);
	for (n = 0; n < 30; n++)
		cr_assert_eq(tcp(&r, n, 0, 1), 1);
	cr_assert_eq(flood(&r, FLOOD, FLOOD), FLOOD);
	for (n = 0; n < 30; n++)
		cr_assert_not_null(tcp_flow(&r, n), "not assured, but reserved: %u", n);
	cr_assert_leq(size_of(&r).confirmed, MAX);
	router_end(&r);
}

Test(flood, a_source_at_its_limit_takes_nobody_elses_room)
{
	struct flow_table_config cfg = flood_config();
	struct router r;
	uint32_t n;

	cfg.per_source = 16;
	r = flood_router(&cfg);
	cr_assert_eq(flood(&r, 0, MAX / BATCH * BATCH), MAX / BATCH * BATCH / 2,
	             "half of the 32 flows of each source");
	for (n = 0; n < 1000; n++)
		cr_assert_eq(flood(&r, 0, BATCH), BATCH / 2, "those that it has");
	cr_assert_eq(flow_counter_read(r.flows, FLOW_COUNTER_EVICTED), 0);
	cr_assert_eq(flood(&r, 1u << 20, FLOOD), FLOOD / 2);
	router_end(&r);
}
