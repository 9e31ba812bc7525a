/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.c - what remains when 4 million flows have come and gone
 */
#include <malloc.h>
#include <stdio.h>

#include "bench_flow.h"

#define FLOWS 4000000
#define MIB   1048576.0

static void settle(struct bench *b)
{
	rcu_offline();
	flow_table_settle(b->flows);
	rcu_settle(); /* the hashtrie's own */
	rcu_online();
	malloc_trim(0);
}

static size_t table_bytes(struct bench *b)
{
	struct flow_table_size size;

	flow_table_size(b->flows, &size);
	return size.table_bytes + size.slab_bytes;
}

void part_memory(void)
{
	size_t empty, empty_table, full, full_table;
	uint64_t now = clock_monotonic_ns(), begin, ns;
	struct flow_table_config cfg;
	struct bench b;

	flow_table_config_init(&cfg);
	cfg.max = FLOWS;
	b = bench_new(&cfg);
	bench_open(&b, 0, 1, now); /* one chunk of slots, one leaf */
	empty = bench_resident();
	empty_table = table_bytes(&b);
	bench_open(&b, 1, FLOWS - 1, now);
	full = bench_resident();
	full_table = table_bytes(&b);
	begin = bench_cpu_ns();
	flow_table_flush(flow_worker(b.flows, b.workers), FLOW_END_DELETED, now);
	ns = bench_cpu_ns() - begin;
	settle(&b);
	printf("memory: %d flows come and go\n", FLOWS);
	printf("  resident         empty %.1f MiB, full %.1f MiB, empty again %.1f MiB\n",
	       empty / MIB, full / MIB, bench_resident() / MIB);
	printf("  slots and keys   empty %.2f MiB, full %.1f MiB (%.0f bytes a flow), "
	       "empty again "
	       "%.2f MiB\n",
	       empty_table / MIB, full_table / MIB, (double)full_table / FLOWS,
	       table_bytes(&b) / MIB);
	printf("  deletes          %.0f ns a flow\n", (double)ns / FLOWS);
	bench_end(&b);
}
