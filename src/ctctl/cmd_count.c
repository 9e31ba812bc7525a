/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_count.c - how many flows, and how many of each kind
 *
 * A plain count is the daemon's. With "by FIELD" the flows are read and counted here, in a
 * tree of the field's texts: memory grows with the kinds, not with the flows.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/filter.h"
#include "ctctl/json.h"
#include "ctctl/message.h"
#include "ctctl/table.h"
#include "ctctl/units.h"
#include "ctctl/view.h"

#define KEY_MAX 96 /* bytes of a kind's text */

/* ---- fields ---------------------------------------------------------------------------- */

typedef void key_text(const struct view *view, char key[KEY_MAX]);

static void put(char key[KEY_MAX], const char *text)
{
	snprintf(key, KEY_MAX, "%s", text ? text : "-");
}

static void put_number(char key[KEY_MAX], uint32_t number)
{
	snprintf(key, KEY_MAX, "%" PRIu32, number);
}

static void put_port(char key[KEY_MAX], const struct view_side *side, uint16_t port)
{
	if (side->has_ports)
		put_number(key, port);
	else
		put(key, NULL);
}

static void key_family(const struct view *view, char key[KEY_MAX])
{
	put(key, view->family == AF_INET ? "ipv4" : "ipv6");
}

static void key_proto(const struct view *view, char key[KEY_MAX])
{
	put(key, view->protocol_name);
}

static void key_state(const struct view *view, char key[KEY_MAX])
{
	put(key, view->state);
}

static void key_zone(const struct view *view, char key[KEY_MAX])
{
	put_number(key, view->zone);
}

static void key_mark(const struct view *view, char key[KEY_MAX])
{
	snprintf(key, KEY_MAX, "0x%" PRIx32, view->mark);
}

static void key_verdict(const struct view *view, char key[KEY_MAX])
{
	put(key, view->verdict);
}

static void key_rule(const struct view *view, char key[KEY_MAX])
{
	put(key, view->rule_name);
}

static void key_reason(const struct view *view, char key[KEY_MAX])
{
	put(key, view->reason);
}

static void key_iif(const struct view *view, char key[KEY_MAX])
{
	put(key, view->in);
}

static void key_oif(const struct view *view, char key[KEY_MAX])
{
	put(key, view->out);
}

static void key_sport(const struct view *view, char key[KEY_MAX])
{
	put_port(key, &view->orig, view->orig.sport);
}

static void key_dport(const struct view *view, char key[KEY_MAX])
{
	put_port(key, &view->orig, view->orig.dport);
}

static void key_src(const struct view *view, char key[KEY_MAX])
{
	put(key, view->orig.src);
}

static void key_dst(const struct view *view, char key[KEY_MAX])
{
	put(key, view->orig.dst);
}

struct field {
	const char *word;
	key_text *text;
	bool address; /* may have a prefix length */
};

static const struct field fields[] = {
	{ "family", key_family }, { "proto", key_proto },   { "state", key_state },
	{ "zone", key_zone },     { "mark", key_mark },     { "verdict", key_verdict },
	{ "rule", key_rule },     { "reason", key_reason }, { "iif", key_iif },
	{ "oif", key_oif },       { "sport", key_sport },   { "dport", key_dport },
	{ "src", key_src, true }, { "dst", key_dst, true },
};

/* ---- kinds -------------------------------------------------------------------------------- */

struct kind {
	uint64_t flows;
	char text[KEY_MAX];
};

struct kinds {
	struct tool *tool;
	const struct field *field;
	unsigned int prefix; /* of addresses; 129: all bits */
	void *tree;          /* of struct kind, tsearch(3) */
	struct kind **sorted;
	size_t length;
};

static int by_text(const void *a, const void *b)
{
	const struct kind *x = a, *y = b;

	return strcmp(x->text, y->text);
}

