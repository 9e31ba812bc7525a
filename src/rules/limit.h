/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limit.h - rates: of a rule, and of each source that meets it
 *
 * A rate is a token bucket, kept as one number: the moment at which the bucket will be
 * full again (the "theoretical arrival time" of the ATM forum's GCRA). A packet finds a
 * token when that moment is not more than burst - 1 intervals ahead, and moves it on by
 * one interval:
 *
 *         now                full
 *     ─────┼──────────────────┼─────▶ time       tokens left = burst - (full - now) / interval
 *
 * So a bucket needs no timer, and time is a parameter. Limits are asked when rules are:
 * for the first packet of a flow, never for a packet of an established one. There
 * workers may meet: a rule's bucket is one compare-and-swap, a source's is found under
 * the lock of its part of the table.
 *
 * Sources. One table for all rules, of fixed size. A bucket has a place among
 * LIMIT_WAYS, told by a keyed hash of rule and source; when all are taken the fullest goes,
 * which is that of the source that has rested longest. A bucket that was full when it went
 * makes no difference; one that was not is counted (limit.evicted).
 */
#ifndef RULES_LIMIT_H
#define RULES_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/siphash.h"
#include "ctlink/memory.h"

/* ---- rates --------------------------------------------------------------------- */

struct limit_rate {
	uint64_t interval_ns;  /* between two tokens; at least 1 */
	uint64_t tolerance_ns; /* how far `full` may be ahead: burst - 1 intervals */
};

/** @rate tokens (1 …) in @period_s, at most @burst (1 …) at once. */
struct limit_rate limit_rate_of(uint32_t rate, uint32_t period_s, uint32_t burst);

/** All zero: full. */
struct limit_bucket {
	_Atomic uint64_t full_ns;
};

/** Is there a token? Takes it. Any thread. @now_ns: monotonic. */
bool limit_take(struct limit_bucket *bucket, const struct limit_rate *rate,
                uint64_t now_ns);

/** Is there one? Leaves it. */
bool limit_peek(const struct limit_bucket *bucket, const struct limit_rate *rate,
                uint64_t now_ns);

/* ---- sources ------------------------------------------------------------------- */

/** Buckets of one place: two cache lines. */
#define LIMIT_WAYS 8
/** Buckets of the daemon's table: 2 MiB. */
#define LIMIT_SOURCES 131072

struct limit_sources;

/** Room for @buckets, a power of two and at least LIMIT_WAYS. NULL: no memory. */
struct limit_sources *limit_sources_new(uint32_t buckets, const struct siphash_key *key,
                                        const struct ctlink_memory *memory);

/** NULL is allowed. */
void limit_sources_destroy(struct limit_sources *s, const struct ctlink_memory *memory);

/* Whose bucket. All bytes count. */
struct limit_source {
	uint64_t address[2]; /* without the bits that do not count */
	uint32_t rule;       /* id */
	uint16_t statement;  /* which of the rule's */
	uint16_t family;
};

/** As limit_take() and limit_peek(). */
bool limit_source_take(struct limit_sources *s, const struct limit_source *source,
                       const struct limit_rate *rate, uint64_t now_ns);
bool limit_source_peek(struct limit_sources *s, const struct limit_source *source,
                       const struct limit_rate *rate, uint64_t now_ns);

/** Buckets that went before they were full. Any thread. */
uint64_t limit_sources_evicted(const struct limit_sources *s);

#endif
