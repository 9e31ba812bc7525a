/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * expire.c - what expiry costs: of idle flows, and when all of them are due at once
 */
#include <stdio.h>

#include "bench_flow.h"

#define SECOND 1000000000ull
/* Long before any timeout of UDP, and long after. */
#define IDLE_S 5
#define DUE_S  200
/* flow_expire() is called ten times a second. */
#define CALLS 10

static void print_idle(struct flow_worker *w, uint32_t flows, uint64_t now)
{
	uint64_t begin = bench_cpu_ns();
	unsigned int i;

	for (i = 0; i < IDLE_S * CALLS; i++)
		flow_expire(w, now + i * SECOND / CALLS);
	printf("  %u idle flows    %.3f %% of a core\n", flows,
	       (double)(bench_cpu_ns() - begin) / (IDLE_S * SECOND) * 100);
}

static void print_due(struct bench *b, struct flow_worker *w, uint32_t flows,
                      uint64_t now)
{
	struct samples calls = samples_new(100000);
	uint64_t begin, ns, sum = 0;
	unsigned int killed = 0;

	do {
		begin = bench_cpu_ns();
		killed += flow_expire(w, now);
		ns = bench_cpu_ns() - begin;
		sum += ns;
		samples_add(&calls, ns);
		rcu_quiet();
	} while (flow_expire_is_behind(b->flows));
	samples_sort(&calls);
	printf("  %u due at once   %.0f ns a flow, %zu calls: p50 %.1f ms, longest %.1f "
	       "ms;  %u "
	       "expired\n",
	       flows, (double)sum / killed, calls.length, samples_at(&calls, 0.5) / 1e6,
	       samples_at(&calls, 1) / 1e6, killed);
	samples_free(&calls);
}

void part_expire(void)
{
	static const uint32_t sizes[] = { 1000000, 4000000 };
	struct flow_table_config cfg;
	struct flow_worker *control;
	uint64_t now = 1000 * SECOND;
	struct bench b;
	size_t i;

	printf("expiry: processor time of the control thread\n");
	for (i = 0; i < BASE_ARRAY_LENGTH(sizes); i++) {
		flow_table_config_init(&cfg);
		cfg.max = sizes[i];
		b = bench_new(&cfg);
		control = flow_worker(b.flows, b.workers);
		bench_open(&b, 0, sizes[i], now);
		print_idle(control, sizes[i], now + SECOND);
		print_due(&b, control, sizes[i], now + DUE_S * SECOND);
		bench_end(&b);
	}
}
