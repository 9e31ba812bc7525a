/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse.y - words to a tree of statements
 *
 * The grammar knows no key: what a key takes is in the tables of key.c, so that every
 * error can say what is allowed. The first wrong byte ends the reading of a file.
 */
%code top {
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "config/parse_priv.h"
}

%code requires {
#include "config/tree.h"
}

%define api.pure full
%define api.prefix {config_yy}
%define api.location.type {struct location}
%define parse.error custom
%locations
%param { void *scanner }
%parse-param { struct parse *parse }

%union {
	struct word *word;
	struct { struct word *first, *last; } words;
	struct statement *statement;
	struct { struct statement *first, *last; } statements;
}

%token <word> WORD
%token SEMICOLON ";" OPEN "{" CLOSE "}"
%type <words> words
%type <statement> statement
%type <statements> statements

%code {
#define YYLLOC_DEFAULT(at, rhs, n)                                                       \
	do {                                                                             \
		(at) = YYRHSLOC(rhs, (n) ? 1 : 0);                                       \
		if ((n) && YYRHSLOC(rhs, n).line == (at).line)                           \
			(at).last = YYRHSLOC(rhs, n).last;                               \
	} while (0)

int config_yylex(CONFIG_YYSTYPE *value, struct location *at, void *scanner);
int config_yylex_init_extra(struct parse *parse, void **scanner);
int config_yylex_destroy(void *scanner);
void *config_yy_scan_buffer(char *bytes, size_t size, void *scanner);

static struct statement *statement_new(struct parse *parse, struct word *words);
static bool parse_enter(struct parse *parse, const struct location *at);
static void config_yyerror(const struct location *at, void *scanner, struct parse *parse,
                           const char *text);
}

%initial-action { @$ = (struct location){ parse->file, 1, 1, 1 }; }

%%

file
	: statements                    { parse->result = $1.first; }
	;

statements
	: %empty                        { $$.first = $$.last = NULL; }
	| statements ";"                { $$ = $1; }
	| statements statement          {
		$$ = $1;
		if ($$.last)
			$$.last->next = $2;
		else
			$$.first = $2;
		$$.last = $2;
	}
	;

statement
	: words ";"                     {
		$$ = statement_new(parse, $1.first);
		if (!$$)
			YYNOMEM;
	}
	| words "{"                     {
		if (!parse_enter(parse, &@2))
			YYABORT;
	}
	  statements "}"                {
		parse->depth--;
		$$ = statement_new(parse, $1.first);
		if (!$$)
			YYNOMEM;
		$$->has_body = true;
		$$->body = $4.first;
	}
	;

words
	: WORD                          {
		$$.first = $$.last = $1;
		parse->end = @1;
	}
	| words WORD                    {
		$$ = $1;
		$$.last->next = $2;
		$$.last = $2;
		parse->end = @2;
	}
	;

%%

static struct statement *statement_new(struct parse *parse, struct word *words)
{
	struct statement *s = tree_alloc(&parse->load->tree, sizeof(*s));

	if (s)
		s->words = words;
	return s;
}

static bool parse_enter(struct parse *parse, const struct location *at)
{
	if (++parse->depth <= LOAD_DEPTH_MAX)
		return true;
	load_error(parse->load, at, NULL, "more than %d sections within each other",
	           LOAD_DEPTH_MAX);
	return false;
}

static bool is_expected(const yypcontext_t *context, yysymbol_kind_t wanted)
{
	yysymbol_kind_t kinds[YYNTOKENS];
	int i, n = yypcontext_expected_tokens(context, kinds, YYNTOKENS);

	for (i = 0; i < n; i++)
		if (kinds[i] == wanted)
			return true;
	return false;
}

static int yyreport_syntax_error(const yypcontext_t *context, void *scanner,
                                 struct parse *parse)
{
	yysymbol_kind_t token = yypcontext_token(context);
	struct location at = *yypcontext_location(context);

	if (is_expected(context, YYSYMBOL_OPEN)) { /* words stand before it */
		at = parse->end;
		at.first = at.last = at.last + 1;
		load_error(parse->load, &at, NULL, "a ';' is missing");
	} else if (token == YYSYMBOL_YYEOF) {
		load_error(parse->load, &at, NULL, "a '}' is missing: the file ends inside a section");
	} else if (token == YYSYMBOL_OPEN) {
		load_error(parse->load, &at, NULL, "a section has a name before its '{'");
	} else {
		load_error(parse->load, &at, NULL, "this '}' closes nothing");
	}
	return 0;
}

static void config_yyerror(const struct location *at, void *scanner, struct parse *parse,
                           const char *text)
{
	load_no_memory(parse->load); /* bison calls it for nothing else */
}

int load_file_parse(struct load *l, const struct config_file *file,
                    struct statement **result)
{
	struct parse parse = { .load = l, .file = file, .line = 1, .column = 1 };
	void *scanner;
	char *bytes;
	int r;

	/* The scanner writes into its buffer; the file's text stays whole for messages. */
	bytes = tree_alloc(&l->tree, file->size + 2);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes, file->text, file->size);
	config_yylex_init_extra(&parse, &scanner);
	config_yy_scan_buffer(bytes, file->size + 2, scanner);
	r = config_yyparse(scanner, &parse);
	config_yylex_destroy(scanner);
	if (l->no_memory)
		return -ENOMEM;
	*result = parse.result;
	return r == 0 ? 0 : -EINVAL;
}
