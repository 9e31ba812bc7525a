/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * expect.c - an expectation for people and as JSON; the commands about them
 *
 * What arrives is a record of CTA_EXPECT_*, whose tuples are records in it.
 */
#include "ctctl/expect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

#include "ctctl/arguments.h"
#include "ctctl/json.h"
#include "ctctl/message.h"
#include "ctctl/table.h"
#include "ctctl/units.h"

bool expect_is_meant(const struct tool *tool)
{
	return tool->n_words && strcmp(tool->words[0].text, "expect") == 0;
}

/* ---- values ---------------------------------------------------------------------------- */

struct side {
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	uint64_t proto, sport, dport;
};

static void read_address(const struct ctq_record *ip, uint16_t v4, uint16_t v6,
                         char text[INET6_ADDRSTRLEN])
{
	size_t size;
	const void *bytes = ctq_record_bytes(ip, v4, &size);

	if (bytes && size == 4) {
		inet_ntop(AF_INET, bytes, text, INET6_ADDRSTRLEN);
		return;
	}
	bytes = ctq_record_bytes(ip, v6, &size);
	if (bytes && size == 16)
		inet_ntop(AF_INET6, bytes, text, INET6_ADDRSTRLEN);
}

static int read_ip(void *data, const struct ctq_record *ip)
{
	struct side *side = data;

	read_address(ip, CTA_IP_V4_SRC, CTA_IP_V6_SRC, side->src);
	read_address(ip, CTA_IP_V4_DST, CTA_IP_V6_DST, side->dst);
	return 0;
}

static int read_proto(void *data, const struct ctq_record *proto)
{
	struct side *side = data;

	side->proto = ctq_record_number(proto, CTA_PROTO_NUM);
	side->sport = ctq_record_number(proto, CTA_PROTO_SRC_PORT);
	side->dport = ctq_record_number(proto, CTA_PROTO_DST_PORT);
	return 0;
}

static int read_tuple(void *data, const struct ctq_record *tuple)
{
	ctq_record_each(tuple, CTA_TUPLE_IP, read_ip, data);
	return ctq_record_each(tuple, CTA_TUPLE_PROTO, read_proto, data);
}

static struct side side_of(const struct ctq_record *expect, uint16_t type)
{
	struct side side = { .proto = 0 };

	ctq_record_each(expect, type, read_tuple, &side);
	return side;
}

static const char *protocol_of(const struct side *side)
{
	const char *name = ctq_protocol_name((unsigned int)side->proto);

	return name ? name : "?";
}

static const char *helper_of(const struct ctq_record *expect)
{
	const char *name = ctq_record_string(expect, CTA_EXPECT_HELP_NAME);

	return name ? name : "-";
}

static bool has_flag(const struct ctq_record *expect, uint32_t flag)
{
	return ctq_record_number(expect, CTA_EXPECT_FLAGS) & flag;
}

static const char *flags_of(const struct ctq_record *expect)
{
	if (!has_flag(expect, NF_CT_EXPECT_INACTIVE))
		return has_flag(expect, NF_CT_EXPECT_PERMANENT) ? "PERMANENT" : "-";
	return has_flag(expect, NF_CT_EXPECT_PERMANENT) ? "PERMANENT,INACTIVE"
	                                                : "INACTIVE";
}

/* "192.0.2.1:40000 > 198.51.100.2:21"; a source of which nothing counts is "*". */
#define SIDE_TEXT_MAX 128

static const char *side_text(const struct side *side, bool any_address, bool any_port,
                             char text[SIDE_TEXT_MAX])
{
	bool v6 = strchr(side->dst, ':') != NULL;
	const char *open = v6 ? "[" : "", *close = v6 ? "]" : "";
	char src[64] = "*", port[8] = "*";

	if (!any_address)
		snprintf(src, sizeof(src), "%s%s%s", open, side->src, close);
	if (!any_port)
		snprintf(port, sizeof(port), "%" PRIu64, side->sport);
	snprintf(text, SIDE_TEXT_MAX, "%s:%s > %s%s%s:%" PRIu64, src, port, open,
	         side->dst, close, side->dport);
	return text;
}

static bool is_any(const char *address)
{
	return strspn(address, "0.:") == strlen(address);
}

/* What is expected, under its mask. */
static const char *expected_text(const struct ctq_record *expect,
                                 char text[SIDE_TEXT_MAX])
{
	struct side tuple = side_of(expect, CTA_EXPECT_TUPLE);
	struct side mask = side_of(expect, CTA_EXPECT_MASK);

	return side_text(&tuple, is_any(mask.src), mask.sport == 0, text);
}

/* ---- JSON ------------------------------------------------------------------------------ */

static void write_side(struct json *json, const char *key, const struct side *side,
                       const struct side *mask)
{
	json_object_begin(json, key);
	if (!mask || !is_any(mask->src))
		json_string(json, "src", side->src);
	json_string(json, "dst", side->dst);
	if (!mask || mask->sport)
		json_number(json, "sport", side->sport);
	json_number(json, "dport", side->dport);
	json_object_end(json);
}

