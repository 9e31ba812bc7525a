/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render_details.c - one flow in full, a member on each line
 */
#include <inttypes.h>
#include <time.h>

#include "ctctl/render.h"
#include "ctctl/units.h"

#define NS_PER_SECOND UINT64_C(1000000000)

static void line(const struct render *render, const char *name, const char *value)
{
	FILE *out = render->tool->out;

	if (!value || !*value)
		return;
	fprintf(out, "  %-10s ", name);
	for (; *value; value++)
		fputc((unsigned char)*value < 0x20 || *value == 0x7f ? '?' : *value, out);
	fputc('\n', out);
}

static void line_side(const struct render *render, const char *name,
                      const struct view *view, const struct view_side *side)
{
	char buf[VIEW_SIDE_MAX];

	if (side->present)
		line(render, name,
		     view_side_text(view, side,
		                    render->tool->terminal && render->tool->utf8 ? "→"
		                                                                 : ">",
		                    buf));
}

static void line_counters(const struct render *render, const char *name, uint64_t packets,
                          uint64_t bytes)
{
	char buf[4 * UNITS_MAX], a[UNITS_MAX], b[UNITS_MAX];

	snprintf(buf, sizeof(buf), "%s packets, %s",
	         units_count(packets, render->tool->terminal, a),
	         units_bytes(bytes, true, b));
	line(render, name, buf);
}

static void line_seconds(const struct render *render, const char *name, bool known,
                         uint64_t seconds)
{
	char buf[UNITS_MAX];

	if (known)
		line(render, name, units_seconds(seconds, true, buf));
}

static void line_record_seconds(const struct render *render, const char *name,
                                const struct ctq_record *record, uint16_t type)
{
	line_seconds(render, name, ctq_record_has(record, type),
	             ctq_record_number(record, type));
}

static void line_start(const struct render *render, uint64_t start_ns)
{
	time_t seconds = (time_t)(start_ns / NS_PER_SECOND);
	struct tm tm;
	char buf[64];

	if (start_ns && localtime_r(&seconds, &tm) &&
	    strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S %z", &tm))
		line(render, "start", buf);
}

static void line_verdict(const struct render *render, const struct view *view)
{
	const struct ctq_record *record = view->record;
	char buf[512];
	int used;

	if (!view->verdict)
		return;
	used = snprintf(buf, sizeof(buf), "%s", view->verdict);
	if (view->rule_name)
		used += snprintf(buf + used, sizeof(buf) - (size_t)used, " by rule %.*s",
		                 CTQ_NAME_MAX, view->rule_name);
	else if (ctq_record_has(record, CTQA_FLOW_RULE))
		used += snprintf(buf + used, sizeof(buf) - (size_t)used,
		                 " by rule %" PRIu64,
		                 ctq_record_number(record, CTQA_FLOW_RULE));
	if (view->reason)
		snprintf(buf + used, sizeof(buf) - (size_t)used,
		         " (%s: %s), generation %" PRIu64, view->reason,
		         ctq_reason_text((unsigned int)ctq_record_number(
				 record, CTQA_FLOW_REASON)),
		         ctq_record_number(record, CTQA_FLOW_GENERATION));
	line(render, "verdict", buf);
}

static int line_references(void *data, const struct ctq_record *references)
{
	char buf[UNITS_MAX];

	line(data, "references",
	     units_count(ctq_record_number(references, CTQA_REFS_TOTAL), false, buf));
	return 1; /* there is one */
}

static void flow(struct render *render, const struct view *view,
                 const struct render_event *event)
{
	char buf[VIEW_FLAGS_MAX];

	fprintf(render->tool->out, "%s%s%s", view->protocol_name, view->state ? " " : "",
	        view->state ? view->state : "");
	fprintf(render->tool->out, "  id %" PRIu32 "\n", view->id);
	line_side(render, "orig", view, &view->orig);
	line_side(render, "reply", view, &view->reply);
	if (view->has_counters) {
		line_counters(render, "sent", view->orig_packets, view->orig_bytes);
		line_counters(render, "received", view->reply_packets, view->reply_bytes);
	}
	line(render, "flags", view_flags_text(view, ' ', buf));
	line_seconds(render, "timeout", view->has_timeout, view->timeout);
	line_record_seconds(render, "age", view->record, CTQA_FLOW_AGE);
	line_record_seconds(render, "idle", view->record, CTQA_FLOW_IDLE);
	line_start(render, view->start);
	snprintf(buf, sizeof(buf), "0x%" PRIx32, view->mark);
	line(render, "mark", buf);
	line(render, "zone", view_zone_text(view, buf));
	line(render, "in", view->in);
	line(render, "out", view->out);
	line(render, "helper", view->helper);
	line(render, "labels", view->labels);
	line_verdict(render, view);
	line(render, "end", view->end);
	ctq_record_each(view->record, CTQA_FLOW_REFS, line_references, render);
}

const struct render_ops render_details = { .flow = flow };
