/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden files. bad/X.conf gives exactly the errors of bad/X.err; good/X.conf is printed
 * as good/X.out, and what was printed is read as the same configuration.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "text.h"

static void enter_folder(void)
{
	const char *top = getenv("top_srcdir");
	char path[4096];

	snprintf(path, sizeof(path), "%s/tests/unit/config", top ? top : ".");
	cr_assert(chdir(path) == 0, "%s: %s", path, strerror(errno));
}

TestSuite(load, .init = enter_folder);

/* "bad/x.conf" → "bad/x.err" */
static char *golden_read(const char *path, const char *suffix)
{
	char name[256];
	int stem = (int)(strrchr(path, '.') - path);

	snprintf(name, sizeof(name), "%.*s%s", stem, path, suffix);
	return text_read(name);
}

static void check_bad(const char *path)
{
	static struct config cfg;
	struct text_sink errors = { 0 };
	char *expected = golden_read(path, ".err");
	int r;

	r = config_load(&cfg, path, &config_reader_files, text_report, &errors);
	cr_expect(r == -EINVAL, "%s: returned %d", path, r);
	cr_expect(strcmp(errors.bytes, expected) == 0, "%s\n--- expected\n%s--- got\n%s",
	          path, expected, errors.bytes);
	free(expected);
}

static void check_good(const char *path)
{
	static struct config cfg, again;
	struct text_sink errors = { 0 };
	char *expected = golden_read(path, ".out"), *printed;
	int r;

	r = config_load(&cfg, path, &config_reader_files, text_report, &errors);
	cr_assert(r == 0, "%s: %s", path, errors.bytes);
	printed = text_print(&cfg);
	cr_expect(strcmp(printed, expected) == 0, "%s\n--- expected\n%s--- got\n%s", path,
	          expected, printed);
	r = text_load(&again, printed, &errors);
	cr_assert(r == 0, "%s, printed: %s", path, errors.bytes);
	cr_expect(memcmp(&cfg, &again, sizeof(cfg)) == 0, "%s: reads back differently",
	          path);
	free(printed);
	free(expected);
}

static void check_all(const char *pattern, size_t least, void (*check)(const char *path))
{
	glob_t found;
	size_t i;

	cr_assert(glob(pattern, 0, NULL, &found) == 0);
	cr_assert(found.gl_pathc >= least, "%zu files %s", found.gl_pathc, pattern);
	for (i = 0; i < found.gl_pathc; i++)
		check(found.gl_pathv[i]);
	globfree(&found);
}

Test(load, bad_files_give_their_errors)
{
	check_all("bad/*.conf", 18, check_bad);
}

Test(load, good_files_are_printed_and_read_back)
{
	check_all("good/*.conf", 2, check_good);
}

Test(load, nothing_gives_the_defaults)
{
	static struct config cfg, defaults;
	struct text_sink errors = { 0 };

	config_init(&defaults);
	cr_assert(text_load(&cfg, "", &errors) == 0);
	cr_expect(memcmp(&cfg, &defaults, sizeof(cfg)) == 0);
}

Test(load, the_example_sets_every_key_to_its_default)
{
	static struct config cfg, defaults;
	struct text_sink errors = { 0 };
	int r;

	config_init(&defaults);
	r = config_load(&cfg, "../../../contrib/config/ctqd.conf", &config_reader_files,
	                text_report, &errors);
	cr_assert(r == 0, "%s", errors.bytes);
	cr_expect(memcmp(&cfg, &defaults, sizeof(cfg)) == 0);
}

Test(load, a_missing_file_is_named)
{
	static struct config cfg;
	struct text_sink errors = { 0 };

	cr_expect(config_load(&cfg, "/nonexistent/ctqd.conf", &config_reader_files,
	                      text_report, &errors) == -EINVAL);
	cr_expect_str_eq(errors.bytes,
	                 "error: /nonexistent/ctqd.conf: No such file or directory\n");
}

Test(load, a_folder_is_no_file)
{
	static struct config cfg;
	struct text_sink errors = { 0 };

	cr_expect(config_load(&cfg, ".", &config_reader_files, text_report, &errors) ==
	          -EINVAL);
	cr_expect_str_eq(errors.bytes, "error: .: Is a directory\n");
}

Test(load, a_file_beyond_the_limit_is_refused)
{
	static struct config cfg;
	struct text_sink errors = { 0 };
	size_t size = 1048577;
	char *text = malloc(size + 1);

	memset(text, '\n', size);
	text[size] = '\0';
	cr_expect(text_load(&cfg, text, &errors) == -EINVAL);
	cr_expect_str_eq(errors.bytes, "error: test: larger than 1048576 bytes\n");
	free(text);
}
