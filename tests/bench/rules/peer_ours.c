/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peer_ours.c - a backend of ours, PEER_BACKEND
 *
 * With PEER_WHOLE all that the daemon does for a packet that is judged: evaluation of
 * statements, verdict, counters; without, what a backend does alone.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/rcu.h"
#include "rules/backend.h"
#include "rules/rules.h"
#include "rules/rules_priv.h"
#include "tests/bench/rules/generate_rule.h"
#include "tests/bench/rules/peer.h"

static struct rules *rules;
static struct rules_change *change;
static struct rule_key *keys;
static uint32_t n_rules;

/* ---- rules ----------------------------------------------------------------------- */

static bool rule_add(const struct generated_rule *g)
{
	struct ctlink_statement *s;
	struct ctlink_rule rule = { 0 };

	if (!generate_rule(g, &rule))
		return false;
	s = ctlink_rule_append_statement(&rule, NULL);
	s->kind = CTQ_STATEMENT_ACCEPT;
	ctlink_mark(s, CTLINK_STATEMENT_KIND);
	return rules_change_rule_add(change, 1, &rule, NULL) == 0;
}

static bool ours_create(const struct generated_rule *list, uint32_t n)
{
	struct ctlink_chain chain = { .hook = PACKET_HOOK_PREROUTING };
	char name[] = "prerouting";
	uint32_t i;
	int err;

	urcu_qsbr_register_thread();
	rules = rules_new(PEER_BACKEND, 1, NULL, &err);
	if (!rules)
		return false;
	change = rules_change_new(rules, &err);
	chain.name = name;
	chain.has = 1 << CTLINK_CHAIN_NAME | 1 << CTLINK_CHAIN_HOOK;
	if (!change || rules_change_chain_set(change, 1, &chain, NULL))
		return false;
	for (i = 0; i < n; i++) {
		if (!rule_add(&list[i]))
			return false;
	}
	n_rules = n;
	return true;
}

static bool ours_build(void)
{
	if (rules_change_build(change, NULL))
		return false;
	rules_change_commit(change, 0, 0);
	rules_change_destroy(change);
	change = NULL;
	return true;
}

static size_t ours_bytes(void)
{
	const struct ruleset *rs = rules_peek(rules);

	return rs->backend->memory(rs->chains[0].matcher);
}

/* One rule goes and comes back at the end, as a whole new generation. */
static bool ours_update(void)
{
	struct generated_rule again = { .src = 0x01020304,
		                        .src_length = 32,
		                        .dport = { 1, 1 },
		                        .sport = { 0, 65535 },
		                        .proto = IPPROTO_TCP };
	int err;

	change = rules_change_new(rules, &err);
	if (!change || !rule_add(&again))
		return false;
	if (rules_change_rule_delete(change, 1, rules_peek(rules)->rule[n_rules - 1]->id,
	                             NULL))
		return false;
	return ours_build();
}

/* ---- packets --------------------------------------------------------------------- */

static bool ours_prepare(const struct generated_packet *packets, uint32_t n)
{
	uint32_t i, wire;
	struct tuple t;

	keys = (struct rule_key *)malloc(n * sizeof(*keys));
	for (i = 0; keys && i < n; i++) {
		tuple_clear(&t);
		t.l3 = AF_INET;
		t.l4 = packets[i].proto;
		wire = htonl(packets[i].src);
		memcpy(t.src, &wire, 4);
		wire = htonl(packets[i].dst);
		memcpy(t.dst, &wire, 4);
		t.src_id = htons(packets[i].sport);
		t.dst_id = htons(packets[i].dport);
		rule_key_init(&keys[i], PACKET_HOOK_PREROUTING, AF_INET);
		rule_key_set_tuple(&keys[i], &t);
	}
	return keys != NULL;
}

#ifdef PEER_WHOLE
static void ours_classify(uint32_t from, uint32_t n, uint32_t *results)
{
	struct rules_worker *w = rules_worker(rules, 0);
	const struct ruleset *rs = rules_peek(rules);
	struct rule_verdict v;
	uint32_t i;

	for (i = 0; i < n; i++) {
		ruleset_classify(rs, &keys[from + i], w, 100, 1, &v);
		results[i] = v.id - 1; /* ids begin at 1; 0: the policy */
	}
}
#else
static void ours_classify(uint32_t from, uint32_t n, uint32_t *results)
{
	const struct ruleset *rs = rules_peek(rules);
	const void *matcher = rs->chains[0].matcher;
	uint32_t i;

	for (i = 0; i < n; i++)
		results[i] = rs->backend->classify(matcher, &keys[from + i], 0);
}
#endif

const struct classifier_peer classifier_peer = {
#ifdef PEER_WHOLE
	.name = PEER_BACKEND ", whole",
#else
	.name = PEER_BACKEND,
#endif
	.create = ours_create,
	.build = ours_build,
	.prepare = ours_prepare,
	.classify = ours_classify,
	.bytes = ours_bytes,
	.update = ours_update,
};
