/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table.c - making, finding, counting; births and deaths are in life.c
 */
#include "flow/table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "flow/event.h"
#include "flow/expect.h"
#include "flow/table_priv.h"

/*
 * Slots beyond cfg.max: a dead flow keeps its slot for up to two grace periods (limbo.h) while
 * others are born. One is 10 ms, which liburcu's thread sleeps between two, and the time until
 * each worker has been quiet and that thread has had a processor: tens of milliseconds where
 * more threads are busy than there are processors. 262,144 slots cover 1.3 million births a
 * second and 200 ms, or twice as many and 100 ms. Measured with 4 workers on 2 processors that
 * have as much other work again: 77,000 to 133,000. They cost address space; pages come when they
 * are needed and go afterwards.
 */
#define TABLE_SLACK_SHARE 8
#define TABLE_SLACK_MIN   262144u
#define TABLE_SLACK_MAX   524288u

#define TABLE_EVENTS_DEFAULT 4096
/* Control's own ring takes what several calls of flow_expire() kill. */
#define TABLE_EVENTS_CONTROL 65536

void flow_table_config_init(struct flow_table_config *cfg)
{
	*cfg = (struct flow_table_config){
		.max = FLOW_MAX_DEFAULT,
		.workers = 1,
		.unconfirmed_s = 10,
		.events = TABLE_EVENTS_DEFAULT,
		.cookie_bits = 0,
		.evict_closing = false,
		.expects = FLOW_EXPECTS_DEFAULT,
	};
}

static bool config_is_valid(const struct flow_table_config *cfg)
{
	return cfg->max >= 1 && cfg->max <= FLOW_MAX_LIMIT && cfg->workers >= 1 &&
	       cfg->workers <= FLOW_WORKERS_LIMIT && cfg->unconfirmed_s >= 1 &&
	       cfg->events >= 2 && (cfg->events & (cfg->events - 1)) == 0 &&
	       cfg->cookie_bits <= 32 && cfg->expects >= 1 &&
	       cfg->expects <= FLOW_EXPECTS_LIMIT && cfg->reserve < cfg->max;
}

static uint32_t slack_of(uint32_t max)
{
	uint32_t slack = max / TABLE_SLACK_SHARE;

	if (slack < TABLE_SLACK_MIN)
		return TABLE_SLACK_MIN;
	return slack < TABLE_SLACK_MAX ? slack : TABLE_SLACK_MAX;
}

/* ---- what the hashtrie asks ------------------------------------------------------- */

static bool table_match(void *ctx, uint32_t handle, const void *key)
{
	const struct flow_table *t = ctx;
	const struct flow *f = slab_slot(t->slab, handle >> 1);

	return tuple_equal(&f->side[handle & 1].tuple, key);
}

static void table_prefetch(void *ctx, uint32_t handle)
{
	const struct flow_table *t = ctx;

	__builtin_prefetch(&slab_slot(t->slab, handle >> 1)->side[handle & 1]);
}

static const struct hashtrie_ops table_ops = {
	.match = table_match,
	.prefetch = table_prefetch,
};

/* ---- making and unmaking ------------------------------------------------------- */

static void worker_destroy(struct flow_worker *w)
{
	if (!w)
		return;
	hashtrie_destroy(w->unconfirmed);
	limbo_fini(&w->limbo);
	ring_fini(&w->ring);
	free(w);
}

static uint32_t events_of(const struct flow_table *t, uint16_t number)
{
	if (number < t->cfg.workers || t->cfg.events > TABLE_EVENTS_CONTROL)
		return t->cfg.events;
	return TABLE_EVENTS_CONTROL;
}

static struct flow_worker *worker_new(struct flow_table *t, uint16_t number)
{
	struct flow_worker *w = aligned_alloc(BASE_CACHELINE, sizeof(*w));

	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->table = t;
	w->number = number;
	w->owner_id = (uint16_t)(number + 1);
	limbo_init(&w->limbo, t);
	w->unconfirmed = hashtrie_new(&table_ops, t);
	if (!w->unconfirmed || ring_init(&w->ring, events_of(t, number)) < 0) {
		worker_destroy(w);
		return NULL;
	}
	return w;
}

