/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flood.c - 2 million flows of one packet meet a table of 100,000 with 10,000 assured flows
 *
 * Each packet alone (the slowest one counts), and in batches, from 1, 2 and 4 workers. And:
 * how exact is "the oldest goes"? Flows are numbered in the order of their birth, and each
 * eviction is written down; replayed beside a perfect queue, an eviction's rank error is the
 * number of flows that were older and still there.
 */
#include <pthread.h>
#include <stdio.h>

#include "bench_flow.h"

#define MAX     100000
#define ASSURED 10000
#define FLOOD   2000000
#define RUNS    3

/* ---- every packet alone ------------------------------------------------------------------------ */

static struct bench flooded_new(uint16_t workers)
{
	struct flow_table_config cfg;
	struct bench b;

	flow_table_config_init(&cfg);
	cfg.max = MAX;
	cfg.workers = workers;
	cfg.events = 65536;
	b = bench_new(&cfg);
	bench_assure(&b, 0, ASSURED, clock_monotonic_ns());
	return b;
}

static unsigned int assured_lost(struct bench *b)
{
	unsigned int lost = 0;
	uint32_t n;

	for (n = 0; n < ASSURED; n++)
		lost += !bench_has_tcp(b, n);
	return lost;
}

/* Returns the most processor time that one packet took: what is not the scheduler's. */
static uint64_t flood_alone(struct bench *b, struct samples *s, unsigned int *refused)
{
	struct traffic t;
	uint64_t begin, end, cpu, most = 0;
	uint32_t n;

	for (n = 0; n < FLOOD; n++) {
		traffic_udp(&t, n, TRACK_ORIGINAL);
		cpu = bench_cpu_ns();
		begin = clock_monotonic_ns();
		*refused += 1 - bench_send(b, 0, &t, 1, begin);
		end = clock_monotonic_ns();
		cpu = bench_cpu_ns() - cpu;
		most = cpu > most ? cpu : most;
		samples_add(s, end - begin);
	}
	return most;
}

static void print_alone(struct samples *s)
{
	unsigned int refused = 0, lost;
	struct bench b = flooded_new(1);
	uint64_t most;

	s->length = 0;
	most = flood_alone(&b, s, &refused);
	lost = assured_lost(&b);
	bench_end(&b);
	samples_sort(s);
	printf("  each packet alone   p50 %u  p99 %u  p99.9 %u  p99.99 %u  slowest %u ns "
	       "(by "
	       "processor time %.0f);  %u refused, %u assured lost\n",
	       samples_at(s, 0.5), samples_at(s, 0.99), samples_at(s, 0.999),
	       samples_at(s, 0.9999), samples_at(s, 1), (double)most, refused, lost);
}

/* ---- batches from several threads ------------------------------------------------------------- */

struct flooder {
	struct bench *b;
	uint16_t number;
	bool log;
	unsigned int refused;
	unsigned long faults;
	pthread_t thread;
};

static _Atomic uint32_t next_number, next_victim;
static uint32_t *victims; /* numbers of flows in the order in which they were evicted */

static uint32_t number_of(const struct tuple *t)
{
	uint32_t address =
		(uint32_t)t->src[1] << 16 | (uint32_t)t->src[2] << 8 | t->src[3];

	return address << 5 | (uint32_t)(be16toh(t->src_id) - 1024);
}

static void log_victims(struct flooder *f)
{
	uint32_t batch[4 * PATH_BATCH_MAX], n = 0, at, i;
	struct flow_event e;

	while (n < BASE_ARRAY_LENGTH(batch) &&
	       flow_event_take(f->b->flows, f->number, &e))
		batch[n++] = number_of(&e.info.tuple[TRACK_ORIGINAL]);
	at = atomic_fetch_add(&next_victim, n);
	for (i = 0; i < n && at + i < FLOOD; i++)
		victims[at + i] = batch[i];
}

static void *flood_run(void *arg)
{
	struct traffic t[BENCH_BATCH];
	struct flooder *f = arg;
	uint32_t first, i;

	urcu_qsbr_register_thread();
	while ((first = atomic_fetch_add(&next_number, BENCH_BATCH)) < FLOOD) {
		for (i = 0; i < BENCH_BATCH; i++)
			traffic_udp(&t[i], first + i, TRACK_ORIGINAL);
		f->refused += BENCH_BATCH - bench_send(f->b, f->number, t, BENCH_BATCH,
		                                       clock_monotonic_ns());
		if (f->log)
			log_victims(f);
	}
	f->faults = bench_faults();
	urcu_qsbr_unregister_thread();
	return NULL;
}

