/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the grammar finds becomes chains, rules, matches and statements here; and
 * what it cannot know to be wrong is told here.
 *
 * Life of a rule: its parts gather in l->draft; at its end it moves into the set, unless
 * a part was wrong. Matches that a spelling means beside its own ("tcp dport": proto tcp)
 * are added before it, once.
 */
#include "lang/lang_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "ctq/ctlink.h"

/* Arguments of a "%.*s" that shows a token. */
#define SHOW(t) (int)((t)->length < 64 ? (t)->length : 64), (t)->text

/* ---- texts of tokens ------------------------------------------------------------- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \" \\ and \xHH of a string; *@from is behind the backslash. False: none of them. */
static bool escape_read(const char **from, const char *end, char *out)
{
	const char *p = *from;

	if (*p == '"' || *p == '\\') {
		*out = *p;
		*from = p + 1;
		return true;
	}
	if (*p != 'x' || end - p < 3 || hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
		return false;
	*out = (char)(hex_digit(p[1]) << 4 | hex_digit(p[2]));
	*from = p + 3;
	return *out != '\0';
}

/*
 * A copy of the token's text, escapes replaced, at most @max - 1 bytes.
 * False: it cannot be, and that is told.
 */
static bool token_copy(struct lang *l, const struct lang_token *t, size_t max, char **out)
{
	const char *p = t->text, *end = p + t->length;
	char text[CTQ_COMMENT_MAX + 1]; /* the longest that any text may be */
	size_t n = 0;

	while (p < end && n < max && n < sizeof(text)) {
		if (*p != '\\' || !t->quoted)
			text[n++] = *p++;
		else if (p++, escape_read(&p, end, &text[n]))
			n++;
		else {
			lang_error_add(l, &t->place,
			               "a backslash in a string means nothing but "
			               "in \\\", \\\\ and \\xHH");
			return false;
		}
	}
	if (n == 0 || n >= max) {
		lang_error_add(l, &t->place,
		               n ? "longer than %zu bytes" : "an empty string", max - 1);
		return false;
	}
	if (ctlink_string_set(out, text, n, l->memory) < 0)
		lang_no_memory(l);
	return !l->no_memory;
}

/* ---- chains ------------------------------------------------------------------------ */

static struct ctlink_chain *chain_of(struct lang *l)
{
	return l->chain == LANG_NO_CHAIN ? NULL : ctlink_ruleset_chain(&l->set, l->chain);
}

static uint32_t chain_find(const struct lang *l, const char *name)
{
	uint32_t i;

	for (i = 0; i < l->set.chains.length; i++) {
		if (strcmp(ctlink_ruleset_chain(&l->set, i)->name, name) == 0)
			return i;
	}
	return LANG_NO_CHAIN;
}

static bool place_keep(struct lang *l, struct ctlink_list *places, uint32_t limit,
                       const struct lang_place *place)
{
	struct lang_place *p;

	p = (struct lang_place *)ctlink_list_append(places, sizeof(*p), limit, l->memory);
	if (p)
		*p = *place;
	return p != NULL;
}

/* The list is at its limit, or memory is short. */
static void append_failed(struct lang *l, const struct lang_place *place,
                          const char *what, int limit)
{
	if (errno == E2BIG)
		lang_error_add(l, place, "more than %d %s", limit, what);
	else
		lang_no_memory(l);
}

/* A chain that is named as a hook stands there, unless it says another one. */
static void chain_hook_by_name(struct ctlink_chain *chain)
{
	uint64_t hook;

	if (!lang_names_value(&lang_hooks, chain->name, strlen(chain->name), &hook))
		return;
	chain->hook = (uint8_t)hook;
	chain->policy = CTQ_VERDICT_ACCEPT;
	ctlink_mark(chain, CTLINK_CHAIN_HOOK);
	ctlink_mark(chain, CTLINK_CHAIN_POLICY);
}

/* Takes @name over. */
static void chain_append(struct lang *l, char *name, const struct lang_place *place)
{
	struct ctlink_chain *chain;

	if (!place_keep(l, &l->chain_places, CTLINK_CHAINS_MAX, place))
		goto failed;
	chain = ctlink_ruleset_append_chain(&l->set);
	if (!chain)
		goto failed;
	chain->name = name;
	chain->line = place->line;
	ctlink_mark(chain, CTLINK_CHAIN_NAME);
	ctlink_mark(chain, CTLINK_CHAIN_LINE);
	chain_hook_by_name(chain);
	l->chain = l->set.chains.length - 1;
	return;

failed:
	append_failed(l, place, "chains", CTLINK_CHAINS_MAX);
	ctlink_memory_free(l->memory, name);
}

void lang_chain_begin(struct lang *l, const struct lang_token *token)
{
	char *name = NULL;

	lang_chain_begin_unknown(l);
	if (!token_copy(l, token, CTQ_NAME_MAX, &name))
		return;
	l->chain = chain_find(l, name);
	if (l->chain == LANG_NO_CHAIN)
		chain_append(l, name, &token->place);
	else /* its rules follow those that it has */
		ctlink_memory_free(l->memory, name);
	memset(&l->policy_place, 0, sizeof(l->policy_place));
}

void lang_chain_begin_unknown(struct lang *l)
{
	l->chain = LANG_NO_CHAIN;
	memset(&l->policy_place, 0, sizeof(l->policy_place));
}

/* A policy needs a hook; a chain's hook may stand behind it. */
void lang_chain_end(struct lang *l)
{
	struct ctlink_chain *chain = chain_of(l);

	if (chain && l->policy_place.line && !ctlink_has(chain, CTLINK_CHAIN_HOOK))
		lang_error_add(
			l, &l->policy_place,
			"chain '%s' has a policy but no hook: it is reached by jump only",
			chain->name);
	l->chain = LANG_NO_CHAIN;
}

/* The value of a name, or a mistake. */
static bool token_value(struct lang *l, const struct lang_token *token,
                        const struct lang_names *names, uint64_t *value)
{
	const char *list[8];
	struct lang_error *e;
	size_t i, used = 0;

	if (lang_names_value(names, token->text, token->length, value))
		return true;
	e = lang_error_add(l, &token->place, "unknown %s '%.*s'", names->kind,
	                   SHOW(token));
	for (i = 0; i < names->length && i < BASE_ARRAY_LENGTH(list); i++)
		list[i] = names->list[i].name;
	lang_error_suggest(e, token, list, i);
	used = (size_t)snprintf(e->allowed, sizeof(e->allowed), "%s:", names->plural);
	for (i = 0; i < names->length && used < sizeof(e->allowed); i++)
		used += (size_t)snprintf(e->allowed + used, sizeof(e->allowed) - used,
		                         " %s", names->list[i].name);
	return false;
}

void lang_chain_hook(struct lang *l, const struct lang_token *token)
{
	struct ctlink_chain *chain = chain_of(l);
	uint64_t hook;

	if (!token_value(l, token, &lang_hooks, &hook) || !chain)
		return;
	chain->hook = (uint8_t)hook;
	ctlink_mark(chain, CTLINK_CHAIN_HOOK);
	if (!ctlink_has(chain, CTLINK_CHAIN_POLICY))
		chain->policy = CTQ_VERDICT_ACCEPT;
	ctlink_mark(chain, CTLINK_CHAIN_POLICY);
}

void lang_chain_policy(struct lang *l, const struct lang_token *token)
{
	struct ctlink_chain *chain = chain_of(l);
	uint64_t verdict;

	if (!token_value(l, token, &lang_policies, &verdict) || !chain)
		return;
	chain->policy = (uint8_t)verdict;
	ctlink_mark(chain, CTLINK_CHAIN_POLICY);
	l->policy_place = token->place;
}

/* ---- operands ------------------------------------------------------------------------
 */

static void say_words(struct lang_error *e, const char *const *words, size_t n)
{
	size_t i, used;

	used = (size_t)snprintf(e->allowed, sizeof(e->allowed), "fields:");
	for (i = 0; i < n && used < sizeof(e->allowed); i++)
		used += (size_t)snprintf(e->allowed + used, sizeof(e->allowed) - used,
		                         " %s", words[i]);
}

static void complain_member(struct lang *l, const struct lang_token *group,
                            const struct lang_token *word)
{
	const char *words[LANG_WORDS_MAX];
	struct lang_error *e;
	size_t n;

	n = lang_word_list(group->text, group->length, words, LANG_WORDS_MAX);
	e = lang_error_add(l, &word->place, "'%.*s' has no '%.*s'", SHOW(group),
	                   SHOW(word));
	lang_error_suggest(e, word, words, n);
	say_words(e, words, n);
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

static struct lang_variable *variable_of(const struct lang *l, uint32_t i)
{
	return (struct lang_variable *)ctlink_list_item(&l->variables,
	                                                sizeof(struct lang_variable), i);
}

static struct lang_variable *variable_find(const struct lang *l,
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

	e = lang_error_add(l, &name->place, "'$%.*s' is not defined", SHOW(name));
	l->draft.failed = true;
	for (i = 0; i < l->variables.length && !e->meant[0]; i++) {
		defined = &variable_of(l, i)->name;
		snprintf(near, sizeof(near), "%.*s", SHOW(defined));
		lang_error_suggest(e, name, &one, 1);
		if (e->meant[0])
			snprintf(e->meant, sizeof(e->meant),
			         "did you mean '$%s' (line %u)?", near,
			         defined->place.line);
	}
}

void lang_operand_variable(struct lang *l, const struct lang_token *name)
{
	const struct lang_variable *v = variable_find(l, name);
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
	const struct lang_variable *before = variable_find(l, name);
	struct lang_variable *v;

	l->draft.failed = false; /* by a variable that is not defined; told */
	if (before) {
		lang_error_add(l, &name->place, "'%.*s' is defined already, in line %u",
		               SHOW(name), before->name.place.line);
		return;
	}
	v = (struct lang_variable *)ctlink_list_append(&l->variables, sizeof(*v),
	                                               LANG_VARIABLES_MAX, l->memory);
	if (!v) {
		append_failed(l, &name->place, "variables", LANG_VARIABLES_MAX);
		return;
	}
	v->name = *name;
	v->values = l->operand.values;
	memset(&l->operand.values, 0, sizeof(l->operand.values));
}

/* ---- matches -------------------------------------------------------------------------
 */

static void draft_touch(struct lang *l, const struct lang_place *place)
{
	l->draft.place = lang_place_join(&l->draft.place, place);
}

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
		append_failed(l, place, "matches in a rule", CTQ_RULE_MATCHES_MAX);
		l->draft.failed = true;
		return NULL;
	}
	m->field = field;
	ctlink_mark(m, CTLINK_MATCH_FIELD);
	return m;
}

