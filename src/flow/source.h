/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source.h - how many flows each source has
 *
 * Exact counts for all sources that have flows, kept only when there is a limit. A source
 * is an IPv4 address, or the /64 of an IPv6 address (what one host or one customer is
 * given), in its zone.
 *
 * Touched when a flow is born and when it dies, not by packets of a known flow. Any thread;
 * two of them wait for each other only when their sources fall into the same of SOURCE_SHARDS.
 */
#ifndef FLOW_SOURCE_H
#define FLOW_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/siphash.h"
#include "packet/tuple.h"

#define SOURCE_SHARDS 64
/** Bits of an IPv6 address that make a source. */
#define SOURCE_IP6_BITS 64

struct sources;

/** Room for @max sources: no more may be counted at once. NULL: no memory. */
struct sources *sources_new(uint32_t max, const struct siphash_key *key);

/** NULL is allowed. */
void sources_destroy(struct sources *s);

/** Count one more flow of @t's source; false: it has @limit already. */
bool source_take(struct sources *s, const struct tuple *t, uint32_t limit);

/** A flow of @t's source has died. Once for each source_take() that returned true. */
void source_put(struct sources *s, const struct tuple *t);

/** Flows of @t's source. */
uint32_t source_count(struct sources *s, const struct tuple *t);

#endif
