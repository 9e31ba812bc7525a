/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "queue/kernel_stats_priv.h"

#define FILE_LINES 3000

Test(kernel_stats, reads_a_line)
{
	struct queue_kernel_row row;

	cr_assert(queue_kernel_row_parse(
		"    5   3687   120 2   256    17     4    70123  1", &row));
	cr_assert_eq(row.number, 5);
	cr_assert_eq(row.portid, 3687);
	cr_assert_eq(row.depth, 120);
	cr_assert_eq(row.copy_mode, 2);
	cr_assert_eq(row.copy_range, 256);
	cr_assert_eq(row.queue_dropped, 17);
	cr_assert_eq(row.user_dropped, 4);
	cr_assert_eq(row.last_id, 70123);
	cr_assert(queue_kernel_row_parse("65535 4294963200 4294967295 2 65531 4294967295 "
	                                 "4294967295 4294967295  1",
	                                 &row));
	cr_assert_eq(row.portid, 4294963200u);
}

Test(kernel_stats, refuses_what_is_no_line)
{
	struct queue_kernel_row row;

	cr_assert_not(queue_kernel_row_parse("", &row));
	cr_assert_not(queue_kernel_row_parse("5 3687 120 2 256 17 4", &row));
	cr_assert_not(queue_kernel_row_parse("65536 1 1 1 1 1 1 1", &row));
	cr_assert_not(queue_kernel_row_parse("queue portid", &row));
}

static FILE *file_of(const char *text)
{
	FILE *f = tmpfile();

	cr_assert_not_null(f);
	fputs(text, f);
	fflush(f);
	return f;
}

Test(kernel_stats, finds_a_queue_among_many)
{
	static const int wanted[] = { 0, 1, 77, FILE_LINES - 1 };
	struct queue_kernel_row row;
	FILE *f = file_of("");
	size_t i;
	int n;

	for (n = 0; n < FILE_LINES; n++)
		fprintf(f, "%5u %6u %5u %1u %5u %5u %5u %8u %2d\n", n, n + 100, n, 2, 256,
		        0, 0, n * 1000, 1);
	fflush(f);
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		cr_assert_eq(
			queue_kernel_stats_search(fileno(f), (uint16_t)wanted[i], &row),
			0);
		cr_assert_eq(row.portid, wanted[i] + 100);
	}
	cr_assert_eq(queue_kernel_stats_search(fileno(f), FILE_LINES, &row), -ENOENT);
	fclose(f);
}

Test(kernel_stats, an_empty_file_has_no_queue)
{
	struct queue_kernel_row row;
	FILE *f = file_of("");

	cr_assert_eq(queue_kernel_stats_search(fileno(f), 0, &row), -ENOENT);
	fclose(f);
}

Test(kernel_stats, gives_up_on_another_file)
{
	struct queue_kernel_row row;
	FILE *f = file_of("");
	int n;

	for (n = 0; n < 10000; n++)
		fputc('x', f);
	fflush(f);
	cr_assert_eq(queue_kernel_stats_search(fileno(f), 0, &row), -EIO);
	cr_assert_eq(queue_kernel_stats_search(-1, 0, &row), -EIO);
	fclose(f);
}