static int by_flows(const void *a, const void *b)
{
	const struct kind *const *x = a, *const *y = b;

	if ((*x)->flows != (*y)->flows)
		return (*x)->flows < (*y)->flows ? 1 : -1;
	return strcmp((*x)->text, (*y)->text);
}

/* "10.0.0.1" with 24 bits is "10.0.0.0/24". */
static void cut_address(char key[KEY_MAX], unsigned int prefix)
{
	int family = strchr(key, ':') ? AF_INET6 : AF_INET;
	unsigned int bits = family == AF_INET ? 32 : 128, bit;
	unsigned char bytes[16] = { 0 };

	if (prefix >= bits || inet_pton(family, key, bytes) != 1)
		return;
	for (bit = prefix; bit < bits; bit++)
		bytes[bit / 8] &= (unsigned char)~(0x80 >> bit % 8);
	inet_ntop(family, bytes, key, INET6_ADDRSTRLEN);
	snprintf(key + strlen(key), KEY_MAX - strlen(key), "/%u", prefix);
}

static int count_flow(void *data, const struct ctq_flow *flow)
{
	struct kinds *kinds = data;
	struct kind *kind = calloc(1, sizeof(*kind));
	struct kind *const *found;
	struct view view;

	if (!kind)
		return -ENOMEM;
	view_init(&view, flow);
	kinds->field->text(&view, kind->text);
	if (kinds->field->address)
		cut_address(kind->text, kinds->prefix);
	found = tsearch(kind, &kinds->tree, by_text);
	if (!found) {
		free(kind);
		return -ENOMEM;
	}
	(*found)->flows++;
	if (*found == kind)
		kinds->length++;
	else
		free(kind);
	return 0;
}

static void collect(const void *node, VISIT visit, void *data)
{
	struct kind *const *kind = node;
	struct kinds *kinds = data;

	if (visit == postorder || visit == leaf)
		kinds->sorted[kinds->length++] = *kind;
}

static int kinds_sort(struct kinds *kinds)
{
	kinds->sorted = calloc(kinds->length + 1, sizeof(struct kind *));
	if (!kinds->sorted)
		return -ENOMEM;
	kinds->length = 0;
	twalk_r(kinds->tree, collect, kinds);
	qsort(kinds->sorted, kinds->length, sizeof(struct kind *), by_flows);
	return 0;
}

static void kinds_fini(struct kinds *kinds)
{
	tdestroy(kinds->tree, free);
	free(kinds->sorted);
}

/* ---- output ---------------------------------------------------------------------------------- */

static void write_json(const struct kinds *kinds)
{
	struct tool *tool = kinds->tool;
	bool list = tool->format == TOOL_FORMAT_JSON;
	struct json json;
	size_t i;

	json_init(&json, tool->out);
	if (list)
		json_list_begin(&json, NULL);
	for (i = 0; i < kinds->length; i++) {
		if (!list)
			json_separate(&json);
		json_object_begin(&json, NULL);
		json_string(&json, kinds->field->word, kinds->sorted[i]->text);
		json_number(&json, "flows", kinds->sorted[i]->flows);
		json_object_end(&json);
		if (!list)
			json_newline(&json);
	}
	if (list) {
		json_list_end(&json);
		json_newline(&json);
	}
}

static int write_table(const struct kinds *kinds)
{
	const struct table_column columns[] = { { "flows", true },
		                                { kinds->field->word } };
	struct tool *tool = kinds->tool;
	struct table table;
	char buf[UNITS_MAX];
	size_t i;

	table_init(&table, tool->out, columns, BASE_ARRAY_LENGTH(columns),
	           TABLE_ALIGN | (tool_has(tool, OPTION_NO_HEADER) ? 0 : TABLE_HEAD));
	for (i = 0; i < kinds->length; i++) {
		table_cell(&table,
		           units_count(kinds->sorted[i]->flows, tool->terminal, buf));
		table_cell(&table, kinds->sorted[i]->text);
		table_row_end(&table);
	}
	return table_finish(&table);
}

