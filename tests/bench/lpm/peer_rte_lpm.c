/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer_rte_lpm.c - DPDK's rte_lpm and rte_lpm6, made large enough */
#include <rte_eal.h>
#include <rte_lpm.h>
#include <rte_lpm6.h>
#include <rte_malloc.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/lpm/peer.h"

#define BULK_MAX 64

static struct rte_lpm *lpm4;
static struct rte_lpm6 *lpm6;
static size_t bytes;

static uint32_t host32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static size_t rte_peer_allocated(void)
{
	struct rte_malloc_socket_stats stats = { 0 };

	rte_malloc_get_socket_stats(0, &stats);
	return stats.heap_allocsz_bytes;
}

static bool rte_peer_create(int family, size_t prefixes)
{
	struct rte_lpm_config config4 = {
		.max_rules = (uint32_t)prefixes + 1024,
		.number_tbl8s = 1u << 17,
	};
	struct rte_lpm6_config config6 = {
		.max_rules = (uint32_t)prefixes + 1024,
		.number_tbl8s = 1u << 20,
	};
	char *args[] = { "bench",
		         "--no-pci",
		         "--no-telemetry",
		         "--log-level=error",
		         "--lcores=0@(0-1)",
		         "--no-shconf",
		         "--no-huge",
		         "-m",
		         "3000" };
	size_t before;

	if (rte_eal_init(sizeof(args) / sizeof(args[0]), args) < 0)
		return false;
	before = rte_peer_allocated();
	if (family == 4)
		lpm4 = rte_lpm_create("bench", SOCKET_ID_ANY, &config4);
	else
		lpm6 = rte_lpm6_create("bench", SOCKET_ID_ANY, &config6);
	bytes = rte_peer_allocated() - before;
	return lpm4 || lpm6;
}

static bool rte_peer_insert(const uint8_t *addr, unsigned int length, uint32_t value)
{
	if (lpm4)
		return rte_lpm_add(lpm4, host32(addr), (uint8_t)length, value) == 0;
	return rte_lpm6_add(lpm6, addr, (uint8_t)length, value) == 0;
}

static bool rte_peer_remove(const uint8_t *addr, unsigned int length)
{
	if (lpm4)
		return rte_lpm_delete(lpm4, host32(addr), (uint8_t)length) == 0;
	return rte_lpm6_delete(lpm6, addr, (uint8_t)length) == 0;
}

static uint32_t rte_peer_find(const uint8_t *addr)
{
	uint32_t value;

	if (lpm4)
		return rte_lpm_lookup(lpm4, host32(addr), &value) == 0 ? value : LPM_NONE;
	return rte_lpm6_lookup(lpm6, addr, &value) == 0 ? value : LPM_NONE;
}

static void rte_peer_find_bulk(unsigned int n, const uint8_t *const *addrs,
                               uint32_t *values)
{
	uint8_t addrs6[BULK_MAX][RTE_LPM6_IPV6_ADDR_SIZE];
	int32_t values6[BULK_MAX];
	uint32_t addrs4[BULK_MAX];

	if (lpm4) {
		for (unsigned int i = 0; i < n; i++)
			addrs4[i] = host32(addrs[i]);
		rte_lpm_lookup_bulk(lpm4, addrs4, values, n);
		for (unsigned int i = 0; i < n; i++)
			values[i] = values[i] & RTE_LPM_LOOKUP_SUCCESS
			                    ? values[i] & 0xffffff
			                    : LPM_NONE;
		return;
	}
	for (unsigned int i = 0; i < n; i++)
		memcpy(addrs6[i], addrs[i], RTE_LPM6_IPV6_ADDR_SIZE);
	rte_lpm6_lookup_bulk_func(lpm6, addrs6, values6, n);
	for (unsigned int i = 0; i < n; i++)
		values[i] = values6[i] < 0 ? LPM_NONE : (uint32_t)values6[i];
}

static size_t rte_peer_bytes(void)
{
	return bytes;
}

const struct lpm_peer lpm_peer = {
	.name = "rte_lpm",
	.ipv4 = true,
	.ipv6 = true,
	.create = rte_peer_create,
	.insert = rte_peer_insert,
	.remove = rte_peer_remove,
	.find = rte_peer_find,
	.find_bulk = rte_peer_find_bulk,
	.bytes = rte_peer_bytes,
};
