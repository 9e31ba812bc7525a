/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_metrics.c - OpenMetrics text: for a textfile collector, no port is opened
 *
 * OpenMetrics 1.0: a TYPE line for each family, counters end in _total, "# EOF" at the end.
 * Labels' values come from closed lists or are numbers, but are escaped all the same.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/message.h"
#include "ctctl/stats.h"

static void family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# TYPE ctqd_%s %s\n# HELP ctqd_%s %s\n", name, type, name, help);
}

static void gauge(FILE *out, const char *name, const char *help, uint64_t value)
{
	family(out, name, "gauge", help);
	fprintf(out, "ctqd_%s %" PRIu64 "\n", name, value);
}

static void counter(FILE *out, const char *name, const char *help, uint64_t value)
{
	family(out, name, "counter", help);
	fprintf(out, "ctqd_%s_total %" PRIu64 "\n", name, value);
}

static void write_label(FILE *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			fprintf(out, "\\%c", *value);
		else
			fputc((unsigned char)*value < 0x20 ? '?' : *value, out);
	}
}

static void labelled(FILE *out, const char *name, const char *label, const char *help,
                     const struct stats_counter *counters, size_t n)
{
	size_t i;

	family(out, name, "counter", help);
	for (i = 0; i < n; i++) {
		fprintf(out, "ctqd_%s_total{%s=\"", name, label);
		write_label(out, counters[i].name);
		fprintf(out, "\"} %" PRIu64 "\n", counters[i].value);
	}
}

static int daemon_record(void *data, const struct ctq_record *record)
{
	FILE *out = data;

	gauge(out, "flows", "Confirmed flows.",
	      ctq_record_number(record, CTQA_DAEMON_FLOWS));
	gauge(out, "flows_max", "Limit of the table.",
	      ctq_record_number(record, CTQA_DAEMON_FLOWS_MAX));
	gauge(out, "flows_assured", "Assured flows.",
	      ctq_record_number(record, CTQA_DAEMON_ASSURED));
	gauge(out, "flows_unconfirmed", "Flows not confirmed yet.",
	      ctq_record_number(record, CTQA_DAEMON_UNCONFIRMED));
	gauge(out, "flows_dying", "Removed flows that are still referenced.",
	      ctq_record_number(record, CTQA_DAEMON_DYING));
	gauge(out, "rules", "Rules in force.",
	      ctq_record_number(record, CTQA_DAEMON_RULES));
	gauge(out, "rules_generation", "Generation of the rules in force.",
	      ctq_record_number(record, CTQA_DAEMON_GENERATION));
	gauge(out, "clients", "Connected clients.",
	      ctq_record_number(record, CTQA_DAEMON_CLIENTS));
	gauge(out, "uptime_seconds", "Time since the start.",
	      ctq_record_number(record, CTQA_DAEMON_UPTIME));
	gauge(out, "memory_bytes", "Memory of the table and its flows.",
	      ctq_record_number(record, CTQA_DAEMON_TABLE_MEMORY) +
	              ctq_record_number(record, CTQA_DAEMON_SLAB_MEMORY));
	gauge(out, "degraded", "1 when the daemon warns of something.",
	      ctq_record_has(record, CTQA_DAEMON_WARNING));
	return 0;
}

/* ---- queues: a family has to stand together, so each is one pass ----------------------------- */

struct queue_family {
	FILE *out;
	const char *name, *type, *help;
	uint16_t attr;
};

static int queue_sample(void *data, const struct ctq_record *queue)
{
	const struct queue_family *family = data;

	fprintf(family->out, "ctqd_%s%s{queue=\"%" PRIu64 "\"} %" PRIu64 "\n",
	        family->name, family->type[0] == 'c' ? "_total" : "",
	        ctq_record_number(queue, CTQA_QUEUE_NUMBER),
	        ctq_record_number(queue, family->attr));
	return 0;
}

static int write_queues(struct tool *tool)
{
	const struct queue_family families[] = {
		{ tool->out, "queue_depth", "gauge", "Packets that wait.",
		  CTQA_QUEUE_DEPTH },
		{ tool->out, "queue_held", "gauge", "Packets that wait for an answer.",
		  CTQA_QUEUE_HELD },
		{ tool->out, "queue_packets", "counter", "Packets received.",
		  CTQA_QUEUE_PACKETS },
		{ tool->out, "queue_accepted", "counter", "Accepting verdicts.",
		  CTQA_QUEUE_ACCEPTED },
		{ tool->out, "queue_dropped", "counter", "Dropping verdicts.",
		  CTQA_QUEUE_DROPPED },
		{ tool->out, "queue_kernel_dropped", "counter",
		  "Lost: the queue was full.", CTQA_QUEUE_KERNEL_DROPPED },
		{ tool->out, "queue_user_dropped", "counter",
		  "Lost: the socket's buffer was full.", CTQA_QUEUE_USER_DROPPED },
	};
	size_t i;
	int err = 0;

	for (i = 0; i < BASE_ARRAY_LENGTH(families) && !err; i++) {
		family(tool->out, families[i].name, families[i].type, families[i].help);
		err = ctq_queues_dump(tool->ctq, queue_sample,
		                      (void *)(uintptr_t)&families[i]);
	}
	return err;
}

static int metrics_write(struct tool *tool, struct stats *stats)
{
	int err;

	err = ctq_daemon_get(tool->ctq, daemon_record, tool->out);
	if (!err)
		err = stats_get(stats, tool->ctq, false);
	if (err)
		return err;
	counter(tool->out, "packets", "Packets judged.", stats->packets);
	counter(tool->out, "bytes", "Their bytes.", stats->bytes);
	labelled(tool->out, "events", "event", "Internal events.", stats->counters,
	         stats->n_counters);
	labelled(tool->out, "verdicts", "reason", "Packets by reason.", stats->reasons,
	         stats->n_reasons);
	err = write_queues(tool);
	if (!err)
		fputs("# EOF\n", tool->out);
	return err;
}

int cmd_metrics(struct tool *tool)
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
	code = tool_result(tool, metrics_write(tool, stats));
	free(stats);
	return code;
}
