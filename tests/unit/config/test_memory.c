/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A load under failing allocation: the n-th allocation fails, for every n, until one load
 * gets through. Each failure is -ENOMEM and leaks nothing (which the sanitizers' build
 * shows).
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/labels.h"
#include "tests/unit/fail.h"
#include "text.h"

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

Test(memory, so_it_is_with_labels)
{
	static struct config_labels labels;
	static struct text_sink errors;
	char path[] = "/tmp/ctqd-labels-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	long n;
	int r;

	cr_assert_not_null(file);
	fputs("0 web\n17 bulk\n", file);
	fclose(file);
	for (n = 0; n < 1000; n++) {
		fail_after = n;
		memset(&errors, 0, sizeof(errors));
		r = config_labels_load(&labels, path, &config_reader_files, text_report,
		                       &errors);
		if (r == 0)
			break;
		cr_assert_eq(r, -ENOMEM, "allocation %ld: %d", n, r);
		cr_assert_str_eq(labels.name[0], "", "half a file");
	}
	fail_after = -1;
	unlink(path);
	cr_expect_gt(n, 0, "only %ld allocations", n);
	cr_expect_str_eq(labels.name[17], "bulk");
}