static int workers_new(struct flow_table *t)
{
	uint16_t i;

	t->workers = calloc((size_t)t->cfg.workers + 1, sizeof(struct flow_worker *));
	if (!t->workers)
		return -ENOMEM;
	for (i = 0; i <= t->cfg.workers; i++) {
		t->workers[i] = worker_new(t, i);
		if (!t->workers[i])
			return -ENOMEM;
	}
	return 0;
}

static void table_free(struct flow_table *t)
{
	uint16_t i;

	for (i = 0; t->workers && i <= t->cfg.workers; i++)
		worker_destroy(t->workers[i]);
	free(t->workers);
	hashtrie_destroy(t->trie);
	if (t->slab)
		slab_destroy(t->slab);
	if (t->cookies)
		cookies_destroy(t->cookies);
	sources_destroy(t->sources);
	expects_destroy(t->expects);
	free(t->laps);
	free(t);
}

static int id_init(struct flow_table *t)
{
	uint32_t slots = slab_slots(t->slab);

	t->id_slot_bits = 32u - (unsigned int)__builtin_clz(slots - 1);
	t->laps = calloc((size_t)slots + 1, sizeof(*t->laps));
	if (!t->laps)
		return -ENOMEM;
	return getrandom(t->id_key, sizeof(t->id_key), 0) == sizeof(t->id_key) ? 0 : -EIO;
}

static int table_init(struct flow_table *t)
{
	int err;

	t->slab = slab_new(t->cfg.max + slack_of(t->cfg.max));
	if (!t->slab)
		return -ENOMEM;
	t->deadline = slab_array(t->slab, sizeof(*t->deadline));
	t->phase = slab_array(t->slab, sizeof(*t->phase));
	t->trie = hashtrie_new(&table_ops, t);
	t->expects = expects_new(t->cfg.expects);
	t->cookies = cookies_new(t->cfg.cookie_bits, t->cfg.workers);
	/* each thread counts a newcomer's source before it knows whether there is room */
	if (t->cfg.per_source)
		t->sources = sources_new(t->cfg.max + t->cfg.workers + 1u, &t->key);
	if (!t->deadline || !t->phase || !t->trie || !t->cookies || !t->expects ||
	    (t->cfg.per_source && !t->sources))
		return -ENOMEM;
	t->can_bias = flow_lock_can_bias();
	atomic_init(&t->scale, FLOW_SCALE_ONE);
	err = id_init(t);
	return err < 0 ? err : workers_new(t);
}

struct flow_table *flow_table_new(const struct flow_table_config *cfg,
                                  const struct siphash_key *key, int *err)
{
	struct flow_table *t;

	if (!config_is_valid(cfg)) {
		*err = -EINVAL;
		return NULL;
	}
	t = aligned_alloc(BASE_CACHELINE, sizeof(*t));
	if (!t) {
		*err = -ENOMEM;
		return NULL;
	}
	memset(t, 0, sizeof(*t));
	t->cfg = *cfg;
	t->key = *key;
	t->expire_next = 1;
	atomic_init(&t->events_order, 1);
	*err = table_init(t);
	if (*err < 0) {
		table_free(t);
		return NULL;
	}
	return t;
}

/* Twice: who died while others waited begins to wait when those are through; and what of the slab
 * was in use a moment ago has been so since the last trim. */
void flow_table_settle(struct flow_table *t)
{
	rcu_settle();
	rcu_settle();
	slab_trim(t->slab);
	slab_trim(t->slab);
}

void flow_table_destroy(struct flow_table *t)
{
	flow_table_settle(t);
	assert(atomic_load(&t->live) == 0);
	assert(atomic_load(&t->dying) == 0);
	table_free(t);
}

struct flow_worker *flow_worker(struct flow_table *t, uint16_t number)
{
	assert(number <= t->cfg.workers);
	return t->workers[number];
}

void flow_clock_set(struct flow_table *t, uint64_t monotonic_ns, uint64_t realtime_ns)
{
	atomic_store_explicit(&t->realtime_offset, realtime_ns - monotonic_ns,
	                      memory_order_relaxed);
}

/* ---- looking up ---------------------------------------------------------------- */

struct flow_ref flow_peek(struct flow_table *t, const struct tuple *tuple)
{
	return flow_of_handle(t,
	                      hashtrie_find(t->trie, tuple_hash(tuple, &t->key), tuple));
}

