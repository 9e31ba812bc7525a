/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions.
 *
 * A change begins as a list of the chains and rules in force (the rules themselves are
 * shared), is changed step by step, and becomes a generation at its end. The list is made
 * with the first step that looks at it: a load, which forgets all, needs none. A rule that it
 * brings has its id and index from the moment it is added; when the change is given up
 * the index is free again, the id is not.
 */
#include "rules/label.h"
#include "rules/rules_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <string.h>

static int no_memory(struct rules_error *e, uint32_t item)
{
	return rules_error_set(e, -ENOMEM, item, 0, 0, "no memory for the rules");
}

/* ---- lists --------------------------------------------------------------------- */

static bool chain_is(const void *item, const void *key)
{
	return strcmp(((const struct draft_chain *)item)->name, (const char *)key) == 0;
}

static bool rule_is(const void *item, const void *key)
{
	return ((const struct draft_rule *)item)->rule->id == *(const uint32_t *)key;
}

struct draft_chain *change_chain_peek(const struct rules_change *c, const char *name)
{
	return (struct draft_chain *)index_peek(&c->chains, index_hash_name(name),
	                                        chain_is, name);
}

/* Before @before, or at the end. */
static void draft_link(struct draft_chain *chain, struct draft_rule *d,
                       struct draft_rule *before)
{
	d->chain = chain;
	d->next = before;
	d->prev = before ? before->prev : chain->last;
	if (d->prev)
		d->prev->next = d;
	else
		chain->first = d;
	if (before)
		before->prev = d;
	else
		chain->last = d;
	chain->n_rules++;
}

static void draft_unlink(struct draft_rule *d)
{
	if (d->prev)
		d->prev->next = d->next;
	else
		d->chain->first = d->next;
	if (d->next)
		d->next->prev = d->prev;
	else
		d->chain->last = d->prev;
	d->chain->n_rules--;
}

static void draft_remove(struct rules_change *c, struct draft_rule *d)
{
	if (c->has_ids)
		index_remove(&c->ids, index_hash_id(d->rule->id), d);
	draft_unlink(d);
	rule_put(d->rule);
	rules_free(c->rules, d);
	c->n_rules--;
}

/* A list entry for @rule, whose reference it takes when it succeeds. */
static struct draft_rule *draft_insert(struct rules_change *c, struct draft_chain *chain,
                                       struct rule *rule, struct draft_rule *before)
{
	struct draft_rule *d;

	d = (struct draft_rule *)rules_alloc(c->rules, 1, sizeof(*d));
	if (!d)
		return NULL;
	d->rule = rule;
	if (c->has_ids && index_insert(&c->ids, index_hash_id(rule->id), d)) {
		rules_free(c->rules, d);
		return NULL;
	}
	draft_link(chain, d, before);
	c->n_rules++;
	return d;
}

static struct draft_chain *chain_append(struct rules_change *c, const char *name)
{
	struct draft_chain *chain;

	chain = (struct draft_chain *)rules_alloc(c->rules, 1, sizeof(*chain));
	if (!chain)
		return NULL;
	chain->hook = RULES_NO_HOOK;
	chain->policy = CTQ_VERDICT_ACCEPT;
	if (ctlink_string_set(&chain->name, name, strlen(name), c->rules->memory) < 0)
		goto failed;
	if (index_insert(&c->chains, index_hash_name(name), chain))
		goto failed;
	chain->prev = c->last;
	if (c->last)
		c->last->next = chain;
	else
		c->first = chain;
	c->last = chain;
	c->n_chains++;
	return chain;

failed:
	rules_free(c->rules, chain->name);
	rules_free(c->rules, chain);
	return NULL;
}

