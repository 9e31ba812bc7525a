/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Matches. Those that a spelling means beside its own ("tcp dport": proto tcp) are added
 * before it, once.
 */
#include "lang/lang_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "ctq/ctlink.h"

/* The only value of a match "field value", if it is one; -1: it is not. */
static int match_single(const struct ctlink_match *m)
{
	const struct ctlink_value *v;

	if (m->values.length != 1 || m->flags)
		return -1;
	v = ctlink_match_value(m, 0);
	if (v->has != 1ull << CTLINK_VALUE_FIRST)
		return -1;
	return (int)ctlink_value_number(v->first, v->first_size);
}

/* The only value that the rule's matches on @field leave; 0: none says; -1: not one. */
static int draft_single(const struct lang_draft *d, uint16_t field)
{
	const struct ctlink_match *m;
	int single = 0;
	uint32_t i;

	for (i = 0; i < d->rule.matches.length; i++) {
		m = ctlink_rule_match(&d->rule, i);
		if (m->field == field)
			single = match_single(m);
	}
	return single;
}

static struct ctlink_match *match_append(struct lang *l, uint16_t field,
                                         const struct lang_place *place)
{
	struct ctlink_match *m = ctlink_rule_append_match(&l->draft.rule, l->memory);

	if (!m) {
		lang_append_failed(l, place, "matches in a rule", CTQ_RULE_MATCHES_MAX);
		l->draft.failed = true;
		return NULL;
	}
	m->field = field;
	ctlink_mark(m, CTLINK_MATCH_FIELD);
	l->draft.match_places[l->draft.rule.matches.length - 1] = *place;
	return m;
}

/* A match that the spelling of another one means. */
static void match_imply(struct lang *l, uint16_t field, uint8_t value,
                        const struct lang_place *place)
{
	struct ctlink_match *m;
	struct ctlink_value *v;

	if (value == 0 || draft_single(&l->draft, field) == value)
		return;
	m = match_append(l, field, place);
	if (!m)
		return;
	v = ctlink_match_append(m, l->memory);
	if (!v) {
		lang_no_memory(l);
		return;
	}
	ctlink_value_set_number(v, CTLINK_VALUE_FIRST, value, 1);
	(void)lang_possible(l, m, place);
}

/* Addresses say their family themselves, unless they are those that must not be. */
static void imply_family(struct lang *l, const struct lang_word *word, bool negate)
{
	const struct ctlink_field *field = ctlink_field_get(word->field);

	if (field->type != CTLINK_FIELD_ADDRESS || negate)
		match_imply(l, CTQ_FIELD_FAMILY, word->family, &l->operand.place);
}

static bool is_icmp(uint16_t field)
{
	return field == CTQ_FIELD_ICMP_TYPE || field == CTQ_FIELD_ICMP_CODE;
}

/* The protocol that names this match's values; ICMP without another word is IPv4's. */
static uint8_t match_protocol(struct lang *l, const struct lang_word *word,
                              const struct lang_place *place)
{
	int single = draft_single(&l->draft, CTQ_FIELD_PROTO);
	const struct ctlink_match icmp = { .field = word->field };

	if (word->proto)
		match_imply(l, CTQ_FIELD_PROTO, word->proto, place);
	else if (!is_icmp(word->field))
		;
	else if (single == 0)
		match_imply(l, CTQ_FIELD_PROTO, IPPROTO_ICMP, place);
	else /* before a value is read by the names of another protocol */
		(void)lang_possible(l, &icmp, place);
	single = draft_single(&l->draft, CTQ_FIELD_PROTO);
	return single > 0 ? (uint8_t)single : 0;
}

/* A value that is also the name of a variable. */
static void suggest_variable(struct lang *l, struct lang_error *e,
                             const struct lang_token *token)
{
	if (e->meant[0] || token->from || !lang_variable_find(l, token))
		return;
	snprintf(e->meant, sizeof(e->meant), "did you mean '$%.*s'?", LANG_SHOW(token));
	e->allowed[0] = '\0';
}

int lang_token_parse(struct lang *l, const struct ctlink_field *field, uint8_t proto,
                     const struct lang_token *token, struct ctlink_value *v,
                     struct lang_fault *fault)
{
	char *copy = NULL;
	int err;