void flow_peek_bulk(struct flow_table *t, unsigned int n,
                    const struct tuple *const *tuples, struct flow_ref *out)
{
	uint64_t hashes[HASHTRIE_BULK_MAX];
	uint32_t handles[HASHTRIE_BULK_MAX];
	unsigned int i;

	if (n == 0)
		return;
	for (i = 0; i < n; i++)
		hashes[i] = tuple_hash(tuples[i], &t->key);
	hashtrie_find_bulk(t->trie, n, hashes, (const void *const *)tuples, handles);
	for (i = 0; i < n; i++)
		out[i] = flow_of_handle(t, handles[i]);
}

void flow_prefetch(const struct flow_table *t, const struct flow *f)
{
	__builtin_prefetch(&f->status, 1);
	__builtin_prefetch(&f->state, 1);
	__builtin_prefetch(&t->deadline[slab_index(t->slab, f)], 1);
}

struct flow *flow_peek_unconfirmed(struct flow_worker *w, const struct tuple *tuple)
{
	uint32_t handle =
		hashtrie_find(w->unconfirmed, tuple_hash(tuple, &w->table->key), tuple);

	return flow_of_handle(w->table, handle).flow;
}

struct flow *flow_peek_cookie(struct flow_table *t, uint32_t cookie)
{
	uint32_t index = cookie_look_up(t->cookies, cookie);

	return index ? slab_slot(t->slab, index) : NULL;
}

/* The slot may be another flow's by now: that one has another cookie, since it was published. */
struct flow *flow_recall_cookie(struct flow_table *t, uint32_t cookie)
{
	uint32_t index = cookie_recall(t->cookies, cookie);
	struct flow *f;

	if (!index || atomic_load_explicit(&t->phase[index], memory_order_acquire) !=
	                      FLOW_PHASE_CONFIRMED)
		return NULL;
	f = slab_slot(t->slab, index);
	if (atomic_load_explicit(&f->cookie, memory_order_relaxed) != cookie ||
	    flow_is_dying(f))
		return NULL;
	return f;
}

uint32_t flow_cookie_left(const struct flow_table *t, const struct flow *f)
{
	uint32_t cookie = atomic_load_explicit(&f->cookie, memory_order_relaxed);

	return cookie_recall(t->cookies, cookie) == f->index ? cookie : 0;
}

uint32_t flow_cookie_note(const struct flow_table *t, unsigned int note)
{
	return cookie_note(t->cookies, note);
}

unsigned int flow_cookie_note_of(const struct flow_table *t, uint32_t cookie)
{
	return cookie_note_of(t->cookies, cookie);
}

/* A flow that was found in this read section has the table's reference, for that is put
 * only after a grace period. Found by its slot alone it may be free: then the count is 0.
 */
static bool get_unless_free(struct flow *f)
{
	uint32_t refs = atomic_load_explicit(&f->refs, memory_order_relaxed);

	while (refs)
		if (atomic_compare_exchange_weak_explicit(&f->refs, &refs, refs + 1,
		                                          memory_order_acquire,
		                                          memory_order_relaxed))
			return true;
	return false;
}

bool flow_get_unless_free(struct flow *f, enum flow_holder holder)
{
	if (!get_unless_free(f))
		return false;
#ifdef DEBUG_REFS
	atomic_fetch_add_explicit(&f->held[holder], 1, memory_order_relaxed);
#endif
	return true;
}

struct flow_ref flow_find(struct flow_table *t, const struct tuple *tuple,
                          enum flow_holder holder)
{
	struct flow_ref ref = flow_peek(t, tuple);

	if (ref.flow)
		flow_get(ref.flow, holder);
	return ref;
}

struct flow *flow_find_id(struct flow_table *t, uint32_t id, enum flow_holder holder)
{
	uint32_t index = flow_id_index(t, id);
	struct flow *f;

	if (index > slab_high_water(t->slab))
		return NULL;
	f = slab_slot(t->slab, index);
	if (!flow_get_unless_free(f, holder))
		return NULL;
	if (atomic_load_explicit(&f->id, memory_order_relaxed) == id &&
	    flow_is_confirmed(f) && !flow_is_dying(f))
		return f;
	flow_put(t, f, holder);
	return NULL;
}

/* ---- identifiers --------------------------------------------------------------- */

