/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A generation as values, for listings; see rules.h. */
#include <string.h>

#include "rules/rules_priv.h"

void ruleset_info_read(const struct ruleset *rs, struct ruleset_info *info)
{
	*info = (struct ruleset_info){
		.generation = rs->generation,
		.rules = rs->n_rules,
		.chains = rs->n_chains,
		.backend = rs->backend->name,
		.loaded_s = rs->loaded_s,
		.build_ns = rs->build_ns,
		.memory_bytes = rs->memory_bytes,
	};
}

static void chain_counters_read(const struct ruleset *rs, struct ctlink_chain *out)
{
	struct counters_sum sum;

	counters_read(&rs->rules->counters, out->hook, &sum);
	out->packets = sum.packets;
	out->bytes = sum.bytes;
	ctlink_mark(out, CTLINK_CHAIN_PACKETS);
	ctlink_mark(out, CTLINK_CHAIN_BYTES);
}

bool ruleset_chain_read(const struct ruleset *rs, uint32_t position,
                        struct ctlink_chain *out)
{
	const struct ruleset_chain *chain;

	if (position >= rs->n_chains)
		return false;
	chain = &rs->chains[position];
	*out = (struct ctlink_chain){
		.name = chain->name,
		.rules = chain->length,
		.line = chain->line,
	};
	ctlink_mark(out, CTLINK_CHAIN_NAME);
	ctlink_mark(out, CTLINK_CHAIN_RULES);
	if (chain->line)
		ctlink_mark(out, CTLINK_CHAIN_LINE);
	if (chain->hook == RULES_NO_HOOK)
		return true;
	out->hook = chain->hook;
	out->policy = chain->policy;
	ctlink_mark(out, CTLINK_CHAIN_HOOK);
	ctlink_mark(out, CTLINK_CHAIN_POLICY);
	chain_counters_read(rs, out);
	return true;
}

bool ruleset_rule_read(const struct ruleset *rs, uint32_t position, uint32_t now_s,
                       struct ctlink_rule *out)
{
	struct counters_sum sum;
	uint32_t last;

	if (position >= rs->n_rules)
		return false;
	*out = rs->rule[position]->value;
	counters_read(&rs->rules->counters, rs->rule[position]->index, &sum);
	out->id = rs->rule[position]->id;
	out->hits = sum.hits;
	out->packets = sum.packets;
	out->bytes = sum.bytes;
	ctlink_mark(out, CTLINK_RULE_ID);
	ctlink_mark(out, CTLINK_RULE_HITS);
	ctlink_mark(out, CTLINK_RULE_PACKETS);
	ctlink_mark(out, CTLINK_RULE_BYTES);
	if (sum.last) {
		last = sum.last - 1;
		out->last_hit = now_s > last ? now_s - last : 0;
		ctlink_mark(out, CTLINK_RULE_LAST_HIT);
	}
	return true;
}

/* ---- steps of an evaluation ---------------------------------------------------- */

/* The match, alone, unless it is too long to be worth it; what is borrowed has no room. */
static void step_match(const struct ctlink_rule *rule, uint32_t i,
                       struct ctlink_rule *out, uint16_t *field)
{
	struct ctlink_match *match;

	if (i >= rule->matches.length)
		return;
	match = ctlink_rule_match(rule, i);
	*field = match->field;
	if (match->values.length <= CTQ_EXPLAIN_VALUES_MAX)
		out->matches = (struct ctlink_list){ .items = match, .length = 1 };
}

void ruleset_step_read(const struct ruleset *rs, const struct rules_step *step,
                       struct ctlink_rule *out, uint16_t *field)
{
	const struct rule *rule;

	*out = (struct ctlink_rule){ .has = 0 };
	*field = CTQ_FIELD_NONE;
	if (step->chain != RULES_NO_CHAIN) {
		out->chain = rs->chains[step->chain].name;
		ctlink_mark(out, CTLINK_RULE_CHAIN);
	}
	if (step->kind != CTQ_EXPLAIN_FAILS && step->kind != CTQ_EXPLAIN_HOLDS &&
	    step->kind != CTQ_EXPLAIN_LIMIT)
		return;
	rule = rs->rule[step->rule];
	out->has |= rule->value.has &
	            (UINT64_C(1) << CTLINK_RULE_NAME | UINT64_C(1) << CTLINK_RULE_LINE);
	out->id = rule->id;
	ctlink_mark(out, CTLINK_RULE_ID);
	out->name = rule->value.name;
	out->line = rule->value.line;
	if (step->kind == CTQ_EXPLAIN_HOLDS)
		out->statements = rule->value.statements;
	else if (step->kind == CTQ_EXPLAIN_LIMIT)
		out->statements = (struct ctlink_list){
			.items = ctlink_rule_statement(&rule->value, step->match),
			.length = 1,
		};
	else
		step_match(&rule->value, step->match, out, field);
}
