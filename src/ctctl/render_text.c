/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render_text.c - a table for people: text and wide
 *
 * Announcements are lines of their own: nothing may wait until widths are known.
 */
#include <inttypes.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

#include "ctctl/render.h"
#include "ctctl/units.h"

static const struct table_column narrow_columns[] = {
	{ "proto" },         { "state" },       { "orig" },  { "reply" },
	{ "timeout", true }, { "bytes", true }, { "flags" },
};

static const struct table_column wide_columns[] = {
	{ "id", true },      { "proto" },         { "state" },      { "orig" },
	{ "reply" },         { "timeout", true }, { "age", true },  { "idle", true },
	{ "packets", true }, { "bytes", true },   { "mark", true }, { "zone", true },
	{ "iif" },           { "oif" },           { "verdict" },    { "rule" },
	{ "reason" },        { "flags" },
};

static const struct table_column reference_columns[] = {
	{ "proto" },       { "state" },        { "orig" },          { "reply" },
	{ "refs", true },  { "table", true },  { "packet", true },  { "dump", true },
	{ "event", true }, { "expect", true }, { "control", true }, { "end" },
	{ "flags" },
};

static const char *arrow(const struct tool *tool)
{
	return tool->terminal && tool->utf8 ? "→" : ">";
}

static const char *none(const struct tool *tool)
{
	return tool->terminal && tool->utf8 ? "–" : "-";
}

/* ---- cells --------------------------------------------------------------------------- */

static void cell_text(struct render *render, const char *text)
{
	table_cell(&render->table, text && *text ? text : none(render->tool));
}

static void cell_orig(struct render *render, const struct view *view)
{
	char buf[VIEW_SIDE_MAX];

	table_cell(&render->table,
	           view_side_text(view, &view->orig, arrow(render->tool), buf));
}

static void cell_reply(struct render *render, const struct view *view)
{
	char buf[VIEW_SIDE_MAX];

	if (!view->reply.present ||
	    (view->has_status && !(view->status & IPS_SEEN_REPLY)))
		cell_text(render, NULL);
	else if (view->mirror)
		table_cell(&render->table, "(mirror)");
	else
		table_cell(&render->table,
		           view_side_text(view, &view->reply, arrow(render->tool), buf));
}

static void cell_seconds(struct render *render, bool known, uint64_t seconds)
{
	char buf[UNITS_MAX];

	cell_text(render,
	          known ? units_seconds(seconds, render->tool->terminal, buf) : NULL);
}

static void cell_bytes(struct render *render, const struct view *view)
{
	char buf[UNITS_MAX];

	cell_text(render, view->has_counters
	                          ? units_bytes(view->orig_bytes + view->reply_bytes,
	                                        render->tool->terminal, buf)
	                          : NULL);
}

static void cell_count(struct render *render, bool known, uint64_t count)
{
	char buf[UNITS_MAX];

	cell_text(render, known ? units_count(count, render->tool->terminal, buf) : NULL);
}

static void cell_record(struct render *render, const struct ctq_record *record,
                        uint16_t type)
{
	cell_count(render, ctq_record_has(record, type), ctq_record_number(record, type));
}

static void cell_plain(struct render *render, const char *fmt, uint32_t number)
{
	char buf[UNITS_MAX];

	snprintf(buf, sizeof(buf), fmt[1] == 'x' ? "0x%" PRIx32 : "%" PRIu32, number);
	table_cell(&render->table, buf);
}

static void cell_flags(struct render *render, const struct view *view)
{
	char buf[VIEW_FLAGS_MAX];

	cell_text(render, view_flags_text(view, ' ', buf));
}

/* ---- rows ------------------------------------------------------------------------------ */

static void row_narrow(struct render *render, const struct view *view)
{
	cell_text(render, view->protocol_name);
	cell_text(render, view->state);
	cell_orig(render, view);
	cell_reply(render, view);
	cell_seconds(render, view->has_timeout, view->timeout);
	cell_bytes(render, view);
	cell_flags(render, view);
}

