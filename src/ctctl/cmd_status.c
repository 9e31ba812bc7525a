/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_status.c - the daemon at a glance
 *
 * Exit 1 when the daemon names a reason why it is degraded: the one verb whose code judges.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/json.h"
#include "ctctl/message.h"
#include "ctctl/stats.h"
#include "ctctl/units.h"

#define WARNINGS_MAX  64
#define REASONS_SHOWN 8 /* of drops, the commonest */

struct status {
	struct tool *tool;
	char version[CTQ_NAME_MAX], config[512];
	uint64_t pid, started, uptime, workers, flows, flows_max, unconfirmed, dying,
		assured;
	uint64_t generation, rules, clients, table_memory, slab_memory;
	uint64_t protocol, features, clients_max, buffer_max, lists, lists_max, batches;
	char warnings[WARNINGS_MAX][CTQ_ERROR_TEXT_MAX];
	size_t n_warnings;
	uint64_t queues, depth, packets, accepted, dropped, kernel_dropped, user_dropped,
		fail_open;
	struct stats stats;
};

/* ---- questions --------------------------------------------------------------------------- */

static int warning_string(void *data, const char *warning)
{
	struct status *status = data;

	if (status->n_warnings < WARNINGS_MAX)
		snprintf(status->warnings[status->n_warnings++], CTQ_ERROR_TEXT_MAX, "%s",
		         warning);
	return 0;
}

static void copy_string(char *to, size_t size, const struct ctq_record *record,
                        uint16_t type)
{
	const char *string = ctq_record_string(record, type);

	snprintf(to, size, "%s", string ? string : "");
}

static int daemon_record(void *data, const struct ctq_record *record)
{
	struct status *status = data;

	copy_string(status->version, sizeof(status->version), record,
	            CTQA_DAEMON_VERSION);
	copy_string(status->config, sizeof(status->config), record, CTQA_DAEMON_CONFIG);
	status->pid = ctq_record_number(record, CTQA_DAEMON_PID);
	status->started = ctq_record_number(record, CTQA_DAEMON_STARTED);
	status->uptime = ctq_record_number(record, CTQA_DAEMON_UPTIME);
	status->workers = ctq_record_number(record, CTQA_DAEMON_WORKERS);
	status->flows = ctq_record_number(record, CTQA_DAEMON_FLOWS);
	status->flows_max = ctq_record_number(record, CTQA_DAEMON_FLOWS_MAX);
	status->unconfirmed = ctq_record_number(record, CTQA_DAEMON_UNCONFIRMED);
	status->dying = ctq_record_number(record, CTQA_DAEMON_DYING);
	status->assured = ctq_record_number(record, CTQA_DAEMON_ASSURED);
	status->generation = ctq_record_number(record, CTQA_DAEMON_GENERATION);
	status->rules = ctq_record_number(record, CTQA_DAEMON_RULES);
	status->clients = ctq_record_number(record, CTQA_DAEMON_CLIENTS);
	status->protocol = ctq_record_number(record, CTQA_DAEMON_PROTOCOL);
	status->features = ctq_record_number(record, CTQA_DAEMON_FEATURES);
	status->clients_max = ctq_record_number(record, CTQA_DAEMON_CLIENTS_MAX);
	status->buffer_max = ctq_record_number(record, CTQA_DAEMON_BUFFER_MAX);
	status->lists = ctq_record_number(record, CTQA_DAEMON_LISTS);
	status->lists_max = ctq_record_number(record, CTQA_DAEMON_LISTS_MAX);
	status->batches = ctq_record_number(record, CTQA_DAEMON_BATCHES);
	status->table_memory = ctq_record_number(record, CTQA_DAEMON_TABLE_MEMORY);
	status->slab_memory = ctq_record_number(record, CTQA_DAEMON_SLAB_MEMORY);
	return ctq_record_each_string(record, CTQA_DAEMON_WARNING, warning_string,
	                              status);
}

static int queue_record(void *data, const struct ctq_record *queue)
{
	struct status *status = data;

	status->queues++;
	status->depth += ctq_record_number(queue, CTQA_QUEUE_DEPTH);
	status->packets += ctq_record_number(queue, CTQA_QUEUE_PACKETS);
	status->accepted += ctq_record_number(queue, CTQA_QUEUE_ACCEPTED);
	status->dropped += ctq_record_number(queue, CTQA_QUEUE_DROPPED);
	status->kernel_dropped += ctq_record_number(queue, CTQA_QUEUE_KERNEL_DROPPED);
	status->user_dropped += ctq_record_number(queue, CTQA_QUEUE_USER_DROPPED);
	if (ctq_record_number(queue, CTQA_QUEUE_FLAGS) & CTQ_QUEUE_FAIL_OPEN)
		status->fail_open++;
	return 0;
}

