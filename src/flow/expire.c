/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * expire.c - flows that nobody needs any more
 *
 * There are no timers. Deadlines are seconds in an array beside the flows, four bytes
 * each: a packet stores its flow's new deadline (only when it differs, so about once a
 * second), and the control thread reads the array from end to end whenever a second
 * begins. A million flows are 4 MiB to read in a second, about a thousandth of a core.
 *
 * E1 exact    A flow with a timeout of T seconds expires later than T seconds after its
 *             last packet, and at the first flow_expire() after T + 1, unless more expire
 *             than one call may kill.
 * E2 bounded  One call looks at EXPIRE_SLOTS_MAX slots and kills EXPIRE_KILLS_MAX flows at
 *             most: milliseconds, even when a million flows are due. It goes on there.
 */
#include "flow/table_priv.h"

#define NS_PER_S 1000000000ull

/* Slots between quiescent states: keeps grace periods short while much expires. */
#define EXPIRE_STRIDE 16384

/* One call's: 4 MiB to read, and about as long again for the flows, at a microsecond or two
 * each. The event ring of the calling thread holds as many events. */
#define EXPIRE_SLOTS_MAX (1u << 20)
#define EXPIRE_KILLS_MAX 4096

/* While timeouts are shortened the flows themselves are read, prefetched by so many slots: some
 * 20 ns each. */
#define EXPIRE_SLOTS_ADAPTIVE (1u << 17)
#define EXPIRE_PREFETCH       8

void flow_timeout_set(struct flow_table *t, struct flow *f, uint32_t now_s,
                      uint32_t timeout_s)
{
	_Atomic uint32_t *deadline = &t->deadline[f->index];
	uint32_t at;

	if (timeout_s > FLOW_TIMEOUT_MAX)
		timeout_s = FLOW_TIMEOUT_MAX;
	at = now_s + timeout_s + 1;

	if (atomic_load_explicit(deadline, memory_order_relaxed) != at)
		atomic_store_explicit(deadline, at, memory_order_relaxed);
}

