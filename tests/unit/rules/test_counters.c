/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hits, packets and bytes, and what becomes of them when rules change. */
#include <errno.h>

#include "rules_fixture.h"

static void meet(struct rules *rules, uint16_t worker, const char *packet, uint32_t bytes,
                 uint32_t now_s, struct rule_verdict *v)
{
	struct rule_key key = key_of(packet);

	ruleset_classify(rules_peek(rules), &key, rules_worker(rules, worker), bytes,
	                 now_s * 1000000000ull, v);
}

static struct ctlink_rule rule_at(struct rules *rules, uint32_t n, uint32_t now_s)
{
	struct ctlink_rule rule;

	cr_assert(ruleset_rule_read(rules_peek(rules), n, now_s, &rule));
	return rule;
}

static void expect_rule(struct rules *rules, uint32_t n, uint64_t hits, uint64_t packets,
                        uint64_t bytes)
{
	struct ctlink_rule rule = rule_at(rules, n, 0);

	cr_expect_eq(rule.hits, hits, "rule %u: %lu hits", n, (unsigned long)rule.hits);
	cr_expect_eq(rule.packets, packets, "rule %u: %lu packets", n,
	             (unsigned long)rule.packets);
	cr_expect_eq(rule.bytes, bytes, "rule %u: %lu bytes", n,
	             (unsigned long)rule.bytes);
}

Test(counters, are_summed_over_workers_and_know_the_last_hit)
{
	struct rules *rules =
		rules_of("linear", "chain prerouting { dport 1 drop; dport 2 drop }");
	struct rule_verdict v;
	struct ctlink_rule rule;

	cr_assert_not(
		ctlink_has((rule = rule_at(rules, 0, 100), &rule), CTLINK_RULE_LAST_HIT));
	meet(rules, 0, "udp 1.1.1.1 1 2.2.2.2 1", 100, 50, &v);
	meet(rules, 1, "udp 1.1.1.1 1 2.2.2.2 1", 200, 60, &v);
	rules_account(rules_worker(rules, 1), v.generation, v.index, 1000);
	expect_rule(rules, 0, 2, 3, 1300);
	expect_rule(rules, 1, 0, 0, 0);
	rule = rule_at(rules, 0, 100);
	cr_assert(ctlink_has(&rule, CTLINK_RULE_LAST_HIT));
	cr_assert_eq(rule.last_hit, 40);
	rules_destroy(rules);
}

Test(counters, of_every_rule_that_was_met)
{
	struct rules *rules =
		rules_of("linear", "chain prerouting { policy drop\n"
	                           "  dport 1 mark set 1\n"
	                           "  dport 1 jump web\n"
	                           "  dport 2 accept }\n"
	                           "chain web { counter; dport 1 return; drop }");
	struct ctlink_chain chain;
	struct rule_verdict v;

	meet(rules, 0, "udp 1.1.1.1 1 2.2.2.2 1", 10, 0, &v);
	cr_assert_eq(v.reason, CTQ_DROP_POLICY);
	expect_rule(rules, 0, 1, 1, 10);
	expect_rule(rules, 1, 1, 1, 10);
	expect_rule(rules, 2, 0, 0, 0);
	expect_rule(rules, 3, 1, 1, 10);
	expect_rule(rules, 4, 1, 1, 10);
	expect_rule(rules, 5, 0, 0, 0);
	cr_assert(ruleset_chain_read(rules_peek(rules), 0, &chain));
	cr_assert_eq(chain.packets, 1);
	cr_assert_eq(chain.bytes, 10);
	rules_account(rules_worker(rules, 0), v.generation, v.index, 90);
	cr_assert(ruleset_chain_read(rules_peek(rules), 0, &chain));
	cr_assert_eq(chain.packets, 2);
	cr_assert_eq(chain.bytes, 100);
	cr_assert(ruleset_chain_read(rules_peek(rules), 1, &chain));
	cr_assert_not(ctlink_has(&chain, CTLINK_CHAIN_PACKETS), "it has no policy");
	rules_destroy(rules);
}

Test(counters, asking_without_worker_counts_nothing)
{
	struct rules *rules = rules_of("linear", "chain prerouting { drop }");
	struct rule_key key = key_of("udp 1.1.1.1 1 2.2.2.2 1");
	struct rule_verdict v;

	ruleset_classify(rules_peek(rules), &key, NULL, 10, 0, &v);
	expect_rule(rules, 0, 0, 0, 0);
	rules_destroy(rules);
}

Test(counters, go_on_for_rules_that_stay)
{
	struct rules *rules =
		rules_of("linear", "chain prerouting { dport 1 drop; dport 2 drop }");
	struct rules_change *c;
	struct rules_error e;
	struct rule_verdict v;
	int err;

	meet(rules, 0, "udp 1.1.1.1 1 2.2.2.2 2", 10, 0, &v);
	c = rules_change_new(rules, &err);
	cr_assert_eq(rules_change_rule_delete(c, 1, rule_at(rules, 0, 0).id, &e), 0);
	cr_assert_eq(rules_change_build(c, &e), 0);
	rules_change_commit(c, 0, 0);
	rules_change_destroy(c);
	expect_rule(rules, 0, 1, 1, 10);
	rules_account(rules_worker(rules, 0), v.generation, v.index, 10);
	expect_rule(rules, 0, 1, 2, 20);
	rules_destroy(rules);
}

Test(counters, a_verdict_of_old_never_counts_for_another_rule)
{
	struct rules *rules = rules_of("linear", "chain prerouting { name old drop }");
	struct rule_verdict old, young;
	const char *name;
	uint32_t id;
	int i;

	meet(rules, 0, "udp 1.1.1.1 1 2.2.2.2 1", 10, 0, &old);
	cr_assert(rules_name_read(rules, old.generation, old.index, &id, &name));
	cr_assert_str_eq(name, "old");
	cr_assert_eq(id, old.id);
	for (i = 0; i < 3; i++) {
		cr_assert_eq(
			rules_load(rules, "chain prerouting { name young drop }", NULL),
			0);
		rcu_settle(); /* its index is free for the next load */
	}
	meet(rules, 0, "udp 1.1.1.1 1 2.2.2.2 1", 10, 0, &young);
	cr_assert_not(rules_name_read(rules, old.generation, old.index, &id, &name));
	rules_account(rules_worker(rules, 0), old.generation, old.index, 1000);
	expect_rule(rules, 0, 1, 1, 10);
	cr_assert(rules_name_read(rules, young.generation, young.index, &id, &name));
	cr_assert_str_eq(name, "young");
	rules_destroy(rules);
}

Test(counters, indexes_are_used_again_and_begin_at_zero)
{
	struct rules *rules = rules_of("linear", "chain prerouting { drop }");
	struct rule_verdict v;
	uint32_t most = 0;
	int i;

	for (i = 0; i < 100; i++) {
		meet(rules, 0, "udp 1.1.1.1 1 2.2.2.2 1", 10, 0, &v);
		expect_rule(rules, 0, 1, 1, 10);
		most = v.index > most ? v.index : most;
		cr_assert_eq(rules_load(rules, "chain prerouting { drop }", NULL), 0);
		rcu_settle();
	}
	cr_assert_lt(most, RULES_POLICIES + 4);
	rules_destroy(rules);
}

Test(counters, policies_are_never_named)
{
	struct rules *rules = rules_of("linear", "");
	const char *name;
	uint32_t id;

	cr_assert_not(rules_name_read(rules, 2, PACKET_HOOK_PREROUTING, &id, &name));
	cr_assert_not(rules_name_read(rules, 2, UINT32_MAX, &id, &name));
	rules_destroy(rules);
}