/* The rule says one protocol or family and now another: told. */
static bool contradicts(struct lang *l, uint16_t field, int value,
                        const struct lang_place *place)
{
	const struct lang_names *names = lang_names_of(field, 0);
	int single = draft_single(&l->draft, field);
	const char *name;

	if (single <= 0 || single == value)
		return false;
	name = lang_names_name(names, (uint64_t)single);
	if (name)
		lang_error_add(l, place, "this can never match: the %s is '%s' already",
		               names->kind, name);
	else
		lang_error_add(l, place, "this can never match: the %s is %d already",
		               names->kind, single);
	l->draft.failed = true;
	return true;
}

/* A match that the spelling of another one means. */
static void match_imply(struct lang *l, uint16_t field, uint8_t value,
                        const struct lang_place *place)
{
	struct ctlink_match *m;
	struct ctlink_value *v;

	if (value == 0 || contradicts(l, field, value, place) ||
	    draft_single(&l->draft, field) == value)
		return;
	m = match_append(l, field, place);
	if (!m)
		return;
	v = ctlink_match_append(m, l->memory);
	if (v)
		ctlink_value_set_number(v, CTLINK_VALUE_FIRST, value, 1);
	else
		lang_no_memory(l);
}

/* The protocol that names this match's values; ICMP without another word is IPv4's. */
static uint8_t match_protocol(struct lang *l, const struct lang_word *word,
                              const struct lang_place *place)
{
	int single = draft_single(&l->draft, CTQ_FIELD_PROTO);
	bool icmp =
		word->field == CTQ_FIELD_ICMP_TYPE || word->field == CTQ_FIELD_ICMP_CODE;

	if (word->proto)
		match_imply(l, CTQ_FIELD_PROTO, word->proto, place);
	else if (icmp && single == 0)
		match_imply(l, CTQ_FIELD_PROTO, IPPROTO_ICMP, place);
	else if (icmp && single > 0 && single != IPPROTO_ICMPV6)
		contradicts(l, CTQ_FIELD_PROTO, IPPROTO_ICMP, place);
	single = draft_single(&l->draft, CTQ_FIELD_PROTO);
	return single > 0 ? (uint8_t)single : 0;
}

