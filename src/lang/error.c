/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mistakes: gathered while reading, printed afterwards.
 *
 * When the list is full, or memory is short, a mistake goes to a scratch entry, so that
 * callers need no check: the count alone says that there was one.
 */
#include "lang/lang_priv.h"

#include <stdarg.h>
#include <string.h>

#include "base/suggest.h"

static struct lang_error scratch; /* written, never read */

struct lang_place lang_place_join(const struct lang_place *a, const struct lang_place *b)
{
	struct lang_place p = *a;

	if (a->line == 0)
		return *b;
	p.last_line = b->last_line;
	p.last_column = b->last_column;
	return p;
}

bool lang_is_over(const struct lang *l)
{
	return l->no_memory || l->error_count >= LANG_ERRORS_MAX;
}

static struct lang_error *error_append(struct lang *l, const struct lang_place *place)
{
	struct lang_error *e;

	l->error_count++;
	e = (struct lang_error *)ctlink_list_append(&l->errors, sizeof(*e),
	                                            LANG_ERRORS_MAX, l->memory);
	if (!e)
		return &scratch;
	e->place = *place;
	e->file = lang_source_of(l, place->source)->name;
	return e;
}

struct lang_error *lang_error_add(struct lang *l, const struct lang_place *place,
                                  const char *fmt, ...)
{
	struct lang_error *e = error_append(l, place);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return e;
}

struct lang_error *lang_error_add_fault(struct lang *l, const struct lang_token *token,
                                        const struct lang_fault *fault)
{
	const struct lang_variable *v = token->from;
	struct lang_error *e;

	if (v)
		e = lang_error_add(l, &token->place, "%s (in $%.*s, defined in line %u)",
		                   fault->text, (int)v->name.length, v->name.text,
		                   v->name.place.line);
	else
		e = lang_error_add(l, &token->place, "%s", fault->text);
	memcpy(e->meant, fault->meant, sizeof(e->meant));
	memcpy(e->allowed, fault->allowed, sizeof(e->allowed));
	return e;
}

void lang_error_suggest(struct lang_error *e, const struct lang_token *typed,
                        const char *const *words, size_t n)
{
	const char *near;
	char text[65];

	snprintf(text, sizeof(text), "%.*s",
	         (int)(typed->length < sizeof(text) ? typed->length : sizeof(text) - 1),
	         typed->text);
	near = suggest_word(text, words, n);
	if (near)
		snprintf(e->meant, sizeof(e->meant), "did you mean '%s'?", near);
}

static void blame(struct lang *l, const struct ctlink_list *places, uint32_t i,
                  const char *text, const char *hint)
{
	const struct lang_place *place;
	struct lang_error *e;

	place = (const struct lang_place *)ctlink_list_item(places, sizeof(*place), i);
	e = lang_error_add(l, place, "%s", text);
	if (hint)
		snprintf(e->allowed, sizeof(e->allowed), "%s", hint);
}

void lang_blame_chain(struct lang *l, uint32_t i, const char *text, const char *hint)
{
	blame(l, &l->chain_places, i, text, hint);
}

void lang_blame_rule(struct lang *l, uint32_t i, const char *text, const char *hint)
{
	blame(l, &l->rule_places, i, text, hint);
}

uint32_t lang_error_count(const struct lang *l)
{
	return l->error_count;
}

const struct lang_error *lang_error_peek(const struct lang *l, uint32_t i)
{
	if (i >= l->errors.length)
		return NULL;
	return (const struct lang_error *)ctlink_list_item(&l->errors,
	                                                   sizeof(struct lang_error), i);
}

/* ---- printing ------------------------------------------------------------------ */

/* Bytes of the texts and messages go to terminals: no control character does. */
static void print_byte(FILE *out, char c)
{
	if ((unsigned char)c < 0x20 || c == 0x7f)
		c = c == '\t' ? '\t' : '?';
	fputc(c, out);
}

static void print_text(FILE *out, const char *text)
{
	while (*text)
		print_byte(out, *text++);
}

static bool begins_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

/* The beginning of line @line and its length. */
static const char *line_of(const struct lang_source *s, uint32_t line, size_t *length)
{
	const char *p = s->text, *end = s->text + s->size, *stop;

	while (--line > 0 && p < end) {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p ? p + 1 : end;
	}
	stop = memchr(p, '\n', (size_t)(end - p));
	*length = (size_t)((stop ? stop : end) - p);
	return p;
}

/* Longest part of a source line that is shown. */
#define SHOWN_MAX 240

static void print_line(FILE *out, const char *line, size_t length)
{
	size_t i;

	fputs("  ", out);
	for (i = 0; i < length && line[i] != '\r'; i++)
		print_byte(out, line[i]);
	fputc('\n', out);
}

/* Blanks up to the place, keeping tabs, then carets to its end or the line's. */
static void print_carets(FILE *out, const struct lang_place *p, const char *line,
                         size_t length)
{
	uint32_t column = 0, last = p->last_line > p->line ? UINT32_MAX : p->last_column;
	bool any = false;
	size_t i;

	fputs("  ", out);
	for (i = 0; i < length && line[i] != '\r'; i++) {
		if (!begins_character(line[i]))
			continue;
		column++;
		if (column < p->column)
			fputc(line[i] == '\t' ? '\t' : ' ', out);
		else if (column <= last) {
			fputc('^', out);
			any = true;
		}
	}
	if (!any) /* behind the line's end: something is missing there */
		fputc('^', out);
}

static void print_place(FILE *out, const struct lang_error *e)
{
	const struct lang_place *p = &e->place;

	print_text(out, e->file);
	if (p->line == 0)
		fputs(": ", out);
	else if (p->last_line > p->line)
		fprintf(out, ":%u:%u-%u:%u: ", p->line, p->column, p->last_line,
		        p->last_column);
	else if (p->last_column > p->column)
		fprintf(out, ":%u:%u-%u: ", p->line, p->column, p->last_column);
	else
		fprintf(out, ":%u:%u: ", p->line, p->column);
}

static void print_excerpt(const struct lang *l, const struct lang_error *e, FILE *out)
{
	const char *line;
	size_t length;

	line = line_of(lang_source_of(l, e->place.source), e->place.line, &length);
	if (length > SHOWN_MAX)
		length = SHOWN_MAX;
	print_line(out, line, length);
	if (e->place.column > SHOWN_MAX && !e->meant[0])
		return;
	if (e->place.column <= SHOWN_MAX)
		print_carets(out, &e->place, line, length);
	if (e->meant[0]) {
		fputs("  ", out);
		print_text(out, e->meant);
	}
	fputc('\n', out);
}

static void print_error(const struct lang *l, const struct lang_error *e, FILE *out)
{
	print_place(out, e);
	fputs("error: ", out);
	print_text(out, e->text);
	fputc('\n', out);
	if (e->place.line)
		print_excerpt(l, e, out);
	if (e->allowed[0]) {
		fputs("  ", out);
		print_text(out, e->allowed);
		fputc('\n', out);
	}
}

void lang_errors_print(const struct lang *l, FILE *out)
{
	uint32_t i;

	for (i = 0; i < l->errors.length; i++)
		print_error(l, lang_error_peek(l, i), out);
	if (l->error_count >= LANG_ERRORS_MAX)
		fprintf(out, "error: that is enough; what follows was not read\n");
}