static void write_members(struct json *json, const struct ctq_record *expect)
{
	struct side tuple = side_of(expect, CTA_EXPECT_TUPLE);
	struct side mask = side_of(expect, CTA_EXPECT_MASK);
	struct side master = side_of(expect, CTA_EXPECT_MASTER);

	json_number(json, "id", ctq_record_number(expect, CTA_EXPECT_ID));
	json_string(json, "helper", helper_of(expect));
	json_string(json, "proto", protocol_of(&tuple));
	write_side(json, "expected", &tuple, &mask);
	write_side(json, "master", &master, NULL);
	json_number(json, "timeout", ctq_record_number(expect, CTA_EXPECT_TIMEOUT));
	json_number(json, "class", ctq_record_number(expect, CTA_EXPECT_CLASS));
	json_bool(json, "permanent", has_flag(expect, NF_CT_EXPECT_PERMANENT));
	json_bool(json, "inactive", has_flag(expect, NF_CT_EXPECT_INACTIVE));
}

/* ---- the list ------------------------------------------------------------------------------ */

static const struct table_column columns[] = {
	{ "id", true },      { "helper" }, { "proto" },  { "expected" },
	{ "timeout", true }, { "flags" },  { "master" },
};

struct list {
	struct tool *tool;
	struct table table;
	struct json json;
};

static void write_row(struct list *list, const struct ctq_record *expect)
{
	struct side tuple = side_of(expect, CTA_EXPECT_TUPLE);
	struct side master = side_of(expect, CTA_EXPECT_MASTER);
	char text[SIDE_TEXT_MAX];

	snprintf(text, sizeof(text), "%" PRIu64,
	         ctq_record_number(expect, CTA_EXPECT_ID));
	table_cell(&list->table, text);
	table_cell(&list->table, helper_of(expect));
	table_cell(&list->table, protocol_of(&tuple));
	table_cell(&list->table, expected_text(expect, text));
	snprintf(text, sizeof(text), "%" PRIu64 "s",
	         ctq_record_number(expect, CTA_EXPECT_TIMEOUT));
	table_cell(&list->table, text);
	table_cell(&list->table, flags_of(expect));
	table_cell(&list->table, side_text(&master, false, false, text));
	table_row_end(&list->table);
}

static int list_expect(void *data, const struct ctq_record *expect)
{
	struct list *list = data;
	bool lines = list->tool->format == TOOL_FORMAT_NDJSON;

	if (!tool_is_json(list->tool)) {
		write_row(list, expect);
		return 0;
	}
	if (lines)
		json_separate(&list->json);
	json_object_begin(&list->json, NULL);
	write_members(&list->json, expect);
	json_object_end(&list->json);
	if (lines)
		json_newline(&list->json);
	return 0;
}

static int list_json(struct list *list)
{
	bool whole = list->tool->format == TOOL_FORMAT_JSON;
	int err;

	json_init(&list->json, list->tool->out);
	if (whole)
		json_list_begin(&list->json, NULL);
	err = ctq_expects_dump(list->tool->ctq, list_expect, list);
	if (whole) {
		json_list_end(&list->json);
		json_newline(&list->json);
	}
	return err;
}

static int list_table(struct list *list)
{
	const struct tool *tool = list->tool;
	int err, memory;

	table_init(&list->table, tool->out, columns, BASE_ARRAY_LENGTH(columns),
	           TABLE_ALIGN | (tool_has(tool, OPTION_NO_HEADER) ? 0 : TABLE_HEAD) |
	                   (tool->colour ? TABLE_BOLD : 0));
	err = ctq_expects_dump(tool->ctq, list_expect, list);
	memory = table_finish(&list->table);
	return err ? err : memory;
}

int expect_list(struct tool *tool)
{
	struct list list = { .tool = tool };
	int err;

	err = arguments_end(tool, 1);
	if (err == TOOL_OK)
		err = tool_connect(tool);
	if (err)
		return err;
	return tool_result(tool,
	                   tool_is_json(tool) ? list_json(&list) : list_table(&list));
}

/* ---- deleting -------------------------------------------------------------------------------- */

static int delete_one(struct tool *tool)
{
	unsigned long id;
	int err;

	err = arguments_number(tool, &tool->words[1], "the id of an expectation, or all",
	                       1, UINT32_MAX, &id);
	if (err == TOOL_OK)
		err = tool_connect(tool);
	if (err)
		return err;
	return tool_result(tool, ctq_expect_delete(tool->ctq, (uint32_t)id));
}

int expect_delete(struct tool *tool)
{
	int err;

	if (tool->n_words < 2) {
		message_error(tool, "'delete expect' needs an id, or all; see: "
		                    "ctctl list expect");
		return TOOL_USAGE;
	}
	err = arguments_end(tool, 2);
	if (err)
		return err;
	if (strcmp(tool->words[1].text, "all") != 0)
		return delete_one(tool);
	err = tool_connect(tool);
	return err ? err : tool_result(tool, ctq_expects_flush(tool->ctq));
}

/* ---- announcements ---------------------------------------------------------------------------- */

static const char *event_word(enum ctq_event_kind kind)
{
	switch (kind) {
	case CTQ_EVENT_EXPECT_NEW: return "new";
	case CTQ_EVENT_EXPECT_UPDATE: return "update";
	default: return "destroy";
	}
}

void expect_write_event(struct tool *tool, const struct ctq_event *event)
{
	struct side tuple = side_of(event->record, CTA_EXPECT_TUPLE);
	char text[SIDE_TEXT_MAX];
	struct json json;

	if (!tool_is_json(tool)) {
		fprintf(tool->out, "expect   %s %s %s %s\n", event_word(event->kind),
		        helper_of(event->record), protocol_of(&tuple),
		        expected_text(event->record, text));
		return;
	}
	json_init(&json, tool->out);
	json_object_begin(&json, NULL);
	json_string(&json, "event", "expect");
	json_string(&json, "what", event_word(event->kind));
	write_members(&json, event->record);
	json_object_end(&json);
	json_newline(&json);
}
