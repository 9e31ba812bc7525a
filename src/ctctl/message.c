/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/message.h"

#include <stdarg.h>
#include <string.h>

#include "base/suggest.h"
#include "ctctl/table.h"

#define MESSAGE_MAX 2048 /* bytes; the rest is cut */

/* What others wrote may hold anything: no control character reaches the terminal. */
static void write_clean(FILE *out, const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length && text[i]; i++)
		fputc((unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i],
		      out);
}

/* Lines that are indented bring a place in a file, with its tabs. */
static void write_lines(const struct tool *tool, const char *prefix, const char *text)
{
	const char *end, *tab;

	for (; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		fputs(*text == ' ' ? "" : prefix, tool->err);
		for (; (tab = memchr(text, '\t', (size_t)(end - text))); text = tab + 1) {
			write_clean(tool->err, text, (size_t)(tab - text));
			fputc('\t', tool->err);
		}
		write_clean(tool->err, text, (size_t)(end - text));
		fputc('\n', tool->err);
	}
}

static void BASE_PRINTF(3, 0) write_line(const struct tool *tool, const char *prefix,
                                         const char *fmt, va_list ap)
{
	char text[MESSAGE_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (text[0] == '\0')
		return;
	fputs(prefix, tool->err);
	write_clean(tool->err, text, strlen(text));
	fputc('\n', tool->err);
}

void message_error(const struct tool *tool, const char *fmt, ...)
{
	va_list ap;

	fflush(tool->out); /* results so far stand before what ended them */
	va_start(ap, fmt);
	write_line(tool, "error: ", fmt, ap);
	va_end(ap);
}

void message_note(const struct tool *tool, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	write_lines(tool, "  ", text);
}

/* Columns that @length bytes of @text take. */
static size_t width(const char *text, size_t length)
{
	size_t i, columns = 0;

	for (i = 0; i < length && text[i]; i++)
		if ((text[i] & 0xc0) != 0x80)
			columns++;
	return columns;
}

static void write_carets(FILE *out, size_t column, size_t n, const char *suggestion)
{
	fprintf(out, "%*s", (int)column, "");
	while (n-- > 0)
		fputc('^', out);
	if (suggestion[0])
		fprintf(out, "  %s", suggestion);
	fputc('\n', out);
}

void message_caret(const struct tool *tool, int index, size_t offset, size_t length,
                   const char *suggestion)
{
	size_t column = strlen("  ctctl"), at = 0, carets = 1;
	int i;

	fputs("  ctctl", tool->err);
	for (i = 1; i < tool->argc; i++) {
		fputc(' ', tool->err);
		write_clean(tool->err, tool->argv[i], strlen(tool->argv[i]));
		if (i == index)
			at = column + 1 + width(tool->argv[i], offset);
		if (i == index && length)
			carets = width(tool->argv[i] + offset, length);
		column += 1 + table_width(tool->argv[i]);
	}
	fputc('\n', tool->err);
	write_carets(tool->err, at ? at : column + 1, carets, suggestion);
}

int message_usage(const struct tool *tool, int index, const char *const *words, size_t n,
                  const char *fmt, ...)
{
	const char *near = NULL;
	char text[MESSAGE_MAX], suggestion[MESSAGE_MAX] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	message_error(tool, "%s", text);
	if (n)
		near = suggest_word(tool->argv[index], words, n);
	if (near)
		snprintf(suggestion, sizeof(suggestion), "did you mean '%s'?", near);
	message_caret(tool, index, 0, strlen(tool->argv[index]), suggestion);
	return TOOL_USAGE;
}
