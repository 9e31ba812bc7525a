/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kinds.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <netinet/in.h>
#include <string.h>

#include "base/base.h"
#include "ctlink/answer.h"
#include "ctlink/ask.h"
#include "ctlink/batch.h"
#include "ctlink/daemon.h"
#include "ctlink/expect.h"
#include "ctlink/explain.h"
#include "ctlink/filter.h"
#include "ctlink/flow.h"
#include "ctlink/proto.h"
#include "ctlink/queue.h"
#include "ctlink/rule.h"
#include "ctlink/set.h"
#include "ctlink/stats.h"

/* The functions of a kind whose value owns nothing. */
#define PLAIN_AGAIN(what)                                                       \
	static int what##_again(                                                \
		const struct nlmsghdr *nlh, const struct ctlink_header *header, \
		struct ctlink_message *m, const struct ctlink_memory *memory,   \
		struct ctlink_error *error)                                     \
	{                                                                       \
		struct ctlink_##what value;                                     \
		int err = ctlink_##what##_parse(nlh, &value, error);            \
                                                                                \
		return err ? err : ctlink_##what##_build(m, header, &value);    \
	}

/* The same for one that owns strings or lists. */
#define OWNING_AGAIN(what)                                                      \
	static int what##_again(                                                \
		const struct nlmsghdr *nlh, const struct ctlink_header *header, \
		struct ctlink_message *m, const struct ctlink_memory *memory,   \
		struct ctlink_error *error)                                     \
	{                                                                       \
		struct ctlink_##what value;                                     \
		int err;                                                        \
                                                                                \
		memset(&value, 0, sizeof(value));                               \
		err = ctlink_##what##_parse(nlh, &value, memory, error);        \
		if (!err)                                                       \
			err = ctlink_##what##_build(m, header, &value);         \
		ctlink_##what##_fini(&value, memory);                           \
		return err;                                                     \
	}

PLAIN_AGAIN(flow)
PLAIN_AGAIN(expect)
PLAIN_AGAIN(cpu_stats)
PLAIN_AGAIN(global_stats)
PLAIN_AGAIN(packet)
PLAIN_AGAIN(ask)
PLAIN_AGAIN(queue)
PLAIN_AGAIN(ruleset_info)
PLAIN_AGAIN(groups)
PLAIN_AGAIN(socket)
PLAIN_AGAIN(overrun)
PLAIN_AGAIN(count)
OWNING_AGAIN(filter)
OWNING_AGAIN(rule)
OWNING_AGAIN(chain)
OWNING_AGAIN(element)
OWNING_AGAIN(set)
OWNING_AGAIN(proto)
OWNING_AGAIN(daemon)
OWNING_AGAIN(config)
OWNING_AGAIN(stats)

/* ---- flows and expectations -------------------------------------------------------- */

static void tuple_set(struct ctlink_tuple *t, uint8_t l4, uint8_t last)
{
	memset(t, 0, sizeof(*t));
	t->l3 = AF_INET;
	t->l4 = l4;
	memcpy(t->src, "\xc0\x00\x02\x01", 4);
	memcpy(t->dst, "\xc6\x33\x64\x02", 4);
	t->src[3] = last;
	t->src_id = htons(40000);
	t->dst_id = htons(443);
	t->zone = 5;
}

/* Every bit of enum ctlink_flow_bit. */
#define FLOW_EVERYTHING ((UINT64_C(2) << CTLINK_FLOW_REFS_CLASS) - 1)

