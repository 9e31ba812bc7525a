/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event.c - rings of events from the workers to the control thread
 *
 * The producer writes a slot, then moves the tail (release); the consumer reads the tail
 * (acquire), copies, then moves the head (release). Both count on without bound; the
 * difference is the fill.
 *
 * L4 told     The word .told of a flow lets one thread at a time tell of it:
 *
 *                 NEW      it was announced, or is by who tells at the moment
 *                 END      it was buried: nobody begins to tell any more
 *                 TELLING  somebody writes an event
 *                 AGAIN    there was a change meanwhile
 *
 *             Whoever comes while another one tells leaves what he has to say to him: a change
 *             as AGAIN, the end as END. So nobody waits, and events stand in the rings, whichever,
 *             in the order of their numbers. (Who asked for such a change is not told then.) Who
 *             buries a flow that was not announced announces it himself.
 */
#include "flow/event.h"

#include <errno.h>
#include <sys/mman.h>

#include "flow/table_priv.h"

/* Mapped, so that a ring which nobody listens to has no pages. */
int ring_init(struct flow_ring *r, uint32_t slots)
{
	r->slots = mmap(NULL, slots * sizeof(struct flow_event), PROT_READ | PROT_WRITE,
	                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->slots == MAP_FAILED) {
		r->slots = NULL;
		return -ENOMEM;
	}
	r->mask = slots - 1;
	return 0;
}

void ring_fini(struct flow_ring *r)
{
	if (r->slots)
		munmap(r->slots, (r->mask + 1) * sizeof(struct flow_event));
}

void flow_event_wanted_set(struct flow_table *t, uint32_t kinds)
{
	atomic_store_explicit(&t->events_wanted, kinds, memory_order_relaxed);
}

bool flow_event_is_wanted(const struct flow_table *t, enum flow_event_kind kind)
{
	return atomic_load_explicit(&t->events_wanted, memory_order_relaxed) & 1u << kind;
}

/* The next slot to fill, or NULL: the event is lost. */
static struct flow_event *ring_next(struct flow_worker *w)
{
	struct flow_ring *r = &w->ring;
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(&r->head, memory_order_acquire);

	if (tail - head <= r->mask)
		return &r->slots[tail & r->mask];
	flow_count(w, FLOW_COUNTER_EVENTS_LOST);
	return NULL;
}

static void ring_publish(struct flow_worker *w)
{
	struct flow_ring *r = &w->ring;
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
	flow_count(w, FLOW_COUNTER_EVENTS);
}

/* ---- L4 ------------------------------------------------------------------------ */

#define TOLD_NEW     0x1u
#define TOLD_END     0x2u
#define TOLD_TELLING 0x4u
#define TOLD_AGAIN   0x8u

/* False: there is nothing to be told, or another one does. @first: it is to be announced. */
static bool tell_begin(struct flow *f, enum flow_event_kind kind, bool *first)
{
	uint8_t told = atomic_load_explicit(&f->told, memory_order_relaxed), next;

	do {
		if (told & TOLD_END || (kind == FLOW_EVENT_NEW && told & TOLD_NEW))
			return false;
		next = told |
		       (told & TOLD_TELLING ? TOLD_AGAIN : TOLD_NEW | TOLD_TELLING);
	} while (!atomic_compare_exchange_weak(&f->told, &told, next));
	*first = !(told & TOLD_NEW);
	return !(told & TOLD_TELLING);
}

/* What came meanwhile and must be told, too; FLOW_EVENT_KINDS: nothing. */
static enum flow_event_kind tell_next(struct flow *f)
{
	uint8_t told = atomic_load_explicit(&f->told, memory_order_relaxed), next;

	do {
		next = told & TOLD_NEW;
		if (told & TOLD_END) /* it says all */
			next |= TOLD_END;
		else if (told & TOLD_AGAIN)
			next |= TOLD_TELLING;
	} while (!atomic_compare_exchange_weak(&f->told, &told, next));
	if (next & TOLD_END)
		return FLOW_EVENT_DESTROY;
	return next & TOLD_TELLING ? FLOW_EVENT_UPDATE : FLOW_EVENT_KINDS;
}

/* ---- producer ------------------------------------------------------------------ */

static uint64_t number(struct flow_table *t)
{
	return atomic_fetch_add_explicit(&t->events_order, 1, memory_order_relaxed);
}

/* A flow may have begun later than the time at which a long step ends it. */
static uint64_t stopped_ns(const struct flow_table *t, const struct flow *f,
                           uint64_t now_ns)
{
	uint64_t stopped =
		now_ns + atomic_load_explicit(&t->realtime_offset, memory_order_relaxed);

	return stopped > f->started_ns ? stopped : f->started_ns;
}

static void write_event(struct flow_worker *w, const struct flow *f,
                        enum flow_event_kind kind, uint32_t changes, uint64_t now_ns)
{
	struct flow_table *t = w->table;
	struct flow_event *e;

