/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One rule, which generations and changes share. It owns its value and its index, and
 * gives both back when the last of them lets go: in the control thread, or in liburcu's.
 */
#include <errno.h>
#include <string.h>

#include "rules/rules_priv.h"

struct rule *rule_new(struct rules *rules, struct ctlink_rule *value, int *err)
{
	struct rule *rule;

	*err = -EOVERFLOW;
	if (rules->next_id == 0)
		return NULL;
	*err = -ENOMEM;
	rule = (struct rule *)rules_alloc(rules, 1, sizeof(*rule));
	if (!rule)
		return NULL;
	*err = counters_take(&rules->counters, &rule->index);
	if (*err) {
		rules_free(rules, rule);
		return NULL;
	}
	atomic_store_explicit(&rule->refs, 1, memory_order_relaxed);
	rule->rules = rules;
	rule->id = rules->next_id++;
	rule->value = *value;
	memset(value, 0, sizeof(*value));
	/* what only requests and answers have */
	ctlink_unmark(&rule->value, CTLINK_RULE_ID);
	ctlink_unmark(&rule->value, CTLINK_RULE_BEFORE);
	ctlink_unmark(&rule->value, CTLINK_RULE_PACKETS);
	ctlink_unmark(&rule->value, CTLINK_RULE_BYTES);
	ctlink_unmark(&rule->value, CTLINK_RULE_HITS);
	ctlink_unmark(&rule->value, CTLINK_RULE_LAST_HIT);
	return rule;
}

void rule_get(struct rule *rule)
{
	atomic_fetch_add_explicit(&rule->refs, 1, memory_order_relaxed);
}

void rule_put(struct rule *rule)
{
	const struct rules *rules = rule->rules;

	if (atomic_fetch_sub_explicit(&rule->refs, 1, memory_order_acq_rel) != 1)
		return;
	counters_free(&rule->rules->counters, rule->index);
	ctlink_rule_fini(&rule->value, rules->memory);
	rules_free(rules, rule);
}
