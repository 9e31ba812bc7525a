/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whichever allocation fails, the tool says so and ends: the linker gives us its malloc
 * and its relatives (--wrap), of which number n and all that follow fail.
 */
#include <criterion/criterion.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "run.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static pthread_t failing_thread; /* the fake's own thread must not suffer */
static bool failing;
static size_t left; /* allocations that still succeed */

static bool fails(void)
{
	if (!failing || !pthread_equal(pthread_self(), failing_thread))
		return false;
	if (left == 0)
		return true;
	left--;
	return false;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

static const struct {
	const char *line, *input;
} rows[] = {
	{ "status" },
	{ "list src 192.0.2.0/24 or state established" },
	{ "list --sort bytes -n 3" },
	{ "-j list dying" },
	{ "get proto tcp" },
	{ "count by src/24" },
	{ "delete dport { 80, 443 }" },
	{ "set all mark 1" },
	{ "stats --reasons" },
	{ "queues" },
	{ "proto" },
	{ "proto load udp" },
	{ "rules" },
	{ "-j rules" },
	{ "metrics" },
	{ "load -", "chain prerouting { policy drop; tcp dport { 22, 80 } accept }" },
};

/* Run with allocation @n failing; false: there are not so many. */
static bool run_failing(const struct fake *fake, size_t row, size_t n)
{
	struct run run;
	bool failed;

	left = n;
	failing = true;
	run = run_tool_input(fake, rows[row].line, rows[row].input);
	failing = false;
	failed = run.code != 0;
	cr_assert(!failed || run.code == 1 || run.code == 6,
	          "%s, allocation %zu: exit %d", rows[row].line, n, run.code);
	cr_assert(!failed || strstr(run.err, "memory"), "%s, allocation %zu: %s",
	          rows[row].line, n, run.err);
	run_end(&run);
	return failed;
}

Test(memory, its_lack_is_told)
{
	struct fake *fake = fake_new();
	size_t row, n;

	failing_thread = pthread_self();
	for (row = 0; row < BASE_ARRAY_LENGTH(rows); row++) {
		for (n = 0; run_failing(fake, row, n); n++)
			;
		cr_assert_gt(n, 3, "%s has allocated", rows[row].line);
	}
	fake_end(fake);
}