	if (!token->quoted || !memchr(token->text, '\\', token->length))
		return lang_value_parse(field, proto, token->text, token->length, v,
		                        l->memory, fault);
	if (!lang_token_copy(l, token, CTQ_NAME_MAX, &copy))
		return l->no_memory ? -ENOMEM : -EALREADY;
	err = lang_value_parse(field, proto, copy, strlen(copy), v, l->memory, fault);
	ctlink_memory_free(l->memory, copy);
	return err;
}

void lang_token_fault(struct lang *l, const struct lang_token *token, int err,
                      const struct lang_fault *fault)
{
	l->draft.failed = true;
	if (err == -ENOMEM)
		lang_no_memory(l);
	else if (err != -EALREADY) /* not told yet */
		suggest_variable(l, lang_error_add_fault(l, token, fault), token);
}

static void value_add(struct lang *l, struct ctlink_match *m, uint8_t proto,
                      const struct lang_token *token)
{
	const struct ctlink_field *field = ctlink_field_get(m->field);
	struct ctlink_value *v = ctlink_match_append(m, l->memory);
	struct lang_fault fault = { "" };
	int err = -ENOMEM;

	if (v)
		err = lang_token_parse(l, field, proto, token, v, &fault);
	if (err)
		lang_token_fault(l, token, err, &fault);
}

static bool is_bits(uint16_t field)
{
	uint8_t type = ctlink_field_get(field)->type;

	return type == CTLINK_FIELD_BITS8 || type == CTLINK_FIELD_BITS32;
}

/* "syn,ack" without braces is one value: the tokens joined again. */
static bool bits_join(struct lang *l, const struct ctlink_list *tokens, char *buf,
                      size_t size, struct lang_token *out)
{
	const struct lang_token *t;
	size_t used = 0;
	uint32_t i;

	for (i = 0; i < tokens->length; i++) {
		t = (struct lang_token *)ctlink_list_item(tokens, sizeof(*t), i);
		if (i == 0)
			*out = *t;
		out->place = lang_place_join(&out->place, &t->place);
		if (used + t->length + 2 > size) {
			lang_error_add(l, &t->place, "too many values");
			return false;
		}
		if (i > 0)
			buf[used++] = ',';
		memcpy(buf + used, t->text, t->length);
		used += t->length;
	}
	out->text = buf;
	out->length = (uint32_t)used;
	return true;
}

/* Bits without a mask, each in a value of its own, mean the same as all in one. */
static void bits_merge(struct ctlink_match *m)
{
	struct ctlink_value *first, *v;
	uint64_t bits;
	uint32_t i;

	for (i = 0; i < m->values.length; i++) {
		if (ctlink_match_value(m, i)->has != 1ull << CTLINK_VALUE_FIRST)
			return;
	}
	first = ctlink_match_value(m, 0);
	for (; m->values.length > 1; ctlink_list_drop_last(&m->values)) {
		v = ctlink_match_value(m, m->values.length - 1);
		bits = ctlink_value_number(first->first, first->first_size) |
		       ctlink_value_number(v->first, v->first_size);
		ctlink_value_set_number(first, CTLINK_VALUE_FIRST, bits, v->first_size);
	}
}

static void values_add(struct lang *l, struct ctlink_match *m, uint8_t proto)
{
	const struct lang_operand *o = &l->operand;
	struct lang_token joined;
	char text[LANG_TEXT_MAX];
	uint32_t i;

	if (is_bits(m->field) && !o->braces && o->values.length > 1) {
		if (bits_join(l, &o->values, text, sizeof(text), &joined))
			value_add(l, m, proto, &joined);
		else
			l->draft.failed = true;
		return;
	}
	for (i = 0; i < o->values.length && !lang_is_over(l); i++)
		value_add(l, m, proto,
		          (struct lang_token *)ctlink_list_item(
				  &o->values, sizeof(struct lang_token), i));
	if (is_bits(m->field) && !l->draft.failed && m->values.length)
		bits_merge(m);
}

/* Addresses of a spelling that says its family are all of that family. */
static void check_family(struct lang *l, const struct lang_word *word,
                         const struct ctlink_match *m, const struct lang_place *place)
{
	uint8_t size = word->family == AF_INET ? 4 : 16;
	uint32_t i;

	if (!word->family || ctlink_field_get(word->field)->type != CTLINK_FIELD_ADDRESS)
		return;
	for (i = 0; i < m->values.length && !l->draft.failed; i++) {
		if (ctlink_match_value(m, i)->first_size == size)
			continue;
		lang_error_add(l, place, "'%s' has IPv%c addresses only", word->group,
		               size == 4 ? '4' : '6');
		l->draft.failed = true;
	}
}

