/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

#include "ctlink/rule.h"

#include "help.h"

/* ---- statements -------------------------------------------------------------------- */

/* A statement: kind, then value, mask and string where they are not NULL. */
struct statement {
	uint16_t kind;
	const uint32_t *value, *mask;
	const char *string;
};

static const uint32_t one = 1, two = 2, low = 0xff;

static void statement_add(struct ctlink_rule *rule, const struct statement *row)
{
	struct ctlink_statement *s = ctlink_rule_append_statement(rule, NULL);

	s->kind = row->kind;
	ctlink_mark(s, CTLINK_STATEMENT_KIND);
	if (row->value) {
		s->value = *row->value;
		ctlink_mark(s, CTLINK_STATEMENT_VALUE);
	}
	if (row->mask) {
		s->mask = *row->mask;
		ctlink_mark(s, CTLINK_STATEMENT_MASK);
	}
	if (row->string) {
		cr_assert_eq(ctlink_string_set(&s->string, row->string,
		                               strlen(row->string), NULL),
		             0);
		ctlink_mark(s, CTLINK_STATEMENT_STRING);
	}
}

static void rule_fill(struct ctlink_rule *rule)
{
	memset(rule, 0, sizeof(*rule));
	cr_assert_eq(ctlink_string_set(&rule->chain, "input", 5, NULL), 0);
	ctlink_mark(rule, CTLINK_RULE_CHAIN);
}

static int exchange(const struct ctlink_rule *rule, uint8_t message, uint16_t flags,
                    struct ctlink_error *error)
{
	struct ctlink_header header = { .type = CTLINK_TYPE(CTQ_SUBSYS_RULES, message),
		                        .flags = NLM_F_REQUEST | flags };
	struct ctlink_rule parsed = { .has = 0 };
	struct ctlink_message m;
	int err;

	memset(error, 0, sizeof(*error));
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_rule_build(&m, &header, rule), 0);
	err = ctlink_rule_parse((struct nlmsghdr *)m.data, &parsed, NULL, error);
	ctlink_rule_fini(&parsed, NULL);
	ctlink_message_fini(&m);
	return err;
}

Test(rule, statements_have_what_they_need)
{
	static const struct {
		struct statement statements[3];
		uint32_t n;
		const char *error;
	} rows[] = {
		{ { { 0 } }, 0, NULL },
		{ { { CTQ_STATEMENT_ACCEPT } }, 1, NULL },
		{ { { CTQ_STATEMENT_DROP } }, 1, NULL },
		{ { { CTQ_STATEMENT_COUNT }, { CTQ_STATEMENT_RETURN } }, 2, NULL },
		{ { { CTQ_STATEMENT_JUMP, NULL, NULL, "web" } }, 1, NULL },
		{ { { CTQ_STATEMENT_MARK, &one }, { CTQ_STATEMENT_CTMARK, &one, &low } },
		  2,
		  NULL },
		{ { { CTQ_STATEMENT_MARK } }, 1, "'mark' lacks its value" },
		{ { { CTQ_STATEMENT_JUMP } }, 1, "'jump' lacks its chain" },
		{ { { CTQ_STATEMENT_JUMP, NULL, NULL, "" } },
		  1,
		  "CTQA_STATEMENT_STRING" },
		{ { { CTQ_STATEMENT_ACCEPT, &one } }, 1, "'accept' has no such" },
		{ { { CTQ_STATEMENT_DROP, NULL, NULL, "x" } }, 1, "'drop' has no such" },
		{ { { CTQ_STATEMENT_MARK, &two, &one } }, 1, "outside of its mask: 0x2" },
		{ { { CTQ_STATEMENT_NONE } }, 1, "statement 0 is not known" },
		{ { { 99 } }, 1, "statement 99 is not known" },
		{ { { CTQ_STATEMENT_ACCEPT }, { CTQ_STATEMENT_COUNT } },
		  2,
		  "behind 'accept'" },
		{ { { CTQ_STATEMENT_COUNT },
		    { CTQ_STATEMENT_JUMP, NULL, NULL, "a" },
		    { CTQ_STATEMENT_DROP } },
		  3,
		  "behind 'jump'" },
		{ { { CTQ_STATEMENT_REJECT }, { CTQ_STATEMENT_COUNT } },
		  2,
		  "behind 'reject'" },
		{ { { CTQ_STATEMENT_LOG }, { CTQ_STATEMENT_OFFLOAD } }, 2, NULL },
		{ { { CTQ_STATEMENT_LOG }, { CTQ_STATEMENT_ASK } }, 2, NULL },
		{ { { CTQ_STATEMENT_ASK }, { CTQ_STATEMENT_COUNT } }, 2, "behind 'ask'" },
		{ { { CTQ_STATEMENT_LOG, NULL, NULL, "prefix" } }, 1, NULL },
		{ { { CTQ_STATEMENT_LIMIT } }, 1, "'limit' lacks its value" },
		{ { { CTQ_STATEMENT_LIMIT, &one } }, 1, "'limit' lacks its value" },
	};
	struct ctlink_error error;
	struct ctlink_rule rule;
	uint32_t j;
	size_t i;
	int err;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rule_fill(&rule);
		for (j = 0; j < rows[i].n; j++)
			statement_add(&rule, &rows[i].statements[j]);
		err = exchange(&rule, CTQ_MSG_RULE_NEW, 0, &error);
		cr_assert_eq(err, rows[i].error ? -EINVAL : 0, "row %zu: %s", i,
		             error.text);
		if (rows[i].error) {
			cr_assert(strstr(error.text, rows[i].error), "row %zu: %s", i,
			          error.text);
			cr_assert_gt(error.offset, 20);
		}
		ctlink_rule_fini(&rule, NULL);
	}
}

