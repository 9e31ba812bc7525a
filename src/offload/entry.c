/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * entry.c - an entry of the kernel's table and the flow that it is
 *
 * Both have the same original tuple: the entry hook stands where the kernel's tracker has just
 * looked, before any NAT. The kernel counts a connection from its first packet on, so its
 * counters are never below ours by more than what is on its way, and the larger ones count.
 */
#include <string.h>

#include "flow/event.h"
#include "flow/lock.h"
#include "offload/offload_priv.h"

#define NS_PER_S 1000000000ull

/* Flows that one offload_sweep() looks at: some hundred microseconds. */
#define SWEEP_FLOWS 8192

/* The offloaded flow that @entry is, with a reference; NULL: none. */
static struct flow *entry_flow(struct offload *o, const struct ctlink_flow *entry)
{
	struct flow_ref ref;
	struct tuple tuple;

	if (!ctlink_has(entry, CTLINK_FLOW_ORIG))
		return NULL;
	memcpy(&tuple, &entry->orig, sizeof(tuple));
	ref = flow_find(o->cfg.flows, &tuple, FLOW_HOLDER_CONTROL);
	if (ref.flow && ref.dir == TRACK_ORIGINAL &&
	    flow_status(ref.flow) & TRACK_OFFLOAD)
		return ref.flow;
	if (ref.flow)
		flow_put(o->cfg.flows, ref.flow, FLOW_HOLDER_CONTROL);
	return NULL;
}

static const struct track_proto *machine_of(const struct offload *o, const struct flow *f)
{
	return track_registry_machine(o->cfg.registry, f->machine);
}

static bool raise_to(_Atomic uint64_t *n, uint64_t value)
{
	if (atomic_load_explicit(n, memory_order_relaxed) >= value)
		return false;
	atomic_store_explicit(n, value, memory_order_relaxed);
	return true;
}

/* True: packets have passed since. */
static bool take_counters(struct flow *f, const struct ctlink_flow *entry)
{
	struct flow_side *orig = &f->side[TRACK_ORIGINAL], *reply = &f->side[TRACK_REPLY];
	bool more = raise_to(&orig->packets, entry->counters_orig.packets);

	raise_to(&orig->bytes, entry->counters_orig.bytes);
	more |= raise_to(&reply->packets, entry->counters_reply.packets);
	raise_to(&reply->bytes, entry->counters_reply.bytes);
	return more;
}

/* True: it is another one. */
static bool take_state(const struct offload *o, struct flow *f,
                       const struct ctlink_flow *entry)
{
	const struct track_proto *proto = machine_of(o, f);
	union track_state state;
	unsigned int number;

	if (ctlink_has(entry, CTLINK_FLOW_TCP_STATE))
		number = entry->tcp.state;
	else if (ctlink_has(entry, CTLINK_FLOW_SCTP_STATE))
		number = entry->sctp.state;
	else
		return false;
	flow_state_load(f, &state);
	if (!proto->states || number >= proto->states_length ||
	    number == proto->state_get(&state))
		return false;
	proto->state_set(&state, number);
	flow_state_store(f, &state);
	return true;
}

/* What its packets will say is not what the machine expects: it has missed some. */
static void expect_anything(const struct offload *o, struct flow *f)
{
	const struct track_proto *proto = machine_of(o, f);
	union track_state state;

	if (!proto->resume)
		return;
	flow_state_load(f, &state);
	proto->resume(&state);
	flow_state_store(f, &state);
}

/* Of what the entry says; FLOW_CHANGE_*. */
static uint32_t take_over(struct offload *o, struct flow *f,
                          const struct ctlink_flow *entry, uint32_t now_s)
{
	uint32_t changes = 0;

	flow_enter(o->cfg.worker, f);
	if (take_counters(f, entry))
		atomic_store_explicit(&f->last_s, now_s, memory_order_relaxed);
	if (take_state(o, f, entry))
		changes |= FLOW_CHANGE_STATE;
	if (ctlink_has(entry, CTLINK_FLOW_TIMEOUT))
		flow_timeout_set(o->cfg.flows, f, now_s,
		                 entry->timeout < FLOW_TIMEOUT_MAX - OFFLOAD_GRACE_S
		                         ? entry->timeout + OFFLOAD_GRACE_S
		                         : FLOW_TIMEOUT_MAX);
	flow_leave(o->cfg.worker, f);
	return changes;
}

