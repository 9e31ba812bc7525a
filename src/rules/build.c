/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a change's list of chains and rules to a generation.
 *
 * Arrays are counted and allocated first, then filled chain by chain; jumps are resolved
 * by name, names checked for being unique, and each chain measured:
 *
 *     depth(chain)  = most jumps within jumps that begin there
 *     visits(chain) = rules that one packet may have to meet there, jumps included
 *
 * Both are bounded, and a circle has no depth: then evaluation needs no check of its own.
 */
#include "rules/rules_priv.h"

#include <errno.h>
#include <string.h>

#include "rules/label.h"

struct build {
	const struct rules_change *change;
	struct ruleset *rs;
	uint32_t *items;    /* of the rules, by position */
	struct index names; /* of rules */
	struct rules_error *error;
};

static int no_memory(const struct build *b)
{
	return rules_error_set(b->error, -ENOMEM, 0, 0, 0, "no memory for the rules");
}

static int canceled(const struct build *b)
{
	return rules_error_set(b->error, -ECANCELED, 0, 0, 0,
	                       "nobody wants the rules any more");
}

static bool is_canceled(const struct build *b)
{
	return atomic_load_explicit(&b->change->stop, memory_order_relaxed);
}

/* ---- room ---------------------------------------------------------------------- */

static void count(const struct rules_change *c, struct check_room *room,
                  uint32_t *actions)
{
	const struct draft_chain *chain;
	const struct draft_rule *d;

	*actions = 0;
	for (chain = c->first; chain; chain = chain->next) {
		for (d = chain->first; d; d = d->next) {
			check_count(&d->rule->value, room);
			*actions += d->rule->value.statements.length;
		}
	}
}

static bool room_make(struct build *b)
{
	const struct rules *rules = b->change->rules;
	struct check_room room = { 0 };
	struct ruleset *rs = b->rs;
	uint32_t actions;

	count(b->change, &room, &actions);
	rs->chains = (struct ruleset_chain *)rules_alloc(rules, b->change->n_chains,
	                                                 sizeof(*rs->chains));
	rs->rule =
		(struct rule **)rules_alloc(rules, b->change->n_rules, sizeof(*rs->rule));
	rs->code = (struct check_rule *)rules_alloc(rules, b->change->n_rules,
	                                            sizeof(*rs->code));
	rs->body = (struct rule_body *)rules_alloc(rules, b->change->n_rules,
	                                           sizeof(*rs->body));
	rs->actions =
		(struct rule_action *)rules_alloc(rules, actions, sizeof(*rs->actions));
	rs->pool.checks =
		(struct check *)rules_alloc(rules, room.checks, sizeof(struct check));
	rs->pool.sets =
		(struct set **)rules_alloc(rules, room.sets, sizeof(*rs->pool.sets));
	rs->pool.values = (struct check_value *)rules_alloc(rules, room.values,
	                                                    sizeof(struct check_value));
	rs->pool.labels = b->change->labels;
	b->items = (uint32_t *)rules_alloc(rules, b->change->n_rules, sizeof(*b->items));
	rs->memory_bytes =
		sizeof(*rs) + b->change->n_chains * sizeof(*rs->chains) +
		b->change->n_rules * (sizeof(*rs->rule) + sizeof(*rs->code) +
	                              sizeof(*rs->body) + sizeof(struct rule)) +
		actions * sizeof(*rs->actions) + room.checks * sizeof(struct check) +
		room.sets * sizeof(*rs->pool.sets) +
		room.values * sizeof(struct check_value);
	return rs->chains && rs->rule && rs->code && rs->body && rs->actions &&
	       rs->pool.checks && rs->pool.sets && rs->pool.values && b->items;
}

/* ---- chains and rules ---------------------------------------------------------- */

static int chain_fill(struct build *b, struct draft_chain *draft)
{
	struct ruleset *rs = b->rs;
	struct ruleset_chain *chain = &rs->chains[rs->n_chains];

	*chain = (struct ruleset_chain){
		.line = draft->line,
		.hook = draft->hook,
		.policy = draft->policy,
		.first = rs->n_rules,
		.length = draft->n_rules,
		.item = draft->item,
	};
	draft->number = rs->n_chains++;
	if (ctlink_string_set(&chain->name, draft->name, strlen(draft->name),
	                      rs->rules->memory) < 0)
		return no_memory(b);
	if (chain->hook != RULES_NO_HOOK)
		rs->hooks[chain->hook] = chain;
	return 0;
}

