/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A generation: its end, and the evaluation of a packet.
 *
 * Evaluation is a walk: the backend says which rule of the present chain holds next; its
 * statements change marks, end the walk, or go to another chain and back. ruleset_build()
 * has made sure that no walk is deeper than RULES_DEPTH_MAX or goes in a circle.
 */
#include "rules/rules_priv.h"

#include <assert.h>
#include <string.h>

#include "ctq/reasons.h"

void ruleset_destroy(struct ruleset *rs)
{
	const struct rules *rules = rs->rules;
	uint32_t i;

	for (i = 0; i < rs->n_chains; i++) {
		if (rs->chains[i].matcher)
			rs->backend->destroy(rs->chains[i].matcher, rules->memory);
		rules_free(rules, rs->chains[i].name);
	}
	for (i = 0; i < rs->n_rules; i++) {
		if (rs->rule[i])
			rule_put(rs->rule[i]);
	}
	rules_free(rules, rs->chains);
	rules_free(rules, rs->rule);
	rules_free(rules, rs->code);
	rules_free(rules, rs->body);
	rules_free(rules, rs->actions);
	rules_free(rules, rs->pool.checks);
	rules_free(rules, rs->pool.values);
	rules_free(rules, rs);
}

uint32_t ruleset_generation(const struct ruleset *rs)
{
	return rs->generation;
}

/* ---- evaluation ---------------------------------------------------------------- */

struct walk {
	const struct ruleset *rs;
	const struct rule_key *key;
	struct rule_key changed; /* what @key points to once a mark has changed */
	struct rules_worker *worker;
	uint32_t bytes, now_s;
	struct rule_verdict *verdict;
	rules_see *see; /* NULL: nobody wants the steps */
	void *see_ctx;
	uint32_t depth;
	struct {
		const struct ruleset_chain *chain;
		uint32_t from; /* where in the chain to go on */
	} stack[RULES_DEPTH_MAX + 1];
};

/* Tell whoever watches. @rule: position in its chain. */
static void walk_tell(const struct walk *w, enum ctq_explain_step kind, uint32_t rule,
                      uint32_t match)
{
	const struct ruleset_chain *chain = w->stack[w->depth].chain;
	struct rules_step step = { .kind = kind, .match = match };

	if (!w->see)
		return;
	step.chain = chain ? (uint32_t)(chain - w->rs->chains) : RULES_NO_CHAIN;
	step.rule = chain ? chain->first + rule : 0;
	w->see(w->see_ctx, &step);
}

static void walk_count(const struct walk *w, uint32_t index)
{
	struct rules_counter *k;

	if (!w->worker)
		return;
	k = counters_at(w->worker, index);
	counters_add(&k->hits, 1);
	counters_add(&k->packets, 1);
	counters_add(&k->bytes, w->bytes);
	atomic_store_explicit(&k->last, w->now_s + 1, memory_order_relaxed);
}

static void verdict_set(struct walk *w, bool accept, bool policy, uint32_t index,
                        uint32_t id)
{
	struct rule_verdict *v = w->verdict;

	v->verdict = accept ? CTQ_VERDICT_ACCEPT : CTQ_VERDICT_DROP;
	if (policy)
		v->reason = accept ? CTQ_ACCEPT_POLICY : CTQ_DROP_POLICY;
	else
		v->reason = accept ? CTQ_ACCEPT_RULE : CTQ_DROP_RULE;
	v->index = index;
	v->id = id;
}

static void walk_policy(struct walk *w)
{
	const struct ruleset_chain *chain = w->stack[0].chain;
	bool accept = !chain || chain->policy == CTQ_VERDICT_ACCEPT;

	w->depth = 0;
	walk_tell(w, CTQ_EXPLAIN_POLICY, 0, 0);
	verdict_set(w, accept, true, w->key->hook, 0);
	walk_count(w, w->key->hook);
}

static void mark_merge(struct rule_mark *m, uint32_t value, uint32_t mask)
{
	m->value = (m->value & ~mask) | (value & mask);
	m->mask |= mask;
}

/* Later rules see the mark as it is now. */
static void walk_mark(struct walk *w, const struct rule_action *a)
{
	bool packet = a->kind == CTQ_STATEMENT_MARK;
	uint32_t *seen;

	mark_merge(packet ? &w->verdict->packet_mark : &w->verdict->flow_mark, a->value,
	           a->mask);
	if (w->key != &w->changed) {
		w->changed = *w->key;
		w->key = &w->changed;
	}
	seen = packet ? &w->changed.packet_mark : &w->changed.mark;
	*seen = (*seen & ~a->mask) | (a->value & a->mask);
}

static void walk_jump(struct walk *w, uint32_t chain)
{
	assert(w->depth < RULES_DEPTH_MAX);
	w->depth++;
	w->stack[w->depth].chain = &w->rs->chains[chain];
	w->stack[w->depth].from = 0;
	walk_tell(w, CTQ_EXPLAIN_CHAIN, 0, 0);
}

