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
#include <netinet/in.h>
#include <string.h>

#include "ctq/reasons.h"

#define NS_PER_S 1000000000u

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
	for (i = 0; i < rs->n_sets; i++)
		set_put(rs->pool.sets[i]);
	rules_free(rules, rs->pool.sets);
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

static bool body_offloads(const struct rule_body *body)
{
	uint32_t i;

	for (i = 0; i < body->n_actions; i++)
		if (body->actions[i].kind == CTQ_STATEMENT_OFFLOAD)
			return true;
	return false;
}

bool ruleset_offloads(const struct ruleset *rs)
{
	uint32_t i;

	for (i = 0; i < rs->n_rules; i++)
		if (body_offloads(&rs->body[i]))
			return true;
	return false;
}

/* ---- evaluation ---------------------------------------------------------------- */

/* Lines that one packet can bring, of the rules it meets first. */
#define WALK_LOGS_MAX 4

struct walk {
	const struct ruleset *rs;
	const struct rule_key *key;
	struct rule_key changed; /* what @key points to once a statement changes it */
	struct rules_worker *worker;
	uint32_t bytes;
	uint64_t now_ns;
	struct rule_verdict *verdict;
	rules_see *see; /* NULL: nobody wants the steps */
	void *see_ctx;
	bool over; /* the present rule holds because something is over its limit */
	uint32_t
		open; /* a limit of the present rule has counted the connection; 0: none */
	uint32_t depth, n_logs;
	struct {
		const struct rule_body *body;
		const struct rule_action *action;
	} logs[WALK_LOGS_MAX];
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
	atomic_store_explicit(&k->last, (uint32_t)(w->now_ns / NS_PER_S) + 1,
	                      memory_order_relaxed);
}

/* Elements by which the rule that was just met holds. */
static void walk_count_sets(const struct walk *w, const struct check_rule *rule)
{
	const struct check *c;
	uint32_t i, element;

	for (i = 0; i < rule->length; i++) {
		c = &rule->checks[i];
		if (c->set && !c->negate && set_counts(c->set) &&
		    check_set_find(c, w->key, &element))
			set_count(c->set, element, w->worker->number, w->bytes);
	}
}

static void verdict_set(struct walk *w, enum ctq_verdict verdict, enum ctq_reason reason,
                        uint32_t index, uint32_t id)
{
	struct rule_verdict *v = w->verdict;

	v->verdict = (uint8_t)verdict;
	v->reason = (uint16_t)reason;
	v->index = index;
	v->id = id;
}

static void walk_decide(struct walk *w, uint16_t kind, const struct rule_body *body)
{
	if (kind == CTQ_STATEMENT_ACCEPT)
		verdict_set(w, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_RULE, body->index,
		            body->id);
	else if (kind == CTQ_STATEMENT_REJECT)
		verdict_set(w, CTQ_VERDICT_REJECT, CTQ_REJECT_RULE, body->index,
		            body->id);
	else if (kind == CTQ_STATEMENT_ASK)
		verdict_set(w, CTQ_VERDICT_ASK, CTQ_HELD_ASK, body->index, body->id);
	else
		verdict_set(w, CTQ_VERDICT_DROP, w->over ? CTQ_DROP_LIMIT : CTQ_DROP_RULE,
		            body->index, body->id);
}

static void walk_policy(struct walk *w)
{
	const struct ruleset_chain *chain = w->stack[0].chain;
	bool accept = !chain || chain->policy == CTQ_VERDICT_ACCEPT;

	w->depth = 0;
	walk_tell(w, CTQ_EXPLAIN_POLICY, 0, 0);
	verdict_set(w, accept ? CTQ_VERDICT_ACCEPT : CTQ_VERDICT_DROP,
	            accept ? CTQ_ACCEPT_POLICY : CTQ_DROP_POLICY, w->key->hook, 0);
	walk_count(w, w->key->hook);
}

static void mark_merge(struct rule_mark *m, uint32_t value, uint32_t mask)
{
	m->value = (m->value & ~mask) | (value & mask);
	m->mask |= mask;
}

/* A copy of the key for what later rules see as it is now. */
static void walk_change(struct walk *w)
{
	if (w->key == &w->changed)
		return;
	w->changed = *w->key;
	w->key = &w->changed;
}

static void walk_label(struct walk *w, uint32_t label)
{
	uint64_t bit = UINT64_C(1) << label % 64;

	walk_change(w);
	w->verdict->labels[label / 64] |= bit;
	w->changed.labels[label / 64] |= bit;
}

