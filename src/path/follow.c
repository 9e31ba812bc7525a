/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * follow.c - running a flow's protocol machine, and its confirmation
 *
 * A packet is followed once: at the entry hook, or at the confirm hook when it was not at
 * an entry hook before. The machine works on a copy of the state; the copy is stored
 * back, with timeout, status and counters, while the worker is inside the flow.
 *
 * What the entry hook said of a packet holds at the confirm hook, too: as the kernel's packet
 * keeps its entry of the tracker though that has left the table. So a flow that a packet ends (a
 * reset that refuses a connection) stays until that packet has passed the confirm hook, or, if it
 * never comes there, until its timeout. Of a flow that was answered and has ended otherwise, the
 * packets on their way are ESTABLISHED and begin no other one. Before, they have a cookie, which
 * does not tell whether its flow was ever confirmed.
 */
#include "flow/expect.h"
#include "path/path_priv.h"

/* INVALID packets belong to no flow as far as the rules are concerned. */
static void forget(struct path_step *s, enum ctq_reason reason)
{
	s->flow = NULL;
	s->ctstate = CTQ_CTSTATE_INVALID;
	s->invalid = reason;
}

static void refuse(struct path_step *s, enum ctq_reason reason)
{
	s->flow = NULL;
	s->accept = false;
	s->reason = reason;
}

/* ---- classification ------------------------------------------------------------ */

static enum ctq_ctstate classify(const struct path_step *s, uint32_t status)
{
	if (s->dir == TRACK_REPLY || status & TRACK_SEEN_REPLY)
		return CTQ_CTSTATE_ESTABLISHED;
	return status & TRACK_EXPECTED ? CTQ_CTSTATE_RELATED : CTQ_CTSTATE_NEW;
}

/* ---- writing down what the machine said ---------------------------------------- */

static void add(_Atomic uint64_t *n, uint64_t more)
{
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + more,
	                      memory_order_relaxed);
}

static void store_timeout(struct path_worker *w, struct flow *f,
                          const struct track_result *res)
{
	struct flow_table *t = w->path->flows;
	uint32_t timeout = track_result_timeout(res, flow_status(f),
	                                        flow_timeout_full(t, f, w->now_s));

	if (timeout)
		flow_timeout_set(t, f, w->now_s, timeout);
}

static void store_last(struct path_worker *w, struct flow *f)
{
	if (atomic_load_explicit(&f->last_s, memory_order_relaxed) != w->now_s)
		atomic_store_explicit(&f->last_s, w->now_s, memory_order_relaxed);
}

static void store_status(struct path_worker *w, struct path_step *s, uint32_t bits)
{
	struct flow *f = s->flow;

	if (!(bits & ~flow_status(f)))
		return;
	flow_status_add(w->flows, f, bits);
	s->changes |= FLOW_CHANGE_STATUS;
}

static void store_closing(struct path_worker *w, struct flow *f,
                          const struct track_proto *proto, const union track_state *state)
{
	if (proto->is_closing && flow_status(f) & TRACK_ASSURED)
		flow_closing_set(w->flows, f, proto->is_closing(state), w->now_ns);
}

static void store_result(struct path_worker *w, struct path_step *s,
                         const struct track_proto *proto, const union track_state *state,
                         const struct track_result *res)
{
	struct flow *f = s->flow;

	flow_state_store_some(f, state, proto->state_size);
	store_status(w, s, res->set_status);
	if (res->changed) {
		s->changes |= FLOW_CHANGE_STATE;
		store_closing(w, f, proto, state);
		if (flow_close_is_set(f)) /* the reset that was to end it never came */
			flow_close_set(f, false);
	}
	if (res->ignored)
		return;
	store_timeout(w, f, res);
	store_last(w, f);
	add(&f->side[s->dir].packets, 1);
	add(&f->side[s->dir].bytes, s->p->length);
}

/* ---- the machine --------------------------------------------------------------- */

