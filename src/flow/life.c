/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * life.c - a flow's birth, confirmation and death
 *
 * Who removes what. Two bits of the status decide, each set by a compare-and-swap that
 * only one thread can win: CONFIRMED (never once DYING is set) and DYING.
 *
 *   - Who sets CONFIRMED takes the flow out of the unconfirmed table and puts its keys into
 *     the shared one.
 *   - Who sets DYING takes it out of the table that CONFIRMED names.
 *
 * L1 keyless  No key outlives its flow. A killer may come between CONFIRMED and the inserts,
 *             and find nothing to remove. So after the inserts the confirmer looks for DYING once
 *             more, by a read-modify-write: either it sees the killer's, or the killer's comes
 *             later and sees the inserts. Then it removes its keys itself; removing twice is
 *             harmless, since the handle cannot be reused before the confirmer is quiet.
 * L2 kept     A slot is reused only after a grace period and the last reference's put.
 * L3 counted  Who counts a flow (flow_open_set()) is told of its end once: by whoever exchanges
 *             the number for another. Who sets one looks for DYING behind it, and who has set
 *             DYING looks for a number behind that: one of both sees the other.
 */
#include <assert.h>
#include <errno.h>

#include "flow/event.h"
#include "flow/expect.h"
#include "flow/table_priv.h"

/* Evictions tried for one new flow. Another thread may take the candidate first, or the room
 * that was made; each of the others can do so once while it makes one flow. */
#define LIFE_EVICT_TRIES 64

#define NS_PER_S 1000000000ull

/* ---- who made it ----------------------------------------------------------------- */

static void machine_get(struct flow_table *t, uint8_t machine)
{
	assert(machine < TRACK_MACHINES_MAX);
	atomic_fetch_add_explicit(&t->machines[machine].live, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&t->machines[machine].slots, 1, memory_order_relaxed);
}

/* It is alive no more. */
static void machine_leave(struct flow_table *t, uint8_t machine)
{
	atomic_fetch_sub_explicit(&t->machines[machine].live, 1, memory_order_relaxed);
}

/* Nobody looks at it any more: release, for who then frees the machine. */
static void machine_put(struct flow_table *t, uint8_t machine)
{
	atomic_fetch_sub_explicit(&t->machines[machine].slots, 1, memory_order_release);
}

void flow_machine_use(const struct flow_table *t, uint8_t machine,
                      struct flow_machine_use *out)
{
	assert(machine < TRACK_MACHINES_MAX);
	out->references =
		atomic_load_explicit(&t->machines[machine].slots, memory_order_acquire);
	out->flows =
		atomic_load_explicit(&t->machines[machine].live, memory_order_relaxed);
}

/* ---- death --------------------------------------------------------------------- */

void flow_release(struct flow_table *t, struct flow *f)
{
#ifdef DEBUG_REFS
	enum flow_holder holder;

	for (holder = 0; holder < FLOW_HOLDERS; holder++)
		assert(atomic_load(&f->held[holder]) == 0);
#endif
	flow_phase_set(t, f, FLOW_PHASE_FREE);
	machine_put(t, f->machine);
	atomic_fetch_sub_explicit(&t->dying, 1, memory_order_relaxed);
	slab_free(t->slab, f);
}

static uint64_t hash_of(const struct flow *f, enum track_dir dir)
{
	return atomic_load_explicit(&f->side[dir].hash, memory_order_relaxed);
}

static void remove_key(struct flow_table *t, struct flow *f, enum track_dir dir)
{
	hashtrie_remove(t->trie, hash_of(f, dir), flow_handle(f, dir));
}

static void remove_keys(struct flow_table *t, struct flow *f)
{
	hashtrie_prefetch(t->trie, hash_of(f, TRACK_REPLY)); /* both at once */
	remove_key(t, f, TRACK_ORIGINAL);
	remove_key(t, f, TRACK_REPLY);
}

