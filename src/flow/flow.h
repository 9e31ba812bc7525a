/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flow.h - one tracked connection
 *
 * A flow lives in a slot of its table's slab. Life:
 *
 *     flow_new()        unconfirmed: in its worker's own table, found there and by cookie
 *        │ flow_confirm()                │ flow_drop(), reaper
 *        ▼                               │
 *     confirmed: both keys in the        │
 *     shared hashtrie                    │
 *        │ flow_kill(): one winner       │
 *        ▼                               ▼
 *     dying: in no table, still in the list of dying flows
 *        │ a grace period, then the last reference is put
 *        ▼
 *     free slot
 *
 * Layout: six cache lines.
 *
 *     line 0  key and counters of the original direction
 *     line 1  key and counters of the reply direction
 *     line 2  what each packet reads and may write
 *     line 3  the protocol machine's state
 *     line 4  what only birth, death and listings touch
 *     line 5  what few flows have: labels, a master, a helper. Birth writes it; a packet
 *             touches it only when a bit of the status says that there is something
 *
 * Who may write what: the fields of line 2 and 3, and the counters, are written between
 * flow_enter() and flow_leave() only, with relaxed atomic stores; anybody under RCU may
 * read them with relaxed loads, and may see the values of two packets mixed (harmless: a
 * listing). Keys are immutable while they are stored in a table. Labels are changed by
 * anybody who may see the flow, by read-modify-write (label.h).
 */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "base/rcu.h"
#include "ctq/reasons.h"
#include "packet/tuple.h"
#include "track/helper.h"
#include "track/track.h"

/* Who holds a reference. */
enum flow_holder {
	FLOW_HOLDER_TABLE,  /* the table (or the worker's unconfirmed table): one for both
	                       keys */
	FLOW_HOLDER_PACKET, /* a packet that waits for a decision from outside */
	FLOW_HOLDER_DUMP,
	FLOW_HOLDER_EVENT,
	FLOW_HOLDER_EXPECT,
	FLOW_HOLDER_CONTROL, /* a request being answered */
	FLOW_HOLDERS,
};

/* Why a flow ended: enum ctq_flow_end of ctq/ctlink.h has the same numbers. */
enum flow_end {
	FLOW_END_NONE,
	FLOW_END_EXPIRED,
	FLOW_END_CLOSED,
	FLOW_END_EVICTED,
	FLOW_END_DELETED,
	FLOW_END_MODULE,
	FLOW_END_RULES,
	FLOW_END_STOP,
};

/* The two roles of hooks: DESIGN of a packet's way in HACKING.md. */
enum flow_role { FLOW_ROLE_ENTRY, FLOW_ROLE_CONFIRM, FLOW_ROLES };

/* What the rules said of this flow at one role, and which generation said it. */
struct flow_verdict {
	uint32_t generation; /* 0: never judged */
	uint32_t rule;       /* index of the rule or policy, below FLOW_RULE_LIMIT */
	uint8_t reason;      /* enum ctq_reason */
	bool accept;
	uint32_t mark_value, mark_mask; /* change of each packet's mark; mask 0: none */
};
#define FLOW_RULE_LIMIT (1u << 23)

struct flow_side {
	struct tuple tuple;
	_Atomic uint64_t hash;
	_Atomic uint64_t packets;
	_Atomic uint64_t bytes;
} BASE_ALIGNED(BASE_CACHELINE);

/* Labels of a flow, bits, as in the kernel's conntrack (XT_CONNLABEL_MAXBIT + 1). */
#define FLOW_LABELS 128

struct flow_table;

#define FLOW_HELPER_WORDS (HELPER_STATE_SIZE / sizeof(uint64_t))

_Static_assert(sizeof(struct flow_side) == BASE_CACHELINE, "one line for each direction");

#define FLOW_STATE_WORDS (sizeof(union track_state) / sizeof(uint64_t))

struct flow {
	struct flow_side side[2]; /* enum track_dir */

	/* line 2 */
	_Atomic uint32_t status; /* TRACK_*; DYING is set by compare-and-swap */
	_Atomic uint32_t mark;
	_Atomic uint32_t last_s; /* second of the last packet */
	_Atomic uint16_t owner;  /* worker + 1 that enters without a lock; 0: lock.h */
	_Atomic uint8_t lock;
	uint8_t machine; /* number of the protocol machine that made it; never changes */
	_Atomic uint64_t verdict[FLOW_ROLES][2]; /* struct flow_verdict, packed: flow.c */
	_Atomic uint32_t cookie; /* that it had while it was unconfirmed; 0: none */
	uint32_t index;          /* of its slot */
	uint32_t started_s;      /* monotonic second */
	_Atomic uint32_t id;     /* for ctlink: never 0, hard to guess */

