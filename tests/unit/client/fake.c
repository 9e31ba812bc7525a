/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/base.h"
#include "ctlink/answer.h"
#include "ctlink/ask.h"
#include "ctlink/daemon.h"
#include "ctlink/proto.h"
#include "ctlink/explain.h"
#include "ctlink/queue.h"
#include "ctlink/rule.h"
#include "ctlink/set.h"
#include "ctq/reasons.h"

#define CT(message)     CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_##message)
#define DAEMON(message) CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_##message)
#define RULES(message)  CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_##message)
#define SETS(message)   CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_##message)
#define QUEUES(message) CTLINK_TYPE(CTQ_SUBSYS_QUEUES, CTQ_MSG_QUEUE_##message)
#define ASK(message)    CTLINK_TYPE(CTQ_SUBSYS_ASK, CTQ_MSG_ASK_##message)
#define PROTO(message)  CTLINK_TYPE(CTQ_SUBSYS_PROTO, CTQ_MSG_PROTO_##message)

/* The fake itself never fails; a thread has nobody to tell. */
static void must(bool held)
{
	if (!held)
		abort();
}

/* ---- flows -------------------------------------------------------------------------- */

static void side(struct ctlink_tuple *tuple, int family, uint8_t l4, const char *src,
                 uint16_t src_id, const char *dst, uint16_t dst_id)
{
	memset(tuple, 0, sizeof(*tuple));
	tuple->l3 = (uint8_t)family;
	tuple->l4 = l4;
	must(inet_pton(family, src, tuple->src) == 1);
	must(inet_pton(family, dst, tuple->dst) == 1);
	tuple->src_id = htons(src_id);
	tuple->dst_id = htons(dst_id);
}

/* What all flows of the fake have. */
static void common(struct ctlink_flow *flow, uint32_t id, uint32_t status,
                   uint32_t timeout)
{
	flow->id = id;
	flow->status = status | IPS_CONFIRMED;
	flow->timeout = timeout;
	flow->use = 1;
	flow->family = flow->orig.l3;
	ctlink_mark(flow, CTLINK_FLOW_ORIG);
	ctlink_mark(flow, CTLINK_FLOW_REPLY);
	ctlink_mark(flow, CTLINK_FLOW_ID);
	ctlink_mark(flow, CTLINK_FLOW_STATUS);
	ctlink_mark(flow, CTLINK_FLOW_TIMEOUT);
	ctlink_mark(flow, CTLINK_FLOW_MARK);
	ctlink_mark(flow, CTLINK_FLOW_USE);
}

static void counters(struct ctlink_flow *flow, uint64_t orig_packets, uint64_t orig_bytes,
                     uint64_t reply_packets, uint64_t reply_bytes)
{
	flow->counters_orig = (struct ctlink_counters){ orig_packets, orig_bytes };
	flow->counters_reply = (struct ctlink_counters){ reply_packets, reply_bytes };
	ctlink_mark(flow, CTLINK_FLOW_ORIG_PACKETS);
	ctlink_mark(flow, CTLINK_FLOW_ORIG_BYTES);
	ctlink_mark(flow, CTLINK_FLOW_REPLY_PACKETS);
	ctlink_mark(flow, CTLINK_FLOW_REPLY_BYTES);
}

static void tcp_state(struct ctlink_flow *flow, uint8_t state)
{
	flow->tcp.state = state;
	ctlink_mark(flow, CTLINK_FLOW_TCP_STATE);
}

static void judgement(struct ctlink_flow *flow, uint8_t verdict, uint16_t reason,
                      uint32_t rule, const char *name)
{
	flow->verdict = verdict;
	flow->reason = reason;
	flow->generation = 42;
	strcpy(flow->in, "eth0");
	strcpy(flow->out, "eth1");
	flow->age = 331;
	flow->idle = 2;
	ctlink_mark(flow, CTLINK_FLOW_VERDICT);
	ctlink_mark(flow, CTLINK_FLOW_REASON);
	ctlink_mark(flow, CTLINK_FLOW_GENERATION);
	ctlink_mark(flow, CTLINK_FLOW_IN);
	ctlink_mark(flow, CTLINK_FLOW_OUT);
	ctlink_mark(flow, CTLINK_FLOW_AGE);
	ctlink_mark(flow, CTLINK_FLOW_IDLE);
	if (!name)
		return;
	flow->rule = rule;
	strcpy(flow->rule_name, name);
	ctlink_mark(flow, CTLINK_FLOW_RULE);
	ctlink_mark(flow, CTLINK_FLOW_RULE_NAME);
}