static void chain_remove(struct rules_change *c, struct draft_chain *chain)
{
	while (chain->first)
		draft_remove(c, chain->first);
	index_remove(&c->chains, index_hash_name(chain->name), chain);
	if (chain->prev)
		chain->prev->next = chain->next;
	else
		c->first = chain->next;
	if (chain->next)
		chain->next->prev = chain->prev;
	else
		c->last = chain->prev;
	rules_free(c->rules, chain->name);
	rules_free(c->rules, chain);
	c->n_chains--;
}

/* ---- life ---------------------------------------------------------------------- */

static int chain_copy(struct rules_change *c, const struct ruleset *rs,
                      const struct ruleset_chain *from)
{
	struct draft_chain *chain = chain_append(c, from->name);
	uint32_t i;

	if (!chain)
		return -ENOMEM;
	chain->hook = from->hook;
	chain->policy = from->policy;
	chain->line = from->line;
	for (i = from->first; i < from->first + from->length; i++) {
		if (!draft_insert(c, chain, rs->rule[i], NULL))
			return -ENOMEM;
		rule_get(rs->rule[i]);
	}
	return 0;
}

struct rules_change *rules_change_new(struct rules *rules, int *err)
{
	const struct ruleset *rs = rules_peek(rules);
	struct rules_change *c;

	*err = -ENOMEM;
	c = (struct rules_change *)rules_alloc(rules, 1, sizeof(*c));
	if (!c)
		return NULL;
	c->rules = rules;
	c->labels = rules->labels;
	rules_labels_get(c->labels);
	index_init(&c->chains, rules->memory);
	index_init(&c->ids, rules->memory);
	if (rs)
		c->base = rules_find(rules);
	*err = 0;
	return c;
}

/* What is in force is let go early: its last reference should not be put by control. */
static void base_forget(struct rules_change *c)
{
	if (c->base)
		ruleset_put(c->base);
	c->base = NULL;
}

/* Before whatever looks at the list. */
static int list_make(struct rules_change *c, uint32_t item, struct rules_error *e)
{
	uint32_t i;
	int err = 0;

	for (i = 0; c->base && i < c->base->n_chains && !err; i++)
		err = chain_copy(c, c->base, &c->base->chains[i]);
	base_forget(c);
	return err ? no_memory(e, item) : 0;
}

static void chains_remove(struct rules_change *c)
{
	while (c->first)
		chain_remove(c, c->first);
}

int rules_change_flush(struct rules_change *c)
{
	base_forget(c);
	chains_remove(c);
	c->flushed = true;
	return 0;
}

struct sets_change *rules_change_sets(struct rules_change *c, uint64_t now_ms)
{
	if (c->sets)
		return c->sets;
	c->sets = sets_change_new(c->rules->sets, now_ms);
	if (!c->sets || !c->flushed || sets_change_replace(c->sets) == 0)
		return c->sets;
	sets_change_destroy(c->sets);
	c->sets = NULL;
	return NULL;
}

struct set *change_set_peek(const struct rules_change *c, const char *name)
{
	return c->sets ? sets_change_peek(c->sets, name)
	               : sets_peek(c->rules->sets, name);
}

uint32_t rules_change_length(const struct rules_change *c)
{
	return c->n_rules;
}

void rules_change_sets_destroy(struct rules_change *c)
{
	sets_change_destroy(c->sets);
	c->sets = NULL;
}

void rules_change_destroy(struct rules_change *c)
{
	if (!c)
		return;
	if (c->built)
		ruleset_destroy(c->built);
	rules_change_sets_destroy(c);
	base_forget(c);
	chains_remove(c);
	index_fini(&c->chains);
	index_fini(&c->ids);
	rules_labels_put(c->labels);
	rules_free(c->rules, c);
}

int rules_change_build(struct rules_change *c, struct rules_error *e)
{
	struct rules_error ignored;

	if (c->built)
		ruleset_destroy(c->built);
	if (!e)
		e = &ignored;
	c->built = NULL;
	/* sets that no load brings again go with it */
	if (list_make(c, 0, e) || (c->flushed && !rules_change_sets(c, 0)))
		return no_memory(e, 0);
	c->built = ruleset_build(c, e);
	return c->built ? 0 : e->error.code;
}

