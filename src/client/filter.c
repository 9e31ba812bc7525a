/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.c - the filter language: grammar, and the filters that come of it
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/filter_priv.h"
#include "lang/words.h"

/* "(" and "not" within each other: nobody writes more, and the stack has an end. */
#define FILTER_DEPTH_MAX 32

/* ---- errors ------------------------------------------------------------------------ */

int filter_error(struct filter_parser *p, const struct filter_token *token,
                 const char *fmt, ...)
{
	struct ctq_filter_error *error = p->error;
	va_list ap;

	memset(error, 0, sizeof(*error));
	error->offset = (size_t)(token->text - p->text);
	error->length = token->length;
	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

void filter_error_hint(struct filter_parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->error->hint, sizeof(p->error->hint), fmt, ap);
	va_end(ap);
}

void filter_error_suggest(struct filter_parser *p, const char *word)
{
	if (word)
		snprintf(p->error->suggestion, sizeof(p->error->suggestion),
		         "did you mean '%s'?", word);
}

static int too_long(struct filter_parser *p)
{
	struct filter_token whole = { FILTER_WORD, p->text, strlen(p->text) };

	return filter_error(p, &whole, "the filter has more than %d terms",
	                    CTQ_FILTER_TERMS_MAX);
}

/* ---- terms -------------------------------------------------------------------------- */

void filter_next(struct filter_parser *p)
{
	p->token = filter_lex(filter_lex_after(&p->token));
}

bool filter_accept(struct filter_parser *p, enum filter_token_kind kind)
{
	if (p->token.kind != kind)
		return false;
	filter_next(p);
	return true;
}

uint32_t filter_position(const struct filter_parser *p)
{
	return p->out->terms.length;
}

int filter_operator(struct filter_parser *p, uint32_t position, enum ctq_operator op)
{
	struct ctlink_term *terms, term;
	int err;

	err = ctlink_filter_operator(p->out, op, p->memory);
	if (err)
		return err == -E2BIG ? too_long(p) : err;
	terms = ctlink_filter_term(p->out, 0);
	term = terms[p->out->terms.length - 1];
	memmove(terms + position + 1, terms + position,
	        (p->out->terms.length - 1 - position) * sizeof(*terms));
	terms[position] = term;
	return 0;
}

struct ctlink_match *filter_match_new(struct filter_parser *p, uint16_t field, int *err)
{
	struct ctlink_term *term = ctlink_filter_append(p->out, p->memory);

	if (!term) {
		*err = errno == E2BIG ? too_long(p) : -ENOMEM;
		return NULL;
	}
	ctlink_mark(term, CTLINK_TERM_MATCH);
	term->match.field = field;
	ctlink_mark(&term->match, CTLINK_MATCH_FIELD);
	return &term->match;
}

struct ctlink_value *filter_value_new(struct filter_parser *p, struct ctlink_match *match,
                                      int *err)
{
	struct ctlink_value *value = ctlink_match_append(match, p->memory);

	if (!value)
		*err = errno == E2BIG
		               ? filter_error(p, &p->token, "the list is longer than %d",
		                              CTQ_MATCH_VALUES_MAX)
		               : -ENOMEM;
	return value;
}

static void match_negate(struct ctlink_match *match)
{
	match->flags |= CTQ_MATCH_NEGATE;
	ctlink_mark(match, CTLINK_MATCH_FLAGS);
}

/* ---- comparisons -------------------------------------------------------------------- */

/*
 * "> N": the range from N + 1 to the field's end. @value has the number; what the
 * comparison makes of it is written over it.
 */
static int compare(struct filter_parser *p, const struct ctlink_field *field,
                   enum filter_token_kind kind, const struct filter_token *token,
                   struct ctlink_value *value)
{
	uint8_t size = ctlink_field_size(field->type);
	uint64_t max = UINT64_MAX >> (64 - size * 8), first = 0, last = max, number;

	if (ctlink_has(value, CTLINK_VALUE_LAST) || ctlink_has(value, CTLINK_VALUE_MASK))
		return filter_error(p, token,
		                    "'%.*s' cannot be compared: a single number can",
		                    (int)token->length, token->text);
	number = ctlink_value_number(value->first, size);
	if ((kind == FILTER_ABOVE && number == max) ||
	    (kind == FILTER_BELOW && number == 0))
		return filter_error(p, token, "no %s is %s %.*s", field->word,
		                    number ? "above" : "below", (int)token->length,
		                    token->text);
	switch (kind) {
	case FILTER_ABOVE: first = number + 1; break;
	case FILTER_ABOVE_EQUAL: first = number; break;
	case FILTER_BELOW: last = number - 1; break;
	default: last = number;
	}
	ctlink_value_set_number(value, CTLINK_VALUE_FIRST, first, size);
	ctlink_value_set_number(value, CTLINK_VALUE_LAST, last, size);
	return 0;
}

