/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operands, the field and the values of a match or an assignment, and the variables that
 * stand for values. Values are tokens still: only a field's type tells what they mean.
 */
#include "lang/lang_priv.h"

#include <errno.h>
#include <string.h>

#include "ctq/ctlink.h"

static void say_words(struct lang_error *e, const char *const *words, size_t n)
{
	size_t i, used;

	used = (size_t)snprintf(e->allowed, sizeof(e->allowed), "fields:");
	for (i = 0; i < n && used < sizeof(e->allowed); i++)
		used += (size_t)snprintf(e->allowed + used, sizeof(e->allowed) - used,
		                         " %s", words[i]);
}

/* A protocol or a family alone ("udp drop") is a value. */
static void say_alone(struct lang_error *e, const struct lang_token *group)
{
	static const uint16_t fields[] = { CTQ_FIELD_PROTO, CTQ_FIELD_FAMILY };
	size_t i, used = strlen(e->allowed);
	uint64_t value;

	for (i = 0; i < BASE_ARRAY_LENGTH(fields) && used < sizeof(e->allowed); i++)
		if (lang_names_value(lang_names_of(fields[i], 0), group->text,
		                     group->length, &value))
			snprintf(e->allowed + used, sizeof(e->allowed) - used,
			         "; alone: %s %.*s", ctlink_field_get(fields[i])->word,
			         LANG_SHOW(group));
}

static void complain_member(struct lang *l, const struct lang_token *group,
                            const struct lang_token *word)
{
	const char *words[LANG_WORDS_MAX];
	struct lang_error *e;
	size_t n;

	n = lang_word_list(group->text, group->length, words, LANG_WORDS_MAX);
	e = lang_error_add(l, &word->place, "'%.*s' has no '%.*s'", LANG_SHOW(group),
	                   LANG_SHOW(word));
	lang_error_suggest(e, word, words, n);
	say_words(e, words, n);
	if (!e->meant[0])
		say_alone(e, group);
}

static bool in_rules(const struct lang_word *word)
{
	const struct ctlink_field *field = ctlink_field_get(word->field);

	return field && field->scope & CTLINK_SCOPE_PACKET;
}

void lang_operand_begin(struct lang *l, const struct lang_token *group,
                        const struct lang_token *word)
{
	struct lang_operand *o = &l->operand;

	o->values.length = 0;
	o->word = NULL;
	o->with = NULL;
	if (!word) /* the value of a variable */
		return;
	o->place = group ? lang_place_join(&group->place, &word->place) : word->place;
	o->word = lang_word_find(group ? group->text : NULL, group ? group->length : 0,
	                         word->text, word->length);
	if (!o->word)
		complain_member(l, group, word);
	else if (!in_rules(o->word)) {
		lang_error_add(l, &o->place,
		               "rules cannot look at '%s': it is for filters of "
		               "connections",
		               o->word->word);
		o->word = NULL;
	}
	if (!o->word)
		l->draft.failed = true;
}

void lang_operand_with(struct lang *l, const struct lang_token *group,
                       const struct lang_token *word)
{
	struct lang_operand *o = &l->operand;
	struct lang_place place =
		group ? lang_place_join(&group->place, &word->place) : word->place;

	o->with = lang_word_find(group ? group->text : NULL, group ? group->length : 0,
	                         word->text, word->length);
	if (!o->with)
		complain_member(l, group, word);
	else if (o->with->field == CTQ_FIELD_SPORT || o->with->field == CTQ_FIELD_DPORT)
		return;
	else
		lang_error_add(l, &place, "'%s' cannot follow '.': sport and dport can",
		               o->with->word);
	l->draft.failed = true;
}

void lang_operand_value(struct lang *l, const struct lang_token *value)
{
	struct lang_token *t;

	t = (struct lang_token *)ctlink_list_append(&l->operand.values, sizeof(*t),
	                                            CTQ_MATCH_VALUES_MAX, l->memory);
	if (t)
		*t = *value;
	else if (errno != E2BIG)
		lang_no_memory(l);
	else if (!l->draft.failed) { /* once */
		lang_error_add(l, &value->place, "more than %d values",
		               CTQ_MATCH_VALUES_MAX);
		l->draft.failed = true;
	}
}

/* ---- variables ----------------------------------------------------------------- */

static struct lang_variable *variable_of(const struct lang *l, uint32_t i)
{
	return (struct lang_variable *)ctlink_list_item(&l->variables,
	                                                sizeof(struct lang_variable), i);
}

struct lang_variable *lang_variable_find(const struct lang *l,
                                         const struct lang_token *name)
{
	struct lang_variable *v;
	uint32_t i;

	for (i = 0; i < l->variables.length; i++) {
		v = variable_of(l, i);
		if (v->name.length == name->length &&
		    memcmp(v->name.text, name->text, name->length) == 0)
			return v;
	}
	return NULL;
}

static void complain_variable(struct lang *l, const struct lang_token *name)
{
	const struct lang_token *defined;
	struct lang_error *e;
	char near[66];
	const char *one = near;
	uint32_t i;

	e = lang_error_add(l, &name->place, "'$%.*s' is not defined", LANG_SHOW(name));
	l->draft.failed = true;
	for (i = 0; i < l->variables.length && !e->meant[0]; i++) {
		defined = &variable_of(l, i)->name;
		snprintf(near, sizeof(near), "%.*s", LANG_SHOW(defined));
		lang_error_suggest(e, name, &one, 1);
		if (e->meant[0])
			snprintf(e->meant, sizeof(e->meant),
			         "did you mean '$%s' (line %u)?", near,
			         defined->place.line);
	}
}

void lang_operand_variable(struct lang *l, const struct lang_token *name)
{
	const struct lang_variable *v = lang_variable_find(l, name);
	struct lang_token value;
	uint32_t i;

	if (!v) {
		complain_variable(l, name);
		return;
	}
	for (i = 0; i < v->values.length; i++) {
		value = *(struct lang_token *)ctlink_list_item(&v->values, sizeof(value),
		                                               i);
		value.from = v;
		value.place = name->place;
		lang_operand_value(l, &value);
	}
}

void lang_define(struct lang *l, const struct lang_token *name)
{
	const struct lang_variable *before = lang_variable_find(l, name);
	struct lang_variable *v;
	char where[LANG_WHERE_MAX];

	l->draft.failed = false; /* by a variable that is not defined; told */
	if (before) {
		lang_error_add(l, &name->place, "'%.*s' is defined already, %s",
		               LANG_SHOW(name),
		               lang_where(l, &before->name.place, &name->place, where));
		return;
	}
	v = (struct lang_variable *)ctlink_list_append(&l->variables, sizeof(*v),
	                                               LANG_VARIABLES_MAX, l->memory);
	if (!v) {
		lang_append_failed(l, &name->place, "variables", LANG_VARIABLES_MAX);
		return;
	}
	v->name = *name;
	v->values = l->operand.values;
	memset(&l->operand.values, 0, sizeof(l->operand.values));
}
