/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statements that have details: limits, log, changes of sets. The details gather in l->detail; at the
 * end they become a statement of the rule, unless one was wrong.
 */
#include "lang/lang_priv.h"

#include <string.h>

#include "ctq/ctlink.h"

void lang_detail_forget(struct lang *l)
{
	ctlink_memory_free(l->memory, l->detail.string);
	l->detail.string = NULL;
}

void lang_detail_begin(struct lang *l, enum ctq_statement kind)
{
	lang_detail_forget(l); /* of a statement that a mistake has cut off */
	memset(&l->detail, 0, sizeof(l->detail));
	l->detail.kind = (uint16_t)kind;
	ctlink_mark(&l->detail, CTLINK_STATEMENT_KIND);
	l->detail_failed = false;
}

void lang_detail_limit(struct lang *l, enum ctq_limit limit)
{
	l->detail.value = (uint32_t)limit;
	ctlink_mark(&l->detail, CTLINK_STATEMENT_VALUE);
}

void lang_detail_over(struct lang *l)
{
	l->detail.flags = CTQ_LIMIT_OVER;
	ctlink_mark(&l->detail, CTLINK_STATEMENT_FLAGS);
}

/* ---- numbers ------------------------------------------------------------------- */

static struct lang_error *complain(struct lang *l, const struct lang_token *token,
                                   const char *what)
{
	l->detail_failed = true;
	return lang_error_add(l, &token->place, "'%.*s' %s", LANG_SHOW(token), what);
}

/* @length decimal digits, from 1 to @max. */
static bool digits_read(const char *text, size_t length, uint32_t max, uint32_t *out)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < length && n <= max; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	*out = (uint32_t)n;
	return length && n >= 1 && n <= max;
}

/* Mark @bit of the details, which must not have it yet. */
static bool detail_mark(struct lang *l, enum ctlink_statement_bit bit,
                        const struct lang_token *token)
{
	if (ctlink_has(&l->detail, bit)) {
		complain(l, token, "says again what has been said before");
		return false;
	}
	ctlink_mark(&l->detail, bit);
	return true;
}

static void count_read(struct lang *l, const struct lang_token *token,
                       enum ctlink_statement_bit bit, uint32_t *out)
{
	struct lang_error *e;

	if (digits_read(token->text, token->length, UINT32_MAX, out)) {
		detail_mark(l, bit, token);
		return;
	}
	e = complain(l, token, "is not a number");
	snprintf(e->allowed, sizeof(e->allowed), "allowed: 1 to %u", UINT32_MAX);
}

void lang_detail_most(struct lang *l, const struct lang_token *token)
{
	count_read(l, token, CTLINK_STATEMENT_RATE, &l->detail.rate);
}

void lang_detail_burst(struct lang *l, const struct lang_token *token)
{
	count_read(l, token, CTLINK_STATEMENT_BURST, &l->detail.burst);
}

void lang_detail_every(struct lang *l, const struct lang_token *token)
{
	count_read(l, token, CTLINK_STATEMENT_EVERY, &l->detail.every);
}

/* "10/second" */
void lang_detail_rate(struct lang *l, const struct lang_token *token)
{
	const char *stroke = memchr(token->text, '/', token->length);
	size_t before = stroke ? (size_t)(stroke - token->text) : 0;
	struct lang_error *e;
	uint64_t period;

	if (stroke && digits_read(token->text, before, UINT32_MAX, &l->detail.rate) &&
	    lang_names_value(&lang_periods, stroke + 1, token->length - before - 1,
	                     &period)) {
		l->detail.period = (uint32_t)period;
		if (detail_mark(l, CTLINK_STATEMENT_RATE, token))
			ctlink_mark(&l->detail, CTLINK_STATEMENT_PERIOD);
		return;
	}
	e = complain(l, token, "is not a rate");
	snprintf(e->allowed, sizeof(e->allowed),
	         "allowed: NUMBER/second, /minute, /hour, /day; from 1 to %u",
	         UINT32_MAX);
}

static void prefix_read(struct lang *l, const struct lang_token *token, uint32_t max,
                        enum ctlink_statement_bit bit, uint8_t *out)
{
	struct lang_error *e;
	uint32_t bits;

