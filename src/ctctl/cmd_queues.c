/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>

#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/json.h"
#include "ctctl/message.h"
#include "ctctl/table.h"
#include "ctctl/units.h"

static const struct table_column columns[] = {
	{ "queue", true },
	{ "hook" },
	{ "worker", true },
	{ "cpu", true },
	{ "depth/max", true },
	{ "oldest", true },
	{ "held", true },
	{ "packets", true },
	{ "accepted", true },
	{ "dropped", true },
	{ "kernel-full", true },
	{ "sock-full", true },
	{ "fail" },
	{ "errors", true },
};

/* Numbers of a queue and their keys in JSON. */
static const struct {
	uint16_t type;
	const char *key;
} numbers[] = {
	{ CTQA_QUEUE_NUMBER, "queue" },
	{ CTQA_QUEUE_WORKER, "worker" },
	{ CTQA_QUEUE_CPU, "cpu" },
	{ CTQA_QUEUE_PORTID, "portid" },
	{ CTQA_QUEUE_DEPTH, "depth" },
	{ CTQA_QUEUE_MAXLEN, "maxlen" },
	{ CTQA_QUEUE_RANGE, "range" },
	{ CTQA_QUEUE_RCVBUF, "rcvbuf" },
	{ CTQA_QUEUE_PACKETS, "packets" },
	{ CTQA_QUEUE_BYTES, "bytes" },
	{ CTQA_QUEUE_ACCEPTED, "accepted" },
	{ CTQA_QUEUE_DROPPED, "dropped" },
	{ CTQA_QUEUE_KERNEL_DROPPED, "kernel_dropped" },
	{ CTQA_QUEUE_USER_DROPPED, "user_dropped" },
	{ CTQA_QUEUE_OVERRUNS, "overruns" },
	{ CTQA_QUEUE_ERRORS, "errors" },
	{ CTQA_QUEUE_BATCHES, "batches" },
	{ CTQA_QUEUE_OLDEST, "oldest" },
	{ CTQA_QUEUE_HELD, "held" },
};

struct queues {
	struct tool *tool;
	struct table table;
	struct json json;
};

static uint64_t flags_of(const struct ctq_record *queue)
{
	return ctq_record_number(queue, CTQA_QUEUE_FLAGS);
}

static const char *hook_of(const struct ctq_record *queue)
{
	return ctq_hook_name((unsigned int)ctq_record_number(queue, CTQA_QUEUE_HOOK));
}

static void write_json(struct queues *queues, const struct ctq_record *queue)
{
	struct json *json = &queues->json;
	size_t i;

	if (queues->tool->format == TOOL_FORMAT_NDJSON)
		json_separate(json);
	json_object_begin(json, NULL);
	if (hook_of(queue))
		json_string(json, "hook", hook_of(queue));
	for (i = 0; i < BASE_ARRAY_LENGTH(numbers); i++)
		if (ctq_record_has(queue, numbers[i].type))
			json_number(json, numbers[i].key,
			            ctq_record_number(queue, numbers[i].type));
	json_bool(json, "fail_open", flags_of(queue) & CTQ_QUEUE_FAIL_OPEN);
	json_bool(json, "gso", flags_of(queue) & CTQ_QUEUE_GSO);
	json_object_end(json);
	if (queues->tool->format == TOOL_FORMAT_NDJSON)
		json_newline(json);
}

static void cell(struct queues *queues, const struct ctq_record *queue, uint16_t type)
{
	char buf[UNITS_MAX];

	table_cell(&queues->table, ctq_record_has(queue, type)
	                                   ? units_count(ctq_record_number(queue, type),
	                                                 queues->tool->terminal, buf)
	                                   : "-");
}

static void cell_depth(struct queues *queues, const struct ctq_record *queue)
{
	char buf[2 * UNITS_MAX];

	snprintf(buf, sizeof(buf), "%" PRIu64 "/%" PRIu64,
	         ctq_record_number(queue, CTQA_QUEUE_DEPTH),
	         ctq_record_number(queue, CTQA_QUEUE_MAXLEN));
	table_cell(&queues->table, buf);
}

static void write_row(struct queues *queues, const struct ctq_record *queue)
{
	char buf[UNITS_MAX];

	cell(queues, queue, CTQA_QUEUE_NUMBER);
	table_cell(&queues->table, hook_of(queue) ? hook_of(queue) : "-");
	cell(queues, queue, CTQA_QUEUE_WORKER);
	cell(queues, queue, CTQA_QUEUE_CPU);
	cell_depth(queues, queue);
	table_cell(&queues->table,
	           units_nanoseconds(ctq_record_number(queue, CTQA_QUEUE_OLDEST),
	                             queues->tool->terminal, buf));
	cell(queues, queue, CTQA_QUEUE_HELD);
	cell(queues, queue, CTQA_QUEUE_PACKETS);
	cell(queues, queue, CTQA_QUEUE_ACCEPTED);
	cell(queues, queue, CTQA_QUEUE_DROPPED);
	cell(queues, queue, CTQA_QUEUE_KERNEL_DROPPED);
	cell(queues, queue, CTQA_QUEUE_USER_DROPPED);
	table_cell(&queues->table,
	           flags_of(queue) & CTQ_QUEUE_FAIL_OPEN ? "open" : "close");
	cell(queues, queue, CTQA_QUEUE_ERRORS);
	table_row_end(&queues->table);
}

static int queue_record(void *data, const struct ctq_record *queue)
{
	struct queues *queues = data;

	if (tool_is_json(queues->tool))
		write_json(queues, queue);
	else
		write_row(queues, queue);
	return 0;
}

static int run_json(struct queues *queues)
{
	bool list = queues->tool->format == TOOL_FORMAT_JSON;
	int err;

	json_init(&queues->json, queues->tool->out);
	if (list)
		json_list_begin(&queues->json, NULL);
	err = ctq_queues_dump(queues->tool->ctq, queue_record, queues);
	if (list) {
		json_list_end(&queues->json);
		json_newline(&queues->json);
	}
	return err;
}

static int run_table(struct queues *queues)
{
	const struct tool *tool = queues->tool;
	int err, memory;

	table_init(&queues->table, tool->out, columns, BASE_ARRAY_LENGTH(columns),
	           TABLE_ALIGN | (tool_has(tool, OPTION_NO_HEADER) ? 0 : TABLE_HEAD) |
	                   (tool->colour ? TABLE_BOLD : 0));
	err = ctq_queues_dump(tool->ctq, queue_record, queues);
	memory = table_finish(&queues->table);
	return err ? err : memory;
}

int cmd_queues(struct tool *tool)
{
	struct queues queues = { .tool = tool };
	int err;

	err = arguments_end(tool, 0);
	if (err == TOOL_OK)
		err = tool_connect(tool);
	if (err)
		return err;
	return tool_result(tool,
	                   tool_is_json(tool) ? run_json(&queues) : run_table(&queues));
}