static int kinds_write(const struct kinds *kinds)
{
	if (!tool_is_json(kinds->tool))
		return write_table(kinds);
	write_json(kinds);
	return 0;
}

static int kinds_run(struct kinds *kinds, const struct ctq_filter *filter)
{
	int err;

	err = ctq_flows_dump(kinds->tool->ctq, CTQ_TABLE_FLOWS, filter, count_flow,
	                     kinds);
	if (err && err != -EINTR)
		return tool_failed(kinds->tool, err);
	if (kinds_sort(kinds) || kinds_write(kinds)) {
		message_error(kinds->tool, "no memory");
		return TOOL_FAILED;
	}
	return tool_result(kinds->tool, err);
}

static int count_run(struct tool *tool, const struct ctq_filter *filter)
{
	uint32_t flows, total;
	struct json json;
	int err;

	err = ctq_flows_count(tool->ctq, filter, &flows, &total);
	if (err)
		return tool_failed(tool, err);
	if (!tool_is_json(tool)) {
		fprintf(tool->out, "%" PRIu32 "\n", flows);
		return TOOL_OK;
	}
	json_init(&json, tool->out);
	json_object_begin(&json, NULL);
	json_number(&json, "flows", flows);
	json_number(&json, "total", total);
	json_object_end(&json);
	json_newline(&json);
	return TOOL_OK;
}

/* ---- arguments ---------------------------------------------------------------------------------- */

static int field_parse(struct kinds *kinds, const struct tool_word *word)
{
	const char *slash = strchr(word->text, '/'), *words[BASE_ARRAY_LENGTH(fields)];
	size_t length = slash ? (size_t)(slash - word->text) : strlen(word->text), i;
	struct tool_word prefix = { slash ? slash + 1 : NULL, word->index, length + 1 };
	unsigned long bits = 129;

	for (i = 0; i < BASE_ARRAY_LENGTH(fields) && !kinds->field; i++) {
		words[i] = fields[i].word;
		if (strlen(fields[i].word) == length &&
		    strncmp(fields[i].word, word->text, length) == 0 &&
		    (!slash || fields[i].address))
			kinds->field = &fields[i];
	}
	if (!kinds->field)
		return message_usage(kinds->tool, word->index, words, i,
		                     "flows cannot be counted by '%s'", word->text);
	if (slash && arguments_number(kinds->tool, &prefix, "a prefix length", 0, 128,
	                              &bits) != TOOL_OK)
		return TOOL_USAGE;
	kinds->prefix = (unsigned int)bits;
	return TOOL_OK;
}

/* "by FIELD" at the end; *@words is what is left of them. */
static int by_parse(struct kinds *kinds, size_t *words)
{
	const struct tool *tool = kinds->tool;

	*words = tool->n_words;
	if (*words >= 1 && strcmp(tool->words[*words - 1].text, "by") == 0)
		return message_usage(tool, tool->words[*words - 1].index, NULL, 0,
		                     "'by' needs a field: by proto, by src/24");
	if (*words < 2 || strcmp(tool->words[*words - 2].text, "by") != 0)
		return TOOL_OK;
	*words -= 2;
	return field_parse(kinds, &tool->words[*words + 1]);
}

int cmd_count(struct tool *tool)
{
	struct kinds kinds = { .tool = tool };
	struct ctq_filter *filter = NULL;
	size_t words;
	int code;

	code = by_parse(&kinds, &words);
	if (code == TOOL_OK && words == 1 &&
	    strcmp(tool->words[0].text, "conntrack") == 0)
		words = 0; /* conntrack -C conntrack */
	if (code == TOOL_OK)
		code = filter_from_words(tool, 0, words, &filter);
	if (code == TOOL_OK)
		code = tool_connect(tool);
	if (code == TOOL_OK)
		code = kinds.field ? kinds_run(&kinds, filter) : count_run(tool, filter);
	kinds_fini(&kinds);
	ctq_filter_destroy(filter);
	return code;
}
