/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules and what they do. The parts of a rule gather in l->draft; at its end it moves into
 * the set, unless a part was wrong.
 */
#include "lang/lang_priv.h"

#include <errno.h>
#include <string.h>

#include "ctq/ctlink.h"

void lang_draft_touch(struct lang *l, const struct lang_place *place)
{
	l->draft.place = lang_place_join(&l->draft.place, place);
}

/* ---- statements ---------------------------------------------------------------- */

/* Limits come first: what else the rule does depends on them. */
static bool is_late(const struct lang *l, enum ctq_statement kind)
{
	const struct ctlink_rule *rule = &l->draft.rule;
	uint32_t n = rule->statements.length;

	return kind == CTQ_STATEMENT_LIMIT && n &&
	       ctlink_rule_statement(rule, n - 1)->kind != CTQ_STATEMENT_LIMIT;
}

struct ctlink_statement *lang_statement_append(struct lang *l, enum ctq_statement kind,
                                               const struct lang_place *place)
{
	struct ctlink_statement *s;

	lang_draft_touch(l, place);
	if (l->draft.ended) {
		lang_error_add(l, place,
		               "the rule has ended before: nothing is done here");
		l->draft.failed = true;
		return NULL;
	}
	if (is_late(l, kind)) {
		lang_error_add(l, place, "limits stand before what the rule does");
		l->draft.failed = true;
		return NULL;
	}
	s = ctlink_rule_append_statement(&l->draft.rule, l->memory);
	if (!s) {
		lang_append_failed(l, place, "statements in a rule",
		                   CTQ_RULE_STATEMENTS_MAX);
		l->draft.failed = true;
		return NULL;
	}
	s->kind = (uint16_t)kind;
	ctlink_mark(s, CTLINK_STATEMENT_KIND);
	return s;
}

/* Value and mask of "mark set 0x10/0xf0" from @v, as a match would have them. */
static void assign_mark(struct ctlink_statement *s, const struct ctlink_value *v)
{
	s->value = (uint32_t)ctlink_value_number(v->first, v->first_size);
	ctlink_mark(s, CTLINK_STATEMENT_VALUE);
	if (!ctlink_has(v, CTLINK_VALUE_MASK))
		return;
	s->mask = (uint32_t)ctlink_value_number(v->mask, v->mask_size);
	ctlink_mark(s, CTLINK_STATEMENT_MASK);
}

static void complain_assign(struct lang *l, const struct lang_place *place,
                            const char *why)
{
	struct lang_error *e = lang_error_add(l, place, "%s", why);

	snprintf(e->allowed, sizeof(e->allowed),
	         "allowed: mark set VALUE[/MASK], meta mark set VALUE[/MASK], label set "
	         "NAME");
	l->draft.failed = true;
}

/* What sets the field; NONE: it cannot be set. */
static enum ctq_statement assign_kind(uint16_t field)
{
	switch (field) {
	case CTQ_FIELD_MARK: return CTQ_STATEMENT_CTMARK;
	case CTQ_FIELD_PKTMARK: return CTQ_STATEMENT_MARK;
	case CTQ_FIELD_LABEL: return CTQ_STATEMENT_LABEL;
	default: return CTQ_STATEMENT_NONE;
	}
}

/* @v gives its string away. */
static void assign(struct lang *l, enum ctq_statement kind, struct ctlink_value *v,
                   const struct lang_place *place)
{
	struct ctlink_statement *s = lang_statement_append(l, kind, place);

	if (s && kind == CTQ_STATEMENT_LABEL) {
		s->string = v->string;
		v->string = NULL;
		ctlink_mark(s, CTLINK_STATEMENT_STRING);
	} else if (s) {
		assign_mark(s, v);
	}
}

void lang_rule_assign(struct lang *l, const struct lang_place *place)
{
	const struct lang_word *word = l->operand.word;
	const struct lang_token *token;
	struct ctlink_value v = { 0 };
	struct lang_fault fault = { "" };
	enum ctq_statement kind;
	int err;

	lang_draft_touch(l, place);
	if (!word || l->operand.values.length == 0)
		return;
	kind = assign_kind(word->field);
	if (kind == CTQ_STATEMENT_NONE) {
		complain_assign(l, place, "only marks and labels can be set");
		return;
	}
	token = (struct lang_token *)ctlink_list_item(&l->operand.values, sizeof(*token),
	                                              0);
	if (l->operand.values.length > 1) {
		complain_assign(l, place, "one value is wanted");
		return;
	}
	err = lang_token_parse(l, ctlink_field_get(word->field), 0, token, &v, &fault);
	if (err)
		lang_token_fault(l, token, err, &fault);
	else if (ctlink_has(&v, CTLINK_VALUE_LAST))
		complain_assign(l, place, "a mark cannot be set to a range");
	else
		assign(l, kind, &v, place);
	ctlink_memory_free(l->memory, v.string);
}

