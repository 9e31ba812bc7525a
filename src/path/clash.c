/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clash.c - two flows and one tuple: what the kernel's NAT has meant by it
 *
 * The kernel gives no tuple to a connection while its own table has it for another one. But its
 * table is not ours: it forgets a connection before we do (a shorter timeout, conntrack -F, an
 * early drop), and then lends the port to the next client. So a new flow that comes to the
 * confirm hook with a reply tuple which another flow has here shows that the other one is over.
 *
 *     .2:8888 ─▶ T:8888      confirmed, stale: the kernel has forgotten it
 *     .77:8888 ─▶ T:8888     unconfirmed, found by its cookie: ends the other one
 *
 * Not so when both were on their way at the same time: what is not confirmed is not in the
 * kernel's table, so that its NAT may give one port to two. Then the kernel drops the second
 * packet when it confirms it, and so do we (drop.clash). Which of both it is tells the order: the
 * kernel has looked at what was confirmed before the new flow's first packet came
 * (flow_precedes()).
 *
 * Nor when both have the same original tuple: then the packets are of one connection. Two of them
 * (the queries for A and AAAA, sent at once from one socket) may still go different ways, if the
 * rules of NAT choose by chance: to the kernel each is the first one. It confirms one, and lets
 * the other one's entry stand beside it for a second, under its reply tuple alone. So do we:
 *
 *     A   O ─▶ S1   confirms flow F:      O, S1 ─▶ O
 *     B   O ─▶ S2   has F's cookie, too; for what answers it stands a flow
 *                   without the first key:   S2 ─▶ O    NAT_CLASH, FIXED_TIMEOUT, 1 s
 *
 * B is a packet of F, judged and counted there. The other flow has F's verdicts for the answers,
 * is in no listing, and nothing is announced of it.
 */
#include "flow/label.h"
#include "path/path_priv.h"

/* The kernel's (nf_ct_resolve_clash_harder()): the answer to a question that was asked twice. */
#define CLASH_TIMEOUT_S 1

void path_clash_make_way(struct path_worker *w, const struct path_step *s,
                         const struct tuple *reply)
{
	struct flow *standing = flow_peek(w->path->flows, reply).flow;

	if (!standing || standing == s->flow ||
	    tuple_equal(&standing->side[TRACK_ORIGINAL].tuple,
	                &s->flow->side[TRACK_ORIGINAL].tuple) ||
	    !flow_precedes(standing, s->flow))
		return;
	flow_kill(w->flows, standing, FLOW_END_CLOSED, w->now_ns);
	w->moved = true;
}

static void copy(_Atomic uint32_t *to, const _Atomic uint32_t *from)
{
	atomic_store_explicit(to, atomic_load_explicit(from, memory_order_relaxed),
	                      memory_order_relaxed);
}

/* All that the rules have said of a flow, and what they ask about. */
static void copy_judgement(struct flow *to, const struct flow *from)
{
	struct flow_labels labels = flow_labels_load(from);
	enum flow_role role;
	struct flow_verdict v;

	for (role = 0; role < FLOW_ROLES; role++) {
		v = flow_verdict_load(from, role);
		flow_verdict_store(to, role, &v);
	}
	copy(&to->mark, &from->mark);
	copy(&to->ifin, &from->ifin);
	atomic_store_explicit(&to->hooks,
	                      atomic_load_explicit(&from->hooks, memory_order_relaxed),
	                      memory_order_relaxed);
	flow_labels_replace(to, &labels, &labels);
}

/* As if the packet were the first one of @of. NULL and *@why: there is no room. */
static struct flow *stand_in(struct path_worker *w, const struct path_step *s,
                             enum ctq_reason *why)
{
	uint8_t machine = w->machines->by_l4[s->p->tuple.l4];
	const struct track_proto *proto = w->machines->machine[machine];
	struct packet first = *s->p;
	union track_state state;
	struct track_result res;
	struct flow *f;

	first.tuple = s->flow->side[TRACK_ORIGINAL].tuple;
	track_open(proto, &state, &first, path_track_of(w->track, first.zone),
	           w->now_ns / 1000000u, &res);
	f = flow_new(w->flows, &first, machine, w->now_ns, why);
	if (!f)
		return NULL;
	flow_enter(w->flows, f);
	flow_state_store_some(f, &state, proto->state_size);
	flow_timeout_set(w->path->flows, f, w->now_s, CLASH_TIMEOUT_S);
	copy_judgement(f, s->flow);
	flow_leave(w->flows, f);
	return f;
}

void path_clash_part(struct path_worker *w, struct path_step *s)
{
	enum ctq_reason why = CTQ_DROP_CLASH;
	struct tuple reply;
	struct flow *f;

	if (tuple_invert(&s->p->tuple, &reply) == 0) {
		f = stand_in(w, s, &why);
		w->moved = true;
		if (f && flow_confirm_reply(w->flows, f, &reply, w->now_ns))
			return;
	}
	s->accept = false;
	s->reason = why;
}