static bool is_named(const void *item, const void *key)
{
	return strcmp(((const struct draft_rule *)item)->rule->value.name,
	              (const char *)key) == 0;
}

static int name_check(struct build *b, struct draft_rule *d)
{
	const char *name = d->rule->value.name;
	const struct draft_rule *other;
	uint64_t hash;

	if (!name)
		return 0;
	hash = index_hash_name(name);
	other = (const struct draft_rule *)index_peek(&b->names, hash, is_named, name);
	if (!other)
		return index_insert(&b->names, hash, d) ? no_memory(b) : 0;
	if (other->rule->value.line)
		return rules_error_set(b->error, -EEXIST, d->item, CTQA_RULE_NAME, 0,
		                       "the name '%.64s' is taken by the rule of line %u",
		                       name, other->rule->value.line);
	return rules_error_set(b->error, -EEXIST, d->item, CTQA_RULE_NAME, 0,
	                       "the name '%.64s' is taken by rule %u", name,
	                       other->rule->id);
}

static void action_fill(const struct rules_labels *labels, struct check_pool *pool,
                        const struct ctlink_statement *s, struct rule_state *state,
                        struct rule_action *out)
{
	*out = (struct rule_action){
		.kind = s->kind,
		.value = s->value,
		.mask = ctlink_has(s, CTLINK_STATEMENT_MASK) ? s->mask : UINT32_MAX,
		.flags = (uint8_t)s->flags,
		.prefix4 = ctlink_has(s, CTLINK_STATEMENT_PREFIX4) ? s->prefix4 : 32,
		.prefix6 = ctlink_has(s, CTLINK_STATEMENT_PREFIX6) ? s->prefix6 : 128,
		.level = ctlink_has(s, CTLINK_STATEMENT_LEVEL) ? s->level
		                                               : RULES_LOG_LEVEL,
		.state = state,
	};
	if (s->kind == CTQ_STATEMENT_LOG) {
		out->prefix = s->string; /* the rule's; a generation holds its rules */
		out->every = s->every;
	}
	if (s->kind == CTQ_STATEMENT_LABEL)
		out->value =
			(uint32_t)rules_label_find(labels, s->string, strlen(s->string));
	if (ctlink_statement_has_set(s->kind)) {
		out->prefix = s->string;
		out->check = check_make_set(pool, s->field, s->with);
		out->timeout_s = s->timeout;
		out->with = s->with;
	}
	if (ctlink_has(s, CTLINK_STATEMENT_PERIOD))
		out->rate = limit_rate_of(s->rate, s->period,
		                          ctlink_has(s, CTLINK_STATEMENT_BURST)
		                                  ? s->burst
		                                  : CTQ_LIMIT_BURST);
	else if (s->kind == CTQ_STATEMENT_LIMIT)
		out->most = s->rate;
}

/* Jumps are resolved later, when all chains have a number. */
static void actions_fill(const struct rules_labels *labels, struct check_pool *pool,
                         const struct rule *rule, struct rule_action *out)
{
	uint32_t i;

	for (i = 0; i < rule->value.statements.length; i++)
		action_fill(labels, pool, ctlink_rule_statement(&rule->value, i),
		            rule->states ? &rule->states[i] : NULL, &out[i]);
}

/* Does the chain end here for a packet that the rule's matches hold for? */
static bool is_final(const struct ctlink_rule *value)
{
	uint16_t first = ctlink_rule_statement(value, 0)->kind;
	uint16_t last = ctlink_rule_statement(value, value->statements.length - 1)->kind;

	return first != CTQ_STATEMENT_LIMIT && last != CTQ_STATEMENT_JUMP &&
	       ctlink_statement_is_last(last);
}

