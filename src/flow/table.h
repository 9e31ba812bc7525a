/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table.h - all flows of the daemon
 *
 * One table for all threads: a hashtrie with two keys for each confirmed flow, a slab
 * with a hard limit, and for each worker what it alone (nearly) touches: its unconfirmed
 * flows, its lists, its counters, its event ring.
 *
 *   flow_table_new() → flow_worker() for each thread → … → flow_table_destroy()
 *
 * Threads. Each thread that calls anything here is a registered RCU reader and uses a
 * struct flow_worker of its own: numbers 0 … workers-1 are the packet workers', number
 * `workers` is the control thread's. What peek functions return is valid until the
 * thread's next quiescent state.
 *
 * Time. now_s: monotonic seconds; now_ns: monotonic nanoseconds. The caller reads the
 * clock.
 *
 * Guarantees, by the names that docs/flow-table.md and the tests use. Others stand where they
 * are kept: E1 and E2 in expire.c, L1, L2 and L3 in life.c, D1 in limbo.h, S1 in slab.h, X1 in lock.h.
 *
 * V1 oldest   At the limit a new flow evicts the oldest of those that are not assured. With one
 *             worker exactly that one; with several, what they do at the same time has no order.
 * V2 assured  No assured flow goes while one that is not can go. Then none goes, or, with
 *             evict_closing, the oldest of those that are closing.
 * V3 bounded  A new flow looks at the heads of the workers' lists and evicts one flow, or none
 *             if it cannot get in by that. Only where another thread is faster does it try again,
 *             and never more than 64 times.
 *
 * All three on the condition that there are slots: dead flows keep theirs for up to two grace
 * periods, for which the slab has 262,144 more than max: 1.3 million births a second while a grace
 * period ends in 100 ms (table.c, TABLE_SLACK_MIN). Beyond, a new flow is refused.
 *
 * For a flow of a reserved address (is_reserved) V1 and V2 hold among the flows of others first,
 * then among its own; for any other only among those of others.
 *
 * Order of shutdown: workers stop, flow_table_flush(), all references are put,
 * flow_table_destroy() (which waits for the grace period and asserts that nothing is
 * left).
 */
#ifndef FLOW_TABLE_H
#define FLOW_TABLE_H

#include <stddef.h>

#include "flow/flow.h"
#include "packet/packet.h"

struct flow_table;
struct flow_worker;

struct flow_table_config {
	uint32_t max;     /* confirmed and unconfirmed flows, 1 … FLOW_MAX_LIMIT */
	uint16_t workers; /* packet workers, 1 … FLOW_WORKERS_LIMIT */
	uint32_t unconfirmed_s; /* an unconfirmed flow older than this is reaped; at least
	                           1 */
	uint32_t events;        /* slots of each worker's event ring, a power of two */
	uint8_t cookie_bits; /* bits that a packet mark has for cookies; 0: none, at most
	                        32 */
	bool evict_closing;  /* when nothing else can go, evict the oldest closing flow */
	uint32_t expects; /* expectations at once, 1 … FLOW_EXPECTS_LIMIT (expect.h) */
	uint32_t
		per_source; /* flows of one source (flow/source.h) at most; 0: no limit */
	/**
	 * All but @reserve of @max are the most that others have than those for whom this says
	 * yes: those get in while anything of others, or of their own, can go; and none of their
	 * flows makes room for others. NULL: for nobody.
	 */
	uint32_t reserve;
	bool (*is_reserved)(void *ctx, const struct tuple *t);
	void *is_reserved_ctx;
	/** A flow with the status OFFLOAD has ended; any thread, no lock is held. NULL: nobody
	 * needs to know. */
	void (*offload_ended)(void *ctx, const struct flow *f);
	void *offload_ended_ctx;
	/** Nobody counts a flow under @open any more (flow_open_set()); any thread, perhaps with
	 * the flow's lock. */
	void (*open_left)(void *ctx, uint32_t open);
	void *open_left_ctx;
};

#define FLOW_MAX_LIMIT     (1u << 26) /* 67 million slots of 384 bytes: 24 GiB */
#define FLOW_WORKERS_LIMIT 256
#define FLOW_MAX_DEFAULT   262144 /* nf_conntrack_max on machines above 4 GiB */