/* A value that is also the name of a variable. */
static void suggest_variable(struct lang *l, struct lang_error *e,
                             const struct lang_token *token)
{
	if (!e->meant[0] && !token->from && variable_find(l, token))
		snprintf(e->meant, sizeof(e->meant), "did you mean '$%.*s'?",
		         SHOW(token));
}

/* As lang_value_parse(), of a token: escapes are replaced first. */
static int token_parse(struct lang *l, const struct ctlink_field *field, uint8_t proto,
                       const struct lang_token *token, struct ctlink_value *v,
                       struct lang_fault *fault)
{
	char *copy = NULL;
	int err;

	if (!token->quoted || !memchr(token->text, '\\', token->length))
		return lang_value_parse(field, proto, token->text, token->length, v,
		                        l->memory, fault);
	if (!token_copy(l, token, CTQ_NAME_MAX, &copy))
		return l->no_memory ? -ENOMEM : -EALREADY;
	err = lang_value_parse(field, proto, copy, strlen(copy), v, l->memory, fault);
	ctlink_memory_free(l->memory, copy);
	return err;
}

static void value_add(struct lang *l, struct ctlink_match *m, uint8_t proto,
                      const struct lang_token *token)
{
	const struct ctlink_field *field = ctlink_field_get(m->field);
	struct ctlink_value *v = ctlink_match_append(m, l->memory);
	struct lang_fault fault = { "" };
	int err = -ENOMEM;

	if (v)
		err = token_parse(l, field, proto, token, v, &fault);
	if (!err)
		return;
	l->draft.failed = true;
	if (err == -ENOMEM)
		lang_no_memory(l);
	else if (err != -EALREADY) /* not told yet */
		suggest_variable(l, lang_error_add_fault(l, token, &fault), token);
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
static void drop_repeated(struct lang *l, int before, const struct lang_place *place)
{
	struct ctlink_list *matches = &l->draft.rule.matches;
	struct ctlink_match *m = ctlink_rule_match(&l->draft.rule, matches->length - 1);
	int single;

	if (m->field != CTQ_FIELD_PROTO && m->field != CTQ_FIELD_FAMILY)
		return;
	single = match_single(m);
	if (single <= 0 || before <= 0)
		return;
	ctlink_match_fini(m, l->memory);
	ctlink_list_drop_last(matches);
	contradicts(l, m->field, single, place);
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
	struct ctlink_match *m;
	uint8_t proto;
	int before;

	draft_touch(l, place);
	if (!match_is_allowed(l, place) || !word)
		return;
	match_imply(l, CTQ_FIELD_FAMILY, word->family, &l->operand.place);
	proto = match_protocol(l, word, &l->operand.place);
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
	drop_repeated(l, before, place);
}

/* ---- statements
 * ------------------------------------------------------------------------- */

static struct ctlink_statement *statement_append(struct lang *l, enum ctq_statement kind,
                                                 const struct lang_place *place)
{
	struct ctlink_statement *s;

	draft_touch(l, place);
	if (l->draft.ended) {
		lang_error_add(l, place,
		               "the rule has ended before: nothing is done here");
		l->draft.failed = true;
		return NULL;
	}
	s = ctlink_rule_append_statement(&l->draft.rule, l->memory);
	if (!s) {
		append_failed(l, place, "statements in a rule", CTQ_RULE_STATEMENTS_MAX);
		l->draft.failed = true;
		return NULL;
	}
	s->kind = (uint16_t)kind;
	ctlink_mark(s, CTLINK_STATEMENT_KIND);
	return s;
}

/* Value and mask of "mark set 0x10/0xf0" from @v, as a match would have them. */
static void assign_value(struct ctlink_statement *s, const struct ctlink_value *v)
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
	         "allowed: mark set VALUE[/MASK], meta mark set VALUE[/MASK]");
	l->draft.failed = true;
}