void rules_change_cancel(struct rules_change *c)
{
	atomic_store_explicit(&c->stop, true, memory_order_relaxed);
}

/* ---- chains -------------------------------------------------------------------- */

static const char *hook_name(uint8_t hook)
{
	switch (hook) {
	case NF_INET_PRE_ROUTING: return "prerouting";
	case NF_INET_LOCAL_IN: return "input";
	case NF_INET_LOCAL_OUT: return "output";
	case NF_INET_POST_ROUTING: return "postrouting";
	default: return NULL;
	}
}

/* A chain that is named as a hook stands there: else its name would lie. */
static bool name_fits(const struct ctlink_chain *chain)
{
	const char *name;
	uint8_t hook;

	for (hook = 0; hook < PACKET_HOOKS; hook++) {
		name = hook_name(hook);
		if (name && strcmp(name, chain->name) == 0)
			return ctlink_has(chain, CTLINK_CHAIN_HOOK) &&
			       chain->hook == hook;
	}
	return true;
}

static int hook_check(const struct rules_change *c, uint32_t item,
                      const struct ctlink_chain *chain, struct rules_error *e)
{
	const struct draft_chain *other;

	if (!hook_name(chain->hook))
		return rules_error_set(e, -EOPNOTSUPP, item, CTQA_CHAIN_HOOK, 0,
		                       "no packet is judged at hook %u", chain->hook);
	for (other = c->first; other; other = other->next) {
		if (other->hook == chain->hook && strcmp(other->name, chain->name) != 0)
			return rules_error_set(e, -EEXIST, item, CTQA_CHAIN_HOOK, 0,
			                       "chain '%.64s' is at hook %s already",
			                       other->name, hook_name(chain->hook));
	}
	return 0;
}

static int chain_check(const struct rules_change *c, uint32_t item,
                       const struct ctlink_chain *chain, struct rules_error *e)
{
	bool has_hook = ctlink_has(chain, CTLINK_CHAIN_HOOK);

	if (!chain->name || !*chain->name || strlen(chain->name) >= CTQ_NAME_MAX)
		return rules_error_set(e, -EINVAL, item, CTQA_CHAIN_NAME, 0,
		                       "a chain needs a name of at most %d bytes",
		                       CTQ_NAME_MAX - 1);
	if (!name_fits(chain))
		return rules_error_set(e, -EINVAL, item, CTQA_CHAIN_NAME, 0,
		                       "chain '%s' is not at the hook of this name",
		                       chain->name);
	if (ctlink_has(chain, CTLINK_CHAIN_POLICY) &&
	    chain->policy != CTQ_VERDICT_ACCEPT && chain->policy != CTQ_VERDICT_DROP)
		return rules_error_set(e, -EINVAL, item, CTQA_CHAIN_POLICY, 0,
		                       "a policy is accept or drop");
	return has_hook ? hook_check(c, item, chain, e) : 0;
}

static int chain_create(struct rules_change *c, uint32_t item,
                        const struct ctlink_chain *from, struct rules_error *e)
{
	struct draft_chain *chain;

	if (ctlink_has(from, CTLINK_CHAIN_POLICY) && !ctlink_has(from, CTLINK_CHAIN_HOOK))
		return rules_error_set(e, -EINVAL, item, CTQA_CHAIN_POLICY, 0,
		                       "chain '%s' has a policy but no hook", from->name);
	if (c->n_chains >= RULES_CHAINS_MAX)
		return rules_error_set(e, -E2BIG, item, 0, 0, "more than %d chains",
		                       RULES_CHAINS_MAX);
	chain = chain_append(c, from->name);
	if (!chain)
		return no_memory(e, item);
	chain->item = item;
	chain->line = from->line;
	if (ctlink_has(from, CTLINK_CHAIN_HOOK))
		chain->hook = from->hook;
	if (ctlink_has(from, CTLINK_CHAIN_POLICY))
		chain->policy = from->policy;
	return 0;
}