void flow_table_config_init(struct flow_table_config *cfg);

/** NULL and *@err = -ENOMEM, -EINVAL when it cannot be. @key: of the
 * hash; a random one. */
struct flow_table *flow_table_new(const struct flow_table_config *cfg,
                                  const struct siphash_key *key, int *err);
void flow_table_destroy(struct flow_table *t);

/** Wait until the slots of all flows that are dead by now are free, but for those that
 * somebody holds, and give their pages back, which flow_expire() would do within two seconds. Not
 * while online (base/rcu.h), nor beside flow_expire(). */
void flow_table_settle(struct flow_table *t);

/** The view of one thread: @number < workers, or == workers for control. Never NULL. */
struct flow_worker *flow_worker(struct flow_table *t, uint16_t number);

/* ---- looking up ---------------------------------------------------------------- */

/* A flow and which of its directions a tuple is. */
struct flow_ref {
	struct flow *flow; /* NULL: none */
	enum track_dir dir;
};

/** Confirmed flows of @n (at most 64) tuples at once; borrowed. */
void flow_peek_bulk(struct flow_table *t, unsigned int n,
                    const struct tuple *const *tuples, struct flow_ref *out);
struct flow_ref flow_peek(struct flow_table *t, const struct tuple *tuple);

/** A packet of @f comes soon: fetch what it will touch. */
void flow_prefetch(const struct flow_table *t, const struct flow *f);

/** An unconfirmed flow of this worker by its original tuple; borrowed. */
struct flow *flow_peek_unconfirmed(struct flow_worker *w, const struct tuple *tuple);

/** An unconfirmed flow of any worker by the cookie its packet
 * carries; borrowed, or NULL. */
struct flow *flow_peek_cookie(struct flow_table *t, uint32_t cookie);

/** A confirmed flow by the cookie that it had before, as long as nobody has got that since;
 * borrowed, or NULL. */
struct flow *flow_recall_cookie(struct flow_table *t, uint32_t cookie);

/** Such a cookie of @f, or 0. */
uint32_t flow_cookie_left(const struct flow_table *t, const struct flow *f);

/**
 * A cookie that names no flow but says something of its packet: @note is 1 … FLOW_NOTES.
 * 0 when the table has too few bits for cookies.
 */
uint32_t flow_cookie_note(const struct flow_table *t, unsigned int note);

/** The note of such a cookie, or 0: it is of a flow, or none. */
unsigned int flow_cookie_note_of(const struct flow_table *t, uint32_t cookie);

#define FLOW_NOTES 3

/** As flow_peek(), with a reference of @holder that the caller must put. */
BASE_MUST_CHECK struct flow_ref flow_find(struct flow_table *t, const struct tuple *tuple,
                                          enum flow_holder holder);

/** By ctlink id, with a reference; NULL: none (any more). An id comes again at the earliest when its
 * slot was used 8,192 times in a table of FLOW_MAX_DEFAULT flows (table.c, I1). */
BASE_MUST_CHECK struct flow *flow_find_id(struct flow_table *t, uint32_t id,
                                          enum flow_holder holder);

/* ---- life ------------------------------------------------------------------------ */

/**
 * A new unconfirmed flow of @p's tuple, reply tuple its inverse, made by machine @machine
 * (track/registry.h); borrowed by the caller, held by the worker's table. When the table is full the oldest non-assured flow
 * goes. NULL and *@why = CTQ_DROP_TABLE_FULL, CTQ_DROP_SOURCE_LIMIT, CTQ_DROP_MEMORY, or CTQ_INVALID_ICMP_TYPE
 * (no inverse).
 */
struct flow *flow_new(struct flow_worker *w, const struct packet *p, uint8_t machine,
                      uint64_t now_ns, enum ctq_reason *why);

/**
 * Put an unconfirmed flow into the table; @reply: its reply tuple as seen behind NAT.
 * Returns the flow, or another one that holds its original tuple already (the given one
 * is then gone, and the packet belongs to the other), or NULL with *@why =
 * CTQ_DROP_CLASH, CTQ_DROP_MEMORY or CTQ_INVALID_DYING (the given one is gone).
 * *@why = CTQ_ACCEPT_FLOW with the flow: another thread has put it there meanwhile.
 */
