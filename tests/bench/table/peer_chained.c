/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peer_chained.c - chains in a static array of buckets, as the kernel's tracker has
 *
 * Doubly linked, so that removal needs no search. CHAINED_BUCKETS is 262144, the
 * kernel's most by default, or 0: as many buckets as entries.
 */
#include <stdlib.h>

#include "tests/bench/table/peer.h"

struct node {
	struct node *next, **prev;
};

struct chained {
	const struct bench_data *data;
	struct node **heads;
	uint64_t mask;
	size_t bytes;
};

static struct node *chained_node(const struct bench_data *d, uint32_t handle)
{
	return (struct node *)(void *)bench_side(d, handle)->link;
}

static struct bench_side *node_side(struct node *n)
{
	return (struct bench_side *)(void *)((char *)n -
	                                     offsetof(struct bench_side, link));
}

static void *chained_create(const struct bench_data *d)
{
	struct chained *c = calloc(1, sizeof(*c));
	size_t buckets = CHAINED_BUCKETS;

	if (!buckets)
		for (buckets = 1; buckets < 2 * d->connections; buckets *= 2)
			;
	c->data = d;
	c->heads = calloc(buckets, sizeof(*c->heads));
	c->mask = buckets - 1;
	c->bytes = buckets * sizeof(*c->heads);
	return c;
}

static void chained_destroy(void *t)
{
	struct chained *c = t;

	free(c->heads);
	free(c);
}

static struct bench_side *chained_side(struct chained *c, uint64_t hash, const void *key)
{
	for (struct node *n = c->heads[hash & c->mask]; n; n = n->next)
		if (bench_key_equal(c->data, &node_side(n)->key, key))
			return node_side(n);
	return NULL;
}

static uint32_t side_handle(struct chained *c, struct bench_side *side)
{
	return (uint32_t)(side - &c->data->flows[0].side[0]);
}

static bool chained_insert(void *t, uint64_t hash, const void *key, uint32_t handle)
{
	struct chained *c = t;
	struct node *n = chained_node(c->data, handle),
		    **head = &c->heads[hash & c->mask];

	if (chained_side(c, hash, key))
		return false;
	n->next = *head;
	n->prev = head;
	if (*head)
		(*head)->prev = &n->next;
	*head = n;
	return true;
}

static uint32_t chained_find(void *t, uint64_t hash, const void *key)
{
	struct bench_side *side = chained_side(t, hash, key);

	return side ? side_handle(t, side) : 0;
}

static void chained_prefetch(void *t, uint64_t hash)
{
	struct chained *c = t;

	__builtin_prefetch(&c->heads[hash & c->mask]);
}

static bool chained_remove(void *t, uint64_t hash, const void *key, uint32_t handle)
{
	struct chained *c = t;
	struct node *n = chained_node(c->data, handle);

	*n->prev = n->next;
	if (n->next)
		n->next->prev = n->prev;
	return true;
}

static uint64_t chained_iterate(void *t)
{
	struct chained *c = t;
	uint64_t sum = 0;

	for (uint64_t i = 0; i <= c->mask; i++)
		for (struct node *n = c->heads[i]; n; n = n->next)
			sum += side_handle(c, node_side(n));
	return sum;
}

static size_t chained_bytes(void *t)
{
	return ((struct chained *)t)->bytes;
}

const struct bench_peer bench_peer = {
	.name = CHAINED_BUCKETS ? "chained 262144" : "chained n",
	.fixed = true,
	.link_bytes = sizeof(struct node),
	.create = chained_create,
	.destroy = chained_destroy,
	.insert = chained_insert,
	.find = chained_find,
	.prefetch = chained_prefetch,
	.remove = chained_remove,
	.iterate = chained_iterate,
	.bytes = chained_bytes,
};