#define HAS(bit) (UINT64_C(1) << CTLINK_STATEMENT_##bit)
#define RATE     HAS(RATE) | HAS(PERIOD)

Test(rule, limits_and_logs_have_members_in_range)
{
	static const struct {
		struct ctlink_statement s;
		uint16_t attr;
		const char *error; /* NULL: it is right */
	} rows[] = {
#define LIMIT(bits, what, ...)                                \
	{ .has = HAS(KIND) | HAS(VALUE) | HAS(RATE) | (bits), \
	  .kind = CTQ_STATEMENT_LIMIT,                        \
	  .value = (what),                                    \
	  __VA_ARGS__ }
#define LOG(bits, ...)                                                            \
	{                                                                         \
		.has = HAS(KIND) | (bits), .kind = CTQ_STATEMENT_LOG, __VA_ARGS__ \
	}
		{ LIMIT(RATE, CTQ_LIMIT_RATE, .rate = 1, .period = 60), 0, NULL },
		{ LIMIT(RATE, CTQ_LIMIT_RATE, .rate = 0, .period = 60),
		  CTQA_STATEMENT_RATE, "the rate of 'limit' is 0" },
		{ LIMIT(RATE, CTQ_LIMIT_RATE, .rate = 1, .period = 61),
		  CTQA_STATEMENT_PERIOD, "is no second, minute, hour or day" },
		{ LIMIT(0, CTQ_LIMIT_RATE, .rate = 1), CTQA_STATEMENT_PERIOD,
		  "the period of 'limit' is missing" },
		{ LIMIT(RATE | HAS(BURST), CTQ_LIMIT_RATE, .rate = 1, .period = 1),
		  CTQA_STATEMENT_BURST, "the burst of 'limit' is 0" },
		{ LIMIT(RATE, 5, .rate = 1, .period = 1), CTQA_STATEMENT_VALUE,
		  "is not known" },
		{ LIMIT(0, CTQ_LIMIT_CONNECTIONS, .rate = 7), 0, NULL },
		{ LIMIT(0, CTQ_LIMIT_RULE_CONNECTIONS, .rate = 7), 0, NULL },
		{ LIMIT(HAS(FLAGS), CTQ_LIMIT_RULE_CONNECTIONS, .rate = 7,
		        .flags = CTQ_LIMIT_OVER),
		  CTQA_STATEMENT_FLAGS, "are not for what a rule has let in" },
		{ LIMIT(RATE, CTQ_LIMIT_CONNECTIONS, .rate = 7, .period = 1),
		  CTQA_STATEMENT_PERIOD, "is for rates only" },
		{ LIMIT(RATE | HAS(PREFIX4), CTQ_LIMIT_RATE, .rate = 7, .period = 1),
		  CTQA_STATEMENT_PREFIX4, "is for rates of sources only" },
		{ LIMIT(RATE | HAS(PREFIX4), CTQ_LIMIT_SOURCE_RATE, .rate = 7,
		        .period = 1, .prefix4 = 33),
		  CTQA_STATEMENT_PREFIX4, "is above 32" },
		{ LIMIT(RATE | HAS(PREFIX6), CTQ_LIMIT_SOURCE_RATE, .rate = 7,
		        .period = 1, .prefix6 = 129),
		  CTQA_STATEMENT_PREFIX6, "is above 128" },
		{ LOG(HAS(LEVEL) | HAS(EVERY), .level = 3, .every = 1), 0, NULL },
		{ LOG(HAS(LEVEL), .level = 2), CTQA_STATEMENT_LEVEL,
		  "is not from 3 (error) to 7 (debug)" },
		{ LOG(HAS(EVERY)), CTQA_STATEMENT_EVERY, "is 0" },
		{ LOG(HAS(EVERY) | RATE, .every = 1, .rate = 1, .period = 1),
		  CTQA_STATEMENT_EVERY, "exclude each other" },
		{ LOG(HAS(BURST), .burst = 1), CTQA_STATEMENT_BURST,
		  "is for rates only" },
		{ LOG(HAS(PERIOD), .period = 1), CTQA_STATEMENT_RATE, "is missing" },
#undef LIMIT
#undef LOG
	};
	struct ctlink_error error;
	uint16_t attr;
	size_t i;
	int err;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error = (struct ctlink_error){ 0 };
		err = ctlink_statement_check(&rows[i].s, &attr, &error);
		cr_assert_eq(err, rows[i].error ? -EINVAL : 0, "row %zu: %s", i,
		             error.text);
		if (!rows[i].error)
			continue;
		cr_assert(strstr(error.text, rows[i].error), "row %zu: %s", i,
		          error.text);
		cr_assert_eq(attr, rows[i].attr, "row %zu: %u", i, attr);
	}
}