static const struct ctlink_flow flow_numbers = {
	.has = FLOW_EVERYTHING,
	.family = AF_INET,
	.labels_size = 16,
	.labels_mask_size = 16,
	.zone = 4,
	.status = 0x18e,
	.status_mask = 0xffff,
	.timeout = 431999,
	.mark = 0x10,
	.mark_mask = 0xf0,
	.use = 2,
	.id = 77041,
	.counters_orig = { 812, 120331 },
	.counters_reply = { 1040, 1143002 },
	.start = UINT64_C(1795000000000000000),
	.stop = UINT64_C(1795000331000000000),
	.tcp = { 3, 7, 9, { 0x0a, 0x0a }, { 0x2a, 0x2a } },
	.sctp = { 4, 0x01020304, 0x05060708 },
	.dccp = { 5, 1, UINT64_C(0x010203040506) },
	.seqadj_orig = { 1, 2, 3 },
	.seqadj_reply = { 4, 5, 6 },
	.synproxy = { 7, 8, 9 },
	.nat_src = { 0x33, { 10, 0, 0, 1 }, { 10, 0, 0, 2 }, { 0 }, { 0 }, 1024, 2047 },
	.nat_dst = { 0x0c, { 0 }, { 0 }, { 0xfd, 1 }, { 0xfd, 2 }, 0, 0 },
	.labels = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
	.labels_mask = { 255, 255, 255, 255 },
	.helper = "ftp",
	.verdict = CTQ_VERDICT_ACCEPT,
	.end = CTQ_END_EXPIRED,
	.reason = 2,
	.worker = 1,
	.rule = 12,
	.generation = 42,
	.age = 331,
	.idle = 2,
	.rule_name = "allow-web",
	.in = "eth0",
	.out = "eth1",
	.refs = { 3, 1, 1, 1, 0, 0, 0 },
};

static int flow_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_flow flow = flow_numbers;

	tuple_set(&flow.orig, IPPROTO_TCP, 1);
	tuple_set(&flow.reply, IPPROTO_TCP, 2);
	tuple_set(&flow.master, IPPROTO_TCP, 3);
	return ctlink_flow_build(m, header, &flow);
}

static int expect_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_expect expect = { .has = (UINT64_C(2) << CTLINK_EXPECT_FN) - 1,
		                        .family = AF_INET,
		                        .timeout = 300,
		                        .id = 5,
		                        .zone = 4,
		                        .flags = 1,
		                        .class = 2,
		                        .nat_dir = 1,
		                        .helper = "ftp",
		                        .fn = "nat-follow-master" };

	tuple_set(&expect.master, IPPROTO_TCP, 1);
	tuple_set(&expect.tuple, IPPROTO_TCP, 2);
	tuple_set(&expect.mask, IPPROTO_TCP, 3);
	tuple_set(&expect.nat_tuple, IPPROTO_TCP, 4);
	return ctlink_expect_build(m, header, &expect);
}

static int cpu_stats_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_cpu_stats stats = { (UINT64_C(2) << CTLINK_CPU_CHAIN_TOOLONG) - 1,
		                          1,
		                          2,
		                          3,
		                          4,
		                          5,
		                          6,
		                          7,
		                          8,
		                          9,
		                          10,
		                          11 };

	return ctlink_cpu_stats_build(m, header, &stats);
}

static int global_stats_example(struct ctlink_message *m,
                                const struct ctlink_header *header)
{
	struct ctlink_global_stats stats = { 3, 18231, 262144 };

	return ctlink_global_stats_build(m, header, &stats);
}

/* ---- matches, filters, rules ------------------------------------------------------- */

static struct ctlink_value *value_add(struct ctlink_match *match)
{
	static struct ctlink_value spare; /* what is written there is lost */
	struct ctlink_value *value = ctlink_match_append(match, NULL);

	return value ? value : &spare;
}

static void match_field(struct ctlink_match *match, uint16_t field)
{
	match->field = field;
	ctlink_mark(match, CTLINK_MATCH_FIELD);
}

/* dport != 80-90, 443 */
static void match_ports(struct ctlink_match *match)
{
	struct ctlink_value *value;

	match_field(match, CTQ_FIELD_DPORT);
	match->flags = CTQ_MATCH_NEGATE;
	ctlink_mark(match, CTLINK_MATCH_FLAGS);
	value = value_add(match);
	ctlink_value_set_number(value, CTLINK_VALUE_FIRST, 80, 2);
	ctlink_value_set_number(value, CTLINK_VALUE_LAST, 90, 2);
	value = value_add(match);
	ctlink_value_set_number(value, CTLINK_VALUE_FIRST, 443, 2);
}

