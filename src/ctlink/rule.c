/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/rule.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

/* ---- statements -------------------------------------------------------------------- */

#define BIT(bit) (UINT64_C(1) << CTLINK_STATEMENT_##bit)

/* What each kind has beside KIND. */
static const struct statement_kind {
	uint16_t kind;
	uint64_t needs, may;
	bool last; /* nothing stands behind it */
	const char *name;
} statement_kinds[] = {
	{ CTQ_STATEMENT_ACCEPT, 0, 0, true, "accept" },
	{ CTQ_STATEMENT_DROP, 0, 0, true, "drop" },
	{ CTQ_STATEMENT_MARK, BIT(VALUE), BIT(MASK), false, "mark" },
	{ CTQ_STATEMENT_CTMARK, BIT(VALUE), BIT(MASK), false, "ctmark" },
	{ CTQ_STATEMENT_COUNT, 0, 0, false, "count" },
	{ CTQ_STATEMENT_JUMP, BIT(STRING), 0, true, "jump" },
	{ CTQ_STATEMENT_RETURN, 0, 0, true, "return" },
};

static const struct statement_kind *kind_find(uint16_t kind)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(statement_kinds); i++) {
		if (statement_kinds[i].kind == kind)
			return &statement_kinds[i];
	}
	return NULL;
}

/* The attribute of the lowest bit of @bits: where a fault is shown. */
static uint16_t attr_of(uint64_t bits)
{
	if (bits & BIT(VALUE))
		return CTQA_STATEMENT_VALUE;
	if (bits & BIT(MASK))
		return CTQA_STATEMENT_MASK;
	return CTQA_STATEMENT_STRING;
}

static int statement_check(struct ctlink_parser *p, const struct nlattr *nest,
                           void *value)
{
	const struct ctlink_statement *statement = value;
	const struct statement_kind *kind = kind_find(statement->kind);
	uint64_t lacks, excess;

	if (!kind)
		return ctlink_parser_fail(
			p, -EINVAL, ctlink_parser_find(p, nest, CTQA_STATEMENT_KIND, 0),
			"statement %u is not known", statement->kind);
	lacks = kind->needs & ~statement->has;
	if (lacks)
		return ctlink_parser_fail(p, -EINVAL, nest, "'%s' lacks its %s",
		                          kind->name,
		                          lacks & BIT(STRING) ? "chain" : "value");
	excess = statement->has & ~(BIT(KIND) | kind->needs | kind->may);
	if (excess)
		return ctlink_parser_fail(p, -EINVAL,
		                          ctlink_parser_find(p, nest, attr_of(excess), 0),
		                          "'%s' has no such attribute", kind->name);
	if ((statement->has & BIT(MASK)) && (statement->value & ~statement->mask))
		return ctlink_parser_fail(
			p, -EINVAL, ctlink_parser_find(p, nest, CTQA_STATEMENT_VALUE, 0),
			"'%s' sets bits outside of its mask: 0x%x", kind->name,
			statement->value & ~statement->mask);
	return 0;
}

#define STATEMENT(type, kind, member, bit, ...)                                          \
	CTLINK_ATTR(type, kind, struct ctlink_statement, member, CTLINK_STATEMENT_##bit, \
	            __VA_ARGS__)

static const struct ctlink_attr statement_attrs[] = {
	STATEMENT(CTQA_STATEMENT_KIND, CTLINK_U16, kind, KIND, .flags = CTLINK_REQUIRED),
	STATEMENT(CTQA_STATEMENT_VALUE, CTLINK_U32, value, VALUE),
	STATEMENT(CTQA_STATEMENT_MASK, CTLINK_U32, mask, MASK),
	STATEMENT(CTQA_STATEMENT_STRING, CTLINK_STRING, string, STRING, .min = 1,
	          .max = CTQ_NAME_MAX),
};
static const struct ctlink_layout statement_layout = CTLINK_LAYOUT(
	"CTQA_RULE_STATEMENT", statement_attrs,
	.item_size = sizeof(struct ctlink_statement), .check = statement_check);

/* ---- rules ------------------------------------------------------------------------- */

static int rule_check(struct ctlink_parser *p, const struct nlattr *nest, void *value);

#define RULE(type, kind, member, bit, ...)                                     \
	CTLINK_ATTR(type, kind, struct ctlink_rule, member, CTLINK_RULE_##bit, \
	            __VA_ARGS__)