	/* line 3 */
	_Atomic uint64_t state[FLOW_STATE_WORDS];

	/* line 4 */
	_Atomic uint32_t refs;
	uint32_t next,
		prev; /* slots; its list's links, under the list's lock; dead: limbo.h */
	uint16_t worker : 15;  /* who made it, and has it in its lists; never changes */
	uint16_t reserved : 1; /* its source has reserved slots; never changes */
	_Atomic uint8_t end;   /* enum flow_end; of a live flow: flow_close_set() */
	_Atomic uint8_t hooks; /* of the first packet, four bits for each role */
	struct flow_table *table;
	uint64_t started_ns;               /* realtime, for listings */
	_Atomic uint64_t order;            /* monotonic ns: its place in its list */
	_Atomic uint32_t ifin, ifout;      /* of the first packet; 0: not known (yet) */
	uint32_t next_free;                /* free: in slab.c */
	uint8_t list;                      /* enum flow_list, under its list's lock */
	_Atomic uint8_t told;              /* what was announced: event.c */
	_Atomic uint32_t open[FLOW_ROLES]; /* flow_open_set(); 0: nobody counts it */

	/* line 5 */
	_Atomic uint64_t labels[FLOW_LABELS / 64] BASE_ALIGNED(BASE_CACHELINE);
	/* Of an expected flow: the flow whose helper expected it, by slot and id, without a
	 * reference. 0: none. */
	_Atomic uint32_t master_index, master_id;
	_Atomic uint16_t
		helper; /* number of the helper that reads its packets; 0: none */
	_Atomic uint32_t
		carried_s; /* monotonic second when the kernel's tracker was last seen
	                             * carrying it alone; 0: never (offload/offload.h) */
	_Atomic uint32_t expects; /* its youngest expectation (expect.c); 0: none */
	_Atomic uint64_t helper_state[FLOW_HELPER_WORDS];
#ifdef DEBUG_REFS
	_Atomic uint32_t held[FLOW_HOLDERS];
#endif
} BASE_ALIGNED(BASE_CACHELINE);

#ifndef DEBUG_REFS
_Static_assert(sizeof(struct flow) == 6 * BASE_CACHELINE, "six lines");
#endif

/** Take a reference; the caller has one, or found the flow in this read section. */
void flow_get(struct flow *f, enum flow_holder holder);

/** Give a reference back; the last one frees the slot. */
void flow_put(struct flow_table *t, struct flow *f, enum flow_holder holder);

static inline uint32_t flow_status(const struct flow *f)
{
	return atomic_load_explicit(&f->status, memory_order_relaxed);
}

static inline bool flow_is_dying(const struct flow *f)
{
	return flow_status(f) & TRACK_DYING;
}

static inline bool flow_is_confirmed(const struct flow *f)
{
	return flow_status(f) & TRACK_CONFIRMED;
}

/** The tuple of one direction, of a flow that may be confirmed meanwhile. */
void flow_tuple_load(const struct flow *f, enum track_dir dir, struct tuple *out);
void flow_tuple_store(struct flow *f, enum track_dir dir, const struct tuple *tuple);

/** The protocol state as one value; store it back inside flow_enter() … flow_leave(). */
void flow_state_load(const struct flow *f, union track_state *state);
void flow_state_store(struct flow *f, const union track_state *state);

/** The same of the first @size bytes, and up to seven more. */
void flow_state_load_some(const struct flow *f, union track_state *state, size_t size);
void flow_state_store_some(struct flow *f, const union track_state *state, size_t size);

/** A packet that ends it is on its way to the confirm hook: it is to be killed there. Not when it
 * goes on after all. Of a flow that another thread kills now, a listing may show this end. */
static inline void flow_close_set(struct flow *f, bool close)
{
	atomic_store_explicit(&f->end, close ? FLOW_END_CLOSED : FLOW_END_NONE,
	                      memory_order_relaxed);
}

static inline bool flow_close_is_set(const struct flow *f)
{
	return atomic_load_explicit(&f->end, memory_order_relaxed) == FLOW_END_CLOSED;
}

struct flow_verdict flow_verdict_load(const struct flow *f, enum flow_role role);
void flow_verdict_store(struct flow *f, enum flow_role role,
                        const struct flow_verdict *v);

#endif
