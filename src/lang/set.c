/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named sets: a block declares one, with the elements that it has from the beginning. The
 * type stands before the elements, whose values are read by it.
 */
#include "lang/lang_priv.h"

#include <errno.h>
#include <string.h>

#include "ctq/ctlink.h"

/* ---- words ------------------------------------------------------------------------- */

static const struct lang_name type_list[] = {
	{ "address", CTQ_SET_ADDRESS },     { "port", CTQ_SET_PORT },
	{ "interface", CTQ_SET_INTERFACE }, { "mark", CTQ_SET_MARK },
	{ "ipv4_addr", CTQ_SET_ADDRESS },   { "ipv6_addr", CTQ_SET_ADDRESS },
	{ "inet_service", CTQ_SET_PORT },   { "ifname", CTQ_SET_INTERFACE },
};
static const struct lang_names types = { "type", "types", type_list,
	                                 BASE_ARRAY_LENGTH(type_list) };

/* nft says "interval" where ranges may stand, and "dynamic" where rules add: always so here. */
static const struct lang_name flag_list[] = {
	{ "timeout", CTQ_SET_TIMEOUT },
	{ "counter", CTQ_SET_COUNTER },
	{ "interval", 0 },
	{ "dynamic", 0 },
};
static const struct lang_names flags = { "flag", "flags", flag_list,
	                                 BASE_ARRAY_LENGTH(flag_list) };

const char *lang_set_type_name(uint16_t type)
{
	if (type == CTQ_SET_ADDRESS_PORT)
		return "address . port";
	return lang_names_name(&types, type);
}

uint16_t lang_set_field(uint16_t type)
{
	switch ((enum ctq_set_type)type) {
	case CTQ_SET_PORT: return CTQ_FIELD_DPORT;
	case CTQ_SET_INTERFACE: return CTQ_FIELD_IIF;
	case CTQ_SET_MARK: return CTQ_FIELD_MARK;
	default: return CTQ_FIELD_SRC;
	}
}

/* ---- mistakes ---------------------------------------------------------------------- */

static struct ctlink_set *set_open(struct lang *l)
{
	return l->set_open == LANG_NO_SET ? NULL
	                                  : ctlink_ruleset_set(&l->set, l->set_open);
}

static struct lang_set_place *set_place(const struct lang *l, uint32_t i)
{
	return (struct lang_set_place *)ctlink_list_item(
		&l->set_places, sizeof(struct lang_set_place), i);
}

static void complain_name(struct lang *l, const struct lang_token *token,
                          const struct lang_names *names)
{
	struct lang_error *e = lang_error_add(l, &token->place, "unknown %s '%.*s'",
	                                      names->kind, LANG_SHOW(token));
	const char *list[8];
	size_t i;

	for (i = 0; i < names->length && i < BASE_ARRAY_LENGTH(list); i++)
		list[i] = names->list[i].name;
	lang_error_suggest(e, token, list, i);
	lang_names_list(names, e->allowed, sizeof(e->allowed));
}

void lang_blame_set(struct lang *l, uint32_t i, const char *text, const char *hint)
{
	struct lang_error *e;

	if (i >= l->set_places.length)
		return;
	e = lang_error_add(l, &set_place(l, i)->place, "%s", text);
	lang_error_hint(e, hint);
}

void lang_blame_element(struct lang *l, uint32_t set, uint32_t i, const char *text,
                        const char *hint)
{
	const struct lang_place *place;
	struct lang_error *e;

	if (set >= l->set_places.length ||
	    set_place(l, set)->first + i >= l->element_places.length) {
		lang_blame_set(l, set, text, hint);
		return;
	}
	place = (const struct lang_place *)ctlink_list_item(
		&l->element_places, sizeof(*place), set_place(l, set)->first + i);
	e = lang_error_add(l, place, "%s", text);
	lang_error_hint(e, hint);
}

/* ---- the set ----------------------------------------------------------------------- */

