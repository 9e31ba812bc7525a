/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may have been meant by a name that is not there, and which names are: for the hints of
 * errors. Only where something is refused; all names are gone through.
 */
#include "rules/rules_priv.h"

#include "base/suggest.h"
#include "rules/label.h"

void change_hint_sets(const struct rules_change *c, const char *name,
                      struct rules_error *e)
{
	if (!e)
		return;
	if (c->sets)
		sets_change_hint(c->sets, name, e->error.hint, sizeof(e->error.hint));
	else
		sets_hint(c->rules->sets, name, e->error.hint, sizeof(e->error.hint));
}

void change_hint_chains(const struct rules_change *c, const char *name, bool with_hook,
                        struct rules_error *e)
{
	const struct draft_chain *chain;
	struct suggest s;

	if (!e)
		return;
	suggest_begin(&s, name);
	for (chain = c->first; chain; chain = chain->next)
		if (with_hook || chain->hook == RULES_NO_HOOK)
			suggest_add(&s, chain->name);
	suggest_end(&s, "chains", e->error.hint, sizeof(e->error.hint));
}

void change_hint_labels(const struct rules_change *c, const char *name,
                        struct rules_error *e)
{
	if (e)
		rules_labels_hint(c->labels, name, e->error.hint, sizeof(e->error.hint));
}
