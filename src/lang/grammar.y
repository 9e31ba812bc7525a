/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tokens to calls of chain.c, operand.c, match.c and rule.c.
 *
 * A mistake ends at the next separator: the rest of its statement is skipped, and what
 * follows is read as if nothing had happened, so that one run tells several mistakes. A block
 * whose head is wrong is read like a chain, and forgotten.
 */
%code {
#include <errno.h>
#include <string.h>

#include "base/base.h"

/* Memory as the reader has it; the stacks do not grow above this depth anyway. */
#define YYMAXDEPTH 2000

#define YYLLOC_DEFAULT(now, rhs, n)                                            \
	((now) = (n) ? lang_place_join(&YYRHSLOC(rhs, 1), &YYRHSLOC(rhs, n)) : \
		       no_place)
static const struct lang_place no_place;

static void lang_yyerror(struct lang_place *place, struct lang_input *in, void *scanner,
			 const char *text);
}
%code requires {
#include "lang/lang_priv.h"
}

%define api.pure full
%define api.prefix {lang_yy}
%define api.value.type {struct lang_token}
%define api.location.type {struct lang_place}
%define parse.lac full
%define parse.error custom
%locations
%parse-param {struct lang_input *in} {void *scanner}
%lex-param {void *scanner}
%expect 0

%token END 0		"the end of the file"
/* in the order in which messages list them */
%token CHAIN		"chain"
%token SET_BLOCK	"set "
%token DEFINE		"define"
%token INCLUDE		"include"
%token HOOK		"hook"
%token POLICY		"policy"
%token FIELD		"a match"
%token GROUP		"a match "
%token NAME		"name"
%token COMMENT		"comment"
%token ACCEPT		"accept"
%token DROP		"drop"
%token JUMP		"jump"
%token REJECTION		"reject"
%token ASK		"ask"
%token RETURN		"return"
%token COUNT		"counter"
%token LIMIT		"limit"
%token CT_COUNT		"ct count"
%token LOG		"log"
%token OFFLOAD		"offload"
%token RATE		"rate"
%token SOURCE		"src"
%token CONNECTIONS	"connections"
%token ADD		"add"
%token DELETE		"delete"
%token OF_RULE		"rule"
%token OVER		"over"
%token BURST		"burst"
%token PACKETS		"packets"
%token PER		"per"
%token PREFIX		"prefix"
%token LEVEL		"level"
%token EVERY		"every"
%token AMOUNT		"a number"
%token IDENTIFIER	"a name"
%token MEMBER_WORD	"a field"
%token NOT_EQUAL	"!="
%token ASSIGN		"set"
%token VALUE_WORD	"a value"
%token TYPE		"type"
%token FLAGS		"flags"
%token TIMEOUT		"timeout"
%token SIZE		"size"
%token CONTENT		"elements"
%token SET_NAME		"a set"
%token VARIABLE		"a variable"
%token STRING		"a string"
%token WORD		"a word"
%token SET_OPEN		"'{'"
%token SET_CLOSE	"'}'"
%token SEPARATOR	"the end of the line"

%%

input:
	  %empty
	| input toplevel	{ if (lang_is_over(in->l)) YYABORT; }
	;

toplevel:
	  SEPARATOR
	| define SEPARATOR
	| INCLUDE STRING SEPARATOR	{ lang_include(in->l, in->source, &$2); }
	| chain
	| set_block
	| error SEPARATOR		{ yyerrok; }
	| unknown_head '{' body '}'	{ lang_chain_end(in->l); }
	;

unknown_head:
	  error				{ yyerrok; lang_chain_begin_unknown(in->l); }
	;

define:
	  DEFINE IDENTIFIER '=' operand_begin values	{ lang_define(in->l, &$2); }
	;

chain:
	  chain_head '{' body '}'	{ lang_chain_end(in->l); }
	;

chain_head:
	  CHAIN name			{ lang_chain_begin(in->l, &$2); }
	;

set_block:
	  set_head '{' settings last_setting '}'	{ lang_set_end(in->l); }
	;

set_head:
	  SET_BLOCK name		{ lang_set_begin(in->l, &$2); }
	;

settings:
	  %empty
	| settings SEPARATOR
	| settings setting SEPARATOR	{ if (lang_is_over(in->l)) YYABORT; }
	| settings error SEPARATOR	{ yyerrok; if (lang_is_over(in->l)) YYABORT; }
	;

last_setting:
	  %empty
	| setting
	| error
	;