int rules_change_chain_set(struct rules_change *c, uint32_t item,
                           const struct ctlink_chain *from, struct rules_error *e)
{
	struct draft_chain *chain;
	int err;

	err = list_make(c, item, e);
	if (!err)
		err = chain_check(c, item, from, e);
	if (err)
		return err;
	chain = change_chain_peek(c, from->name);
	if (!chain)
		return chain_create(c, item, from, e);
	if (ctlink_has(from, CTLINK_CHAIN_HOOK) && chain->hook != from->hook)
		return rules_error_set(e, -EEXIST, item, CTQA_CHAIN_HOOK, 0,
		                       "chain '%s' exists, and is not at this hook",
		                       from->name);
	if (ctlink_has(from, CTLINK_CHAIN_POLICY) && chain->hook == RULES_NO_HOOK)
		return rules_error_set(e, -EINVAL, item, CTQA_CHAIN_POLICY, 0,
		                       "chain '%s' has no hook and so no policy",
		                       from->name);
	if (ctlink_has(from, CTLINK_CHAIN_POLICY))
		chain->policy = from->policy;
	return 0;
}

int rules_change_chain_delete(struct rules_change *c, uint32_t item, const char *name,
                              struct rules_error *e)
{
	struct draft_chain *chain;
	int err = list_make(c, item, e);

	if (err)
		return err;
	chain = change_chain_peek(c, name);
	if (!chain) {
		rules_error_set(e, -ENOENT, item, CTQA_CHAIN_NAME, 0,
		                "there is no chain '%.64s'", name);
		change_hint_chains(c, name, true, e);
		return -ENOENT;
	}
	chain_remove(c, chain);
	return 0;
}

/* ---- rules --------------------------------------------------------------------- */

static int ids_make(struct rules_change *c)
{
	struct draft_chain *chain;
	struct draft_rule *d;

	if (c->has_ids)
		return 0;
	index_fini(&c->ids);
	for (chain = c->first; chain; chain = chain->next) {
		for (d = chain->first; d; d = d->next) {
			if (index_insert(&c->ids, index_hash_id(d->rule->id), d))
				return -ENOMEM;
		}
	}
	c->has_ids = true;
	return 0;
}

/* 0 and *@out, or -ENOENT or -ENOMEM with @e filled. */
static int draft_find(struct rules_change *c, uint32_t item, uint16_t attr, uint32_t id,
                      struct draft_rule **out, struct rules_error *e)
{
	if (ids_make(c))
		return no_memory(e, item);
	*out = (struct draft_rule *)index_peek(&c->ids, index_hash_id(id), rule_is, &id);
	if (!*out)
		return rules_error_set(e, -ENOENT, item, attr, 0, "there is no rule %u",
		                       id);
	return 0;
}

/* What cannot be done by this daemon as it is configured. */
static int statement_possible(const struct rules *rules, const struct ctlink_statement *s,
                              struct ctlink_error *error)
{
	if (s->kind != CTQ_STATEMENT_LIMIT || s->value != CTQ_LIMIT_CONNECTIONS ||
	    rules->counts_connections)
		return 0;
	ctlink_error_set(error, -EOPNOTSUPP, 0,
	                 "the connections of sources are not counted");
	ctlink_error_hint(error,
	                  "set 'table { per-source NUMBER; }' in ctqd.conf, the most "
	                  "that any source may have");
	return -EOPNOTSUPP;
}

