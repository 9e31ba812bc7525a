/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * find.c - which flow a packet belongs to
 *
 * At an entry hook the packet's own tuple is the key.
 *
 * At a confirm hook an unconfirmed flow is found by the cookie in the mark, which survives NAT
 * and is the entry hook's own word: it goes before all else. What the table has for the packet
 * may be a flow that the kernel has forgotten, and whose port it has given to this one (clash.c).
 *
 * Without such a flow the tuple is the key. NAT may have rewritten the packet, and what it looks
 * like now is the inverse of the tuple that answers will have: so its inverse is the key, and
 * the direction that is found is the opposite of the packet's. Without NAT both keys of the flow
 * are right, and this is as good as any. The same holds for what an ICMP error quotes. Last comes
 * an unconfirmed flow of that tuple in this worker's own table.
 */
#include "path/path_priv.h"

static void set_invalid(struct path_step *s, enum ctq_reason reason)
{
	s->ctstate = CTQ_CTSTATE_INVALID;
	s->invalid = reason;
	s->has_key = false;
}

static void turn_key(struct path_step *s)
{
	struct tuple inverse;

	if (s->role == FLOW_ROLE_CONFIRM && tuple_invert(&s->key, &inverse) == 0) {
		s->key = inverse;
		s->inverse = true;
	}
}

static void prepare_error(struct path_step *s)
{
	enum ctq_reason reason = track_error_key(s->p, &s->key);

	s->error = true;
	if (reason)
		set_invalid(s, reason);
	else
		s->has_key = true;
}

void path_find_prepare(struct path_worker *w, struct path_step *s)
{
	enum ctq_reason reason;

	if (s->role == FLOW_ROLE_CONFIRM)
		path_mark_read(w->path, s, &s->note);
	reason = track_packet_check(s->p, &w->track->cfg);
	if (reason) {
		set_invalid(s, reason);
	} else if (s->note == PATH_NOTE_UNTRACKED || s->p->untracked) {
		s->ctstate = CTQ_CTSTATE_UNTRACKED;
	} else if (s->note == PATH_NOTE_INVALID) {
		s->ctstate = CTQ_CTSTATE_INVALID; /* the reason was counted at the entry
		                                     hook */
	} else if (s->p->icmp_error) {
		prepare_error(s);
	} else {
		s->key = s->p->tuple;
		s->has_key = true;
	}
	if (s->has_key)
		turn_key(s);
}

static enum track_dir opposite(enum track_dir dir)
{
	return dir == TRACK_ORIGINAL ? TRACK_REPLY : TRACK_ORIGINAL;
}

static struct flow *unless_dying(struct flow *f)
{
	return f && flow_is_dying(f) ? NULL : f;
}

/* What NAT leaves as it is. Else somebody else wrote into our bits of the mark. */
static bool is_alike(const struct flow *f, const struct packet *p)
{
	const struct tuple *t = &f->side[TRACK_ORIGINAL].tuple;

	return t->l3 == p->tuple.l3 && t->l4 == p->tuple.l4 && t->zone == p->tuple.zone;
}

/* Is it not what the confirmed flow @f takes for an answer that would answer the packet? */
static bool is_parted(const struct flow *f, const struct path_step *s)
{
	struct tuple reply;

	flow_tuple_load(f, TRACK_REPLY, &reply);
	return s->inverse && !tuple_equal(&reply, &s->key);
}

static bool have_one_original(const struct flow *a, const struct flow *b)
{
	return tuple_equal(&a->side[TRACK_ORIGINAL].tuple,
	                   &b->side[TRACK_ORIGINAL].tuple);
}

/* The flow of a packet that was on its way when another one confirmed it. It is not @found: NAT
 * sends the packet elsewhere (clash.c), unless @found expects those answers already; or the flow
 * was confirmed after the table was asked. */
static struct flow *recall(struct path_worker *w, struct path_step *s,
                           const struct flow *found)
{
	struct flow *f = flow_recall_cookie(w->path->flows, s->cookie);

	if (!f || f == found || !is_alike(f, s->p))
		return NULL;
	s->parted = is_parted(f, s) && !(found && have_one_original(found, f));
	return s->parted || !found ? f : NULL;
}

/* A cookie comes again after some thousand new flows. Tuple and cookie agree: the packet is of a
 * flow that was confirmed while it was on its way, whoever has the cookie by now. */
static bool is_its_cookie(const struct path_worker *w, const struct path_step *s,
                          const struct flow *found)
{
	return found &&
	       atomic_load_explicit(&found->cookie, memory_order_relaxed) == s->cookie &&
	       path_is_young(w, found);
}

static struct flow *find_by_cookie(struct path_worker *w, struct path_step *s,
                                   const struct flow *found)
{
	struct flow *f;

	if (is_its_cookie(w, s, found))
		return NULL;
	f = flow_peek_cookie(w->path->flows, s->cookie);
	f = f && is_alike(f, s->p) ? unless_dying(f) : NULL;
	if (!f)
		return recall(w, s, found);
	s->clash = found && found != f;
	return f;
}

/* A packet between entry and confirm hook. It is of the original direction: nobody can have
 * answered. */
static struct flow *find_between(struct path_worker *w, struct path_step *s,
                                 const struct flow *found)
{
	struct flow *f = base_unlikely(s->cookie) ? find_by_cookie(w, s, found) : NULL;

	if (!f && !found)
		f = unless_dying(flow_peek_unconfirmed(w->flows, &s->p->tuple));
	return f;
}

void path_find(struct path_worker *w, struct path_step *s, struct flow_ref found)
{
	if (w->moved && (!found.flow || flow_is_dying(found.flow)))
		found = flow_peek(w->path->flows, &s->key);
	found.flow = unless_dying(found.flow);
	if (!s->error)
		s->flow = find_between(w, s, found.flow);
	if (s->flow) {
		s->dir = TRACK_ORIGINAL;
		return;
	}
	s->flow = found.flow;
	if (found.flow)
		s->dir = s->inverse ? opposite(found.dir) : found.dir;
	if (s->error && !s->flow)
		set_invalid(s, CTQ_INVALID_ICMP_NO_FLOW);
	else if (s->error)
		s->ctstate = CTQ_CTSTATE_RELATED;
}
