/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter_fields.c - the words of filters: those of ctq/fields.def whose scope has flows
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "client/filter_priv.h"
#include "lang/value.h"
#include "lang/words.h"

/* What other tools call them. */
static const struct {
	const char *alias, *word;
} aliases[] = {
	{ "protocol", "proto" },
	{ "saddr", "src" },
	{ "daddr", "dst" },
	{ "source", "src" },
	{ "destination", "dst" },
	{ "orig-src", "src" },
	{ "orig-dst", "dst" },
	{ "orig-port-src", "sport" },
	{ "orig-port-dst", "dport" },
	{ "reply-port-src", "reply-sport" },
	{ "reply-port-dst", "reply-dport" },
	{ "iifname", "iif" },
	{ "oifname", "oif" },
};

const struct ctlink_field *filter_field_find(const struct filter_token *token)
{
	const struct ctlink_field *field;
	char word[CTQ_NAME_MAX];
	size_t i;

	snprintf(word, sizeof(word), "%.*s", (int)token->length, token->text);
	for (i = 0; i < BASE_ARRAY_LENGTH(aliases); i++)
		if (strcmp(aliases[i].alias, word) == 0)
			strcpy(word, aliases[i].word);
	field = ctlink_field_find(word);
	return field && field->scope & CTLINK_SCOPE_FLOW ? field : NULL;
}

/* Is it the name of a protocol, said without "proto"? */
static bool is_protocol(const struct filter_token *token)
{
	uint64_t number;

	return lang_names_value(lang_names_of(CTQ_FIELD_PROTO, 0), token->text,
	                        token->length, &number);
}

int filter_error_unknown(struct filter_parser *p, const struct filter_token *token)
{
	const char *words[CTQ_FIELD_LIMIT];
	const struct ctlink_field *fields;
	char word[CTQ_NAME_MAX], list[CTQ_ERROR_TEXT_MAX];
	size_t i, n, known = 0, used = 0;

	filter_error(p, token, "unknown word '%.*s'", (int)token->length, token->text);
	if (is_protocol(token)) {
		filter_error_hint(p, "say: proto %.*s", (int)token->length, token->text);
		return -EINVAL;
	}
	fields = ctlink_fields(&n);
	for (i = 0; i < n && known < CTQ_FIELD_LIMIT; i++) {
		if (!(fields[i].scope & CTLINK_SCOPE_FLOW))
			continue;
		words[known++] = fields[i].word;
		used += (size_t)snprintf(list + used, sizeof(list) - used, " %s",
		                         fields[i].word);
	}
	snprintf(word, sizeof(word), "%.*s", (int)token->length, token->text);
	filter_error_suggest(p, suggest_word(word, words, known));
	filter_error_hint(p, "words:%s", list);
	return -EINVAL;
}

int filter_value_read(struct filter_parser *p, const struct ctlink_field *field,
                      const struct filter_token *token, struct ctlink_value *value)
{
	struct lang_fault fault = { "", "", "" };
	int err;

	err = lang_value_parse(field, p->protocol, token->text, token->length, value,
	                       p->memory, &fault);
	if (err == -EINVAL) {
		filter_error(p, token, "%s", fault.text);
		filter_error_hint(p, "%s", fault.allowed);
		snprintf(p->error->suggestion, sizeof(p->error->suggestion), "%s",
		         fault.meant);
	}
	return err;
}
