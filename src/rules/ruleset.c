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
	uint32_t depth;
	struct {
		const struct ruleset_chain *chain;
		uint32_t from; /* where in the chain to go on */
	} stack[RULES_DEPTH_MAX + 1];
};

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
}

/* Behind the jump that led here; false: there was none. */
static bool walk_return(struct walk *w)
{
	if (w->depth == 0)
		return false;
	w->depth--;
	return true;
}

/* Execute a rule that holds. False: the walk has ended. */
static bool walk_rule(struct walk *w, const struct rule_body *body)
{
	const struct rule_action *a;
	uint32_t i;

	walk_count(w, body->index);
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

/* The next rule that holds, leaving chains at their end; NULL: the policy decides. */
static const struct rule_body *walk_next(struct walk *w)
{
	const struct ruleset_chain *chain;
	uint32_t at;

	do {
		chain = w->stack[w->depth].chain;
		at = w->rs->backend->classify(chain->matcher, w->key,
		                              w->stack[w->depth].from);
		if (at != RULES_NO_MATCH) {
			w->stack[w->depth].from = at + 1;
			return &w->rs->body[chain->first + at];
		}
	} while (walk_return(w));
	return NULL;
}

void ruleset_classify(const struct ruleset *rs, const struct rule_key *key,
                      struct rules_worker *worker, uint32_t bytes, uint32_t now_s,
                      struct rule_verdict *v)
{
	const struct rule_body *body;
	struct walk w;

	assert(key->hook < PACKET_HOOKS);
	w.rs = rs;
	w.key = key;
	w.worker = worker;
	w.bytes = bytes;
	w.now_s = now_s;
	w.verdict = v;
	w.depth = 0;
	w.stack[0].chain = rs->hooks[key->hook];
	w.stack[0].from = 0;
	memset(v, 0, sizeof(*v));
	v->generation = rs->generation;
	if (!w.stack[0].chain) {
		walk_policy(&w);
		return;
	}
	do {
		body = walk_next(&w);
		if (!body) {
			walk_policy(&w);
			return;
		}
	} while (walk_rule(&w, body));
}
