/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Longer words are not compared: nobody types them by hand. */
#define SUGGEST_MAX_LENGTH 64
#define SUGGEST_MAX_EDITS  3

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Optimal string alignment distance, three rows. */
static size_t edits_between(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][SUGGEST_MAX_LENGTH + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2], *swap, i, j;

	for (j = 0; j <= nb; j++)
		above[j] = j;
	for (i = 1; i <= na; i++) {
		row[0] = i;
		for (j = 1; j <= nb; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1,
			              above[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
			    same(a[i - 2], b[j - 1]) && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		swap = before;
		before = above;
		above = row;
		row = swap;
	}
	return above[nb];
}

void suggest_begin(struct suggest *s, const char *typed)
{
	*s = (struct suggest){ .typed = typed, .edits = SUGGEST_MAX_EDITS + 1 };
}

/* Edits from @typed to @word; above SUGGEST_MAX_EDITS: far away. */
static size_t edits_to(const char *typed, const char *word)
{
	size_t length = strlen(typed), other = strlen(word), edits;

	if (length < 2 || length > SUGGEST_MAX_LENGTH || other > SUGGEST_MAX_LENGTH)
		return SUGGEST_MAX_EDITS + 1;
	if (strncasecmp(word, typed, length) == 0)
		edits = 1;
	else
		edits = edits_between(typed, length, word, other);
	return edits <= (length + 2) / 3 ? edits : SUGGEST_MAX_EDITS + 1;
}

void suggest_add(struct suggest *s, const char *word)
{
	size_t edits = edits_to(s->typed, word);

	if (edits < s->edits) {
		s->edits = edits;
		s->nearest = word;
	}
	if (s->n < SUGGEST_LISTED)
		s->first[s->n] = word;
	s->n++;
}

void suggest_end(const struct suggest *s, const char *kind, char *out, size_t size)
{
	size_t used = 0, i;

	if (s->nearest)
		used = (size_t)snprintf(out, size, "did you mean '%s'? ", s->nearest);
	if (used < size)
		used += (size_t)snprintf(out + used, size - used, "%s:%s", kind,
		                         s->n ? "" : " none");
	for (i = 0; i < s->n && used < size; i++) {
		if (i == SUGGEST_LISTED ||
		    used + strlen(s->first[i]) + sizeof(" ...") + 1 > size) {
			snprintf(out + used, size - used, " ...");
			return;
		}
		used += (size_t)snprintf(out + used, size - used, " %s", s->first[i]);
	}
}

const char *suggest_word(const char *typed, const char *const *words, size_t n)
{
	struct suggest s;
	size_t i;

	suggest_begin(&s, typed);
	for (i = 0; i < n; i++)
		suggest_add(&s, words[i]);
	return s.nearest;
}