static uint32_t set_find(const struct lang *l, const char *name)
{
	uint32_t i;

	for (i = 0; i < l->set.sets.length; i++) {
		if (strcmp(ctlink_ruleset_set(&l->set, i)->name, name) == 0)
			return i;
	}
	return LANG_NO_SET;
}

/* Takes @name over. */
static void set_append(struct lang *l, char *name, const struct lang_place *place)
{
	struct lang_set_place *kept = (struct lang_set_place *)ctlink_list_append(
		&l->set_places, sizeof(*kept), CTLINK_SETS_MAX, l->memory);
	struct ctlink_set *set = kept ? ctlink_ruleset_append_set(&l->set) : NULL;

	if (!set) {
		lang_append_failed(l, place, "sets", CTLINK_SETS_MAX);
		ctlink_memory_free(l->memory, name);
		return;
	}
	kept->place = *place;
	kept->first = l->element_places.length;
	set->name = name;
	set->line = place->line;
	ctlink_mark(set, CTLINK_SET_NAME);
	ctlink_mark(set, CTLINK_SET_LINE);
	l->set_open = l->set.sets.length - 1;
}

void lang_set_begin(struct lang *l, const struct lang_token *token)
{
	char *name = NULL, where[LANG_WHERE_MAX];
	uint32_t before;

	l->set_open = LANG_NO_SET;
	if (!lang_set_name_check(l, token) ||
	    !lang_token_copy(l, token, CTQ_NAME_MAX, &name))
		return;
	before = set_find(l, name);
	if (before == LANG_NO_SET) {
		set_append(l, name, &token->place);
		return;
	}
	lang_error_add(l, &token->place, "set '%s' is declared already, %s", name,
	               lang_where(l, &set_place(l, before)->place, &token->place, where));
	ctlink_memory_free(l->memory, name);
}

bool lang_set_name_check(struct lang *l, const struct lang_token *token)
{
	uint32_t i;

	for (i = 0; i < token->length; i++) {
		if (!ctlink_set_name_has(token->text[i]))
			break;
	}
	if (i == token->length && i > 0)
		return true;
	lang_error_add(l, &token->place,
	               "'%.*s' is no name for a set: letters, digits, '_', '-' and '.'",
	               LANG_SHOW(token));
	return false;
}

void lang_set_end(struct lang *l)
{
	const struct ctlink_set *set = set_open(l);
	struct lang_error *e;

	if (set && !ctlink_has(set, CTLINK_SET_TYPE)) {
		e = lang_error_add(l, &set_place(l, l->set_open)->place,
		                   "set '%s' has no type", set->name);
		snprintf(e->allowed, sizeof(e->allowed), "add: type address");
	}
	l->set_open = LANG_NO_SET;
}

/* What a set has is said once. */
static bool is_first(struct lang *l, const struct ctlink_set *set,
                     enum ctlink_set_bit bit, const struct lang_token *token,
                     const char *what)
{
	if (!ctlink_has(set, bit))
		return true;
	lang_error_add(l, &token->place, "set '%s' has a %s already", set->name, what);
	return false;
}

void lang_set_type(struct lang *l, const struct lang_token *token)
{
	struct ctlink_set *set = set_open(l);
	uint64_t type;

	if (!lang_names_value(&types, token->text, token->length, &type)) {
		complain_name(l, token, &types);
		/* its elements are read as what is most likely */
		type = CTQ_SET_ADDRESS;
	}
	if (!set)
		return;
	if (!is_first(l, set, CTLINK_SET_TYPE, token, "type"))
		return;
	set->type = (uint16_t)type;
	ctlink_mark(set, CTLINK_SET_TYPE);
}

void lang_set_type_with(struct lang *l, const struct lang_token *token)
{
	struct ctlink_set *set = set_open(l);
	struct lang_error *e;
	uint64_t type;

	if (lang_names_value(&types, token->text, token->length, &type) &&
	    type == CTQ_SET_PORT && (!set || set->type == CTQ_SET_ADDRESS)) {
		if (set)
			set->type = CTQ_SET_ADDRESS_PORT;
		return;
	}
	e = lang_error_add(l, &token->place, "these types do not go together");
	snprintf(e->allowed, sizeof(e->allowed), "allowed: address . port");
}