/* ---- rules ------------------------------------------------------------------------- */

Test(rule, is_named_by_chain_or_id)
{
	struct ctlink_rule rule = { .has = 0 };
	struct ctlink_error error;

	cr_assert_eq(exchange(&rule, CTQ_MSG_RULE_NEW, 0, &error), -EINVAL);
	cr_assert(strstr(error.text, "CTQA_RULE_CHAIN is missing"));
	cr_assert_eq(exchange(&rule, CTQ_MSG_RULE_NEW, NLM_F_REPLACE, &error), -EINVAL);
	cr_assert(strstr(error.text, "CTQA_RULE_ID is missing"));
	cr_assert_eq(exchange(&rule, CTQ_MSG_RULE_DEL, 0, &error), -EINVAL);
	cr_assert(strstr(error.text, "CTQA_RULE_ID is missing"));
	rule.id = 7;
	ctlink_mark(&rule, CTLINK_RULE_ID);
	cr_assert_eq(exchange(&rule, CTQ_MSG_RULE_DEL, 0, &error), 0);
	cr_assert_eq(exchange(&rule, CTQ_MSG_RULE_NEW, NLM_F_REPLACE, &error), 0);
}

Test(rule, lists_have_limits)
{
	struct ctlink_rule rule;
	uint32_t i;

	rule_fill(&rule);
	for (i = 0; i < CTQ_RULE_MATCHES_MAX; i++)
		cr_assert_not_null(ctlink_rule_append_match(&rule, NULL));
	cr_assert_null(ctlink_rule_append_match(&rule, NULL));
	cr_assert_eq(errno, E2BIG);
	for (i = 0; i < CTQ_RULE_STATEMENTS_MAX; i++)
		cr_assert_not_null(ctlink_rule_append_statement(&rule, NULL));
	cr_assert_null(ctlink_rule_append_statement(&rule, NULL));
	ctlink_rule_fini(&rule, NULL);
}

/* A message with one statement too many: our builder would not make it. */
Test(rule, a_list_above_its_limit_is_refused)
{
	struct ctlink_header header = { .type = CTLINK_TYPE(CTQ_SUBSYS_RULES,
		                                            CTQ_MSG_RULE_NEW) };
	struct ctlink_rule parsed = { .has = 0 };
	struct ctlink_error error;
	struct ctlink_message m;
	uint32_t i, nest;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	ctlink_message_begin(&m, &header);
	for (i = 0; i <= CTQ_RULE_STATEMENTS_MAX; i++) {
		nest = ctlink_message_nest_begin(&m, CTQA_RULE_STATEMENT);
		ctlink_message_put_u16(&m, CTQA_STATEMENT_KIND, CTQ_STATEMENT_COUNT);
		ctlink_message_nest_end(&m, nest);
	}
	cr_assert_eq(ctlink_message_end(&m), 0);
	cr_assert_eq(ctlink_rule_parse((struct nlmsghdr *)m.data, &parsed, NULL, &error),
	             -E2BIG);
	cr_assert_eq(error.offset, 20 + 12 * CTQ_RULE_STATEMENTS_MAX);
	ctlink_rule_fini(&parsed, NULL);
	ctlink_message_fini(&m);
}