/* src 10.0.0.0/8, 2001:db8::/32 */
static void match_networks(struct ctlink_match *match)
{
	struct ctlink_value *value;

	match_field(match, CTQ_FIELD_SRC);
	value = value_add(match);
	ctlink_value_set_address(value, CTLINK_VALUE_FIRST, "\x0a\0\0\0", 4);
	value->prefix = 8;
	ctlink_mark(value, CTLINK_VALUE_PREFIX);
	value = value_add(match);
	ctlink_value_set_address(value, CTLINK_VALUE_FIRST,
	                         "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	value->prefix = 32;
	ctlink_mark(value, CTLINK_VALUE_PREFIX);
}

/* status ASSURED */
static void match_status(struct ctlink_match *match)
{
	struct ctlink_value *value;

	match_field(match, CTQ_FIELD_STATUS);
	value = value_add(match);
	ctlink_value_set_number(value, CTLINK_VALUE_FIRST, 4, 4);
	ctlink_value_set_number(value, CTLINK_VALUE_MASK, 4, 4);
}

/* iif "eth*" */
static void match_interface(struct ctlink_match *match)
{
	struct ctlink_value *value;

	match_field(match, CTQ_FIELD_IIF);
	value = value_add(match);
	if (ctlink_string_set(&value->string, "eth*", 4, NULL) == 0)
		ctlink_mark(value, CTLINK_VALUE_STRING);
}

static void match_set(struct ctlink_match *match)
{
	match_field(match, CTQ_FIELD_DST);
	if (ctlink_string_set(&match->set, "banned", 6, NULL) == 0)
		ctlink_mark(match, CTLINK_MATCH_SET);
}

static void (*const match_makers[])(struct ctlink_match *) = {
	match_ports, match_networks, match_status, match_interface, match_set,
};

/* Operators and matches in turn: "and 1 and 2 or 3 not 4". */
static int filter_terms(struct ctlink_filter *filter)
{
	static const enum ctq_operator ops[] = { CTQ_OPERATOR_AND, CTQ_OPERATOR_AND,
		                                 CTQ_OPERATOR_OR, CTQ_OPERATOR_NOT };
	struct ctlink_term *term;
	size_t i;
	int err;

	for (i = 0; i < BASE_ARRAY_LENGTH(ops); i++) {
		err = ctlink_filter_operator(filter, ops[i], NULL);
		if (err)
			return err;
		term = ctlink_filter_append(filter, NULL);
		if (!term)
			return -1;
		match_makers[i](&term->match);
		ctlink_mark(term, CTLINK_TERM_MATCH);
	}
	return 0;
}

static int filter_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_filter filter = { .has = (UINT64_C(2) << CTLINK_FILTER_ID) - 1,
		                        .family = AF_INET,
		                        .zone = 4,
		                        .mark = 0x10,
		                        .mark_mask = 0xf0,
		                        .status = 4,
		                        .status_mask = 6,
		                        .id = 9,
		                        .orig_flags = CTQ_TUPLE_SRC | CTQ_TUPLE_PROTO,
		                        .reply_flags =
		                                CTQ_TUPLE_PROTO | CTQ_TUPLE_SRC_PORT };
	int err;

	tuple_set(&filter.orig, IPPROTO_TCP, 1);
	tuple_set(&filter.reply, IPPROTO_TCP, 2);
	err = filter_terms(&filter);
	if (!err)
		err = ctlink_filter_build(m, header, &filter);
	ctlink_filter_fini(&filter, NULL);
	return err;
}

static int statement_add(struct ctlink_rule *rule, uint16_t kind, const char *string,
                         uint32_t value)
{
	struct ctlink_statement *statement = ctlink_rule_append_statement(rule, NULL);

	if (!statement)
		return -1;
	statement->kind = kind;
	ctlink_mark(statement, CTLINK_STATEMENT_KIND);
	if (value) {
		statement->value = value;
		statement->mask = 0xff;
		ctlink_mark(statement, CTLINK_STATEMENT_VALUE);
		ctlink_mark(statement, CTLINK_STATEMENT_MASK);
	}
	if (!string)
		return 0;
	ctlink_mark(statement, CTLINK_STATEMENT_STRING);
	return ctlink_string_set(&statement->string, string, strlen(string), NULL);
}