static int set_complain(struct build *b, const struct draft_rule *d, uint32_t number,
                        const struct set *set)
{
	const struct ctlink_match *m = ctlink_rule_match(&d->rule->value, number);
	const char *word = ctlink_field_get(m->field)->word;

	if (!set) {
		rules_error_set(b->error, -ENOENT, d->item, CTQA_RULE_MATCH, number,
		                "there is no set '%.64s'", m->set);
		change_hint_sets(b->change, m->set, b->error);
		return -ENOENT;
	}
	return rules_error_set(b->error, -EINVAL, d->item, CTQA_RULE_MATCH, number,
	                       "set '%.64s' is of another type than '%s%s'", m->set, word,
	                       m->with ? " . port" : "");
}

/* A set that a statement changes, by what it has of the packet. */
static int statement_set_resolve(struct build *b, const struct draft_rule *d, uint32_t i)
{
	const struct ctlink_statement *s = ctlink_rule_statement(&d->rule->value, i);
	struct set *set = change_set_peek(b->change, s->string);
	struct ctlink_set value = { .has = 0 };

	if (!set) {
		rules_error_set(b->error, -ENOENT, d->item, CTQA_RULE_STATEMENT, i,
		                "there is no set '%.64s'", s->string);
		change_hint_sets(b->change, s->string, b->error);
		return -ENOENT;
	}
	if (!set_fits(set, s->field, s->with))
		return rules_error_set(b->error, -EINVAL, d->item, CTQA_RULE_STATEMENT, i,
		                       "set '%.64s' is of another type", s->string);
	set_read(set, &value);
	if (s->timeout && !(value.flags & CTQ_SET_TIMEOUT))
		return rules_error_set(b->error, -EINVAL, d->item, CTQA_RULE_STATEMENT, i,
		                       "elements of set '%.64s' have no timeout",
		                       s->string);
	set_get(set);
	b->rs->pool.sets[b->rs->n_sets++] = set;
	return 0;
}

/* Look the sets of a rule's matches up, then those of its statements, and take references. */
static int sets_resolve(struct build *b, const struct draft_rule *d)
{
	struct check_pool *pool = &b->rs->pool;
	const struct ctlink_match *m;
	struct set *set;
	uint32_t i;
	int err;

	for (i = 0; i < d->rule->value.matches.length; i++) {
		m = ctlink_rule_match(&d->rule->value, i);
		if (!m->set)
			continue;
		set = change_set_peek(b->change, m->set);
		if (!set || !set_fits(set, m->field, m->with))
			return set_complain(b, d, i, set);
		set_get(set);
		pool->sets[b->rs->n_sets++] = set;
	}
	for (i = 0; i < d->rule->value.statements.length; i++) {
		if (!ctlink_statement_has_set(
			    ctlink_rule_statement(&d->rule->value, i)->kind))
			continue;
		err = statement_set_resolve(b, d, i);
		if (err)
			return err;
	}
	return 0;
}

static int label_complain(struct build *b, const struct draft_rule *d, uint16_t attr,
                          uint32_t number, const char *name)
{
	rules_error_set(b->error, -ENOENT, d->item, attr, number,
	                "no label is called '%.64s'", name);
	change_hint_labels(b->change, name, b->error);
	return -ENOENT;
}

/* Do the labels of a rule's matches and statements exist? */
static int labels_check(struct build *b, const struct draft_rule *d)
{
	const struct rules_labels *labels = b->change->labels;
	const struct ctlink_rule *value = &d->rule->value;
	const struct ctlink_statement *s;
	const struct ctlink_match *m;
	uint64_t bits[2];
	const char *name;
	uint32_t i, v;

	for (i = 0; i < value->matches.length; i++) {
		m = ctlink_rule_match(value, i);
		for (v = 0; m->field == CTQ_FIELD_LABEL && v < m->values.length; v++) {
			name = ctlink_match_value(m, v)->string;
			if (rules_labels_find(labels, name, bits))
				return label_complain(b, d, CTQA_RULE_MATCH, i, name);
		}
	}
	for (i = 0; i < value->statements.length; i++) {
		s = ctlink_rule_statement(value, i);
		if (s->kind == CTQ_STATEMENT_LABEL &&
		    rules_label_find(labels, s->string, strlen(s->string)) < 0)
			return label_complain(b, d, CTQA_RULE_STATEMENT, i, s->string);
	}
	return 0;
}