/* Parsers have looked at most of this before, but not all rules come from one. */
static int statement_validate(const struct rules *rules, const struct ctlink_rule *rule,
                              uint32_t i, struct ctlink_error *error)
{
	const struct ctlink_statement *s = ctlink_rule_statement(rule, i);
	uint16_t attr, before;
	int err = ctlink_statement_check(s, &attr, error);

	if (err)
		return err;
	if (s->kind == CTQ_STATEMENT_JUMP && !s->string)
		return ctlink_error_set(error, -EINVAL, 0, "a jump needs a chain");
	before = i ? ctlink_rule_statement(rule, i - 1)->kind : CTQ_STATEMENT_LIMIT;
	if (ctlink_statement_is_last(before))
		return ctlink_error_set(error, -EINVAL, 0, "the rule has ended before");
	if (s->kind == CTQ_STATEMENT_LIMIT && before != CTQ_STATEMENT_LIMIT)
		return ctlink_error_set(error, -EINVAL, 0,
		                        "limits stand before what the rule does");
	return statement_possible(rules, s, error);
}

/* A rule counts what it lets in, and each only once. */
static bool counts_well(const struct ctlink_rule *rule, uint32_t *limit)
{
	uint32_t n = rule->statements.length, i, counts = 0;
	const struct ctlink_statement *s;

	for (i = 0; i < n; i++) {
		s = ctlink_rule_statement(rule, i);
		if (s->kind != CTQ_STATEMENT_LIMIT ||
		    s->value != CTQ_LIMIT_RULE_CONNECTIONS)
			continue;
		*limit = i;
		counts++;
	}
	return counts == 0 || (counts == 1 && ctlink_rule_statement(rule, n - 1)->kind ==
	                                              CTQ_STATEMENT_ACCEPT);
}

/* Only its limits: it would do nothing. */
static bool only_limits(const struct ctlink_rule *rule)
{
	uint32_t n = rule->statements.length;

	return n == 0 || ctlink_rule_statement(rule, n - 1)->kind == CTQ_STATEMENT_LIMIT;
}

static int statements_check(const struct rules *rules, uint32_t item,
                            const struct ctlink_rule *rule, struct rules_error *e)
{
	struct ctlink_error wrong = { 0 };
	uint32_t i;
	int err;

	if (only_limits(rule))
		return rules_error_set(e, -EINVAL, item, 0, 0,
		                       "a rule without statement does nothing");
	for (i = 0; i < rule->statements.length; i++) {
		err = statement_validate(rules, rule, i, &wrong);
		if (!err)
			continue;
		rules_error_set(e, err, item, CTQA_RULE_STATEMENT, i, "%s", wrong.text);
		if (e)
			memcpy(e->error.hint, wrong.hint, sizeof(wrong.hint));
		return err;
	}
	if (counts_well(rule, &i))
		return 0;
	return rules_error_set(e, -EINVAL, item, CTQA_RULE_STATEMENT, i,
	                       "a rule that limits its connections does so once, and "
	                       "ends with accept");
}

static int rule_check(const struct rules_change *c, uint32_t item,
                      const struct ctlink_rule *rule, struct rules_error *e)
{
	struct ctlink_error wrong = { 0 };
	uint32_t match;
	int err;

	err = check_validate(rule, &match, &wrong);
	if (err) {
		rules_error_set(e, err, item, CTQA_RULE_MATCH, match, "%s", wrong.text);
		if (e)
			memcpy(e->error.hint, wrong.hint, sizeof(wrong.hint));
		return err;
	}
	if (rule->name && strlen(rule->name) >= CTQ_NAME_MAX)
		return rules_error_set(e, -EINVAL, item, CTQA_RULE_NAME, 0,
		                       "a name has at most %d bytes", CTQ_NAME_MAX - 1);
	if (c->n_rules >= RULES_MAX)
		return rules_error_set(e, -E2BIG, item, 0, 0, "more than %d rules",
		                       RULES_MAX);
	return statements_check(c->rules, item, rule, e);
}

/* Into @chain before @before; takes @value. */
static int rule_insert(struct rules_change *c, uint32_t item, struct draft_chain *chain,
                       struct draft_rule *before, struct ctlink_rule *value,
                       struct rules_error *e)
{
	struct draft_rule *d;
	struct rule *rule;
	int err;

