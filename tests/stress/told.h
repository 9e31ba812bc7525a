/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * told.h - a listener that knows which flows live, and what it must not be told then
 *
 * Events are read as control reads them. By the slot that an id names it keeps the id of the flow
 * that was announced and has not ended. Of what comes before a loss that it knows of it learns
 * nothing, since what is lost may be older.
 */
#ifndef TESTS_STRESS_TOLD_H
#define TESTS_STRESS_TOLD_H

#include <string.h>

#include "flow/event.h"
#include "flow/table_priv.h"

#define TOLD_SLOTS   (1u << 19)  /* a small table has 266,240 */
#define TOLD_UNKNOWN 0xffffffffu /* something was lost: anything may come */

struct told {
	uint32_t alive[TOLD_SLOTS]; /* id; 0: none */
	uint64_t lost,
		lost_before; /* how many, and events with lower numbers may be older */
	unsigned long events, faults;
};

/* Is this what may come of a flow of which @before was known? */
static inline bool told_fits(const struct flow_event *e, uint32_t before)
{
	return e->kind == FLOW_EVENT_NEW ? before == 0 : before == e->info.id;
}

/* True: events were lost since it was asked last, and now nothing is known. */
static inline bool told_forget(struct told *told, const struct flow_table *t)
{
	uint64_t lost = flow_counter_read(t, FLOW_COUNTER_EVENTS_LOST);

	if (lost == told->lost)
		return false;
	told->lost = lost;
	told->lost_before = flow_event_order(t);
	memset(told->alive, 0xff, sizeof(told->alive));
	return true;
}

static inline void told_event(struct told *told, const struct flow_table *t,
                              const struct flow_event *e)
{
	uint32_t slot = flow_id_index(t, e->info.id), *alive = &told->alive[slot];

	if (*alive != TOLD_UNKNOWN && !told_fits(e, *alive))
		told->faults += !told_forget(told, t);
	if (e->kind == FLOW_EVENT_DESTROY && e->info.stopped_ns < e->info.started_ns)
		told->faults++;
	*alive = e->kind == FLOW_EVENT_DESTROY ? 0 : e->info.id;
	if (e->order < told->lost_before)
		*alive = TOLD_UNKNOWN;
}

static inline void told_read(struct told *told, struct flow_table *t)
{
	struct flow_event e;

	while (flow_event_next(t, UINT64_MAX, &e)) {
		told->events++;
		if (e.kind <= FLOW_EVENT_DESTROY)
			told_event(told, t, &e);
	}
}

#endif
