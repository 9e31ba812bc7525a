/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_set.c - change mark, timeout or labels of the flows that a filter takes
 *
 * No filter begins with list, add, delete, flush or test: then a named set is meant, which
 * is cmd_elements.c's.
 *
 * The daemon changes one flow at a time, by tuple. The tuples are gathered first: a request
 * cannot be made within the answer to another.
 */
#include <errno.h>
#include <inttypes.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <stdlib.h>
#include <string.h>

#include "ctctl/cmd.h"
#include "ctctl/filter.h"
#include "ctctl/json.h"
#include "ctctl/message.h"

struct change {
	enum nf_conntrack_attr attr; /* ATTR_MARK or ATTR_TIMEOUT */
	uint32_t value;
	const char *labels; /* "+web,-17": these instead of .attr */
	struct nf_conntrack **flows;
	size_t length, capacity;
	size_t changed;
};

/* ---- the value ------------------------------------------------------------------------ */

/* "3600", "0x10"; a time may have a unit: "1h", "5m". */
static int value_parse(const struct tool *tool, const struct tool_word *word,
                       bool is_time, uint32_t *value)
{
	static const struct {
		char letter;
		unsigned int seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	unsigned long long number;
	size_t i;
	char *end;

	errno = 0;
	number = strtoull(word->text, &end, is_time ? 10 : 0);
	for (i = 0; is_time && i < BASE_ARRAY_LENGTH(units); i++) {
		if (end[0] == units[i].letter && end[1] == '\0') {
			number *= units[i].seconds;
			end++;
		}
	}
	if (errno || end == word->text || *end || word->text[0] == '-' ||
	    number > UINT32_MAX)
		return message_usage(
			tool, word->index, NULL, 0, "'%s' is not a %s", word->text,
			is_time ? "timeout (90, 5m, 1h)" : "mark (16, 0x10)");
	*value = (uint32_t)number;
	return TOOL_OK;
}

/* The daemon knows the names. */
static int labels_parse(const struct tool *tool, const struct tool_word *word,
                        struct change *change)
{
	const char *p;

	for (p = word->text; p; p = strchr(p, ',')) {
		p += *p == ',';
		if ((*p != '+' && *p != '-') || p[1] == ',' || p[1] == '\0')
			return message_usage(tool, word->index, NULL, 0,
			                     "'%s' is not a list of labels to set and to "
			                     "take away (+web,-17)",
			                     word->text);
	}
	change->labels = word->text;
	return TOOL_OK;
}

static int change_parse(const struct tool *tool, struct change *change)
{
	static const char *const words[] = { "mark", "timeout", "label" };
	const struct tool_word *what;

	if (tool->n_words < 2) {
		message_error(tool, "'set' needs a filter and what to change: "
		                    "ctctl set src 10.0.0.1 mark 0x10");
		return TOOL_USAGE;
	}
	what = &tool->words[tool->n_words - 2];
	if (strcmp(what->text, "mark") == 0)
		change->attr = ATTR_MARK;
	else if (strcmp(what->text, "timeout") == 0)
		change->attr = ATTR_TIMEOUT;
	else if (strcmp(what->text, "label") == 0)
		return labels_parse(tool, what + 1, change);
	else
		return message_usage(tool, what->index, words, BASE_ARRAY_LENGTH(words),
		                     "'%s' cannot be set: mark, timeout and label can",
		                     what->text);
	return value_parse(tool, what + 1, change->attr == ATTR_TIMEOUT, &change->value);
}

/* ---- the flows --------------------------------------------------------------------------- */

static int gather(void *data, const struct ctq_flow *flow)
{
	struct change *change = data;
	size_t capacity = change->capacity ? 2 * change->capacity : 64;
	struct nf_conntrack *ct = nfct_new(), **flows;

	if (!ct)
		return -ENOMEM;
	nfct_copy(ct, ctq_flow_conntrack(flow), NFCT_CP_ORIG);
	if (nfct_attr_is_set(ctq_flow_conntrack(flow), ATTR_ZONE))
		nfct_copy_attr(ct, ctq_flow_conntrack(flow), ATTR_ZONE);
	if (!change->labels)
		nfct_set_attr_u32(ct, change->attr, change->value);
	if (change->length == change->capacity) {
		flows = realloc(change->flows, capacity * sizeof(*flows));
		if (!flows) {
			nfct_destroy(ct);
			return -ENOMEM;
		}
		change->flows = flows;
		change->capacity = capacity;
	}
	change->flows[change->length++] = ct;
	return 0;
}

static int apply(struct tool *tool, struct change *change)
{
	size_t i;
	int err;

	for (i = 0; i < change->length; i++) {
		err = change->labels ? ctq_flow_labels(tool->ctq, change->flows[i],
		                                       change->labels)
		                     : ctq_flow_update(tool->ctq, change->flows[i]);
		if (err && err != -ENOENT) /* it ended meanwhile */
			return err;
		change->changed += !err;
	}
	return 0;
}

static void release(struct change *change)
{
	size_t i;

	for (i = 0; i < change->length; i++)
		nfct_destroy(change->flows[i]);
	free(change->flows);
}

static int set_run(struct tool *tool, const struct ctq_filter *filter,
                   struct change *change)
{
	int err;

	err = tool_connect(tool);
	if (err)
		return err;
	err = ctq_flows_dump(tool->ctq, CTQ_TABLE_FLOWS, filter, gather, change);
	if (!err)
		err = apply(tool, change);
	if (err)
		return tool_failed(tool, err);
	if (tool_is_json(tool))
		json_write_number(tool->out, "changed", change->changed);
	else if (!tool_has(tool, OPTION_QUIET))
		fprintf(tool->out, "%zu flow%s changed\n", change->changed,
		        change->changed == 1 ? "" : "s");
	return TOOL_OK;
}

int cmd_set(struct tool *tool)
{
	struct change change = { .flows = NULL };
	struct ctq_filter *filter = NULL;
	int code;

	if (cmd_elements_are_meant(tool))
		return cmd_elements(tool);
	code = change_parse(tool, &change);
	if (code == TOOL_OK)
		code = filter_from_words(tool, 0, tool->n_words - 2, &filter);
	if (code == TOOL_OK && !filter) {
		message_error(
			tool,
			"'set' needs a filter; for all flows say: ctctl set all ...");
		code = TOOL_USAGE;
	}
	if (code == TOOL_OK)
		code = set_run(tool, filter, &change);
	release(&change);
	ctq_filter_destroy(filter);
	return code;
}
