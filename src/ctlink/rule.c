/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/rule.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

/* ---- statements -------------------------------------------------------------------- */

#define BIT(bit) (UINT64_C(1) << CTLINK_STATEMENT_##bit)

#define RATE_BITS (BIT(RATE) | BIT(PERIOD))

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
	{ CTQ_STATEMENT_REJECT, 0, 0, true, "reject" },
	{ CTQ_STATEMENT_LOG, 0,
	  BIT(STRING) | BIT(LEVEL) | BIT(EVERY) | RATE_BITS | BIT(BURST), false, "log" },
	{ CTQ_STATEMENT_OFFLOAD, 0, 0, false, "offload" },
	{ CTQ_STATEMENT_LABEL, BIT(STRING), 0, false, "label" },
	{ CTQ_STATEMENT_ASK, 0, 0, true, "ask" },
	{ CTQ_STATEMENT_ADD, BIT(STRING) | BIT(FIELD), BIT(WITH) | BIT(TIMEOUT), false,
	  "add" },
	{ CTQ_STATEMENT_DELETE, BIT(STRING) | BIT(FIELD), BIT(WITH), false, "delete" },
	{ CTQ_STATEMENT_LIMIT, BIT(VALUE) | BIT(RATE),
	  BIT(FLAGS) | BIT(PERIOD) | BIT(BURST) | BIT(PREFIX4) | BIT(PREFIX6), false,
	  "limit" },
};