static int status_ask(struct status *status)
{
	struct ctq *ctq = status->tool->ctq;
	int err;

	err = ctq_daemon_get(ctq, daemon_record, status);
	if (!err)
		err = ctq_queues_dump(ctq, queue_record, status);
	if (!err)
		err = stats_get(&status->stats, ctq, false);
	return err;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void write_json_queues(struct json *json, const struct status *status)
{
	json_object_begin(json, "queues");
	json_number(json, "queues", status->queues);
	json_number(json, "depth", status->depth);
	json_number(json, "packets", status->packets);
	json_number(json, "accepted", status->accepted);
	json_number(json, "dropped", status->dropped);
	json_number(json, "kernel_dropped", status->kernel_dropped);
	json_number(json, "user_dropped", status->user_dropped);
	json_number(json, "fail_open", status->fail_open);
	json_object_end(json);
}

static void write_json_drops(struct json *json, const struct stats *stats)
{
	size_t i;

	json_object_begin(json, "drops");
	for (i = 0; i < stats->n_reasons; i++)
		if (strncmp(stats->reasons[i].name, "drop.", 5) == 0)
			json_number(json, stats->reasons[i].name,
			            stats->reasons[i].value);
	json_object_end(json);
}

static const struct {
	uint64_t bit;
	const char *word;
} features[] = {
	{ CTQ_FEATURE_CONFIG, "config" },
	{ CTQ_FEATURE_SEQUENCE, "sequence" },
	{ CTQ_FEATURE_DEBUG_REFS, "debug-refs" },
	{ CTQ_FEATURE_ASK, "ask" },
};

/* What ctlink has, and how much of it is in use. A newer daemon's features have no word. */
static void write_json_ctlink(struct json *json, const struct status *status)
{
	size_t i;

	json_object_begin(json, "ctlink");
	json_number(json, "protocol", status->protocol);
	json_list_begin(json, "features");
	for (i = 0; i < BASE_ARRAY_LENGTH(features); i++)
		if (status->features & features[i].bit)
			json_string(json, NULL, features[i].word);
	json_list_end(json);
	json_number(json, "clients", status->clients);
	json_number(json, "clients_max", status->clients_max);
	json_number(json, "client_buffer", status->buffer_max);
	json_number(json, "lists", status->lists);
	json_number(json, "lists_max", status->lists_max);
	json_number(json, "batches", status->batches);
	json_number(json, "batches_max", CTQ_BATCHES_MAX);
	json_number(json, "admin_reserve", CTQ_ADMIN_RESERVE);
	json_number(json, "message_max", CTQ_MESSAGE_MAX);
	json_number(json, "datagram_max", CTQ_DATAGRAM_MAX);
	json_number(json, "batch_max", CTQ_BATCH_MAX);
	json_object_end(json);
}

static void write_json(const struct status *status)
{
	struct json json;
	size_t i;

	json_init(&json, status->tool->out);
	json_object_begin(&json, NULL);
	json_string(&json, "version", status->version);
	json_number(&json, "pid", status->pid);
	json_number(&json, "started", status->started);
	json_number(&json, "uptime", status->uptime);
	json_string(&json, "config", status->config);
	json_number(&json, "workers", status->workers);
	json_number(&json, "flows", status->flows);
	json_number(&json, "flows_max", status->flows_max);
	json_number(&json, "assured", status->assured);
	json_number(&json, "unconfirmed", status->unconfirmed);
	json_number(&json, "dying", status->dying);
	json_number(&json, "generation", status->generation);
	json_number(&json, "rules", status->rules);
	json_number(&json, "clients", status->clients);
	json_number(&json, "table_memory", status->table_memory);
	json_number(&json, "slab_memory", status->slab_memory);
	if (status->clients_max) /* an older daemon does not tell */
		write_json_ctlink(&json, status);
	write_json_queues(&json, status);
	write_json_drops(&json, &status->stats);
	json_list_begin(&json, "warnings");
	for (i = 0; i < status->n_warnings; i++)
		json_string(&json, NULL, status->warnings[i]);
	json_list_end(&json);
	json_object_end(&json);
	json_newline(&json);
}

/* ---- text -------------------------------------------------------------------------------------- */

static void write_daemon(const struct status *status)
{
	FILE *out = status->tool->out;
	char uptime[UNITS_MAX];

	fprintf(out,
	        "ctqd %s  pid %" PRIu64 "  up %s  workers %" PRIu64 "  clients %" PRIu64
	        "\n",
	        status->version, status->pid, units_seconds(status->uptime, true, uptime),
	        status->workers, status->clients);
	if (status->clients_max)
		fprintf(out,
		        "ctlink   clients %" PRIu64 " / %" PRIu64 "+%u  lists %" PRIu64
		        " / %" PRIu64 "+%u  batches %" PRIu64 " / %u\n",
		        status->clients, status->clients_max, CTQ_ADMIN_RESERVE,
		        status->lists, status->lists_max, CTQ_ADMIN_RESERVE,
		        status->batches, CTQ_BATCHES_MAX);
	if (status->config[0])
		fprintf(out, "config   %s\n", status->config);
	fprintf(out, "rules    %" PRIu64 "  generation %" PRIu64 "\n", status->rules,
	        status->generation);
}

static void write_table(const struct status *status)
{
	bool human = status->tool->terminal;
	char flows[UNITS_MAX], max[UNITS_MAX], assured[UNITS_MAX], memory[UNITS_MAX];

	fprintf(status->tool->out,
	        "table    %s / %s flows (%" PRIu64
	        " %%)  assured %s  unconfirmed %" PRIu64 "  dying %" PRIu64
	        "  memory %s\n",
	        units_count(status->flows, human, flows),
	        units_count(status->flows_max, human, max),
	        status->flows_max ? 100 * status->flows / status->flows_max : 0,
	        units_count(status->assured, human, assured), status->unconfirmed,
	        status->dying,
	        units_bytes(status->table_memory + status->slab_memory, true, memory));
}

static void write_queues(const struct status *status)
{
	bool human = status->tool->terminal;
	char packets[UNITS_MAX], accepted[UNITS_MAX], dropped[UNITS_MAX], lost[UNITS_MAX];
	FILE *out = status->tool->out;

	fprintf(out,
	        "queues   %" PRIu64 "  waiting %" PRIu64 "  packets %s  accepted %s  "
	        "dropped %s  lost %s",
	        status->queues, status->depth,
	        units_count(status->packets, human, packets),
	        units_count(status->accepted, human, accepted),
	        units_count(status->dropped, human, dropped),
	        units_count(status->kernel_dropped + status->user_dropped, human, lost));
	if (status->fail_open)
		fprintf(out, "  FAIL-OPEN %" PRIu64, status->fail_open);
	fputc('\n', out);
}

static int by_value(const void *a, const void *b)
{
	const struct stats_counter *x = a, *y = b;

	return x->value < y->value   ? 1
	       : x->value > y->value ? -1
	                             : strcmp(x->name, y->name);
}

static void write_drops(struct status *status)
{
	struct stats *stats = &status->stats;
	FILE *out = status->tool->out;
	size_t i, shown = 0;
	char count[UNITS_MAX];

	qsort(stats->reasons, stats->n_reasons, sizeof(stats->reasons[0]), by_value);
	for (i = 0; i < stats->n_reasons && shown < REASONS_SHOWN; i++) {
		if (stats->reasons[i].value == 0 ||
		    strncmp(stats->reasons[i].name, "drop.", 5) != 0)
			continue;
		fprintf(out, "%s%s %s", shown++ ? "  " : "drops    ",
		        stats->reasons[i].name + 5,
		        units_count(stats->reasons[i].value, status->tool->terminal,
		                    count));
	}
	fputs(shown ? "\n" : "drops    none\n", out);
}

static void write_warnings(const struct status *status)
{
	size_t i;

	for (i = 0; i < status->n_warnings; i++)
		fprintf(status->tool->out, "warning  %s\n", status->warnings[i]);
}

static void write_text(struct status *status)
{
	write_daemon(status);
	write_table(status);
	write_queues(status);
	write_drops(status);
	write_warnings(status);
}

int cmd_status(struct tool *tool)
{
	struct status *status;
	int code;

	code = arguments_end(tool, 0);
	if (code == TOOL_OK)
		code = tool_connect(tool);
	if (code)
		return code;
	status = calloc(1, sizeof(*status));
	if (!status) {
		message_error(tool, "no memory");
		return TOOL_FAILED;
	}
	status->tool = tool;
	code = tool_result(tool, status_ask(status));
	if (code == TOOL_OK) {
		if (tool_is_json(tool))
			write_json(status);
		else if (!tool_has(tool, OPTION_QUIET))
			write_text(status);
		code = status->n_warnings ? TOOL_FAILED : TOOL_OK;
	}
	free(status);
	return code;
}
