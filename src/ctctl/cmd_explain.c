/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_explain.c - what would happen to a packet, and which rules were looked at
 *
 * Steps are written as they come; the verdict is the last line. With -q rules that do not
 * hold are left out.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctctl/cmd.h"
#include "ctctl/joined.h"
#include "ctctl/message.h"
#include "ctctl/packet.h"

struct explain {
	struct tool *tool;
	struct json json;
};

/* ---- text --------------------------------------------------------------------------------- */

static void write_rule(FILE *out, const struct ctq_record *step)
{
	const char *name = ctq_record_string(step, CTQA_RULE_NAME);

	fprintf(out, "  rule %" PRIu64, ctq_record_number(step, CTQA_RULE_ID));
	if (name)
		fprintf(out, " %s", name);
	if (ctq_record_has(step, CTQA_RULE_LINE))
		fprintf(out, " (line %" PRIu64 ")",
		        ctq_record_number(step, CTQA_RULE_LINE));
}

static void write_fails(FILE *out, const struct ctq_record *step)
{
	write_rule(out, step);
	fputs(" does not hold: ", out);
	if (ctq_match_print(step, out))
		fputs("a long list of values", out);
	fputc('\n', out);
}

static void write_holds(FILE *out, const struct ctq_record *step)
{
	write_rule(out, step);
	fputs(" holds: ", out);
	ctq_statements_print(step, out);
	fputc('\n', out);
}

static void write_limit(FILE *out, const struct ctq_record *step)
{
	write_rule(out, step);
	fputs(" is passed over: ", out);
	ctq_statements_print(step, out);
	fputs(" does not hold now\n", out);
}

static int write_flow(void *data, const struct ctq_record *packet)
{
	struct explain *e = data;
	char text[PACKET_TEXT_MAX];
	const char *verdict;

	verdict = ctq_verdict_name(
		(unsigned int)ctq_record_number(packet, CTQA_PACKET_VERDICT));
	fprintf(e->tool->out, "flow %" PRIu64 " has this tuple",
	        ctq_record_number(packet, CTQA_PACKET_FLOW));
	if (verdict)
		fprintf(e->tool->out,
		        " and carries %s: %s\n"
		        "while that generation is in force its packets are not judged "
		        "again; as its first packet:\n",
		        verdict, packet_outcome(packet, text));
	else
		fputs(" and was not judged at this hook yet\n", e->tool->out);
	return 0;
}

static int write_verdict(void *data, const struct ctq_record *packet)
{
	struct explain *e = data;
	char text[PACKET_TEXT_MAX];
	unsigned int verdict =
		(unsigned int)ctq_record_number(packet, CTQA_PACKET_VERDICT);

	fprintf(e->tool->out, "%s: %s\n", ctq_verdict_name(verdict) ?: "?",
	        packet_outcome(packet, text));
	if (ctq_record_has(packet, CTQA_PACKET_NEW_MARK))
		fprintf(e->tool->out, "mark 0x%" PRIx64 "\n",
		        ctq_record_number(packet, CTQA_PACKET_NEW_MARK));
	return 0;
}

static void write_step(struct explain *e, const struct ctq_record *step)
{
	const char *chain = ctq_record_string(step, CTQA_RULE_CHAIN) ?: "";
	FILE *out = e->tool->out;

	switch (ctq_record_number(step, CTQA_EXPLAIN_STEP)) {
	case CTQ_EXPLAIN_CHAIN: fprintf(out, "chain %s\n", chain); break;
	case CTQ_EXPLAIN_FAILS:
		if (!tool_has(e->tool, OPTION_QUIET))
			write_fails(out, step);
		break;
	case CTQ_EXPLAIN_HOLDS: write_holds(out, step); break;
	case CTQ_EXPLAIN_LIMIT: write_limit(out, step); break;
	case CTQ_EXPLAIN_RETURN: fprintf(out, "back in chain %s\n", chain); break;
	case CTQ_EXPLAIN_POLICY:
		if (*chain)
			fprintf(out, "policy of chain %s\n", chain);
		else
			fputs("this hook has no chain\n", out);
		break;
	case CTQ_EXPLAIN_FLOW:
		ctq_record_each(step, CTQA_EXPLAIN_PACKET, write_flow, e);
		break;
	case CTQ_EXPLAIN_VERDICT:
		ctq_record_each(step, CTQA_EXPLAIN_PACKET, write_verdict, e);
		break;
	default: break; /* a newer daemon's */
	}
}

