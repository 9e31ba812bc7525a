/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * writers.c - several threads insert into one hashtrie, and delete, keys of their own
 *
 * Writers lock one of 64 subtrees, so two of them want the same one for one change of 64. What that
 * costs shows in the processor time of a change; how much more is done in a second, only where
 * each thread has a processor.
 */
#include <pthread.h>
#include <stdio.h>

#include "base/siphash.h"
#include "bench_flow.h"
#include "hashtrie/hashtrie.h"

#define ENTRIES 4000000u /* of all threads together */
#define ROUNDS  3

static uint64_t *hashes; /* of handle h: hashes[h] */
static struct hashtrie *trie;
static _Atomic unsigned int waiting;

struct writer {
	uint32_t first, n;
	uint64_t insert_ns, remove_ns; /* of its own processor time */
	pthread_t thread;
};

/* Keys differ. */
static bool match(void *ctx, uint32_t handle, const void *key)
{
	return handle == *(const uint32_t *)key;
}

static const struct hashtrie_ops ops = { .match = match };

/* All begin together. */
static void wait_for_all(void)
{
	atomic_fetch_sub(&waiting, 1);
	while (atomic_load(&waiting))
		rcu_quiet();
}

static void *write_own(void *arg)
{
	struct writer *w = arg;
	uint64_t begin;
	uint32_t h;

	urcu_qsbr_register_thread();
	wait_for_all();
	begin = bench_cpu_ns();
	for (h = w->first; h < w->first + w->n; h++) {
		if (hashtrie_insert(trie, hashes[h], &h, h, NULL))
			abort();
		if (h % BENCH_BATCH == 0)
			rcu_quiet();
	}
	w->insert_ns = bench_cpu_ns() - begin;
	begin = bench_cpu_ns();
	for (h = w->first; h < w->first + w->n; h++) {
		hashtrie_remove(trie, hashes[h], h);
		if (h % BENCH_BATCH == 0)
			rcu_quiet();
	}
	w->remove_ns = bench_cpu_ns() - begin;
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void print_writers(unsigned int threads)
{
	uint64_t begin, ns, insert_ns = 0, remove_ns = 0;
	struct writer w[8];
	unsigned int i;

	trie = hashtrie_new(&ops, NULL);
	waiting = threads;
	begin = clock_monotonic_ns();
	for (i = 0; i < threads; i++) {
		w[i] = (struct writer){ .first = 1 + i * (ENTRIES / threads),
			                .n = ENTRIES / threads };
		pthread_create(&w[i].thread, NULL, write_own, &w[i]);
	}
	rcu_offline();
	for (i = 0; i < threads; i++)
		pthread_join(w[i].thread, NULL);
	ns = clock_monotonic_ns() - begin;
	rcu_online();
	for (i = 0; i < threads; i++) {
		insert_ns += w[i].insert_ns;
		remove_ns += w[i].remove_ns;
	}
	printf("  %u thread%s  insert %4.0f ns, delete %4.0f ns of processor time;  %.1f "
	       "M "
	       "changes a second by the wall\n",
	       threads, threads == 1 ? " " : "s", (double)insert_ns / ENTRIES,
	       (double)remove_ns / ENTRIES, 2e3 * ENTRIES / (double)ns);
	hashtrie_destroy(trie);
}

void part_writers(void)
{
	struct siphash_key key = { { 7, 8 } };
	unsigned int round, threads;
	uint32_t h;

	hashes = malloc((ENTRIES + 1) * sizeof(*hashes));
	if (!hashes)
		abort();
	for (h = 0; h <= ENTRIES; h++)
		hashes[h] = siphash(&h, sizeof(h), &key);
	printf("writers: %u keys into one hashtrie, and out again\n", ENTRIES);
	for (round = 0; round < ROUNDS; round++)
		for (threads = 1; threads <= 4; threads *= 2)
			print_writers(threads);
	free(hashes);
}
