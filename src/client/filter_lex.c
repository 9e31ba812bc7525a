/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "client/filter_priv.h"

/* Signs, the longer ones first. */
static const struct {
	const char *text;
	enum filter_token_kind kind;
} signs[] = {
	{ "!=", FILTER_UNEQUAL },     { "==", FILTER_EQUAL },
	{ "<=", FILTER_BELOW_EQUAL }, { ">=", FILTER_ABOVE_EQUAL },
	{ "&&", FILTER_AND },         { "||", FILTER_OR },
	{ "!", FILTER_NOT },          { "=", FILTER_EQUAL },
	{ "<", FILTER_BELOW },        { ">", FILTER_ABOVE },
	{ "(", FILTER_OPEN },         { ")", FILTER_CLOSE },
	{ "{", FILTER_LIST_OPEN },    { "}", FILTER_LIST_CLOSE },
	{ ",", FILTER_COMMA },
};

/* Words that are signs too. */
static const struct name sign_words[] = {
	{ "and", FILTER_AND },
	{ "or", FILTER_OR },
	{ "not", FILTER_NOT },
	{ "eq", FILTER_EQUAL },
	{ "ne", FILTER_UNEQUAL },
	{ "neq", FILTER_UNEQUAL },
	{ "lt", FILTER_BELOW },
	{ "le", FILTER_BELOW_EQUAL },
	{ "gt", FILTER_ABOVE },
	{ "ge", FILTER_ABOVE_EQUAL },
	{ NULL },
};

static bool in_word(char c)
{
	return c != '\0' && !strchr(" \t\r\n(){},!=<>&|\"", c);
}

static struct filter_token lex_string(const char *text)
{
	const char *end = strchr(text + 1, '"');

	if (!end)
		return (struct filter_token){ FILTER_BAD, text, strlen(text) };
	return (struct filter_token){ FILTER_STRING, text + 1, (size_t)(end - text - 1) };
}

static struct filter_token lex_word(const char *text)
{
	struct filter_token token = { FILTER_WORD, text, 0 };
	const struct name *sign;

	while (in_word(text[token.length]))
		token.length++;
	sign = names_find(sign_words, text, token.length);
	if (sign)
		token.kind = (enum filter_token_kind)sign->number;
	return token;
}

struct filter_token filter_lex(const char *text)
{
	size_t i, length;

	text += strspn(text, " \t\r\n");
	if (*text == '\0')
		return (struct filter_token){ FILTER_END, text, 0 };
	if (*text == '"')
		return lex_string(text);
	if (in_word(*text))
		return lex_word(text);
	for (i = 0; i < BASE_ARRAY_LENGTH(signs); i++) {
		length = strlen(signs[i].text);
		if (strncmp(text, signs[i].text, length) == 0)
			return (struct filter_token){ signs[i].kind, text, length };
	}
	return (struct filter_token){ FILTER_BAD, text, 1 };
}

const char *filter_lex_after(const struct filter_token *token)
{
	return token->text + token->length + (token->kind == FILTER_STRING ? 1 : 0);
}