/* "proto tcp" behind "tcp dport 22" says nothing new: take it away again. */
static void drop_repeated(struct lang *l, int before)
{
	struct ctlink_list *matches = &l->draft.rule.matches;
	struct ctlink_match *m = ctlink_rule_match(&l->draft.rule, matches->length - 1);

	if ((m->field != CTQ_FIELD_PROTO && m->field != CTQ_FIELD_FAMILY) ||
	    before <= 0 || match_single(m) != before)
		return;
	ctlink_match_fini(m, l->memory);
	ctlink_list_drop_last(matches);
}

static bool match_is_allowed(struct lang *l, const struct lang_place *place)
{
	if (l->draft.rule.statements.length == 0)
		return true;
	lang_error_add(l, place, "matches stand before what the rule does");
	l->draft.failed = true;
	return false;
}

void lang_rule_match(struct lang *l, bool negate, const struct lang_place *place)
{
	const struct lang_word *word = l->operand.word;
	uint32_t mistakes = l->error_count;
	struct ctlink_match *m;
	uint8_t proto;
	int before;

	lang_draft_touch(l, place);
	if (!match_is_allowed(l, place) || !word)
		return;
	imply_family(l, word, negate);
	proto = match_protocol(l, word, &l->operand.place);
	if (l->error_count > mistakes)
		return;
	before = draft_single(&l->draft, word->field);
	m = match_append(l, word->field, place);
	if (!m)
		return;
	if (negate) {
		m->flags = CTQ_MATCH_NEGATE;
		ctlink_mark(m, CTLINK_MATCH_FLAGS);
	}
	values_add(l, m, proto);
	if (l->draft.failed)
		return;
	check_family(l, word, m, place);
	if (!l->draft.failed && lang_possible(l, m, place))
		drop_repeated(l, before);
}

/* ---- sets -------------------------------------------------------------------------- */

static bool may_be_in_a_set(uint16_t field)
{
	switch (field) {
	case CTQ_FIELD_SRC:
	case CTQ_FIELD_DST:
	case CTQ_FIELD_SPORT:
	case CTQ_FIELD_DPORT:
	case CTQ_FIELD_IIF:
	case CTQ_FIELD_OIF:
	case CTQ_FIELD_MARK:
	case CTQ_FIELD_PKTMARK: return true;
	default: return false;
	}
}

static void set_match_fill(struct lang *l, struct ctlink_match *m, bool negate,
                           const struct lang_token *name)
{
	if (negate) {
		m->flags = CTQ_MATCH_NEGATE;
		ctlink_mark(m, CTLINK_MATCH_FLAGS);
	}
	if (l->operand.with) {
		m->with = l->operand.with->field;
		ctlink_mark(m, CTLINK_MATCH_WITH);
	}
	if (lang_set_name_check(l, name) &&
	    lang_token_copy(l, name, CTQ_NAME_MAX, &m->set))
		ctlink_mark(m, CTLINK_MATCH_SET);
	else
		l->draft.failed = true;
}

/* A set has addresses of both families, so that a spelling's own must be said. */
void lang_set_imply(struct lang *l, const struct lang_word *word)
{
	if (word->family)
		match_imply(l, CTQ_FIELD_FAMILY, word->family, &l->operand.place);
	if (word->proto)
		match_imply(l, CTQ_FIELD_PROTO, word->proto, &l->operand.place);
}

void lang_rule_set(struct lang *l, bool negate, const struct lang_token *name,
                   const struct lang_place *place)
{
	const struct lang_word *word = l->operand.word, *with = l->operand.with;
	struct ctlink_match *m;
	struct lang_error *e;

	lang_draft_touch(l, place);
	if (!match_is_allowed(l, place) || !word)
		return;
	if (!may_be_in_a_set(word->field)) {
		e = lang_error_add(l, place, "'%s' cannot be looked up in a set",
		                   word->word);
		snprintf(e->allowed, sizeof(e->allowed),
		         "these can: src, dst, sport, dport, iif, oif, mark, meta mark");
		l->draft.failed = true;
		return;
	}
	lang_set_imply(l, word);
	if (with)
		lang_set_imply(l, with);
	if (l->draft.failed)
		return;
	m = match_append(l, word->field, place);
	if (!m)
		return;
	set_match_fill(l, m, negate, name);
	(void)lang_possible(l, m, place);
}
