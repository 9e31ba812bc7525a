/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event.c - rings of events from the workers to the control thread
 *
 * The producer writes a slot, then moves the tail (release); the consumer reads the tail
 * (acquire), copies, then moves the head (release). Both count on without bound; the
 * difference is the fill.
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

void flow_event_emit(struct flow_worker *w, const struct flow *f,
                     enum flow_event_kind kind, uint32_t changes, uint64_t now_ns)
{
	struct flow_table *t = w->table;
	struct flow_event *e;

	if (!flow_event_is_wanted(t, kind))
		return;
	if (kind == FLOW_EVENT_UPDATE && flow_is_dying(f))
		return; /* its DESTROY has said all */
	e = ring_next(w);
	if (!e)
		return;
	e->kind = kind;
	e->changes = changes;
	e->when_ns = now_ns;
	e->origin = w->origin;
	flow_info_read(t, f, (uint32_t)(now_ns / 1000000000u), &e->info);
	if (kind == FLOW_EVENT_DESTROY)
		e->info.stopped_ns = now_ns + atomic_load_explicit(&t->realtime_offset,
		                                                   memory_order_relaxed);
	ring_publish(w);
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
	e->when_ns = now_ns;
	e->expect = *info;
	ring_publish(w);
}

void flow_event_origin_set(struct flow_worker *w, uint32_t origin)
{
	w->origin = origin;
}

uint32_t flow_event_pending(const struct flow_table *t, uint16_t number)
{
	const struct flow_ring *r = &t->workers[number]->ring;

	return atomic_load_explicit(&r->tail, memory_order_acquire) -
	       atomic_load_explicit(&r->head, memory_order_relaxed);
}

bool flow_event_when(struct flow_table *t, uint16_t number, uint64_t *when_ns)
{
	struct flow_ring *r = &t->workers[number]->ring;
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

	if (head == atomic_load_explicit(&r->tail, memory_order_acquire))
		return false;
	*when_ns = r->slots[head & r->mask].when_ns;
	return true;
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