setting:
	  TYPE set_type
	| FLAGS set_flags
	| COUNT				{ lang_set_flag(in->l, &$1); }
	| TIMEOUT VALUE_WORD		{ lang_set_timeout(in->l, &$2); }
	| SIZE VALUE_WORD		{ lang_set_size(in->l, &$2); }
	| COMMENT STRING		{ lang_set_comment(in->l, &$2); }
	| CONTENT is SET_OPEN set_elements SET_CLOSE
	;

is:
	  %empty
	| '='
	;

set_type:
	  VALUE_WORD			{ lang_set_type(in->l, &$1); }
	| set_type '.' VALUE_WORD	{ lang_set_type_with(in->l, &$3); }
	;

set_flags:
	  set_flag
	| set_flags ',' set_flag
	;

set_flag:
	  VALUE_WORD			{ lang_set_flag(in->l, &$1); }
	| TIMEOUT			{ lang_set_flag(in->l, &$1); }
	| COUNT				{ lang_set_flag(in->l, &$1); }
	;

set_elements:
	  %empty
	| element_list
	| element_list ','
	;

element_list:
	  element			{ if (lang_is_over(in->l)) YYABORT; }
	| element_list ',' element	{ if (lang_is_over(in->l)) YYABORT; }
	;

element:
	  element_key element_rest
	;

element_key:
	  VALUE_WORD			{ lang_element(in->l, &$1); }
	| STRING			{ lang_element(in->l, &$1); }
	| VARIABLE			{ lang_element_variable(in->l, &$1); }
	;

element_rest:
	  %empty
	| element_rest '.' VALUE_WORD		{ lang_element_with(in->l, &$3); }
	| element_rest TIMEOUT VALUE_WORD	{ lang_element_timeout(in->l, &$3); }
	| element_rest COMMENT STRING		{ lang_element_comment(in->l, &$3); }
	;

name:
	  IDENTIFIER
	| STRING
	;

body:
	  lines last
	;

lines:
	  %empty
	| lines SEPARATOR
	| lines item SEPARATOR		{ if (lang_is_over(in->l)) YYABORT; }
	| lines error SEPARATOR		{ yyerrok; lang_rule_forget(in->l);
					  if (lang_is_over(in->l)) YYABORT; }
	;

last:
	  %empty
	| item
	| error				{ lang_rule_forget(in->l); }
	;

item:
	  HOOK name			{ lang_chain_hook(in->l, &$2); }
	| POLICY name			{ lang_chain_policy(in->l, &$2); }
	| rule				{ lang_rule_end(in->l); }
	;

rule:
	  part
	| rule part
	;

part:
	  field values			{ lang_rule_match(in->l, false, &@$); }
	| field NOT_EQUAL values	{ lang_rule_match(in->l, true, &@$); }
	| field SET_NAME		{ lang_rule_set(in->l, false, &$2, &@$); }
	| field NOT_EQUAL SET_NAME	{ lang_rule_set(in->l, true, &$3, &@$); }
	| pair SET_NAME			{ lang_rule_set(in->l, false, &$2, &@$); }
	| pair NOT_EQUAL SET_NAME	{ lang_rule_set(in->l, true, &$3, &@$); }
	| field ASSIGN values		{ lang_rule_assign(in->l, &@$); }
	| ACCEPT	{ lang_rule_statement(in->l, CTQ_STATEMENT_ACCEPT, NULL, &@$); }
	| DROP		{ lang_rule_statement(in->l, CTQ_STATEMENT_DROP, NULL, &@$); }
	| RETURN	{ lang_rule_statement(in->l, CTQ_STATEMENT_RETURN, NULL, &@$); }
	| COUNT		{ lang_rule_statement(in->l, CTQ_STATEMENT_COUNT, NULL, &@$); }
	| REJECTION	{ lang_rule_statement(in->l, CTQ_STATEMENT_REJECT, NULL, &@$); }
	| OFFLOAD	{ lang_rule_statement(in->l, CTQ_STATEMENT_OFFLOAD, NULL, &@$); }
	| ASK		{ lang_rule_statement(in->l, CTQ_STATEMENT_ASK, NULL, &@$); }
	| limit				{ lang_detail_end(in->l, &@$); }
	| update			{ lang_detail_end(in->l, &@$); }
	| log				{ lang_detail_end(in->l, &@$); }
	| JUMP name	{ lang_rule_statement(in->l, CTQ_STATEMENT_JUMP, &$2, &@$); }
	| NAME name			{ lang_rule_name(in->l, &$2); }
	| COMMENT name			{ lang_rule_comment(in->l, &$2); }
	;

update:
	  update_word SET_NAME SET_OPEN update_key update_timeout SET_CLOSE
		{ lang_detail_set(in->l, &$2); }
	;

