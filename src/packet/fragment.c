/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fragment.c - a set-associative cache of packets whose fragments are on their way
 *
 * The hash of an entry's key chooses a set of eight entries; a new one takes a free
 * or expired place, or that of the oldest. So there is no list to keep, nothing to
 * sweep, and an attacker who does not know the hash key cannot aim at a set.
 */
#include "packet/fragment.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#define SET_LENGTH 8

/* Hashed and compared as bytes. */
struct fragment_key {
	uint8_t src[16], dst[16];
	uint32_t id;
	uint16_t zone;
	uint8_t l3;
	uint8_t l4; /* IPv4 only: in IPv6 the first fragment alone knows it */
	uint32_t hook;
	uint32_t zero;
};
_Static_assert(sizeof(struct fragment_key) == 48, "hashed as bytes: no padding");

struct fragment_entry {
	struct fragment_key key;
	struct tuple tuple;
	uint64_t born_ms;
	uint32_t last;    /* offset of the youngest fragment … */
	uint32_t next;    /* … and that the next one must have */
	uint32_t tcp_end; /* TCP: the segment's end so far, as a sequence number */
	bool used;
	bool condemned; /* fragments overlapped: refuse the rest */
};

struct fragment_cache {
	struct siphash_key hash_key;
	struct fragment_stats stats;
	uint32_t sets;
	struct fragment_entry entries[];
};

struct fragment_cache *fragment_cache_new(uint32_t limit, const struct siphash_key *key)
{
	size_t sets = limit ? ((size_t)limit + SET_LENGTH - 1) / SET_LENGTH : 1;
	struct fragment_cache *cache;

	cache = calloc(1, sizeof(*cache) + sets * SET_LENGTH * sizeof(cache->entries[0]));
	if (!cache)
		return NULL;
	cache->hash_key = *key;
	cache->sets = (uint32_t)sets;
	return cache;
}

void fragment_cache_destroy(struct fragment_cache *cache)
{
	free(cache);
}

static void make_key(const struct packet *p, struct fragment_key *key)
{
	memset(key, 0, sizeof(*key));
	memcpy(key->src, p->tuple.src, sizeof(key->src));
	memcpy(key->dst, p->tuple.dst, sizeof(key->dst));
	key->id = p->fragment_id;
	key->zone = p->tuple.zone;
	key->l3 = p->tuple.l3;
	key->l4 = p->tuple.l3 == AF_INET ? p->tuple.l4 : 0;
	key->hook = p->hook;
}

static bool is_alive(const struct fragment_entry *e, uint64_t now_ms)
{
	return e->used && now_ms - e->born_ms < FRAGMENT_LIFETIME_MS;
}

static struct fragment_entry *find_set(struct fragment_cache *cache,
                                       const struct fragment_key *key)
{
	uint64_t hash = siphash(key, sizeof(*key), &cache->hash_key);

	return &cache->entries[(size_t)(hash % cache->sets) * SET_LENGTH];
}

static struct fragment_entry *find(struct fragment_entry *set,
                                   const struct fragment_key *key, uint64_t now_ms)
{
	unsigned int i;

	for (i = 0; i < SET_LENGTH; i++)
		if (is_alive(&set[i], now_ms) && !memcmp(&set[i].key, key, sizeof(*key)))
			return &set[i];
	return NULL;
}

/* A place for a new entry: a dead one, or the oldest. */
static struct fragment_entry *find_place(struct fragment_cache *cache,
                                         struct fragment_entry *set, uint64_t now_ms)
{
	struct fragment_entry *oldest = &set[0];
	unsigned int i;

	for (i = 0; i < SET_LENGTH; i++) {
		if (!is_alive(&set[i], now_ms))
			return &set[i];
		if (set[i].born_ms < oldest->born_ms)
			oldest = &set[i];
	}
	cache->stats.evicted++;
	return oldest;
}

static uint32_t end_of(const struct packet *p)
{
	return p->fragment_offset + p->fragment_length;
}

static uint32_t tcp_end_of(const struct packet *p)
{
	uint8_t flags = p->l4.tcp.flags;

	if (p->tuple.l4 != IPPROTO_TCP)
		return 0;
	return p->l4.tcp.seq + p->payload_length + !!(flags & PACKET_TCP_SYN) +
	       !!(flags & PACKET_TCP_FIN);
}

