/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event.h - what happened to flows, for those who listen
 *
 * One ring for each worker, one producer (its thread) and one consumer (the control
 * thread). All changes of one packet are one event. When nobody listens nothing is
 * written; when a ring is full the event is counted as lost (event.lost), and the worker
 * goes on.
 *
 * What a listener may rely on (L4), whatever threads meet at a flow: its NEW comes once and
 * first, its DESTROY once and last. Events are numbered in the order in which they are emitted,
 * over all rings, for clocks are read too seldom to tell. event.c says how the threads agree.
 */
#ifndef FLOW_EVENT_H
#define FLOW_EVENT_H

#include "flow/expect.h"
#include "flow/info.h"

enum flow_event_kind {
	FLOW_EVENT_NEW,
	FLOW_EVENT_UPDATE,
	FLOW_EVENT_DESTROY,
	FLOW_EVENT_EXPECT_NEW,
	FLOW_EVENT_EXPECT_UPDATE,
	FLOW_EVENT_EXPECT_DESTROY,
	FLOW_EVENT_KINDS,
};

/* What changed, the kernel's IPCT_* idea: bits of flow_event.changes. */
#define FLOW_CHANGE_STATUS 0x1
#define FLOW_CHANGE_STATE  0x2
#define FLOW_CHANGE_MARK   0x4
#define FLOW_CHANGE_REPLY  0x8
#define FLOW_CHANGE_LABEL  0x10

struct flow_event {
	enum flow_event_kind kind;
	uint32_t changes; /* FLOW_CHANGE_* */
	uint64_t order;   /* its number: later events have higher ones */
	uint32_t
		origin; /* the client that asked for it, as it calls itself; 0: nobody did */
	union {
		struct flow_info info;
		struct expect_info expect; /* of FLOW_EVENT_EXPECT_* */
	};
};

/** Which kinds anybody listens to: a bit for each. Any thread. */
void flow_event_wanted_set(struct flow_table *t, uint32_t kinds);

/** Does anybody listen to @kind? */
bool flow_event_is_wanted(const struct flow_table *t, enum flow_event_kind kind);

/** Producer: announce; cheap when nobody listens. NEW: once for each flow that was confirmed,
 * whether anybody listens or not. DESTROY is life.c's. Changes of a dying flow are passed over, and
 * the change of one that was not announced announces it. */
void flow_event_emit(struct flow_worker *w, struct flow *f, enum flow_event_kind kind,
                     uint32_t changes, uint64_t now_ns);

/** Producer: nobody has been told of a flow, and nobody will be. False: somebody has. */
bool flow_event_hush(struct flow *f);

/** Producer: announce what happened to an expectation. */
void flow_event_emit_expect(struct flow_worker *w, const struct expect_info *info,
                            enum flow_event_kind kind, uint64_t now_ns);

/** Producer: whom its next events come from; 0: from packets and time. */
void flow_event_origin_set(struct flow_worker *w, uint32_t origin);

/** The number that the next event will have. Any thread. */
uint64_t flow_event_order(const struct flow_table *t);

/** Consumer: is there an event with a number below @before? */
bool flow_event_is_waiting(const struct flow_table *t, uint64_t before);

/** Consumer: take the oldest event of all workers with a number below @before; false: none. */
bool flow_event_next(struct flow_table *t, uint64_t before, struct flow_event *out);

/** Consumer: take the oldest event of worker @number; false: none. */
bool flow_event_take(struct flow_table *t, uint16_t number, struct flow_event *out);

/** Events that all rings together have room for. */
uint64_t flow_event_room(const struct flow_table *t);

#endif