static const struct ctlink_attr rule_attrs[] = {
	RULE(CTQA_RULE_CHAIN, CTLINK_STRING, chain, CHAIN, .min = 1, .max = CTQ_NAME_MAX),
	RULE(CTQA_RULE_ID, CTLINK_U32, id, ID),
	RULE(CTQA_RULE_BEFORE, CTLINK_U32, before, BEFORE),
	RULE(CTQA_RULE_NAME, CTLINK_STRING, name, NAME, .min = 1, .max = CTQ_NAME_MAX),
	RULE(CTQA_RULE_COMMENT, CTLINK_STRING, comment, COMMENT, .min = 1,
	     .max = CTQ_COMMENT_MAX),
	CTLINK_ATTR_LIST(CTQA_RULE_MATCH, struct ctlink_rule, matches,
	                 &ctlink_match_packet_layout, CTQ_RULE_MATCHES_MAX),
	CTLINK_ATTR_LIST(CTQA_RULE_STATEMENT, struct ctlink_rule, statements,
	                 &statement_layout, CTQ_RULE_STATEMENTS_MAX),
	RULE(CTQA_RULE_LINE, CTLINK_U32, line, LINE),
	RULE(CTQA_RULE_PACKETS, CTLINK_U64, packets, PACKETS),
	RULE(CTQA_RULE_BYTES, CTLINK_U64, bytes, BYTES),
	RULE(CTQA_RULE_HITS, CTLINK_U64, hits, HITS),
	RULE(CTQA_RULE_LAST_HIT, CTLINK_U32, last_hit, LAST_HIT),
};
static const struct ctlink_layout rule_layout = CTLINK_LAYOUT(
	"rule", rule_attrs, .item_size = sizeof(struct ctlink_rule), .check = rule_check);

static bool is_message(const struct ctlink_parser *p, enum ctq_rules_msg message)
{
	return p->nlh->nlmsg_type == CTLINK_TYPE(CTQ_SUBSYS_RULES, message);
}

/* What names the rule: its id when it is deleted or replaced, else its chain. */
static int rule_named(struct ctlink_parser *p, const struct ctlink_rule *rule)
{
	bool by_id = is_message(p, CTQ_MSG_RULE_DEL) ||
	             (is_message(p, CTQ_MSG_RULE_NEW) &&
	              (p->nlh->nlmsg_flags & NLM_F_REPLACE));

	if (by_id && !ctlink_has(rule, CTLINK_RULE_ID))
		return ctlink_parser_fail(p, -EINVAL, NULL, "CTQA_RULE_ID is missing");
	if (!by_id && is_message(p, CTQ_MSG_RULE_NEW) &&
	    !ctlink_has(rule, CTLINK_RULE_CHAIN))
		return ctlink_parser_fail(p, -EINVAL, NULL, "CTQA_RULE_CHAIN is missing");
	return 0;
}

static int rule_check(struct ctlink_parser *p, const struct nlattr *nest, void *value)
{
	const struct ctlink_rule *rule = value;
	const struct statement_kind *kind;
	uint32_t i;

	for (i = 0; i + 1 < rule->statements.length; i++) {
		kind = kind_find(ctlink_rule_statement(rule, i)->kind);
		if (kind->last)
			return ctlink_parser_fail(
				p, -EINVAL,
				ctlink_parser_find(p, nest, CTQA_RULE_STATEMENT, i + 1),
				"a statement stands behind '%s', which is the last one",
				kind->name);
	}
	return rule_named(p, rule);
}

struct ctlink_match *ctlink_rule_append_match(struct ctlink_rule *rule,
                                              const struct ctlink_memory *memory)
{
	return ctlink_list_append(&rule->matches, sizeof(struct ctlink_match),
	                          CTQ_RULE_MATCHES_MAX, memory);
}

struct ctlink_statement *ctlink_rule_append_statement(struct ctlink_rule *rule,
                                                      const struct ctlink_memory *memory)
{
	return ctlink_list_append(&rule->statements, sizeof(struct ctlink_statement),
	                          CTQ_RULE_STATEMENTS_MAX, memory);
}

void ctlink_rule_fini(struct ctlink_rule *rule, const struct ctlink_memory *memory)
{
	ctlink_layout_fini(&rule_layout, rule, memory);
	memset(rule, 0, sizeof(*rule));
}

int ctlink_rule_build(struct ctlink_message *m, const struct ctlink_header *header,
                      const struct ctlink_rule *rule)
{
	return ctlink_layout_build(&rule_layout, m, header, rule);
}

void ctlink_rule_put(struct ctlink_message *m, const struct ctlink_rule *rule)
{
	ctlink_layout_put(&rule_layout, m, rule);
}

int ctlink_rule_parse(const struct nlmsghdr *nlh, struct ctlink_rule *rule,
                      const struct ctlink_memory *memory, struct ctlink_error *error)
{
	return ctlink_layout_parse(&rule_layout, nlh, rule, memory, error);
}

/* ---- chains ------------------------------------------------------------------------ */

static int chain_check(struct ctlink_parser *p, const struct nlattr *nest, void *value)
{
	const struct ctlink_chain *chain = value;
	const struct nlattr *hook = ctlink_parser_find(p, nest, CTQA_CHAIN_HOOK, 0);
	const struct nlattr *policy = ctlink_parser_find(p, nest, CTQA_CHAIN_POLICY, 0);

	if (chain->hook >= NF_INET_NUMHOOKS)
		return ctlink_parser_fail(p, -EINVAL, hook, "hook %u is not known",
		                          chain->hook);
	if (!ctlink_has(chain, CTLINK_CHAIN_POLICY))
		return 0;
	if (!ctlink_has(chain, CTLINK_CHAIN_HOOK))
		return ctlink_parser_fail(p, -EINVAL, policy,
		                          "a chain without hook has no policy");
	if (chain->policy != CTQ_VERDICT_ACCEPT && chain->policy != CTQ_VERDICT_DROP)
		return ctlink_parser_fail(p, -EINVAL, policy,
		                          "policy %u is neither accept nor drop",
		                          chain->policy);
	return 0;
}

