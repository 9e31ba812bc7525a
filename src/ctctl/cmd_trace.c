/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_trace.c - packets as they are judged, with each decision
 *
 * The filter is the daemon's business: what it does not take costs nothing here.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctctl/announcements.h"
#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/filter.h"
#include "ctctl/message.h"
#include "ctctl/packet.h"

struct trace {
	struct tool *tool;
	unsigned long limit, shown; /* limit 0: none */
	unsigned long rate;
	uint64_t lost;
};

static int trace_event(void *data, const struct ctq_event *event)
{
	struct trace *trace = data;

	if (event->kind == CTQ_EVENT_OVERRUN)
		announcements_lost(trace->tool, event->lost, &trace->lost);
	else if (event->kind == CTQ_EVENT_PACKET)
		packet_write(trace->tool, "packet", event->record);
	else
		return 0;
	if (fflush(trace->tool->out))
		return ANNOUNCEMENTS_ENOUGH;
	if (event->kind != CTQ_EVENT_PACKET)
		return 0;
	return ++trace->shown == trace->limit ? ANNOUNCEMENTS_ENOUGH : 0;
}

static int trace_run(struct trace *trace, const struct ctq_filter *filter)
{
	const uint32_t group = CTQ_GROUP_TRACE;
	const struct ctq_watch watch = { .filter = filter,
		                         .rate = (uint32_t)trace->rate };
	int err;

	err = tool_connect(trace->tool);
	if (err)
		return err;
	announcements_begin();
	err = ctq_watch(trace->tool->ctq, &group, 1, &watch, trace_event, trace);
	err = announcements_wait(trace->tool, err, -1);
	if (err)
		return tool_failed(trace->tool, err);
	return trace->lost ? TOOL_INCOMPLETE : TOOL_OK;
}

int cmd_trace(struct tool *tool)
{
	struct trace trace = { .tool = tool, .rate = CTQ_GROUP_RATE_DEFAULT };
	struct ctq_filter *filter = NULL;
	int code = TOOL_OK;

	if (tool_has(tool, OPTION_LIMIT))
		code = arguments_number(tool, &tool->options[OPTION_LIMIT], "a number", 1,
		                        UINT32_MAX, &trace.limit);
	if (code == TOOL_OK && tool_has(tool, OPTION_RATE))
		code = arguments_number(tool, &tool->options[OPTION_RATE], "a rate", 0,
		                        UINT32_MAX, &trace.rate);
	if (code == TOOL_OK)
		code = filter_from_words(tool, 0, tool->n_words, &filter);
	if (code == TOOL_OK && !filter) {
		message_error(tool, "'trace' needs a filter; for every packet say: ctctl "
		                    "trace all");
		code = TOOL_USAGE;
	}
	if (code == TOOL_OK)
		code = trace_run(&trace, filter);
	ctq_filter_destroy(filter);
	return code;
}