static void remove_unconfirmed(struct flow_table *t, struct flow *f)
{
	cookie_put(t->cookies, atomic_load_explicit(&f->cookie, memory_order_relaxed));
	hashtrie_remove(t->workers[f->worker]->unconfirmed, hash_of(f, TRACK_ORIGINAL),
	                flow_handle(f, TRACK_ORIGINAL));
}

static enum flow_counter counter_of_end(enum flow_end end, bool confirmed)
{
	switch (end) {
	case FLOW_END_EXPIRED:
		return confirmed ? FLOW_COUNTER_EXPIRED : FLOW_COUNTER_REAPED;
	case FLOW_END_EVICTED: return FLOW_COUNTER_EVICTED;
	case FLOW_END_CLOSED: return FLOW_COUNTER_CLOSED;
	case FLOW_END_MODULE: return FLOW_COUNTER_UNLOADED;
	case FLOW_END_NONE: return FLOW_COUNTER_DROPPED;
	default: return FLOW_COUNTER_DELETED;
	}
}

uint32_t flow_source_count(struct flow_table *t, const struct tuple *tuple)
{
	return t->sources ? source_count(t->sources, tuple) : 0;
}

/* @reserved: it has a right to reserved slots. */
static void unreserve_one(struct flow_table *t, const struct tuple *tuple, bool reserved)
{
	if (t->sources)
		source_put(t->sources, tuple);
	if (t->cfg.reserve && !reserved)
		atomic_fetch_sub_explicit(&t->ordinary, 1, memory_order_relaxed);
	atomic_fetch_sub_explicit(&t->live, 1, memory_order_relaxed);
}

static void open_change(struct flow *f, enum flow_role role, uint32_t open)
{
	const struct flow_table_config *cfg = &f->table->cfg;
	uint32_t before;

	if (!open && !atomic_load(&f->open[role]))
		return;
	before = atomic_exchange(&f->open[role], open);
	if (before)
		cfg->open_left(cfg->open_left_ctx, before);
}

void flow_open_set(struct flow *f, enum flow_role role, uint32_t open)
{
	open_change(f, role, open);
	if (open && atomic_load(&f->status) & TRACK_DYING)
		open_change(f, role, 0);
}

/* The winner's work, once DYING is set; @status: the bits before. */
static void bury(struct flow_worker *w, struct flow *f, uint32_t status,
                 enum flow_end end, uint64_t now_ns)
{
	struct flow_table *t = w->table;

	atomic_store_explicit(&f->end, (uint8_t)end, memory_order_relaxed);
	atomic_fetch_add_explicit(&t->dying, 1, memory_order_relaxed);
	flow_phase_set(t, f, FLOW_PHASE_DYING);
	if (status & TRACK_ASSURED)
		atomic_fetch_sub_explicit(&t->assured, 1, memory_order_relaxed);
	if (status & TRACK_CONFIRMED) {
		remove_keys(t, f);
		atomic_fetch_sub_explicit(&t->confirmed, 1, memory_order_relaxed);
		if (end != FLOW_END_NONE || !flow_event_hush(f))
			flow_event_emit(w, f, FLOW_EVENT_DESTROY, 0, now_ns);
	} else {
		remove_unconfirmed(t, f);
	}
	if (status & TRACK_HELPER)
		expect_flush_master(w, f, HELPER_CLASSES_ALL, now_ns);
	lists_move(t, f, FLOW_LIST_DEAD, 0);
	machine_leave(t, f->machine);
	if (status & TRACK_OFFLOAD && t->cfg.offload_ended)
		t->cfg.offload_ended(t->cfg.offload_ended_ctx, f);
	open_change(f, FLOW_ROLE_ENTRY, 0);
	open_change(f, FLOW_ROLE_CONFIRM, 0);
	flow_count(w, counter_of_end(end, status & TRACK_CONFIRMED));
	unreserve_one(t, &f->side[TRACK_ORIGINAL].tuple, f->reserved);
	limbo_add(&w->limbo, f);
}

