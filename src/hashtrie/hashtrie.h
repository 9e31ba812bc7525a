/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hashtrie.h - a concurrent set of 32-bit handles, found by hash
 *
 * The table stores no keys and knows none: an entry is a handle of the caller's
 * (for flows: slab index and direction), filed under the 64-bit hash of its key.
 * Where the key matters the table asks the caller, through struct hashtrie_ops.
 * It grows and shrinks piece by piece: there is no size to configure, no rehash
 * and no stall. How it looks inside: docs/hashtrie.md.
 *
 *	static const struct hashtrie_ops ops = { .match = flow_has_key };
 *	struct hashtrie *t = hashtrie_new(&ops, slab);
 *
 *	err = hashtrie_insert(t, hash, &key, handle, &standing);
 *	handle = hashtrie_find(t, hash, &key);              (HASHTRIE_NONE: no such)
 *	err = hashtrie_remove(t, hash, handle);
 *	hashtrie_destroy(t);
 *
 * Hashes. The table uses the upper 32 bits only, the *tag*. They must be uniform
 * and, where outsiders choose keys, unguessable (base/siphash.h). Entries with
 * equal tags are told apart by match() alone; see G5 for how many there may be.
 *
 * Threads. Any number of readers and writers at once. Every thread that calls
 * anything here is registered with RCU and online (base/rcu.h). Readers take no
 * lock and do no atomic read-modify-write. Writers lock one of 64 subtrees,
 * chosen by the hash's top six bits, and wait for nothing but each other.
 * ops.match is also called with such a lock held: it must not call the table.
 *
 * Ownership. The table owns no entry. A handle that find or next has returned may
 * be resolved until the calling thread's next quiescent state, provided that the
 * caller removes an entry from the table first, then waits for a grace period
 * (rcu_defer()), and only then reuses what the handle stands for.
 *
 * Guarantees, by the names that docs/hashtrie.md and the tests use:
 *
 * G1 found    A find that begins after an entry's insert has returned and ends
 *             before its remove begins finds it, whatever is split or merged.
 * G2 unique   Of several inserts of one key, at whatever time, one succeeds; the
 *             others get -EEXIST and the handle that stands.
 * G3 once     A dump (struct hashtrie_cursor) delivers each entry that is present
 *             from its first call to its last exactly once, and no entry twice; but one
 *             that is removed and inserted again with the same tag and handle, all while
 *             one call reads its leaf, it may deliver twice in that call. Who waits for a
 *             grace period before using a handle again (see Ownership) never does that.
 * G4 bounded  A find reads at most HASHTRIE_REACH lines of 64 bytes. An insert that
 *             finds no room rewrites one leaf as two and at most one node, 4 KiB
 *             each; a remove rewrites two leaves as one. However large the table is:
 *             only tags that agree in their upper bits can make it more, a split for
 *             each bit until they part, 20 at most. With hashes that nobody can guess
 *             a second split for one insert has a chance of 2^-28.
 * G5 crowded  HASHTRIE_EQUAL_MAX entries fit whose tags are equal, or differ in the
 *             lowest four bits only. The next one is refused with -ENOSPC; nothing
 *             is split in vain for it.
 * G6 returned Memory follows the number of entries down as well as up: a table
 *             that has been emptied holds HASHTRIE_EMPTY_BYTES at most.
 * G7 whole    A call that fails (-ENOMEM, -ENOSPC, -EEXIST, -ENOENT) has changed
 *             nothing that any other call could tell.
 * G8 apart    Writers wait for each other only in the same of the 64 subtrees, or, for
 *             some dozens of nanoseconds, where both take or return memory. Readers and
 *             dumps wait for nobody.
 */
#ifndef HASHTRIE_HASHTRIE_H
#define HASHTRIE_HASHTRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct hashtrie;

/** No handle. Entries may have any other one. */
#define HASHTRIE_NONE 0u
/** Most keys that one hashtrie_find_bulk() takes. */
#define HASHTRIE_BULK_MAX 64
/** Lines in which an entry may stand: its own and 15 others. */
#define HASHTRIE_REACH 16
/** Entries with one tag: seven in each of these lines. */
#define HASHTRIE_EQUAL_MAX (7 * HASHTRIE_REACH)
/** Upper bound of hashtrie_stats.bytes for a table without entries. */
#define HASHTRIE_EMPTY_BYTES (32 * 1024)