/* Attributes of a statement by their bit, and what people call them. */
static const struct {
	uint16_t attr;
	const char *name;
} statement_bits[] = {
	[CTLINK_STATEMENT_KIND] = { CTQA_STATEMENT_KIND, "kind" },
	[CTLINK_STATEMENT_VALUE] = { CTQA_STATEMENT_VALUE, "value" },
	[CTLINK_STATEMENT_MASK] = { CTQA_STATEMENT_MASK, "mask" },
	[CTLINK_STATEMENT_STRING] = { CTQA_STATEMENT_STRING, "name" },
	[CTLINK_STATEMENT_FLAGS] = { CTQA_STATEMENT_FLAGS, "flags" },
	[CTLINK_STATEMENT_RATE] = { CTQA_STATEMENT_RATE, "rate" },
	[CTLINK_STATEMENT_PERIOD] = { CTQA_STATEMENT_PERIOD, "period" },
	[CTLINK_STATEMENT_BURST] = { CTQA_STATEMENT_BURST, "burst" },
	[CTLINK_STATEMENT_PREFIX4] = { CTQA_STATEMENT_PREFIX4, "IPv4 prefix" },
	[CTLINK_STATEMENT_PREFIX6] = { CTQA_STATEMENT_PREFIX6, "IPv6 prefix" },
	[CTLINK_STATEMENT_LEVEL] = { CTQA_STATEMENT_LEVEL, "level" },
	[CTLINK_STATEMENT_EVERY] = { CTQA_STATEMENT_EVERY, "sample" },
	[CTLINK_STATEMENT_FIELD] = { CTQA_STATEMENT_FIELD, "field" },
	[CTLINK_STATEMENT_WITH] = { CTQA_STATEMENT_WITH, "second field" },
	[CTLINK_STATEMENT_TIMEOUT] = { CTQA_STATEMENT_TIMEOUT, "timeout" },
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

bool ctlink_statement_has_set(uint16_t kind)
{
	return kind == CTQ_STATEMENT_ADD || kind == CTQ_STATEMENT_DELETE;
}

bool ctlink_statement_is_last(uint16_t kind)
{
	const struct statement_kind *k = kind_find(kind);

	return k && k->last;
}

/* @bits: those that are wrong; the lowest is shown. */
static int statement_fault(uint16_t *attr, struct ctlink_error *error, uint64_t bits,
                           const char *kind, const char *what)
{
	unsigned int bit = (unsigned int)__builtin_ctzll(bits);

	*attr = statement_bits[bit].attr;
	return ctlink_error_set(error, -EINVAL, 0, "the %s of '%s' %s",
	                        statement_bits[bit].name, kind, what);
}

static bool is_period(uint32_t seconds)
{
	return seconds == 1 || seconds == 60 || seconds == 3600 || seconds == 86400;
}

/* Rates come with a period; which limit has one is told by its VALUE. */
static int rate_check(const struct ctlink_statement *s, const struct statement_kind *kind,
                      uint16_t *attr, struct ctlink_error *error)
{
	bool connections = s->kind == CTQ_STATEMENT_LIMIT &&
	                   (s->value == CTQ_LIMIT_CONNECTIONS ||
	                    s->value == CTQ_LIMIT_RULE_CONNECTIONS);

	if (s->has & BIT(RATE) && s->rate == 0)
		return statement_fault(attr, error, BIT(RATE), kind->name, "is 0");
	if (s->has & BIT(PERIOD) && !is_period(s->period))
		return statement_fault(attr, error, BIT(PERIOD), kind->name,
		                       "is no second, minute, hour or day");
	if (s->has & BIT(BURST) && s->burst == 0)
		return statement_fault(attr, error, BIT(BURST), kind->name, "is 0");
	if (connections && s->has & (BIT(PERIOD) | BIT(BURST)))
		return statement_fault(attr, error, s->has & (BIT(PERIOD) | BIT(BURST)),
		                       kind->name, "is for rates only");
	if (!connections && !(s->has & BIT(RATE)) != !(s->has & BIT(PERIOD)))
		return statement_fault(attr, error, RATE_BITS & ~s->has, kind->name,
		                       "is missing");
	if (s->has & BIT(BURST) && !(s->has & BIT(RATE)))
		return statement_fault(attr, error, BIT(BURST), kind->name,
		                       "is for rates only");
	return 0;
}

static int limit_check(const struct ctlink_statement *s, uint16_t *attr,
                       struct ctlink_error *error)
{
	uint64_t prefixes = s->has & (BIT(PREFIX4) | BIT(PREFIX6));

	if (s->value < CTQ_LIMIT_RATE || s->value > CTQ_LIMIT_RULE_CONNECTIONS)
		return statement_fault(attr, error, BIT(VALUE), "limit", "is not known");
	if (s->flags && s->value == CTQ_LIMIT_RULE_CONNECTIONS)
		return statement_fault(attr, error, BIT(FLAGS), "limit",
		                       "are not for what a rule has let in");
	if (prefixes && s->value != CTQ_LIMIT_SOURCE_RATE)
		return statement_fault(attr, error, prefixes, "limit",
		                       "is for rates of sources only");
	if (s->prefix4 > 32)
		return statement_fault(attr, error, BIT(PREFIX4), "limit", "is above 32");
	if (s->prefix6 > 128)
		return statement_fault(attr, error, BIT(PREFIX6), "limit",
		                       "is above 128");
	return 0;
}

static int log_check(const struct ctlink_statement *s, uint16_t *attr,
                     struct ctlink_error *error)
{
	if (s->has & BIT(LEVEL) && (s->level < 3 || s->level > 7))
		return statement_fault(attr, error, BIT(LEVEL), "log",
		                       "is not from 3 (error) to 7 (debug)");
	if (s->has & BIT(EVERY) && s->every == 0)
		return statement_fault(attr, error, BIT(EVERY), "log", "is 0");
	if (s->has & BIT(EVERY) && s->has & BIT(RATE))
		return statement_fault(attr, error, BIT(EVERY), "log",
		                       "and its rate exclude each other");
	return 0;
}

int ctlink_statement_check(const struct ctlink_statement *s, uint16_t *attr,
                           struct ctlink_error *error)
{
	const struct statement_kind *kind = kind_find(s->kind);
	uint64_t lacks, excess;
	int err;

	*attr = CTQA_STATEMENT_KIND;
	if (!kind)
		return ctlink_error_set(error, -EINVAL, 0, "statement %u is not known",
		                        s->kind);
	*attr = 0;
	lacks = kind->needs & ~s->has;
	if (lacks)
		return ctlink_error_set(error, -EINVAL, 0, "'%s' lacks its %s",
		                        kind->name,
		                        !(lacks & BIT(STRING))          ? "value"
		                        : s->kind == CTQ_STATEMENT_JUMP ? "chain"
		                                                        : "name");
	excess = s->has & ~(BIT(KIND) | kind->needs | kind->may);
	if (excess) {
		*attr = statement_bits[__builtin_ctzll(excess)].attr;
		return ctlink_error_set(error, -EINVAL, 0, "'%s' has no such attribute",
		                        kind->name);
	}
	*attr = CTQA_STATEMENT_VALUE;
	if (s->has & BIT(MASK) && s->value & ~s->mask)
		return ctlink_error_set(error, -EINVAL, 0,
		                        "'%s' sets bits outside of its mask: 0x%x",
		                        kind->name, s->value & ~s->mask);
	if (s->has & BIT(TIMEOUT) && (s->timeout < 1 || s->timeout > CTQ_SET_TIMEOUT_MAX))
		return statement_fault(attr, error, BIT(TIMEOUT), kind->name,
		                       "is not from a second to ten years");
	err = rate_check(s, kind, attr, error);
	if (!err && s->kind == CTQ_STATEMENT_LIMIT)
		err = limit_check(s, attr, error);
	if (!err && s->kind == CTQ_STATEMENT_LOG)
		err = log_check(s, attr, error);
	return err;
}

static int statement_check(struct ctlink_parser *p, const struct nlattr *nest,
                           void *value)
{
	uint16_t attr = 0;
	int err = ctlink_statement_check(value, &attr, p->error);

	if (err && p->error)
		p->error->offset = ctlink_parser_offset(
			p, attr ? ctlink_parser_find(p, nest, attr, 0) : nest);
	return err;
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
	STATEMENT(CTQA_STATEMENT_FLAGS, CTLINK_U32, flags, FLAGS,
	          .known = CTQ_LIMIT_OVER),
	STATEMENT(CTQA_STATEMENT_RATE, CTLINK_U32, rate, RATE),
	STATEMENT(CTQA_STATEMENT_PERIOD, CTLINK_U32, period, PERIOD),
	STATEMENT(CTQA_STATEMENT_BURST, CTLINK_U32, burst, BURST),
	STATEMENT(CTQA_STATEMENT_PREFIX4, CTLINK_U8, prefix4, PREFIX4),
	STATEMENT(CTQA_STATEMENT_PREFIX6, CTLINK_U8, prefix6, PREFIX6),
	STATEMENT(CTQA_STATEMENT_LEVEL, CTLINK_U8, level, LEVEL),
	STATEMENT(CTQA_STATEMENT_EVERY, CTLINK_U32, every, EVERY),
	STATEMENT(CTQA_STATEMENT_FIELD, CTLINK_U16, field, FIELD),
	STATEMENT(CTQA_STATEMENT_WITH, CTLINK_U16, with, WITH),
	STATEMENT(CTQA_STATEMENT_TIMEOUT, CTLINK_U32, timeout, TIMEOUT),
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

/* Limits stand first; what ends the evaluation, last. */
static int place_check(struct ctlink_parser *p, const struct nlattr *nest,
                       const struct ctlink_rule *rule, uint32_t i)
{
	uint16_t before = ctlink_rule_statement(rule, i - 1)->kind;
	const struct nlattr *where = ctlink_parser_find(p, nest, CTQA_RULE_STATEMENT, i);

	if (ctlink_statement_is_last(before))
		return ctlink_parser_fail(
			p, -EINVAL, where,
			"a statement stands behind '%s', which is the last one",
			kind_find(before)->name);
	if (before != CTQ_STATEMENT_LIMIT &&
	    ctlink_rule_statement(rule, i)->kind == CTQ_STATEMENT_LIMIT)
		return ctlink_parser_fail(p, -EINVAL, where,
		                          "limits stand before what the rule does");
	return 0;
}

static int rule_check(struct ctlink_parser *p, const struct nlattr *nest, void *value)
{
	const struct ctlink_rule *rule = value;
	uint32_t i;
	int err;

	for (i = 1; i < rule->statements.length; i++) {
		err = place_check(p, nest, rule, i);
		if (err)
			return err;
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

	for (i = 0; i < set->sets.length; i++)
		ctlink_set_fini(ctlink_ruleset_set(set, i), set->memory);
	ctlink_list_fini(&set->sets, set->memory);
	for (i = 0; i < set->chains.length; i++)
		ctlink_chain_fini(ctlink_ruleset_chain(set, i), set->memory);
	for (i = 0; i < set->rules.length; i++)
		ctlink_rule_fini(ctlink_ruleset_rule(set, i), set->memory);
	ctlink_list_fini(&set->chains, set->memory);
	ctlink_list_fini(&set->rules, set->memory);
}

struct ctlink_set *ctlink_ruleset_append_set(struct ctlink_ruleset *set)
{
	return ctlink_list_append(&set->sets, sizeof(struct ctlink_set), CTLINK_SETS_MAX,
	                          set->memory);
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