#define CHAIN(type, kind, member, bit, ...)                                      \
	CTLINK_ATTR(type, kind, struct ctlink_chain, member, CTLINK_CHAIN_##bit, \
	            __VA_ARGS__)

static const struct ctlink_attr chain_attrs[] = {
	CHAIN(CTQA_CHAIN_NAME, CTLINK_STRING, name, NAME, .flags = CTLINK_REQUIRED,
	      .min = 1, .max = CTQ_NAME_MAX),
	CHAIN(CTQA_CHAIN_HOOK, CTLINK_U8, hook, HOOK),
	CHAIN(CTQA_CHAIN_POLICY, CTLINK_U8, policy, POLICY),
	CHAIN(CTQA_CHAIN_PACKETS, CTLINK_U64, packets, PACKETS),
	CHAIN(CTQA_CHAIN_BYTES, CTLINK_U64, bytes, BYTES),
	CHAIN(CTQA_CHAIN_RULES, CTLINK_U32, rules, RULES),
	CHAIN(CTQA_CHAIN_LINE, CTLINK_U32, line, LINE),
};
static const struct ctlink_layout chain_layout =
	CTLINK_LAYOUT("chain", chain_attrs, .item_size = sizeof(struct ctlink_chain),
                      .check = chain_check);

void ctlink_chain_fini(struct ctlink_chain *chain, const struct ctlink_memory *memory)
{
	ctlink_layout_fini(&chain_layout, chain, memory);
	memset(chain, 0, sizeof(*chain));
}

int ctlink_chain_build(struct ctlink_message *m, const struct ctlink_header *header,
                       const struct ctlink_chain *chain)
{
	return ctlink_layout_build(&chain_layout, m, header, chain);
}

int ctlink_chain_parse(const struct nlmsghdr *nlh, struct ctlink_chain *chain,
                       const struct ctlink_memory *memory, struct ctlink_error *error)
{
	return ctlink_layout_parse(&chain_layout, nlh, chain, memory, error);
}

/* ---- what is in force -------------------------------------------------------------- */

#define INFO(type, kind, member, bit) \
	CTLINK_ATTR(type, kind, struct ctlink_ruleset_info, member, CTLINK_RULESET_##bit)

static const struct ctlink_attr info_attrs[] = {
	INFO(CTQA_RULESET_GENERATION, CTLINK_U32, generation, GENERATION),
	INFO(CTQA_RULESET_RULES, CTLINK_U32, rules, RULES),
	INFO(CTQA_RULESET_CHAINS, CTLINK_U32, chains, CHAINS),
	INFO(CTQA_RULESET_BACKEND, CTLINK_TEXT, backend, BACKEND),
	INFO(CTQA_RULESET_LOADED, CTLINK_U64, loaded, LOADED),
	INFO(CTQA_RULESET_MEMORY, CTLINK_U64, memory, MEMORY),
	INFO(CTQA_RULESET_BUILD, CTLINK_U64, build, BUILD),
};
static const struct ctlink_layout info_layout = CTLINK_LAYOUT("rule set", info_attrs);

int ctlink_ruleset_info_build(struct ctlink_message *m,
                              const struct ctlink_header *header,
                              const struct ctlink_ruleset_info *info)
{
	return ctlink_layout_build(&info_layout, m, header, info);
}

int ctlink_ruleset_info_parse(const struct nlmsghdr *nlh,
                              struct ctlink_ruleset_info *info,
                              struct ctlink_error *error)
{
	memset(info, 0, sizeof(*info));
	return ctlink_layout_parse(&info_layout, nlh, info, NULL, error);
}

/* ---- whole rule sets --------------------------------------------------------------- */

void ctlink_ruleset_init(struct ctlink_ruleset *set, const struct ctlink_memory *memory)
{
	memset(set, 0, sizeof(*set));
	set->memory = memory;
}

void ctlink_ruleset_fini(struct ctlink_ruleset *set)
{
	uint32_t i;

	for (i = 0; i < set->chains.length; i++)
		ctlink_chain_fini(ctlink_ruleset_chain(set, i), set->memory);
	for (i = 0; i < set->rules.length; i++)
		ctlink_rule_fini(ctlink_ruleset_rule(set, i), set->memory);
	ctlink_list_fini(&set->chains, set->memory);
	ctlink_list_fini(&set->rules, set->memory);
}

struct ctlink_chain *ctlink_ruleset_append_chain(struct ctlink_ruleset *set)
{
	return ctlink_list_append(&set->chains, sizeof(struct ctlink_chain),
	                          CTLINK_CHAINS_MAX, set->memory);
}

struct ctlink_rule *ctlink_ruleset_append_rule(struct ctlink_ruleset *set)
{
	return ctlink_list_append(&set->rules, sizeof(struct ctlink_rule),
	                          CTLINK_RULES_MAX, set->memory);
}
