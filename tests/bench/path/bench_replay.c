/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_replay.c - what ctqd itself costs for a packet, without the kernel
 *
 *	bench-replay FLOWS ROUNDS [RULES]
 *
 * One UDP packet of each of FLOWS connections, and its answer, again and again through
 * queue_replay and path_batch() at the entry hook, where RULES rules stand that none of them meets;
 * every flow is confirmed there. Prints "first
 * ns" (the packets that make the flows) and "later ns" (packets of open flows) for a packet.
 * Under valgrind --tool=callgrind --toggle-collect=bench_later the instructions of the
 * latter are counted.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rcu.h"
#include "ctlink/rule.h"
#include "flow/table.h"
#include "path/path.h"
#include "queue/replay.h"
#include "rules/rules.h"

#define HEADERS   28 /* IPv4 and UDP */
#define FLOWS_MAX 2000000

void bench_later(struct path_worker *w, struct queue_replay *source, int rounds);

static void die(const char *what)
{
	fprintf(stderr, "bench-replay: %s\n", what);
	exit(1);
}

static void put16(uint8_t *to, unsigned int value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void put32(uint8_t *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value & 0xffff);
}

/* A packet of connection @i from 10.0.0.0/8, port 1024 on, to 192.0.2.1 port 53, or its answer. */
static void write_packet(uint8_t bytes[HEADERS], uint32_t i, bool answer)
{
	uint32_t client = 0x0a000000 + i / 60000, server = 0xc0000201;
	unsigned int port = 1024 + i % 60000;

	memset(bytes, 0, HEADERS);
	bytes[0] = 0x45;
	put16(bytes + 2, HEADERS);
	bytes[8] = 64;
	bytes[9] = IPPROTO_UDP;
	put32(bytes + 12, answer ? server : client);
	put32(bytes + 16, answer ? client : server);
	put16(bytes + 20, answer ? 53 : port);
	put16(bytes + 22, answer ? port : 53);
	put16(bytes + 24, HEADERS - 20);
}

/* All requests, then all answers: neighbours in time are not neighbours in memory. */
static struct packet *packets_new(uint32_t flows)
{
	struct packet *packets = calloc(2 * (size_t)flows, sizeof(*packets));
	uint8_t *bytes = malloc(2 * (size_t)flows * HEADERS);
	uint32_t i;

	if (!packets || !bytes)
		die("no memory");
	for (i = 0; i < 2 * flows; i++) {
		write_packet(bytes + (size_t)i * HEADERS, i % flows, i >= flows);
		packets[i] = (struct packet){
			.data = bytes + (size_t)i * HEADERS,
			.captured = HEADERS,
			.length = HEADERS,
			.family = AF_INET,
			.hook = PACKET_HOOK_PREROUTING,
			.checksum = PACKET_CHECKSUM_VERIFIED,
			.ifin = 2,
		};
	}
	return packets;
}

static void replay(struct path_worker *w, struct queue_replay *source)
{
	static struct packet packets[QUEUE_BATCH_MAX];
	static struct packet_verdict verdicts[QUEUE_BATCH_MAX];
	struct queue_config cfg;
	char error[QUEUE_TEXT_MAX];
	struct queue *q;
	uint64_t now = clock_monotonic_ns();
	int n;

	queue_config_init(&cfg, 0);
	cfg.source = source;
	source->next = source->answered = 0;
	if (queue_open(&queue_replay, &cfg, &q, error) < 0)
		die(error);
	while ((n = queue_receive(q, packets, QUEUE_BATCH_MAX, now)) > 0) {
		path_batch(w, packets, verdicts, (unsigned int)n, now);
		if (queue_verdict(q, packets, verdicts, (unsigned int)n, 0) < 0)
			die("verdicts");
		rcu_quiet();
	}
	queue_close(q);
}

void __attribute__((noinline))
bench_later(struct path_worker *w, struct queue_replay *source, int rounds)
{
	while (rounds-- > 0)
		replay(w, source);
}