static int explain_text(void *data, const struct ctq_record *step)
{
	struct explain *e = data;
	uint64_t skipped = ctq_record_number(step, CTQA_EXPLAIN_SKIPPED);

	if (skipped && !tool_has(e->tool, OPTION_QUIET))
		fprintf(e->tool->out, "  %" PRIu64 " more steps, not shown\n", skipped);
	write_step(e, step);
	return 0;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static const char *const step_names[] = {
	[CTQ_EXPLAIN_CHAIN] = "chain",   [CTQ_EXPLAIN_FAILS] = "fails",
	[CTQ_EXPLAIN_HOLDS] = "holds",   [CTQ_EXPLAIN_RETURN] = "return",
	[CTQ_EXPLAIN_POLICY] = "policy", [CTQ_EXPLAIN_VERDICT] = "verdict",
	[CTQ_EXPLAIN_FLOW] = "flow",     [CTQ_EXPLAIN_LIMIT] = "limit",
};

/* What @print writes, as a member; nothing when it cannot. */
static void json_printed(struct json *json, const char *key,
                         int (*print)(const struct ctq_record *record, FILE *out),
                         const struct ctq_record *record)
{
	char text[PACKET_TEXT_MAX * 8] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");
	int err;

	if (!out)
		return;
	err = print(record, out);
	if (fclose(out) == 0 && !err && text[0])
		json_string(json, key, text);
}

static void json_member(struct json *json, const char *key,
                        const struct ctq_record *record, uint16_t type)
{
	if (ctq_record_has(record, type))
		json_number(json, key, ctq_record_number(record, type));
}

static int json_packet(void *data, const struct ctq_record *packet)
{
	packet_json(data, packet);
	return 0;
}

static int explain_json(void *data, const struct ctq_record *step)
{
	uint64_t kind = ctq_record_number(step, CTQA_EXPLAIN_STEP);
	struct explain *e = data;
	struct json *json = &e->json;

	if (kind >= BASE_ARRAY_LENGTH(step_names) || !step_names[kind])
		return 0;
	if (e->tool->format == TOOL_FORMAT_NDJSON)
		json_separate(json);
	json_object_begin(json, NULL);
	json_string(json, "step", step_names[kind]);
	if (ctq_record_string(step, CTQA_RULE_CHAIN))
		json_string(json, "chain", ctq_record_string(step, CTQA_RULE_CHAIN));
	json_member(json, "rule_id", step, CTQA_RULE_ID);
	if (ctq_record_string(step, CTQA_RULE_NAME))
		json_string(json, "rule", ctq_record_string(step, CTQA_RULE_NAME));
	json_member(json, "line", step, CTQA_RULE_LINE);
	if (kind == CTQ_EXPLAIN_FAILS)
		json_printed(json, "match", ctq_match_print, step);
	if (kind == CTQ_EXPLAIN_HOLDS || kind == CTQ_EXPLAIN_LIMIT)
		json_printed(json, "statements", ctq_statements_print, step);
	json_member(json, "skipped", step, CTQA_EXPLAIN_SKIPPED);
	ctq_record_each(step, CTQA_EXPLAIN_PACKET, json_packet, json);
	json_object_end(json);
	if (e->tool->format == TOOL_FORMAT_NDJSON)
		json_newline(json);
	return 0;
}

/* ---- the command ------------------------------------------------------------------------------ */

static int ask(struct explain *e, const char *packet, struct ctq_filter_error *error)
{
	struct tool *tool = e->tool;
	int err;

	if (!tool_is_json(tool))
		return ctq_explain(tool->ctq, packet, error, explain_text, e);
	json_init(&e->json, tool->out);
	if (tool->format == TOOL_FORMAT_NDJSON)
		return ctq_explain(tool->ctq, packet, error, explain_json, e);
	json_list_begin(&e->json, NULL);
	err = ctq_explain(tool->ctq, packet, error, explain_json, e);
	json_list_end(&e->json);
	json_newline(&e->json);
	return err;
}

static int explain_run(struct explain *e, const struct joined *joined)
{
	struct ctq_filter_error error = { .offset = 0 };
	int err;

	err = ctq_packet_check(joined->text, &error);
	if (err)
		return joined_mistake(e->tool, joined, &error);
	err = tool_connect(e->tool);
	if (err)
		return err;
	return tool_result(e->tool, ask(e, joined->text, &error));
}

int cmd_explain(struct tool *tool)
{
	struct explain e = { .tool = tool };
	struct joined joined = { .used = 0 };
	size_t i;

	for (i = 0; i < tool->n_words; i++) {
		if (joined_add(&joined, tool->words[i].text, &tool->words[i])) {
			message_error(tool,
			              "the packet's description is longer than %d "
			              "bytes",
			              JOINED_TEXT_MAX);
			return TOOL_USAGE;
		}
	}
	return explain_run(&e, &joined);
}
