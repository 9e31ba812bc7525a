/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask_all.h - a rule set that asks about all that enters, for tests of what is behind the rules
 */
#ifndef TESTS_UNIT_RULES_ASK_ALL_H
#define TESTS_UNIT_RULES_ASK_ALL_H

#include <criterion/criterion.h>

#include "ctlink/rule.h"
#include "packet/packet.h"
#include "rules/rules.h"

static inline void rules_ask_all(struct rules *rules)
{
	struct ctlink_chain chain = { .hook = PACKET_HOOK_PREROUTING,
		                      .policy = CTQ_VERDICT_ACCEPT };
	struct ctlink_rule rule = { .has = 0 };
	struct ctlink_statement *statement;
	struct rules_change *c;
	struct rules_error e;
	int err;

	cr_assert_eq(ctlink_string_set(&chain.name, "in", 2, NULL), 0);
	ctlink_mark(&chain, CTLINK_CHAIN_NAME);
	ctlink_mark(&chain, CTLINK_CHAIN_HOOK);
	ctlink_mark(&chain, CTLINK_CHAIN_POLICY);
	cr_assert_eq(ctlink_string_set(&rule.chain, "in", 2, NULL), 0);
	ctlink_mark(&rule, CTLINK_RULE_CHAIN);
	statement = ctlink_rule_append_statement(&rule, NULL);
	statement->kind = CTQ_STATEMENT_ASK;
	ctlink_mark(statement, CTLINK_STATEMENT_KIND);
	c = rules_change_new(rules, &err);
	cr_assert_eq(rules_change_chain_set(c, 1, &chain, &e), 0);
	cr_assert_eq(rules_change_rule_add(c, 2, &rule, &e), 0, "%s", e.error.text);
	cr_assert_eq(rules_change_build(c, &e), 0);
	rules_change_commit(c, 1, 1);
	rules_change_destroy(c);
	ctlink_chain_fini(&chain, NULL);
	ctlink_rule_fini(&rule, NULL);
}

#endif