void offload_entry_alive(struct offload *o, const struct ctlink_flow *entry,
                         uint64_t now_ns)
{
	struct flow *f = entry_flow(o, entry);
	uint32_t changes;

	if (!f)
		return;
	atomic_store_explicit(&f->carried_s, (uint32_t)(now_ns / NS_PER_S) + 1,
	                      memory_order_relaxed);
	changes = take_over(o, f, entry, (uint32_t)(now_ns / NS_PER_S));
	if (changes)
		flow_event_emit(o->cfg.worker, f, FLOW_EVENT_UPDATE, changes, now_ns);
	flow_put(o->cfg.flows, f, FLOW_HOLDER_CONTROL);
}

/* Its protocol ended it, or time did? */
static enum flow_end end_of(const struct offload *o, const struct flow *f)
{
	const struct track_proto *proto = machine_of(o, f);
	union track_state state;

	flow_state_load(f, &state);
	return proto->is_closing && proto->is_closing(&state) ? FLOW_END_CLOSED
	                                                      : FLOW_END_EXPIRED;
}

static void flow_end(struct offload *o, struct flow *f, uint64_t now_ns)
{
	flow_status_remove(f, TRACK_OFFLOAD); /* there is no mark to take off */
	flow_kill(o->cfg.worker, f, end_of(o, f), now_ns);
}

void offload_entry_gone(struct offload *o, const struct ctlink_flow *entry,
                        uint64_t now_ns)
{
	struct flow *f = entry_flow(o, entry);

	if (!f)
		return;
	take_over(o, f, entry, (uint32_t)(now_ns / NS_PER_S));
	flow_end(o, f, now_ns);
	flow_put(o->cfg.flows, f, FLOW_HOLDER_CONTROL);
}

/* Was it in a list before the last one, and not in that? */
static bool is_missing(const struct offload *o, const struct flow *f)
{
	uint32_t carried_s = atomic_load_explicit(&f->carried_s, memory_order_relaxed);

	return flow_status(f) & TRACK_OFFLOAD && carried_s &&
	       carried_s <= o->list_began_s;
}

bool offload_sweep(struct offload *o, uint64_t now_ns)
{
	struct flow *flows[FLOW_WALK_BATCH];
	unsigned int i, n, looked;

	for (looked = 0; looked < SWEEP_FLOWS; looked += n) {
		n = flow_walk(o->cfg.flows, &o->sweep, flows, FLOW_WALK_BATCH);
		if (n == 0)
			return false;
		for (i = 0; i < n; i++)
			if (is_missing(o, flows[i]))
				flow_end(o, flows[i], now_ns);
	}
	return true;
}

static bool is_judged(const struct offload *o, const struct flow *f)
{
	return flow_verdict_load(f, FLOW_ROLE_ENTRY).generation >= o->recall_before;
}

static void come_back(struct offload *o, struct flow *f, const struct ctlink_flow *entry,
                      uint64_t now_ns)
{
	take_over(o, f, entry, (uint32_t)(now_ns / NS_PER_S));
	flow_enter(o->cfg.worker, f);
	expect_anything(o, f);
	flow_leave(o->cfg.worker, f);
	atomic_store_explicit(&f->carried_s, 0, memory_order_relaxed);
	flow_status_remove(f, TRACK_OFFLOAD);
	flow_event_emit(o->cfg.worker, f, FLOW_EVENT_UPDATE, FLOW_CHANGE_STATUS, now_ns);
}

bool offload_entry_recall(struct offload *o, const struct ctlink_flow *entry,
                          uint64_t now_ns)
{
	struct flow *f = entry_flow(o, entry);
	bool comes_back;

	if (!f)
		return true; /* not ours: of an earlier process */
	comes_back = !is_judged(o, f);
	if (comes_back)
		come_back(o, f, entry, now_ns);
	flow_put(o->cfg.flows, f, FLOW_HOLDER_CONTROL);
	return comes_back;
}