	if (token->length && token->text[0] == '/' &&
	    digits_read(token->text + 1, token->length - 1, max, &bits)) {
		*out = (uint8_t)bits;
		detail_mark(l, bit, token);
		return;
	}
	e = complain(l, token, "is not the length of a prefix");
	snprintf(e->allowed, sizeof(e->allowed), "allowed: /1 to /%u", max);
}

void lang_detail_prefix4(struct lang *l, const struct lang_token *token)
{
	prefix_read(l, token, 32, CTLINK_STATEMENT_PREFIX4, &l->detail.prefix4);
}

void lang_detail_prefix6(struct lang *l, const struct lang_token *token)
{
	prefix_read(l, token, 128, CTLINK_STATEMENT_PREFIX6, &l->detail.prefix6);
}

/* ---- words --------------------------------------------------------------------- */

void lang_detail_level(struct lang *l, const struct lang_token *token)
{
	struct lang_error *e;
	const char *list[8];
	uint64_t level;
	size_t i;

	if (lang_names_value(&lang_levels, token->text, token->length, &level)) {
		l->detail.level = (uint8_t)level;
		detail_mark(l, CTLINK_STATEMENT_LEVEL, token);
		return;
	}
	l->detail_failed = true;
	e = lang_error_add(l, &token->place, "unknown level '%.*s'", LANG_SHOW(token));
	for (i = 0; i < lang_levels.length && i < BASE_ARRAY_LENGTH(list); i++)
		list[i] = lang_levels.list[i].name;
	lang_error_suggest(e, token, list, i);
	lang_names_list(&lang_levels, e->allowed, sizeof(e->allowed));
}

void lang_detail_name(struct lang *l, const struct lang_token *token)
{
	if (detail_mark(l, CTLINK_STATEMENT_STRING, token) &&
	    !lang_token_copy(l, token, CTQ_NAME_MAX, &l->detail.string))
		l->detail_failed = true;
}

/* ---- sets ------------------------------------------------------------------------ */

/* The operand says which field, and which one beside it. */
void lang_detail_set(struct lang *l, const struct lang_token *name)
{
	const struct lang_word *word = l->operand.word, *with = l->operand.with;

	if (!word || !lang_set_name_check(l, name) ||
	    !lang_token_copy(l, name, CTQ_NAME_MAX, &l->detail.string)) {
		l->detail_failed = true;
		return;
	}
	ctlink_mark(&l->detail, CTLINK_STATEMENT_STRING);
	l->detail.field = word->field;
	ctlink_mark(&l->detail, CTLINK_STATEMENT_FIELD);
	lang_set_imply(l, word);
	if (!with)
		return;
	l->detail.with = with->field;
	ctlink_mark(&l->detail, CTLINK_STATEMENT_WITH);
	lang_set_imply(l, with);
}

void lang_detail_timeout(struct lang *l, const struct lang_token *token)
{
	if (lang_set_number(l, CTQ_FIELD_TIMEOUT, token, CTQ_SET_TIMEOUT_MAX,
	                    &l->detail.timeout))
		detail_mark(l, CTLINK_STATEMENT_TIMEOUT, token);
	else
		l->detail_failed = true;
}

/* ---- the end ------------------------------------------------------------------- */

/* What members do not tell each for itself: "burst" of a log without a rate. */
static bool is_whole(struct lang *l, const struct lang_place *place)
{
	struct ctlink_error error = { 0 };
	uint16_t attr;

	if (ctlink_statement_check(&l->detail, &attr, &error) == 0)
		return true;
	lang_error_add(l, place, "%s", error.text);
	return false;
}

void lang_detail_end(struct lang *l, const struct lang_place *place)
{
	struct ctlink_statement *s;

	lang_draft_touch(l, place);
	if (l->detail_failed || !is_whole(l, place)) {
		l->draft.failed = true;
	} else {
		s = lang_statement_append(l, (enum ctq_statement)l->detail.kind, place);
		if (s) {
			*s = l->detail; /* moved */
			l->detail.string = NULL;
		}
	}
	lang_detail_forget(l);
}
