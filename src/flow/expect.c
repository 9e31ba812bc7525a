/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * expect.c - the table of expectations
 *
 * An array of slots, given once, and chains over it by a hash of what always counts: the
 * destination's address and port, protocol, zone. Readers follow a chain without a lock; a
 * slot that was unlinked keeps its place in it, and is used again only after a grace period.
 *
 *     chains   [ 0 ] [ 7 ] [ 0 ] …     hash of the destination → first slot
 *                      │ next
 *     slots          [ 7 ] ──▶ [ 3 ]
 *                      ▲ expects  │ sibling: older ones of the same master
 *     flow ────────────┘         …
 *
 * X1: whoever uses an expectation holds the lock and has seen it linked. So its master is held,
 *     and one new flow alone meets it.
 * X2: no expectation outlives its master: expect_add() refuses a dying one under the lock, and
 *     who buries a flow takes that lock after DYING is set (a flow that has expectations has the
 *     bit HELPER).
 */
#include "flow/expect.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/spin.h"
#include "flow/event.h"
#include "flow/lock.h"
#include "flow/table_priv.h"

#define NS_PER_S 1000000000ull

/* Slots for each expectation that there may be: one that was met waits for a grace period
 * before its slot is free, while the next is made. */
#define EXPECT_SPARE 2

struct expect {
	/* immutable while it is linked */
	struct tuple tuple;
	struct helper_mask mask;
	struct flow *
		master; /* with a reference of FLOW_HOLDER_EXPECT until the slot is free */
	const struct helper *helper;
	uint32_t chain;
	uint32_t lap; /* how often the slot was used: half of its id */
	uint8_t class;
	bool helped;

	_Atomic uint32_t next; /* in its chain; kept when it is unlinked */
	_Atomic uint32_t flags;
	_Atomic uint32_t deadline_s; /* one more than its last second */
	/* under the lock */
	bool linked;
	uint32_t sibling; /* older; or the next free slot, or the next that leaves */

	struct flow_table *table;
	struct rcu_head rcu;
};

struct expects {
	_Atomic uint32_t count BASE_ALIGNED(BASE_CACHELINE); /* linked */
	uint32_t max;
	uint32_t slots_length;
	uint32_t chains_mask;
	_Atomic uint32_t *chains;
	struct expect *slots; /* [1 … slots_length]: 0 is none */
	struct spin lock BASE_ALIGNED(BASE_CACHELINE);
	uint32_t free;      /* chain of free slots */
	uint32_t leaving;   /* of those that were unlinked under the lock */
	uint32_t untouched; /* slots from here on were never used */
	uint32_t expired_s; /* control's: the second of the last expiry */
};

/* ---- life ---------------------------------------------------------------------- */

static uint32_t power_of_two(uint32_t n)
{
	return n < 2 ? 1 : 1u << (32 - __builtin_clz(n - 1));
}

struct expects *expects_new(uint32_t max)
{
	struct expects *x = aligned_alloc(BASE_CACHELINE, sizeof(*x));
	size_t bytes;

	if (!x)
		return NULL;
	memset(x, 0, sizeof(*x));
	x->max = max;
	x->slots_length = max * EXPECT_SPARE;
	x->untouched = 1;
	x->chains_mask = power_of_two(max) - 1;
	x->chains = calloc((size_t)x->chains_mask + 1, sizeof(*x->chains));
	bytes = ((size_t)x->slots_length + 1) * sizeof(*x->slots);
	x->slots = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                -1, 0); /* pages come when they are used */
	if (x->slots == MAP_FAILED)
		x->slots = NULL;
	if (x->chains && x->slots)
		return x;
	expects_destroy(x);
	return NULL;
}

void expects_destroy(struct expects *x)
{
	if (!x)
		return;
	assert(atomic_load(&x->count) == 0);
	if (x->slots)
		munmap(x->slots, ((size_t)x->slots_length + 1) * sizeof(*x->slots));
	free(x->chains);
	free(x);
}

static uint32_t slot_take(struct expects *x)
{
	uint32_t index = x->free;

	if (index)
		x->free = x->slots[index].sibling;
	else if (x->untouched <= x->slots_length)
		index = x->untouched++;
	return index;
}