static double ns_since(uint64_t begin, double packets)
{
	return (double)(clock_monotonic_ns() - begin) / packets;
}

/* A rule that no packet of ours meets. */
static bool rule_add(struct rules_change *c, uint32_t i)
{
	uint8_t address[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
	struct ctlink_rule rule = { 0 };
	struct ctlink_statement *s;
	struct ctlink_match *m;

	if (ctlink_string_set(&rule.chain, "prerouting", strlen("prerouting"), NULL))
		return false;
	ctlink_mark(&rule, CTLINK_RULE_CHAIN);
	m = ctlink_rule_append_match(&rule, NULL);
	m->field = CTQ_FIELD_DST;
	ctlink_mark(m, CTLINK_MATCH_FIELD);
	ctlink_value_set_address(ctlink_match_append(m, NULL), CTLINK_VALUE_FIRST,
	                         address, sizeof(address));
	s = ctlink_rule_append_statement(&rule, NULL);
	s->kind = CTQ_STATEMENT_DROP;
	ctlink_mark(s, CTLINK_STATEMENT_KIND);
	return rules_change_rule_add(c, 1, &rule, NULL) == 0;
}

static struct rules *rules_make(uint32_t n)
{
	char name[] = "prerouting";
	struct ctlink_chain chain = { .name = name, .hook = PACKET_HOOK_PREROUTING };
	struct rules_change *c;
	struct rules *rules;
	uint32_t i;
	int err;

	chain.has = 1 << CTLINK_CHAIN_NAME | 1 << CTLINK_CHAIN_HOOK;
	rules = rules_new("forest", 1, NULL, &err);
	c = rules ? rules_change_new(rules, &err) : NULL;
	if (!c || (n && rules_change_chain_set(c, 1, &chain, NULL)))
		die("no rules");
	for (i = 0; i < n; i++)
		if (!rule_add(c, i))
			die("no memory for rules");
	if (rules_change_build(c, NULL))
		die("no memory for rules");
	rules_change_commit(c, 0, 0);
	rules_change_destroy(c);
	return rules;
}

static struct path *path_make(struct flow_table **flows, uint32_t max, uint32_t n_rules)
{
	struct siphash_key key = { { 3, 4 } };
	struct flow_table_config table;
	struct path_config cfg;
	struct rules *rules;
	struct path *path = NULL;
	int err;

	flow_table_config_init(&table);
	table.workers = 1;
	table.max = max;
	*flows = flow_table_new(&table, &key, &err);
	rules = rules_make(n_rules);
	path_config_init(&cfg);
	cfg.confirm_at_entry = true;
	if (*flows && rules)
		path = path_new(&cfg, *flows, rules, 1);
	if (!path)
		die("no memory");
	return path;
}

int main(int argc, char **argv)
{
	struct queue_replay source = { 0 };
	struct path_worker *w;
	struct flow_table *flows;
	uint32_t n = argc >= 3 ? (uint32_t)atol(argv[1]) : 0;
	int rounds = argc >= 3 ? atoi(argv[2]) : 0;
	uint32_t n_rules = argc == 4 ? (uint32_t)atol(argv[3]) : 0;
	uint64_t begin;

	if (n < 1 || n > FLOWS_MAX || rounds < 1) {
		fprintf(stderr,
		        "usage: bench-replay FLOWS ROUNDS [RULES]   (FLOWS to %d)\n",
		        FLOWS_MAX);
		return 2;
	}
	urcu_qsbr_register_thread();
	w = path_worker(path_make(&flows, n + n / 8 + 64, n_rules), 0);
	source.packets = packets_new(n);
	source.n = 2 * n;
	source.answers = calloc(source.n, sizeof(*source.answers));
	if (!source.answers)
		die("no memory");
	begin = clock_monotonic_ns();
	replay(w, &source);
	printf("first %.0f\n", ns_since(begin, source.n));
	begin = clock_monotonic_ns();
	bench_later(w, &source, rounds);
	printf("later %.0f\n", ns_since(begin, (double)source.n * rounds));
	return 0;
}
