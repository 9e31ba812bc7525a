/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peer.h - what a longest-prefix table must do to take part in the benchmark
 *
 * A peer is a shared object with one symbol, lpm_peer. Addresses are in network
 * order, 4 or 16 bytes.
 */
#ifndef TESTS_BENCH_LPM_PEER_H
#define TESTS_BENCH_LPM_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LPM_NONE UINT32_MAX

struct lpm_peer {
	const char *name;
	bool ipv4, ipv6;
	bool (*create)(int family, size_t prefixes);
	bool (*insert)(const uint8_t *addr, unsigned int length, uint32_t value);
	bool (*remove)(const uint8_t *addr, unsigned int length);
	uint32_t (*find)(const uint8_t *addr);
	void (*find_bulk)(unsigned int n, const uint8_t *const *addrs, uint32_t *values);
	size_t (*bytes)(void);
	void (*quiet)(void); /* or NULL */
	/* A thread that changes the table begins or ends; or NULL. */
	void (*thread)(bool begins);
};

extern const struct lpm_peer lpm_peer __attribute__((visibility("default")));

#endif