void lang_set_flag(struct lang *l, const struct lang_token *token)
{
	struct ctlink_set *set = set_open(l);
	uint64_t flag;

	if (!lang_names_value(&flags, token->text, token->length, &flag)) {
		complain_name(l, token, &flags);
		return;
	}
	if (!set)
		return;
	set->flags |= (uint32_t)flag;
	ctlink_mark(set, CTLINK_SET_FLAGS);
}

/* A number of @field, whose spellings it has: seconds as "1h30m". */
bool lang_set_number(struct lang *l, uint16_t field, const struct lang_token *token,
                     uint32_t max, uint32_t *out)
{
	struct ctlink_value v = { 0 };
	struct lang_fault fault = { "" };
	struct lang_error *e;
	uint64_t number;

	if (lang_value_parse(ctlink_field_get(field), 0, token->text, token->length, &v,
	                     l->memory, &fault)) {
		e = lang_error_add_fault(l, token, &fault);
		if (field == CTQ_FIELD_LENGTH)
			snprintf(e->allowed, sizeof(e->allowed), "allowed: 1 to %u", max);
		return false;
	}
	number = ctlink_value_number(v.first, v.first_size);
	if (v.has == 1u << CTLINK_VALUE_FIRST && number <= max) {
		*out = (uint32_t)number;
		return true;
	}
	lang_error_add(l, &token->place, "'%.*s' is not a number up to %u",
	               LANG_SHOW(token), max);
	return false;
}

void lang_set_timeout(struct lang *l, const struct lang_token *token)
{
	struct ctlink_set *set = set_open(l);
	uint32_t timeout = 0;

	if (!lang_set_number(l, CTQ_FIELD_TIMEOUT, token, CTQ_SET_TIMEOUT_MAX,
	                     &timeout) ||
	    !set || !is_first(l, set, CTLINK_SET_TIMEOUT, token, "timeout"))
		return;
	set->timeout = timeout;
	set->flags |= CTQ_SET_TIMEOUT;
	ctlink_mark(set, CTLINK_SET_TIMEOUT);
	ctlink_mark(set, CTLINK_SET_FLAGS);
}

void lang_set_size(struct lang *l, const struct lang_token *token)
{
	struct ctlink_set *set = set_open(l);
	uint32_t size = 0;

	if (!lang_set_number(l, CTQ_FIELD_LENGTH, token, CTQ_SET_SIZE_MAX, &size) || !set)
		return;
	if (size == 0) {
		lang_error_add(l, &token->place, "a set of no size");
		return;
	}
	if (!is_first(l, set, CTLINK_SET_SIZE, token, "size"))
		return;
	set->size = size;
	ctlink_mark(set, CTLINK_SET_SIZE);
}

void lang_set_comment(struct lang *l, const struct lang_token *token)
{
	struct ctlink_set *set = set_open(l);

	if (set && is_first(l, set, CTLINK_SET_COMMENT, token, "comment") &&
	    lang_token_copy(l, token, CTQ_COMMENT_MAX, &set->comment))
		ctlink_mark(set, CTLINK_SET_COMMENT);
}

/* ---- elements ---------------------------------------------------------------------- */

/* The elements that were read last: one, or those of a variable. */
static uint32_t elements_open(struct lang *l, struct ctlink_set **set)
{
	*set = set_open(l);
	return *set ? (*set)->elements.length - l->elements_from : 0;
}

static struct ctlink_element *element_at(struct lang *l, struct ctlink_set *set,
                                         uint32_t i)
{
	return ctlink_set_element(set, l->elements_from + i);
}