update_word:
	  ADD			{ lang_detail_begin(in->l, CTQ_STATEMENT_ADD); }
	| DELETE		{ lang_detail_begin(in->l, CTQ_STATEMENT_DELETE); }
	;

update_key:
	  field
	| pair
	;

update_timeout:
	  %empty
	| TIMEOUT VALUE_WORD	{ lang_detail_timeout(in->l, &$2); }
	;

limit:
	  limit_word RATE over rate		{ lang_detail_limit(in->l, CTQ_LIMIT_RATE); }
	| limit_word SOURCE RATE over rate per
		{ lang_detail_limit(in->l, CTQ_LIMIT_SOURCE_RATE); }
	| limit_word CONNECTIONS over most
		{ lang_detail_limit(in->l, CTQ_LIMIT_CONNECTIONS); }
	| limit_word OF_RULE CONNECTIONS most
		{ lang_detail_limit(in->l, CTQ_LIMIT_RULE_CONNECTIONS); }
	| count_word over most
		{ lang_detail_limit(in->l, CTQ_LIMIT_CONNECTIONS); }
	;

limit_word:
	  LIMIT				{ lang_detail_begin(in->l, CTQ_STATEMENT_LIMIT); }
	;

count_word:
	  CT_COUNT			{ lang_detail_begin(in->l, CTQ_STATEMENT_LIMIT); }
	;

over:
	  %empty
	| OVER				{ lang_detail_over(in->l); }
	;

rate:
	  per_time
	| per_time BURST AMOUNT packets	{ lang_detail_burst(in->l, &$3); }
	;

packets:
	  %empty
	| PACKETS
	;

per_time:
	  AMOUNT			{ lang_detail_rate(in->l, &$1); }
	;

most:
	  AMOUNT			{ lang_detail_most(in->l, &$1); }
	;

per:
	  %empty
	| PER prefix4
	| PER prefix4 AMOUNT		{ lang_detail_prefix6(in->l, &$3); }
	;

prefix4:
	  AMOUNT			{ lang_detail_prefix4(in->l, &$1); }
	;

log:
	  LOG				{ lang_detail_begin(in->l, CTQ_STATEMENT_LOG); }
	| log PREFIX name		{ lang_detail_name(in->l, &$3); }
	| log LEVEL name		{ lang_detail_level(in->l, &$3); }
	| log EVERY AMOUNT		{ lang_detail_every(in->l, &$3); }
	| log RATE rate
	;

field:
	  FIELD				{ lang_operand_begin(in->l, NULL, &$1); }
	| GROUP MEMBER_WORD		{ lang_operand_begin(in->l, &$1, &$2); }
	;

pair:
	  field '.' FIELD		{ lang_operand_with(in->l, NULL, &$3); }
	| field '.' GROUP MEMBER_WORD	{ lang_operand_with(in->l, &$3, &$4); }
	;

operand_begin:
	  %empty			{ lang_operand_begin(in->l, NULL, NULL); }
	;

values:
	  list				{ in->l->operand.braces = false; }
	| SET_OPEN set SET_CLOSE	{ in->l->operand.braces = true; }
	;

list:
	  value
	| list ',' value
	;

set:
	  elements
	| elements ','
	;

elements:
	  value
	| elements ',' value
	;

value:
	  VALUE_WORD			{ lang_operand_value(in->l, &$1); }
	| STRING			{ lang_operand_value(in->l, &$1); }
	| VARIABLE			{ lang_operand_variable(in->l, &$1); }
	;

%%

/* ---- messages ------------------------------------------------------------------ */

#define EXPECTED_MAX 32

/* Of tokens that mean the same to people only the first is said. */
static bool is_said_by_another(yysymbol_kind_t kind, bool value)
{
	return kind == YYSYMBOL_GROUP || kind == YYSYMBOL_VARIABLE || kind == YYSYMBOL_YYEOF ||
	       (kind == YYSYMBOL_STRING && value);
}

static void say_expected(struct lang_error *e, const yysymbol_kind_t *expected, int n)
{
	bool value = false;
	size_t used;
	int i;

	for (i = 0; i < n; i++)
		value |= expected[i] == YYSYMBOL_VALUE_WORD || expected[i] == YYSYMBOL_IDENTIFIER;
	used = (size_t)snprintf(e->allowed, sizeof(e->allowed), "expected: ");
	for (i = 0; i < n && used < sizeof(e->allowed); i++) {
		if (is_said_by_another(expected[i], value))
			continue;
		used += (size_t)snprintf(e->allowed + used, sizeof(e->allowed) - used, "%s%s",
					 used > strlen("expected: ") ? ", " : "",
					 yysymbol_name(expected[i]));
	}
}

