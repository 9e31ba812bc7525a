/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exchange that ctlink(7) shows byte by byte: what the page prints is what we build.
 */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctlink/answer.h"
#include "ctlink/filter.h"
#include "ctlink/flow.h"

/* ---- the page ---------------------------------------------------------------------- */

struct dump {
	uint8_t bytes[1024];
	size_t size;
};

/* A line of a dump: "0014  1c 00 01 80  CTA_TUPLE_ORIG", offset and up to four bytes. */
static bool line_read(const char *line, struct dump *dump)
{
	char *end;
	unsigned long offset = strtoul(line, &end, 16);
	int i;

	if (end != line + 4 || strncmp(end, "  ", 2) != 0)
		return false;
	cr_assert_eq(offset, dump->size, "at %zu the page says %s", dump->size, line);
	line += 6;
	for (i = 0; i < 4 && isxdigit(line[0]) && isxdigit(line[1]); i++, line += 3)
		dump->bytes[dump->size++] = (uint8_t)strtoul(line, NULL, 16);
	return true;
}

/* The dump behind the comment line ".\" @name" of the page. */
static void dump_read(const char *name, struct dump *dump)
{
	FILE *page = fopen(MANUAL, "r");
	char line[256];
	bool begun = false;

	cr_assert_not_null(page, "%s", MANUAL);
	dump->size = 0;
	while (fgets(line, sizeof(line), page)) {
		if (strncmp(line, ".\\\" ", 4) == 0)
			begun = strncmp(line + 4, name, strlen(name)) == 0;
		else if (begun && !line_read(line, dump) && dump->size)
			break;
	}
	fclose(page);
	cr_assert_gt(dump->size, 0, "the page has no dump of the %s", name);
}

/* ---- the exchange ------------------------------------------------------------------ */

static void term_match(struct ctlink_filter *filter, uint16_t field, uint64_t number,
                       uint8_t size)
{
	struct ctlink_term *term = ctlink_filter_append(filter, NULL);
	struct ctlink_value *value;

	ctlink_mark(term, CTLINK_TERM_MATCH);
	term->match.field = field;
	ctlink_mark(&term->match, CTLINK_MATCH_FIELD);
	value = ctlink_match_append(&term->match, NULL);
	ctlink_value_set_number(value, CTLINK_VALUE_FIRST, number, size);
}

/* "proto tcp and dport 443" */
static void request_build(struct ctlink_message *m)
{
	struct ctlink_header header = { .type = CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK,
		                                            IPCTNL_MSG_CT_GET),
		                        .flags = NLM_F_REQUEST | NLM_F_DUMP,
		                        .seq = 1 };
	struct ctlink_filter filter;

	ctlink_filter_init(&filter);
	cr_assert_eq(ctlink_filter_operator(&filter, CTQ_OPERATOR_AND, NULL), 0);
	term_match(&filter, CTQ_FIELD_PROTO, IPPROTO_TCP, 1);
	term_match(&filter, CTQ_FIELD_DPORT, 443, 2);
	ctlink_message_init(m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_filter_build(m, &header, &filter), 0);
	ctlink_filter_fini(&filter, NULL);
}

static void flow_fill(struct ctlink_flow *flow)
{
	static const uint8_t client[4] = { 192, 0, 2, 7 },
			     server[4] = { 198, 51, 100, 9 };
	static const enum ctlink_flow_bit bits[] = {
		CTLINK_FLOW_ORIG,      CTLINK_FLOW_REPLY,        CTLINK_FLOW_STATUS,
		CTLINK_FLOW_MARK,      CTLINK_FLOW_ID,           CTLINK_FLOW_TIMEOUT,
		CTLINK_FLOW_TCP_STATE, CTLINK_FLOW_ORIG_PACKETS, CTLINK_FLOW_ORIG_BYTES,
		CTLINK_FLOW_VERDICT,   CTLINK_FLOW_REASON,       CTLINK_FLOW_RULE_NAME,
	};
	size_t i;

	memset(flow, 0, sizeof(*flow));
	flow->orig.l3 = flow->reply.l3 = AF_INET;
	flow->orig.l4 = flow->reply.l4 = IPPROTO_TCP;
	memcpy(flow->orig.src, client, 4);
	memcpy(flow->orig.dst, server, 4);
	memcpy(flow->reply.src, server, 4);
	memcpy(flow->reply.dst, client, 4);
	flow->orig.src_id = flow->reply.dst_id = htons(51514);
	flow->orig.dst_id = flow->reply.src_id = htons(443);
	flow->status = 0x0e; /* seen reply, assured, confirmed */
	flow->id = 77041;
	flow->timeout = 431998;
	flow->tcp.state = 3; /* ESTABLISHED */
	flow->counters_orig.packets = 812;
	flow->counters_orig.bytes = 120331;
	flow->verdict = CTQ_VERDICT_ACCEPT;
	flow->reason = 2; /* accept.rule */
	strcpy(flow->rule_name, "web");
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		ctlink_mark(flow, bits[i]);
}

/* One flow and the end of the list, in one datagram. */
static void answer_build(struct ctlink_message *m, const struct nlmsghdr *request)
{
	struct ctlink_header header = { .type = CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK,
		                                            IPCTNL_MSG_CT_NEW),
		                        .flags = NLM_F_MULTI,
		                        .seq = request->nlmsg_seq };
	const struct ctlink_done done = { .generation = 77042, .generation_end = 77042 };
	struct ctlink_flow flow;

	flow_fill(&flow);
	ctlink_message_init(m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_flow_build(m, &header, &flow), 0);
	cr_assert_eq(ctlink_done_put(m, request, &done), 0);
}

Test(manual, shows_the_bytes_that_we_send)
{
	struct dump request_dump, answer_dump;
	struct ctlink_message request, answer;

	if (htons(1) == 1)
		cr_skip_test("the page shows a little-endian machine's headers");
	dump_read("request", &request_dump);
	dump_read("answer", &answer_dump);
	request_build(&request);
	answer_build(&answer, (const struct nlmsghdr *)request.data);
	cr_assert_eq(request_dump.size, request.size);
	cr_assert_eq(memcmp(request_dump.bytes, request.data, request.size), 0);
	cr_assert_eq(answer_dump.size, answer.size);
	cr_assert_eq(memcmp(answer_dump.bytes, answer.data, answer.size), 0);
	ctlink_message_fini(&request);
	ctlink_message_fini(&answer);
}
