/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render_conntrack.c - lines exactly as conntrack(8) prints them
 *
 * They are made by the function that conntrack itself calls, with the flags that it gives
 * for its -o words; an announcement has the time of day before it, as "conntrack -E -o
 * timestamp" has. Scripts that read conntrack read this. The kernel does not keep the time
 * of a flow's start unless it is told to, and then conntrack prints "delta-time="; we
 * always keep it, and print it for the word ktimestamp only.
 */
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <inttypes.h>

#include "ctctl/render.h"

#define LINE_MAX_BYTES 4096 /* conntrack's own buffer has 1024 */
#define NS_PER_SECOND  UINT64_C(1000000000)

static unsigned int message_type(const struct render_event *event)
{
	if (!event)
		return NFCT_T_UNKNOWN;
	switch (event->kind) {
	case CTQ_EVENT_FLOW_NEW: return NFCT_T_NEW;
	case CTQ_EVENT_FLOW_UPDATE: return NFCT_T_UPDATE;
	default: return NFCT_T_DESTROY;
	}
}

static unsigned int output_flags(unsigned int fields)
{
	unsigned int flags = 0;

	if (fields & TOOL_FIELD_EXTENDED)
		flags |= NFCT_OF_SHOW_LAYER3;
	if (fields & TOOL_FIELD_ID)
		flags |= NFCT_OF_ID;
	if (fields & TOOL_FIELD_KTIMESTAMP)
		flags |= NFCT_OF_TIMESTAMP;
	return flags;
}

/* nfct_snprintf() shows the times that it finds: print a flow that has none. */
static void print(char *line, size_t size, const struct nf_conntrack *ct,
                  unsigned int type, unsigned int fields)
{
	struct nf_conntrack *without;

	if (fields & TOOL_FIELD_KTIMESTAMP ||
	    nfct_attr_is_set(ct, ATTR_TIMESTAMP_START) <= 0) {
		nfct_snprintf(line, (unsigned int)size, ct, type, NFCT_O_DEFAULT,
		              output_flags(fields));
		return;
	}
	without = nfct_clone(ct);
	if (!without)
		return;
	nfct_attr_unset(without, ATTR_TIMESTAMP_START);
	nfct_attr_unset(without, ATTR_TIMESTAMP_STOP);
	nfct_snprintf(line, (unsigned int)size, without, type, NFCT_O_DEFAULT,
	              output_flags(fields));
	nfct_destroy(without);
}

static void conntrack_flow(struct render *render, const struct view *view,
                           const struct render_event *event)
{
	unsigned int fields = render->tool->conntrack_fields;
	FILE *out = render->tool->out;
	char line[LINE_MAX_BYTES] = "";

	if (event && fields & TOOL_FIELD_TIMESTAMP)
		fprintf(out, "[%" PRIu64 ".%06" PRIu64 "]\t",
		        event->time_ns / NS_PER_SECOND,
		        event->time_ns % NS_PER_SECOND / 1000);
	print(line, sizeof(line), ctq_flow_conntrack(view->flow), message_type(event),
	      fields);
	fputs(line, out);
	if (fields & TOOL_FIELD_LABELS && view->labels)
		fprintf(out, " labels=%s", view->labels);
	fputc('\n', out);
}

const struct render_ops render_conntrack = { .flow = conntrack_flow };
