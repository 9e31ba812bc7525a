/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_ban.c - ban, unban, bans: the set of the name "ban"
 *
 * The rules decide what a ban means: they declare the set and drop what is in it. If they do
 * not, a ban would do nothing, which is told together with the lines that are missing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/elements.h"
#include "ctctl/message.h"
#include "ctctl/table.h"
#include "ctctl/units.h"

#define BAN_SET "ban"

/* ---- do the rules know it? ----------------------------------------------------------- */

struct ban_set {
	uint64_t type, flags, uses;
};

static int ban_set_record(void *data, const struct ctq_record *set)
{
	struct ban_set *ban = data;

	ban->type = ctq_record_number(set, CTQA_SET_TYPE);
	ban->flags = ctq_record_number(set, CTQA_SET_FLAGS);
	ban->uses = ctq_record_number(set, CTQA_SET_USES);
	return 0;
}

static void write_lines(const struct tool *tool)
{
	message_note(tool, "add to the rules, and load them:");
	message_note(tool, "  set " BAN_SET " { type address; flags timeout, counter }");
	message_note(tool, "and first in the chains where packets enter:");
	message_note(tool, "  src @" BAN_SET " name banned drop");
	message_note(tool, "  dst @" BAN_SET " name banned-answer drop");
}

/* TOOL_OK, or the exit code; the message is written. */
static int ban_check(struct tool *tool)
{
	struct ban_set ban = { .type = 0 };
	int err = ctq_set_get(tool->ctq, BAN_SET, ban_set_record, &ban);

	if (err && err != -ENOENT)
		return tool_failed(tool, err);
	if (err)
		message_error(tool, "the rules in force have no set '" BAN_SET "'");
	else if (ban.type != CTQ_SET_ADDRESS)
		message_error(tool, "set '" BAN_SET "' is not one of addresses");
	else if (!ban.uses)
		message_error(tool, "no rule in force looks at the set '" BAN_SET
		                    "': a ban would do nothing");
	else
		return TOOL_OK;
	write_lines(tool);
	return TOOL_FAILED;
}

/* ---- ban, unban ---------------------------------------------------------------------- */

static void write_banned(struct tool *tool, const struct elements *e, uint32_t killed)
{
	struct json json;

	if (tool_is_json(tool)) {
		json_init(&json, tool->out);
		json_object_begin(&json, NULL);
		json_number(&json, "banned", e->n);
		if (tool_has(tool, OPTION_KILL))
			json_number(&json, "killed", killed);
		json_object_end(&json);
		json_newline(&json);
		return;
	}
	if (tool_has(tool, OPTION_QUIET))
		return;
	if (e->n == 1)
		fprintf(tool->out, "%s banned", e->list[0].key);
	else
		fprintf(tool->out, "%zu addresses banned", e->n);
	if (tool_has(tool, OPTION_KILL))
		fprintf(tool->out, ", %" PRIu32 " flow%s deleted", killed,
		        killed == 1 ? "" : "s");
	fputc('\n', tool->out);
}

static int ban(struct tool *tool, struct elements *e)
{
	struct ctq_elements_result result;
	int err, code = ban_check(tool);

	if (code != TOOL_OK)
		return code;
	err = ctq_elements_add(tool->ctq, BAN_SET, e->list, e->n,
	                       tool_has(tool, OPTION_KILL) ? CTQ_ELEMENTS_KILL : 0,
	                       &result);
	if (err)
		return elements_failed(tool, err, e, result.wrong);
	write_banned(tool, e, result.killed);
	return TOOL_OK;
}

static int inside_record(void *data, const struct ctq_record *element)
{
	char **inside = data;

	*inside = elements_key(CTQ_SET_ADDRESS, element);
	return 0;
}

/* It may be in a prefix that stays banned. */
static void write_unbanned(struct tool *tool, const struct ctq_element *element, int err)
{
	char *inside = NULL;

	if (tool_has(tool, OPTION_QUIET) || tool_is_json(tool))
		return;
	fprintf(tool->out, err ? "%s was not banned\n" : "%s unbanned\n", element->key);
	if (ctq_element_get(tool->ctq, BAN_SET, element->key, inside_record, &inside) ==
	            0 &&
	    inside)
		fprintf(tool->err, "warning: %s is still banned, by %s\n", element->key,
		        inside);
	free(inside);
}

