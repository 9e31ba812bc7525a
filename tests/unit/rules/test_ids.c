/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ids of rules count up, and begin again where nobody has one. */
#include "rules/rules_priv.h"
#include "rules_fixture.h"

static void expect_ids(struct rules *rules, const uint32_t wanted[3])
{
	struct ctlink_rule rule;
	uint32_t i;

	for (i = 0; i < 3; i++) {
		cr_assert(ruleset_rule_read(rules_peek(rules), i, 0, &rule));
		cr_expect_eq(rule.id, wanted[i], "%u, not %u", rule.id, wanted[i]);
	}
}

static void load_three(struct rules *rules)
{
	cr_assert_eq(
		rules_load(rules, "chain prerouting {\naccept\naccept\naccept\n}", NULL),
		0);
}

Test(ids, begin_again_behind_the_last_one_there_is)
{
	struct rules *rules = rules_of("linear", "chain a {\naccept\naccept\naccept\n}");

	expect_ids(rules, (const uint32_t[]){ 1, 2, 3 });
	rules->ids.next = UINT32_MAX;
	load_three(rules);
	expect_ids(rules, (const uint32_t[]){ UINT32_MAX, 4, 5 });
	load_three(rules);
	expect_ids(rules, (const uint32_t[]){ 6, 7, 8 });
	rules->ids.end = rules->ids.next = 3; /* as if another range ended there */
	load_three(rules);
	expect_ids(rules, (const uint32_t[]){ 9, 10, 11 });
	rules_destroy(rules);
}
