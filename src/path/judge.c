/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge.c - what the rules say of a packet
 *
 * Rules describe connections: they are asked for a flow's first packet at each role, and
 * the flow carries the answer with the generation that gave it. When another generation
 * is in force the flow is judged again at its next packet, whatever that packet's
 * direction, as its first packet was: by the original tuple, interfaces and hook, but
 * with the state and the mark that it has now. Packets without a flow (INVALID,
 * UNTRACKED) and ICMP errors about one (RELATED) are judged each for itself.
 */
#include <netinet/in.h>

#include "flow/label.h"
#include "path/path_priv.h"

/* ---- the key ------------------------------------------------------------------- */

static const char *name_of(const struct path *path, uint32_t index)
{
	return index && path->cfg.ifname ? path->cfg.ifname(path->cfg.ifname_ctx, index)
	                                 : NULL;
}

static uint32_t load(const _Atomic uint32_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

/* Where the flow's first packet was at this role; this packet's place when that is not
 * known. */
static uint8_t flow_hook(const struct path_step *s)
{
	uint8_t hook =
		(uint8_t)(atomic_load_explicit(&s->flow->hooks, memory_order_relaxed) >>
	                          4 * s->role &
	                  0x0f);

	if (s->dir == TRACK_ORIGINAL || (s->role == FLOW_ROLE_CONFIRM && hook == 0))
		return s->p->hook;
	return hook;
}

static void set_labels(struct rule_key *key, const struct flow *f)
{
	struct flow_labels labels = flow_labels_load(f);

	rule_key_set_labels(key, labels.words);
}

static void key_of_flow(const struct path *path, const struct path_step *s,
                        struct rule_key *key)
{
	const struct flow *f = s->flow;
	const struct tuple *t = &f->side[TRACK_ORIGINAL].tuple;
	uint32_t out = load(&f->ifout);

	if (s->role == FLOW_ROLE_CONFIRM && s->dir == TRACK_ORIGINAL)
		out = s->p->ifout;
	rule_key_init(key, flow_hook(s), t->l3);
	rule_key_set_packet(key, s->p);
	rule_key_set_tuple(key, t);
	rule_key_set_interfaces(key, name_of(path, load(&f->ifin)), name_of(path, out));
	rule_key_set_flow(key, flow_status(f), load(&f->mark));
	set_labels(key, f);
	rule_key_set_direction(key, CTQ_DIRECTION_ORIGINAL); /* as its first packet */
}

static void key_of_packet(const struct path *path, const struct path_step *s,
                          struct rule_key *key)
{
	const struct packet *p = s->p;

	rule_key_init(key, p->hook, p->family);
	rule_key_set_packet(key, p);
	if (p->has_tuple)
		rule_key_set_tuple(key, &p->tuple);
	rule_key_set_interfaces(key, name_of(path, p->ifin), name_of(path, p->ifout));
	if (!s->flow)
		return;
	rule_key_set_flow(key, flow_status(s->flow), load(&s->flow->mark));
	set_labels(key, s->flow);
	rule_key_set_direction(key, s->dir == TRACK_ORIGINAL ? CTQ_DIRECTION_ORIGINAL
	                                                     : CTQ_DIRECTION_REPLY);
}

/* ---- the answer ---------------------------------------------------------------- */

static void set_flow_mark(struct path_step *s, const struct rule_mark *m)
{
	uint32_t old = load(&s->flow->mark),
		 mark = (old & ~m->mask) | (m->value & m->mask);

	if (mark == old)
		return;
	atomic_store_explicit(&s->flow->mark, mark, memory_order_relaxed);
	s->changes |= FLOW_CHANGE_MARK;
}

static void set_flow_labels(struct path_step *s, const uint64_t labels[2])
{
	struct flow_labels bits = { { labels[0], labels[1] } };

	if (flow_labels_replace(s->flow, &bits, &bits))
		s->changes |= FLOW_CHANGE_LABEL;
}

/* A generation that does not offload the flow takes it back; what the confirm hook's rules have
 * said, they say again when they are asked. */
static void set_offload(struct path_worker *w, struct path_step *s, bool offload)
{
	bool has = flow_status(s->flow) & TRACK_OFFLOAD;

	if (offload == has || (has && s->role != FLOW_ROLE_ENTRY))
		return;
	if (offload)
		flow_status_add(w->flows, s->flow, TRACK_OFFLOAD);
	else
		flow_status_remove(s->flow, TRACK_OFFLOAD);
	s->changes |= FLOW_CHANGE_STATUS;
}

static void remember(struct path_worker *w, struct path_step *s,
                     const struct rule_verdict *v)
{
	struct flow_verdict fv = {
		.generation = v->generation,
		.rule = v->index,
		.reason = (uint8_t)v->reason,
		.accept = v->verdict == CTQ_VERDICT_ACCEPT,
		.mark_value = v->packet_mark.value,
		.mark_mask = v->packet_mark.mask,
	};

	flow_enter(w->flows, s->flow);
	flow_verdict_store(s->flow, s->role, &fv);
	set_flow_mark(s, &v->flow_mark);
	set_flow_labels(s, v->labels);
	if (v->open || !fv.accept)
		flow_open_set(s->flow, s->role, v->open);
	/* a helper must see the packets that offloading would take away */
	set_offload(w, s, v->offload && !(flow_status(s->flow) & TRACK_HELPER));
	flow_leave(w->flows, s->flow);
}

void path_judge_key(const struct path_worker *w, const struct path_step *s,
                    struct rule_key *key)
{
	if (s->flow && !s->error)
		key_of_flow(w->path, s, key);
	else
		key_of_packet(w->path, s, key);
	rule_key_set_state(key, s->ctstate);
	rule_key_set_time(key, path_local_time(w->path, w->now_s));
	if (s->flow && !s->error) {
		key->keeps = true;
		key->open[FLOW_ROLE_ENTRY] = flow_open(s->flow, FLOW_ROLE_ENTRY);
		key->open[FLOW_ROLE_CONFIRM] = flow_open(s->flow, FLOW_ROLE_CONFIRM);
	}
	if (s->flow)
		key->connections = flow_source_count(
			w->path->flows, &s->flow->side[TRACK_ORIGINAL].tuple);
	key->packet_mark = path_mark_of_rules(w->path, key->packet_mark);
}

static void ask_rules(struct path_worker *w, struct path_step *s)
{
	struct rule_verdict *v = &w->asked;
	struct rule_key key;

	path_judge_key(w, s, &key);
	ruleset_classify(w->ruleset, &key, w->rules, s->p->length, w->now_ns, v);
	s->asked = true;
	s->generation = v->generation;
	s->rule = v->index;
	s->accept = v->verdict == CTQ_VERDICT_ACCEPT;
	s->reason = (enum ctq_reason)v->reason;
	s->waits = v->verdict == CTQ_VERDICT_ASK;
	s->marked = v->verdict == CTQ_VERDICT_REJECT && w->path->cfg.reject_mask;
	s->mark_value = v->packet_mark.value;
	s->mark_mask = v->packet_mark.mask;
	if (s->flow && !s->error)
		remember(w, s, v);
}

static bool is_in_force(const struct path_worker *w, const struct flow_verdict *v)
{
	return v->generation == w->generation ||
	       (v->generation && w->path->cfg.on_change == PATH_KEEP);
}

static enum ctq_reason reason_of_flow(const struct flow_verdict *v)
{
	if (v->accept)
		return CTQ_ACCEPT_FLOW;
	switch (v->reason) {
	case CTQ_REJECT_RULE: return CTQ_REJECT_FLOW;
	case CTQ_HELD_ASK: return CTQ_HELD_ASK;
	default: return CTQ_DROP_FLOW;
	}
}

bool path_judge_waits(const struct path_worker *w, const struct path_step *s)
{
	struct flow_verdict v = flow_verdict_load(s->flow, s->role);

	return is_in_force(w, &v) && v.reason == CTQ_HELD_ASK;
}

void path_judge(struct path_worker *w, struct path_step *s)
{
	struct flow_verdict v = { .generation = 0 };

	if (path_mark_rejected(w->path, s)) {
		s->reason = CTQ_DROP_NOT_REJECTED;
		return;
	}
	if (s->flow && !s->error)
		v = flow_verdict_load(s->flow, s->role);
	if (!is_in_force(w, &v)) {
		ask_rules(w, s);
		if (v.generation && !s->accept && !s->waits &&
		    w->path->cfg.on_change == PATH_KILL) {
			flow_kill(w->flows, s->flow, FLOW_END_RULES, w->now_ns);
			w->moved = true;
		}
		return;
	}
	s->accept = v.accept;
	s->reason = reason_of_flow(&v);
	s->waits = s->reason == CTQ_HELD_ASK;
	/* The answer of the kernel's rules to a rejected packet comes through a queue, too, where
	 * one is at output. And nobody answers a reset. */
	if (s->reason == CTQ_REJECT_FLOW && path_is_reset(s->p)) {
		s->accept = true;
		s->reason = CTQ_ACCEPT_RESET;
	}
	s->marked = s->reason == CTQ_REJECT_FLOW && w->path->cfg.reject_mask;
	s->mark_value = v.mark_value;
	s->mark_mask = v.mark_mask;
	s->generation = v.generation;
	s->rule = v.rule;
	rules_account(w->rules, v.generation, v.rule, s->p->length);
}
