/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_monitor.c - announcements as they come
 *
 * Each is written at once. The filter is held against flows here; that of dropped packets is
 * the daemon's business. Lost ones are said on standard error, and the exit code then is 6.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "ctctl/announcements.h"
#include "ctctl/arguments.h"
#include "ctctl/ask.h"
#include "ctctl/cmd.h"
#include "ctctl/elements.h"
#include "ctctl/expect.h"
#include "ctctl/filter.h"
#include "ctctl/message.h"
#include "ctctl/packet.h"
#include "ctctl/render.h"

struct monitor {
	struct tool *tool;
	uint32_t groups[16];
	size_t n_groups;
	bool drops; /* their group is among them */
	struct ctq_filter *filter;
	unsigned long limit, shown; /* limit 0: none */
	uint64_t lost;
	struct render render;
};

/* ---- arguments ------------------------------------------------------------------------------ */

static const struct {
	const char *word;
	uint32_t groups[3];
} groups[] = {
	{ "new", { CTQ_GROUP_FLOW_NEW } },
	{ "update", { CTQ_GROUP_FLOW_UPDATE } },
	{ "updates", { CTQ_GROUP_FLOW_UPDATE } }, /* conntrack's */
	{ "destroy", { CTQ_GROUP_FLOW_DESTROY } },
	{ "rules", { CTQ_GROUP_RULES } },
	{ "rule", { CTQ_GROUP_RULES } },
	{ "drop", { CTQ_GROUP_DROP } },
	{ "drops", { CTQ_GROUP_DROP } },
	{ "expect",
	  { CTQ_GROUP_EXPECT_NEW, CTQ_GROUP_EXPECT_UPDATE, CTQ_GROUP_EXPECT_DESTROY } },
	{ "ask", { CTQ_GROUP_ASK } },
	{ "sets", { CTQ_GROUP_SETS } },
	{ "set", { CTQ_GROUP_SETS } },
	{ "all", { CTQ_GROUP_FLOW_NEW, CTQ_GROUP_FLOW_UPDATE, CTQ_GROUP_FLOW_DESTROY } },
};

static void join_group(struct monitor *monitor, uint32_t group)
{
	size_t i;

	for (i = 0; i < monitor->n_groups; i++)
		if (monitor->groups[i] == group)
			return;
	monitor->groups[monitor->n_groups++] = group;
	monitor->drops |= group == CTQ_GROUP_DROP;
}

static bool group_parse(struct monitor *monitor, const char *word, size_t length)
{
	size_t i, j;

	for (i = 0; i < BASE_ARRAY_LENGTH(groups); i++) {
		if (strlen(groups[i].word) != length ||
		    strncasecmp(groups[i].word, word, length) != 0)
			continue;
		for (j = 0;
		     j < BASE_ARRAY_LENGTH(groups[i].groups) && groups[i].groups[j]; j++)
			join_group(monitor, groups[i].groups[j]);
		return true;
	}
	return false;
}

/* "new,destroy": groups? Then all words between the commas must be. */
static int groups_parse(struct monitor *monitor, const struct tool_word *list)
{
	static const char *const words[] = { "new",   "update", "destroy",
		                             "rules", "drop",   "expect",
		                             "ask",   "sets",   "all" };
	const char *word = list->text;
	size_t length;

	for (;; word += length + 1) {
		length = strcspn(word, ",");
		if (!group_parse(monitor, word, length))
			return message_usage(monitor->tool, list->index, words,
			                     BASE_ARRAY_LENGTH(words),
			                     "'%.*s' is none of new, update, destroy, "
			                     "rules, drop, expect, ask, sets, all",
			                     (int)length, word);
		if (word[length] == '\0')
			return TOOL_OK;
	}
}

/* Is the first word a list of groups? A filter's word never has the name of one but "all". */
static bool begins_with_groups(const struct tool *tool)
{
	struct monitor probe = { .n_groups = 0 };
	const char *word = tool->n_words ? tool->words[0].text : "";

	return word[0] && strcmp(word, "all") != 0 &&
	       (strchr(word, ',') || group_parse(&probe, word, strlen(word)));
}

