/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table_priv.h - the table's body, for this folder only
 */
#ifndef FLOW_TABLE_PRIV_H
#define FLOW_TABLE_PRIV_H

#include "flow/adaptive.h"
#include "flow/cookie.h"
#include "flow/lists.h"
#include "flow/slab.h"
#include "flow/source.h"
#include "flow/table.h"
#include "flow/worker.h"
#include "hashtrie/hashtrie.h"
#include "track/registry.h"

/* What a slot holds; one byte for each, so that listings need not touch the flows. */
enum flow_phase {
	FLOW_PHASE_FREE,
	FLOW_PHASE_UNCONFIRMED,
	FLOW_PHASE_CONFIRMED,
	FLOW_PHASE_DYING
};

struct flow_table {
	struct flow_table_config cfg;
	struct siphash_key key;
	struct hashtrie *trie; /* handle: slot << 1 | direction */
	struct slab *slab;
	struct cookies *cookies;
	struct expects *expects;
	struct sources *sources;      /* NULL: sources have no limit */
	struct flow_worker **workers; /* cfg.workers of packets, and control's */
	bool can_bias;                /* see lock.h */
	uint32_t id_key[2];
	unsigned int id_slot_bits; /* of an id that name its slot */
	uint16_t *laps;            /* of each slot: how often it was used */

	/* For each slot, densely, the slab's: seconds, one more than the flow's last; 0: never
	 * expires. Free slots may have lost theirs, which makes them 0 and FLOW_PHASE_FREE. */
	_Atomic uint32_t *deadline;
	_Atomic uint8_t *phase;        /* enum flow_phase */
	uint32_t expire_next;          /* slot where flow_expire() goes on; control's */
	uint32_t expire_s;             /* the second for which it looks */
	struct flow_adaptive adaptive; /* control's */
	_Atomic uint32_t scale; /* of timeouts, in FLOW_SCALE_ONE; control sets it */
	_Atomic uint64_t realtime_offset; /* realtime - monotonic, ns */

	_Atomic uint32_t live
		BASE_ALIGNED(BASE_CACHELINE); /* confirmed and unconfirmed */
	_Atomic uint32_t ordinary; /* of .live, without reserved slots; 0: none */
	_Atomic uint32_t confirmed, dying, assured;
	_Atomic uint32_t events_wanted; /* a bit for each enum flow_event_kind */
	_Atomic uint64_t events_order;  /* number of the next event */
	struct {
		_Atomic uint32_t live, slots;
	} machines[TRACK_MACHINES_MAX];
};

/** Is owning flows possible (membarrier)? Registers this process for it. */
bool flow_lock_can_bias(void);

static inline uint32_t flow_handle(const struct flow *f, enum track_dir dir)
{
	return f->index << 1 | (uint32_t)dir;
}

static inline struct flow_ref flow_of_handle(const struct flow_table *t, uint32_t handle)
{
	struct flow_ref ref = { NULL, TRACK_ORIGINAL };

	if (handle != HASHTRIE_NONE) {
		ref.flow = slab_slot(t->slab, handle >> 1);
		ref.dir = (enum track_dir)(handle & 1);
	}
	return ref;
}

static inline void flow_phase_set(struct flow_table *t, const struct flow *f,
                                  enum flow_phase p)
{
	atomic_store_explicit(&t->phase[f->index], (uint8_t)p, memory_order_release);
}

/* A flow that has not been touched for long will soon die: fetch what that takes. First its
 * lines, but for that of the machine, then the places of its keys. */
static inline void flow_prefetch_all(const struct flow *f)
{
	__builtin_prefetch(&f->side[TRACK_ORIGINAL]);
	__builtin_prefetch(&f->side[TRACK_REPLY]);
	__builtin_prefetch(&f->status, 1);
	__builtin_prefetch(&f->refs, 1);
}
void flow_prefetch_keys(const struct flow_table *t, const struct flow *f);

/** A number for ctlink that tells nothing of the slot, for the flow that now has it, and back;
 * see table.c. */
uint32_t flow_id_next(struct flow_table *t, uint32_t index);
uint32_t flow_id_index(const struct flow_table *t, uint32_t id);

/** As flow_get() for a flow that was found by its slot; false: the slot is free. */
bool flow_get_unless_free(struct flow *f, enum flow_holder holder);

/** The last reference is gone: the slot is free. */
void flow_release(struct flow_table *t, struct flow *f);

/** A table of expectations; NULL when memory is short. Destroyed empty. */
struct expects *expects_new(uint32_t max);
void expects_destroy(struct expects *x);

int ring_init(struct flow_ring *r, uint32_t slots);
void ring_fini(struct flow_ring *r);

#endif
