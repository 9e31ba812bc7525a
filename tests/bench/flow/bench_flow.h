/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_flow.h - what the parts of bench-flow share
 *
 * A part is a function that measures one thing on tables of its own and prints lines of its
 * table. main() runs each in a process of its own, so that memory is counted from zero.
 */
#ifndef TESTS_BENCH_FLOW_H
#define TESTS_BENCH_FLOW_H

#include <stdlib.h>

#include "../../stress/traffic.h"
#include "base/clock.h"
#include "base/rcu.h"
#include "flow/event.h"
#include "flow/table.h"
#include "path/path.h"
#include "rules/rules.h"

/* Packets of a batch, where nothing else is said: what a queue hands over under load. */
#define BENCH_BATCH 32

/* A router in memory that confirms flows at the entry hook. */
struct bench {
	struct flow_table *flows;
	struct rules *rules;
	struct path *path;
	uint16_t workers;
};

/** The caller is a registered RCU reader. Ends the program when memory is short. */
struct bench bench_new(const struct flow_table_config *cfg);
void bench_end(struct bench *b);

/** @n packets (at most PATH_BATCH_MAX) through worker @worker. Returns how many were accepted. */
unsigned int bench_send(struct bench *b, uint16_t worker, const struct traffic *t,
                        unsigned int n, uint64_t now_ns);

/** TCP connections @first … @first + @n - 1 become assured, by worker 0. */
void bench_assure(struct bench *b, uint32_t first, uint32_t n, uint64_t now_ns);

/** UDP connections @first … @first + @n - 1 by one packet each, by worker 0. */
void bench_open(struct bench *b, uint32_t first, uint32_t n, uint64_t now_ns);

/** Does the table have TCP connection @n? */
bool bench_has_tcp(struct bench *b, uint32_t n);

/* Durations, to be sorted. */
struct samples {
	uint32_t *ns;
	size_t length, size;
};

struct samples samples_new(size_t size);
void samples_add(struct samples *s, uint64_t ns);
void samples_sort(struct samples *s);
/** The value below which @share (0 … 1) of the sorted samples lie. */
uint32_t samples_at(const struct samples *s, double share);
void samples_free(struct samples *s);

/** Resident bytes of this process, and the most there ever were. */
size_t bench_resident(void);
size_t bench_resident_most(void);

/** Processor time of this thread, ns. */
uint64_t bench_cpu_ns(void);

/** Page faults of this thread that needed no disk. */
unsigned long bench_faults(void);

void part_flood(void);
void part_rank(void);
void part_expire(void);
void part_dump(void);
void part_memory(void);
void part_writers(void);

#endif
