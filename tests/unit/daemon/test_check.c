/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/check.h"
#include "file.h"

static char out_text[8192], err_text[8192];

static int check(const char *path, bool print)
{
	struct options options = {
		.config = path, .log_level = -1, .check = true, .print = print
	};
	FILE *out = fmemopen(out_text, sizeof(out_text), "w");
	FILE *err = fmemopen(err_text, sizeof(err_text), "w");
	int status;

	out_text[0] = err_text[0] = '\0';
	status = check_run(&options, out, err);
	fclose(out);
	fclose(err);
	return status;
}

/* A configuration with these rules. */
static int check_rules(const char *rules)
{
	char *rules_path = file_make(rules), text[512], *path;
	int status;

	snprintf(text, sizeof(text), "rules %s;", rules_path);
	path = file_make(text);
	status = check(path, false);
	file_remove(path);
	file_remove(rules_path);
	return status;
}

Test(check, says_that_all_is_well)
{
	char *path = file_make("table { max 5; }"), expected[256];

	cr_expect(check(path, false) == EXIT_SUCCESS);
	snprintf(expected, sizeof(expected), "ctqd: %s is correct\n", path);
	cr_expect_str_eq(out_text, expected);
	cr_expect_str_empty(err_text);
	file_remove(path);
}

Test(check, knows_the_backends_there_are)
{
	char *path = file_make("rules-backend linear;");

	cr_expect(check(path, false) == EXIT_SUCCESS);
	file_remove(path);
	path = file_make("# one\nrules-backend fores;");
	cr_expect(check(path, false) == OPTIONS_EXIT_FAILED);
	cr_expect_not_null(strstr(err_text, ":2:1-13: error: unknown value 'fores' of "
	                                    "'rules-backend'\n"));
	cr_expect_not_null(
		strstr(err_text, "did you mean 'forest'?\n  values: forest linear\n"));
	file_remove(path);
}

Test(check, says_all_that_is_wrong)
{
	char *path = file_make("table { max 0; }\nnonsense 1;\n");

	cr_expect(check(path, true) == OPTIONS_EXIT_FAILED);
	cr_expect_str_empty(out_text);
	cr_expect(strstr(err_text, ":1:13: error: '0' is outside of 1 … 67108864\n") !=
	          NULL);
	cr_expect(strstr(err_text, ":2:1-8: error: unknown key 'nonsense'\n") != NULL);
	file_remove(path);
}

Test(check, prints_what_is_in_force)
{
	char *path = file_make("table { max 5; }");

	cr_expect(check(path, true) == EXIT_SUCCESS);
	cr_expect(strstr(out_text, "\tmax 5;\n") != NULL);
	cr_expect(strstr(out_text, "\tunconfirmed 10s;\n") != NULL);
	file_remove(path);
}

Test(check, reads_the_rules)
{
	cr_expect(check_rules(
			  "chain prerouting { policy drop\n tcp dport 22 accept\n }\n") ==
	                  EXIT_SUCCESS,
	          "%s", err_text);
	cr_expect(check_rules(
			  "chain prerouting { policy drop\n tcp dport 22 acept\n }\n") ==
	          OPTIONS_EXIT_FAILED);
	cr_expect(strstr(err_text, "did you mean 'accept'?") != NULL, "%s", err_text);
}

Test(check, shows_where_the_rule_is_that_the_daemon_refuses)
{
	cr_expect(check_rules("chain prerouting {\n accept\n }\nchain a {\n jump "
	                      "nowhere\n}\n") == OPTIONS_EXIT_FAILED);
	cr_expect(strstr(err_text, ":5:") != NULL, "%s", err_text);
	cr_expect(strstr(err_text, "nowhere") != NULL, "%s", err_text);
}

Test(check, a_missing_rule_file_is_named)
{
	char *path = file_make("rules /nonexistent/rules.ctq;");

	cr_expect(check(path, false) == OPTIONS_EXIT_FAILED);
	cr_expect(strstr(err_text, "/nonexistent/rules.ctq") != NULL);
	file_remove(path);
}

Test(check, users_and_groups_must_exist)
{
	char *path = file_make("daemon { group no-such-group; admin-group no-such-either;"
	                       "user no-such-user; }");

	cr_expect(check(path, false) == OPTIONS_EXIT_FAILED);
	cr_expect_str_eq(err_text,
	                 "error: daemon.group: there is no group 'no-such-group' "
	                 "(groupadd --system no-such-group)\n"
	                 "error: daemon.admin-group: there is no group 'no-such-either' "
	                 "(groupadd --system no-such-either)\n"
	                 "error: daemon.user: there is no user 'no-such-user' "
	                 "(useradd --system no-such-user)\n");
	file_remove(path);
}