static int monitor_parse(struct monitor *monitor)
{
	struct tool *tool = monitor->tool;
	bool words = begins_with_groups(tool);
	int err = TOOL_OK;

	if (words)
		err = groups_parse(monitor, &tool->words[0]);
	if (err == TOOL_OK && tool_has(tool, OPTION_EVENTS))
		err = groups_parse(monitor, &tool->options[OPTION_EVENTS]);
	if (err == TOOL_OK && monitor->n_groups == 0)
		group_parse(monitor, "all", 3);
	if (err == TOOL_OK && tool_has(tool, OPTION_LIMIT))
		err = arguments_number(tool, &tool->options[OPTION_LIMIT], "a number", 1,
		                       UINT32_MAX, &monitor->limit);
	if (err == TOOL_OK)
		err = filter_from_words(tool, words ? 1 : 0, tool->n_words,
		                        &monitor->filter);
	return err;
}

/* ---- announcements --------------------------------------------------------------------------- */

static void write_rules(const struct monitor *monitor, const struct ctq_record *ruleset,
                        uint64_t sequence)
{
	struct tool *tool = monitor->tool;
	uint64_t generation = ctq_record_number(ruleset, CTQA_RULESET_GENERATION);
	uint64_t rules = ctq_record_number(ruleset, CTQA_RULESET_RULES);
	struct json json;

	if (!tool_is_json(tool)) {
		fprintf(tool->out, "rules    generation %" PRIu64 ", %" PRIu64 " rules\n",
		        generation, rules);
		return;
	}
	json_init(&json, tool->out);
	json_object_begin(&json, NULL);
	json_string(&json, "event", "rules");
	json_number(&json, "generation", generation);
	json_number(&json, "rules", rules);
	json_number(&json, "sequence", sequence);
	json_object_end(&json);
	json_newline(&json);
}

static void write_flow(struct monitor *monitor, const struct ctq_event *event)
{
	const struct render_event what = { event->kind, clock_realtime_ns(),
		                           event->sequence };

	render_flow(&monitor->render, event->flow, &what);
}

static int announcement(void *data, const struct ctq_event *event)
{
	struct monitor *monitor = data;

	if (event->flow && monitor->filter &&
	    !ctq_filter_takes(monitor->filter, event->flow))
		return 0;
	if (event->flow)
		write_flow(monitor, event);
	else if (event->kind >= CTQ_EVENT_EXPECT_NEW &&
	         event->kind <= CTQ_EVENT_EXPECT_DESTROY)
		expect_write_event(monitor->tool, event);
	else if (event->kind == CTQ_EVENT_QUESTION || event->kind == CTQ_EVENT_SETTLED)
		ask_write_event(monitor->tool, event);
	else if (event->kind >= CTQ_EVENT_SET_NEW &&
	         event->kind <= CTQ_EVENT_ELEMENT_DELETE)
		elements_write_event(monitor->tool, event);
	else if (event->kind == CTQ_EVENT_RULES)
		write_rules(monitor, event->record, event->sequence);
	else if (event->kind == CTQ_EVENT_PACKET)
		packet_write(monitor->tool, "drop", event->record);
	else
		announcements_lost(monitor->tool, event->lost, &monitor->lost);
	if (fflush(monitor->tool->out))
		return ANNOUNCEMENTS_ENOUGH;
	return monitor->limit && ++monitor->shown == monitor->limit ? ANNOUNCEMENTS_ENOUGH
	                                                            : 0;
}

static int monitor_loop(struct monitor *monitor)
{
	const struct ctq_watch watch = { .filter = monitor->filter,
		                         .rate = CTQ_GROUP_RATE_DEFAULT };
	struct ctq *ctq = monitor->tool->ctq;
	int err;

	if (monitor->drops)
		err = ctq_watch(ctq, monitor->groups, monitor->n_groups, &watch,
		                announcement, monitor);
	else
		err = ctq_subscribe(ctq, monitor->groups, monitor->n_groups, announcement,
		                    monitor);
	return announcements_wait(monitor->tool, err, -1);
}

static int monitor_run(struct monitor *monitor)
{
	int err;

	err = tool_connect(monitor->tool);
	if (err)
		return err;
	announcements_begin();
	render_begin(&monitor->render, monitor->tool, RENDER_EVENTS);
	err = monitor_loop(monitor);
	render_end(&monitor->render);
	if (err)
		return tool_failed(monitor->tool, err);
	return monitor->lost ? TOOL_INCOMPLETE : TOOL_OK;
}

int cmd_monitor(struct tool *tool)
{
	struct monitor monitor = { .tool = tool };
	int code;

	code = monitor_parse(&monitor);
	if (code == TOOL_OK)
		code = monitor_run(&monitor);
	ctq_filter_destroy(monitor.filter);
	return code;
}