/** What the table asks of its owner. @ctx is what hashtrie_new() was given. */
struct hashtrie_ops {
	/** Is @key the key of the entry with this handle? */
	bool (*match)(void *ctx, uint32_t handle, const void *key);
	/** match() will soon be asked about @handle: prefetch what it reads. Or NULL. */
	void (*prefetch)(void *ctx, uint32_t handle);
	/** May the table take @bytes more of memory? NULL: always. Tests say no here. */
	bool (*permit)(void *ctx, size_t bytes);
};

/* ---- life -------------------------------------------------------------------- */

/** An empty table. @ops must outlive it. Returns NULL when memory is short. */
struct hashtrie *hashtrie_new(const struct hashtrie_ops *ops, void *ctx) BASE_MUST_CHECK;

/**
 * Free the table, full or empty; NULL is allowed. No thread may use it any more.
 * Waits for a grace period.
 */
void hashtrie_destroy(struct hashtrie *t);

/* ---- readers ----------------------------------------------------------------- */

/** The handle whose key is @key and has @hash, or HASHTRIE_NONE. */
uint32_t hashtrie_find(const struct hashtrie *t, uint64_t hash,
                       const void *key) BASE_MUST_CHECK;

/**
 * Find @n keys at once, @n <= HASHTRIE_BULK_MAX: handles[i] becomes what
 * hashtrie_find() would return for hashes[i] and keys[i]. Two to three times
 * faster than single finds, because the misses overlap.
 */
void hashtrie_find_bulk(const struct hashtrie *t, unsigned int n, const uint64_t *hashes,
                        const void *const *keys, uint32_t *handles);

/** A find, insert or remove with @hash comes soon: fetch the line that it reads. */
void hashtrie_prefetch(const struct hashtrie *t, uint64_t hash);

/* ---- writers ----------------------------------------------------------------- */

/**
 * Insert @handle (not HASHTRIE_NONE), whose key is @key and has @hash. The entry
 * must be complete before: readers meet it at once.
 *
 * Two keys for one object: prefetch both hashes, insert one, insert the other,
 * and if that fails remove the first. A reader may meet the first alone in
 * between; an object that must not be found by half carries a flag of its own,
 * set (release) after the second insert.
 *
 * Returns 0, -EEXIST when the key stands already (its handle in *@standing unless
 * that is NULL), -ENOMEM, or -ENOSPC (G5).
 */
int hashtrie_insert(struct hashtrie *t, uint64_t hash, const void *key, uint32_t handle,
                    uint32_t *standing) BASE_MUST_CHECK;

/** Remove the entry @handle with @hash. Never needs memory. Returns 0 or -ENOENT. */
int hashtrie_remove(struct hashtrie *t, uint64_t hash, uint32_t handle);

/* ---- dumps ------------------------------------------------------------------- */

/**
 * Where a dump stands. Start with HASHTRIE_CURSOR_START; its value may be copied,
 * kept for any time and over quiescent states, and needs no freeing. The order of
 * a dump is that of (tag, handle), which no split or merge changes (G3).
 */
struct hashtrie_cursor {
	uint64_t at;   /* the least tag << 32 | handle not yet delivered */
	uint64_t done; /* not 0: nothing is left */
};
#define HASHTRIE_CURSOR_START ((struct hashtrie_cursor){ 0, 0 })

/**
 * Deliver up to @max (at least 1) handles and move @cursor. Returns how many; 0 is
 * the end. A leaf holds up to 448 entries, and a @max that takes them whole saves
 * sorting them: 512 is a good one.
 */
unsigned int hashtrie_next(const struct hashtrie *t, struct hashtrie_cursor *cursor,
                           uint32_t *handles, unsigned int max);

/* ---- numbers ----------------------------------------------------------------- */

/** Entries. Exact when no writer is at work. */
uint64_t hashtrie_count(const struct hashtrie *t);

struct hashtrie_stats {
	uint64_t entries;
	uint64_t bytes;       /* in use: leaves, nodes, descriptors, the table itself */
	uint64_t bytes_held;  /* taken from the system, free space included */
	uint64_t bytes_limbo; /* of .bytes: retired, wait for the grace period */
	uint64_t leaves[3];   /* of 1, 8 and 64 lines */
	uint64_t nodes;
	unsigned int depth; /* nodes on the longest way to a leaf */
	uint64_t grown;     /* leaves replaced by larger ones, since the start */
	uint64_t splits;    /* leaves split in two */
	uint64_t merges;    /* pairs of leaves joined, empty ones included */
	uint64_t no_memory; /* inserts refused with -ENOMEM */
	uint64_t no_space;  /* inserts refused with -ENOSPC */
};

/** Fill @stats. Walks the nodes (not the entries): for people, not for packets. */
void hashtrie_stats(struct hashtrie *t, struct hashtrie_stats *stats);

#endif