void lang_rule_statement(struct lang *l, enum ctq_statement kind,
                         const struct lang_token *argument,
                         const struct lang_place *place)
{
	struct ctlink_statement *s = lang_statement_append(l, kind, place);

	if (!s)
		return;
	l->draft.ended = ctlink_statement_is_last((uint16_t)kind);
	if (!argument)
		return;
	if (lang_token_copy(l, argument, CTQ_NAME_MAX, &s->string))
		ctlink_mark(s, CTLINK_STATEMENT_STRING);
	else
		l->draft.failed = true;
}

/* ---- rules --------------------------------------------------------------------- */

static void draft_text(struct lang *l, const struct lang_token *token,
                       enum ctlink_rule_bit bit, size_t max, char **out)
{
	struct ctlink_rule *rule = &l->draft.rule;

	lang_draft_touch(l, &token->place);
	if (ctlink_has(rule, bit)) {
		lang_error_add(l, &token->place, "the rule has a %s already",
		               bit == CTLINK_RULE_NAME ? "name" : "comment");
		l->draft.failed = true;
	} else if (lang_token_copy(l, token, max, out)) {
		ctlink_mark(rule, bit);
	} else {
		l->draft.failed = true;
	}
}

void lang_rule_name(struct lang *l, const struct lang_token *name)
{
	draft_text(l, name, CTLINK_RULE_NAME, CTQ_NAME_MAX, &l->draft.rule.name);
}

void lang_rule_comment(struct lang *l, const struct lang_token *comment)
{
	draft_text(l, comment, CTLINK_RULE_COMMENT, CTQ_COMMENT_MAX,
	           &l->draft.rule.comment);
}

void lang_rule_forget(struct lang *l)
{
	ctlink_rule_fini(&l->draft.rule, l->memory);
	memset(&l->draft, 0, sizeof(l->draft));
}

/* The chain's name and the line complete the draft. */
static bool draft_complete(struct lang *l)
{
	struct ctlink_rule *rule = &l->draft.rule;
	const char *chain = lang_chain_of(l)->name;

	if (ctlink_string_set(&rule->chain, chain, strlen(chain), l->memory) < 0) {
		lang_no_memory(l);
		return false;
	}
	rule->line = l->draft.place.line;
	ctlink_mark(rule, CTLINK_RULE_CHAIN);
	ctlink_mark(rule, CTLINK_RULE_LINE);
	return true;
}

static void draft_keep(struct lang *l)
{
	struct ctlink_rule *rule;

	if (!draft_complete(l))
		return;
	if (!lang_place_keep(l, &l->rule_places, CTLINK_RULES_MAX, &l->draft.place))
		goto failed;
	rule = ctlink_ruleset_append_rule(&l->set);
	if (!rule)
		goto failed;
	*rule = l->draft.rule; /* moved */
	memset(&l->draft.rule, 0, sizeof(l->draft.rule));
	return;

failed:
	lang_append_failed(l, &l->draft.place, "rules", CTLINK_RULES_MAX);
}

static bool does_nothing(const struct ctlink_rule *rule)
{
	uint32_t n = rule->statements.length;

	return n == 0 || ctlink_rule_statement(rule, n - 1)->kind == CTQ_STATEMENT_LIMIT;
}

void lang_rule_end(struct lang *l)
{
	struct lang_draft *d = &l->draft;
	struct lang_error *e;

	if (!d->failed && does_nothing(&d->rule)) {
		e = lang_error_add(l, &d->place, "the rule does nothing");
		snprintf(e->allowed, sizeof(e->allowed),
		         "add: accept, drop, reject, ask, jump CHAIN, return, mark set "
		         "VALUE, label set NAME, log, offload; or counter, to count "
		         "only");
	} else if (!d->failed && lang_chain_of(l) && !l->no_memory) {
		draft_keep(l);
	}
	lang_rule_forget(l);
}