void flow_prefetch_keys(const struct flow_table *t, const struct flow *f)
{
	hashtrie_prefetch(t->trie, hash_of(f, TRACK_ORIGINAL));
	hashtrie_prefetch(t->trie, hash_of(f, TRACK_REPLY));
}

/* Kill unless one of these bits stands. */
static bool kill_unless(struct flow_worker *w, struct flow *f, uint32_t unless,
                        enum flow_end end, uint64_t now_ns)
{
	uint32_t status = flow_status(f);

	do {
		if (status & (TRACK_DYING | unless))
			return false;
	} while (
		!atomic_compare_exchange_weak(&f->status, &status, status | TRACK_DYING));
	bury(w, f, status, end, now_ns);
	return true;
}

bool flow_kill(struct flow_worker *w, struct flow *f, enum flow_end end, uint64_t now_ns)
{
	return kill_unless(w, f, 0, end, now_ns);
}

/* ---- making room --------------------------------------------------------------- */

/* A flow that may go, and the list where it was seen. */
struct candidate {
	struct flow *flow; /* NULL: none */
	enum flow_list list;
};

static uint64_t order_of(const struct flow *f)
{
	return atomic_load_explicit(&f->order, memory_order_relaxed);
}

/* Let the oldest flow of @which over all workers be the candidate if it is older. Other
 * threads move the lists meanwhile: the answer was right a moment ago. */
static void find_oldest(struct flow_table *t, enum flow_list which, struct candidate *c)
{
	struct flow *f;
	uint16_t i;

	for (i = 0; i <= t->cfg.workers; i++) {
		f = lists_peek_oldest(t->workers[i], t->slab, which);
		if (f && (!c->flow || order_of(f) < order_of(c->flow)))
			*c = (struct candidate){ f, which };
	}
}

/* Of those that are not assured. */
static void find_unassured(struct flow_table *t, bool reserved, struct candidate *c)
{
	find_oldest(t, flow_list_of(FLOW_LIST_UNCONFIRMED, reserved), c);
	find_oldest(t, flow_list_of(FLOW_LIST_UNASSURED, reserved), c);
}

/* What is taken is room for whoever asks: one without a right to reserved slots lacks a slot
 * that is not reserved, and would gain nothing by a flow that is. */
static struct candidate find_candidate(struct flow_table *t, bool reserved)
{
	struct candidate c = { NULL, FLOW_LIST_NONE };

	find_unassured(t, false, &c);
	if (!c.flow && reserved)
		find_unassured(t, true, &c);
	if (!c.flow && t->cfg.evict_closing)
		find_oldest(t, flow_list_of(FLOW_LIST_CLOSING, false), &c);
	if (!c.flow && t->cfg.evict_closing && reserved)
		find_oldest(t, flow_list_of(FLOW_LIST_CLOSING, true), &c);
	return c;
}

/* What is evicted has not been touched for long. Its successor will probably go next: fetch
 * what that takes, while the packet at hand is looked after. */
static void prefetch_next(const struct flow_worker *w, enum flow_list which)
{
	const struct flow *f = lists_peek_oldest(w, w->table->slab, which);

	if (f)
		flow_prefetch_all(f);
}

/* Bits of the status that let a flow stay which was seen in that list. */
static uint32_t stays_with(enum flow_list which)
{
	return which % FLOW_LIST_RESERVED == FLOW_LIST_CLOSING ? 0 : TRACK_ASSURED;
}

/*
 * False: nothing can go. @reserved: for one who has a right to reserved slots.
 *
 * Who takes the candidate out of its list evicts it. So a thread that is interrupted after that
 * holds nobody up: all others see the next one. A candidate that another thread takes first, or
 * that became assured, counts as progress.
 */
static bool evict_one(struct flow_worker *w, bool reserved, uint64_t now_ns)
{
	struct candidate c = find_candidate(w->table, reserved);

	if (!c.flow)
		return false;
	if (lists_move_from(w->table, c.flow, c.list, FLOW_LIST_NONE, 0))
		kill_unless(w, c.flow, stays_with(c.list), FLOW_END_EVICTED, now_ns);
	prefetch_next(w, c.list);
	return true;
}

