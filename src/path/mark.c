/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mark.c - what the entry hook tells the confirm hook, in the packet mark
 *
 *   seen_mask    seen_value: the flow is confirmed and both roles accept it; the confirm
 *                queue's rule in the kernel lets such packets pass
 *   cookie_mask  a cookie (flow/cookie.h): the flow that is not confirmed, or was not a moment
 *                ago; or a note
 *
 *   reject_mask  reject_value: a rule of the kernel behind this hook answers and drops it
 *   offload_mask  offload_value: a rule of the kernel keeps this for the connection, whose
 *                 packets need not come here any more
 *
 * A confirm verdict clears the first two. Values may share a mask: an offloaded packet
 * is a seen one as well. All other bits are the rules'.
 */
#include "path/path_priv.h"

static uint32_t own_bits(const struct path *path)
{
	return path->cfg.cookie_mask | path->cfg.seen_mask | path->cfg.reject_mask |
	       path->cfg.offload_mask;
}

uint32_t path_mark_of_rules(const struct path *path, uint32_t mark)
{
	return mark & ~own_bits(path);
}

static bool mark_is(uint32_t mark, uint32_t mask, uint32_t value)
{
	return mask && (mark & mask) == value;
}

bool path_mark_rejected(const struct path *path, const struct path_step *s)
{
	return s->role == FLOW_ROLE_CONFIRM &&
	       mark_is(s->p->mark, path->cfg.reject_mask, path->cfg.reject_value);
}

void path_mark_read(const struct path *path, struct path_step *s, enum path_note *note)
{
	const struct path_config *cfg = &path->cfg;
	uint32_t mark = s->p->mark;

	*note = PATH_NOTE_NONE;
	s->cookie = (mark & cfg->cookie_mask) >> path->cookie_shift;
	if (mark_is(mark, cfg->seen_mask, cfg->seen_value) ||
	    mark_is(mark, cfg->offload_mask, cfg->offload_value))
		*note = PATH_NOTE_TRACKED;
	else if (s->cookie)
		*note = (enum path_note)flow_cookie_note_of(path->flows, s->cookie);
	s->tracked = *note != PATH_NOTE_NONE || s->cookie ||
	             (!cfg->cookie_mask && !cfg->track_at_confirm);
}

/* The confirm hook would only repeat what it has said before. */
static bool is_decided(const struct path_worker *w, const struct path_step *s)
{
	struct flow_verdict v;

	if (!flow_is_confirmed(s->flow) || s->error || s->ctstate == CTQ_CTSTATE_INVALID)
		return false;
	v = flow_verdict_load(s->flow, FLOW_ROLE_CONFIRM);
	return v.accept && v.mark_mask == 0 &&
	       (v.generation == w->generation ||
	        (v.generation && w->path->cfg.on_change == PATH_KEEP));
}

/* NAT may yet send a packet elsewhere than the first one (clash.c): the confirm hook must see it.
 * The cookie by which that knows the flow, or 0. */
static uint32_t cookie_of_young(const struct path_worker *w, const struct path_step *s)
{
	const struct flow *f = s->flow;

	if (s->dir == TRACK_REPLY ||
	    flow_status(f) & (TRACK_SEEN_REPLY | TRACK_HELPER | TRACK_NAT_CLASH) ||
	    !path_is_young(w, f))
		return 0;
	return flow_cookie_left(w->path->flows, f);
}

bool path_mark_skips(const struct path_worker *w, const struct path_step *s)
{
	return s->flow && (w->path->cfg.seen_mask | w->path->cfg.offload_mask) &&
	       is_decided(w, s) && !cookie_of_young(w, s);
}

static enum path_note note_of(const struct path_step *s)
{
	switch (s->ctstate) {
	case CTQ_CTSTATE_INVALID: return PATH_NOTE_INVALID;
	case CTQ_CTSTATE_UNTRACKED: return PATH_NOTE_UNTRACKED;
	default: return PATH_NOTE_TRACKED;
	}
}

/* A handshake is followed to its end, and a flow that nobody answers is not carried. */
static bool is_ready_for_kernel(const struct path_worker *w, const struct flow *f)
{
	uint32_t status = flow_status(f);

	if (!(status & TRACK_OFFLOAD))
		return false;
	return status & (w->machines->machine[f->machine]->states ? TRACK_ASSURED
	                                                          : TRACK_SEEN_REPLY);
}

static uint32_t decided_bits(const struct path_worker *w, const struct path_step *s)
{
	const struct path_config *cfg = &w->path->cfg;
	uint32_t bits = cfg->seen_value;

	if (cfg->offload_mask && is_ready_for_kernel(w, s->flow))
		bits = (bits & ~cfg->offload_mask) | cfg->offload_value;
	return bits;
}

static uint32_t entry_bits(const struct path_worker *w, const struct path_step *s)
{
	const struct path *path = w->path;
	uint32_t cookie = 0;

	if (path_mark_skips(w, s))
		return decided_bits(w, s);
	if (s->flow && !flow_is_confirmed(s->flow))
		cookie = atomic_load_explicit(&s->flow->cookie, memory_order_relaxed);
	else if (s->flow && !s->error)
		cookie = cookie_of_young(w, s);
	if (!cookie)
		cookie = flow_cookie_note(path->flows, note_of(s));
	return cookie << path->cookie_shift & path->cfg.cookie_mask;
}

void path_mark_write(struct path_worker *w, struct path_step *s)
{
	uint32_t mask = path_mark_of_rules(w->path, s->mark_mask);
	uint32_t mark = (path_mark_of_rules(w->path, s->p->mark) & ~mask) |
	                (s->mark_value & mask);

	if (s->role == FLOW_ROLE_ENTRY && s->accept && !w->path->cfg.confirm_at_entry)
		mark |= entry_bits(w, s);
	else if (s->accept && w->path->cfg.confirm_at_entry && s->flow &&
	         is_ready_for_kernel(w, s->flow))
		mark |= w->path->cfg.offload_value;
	if (s->marked)
		mark |= w->path->cfg.reject_value;
	s->out->mark = mark;
	s->out->set_mark = mark != s->p->mark;
}
