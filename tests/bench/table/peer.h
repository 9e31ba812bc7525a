/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peer.h - what a connection table must do to take part in the benchmark
 *
 * A peer is a shared object with one symbol, bench_peer. All peers get the same
 * connections in the same order with the same keyed hashes; what they link into
 * lists stands in the connection itself (struct bench_side.link), as it would in a
 * program that uses them.
 */
#ifndef TESTS_BENCH_TABLE_PEER_H
#define TESTS_BENCH_TABLE_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A tuple as it would be in memory: IPv4 fills 16 bytes, IPv6 40. */
struct bench_key {
	uint8_t bytes[40];
};

/* One direction of a connection. */
struct bench_side {
	struct bench_key key;
	uint64_t link[7]; /* for peers that chain entries: their node */
};

struct bench_flow {
	struct bench_side side[2];
};

/* Handles as ctqd's flow table has them: index << 1 | direction. 0 is no handle. */
struct bench_data {
	struct bench_flow *flows; /* [1 .. connections] */
	const uint64_t *hashes;   /* of handle h: hashes[h] */
	size_t connections;
	size_t key_size;
	uint64_t (*hash)(const void *key); /* what made the hashes, for rehashing */
};

#define BENCH_HANDLES(d) (2 * (d)->connections + 2)

static inline struct bench_side *bench_side(const struct bench_data *d, uint32_t handle)
{
	return &d->flows[handle >> 1].side[handle & 1];
}

/* Constant sizes, so that the compiler compares without a call. */
static inline bool bench_key_equal(const struct bench_data *d, const void *a,
                                   const void *b)
{
	return d->key_size == 16 ? memcmp(a, b, 16) == 0 : memcmp(a, b, 40) == 0;
}

struct bench_peer {
	const char *name;
	bool fixed;        /* made for a number of entries; cannot grow */
	size_t link_bytes; /* of bench_side.link that it uses, for each entry */
	/* The most keys find_bulk() takes; 0: no bulk lookups. */
	unsigned int bulk;
	void *(*create)(const struct bench_data *d);
	void (*destroy)(void *t);
	bool (*insert)(void *t, uint64_t hash, const void *key, uint32_t handle);
	uint32_t (*find)(void *t, uint64_t hash, const void *key);
	void (*find_bulk)(void *t, unsigned int n, const uint64_t *hashes,
	                  const void *const *keys, uint32_t *handles);
	/* An operation with this hash comes soon. NULL: the table has no use for that. */
	void (*prefetch)(void *t, uint64_t hash);
	bool (*remove)(void *t, uint64_t hash, const void *key, uint32_t handle);
	/* Visit all entries; returns the sum of their handles. */
	uint64_t (*iterate)(void *t);
	/* Once in a while: the quiescent state of those who need one. May be NULL. */
	void (*quiet)(void);
	/* Bytes used by the table itself, links in the entries not counted. May be NULL:
	 * the benchmark takes the growth of the process. */
	size_t (*bytes)(void *t);
};

extern const struct bench_peer bench_peer __attribute__((visibility("default")));

#ifdef __cplusplus
}
#endif

#endif