static int rule_fill(struct ctlink_rule *rule)
{
	struct ctlink_match *match;
	size_t i;

	rule->has = (UINT64_C(2) << CTLINK_RULE_LAST_HIT) - 1;
	rule->id = 12;
	rule->before = 13;
	rule->line = 14;
	rule->packets = 15;
	rule->bytes = 16;
	rule->hits = 17;
	rule->last_hit = 18;
	if (ctlink_string_set(&rule->chain, "input", 5, NULL) ||
	    ctlink_string_set(&rule->name, "allow-web", 9, NULL) ||
	    ctlink_string_set(&rule->comment, "the web", 7, NULL))
		return -1;
	for (i = 0; i < BASE_ARRAY_LENGTH(match_makers); i++) {
		match = ctlink_rule_append_match(rule, NULL);
		if (!match)
			return -1;
		match_makers[i](match);
	}
	if (statement_add(rule, CTQ_STATEMENT_COUNT, NULL, 0) ||
	    statement_add(rule, CTQ_STATEMENT_MARK, NULL, 0x10))
		return -1;
	return statement_add(rule, CTQ_STATEMENT_JUMP, "web", 0);
}

static int rule_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_rule rule = { .has = 0 };
	int err = rule_fill(&rule);

	if (!err)
		err = ctlink_rule_build(m, header, &rule);
	ctlink_rule_fini(&rule, NULL);
	return err;
}

static int chain_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	char name[] = "input";
	struct ctlink_chain chain = { .has = (UINT64_C(2) << CTLINK_CHAIN_LINE) - 1,
		                      .name = name,
		                      .hook = NF_INET_LOCAL_IN,
		                      .policy = CTQ_VERDICT_DROP,
		                      .rules = 1,
		                      .line = 2,
		                      .packets = 3,
		                      .bytes = 4 };

	return ctlink_chain_build(m, header, &chain);
}

static int element_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	static const uint8_t address[] = { 192, 0, 2, 0 };
	char set[] = "ban", comment[] = "too fast";
	struct ctlink_element e = { .has = (UINT64_C(2) << CTLINK_ELEMENT_TYPE) - 1,
		                    .set = set,
		                    .comment = comment,
		                    .timeout = 60,
		                    .expires = 59,
		                    .flags = CTQ_ELEMENT_OF_RULES,
		                    .packets = 5,
		                    .bytes = 6,
		                    .line = 7,
		                    .type = CTQ_SET_ADDRESS_PORT };

	ctlink_value_set_address(&e.key, CTLINK_VALUE_FIRST, address, sizeof(address));
	e.key.prefix = 24;
	ctlink_mark(&e.key, CTLINK_VALUE_PREFIX);
	ctlink_value_set_number(&e.with, CTLINK_VALUE_FIRST, 443, 2);
	return ctlink_element_build(m, header, &e);
}

static int name_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	char set[] = "links", name[] = "ppp*";
	struct ctlink_element e = {
		.has = 1u << CTLINK_ELEMENT_SET | 1u << CTLINK_ELEMENT_KEY, .set = set
	};

	e.key.string = name;
	ctlink_mark(&e.key, CTLINK_VALUE_STRING);
	return ctlink_element_build(m, header, &e);
}

static int set_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	char name[] = "ban", comment[] = "who may not";
	struct ctlink_set set = { .has = (UINT64_C(2) << CTLINK_SET_LINE) - 1,
		                  .name = name,
		                  .comment = comment,
		                  .type = CTQ_SET_ADDRESS,
		                  .flags = CTQ_SET_TIMEOUT | CTQ_SET_COUNTER,
		                  .timeout = 3600,
		                  .size = 1000,
		                  .length = 5,
		                  .uses = 2,
		                  .line = 3,
		                  .memory = 4096 };

	return ctlink_set_build(m, header, &set);
}

