/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chains: a block opens one, or goes on with one that was opened before. A chain that is
 * named as a hook stands there, unless its first block says another one. What a block says
 * of its chain, no other may say otherwise.
 */
#include "lang/lang_priv.h"

#include <string.h>

#include "ctq/ctlink.h"

struct ctlink_chain *lang_chain_of(struct lang *l)
{
	return l->chain == LANG_NO_CHAIN ? NULL : ctlink_ruleset_chain(&l->set, l->chain);
}

static struct lang_chain_place *chain_place(const struct lang *l)
{
	return (struct lang_chain_place *)ctlink_list_item(
		&l->chain_places, sizeof(struct lang_chain_place), l->chain);
}

static uint32_t chain_find(const struct lang *l, const char *name)
{
	uint32_t i;

	for (i = 0; i < l->set.chains.length; i++) {
		if (strcmp(ctlink_ruleset_chain(&l->set, i)->name, name) == 0)
			return i;
	}
	return LANG_NO_CHAIN;
}

/* A chain that is named as a hook stands there, unless it says another one. */
static void chain_hook_by_name(struct ctlink_chain *chain)
{
	uint64_t hook;

	if (!lang_names_value(&lang_hooks, chain->name, strlen(chain->name), &hook) ||
	    strcmp(lang_names_name(&lang_hooks, hook), chain->name) != 0)
		return;
	chain->hook = (uint8_t)hook;
	chain->policy = CTQ_VERDICT_ACCEPT;
	ctlink_mark(chain, CTLINK_CHAIN_HOOK);
	ctlink_mark(chain, CTLINK_CHAIN_POLICY);
}

/* Takes @name over. */
static void chain_append(struct lang *l, char *name, const struct lang_place *place)
{
	struct lang_chain_place *kept = (struct lang_chain_place *)ctlink_list_append(
		&l->chain_places, sizeof(*kept), CTLINK_CHAINS_MAX, l->memory);
	struct ctlink_chain *chain;

	if (!kept)
		goto failed;
	kept->place = *place;
	chain = ctlink_ruleset_append_chain(&l->set);
	if (!chain)
		goto failed;
	chain->name = name;
	chain->line = place->line;
	ctlink_mark(chain, CTLINK_CHAIN_NAME);
	ctlink_mark(chain, CTLINK_CHAIN_LINE);
	chain_hook_by_name(chain);
	l->chain = l->set.chains.length - 1;
	return;

failed:
	lang_append_failed(l, place, "chains", CTLINK_CHAINS_MAX);
	ctlink_memory_free(l->memory, name);
}

/* From now on it stands where its first block has left it. */
static void chain_reopen(struct lang *l)
{
	struct lang_chain_place *kept = chain_place(l);

	if (ctlink_has(lang_chain_of(l), CTLINK_CHAIN_HOOK) && !kept->hook.line)
		kept->hook = kept->place;
}

void lang_chain_begin(struct lang *l, const struct lang_token *token)
{
	char *name = NULL;

	lang_chain_begin_unknown(l);
	if (!lang_token_copy(l, token, CTQ_NAME_MAX, &name))
		return;
	l->chain = chain_find(l, name);
	if (l->chain == LANG_NO_CHAIN)
		chain_append(l, name, &token->place);
	else { /* its rules follow those that it has */
		ctlink_memory_free(l->memory, name);
		chain_reopen(l);
	}
	memset(&l->policy_place, 0, sizeof(l->policy_place));
}

void lang_chain_begin_unknown(struct lang *l)
{
	l->chain = LANG_NO_CHAIN;
	memset(&l->policy_place, 0, sizeof(l->policy_place));
}

/* A policy needs a hook; a chain's hook may stand behind it. */
void lang_chain_end(struct lang *l)
{
	struct ctlink_chain *chain = lang_chain_of(l);
	struct lang_error *e;

	if (chain && l->policy_place.line && !ctlink_has(chain, CTLINK_CHAIN_HOOK)) {
		e = lang_error_add(
			l, &l->policy_place,
			"chain '%s' has a policy but no hook: it is reached by "
			"jump only",
			chain->name);
		lang_names_list(&lang_hooks, e->allowed, sizeof(e->allowed));
	}
	l->chain = LANG_NO_CHAIN;
}

/* The value of a name, or a mistake. */
static bool token_value(struct lang *l, const struct lang_token *token,
                        const struct lang_names *names, uint64_t *value)
{
	const char *list[8];
	struct lang_error *e;
	size_t i;

	if (lang_names_value(names, token->text, token->length, value))
		return true;
	e = lang_error_add(l, &token->place, "unknown %s '%.*s'", names->kind,
	                   LANG_SHOW(token));
	for (i = 0; i < names->length && i < BASE_ARRAY_LENGTH(list); i++)
		list[i] = names->list[i].name;
	lang_error_suggest(e, token, list, i);
	lang_names_list(names, e->allowed, sizeof(e->allowed));
	return false;
}

/* What the chain has of @names was said at @before, if it was; false: it was another, told. */
static bool is_said_again(struct lang *l, const struct lang_token *token,
                          const struct lang_names *names, uint64_t now, uint64_t was,
                          const struct lang_place *before)
{
	char where[LANG_WHERE_MAX];

	if (!before->line || now == was)
		return true;
	lang_error_add(l, &token->place, "chain '%s' has the %s '%s' already, %s",
	               lang_chain_of(l)->name, names->kind, lang_names_name(names, was),
	               lang_where(l, before, &token->place, where));
	return false;
}

void lang_chain_hook(struct lang *l, const struct lang_token *token)
{
	struct ctlink_chain *chain = lang_chain_of(l);
	uint64_t hook;

	if (!token_value(l, token, &lang_hooks, &hook) || !chain ||
	    !is_said_again(l, token, &lang_hooks, hook, chain->hook,
	                   &chain_place(l)->hook))
		return;
	chain_place(l)->hook = token->place;
	chain->hook = (uint8_t)hook;
	ctlink_mark(chain, CTLINK_CHAIN_HOOK);
	if (!ctlink_has(chain, CTLINK_CHAIN_POLICY))
		chain->policy = CTQ_VERDICT_ACCEPT;
	ctlink_mark(chain, CTLINK_CHAIN_POLICY);
}

void lang_chain_policy(struct lang *l, const struct lang_token *token)
{
	struct ctlink_chain *chain = lang_chain_of(l);
	uint64_t verdict;

	if (!token_value(l, token, &lang_policies, &verdict) || !chain ||
	    !is_said_again(l, token, &lang_policies, verdict, chain->policy,
	                   &chain_place(l)->policy))
		return;
	chain_place(l)->policy = token->place;
	chain->policy = (uint8_t)verdict;
	ctlink_mark(chain, CTLINK_CHAIN_POLICY);
	l->policy_place = token->place;
}