/* What may have been meant: the expected keywords, and fields where one may stand. */
static void suggest_expected(struct lang_error *e, const struct lang_token *typed,
			     const yysymbol_kind_t *expected, int n)
{
	const char *words[EXPECTED_MAX + LANG_WORDS_MAX];
	size_t count = 0;
	int i;

	for (i = 0; i < n; i++) {
		if (expected[i] == YYSYMBOL_FIELD)
			count += lang_word_list(NULL, 0, words + count, LANG_WORDS_MAX);
		else if (!strchr(yysymbol_name(expected[i]), ' '))
			words[count++] = yysymbol_name(expected[i]);
	}
	lang_error_suggest(e, typed, words, count);
}

static struct lang_error *say_unexpected(struct lang_input *in, yysymbol_kind_t kind,
					 const struct lang_place *place)
{
	const struct lang_token *t = &in->last;
	int length = (int)(t->length < 64 ? t->length : 64);

	switch (kind) {
	case YYSYMBOL_WORD:
		return lang_error_add(in->l, place, "unknown word '%.*s'", length, t->text);
	case YYSYMBOL_SEPARATOR:
		if (t->length && *t->text == ';')
			return lang_error_add(in->l, place, "unexpected ';'");
		return lang_error_add(in->l, place, "unexpected end of the line");
	case YYSYMBOL_YYEOF:
		return lang_error_add(in->l, place, "unexpected end of the file: a '}' is missing");
	default:
		return lang_error_add(in->l, place, "unexpected '%.*s'", length, t->text);
	}
}

/* Words of nft's that mean nothing here. */
static bool say_instead(struct lang_error *e, const struct lang_token *typed)
{
	static const char nat[] = "addresses are changed by rules of the kernel";
	static const struct {
		const char *word, *instead;
	} words[] = {
		{ "dnat", nat },
		{ "goto", "say: jump CHAIN, and behind it what would follow: return, drop, ..." },
		{ "masquerade", nat },
		{ "redirect", nat },
		{ "snat", nat },
		{ "table", "chains and sets stand in no table" },
		{ "with", "reject alone: TCP gets a reset, all else 'port unreachable'" },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(words); i++) {
		if (strlen(words[i].word) != typed->length ||
		    memcmp(words[i].word, typed->text, typed->length) != 0)
			continue;
		snprintf(e->allowed, sizeof(e->allowed), "%s", words[i].instead);
		return true;
	}
	return false;
}

/* The rule ends early because of a mistake that was told. */
static bool is_cut_off(const struct lang_input *in, yysymbol_kind_t kind)
{
	return in->l->draft.failed && (kind == YYSYMBOL_SEPARATOR || *in->last.text == '}');
}

static int yyreport_syntax_error(const yypcontext_t *context, struct lang_input *in,
				      void *scanner)
{
	yysymbol_kind_t kind = yypcontext_token(context), expected[EXPECTED_MAX];
	struct lang_error *e;
	int n;

	if (kind == YYSYMBOL_YYEMPTY || is_cut_off(in, kind))
		return 0;
	e = say_unexpected(in, kind, yypcontext_location(context));
	if (kind == YYSYMBOL_WORD && say_instead(e, &in->last))
		return 0;
	n = yypcontext_expected_tokens(context, expected, EXPECTED_MAX);
	if (n == YYENOMEM)
		return YYENOMEM;
	if (kind == YYSYMBOL_WORD || kind == YYSYMBOL_VALUE_WORD)
		suggest_expected(e, &in->last, expected, n);
	if (!e->meant[0] && kind != YYSYMBOL_YYEOF)
		say_expected(e, expected, n);
	return 0;
}

/* Only memory is reported this way. */
static void lang_yyerror(struct lang_place *place, struct lang_input *in, void *scanner,
			 const char *text)
{
	lang_no_memory(in->l);
}

int lang_parse_source(struct lang *l, uint32_t source)
{
	struct lang_source *s = lang_source_of(l, source);
	struct lang_input in = { .l = l, .source = source, .line = 1, .column = 1 };
	uint32_t before = l->error_count;
	void *scanner;

	scanner = lang_scan_begin(&in, s->text, s->size);
	lang_yyparse(&in, scanner);
	lang_scan_end(scanner);
	lang_rule_forget(l);
	lang_detail_forget(l);
	lang_chain_end(l);
	lang_set_end(l);
	if (l->no_memory)
		return -ENOMEM;
	return l->error_count > before ? -EINVAL : 0;
}
