/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer_hashtrie.c - ours */
#include <stdlib.h>

#include "base/rcu.h"
#include "hashtrie/hashtrie.h"
#include "tests/bench/table/peer.h"

static bool hashtrie_peer_match(void *ctx, uint32_t handle, const void *key)
{
	const struct bench_data *d = ctx;

	return bench_key_equal(d, &bench_side(d, handle)->key, key);
}

static void hashtrie_peer_prefetch(void *ctx, uint32_t handle)
{
	__builtin_prefetch(&bench_side(ctx, handle)->key);
}

static const struct hashtrie_ops hashtrie_peer_ops = {
	.match = hashtrie_peer_match,
	.prefetch = hashtrie_peer_prefetch,
};

static void *hashtrie_peer_create(const struct bench_data *d)
{
	static bool registered;

	if (!registered)
		urcu_qsbr_register_thread();
	registered = true;
	return hashtrie_new(&hashtrie_peer_ops, (void *)(uintptr_t)d);
}

static void hashtrie_peer_destroy(void *t)
{
	hashtrie_destroy(t);
}

static bool hashtrie_peer_insert(void *t, uint64_t hash, const void *key, uint32_t handle)
{
	return hashtrie_insert(t, hash, key, handle, NULL) == 0;
}

static uint32_t hashtrie_peer_find(void *t, uint64_t hash, const void *key)
{
	return hashtrie_find(t, hash, key);
}

static void hashtrie_peer_find_bulk(void *t, unsigned int n, const uint64_t *hashes,
                                    const void *const *keys, uint32_t *handles)
{
	hashtrie_find_bulk(t, n, hashes, keys, handles);
}

static void hashtrie_peer_announce(void *t, uint64_t hash)
{
	hashtrie_prefetch(t, hash);
}

static bool hashtrie_peer_remove(void *t, uint64_t hash, const void *key, uint32_t handle)
{
	return hashtrie_remove(t, hash, handle) == 0;
}

static uint64_t hashtrie_peer_iterate(void *t)
{
	struct hashtrie_cursor cursor = HASHTRIE_CURSOR_START;
	uint32_t handles[512];
	uint64_t sum = 0;
	unsigned int n;

	while ((n = hashtrie_next(t, &cursor, handles, 512)) > 0)
		for (unsigned int i = 0; i < n; i++)
			sum += handles[i];
	return sum;
}

static size_t hashtrie_peer_bytes(void *t)
{
	struct hashtrie_stats stats;

	do {
		urcu_qsbr_barrier();
		hashtrie_stats(t, &stats);
	} while (stats.bytes_limbo > 0);
	urcu_qsbr_barrier(); /* the last callback may still be closing chunks */
	hashtrie_stats(t, &stats);
	return stats.bytes_held;
}

const struct bench_peer bench_peer = {
	.name = "hashtrie",
	.bulk = HASHTRIE_BULK_MAX,
	.create = hashtrie_peer_create,
	.destroy = hashtrie_peer_destroy,
	.insert = hashtrie_peer_insert,
	.find = hashtrie_peer_find,
	.find_bulk = hashtrie_peer_find_bulk,
	.prefetch = hashtrie_peer_announce,
	.remove = hashtrie_peer_remove,
	.iterate = hashtrie_peer_iterate,
	.quiet = rcu_quiet,
	.bytes = hashtrie_peer_bytes,
};
