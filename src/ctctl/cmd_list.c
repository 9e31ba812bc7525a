/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctctl/arguments.h"
#include "ctctl/ask.h"
#include "ctctl/cmd.h"
#include "ctctl/expect.h"
#include "ctctl/filter.h"
#include "ctctl/message.h"
#include "ctctl/render.h"
#include "ctctl/sort.h"
#include "ctctl/units.h"

/* A callback's value that ends a list early because enough is shown. */
#define ENOUGH 1

struct list {
	struct tool *tool;
	enum ctq_table table;
	struct ctq_filter *filter;
	unsigned long limit; /* 0: none */
	bool sorted;
	struct sort sort;
	struct render render;
	uint32_t matched, total, max; /* for the footer */
};

/* ---- arguments ------------------------------------------------------------------------ */

/* The table, when it is the first word; returns the number of words used. */
static size_t table_parse(struct list *list)
{
	static const struct {
		const char *word;
		enum ctq_table table;
	} tables[] = { { "conntrack", CTQ_TABLE_FLOWS },
		       { "dying", CTQ_TABLE_DYING },
		       { "unconfirmed", CTQ_TABLE_UNCONFIRMED } };
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(tables) && list->tool->n_words; i++) {
		if (strcmp(list->tool->words[0].text, tables[i].word) == 0) {
			list->table = tables[i].table;
			return 1;
		}
	}
	return 0;
}

static int sort_parse(struct list *list)
{
	static const char *const keys[] = { "bytes", "packets", "age", "idle",
		                            "timeout" };
	const struct tool_word *word = &list->tool->options[OPTION_SORT];
	enum sort_key key;

	list->sorted = word->text != NULL;
	if (!list->sorted)
		return TOOL_OK;
	if (sort_key_parse(word->text, &key))
		return message_usage(
			list->tool, word->index, keys, BASE_ARRAY_LENGTH(keys),
			"'%s' is not one of bytes, packets, age, idle, timeout",
			word->text);
	sort_init(&list->sort, key, list->limit);
	return TOOL_OK;
}

static int list_parse(struct list *list)
{
	struct tool *tool = list->tool;
	size_t used = table_parse(list);
	int err = TOOL_OK;

	if (tool_has(tool, OPTION_LIMIT))
		err = arguments_number(tool, &tool->options[OPTION_LIMIT],
		                       "a number of flows", 1, UINT32_MAX, &list->limit);
	if (err == TOOL_OK)
		err = sort_parse(list);
	if (err == TOOL_OK)
		err = filter_from_words(tool, used, tool->n_words, &list->filter);
	if (err == TOOL_OK && tool_has(tool, OPTION_ZERO) &&
	    list->table != CTQ_TABLE_FLOWS) {
		message_error(tool,
		              "only the counters of the table's own flows can be zeroed");
		err = TOOL_USAGE;
	}
	return err;
}

/* ---- the list ---------------------------------------------------------------------------- */

static int list_flow(void *data, const struct ctq_flow *flow)
{
	struct list *list = data;

	render_flow(&list->render, flow, NULL);
	if (ferror(list->tool->out))
		return -EIO;
	return list->limit && list->render.shown == list->limit ? ENOUGH : 0;
}

static int sort_flow(void *data, const struct ctq_flow *flow)
{
	struct list *list = data;

	return sort_add(&list->sort, flow);
}

static int dump(struct list *list)
{
	ctq_flow_cb *cb = list->sorted ? sort_flow : list_flow;
	struct ctq *ctq = list->tool->ctq;

	if (tool_has(list->tool, OPTION_ZERO))
		return ctq_flows_dump_zero(ctq, list->filter, cb, list);
	return ctq_flows_dump(ctq, list->table, list->filter, cb, list);
}

/* ---- the footer ----------------------------------------------------------------------------- */

static bool wants_footer(const struct list *list)
{
	const struct tool *tool = list->tool;

	return tool->terminal && tool->format <= TOOL_FORMAT_WIDE &&
	       list->table == CTQ_TABLE_FLOWS && !tool_has(tool, OPTION_NO_HEADER) &&
	       !tool_has(tool, OPTION_QUIET);
}

static int footer_daemon(void *data, const struct ctq_record *record)
{
	struct list *list = data;

	list->max = (uint32_t)ctq_record_number(record, CTQA_DAEMON_FLOWS_MAX);
	return 0;
}

/* Ask before the list: a list that ends early leaves an answer behind. */
static int footer_ask(struct list *list)
{
	struct ctq *ctq = list->tool->ctq;
	int err;

	if (!wants_footer(list))
		return 0;
	err = ctq_flows_count(ctq, list->filter, &list->matched, &list->total);
	return err ? err : ctq_daemon_get(ctq, footer_daemon, list);
}

static void footer_write(const struct list *list)
{
	char shown[UNITS_MAX], matched[UNITS_MAX], total[UNITS_MAX], max[UNITS_MAX];

	if (!wants_footer(list))
		return;
	fprintf(list->tool->out, "%s of %s shown (table %s / %s, %u %%)\n",
	        units_count(list->render.shown, true, shown),
	        units_count(list->matched > list->render.shown ? list->matched
	                                                       : list->render.shown,
	                    true, matched),
	        units_count(list->total, true, total), units_count(list->max, true, max),
	        list->max ? (unsigned int)(UINT64_C(100) * list->total / list->max) : 0);
}

static int list_run(struct list *list)
{
	int err, end;

	err = tool_connect(list->tool);
	if (err)
		return err;
	err = footer_ask(list);
	if (err)
		return tool_failed(list->tool, err);
	render_begin(&list->render, list->tool,
	             list->table == CTQ_TABLE_FLOWS ? 0 : RENDER_REFERENCES);
	err = dump(list);
	if (list->sorted && (!err || err == -EINTR))
		end = sort_each(&list->sort, list_flow, list);
	else
		end = 0;
	if (render_end(&list->render) || (end && end != ENOUGH)) {
		message_error(list->tool, "no memory");
		return TOOL_FAILED;
	}
	if (err && err != ENOUGH && err != -EIO)
		return tool_failed(list->tool, err);
	footer_write(list);
	return TOOL_OK;
}

int cmd_list(struct tool *tool)
{
	struct list list = { .tool = tool, .table = CTQ_TABLE_FLOWS };
	int code;

	if (ask_is_meant(tool))
		return ask_list(tool);
	if (expect_is_meant(tool))
		return expect_list(tool);
	code = list_parse(&list);
	if (code == TOOL_OK)
		code = list_run(&list);
	if (list.sorted)
		sort_fini(&list.sort);
	ctq_filter_destroy(list.filter);
	return code;
}
