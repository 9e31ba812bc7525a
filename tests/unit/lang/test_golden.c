/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The language by example. golden/good/NAME.ctq prints as NAME.out, and what is printed
 * prints as itself; the mistakes of golden/bad/NAME.ctq are told as in NAME.err.
 * With CTQ_GOLDEN_WRITE in the environment what differs is written instead: look at
 * the difference before you believe it.
 */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/lang.h"

#define GOLDEN TOP_SRCDIR "/tests/unit/lang/golden/"

/* A whole file, zero-terminated; NULL: it is not there. */
static char *slurp(const char *path, size_t *size)
{
	FILE *f = fopen(path, "r");
	char *text;

	if (!f)
		return NULL;
	text = calloc(1, 1 << 20);
	*size = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	return text;
}

static const char *name_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

static char *printed(struct lang *l)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (lang_error_count(l))
		lang_errors_print(l, f);
	else
		lang_ruleset_print(lang_ruleset(l), f);
	fclose(f);
	return text;
}

/* What a reader says to @text. */
static char *answer_to(const char *name, const char *text, size_t size)
{
	struct lang *l = lang_new(NULL);
	char *answer;
	int err;

	err = lang_read_text(l, name, text, size);
	cr_assert_eq(err != 0, lang_error_count(l) != 0, "%s: %d", name, err);
	answer = printed(l);
	lang_destroy(l);
	return answer;
}

static void compare(const char *path, const char *ending, const char *answer)
{
	char other[512], *wanted;
	size_t size;
	FILE *f;

	snprintf(other, sizeof(other), "%.*s%s", (int)(strlen(path) - 4), path, ending);
	wanted = slurp(other, &size);
	if (wanted && strcmp(wanted, answer) == 0) {
		free(wanted);
		return;
	}
	if (getenv("CTQ_GOLDEN_WRITE")) {
		f = fopen(other, "w");
		fputs(answer, f);
		fclose(f);
	} else {
		cr_assert_fail("%s differs:\n%s", name_of(other), answer);
	}
	free(wanted);
}

static size_t each(const char *pattern, void (*check)(const char *path))
{
	glob_t found;
	size_t i, n;

	cr_assert_eq(glob(pattern, 0, NULL, &found), 0, "%s", pattern);
	for (i = 0; i < found.gl_pathc; i++)
		check(found.gl_pathv[i]);
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

static void check_good(const char *path)
{
	char *text, *answer, *again;
	size_t size;

	text = slurp(path, &size);
	answer = answer_to(name_of(path), text, size);
	compare(path, ".out", answer);
	again = answer_to("printed", answer, strlen(answer));
	cr_assert_str_eq(again, answer, "%s does not print as itself", path);
	free(text);
	free(answer);
	free(again);
}

static void check_bad(const char *path)
{
	char *text, *answer;
	size_t size;

	text = slurp(path, &size);
	answer = answer_to(name_of(path), text, size);
	compare(path, ".err", answer);
	free(text);
	free(answer);
}

Test(golden, good_texts_print_in_one_spelling)
{
	cr_assert_geq(each(GOLDEN "good/*.ctq", check_good), 3);
}

Test(golden, bad_texts_get_their_messages)
{
	cr_assert_geq(each(GOLDEN "bad/*.ctq", check_bad), 8);
}

/* ---- what users are given ---------------------------------------------------------- */

static void check_is_read(const char *path)
{
	struct lang *l = lang_new(NULL);

	if (lang_read_file(l, path)) {
		lang_errors_print(l, stderr);
		cr_assert_fail("%s", path);
	}
	cr_assert_gt(lang_ruleset(l)->rules.length, 0);
	lang_destroy(l);
}

Test(given, examples_are_rule_sets)
{
	cr_assert_geq(each(TOP_SRCDIR "/contrib/rules/*.ctq", check_is_read), 2);
}

/* The text between @from and the next @to, cut out of @page; NULL: no more. */
static char *between(char *page, const char *from, const char *to, char **rest)
{
	char *start = strstr(page, from), *end;

	if (!start)
		return NULL;
	start += strlen(from);
	end = strstr(start, to);
	*end = '\0';
	*rest = end + strlen(to);
	return start;
}

Test(given, examples_of_the_manual_are_rule_sets)
{
	size_t size, read = 0;
	char *page = slurp(TOP_SRCDIR "/man/ctqd-rules.5", &size), *rest = page, *text;
	struct lang *l;

	while ((text = between(rest, ".Bd -literal -offset indent\n", ".Ed\n", &rest))) {
		if (!strstr(text, "chain "))
			continue; /* a message */
		l = lang_new(NULL);
		cr_assert_eq(lang_read_text(l, "manual", text, strlen(text)), 0, "%s",
		             text);
		lang_destroy(l);
		read++;
	}
	cr_assert_geq(read, 2);
	free(page);
}

/* Every field and every word of another spelling stands in the manual. */
Test(given, the_manual_has_all_fields)
{
	size_t size, n, i;
	char *page = slurp(TOP_SRCDIR "/man/ctqd-rules.5", &size);
	const struct ctlink_field *fields = ctlink_fields(&n);

	for (i = 0; i < n; i++) {
		if (fields[i].scope & CTLINK_SCOPE_PACKET)
			cr_expect_not_null(strstr(page, fields[i].word), "%s",
			                   fields[i].word);
	}
	free(page);
}
