/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render_save.c - one command for each flow, with filters' words
 */
#include <inttypes.h>

#include "ctctl/render.h"

static void write_side(FILE *out, const struct view_side *side, const char *prefix)
{
	fprintf(out, " %ssrc %s %sdst %s", prefix, side->src, prefix, side->dst);
	if (side->has_ports)
		fprintf(out, " %ssport %u %sdport %u", prefix, side->sport, prefix,
		        side->dport);
}

static void save_flow(struct render *render, const struct view *view,
                      const struct render_event *event)
{
	FILE *out = render->tool->out;

	fprintf(out, "%s proto %s", event ? render_event_name(event) : "add",
	        view->protocol_name);
	if (view->state)
		fprintf(out, " state %s", view->state);
	if (view->has_timeout)
		fprintf(out, " timeout %" PRIu32, view->timeout);
	write_side(out, &view->orig, "");
	if (view->reply.present && !view->mirror)
		write_side(out, &view->reply, "reply-");
	if (view->has_icmp)
		fprintf(out, " icmp-type %u icmp-code %u icmp-id %u", view->icmp_type,
		        view->icmp_code, view->icmp_id);
	fprintf(out, " mark 0x%" PRIx32 " zone %u", view->mark, view->zone);
	if (view->has_id)
		fprintf(out, " id %" PRIu32, view->id);
	fputc('\n', out);
}

const struct render_ops render_save = { .flow = save_flow };