static bool has_type(struct lang *l, const struct ctlink_set *set,
                     const struct lang_token *token)
{
	if (ctlink_has(set, CTLINK_SET_TYPE))
		return true;
	if (set->elements.length == 0 && !l->type_missed)
		lang_error_add(l, &token->place, "the type stands before the elements");
	l->type_missed = true;
	return false;
}

static bool value_read(struct lang *l, uint16_t field, const struct lang_token *token,
                       struct ctlink_value *out)
{
	struct lang_fault fault = { "" };
	int err = lang_value_parse(ctlink_field_get(field), 0, token->text, token->length,
	                           out, l->memory, &fault);

	if (err == -ENOMEM)
		lang_no_memory(l);
	else if (err)
		lang_error_add_fault(l, token, &fault);
	return !err;
}

static void element_add(struct lang *l, struct ctlink_set *set,
                        const struct lang_token *token)
{
	struct ctlink_element *e;

	if (lang_is_over(l))
		return;
	if (!lang_place_keep(l, &l->element_places, UINT32_MAX, &token->place)) {
		lang_no_memory(l);
		return;
	}
	e = ctlink_set_append(set, l->memory);
	if (!e) {
		lang_append_failed(l, &token->place, "elements", CTQ_SET_SIZE_MAX);
		return;
	}
	e->line = token->place.line;
	ctlink_mark(e, CTLINK_ELEMENT_LINE);
	ctlink_mark(e, CTLINK_ELEMENT_KEY);
	value_read(l, lang_set_field(set->type), token, &e->key);
}

/* What stands here begins behind the elements that are there; false: nothing may. */
static bool elements_begin(struct lang *l, const struct lang_token *token)
{
	struct ctlink_set *set = set_open(l);

	l->elements_from = set ? set->elements.length : 0;
	return set && has_type(l, set, token);
}

void lang_element(struct lang *l, const struct lang_token *token)
{
	if (elements_begin(l, token))
		element_add(l, set_open(l), token);
}

void lang_element_variable(struct lang *l, const struct lang_token *name)
{
	const struct lang_variable *v = lang_variable_find(l, name);
	bool kept = elements_begin(l, name);
	struct lang_token value;
	uint32_t i;

	if (!v)
		lang_error_add(l, &name->place, "'$%.*s' is not defined",
		               LANG_SHOW(name));
	for (i = 0; v && kept && i < v->values.length; i++) {
		value = *(struct lang_token *)ctlink_list_item(&v->values, sizeof(value),
		                                               i);
		value.from = v;
		value.place = name->place;
		element_add(l, set_open(l), &value);
	}
}

void lang_element_with(struct lang *l, const struct lang_token *token)
{
	struct ctlink_value port = { 0 };
	struct ctlink_set *set;
	uint32_t n = elements_open(l, &set);

	if (!n || !value_read(l, CTQ_FIELD_DPORT, token, &port))
		return;
	while (n-- > 0) {
		element_at(l, set, n)->with = port;
		ctlink_mark(element_at(l, set, n), CTLINK_ELEMENT_WITH);
	}
}

void lang_element_timeout(struct lang *l, const struct lang_token *token)
{
	struct ctlink_set *set;
	uint32_t timeout = 0, n;

	if (!lang_set_number(l, CTQ_FIELD_TIMEOUT, token, CTQ_SET_TIMEOUT_MAX, &timeout))
		return;
	for (n = elements_open(l, &set); n-- > 0;) {
		element_at(l, set, n)->timeout = timeout;
		ctlink_mark(element_at(l, set, n), CTLINK_ELEMENT_TIMEOUT);
	}
}

void lang_element_comment(struct lang *l, const struct lang_token *token)
{
	struct ctlink_set *set;
	uint32_t n;

	for (n = elements_open(l, &set); n-- > 0;) {
		if (!lang_token_copy(l, token, CTQ_COMMENT_MAX,
		                     &element_at(l, set, n)->comment))
			return;
		ctlink_mark(element_at(l, set, n), CTLINK_ELEMENT_COMMENT);
	}
}