/* An established connection that a named rule accepts. */
static void flow_web(struct ctlink_flow *flow)
{
	side(&flow->orig, AF_INET, IPPROTO_TCP, "192.0.2.7", 51514, "198.51.100.9", 443);
	side(&flow->reply, AF_INET, IPPROTO_TCP, "198.51.100.9", 443, "192.0.2.7", 51514);
	common(flow, 77041, IPS_SEEN_REPLY | IPS_ASSURED, 15120);
	counters(flow, 812, 120331, 1040, 1143002);
	tcp_state(flow, 3);
	judgement(flow, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_RULE, 5, "allow-web");
	flow->start = UINT64_C(1700000000000000000);
	ctlink_mark(flow, CTLINK_FLOW_START);
}

/* A SYN without answer. */
static void flow_syn(struct ctlink_flow *flow)
{
	side(&flow->orig, AF_INET, IPPROTO_TCP, "192.0.2.8", 40112, "198.51.100.9", 443);
	side(&flow->reply, AF_INET, IPPROTO_TCP, "198.51.100.9", 443, "192.0.2.8", 40112);
	common(flow, 77042, 0, 58);
	counters(flow, 1, 60, 0, 0);
	tcp_state(flow, 1);
	judgement(flow, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_POLICY, 0, NULL);
}

/* IPv6, a mark and a zone. */
static void flow_dns6(struct ctlink_flow *flow)
{
	side(&flow->orig, AF_INET6, IPPROTO_UDP, "2001:db8::7", 5353, "2001:db8:1::53",
	     53);
	side(&flow->reply, AF_INET6, IPPROTO_UDP, "2001:db8:1::53", 53, "2001:db8::7",
	     5353);
	common(flow, 77043, IPS_SEEN_REPLY, 30);
	counters(flow, 2, 140, 2, 300);
	flow->mark = 0x10;
	flow->zone = 3;
	ctlink_mark(flow, CTLINK_FLOW_ZONE);
	judgement(flow, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_POLICY, 0, NULL);
}

static void flow_ping(struct ctlink_flow *flow)
{
	side(&flow->orig, AF_INET, IPPROTO_ICMP, "192.0.2.7", 512, "198.51.100.1",
	     8 << 8);
	side(&flow->reply, AF_INET, IPPROTO_ICMP, "198.51.100.1", 512, "192.0.2.7", 0);
	common(flow, 77044, IPS_SEEN_REPLY, 29);
	counters(flow, 3, 252, 3, 252);
}

/* A translated destination: the reply is no mirror image. */
static void flow_dnat(struct ctlink_flow *flow)
{
	side(&flow->orig, AF_INET, IPPROTO_TCP, "203.0.113.5", 1025, "192.0.2.1", 80);
	side(&flow->reply, AF_INET, IPPROTO_TCP, "10.0.0.80", 8080, "203.0.113.5", 1025);
	common(flow, 77045, IPS_SEEN_REPLY | IPS_ASSURED | IPS_DST_NAT, 432000);
	counters(flow, 10, 1000, 10, 2000);
	tcp_state(flow, 3);
	judgement(flow, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_RULE, 5, "allow-web");
}

void fake_flow(unsigned int i, struct ctlink_flow *flow)
{
	static void (*const flows[FAKE_FLOWS])(struct ctlink_flow * flow) = {
		flow_web, flow_syn, flow_dns6, flow_ping, flow_dnat,
	};

	memset(flow, 0, sizeof(*flow));
	flows[i](flow);
}

static void put_flow(const struct ctlink_flow *flow, uint16_t type, uint16_t flags,
                     uint32_t seq, struct ctlink_message *m)
{
	const struct ctlink_header header = { .type = type, .flags = flags, .seq = seq };

	must(ctlink_flow_build(m, &header, flow) == 0);
}

void fake_flow_message(unsigned int i, uint16_t type, uint16_t flags, uint32_t seq,
                       struct ctlink_message *m)
{
	struct ctlink_flow flow;

