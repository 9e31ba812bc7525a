/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * prefix.h - longest-prefix matching: address to the value of its closest prefix
 *
 * The hashtrie's sibling. Indexed by address bits instead of hash bits, since what
 * is looked for is not equal to what is stored; otherwise the same manner: nodes
 * with references of 32 bits, replaced as a whole and retired after a grace period,
 * readers without locks. How it looks inside: docs/hashtrie.md.
 *
 *	struct prefix_table *t = prefix_new(PREFIX_IPV4, NULL, NULL);
 *
 *	err = prefix_insert(t, addr, 24, value);
 *	if (prefix_find(t, addr, &value)) ...
 *	err = prefix_remove(t, addr, 24);
 *	prefix_destroy(t);
 *
 * Addresses are 4 or 16 bytes in network order; bits beyond a prefix's length are
 * ignored. Values are the caller's, 0 .. PREFIX_VALUE_MAX.
 *
 * Threads. As the hashtrie: each is registered with RCU and online. Any number of
 * readers; writers take turns by a lock of the table.
 *
 * Guarantees, by the names that docs/hashtrie.md and the tests use:
 *
 * P1 longest  A find returns the value of the longest of those prefixes that match
 *             and are present, as of one instant while it runs for each prefix that
 *             comes or goes meanwhile.
 * P2 whole    An insert that fails (-ENOMEM, -EEXIST) has changed nothing that a find
 *             could tell. A remove needs no memory.
 * P3 local    An insert or a remove rewrites one node of at most 4 KiB and creates or
 *             removes those below it; a prefix shorter than /17 also writes up to
 *             65536 slots of the root (about 0.1 ms for a /1).
 * P4 returned A table that has been emptied holds what its root touched, no node.
 */
#ifndef HASHTRIE_PREFIX_H
#define HASHTRIE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct prefix_table;

/** Bits of an address. */
enum prefix_family {
	PREFIX_IPV4 = 32,
	PREFIX_IPV6 = 128,
};

#define PREFIX_VALUE_MAX (INT32_MAX - 1u)
/** Most addresses that one prefix_find_bulk() takes. */
#define PREFIX_BULK_MAX 64
/** What prefix_find_bulk() gives where nothing matches. */
#define PREFIX_NONE UINT32_MAX

/* ---- life -------------------------------------------------------------------- */

/**
 * An empty table. @permit(@ctx, bytes) is asked before memory is taken; NULL: always
 * granted. Returns NULL when memory is short.
 */
struct prefix_table *prefix_new(enum prefix_family family,
                                bool (*permit)(void *ctx, size_t bytes),
                                void *ctx) BASE_MUST_CHECK;

/** Free the table, full or empty; NULL is allowed. No thread may use it any more. */
void prefix_destroy(struct prefix_table *t);

/* ---- readers ----------------------------------------------------------------- */

/** Does a prefix match @addr? Then *@value is that of the longest (P1). */
bool prefix_find(const struct prefix_table *t, const void *addr, uint32_t *value);

/** Find @n addresses at once, @n <= PREFIX_BULK_MAX: values[i] or PREFIX_NONE. */
void prefix_find_bulk(const struct prefix_table *t, unsigned int n,
                      const void *const *addrs, uint32_t *values);

/* ---- writers ----------------------------------------------------------------- */

/**
 * Add @addr/@length. Returns 0, -EEXIST when just this prefix is there, -EINVAL for a
 * length or value out of range, or -ENOMEM.
 */
int prefix_insert(struct prefix_table *t, const void *addr, unsigned int length,
                  uint32_t value) BASE_MUST_CHECK;

/** Remove @addr/@length. Returns 0, -ENOENT, or -EINVAL for a length out of range. */
int prefix_remove(struct prefix_table *t, const void *addr, unsigned int length);

/** Is just this prefix there? Then *@value is its value. Takes the writers' lock. */
bool prefix_get(struct prefix_table *t, const void *addr, unsigned int length,
                uint32_t *value);

/* ---- numbers ----------------------------------------------------------------- */

struct prefix_stats {
	uint64_t prefixes;
	uint64_t nodes;
	uint64_t bytes;       /* nodes, retired ones included */
	uint64_t bytes_limbo; /* of these: wait for the grace period */
};

void prefix_stats(struct prefix_table *t, struct prefix_stats *stats);

#endif