/* Behind the jump that led here; false: there was none. */
static bool walk_return(struct walk *w)
{
	if (w->depth == 0)
		return false;
	w->depth--;
	walk_tell(w, CTQ_EXPLAIN_RETURN, 0, 0);
	return true;
}

static void walk_hold(struct walk *w, const struct rule_body *body)
{
	struct rule_verdict *v = w->verdict;

	walk_count(w, body->index);
	if (v->n_held < CTQ_PACKET_HELD_MAX)
		v->held[v->n_held++] = body->id;
}

/* Execute a rule that holds. False: the walk has ended. */
static bool walk_rule(struct walk *w, const struct rule_body *body)
{
	const struct rule_action *a;
	uint32_t i;

	walk_hold(w, body);
	for (i = 0; i < body->n_actions; i++) {
		a = &body->actions[i];
		switch ((enum ctq_statement)a->kind) {
		case CTQ_STATEMENT_ACCEPT:
		case CTQ_STATEMENT_DROP:
			verdict_set(w, a->kind == CTQ_STATEMENT_ACCEPT, false,
			            body->index, body->id);
			return false;
		case CTQ_STATEMENT_MARK:
		case CTQ_STATEMENT_CTMARK: walk_mark(w, a); break;
		case CTQ_STATEMENT_JUMP: walk_jump(w, a->chain); break;
		case CTQ_STATEMENT_RETURN:
			if (walk_return(w))
				break;
			walk_policy(w);
			return false;
		case CTQ_STATEMENT_COUNT:
		case CTQ_STATEMENT_NONE: break;
		}
	}
	return true;
}

/* As the backend's classify(), by looking at each rule and telling how that went. */
static uint32_t walk_look(const struct walk *w, const struct ruleset_chain *chain,
                          uint32_t from)
{
	const struct check_rule *rule;
	uint32_t i, fault;

	for (i = from; i < chain->length; i++) {
		rule = &w->rs->code[chain->first + i];
		fault = check_rule_fault(rule, w->key);
		if (fault == rule->length) {
			walk_tell(w, CTQ_EXPLAIN_HOLDS, i, 0);
			return i;
		}
		walk_tell(w, CTQ_EXPLAIN_FAILS, i, fault);
	}
	return RULES_NO_MATCH;
}

static uint32_t walk_find(const struct walk *w, const struct ruleset_chain *chain,
                          uint32_t from)
{
	if (base_unlikely(w->see))
		return walk_look(w, chain, from);
	return w->rs->backend->classify(chain->matcher, w->key, from);
}

/* The next rule that holds, leaving chains at their end; NULL: the policy decides. */
static const struct rule_body *walk_next(struct walk *w)
{
	const struct ruleset_chain *chain;
	uint32_t at;

	do {
		chain = w->stack[w->depth].chain;
		at = walk_find(w, chain, w->stack[w->depth].from);
		if (at != RULES_NO_MATCH) {
			w->stack[w->depth].from = at + 1;
			return &w->rs->body[chain->first + at];
		}
	} while (walk_return(w));
	return NULL;
}

static void walk_begin(struct walk *w, const struct ruleset *rs,
                       const struct rule_key *key, struct rule_verdict *v)
{
	assert(key->hook < PACKET_HOOKS);
	w->rs = rs;
	w->key = key;
	w->worker = NULL;
	w->see = NULL;
	w->verdict = v;
	w->depth = 0;
	w->stack[0].chain = rs->hooks[key->hook];
	w->stack[0].from = 0;
	memset(v, 0, sizeof(*v));
	v->generation = rs->generation;
}

static void walk_run(struct walk *w)
{
	const struct rule_body *body;

	if (!w->stack[0].chain) {
		walk_policy(w);
		return;
	}
	walk_tell(w, CTQ_EXPLAIN_CHAIN, 0, 0);
	do {
		body = walk_next(w);
		if (!body) {
			walk_policy(w);
			return;
		}
	} while (walk_rule(w, body));
}

void ruleset_classify(const struct ruleset *rs, const struct rule_key *key,
                      struct rules_worker *worker, uint32_t bytes, uint32_t now_s,
                      struct rule_verdict *v)
{
	struct walk w;

	walk_begin(&w, rs, key, v);
	w.worker = worker;
	w.bytes = bytes;
	w.now_s = now_s;
	walk_run(&w);
}

void ruleset_explain(const struct ruleset *rs, const struct rule_key *key, rules_see *see,
                     void *ctx, struct rule_verdict *v)
{
	struct walk w;

	walk_begin(&w, rs, key, v);
	w.bytes = w.now_s = 0;
	w.see = see;
	w.see_ctx = ctx;
	walk_run(&w);
}
