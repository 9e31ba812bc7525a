/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mistakes: gathered while reading, printed afterwards.
 *
 * When the list is full, or memory is short, a mistake goes to a scratch entry, so that
 * callers need no check: the count alone says that there was one.
 */
#include "lang/lang_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/suggest.h"

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
		return &l->scratch;
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

const char *lang_where(const struct lang *l, const struct lang_place *there,
                       const struct lang_place *here, char buf[LANG_WHERE_MAX])
{
	if (there->source == here->source)
		snprintf(buf, LANG_WHERE_MAX, "in line %u", there->line);
	else
		snprintf(buf, LANG_WHERE_MAX, "in line %u of %.120s", there->line,
		         lang_source_of(l, there->source)->name);
	return buf;
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

/* ---- lists --------------------------------------------------------------------- */

bool lang_place_keep(struct lang *l, struct ctlink_list *places, uint32_t limit,
                     const struct lang_place *place)
{
	struct lang_place *p;

	p = (struct lang_place *)ctlink_list_append(places, sizeof(*p), limit, l->memory);
	if (p)
		*p = *place;
	return p != NULL;
}

void lang_append_failed(struct lang *l, const struct lang_place *place, const char *what,
                        int limit)
{
	if (errno == E2BIG)
		lang_error_add(l, place, "more than %d %s", limit, what);
	else
		lang_no_memory(l);
}

/* ---- printing ------------------------------------------------------------------ */

/* Bytes of the character at @text: valid UTF-8 and no control character; else 0. */
static size_t character_size(const char *text, size_t left)
{
	const unsigned char *u = (const unsigned char *)text;
	size_t size, i;

	if (u[0] == '\t' || (u[0] >= 0x20 && u[0] < 0x7f))
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	size = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	for (i = 1; i < size; i++) {
		if (i >= left || (u[i] & 0xc0) != 0x80)
			return 0;
	}
	return u[0] == 0xc2 && u[1] < 0xa0 ? 0 : size;
}

/* Texts and messages go to terminals: what is not a character there becomes '?'. */
static void print_bytes(FILE *out, const char *text, size_t length)
{
	size_t i, size;

	for (i = 0; i < length; i += size ? size : 1) {
		size = character_size(text + i, length - i);
		if (size)
			fwrite(text + i, 1, size, out);
		else
			fputc('?', out);
	}
}

static void print_text(FILE *out, const char *text)
{
	print_bytes(out, text, strlen(text));
}

const char *lang_line_of(const struct lang_source *s, uint32_t line, size_t *length)
{
	const char *p = s->text, *end = s->text + s->size, *stop;

	while (--line > 0 && p < end) {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p ? p + 1 : end;
	}
	stop = memchr(p, '\n', (size_t)(end - p));
	*length = (size_t)((stop ? stop : end) - p);
	if (*length && p[*length - 1] == '\r')
		(*length)--;
	return p;
}

/* Longest part of a source line that is shown. */
#define SHOWN_MAX 240

static void print_line(FILE *out, const char *line, size_t length)
{
	while (length && (line[length - 1] == ' ' || line[length - 1] == '\t'))
		length--;
	fputs("  ", out);
	print_bytes(out, line, length);
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
	for (i = 0; i < length; i++) {
		if (!lang_begins_character(line[i]))
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

	line = lang_line_of(lang_source_of(l, e->place.source), e->place.line, &length);
	if (strspn(line, " \t") >= length)
		return; /* there is nothing to see */
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