static bool counts_sets(const struct check_rule *code)
{
	uint32_t i;

	for (i = 0; i < code->length; i++) {
		if (code->checks[i].set && !code->checks[i].negate &&
		    set_counts(code->checks[i].set))
			return true;
	}
	return false;
}

static int rules_fill(struct build *b, struct rule_action **actions)
{
	struct draft_chain *chain;
	struct ruleset *rs = b->rs;
	struct draft_rule *d;
	uint32_t n;
	int err;

	for (chain = b->change->first; chain; chain = chain->next) {
		err = chain_fill(b, chain);
		for (d = chain->first; d && !err; d = d->next) {
			err = is_canceled(b) ? canceled(b) : name_check(b, d);
			if (!err)
				err = sets_resolve(b, d);
			if (!err)
				err = labels_check(b, d);
			if (err)
				return err;
			n = rs->n_rules++;
			rule_get(d->rule);
			rs->rule[n] = d->rule;
			b->items[n] = d->item;
			check_make(&d->rule->value, &rs->pool, &rs->code[n]);
			rs->code[n].final = is_final(&d->rule->value);
			actions_fill(b->change->labels, &rs->pool, d->rule, *actions);
			rs->body[n] = (struct rule_body){
				.index = d->rule->index,
				.id = d->rule->id,
				.n_actions = d->rule->value.statements.length,
				.name = d->rule->value.name,
				.counts_sets = counts_sets(&rs->code[n]),
				.actions = *actions,
			};
			*actions += rs->body[n].n_actions;
		}
		if (err)
			return err;
	}
	return 0;
}

/* ---- jumps --------------------------------------------------------------------- */

static int jump_resolve(struct build *b, uint32_t position, uint32_t number,
                        struct rule_action *action)
{
	const struct ctlink_rule *value = &b->rs->rule[position]->value;
	const char *name = ctlink_rule_statement(value, number)->string;
	const struct draft_chain *chain = change_chain_peek(b->change, name);

	if (!chain) {
		rules_error_set(b->error, -ENOENT, b->items[position],
		                CTQA_RULE_STATEMENT, number,
		                "jump to chain '%.64s', which is not there", name);
		change_hint_chains(b->change, name, false, b->error);
		return -ENOENT;
	}
	if (chain->hook != RULES_NO_HOOK)
		return rules_error_set(
			b->error, -EINVAL, b->items[position], CTQA_RULE_STATEMENT,
			number, "jump to chain '%.64s', which is a hook's own", name);
	action->chain = chain->number;
	return 0;
}

static int jumps_resolve(struct build *b)
{
	struct rule_action *action = b->rs->actions;
	uint32_t position, i;
	int err;

	for (position = 0; position < b->rs->n_rules; position++) {
		for (i = 0; i < b->rs->body[position].n_actions; i++, action++) {
			if (action->kind != CTQ_STATEMENT_JUMP)
				continue;
			err = jump_resolve(b, position, i, action);
			if (err)
				return err;
		}
	}
	return 0;
}

/* ---- measuring ----------------------------------------------------------------- */

enum { CHAIN_NOT_MEASURED, CHAIN_BEING_MEASURED, CHAIN_MEASURED };

static int complain_jump(struct build *b, uint32_t position, int code, const char *what)
{
	uint32_t last = b->rs->body[position].n_actions - 1;

	return rules_error_set(b->error, code, b->items[position], CTQA_RULE_STATEMENT,
	                       last, "%s", what);
}

/* The chain that the rule jumps to, or NULL; what jumps is the last statement. */
static struct ruleset_chain *jump_target(const struct ruleset *rs, uint32_t position)
{
	const struct rule_body *body = &rs->body[position];
	const struct rule_action *last = &body->actions[body->n_actions - 1];

	return last->kind == CTQ_STATEMENT_JUMP ? &rs->chains[last->chain] : NULL;
}

static bool rejects(const struct ruleset *rs, uint32_t position)
{
	const struct rule_body *body = &rs->body[position];

	return body->actions[body->n_actions - 1].kind == CTQ_STATEMENT_REJECT;
}

static const char too_deep[] = "too many jumps within jumps";