struct flow_ref flow_confirm(struct flow_worker *w, struct flow *f,
                             const struct tuple *reply, uint64_t now_ns,
                             enum ctq_reason *why);

/**
 * Put unconfirmed @f into the table by its reply tuple @reply alone, since another flow has its
 * original tuple: it takes answers (NAT_CLASH, FIXED_TIMEOUT), is in no listing, and makes no
 * event. False: another flow has the reply tuple, too, or memory is short; @f is gone.
 */
bool flow_confirm_reply(struct flow_worker *w, struct flow *f, const struct tuple *reply,
                        uint64_t now_ns);

/** Was @f, a confirmed flow, in the kernel's table before @later was born, which is not confirmed
 * yet? False when that is not certain. */
bool flow_precedes(const struct flow *f, const struct flow *later);

/** @open counts the flow at that role from now on, until another does (0: nobody) or the flow
 * ends; then flow_table_config.open_left is told, exactly once. It is told at once when @open
 * counts it already, since two workers may count one flow at the same time. What @open means is
 * the caller's own. The flow may be dying already. */
void flow_open_set(struct flow *f, enum flow_role role, uint32_t open);

/** Who counts the flow at that role; 0: nobody. */
static inline uint32_t flow_open(const struct flow *f, enum flow_role role)
{
	return atomic_load_explicit(&f->open[role], memory_order_relaxed);
}

/** Flows of @tuple's source; 0 as well when they are not counted (no per_source). */
uint32_t flow_source_count(struct flow_table *t, const struct tuple *tuple);

/** Remove a flow, confirmed or not. True if this call was the one that did it.
 * FLOW_END_NONE: its first packet was dropped, before it was confirmed or before that was said. */
bool flow_kill(struct flow_worker *w, struct flow *f, enum flow_end end, uint64_t now_ns);

/** Set status bits. A flow that becomes assured cannot be evicted any more. */
void flow_status_add(struct flow_worker *w, struct flow *f, uint32_t bits);

/** Take status bits back. Not those that decide where a flow stands: ASSURED, CONFIRMED, DYING. */
void flow_status_remove(struct flow *f, uint32_t bits);

/** An assured flow's protocol says that it ends, or lives again: may it be evicted? */
void flow_closing_set(struct flow_worker *w, struct flow *f, bool closing,
                      uint64_t now_ns);

/** Seconds, as in the kernel; with them a deadline does not wrap in 68 years of uptime. */
#define FLOW_TIMEOUT_MAX 0x7fffffffu

/** Its timeout: @timeout_s seconds from @now_s, at most FLOW_TIMEOUT_MAX. Inside
 * flow_enter() … flow_leave(). */
void flow_timeout_set(struct flow_table *t, struct flow *f, uint32_t now_s,
                      uint32_t timeout_s);

/** Seconds until it expires; 0: it is due. What is left while timeouts are shortened
 * (flow_adaptive_set()) is what a listing shows. */
uint32_t flow_timeout_left(const struct flow_table *t, const struct flow *f,
                           uint32_t now_s);

/** … if they were not: what a machine must know. */
uint32_t flow_timeout_full(const struct flow_table *t, const struct flow *f,
                           uint32_t now_s);

/** Shorten timeouts between @start and @end percent of max (flow/adaptive.h); @end 0: never.
 * Control. */
void flow_adaptive_set(struct flow_table *t, uint32_t start_percent,
                       uint32_t end_percent);

/** Kill what expired; the control thread, about ten times a second, and again soon while it
 * is behind. Takes milliseconds at most (E2 in expire.c). When a second begins it also gives the
 * pages of slots back that were free and not needed for the last one. Returns the number killed.
 */
unsigned int flow_expire(struct flow_worker *w, uint64_t now_ns);

/** Has the last call left off before the end? */
bool flow_expire_is_behind(const struct flow_table *t);

/** Flows that one flow_reap() kills at most: half a millisecond between packets. */
#define FLOW_REAP_MAX 1024

/** Kill this worker's unconfirmed flows that never came, the oldest first; each worker, about
 * once a second, and again soon when FLOW_REAP_MAX were killed. Returns their number. */