static void follow_new(struct path_worker *w, struct path_step *s)
{
	uint8_t machine = w->machines->by_l4[s->p->tuple.l4];
	const struct track_proto *proto = w->machines->machine[machine];
	enum ctq_reason why = CTQ_REASON_NONE;
	union track_state state;
	struct track_result res;

	track_open(proto, &state, s->p, path_track_of(w->track, s->p->zone),
	           w->now_ns / 1000000u, &res);
	if (res.invalid) {
		forget(s, res.invalid);
		return;
	}
	s->flow = flow_new(w->flows, s->p, machine, w->now_ns, &why);
	w->moved = true;
	if (!s->flow) {
		if (why == CTQ_INVALID_ICMP_TYPE)
			forget(s, why);
		else
			refuse(s, why);
		return;
	}
	s->born = true;
	if (!expect_meet(w->flows, s->flow, w->now_ns))
		path_help_assign(w, s->flow);
	s->dir = TRACK_ORIGINAL;
	atomic_store_explicit(&s->flow->hooks, (uint8_t)(s->p->hook << 4 * s->role),
	                      memory_order_relaxed);
	flow_enter(w->flows, s->flow);
	store_result(w, s, proto, &state, &res);
	flow_leave(w->flows, s->flow);
	s->ctstate = classify(s, flow_status(s->flow));
}

static void follow_known(struct path_worker *w, struct path_step *s)
{
	struct flow *f = s->flow;
	const struct track_proto *proto = w->machines->machine[f->machine];
	union track_state state;
	struct track_result res;
	uint32_t status;

	flow_enter(w->flows, f);
	status = flow_status(f);
	flow_state_load_some(f, &state, proto->state_size);
	track_packet(proto, &state, s->p, s->dir, status,
	             path_track_of(w->track, s->p->zone), w->now_ns / 1000000u, &res);
	if (!res.invalid && !res.reopen) {
		store_result(w, s, proto, &state, &res);
	} else if (res.invalid) {
		flow_state_store_some(f, &state, proto->state_size);
		store_timeout(w, f, &res); /* it may become shorter */
	}
	flow_leave(w->flows, f);

	if (res.invalid) {
		forget(s, res.invalid);
	} else if (res.reopen) {
		flow_kill(w->flows, f, FLOW_END_CLOSED, w->now_ns);
		follow_new(w, s);
	} else {
		s->ctstate = classify(s, status);
	}
	s->close = res.close;
	if (s->close && !s->flow)
		flow_kill(w->flows, f, FLOW_END_CLOSED, w->now_ns);
}

/* An unconfirmed flow has ended between the hooks: its packet begins another one, or, if it
 * cannot, goes with it. */
static void follow_orphan(struct path_worker *w, struct path_step *s)
{
	follow_new(w, s);
	if (!s->invalid || !s->cookie)
		return;
	s->invalid = CTQ_REASON_NONE;
	refuse(s, CTQ_DROP_DYING);
}

/* A packet that was followed at the entry hook. */
static void follow_tracked(struct path_worker *w, struct path_step *s)
{
	if (s->flow) {
		s->ctstate = classify(s, flow_status(s->flow));
		s->close = path_is_reset(s->p) && flow_is_confirmed(s->flow) &&
		           flow_close_is_set(s->flow);
	} else if (s->cookie && s->note == PATH_NOTE_TRACKED) {
		s->ctstate = CTQ_CTSTATE_ESTABLISHED;
	} else {
		follow_orphan(w, s);
	}
}

void path_follow(struct path_worker *w, struct path_step *s)
{
	if (!s->has_key || s->error)
		return;
	if (s->role == FLOW_ROLE_CONFIRM && s->tracked) {
		follow_tracked(w, s);
	} else if (s->flow) {
		follow_known(w, s);
	} else {
		follow_new(w, s);
	}
}

/* ---- confirmation -------------------------------------------------------------- */

/* Its tuple was taken when it was to be confirmed: the packet belongs to the flow that
 * has it, though answers to it, with the tuple @reply, may be none of that one's. */