/* One after the other: one that is gone already is no reason to keep the next. */
static int unban(struct tool *tool, struct elements *e)
{
	struct ctq_elements_result result;
	size_t i, deleted = 0;
	int err;

	for (i = 0; i < e->n; i++) {
		err = ctq_elements_delete(tool->ctq, BAN_SET, &e->list[i], 1, &result);
		if (err && (err != -ENOENT || result.wrong))
			return elements_failed(tool, err, e, result.wrong ? e->n : i);
		deleted += !err;
		write_unbanned(tool, &e->list[i], err);
	}
	if (tool_is_json(tool))
		json_write_number(tool->out, "unbanned", deleted);
	return !deleted && tool_has(tool, OPTION_FAIL_IF_NONE) ? TOOL_NONE : TOOL_OK;
}

static int run(struct tool *tool, int (*what)(struct tool *tool, struct elements *e),
               const char *timeout, const char *example)
{
	struct elements *e = calloc(1, sizeof(*e));
	int code = TOOL_FAILED;

	if (!e) {
		message_error(tool, "no memory");
		return code;
	}
	code = elements_parse(tool, 0, timeout, e);
	if (code == TOOL_OK && e->n == 0) {
		message_error(tool, "'%s' needs an address: %s", tool->command->name,
		              example);
		code = TOOL_USAGE;
	}
	if (code == TOOL_OK)
		code = tool_connect(tool);
	if (code == TOOL_OK)
		code = what(tool, e);
	elements_fini(e);
	free(e);
	return code;
}

int cmd_ban(struct tool *tool)
{
	return run(tool, ban, "for", "ctctl ban 192.0.2.1 for 1h --kill");
}

int cmd_unban(struct tool *tool)
{
	return run(tool, unban, "", "ctctl unban 192.0.2.1");
}

/* ---- bans ---------------------------------------------------------------------------- */

struct bans {
	struct tool *tool;
	struct table table;
	struct json json;
};

static const struct table_column columns[] = {
	{ "ADDRESS", false }, { "LEFT", true },     { "PACKETS", true },
	{ "BYTES", true },    { "COMMENT", false },
};

static void cell(struct bans *bans, const struct ctq_record *ban, uint16_t type,
                 char *(*format)(uint64_t n, bool human, char buf[UNITS_MAX]))
{
	char buf[UNITS_MAX];

	table_cell(&bans->table, ctq_record_has(ban, type)
	                                 ? format(ctq_record_number(ban, type),
	                                          bans->tool->terminal, buf)
	                                 : "-");
}

static int ban_record(void *data, const struct ctq_record *ban)
{
	struct bans *bans = data;
	char *key;

	if (tool_is_json(bans->tool)) {
		if (bans->tool->format == TOOL_FORMAT_NDJSON)
			json_separate(&bans->json);
		json_object_begin(&bans->json, NULL);
		elements_json(&bans->json, CTQ_SET_ADDRESS, ban);
		json_object_end(&bans->json);
		if (bans->tool->format == TOOL_FORMAT_NDJSON)
			json_newline(&bans->json);
		return 0;
	}
	key = elements_key(CTQ_SET_ADDRESS, ban);
	table_cell(&bans->table, key ? key : "?");
	free(key);
	cell(bans, ban, CTQA_ELEMENT_EXPIRES, units_seconds);
	cell(bans, ban, CTQA_ELEMENT_PACKETS, units_count);
	cell(bans, ban, CTQA_ELEMENT_BYTES, units_bytes);
	table_cell(&bans->table, ctq_record_string(ban, CTQA_ELEMENT_COMMENT) ?: "");
	table_row_end(&bans->table);
	return 0;
}

static int list(struct bans *bans)
{
	struct tool *tool = bans->tool;
	bool whole = tool->format == TOOL_FORMAT_JSON;
	int err, memory = 0;

	json_init(&bans->json, tool->out);
	if (whole)
		json_list_begin(&bans->json, NULL);
	if (!tool_is_json(tool))
		table_init(&bans->table, tool->out, columns, BASE_ARRAY_LENGTH(columns),
		           TABLE_ALIGN |
		                   (tool_has(tool, OPTION_NO_HEADER) ? 0 : TABLE_HEAD) |
		                   (tool->colour ? TABLE_BOLD : 0));
	err = ctq_elements_dump(tool->ctq, BAN_SET, ban_record, bans);
	if (whole) {
		json_list_end(&bans->json);
		json_newline(&bans->json);
	}
	if (!tool_is_json(tool))
		memory = table_finish(&bans->table);
	return err ? err : memory;
}

int cmd_bans(struct tool *tool)
{
	struct bans bans = { .tool = tool };
	int code = arguments_end(tool, 0);

	if (code == TOOL_OK)
		code = tool_connect(tool);
	if (code == TOOL_OK)
		code = ban_check(tool);
	return code == TOOL_OK ? tool_result(tool, list(&bans)) : code;
}
