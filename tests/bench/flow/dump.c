/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dump.c - does listing a million flows disturb packets?
 *
 * Packets of known flows in random order through path_batch(), each batch timed, while another
 * thread does nothing, spins, or dumps all flows again and again: copying each as a listing
 * does. Each has a processor of its own, if there are two.
 *
 * Each batch is timed by the wall and by the processor time of its thread. The second leaves out
 * what the scheduler does with the thread meanwhile; what a dump costs the packets beside it is
 * the difference of the last two cases there.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "bench_flow.h"

#define FLOWS   1000000
#define BATCHES 100000
/* Flows listed between two quiescent states. */
#define LIST 512

enum beside { BESIDE_NOTHING, BESIDE_SPIN, BESIDE_DUMP };

static struct flow_table *flows;
static _Atomic bool stop;
static uint64_t listed;

static void list_all(void)
{
	struct flow_cursor c = { { 0, 0 }, false };
	struct flow *list[LIST];
	struct flow_info info;
	unsigned int n, i;

	while (!stop && (n = flow_walk(flows, &c, list, LIST)) > 0) {
		for (i = 0; i < n; i++)
			flow_info_read(flows, list[i], 0, &info);
		listed += n;
		rcu_quiet();
	}
}

/* Keep the thread on processor @number of those that this process may use; false: so many there
 * are not. */
static bool pin(int number)
{
	static cpu_set_t all;
	cpu_set_t one;
	int cpu;

	if (CPU_COUNT(&all) == 0 && sched_getaffinity(0, sizeof(all), &all) < 0)
		return false;
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && number-- == 0)
			break;
	CPU_ZERO(&one);
	if (cpu < CPU_SETSIZE)
		CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) == 0;
}

static void *beside_run(void *arg)
{
	const enum beside *what = arg;

	pin(1);
	urcu_qsbr_register_thread();
	while (!stop) {
		if (*what == BESIDE_DUMP)
			list_all();
		rcu_quiet();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void send_random(struct bench *b, struct samples *wall, struct samples *own)
{
	struct traffic t[BENCH_BATCH];
	uint64_t seed = 1, begin, begin_cpu;
	unsigned int i, j;

	for (i = 0; i < BATCHES; i++) {
		for (j = 0; j < BENCH_BATCH; j++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			traffic_udp(&t[j], (uint32_t)((seed >> 33) % FLOWS),
			            TRACK_ORIGINAL);
		}
		begin = clock_monotonic_ns();
		begin_cpu = bench_cpu_ns();
		bench_send(b, 0, t, BENCH_BATCH, begin);
		samples_add(own, bench_cpu_ns() - begin_cpu);
		samples_add(wall, clock_monotonic_ns() - begin);
	}
}

static void print_samples(const char *name, const char *clock, struct samples *s)
{
	samples_sort(s);
	printf("  %-14s %-10s p50 %6u  p99 %6u  p99.9 %7u  p99.99 %8u  longest %8u ns",
	       name, clock, samples_at(s, 0.5), samples_at(s, 0.99), samples_at(s, 0.999),
	       samples_at(s, 0.9999), samples_at(s, 1));
	samples_free(s);
}

static void print(struct bench *b, enum beside what, const char *name)
{
	struct samples wall = samples_new(BATCHES), own = samples_new(BATCHES);
	uint64_t begin = clock_monotonic_ns();
	pthread_t thread;

	stop = false;
	listed = 0;
	if (what != BESIDE_NOTHING)
		pthread_create(&thread, NULL, beside_run, &what);
	send_random(b, &wall, &own);
	stop = true;
	if (what != BESIDE_NOTHING) {
		rcu_offline();
		pthread_join(thread, NULL);
		rcu_online();
	}
	print_samples(name, "wall", &wall);
	if (listed)
		printf("  (%.1f million listed a second)",
		       (double)listed * 1e3 / (double)(clock_monotonic_ns() - begin));
	printf("\n");
	print_samples("", "processor", &own);
	printf("\n");
}

void part_dump(void)
{
	struct flow_table_config cfg;
	bool alone = pin(1) && pin(0);
	struct bench b;

	flow_table_config_init(&cfg);
	cfg.max = FLOWS;
	b = bench_new(&cfg);
	flows = b.flows;
	bench_open(&b, 0, FLOWS, clock_monotonic_ns());
	printf("packets beside a dump: batches of %d of %d flows, another thread%s ...\n",
	       BENCH_BATCH, FLOWS, alone ? " on another processor" : "");
	print(&b, BESIDE_NOTHING, "is not there");
	print(&b, BESIDE_SPIN, "spins");
	print(&b, BESIDE_DUMP, "dumps");
	bench_end(&b);
}