	if (!flow_event_is_wanted(t, kind) ||
	    flow_status(f) & TRACK_NAT_CLASH) /* it only stands in for another one */
		return;
	e = ring_next(w);
	if (!e)
		return;
	e->kind = kind;
	e->changes = changes;
	e->order = number(t);
	e->origin = w->origin;
	flow_info_read(t, f, (uint32_t)(now_ns / 1000000000u), &e->info);
	if (kind == FLOW_EVENT_DESTROY)
		e->info.stopped_ns = stopped_ns(t, f, now_ns);
	else
		e->info.status &= ~(uint32_t)TRACK_DYING;
	ring_publish(w);
}

static void emit_end(struct flow_worker *w, struct flow *f, uint64_t now_ns)
{
	uint8_t told = atomic_fetch_or(&f->told, TOLD_END);

	if (!(told & TOLD_NEW))
		write_event(w, f, FLOW_EVENT_NEW, 0, now_ns);
	if (!(told & TOLD_TELLING))
		write_event(w, f, FLOW_EVENT_DESTROY, 0, now_ns);
}

bool flow_event_hush(struct flow *f)
{
	uint8_t told = 0;

	return atomic_compare_exchange_strong(&f->told, &told, TOLD_END);
}

/* Of a change that is the first event, and NEW: what listens to changes only is told of that. */
static enum flow_event_kind kind_of_first(const struct flow_table *t,
                                          enum flow_event_kind kind)
{
	return flow_event_is_wanted(t, FLOW_EVENT_NEW) ? FLOW_EVENT_NEW : kind;
}

void flow_event_emit(struct flow_worker *w, struct flow *f, enum flow_event_kind kind,
                     uint32_t changes, uint64_t now_ns)
{
	bool first;

	if (kind == FLOW_EVENT_DESTROY) {
		emit_end(w, f, now_ns);
		return;
	}
	if (!flow_event_is_wanted(w->table, kind)) {
		if (kind == FLOW_EVENT_NEW)
			atomic_fetch_or(&f->told, TOLD_NEW);
		return;
	}
	if ((kind == FLOW_EVENT_UPDATE && flow_is_dying(f)) ||
	    !tell_begin(f, kind, &first))
		return;
	if (first)
		kind = kind_of_first(w->table, kind);
	do {
		write_event(w, f, kind, changes, now_ns);
		kind = kind == FLOW_EVENT_DESTROY ? FLOW_EVENT_KINDS : tell_next(f);
	} while (kind != FLOW_EVENT_KINDS);
}

void flow_event_emit_expect(struct flow_worker *w, const struct expect_info *info,
                            enum flow_event_kind kind, uint64_t now_ns)
{
	struct flow_event *e = ring_next(w);

	if (!e)
		return;
	e->kind = kind;
	e->changes = 0;
	e->origin = w->origin;
	e->order = number(w->table);
	e->expect = *info;
	ring_publish(w);
}

void flow_event_origin_set(struct flow_worker *w, uint32_t origin)
{
	w->origin = origin;
}

/* ---- consumer ------------------------------------------------------------------ */

uint64_t flow_event_order(const struct flow_table *t)
{
	return atomic_load(&t->events_order);
}

/* The worker whose oldest event has the lowest number below *@before, which becomes that number;
 * or -1. */
static int find_oldest(const struct flow_table *t, uint64_t *before)
{
	const struct flow_ring *r;
	uint64_t order;
	uint32_t head;
	int found = -1;
	uint16_t i;

	for (i = 0; i <= t->cfg.workers; i++) {
		r = &t->workers[i]->ring;
		head = atomic_load_explicit(&r->head, memory_order_relaxed);
		if (head == atomic_load_explicit(&r->tail, memory_order_acquire))
			continue;
		order = r->slots[head & r->mask].order;
		if (order < *before) {
			*before = order;
			found = i;
		}
	}
	return found;
}

bool flow_event_is_waiting(const struct flow_table *t, uint64_t before)
{
	return find_oldest(t, &before) >= 0;
}

/*
 * Looks again until nothing older is found: an event that came before another one may have been
 * written to a ring that was looked at already, but is there when the other one is seen.
 */
bool flow_event_next(struct flow_table *t, uint64_t before, struct flow_event *out)
{
	int older = find_oldest(t, &before), oldest = -1;

	while (older >= 0) {
		oldest = older;
		older = find_oldest(t, &before);
	}
	return oldest >= 0 && flow_event_take(t, (uint16_t)oldest, out);
}

bool flow_event_take(struct flow_table *t, uint16_t number, struct flow_event *out)
{
	struct flow_ring *r = &t->workers[number]->ring;
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

	if (head == atomic_load_explicit(&r->tail, memory_order_acquire))
		return false;
	*out = r->slots[head & r->mask];
	atomic_store_explicit(&r->head, head + 1, memory_order_release);
	return true;
}

uint64_t flow_event_room(const struct flow_table *t)
{
	uint64_t room = 0;
	uint16_t i;

	for (i = 0; i <= t->cfg.workers; i++)
		room += t->workers[i]->ring.mask + 1;
	return room;
}
