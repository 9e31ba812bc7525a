/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer_prefix.c - ours */
#include "base/rcu.h"
#include "hashtrie/prefix.h"
#include "tests/bench/lpm/peer.h"

static struct prefix_table *table;

static bool prefix_peer_create(int family, size_t prefixes)
{
	urcu_qsbr_register_thread();
	table = prefix_new(family == 4 ? PREFIX_IPV4 : PREFIX_IPV6, NULL, NULL);
	return table != NULL;
}

static bool prefix_peer_insert(const uint8_t *addr, unsigned int length, uint32_t value)
{
	return prefix_insert(table, addr, length, value) == 0;
}

static bool prefix_peer_remove(const uint8_t *addr, unsigned int length)
{
	return prefix_remove(table, addr, length) == 0;
}

static uint32_t prefix_peer_find(const uint8_t *addr)
{
	uint32_t value;

	return prefix_find(table, addr, &value) ? value : LPM_NONE;
}

static void prefix_peer_find_bulk(unsigned int n, const uint8_t *const *addrs,
                                  uint32_t *values)
{
	prefix_find_bulk(table, n, (const void *const *)addrs, values);
}

static void prefix_peer_thread(bool begins)
{
	if (begins)
		urcu_qsbr_register_thread();
	else
		urcu_qsbr_unregister_thread();
}

/* The nodes; the root's megabyte is added, touched or not. */
static size_t prefix_peer_bytes(void)
{
	struct prefix_stats stats;

	do {
		urcu_qsbr_barrier();
		prefix_stats(table, &stats);
	} while (stats.bytes_limbo);
	urcu_qsbr_barrier(); /* the last callback may still be closing chunks */
	prefix_stats(table, &stats);
	return stats.bytes + (1u << 20);
}

const struct lpm_peer lpm_peer = {
	.name = "prefix trie",
	.ipv4 = true,
	.ipv6 = true,
	.create = prefix_peer_create,
	.insert = prefix_peer_insert,
	.remove = prefix_peer_remove,
	.find = prefix_peer_find,
	.find_bulk = prefix_peer_find_bulk,
	.bytes = prefix_peer_bytes,
	.quiet = rcu_quiet,
	.thread = prefix_peer_thread,
};