	fake_flow(i, &flow);
	put_flow(&flow, type, flags, seq, m);
}

/* ---- answers ------------------------------------------------------------------------- */

/* One request being answered. */
struct turn {
	struct fake *fake;
	int fd;
	const struct nlmsghdr *request;
	struct ctlink_message m;
};

static void turn_send(struct turn *turn)
{
	struct pollfd pfd = { .fd = turn->fd, .events = POLLOUT };

	while (turn->m.size &&
	       send(turn->fd, turn->m.data, turn->m.size, MSG_NOSIGNAL | MSG_DONTWAIT) <
	               0 &&
	       errno == EAGAIN)
		poll(&pfd, 1, 1000);
	ctlink_message_reset(&turn->m);
}

static struct ctlink_header header_of(const struct turn *turn, uint16_t type,
                                      uint16_t flags)
{
	return (struct ctlink_header){ .type = type,
		                       .flags = flags,
		                       .seq = turn->request->nlmsg_seq };
}

static void answer_ack(struct turn *turn)
{
	must(ctlink_answer_build(&turn->m, turn->request, NULL) == 0);
}

static void answer_done(struct turn *turn)
{
	must(ctlink_done_build(&turn->m, turn->request, turn->fake->interrupted, 0) == 0);
}

/* A list in datagrams of two flows each, so that a walk through several is tested. */
static void answer_flows(struct turn *turn, bool references)
{
	unsigned int i, n = turn->fake->empty ? 0 : FAKE_FLOWS * (1 + turn->fake->repeat);
	struct ctlink_flow flow;

	for (i = 0; i < n; i++) {
		fake_flow(i % FAKE_FLOWS, &flow);
		if (references) {
			flow.refs = (struct ctlink_refs){ .total = 1, .packet = 1 };
			ctlink_mark(&flow, CTLINK_FLOW_REFS);
			ctlink_mark(&flow, CTLINK_FLOW_REFS_CLASS);
			flow.end = CTQ_END_EVICTED;
			ctlink_mark(&flow, CTLINK_FLOW_END);
		}
		put_flow(&flow, CT(NEW), NLM_F_MULTI, turn->request->nlmsg_seq, &turn->m);
		if (turn->m.count == 2)
			turn_send(turn);
	}
	answer_done(turn);
}

static void answer_flow(struct turn *turn)
{
	struct ctlink_error error = { 0 };

	if (turn->request->nlmsg_flags & NLM_F_DUMP) {
		answer_flows(turn, false);
		return;
	}
	if (turn->fake->empty) {
		ctlink_error_set(&error, -ENOENT, 0, "no such flow");
		must(ctlink_answer_build(&turn->m, turn->request, &error) == 0);
		return;
	}
	fake_flow_message(0, CT(NEW), 0, turn->request->nlmsg_seq, &turn->m);
}

static void answer_count(struct turn *turn)
{
	const struct ctlink_header header = header_of(turn, DAEMON(COUNT), 0);
	struct ctlink_count count = { .flows = 5, .total = 18231 };

	if (turn->fake->empty)
		count.flows = 0;
	ctlink_mark(&count, CTLINK_COUNT_FLOWS);
	ctlink_mark(&count, CTLINK_COUNT_TOTAL);
	must(ctlink_count_build(&turn->m, &header, &count) == 0);
}

static void answer_delete(struct turn *turn)
{
	if (turn->request->nlmsg_len > NLMSG_HDRLEN + sizeof(struct nfgenmsg))
		answer_count(turn);
	answer_ack(turn);
}

