/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer_uthash.c - uthash, with the hash given */
#include <stdlib.h>
#include <uthash.h>

#include "tests/bench/table/peer.h"

/* As struct bench_side, its link by uthash's name. */
struct side {
	struct bench_key key;
	UT_hash_handle hh;
};
_Static_assert(sizeof(struct side) == sizeof(struct bench_side), "same place");

struct table {
	struct side *head;
	const struct bench_data *data;
};

static void *uthash_create(const struct bench_data *d)
{
	struct table *t = calloc(1, sizeof(*t));

	t->data = d;
	return t;
}

static void uthash_destroy(void *p)
{
	struct table *t = p;

	HASH_CLEAR(hh, t->head);
	free(t);
}

static struct side *uthash_side(struct table *t, uint64_t hash, const void *key)
{
	struct side *found;

	HASH_FIND_BYHASHVALUE(hh, t->head, key, t->data->key_size, (unsigned int)hash,
	                      found);
	return found;
}

static uint32_t uthash_handle(struct table *t, struct side *side)
{
	return (uint32_t)(side - (struct side *)(void *)t->data->flows);
}

static bool uthash_insert(void *p, uint64_t hash, const void *key, uint32_t handle)
{
	struct table *t = p;
	struct side *side = (struct side *)(void *)bench_side(t->data, handle);

	if (uthash_side(t, hash, key))
		return false;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, t->head, &side->key, t->data->key_size,
	                            (unsigned int)hash, side);
	return true;
}

static uint32_t uthash_find(void *p, uint64_t hash, const void *key)
{
	struct side *side = uthash_side(p, hash, key);

	return side ? uthash_handle(p, side) : 0;
}

static bool uthash_remove(void *p, uint64_t hash, const void *key, uint32_t handle)
{
	struct table *t = p;
	struct side *side = (struct side *)(void *)bench_side(t->data, handle);

	HASH_DELETE(hh, t->head, side);
	return true;
}

static uint64_t uthash_iterate(void *p)
{
	struct table *t = p;
	uint64_t sum = 0;

	for (struct side *s = t->head; s; s = s->hh.next)
		sum += uthash_handle(t, s);
	return sum;
}

static size_t uthash_bytes(void *p)
{
	struct table *t = p;

	return HASH_OVERHEAD(hh, t->head) - HASH_COUNT(t->head) * sizeof(UT_hash_handle);
}

const struct bench_peer bench_peer = {
	.name = "uthash",
	.link_bytes = sizeof(UT_hash_handle),
	.create = uthash_create,
	.destroy = uthash_destroy,
	.insert = uthash_insert,
	.find = uthash_find,
	.remove = uthash_remove,
	.iterate = uthash_iterate,
	.bytes = uthash_bytes,
};
