/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

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