static void answer_daemon(struct turn *turn)
{
	const struct ctlink_header header = header_of(turn, DAEMON(NEW), 0);
	struct ctlink_daemon daemon = {
		.version = "0.1.0",
		.pid = 4711,
		.protocol = CTQ_PROTOCOL_VERSION,
		.started = 1700000000,
		.uptime = 90061,
		.workers = 2,
		.flows = 18231,
		.flows_max = 262144,
		.unconfirmed = 4,
		.dying = 1,
		.assured = 17002,
		.generation = 42,
		.rules = 3,
		.clients = 1,
		.table_memory = 1 << 20,
		.slab_memory = 3 << 20,
	};
	struct ctlink_warning *warning;

	daemon.has = (UINT64_C(1) << (CTLINK_DAEMON_SLAB_MEMORY + 1)) - 1;
	must(ctlink_string_set(&daemon.config, "/etc/ctqd/ctqd.conf", 19, NULL) == 0);
	ctlink_mark(&daemon, CTLINK_DAEMON_CONFIG);
	if (turn->fake->degraded) {
		warning = ctlink_daemon_append(&daemon, NULL);
		strcpy(warning->text, "queue 1: worker stuck for 2.3 s");
		warning->has = 1;
	}
	must(ctlink_daemon_build(&turn->m, &header, &daemon) == 0);
	ctlink_daemon_fini(&daemon, NULL);
}

static void add_reason(struct ctlink_stats *stats, uint16_t number, const char *name,
                       uint64_t value)
{
	struct ctlink_reason *reason = ctlink_stats_append_reason(stats, NULL);

	reason->number = number;
	reason->value = value;
	strcpy(reason->name, name);
	reason->has = 7;
}

static void answer_stats(struct turn *turn)
{
	const struct ctlink_header header = header_of(turn, DAEMON(STATS_NEW), 0);
	struct ctlink_stats stats = { .packets = 1000,
		                      .bytes = 64000,
		                      .interval = 10000000000 };
	struct ctlink_counter *counter = ctlink_stats_append_counter(&stats, NULL);

	ctlink_mark(&stats, CTLINK_STATS_PACKETS);
	ctlink_mark(&stats, CTLINK_STATS_BYTES);
	ctlink_mark(&stats, CTLINK_STATS_INTERVAL);
	strcpy(counter->name, "flow.evicted");
	counter->value = 20;
	counter->has = 3;
	add_reason(&stats, CTQ_ACCEPT_FLOW, "accept.flow", 900);
	add_reason(&stats, CTQ_DROP_RULE, "drop.rule", 98);
	add_reason(&stats, CTQ_DROP_CLASH, "drop.late", 2);
	must(ctlink_stats_build(&turn->m, &header, &stats) == 0);
	ctlink_stats_fini(&stats, NULL);
}

static void answer_queues(struct turn *turn)
{
	const struct ctlink_header header = header_of(turn, QUEUES(NEW), NLM_F_MULTI);
	struct ctlink_queue queue = {
		.number = 0,
		.hook = 0,
		.worker = 1,
		.cpu = 2,
		.portid = 4711,
		.depth = 3,
		.maxlen = 4096,
		.range = 256,
		.rcvbuf = 64 << 20,
		.flags = CTQ_QUEUE_GSO,
		.packets = 91223114,
		.bytes = 1 << 30,
		.accepted = 91223000,
		.dropped = 111,
		.oldest = 123456,
	};

	queue.has = (UINT64_C(1) << (CTLINK_QUEUE_OLDEST + 1)) - 1;
	must(ctlink_queue_build(&turn->m, &header, &queue) == 0);
	queue.number = 1;
	queue.hook = 4;
	queue.flags = CTQ_QUEUE_FAIL_OPEN;
	queue.kernel_dropped = 1204;
	queue.oldest = 2300000000;
	ctlink_unmark(&queue, CTLINK_QUEUE_CPU);
	must(ctlink_queue_build(&turn->m, &header, &queue) == 0);
	answer_done(turn);
}

static void answer_questions(struct turn *turn)
{
	const struct ctlink_header header = header_of(turn, ASK(NEW), NLM_F_MULTI);
	struct ctlink_ask ask = { .id = 17,
		                  .left = 29500,
		                  .without_answer = CTQ_VERDICT_DROP,
		                  .packet = { .family = AF_INET,
		                              .proto = IPPROTO_TCP,
		                              .src_size = 4,
		                              .dst_size = 4,
		                              .src = { 192, 0, 2, 1 },
		                              .dst = { 198, 51, 100, 1 },
		                              .sport = 1024,
		                              .dport = 22,
		                              .rule = 7,
		                              .rule_name = "ssh" } };

	ask.has = 1u << CTLINK_ASK_ID | 1u << CTLINK_ASK_LEFT | 1u << CTLINK_ASK_DEFAULT |
	          1u << CTLINK_ASK_PACKET;
	ask.packet.has = 1u << CTLINK_PACKET_HOOK | 1u << CTLINK_PACKET_FAMILY |
	                 1u << CTLINK_PACKET_PROTO | 1u << CTLINK_PACKET_SRC |
	                 1u << CTLINK_PACKET_DST | 1u << CTLINK_PACKET_SPORT |
	                 1u << CTLINK_PACKET_DPORT | 1u << CTLINK_PACKET_RULE |
	                 1u << CTLINK_PACKET_RULE_NAME;
	must(ctlink_ask_build(&turn->m, &header, &ask) == 0);
	answer_done(turn);
}