static int ruleset_info_example(struct ctlink_message *m,
                                const struct ctlink_header *header)
{
	struct ctlink_ruleset_info info = { .has = (UINT64_C(2) << CTLINK_RULESET_BUILD) -
		                                   1,
		                            .generation = 42,
		                            .rules = 2,
		                            .chains = 3,
		                            .loaded = 1795000000,
		                            .memory = 4096,
		                            .build = 12345,
		                            .backend = "linear" };

	return ctlink_ruleset_info_build(m, header, &info);
}

/* ---- the rest ---------------------------------------------------------------------- */

static int queue_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_queue queue = { .has = (UINT64_C(2) << CTLINK_QUEUE_HELD) - 1,
		                      .held = 23,
		                      .number = 1,
		                      .worker = 2,
		                      .cpu = 3,
		                      .hook = NF_INET_PRE_ROUTING,
		                      .portid = 4711,
		                      .depth = 5,
		                      .maxlen = 16384,
		                      .range = 128,
		                      .rcvbuf = 67108864,
		                      .flags = CTQ_QUEUE_GSO,
		                      .packets = 6,
		                      .bytes = 7,
		                      .accepted = 8,
		                      .dropped = 9,
		                      .kernel_dropped = 10,
		                      .user_dropped = 11,
		                      .overruns = 12,
		                      .errors = 13,
		                      .batches = 15,
		                      .oldest = 16 };

	return ctlink_queue_build(m, header, &queue);
}

static int proto_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_proto proto = { .has = (UINT64_C(2) << CTLINK_PROTO_HELPER) - 1,
		                      .name = "udp",
		                      .number = IPPROTO_UDP,
		                      .flows = 7,
		                      .references = 8,
		                      .state = CTQ_PROTO_UNLOADING };
	struct ctlink_timeout timeout = { 3, 30, "udp_timeout" };
	struct ctlink_timeout stream = { 3, 120, "udp_timeout_stream" };
	struct ctlink_timeout *a, *b;
	int err = -1;

	a = ctlink_proto_append(&proto, NULL);
	if (a)
		*a = timeout;
	b = ctlink_proto_append(&proto, NULL);
	if (b)
		*b = stream;
	if (a && b)
		err = ctlink_proto_build(m, header, &proto);
	ctlink_proto_fini(&proto, NULL);
	return err;
}

static int daemon_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_daemon daemon = { .has = (UINT64_C(2) << CTLINK_DAEMON_BATCHES) - 1,
		                        .version = "0.1.0",
		                        .started = 1795000000,
		                        .table_memory = 1,
		                        .slab_memory = 2,
		                        .protocol = CTQ_PROTOCOL_VERSION,
		                        .pid = 3,
		                        .uptime = 4,
		                        .flows = 5,
		                        .flows_max = 6,
		                        .unconfirmed = 7,
		                        .dying = 8,
		                        .assured = 9,
		                        .generation = 10,
		                        .rules = 11,
		                        .clients = 12,
		                        .workers = 13,
		                        .features = CTQ_FEATURE_CONFIG,
		                        .clients_max = 14,
		                        .buffer_max = 15,
		                        .lists = 16,
		                        .lists_max = 17,
		                        .batches = 18 };
	struct ctlink_warning *warning = ctlink_daemon_append(&daemon, NULL);
	int err = -1;

	if (warning)
		strcpy(warning->text, "queue 0 is not fed");
	warning = ctlink_daemon_append(&daemon, NULL);
	if (warning)
		strcpy(warning->text, "worker 1 is stuck");
	if (ctlink_string_set(&daemon.config, "/etc/ctqd/ctqd.conf", 19, NULL) == 0)
		err = ctlink_daemon_build(m, header, &daemon);
	ctlink_daemon_fini(&daemon, NULL);
	return err;
}

