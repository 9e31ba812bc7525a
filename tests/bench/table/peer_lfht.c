/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer_lfht.c - liburcu's cds_lfht, resizing by itself as its manual advises */
#include <urcu/urcu-qsbr.h>
#include <urcu/rculfhash.h>

#include "tests/bench/table/peer.h"

struct lfht {
	struct cds_lfht *ht;
	const struct bench_data *data;
};

static struct lfht lfht;

static struct cds_lfht_node *lfht_node(const struct bench_data *d, uint32_t handle)
{
	return (struct cds_lfht_node *)(void *)bench_side(d, handle)->link;
}

static struct bench_side *lfht_side(struct cds_lfht_node *n)
{
	return caa_container_of((uint64_t(*)[7])(void *)n, struct bench_side, link);
}

static uint32_t lfht_handle(struct cds_lfht_node *n)
{
	return (uint32_t)(lfht_side(n) - &lfht.data->flows[0].side[0]);
}

static int lfht_match(struct cds_lfht_node *n, const void *key)
{
	return bench_key_equal(lfht.data, &lfht_side(n)->key, key);
}

static void *lfht_create(const struct bench_data *d)
{
	static bool registered;

	if (!registered)
		urcu_qsbr_register_thread();
	registered = true;
	lfht.data = d;
	lfht.ht =
		cds_lfht_new_flavor(64, 64, 0, CDS_LFHT_AUTO_RESIZE | CDS_LFHT_ACCOUNTING,
	                            &urcu_qsbr_flavor, NULL);
	return lfht.ht ? &lfht : NULL;
}

static void lfht_destroy(void *t)
{
	struct cds_lfht_iter iter;
	struct cds_lfht_node *n;

	cds_lfht_for_each(lfht.ht, &iter, n) cds_lfht_del(lfht.ht, n);
	urcu_qsbr_quiescent_state();
	urcu_qsbr_thread_offline();
	cds_lfht_destroy(lfht.ht, NULL);
	urcu_qsbr_thread_online();
}

static bool lfht_insert(void *t, uint64_t hash, const void *key, uint32_t handle)
{
	struct cds_lfht_node *n = lfht_node(lfht.data, handle);

	cds_lfht_node_init(n);
	return cds_lfht_add_unique(lfht.ht, hash, lfht_match, key, n) == n;
}

static uint32_t lfht_find(void *t, uint64_t hash, const void *key)
{
	struct cds_lfht_iter iter;
	struct cds_lfht_node *n;

	cds_lfht_lookup(lfht.ht, hash, lfht_match, key, &iter);
	n = cds_lfht_iter_get_node(&iter);
	return n ? lfht_handle(n) : 0;
}

static bool lfht_remove(void *t, uint64_t hash, const void *key, uint32_t handle)
{
	return cds_lfht_del(lfht.ht, lfht_node(lfht.data, handle)) == 0;
}

static uint64_t lfht_iterate(void *t)
{
	struct cds_lfht_iter iter;
	struct cds_lfht_node *n;
	uint64_t sum = 0;

	cds_lfht_for_each(lfht.ht, &iter, n) sum += lfht_handle(n);
	return sum;
}

static void lfht_quiet(void)
{
	urcu_qsbr_quiescent_state();
}

const struct bench_peer bench_peer = {
	.name = "liburcu lfht",
	.link_bytes = sizeof(struct cds_lfht_node),
	.create = lfht_create,
	.destroy = lfht_destroy,
	.insert = lfht_insert,
	.find = lfht_find,
	.remove = lfht_remove,
	.iterate = lfht_iterate,
	.quiet = lfht_quiet,
};
