/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peer_rte_hash.c - DPDK's rte_hash, plain or with lock-free readers (RTE_LOCKFREE)
 *
 * It cannot grow and is made for a fifth more entries than it gets, so that inserts
 * do not fail. On huge pages where the machine has reserved enough of them,
 * otherwise on ordinary ones (its own option --no-huge).
 */
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/table/peer.h"

#define SPARE_PERCENT 20

struct table {
	struct rte_hash *hash;
	size_t bytes;
};

static struct table table;

static size_t rte_peer_allocated(void)
{
	struct rte_malloc_socket_stats stats = { 0 };

	rte_malloc_get_socket_stats(0, &stats);
	return stats.heap_allocsz_bytes;
}

/* Megabytes of reserved and free huge pages. */
static unsigned long rte_peer_huge_mb(void)
{
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	unsigned long n = 0;

	if (f) {
		if (fscanf(f, "%lu", &n) != 1)
			n = 0;
		fclose(f);
	}
	return 2 * n;
}

static bool rte_peer_start(const struct bench_data *d)
{
	/* buckets of 64 bytes for 8 entries, and the keys: below 200 bytes an entry */
	unsigned long mb = 256 + 2 * d->connections * 200 / 1000000;
	bool huge = rte_peer_huge_mb() > mb;
	char megabytes[32];
	char *args[] = { "bench",
		         "--no-pci",
		         "--no-telemetry",
		         "--log-level=error",
		         "--lcores=0@(0-1)",
		         "--no-shconf",
		         "-m",
		         megabytes,
		         huge ? "--in-memory" : "--no-huge" };
	static bool started;

	if (started)
		return true;
	snprintf(megabytes, sizeof(megabytes), "%lu", mb);
	started = rte_eal_init(sizeof(args) / sizeof(args[0]), args) >= 0;
	return started;
}

static void *rte_peer_create(const struct bench_data *d)
{
	struct rte_hash_parameters parameters = {
		.name = "bench",
		.entries = (uint32_t)(2 * d->connections * (100 + SPARE_PERCENT) / 100),
		.key_len = (uint32_t)d->key_size,
		.extra_flag = RTE_LOCKFREE ? RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF : 0,
	};
	size_t before;

	if (!rte_peer_start(d))
		return NULL;
	before = rte_peer_allocated();
	table.hash = rte_hash_create(&parameters);
	if (!table.hash)
		return NULL;
	table.bytes = rte_peer_allocated() - before;
	return &table;
}

static void rte_peer_destroy(void *t)
{
	rte_hash_free(table.hash);
}

static bool rte_peer_insert(void *t, uint64_t hash, const void *key, uint32_t handle)
{
	return rte_hash_add_key_with_hash_data(table.hash, key, (hash_sig_t)hash,
	                                       (void *)(uintptr_t)handle) == 0;
}

static uint32_t rte_peer_find(void *t, uint64_t hash, const void *key)
{
	void *data = NULL;

	if (rte_hash_lookup_with_hash_data(table.hash, key, (hash_sig_t)hash, &data) < 0)
		return 0;
	return (uint32_t)(uintptr_t)data;
}

static void rte_peer_find_bulk(void *t, unsigned int n, const uint64_t *hashes,
                               const void *const *keys, uint32_t *handles)
{
	void *data[RTE_HASH_LOOKUP_BULK_MAX];
	hash_sig_t sigs[RTE_HASH_LOOKUP_BULK_MAX];
	uint64_t hits = 0;

	for (unsigned int i = 0; i < n; i++)
		sigs[i] = (hash_sig_t)hashes[i];
	rte_hash_lookup_with_hash_bulk_data(table.hash, (const void **)(uintptr_t)keys,
	                                    sigs, n, &hits, data);
	for (unsigned int i = 0; i < n; i++)
		handles[i] = hits >> i & 1 ? (uint32_t)(uintptr_t)data[i] : 0;
}

static bool rte_peer_remove(void *t, uint64_t hash, const void *key, uint32_t handle)
{
	int32_t position = rte_hash_del_key_with_hash(table.hash, key, (hash_sig_t)hash);

	if (position < 0)
		return false;
	/* With lock-free readers a place must be freed after a grace period; at once
	 * here. */
	return !RTE_LOCKFREE ||
	       rte_hash_free_key_with_position(table.hash, position) == 0;
}

static uint64_t rte_peer_iterate(void *t)
{
	const void *key;
	uint64_t sum = 0;
	uint32_t next = 0;
	void *data;

	while (rte_hash_iterate(table.hash, &key, &data, &next) >= 0)
		sum += (uintptr_t)data;
	return sum;
}

static size_t rte_peer_bytes(void *t)
{
	return table.bytes;
}

const struct bench_peer bench_peer = {
	.name = RTE_LOCKFREE ? "rte_hash lock-free" : "rte_hash",
	.fixed = true,
	.bulk = RTE_HASH_LOOKUP_BULK_MAX,
	.create = rte_peer_create,
	.destroy = rte_peer_destroy,
	.insert = rte_peer_insert,
	.find = rte_peer_find,
	.find_bulk = rte_peer_find_bulk,
	.remove = rte_peer_remove,
	.iterate = rte_peer_iterate,
	.bytes = rte_peer_bytes,
};