static int stats_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_stats stats = { .has = (UINT64_C(2) << CTLINK_STATS_INTERVAL) - 1,
		                      .packets = 1,
		                      .bytes = 2,
		                      .interval = 3 };
	struct ctlink_counter counter = { 3, 4, "flow.evicted" };
	struct ctlink_reason reason = { 7, 5, 33, "drop.rule" };
	struct ctlink_counter *c = ctlink_stats_append_counter(&stats, NULL);
	struct ctlink_reason *r = ctlink_stats_append_reason(&stats, NULL);
	int err = -1;

	if (c)
		*c = counter;
	if (r)
		*r = reason;
	if (c && r)
		err = ctlink_stats_build(m, header, &stats);
	ctlink_stats_fini(&stats, NULL);
	return err;
}

static void packet_fill(struct ctlink_packet *p)
{
	static const uint8_t bytes[] = { 0x45, 0, 0, 20 };

	*p = (struct ctlink_packet){ .has = (UINT64_C(2) << CTLINK_PACKET_DATA) - 1,
		                     .hook = 1,
		                     .family = AF_INET,
		                     .proto = IPPROTO_TCP,
		                     .icmp_type = 2,
		                     .icmp_code = 3,
		                     .ttl = 4,
		                     .tcp_flags = 5,
		                     .verdict = CTQ_VERDICT_DROP,
		                     .src_size = 4,
		                     .dst_size = 4,
		                     .src = { 192, 0, 2, 1 },
		                     .dst = { 198, 51, 100, 1 },
		                     .sport = 6,
		                     .dport = 7,
		                     .icmp_id = 8,
		                     .zone = 9,
		                     .reason = 33,
		                     .invalid = 192,
		                     .queue = 10,
		                     .worker = 11,
		                     .mark = 12,
		                     .length = 13,
		                     .uid = 14,
		                     .ctstate = CTQ_CTSTATE_NEW,
		                     .ctmark = 15,
		                     .status = 16,
		                     .rule = 17,
		                     .generation = 18,
		                     .new_mark = 19,
		                     .flow = 20,
		                     .flags = CTQ_PACKET_BORN,
		                     .time = 21,
		                     .in = "eth0",
		                     .out = "eth1",
		                     .rule_name = "web",
		                     .held = { 17, 22 },
		                     .n_held = 2,
		                     .data = bytes,
		                     .data_size = sizeof(bytes) };
}

static int packet_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_packet packet;

	packet_fill(&packet);
	return ctlink_packet_build(m, header, &packet);
}

static int ask_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_ask ask = {
		.has = (UINT64_C(2) << CTLINK_ASK_REASON) - 1,
		.id = 17,
		.left = 29000,
		.without_answer = CTQ_VERDICT_DROP,
		.verdict = CTQ_VERDICT_ACCEPT,
		.scope = CTQ_ASK_FLOW,
		.reason = 5,
	};

	packet_fill(&ask.packet);
	return ctlink_ask_build(m, header, &ask);
}

static int explain_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_explain explain = {
		.has = (UINT64_C(2) << CTLINK_EXPLAIN_PACKET) - 1,
		.step = CTQ_EXPLAIN_FAILS,
		.field = CTQ_FIELD_DPORT,
		.skipped = 3,
	};
	char chain[] = "web";
	struct ctlink_rule rule = { .chain = chain, .id = 7, .line = 8 };

	packet_fill(&explain.packet);
	ctlink_mark(&rule, CTLINK_RULE_CHAIN);
	ctlink_mark(&rule, CTLINK_RULE_ID);
	ctlink_mark(&rule, CTLINK_RULE_LINE);
	return ctlink_explain_build(m, header, &explain, &rule);
}

/* Both parts, as a reader takes them. */
static int explain_again(const struct nlmsghdr *nlh, const struct ctlink_header *header,
                         struct ctlink_message *m, const struct ctlink_memory *memory,
                         struct ctlink_error *error)
{
	struct ctlink_explain explain;
	struct ctlink_rule rule;
	int err = ctlink_explain_parse(nlh, &explain, error);

