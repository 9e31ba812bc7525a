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
 * Nor when both have the same original tuple: then the packets are of one connection, and
 * flow_confirm() brings them together.
 */
#include "path/path_priv.h"

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