static void answer_protos(struct turn *turn)
{
	const struct ctlink_header header = header_of(turn, PROTO(NEW), NLM_F_MULTI);
	struct ctlink_proto proto = {
		.has = (UINT64_C(1) << CTLINK_PROTO_MODULE) - 1,
		.name = "udp",
		.number = IPPROTO_UDP,
		.flows = 7,
		.references = 8,
		.state = CTQ_PROTO_UNLOADING,
	};
	struct ctlink_timeout *timeout = ctlink_proto_append(&proto, NULL);

	must(timeout != NULL);
	*timeout = (struct ctlink_timeout){ 3, 30, "udp_timeout" };
	must(ctlink_proto_build(&turn->m, &header, &proto) == 0);
	ctlink_proto_fini(&proto, NULL);
	proto = (struct ctlink_proto){ .has = (UINT64_C(2) << CTLINK_PROTO_MODULE) - 1,
		                       .name = "ospf",
		                       .number = 89,
		                       .state = CTQ_PROTO_LOADED };
	must(ctlink_proto_build(&turn->m, &header, &proto) == 0);
	answer_done(turn);
}

static void answer_ruleset(struct turn *turn)
{
	const struct ctlink_header header = header_of(turn, RULES(RULESET_NEW), 0);
	struct ctlink_ruleset_info info = { .generation = 42,
		                            .rules = 2,
		                            .chains = 2,
		                            .loaded = 1700000000,
		                            .backend = "linear" };

	ctlink_mark(&info, CTLINK_RULESET_GENERATION);
	ctlink_mark(&info, CTLINK_RULESET_RULES);
	ctlink_mark(&info, CTLINK_RULESET_CHAINS);
	ctlink_mark(&info, CTLINK_RULESET_BACKEND);
	ctlink_mark(&info, CTLINK_RULESET_LOADED);
	must(ctlink_ruleset_info_build(&turn->m, &header, &info) == 0);
}

static void put_chain(struct turn *turn, const char *name, uint8_t hook, uint8_t policy)
{
	const struct ctlink_header header =
		header_of(turn, RULES(CHAIN_NEW), NLM_F_MULTI);
	struct ctlink_chain chain = {
		.hook = hook, .policy = policy, .packets = 7, .bytes = 420
	};

	must(ctlink_string_set(&chain.name, name, strlen(name), NULL) == 0);
	ctlink_mark(&chain, CTLINK_CHAIN_NAME);
	ctlink_mark(&chain, CTLINK_CHAIN_HOOK);
	ctlink_mark(&chain, CTLINK_CHAIN_POLICY);
	ctlink_mark(&chain, CTLINK_CHAIN_PACKETS);
	ctlink_mark(&chain, CTLINK_CHAIN_BYTES);
	must(ctlink_chain_build(&turn->m, &header, &chain) == 0);
	ctlink_chain_fini(&chain, NULL);
}

static void answer_chains(struct turn *turn)
{
	put_chain(turn, "prerouting", 0, CTQ_VERDICT_DROP);
	put_chain(turn, "output", 3, CTQ_VERDICT_ACCEPT);
	answer_done(turn);
}

