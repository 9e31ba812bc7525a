/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_elements.c - `ctctl set list|add|delete|flush|test`: named sets and their elements
 *
 * A list of one set is text of the rule language, so that it can be loaded again; what a
 * machine wants is JSON.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/elements.h"
#include "ctctl/json.h"
#include "ctctl/message.h"
#include "ctctl/sets_text.h"
#include "ctctl/table.h"
#include "ctctl/units.h"

/* ---- all sets ------------------------------------------------------------------------ */

static const struct table_column columns[] = {
	{ "NAME", false },   { "TYPE", false }, { "ELEMENTS", true },
	{ "TIMEOUT", true }, { "RULES", true }, { "MEMORY", true },
};

struct list {
	struct tool *tool;
	struct table table;
	struct json json;
	unsigned int type; /* of the set whose elements are listed */
	bool counts;
};

static const char *name_of(const struct ctq_record *set)
{
	return ctq_record_string(set, CTQA_SET_NAME) ?: "?";
}

static void set_row(struct list *list, const struct ctq_record *set)
{
	bool human = list->tool->terminal;
	char buf[UNITS_MAX];

	table_cell(&list->table, name_of(set));
	table_cell(&list->table, elements_type_name(set));
	table_cell(&list->table,
	           units_count(ctq_record_number(set, CTQA_SET_LENGTH), human, buf));
	table_cell(&list->table,
	           ctq_record_has(set, CTQA_SET_TIMEOUT)
	                   ? units_seconds(ctq_record_number(set, CTQA_SET_TIMEOUT),
	                                   human, buf)
	                   : "-");
	table_cell(&list->table,
	           units_count(ctq_record_number(set, CTQA_SET_USES), human, buf));
	table_cell(&list->table,
	           units_bytes(ctq_record_number(set, CTQA_SET_MEMORY), human, buf));
	table_row_end(&list->table);
}

static void json_item(struct list *list,
                      void (*write)(struct list *list, const struct ctq_record *record),
                      const struct ctq_record *record)
{
	bool lines = list->tool->format == TOOL_FORMAT_NDJSON;

	if (lines)
		json_separate(&list->json);
	json_object_begin(&list->json, NULL);
	write(list, record);
	json_object_end(&list->json);
	if (lines)
		json_newline(&list->json);
}

static void set_members(struct list *list, const struct ctq_record *set)
{
	elements_set_json(&list->json, set);
}

static int set_record(void *data, const struct ctq_record *set)
{
	struct list *list = data;

	if (tool_is_json(list->tool))
		json_item(list, set_members, set);
	else
		set_row(list, set);
	return 0;
}

static int list_sets(struct tool *tool)
{
	struct list list = { .tool = tool };
	bool whole = tool->format == TOOL_FORMAT_JSON;
	int err, memory = 0;

	json_init(&list.json, tool->out);
	if (whole)
		json_list_begin(&list.json, NULL);
	if (!tool_is_json(tool))
		table_init(&list.table, tool->out, columns, BASE_ARRAY_LENGTH(columns),
		           TABLE_ALIGN |
		                   (tool_has(tool, OPTION_NO_HEADER) ? 0 : TABLE_HEAD) |
		                   (tool->colour ? TABLE_BOLD : 0));
	err = ctq_sets_dump(tool->ctq, set_record, &list);
	if (whole) {
		json_list_end(&list.json);
		json_newline(&list.json);
	}
	if (!tool_is_json(tool))
		memory = table_finish(&list.table);
	return tool_result(tool, err ? err : memory);
}

/* ---- one set ------------------------------------------------------------------------- */

static void element_members(struct list *list, const struct ctq_record *element)
{
	elements_json(&list->json, list->type, element);
}

static int element_record(void *data, const struct ctq_record *element)
{
	json_item(data, element_members, element);
	return 0;
}

/* How the elements of the set look. */
static int kind_record(void *data, const struct ctq_record *set)
{
	struct list *list = data;

	list->type = (unsigned int)ctq_record_number(set, CTQA_SET_TYPE);
	list->counts = ctq_record_number(set, CTQA_SET_FLAGS) & CTQ_SET_COUNTER;
	return 0;
}

static int head_record(void *data, const struct ctq_record *set)
{
	struct list *list = data;

	kind_record(list, set);
	if (list->tool->format == TOOL_FORMAT_JSON)
		elements_set_json(&list->json, set);
	return 0;
}

static int json_one(struct tool *tool, const char *name)
{
	struct list list = { .tool = tool };
	bool whole = tool->format == TOOL_FORMAT_JSON;
	int err;

	json_init(&list.json, tool->out);
	if (whole)
		json_object_begin(&list.json, NULL);
	err = ctq_set_get(tool->ctq, name, head_record, &list);
	if (whole)
		json_list_begin(&list.json, "elements");
	if (!err)
		err = ctq_elements_dump(tool->ctq, name, element_record, &list);
	if (whole) {
		json_list_end(&list.json);
		json_object_end(&list.json);
		json_newline(&list.json);
	}
	return err;
}

static int list_one(struct tool *tool, const char *name)
{
	return tool_result(tool, tool_is_json(tool) ? json_one(tool, name)
	                                            : sets_text_one(tool, name));
}

