/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN_GAP  2
#define BOLD_BEGIN  "\033[1m"
#define BOLD_END    "\033[0m"
#define TABLE_FIRST 4096 /* bytes kept at first */

void table_init(struct table *table, FILE *out, const struct table_column *columns,
                size_t n_columns, unsigned int flags)
{
	size_t i;

	assert(n_columns <= TABLE_COLUMNS_MAX);
	*table = (struct table){
		.out = out, .columns = columns, .n_columns = n_columns, .flags = flags
	};
	if (flags & TABLE_HEAD)
		for (i = 0; i < n_columns; i++)
			table->widths[i] = table_width(columns[i].head);
}

size_t table_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		if ((*text & 0xc0) != 0x80)
			width++;
	return width;
}

/* A daemon's string must not steer the terminal. */
static void write_clean(FILE *out, const char *text)
{
	for (; *text; text++)
		putc_unlocked((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text,
		              out);
}

static void write_spaces(FILE *out, size_t n)
{
	while (n-- > 0)
		putc_unlocked(' ', out);
}

static void write_cell(const struct table *table, size_t column, const char *text)
{
	size_t width = table_width(text), wanted = table->widths[column];
	size_t padding = width < wanted ? wanted - width : 0;

	if (!(table->flags & TABLE_ALIGN)) {
		if (column)
			fputc('\t', table->out);
		write_clean(table->out, text);
		return;
	}
	if (column)
		write_spaces(table->out, COLUMN_GAP);
	if (table->columns[column].right)
		write_spaces(table->out, padding);
	write_clean(table->out, text);
	if (!table->columns[column].right && column + 1 < table->n_columns)
		write_spaces(table->out, padding);
}

static void write_head(const struct table *table)
{
	size_t i;

	if (!(table->flags & TABLE_HEAD))
		return;
	if (table->flags & TABLE_BOLD)
		fputs(BOLD_BEGIN, table->out);
	for (i = 0; i < table->n_columns; i++)
		write_cell(table, i, table->columns[i].head);
	if (table->flags & TABLE_BOLD)
		fputs(BOLD_END, table->out);
	fputc('\n', table->out);
}

static bool reserve(struct table *table, size_t more)
{
	size_t size = table->size ? table->size : TABLE_FIRST;
	char *text;

	while (size - table->used < more)
		size *= 2;
	if (size == table->size)
		return true;
	text = realloc(table->text, size);
	if (!text) {
		table->failed = true;
		return false;
	}
	table->text = text;
	table->size = size;
	return true;
}

/* Keep a cell until the widths are known. */
static void keep_cell(struct table *table, const char *text)
{
	size_t size = strlen(text) + 1, width = table_width(text);

	if (!reserve(table, size))
		return;
	memcpy(table->text + table->used, text, size);
	table->used += size;
	if (width > table->widths[table->column])
		table->widths[table->column] = width;
}

/* Write the kept rows; from now on rows are written at once. */
static void table_flow(struct table *table)
{
	const char *text = table->text;
	size_t row, column;

	table->flowing = true;
	write_head(table);
	for (row = 0; row < table->rows; row++) {
		for (column = 0; column < table->n_columns; column++) {
			write_cell(table, column, text);
			text += strlen(text) + 1;
		}
		fputc('\n', table->out);
	}
	free(table->text);
	table->text = NULL;
	table->used = table->size = table->rows = 0;
}

void table_cell(struct table *table, const char *text)
{
	assert(table->column < table->n_columns);
	if (!table->flowing && !(table->flags & TABLE_ALIGN))
		table_flow(table);
	if (table->failed)
		return;
	if (table->flowing)
		write_cell(table, table->column, text);
	else
		keep_cell(table, text);
	table->column++;
}

void table_row_end(struct table *table)
{
	if (table->failed)
		return;
	while (table->column < table->n_columns && !table->failed)
		table_cell(table, "");
	table->column = 0;
	if (table->flowing)
		fputc('\n', table->out);
	else if (++table->rows == TABLE_SAMPLE)
		table_flow(table);
}

int table_finish(struct table *table)
{
	if (!table->failed && !table->flowing)
		table_flow(table);
	free(table->text);
	table->text = NULL;
	return table->failed ? -ENOMEM : 0;
}