static bool is_comparison(enum filter_token_kind kind)
{
	return kind >= FILTER_BELOW && kind <= FILTER_ABOVE_EQUAL;
}

static int match_compared(struct filter_parser *p, const struct ctlink_field *field,
                          enum filter_token_kind kind, struct ctlink_match *match)
{
	struct filter_token token = p->token;
	struct ctlink_value *value;
	int err = 0;

	if (token.kind != FILTER_WORD)
		return filter_error(p, &token, "'%s' needs a value here", field->word);
	value = filter_value_new(p, match, &err);
	if (!value)
		return err;
	err = filter_value_read(p, field, &token, value);
	if (err)
		return err;
	filter_next(p);
	return compare(p, field, kind, &token, value);
}

/* ---- lists ----------------------------------------------------------------------------- */

int filter_values(struct filter_parser *p, const struct ctlink_field *field,
                  filter_value_cb *cb, void *data)
{
	bool braces = filter_accept(p, FILTER_LIST_OPEN), negated;
	int err;

	do {
		negated = filter_accept(p, FILTER_NOT);
		if (p->token.kind != FILTER_WORD && p->token.kind != FILTER_STRING)
			return filter_error(p, &p->token, "'%s' needs a value here",
			                    field->word);
		err = cb(p, field, negated, &p->token, data);
		if (err)
			return err;
		filter_next(p);
	} while (filter_accept(p, FILTER_COMMA));
	if (braces && !filter_accept(p, FILTER_LIST_CLOSE))
		return filter_error(p, &p->token,
		                    "the list is not closed: '}' is missing");
	return 0;
}

static int match_value(struct filter_parser *p, const struct ctlink_field *field,
                       bool negated, const struct filter_token *token, void *data)
{
	struct ctlink_match *match = data;
	struct ctlink_value *value;
	int err = 0;

	if (negated && match->values.length)
		return filter_error(p, token, "'!' stands before the whole list of '%s'",
		                    field->word);
	if (negated)
		match_negate(match);
	value = filter_value_new(p, match, &err);
	return value ? filter_value_read(p, field, token, value) : err;
}

/* ---- matches ----------------------------------------------------------------------------- */

/* Have < and > a meaning? Not where numbers stand for names. */
static bool is_ordered(const struct ctlink_field *field)
{
	return field->type <= CTLINK_FIELD_U64 && !lang_names_of(field->number, 0);
}

/* Remember the protocol that the filter is about. */
static void note_protocol(struct filter_parser *p, const struct ctlink_match *match)
{
	if (match->field == CTQ_FIELD_PROTO && match->values.length == 1)
		p->protocol = ctlink_match_value(match, 0)->first[0];
}

static int plain_match(struct filter_parser *p, const struct ctlink_field *field)
{
	struct filter_token sign = p->token;
	struct ctlink_match *match;
	int err = 0;

	match = filter_match_new(p, field->number, &err);
	if (!match)
		return err;
	if (is_comparison(sign.kind)) {
		if (!is_ordered(field))
			return filter_error(p, &sign,
			                    "'%s' has no order: only = and != compare it",
			                    field->word);
		filter_next(p);
		return match_compared(p, field, sign.kind, match);
	}
	if (filter_accept(p, FILTER_UNEQUAL))
		match_negate(match);
	else
		filter_accept(p, FILTER_EQUAL);
	err = filter_values(p, field, match_value, match);
	if (!err)
		note_protocol(p, match);
	return err;
}

static int match_parse(struct filter_parser *p)
{
	struct filter_token word = p->token;
	const struct ctlink_field *field;

	if (word.kind == FILTER_END)
		return filter_error(p, &word, "something is missing at the end");
	if (word.kind != FILTER_WORD)
		return filter_error(p, &word, "'%.*s' does not fit here",
		                    (int)word.length, word.text);
	field = filter_field_find(&word);
	if (!field)
		return filter_error_unknown(p, &word);
	filter_next(p);
	switch (field->number) {
	case CTQ_FIELD_STATE: return filter_state(p, field);
	case CTQ_FIELD_STATUS: return filter_status(p, field);
	default: return plain_match(p, field);
	}
}

/* ---- expressions ------------------------------------------------------------------------- */

static int either_parse(struct filter_parser *p);

static int group_parse(struct filter_parser *p)
{
	struct filter_token open = p->token;
	int err;

	filter_next(p);
	err = either_parse(p);
	if (err)
		return err;
	if (!filter_accept(p, FILTER_CLOSE))
		return filter_error(p, p->token.kind == FILTER_END ? &open : &p->token,
		                    p->token.kind == FILTER_END
		                            ? "')' is missing"
		                            : "')' is missing before this");
	return 0;
}

