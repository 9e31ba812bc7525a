/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * help.c - a helped flow's packet: what it announces is expected before it goes on
 *
 * If the first packet of a flow must not go on, there is no flow, as in the kernel: it was
 * confirmed a moment ago, and is removed before anybody is told of it (path_finish()).
 *
 * A helper wants to know what answers will look like, and so does not see a packet before its
 * flow is confirmed: packets of confirmed flows at the entry hook, the others at the confirm
 * hook. What it expects stands in the table before the packet's verdict is sent, so that
 * whoever hears of it is not too early.
 *
 * Whether a flow is helped is a bit of its status, which each packet reads anyway: the packets
 * of all others pay nothing for this.
 */
#include <errno.h>
#include <netinet/in.h>

#include "flow/expect.h"
#include "path/path_priv.h"

/* ---- who is helped ------------------------------------------------------------------ */

void path_help_assign(struct path_worker *w, struct flow *f)
{
	const struct path_config *cfg = &w->path->cfg;
	const struct tuple *t = &f->side[TRACK_ORIGINAL].tuple;
	const struct helper *helper;
	unsigned int i;

	for (i = 0; i < cfg->helped_length; i++) {
		if (cfg->helped[i].port != ntohs(t->dst_id) ||
		    cfg->helped[i].helper->l4 != t->l4)
			continue;
		flow_helper_set(w->flows, f, cfg->helped[i].helper);
		return;
	}
	helper = helper_at_port(t->l4, ntohs(t->dst_id));
	if (helper)
		flow_helper_set(w->flows, f, helper);
}

static bool is_loose(const struct path *path, const struct helper *helper)
{
	unsigned int i;

	for (i = 0; i < path->cfg.helped_length; i++)
		if (path->cfg.helped[i].helper == helper)
			return path->cfg.helped[i].loose;
	return false;
}

/* At a confirm hook: was it not seen at the entry hook as a packet of a confirmed flow? */
static bool is_due(const struct path_step *s)
{
	if (s->role == FLOW_ROLE_ENTRY)
		return flow_is_confirmed(s->flow);
	return s->confirmed_now || !s->tracked ||
	       (s->cookie && s->note == PATH_NOTE_NONE);
}

/* ---- what it reads --------------------------------------------------------------------- */

static bool read_payload(const struct packet *p, struct helper_input *in)
{
	uint32_t at = p->l4_offset + (p->l4_length - p->payload_length);

	if (p->later_fragment || p->payload_length == 0)
		return false;
	/* a first fragment is a part as well, though all of it was copied */
	in->length = p->payload_length + p->more_fragments;
	in->captured = p->captured > at ? p->captured - at : 0;
	if (in->captured > p->payload_length)
		in->captured = p->payload_length;
	in->data = p->data + at;
	in->seq = p->tuple.l4 == IPPROTO_TCP ? p->l4.tcp.seq : 0;
	return true;
}

static void read_flow(const struct path *path, const struct path_step *s,
                      const struct helper *helper, struct helper_input *in)
{
	in->status = flow_status(s->flow);
	in->dir = s->dir;
	in->established = s->ctstate == CTQ_CTSTATE_ESTABLISHED;
	in->loose = is_loose(path, helper);
	flow_tuple_load(s->flow, TRACK_ORIGINAL, &in->tuple[TRACK_ORIGINAL]);
	flow_tuple_load(s->flow, TRACK_REPLY, &in->tuple[TRACK_REPLY]);
}

/* ---- what it wants ----------------------------------------------------------------------- */

static void look(struct path_worker *w, struct flow *f, const struct helper *helper,
                 const struct helper_input *in, struct helper_result *res)
{
	uint64_t state[FLOW_HELPER_WORDS];

	flow_enter(w->flows, f);
	flow_helper_state_load(f, state);
	helper_look(helper, state, in, res);
	flow_helper_state_store(f, state);
	if (res->timeout_s)
		flow_timeout_set(w->path->flows, f, w->now_s, res->timeout_s);
	flow_leave(w->flows, f);
}

/* Whoever announces what cannot be expected is stopped, as in the kernel: its peer would be
 * dropped without anybody knowing why. That somebody else has announced it does not matter if
 * the helper says so. */
static bool expect(struct path_worker *w, struct flow *f, const struct helper *helper,
                   const struct helper_action *action)
{
	int err = expect_add(w->flows, f, helper, action, w->now_ns);

	return err == 0 || (err == -EALREADY && action->shared);
}

/* False: the packet must not go on. */
static bool carry_out(struct path_worker *w, struct flow *f, const struct helper *helper,
                      const struct helper_result *res)
{
	const struct helper_action *a;
	unsigned int refreshed = 0;
	bool good = true;

	for (a = res->actions; a < res->actions + res->length && good; a++) {
		switch ((enum helper_action_kind)a->kind) {
		case HELPER_EXPECT: good = expect(w, f, helper, a); break;
		case HELPER_REFRESH:
			refreshed += expect_refresh(w->flows, f, a, w->now_ns);
			break;
		case HELPER_FLUSH_UNLESS_REFRESHED:
			if (refreshed)
				break;
			/* fall through */
		case HELPER_FLUSH:
			expect_flush_master(w->flows, f, a->classes, w->now_ns);
			break;
		}
	}
	return good && !res->drop;
}

void path_help(struct path_worker *w, struct path_step *s)
{
	const struct helper *helper = flow_helper(s->flow);
	struct helper_input in;
	struct helper_result res;

	if (!helper || !is_due(s) || !read_payload(s->p, &in))
		return;
	if (in.captured < in.length)
		flow_count(w->flows, FLOW_COUNTER_HELPER_CUT);
	if (in.captured == 0)
		return;
	read_flow(w->path, s, helper, &in);
	look(w, s->flow, helper, &in, &res);
	if (!carry_out(w, s->flow, helper, &res)) {
		s->accept = false;
		s->reason = CTQ_DROP_HELPER;
	}
}