/* Returns packets refused. @faults: page faults of all; or NULL. */
static unsigned int flood_threads(struct bench *b, bool log, unsigned long *faults)
{
	struct flooder f[8] = { { NULL } };
	unsigned int refused = 0;
	uint16_t i;

	next_number = next_victim = 0;
	for (i = 0; i < b->workers; i++) {
		f[i] = (struct flooder){ .b = b, .number = i, .log = log };
		pthread_create(&f[i].thread, NULL, flood_run, &f[i]);
	}
	rcu_offline();
	for (i = 0; i < b->workers; i++) {
		pthread_join(f[i].thread, NULL);
		refused += f[i].refused;
		if (faults)
			*faults += f[i].faults;
	}
	rcu_online();
	return refused;
}

static void flood_batches(uint16_t workers)
{
	struct bench b = flooded_new(workers);
	uint64_t begin = clock_monotonic_ns();
	unsigned long faults = 0;
	unsigned int refused = flood_threads(&b, false, &faults);
	uint64_t ns = clock_monotonic_ns() - begin;
	struct flow_table_size size;

	flow_table_size(b.flows, &size);
	printf("  batches of %d, %u worker%s   %5.0f ns a packet of each worker, "
	       "%4.0f,000 flows "
	       "a second;  %u refused, %u assured lost;  %.0f,000 slots in use, at most "
	       "%.0f,000;  %lu page faults\n",
	       BENCH_BATCH, workers, workers == 1 ? " " : "s",
	       (double)ns / FLOOD * workers, FLOOD * 1e6 / (double)ns, refused,
	       assured_lost(&b), (double)size.slab_bytes / sizeof(struct flow) / 1000,
	       (double)size.slab_bytes_most / sizeof(struct flow) / 1000, faults);
	bench_end(&b);
}

void part_flood(void)
{
	struct samples s = samples_new(FLOOD);
	unsigned int run;

	printf("flood: %d flows of one packet into a table of %d with %d assured flows\n",
	       FLOOD, MAX, ASSURED);
	for (run = 0; run < RUNS; run++)
		print_alone(&s);
	samples_free(&s);
	flood_batches(1);
	flood_batches(2);
	flood_batches(4);
	printf("  resident at most %zu MiB\n", bench_resident_most() >> 20);
}

/* ---- rank errors ------------------------------------------------------------------------------ */

/* Flows that are still there, as a tree of sums: how many are below a number? */
static uint32_t *tree;

static void tree_add(uint32_t number, uint32_t n)
{
	uint32_t i;

	for (i = number + 1; i <= FLOOD; i += i & -i)
		tree[i] += n;
}

static uint32_t tree_below(uint32_t number)
{
	uint32_t i, sum = 0;

	for (i = number; i; i -= i & -i)
		sum += tree[i];
	return sum;
}

static void print_rank(uint16_t workers)
{
	uint32_t n = next_victim < FLOOD ? next_victim : FLOOD, i;
	struct samples s = samples_new(n);
	double sum = 0;

	tree = calloc(FLOOD + 1, sizeof(*tree));
	for (i = 0; i < FLOOD; i++)
		tree_add(i, 1);
	for (i = 0; i < n; i++) {
		samples_add(&s, tree_below(victims[i]));
		sum += tree_below(victims[i]);
		tree_add(victims[i], UINT32_MAX);
	}
	samples_sort(&s);
	printf("  %u worker%s  mean %6.1f  p50 %4u  p99 %5u  most %5u   of %u evictions "
	       "among "
	       "%d flows\n",
	       workers, workers == 1 ? " " : "s", sum / n, samples_at(&s, 0.5),
	       samples_at(&s, 0.99), samples_at(&s, 1), n, MAX - ASSURED);
	samples_free(&s);
	free(tree);
}

void part_rank(void)
{
	static const uint16_t workers[] = { 1, 2, 4 };
	struct bench b;
	size_t i;

	printf("eviction: older flows that were still there when one went (a perfect "
	       "queue: 0)\n");
	victims = calloc(FLOOD, sizeof(*victims));
	for (i = 0; i < BASE_ARRAY_LENGTH(workers); i++) {
		b = flooded_new(workers[i]);
		flow_event_wanted_set(b.flows, 1u << FLOW_EVENT_DESTROY);
		flood_threads(&b, true, NULL);
		flow_event_wanted_set(b.flows, 0);
		print_rank(workers[i]);
		bench_end(&b);
	}
	free(victims);
}
