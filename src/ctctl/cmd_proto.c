/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/json.h"
#include "ctctl/message.h"
#include "ctctl/table.h"
#include "ctctl/units.h"

/* Unloading ends when nobody looks at one of its flows any more: a slow reader of a list may
 * hold one for a while. */
#define PROTO_TIMEOUT_MS 60000

static const struct table_column columns[] = {
	{ "proto" },       { "number", true },     { "state" },
	{ "flows", true }, { "references", true }, { "from" },
};

struct protos {
	struct tool *tool;
	struct table table;
	struct json json;
};

static const char *state_of(const struct ctq_record *proto)
{
	static const char *const names[] = {
		[CTQ_PROTO_LOADED] = "loaded",
		[CTQ_PROTO_LOADING] = "loading",
		[CTQ_PROTO_UNLOADING] = "unloading",
		[CTQ_PROTO_UNLOADED] = "unloaded",
	};
	uint64_t state = ctq_record_number(proto, CTQA_PROTO_STATE);

	return state < BASE_ARRAY_LENGTH(names) && names[state] ? names[state] : "-";
}

static const char *origin_of(const struct ctq_record *proto)
{
	if (ctq_record_has(proto, CTQA_PROTO_HELPER))
		return "helper";
	return ctq_record_has(proto, CTQA_PROTO_MODULE) ? "module" : "built-in";
}

static int write_timeout(void *data, const struct ctq_record *timeout)
{
	json_number(data, ctq_record_string(timeout, CTQA_TIMEOUT_NAME),
	            ctq_record_number(timeout, CTQA_TIMEOUT_VALUE));
	return 0;
}

static void write_json(struct protos *protos, const struct ctq_record *proto)
{
	struct json *json = &protos->json;

	if (protos->tool->format == TOOL_FORMAT_NDJSON)
		json_separate(json);
	json_object_begin(json, NULL);
	json_string(json, "proto", ctq_record_string(proto, CTQA_PROTO_NAME));
	json_number(json, "number", ctq_record_number(proto, CTQA_PROTO_NUMBER));
	json_string(json, "state", state_of(proto));
	json_number(json, "flows", ctq_record_number(proto, CTQA_PROTO_FLOWS));
	json_number(json, "references", ctq_record_number(proto, CTQA_PROTO_REFERENCES));
	json_string(json, "from", origin_of(proto));
	json_object_begin(json, "timeouts");
	ctq_record_each(proto, CTQA_PROTO_TIMEOUT, write_timeout, json);
	json_object_end(json);
	json_object_end(json);
	if (protos->tool->format == TOOL_FORMAT_NDJSON)
		json_newline(json);
}

static void write_row(struct protos *protos, const struct ctq_record *proto)
{
	bool human = protos->tool->terminal;
	char buf[UNITS_MAX];

	table_cell(&protos->table, ctq_record_string(proto, CTQA_PROTO_NAME));
	snprintf(buf, sizeof(buf), "%" PRIu64,
	         ctq_record_number(proto, CTQA_PROTO_NUMBER));
	table_cell(&protos->table, buf);
	table_cell(&protos->table, state_of(proto));
	table_cell(&protos->table,
	           units_count(ctq_record_number(proto, CTQA_PROTO_FLOWS), human, buf));
	table_cell(
		&protos->table,
		units_count(ctq_record_number(proto, CTQA_PROTO_REFERENCES), human, buf));
	table_cell(&protos->table, origin_of(proto));
	table_row_end(&protos->table);
}

static int proto_record(void *data, const struct ctq_record *proto)
{
	struct protos *protos = data;

	if (!ctq_record_string(proto, CTQA_PROTO_NAME))
		return 0;
	if (tool_is_json(protos->tool))
		write_json(protos, proto);
	else
		write_row(protos, proto);
	return 0;
}

static int list_json(struct protos *protos)
{
	bool list = protos->tool->format == TOOL_FORMAT_JSON;
	int err;

	json_init(&protos->json, protos->tool->out);
	if (list)
		json_list_begin(&protos->json, NULL);
	err = ctq_protocols_dump(protos->tool->ctq, proto_record, protos);
	if (list) {
		json_list_end(&protos->json);
		json_newline(&protos->json);
	}
	return err;
}

static int list_table(struct protos *protos)
{
	const struct tool *tool = protos->tool;
	int err, memory;

	table_init(&protos->table, tool->out, columns, BASE_ARRAY_LENGTH(columns),
	           TABLE_ALIGN | (tool_has(tool, OPTION_NO_HEADER) ? 0 : TABLE_HEAD) |
	                   (tool->colour ? TABLE_BOLD : 0));
	err = ctq_protocols_dump(tool->ctq, proto_record, protos);
	memory = table_finish(&protos->table);
	return err ? err : memory;
}

static int list(struct tool *tool, const char *unused)
{
	struct protos protos = { .tool = tool };

	return tool_is_json(tool) ? list_json(&protos) : list_table(&protos);
}

static int load(struct tool *tool, const char *name)
{
	return ctq_protocol_load(tool->ctq, name);
}

static int unload(struct tool *tool, const char *name)
{
	return ctq_protocol_unload(tool->ctq, name);
}

static const struct {
	const char *word;
	size_t words; /* itself included */
	int (*run)(struct tool *tool, const char *name);
} actions[] = { { "list", 1, list }, { "load", 2, load }, { "unload", 2, unload } };

/* The action's place; negative: the exit code, as -TOOL_… */
static int action_find(const struct tool *tool)
{
	static const char *const words[] = { "list", "load", "unload" };
	size_t i;

	if (!tool->n_words)
		return 0;
	for (i = 0; i < BASE_ARRAY_LENGTH(actions); i++) {
		if (strcmp(tool->words[0].text, actions[i].word) != 0)
			continue;
		if (tool->n_words >= actions[i].words)
			return (int)i;
		message_error(tool, "'%s' needs a name: ctctl proto %s tcp",
		              actions[i].word, actions[i].word);
		return -TOOL_USAGE;
	}
	return -message_usage(tool, tool->words[0].index, words, BASE_ARRAY_LENGTH(words),
	                      "'%s' is nothing that 'proto' can do", tool->words[0].text);
}

int cmd_proto(struct tool *tool)
{
	int action = action_find(tool), err;

	if (action < 0)
		return -action;
	err = arguments_end(tool, actions[action].words);
	if (err == TOOL_OK)
		err = tool_connect(tool);
	if (err)
		return err;
	if (!tool_has(tool, OPTION_TIMEOUT))
		ctq_timeout_set(tool->ctq, PROTO_TIMEOUT_MS);
	return tool_result(tool, actions[action].run(tool, tool->words[1].text));
}