static void put_rule(struct turn *turn, uint32_t id, uint16_t port, const char *name,
                     uint64_t hits)
{
	const struct ctlink_header header = header_of(turn, RULES(RULE_NEW), NLM_F_MULTI);
	struct ctlink_rule rule = { .id = id,
		                    .line = id + 1,
		                    .packets = 10 * hits,
		                    .bytes = 600 * hits,
		                    .hits = hits };
	struct ctlink_match *match;
	struct ctlink_statement *statement;

	must(ctlink_string_set(&rule.chain, "prerouting", 10, NULL) == 0);
	must(ctlink_string_set(&rule.name, name, strlen(name), NULL) == 0);
	rule.has = 1 << CTLINK_RULE_CHAIN | 1 << CTLINK_RULE_ID | 1 << CTLINK_RULE_NAME |
	           1 << CTLINK_RULE_LINE | 1 << CTLINK_RULE_PACKETS |
	           1 << CTLINK_RULE_BYTES | 1 << CTLINK_RULE_HITS;
	match = ctlink_rule_append_match(&rule, NULL);
	match->field = CTQ_FIELD_DPORT;
	ctlink_mark(match, CTLINK_MATCH_FIELD);
	ctlink_value_set_number(ctlink_match_append(match, NULL), CTLINK_VALUE_FIRST,
	                        port, 2);
	statement = ctlink_rule_append_statement(&rule, NULL);
	statement->kind = CTQ_STATEMENT_ACCEPT;
	ctlink_mark(statement, CTLINK_STATEMENT_KIND);
	must(ctlink_rule_build(&turn->m, &header, &rule) == 0);
	ctlink_rule_fini(&rule, NULL);
}

static void answer_rules(struct turn *turn)
{
	put_rule(turn, 5, 443, "allow-web", 3);
	put_rule(turn, 6, 22, "allow-ssh", 0);
	answer_done(turn);
}

