/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.c - an error with the line that it is in
 *
 *   /etc/ctqd/ctqd.conf:3:9-12: error: unknown key 'maxx' in section 'table'
 *     table { maxx 262144; }
 *             ^^^^  did you mean 'max'?
 *     keys: max evict unconfirmed events
 */
#include "config/load.h"

#include <stdio.h>
#include <string.h>

#include "base/suggest.h"

#define REPORT_SIZE 2048 /* bytes; what does not fit is cut */

struct text {
	char bytes[REPORT_SIZE];
	size_t used;
};

static void text_vadd(struct text *t, const char *fmt, va_list ap)
{
	int n = vsnprintf(t->bytes + t->used, sizeof(t->bytes) - t->used, fmt, ap);

	if (n < 0)
		return;
	t->used += (size_t)n;
	if (t->used >= sizeof(t->bytes))
		t->used = sizeof(t->bytes) - 1;
}

static void BASE_PRINTF(2, 3) text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vadd(t, fmt, ap);
	va_end(ap);
}

static void add_place(struct text *t, const struct location *at)
{
	text_add(t, "%s:%d:%d", at->file->path, at->line, at->first);
	if (at->last > at->first)
		text_add(t, "-%d", at->last);
	text_add(t, ": ");
}

static const char *line_start(const struct config_file *file, int number)
{
	const char *p = file->text, *end = file->text + file->size, *newline;

	for (; number > 1; number--) {
		newline = memchr(p, '\n', (size_t)(end - p));
		if (!newline)
			return end;
		p = newline + 1;
	}
	return p;
}

static size_t line_length(const struct config_file *file, const char *start)
{
	size_t left = (size_t)(file->text + file->size - start);
	const char *newline = memchr(start, '\n', left);

	return newline ? (size_t)(newline - start) : left;
}

/* Bytes 10xxxxxx continue a character of UTF-8: they take no column of their own. */
static bool starts_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

/* The line, and a mark under @at; control characters are shown as '?'. */
static void add_line(struct text *t, const struct location *at)
{
	const char *line = line_start(at->file, at->line);
	int length = (int)line_length(at->file, line), i;

	text_add(t, "\n  ");
	for (i = 0; i < length; i++)
		text_add(t, "%c",
		         (unsigned char)line[i] < ' ' && line[i] != '\t' ? '?' : line[i]);
	text_add(t, "\n  ");
	for (i = 0; i < at->first - 1 && i < length; i++)
		if (starts_character(line[i]))
			text_add(t, "%c", line[i] == '\t' ? '\t' : ' ');
	text_add(t, "^");
	for (i = at->first; i < at->last && i < length; i++)
		if (starts_character(line[i]))
			text_add(t, "^");
}

static void add_hint(struct text *t, const struct load_hint *hint)
{
	const char *near = NULL;
	size_t i;

	if (hint->typed && hint->words)
		near = suggest_word(hint->typed, hint->words, hint->words_length);
	if (near)
		text_add(t, "  did you mean '%s'?", near);
	else if (hint->advice)
		text_add(t, "  %s", hint->advice);
	if (!hint->kind)
		return;
	text_add(t, "\n  %s:", hint->kind);
	for (i = 0; i < hint->words_length; i++)
		text_add(t, " %s", hint->words[i]);
}

void load_error(struct load *l, const struct location *at, const struct load_hint *hint,
                const char *fmt, ...)
{
	struct text t = { .used = 0 };
	va_list ap;

	if (++l->errors > LOAD_ERRORS_MAX)
		return;
	if (at)
		add_place(&t, at);
	text_add(&t, "error: ");
	va_start(ap, fmt);
	text_vadd(&t, fmt, ap);
	va_end(ap);
	if (at)
		add_line(&t, at);
	if (hint)
		add_hint(&t, hint);
	l->report(l->ctx, t.bytes);
}

void load_no_memory(struct load *l)
{
	l->no_memory = true;
}

void load_errors_end(struct load *l)
{
	struct text t = { .used = 0 };

	if (l->errors <= LOAD_ERRORS_MAX)
		return;
	text_add(&t, "and %u further errors", l->errors - LOAD_ERRORS_MAX);
	l->report(l->ctx, t.bytes);
}
