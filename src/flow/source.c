/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source.c - chained buckets in shards
 *
 * Nodes are numbers in one array; what was never used is handed out in order, so that memory is
 * touched as it is needed. A shard's lock guards its buckets and their chains; the lock of the
 * free nodes is taken inside it.
 */
#include "flow/source.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/base.h"
#include "base/spin.h"

/* Buckets for each source that there may be: chains of two when the table is full. */
#define SOURCE_LOAD 2

struct source_key {
	uint8_t address[16];
	uint16_t zone;
	uint8_t l3;
	uint8_t unused;
};

struct source {
	struct source_key key;
	uint32_t flows;
	uint32_t next; /* in its chain, or among the free; 0: none */
};

struct shard {
	struct spin lock;
} BASE_ALIGNED(BASE_CACHELINE);

struct sources {
	struct siphash_key key;
	uint32_t max, mask;
	uint32_t *buckets;    /* the lowest bits of a bucket's number are its shard's */
	struct source *nodes; /* number 0 is unused */
	struct spin lock;     /* of the next two */
	uint32_t free, fresh;
	struct shard shards[SOURCE_SHARDS];
};

static uint32_t buckets_for(uint32_t max)
{
	uint32_t buckets = SOURCE_SHARDS;

	while (buckets < max / SOURCE_LOAD)
		buckets *= 2;
	return buckets;
}

struct sources *sources_new(uint32_t max, const struct siphash_key *key)
{
	struct sources *s = aligned_alloc(BASE_CACHELINE, sizeof(*s));

	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->key = *key;
	s->max = max;
	s->mask = buckets_for(max) - 1;
	s->fresh = 1;
	s->buckets = calloc((size_t)s->mask + 1, sizeof(*s->buckets));
	s->nodes = calloc((size_t)max + 1, sizeof(*s->nodes));
	if (s->buckets && s->nodes)
		return s;
	sources_destroy(s);
	return NULL;
}

void sources_destroy(struct sources *s)
{
	if (!s)
		return;
	free(s->buckets);
	free(s->nodes);
	free(s);
}

static void key_of(const struct tuple *t, struct source_key *key)
{
	memset(key, 0, sizeof(*key));
	key->l3 = t->l3;
	key->zone = t->zone;
	memcpy(key->address, t->src, t->l3 == AF_INET ? 4 : SOURCE_IP6_BITS / 8);
}

static uint32_t bucket_of(const struct sources *s, const struct source_key *key)
{
	return (uint32_t)siphash(key, sizeof(*key), &s->key) & s->mask;
}

static struct spin *lock_of(struct sources *s, uint32_t bucket)
{
	return &s->shards[bucket % SOURCE_SHARDS].lock;
}

static uint32_t node_take(struct sources *s)
{
	uint32_t node;

	spin_lock(&s->lock);
	node = s->free;
	if (node)
		s->free = s->nodes[node].next;
	else if (s->fresh <= s->max)
		node = s->fresh++;
	spin_unlock(&s->lock);
	return node;
}

static void node_free(struct sources *s, uint32_t node)
{
	spin_lock(&s->lock);
	s->nodes[node].next = s->free;
	s->free = node;
	spin_unlock(&s->lock);
}

/* Where the number of the key's node stands, or the end of the chain. */
static uint32_t *chain_find(struct sources *s, uint32_t bucket,
                            const struct source_key *key)
{
	uint32_t *at = &s->buckets[bucket];

	while (*at && memcmp(&s->nodes[*at].key, key, sizeof(*key)))
		at = &s->nodes[*at].next;
	return at;
}

/* There are never more sources than flows, so a node is always left. */
static void chain_begin(struct sources *s, uint32_t *at, const struct source_key *key)
{
	uint32_t node = node_take(s);

	assert(node);
	s->nodes[node] = (struct source){ .key = *key, .flows = 1 };
	*at = node;
}

bool source_take(struct sources *s, const struct tuple *t, uint32_t limit)
{
	struct source_key key;
	uint32_t bucket, *at;
	bool taken = true;

	key_of(t, &key);
	bucket = bucket_of(s, &key);
	spin_lock(lock_of(s, bucket));
	at = chain_find(s, bucket, &key);
	if (!*at)
		chain_begin(s, at, &key);
	else if (s->nodes[*at].flows < limit)
		s->nodes[*at].flows++;
	else
		taken = false;
	spin_unlock(lock_of(s, bucket));
	return taken;
}

void source_put(struct sources *s, const struct tuple *t)
{
	struct source_key key;
	uint32_t bucket, *at, node;

	key_of(t, &key);
	bucket = bucket_of(s, &key);
	spin_lock(lock_of(s, bucket));
	at = chain_find(s, bucket, &key);
	node = *at;
	assert(node && s->nodes[node].flows);
	if (--s->nodes[node].flows == 0) {
		*at = s->nodes[node].next;
		node_free(s, node);
	}
	spin_unlock(lock_of(s, bucket));
}

uint32_t source_count(struct sources *s, const struct tuple *t)
{
	struct source_key key;
	uint32_t bucket, *at, flows;

	key_of(t, &key);
	bucket = bucket_of(s, &key);
	spin_lock(lock_of(s, bucket));
	at = chain_find(s, bucket, &key);
	flows = *at ? s->nodes[*at].flows : 0;
	spin_unlock(lock_of(s, bucket));
	return flows;
}
