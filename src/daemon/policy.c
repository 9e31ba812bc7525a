/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctlink/rule.h"
#include "lang/lang.h"
#include "sets/sets.h"

/* What the sets refused; @item is the set's number from 1, @element its element's. */
static int set_refused(int r, const struct sets_error *e, uint32_t item, uint32_t element,
                       struct rules_error *error)
{
	*error = (struct rules_error){ .error = e->error,
		                       .item = item,
		                       .number = element };
	return r;
}

static int set_fill(struct sets_change *change, struct ctlink_set *set, uint32_t item,
                    struct rules_error *error)
{
	struct ctlink_element element;
	struct sets_error e;
	uint32_t i;
	int r = sets_change_set_add(change, set, false, &e);

	for (i = 0; r == 0 && i < set->elements.length; i++) {
		element = *ctlink_set_element(set, i);
		element.set = set->name; /* borrowed, as everything else */
		r = sets_change_element_add(change, &element, false, &e);
	}
	return r == 0 ? 0 : set_refused(r, &e, item, i, error);
}

/* Items of the change, as errors count them: sets from 1 on, then chains, then rules. */
static int change_fill(struct rules_change *change, const struct ctlink_ruleset *set,
                       struct rules_error *error)
{
	uint32_t i, item = 1;
	struct sets_change *sets;
	int r = rules_change_flush(change);

	sets = rules_change_sets(change, clock_monotonic_ns() / 1000000u);
	if (!sets)
		return -ENOMEM;
	for (i = 0; r == 0 && i < set->sets.length; i++, item++)
		r = set_fill(sets, ctlink_ruleset_set(set, i), item, error);
	for (i = 0; r == 0 && i < set->chains.length; i++, item++)
		r = rules_change_chain_set(change, item, ctlink_ruleset_chain(set, i),
		                           error);
	for (i = 0; r == 0 && i < set->rules.length; i++, item++)
		r = rules_change_rule_add(change, item, ctlink_ruleset_rule(set, i),
		                          error);
	if (r == 0)
		r = rules_change_build(change, error);
	return r == 0 ? sets_change_prepare(sets, UINT32_MAX) : r;
}

/* What the rule sets refused, as a mistake in the text where that is possible. */
static void refusal_report(struct lang *lang, const struct rules_error *e,
                           config_report *report, void *ctx)
{
	uint32_t sets = lang_ruleset(lang)->sets.length,
		 chains = sets + lang_ruleset(lang)->chains.length;
	char text[2 * CTLINK_ERROR_TEXT_MAX];

	if (e->item > chains) {
		lang_blame_rule(lang, e->item - chains - 1, e->error.text, e->error.hint);
	} else if (e->item > sets) {
		lang_blame_chain(lang, e->item - sets - 1, e->error.text, e->error.hint);
	} else if (e->item && e->number) {
		lang_blame_element(lang, e->item - 1, e->number - 1, e->error.text,
		                   e->error.hint);
	} else if (e->item) {
		lang_blame_set(lang, e->item - 1, e->error.text, e->error.hint);
	} else {
		snprintf(text, sizeof(text), "error: rules: %s",
		         e->error.text[0] ? e->error.text : strerror(-e->error.code));
		report(ctx, text);
	}
}

static void errors_report(const struct lang *lang, config_report *report, void *ctx)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	lang_errors_print(lang, out);
	fclose(out);
	if (size && text[size - 1] == '\n')
		text[size - 1] = '\0';
	report(ctx, text);
	free(text);
}

static int policy_build(struct policy *p, struct rules *rules, struct lang *lang,
                        config_report *report, void *ctx)
{
	struct rules_error error = { .item = 0 };
	uint64_t begun_ns = clock_monotonic_ns();
	int r;

	p->change = rules_change_new(rules, &r);
	if (!p->change)
		return r;
	r = change_fill(p->change, lang_ruleset(lang), &error);
	p->build_ns = clock_monotonic_ns() - begun_ns;
	if (r < 0 && r != -ENOMEM)
		refusal_report(lang, &error, report, ctx);
	return r;
}

int policy_prepare(struct policy *p, struct rules *rules, const char *path,
                   config_report *report, void *ctx)
{
	struct lang *lang = lang_new(NULL);
	int r;

	*p = (struct policy){ .change = NULL };
	if (!lang)
		return -ENOMEM;
	r = lang_read_file(lang, path);
	if (r == 0)
		r = policy_build(p, rules, lang, report, ctx);
	if (lang_error_count(lang))
		errors_report(lang, report, ctx);
	lang_destroy(lang);
	return r < 0 && r != -ENOMEM ? -EINVAL : r;
}

void policy_commit(struct policy *p)
{
	rules_change_commit(p->change, clock_realtime_ns() / 1000000000u, p->build_ns);
}

void policy_discard(struct policy *p)
{
	rules_change_destroy(p->change);
	p->change = NULL;
}