Test(rule, names_that_are_too_long_are_not_built)
{
	struct ctlink_header header = { .type = CTLINK_TYPE(CTQ_SUBSYS_RULES,
		                                            CTQ_MSG_RULE_NEW) };
	char name[CTQ_NAME_MAX + 1];
	struct ctlink_rule rule = { .name = name };
	struct ctlink_message m;

	memset(name, 'x', sizeof(name));
	name[CTQ_NAME_MAX] = '\0';
	ctlink_mark(&rule, CTLINK_RULE_NAME);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_rule_build(&m, &header, &rule), -EINVAL);
	name[CTQ_NAME_MAX - 1] = '\0';
	cr_assert_eq(ctlink_rule_build(&m, &header, &rule), 0);
	ctlink_message_fini(&m);
}

/* ---- chains ------------------------------------------------------------------------ */

Test(rule, chains_have_a_policy_at_a_hook_only)
{
	static const struct {
		int hook, policy; /* -1: not there */
		const char *error;
	} rows[] = {
		{ -1, -1, NULL },
		{ NF_INET_LOCAL_IN, -1, NULL },
		{ NF_INET_POST_ROUTING, CTQ_VERDICT_ACCEPT, NULL },
		{ NF_INET_PRE_ROUTING, CTQ_VERDICT_DROP, NULL },
		{ 5, -1, "hook 5" },
		{ -1, CTQ_VERDICT_DROP, "without hook" },
		{ NF_INET_FORWARD, CTQ_VERDICT_NONE, "policy 0" },
		{ NF_INET_FORWARD, 3, "policy 3" },
	};
	struct ctlink_header header = { .type = CTLINK_TYPE(CTQ_SUBSYS_RULES,
		                                            CTQ_MSG_CHAIN_NEW) };
	struct ctlink_chain chain, parsed;
	struct ctlink_error error;
	struct ctlink_message m;
	char name[] = "input";
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		chain = (struct ctlink_chain){ .has = 1 << CTLINK_CHAIN_NAME,
			                       .name = name };
		if (rows[i].hook >= 0) {
			chain.hook = (uint8_t)rows[i].hook;
			ctlink_mark(&chain, CTLINK_CHAIN_HOOK);
		}
		if (rows[i].policy >= 0) {
			chain.policy = (uint8_t)rows[i].policy;
			ctlink_mark(&chain, CTLINK_CHAIN_POLICY);
		}
		ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
		cr_assert_eq(ctlink_chain_build(&m, &header, &chain), 0);
		memset(&parsed, 0, sizeof(parsed));
		cr_assert_eq(ctlink_chain_parse((struct nlmsghdr *)m.data, &parsed, NULL,
		                                &error),
		             rows[i].error ? -EINVAL : 0, "row %zu: %s", i, error.text);
		if (rows[i].error)
			cr_assert(strstr(error.text, rows[i].error), "%s", error.text);
		ctlink_chain_fini(&parsed, NULL);
		ctlink_message_fini(&m);
	}
}

/* ---- rule sets --------------------------------------------------------------------- */

Test(rule, sets_own_what_is_in_them)
{
	struct help_memory memory;
	struct ctlink_ruleset set;
	struct ctlink_chain *chain;
	struct ctlink_match *match;
	struct ctlink_rule *rule;
	int i;

	help_memory_init(&memory, SIZE_MAX);
	ctlink_ruleset_init(&set, &memory.memory);
	for (i = 0; i < 100; i++) {
		chain = ctlink_ruleset_append_chain(&set);
		cr_assert_eq(ctlink_string_set(&chain->name, "a", 1, &memory.memory), 0);
		rule = ctlink_ruleset_append_rule(&set);
		cr_assert_eq(ctlink_string_set(&rule->chain, "a", 1, &memory.memory), 0);
		match = ctlink_rule_append_match(rule, &memory.memory);
		cr_assert_not_null(ctlink_match_append(match, &memory.memory));
		cr_assert_not_null(ctlink_rule_append_statement(rule, &memory.memory));
	}
	cr_assert_eq(set.rules.length, 100);
	cr_assert_str_eq(ctlink_ruleset_chain(&set, 99)->name, "a");
	ctlink_ruleset_fini(&set);
	cr_assert_eq(memory.live, 0);
}