static void row_wide(struct render *render, const struct view *view)
{
	const struct ctq_record *record = view->record;
	char zone[VIEW_ZONE_MAX];

	cell_plain(render, "%u", view->id);
	cell_text(render, view->protocol_name);
	cell_text(render, view->state);
	cell_orig(render, view);
	cell_reply(render, view);
	cell_seconds(render, view->has_timeout, view->timeout);
	cell_seconds(render, ctq_record_has(record, CTQA_FLOW_AGE),
	             ctq_record_number(record, CTQA_FLOW_AGE));
	cell_seconds(render, ctq_record_has(record, CTQA_FLOW_IDLE),
	             ctq_record_number(record, CTQA_FLOW_IDLE));
	cell_count(render, view->has_counters, view->orig_packets + view->reply_packets);
	cell_bytes(render, view);
	cell_plain(render, "%x", view->mark);
	cell_text(render, view_zone_text(view, zone));
	cell_text(render, view->in);
	cell_text(render, view->out);
	cell_text(render, view->verdict);
	cell_text(render, view->rule_name);
	cell_text(render, view->reason);
	cell_flags(render, view);
}

static int cells_references(void *data, const struct ctq_record *references)
{
	static const uint16_t types[] = { CTQA_REFS_TOTAL,  CTQA_REFS_TABLE,
		                          CTQA_REFS_PACKET, CTQA_REFS_DUMP,
		                          CTQA_REFS_EVENT,  CTQA_REFS_EXPECT,
		                          CTQA_REFS_CONTROL };
	struct render *render = data;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(types); i++)
		cell_record(render, references, types[i]);
	return 1; /* there is one */
}

static void row_references(struct render *render, const struct view *view)
{
	int i;

	cell_text(render, view->protocol_name);
	cell_text(render, view->state);
	cell_orig(render, view);
	cell_reply(render, view);
	if (!ctq_record_each(view->record, CTQA_FLOW_REFS, cells_references, render))
		for (i = 0; i < 7; i++)
			cell_text(render, NULL);
	cell_text(render, view->end);
	cell_flags(render, view);
}

/* ---- the format --------------------------------------------------------------------------- */

static void begin(struct render *render)
{
	const struct tool *tool = render->tool;
	unsigned int flags = TABLE_ALIGN;

	if (!tool_has(tool, OPTION_NO_HEADER))
		flags |= TABLE_HEAD;
	if (tool->colour)
		flags |= TABLE_BOLD;
	if (render->flags & RENDER_EVENTS)
		return;
	if (render->flags & RENDER_REFERENCES)
		table_init(&render->table, tool->out, reference_columns,
		           BASE_ARRAY_LENGTH(reference_columns), flags);
	else if (tool->format == TOOL_FORMAT_WIDE)
		table_init(&render->table, tool->out, wide_columns,
		           BASE_ARRAY_LENGTH(wide_columns), flags);
	else
		table_init(&render->table, tool->out, narrow_columns,
		           BASE_ARRAY_LENGTH(narrow_columns), flags);
}

/* "new      tcp SYN_SENT 192.0.2.1:1024 → 192.0.2.2:80  UNREPLIED" */
static void write_event(struct render *render, const struct view *view,
                        const struct render_event *event)
{
	char side[VIEW_SIDE_MAX], flags[VIEW_FLAGS_MAX];
	FILE *out = render->tool->out;

	fprintf(out, "%-8s %-5s %-11s %s", render_event_name(event), view->protocol_name,
	        view->state ? view->state : "",
	        view_side_text(view, &view->orig, arrow(render->tool), side));
	if (*view_flags_text(view, ' ', flags))
		fprintf(out, "  %s", flags);
	if (view->end)
		fprintf(out, "  (%s)", view->end);
	fputc('\n', out);
}

static void flow(struct render *render, const struct view *view,
                 const struct render_event *event)
{
	if (event) {
		write_event(render, view, event);
		return;
	}
	if (render->flags & RENDER_REFERENCES)
		row_references(render, view);
	else if (render->tool->format == TOOL_FORMAT_WIDE)
		row_wide(render, view);
	else
		row_narrow(render, view);
	table_row_end(&render->table);
}

static int end(struct render *render)
{
	return render->flags & RENDER_EVENTS ? 0 : table_finish(&render->table);
}

const struct render_ops render_text = { begin, flow, end };
