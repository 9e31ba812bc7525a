/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the forest promises beside right answers, which are the model's to check. */
#include "rules/rules_priv.h"
#include "rules_fixture.h"

/* A chain of @n rules made by @each. */
static struct rules *rules_many(uint32_t n, void (*each)(FILE *f, uint32_t i))
{
	struct rules *rules;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	uint32_t i;

	fputs("chain prerouting {\n", f);
	for (i = 0; i < n; i++)
		each(f, i);
	fputs("}\n", f);
	fclose(f);
	rules = rules_of("forest", text);
	free(text);
	return rules;
}

static uint32_t decides(struct rules *rules, const char *packet)
{
	const struct ruleset *rs = rules_peek(rules);
	struct rule_key key = key_of(packet);

	return rs->backend->classify(rs->chains[0].matcher, &key, 0);
}

static void everywhere(FILE *f, uint32_t i)
{
	/* wide, and across each other: no cut tells them apart */
	fprintf(f, "udp sport %u-65535 dport 0-%u ttl %u accept\n", i % 1000,
	        65535 - i % 1000, i % 256);
}

/* F2: boxes that cannot be told apart become a leaf, and no more memory than that. */
Test(forest, memory_is_bounded_where_cutting_is_no_help)
{
	struct rules *rules = rules_many(20000, everywhere);
	const struct ruleset *rs = rules_peek(rules);
	size_t boxes = 20000, bytes = rs->backend->memory(rs->chains[0].matcher);

	/* for both families; arrays have room to grow twice */
	cr_assert_lt(bytes, 2 * 2 * 8 * boxes * 64, "%zu", bytes);
	cr_assert_eq(decides(rules, "udp 1.1.1.1 5000 2.2.2.2 10 ttl 7"), 7);
	rules_destroy(rules);
}

static void one_of_many(FILE *f, uint32_t i)
{
	fprintf(f, "src 10.%u.%u.0/24 udp dport %u drop\n", i / 256, i % 256, i % 100);
}

Test(forest, a_packet_without_addresses_is_judged_too)
{
	struct rules *rules = rules_of("forest", "chain prerouting { src 0.0.0.0/0 drop\n"
	                                         "proto 0 drop; length 5 accept }");
	const struct ruleset *rs = rules_peek(rules);
	struct rule_key key;

	rule_key_init(&key, PACKET_HOOK_PREROUTING, AF_INET);
	cr_assert_eq(rs->backend->classify(rs->chains[0].matcher, &key, 0), UINT32_MAX);
	key.length = 5;
	key.present |= RULE_KEY_BIT(LENGTH);
	cr_assert_eq(rs->backend->classify(rs->chains[0].matcher, &key, 0), 2);
	rules_destroy(rules);
}

Test(forest, sets_that_are_too_large_for_boxes_are_right_all_the_same)
{
	struct rules *rules = rules_of(
		"forest", "chain prerouting {\n"
			  "dport { 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, "
			  "27, 29, 31, 33, 35 } src { 10.0.0.0/24, 10.0.2.0/24, "
			  "2001:db8::/48, 2001:db8:2::/48 } accept }");

	cr_assert_eq(decides(rules, "udp 10.0.0.1 1 1.1.1.1 35"), 0);
	cr_assert_eq(decides(rules, "udp 10.0.1.1 1 1.1.1.1 35"), UINT32_MAX);
	cr_assert_eq(decides(rules, "udp 10.0.2.1 1 1.1.1.1 34"), UINT32_MAX);
	cr_assert_eq(decides(rules, "udp 2001:db8:2::1 1 ::1 1"), 0);
	cr_assert_eq(decides(rules, "udp 2001:db8:1::1 1 ::1 1"), UINT32_MAX);
	rules_destroy(rules);
}

Test(forest, thousands_of_rules_are_told_apart)
{
	struct rules *rules = rules_many(20000, one_of_many);

	cr_assert_eq(decides(rules, "udp 10.0.0.9 1 1.1.1.1 0"), 0);
	cr_assert_eq(decides(rules, "udp 10.78.31.9 1 1.1.1.1 99"), 19999);
	cr_assert_eq(decides(rules, "udp 10.78.31.9 1 1.1.1.1 98"), UINT32_MAX);
	cr_assert_eq(decides(rules, "udp 10.78.32.9 1 1.1.1.1 99"), UINT32_MAX);
	rules_destroy(rules);
}