/*
 * An id is a slot's number and how often the slot was used, mixed by four rounds over two
 * halves of 16 bits with a random key: an outsider who sees one id learns nothing of
 * others that would help to guess, and we find the slot without a table.
 *
 *     31         n n-1                    0
 *    +------------+------------------------+
 *    |    lap     |        slot - 1        |   before mixing
 *    +------------+------------------------+
 *
 * The slot has as many bits as the table has slots for, so that small tables have many laps: the
 * id is 32 bits on the wire.
 *
 * I1 lasting  No id of a slot comes again before the slot was used 2^(32 - n) times: 8,192 times
 *             in a table of up to FLOW_MAX_DEFAULT flows, 32 at FLOW_MAX_LIMIT. The laps
 *             stand beside the slots, whose pages go back, in two bytes that never do.
 */
#define ID_SLOT_BITS_MIN 16 /* the rest is counted in 16 bits */

_Static_assert(TABLE_SLACK_MIN >= 1u << ID_SLOT_BITS_MIN,
               "every table has so many slots");
_Static_assert(FLOW_MAX_LIMIT + TABLE_SLACK_MAX + SLAB_CHUNK * SLAB_GROUP < 1u << 27,
               "a lap has bits");

static uint32_t id_round(const struct flow_table *t, uint32_t half, unsigned int round)
{
	uint32_t x = (half + t->id_key[round & 1] + round) * 0x9e3779b1u;

	return (x ^ x >> 15) * 0x85ebca77u >> 16;
}

static uint32_t id_mix(const struct flow_table *t, uint32_t plain)
{
	uint32_t left = plain >> 16, right = plain & 0xffff, swap;
	unsigned int round;

	for (round = 0; round < 4; round++) {
		swap = left ^ id_round(t, right, round);
		left = right;
		right = swap;
	}
	return left << 16 | right;
}

static uint32_t id_unmix(const struct flow_table *t, uint32_t id)
{
	uint32_t left = id >> 16, right = id & 0xffff, swap;
	unsigned int round;

	for (round = 4; round-- > 0;) {
		swap = right ^ id_round(t, left, round);
		right = left;
		left = swap;
	}
	return left << 16 | right;
}

uint32_t flow_id_index(const struct flow_table *t, uint32_t id)
{
	return (id_unmix(t, id) & ((1u << t->id_slot_bits) - 1)) + 1;
}

uint32_t flow_id_next(struct flow_table *t, uint32_t index)
{
	uint32_t id;

	do {
		id = id_mix(t,
		            (uint32_t)++t->laps[index] << t->id_slot_bits | (index - 1));
	} while (id == 0);
	return id;
}

/* ---- numbers ------------------------------------------------------------------- */

static uint32_t load(const _Atomic uint32_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

static size_t trie_bytes(struct hashtrie *trie)
{
	struct hashtrie_stats stats;

	hashtrie_stats(trie, &stats);
	return stats.bytes;
}

void flow_table_size(struct flow_table *t, struct flow_table_size *out)
{
	uint16_t i;

	out->max = t->cfg.max;
	out->confirmed = load(&t->confirmed);
	out->dying = load(&t->dying);
	out->assured = load(&t->assured);
	out->unconfirmed = load(&t->live) - out->confirmed;
	if (out->unconfirmed > t->cfg.max) /* the two were read at different times */
		out->unconfirmed = 0;
	out->slab_bytes = slab_bytes(t->slab);
	out->slab_bytes_most = slab_high_water(t->slab) * sizeof(struct flow);
	out->table_bytes = trie_bytes(t->trie);
	for (i = 0; i <= t->cfg.workers; i++)
		out->table_bytes += trie_bytes(t->workers[i]->unconfirmed);
}

const char *flow_counter_name(enum flow_counter c)
{
	static const char *const names[] = {
#define FLOW_COUNTER(symbol, name, text) name,
#include "flow/counters.def"
#undef FLOW_COUNTER
	};

	return names[c];
}

uint64_t flow_counter_read_worker(const struct flow_table *t, uint16_t worker,
                                  enum flow_counter c)
{
	return atomic_load_explicit(&t->workers[worker]->counters[c],
	                            memory_order_relaxed);
}

uint64_t flow_counter_read(const struct flow_table *t, enum flow_counter c)
{
	uint64_t sum = 0;
	uint16_t i;

	for (i = 0; i <= t->cfg.workers; i++)
		sum += flow_counter_read_worker(t, i, c);
	return sum;
}
