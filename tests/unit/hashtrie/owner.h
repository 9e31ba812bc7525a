/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * owner.h - the simplest owner of a hashtrie, for tests
 *
 * Keys are 64-bit numbers, handle h stands for keys[h]. The hash is the key itself
 * or a mix of it, so that a test chooses how entries collide. Memory can be made
 * to run out.
 */
#ifndef TESTS_HASHTRIE_OWNER_H
#define TESTS_HASHTRIE_OWNER_H

#include <stdint.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/rcu.h"
#include "hashtrie/hashtrie.h"

struct owner {
	uint64_t *keys;
	long budget;  /* allocations still allowed; negative: no limit */
	long asked;   /* allocations asked for */
	long refused; /* of these */
};

static inline bool owner_match(void *ctx, uint32_t handle, const void *key)
{
	const struct owner *o = ctx;

	return __atomic_load_n(&o->keys[handle], __ATOMIC_RELAXED) ==
	       *(const uint64_t *)key;
}

static inline bool owner_permit(void *ctx, size_t bytes)
{
	struct owner *o = ctx;

	__atomic_add_fetch(&o->asked, 1, __ATOMIC_RELAXED);
	if (o->budget < 0)
		return true;
	if (o->budget == 0) {
		o->refused++;
		return false;
	}
	o->budget--;
	return true;
}

static const struct hashtrie_ops owner_ops = { .match = owner_match,
	                                       .permit = owner_permit };

/** An owner of handles 1 .. @n. */
static inline struct owner owner_new(size_t n)
{
	return (struct owner){ .keys = calloc(n + 1, sizeof(uint64_t)), .budget = -1 };
}

static inline void owner_free(struct owner *o)
{
	free(o->keys);
}

/** A good hash without a secret (the finaliser of splitmix64). */
static inline uint64_t owner_mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/** Let everything that was retired be freed. */
static inline void owner_settle(struct hashtrie *t)
{
	struct hashtrie_stats stats;

	do {
		urcu_qsbr_barrier();
		hashtrie_stats(t, &stats);
	} while (stats.bytes_limbo > 0);
	urcu_qsbr_barrier(); /* the last callback has freed all, and may be closing chunks */
}

#endif
