/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stress_flood.c - workers flood a full table that has assured flows
 *
 * Flows of one packet from several threads, which evict each other's, into a table of which a
 * tenth is assured. At the end: none was refused, every assured flow is there (V2), and each new
 * flow has evicted one (V3). A worker that has made many waits until the dead are few, so that
 * slots do not run out where sanitizers make liburcu's thread slow.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "flow/table.h"
#include "track/registry.h"

#define WORKERS 3
#define MAX     20000u
#define ASSURED 2000u
#define BATCH   32
/* Batches of a worker before it looks at the number of the dead; fewer than there are slots
 * for. */
#define BATCHES  512
#define DEAD_MAX 50000u

static struct flow_table *table;
static atomic_bool stop;
static _Atomic uint32_t next_number;
static _Atomic unsigned long made, refused;

static struct packet packet_of(uint32_t n)
{
	struct packet p = { .family = AF_INET, .has_tuple = true };

	memcpy(p.tuple.src, &n, sizeof(n));
	p.tuple.dst[0] = 192;
	p.tuple.src_id = 1;
	p.tuple.dst_id = 2;
	p.tuple.l3 = AF_INET;
	p.tuple.l4 = IPPROTO_UDP;
	return p;
}

static struct flow *make(struct flow_worker *w, uint32_t n, uint64_t now_ns)
{
	struct packet p = packet_of(n);
	enum ctq_reason why;
	struct flow *f = flow_new(w, &p, TRACK_MACHINE_UDP, now_ns, &why);
	struct tuple reply;

	if (!f)
		return NULL;
	tuple_invert(&p.tuple, &reply);
	/* Another worker may evict it before it is confirmed. */
	flow_confirm(w, f, &reply, now_ns, &why);
	return f;
}

static void wait_for_few_dead(void)
{
	struct flow_table_size size;

	rcu_offline();
	do {
		sched_yield();
		flow_table_size(table, &size);
	} while (size.dying > DEAD_MAX);
	rcu_online();
}

static void *flood(void *arg)
{
	struct flow_worker *w = arg;
	unsigned int batches = 0, i;
	uint32_t first;
	uint64_t now;

	urcu_qsbr_register_thread();
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		first = atomic_fetch_add(&next_number, BATCH);
		now = clock_monotonic_ns();
		for (i = 0; i < BATCH; i++)
			refused += !make(w, first + i, now);
		made += BATCH;
		rcu_quiet();
		if (++batches % BATCHES == 0)
			wait_for_few_dead();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void assure(struct flow_worker *w)
{
	uint32_t n;

	for (n = 0; n < ASSURED; n++)
		flow_status_add(w, make(w, n, clock_monotonic_ns()), TRACK_ASSURED);
	next_number = ASSURED;
}

static unsigned int assured_lost(void)
{
	unsigned int lost = 0;
	struct packet p;
	uint32_t n;

	for (n = 0; n < ASSURED; n++) {
		p = packet_of(n);
		lost += flow_peek(table, &p.tuple).flow == NULL;
	}
	return lost;
}

static int check(int number, bool holds, const char *what)
{
	printf("%sok %d - %s\n", holds ? "" : "not ", number, what);
	return !holds;
}

static int check_end(void)
{
	uint64_t evicted = flow_counter_read(table, FLOW_COUNTER_EVICTED);
	struct flow_table_size size;
	int failed = 0;

	flow_table_size(table, &size);
	failed += check(1, refused == 0, "no flow was refused");
	failed += check(2, assured_lost() == 0 && size.assured == ASSURED,
	                "V2: every assured flow is there");
	failed += check(3, evicted + size.confirmed == made + ASSURED,
	                "V3: each new flow has evicted one");
	failed += check(4, evicted > MAX, "many were evicted");
	printf("# made %lu evicted %lu refused %lu lost %u\n", made,
	       (unsigned long)evicted, refused, assured_lost());
	return failed;
}

int main(void)
{
	const char *seconds = getenv("STRESS_SECONDS");
	struct siphash_key key = { { 5, 6 } };
	struct flow_table_config cfg;
	pthread_t threads[WORKERS];
	uint64_t end;
	int err = 0, failed;
	uint16_t i;

	urcu_qsbr_register_thread();
	flow_table_config_init(&cfg);
	cfg.workers = WORKERS;
	cfg.max = MAX;
	table = flow_table_new(&cfg, &key, &err);
	if (!table)
		return 1;
	assure(flow_worker(table, WORKERS));
	rcu_offline();
	for (i = 0; i < WORKERS; i++)
		pthread_create(&threads[i], NULL, flood, flow_worker(table, i));
	end = clock_monotonic_ns() + (uint64_t)((seconds ? atof(seconds) : 10) * 1e9);
	while (clock_monotonic_ns() < end)
		sched_yield();
	stop = true;
	for (i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	rcu_online();
	failed = check_end();
	printf("1..4\n");
	flow_table_flush(flow_worker(table, WORKERS), FLOW_END_STOP,
	                 clock_monotonic_ns());
	rcu_offline();
	flow_table_destroy(table);
	rcu_online();
	urcu_qsbr_unregister_thread();
	return failed ? 1 : 0;
}
