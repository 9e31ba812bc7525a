/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of a daemon gone mad: whatever comes, libctq and ctctl's renderers neither crash
 * nor read outside, and each request ends.
 *
 * The first byte chooses the request and the format. What follows is the answer: messages, each
 * a datagram of its own; what is no whole message is the last datagram. Sequence numbers
 * are set to the request's, or to 0 (an announcement) where bit 15 of the flags, which
 * netlink does not use, says so.
 */
#include <libmnl/libmnl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "ctctl/render.h"
#include "ctctl/stats.h"
#include "ctq/ctq.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ANNOUNCEMENT 0x8000

/* ---- the daemon's side ----------------------------------------------------------------- */

static void send_datagram(int fd, const void *data, size_t size)
{
	(void)!send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Send the message at @data; returns its bytes, or 0: there is none. */
static size_t send_message(int fd, const uint8_t *data, size_t size)
{
	static uint8_t bytes[CTQ_DATAGRAM_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)bytes;
	uint32_t length;

	if (size < sizeof(*nlh))
		return 0;
	memcpy(&length, data, sizeof(length));
	if (length < sizeof(*nlh) || length > size || length > sizeof(bytes))
		return 0;
	memcpy(bytes, data, length);
	nlh->nlmsg_seq = nlh->nlmsg_flags & ANNOUNCEMENT ? 0 : 1;
	nlh->nlmsg_flags &= (uint16_t)~ANNOUNCEMENT;
	send_datagram(fd, bytes, length);
	length = MNL_ALIGN(length);
	return length < size ? length : size;
}

static void send_answer(int fd, const uint8_t *data, size_t size)
{
	size_t used;

	while (size && (used = send_message(fd, data, size)) > 0) {
		data += used;
		size -= used;
	}
	if (size)
		send_datagram(fd, data, size);
	shutdown(fd, SHUT_WR);
}

/* ---- the client's side ------------------------------------------------------------------- */

struct run {
	struct ctq *ctq;
	struct tool tool;
	struct render render;
	struct ctq_filter *filter;
};

static int use_flow(void *data, const struct ctq_flow *flow)
{
	struct run *run = data;
	struct ctq_flow *copy;
	const void *message;
	size_t size;

	render_flow(&run->render, flow, NULL);
	ctq_filter_takes(run->filter, flow);
	message = ctq_flow_message(flow, &size);
	if (ctq_flow_parse(&copy, message, size))
		abort(); /* it was taken once */
	ctq_flow_destroy(copy);
	return 0;
}

static int use_nested(void *data, const struct ctq_record *record)
{
	uint16_t type;

	for (type = 0; type < 32; type++) {
		ctq_record_number(record, type);
		ctq_record_string(record, type);
	}
	return 0;
}

static int use_string(void *data, const char *string)
{
	fputs(string, data);
	return 0;
}

static int use_record(void *data, const struct ctq_record *record)
{
	struct run *run = data;
	uint16_t type;

	use_nested(NULL, record);
	for (type = 0; type < 32; type++) {
		ctq_record_each(record, type, use_nested, NULL);
		ctq_record_each_string(record, type, use_string, run->tool.out);
	}
	ctq_rule_print(record, run->tool.out);
	ctq_chain_print(record, run->tool.out);
	return 0;
}

static int use_event(void *data, const struct ctq_event *event)
{
	const struct render_event what = { event->kind, 1 };
	struct run *run = data;

	if (event->flow)
		render_flow(&run->render, event->flow, &what);
	else if (event->record)
		use_record(run, event->record);
	return 0;
}

static void ask_flows(struct run *run)
{
	ctq_flows_dump(run->ctq, CTQ_TABLE_FLOWS, NULL, use_flow, run);
}

static void ask_count(struct run *run)
{
	uint32_t flows, total;

	ctq_flows_count(run->ctq, run->filter, &flows, &total);
}

static void ask_delete(struct run *run)
{
	uint32_t deleted;

	ctq_flows_delete(run->ctq, run->filter, &deleted);
}

static void ask_daemon(struct run *run)
{
	ctq_daemon_get(run->ctq, use_record, run);
}

static void ask_stats(struct run *run)
{
	static struct stats stats;

	(void)!stats_get(&stats, run->ctq, false);
}

static void ask_rules(struct run *run)
{
	ctq_rules_dump(run->ctq, use_record, run);
}

static void ask_chains(struct run *run)
{
	ctq_chains_dump(run->ctq, use_record, run);
}

static void ask_events(struct run *run)
{
	static const uint32_t group = CTQ_GROUP_FLOW_NEW;

	ctq_subscribe(run->ctq, &group, 1, use_event, run);
	ctq_dispatch(run->ctq);
}

static void ask_load(struct run *run)
{
	static const char text[] =
		"chain prerouting { policy drop; tcp dport 22 accept }";
	struct ctq_rules *rules = ctq_rules_new();

	if (rules && ctq_rules_read_text(rules, "text", text, strlen(text)) == 0) {
		ctq_rules_load(run->ctq, rules, 0);
		ctq_rules_errors_print(rules, run->tool.out);
	}
	ctq_rules_destroy(rules);
}

static void (*const requests[])(struct run *run) = {
	ask_flows, ask_count,  ask_delete, ask_daemon, ask_stats,
	ask_rules, ask_chains, ask_events, ask_load,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *nowhere;
	struct run run = { .ctq = ctq_new() };
	unsigned int choice = size ? data[0] : 0;
	int fds[2];

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	if (!run.ctq || !nowhere || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds))
		abort();
	if (ctq_filter_parse(&run.filter, "src 10.0.0.0/8 or dport > 80 or rule a*",
	                     NULL) ||
	    ctq_adopt(run.ctq, fds[0]))
		abort();
	run.tool.out = run.tool.err = nowhere;
	run.tool.format = (enum tool_format)(choice / BASE_ARRAY_LENGTH(requests) %
	                                     (TOOL_FORMAT_NDJSON + 1));
	if (size)
		send_answer(fds[1], data + 1, size - 1);
	render_begin(&run.render, &run.tool, choice & 0x80 ? RENDER_REFERENCES : 0);
	requests[choice % BASE_ARRAY_LENGTH(requests)](&run);
	render_end(&run.render);
	ctq_filter_destroy(run.filter);
	ctq_destroy(run.ctq);
	close(fds[1]);
	return 0;
}
