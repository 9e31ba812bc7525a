/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See limit.h. A place of the table is LIMIT_WAYS buckets in a row, and belongs to one of
 * LIMIT_SHARDS locks by the lowest bits of its number. A bucket that was never used, or
 * whose time has come, has full_ns in the past and is the first to go.
 */
#include "rules/limit.h"

#include <assert.h>
#include <string.h>

#include "base/spin.h"

#define NS_PER_S     1000000000ull
#define LIMIT_SHARDS 64

/* ---- rates --------------------------------------------------------------------- */

struct limit_rate limit_rate_of(uint32_t rate, uint32_t period_s, uint32_t burst)
{
	struct limit_rate r = { .interval_ns = period_s * NS_PER_S / rate };

	if (r.interval_ns == 0)
		r.interval_ns = 1;
	/* half of the range: a burst of many days is one of 292 years as well */
	if (burst - 1 > UINT64_MAX / 2 / r.interval_ns)
		r.tolerance_ns = UINT64_MAX / 2;
	else
		r.tolerance_ns = (burst - 1) * r.interval_ns;
	return r;
}

static bool has_token(uint64_t full_ns, const struct limit_rate *rate, uint64_t now_ns)
{
	return full_ns <= now_ns || full_ns - now_ns <= rate->tolerance_ns;
}

static uint64_t without_token(uint64_t full_ns, const struct limit_rate *rate,
                              uint64_t now_ns)
{
	return (full_ns > now_ns ? full_ns : now_ns) + rate->interval_ns;
}

bool limit_take(struct limit_bucket *bucket, const struct limit_rate *rate,
                uint64_t now_ns)
{
	uint64_t full = atomic_load_explicit(&bucket->full_ns, memory_order_relaxed);

	do {
		if (!has_token(full, rate, now_ns))
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&bucket->full_ns, &full, without_token(full, rate, now_ns),
		memory_order_relaxed, memory_order_relaxed));
	return true;
}

bool limit_peek(const struct limit_bucket *bucket, const struct limit_rate *rate,
                uint64_t now_ns)
{
	return has_token(atomic_load_explicit(&bucket->full_ns, memory_order_relaxed),
	                 rate, now_ns);
}

/* ---- sources ------------------------------------------------------------------- */

struct source_bucket {
	uint64_t tag; /* hash of the source; 0: free */
	uint64_t full_ns;
};

struct shard {
	struct spin lock;
	_Atomic uint64_t evicted; /* written under the lock */
};

struct limit_sources {
	struct siphash_key key;
	uint32_t places; /* a power of two */
	struct shard shards[LIMIT_SHARDS];
	struct source_bucket buckets[]; /* places times LIMIT_WAYS */
};

struct limit_sources *limit_sources_new(uint32_t buckets, const struct siphash_key *key,
                                        const struct ctlink_memory *memory)
{
	size_t size = sizeof(struct limit_sources) +
	              (size_t)buckets * sizeof(struct source_bucket);
	struct limit_sources *s;

	assert(buckets >= LIMIT_WAYS && (buckets & (buckets - 1)) == 0);
	s = (struct limit_sources *)ctlink_memory_resize(memory, NULL, size);
	if (!s)
		return NULL;
	memset(s, 0, size);
	s->key = *key;
	s->places = buckets / LIMIT_WAYS;
	return s;
}

void limit_sources_destroy(struct limit_sources *s, const struct ctlink_memory *memory)
{
	ctlink_memory_free(memory, s);
}

/* The bucket with @tag at a place, or the one to go. */
static struct source_bucket *place_find(struct source_bucket *place, uint64_t tag)
{
	struct source_bucket *oldest = place;
	unsigned int i;

	for (i = 0; i < LIMIT_WAYS; i++) {
		if (place[i].tag == tag)
			return &place[i];
		if (place[i].full_ns < oldest->full_ns)
			oldest = &place[i];
	}
	return oldest;
}

/* Under the shard's lock. */
static bool place_take(struct source_bucket *place, struct shard *shard, uint64_t tag,
                       const struct limit_rate *rate, uint64_t now_ns)
{
	struct source_bucket *b = place_find(place, tag);

	if (b->tag != tag) {
		if (b->full_ns > now_ns)
			atomic_store_explicit(&shard->evicted,
			                      atomic_load_explicit(&shard->evicted,
			                                           memory_order_relaxed) +
			                              1,
			                      memory_order_relaxed);
		*b = (struct source_bucket){ .tag = tag };
	}
	if (!has_token(b->full_ns, rate, now_ns))
		return false;
	b->full_ns = without_token(b->full_ns, rate, now_ns);
	return true;
}

static bool source_ask(struct limit_sources *s, const struct limit_source *source,
                       const struct limit_rate *rate, uint64_t now_ns, bool take)
{
	uint64_t tag = siphash(source, sizeof(*source), &s->key);
	uint32_t number = (uint32_t)tag & (s->places - 1);
	struct source_bucket *place = &s->buckets[(size_t)number * LIMIT_WAYS], *found;
	struct shard *shard = &s->shards[number % LIMIT_SHARDS];
	bool yes;

	tag |= 1ull << 63; /* never that of a free bucket */
	spin_lock(&shard->lock);
	if (take) {
		yes = place_take(place, shard, tag, rate, now_ns);
	} else {
		found = place_find(place, tag);
		yes = found->tag != tag || has_token(found->full_ns, rate, now_ns);
	}
	spin_unlock(&shard->lock);
	return yes;
}

bool limit_source_take(struct limit_sources *s, const struct limit_source *source,
                       const struct limit_rate *rate, uint64_t now_ns)
{
	return source_ask(s, source, rate, now_ns, true);
}

bool limit_source_peek(struct limit_sources *s, const struct limit_source *source,
                       const struct limit_rate *rate, uint64_t now_ns)
{
	return source_ask(s, source, rate, now_ns, false);
}

uint64_t limit_sources_evicted(const struct limit_sources *s)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < LIMIT_SHARDS; i++)
		sum += atomic_load_explicit(&s->shards[i].evicted, memory_order_relaxed);
	return sum;
}
