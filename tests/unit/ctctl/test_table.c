/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "ctctl/table.h"

static const struct table_column columns[] = { { "name" }, { "n", true }, { "rest" } };
static struct table table;
static char *text;
static size_t size;

static void begin(unsigned int flags)
{
	table_init(&table, open_memstream(&text, &size), columns,
	           BASE_ARRAY_LENGTH(columns), flags);
}

static void row(const char *name, const char *n, const char *rest)
{
	table_cell(&table, name);
	table_cell(&table, n);
	if (rest)
		table_cell(&table, rest);
	table_row_end(&table);
}

static void expect(const char *wanted)
{
	cr_assert_eq(table_finish(&table), 0);
	fclose(table.out);
	cr_expect_str_eq(text, wanted, "%s", text);
	free(text);
}

Test(table, columns_are_as_wide_as_their_widest_cell)
{
	begin(TABLE_ALIGN | TABLE_HEAD);
	row("a", "1", "x");
	row("long name", "12345", "y");
	row("c", "2", NULL);
	expect("name           n  rest\n"
	       "a              1  x\n"
	       "long name  12345  y\n"
	       "c              2  \n");
}

Test(table, characters_count_not_bytes)
{
	begin(TABLE_ALIGN);
	row("\xe2\x86\x92\xe2\x86\x92", "1", "x");
	row("abc", "2", "x");
	expect("\xe2\x86\x92\xe2\x86\x92   1  x\n"
	       "abc  2  x\n");
}

Test(table, empty_has_its_head_only)
{
	begin(TABLE_ALIGN | TABLE_HEAD);
	expect("name  n  rest\n");
}

Test(table, bold_heads_end_before_the_line)
{
	begin(TABLE_ALIGN | TABLE_HEAD | TABLE_BOLD);
	expect("\033[1mname  n  rest\033[0m\n");
}

Test(table, without_alignment_there_are_tabs)
{
	begin(TABLE_HEAD);
	row("a", "1", "x");
	expect("name\tn\trest\na\t1\tx\n");
}

Test(table, control_characters_do_not_reach_the_terminal)
{
	begin(TABLE_ALIGN);
	row("a\033[2Jb", "\x7f", "\n");
	expect("a?[2Jb  ?  ?\n");
}

/* After the sample rows are written at once; wider cells push. */
Test(table, memory_does_not_grow_with_the_rows)
{
	size_t i;

	begin(TABLE_ALIGN);
	for (i = 0; i < TABLE_SAMPLE; i++)
		row("abc", "1", "x");
	cr_assert_null(table.text, "nothing is kept any more");
	row("a", "22", "y");
	fflush(table.out);
	cr_assert_str_eq(strrchr(text, 'a'), "a    22  y\n");
	cr_assert_eq(table_finish(&table), 0);
	fclose(table.out);
	free(text);
}
