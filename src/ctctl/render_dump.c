/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render_dump.c - tab-separated, for scripts
 *
 * The columns stand in ctctl(8), without a head; new ones are appended. A member that is
 * not known is "-".
 */
#include <inttypes.h>

#include "ctctl/render.h"

static void put_text(FILE *out, const char *text)
{
	fputc('\t', out);
	if (!text || !*text) {
		fputc('-', out);
		return;
	}
	for (; *text; text++)
		fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
}

static void put_number(FILE *out, bool known, uint64_t number)
{
	if (known)
		fprintf(out, "\t%" PRIu64, number);
	else
		fputs("\t-", out);
}

static void put_record(FILE *out, const struct view *view, uint16_t type)
{
	put_number(out, ctq_record_has(view->record, type),
	           ctq_record_number(view->record, type));
}

static void put_side(FILE *out, const struct view_side *side)
{
	put_text(out, side->src);
	put_number(out, side->has_ports, side->sport);
	put_text(out, side->dst);
	put_number(out, side->has_ports, side->dport);
}

static void dump_flow(struct render *render, const struct view *view,
                      const struct render_event *event)
{
	FILE *out = render->tool->out;

	if (event)
		fprintf(out, "%s\t", render_event_name(event));
	fprintf(out, "%" PRIu32, view->id);
	put_text(out, view->family == AF_INET ? "ipv4" : "ipv6");
	put_text(out, view->protocol_name);
	put_text(out, view->state);
	put_side(out, &view->orig);
	put_side(out, &view->reply);
	put_number(out, view->has_counters, view->orig_packets);
	put_number(out, view->has_counters, view->orig_bytes);
	put_number(out, view->has_counters, view->reply_packets);
	put_number(out, view->has_counters, view->reply_bytes);
	put_number(out, view->has_timeout, view->timeout);
	put_record(out, view, CTQA_FLOW_AGE);
	put_record(out, view, CTQA_FLOW_IDLE);
	put_number(out, view->has_mark, view->mark);
	put_number(out, true, view->zone);
	put_number(out, view->has_status, view->status);
	put_text(out, view->in);
	put_text(out, view->out);
	put_text(out, view->verdict);
	put_text(out, view->reason);
	put_text(out, view->rule_name);
	put_record(out, view, CTQA_FLOW_GENERATION);
	fputc('\n', out);
}

const struct render_ops render_dump = { .flow = dump_flow };
