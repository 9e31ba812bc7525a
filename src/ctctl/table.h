/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table.h - aligned columns, streaming
 *
 * The first rows are kept until widths are known (TABLE_SAMPLE rows, or the end); from
 * then on each row is written as it comes, so that a list of any length takes constant
 * memory. A cell wider than its column pushes its row. Without alignment cells are
 * separated by one tab and nothing is kept.
 *
 *	table_init(&table, out, columns, n, TABLE_ALIGN | TABLE_HEAD);
 *	table_cell(&table, "tcp");
 *	table_cell(&table, "ESTABLISHED");
 *	table_row_end(&table);
 *	err = table_finish(&table);
 */
#ifndef CTCTL_TABLE_H
#define CTCTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 32
#define TABLE_SAMPLE      128 /* rows that give the widths */

struct table_column {
	const char *head;
	bool right; /* numbers stand to the right */
};

#define TABLE_ALIGN 0x1
#define TABLE_HEAD  0x2 /* write the heads */
#define TABLE_BOLD  0x4 /* ... in bold */

struct table {
	FILE *out;
	const struct table_column *columns;
	size_t n_columns;
	unsigned int flags;
	size_t widths[TABLE_COLUMNS_MAX];
	char *text; /* cells of the kept rows, each with its final zero */
	size_t used, size;
	size_t rows;   /* kept */
	size_t column; /* of the next cell */
	bool flowing;  /* widths are fixed, rows are written at once */
	bool failed;   /* no memory */
};

/** @columns must live as long as the table; at most TABLE_COLUMNS_MAX. */
void table_init(struct table *table, FILE *out, const struct table_column *columns,
                size_t n_columns, unsigned int flags);

/** The next cell of the row. Control characters in @text are written as '?'. */
void table_cell(struct table *table, const char *text);

/** End the row; missing cells are empty. */
void table_row_end(struct table *table);

/** Write what is kept and free. Returns 0 or -ENOMEM. */
int table_finish(struct table *table);

/** Columns that @text takes on a terminal (characters of UTF-8, not bytes). */
size_t table_width(const char *text);

#endif
