/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files, limits, short memory, and mistakes that others find. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lang/lang.h"

/* ---- files ---------------------------------------------------------------------- */

static char folder[64];

static void folder_make(void)
{
	strcpy(folder, "/tmp/ctq-lang-XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
}

static void folder_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	cr_assert_eq(system(command), 0);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *fmt, ...)
{
	FILE *f = fopen(path_of(name), "w");
	va_list ap;

	cr_assert_not_null(f);
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	fclose(f);
}

TestSuite(files, .init = folder_make, .fini = folder_remove);

static uint32_t rules_in(struct lang *l)
{
	return lang_ruleset(l)->rules.length;
}

Test(files, includes_are_read_in_order_and_relative)
{
	struct lang *l = lang_new(NULL);

	cr_assert_eq(mkdir(path_of("d"), 0700), 0);
	write_file("main.ctq", "include \"d/*.ctq\"\n"
	                       "include \"d/none-*.ctq\"\n"
	                       "chain prerouting { dport $ports accept }\n");
	write_file("d/1.ctq", "define ports = { 1, 2 }\n");
	write_file("d/2.ctq",
	           "chain prerouting { dport $ports drop }\ninclude \"3.inc\"");
	write_file("d/3.inc", "chain web { accept }");
	cr_assert_eq(lang_read_file(l, path_of("main.ctq")), 0);
	cr_assert_eq(rules_in(l), 3);
	cr_assert_eq(lang_ruleset(l)->chains.length, 2);
	cr_assert_str_eq(ctlink_ruleset_rule(lang_ruleset(l), 1)->chain, "web");
	lang_destroy(l);
}

Test(files, a_mistake_in_an_included_file_is_shown_there)
{
	struct lang *l = lang_new(NULL);

	write_file("main.ctq", "include \"a.ctq\"\n");
	write_file("a.ctq", "\nchain x { foo }\n");
	cr_assert_eq(lang_read_file(l, path_of("main.ctq")), -EINVAL);
	cr_assert_eq(lang_error_count(l), 1);
	cr_assert_str_eq(lang_error_peek(l, 0)->file, path_of("a.ctq"));
	cr_assert_eq(lang_error_peek(l, 0)->place.line, 2);
	lang_destroy(l);
}

Test(files, what_cannot_be_read_is_told_where_it_is_asked_for)
{
	struct lang *l = lang_new(NULL);
	const struct lang_error *e;

	write_file("main.ctq", "include \"gone.ctq\"\ninclude \".\"\n");
	cr_assert_eq(lang_read_file(l, path_of("main.ctq")), -EINVAL);
	cr_assert_eq(lang_error_count(l), 2);
	e = lang_error_peek(l, 0);
	cr_assert_str_eq(e->file, path_of("main.ctq"));
	cr_assert_eq(e->place.line, 1);
	cr_assert_not_null(strstr(e->text, "gone.ctq': No such file or directory"));
	cr_assert_not_null(strstr(lang_error_peek(l, 1)->text, "Is a directory"));
	lang_destroy(l);

	l = lang_new(NULL);
	cr_assert_eq(lang_read_file(l, path_of("gone.ctq")), -EINVAL);
	cr_assert_eq(lang_error_peek(l, 0)->place.line, 0);
	cr_assert_str_eq(lang_error_peek(l, 0)->text,
	                 "cannot be read: No such file or directory");
	lang_destroy(l);
}

Test(files, a_file_that_includes_itself_is_named)
{
	struct lang *l = lang_new(NULL);
	char wanted[600];

	write_file("main.ctq", "include \"one.ctq\"\ninclude \"two.ctq\"\n");
	write_file("one.ctq", "\n");
	write_file("two.ctq", "include \"one.ctq\"\ninclude \"./m*.ctq\"\n");
	cr_assert_eq(lang_read_file(l, path_of("main.ctq")), -EINVAL);
	cr_assert_eq(lang_error_count(l), 1, "what is read twice is no mistake");
	snprintf(wanted, sizeof(wanted), "'%s' is read here within itself",
	         path_of("./main.ctq"));
	cr_assert_str_eq(lang_error_peek(l, 0)->text, wanted);
	cr_assert_str_eq(lang_error_peek(l, 0)->file, path_of("two.ctq"));
	cr_assert_eq(lang_error_peek(l, 0)->place.line, 2);
	lang_destroy(l);
}

Test(files, includes_end_at_a_depth)
{
	struct lang *l = lang_new(NULL);
	char name[16], text[32];
	int i;

	for (i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "%d.ctq", i);
		snprintf(text, sizeof(text), "include \"%d.ctq\"\n", i + 1);
		write_file(name, text);
	}
	cr_assert_eq(lang_read_file(l, path_of("0.ctq")), -EINVAL);
	cr_assert_eq(lang_error_count(l), 1);
	cr_assert_str_eq(lang_error_peek(l, 0)->text,
	                 "files within files: more than 8 deep");
	lang_destroy(l);
}