/* One set of ports, with a port in it. */
static void answer_sets(struct turn *turn)
{
	bool list = (turn->request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	const struct ctlink_header header =
		header_of(turn, SETS(SET_NEW), list ? NLM_F_MULTI : 0);
	struct ctlink_set set = { .type = CTQ_SET_PORT, .length = 1 };

	must(ctlink_string_set(&set.name, "web", 3, NULL) == 0);
	set.has = 1 << CTLINK_SET_NAME | 1 << CTLINK_SET_TYPE | 1 << CTLINK_SET_LENGTH;
	must(ctlink_set_build(&turn->m, &header, &set) == 0);
	ctlink_set_fini(&set, NULL);
	if (list)
		answer_done(turn);
}

static void answer_elements(struct turn *turn)
{
	bool list = (turn->request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	const struct ctlink_header header =
		header_of(turn, SETS(ELEMENT_NEW), list ? NLM_F_MULTI : 0);
	struct ctlink_element element = { .has = 1 << CTLINK_ELEMENT_SET |
		                                 1 << CTLINK_ELEMENT_KEY };

	must(ctlink_string_set(&element.set, "web", 3, NULL) == 0);
	ctlink_value_set_number(&element.key, CTLINK_VALUE_FIRST, 443, 2);
	must(ctlink_element_build(&turn->m, &header, &element) == 0);
	ctlink_element_fini(&element, NULL);
	if (list)
		answer_done(turn);
}

static void put_step(struct turn *turn, uint8_t step, uint32_t id,
                     const struct ctlink_packet *packet)
{
	const struct ctlink_header header =
		header_of(turn, RULES(RULE_EXPLAIN), NLM_F_MULTI);
	struct ctlink_explain explain = { .step = step };
	struct ctlink_rule rule = { .id = id };

	must(ctlink_string_set(&rule.chain, "prerouting", 10, NULL) == 0);
	ctlink_mark(&rule, CTLINK_RULE_CHAIN);
	if (id)
		ctlink_mark(&rule, CTLINK_RULE_ID);
	ctlink_mark(&explain, CTLINK_EXPLAIN_STEP);
	if (packet) {
		explain.packet = *packet;
		ctlink_mark(&explain, CTLINK_EXPLAIN_PACKET);
	}
	must(ctlink_explain_build(&turn->m, &header, &explain, &rule) == 0);
	ctlink_rule_fini(&rule, NULL);
}

static void answer_explain(struct turn *turn)
{
	struct ctlink_packet packet = { .verdict = CTQ_VERDICT_DROP,
		                        .reason = CTQ_DROP_POLICY,
		                        .generation = 42 };

	ctlink_mark(&packet, CTLINK_PACKET_VERDICT);
	ctlink_mark(&packet, CTLINK_PACKET_REASON);
	ctlink_mark(&packet, CTLINK_PACKET_GENERATION);
	put_step(turn, CTQ_EXPLAIN_CHAIN, 0, NULL);
	put_step(turn, CTQ_EXPLAIN_POLICY, 0, NULL);
	put_step(turn, CTQ_EXPLAIN_VERDICT, 0, &packet);
	answer_done(turn);
}

/* ---- announcements --------------------------------------------------------------------- */

static void announce(struct turn *turn)
{
	struct ctlink_header header = { .type = DAEMON(OVERRUN) };
	struct ctlink_overrun overrun = { .lost = turn->fake->lost };
	struct ctlink_flow flow;

	fake_flow_message(1, CT(NEW), NLM_F_CREATE | NLM_F_EXCL, 0, &turn->m);
	fake_flow_message(0, CT(NEW), 0, 0, &turn->m);
	fake_flow(4, &flow);
	flow.end = CTQ_END_CLOSED;
	ctlink_mark(&flow, CTLINK_FLOW_END);
	put_flow(&flow, CT(DELETE), 0, 0, &turn->m);
	if (turn->fake->lost) {
		ctlink_mark(&overrun, CTLINK_OVERRUN_LOST);
		must(ctlink_overrun_build(&turn->m, &header, &overrun) == 0);
	}
	header.type = RULES(RULESET_NEW);
	struct ctlink_ruleset_info info = { .generation = 43, .rules = 9 };
	ctlink_mark(&info, CTLINK_RULESET_GENERATION);
	ctlink_mark(&info, CTLINK_RULESET_RULES);
	must(ctlink_ruleset_info_build(&turn->m, &header, &info) == 0);
}

/* ---- the thread ---------------------------------------------------------------------------- */

static void answer_known(struct turn *turn)
{
	static const struct {
		uint16_t type;
		void (*answer)(struct turn *turn);
	} answers[] = {
		{ CT(GET), answer_flow },
		{ CT(GET_CTRZERO), answer_flow },
		{ CT(DELETE), answer_delete },
		{ CT(NEW), answer_ack },
		{ DAEMON(GET), answer_daemon },
		{ DAEMON(STATS_GET), answer_stats },
		{ DAEMON(COUNT), answer_count },
		{ DAEMON(SUBSCRIBE), answer_ack },
		{ DAEMON(RELOAD), answer_ack },
		{ QUEUES(GET), answer_queues },
		{ ASK(GET), answer_questions },
		{ ASK(ANSWER), answer_ack },
		{ PROTO(GET), answer_protos },
		{ PROTO(LOAD), answer_ack },
		{ PROTO(UNLOAD), answer_ack },
		{ RULES(RULESET_GET), answer_ruleset },
		{ RULES(CHAIN_GET), answer_chains },
		{ RULES(RULE_GET), answer_rules },
		{ RULES(RULE_EXPLAIN), answer_explain },
		{ SETS(SET_GET), answer_sets },
		{ SETS(ELEMENT_GET), answer_elements },
		{ NFNL_MSG_BATCH_END, answer_ack },
	};
	size_t i;

	if (turn->request->nlmsg_type == CT(GET_DYING) ||
	    turn->request->nlmsg_type == CT(GET_UNCONFIRMED))
		answer_flows(turn, true);
	for (i = 0; i < BASE_ARRAY_LENGTH(answers); i++)
		if (answers[i].type == turn->request->nlmsg_type)
			answers[i].answer(turn);
}

static void answer_garbage(struct turn *turn)
{
	static uint8_t bytes[4 * CTQ_DATAGRAM_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)bytes;

	memcpy(bytes, turn->fake->garbage_bytes, turn->fake->garbage_size);
	if (turn->fake->garbage_size >= sizeof(*nlh))
		nlh->nlmsg_seq = turn->request->nlmsg_seq;
	(void)!send(turn->fd, bytes, turn->fake->garbage_size, MSG_NOSIGNAL);
}

/* How often was a request of this one's type made before? */
static uint32_t number_of(const struct fake *fake, uint16_t type)
{
	uint32_t number = 0;
	unsigned int i;

	for (i = 0; i + 1 < fake->n_requests; i++)
		number += fake->requests[i]->nlmsg_type == type;
	return number;
}

static bool answer(struct turn *turn)
{
	struct fake *fake = turn->fake;
	uint16_t type = turn->request->nlmsg_type;

	if (type == fake->hang_up)
		return false;
	if (type == fake->silent)
		return true;
	if (type == fake->garbage) {
		answer_garbage(turn);
		return true;
	}
	if (fake->announce)
		announce(turn);
	if (type == fake->refuse && number_of(fake, type) == fake->refuse_number)
		must(ctlink_answer_build(&turn->m, turn->request, &fake->error) == 0);
	else
		answer_known(turn);
	turn_send(turn);
	return true;
}

static void keep(struct fake *fake, const struct nlmsghdr *nlh)
{
	must(fake->n_requests < FAKE_REQUESTS_MAX);
	fake->requests[fake->n_requests] = malloc(nlh->nlmsg_len);
	memcpy(fake->requests[fake->n_requests++], nlh, nlh->nlmsg_len);
}

static bool serve_datagram(struct fake *fake, int fd, const void *bytes, uint32_t size)
{
	struct turn turn = { .fake = fake, .fd = fd };
	struct ctlink_datagram datagram;
	bool go_on = true;

	ctlink_message_init(&turn.m, CTQ_DATAGRAM_MAX, NULL);
	ctlink_datagram_init(&datagram, bytes, size);
	fake->datagrams++;
	while (go_on && ctlink_datagram_next(&datagram, &turn.request, NULL) > 0) {
		keep(fake, turn.request);
		go_on = answer(&turn);
	}
	ctlink_message_fini(&turn.m);
	return go_on;
}

/* Is @fd readable? False: the test has ended. */
static bool wait_for(const struct fake *fake, int fd)
{
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN },
		                 { .fd = fake->stop[0], .events = POLLIN } };

	while (poll(fds, 2, -1) < 0)
		;
	return !fds[1].revents;
}