static bool is_reserved(const struct flow_table *t, const struct tuple *tuple)
{
	const struct flow_table_config *cfg = &t->cfg;

	return cfg->reserve && cfg->is_reserved &&
	       cfg->is_reserved(cfg->is_reserved_ctx, tuple);
}

/* One more, if that makes no more than @limit. */
static bool count_below(_Atomic uint32_t *n, uint32_t limit)
{
	if (atomic_fetch_add_explicit(n, 1, memory_order_relaxed) < limit)
		return true;
	atomic_fetch_sub_explicit(n, 1, memory_order_relaxed);
	return false;
}

static bool take_room(struct flow_table *t, bool reserved)
{
	const struct flow_table_config *cfg = &t->cfg;
	bool ordinary = cfg->reserve && !reserved;

	if (ordinary && !count_below(&t->ordinary, cfg->max - cfg->reserve))
		return false;
	if (count_below(&t->live, cfg->max))
		return true;
	if (ordinary)
		atomic_fetch_sub_explicit(&t->ordinary, 1, memory_order_relaxed);
	return false;
}

/* Count one more flow; false: there is no room and none can be made. */
static bool reserve_room(struct flow_worker *w, bool reserved, uint64_t now_ns)
{
	unsigned int tries;

	for (tries = 0; tries < LIFE_EVICT_TRIES; tries++) {
		if (take_room(w->table, reserved))
			return true;
		if (!evict_one(w, reserved, now_ns))
			return false;
	}
	return false;
}

/* Room in the table, and within the source's limit. */
static bool reserve_one(struct flow_worker *w, const struct tuple *tuple, bool reserved,
                        uint64_t now_ns, enum ctq_reason *why)
{
	struct flow_table *t = w->table;

	*why = CTQ_DROP_SOURCE_LIMIT;
	if (t->sources && !source_take(t->sources, tuple, t->cfg.per_source)) {
		flow_count(w, FLOW_COUNTER_SOURCE_LIMIT);
		return false;
	}
	*why = CTQ_DROP_TABLE_FULL;
	if (reserve_room(w, reserved, now_ns))
		return true;
	if (t->sources)
		source_put(t->sources, tuple);
	flow_count(w, FLOW_COUNTER_TABLE_FULL);
	return false;
}

/* ---- birth --------------------------------------------------------------------- */

static void side_begin(struct flow *f, enum track_dir dir, const struct tuple *tuple)
{
	flow_tuple_store(f, dir, tuple);
	atomic_store_explicit(&f->side[dir].packets, 0, memory_order_relaxed);
	atomic_store_explicit(&f->side[dir].bytes, 0, memory_order_relaxed);
}

