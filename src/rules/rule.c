/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One rule, which generations and changes share. It owns its value and its index, and
 * gives both back when the last of them lets go: in the control thread, or in liburcu's.
 */
#include <errno.h>
#include <string.h>

#include "rules/rules_priv.h"

/* Give back what a list has room for and does not use; it lives long. */
static void list_trim(struct ctlink_list *list, size_t item_size,
                      const struct ctlink_memory *memory)
{
	void *items;

	if (list->length == 0 || list->length == list->capacity)
		return;
	items = ctlink_memory_resize(memory, list->items, list->length * item_size);
	if (!items)
		return;
	list->items = items;
	list->capacity = list->length;
}

static void value_trim(struct ctlink_rule *value, const struct ctlink_memory *memory)
{
	uint32_t i;

	list_trim(&value->matches, sizeof(struct ctlink_match), memory);
	list_trim(&value->statements, sizeof(struct ctlink_statement), memory);
	for (i = 0; i < value->matches.length; i++)
		list_trim(&ctlink_rule_match(value, i)->values,
		          sizeof(struct ctlink_value), memory);
}

static bool has_state(const struct ctlink_statement *s)
{
	return s->kind == CTQ_STATEMENT_LIMIT || s->kind == CTQ_STATEMENT_LOG;
}

/* The daemon's table of sources. Workers see it by way of a generation. */
static int sources_make(struct rules *rules)
{
	struct limit_sources *s;

	if (atomic_load_explicit(&rules->sources, memory_order_relaxed))
		return 0;
	s = limit_sources_new(LIMIT_SOURCES, &rules->key, rules->memory);
	if (!s)
		return -ENOMEM;
	atomic_store_explicit(&rules->sources, s, memory_order_release);
	return 0;
}

static int opens_make(struct rules *rules)
{
	struct opens *o;

	if (atomic_load_explicit(&rules->opens, memory_order_relaxed))
		return 0;
	o = opens_new(rules->memory);
	if (!o)
		return -ENOMEM;
	atomic_store_explicit(&rules->opens, o, memory_order_release);
	return 0;
}

static struct opens *opens_of(const struct rules *rules)
{
	return atomic_load_explicit(&rules->opens, memory_order_relaxed);
}

/* What a limit needs beside its state. */
static int limit_begin(struct rules *rules, const struct ctlink_statement *s,
                       struct rule_state *state)
{
	int err = 0;

	if (s->kind != CTQ_STATEMENT_LIMIT)
		return 0;
	if (s->value == CTQ_LIMIT_SOURCE_RATE)
		err = sources_make(rules);
	if (s->value == CTQ_LIMIT_RULE_CONNECTIONS) {
		err = opens_make(rules);
		if (err)
			return err;
		state->open = opens_add(opens_of(rules));
		if (!state->open)
			err = -ENOSPC;
	}
	return err;
}

static void states_free(struct rule *rule, uint32_t n)
{
	uint32_t i;

	for (i = 0; rule->states && i < n; i++)
		if (rule->states[i].open)
			opens_remove(opens_of(rule->rules), rule->states[i].open);
	rules_free(rule->rules, rule->states);
}

static int states_make(struct rule *rule, const struct ctlink_rule *value)
{
	bool states = false;
	uint32_t i;
	int err = 0;

	for (i = 0; i < value->statements.length; i++)
		states |= has_state(ctlink_rule_statement(value, i));
	if (!states)
		return 0;
	rule->states = (struct rule_state *)rules_alloc(
		rule->rules, value->statements.length, sizeof(*rule->states));
	if (!rule->states)
		return -ENOMEM;
	for (i = 0; i < value->statements.length && !err; i++)
		err = limit_begin(rule->rules, ctlink_rule_statement(value, i),
		                  &rule->states[i]);
	return err;
}

/* Room for what control looks up by index. */
static bool index_room_make(struct rules *rules)
{
	uint32_t size = rules->counters.chunks * COUNTERS_CHUNK;
	struct rule **room;

	if (size <= rules->by_index_size)
		return true;
	room = (struct rule **)ctlink_memory_resize(rules->memory, rules->by_index,
	                                            size * sizeof(*room));
	if (!room)
		return false;
	memset(room + rules->by_index_size, 0,
	       (size - rules->by_index_size) * sizeof(*room));
	rules->by_index = room;
	rules->by_index_size = size;
	return true;
}

struct rule *rule_new(struct rules *rules, struct ctlink_rule *value, int *err)
{
	struct rule *rule;

	*err = -ENOMEM;
	rule = (struct rule *)rules_alloc(rules, 1, sizeof(*rule));
	if (!rule)
		return NULL;
	rule->rules = rules;
	*err = states_make(rule, value);
	if (!*err)
		*err = counters_take(&rules->counters, &rule->index);
	if (!*err) {
		*err = index_room_make(rules)
		               ? ids_take(&rules->ids, rules, rule->index, &rule->id)
		               : -ENOMEM;
		if (*err)
			counters_free(&rules->counters, rule->index);
	}
	if (*err) {
		states_free(rule, value->statements.length);
		rules_free(rules, rule);
		return NULL;
	}
	atomic_store_explicit(&rule->refs, 1, memory_order_relaxed);
	rule->value = *value;
	memset(value, 0, sizeof(*value));
	value_trim(&rule->value, rules->memory);
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
	states_free(rule, rule->value.statements.length);
	ctlink_rule_fini(&rule->value, rules->memory);
	rules_free(rules, rule);
}