/* The grace period is over: nobody can see it any more. */
static void expect_free(struct rcu_head *head)
{
	struct expect *e = base_container_of(head, struct expect, rcu);
	struct flow_table *t = e->table;
	struct expects *x = t->expects;
	struct flow *master = e->master;

	rcu_deferred();
	spin_lock(&x->lock);
	e->sibling = x->free;
	x->free = (uint32_t)(e - x->slots);
	spin_unlock(&x->lock);
	flow_put(t, master, FLOW_HOLDER_EXPECT);
}

/* ---- the lock -------------------------------------------------------------------- */

static void expects_lock(struct expects *x)
{
	spin_lock(&x->lock);
}

/* Those that were unlinked begin to wait for a grace period: outside the lock, since that may be
 * a system call. */
static void expects_unlock(struct expects *x)
{
	uint32_t at = x->leaving, next;

	x->leaving = 0;
	spin_unlock(&x->lock);
	for (; at; at = next) {
		next = x->slots[at].sibling;
		rcu_defer(&x->slots[at].rcu, expect_free);
	}
}

/* ---- keys ------------------------------------------------------------------------- */

static uint32_t chain_of(const struct flow_table *t, const struct tuple *tuple)
{
	struct tuple key = *tuple;

	memset(key.src, 0, sizeof(key.src));
	key.src_id = 0;
	return (uint32_t)tuple_hash(&key, &t->key) & t->expects->chains_mask;
}

static bool destination_equal(const struct tuple *a, const struct tuple *b)
{
	return memcmp(a->dst, b->dst, sizeof(a->dst)) == 0 && a->dst_id == b->dst_id &&
	       a->l3 == b->l3 && a->l4 == b->l4 && a->zone == b->zone;
}

static bool source_equal(const struct tuple *a, const struct tuple *b,
                         const struct helper_mask *mask)
{
	unsigned int i;

	for (i = 0; i < sizeof(mask->src); i++)
		if ((a->src[i] ^ b->src[i]) & mask->src[i])
			return false;
	return !((a->src_id ^ b->src_id) & mask->src_id);
}

static bool is_met_by(const struct expect *e, const struct tuple *tuple)
{
	return destination_equal(&e->tuple, tuple) &&
	       source_equal(&e->tuple, tuple, &e->mask);
}

static bool same_wish(const struct expect *e, const struct helper_action *want)
{
	return tuple_equal(&e->tuple, &want->tuple) &&
	       memcmp(e->mask.src, want->mask.src, sizeof(e->mask.src)) == 0 &&
	       e->mask.src_id == want->mask.src_id;
}

/* Could one flow meet both? Then where both masks count the sources are equal. */
static bool overlaps(const struct expect *e, const struct helper_action *want)
{
	struct helper_mask both;
	unsigned int i;

	for (i = 0; i < sizeof(both.src); i++)
		both.src[i] = e->mask.src[i] & want->mask.src[i];
	both.src_id = e->mask.src_id & want->mask.src_id;
	return destination_equal(&e->tuple, &want->tuple) &&
	       source_equal(&e->tuple, &want->tuple, &both);
}

/* ---- values ----------------------------------------------------------------------- */

static uint32_t now_seconds(uint64_t now_ns)
{
	return (uint32_t)(now_ns / NS_PER_S);
}

