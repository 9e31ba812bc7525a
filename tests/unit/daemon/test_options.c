/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "daemon/options.h"
#include "file.h"

static struct options options;
static char out_text[8192], err_text[8192];
static int status;

static bool parse(const char *const *args)
{
	static char name[] = "ctqd", words[16][256]; /* getopt_long() wants to write */
	char *argv[16] = { name };
	FILE *out = fmemopen(out_text, sizeof(out_text), "w");
	FILE *err = fmemopen(err_text, sizeof(err_text), "w");
	int argc = 1;
	bool r;

	out_text[0] = err_text[0] = '\0';
	for (; args && *args; args++, argc++)
		argv[argc] = strcpy(words[argc], *args);
	status = -1;
	r = options_parse(&options, argc, argv, out, err, &status);
	fclose(out);
	fclose(err);
	return r;
}
#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

Test(options, nothing_given_means_run_with_the_default_file)
{
	cr_assert(parse(NULL));
	cr_expect_str_eq(options.config, OPTIONS_CONFIG_DEFAULT);
	cr_expect(options.socket == NULL && options.log_level == -1);
	cr_expect(!options.check && !options.print);
}

Test(options, all_of_them)
{
	cr_assert(PARSE("--config", "/x", "--check", "--print", "--foreground",
	                "--socket=/s", "--log-level", "debug"));
	cr_expect_str_eq(options.config, "/x");
	cr_expect_str_eq(options.socket, "/s");
	cr_expect(options.log_level == LOG_LEVEL_DEBUG);
	cr_expect(options.check && options.print);
	cr_assert(PARSE("-c", "/y", "-tpf"));
	cr_expect_str_eq(options.config, "/y");
	cr_expect(options.check && options.print);
}

Test(options, help_and_version_go_to_stdout)
{
	cr_expect(!PARSE("--help"));
	cr_expect(status == EXIT_SUCCESS);
	cr_expect(strncmp(out_text, "Usage: ctqd", 11) == 0);
	cr_expect(!PARSE("-V"));
	cr_expect(status == EXIT_SUCCESS);
	cr_expect(strncmp(out_text, "ctqd ", 5) == 0);
	cr_expect_str_empty(err_text);
}

Test(options, mistakes_are_usage_errors_that_say_what_is_wrong)
{
	cr_expect(!PARSE("--chekc"));
	cr_expect(status == OPTIONS_EXIT_USAGE);
	cr_expect_str_eq(err_text,
	                 "ctqd: unknown option '--chekc'; did you mean '--check'?\n"
	                 "Try: ctqd --help\n");
	cr_expect(!PARSE("--config"));
	cr_expect_str_eq(err_text, "ctqd: '--config' wants a value\nTry: ctqd --help\n");
	cr_expect(!PARSE("--log-level", "loud"));
	cr_expect_str_eq(err_text,
	                 "ctqd: 'loud' is no log level: error, warning, notice, info, "
	                 "debug are\nTry: ctqd --help\n");
	cr_expect(!PARSE("start"));
	cr_expect_str_eq(err_text, "ctqd: 'start' is too much: ctqd takes options only\n"
	                           "Try: ctqd --help\n");
	cr_expect(status == OPTIONS_EXIT_USAGE);
}

static void count_report(void *ctx, const char *text)
{
	++*(int *)ctx;
}

Test(options, have_their_say_over_the_file)
{
	static struct config cfg;
	char *path = file_make("daemon { socket /a; log error; }");
	int reports = 0;

	cr_assert(PARSE("-c", path, "--socket", "/b", "--log-level", "info"));
	cr_assert(options_config_read(&options, &cfg, count_report, &reports) == 0);
	cr_expect_str_eq(cfg.daemon.socket, "/b");
	cr_expect(cfg.daemon.log == LOG_LEVEL_INFO);
	cr_assert(PARSE("-c", path));
	cr_assert(options_config_read(&options, &cfg, count_report, &reports) == 0);
	cr_expect_str_eq(cfg.daemon.socket, "/a");
	cr_expect(cfg.daemon.log == LOG_LEVEL_ERROR);
	cr_expect(reports == 0);
	file_remove(path);
}

Test(options, a_socket_path_has_a_limit)
{
	static struct config cfg;
	char *path = file_make(""), socket[200];
	int reports = 0;

	memset(socket, 'x', sizeof(socket) - 1);
	socket[sizeof(socket) - 1] = '\0';
	cr_assert(PARSE("-c", path, "--socket", socket));
	cr_expect(options_config_read(&options, &cfg, count_report, &reports) == -EINVAL);
	cr_expect(reports == 1);
	file_remove(path);
}