void lang_rule_assign(struct lang *l, const struct lang_place *place)
{
	const struct lang_word *word = l->operand.word;
	const struct lang_token *token;
	struct ctlink_statement *s;
	struct ctlink_value v = { 0 };
	struct lang_fault fault;

	draft_touch(l, place);
	if (!word || l->operand.values.length == 0)
		return;
	if (word->field != CTQ_FIELD_MARK && word->field != CTQ_FIELD_PKTMARK) {
		complain_assign(l, place, "only marks can be set");
		return;
	}
	token = (struct lang_token *)ctlink_list_item(&l->operand.values, sizeof(*token),
	                                              0);
	if (l->operand.values.length > 1) {
		complain_assign(l, place, "one value is wanted");
	} else if (lang_value_parse(ctlink_field_get(word->field), 0, token->text,
	                            token->length, &v, l->memory, &fault)) {
		lang_error_add_fault(l, token, &fault);
		l->draft.failed = true;
	} else if (ctlink_has(&v, CTLINK_VALUE_LAST)) {
		complain_assign(l, place, "a mark cannot be set to a range");
	} else {
		s = statement_append(l,
		                     word->field == CTQ_FIELD_MARK ? CTQ_STATEMENT_CTMARK
		                                                   : CTQ_STATEMENT_MARK,
		                     place);
		if (s)
			assign_value(s, &v);
	}
}

