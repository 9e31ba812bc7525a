/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render_json.c - flows as JSON: a list with -j, an object on each line with -J
 *
 * Numbers are raw: seconds, bytes. Members that the daemon did not say are left out; readers
 * ignore those that they do not know.
 */
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

#include <string.h>

#include "ctctl/render.h"

static void write_side(struct json *json, const char *key, const struct view_side *side)
{
	if (!side->present)
		return;
	json_object_begin(json, key);
	json_string(json, "src", side->src);
	json_string(json, "dst", side->dst);
	if (side->has_ports) {
		json_number(json, "sport", side->sport);
		json_number(json, "dport", side->dport);
	}
	json_object_end(json);
}

static void write_identity(struct json *json, const struct view *view)
{
	if (view->has_id)
		json_number(json, "id", view->id);
	json_string(json, "family", view->family == AF_INET ? "ipv4" : "ipv6");
	json_string(json, "proto", view->protocol_name);
	if (view->state)
		json_string(json, "state", view->state);
	write_side(json, "orig", &view->orig);
	write_side(json, "reply", &view->reply);
	if (view->has_icmp) {
		json_number(json, "icmp_type", view->icmp_type);
		json_number(json, "icmp_code", view->icmp_code);
		json_number(json, "icmp_id", view->icmp_id);
	}
}

/* A number of the record, when it is there. */
static void write_number(struct json *json, const char *key,
                         const struct ctq_record *record, uint16_t type)
{
	if (ctq_record_has(record, type))
		json_number(json, key, ctq_record_number(record, type));
}

static void write_numbers(struct json *json, const struct view *view)
{
	if (view->has_counters) {
		json_number(json, "orig_packets", view->orig_packets);
		json_number(json, "orig_bytes", view->orig_bytes);
		json_number(json, "reply_packets", view->reply_packets);
		json_number(json, "reply_bytes", view->reply_bytes);
	}
	if (view->has_timeout)
		json_number(json, "timeout", view->timeout);
	write_number(json, "age", view->record, CTQA_FLOW_AGE);
	write_number(json, "idle", view->record, CTQA_FLOW_IDLE);
	if (view->has_mark)
		json_number(json, "mark", view->mark);
	json_number(json, "zone", view->zone);
	if (view->zone_direction)
		json_string(json, "zone_direction", view->zone_direction);
	if (view->start)
		json_number(json, "start", view->start);
	if (view->stop)
		json_number(json, "stop", view->stop);
}

/* Names, or numbers as strings where a label has none; numbers from a kernel's message. */
static void write_label_names(struct json *json, const char *names)
{
	char name[CTQ_LABELS_TEXT_MAX];
	size_t length;

	for (; *names; names += length + (names[length] == ',')) {
		length = strcspn(names, ",");
		snprintf(name, sizeof(name), "%.*s", (int)length, names);
		json_string(json, NULL, name);
	}
}

static void write_labels(struct json *json, const struct view *view)
{
	const struct nf_conntrack *ct = ctq_flow_conntrack(view->flow);
	const struct nfct_bitmask *labels;
	unsigned int bit;

	json_list_begin(json, "labels");
	if (view->labels) {
		write_label_names(json, view->labels);
	} else if (nfct_attr_is_set(ct, ATTR_CONNLABELS) > 0) {
		labels = nfct_get_attr(ct, ATTR_CONNLABELS);
		for (bit = 0; bit <= nfct_bitmask_maxbit(labels); bit++)
			if (nfct_bitmask_test_bit(labels, bit))
				json_number(json, NULL, bit);
	}
	json_list_end(json);
}

static void write_status(struct json *json, const struct view *view)
{
	unsigned int bit;

	if (!view->has_status)
		return;
	json_list_begin(json, "status");
	for (bit = 0; bit < 32; bit++)
		if (view->status >> bit & 1 && ctq_status_name(bit))
			json_string(json, NULL, ctq_status_name(bit));
	json_list_end(json);
}

static void write_string(struct json *json, const char *key, const char *value)
{
	if (value)
		json_string(json, key, value);
}

static int write_references(void *data, const struct ctq_record *references)
{
	struct json *json = data;

	json_object_begin(json, "references");
	write_number(json, "total", references, CTQA_REFS_TOTAL);
	write_number(json, "table", references, CTQA_REFS_TABLE);
	write_number(json, "packet", references, CTQA_REFS_PACKET);
	write_number(json, "dump", references, CTQA_REFS_DUMP);
	write_number(json, "event", references, CTQA_REFS_EVENT);
	write_number(json, "expect", references, CTQA_REFS_EXPECT);
	write_number(json, "control", references, CTQA_REFS_CONTROL);
	json_object_end(json);
	return 1; /* there is one */
}

/* What only ctqd knows. */
static void write_judgement(struct json *json, const struct view *view)
{
	const struct ctq_record *record = view->record;

	write_string(json, "rule", view->rule_name);
	write_number(json, "rule_id", record, CTQA_FLOW_RULE);
	write_number(json, "policy_gen", record, CTQA_FLOW_GENERATION);
	write_string(json, "verdict", view->verdict);
	write_string(json, "reason", view->reason);
	write_string(json, "iif", view->in);
	write_string(json, "oif", view->out);
	write_string(json, "helper", view->helper);
	write_number(json, "worker", record, CTQA_FLOW_WORKER);
	write_string(json, "end", view->end);
	ctq_record_each(record, CTQA_FLOW_REFS, write_references, json);
}

void render_json_flow(struct json *json, const struct view *view,
                      const struct render_event *event)
{
	json_object_begin(json, NULL);
	if (event) {
		json_string(json, "event", render_event_name(event));
		json_number(json, "time", event->time_ns);
		if (event->sequence)
			json_number(json, "sequence", event->sequence);
	}
	write_identity(json, view);
	write_numbers(json, view);
	write_labels(json, view);
	write_status(json, view);
	write_judgement(json, view);
	json_object_end(json);
}

/* A list within brackets? Announcements have no end, so they are lines. */
static bool is_list(const struct render *render)
{
	return render->tool->format == TOOL_FORMAT_JSON &&
	       !(render->flags & RENDER_EVENTS);
}

static void begin(struct render *render)
{
	json_init(&render->json, render->tool->out);
	if (is_list(render))
		json_list_begin(&render->json, NULL);
}

static void flow(struct render *render, const struct view *view,
                 const struct render_event *event)
{
	bool list = is_list(render);

	if (list && render->shown)
		fputc(',', render->tool->out);
	if (list)
		fputc('\n', render->tool->out);
	json_separate(&render->json);
	render_json_flow(&render->json, view, event);
	if (!list)
		fputc('\n', render->tool->out);
}

static int end(struct render *render)
{
	if (is_list(render)) {
		if (render->shown)
			fputc('\n', render->tool->out);
		json_list_end(&render->json);
		fputc('\n', render->tool->out);
	}
	return 0;
}

const struct render_ops render_json = { begin, flow, end };