Test(files, not_every_file_is_text)
{
	struct lang *l = lang_new(NULL);

	cr_assert_eq(mkfifo(path_of("fifo"), 0600), 0);
	cr_assert_eq(lang_read_file(l, path_of("fifo")), -EINVAL);
	cr_assert_str_eq(lang_error_peek(l, 0)->text,
	                 "cannot be read: not a regular file");
	lang_destroy(l);
}

/* ---- limits ---------------------------------------------------------------------- */

static int read_text(struct lang *l, const char *text)
{
	return lang_read_text(l, "text", text, strlen(text));
}

/* @before, @n times @each with its number in place of '@', and @after. */
static char *repeat(const char *before, const char *each, int n, const char *after)
{
	int i, head = (int)strcspn(each, "@");
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fputs(before, f);
	for (i = 0; i < n; i++)
		fprintf(f, "%.*s%d%s", head, each, i, each[head] ? each + head + 1 : "");
	fputs(after, f);
	fclose(f);
	return text;
}

static void expect_limit(const char *before, const char *each, int most,
                         const char *after, const char *message)
{
	struct lang *l;
	char *text;

	l = lang_new(NULL);
	text = repeat(before, each, most, after);
	cr_assert_eq(read_text(l, text), 0, "%s: %s", message,
	             lang_error_count(l) ? lang_error_peek(l, 0)->text : "");
	free(text);
	lang_destroy(l);
	l = lang_new(NULL);
	text = repeat(before, each, most + 1, after);
	cr_assert_eq(read_text(l, text), -EINVAL, "%s", message);
	cr_assert_eq(lang_error_count(l), 1);
	cr_assert_str_eq(lang_error_peek(l, 0)->text, message);
	free(text);
	lang_destroy(l);
}

Test(limits, of_values_matches_statements_variables_and_chains)
{
	expect_limit("chain a { dport { ", "@, ", CTQ_MATCH_VALUES_MAX, "} drop }",
	             "more than 4096 values");
	expect_limit("chain a { ", "dport @ ", CTQ_RULE_MATCHES_MAX, "drop }",
	             "more than 32 matches in a rule");
	expect_limit("chain a { ", "mark set @ ", CTQ_RULE_STATEMENTS_MAX, "}",
	             "more than 16 statements in a rule");
	expect_limit("", "define v@ = 1\n", LANG_VARIABLES_MAX, "",
	             "more than 1024 variables");
	expect_limit("", "chain c@ { }\n", CTLINK_CHAINS_MAX, "",
	             "more than 4096 chains");
}

Test(limits, reading_ends_after_so_many_mistakes)
{
	struct lang *l = lang_new(NULL);
	char *text = repeat("chain a {\n", "foo@\n", 1000, "}"), *out = NULL;
	size_t size;
	FILE *f;

	cr_assert_eq(read_text(l, text), -EINVAL);
	cr_assert_eq(lang_error_count(l), LANG_ERRORS_MAX);
	cr_assert_null(lang_error_peek(l, LANG_ERRORS_MAX));
	f = open_memstream(&out, &size);
	lang_errors_print(l, f);
	fclose(f);
	cr_assert_not_null(
		strstr(out, "error: that is enough; what follows was not read\n"));
	free(out);
	free(text);
	lang_destroy(l);
}

/* ---- what is read ------------------------------------------------------------------- */

Test(reading, a_mistake_keeps_its_rule_out_and_leaves_the_others)
{
	struct lang *l = lang_new(NULL);

	cr_assert_eq(read_text(l, "chain a { accept\n dport x drop\n drop }"), -EINVAL);
	cr_assert_eq(rules_in(l), 2);
	lang_destroy(l);
}

Test(reading, rules_know_their_chain_and_line)
{
	struct lang *l = lang_new(NULL);
	const struct ctlink_rule *rule;

	cr_assert_eq(read_text(l, "chain a {\n accept\n\n dport { 1,\n 2 } drop\n}"), 0);
	rule = ctlink_ruleset_rule(lang_ruleset(l), 1);
	cr_assert_str_eq(rule->chain, "a");
	cr_assert(ctlink_has(rule, CTLINK_RULE_LINE));
	cr_assert_eq(rule->line, 4);
	cr_assert_not(ctlink_has(rule, CTLINK_RULE_ID));
	lang_destroy(l);
}

/* What is printed of the mistakes; to be freed. */
static char *mistakes(const struct lang *l)
{
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	lang_errors_print(l, f);
	fclose(f);
	return out;
}