static void join(struct path_worker *w, struct path_step *s, struct flow_ref ref,
                 const struct tuple *reply)
{
	struct tuple other;

	flow_tuple_load(ref.flow, TRACK_REPLY, &other);
	s->parted = s->role == FLOW_ROLE_CONFIRM && ref.dir == TRACK_ORIGINAL &&
	            !tuple_equal(&other, reply);
	s->flow = ref.flow;
	s->dir = ref.dir;
	s->born = false;
	s->changes = 0;
	flow_enter(w->flows, s->flow);
	add(&s->flow->side[s->dir].packets, 1);
	add(&s->flow->side[s->dir].bytes, s->p->length);
	flow_leave(w->flows, s->flow);
	path_judge(w, s);
}

/* Its flow was removed a moment ago, after it was found (a machine is being unloaded): the
 * packet is the first of another one. True: there is one to be confirmed. */
static bool begin_again(struct path_worker *w, struct path_step *s)
{
	s->flow = NULL;
	s->changes = 0;
	s->reason = CTQ_REASON_NONE;
	follow_new(w, s);
	if (!s->reason)
		path_judge(w, s);
	return s->flow && s->accept;
}

static struct flow_ref confirm(struct path_worker *w, struct path_step *s,
                               const struct tuple *reply, enum ctq_reason *why)
{
	struct flow_ref ref = flow_confirm(w->flows, s->flow, reply, w->now_ns, why);

	w->moved = true;
	return ref;
}

void path_confirm(struct path_worker *w, struct path_step *s)
{
	enum ctq_reason why = CTQ_REASON_NONE;
	struct flow_ref ref;
	struct tuple reply;
	uint8_t hooks;

	if (tuple_invert(&s->p->tuple, &reply) < 0) {
		refuse(s, CTQ_DROP_CLASH);
		return;
	}
	if (s->role == FLOW_ROLE_CONFIRM) {
		hooks = atomic_load_explicit(&s->flow->hooks, memory_order_relaxed) &
		        0x0f;
		atomic_store_explicit(&s->flow->hooks, (uint8_t)(hooks | s->p->hook << 4),
		                      memory_order_relaxed);
		atomic_store_explicit(&s->flow->ifout, s->p->ifout, memory_order_relaxed);
		if (base_unlikely(s->clash))
			path_clash_make_way(w, s, &reply);
	}
	ref = confirm(w, s, &reply, &why);
	if (!ref.flow && why == CTQ_INVALID_DYING) {
		if (!begin_again(w, s))
			return;
		ref = confirm(w, s, &reply, &why);
	}
	if (!ref.flow)
		refuse(s, why == CTQ_INVALID_DYING ? CTQ_DROP_DYING : why);
	else if (ref.flow != s->flow)
		join(w, s, ref, &reply);
	else
		s->confirmed_now = why != CTQ_ACCEPT_FLOW;
}

/* ---- the end of a packet ------------------------------------------------------- */

/* Now, unless a reset has the confirm hook before it. */
static void finish_close(struct path_worker *w, struct path_step *s)
{
	if (s->role == FLOW_ROLE_ENTRY && s->accept && path_is_reset(s->p) &&
	    !w->path->cfg.confirm_at_entry && !path_mark_skips(w, s)) {
		flow_close_set(s->flow, true);
		return;
	}
	flow_kill(w->flows, s->flow, FLOW_END_CLOSED, w->now_ns);
	w->moved = true;
}

void path_finish(struct path_worker *w, struct path_step *s)
{
	struct flow *f = s->flow;

	if (!f || s->error)
		return;
	/* confirmed and yet dropped: by its helper */
	if (!s->accept && (s->confirmed_now || !flow_is_confirmed(f))) {
		flow_kill(w->flows, f, FLOW_END_NONE, w->now_ns);
		w->moved = true;
		return;
	}
	if (s->confirmed_now)
		flow_event_emit(w->flows, f, FLOW_EVENT_NEW, 0, w->now_ns);
	else if (s->changes && flow_is_confirmed(f))
		flow_event_emit(w->flows, f, FLOW_EVENT_UPDATE, s->changes, w->now_ns);
	if (s->close)
		finish_close(w, s);
}
