/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A load under failing allocation: the n-th allocation fails, for every n, until one load
 * gets through. Each failure is -ENOMEM and leaks nothing (which the sanitizers' build
 * shows).
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

#include "text.h"

void *__real_calloc(size_t n, size_t size);
void *__real_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);

static long fail_after = -1;

static bool fails(void)
{
	return fail_after >= 0 && fail_after-- == 0;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

Test(memory, each_failing_allocation_is_reported)
{
	static struct config cfg;
	static struct text_sink errors;
	const char *path = "contrib/config/ctqd.conf";
	char full[4096];
	const char *top = getenv("top_srcdir");
	long n;
	int r;

	snprintf(full, sizeof(full), "%s/%s", top ? top : ".", path);
	for (n = 0; n < 1000; n++) {
		fail_after = n;
		r = config_load(&cfg, full, &config_reader_files, text_report, &errors);
		if (r == 0)
			break;
		cr_assert(r == -ENOMEM, "allocation %ld: %d", n, r);
	}
	fail_after = -1;
	cr_expect(r == 0);
	cr_expect(n >= 3, "only %ld allocations", n);
}
