/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer_ck_ht.c - Concurrency Kit's ck_ht, single writer and many readers */
#include <ck_ht.h>
#include <stdlib.h>

#include "tests/bench/table/peer.h"

struct table {
	ck_ht_t ht;
	const struct bench_data *data;
	size_t bytes;
};

static struct table table;

static void *ck_peer_malloc(size_t bytes)
{
	table.bytes += bytes;
	return malloc(bytes);
}

static void ck_peer_free(void *p, size_t bytes, bool defer)
{
	table.bytes -= bytes;
	free(p);
}

static struct ck_malloc ck_peer_allocator = { .malloc = ck_peer_malloc,
	                                      .free = ck_peer_free };

/* Asked when the table grows: all keys in it are in the flows. */
static void ck_peer_hash(ck_ht_hash_t *h, const void *key, size_t length, uint64_t seed)
{
	const struct bench_side *side = key;

	h->value = table.data->hashes[side - &table.data->flows[0].side[0]];
}

static void *ck_peer_create(const struct bench_data *d)
{
	table.data = d;
	table.bytes = 0;
	return ck_ht_init(&table.ht, CK_HT_MODE_BYTESTRING, ck_peer_hash,
	                  &ck_peer_allocator, 64, 0)
	               ? &table
	               : NULL;
}

static void ck_peer_destroy(void *t)
{
	ck_ht_destroy(&table.ht);
}

static bool ck_peer_insert(void *t, uint64_t hash, const void *key, uint32_t handle)
{
	ck_ht_hash_t h = { .value = hash };
	ck_ht_entry_t entry;

	ck_ht_entry_set(&entry, h, bench_side(table.data, handle),
	                (uint16_t)table.data->key_size, bench_side(table.data, handle));
	return ck_ht_put_spmc(&table.ht, h, &entry);
}

static uint32_t ck_peer_find(void *t, uint64_t hash, const void *key)
{
	ck_ht_hash_t h = { .value = hash };
	ck_ht_entry_t entry;
	struct bench_side *side;

	ck_ht_entry_key_set(&entry, key, (uint16_t)table.data->key_size);
	if (!ck_ht_get_spmc(&table.ht, h, &entry))
		return 0;
	side = ck_ht_entry_value(&entry);
	return (uint32_t)(side - &table.data->flows[0].side[0]);
}

static bool ck_peer_remove(void *t, uint64_t hash, const void *key, uint32_t handle)
{
	ck_ht_hash_t h = { .value = hash };
	ck_ht_entry_t entry;

	ck_ht_entry_key_set(&entry, key, (uint16_t)table.data->key_size);
	return ck_ht_remove_spmc(&table.ht, h, &entry);
}

static uint64_t ck_peer_iterate(void *t)
{
	ck_ht_iterator_t iterator = CK_HT_ITERATOR_INITIALIZER;
	ck_ht_entry_t *entry;
	uint64_t sum = 0;

	while (ck_ht_next(&table.ht, &iterator, &entry)) {
		struct bench_side *side = ck_ht_entry_value(entry);

		sum += (uint64_t)(side - &table.data->flows[0].side[0]);
	}
	return sum;
}

static size_t ck_peer_bytes(void *t)
{
	return table.bytes;
}

const struct bench_peer bench_peer = {
	.name = "ck_ht",
	.create = ck_peer_create,
	.destroy = ck_peer_destroy,
	.insert = ck_peer_insert,
	.find = ck_peer_find,
	.remove = ck_peer_remove,
	.iterate = ck_peer_iterate,
	.bytes = ck_peer_bytes,
};
