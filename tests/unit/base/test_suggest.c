/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/base.h"
#include "base/suggest.h"

static const char *const words[] = { "ESTABLISHED", "SYN_SENT", "accept", "guest",
	                             "drop" };

static const char *nearest(const char *typed)
{
	return suggest_word(typed, words, BASE_ARRAY_LENGTH(words));
}

Test(suggest, finds_what_was_meant)
{
	cr_assert_str_eq(nearest("ESTAB"), "ESTABLISHED");
	cr_assert_str_eq(nearest("acept"), "accept");
	cr_assert_str_eq(nearest("guets"), "guest");
	cr_assert_str_eq(nearest("established"), "ESTABLISHED");
}

Test(suggest, says_nothing_rather_than_nonsense)
{
	cr_assert_null(nearest("zebra"));
	cr_assert_null(nearest("x"));
	cr_assert_null(nearest(""));
	cr_assert_null(
		nearest("a-word-that-is-longer-than-anything-anybody-would-ever-type-here"
	                "-by-hand"));
}

static void hint_is(const char *typed, size_t n, size_t size, const char *wanted)
{
	char names[20][32], out[256];
	struct suggest s;
	size_t i;

	suggest_begin(&s, typed);
	for (i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "name%zu", i);
		suggest_add(&s, names[i]);
	}
	suggest_end(&s, "names", out, size);
	cr_assert_str_eq(out, wanted);
}

Test(suggest, tells_which_names_there_are)
{
	hint_is("nmae1", 3, 256, "did you mean 'name1'? names: name0 name1 name2");
	hint_is("zebra", 2, 256, "names: name0 name1");
	hint_is("zebra", 0, 256, "names: none");
}

Test(suggest, lists_no_more_than_fits)
{
	hint_is("zebra", 13, 256,
	        "names: name0 name1 name2 name3 name4 name5 name6 name7 name8 name9 "
	        "name10 name11 ...");
	hint_is("zebra", 12, 256,
	        "names: name0 name1 name2 name3 name4 name5 name6 name7 name8 name9 "
	        "name10 name11");
	hint_is("zebra", 12, 30, "names: name0 name1 name2 ...");
	hint_is("name1", 2, 16, "did you mean 'n");
}
