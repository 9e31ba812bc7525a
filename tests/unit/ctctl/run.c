/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run.h"

#include <criterion/criterion.h>

#include <locale.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ctctl/ctctl.h"

#define WORDS_MAX 64

/* The words of @line, cut in @copy, after the program's name and the fake's socket. */
static int words_of(const struct fake *fake, char *copy, char *argv[WORDS_MAX])
{
	char *word, *rest = copy;
	int argc = 0;

	argv[argc++] = (char *)(uintptr_t) "ctctl";
	if (fake) {
		argv[argc++] = (char *)(uintptr_t) "--socket";
		argv[argc++] = (char *)(uintptr_t)fake->path;
	}
	while ((word = strsep(&rest, " ")) && *copy)
		argv[argc++] = word;
	argv[argc] = NULL;
	return argc;
}

static int run(const struct fake *fake, const char *line, FILE *in, FILE *out, FILE *err)
{
	const struct tool_files files = { .in = in, .out = out, .err = err };
	char *copy = strdup(line), *argv[WORDS_MAX];
	int code;

	code = tool_run(&files, words_of(fake, copy, argv), argv);
	free(copy);
	return code;
}

struct run run_tool_input(const struct fake *fake, const char *line, const char *input)
{
	struct run result;
	size_t out_size, err_size;
	FILE *out = open_memstream(&result.out, &out_size);
	FILE *err = open_memstream(&result.err, &err_size);
	FILE *in = input ? fmemopen((void *)(uintptr_t)input, strlen(input), "r") : NULL;

	result.code = run(fake, line, in, out, err);
	fclose(out);
	fclose(err);
	if (in)
		fclose(in);
	return result;
}

struct run run_tool(const struct fake *fake, const char *line)
{
	return run_tool_input(fake, line, NULL);
}

struct run run_tool_terminal(const struct fake *fake, const char *line)
{
	static char bytes[65536];
	struct run result = { .err = NULL };
	int master, slave;
	size_t used = 0;
	struct termios raw;
	ssize_t got;
	FILE *out;

	setlocale(LC_CTYPE, "C.UTF-8");
	cr_assert_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
	tcgetattr(slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	out = fdopen(slave, "w");
	result.code = run(fake, line, NULL, out, stderr);
	fclose(out); /* what it wrote fits the terminal's buffer; then reading ends with EIO */
	while ((got = read(master, bytes + used, sizeof(bytes) - 1 - used)) > 0)
		used += (size_t)got;
	bytes[used] = '\0';
	close(master);
	result.out = strdup(bytes);
	return result;
}

void run_end(struct run *result)
{
	free(result->out);
	free(result->err);
}

void run_expect(const struct fake *fake, const char *line, int code, const char *out,
                const char *err)
{
	struct run result = run_tool(fake, line);

	cr_expect_eq(result.code, code, "ctctl %s: exit %d; %s", line, result.code,
	             result.err);
	if (out)
		cr_expect_str_eq(result.out, out, "ctctl %s wrote:\n%s", line,
		                 result.out);
	if (err)
		cr_expect_str_eq(result.err, err, "ctctl %s said:\n%s", line, result.err);
	run_end(&result);
}