static int run_list(struct tool *tool)
{
	int code = arguments_end(tool, 2);

	if (code != TOOL_OK)
		return code;
	return tool->n_words == 2 ? list_one(tool, tool->words[1].text) : list_sets(tool);
}

/* ---- changes ------------------------------------------------------------------------- */

static void write_changed(struct tool *tool, const char *key, const char *what, size_t n)
{
	if (tool_is_json(tool))
		json_write_number(tool->out, key, n);
	else if (!tool_has(tool, OPTION_QUIET))
		fprintf(tool->out, "%zu element%s %s\n", n, n == 1 ? "" : "s", what);
}

static int change(struct tool *tool, struct elements *e, bool add)
{
	const char *set = tool->words[1].text;
	struct ctq_elements_result result;
	int err;

	if (add)
		err = ctq_elements_add(
			tool->ctq, set, e->list, e->n,
			tool_has(tool, OPTION_KILL) ? CTQ_ELEMENTS_KILL : 0, &result);
	else
		err = ctq_elements_delete(tool->ctq, set, e->list, e->n, &result);
	if (err)
		return elements_failed(tool, err, e, result.wrong);
	if (add)
		write_changed(tool, "added", "added", e->n);
	else
		write_changed(tool, "deleted", "deleted", e->n);
	return TOOL_OK;
}

static int run_change(struct tool *tool, bool add)
{
	struct elements *e = malloc(sizeof(*e));
	int code;

	if (!e) {
		message_error(tool, "no memory");
		return TOOL_FAILED;
	}
	code = elements_parse(tool, 2, add ? "timeout" : "", e);
	if (code == TOOL_OK && e->n == 0) {
		message_error(tool,
		              "'set %s' needs a set and its elements: ctctl set %s %s "
		              "192.0.2.1",
		              tool->words[0].text, tool->words[0].text,
		              tool->n_words > 1 ? tool->words[1].text : "ban");
		code = TOOL_USAGE;
	}
	if (code == TOOL_OK)
		code = change(tool, e, add);
	elements_fini(e);
	free(e);
	return code;
}

static int run_add(struct tool *tool)
{
	return run_change(tool, true);
}

static int run_delete(struct tool *tool)
{
	return run_change(tool, false);
}

static int needs(const struct tool *tool, size_t n, const char *example)
{
	if (tool->n_words >= n)
		return arguments_end(tool, n);
	message_error(tool, "'set %s' needs more: %s", tool->words[0].text, example);
	return TOOL_USAGE;
}

static int run_flush(struct tool *tool)
{
	int code = needs(tool, 2, "ctctl set flush NAME");

	if (code != TOOL_OK)
		return code;
	return tool_result(tool, ctq_set_flush(tool->ctq, tool->words[1].text));
}

/* ---- questions ----------------------------------------------------------------------- */

static int test_record(void *data, const struct ctq_record *element)
{
	struct list *list = data;

	if (tool_is_json(list->tool)) {
		json_item(list, element_members, element);
		return 0;
	}
	sets_text_element(list->tool, list->type, list->counts, false, element);
	fputc('\n', list->tool->out);
	return 0;
}

static int run_test(struct tool *tool)
{
	struct list list = { .tool = tool };
	struct elements *e = calloc(1, sizeof(*e));
	const char *set;
	int code = TOOL_FAILED, err;

	if (!e) {
		message_error(tool, "no memory");
		return code;
	}
	code = elements_parse(tool, 2, "", e);
	if (code == TOOL_OK && e->n != 1) {
		message_error(tool,
		              "'set test' needs a set and one element: ctctl set test "
		              "ban 192.0.2.1");
		code = TOOL_USAGE;
	}
	if (code == TOOL_OK) {
		set = tool->words[1].text;
		json_init(&list.json, tool->out);
		err = ctq_set_get(tool->ctq, set, kind_record, &list);
		if (!err)
			err = ctq_element_get(tool->ctq, set, e->list[0].key, test_record,
			                      &list);
		code = err ? elements_failed(tool, err, e, err == -EINVAL ? 0 : 1)
		           : TOOL_OK;
		if (!err && tool->format == TOOL_FORMAT_JSON)
			json_newline(&list.json);
	}
	elements_fini(e);
	free(e);
	return code;
}

/* ---- the command --------------------------------------------------------------------- */

static const struct {
	const char *word;
	int (*run)(struct tool *tool);
} verbs[] = {
	{ "list", run_list },   { "add", run_add },   { "delete", run_delete },
	{ "flush", run_flush }, { "test", run_test },
};

bool cmd_elements_are_meant(const struct tool *tool)
{
	size_t i;

	for (i = 0; tool->n_words && i < BASE_ARRAY_LENGTH(verbs); i++)
		if (strcmp(tool->words[0].text, verbs[i].word) == 0)
			return true;
	return false;
}

int cmd_elements(struct tool *tool)
{
	size_t i = 0;
	int code;

	while (strcmp(tool->words[0].text, verbs[i].word) != 0)
		i++;
	code = tool_connect(tool);
	return code == TOOL_OK ? verbs[i].run(tool) : code;
}