Test(reading, what_others_blame_is_shown_in_its_place)
{
	struct lang *l = lang_new(NULL);
	char *out;

	cr_assert_eq(read_text(l, "chain prerouting { accept }\n"
	                          "chain web {\n\tdport 80 jump gone # where?\n}\n"),
	             0);
	lang_blame_rule(l, 1, "jump to chain 'gone', which is not there",
	                "did you mean 'web'? chains: web");
	lang_blame_rule(l, 1, "there is no chain 'web'", NULL);
	lang_blame_rule(l, 1, "something is wrong", NULL);
	lang_blame_chain(l, 0, "no", "a hint");
	out = mistakes(l);
	cr_assert_str_eq(out,
	                 "text:3:16-19: error: jump to chain 'gone', which is not there\n"
	                 "  \tdport 80 jump gone # where?\n"
	                 "  \t              ^^^^  did you mean 'web'?\n"
	                 "  chains: web\n"
	                 "text:2:7-9: error: there is no chain 'web'\n"
	                 "  chain web {\n"
	                 "        ^^^\n"
	                 "text:3:2-19: error: something is wrong\n"
	                 "  \tdport 80 jump gone # where?\n"
	                 "  \t^^^^^^^^^^^^^^^^^^\n"
	                 "text:1:7-16: error: no\n"
	                 "  chain prerouting { accept }\n"
	                 "        ^^^^^^^^^^\n"
	                 "  a hint\n",
	                 "%s", out);
	free(out);
	lang_destroy(l);
}

/* Only of a name that is taken do the places of both say more than the daemon. */
Test(reading, a_name_that_two_have_is_blamed_when_it_is_what_is_wrong)
{
	struct lang *l = lang_new(NULL);
	char *out;

	cr_assert_eq(read_text(l, "chain prerouting {\n\tname x src @bann drop\n\tname x "
	                          "drop\n}\n"),
	             0);
	lang_blame_rule(l, 0, "there is no set 'bann'", "did you mean 'ban'?");
	lang_blame_rule(l, 1, "the name 'x' is taken by the rule of line 2", NULL);
	out = mistakes(l);
	cr_assert_str_eq(out,
	                 "text:2:14-17: error: there is no set 'bann'\n"
	                 "  \tname x src @bann drop\n"
	                 "  \t            ^^^^  did you mean 'ban'?\n"
	                 "text:3:7: error: the name 'x' is taken by the rule in line 2\n"
	                 "  \tname x drop\n"
	                 "  \t     ^\n",
	                 "%s", out);
	free(out);
	lang_destroy(l);
}

Test(reading, several_texts_make_one_set)
{
	struct lang *l = lang_new(NULL);

	cr_assert_eq(read_text(l, "define p = 1"), 0);
	cr_assert_eq(read_text(l, "chain a { dport $p drop }"), 0);
	cr_assert_eq(read_text(l, "chain a { foo }"), -EINVAL);
	cr_assert_eq(read_text(l, "chain a { dport $p accept }"), 0,
	             "mistakes are the text's");
	cr_assert_eq(rules_in(l), 2);
	lang_destroy(l);
}

Test(reading, names_of_another_version_become_comments)
{
	struct ctlink_rule rule = { 0 };
	struct ctlink_statement *s;
	char *out = NULL;
	size_t size;
	FILE *f;

	ctlink_rule_append_match(&rule, NULL)->field = 60;
	s = ctlink_rule_append_statement(&rule, NULL);
	s->kind = 99;
	f = open_memstream(&out, &size);
	lang_rule_print(&rule, f);
	fclose(f);
	cr_assert_str_eq(
		out, "# field 60 of another version # statement 99 of another version");
	free(out);
	ctlink_rule_fini(&rule, NULL);
}

/* ---- short memory -------------------------------------------------------------------- */

struct failing {
	struct ctlink_memory memory;
	unsigned int left; /* allocations that succeed */
	int live;
};

static void *failing_resize(void *context, void *old, size_t size)
{
	struct failing *f = (struct failing *)context;
	void *p;

	if (size == 0) {
		f->live -= old != NULL;
		free(old);
		return NULL;
	}
	if (f->left == 0)
		return NULL;
	f->left--;
	p = realloc(old, size);
	f->live += p && !old;
	return p;
}

Test(memory, every_allocation_may_fail)
{
	static const char good[] =
		"define p = { 1, 2 }\n"
		"chain web { tcp dport $p iif \"e\\\\\" name n mark set 1 "
		"accept comment \"c\" }\n"
		"chain prerouting { ct state new,related jump web }\n";
	static const char bad[] = "define p = { 1, 2 }\nchain web { foo; dport x accept; "
				  "dport $q drop }";
	struct failing f = { { failing_resize, &f }, 0, 0 };
	const char *text = good;
	unsigned int n;
	struct lang *l;
	int err = -ENOMEM;

	for (n = 0; err == -ENOMEM || text == good; n++) {
		if (err != -ENOMEM) {
			cr_assert_eq(err, 0);
			text = bad;
			n = 0;
		}
		f.left = n;
		l = lang_new(&f.memory);
		err = l ? lang_read_text(l, "t", text, strlen(text)) : -ENOMEM;
		if (l && f.left == 0 && err != -ENOMEM)
			cr_assert(err == 0 || lang_error_count(l) > 0);
		lang_destroy(l);
		cr_assert_eq(f.live, 0, "%u allocations: %d not freed", n, f.live);
		cr_assert_lt(n, 1000);
	}
	cr_assert_eq(err, -EINVAL);
	cr_assert_gt(n, 10);
}