static uint32_t load(const _Atomic uint32_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

static void store(_Atomic uint32_t *n, uint32_t value)
{
	atomic_store_explicit(n, value, memory_order_relaxed);
}

static uint32_t deadline(uint64_t now_ns, uint32_t timeout_s)
{
	if (timeout_s > FLOW_TIMEOUT_MAX)
		timeout_s = FLOW_TIMEOUT_MAX;
	return now_seconds(now_ns) + timeout_s + 1;
}

static bool is_over(const struct expect *e, uint64_t now_ns)
{
	return load(&e->deadline_s) <= now_seconds(now_ns);
}

/* Slot and lap: no two in 4,096 uses of a slot are the same. */
#define ID_SLOT_BITS 20
#define ID_SLOT_MASK ((1u << ID_SLOT_BITS) - 1)

_Static_assert(FLOW_EXPECTS_LIMIT *EXPECT_SPARE <= ID_SLOT_MASK,
               "every slot's number fits");

static uint32_t id_of(const struct expects *x, const struct expect *e)
{
	return e->lap << ID_SLOT_BITS | (uint32_t)(e - x->slots);
}

static void info_read(const struct expects *x, const struct expect *e, uint64_t now_ns,
                      struct expect_info *out)
{
	uint32_t at = load(&e->deadline_s), now_s = now_seconds(now_ns);

	out->tuple = e->tuple;
	out->mask = e->mask;
	flow_tuple_load(e->master, TRACK_ORIGINAL, &out->master);
	out->master_id = load(&e->master->id);
	out->id = id_of(x, e);
	out->flags = load(&e->flags);
	out->timeout_s = at > now_s + 1 ? at - now_s - 1 : 0;
	out->class = e->class;
	strcpy(out->helper, e->helper ? e->helper->name : "");
}

static void announce(struct flow_worker *w, const struct expect *e,
                     enum flow_event_kind kind, uint64_t now_ns)
{
	struct expect_info info;

	if (!flow_event_is_wanted(w->table, kind))
		return;
	info_read(w->table->expects, e, now_ns, &info);
	flow_event_emit_expect(w, &info, kind, now_ns);
}

/* ---- linking: the lock is held ------------------------------------------------------ */

static void link_expect(struct flow_worker *w, struct expect *e, uint64_t now_ns)
{
	struct expects *x = w->table->expects;
	uint32_t index = (uint32_t)(e - x->slots);

	e->linked = true;
	e->sibling = load(&e->master->expects);
	store(&e->master->expects, index);
	store(&e->next, load(&x->chains[e->chain]));
	atomic_store_explicit(&x->chains[e->chain], index, memory_order_release);
	store(&x->count, load(&x->count) + 1);
	flow_count(w, FLOW_COUNTER_EXPECT_CREATE);
	announce(w, e, FLOW_EVENT_EXPECT_NEW, now_ns);
}

static void leave_chain(struct expects *x, struct expect *e)
{
	_Atomic uint32_t *place = &x->chains[e->chain];
	uint32_t index = (uint32_t)(e - x->slots);

	while (load(place) != index)
		place = &x->slots[load(place)].next;
	atomic_store_explicit(place, load(&e->next), memory_order_release);
}

static void leave_master(struct expects *x, struct expect *e)
{
	uint32_t index = (uint32_t)(e - x->slots), at = load(&e->master->expects);

	if (at == index) {
		store(&e->master->expects, e->sibling);
		return;
	}
	while (x->slots[at].sibling != index)
		at = x->slots[at].sibling;
	x->slots[at].sibling = e->sibling;
}

static void unlink_expect(struct flow_worker *w, struct expect *e, uint64_t now_ns)
{
	struct expects *x = w->table->expects;

	assert(e->linked);
	announce(w, e, FLOW_EVENT_EXPECT_DESTROY, now_ns);
	e->linked = false;
	leave_chain(x, e);
	leave_master(x, e);
	store(&x->count, load(&x->count) - 1);
	flow_count(w, FLOW_COUNTER_EXPECT_DELETE);
	e->sibling = x->leaving;
	x->leaving = (uint32_t)(e - x->slots);
}

/* ---- making --------------------------------------------------------------------------- */

/* The same again takes its own place; 0, or why @want cannot be. */
static int make_way(struct flow_worker *w, const struct flow *master,
                    const struct helper_action *want, uint32_t chain, uint64_t now_ns)
{
	struct expects *x = w->table->expects;
	struct expect *e;
	uint32_t at, next;

	for (at = load(&x->chains[chain]); at; at = next) {
		e = &x->slots[at];
		next = load(&e->next);
		if (same_wish(e, want) && (want->shared || e->master == master)) {
			if (e->master != master || e->class != want->class)
				return -EALREADY;
			unlink_expect(w, e, now_ns);
			return 0;
		}
		if (overlaps(e, want))
			return -EBUSY;
	}
	return 0;
}

/* Above the limit of its class the oldest goes. */
static void limit_class(struct flow_worker *w, const struct flow *master,
                        const struct helper *helper, uint8_t class, uint64_t now_ns)
{
	struct expects *x = w->table->expects;
	struct expect *oldest = NULL;
	uint32_t at, n = 0;

	for (at = load(&master->expects); at; at = x->slots[at].sibling) {
		if (x->slots[at].class != class)
			continue;
		oldest = &x->slots[at];
		n++;
	}
	if (!oldest || n < helper->classes[class].max_expected)
		return;
	flow_count(w, FLOW_COUNTER_EXPECT_EVICTED);
	unlink_expect(w, oldest, now_ns);
}

static uint32_t timeout_of(const struct helper *helper, const struct helper_action *want)
{
	if (want->timeout_s || !helper)
		return want->timeout_s;
	return helper->classes[want->class].timeout_s;
}

static struct expect *fill_slot(struct flow_table *t, struct flow *master,
                                const struct helper *helper,
                                const struct helper_action *want, uint32_t chain,
                                uint64_t now_ns)
{
	struct expects *x = t->expects;
	uint32_t index = load(&x->count) < x->max ? slot_take(x) : 0;
	struct expect *e = &x->slots[index];

	if (!index)
		return NULL;
	e->tuple = want->tuple;
	e->mask = want->mask;
	e->master = master;
	e->helper = helper;
	e->chain = chain;
	e->lap++;
	e->class = want->class;
	e->helped = want->helped;
	e->table = t;
	store(&e->flags, want->flags);
	store(&e->deadline_s, deadline(now_ns, timeout_of(helper, want)));
	return e;
}

static int add_locked(struct flow_worker *w, struct flow *master,
                      const struct helper *helper, const struct helper_action *want,
                      uint32_t chain, uint64_t now_ns)
{
	struct expect *e;
	int err;

	if (flow_is_dying(master))
		return -ESHUTDOWN;
	err = make_way(w, master, want, chain, now_ns);
	if (err < 0) {
		flow_count(w, FLOW_COUNTER_EXPECT_CLASH);
		return err;
	}
	if (helper)
		limit_class(w, master, helper, want->class, now_ns);
	e = fill_slot(w->table, master, helper, want, chain, now_ns);
	if (!e) {
		flow_count(w, FLOW_COUNTER_EXPECT_FULL);
		return -EMFILE;
	}
	flow_get(master, FLOW_HOLDER_EXPECT);
	link_expect(w, e, now_ns);
	return 0;
}

int expect_add(struct flow_worker *w, struct flow *master, const struct helper *helper,
               const struct helper_action *want, uint64_t now_ns)
{
	struct expects *x = w->table->expects;
	uint32_t chain = chain_of(w->table, &want->tuple);
	int err;

	assert(flow_status(master) & TRACK_HELPER);
	expects_lock(x);
	err = add_locked(w, master, helper, want, chain, now_ns);
	expects_unlock(x);
	return err;
}

/* ---- meeting --------------------------------------------------------------------------- */

static bool may_be_met(const struct expect *e, const struct tuple *tuple, uint64_t now_ns)
{
	return is_met_by(e, tuple) && !(load(&e->flags) & HELPER_EXPECT_INACTIVE) &&
	       !is_over(e, now_ns);
}

/* Without the lock: it may be unlinked by now. */
static struct expect *look_up(const struct flow_table *t, const struct tuple *tuple,
                              uint64_t now_ns)
{
	const struct expects *x = t->expects;
	uint32_t at = atomic_load_explicit(&x->chains[chain_of(t, tuple)],
	                                   memory_order_acquire);

	while (at && !may_be_met(&x->slots[at], tuple, now_ns))
		at = atomic_load_explicit(&x->slots[at].next, memory_order_acquire);
	return at ? &x->slots[at] : NULL;
}

/* What is not in the table yet cannot have been heard of (the kernel's words). */
static bool master_counts(const struct flow *master)
{
	return (flow_status(master) & (TRACK_CONFIRMED | TRACK_DYING)) == TRACK_CONFIRMED;
}

/* @f is entered. */
static void remember(struct flow *f, const struct flow *master)
{
	atomic_store_explicit(&f->master_index, master->index, memory_order_relaxed);
	atomic_store_explicit(&f->master_id, load(&master->id), memory_order_relaxed);
}

/* The lock is held (X1), and @f is entered. */
static void inherit(struct flow *f, const struct expect *e)
{
	remember(f, e->master);
	store(&f->mark, load(&e->master->mark));
}

/* Take @e for @f, under the lock; the helper that @f gets, if any. */
static bool take(struct flow_worker *w, struct expect *e, struct flow *f,
                 const struct helper **helper, uint64_t now_ns)
{
	struct expects *x = w->table->expects;
	bool taken;

	expects_lock(x);
	taken = e->linked && may_be_met(e, &f->side[TRACK_ORIGINAL].tuple, now_ns) &&
	        master_counts(e->master);
	if (taken) {
		inherit(f, e);
		*helper = e->helped ? e->helper : NULL;
		if (!(load(&e->flags) & HELPER_EXPECT_PERMANENT))
			unlink_expect(w, e, now_ns);
	}
	expects_unlock(x);
	return taken;
}

bool expect_meet(struct flow_worker *w, struct flow *f, uint64_t now_ns)
{
	const struct helper *helper = NULL;
	struct expect *e;
	bool met;

	if (base_likely(expect_count(w->table) == 0))
		return false;
	e = look_up(w->table, &f->side[TRACK_ORIGINAL].tuple, now_ns);
	if (!e)
		return false;
	flow_enter(w, f);
	met = take(w, e, f, &helper, now_ns);
	flow_leave(w, f);
	if (!met)
		return false;
	flow_status_add(w, f, TRACK_EXPECTED);
	if (helper)
		flow_helper_set(w, f, helper);
	flow_count(w, FLOW_COUNTER_EXPECT_NEW);
	return true;
}

void flow_master_set(struct flow_worker *w, struct flow *f, const struct flow *master)
{
	flow_enter(w, f);
	remember(f, master);
	flow_leave(w, f);
	flow_status_add(w, f, TRACK_EXPECTED);
}

/* ---- a flow's helper --------------------------------------------------------------------- */

void flow_helper_set(struct flow_worker *w, struct flow *f, const struct helper *helper)
{
	uint16_t number = helper_number(helper);

	if (!number)
		return; /* it was closed this moment */
	atomic_store_explicit(&f->helper, number, memory_order_relaxed);
	flow_status_add(w, f, TRACK_HELPER);
}

const struct helper *flow_helper(const struct flow *f)
{
	return helper_numbered(atomic_load_explicit(&f->helper, memory_order_relaxed));
}

void flow_helper_state_load(const struct flow *f, void *state)
{
	uint64_t words[FLOW_HELPER_WORDS];
	unsigned int i;

	for (i = 0; i < FLOW_HELPER_WORDS; i++)
		words[i] =
			atomic_load_explicit(&f->helper_state[i], memory_order_relaxed);
	memcpy(state, words, sizeof(words));
}

void flow_helper_state_store(struct flow *f, const void *state)
{
	uint64_t words[FLOW_HELPER_WORDS];
	unsigned int i;

	memcpy(words, state, sizeof(words));
	for (i = 0; i < FLOW_HELPER_WORDS; i++)
		atomic_store_explicit(&f->helper_state[i], words[i],
		                      memory_order_relaxed);
}

/* ---- changing ------------------------------------------------------------------------------ */

static void refresh_one(struct flow_worker *w, struct expect *e, uint32_t timeout_s,
                        uint64_t now_ns)
{
	store(&e->flags, load(&e->flags) & ~HELPER_EXPECT_INACTIVE);
	store(&e->deadline_s, deadline(now_ns, timeout_s));
	announce(w, e, FLOW_EVENT_EXPECT_UPDATE, now_ns);
}

unsigned int expect_refresh(struct flow_worker *w, struct flow *master,
                            const struct helper_action *refresh, uint64_t now_ns)
{
	struct expects *x = w->table->expects;
	unsigned int n = 0;
	struct expect *e;
	uint32_t at;

	expects_lock(x);
	for (at = load(&master->expects); at; at = e->sibling) {
		e = &x->slots[at];
		if (e->class != refresh->class ||
		    !destination_equal(&e->tuple, &refresh->tuple))
			continue;
		refresh_one(w, e, refresh->timeout_s, now_ns);
		n++;
	}
	expects_unlock(x);
	return n;
}

unsigned int expect_flush_master(struct flow_worker *w, struct flow *master,
                                 uint8_t classes, uint64_t now_ns)
{
	struct expects *x = w->table->expects;
	unsigned int n = 0;
	uint32_t at, next;

	expects_lock(x);
	for (at = load(&master->expects); at; at = next) {
		next = x->slots[at].sibling;
		if (!(classes & 1u << x->slots[at].class))
			continue;
		unlink_expect(w, &x->slots[at], now_ns);
		n++;
	}
	expects_unlock(x);
	return n;
}

/* Slots that are looked at with the lock held: workers wait for it. */
#define STRIDE 256

static uint32_t end_of_stride(const struct expects *x, uint32_t from)
{
	return x->untouched - from > STRIDE ? from + STRIDE : x->untouched;
}

bool expect_forget_helper(struct flow_worker *w, const struct helper *helper,
                          uint32_t *cursor, unsigned int max, uint64_t now_ns)
{
	struct expects *x = w->table->expects;
	uint32_t at = *cursor ? *cursor : 1, end;
	unsigned int n = 0;
	bool more;

	expects_lock(x);
	for (end = end_of_stride(x, at); at < end && n < max; at++) {
		if (!x->slots[at].linked || x->slots[at].helper != helper)
			continue;
		unlink_expect(w, &x->slots[at], now_ns);
		n++;
	}
	more = at < x->untouched;
	expects_unlock(x);
	*cursor = at;
	return more;
}

unsigned int expect_expire(struct flow_worker *w, uint64_t now_ns)
{
	struct expects *x = w->table->expects;
	uint32_t at = 1, end;
	unsigned int n = 0;

	if (expect_count(w->table) == 0 || x->expired_s == now_seconds(now_ns))
		return 0;
	x->expired_s = now_seconds(now_ns);
	do {
		expects_lock(x);
		for (end = end_of_stride(x, at); at < end; at++) {
			if (!x->slots[at].linked || !is_over(&x->slots[at], now_ns))
				continue;
			unlink_expect(w, &x->slots[at], now_ns);
			n++;
		}
		end = x->untouched;
		expects_unlock(x);
	} while (at < end);
	return n;
}

/* ---- listing --------------------------------------------------------------------------------- */

unsigned int expect_walk(struct flow_table *t, uint32_t *cursor, struct expect_info *out,
                         unsigned int max, uint64_t now_ns)
{
	struct expects *x = t->expects;
	unsigned int n = 0;
	uint32_t at = *cursor ? *cursor : 1, end;

	do {
		expects_lock(x);
		for (end = end_of_stride(x, at); at < end && n < max; at++)
			if (x->slots[at].linked)
				info_read(x, &x->slots[at], now_ns, &out[n++]);
		end = x->untouched;
		expects_unlock(x);
	} while (at < end && n < max);
	*cursor = at;
	return n;
}

/* The lock is held. */
static struct expect *with_id(const struct expects *x, uint32_t id)
{
	uint32_t index = id & ID_SLOT_MASK;
	struct expect *e = &x->slots[index];

	return index && index < x->untouched && e->linked && id_of(x, e) == id ? e : NULL;
}

static struct expect *with_tuple(const struct flow_table *t, const struct tuple *tuple)
{
	const struct expects *x = t->expects;
	uint32_t at = load(&x->chains[chain_of(t, tuple)]);

	while (at && !tuple_equal(&x->slots[at].tuple, tuple))
		at = load(&x->slots[at].next);
	return at ? &x->slots[at] : NULL;
}

bool expect_find(struct flow_table *t, const struct tuple *tuple, uint32_t id,
                 struct expect_info *out, uint64_t now_ns)
{
	struct expects *x = t->expects;
	struct expect *e;

	expects_lock(x);
	e = tuple ? with_tuple(t, tuple) : with_id(x, id);
	if (e)
		info_read(x, e, now_ns, out);
	expects_unlock(x);
	return e != NULL;
}

bool expect_remove(struct flow_worker *w, uint32_t id, uint64_t now_ns)
{
	struct expects *x = w->table->expects;
	struct expect *e;

	expects_lock(x);
	e = with_id(x, id);
	if (e)
		unlink_expect(w, e, now_ns);
	expects_unlock(x);
	return e != NULL;
}

bool expect_timeout_set(struct flow_worker *w, uint32_t id, uint32_t timeout_s,
                        uint64_t now_ns)
{
	struct expects *x = w->table->expects;
	struct expect *e;

	expects_lock(x);
	e = with_id(x, id);
	if (e) {
		store(&e->deadline_s, deadline(now_ns, timeout_s));
		announce(w, e, FLOW_EVENT_EXPECT_UPDATE, now_ns);
	}
	expects_unlock(x);
	return e != NULL;
}

uint32_t expect_count(const struct flow_table *t)
{
	return load(&t->expects->count);
}

uint32_t expect_max(const struct flow_table *t)
{
	return t->expects->max;
}
