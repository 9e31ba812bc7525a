/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter_priv.h - the filter language, inside
 *
 *	filter   = "all" | either
 *	either   = both { ("or" | "||") both }
 *	both     = operand { [ "and" | "&&" ] operand }
 *	operand  = ("not" | "!") operand | "(" either ")" | match
 *	match    = WORD [ comparison ] ( list | "{" list "}" )
 *	list     = [ "!" ] VALUE { "," [ "!" ] VALUE }
 *	comparison = "=" "==" "!=" "<" "<=" ">" ">=" or "eq" "ne" "lt" "le" "gt" "ge"
 *
 * filter.c has the grammar, filter_lex.c the tokens, filter_fields.c the words and
 * their values, filter_expand.c the words that stand for more than one match, filter_flow.c
 * what a filter means for a flow.
 * The parser writes terms in the order of the text into a struct ctlink_filter and puts an
 * operator in front of its operands afterwards: the list is short, and no tree is needed.
 */
#ifndef CLIENT_FILTER_PRIV_H
#define CLIENT_FILTER_PRIV_H

#include "client/client_priv.h"
#include "client/names.h"

/* ---- tokens -------------------------------------------------------------------- */

enum filter_token_kind {
	FILTER_END,
	FILTER_WORD,
	FILTER_STRING, /* in double quotes; text and length are without them */
	FILTER_OPEN,   /* ( */
	FILTER_CLOSE,
	FILTER_LIST_OPEN, /* { */
	FILTER_LIST_CLOSE,
	FILTER_COMMA,
	FILTER_NOT, /* ! */
	FILTER_AND, /* && */
	FILTER_OR,  /* || */
	FILTER_EQUAL,
	FILTER_UNEQUAL,
	FILTER_BELOW,
	FILTER_BELOW_EQUAL,
	FILTER_ABOVE,
	FILTER_ABOVE_EQUAL,
	FILTER_BAD, /* a character that begins no token, or a string without end */
};

struct filter_token {
	enum filter_token_kind kind;
	const char *text;
	size_t length;
};

/** The token at or after @text. What follows begins at token.text + token.length (+ quote). */
struct filter_token filter_lex(const char *text);

/** Where to go on after @token. */
const char *filter_lex_after(const struct filter_token *token);

/* ---- parser ----------------------------------------------------------------------- */

struct filter_parser {
	const char *text;
	struct filter_token token; /* the next one */
	struct ctlink_filter *out;
	const struct ctlink_memory *memory;
	struct ctq_filter_error *error;
	unsigned int depth; /* of "(" and "not" around the token */
	uint8_t protocol;   /* said last: ICMP's types are named by it; 0: none */
};

void filter_next(struct filter_parser *p);

/** Step over a token of @kind; false: the next one is another. */
bool filter_accept(struct filter_parser *p, enum filter_token_kind kind);

/** Where the next term will stand. */
uint32_t filter_position(const struct filter_parser *p);

/** Put an operator in front of the terms from @position on: its operands. */
int filter_operator(struct filter_parser *p, uint32_t position,
                    enum ctq_operator op) BASE_MUST_CHECK;

/** Append a match of @field, or a value to a match; NULL with *@err set. */
struct ctlink_match *filter_match_new(struct filter_parser *p, uint16_t field, int *err);
struct ctlink_value *filter_value_new(struct filter_parser *p, struct ctlink_match *match,
                                      int *err);

/** Note what is wrong with @token. Returns -EINVAL. */
int filter_error(struct filter_parser *p, const struct filter_token *token,
                 const char *fmt, ...) BASE_PRINTF(3, 4);
void filter_error_hint(struct filter_parser *p, const char *fmt, ...) BASE_PRINTF(2, 3);
/** "did you mean …?"; NULL: nothing. */
void filter_error_suggest(struct filter_parser *p, const char *word);

/* ---- fields ------------------------------------------------------------------------ */

/** The field of a word, aliases included, that filters may use; or NULL. */
const struct ctlink_field *filter_field_find(const struct filter_token *token);

/** Note that @token is no word of the language. Returns -EINVAL. */
int filter_error_unknown(struct filter_parser *p, const struct filter_token *token);

/** Read the text of @token as a value of @field. 0, -EINVAL (noted in @p) or -ENOMEM. */
int filter_value_read(struct filter_parser *p, const struct ctlink_field *field,
                      const struct filter_token *token,
                      struct ctlink_value *value) BASE_MUST_CHECK;

/** One value of a list: @token, with "!" before it or not. */
typedef int filter_value_cb(struct filter_parser *p, const struct ctlink_field *field,
                            bool negated, const struct filter_token *token, void *data);

/** Read a list of values, with or without braces, and hand each to @cb. */
int filter_values(struct filter_parser *p, const struct ctlink_field *field,
                  filter_value_cb *cb, void *data) BASE_MUST_CHECK;

/* Matches of their own kind: filter_expand.c. The word is read, the values are not. */
int filter_state(struct filter_parser *p,
                 const struct ctlink_field *field) BASE_MUST_CHECK;
int filter_status(struct filter_parser *p,
                  const struct ctlink_field *field) BASE_MUST_CHECK;

#endif