static uint32_t load(const _Atomic uint32_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

/* The deadline that counts: @at, or the shorter one from the last packet on. */
static uint32_t scaled_deadline(const struct flow *f, uint32_t at, uint32_t scale)
{
	uint32_t last = load(&f->last_s);

	if (scale == FLOW_SCALE_ONE || at <= last + 1 ||
	    flow_status(f) & TRACK_FIXED_TIMEOUT)
		return at;
	return last + flow_adaptive_timeout(at - last - 1, scale) + 1;
}

static uint32_t left_until(uint32_t at, uint32_t now_s)
{
	return at > now_s + 1 ? at - now_s - 1 : 0;
}

uint32_t flow_timeout_full(const struct flow_table *t, const struct flow *f,
                           uint32_t now_s)
{
	return left_until(load(&t->deadline[f->index]), now_s);
}

uint32_t flow_timeout_left(const struct flow_table *t, const struct flow *f,
                           uint32_t now_s)
{
	return left_until(
		scaled_deadline(f, load(&t->deadline[f->index]), load(&t->scale)), now_s);
}

void flow_adaptive_set(struct flow_table *t, uint32_t start_percent, uint32_t end_percent)
{
	t->adaptive = (struct flow_adaptive){
		.start = (uint32_t)((uint64_t)t->cfg.max * start_percent / 100),
		.end = (uint32_t)((uint64_t)t->cfg.max * end_percent / 100),
	};
	if (t->adaptive.end <= t->adaptive.start)
		t->adaptive.end = 0; /* a table so small that there is nothing between */
}

static uint32_t scale_update(struct flow_table *t)
{
	uint32_t scale = flow_adaptive_scale(&t->adaptive, load(&t->live));

	atomic_store_explicit(&t->scale, scale, memory_order_relaxed);
	return scale;
}

static bool is_past(const struct flow_table *t, uint32_t index, uint32_t now_s)
{
	uint32_t at = atomic_load_explicit(&t->deadline[index], memory_order_relaxed);

	return at && at <= now_s;
}

/* A free slot may have kept a deadline: the phase tells. And the slot may have been freed and
 * taken again between the two looks: so the deadline of the flow that is there now counts. */
static bool is_due(const struct flow_table *t, uint32_t index, uint32_t now_s)
{
	return is_past(t, index, now_s) &&
	       atomic_load_explicit(&t->phase[index], memory_order_acquire) ==
	               FLOW_PHASE_CONFIRMED &&
	       is_past(t, index, now_s);
}

/* Under a scale. A flow that is confirmed now stays in its slot until we are quiet. */
static bool is_due_early(const struct flow_table *t, uint32_t index, uint32_t now_s,
                         uint32_t scale)
{
	uint32_t at;

	if (atomic_load_explicit(&t->phase[index], memory_order_acquire) !=
	    FLOW_PHASE_CONFIRMED)
		return false;
	at = load(&t->deadline[index]);
	return at && scaled_deadline(slab_slot(t->slab, index), at, scale) <= now_s;
}

static void prefetch(const struct flow_table *t, uint32_t index, uint32_t end)
{
	if (index < end)
		__builtin_prefetch(&slab_slot(t->slab, index)->status);
}

/* The first slot from @i on that is due, or @end. */
static uint32_t due_in(const struct flow_table *t, uint32_t i, uint32_t end,
                       uint32_t now_s)
{
	while (i < end && !base_unlikely(is_due(t, i, now_s)))
		i++;
	return i;
}

/* Slots whose flows are to be killed: some at once, so that what one of them must wait for
 * comes while others are waited for. */
#define DOOMED_MAX 16
struct doomed {
	uint32_t slot[DOOMED_MAX];
	unsigned int n;
};

/* True: that was the last that it takes. */
static bool doomed_add(const struct flow_table *t, struct doomed *d, uint32_t index)
{
	d->slot[d->n++] = index;
	flow_prefetch_all(slab_slot(t->slab, index));
	return d->n == DOOMED_MAX;
}

static void doomed_prefetch(const struct flow_table *t, const struct doomed *d)
{
	unsigned int i;

	for (i = 0; i < d->n; i++)
		flow_prefetch_keys(t, slab_slot(t->slab, d->slot[i]));
}

/* A packet may have come since they were found: they are looked at once more. */
static unsigned int doomed_expire(struct flow_worker *w, struct doomed *d,
                                  uint64_t now_ns)
{
	uint32_t now_s = (uint32_t)(now_ns / NS_PER_S);
	struct flow_table *t = w->table;
	unsigned int killed = 0, i;

	doomed_prefetch(t, d);
	for (i = 0; i < d->n; i++)
		if (is_due(t, d->slot[i], now_s))
			killed += flow_kill(w, slab_slot(t->slab, d->slot[i]),
			                    FLOW_END_EXPIRED, now_ns);
	d->n = 0;
	return killed;
}

static unsigned int doomed_kill(struct flow_worker *w, struct doomed *d,
                                enum flow_end end, uint64_t now_ns)
{
	unsigned int killed = 0, i;

	doomed_prefetch(w->table, d);
	for (i = 0; i < d->n; i++)
		killed +=
			flow_kill(w, slab_slot(w->table->slab, d->slot[i]), end, now_ns);
	d->n = 0;
	return killed;
}

bool flow_expire_is_behind(const struct flow_table *t)
{
	return t->expire_next <= slab_high_water(t->slab);
}

/* From .expire_next to @end what is due. */
static unsigned int expire_due(struct flow_worker *w, uint32_t end, uint64_t now_ns)
{
	uint32_t now_s = (uint32_t)(now_ns / NS_PER_S), i, stop;
	struct doomed doomed = { .n = 0 };
	struct flow_table *t = w->table;
	unsigned int killed = 0;

	for (i = t->expire_next; i < end && killed + DOOMED_MAX <= EXPIRE_KILLS_MAX;) {
		stop = (i / EXPIRE_STRIDE + 1) * EXPIRE_STRIDE;
		i = due_in(t, i, stop < end ? stop : end, now_s);
		if (i == stop) {
			killed += doomed_expire(w, &doomed, now_ns);
			rcu_quiet();
		} else if (i < end && doomed_add(t, &doomed, i++)) {
			killed += doomed_expire(w, &doomed, now_ns);
		}
	}
	t->expire_next = i;
	return killed + doomed_expire(w, &doomed, now_ns);
}

static bool expire(struct flow_worker *w, uint32_t index, uint64_t now_ns)
{
	return flow_kill(w, slab_slot(w->table->slab, index), FLOW_END_EXPIRED, now_ns);
}

/* The same under a scale, which each one that goes may change. */
static unsigned int expire_scaled(struct flow_worker *w, uint32_t end, uint32_t scale,
                                  uint64_t now_ns)
{
	uint32_t now_s = (uint32_t)(now_ns / NS_PER_S), i;
	unsigned int killed = 0, early = 0;
	struct flow_table *t = w->table;

	for (i = t->expire_next; i < end && killed + early < EXPIRE_KILLS_MAX; i++) {
		if (i % EXPIRE_STRIDE == 0)
			rcu_quiet();
		if (base_unlikely(is_due(t, i, now_s)))
			killed += expire(w, i, now_ns);
		if (scale == FLOW_SCALE_ONE)
			continue;
		prefetch(t, i + EXPIRE_PREFETCH, end);
		if (!is_due_early(t, i, now_s, scale))
			continue;
		early += expire(w, i, now_ns);
		scale = scale_update(t); /* there is more room now */
	}
	t->expire_next = i;
	flow_count_more(w, FLOW_COUNTER_ADAPTED, early);
	return killed + early;
}

unsigned int flow_expire(struct flow_worker *w, uint64_t now_ns)
{
	uint32_t now_s = (uint32_t)(now_ns / NS_PER_S), end;
	struct flow_table *t = w->table;
	uint32_t scale = scale_update(t);
	uint32_t most =
		scale == FLOW_SCALE_ONE ? EXPIRE_SLOTS_MAX : EXPIRE_SLOTS_ADAPTIVE;

	if (!flow_expire_is_behind(t)) {
		if (t->expire_s == now_s)
			return 0;
		t->expire_s = now_s;
		t->expire_next = 1;
		slab_trim(t->slab);
	}
	end = slab_high_water(t->slab) + 1;
	if (end - t->expire_next > most)
		end = t->expire_next + most;
	return scale == FLOW_SCALE_ONE ? expire_due(w, end, now_ns)
	                               : expire_scaled(w, end, scale, now_ns);
}

/* At most @max of those in @which. */
static unsigned int reap_list(struct flow_worker *w, enum flow_list which,
                              unsigned int max, uint64_t now_ns)
{
	struct flow_table *t = w->table;
	uint64_t patience = t->cfg.unconfirmed_s * NS_PER_S;
	unsigned int killed = 0;
	struct flow *f;

	while (killed < max && (f = lists_peek_oldest(w, t->slab, which)) != NULL) {
		if (atomic_load_explicit(&f->order, memory_order_relaxed) + patience >
		    now_ns)
			break;
		/* Confirmed this moment: another worker is about to move it. */
		if (flow_is_confirmed(f) || !flow_kill(w, f, FLOW_END_EXPIRED, now_ns))
			break;
		killed++;
	}
	return killed;
}

unsigned int flow_reap(struct flow_worker *w, uint64_t now_ns)
{
	enum flow_list own = flow_list_of(FLOW_LIST_UNCONFIRMED, true);
	unsigned int killed = reap_list(w, FLOW_LIST_UNCONFIRMED, FLOW_REAP_MAX, now_ns);

	return killed + reap_list(w, own, FLOW_REAP_MAX - killed, now_ns);
}

static bool is_made_by(const struct flow *f, uint8_t machine, int l4)
{
	return f->machine == machine &&
	       (l4 < 0 || f->side[TRACK_ORIGINAL].tuple.l4 == l4);
}

static bool is_alive(const struct flow_table *t, uint32_t index)
{
	uint8_t phase = atomic_load_explicit(&t->phase[index], memory_order_acquire);

	return phase == FLOW_PHASE_UNCONFIRMED || phase == FLOW_PHASE_CONFIRMED;
}

/* The end of a step, and the first slot at the first step. */
static uint32_t step_end(const struct flow_table *t, struct flow_kill_cursor *c)
{
	uint32_t end = slab_high_water(t->slab) + 1;

	if (c->next == 0)
		c->next = 1;
	return end > c->next && end - c->next > EXPIRE_SLOTS_MAX
	               ? c->next + EXPIRE_SLOTS_MAX
	               : end;
}

/* Not a free slot: its pages may be gone, and even an exchange that changes nothing brings them
 * back. */
static void slot_forget_helper(struct flow_table *t, uint32_t index, uint16_t number)
{
	_Atomic uint16_t *helper = &slab_slot(t->slab, index)->helper;
	uint16_t wanted =
		number; /* another flow may have the slot by now: then it is not */

	if (atomic_load_explicit(&t->phase[index], memory_order_acquire) ==
	            FLOW_PHASE_FREE ||
	    atomic_load_explicit(helper, memory_order_relaxed) != number)
		return;
	atomic_compare_exchange_strong(helper, &wanted, 0);
}

bool flow_forget_helper(struct flow_table *t, struct flow_kill_cursor *c, uint16_t number)
{
	uint32_t end = step_end(t, c), i;

	for (i = c->next; i < end; i++) {
		if (i % EXPIRE_STRIDE == 0)
			rcu_quiet();
		slot_forget_helper(t, i, number);
	}
	c->next = i;
	return i <= slab_high_water(t->slab);
}

bool flow_kill_machine(struct flow_worker *w, struct flow_kill_cursor *c, uint8_t machine,
                       int l4, uint64_t now_ns)
{
	struct flow_table *t = w->table;
	uint32_t end = step_end(t, c), i;
	unsigned int killed = 0;
	struct flow *f;

	for (i = c->next; i < end && killed < EXPIRE_KILLS_MAX; i++) {
		if (i % EXPIRE_STRIDE == 0)
			rcu_quiet();
		f = slab_slot(t->slab, i);
		if (is_alive(t, i) && is_made_by(f, machine, l4))
			killed += flow_kill(w, f, FLOW_END_MODULE, now_ns);
	}
	c->next = i;
	return i <= slab_high_water(t->slab);
}

unsigned int flow_table_flush(struct flow_worker *w, enum flow_end end, uint64_t now_ns)
{
	struct flow_table *t = w->table;
	uint32_t last = slab_high_water(t->slab), i;
	struct doomed doomed = { .n = 0 };
	unsigned int killed = 0;

	for (i = 1; i <= last; i++) {
		if (i % EXPIRE_STRIDE == 0) {
			killed += doomed_kill(w, &doomed, end, now_ns);
			rcu_quiet();
		}
		if (is_alive(t, i) && doomed_add(t, &doomed, i))
			killed += doomed_kill(w, &doomed, end, now_ns);
	}
	return killed + doomed_kill(w, &doomed, end, now_ns);
}