static void turn_away(struct fake *fake, int fd)
{
	const struct nlmsghdr none = { .nlmsg_len = NLMSG_HDRLEN };
	struct turn turn = { .fake = fake, .fd = fd };

	ctlink_message_init(&turn.m, CTQ_DATAGRAM_MAX, NULL);
	must(ctlink_answer_build(&turn.m, &none, &fake->error) == 0);
	turn_send(&turn);
	ctlink_message_fini(&turn.m);
	close(fd);
}

static void serve_client(struct fake *fake, int fd)
{
	static uint8_t bytes[CTQ_DATAGRAM_MAX] __attribute__((aligned(8)));
	ssize_t size;

	while (wait_for(fake, fd)) {
		size = recv(fd, bytes, sizeof(bytes), 0);
		if (size <= 0 || !serve_datagram(fake, fd, bytes, (uint32_t)size))
			break;
	}
	close(fd);
}

static void *serve(void *data)
{
	struct fake *fake = data;

	while (wait_for(fake, fake->listener)) {
		int fd = accept(fake->listener, NULL, NULL);

		if (fake->unwelcome)
			turn_away(fake, fd);
		else
			serve_client(fake, fd);
	}
	return NULL;
}

struct fake *fake_new(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct fake *fake = calloc(1, sizeof(*fake));

	strcpy(fake->directory, "/tmp/ctq-fake-XXXXXX");
	must(mkdtemp(fake->directory));
	snprintf(fake->path, sizeof(fake->path), "%s/ctl.sock", fake->directory);
	strcpy(address.sun_path, fake->path);
	fake->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	must(bind(fake->listener, (struct sockaddr *)&address, sizeof(address)) == 0);
	must(listen(fake->listener, 4) == 0);
	must(pipe(fake->stop) == 0);
	must(pthread_create(&fake->thread, NULL, serve, fake) == 0);
	return fake;
}

void fake_end(struct fake *fake)
{
	unsigned int i;

	close(fake->stop[1]);
	pthread_join(fake->thread, NULL);
	close(fake->stop[0]);
	close(fake->listener);
	unlink(fake->path);
	rmdir(fake->directory);
	for (i = 0; i < fake->n_requests; i++)
		free(fake->requests[i]);
	free(fake);
}

const struct nlmsghdr *fake_request(const struct fake *fake, uint16_t type)
{
	unsigned int i;

	for (i = fake->n_requests; i-- > 0;)
		if (fake->requests[i]->nlmsg_type == type)
			return fake->requests[i];
	return NULL;
}
