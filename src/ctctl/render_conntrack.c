/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render_conntrack.c - lines exactly as conntrack(8) prints them
 *
 * They are made by the function that conntrack itself calls, with the flags that it gives
 * for its -o words; an announcement has the time of day before it, as "conntrack -E -o
 * timestamp" has. Scripts that read conntrack read this.
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

static void conntrack_flow(struct render *render, const struct view *view,
                           const struct render_event *event)
{
	unsigned int fields = render->tool->conntrack_fields, flags = 0;
	FILE *out = render->tool->out;
	char line[LINE_MAX_BYTES];

	if (fields & TOOL_FIELD_EXTENDED)
		flags |= NFCT_OF_SHOW_LAYER3;
	if (fields & TOOL_FIELD_ID)
		flags |= NFCT_OF_ID;
	if (event && fields & TOOL_FIELD_TIMESTAMP)
		fprintf(out, "[%" PRIu64 ".%06" PRIu64 "]\t",
		        event->time_ns / NS_PER_SECOND,
		        event->time_ns % NS_PER_SECOND / 1000);
	nfct_snprintf(line, sizeof(line), ctq_flow_conntrack(view->flow),
	              message_type(event), NFCT_O_DEFAULT, flags);
	fprintf(out, "%s\n", line);
}

const struct render_ops render_conntrack = { .flow = conntrack_flow };
