/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/json.h"
#include "ctctl/message.h"
#include "ctctl/stats.h"
#include "ctctl/table.h"
#include "ctctl/units.h"

#define NS_PER_SECOND UINT64_C(1000000000)

/* Each second since the counters were zero; 0 when that is unknown. */
static uint64_t rate(const struct stats *stats, uint64_t count)
{
	double seconds = (double)stats->interval_ns / (double)NS_PER_SECOND;

	return seconds > 0 ? (uint64_t)((double)count / seconds) : 0;
}

/* ---- JSON ------------------------------------------------------------------------------ */

static void write_members(struct json *json, const char *key,
                          const struct stats_counter *counters, size_t n)
{
	size_t i;

	json_object_begin(json, key);
	for (i = 0; i < n; i++)
		json_number(json, counters[i].name, counters[i].value);
	json_object_end(json);
}

static void write_json(const struct tool *tool, const struct stats *stats)
{
	struct json json;

	json_init(&json, tool->out);
	json_object_begin(&json, NULL);
	json_number(&json, "packets", stats->packets);
	json_number(&json, "bytes", stats->bytes);
	json_number(&json, "interval", stats->interval_ns);
	write_members(&json, "counters", stats->counters, stats->n_counters);
	write_members(&json, "reasons", stats->reasons, stats->n_reasons);
	json_object_end(&json);
	json_newline(&json);
}

/* ---- text -------------------------------------------------------------------------------- */

static void row(struct table *table, const struct tool *tool, const struct stats *stats,
                const char *name, uint64_t value)
{
	char buf[UNITS_MAX];

	table_cell(table, name);
	table_cell(table, units_count(value, tool->terminal, buf));
	table_cell(table, units_count(rate(stats, value), tool->terminal, buf));
	table_row_end(table);
}

static int write_counters(const struct tool *tool, const struct stats *stats)
{
	static const struct table_column columns[] = { { "counter" },
		                                       { "total", true },
		                                       { "per second", true } };
	struct table table;
	size_t i;

	table_init(&table, tool->out, columns, BASE_ARRAY_LENGTH(columns),
	           TABLE_ALIGN | (tool_has(tool, OPTION_NO_HEADER) ? 0 : TABLE_HEAD));
	row(&table, tool, stats, "packets", stats->packets);
	row(&table, tool, stats, "bytes", stats->bytes);
	for (i = 0; i < stats->n_counters; i++)
		row(&table, tool, stats, stats->counters[i].name,
		    stats->counters[i].value);
	return table_finish(&table);
}

/* Those that occurred: the list is long. */
static int write_reasons(const struct tool *tool, const struct stats *stats)
{
	static const struct table_column columns[] = { { "reason" },
		                                       { "packets", true },
		                                       { "per second", true } };
	char accept[UNITS_MAX], drop[UNITS_MAX];
	struct table table;
	size_t i;

	if (!tool_has(tool, OPTION_NO_HEADER))
		fprintf(tool->out, "accept %s   drop %s\n",
		        units_count(stats_reason_sum(stats, "accept."), tool->terminal,
		                    accept),
		        units_count(stats_reason_sum(stats, "drop."), tool->terminal,
		                    drop));
	table_init(&table, tool->out, columns, BASE_ARRAY_LENGTH(columns),
	           TABLE_ALIGN | (tool_has(tool, OPTION_NO_HEADER) ? 0 : TABLE_HEAD));
	for (i = 0; i < stats->n_reasons; i++)
		if (stats->reasons[i].value)
			row(&table, tool, stats, stats->reasons[i].name,
			    stats->reasons[i].value);
	return table_finish(&table);
}

static int stats_write(struct tool *tool, const struct stats *stats)
{
	int err;

	if (tool_is_json(tool)) {
		write_json(tool, stats);
		return TOOL_OK;
	}
	err = tool_has(tool, OPTION_REASONS) ? write_reasons(tool, stats)
	                                     : write_counters(tool, stats);
	if (err)
		message_error(tool, "no memory");
	return err ? TOOL_FAILED : TOOL_OK;
}

int cmd_stats(struct tool *tool)
{
	struct stats *stats;
	int code;

	code = arguments_end(tool, 0);
	if (code == TOOL_OK)
		code = tool_connect(tool);
	if (code)
		return code;
	stats = malloc(sizeof(*stats));
	if (!stats) {
		message_error(tool, "no memory");
		return TOOL_FAILED;
	}
	code = tool_result(tool,
	                   stats_get(stats, tool->ctq, tool_has(tool, OPTION_ZERO)));
	if (code == TOOL_OK)
		code = stats_write(tool, stats);
	free(stats);
	return code;
}