	memset(&rule, 0, sizeof(rule));
	if (!err)
		err = ctlink_rule_parse(nlh, &rule, memory, error);
	if (!err)
		err = ctlink_explain_build(m, header, &explain, &rule);
	ctlink_rule_fini(&rule, memory);
	return err;
}

static int groups_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_groups groups = { 1 << CTQ_GROUP_FLOW_NEW | 1 << CTQ_GROUP_DROP };

	return ctlink_groups_build(m, header, &groups);
}

static int socket_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_socket socket = { 7, 8192, 4711 };

	return ctlink_socket_build(m, header, &socket);
}

static int overrun_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_overrun overrun = { 1, 17 };

	return ctlink_overrun_build(m, header, &overrun);
}

static int config_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_config config = { .has = 1 << CTLINK_CONFIG_DEFAULTS |
		                               1 << CTLINK_CONFIG_TEXT };
	int err = ctlink_string_set(&config.text, "daemon {\n}\n", 11, NULL);

	if (err == 0)
		err = ctlink_config_build(m, header, &config);
	ctlink_config_fini(&config, NULL);
	return err;
}

static int count_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_count count = { 3, 17, 18231 };

	return ctlink_count_build(m, header, &count);
}

static int batch_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct ctlink_batch batch = { 1, CTQ_SUBSYS_RULES, 42 };

	return ctlink_batch_begin_build(m, header->seq, &batch);
}

static int batch_again(const struct nlmsghdr *nlh, const struct ctlink_header *header,
                       struct ctlink_message *m, const struct ctlink_memory *memory,
                       struct ctlink_error *error)
{
	struct ctlink_batch batch;
	int err = ctlink_batch_begin_parse(nlh, &batch, error);

	return err ? err : ctlink_batch_begin_build(m, header->seq, &batch);
}

static int batch_end_example(struct ctlink_message *m, const struct ctlink_header *header)
{
	return ctlink_batch_end_build(m, header->seq, CTQ_SUBSYS_RULES, CTQ_BATCH_CHECK);
}

static int batch_end_again(const struct nlmsghdr *nlh, const struct ctlink_header *header,
                           struct ctlink_message *m, const struct ctlink_memory *memory,
                           struct ctlink_error *error)
{
	uint16_t flags;
	int err = ctlink_batch_end_parse(nlh, &flags, error);

	if (err)
		return err;
	return ctlink_batch_end_build(m, header->seq, (uint8_t)header->res_id, flags);
}

/* ---- the table --------------------------------------------------------------------- */

#define CT(message)     CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_##message)
#define EXP(message)    CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_##message)
#define RULES(message)  CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_##message)
#define SETS(message)   CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_##message)
#define DAEMON(message) CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_##message)
#define QUEUES(message) CTLINK_TYPE(CTQ_SUBSYS_QUEUES, CTQ_MSG_QUEUE_##message)
#define ASK(message)    CTLINK_TYPE(CTQ_SUBSYS_ASK, CTQ_MSG_ASK_##message)
#define PROTOS(message) CTLINK_TYPE(CTQ_SUBSYS_PROTO, CTQ_MSG_PROTO_##message)

