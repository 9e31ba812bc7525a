/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/ask.h"

#include <inttypes.h>
#include <string.h>

#include "ctctl/arguments.h"
#include "ctctl/json.h"
#include "ctctl/message.h"
#include "ctctl/packet.h"

/* ---- a question ----------------------------------------------------------------------- */

static int write_packet(void *data, const struct ctq_record *packet)
{
	const char *name = ctq_record_string(packet, CTQA_PACKET_RULE_NAME);
	char text[PACKET_TEXT_MAX];
	FILE *out = data;

	fprintf(out, "%s at %s", packet_text(packet, text),
	        ctq_hook_name((unsigned int)ctq_record_number(packet, CTQA_PACKET_HOOK))
	                ?: "?");
	if (ctq_record_has(packet, CTQA_PACKET_RULE))
		fprintf(out, ", rule %" PRIu64 "%s%s",
		        ctq_record_number(packet, CTQA_PACKET_RULE), name ? " " : "",
		        name ?: "");
	return 0;
}

static const char *default_name(const struct ctq_record *question)
{
	return ctq_verdict_name(
		       (unsigned int)ctq_record_number(question, CTQA_ASK_DEFAULT))
	               ?: "?";
}

static void write_line(FILE *out, const struct ctq_record *question)
{
	fprintf(out, "%" PRIu64 ": ", ctq_record_number(question, CTQA_ASK_ID));
	ctq_record_each(question, CTQA_ASK_PACKET, write_packet, out);
	fprintf(out, "; %s in %" PRIu64 "s\n", default_name(question),
	        ctq_record_number(question, CTQA_ASK_LEFT) / 1000);
}

static int json_packet(void *data, const struct ctq_record *packet)
{
	struct json *json = data;

	json_object_begin(json, "packet");
	packet_json(json, packet);
	json_object_end(json);
	return 0;
}

static void json_question(struct json *json, const struct ctq_record *question)
{
	json_number(json, "id", ctq_record_number(question, CTQA_ASK_ID));
	json_number(json, "left_ms", ctq_record_number(question, CTQA_ASK_LEFT));
	json_string(json, "default", default_name(question));
	ctq_record_each(question, CTQA_ASK_PACKET, json_packet, json);
}

/* ---- listing -------------------------------------------------------------------------- */

struct list {
	struct tool *tool;
	struct json json;
};

static int list_question(void *data, const struct ctq_record *question)
{
	struct list *list = data;
	bool lines = list->tool->format == TOOL_FORMAT_NDJSON;

	if (!tool_is_json(list->tool)) {
		write_line(list->tool->out, question);
		return 0;
	}
	if (lines)
		json_separate(&list->json);
	json_object_begin(&list->json, NULL);
	json_question(&list->json, question);
	json_object_end(&list->json);
	if (lines)
		json_newline(&list->json);
	return 0;
}

bool ask_is_meant(const struct tool *tool)
{
	return tool->n_words && strcmp(tool->words[0].text, "ask") == 0;
}

int ask_list(struct tool *tool)
{
	bool whole = tool->format == TOOL_FORMAT_JSON;
	struct list list = { .tool = tool };
	int err;

	err = arguments_end(tool, 1);
	if (err == TOOL_OK)
		err = tool_connect(tool);
	if (err)
		return err;
	json_init(&list.json, tool->out);
	if (whole)
		json_list_begin(&list.json, NULL);
	err = ctq_questions_dump(tool->ctq, list_question, &list);
	if (whole) {
		json_list_end(&list.json);
		json_newline(&list.json);
	}
	return tool_result(tool, err);
}

/* ---- announcements -------------------------------------------------------------------- */

static void write_settled(struct tool *tool, const struct ctq_record *question,
                          const char *reason)
{
	fprintf(tool->out, "settled  %" PRIu64 ": %s\n",
	        ctq_record_number(question, CTQA_ASK_ID), reason);
}

void ask_write_event(struct tool *tool, const struct ctq_event *event)
{
	const struct ctq_record *question = event->record;
	bool asked = event->kind == CTQ_EVENT_QUESTION;
	const char *reason = ctq_reason_name(
		(unsigned int)ctq_record_number(question, CTQA_ASK_REASON));
	struct json json;

	if (!tool_is_json(tool)) {
		if (!asked) {
			write_settled(tool, question, reason ?: "?");
			return;
		}
		fputs("asked    ", tool->out);
		write_line(tool->out, question);
		return;
	}
	json_init(&json, tool->out);
	json_object_begin(&json, NULL);
	json_string(&json, "event", asked ? "asked" : "settled");
	if (asked) {
		json_question(&json, question);
	} else {
		json_number(&json, "id", ctq_record_number(question, CTQA_ASK_ID));
		json_string(&json, "reason", reason ?: "?");
	}
	json_number(&json, "sequence", event->sequence);
	json_object_end(&json);
	json_newline(&json);
}