unsigned int flow_reap(struct flow_worker *w, uint64_t now_ns);

/** A packet of @f waits for a decision from outside, with a reference: neither reaping nor
 * eviction takes an unconfirmed flow meanwhile. */
void flow_wait_begin(struct flow_table *t, struct flow *f);

/** It is decided; the flow is as one that was just born, or confirmed. */
void flow_wait_end(struct flow_table *t, struct flow *f, uint64_t now_ns);

/** Kill all flows; returns their number. */
unsigned int flow_table_flush(struct flow_worker *w, enum flow_end end, uint64_t now_ns);

/* Flows of one machine. */
struct flow_machine_use {
	uint32_t flows;      /* alive */
	uint32_t references; /* … and dead ones that somebody may still look at */
};
void flow_machine_use(const struct flow_table *t, uint8_t machine,
                      struct flow_machine_use *out);

/* How far flow_kill_machine() or flow_forget_helper() has come. */
struct flow_kill_cursor {
	uint32_t next; /* slot; at first 0 */
};

/**
 * Kill the flows that @machine made, of protocol @l4 only unless that is -1, with
 * FLOW_END_MODULE; only such that were there before the first call are met for certain. Kills
 * 4096 at most and goes on at the next call. False: that was the end.
 */
bool flow_kill_machine(struct flow_worker *w, struct flow_kill_cursor *c, uint8_t machine,
                       int l4, uint64_t now_ns);

/**
 * Take helper @number, which is closed since a grace period, from flows, some thousand slots at a
 * time; @c all zero at first. The bit HELPER of their status stays. Control only. False: no flow
 * has it.
 */
bool flow_forget_helper(struct flow_table *t, struct flow_kill_cursor *c,
                        uint16_t number);

/** The same moment on both clocks, so that listings can say when flows began. Control, at
 * the start and now and then. */
void flow_clock_set(struct flow_table *t, uint64_t monotonic_ns, uint64_t realtime_ns);

/* ---- walking ---------------------------------------------------------------------- */

/* Where a walk stands. Zero: at the beginning. Plain bytes, may be copied and kept for
 * ever. */
struct flow_cursor {
	uint64_t position[2];
	bool done;
};

/** A good @max of flow_walk(): with less, leaves of the table are sorted to be cut. */
#define FLOW_WALK_BATCH 512

/**
 * The next flows, at most @max (at least 1), borrowed. Every flow confirmed before the walk
 * began and alive until it ended is seen exactly once. Returns their number, which may be
 * less than @max in the middle of the table as well; 0: the end.
 */
unsigned int flow_walk(struct flow_table *t, struct flow_cursor *c, struct flow **flows,
                       unsigned int max);

/**
 * The same for unconfirmed and dying flows, in slot order; what moves meanwhile may be
 * missed. Each comes with a reference of FLOW_HOLDER_DUMP that the caller must put.
 */
unsigned int flow_walk_unconfirmed(struct flow_table *t, struct flow_cursor *c,
                                   struct flow **flows, unsigned int max);
unsigned int flow_walk_dying(struct flow_table *t, struct flow_cursor *c,
                             struct flow **flows, unsigned int max);

/* ---- numbers ------------------------------------------------------------------- */

struct flow_table_size {
	uint32_t max;
	uint32_t confirmed, unconfirmed, dying, assured;
	size_t table_bytes;     /* of the hashtries */
	size_t slab_bytes;      /* of the slots' pages in use */
	size_t slab_bytes_most; /* … that ever were in use at once, or more */
};
void flow_table_size(struct flow_table *t, struct flow_table_size *out);

/* FLOW_COUNTER(SYMBOL, "name", "text"): per-worker counters, summed for readers. */
enum flow_counter {
#define FLOW_COUNTER(symbol, name, text) FLOW_COUNTER_##symbol,
#include "flow/counters.def"
#undef FLOW_COUNTER
	FLOW_COUNTERS,
};
const char *flow_counter_name(enum flow_counter c);
uint64_t flow_counter_read(const struct flow_table *t, enum flow_counter c);
uint64_t flow_counter_read_worker(const struct flow_table *t, uint16_t worker,
                                  enum flow_counter c);

#endif