void lang_rule_statement(struct lang *l, enum ctq_statement kind,
                         const struct lang_token *argument,
                         const struct lang_place *place)
{
	struct ctlink_statement *s = statement_append(l, kind, place);

	if (!s)
		return;
	if (kind != CTQ_STATEMENT_COUNT)
		l->draft.ended = true;
	if (!argument)
		return;
	if (token_copy(l, argument, CTQ_NAME_MAX, &s->string))
		ctlink_mark(s, CTLINK_STATEMENT_STRING);
	else
		l->draft.failed = true;
}

/* ---- rules
 * ------------------------------------------------------------------------------ */

static void draft_text(struct lang *l, const struct lang_token *token,
                       enum ctlink_rule_bit bit, size_t max, char **out)
{
	struct ctlink_rule *rule = &l->draft.rule;

	draft_touch(l, &token->place);
	if (ctlink_has(rule, bit)) {
		lang_error_add(l, &token->place, "the rule has a %s already",
		               bit == CTLINK_RULE_NAME ? "name" : "comment");
		l->draft.failed = true;
	} else if (token_copy(l, token, max, out)) {
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
	const char *chain = chain_of(l)->name;

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
	if (!place_keep(l, &l->rule_places, CTLINK_RULES_MAX, &l->draft.place))
		goto failed;
	rule = ctlink_ruleset_append_rule(&l->set);
	if (!rule)
		goto failed;
	*rule = l->draft.rule; /* moved */
	memset(&l->draft.rule, 0, sizeof(l->draft.rule));
	return;

failed:
	append_failed(l, &l->draft.place, "rules", CTLINK_RULES_MAX);
}

void lang_rule_end(struct lang *l)
{
	struct lang_draft *d = &l->draft;
	struct lang_error *e;

	if (!d->failed && d->rule.statements.length == 0) {
		e = lang_error_add(l, &d->place, "the rule does nothing");
		snprintf(e->allowed, sizeof(e->allowed),
		         "add: accept, drop, jump CHAIN, return, mark set VALUE; or "
		         "counter, to "
		         "count only");
	} else if (!d->failed && chain_of(l) && !l->no_memory) {
		draft_keep(l);
	}
	lang_rule_forget(l);
}