static int not_parse(struct filter_parser *p);

static int operand_parse(struct filter_parser *p)
{
	int err;

	if (p->depth == FILTER_DEPTH_MAX)
		return filter_error(p, &p->token,
		                    "parentheses and 'not' stand more than %d deep",
		                    FILTER_DEPTH_MAX);
	p->depth++;
	if (p->token.kind == FILTER_NOT)
		err = not_parse(p);
	else if (p->token.kind == FILTER_OPEN)
		err = group_parse(p);
	else
		err = match_parse(p);
	p->depth--;
	return err;
}

static int not_parse(struct filter_parser *p)
{
	uint32_t position = filter_position(p);
	int err;

	filter_next(p);
	err = operand_parse(p);
	return err ? err : filter_operator(p, position, CTQ_OPERATOR_NOT);
}

static bool begins_operand(const struct filter_parser *p)
{
	return p->token.kind == FILTER_NOT || p->token.kind == FILTER_OPEN ||
	       p->token.kind == FILTER_WORD;
}

static int both_parse(struct filter_parser *p)
{
	uint32_t position = filter_position(p);
	int err;

	err = operand_parse(p);
	while (!err && (filter_accept(p, FILTER_AND) || begins_operand(p))) {
		err = operand_parse(p);
		if (!err)
			err = filter_operator(p, position, CTQ_OPERATOR_AND);
	}
	return err;
}

static int either_parse(struct filter_parser *p)
{
	uint32_t position = filter_position(p);
	int err;

	err = both_parse(p);
	while (!err && filter_accept(p, FILTER_OR)) {
		err = both_parse(p);
		if (!err)
			err = filter_operator(p, position, CTQ_OPERATOR_OR);
	}
	return err;
}

static bool is_all(const struct filter_token *token)
{
	return token->kind == FILTER_WORD && token->length == 3 &&
	       strncmp(token->text, "all", 3) == 0;
}

static int filter_parse(struct filter_parser *p)
{
	struct filter_token first = p->token;
	int err;

	if (is_all(&first)) {
		filter_next(p);
		if (p->token.kind != FILTER_END)
			return filter_error(p, &first, "'all' stands alone");
		return 0;
	}
	err = either_parse(p);
	if (err)
		return err;
	if (p->token.kind != FILTER_END)
		return filter_error(p, &p->token, "'%.*s' does not fit here",
		                    (int)p->token.length, p->token.text);
	return 0;
}

/* ---- filters -------------------------------------------------------------------------------- */

static struct ctq_filter *filter_new(const struct ctlink_memory *memory)
{
	struct ctq_filter *filter = ctlink_memory_resize(memory, NULL, sizeof(*filter));

	if (!filter)
		return NULL;
	filter->memory = memory;
	ctlink_filter_init(&filter->filter);
	return filter;
}

/* Take the terms from @length on away again. */
static void filter_truncate(struct ctq_filter *filter, uint32_t length)
{
	struct ctlink_list *terms = &filter->filter.terms;

	while (terms->length > length) {
		ctlink_match_fini(
			&ctlink_filter_term(&filter->filter, terms->length - 1)->match,
			filter->memory);
		ctlink_list_drop_last(terms);
	}
}

int ctq_filter_narrow(struct ctq_filter *filter, const char *text,
                      struct ctq_filter_error *error)
{
	struct ctq_filter_error unwanted;
	struct filter_parser p = {
		.text = text,
		.token = filter_lex(text),
		.out = &filter->filter,
		.memory = filter->memory,
		.error = error ? error : &unwanted,
	};
	uint32_t before = filter_position(&p);
	int err;

	err = filter_parse(&p);
	if (!err && before > 0 && filter_position(&p) > before)
		err = filter_operator(&p, 0, CTQ_OPERATOR_AND);
	if (err)
		filter_truncate(filter, before);
	return err;
}

int client_filter_parse(struct ctq_filter **filter, const char *text,
                        struct ctq_filter_error *error,
                        const struct ctlink_memory *memory)
{
	int err;

	*filter = filter_new(memory);
	if (!*filter)
		return -ENOMEM;
	err = ctq_filter_narrow(*filter, text, error);
	if (err) {
		ctq_filter_destroy(*filter);
		*filter = NULL;
	}
	return err;
}

int ctq_filter_parse(struct ctq_filter **filter, const char *text,
                     struct ctq_filter_error *error)
{
	return client_filter_parse(filter, text, error, NULL);
}

void ctq_filter_destroy(struct ctq_filter *filter)
{
	if (!filter)
		return;
	ctlink_filter_fini(&filter->filter, filter->memory);
	ctlink_memory_free(filter->memory, filter);
}

bool ctq_filter_is_all(const struct ctq_filter *filter)
{
	return filter->filter.terms.length == 0;
}