/* The same place and size as the one before, which was not the last: that one has no entry. */
static bool is_repeated(const struct fragment_entry *e, const struct packet *p)
{
	return p->fragment_offset == e->last && end_of(p) == e->next && p->more_fragments;
}

static void remember(struct fragment_cache *cache, struct packet *p, uint64_t now_ms)
{
	struct fragment_entry *set, *e;
	struct fragment_key key;

	make_key(p, &key);
	set = find_set(cache, &key);
	e = find(set, &key, now_ms);
	if (e) {
		/* another beginning of the same packet: which one counts, the receiver
		 * knows */
		e->condemned |= !is_repeated(e, p) || !tuple_equal(&e->tuple, &p->tuple);
		p->invalid = CTQ_INVALID_FRAGMENT_OVERLAP;
		cache->stats.refused++;
		return;
	}
	e = find_place(cache, set, now_ms);
	*e = (struct fragment_entry){
		.key = key,
		.tuple = p->tuple,
		.born_ms = now_ms,
		.next = end_of(p),
		.tcp_end = tcp_end_of(p),
		.used = true,
	};
}

static enum ctq_reason judge(struct fragment_entry *e, const struct packet *p)
{
	if (!e)
		return CTQ_INVALID_FRAGMENT;
	if (p->fragment_offset < e->next) {
		e->condemned |= !is_repeated(e, p);
		return CTQ_INVALID_FRAGMENT_OVERLAP;
	}
	if (e->condemned)
		return CTQ_INVALID_FRAGMENT_OVERLAP;
	if (p->fragment_offset > e->next)
		return CTQ_INVALID_FRAGMENT_ORDER;
	if (end_of(p) > UINT16_MAX)
		return CTQ_INVALID_FRAGMENT;
	return CTQ_REASON_NONE;
}

/* What it has from the first one. */
static void complete(struct packet *p, const struct fragment_entry *e)
{
	p->tuple = e->tuple;
	p->has_tuple = true;
	switch (p->tuple.l4) {
	case IPPROTO_TCP: p->l4.tcp.seq = e->tcp_end; break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		p->icmp_type = (uint8_t)(ntohs(p->tuple.dst_id) >> 8);
		p->icmp_code = (uint8_t)ntohs(p->tuple.dst_id);
		break;
	default: break;
	}
}

static void recall(struct fragment_cache *cache, struct packet *p, uint64_t now_ms)
{
	struct fragment_entry *e;
	struct fragment_key key;

	make_key(p, &key);
	e = find(find_set(cache, &key), &key, now_ms);
	p->invalid = judge(e, p);
	if (p->invalid) {
		cache->stats.refused++;
		return;
	}
	cache->stats.known++;
	complete(p, e);
	e->last = p->fragment_offset;
	e->next = end_of(p);
	e->tcp_end += p->fragment_length;
	/* the last one: nothing more may come, and the identifier is free again */
	if (!p->more_fragments)
		e->used = false;
}

void fragment_cache_apply(struct fragment_cache *cache, struct packet *p, uint64_t now_ms)
{
	if (!p->fragment)
		return;
	if (p->later_fragment) {
		if (p->invalid == CTQ_INVALID_FRAGMENT)
			recall(cache, p, now_ms);
	} else if (p->has_tuple && !p->invalid && !p->icmp_error && !p->untracked) {
		remember(cache, p, now_ms);
	}
}

void fragment_cache_forget(struct fragment_cache *cache, const struct packet *p,
                           uint64_t now_ms)
{
	struct fragment_entry *e;
	struct fragment_key key;

	make_key(p, &key);
	e = find(find_set(cache, &key), &key, now_ms);
	if (e)
		e->used = false;
}

uint32_t fragment_cache_count(const struct fragment_cache *cache, uint64_t now_ms)
{
	uint32_t i, n = 0;

	for (i = 0; i < cache->sets * SET_LENGTH; i++)
		n += is_alive(&cache->entries[i], now_ms);
	return n;
}

const struct fragment_stats *fragment_cache_stats(const struct fragment_cache *cache)
{
	return &cache->stats;
}