/* @above: jumps that led here. Recursion ends by itself at RULES_DEPTH_MAX. */
static int chain_measure(struct build *b, struct ruleset_chain *chain, uint32_t above)
{
	struct ruleset_chain *target;
	uint64_t visits = chain->length;
	uint32_t i;
	int err;

	chain->state = CHAIN_BEING_MEASURED;
	for (i = chain->first; i < chain->first + chain->length; i++) {
		target = jump_target(b->rs, i);
		if (rejects(b->rs, i))
			chain->rejects = i + 1;
		if (!target)
			continue;
		if (target->state == CHAIN_BEING_MEASURED)
			return complain_jump(b, i, -ELOOP, "this jump goes in a circle");
		if (above == RULES_DEPTH_MAX)
			return complain_jump(b, i, -E2BIG, too_deep);
		if (target->state == CHAIN_NOT_MEASURED) {
			err = chain_measure(b, target, above + 1);
			if (err)
				return err;
		}
		if (target->depth >= RULES_DEPTH_MAX)
			return complain_jump(b, i, -E2BIG, too_deep);
		if (target->depth + 1 > chain->depth)
			chain->depth = target->depth + 1;
		if (target->rejects)
			chain->rejects = target->rejects;
		visits += target->visits;
		if (visits > RULES_VISITS_MAX)
			return complain_jump(
				b, i, -E2BIG,
				"a packet could meet too many rules by way of jumps");
	}
	chain->visits = (uint32_t)visits;
	chain->state = CHAIN_MEASURED;
	return 0;
}

static int chains_measure(struct build *b)
{
	uint32_t i;
	int err;

	for (i = 0; i < b->rs->n_chains; i++) {
		if (b->rs->chains[i].state == CHAIN_MEASURED)
			continue;
		err = chain_measure(b, &b->rs->chains[i], 0);
		if (err)
			return err;
	}
	return 0;
}

/* Nothing of the kernel that could answer the sender is behind postrouting. */
static int rejects_check(const struct build *b)
{
	const struct ruleset_chain *chain = b->rs->hooks[PACKET_HOOK_POSTROUTING];
	uint32_t position;

	if (!chain || !chain->rejects)
		return 0;
	position = chain->rejects - 1;
	return rules_error_set(
		b->error, -EOPNOTSUPP, b->items[position], CTQA_RULE_STATEMENT,
		b->rs->body[position].n_actions - 1,
		"nothing can be rejected at postrouting: drop it there, or "
		"reject it at prerouting, output or input");
}

/* ---- matchers ------------------------------------------------------------------ */

static int matchers_make(struct build *b)
{
	struct ruleset *rs = b->rs;
	struct ruleset_chain *chain;
	uint32_t i;
	int err;

	for (i = 0; i < rs->n_chains; i++) {
		chain = &rs->chains[i];
		err = rs->backend->build(rs->code + chain->first, chain->length,
		                         rs->rules->memory, &b->change->stop,
		                         &chain->matcher);
		if (err)
			return err == -ECANCELED ? canceled(b) : no_memory(b);
		rs->memory_bytes += rs->backend->memory(chain->matcher);
	}
	return 0;
}

/* ---- all ----------------------------------------------------------------------- */

static int build(struct build *b)
{
	struct rule_action *actions;
	int err;

	if (!room_make(b))
		return no_memory(b);
	actions = b->rs->actions;
	err = rules_fill(b, &actions);
	if (!err)
		err = jumps_resolve(b);
	if (!err)
		err = chains_measure(b);
	if (!err)
		err = rejects_check(b);
	if (!err)
		err = matchers_make(b);
	return err;
}

struct ruleset *ruleset_build(const struct rules_change *c, struct rules_error *e)
{
	struct build b = { .change = c, .error = e };
	int err;

	b.rs = (struct ruleset *)rules_alloc(c->rules, 1, sizeof(*b.rs));
	if (!b.rs) {
		no_memory(&b);
		return NULL;
	}
	atomic_store_explicit(&b.rs->refs, 1, memory_order_relaxed);
	b.rs->rules = c->rules;
	b.rs->backend = c->rules->backend;
	index_init(&b.names, c->rules->memory);
	err = build(&b);
	index_fini(&b.names);
	rules_free(c->rules, b.items);
	if (!err)
		return b.rs;
	ruleset_destroy(b.rs);
	return NULL;
}
