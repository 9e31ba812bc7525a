/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fragment.h - which flow a later fragment belongs to
 *
 * Only the first fragment of a packet has ports. A cache remembers, for each packet
 * whose fragments are on their way, the first fragment's tuple, so that the later ones
 * get it, too. It stores no payload and reassembles nothing; it is needed where the
 * kernel's own defragmentation does not run before the queue.
 *
 * What passes (F1): fragments in order, each beginning where the one before has
 * ended. Every other one is refused with its reason: a receiver could put overlapping
 * fragments together to another packet than the one that was judged (RFC 1858,
 * RFC 5722), and a gap may hide such. An overlap condemns the rest of its packet; the same
 * fragment twice in a row, as some networks deliver them, is refused alone.
 * What is bounded (F2): entries, and their life of FRAGMENT_LIFETIME_MS. At the limit
 * an older packet's entry makes room; its remaining fragments are then refused.
 *
 * The same packet is seen at more than one hook; each hook has its own entry.
 *
 * One cache belongs to one worker; no function here takes a lock. Time is the caller's.
 */
#ifndef PACKET_FRAGMENT_H
#define PACKET_FRAGMENT_H

#include <stdint.h>

#include "base/base.h"
#include "base/siphash.h"
#include "packet/packet.h"

/** net.ipv4.ipfrag_time and net.ipv6.ip6frag_time: as long as receivers wait. */
#define FRAGMENT_LIFETIME_MS 30000

struct fragment_cache;

/* Since the cache was made. */
struct fragment_stats {
	uint64_t known;   /* later fragments that got their tuple */
	uint64_t refused; /* fragments refused, whatever the reason */
	uint64_t evicted; /* packets whose entry another one took before its time */
};

/**
 * A cache for @limit packets (rounded up to a multiple of eight; 0 is taken as eight)
 * with hash key @key. Returns NULL and errno ENOMEM when there is no memory.
 */
struct fragment_cache *fragment_cache_new(uint32_t limit,
                                          const struct siphash_key *key) BASE_MUST_CHECK;

/** NULL is allowed. */
void fragment_cache_destroy(struct fragment_cache *cache);

/**
 * Judge @p, just parsed, at @now_ms (monotonic). Not a fragment: nothing happens. A first
 * fragment with a flow's tuple is remembered; one that begins a packet which has begun
 * already is an overlap. A later one becomes valid, with tuple,
 * ICMP type and code, and the sequence number where a TCP segment goes on, or keeps its
 * INVALID_FRAGMENT, or gets INVALID_FRAGMENT_ORDER or INVALID_FRAGMENT_OVERLAP.
 */
void fragment_cache_apply(struct fragment_cache *cache, struct packet *p,
                          uint64_t now_ms);

/** @p, a fragment that fragment_cache_apply() let pass, is INVALID nevertheless: so are the rest
 * of its packet. */
void fragment_cache_forget(struct fragment_cache *cache, const struct packet *p,
                           uint64_t now_ms);

/** Packets remembered at @now_ms; for tests and listings, it walks the cache. */
uint32_t fragment_cache_count(const struct fragment_cache *cache, uint64_t now_ms);

const struct fragment_stats *fragment_cache_stats(const struct fragment_cache *cache);

#endif