const struct kind kinds[] = {
	{ "flow", CT(NEW), 0, flow_example, flow_again },
	{ "flow-destroy", CT(DELETE), 0, flow_example, flow_again },
	{ "flow-filter", CT(GET), NLM_F_REQUEST | NLM_F_DUMP, filter_example,
	  filter_again },
	{ "flow-get", CT(GET), NLM_F_REQUEST, flow_example, flow_again },
	{ "cpu-stats", CT(GET_STATS_CPU), 0, cpu_stats_example, cpu_stats_again },
	{ "global-stats", CT(GET_STATS), 0, global_stats_example, global_stats_again },
	{ "expect", EXP(NEW), 0, expect_example, expect_again },
	{ "rule", RULES(RULE_NEW), NLM_F_REQUEST, rule_example, rule_again },
	{ "rule-del", RULES(RULE_DEL), NLM_F_REQUEST, rule_example, rule_again },
	{ "chain", RULES(CHAIN_NEW), NLM_F_REQUEST, chain_example, chain_again },
	{ "explain", RULES(RULE_EXPLAIN), NLM_F_REQUEST | NLM_F_DUMP, packet_example,
	  packet_again },
	{ "explain-step", RULES(RULE_EXPLAIN), NLM_F_MULTI, explain_example,
	  explain_again },
	{ "set", SETS(SET_NEW), NLM_F_REQUEST, set_example, set_again },
	{ "set-get", SETS(SET_GET), NLM_F_REQUEST, set_example, set_again },
	{ "element", SETS(ELEMENT_NEW), NLM_F_REQUEST, element_example, element_again },
	{ "element-name", SETS(ELEMENT_DEL), NLM_F_REQUEST, name_example, element_again },
	{ "element-list", SETS(ELEMENT_GET), NLM_F_REQUEST | NLM_F_DUMP, name_example,
	  element_again },
	{ "ruleset", RULES(RULESET_NEW), 0, ruleset_info_example, ruleset_info_again },
	{ "packet", CTLINK_TYPE(CTQ_SUBSYS_PACKETS, CTQ_MSG_PACKET_SEEN), 0,
	  packet_example, packet_again },
	{ "packet-asked", ASK(NEW), 0, ask_example, ask_again },
	{ "packet-answer", ASK(ANSWER), NLM_F_REQUEST, ask_example, ask_again },
	{ "queue", QUEUES(NEW), 0, queue_example, queue_again },
	{ "proto", PROTOS(NEW), 0, proto_example, proto_again },
	{ "daemon", DAEMON(NEW), 0, daemon_example, daemon_again },
	{ "stats", DAEMON(STATS_NEW), 0, stats_example, stats_again },
	{ "subscribe", DAEMON(SUBSCRIBE), NLM_F_REQUEST, groups_example, groups_again },
	{ "socket", DAEMON(SOCKET), NLM_F_REQUEST, socket_example, socket_again },
	{ "overrun", DAEMON(OVERRUN), 0, overrun_example, overrun_again },
	{ "config-get", DAEMON(CONFIG_GET), NLM_F_REQUEST | NLM_F_DUMP, config_example,
	  config_again },
	{ "config", DAEMON(CONFIG_NEW), 0, config_example, config_again },
	{ "count-filter", DAEMON(COUNT), NLM_F_REQUEST, filter_example, filter_again },
	{ "count", DAEMON(COUNT), 0, count_example, count_again },
	{ "batch-begin", NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, batch_example,
	  batch_again },
	{ "batch-end", NFNL_MSG_BATCH_END, NLM_F_REQUEST | CTQ_BATCH_CHECK,
	  batch_end_example, batch_end_again },
};
const size_t n_kinds = BASE_ARRAY_LENGTH(kinds);

const struct kind *kind_find(uint16_t type, uint16_t flags)
{
	const struct kind *found = NULL;
	size_t i;

	for (i = 0; i < n_kinds; i++) {
		if (kinds[i].type != type)
			continue;
		found = &kinds[i];
		if (kinds[i].flags == flags)
			break;
	}
	return found;
}

int kind_example(const struct kind *kind, struct ctlink_message *m,
                 const struct ctlink_memory *memory)
{
	struct ctlink_header header = { .type = kind->type,
		                        .flags = kind->flags,
		                        .seq = 7 };

	ctlink_message_init(m, CTQ_DATAGRAM_MAX, memory);
	return kind->example(m, &header);
}

int kind_again(const struct kind *kind, const struct nlmsghdr *nlh,
               struct ctlink_message *m, const struct ctlink_memory *memory,
               struct ctlink_error *error)
{
	struct ctlink_header header;
	int err = ctlink_header_parse(nlh, &header, error);

	ctlink_message_init(m, CTQ_DATAGRAM_MAX, memory);
	return err ? err : kind->again(nlh, &header, m, memory, error);
}