	if (!value->chain && ctlink_string_set(&value->chain, chain->name,
	                                       strlen(chain->name), c->rules->memory))
		return no_memory(e, item);
	ctlink_mark(value, CTLINK_RULE_CHAIN);
	rule = rule_new(c->rules, value, &err);
	if (!rule && err != -ENOMEM)
		return rules_error_set(e, err, item, 0, 0,
		                       "no number is left for the rule");
	if (!rule)
		return no_memory(e, item);
	d = draft_insert(c, chain, rule, before);
	if (!d) {
		rule_put(rule);
		return no_memory(e, item);
	}
	d->item = item;
	return 0;
}

static int rule_add(struct rules_change *c, uint32_t item, struct ctlink_rule *value,
                    struct rules_error *e)
{
	struct draft_rule *before = NULL;
	struct draft_chain *chain;
	int err;

	if (ctlink_has(value, CTLINK_RULE_ID))
		return rules_error_set(e, -EINVAL, item, CTQA_RULE_ID, 0,
		                       "rules get their id from the daemon");
	chain = value->chain ? change_chain_peek(c, value->chain) : NULL;
	if (!chain) {
		rules_error_set(e, -ENOENT, item, CTQA_RULE_CHAIN, 0,
		                "there is no chain '%.64s'",
		                value->chain ? value->chain : "");
		change_hint_chains(c, value->chain ? value->chain : "", true, e);
		return -ENOENT;
	}
	if (ctlink_has(value, CTLINK_RULE_BEFORE)) {
		err = draft_find(c, item, CTQA_RULE_BEFORE, value->before, &before, e);
		if (err)
			return err;
		if (before->chain != chain)
			return rules_error_set(e, -EINVAL, item, CTQA_RULE_BEFORE, 0,
			                       "rule %u is in chain '%.64s'",
			                       value->before, before->chain->name);
	}
	err = rule_check(c, item, value, e);
	if (err)
		return err;
	return rule_insert(c, item, chain, before, value, e);
}

int rules_change_rule_add(struct rules_change *c, uint32_t item,
                          struct ctlink_rule *value, struct rules_error *e)
{
	int err = list_make(c, item, e);

	if (!err)
		err = rule_add(c, item, value, e);

	ctlink_rule_fini(value, c->rules->memory); /* what is left of it */
	return err;
}

static int rule_replace(struct rules_change *c, uint32_t item, struct ctlink_rule *value,
                        struct rules_error *e)
{
	struct draft_rule *old;
	int err;

	if (!ctlink_has(value, CTLINK_RULE_ID))
		return rules_error_set(e, -EINVAL, item, 0, 0,
		                       "which rule is to be replaced?");
	err = draft_find(c, item, CTQA_RULE_ID, value->id, &old, e);
	if (err)
		return err;
	if (value->chain && strcmp(value->chain, old->chain->name) != 0)
		return rules_error_set(e, -EINVAL, item, CTQA_RULE_CHAIN, 0,
		                       "rule %u is in chain '%.64s'", value->id,
		                       old->chain->name);
	err = rule_check(c, item, value, e);
	if (!err)
		err = rule_insert(c, item, old->chain, old, value, e);
	if (!err)
		draft_remove(c, old);
	return err;
}

int rules_change_rule_replace(struct rules_change *c, uint32_t item,
                              struct ctlink_rule *value, struct rules_error *e)
{
	int err = list_make(c, item, e);

	if (!err)
		err = rule_replace(c, item, value, e);

	ctlink_rule_fini(value, c->rules->memory);
	return err;
}

int rules_change_rule_delete(struct rules_change *c, uint32_t item, uint32_t id,
                             struct rules_error *e)
{
	struct draft_rule *d;
	int err;

	err = list_make(c, item, e);
	if (!err)
		err = draft_find(c, item, CTQA_RULE_ID, id, &d, e);
	if (!err)
		draft_remove(c, d);
	return err;
}