static void walk_mark(struct walk *w, const struct rule_action *a)
{
	bool packet = a->kind == CTQ_STATEMENT_MARK;
	uint32_t *seen;

	mark_merge(packet ? &w->verdict->packet_mark : &w->verdict->flow_mark, a->value,
	           a->mask);
	walk_change(w);
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

/* ---- limits -------------------------------------------------------------------- */

static void mask_address(uint64_t words[2], unsigned int cut)
{
	words[0] = cut >= 128 ? 0
	           : cut > 64 ? words[0] >> (cut - 64) << (cut - 64)
	                      : words[0];
	words[1] = cut >= 64 ? 0 : words[1] >> cut << cut;
}

static bool source_holds(const struct walk *w, const struct rule_body *body,
                         const struct rule_action *a)
{
	struct limit_sources *sources =
		atomic_load_explicit(&w->rs->rules->sources, memory_order_relaxed);
	struct limit_source source = {
		.address = { w->key->src[0], w->key->src[1] },
		.rule = body->id,
		.statement = (uint16_t)(a - body->actions),
		.family = (uint16_t)w->key->family,
	};

	mask_address(source.address,
	             w->key->family == AF_INET ? 32u - a->prefix4 : 128u - a->prefix6);
	if (w->worker)
		return limit_source_take(sources, &source, &a->rate, w->now_ns);
	return limit_source_peek(sources, &source, &a->rate, w->now_ns);
}

static bool rate_holds(const struct walk *w, const struct rule_action *a)
{
	if (w->worker)
		return limit_take(&a->state->bucket, &a->rate, w->now_ns);
	return limit_peek(&a->state->bucket, &a->rate, w->now_ns);
}

/* A connection that is counted is one of them; another is counted at once, so that no two
 * workers let the last one in. */
static bool open_holds(struct walk *w, const struct rule_action *a)
{
	struct opens *opens =
		atomic_load_explicit(&w->rs->rules->opens, memory_order_relaxed);
	uint32_t open = a->state->open;

	if (!w->key->keeps)
		return false;
	if (w->key->open[0] == open || w->key->open[1] == open)
		return true;
	if (!w->worker)
		return opens_peek(opens, open, a->most);
	if (!opens_take(opens, open, a->most))
		return false;
	w->open = open;
	return true;
}

/* A packet without what is counted is not over a limit, and not within it either. */
static bool limit_holds(struct walk *w, const struct rule_body *body,
                        const struct rule_action *a)
{
	bool over = a->flags & CTQ_LIMIT_OVER, within;

	if (a->value == CTQ_LIMIT_RATE)
		within = rate_holds(w, a);
	else if (a->value == CTQ_LIMIT_RULE_CONNECTIONS)
		within = open_holds(w, a);
	else if (!(w->key->present & RULE_KEY_BIT(SRC)))
		return false;
	else if (a->value == CTQ_LIMIT_SOURCE_RATE)
		within = source_holds(w, body, a);
	else if (w->key->connections)
		within = w->key->connections <= a->most;
	else
		return false;
	w->over |= over;
	return within != over;
}

/* ---- logging ------------------------------------------------------------------- */

static bool log_is_due(const struct walk *w, const struct rule_action *a)
{
	uint32_t asked;

	if (a->rate.interval_ns)
		return limit_take(&a->state->bucket, &a->rate, w->now_ns);
	if (!a->every)
		return true;
	asked = atomic_fetch_add_explicit(&a->state->asked, 1, memory_order_relaxed);
	return asked % a->every == 0;
}

/* Noted only: what becomes of the packet is not known yet. */
static void walk_log(struct walk *w, const struct rule_body *body,
                     const struct rule_action *a)
{
	if (!w->worker || w->n_logs == WALK_LOGS_MAX || !log_is_due(w, a))
		return;
	w->logs[w->n_logs].body = body;
	w->logs[w->n_logs++].action = a;
}

static void text_copy(char out[CTQ_NAME_MAX], const char *text)
{
	strncpy(out, text ? text : "", CTQ_NAME_MAX - 1);
	out[CTQ_NAME_MAX - 1] = '\0';
}

static void walk_log_write(const struct walk *w)
{
	struct rules_log_entry *e;
	uint32_t i;

	for (i = 0; i < w->n_logs; i++) {
		e = rules_log_slot(&w->worker->log);
		if (!e)
			continue;
		e->when_ns = w->now_ns;
		e->key = *w->key;
		e->rule = w->logs[i].body->id;
		e->reason = w->verdict->reason;
		e->level = w->logs[i].action->level;
		text_copy(e->name, w->logs[i].body->name);
		text_copy(e->prefix, w->logs[i].action->prefix);
		rules_log_push(&w->worker->log);
	}
}

/* ---- sets ---------------------------------------------------------------------- */

/* What is in the set need not be added, and what is not, not be deleted. */
static void walk_update(const struct walk *w, const struct rule_action *a)
{
	struct rules_log_entry *e;
	uint32_t element;

	if (!w->worker || (w->key->present & a->check->needs) != a->check->needs ||
	    check_set_find(a->check, w->key, &element) == (a->kind == CTQ_STATEMENT_ADD))
		return;
	e = rules_log_slot(&w->worker->updates);
	if (!e)
		return;
	e->key = *w->key;
	e->statement = a->kind;
	e->field = a->check->field;
	e->with = a->with;
	e->timeout_s = a->timeout_s;
	text_copy(e->prefix, a->prefix);
	rules_log_push(&w->worker->updates);
}

/* ---- executing ----------------------------------------------------------------- */

/* Limits stand first. False: the rule is passed over, as if it did not hold. */
static bool walk_limits(struct walk *w, const struct rule_body *body, uint32_t *next)
{
	const struct rule_action *a = body->actions;

	w->over = false;
	w->open = 0;
	for (*next = 0; *next < body->n_actions; (*next)++, a++) {
		if (a->kind != CTQ_STATEMENT_LIMIT)
			break;
		if (limit_holds(w, body, a))
			continue;
		if (w->open)
			rules_open_put(w->rs->rules, w->open);
		return false;
	}
	w->verdict->open = w->open; /* such a rule accepts */
	return true;
}

static void walk_hold(struct walk *w, const struct rule_body *body)
{
	struct rule_verdict *v = w->verdict;

	walk_count(w, body->index);
	if (body->counts_sets && w->worker)
		walk_count_sets(w, &w->rs->code[body - w->rs->body]);
	if (v->n_held < CTQ_PACKET_HELD_MAX)
		v->held[v->n_held++] = body->id;
}

/* Of the rule in the present chain. */
static uint32_t walk_position(const struct walk *w, const struct rule_body *body)
{
	return (uint32_t)(body - w->rs->body) - w->stack[w->depth].chain->first;
}

/* Execute a rule whose matches hold. False: the walk has ended. */
static bool walk_rule(struct walk *w, const struct rule_body *body)
{
	const struct rule_action *a;
	uint32_t i;

	if (!walk_limits(w, body, &i)) {
		walk_tell(w, CTQ_EXPLAIN_LIMIT, walk_position(w, body), i);
		return true;
	}
	walk_tell(w, CTQ_EXPLAIN_HOLDS, walk_position(w, body), 0);
	walk_hold(w, body);
	for (; i < body->n_actions; i++) {
		a = &body->actions[i];
		switch ((enum ctq_statement)a->kind) {
		case CTQ_STATEMENT_ACCEPT:
		case CTQ_STATEMENT_DROP:
		case CTQ_STATEMENT_REJECT:
		case CTQ_STATEMENT_ASK: walk_decide(w, a->kind, body); return false;
		case CTQ_STATEMENT_MARK:
		case CTQ_STATEMENT_CTMARK: walk_mark(w, a); break;
		case CTQ_STATEMENT_LABEL: walk_label(w, a->value); break;
		case CTQ_STATEMENT_JUMP: walk_jump(w, a->chain); break;
		case CTQ_STATEMENT_RETURN:
			if (walk_return(w))
				break;
			walk_policy(w);
			return false;
		case CTQ_STATEMENT_LOG: walk_log(w, body, a); break;
		case CTQ_STATEMENT_ADD:
		case CTQ_STATEMENT_DELETE: walk_update(w, a); break;
		case CTQ_STATEMENT_OFFLOAD: w->verdict->offload = true; break;
		case CTQ_STATEMENT_LIMIT:
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
		if (fault == rule->length)
			return i;
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
	w->n_logs = 0;
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
                      struct rules_worker *worker, uint32_t bytes, uint64_t now_ns,
                      struct rule_verdict *v)
{
	struct walk w;

	walk_begin(&w, rs, key, v);
	w.worker = worker;
	w.bytes = bytes;
	w.now_ns = now_ns;
	walk_run(&w);
	if (w.n_logs)
		walk_log_write(&w);
}

void ruleset_explain(const struct ruleset *rs, const struct rule_key *key,
                     uint64_t now_ns, rules_see *see, void *ctx, struct rule_verdict *v)
{
	struct walk w;

	walk_begin(&w, rs, key, v);
	w.bytes = 0;
	w.now_ns = now_ns;
	w.see = see;
	w.see_ctx = ctx;
	walk_run(&w);
}