static void flow_fill(struct flow_worker *w, struct flow *f, const struct packet *p,
                      const struct tuple *reply, uint8_t machine, bool reserved,
                      uint64_t now_ns)
{
	struct flow_table *t = w->table;
	uint32_t index = slab_index(t->slab, f);

	/* Who knew the flow that was here by slot and id (info.c: its master) sees that id gone
	 * before it can see any of this one. */
	atomic_store_explicit(&f->id, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	side_begin(f, TRACK_ORIGINAL, &p->tuple);
	atomic_store_explicit(&f->side[TRACK_ORIGINAL].hash,
	                      tuple_hash(&p->tuple, &t->key), memory_order_relaxed);
	side_begin(f, TRACK_REPLY, reply);
	atomic_store_explicit(&f->side[TRACK_REPLY].hash, 0, memory_order_relaxed);
	atomic_store_explicit(&f->status, 0, memory_order_relaxed);
	atomic_store_explicit(&f->mark, 0, memory_order_relaxed);
	atomic_store_explicit(&f->last_s, (uint32_t)(now_ns / 1000000000u),
	                      memory_order_relaxed);
	atomic_store_explicit(&f->owner, t->can_bias ? w->owner_id : 0,
	                      memory_order_relaxed);
	atomic_store_explicit(&f->lock, 0, memory_order_relaxed);
	memset(f->verdict, 0, sizeof(f->verdict));
	memset(f->state, 0, sizeof(f->state));
	memset(f->labels, 0, sizeof(f->labels));
	atomic_store_explicit(&f->master_index, 0, memory_order_relaxed);
	atomic_store_explicit(&f->master_id, 0, memory_order_relaxed);
	atomic_store_explicit(&f->helper, 0, memory_order_relaxed);
	atomic_store_explicit(&f->carried_s, 0, memory_order_relaxed);
	memset(f->helper_state, 0, sizeof(f->helper_state));
	f->machine = machine;
	machine_get(t, machine);
	f->table = t;
	f->index = index;
	f->list = FLOW_LIST_NONE;
	memset(f->open, 0, sizeof(f->open));
	f->worker = w->number & 0x7fff;
	f->reserved = reserved;
	atomic_store_explicit(&f->end, FLOW_END_NONE, memory_order_relaxed);
	atomic_store_explicit(&f->told, 0, memory_order_relaxed);
	atomic_store_explicit(&t->deadline[index], 0, memory_order_relaxed);
	f->started_s = (uint32_t)(now_ns / 1000000000u);
	f->started_ns =
		now_ns + atomic_load_explicit(&t->realtime_offset, memory_order_relaxed);
	atomic_store_explicit(&f->hooks, 0, memory_order_relaxed);
	atomic_store_explicit(&f->ifin, p->ifin, memory_order_relaxed);
	atomic_store_explicit(&f->ifout, p->ifout, memory_order_relaxed);
	atomic_store_explicit(&f->id, flow_id_next(t, index), memory_order_release);
#ifdef DEBUG_REFS
	memset(f->held, 0, sizeof(f->held));
	atomic_store(&f->held[FLOW_HOLDER_TABLE], 1);
#endif
	atomic_store_explicit(&f->refs, 1, memory_order_release);
}

/* The list of that kind where the flow belongs. */
static enum flow_list list_for(const struct flow *f, enum flow_list kind)
{
	return flow_list_of(kind, f->reserved);
}

/*
 * In its list before its phase says so: who finds it by its phase (a flush) may bury it at
 * once, and takes it out of its list. Who finds it in its list first (an eviction) has set
 * the phase of a dead flow, which stays.
 */
static int flow_publish(struct flow_worker *w, struct flow *f, uint64_t now_ns)
{
	struct flow_table *t = w->table;
	uint8_t phase = FLOW_PHASE_FREE;
	int err = hashtrie_insert(w->unconfirmed, hash_of(f, TRACK_ORIGINAL),
	                          &f->side[TRACK_ORIGINAL].tuple,
	                          flow_handle(f, TRACK_ORIGINAL), NULL);

	if (err < 0)
		return err;
	atomic_store_explicit(&f->cookie,
	                      w->number < t->cfg.workers
	                              ? cookie_take(t->cookies, w->number, f->index)
	                              : 0,
	                      memory_order_relaxed);
	lists_append(w, t->slab, f, list_for(f, FLOW_LIST_UNCONFIRMED), now_ns);
	atomic_compare_exchange_strong(&t->phase[f->index], &phase,
	                               FLOW_PHASE_UNCONFIRMED);
	flow_count(w, FLOW_COUNTER_NEW);
	return 0;
}

struct flow *flow_new(struct flow_worker *w, const struct packet *p, uint8_t machine,
                      uint64_t now_ns, enum ctq_reason *why)
{
	struct flow_table *t = w->table;
	bool reserved = is_reserved(t, &p->tuple);
	struct tuple reply;
	struct flow *f;

	if (tuple_invert(&p->tuple, &reply) < 0) {
		*why = CTQ_INVALID_ICMP_TYPE;
		return NULL;
	}
	limbo_help(&w->limbo);
	if (!reserve_one(w, &p->tuple, reserved, now_ns, why))
		return NULL;
	f = slab_alloc(t->slab, &w->chunk);
	if (!f)
		goto unreserve;
	flow_fill(w, f, p, &reply, machine, reserved, now_ns);
	if (flow_publish(w, f, now_ns) < 0)
		goto free_slot;
	return f;

free_slot:
	*why = CTQ_DROP_MEMORY;
	atomic_store_explicit(&f->refs, 0, memory_order_relaxed);
	machine_leave(t, machine);
	machine_put(t, machine);
	slab_free(t->slab, f);
unreserve:
	flow_count(w, FLOW_COUNTER_TABLE_FULL);
	unreserve_one(t, &p->tuple, reserved);
	return NULL;
}

/* ---- confirmation -------------------------------------------------------------- */

/* Sets CONFIRMED and the bits of NAT. False: the flow is dying, or another thread has
 * claimed it. */
static bool claim_confirmed(struct flow *f, uint32_t bits)
{
	uint32_t status = flow_status(f);

	do {
		if (status & (TRACK_DYING | TRACK_CONFIRMED))
			return false;
	} while (!atomic_compare_exchange_weak(&f->status, &status, status | bits));
	return true;
}

/* Which NAT lies between the original tuple and what answers will look like. */
static uint32_t nat_bits(const struct tuple *original, const struct tuple *reply)
{
	struct tuple plain;
	uint32_t bits = 0;

	if (tuple_invert(original, &plain) < 0)
		return 0;
	if (memcmp(plain.dst, reply->dst, sizeof(plain.dst)) ||
	    plain.dst_id != reply->dst_id)
		bits |= TRACK_SRC_NAT | TRACK_SRC_NAT_DONE;
	if (memcmp(plain.src, reply->src, sizeof(plain.src)) ||
	    plain.src_id != reply->src_id)
		bits |= TRACK_DST_NAT | TRACK_DST_NAT_DONE;
	return bits;
}

/* Who buries a flow takes its keys away one after the other. One that still stands is no hindrance:
 * it is removed here (L1: twice is harmless). */
static int insert_key(struct flow_table *t, const struct flow *f, enum track_dir dir,
                      uint32_t *standing)
{
	const struct tuple *tuple = &f->side[dir].tuple;
	uint32_t handle = flow_handle(f, dir);
	int err = hashtrie_insert(t->trie, hash_of(f, dir), tuple, handle, standing);

	if (err != -EEXIST || !flow_is_dying(flow_of_handle(t, *standing).flow))
		return err;
	hashtrie_remove(t->trie, hash_of(f, dir), *standing);
	return hashtrie_insert(t->trie, hash_of(f, dir), tuple, handle, standing);
}

/* Both keys or none. @standing: who has the original tuple already, on -EEXIST;
 * -EADDRINUSE: another flow has the reply tuple. */
static int insert_keys(struct flow_table *t, struct flow *f, uint32_t *standing)
{
	const struct tuple *original = &f->side[TRACK_ORIGINAL].tuple;
	const struct tuple *reply = &f->side[TRACK_REPLY].tuple;
	uint64_t reply_hash = tuple_hash(reply, &t->key);
	int err;

	atomic_store_explicit(&f->side[TRACK_REPLY].hash, reply_hash,
	                      memory_order_relaxed);
	hashtrie_prefetch(t->trie, reply_hash);
	err = insert_key(t, f, TRACK_ORIGINAL, standing);
	if (err < 0 ||
	    tuple_equal(original, reply)) /* from an address to itself: one key */
		return err;
	err = insert_key(t, f, TRACK_REPLY, standing);
	if (err < 0)
		remove_key(t, f, TRACK_ORIGINAL);
	return err == -EEXIST ? -EADDRINUSE : err;
}

/* The keys could not be inserted: back to unconfirmed, and away. A killer that came
 * meanwhile has done all of it. */
static void confirm_undo(struct flow_worker *w, struct flow *f, uint64_t now_ns)
{
	uint32_t status = flow_status(f);

	flow_count(w, FLOW_COUNTER_INSERT_FAILED);
	atomic_store_explicit(&f->cookie, 0, memory_order_relaxed); /* is put back */
	do {
		if (status & TRACK_DYING)
			return;
	} while (!atomic_compare_exchange_weak(&f->status, &status,
	                                       status & ~(uint32_t)TRACK_CONFIRMED));
	atomic_fetch_sub_explicit(&w->table->confirmed, 1, memory_order_relaxed);
	flow_kill(w, f, FLOW_END_NONE, now_ns);
}

/* A packet of an unconfirmed flow meets a confirmed one that has its tuple: the packet
 * goes on as part of that one. */
static struct flow_ref confirm_clash(struct flow_worker *w, int err, uint32_t standing,
                                     enum ctq_reason *why)
{
	struct flow_ref none = { NULL, TRACK_ORIGINAL };

	*why = err == -EADDRINUSE ? CTQ_DROP_CLASH : CTQ_DROP_MEMORY;
	if (err == -EEXIST || err == -EADDRINUSE)
		flow_count(w, FLOW_COUNTER_CLASH);
	return err == -EEXIST ? flow_of_handle(w->table, standing) : none;
}

/* The keys stand: lists, phase. False: a killer came between (L1). */
static bool confirm_finish(struct flow_worker *w, struct flow *f, uint64_t now_ns)
{
	struct flow_table *t = w->table;
	uint8_t phase = FLOW_PHASE_UNCONFIRMED;

	atomic_compare_exchange_strong(&t->phase[f->index], &phase, FLOW_PHASE_CONFIRMED);
	if (atomic_fetch_or(&f->status, 0) & TRACK_DYING) {
		remove_keys(t, f);
		return false;
	}
	lists_move_from(t, f, list_for(f, FLOW_LIST_UNCONFIRMED),
	                flow_status(f) & TRACK_ASSURED ? FLOW_LIST_NONE
	                                               : list_for(f, FLOW_LIST_UNASSURED),
	                now_ns);
	flow_count(w, FLOW_COUNTER_CONFIRMED);
	return true;
}

/* Two packets of one flow are at the confirm hook at once, and this one is the later. */
static struct flow_ref confirm_late(struct flow *f, enum ctq_reason *why)
{
	struct flow_ref ref = { NULL, TRACK_ORIGINAL };

	*why = CTQ_INVALID_DYING;
	if (flow_is_dying(f))
		return ref;
	*why = CTQ_ACCEPT_FLOW;
	ref.flow = f;
	return ref;
}

struct flow_ref flow_confirm(struct flow_worker *w, struct flow *f,
                             const struct tuple *reply, uint64_t now_ns,
                             enum ctq_reason *why)
{
	struct flow_table *t = w->table;
	struct flow_ref ref = { NULL, TRACK_ORIGINAL };
	uint32_t standing = HASHTRIE_NONE;
	int err;

	*why = CTQ_REASON_NONE;
	if (!claim_confirmed(f, TRACK_CONFIRMED |
	                                nat_bits(&f->side[TRACK_ORIGINAL].tuple, reply)))
		return confirm_late(f, why);
	atomic_fetch_add_explicit(&t->confirmed, 1, memory_order_relaxed);
	remove_unconfirmed(t, f);
	if (!tuple_equal(&f->side[TRACK_REPLY].tuple, reply))
		flow_tuple_store(f, TRACK_REPLY, reply);
	err = insert_keys(t, f, &standing);
	if (err < 0) {
		confirm_undo(w, f, now_ns);
		return confirm_clash(w, err, standing, why);
	}
	if (confirm_finish(w, f, now_ns))
		ref.flow = f;
	else
		*why = CTQ_INVALID_DYING;
	return ref;
}

bool flow_confirm_reply(struct flow_worker *w, struct flow *f, const struct tuple *reply,
                        uint64_t now_ns)
{
	struct flow_table *t = w->table;
	uint64_t hash = tuple_hash(reply, &t->key);
	uint32_t standing;

	if (!claim_confirmed(f, TRACK_CONFIRMED | TRACK_NAT_CLASH | TRACK_FIXED_TIMEOUT |
	                                nat_bits(&f->side[TRACK_ORIGINAL].tuple, reply)))
		return false;
	atomic_fetch_add_explicit(&t->confirmed, 1, memory_order_relaxed);
	remove_unconfirmed(t, f);
	flow_tuple_store(f, TRACK_REPLY, reply);
	atomic_store_explicit(&f->side[TRACK_REPLY].hash, hash, memory_order_relaxed);
	if (insert_key(t, f, TRACK_REPLY, &standing) < 0) {
		confirm_undo(w, f, now_ns);
		return false;
	}
	flow_count(w, FLOW_COUNTER_CLASH);
	return confirm_finish(w, f, now_ns);
}

/* Workers read the clock when a batch begins and send its verdicts when it ends: what two of them
 * do within this time has no order. A batch takes less than a millisecond, unless its worker waits
 * for a processor. */
#define LIFE_ORDER_NS 10000000ull

/* When it was born, or later by less than a second if it has waited for an answer since. */
static uint64_t birth_of(const struct flow *f)
{
	uint64_t listed = order_of(f), next = (f->started_s + 1ull) * NS_PER_S;

	return listed < next ? listed : next;
}

/* The order of a confirmed flow is when it was confirmed, or of a later change. */
bool flow_precedes(const struct flow *f, const struct flow *later)
{
	return order_of(f) + LIFE_ORDER_NS < birth_of(later);
}

/* ---- in between ---------------------------------------------------------------- */

void flow_status_add(struct flow_worker *w, struct flow *f, uint32_t bits)
{
	struct flow_table *t = w->table;
	uint32_t status = flow_status(f);

	do {
		if ((status & bits) == bits || status & TRACK_DYING)
			return;
	} while (!atomic_compare_exchange_weak(&f->status, &status, status | bits));
	if (bits & ~status & TRACK_OFFLOAD)
		flow_count(w, FLOW_COUNTER_OFFLOADED);
	if (bits & ~status & TRACK_ASSURED) {
		atomic_fetch_add_explicit(&t->assured, 1, memory_order_relaxed);
		lists_move_from(t, f, list_for(f, FLOW_LIST_UNASSURED), FLOW_LIST_NONE,
		                0);
	}
}

void flow_status_remove(struct flow *f, uint32_t bits)
{
	assert(!(bits & (TRACK_ASSURED | TRACK_CONFIRMED | TRACK_DYING)));
	atomic_fetch_and(&f->status, ~bits);
}

void flow_closing_set(struct flow_worker *w, struct flow *f, bool closing,
                      uint64_t now_ns)
{
	enum flow_list list = list_for(f, FLOW_LIST_CLOSING);

	if (closing)
		lists_move_from(w->table, f, FLOW_LIST_NONE, list, now_ns);
	else
		lists_move_from(w->table, f, list, FLOW_LIST_NONE, 0);
}

/* ---- waiting ------------------------------------------------------------------- */

void flow_wait_begin(struct flow_table *t, struct flow *f)
{
	lists_move_from(t, f, list_for(f, FLOW_LIST_UNCONFIRMED), FLOW_LIST_NONE, 0);
}

/* Another worker may have confirmed it meanwhile, and found it in no list. One that is dead
 * stays in its list. */
void flow_wait_end(struct flow_table *t, struct flow *f, uint64_t now_ns)
{
	uint32_t status = flow_status(f);

	if (!(status & TRACK_CONFIRMED))
		lists_move_from(t, f, FLOW_LIST_NONE, list_for(f, FLOW_LIST_UNCONFIRMED),
		                now_ns);
	else if (!(status & TRACK_ASSURED))
		lists_move_from(t, f, FLOW_LIST_NONE, list_for(f, FLOW_LIST_UNASSURED),
		                now_ns);
}
