/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/suggest.h"

#include <ctype.h>
#include <stdbool.h>
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

const char *suggest_word(const char *typed, const char *const *words, size_t n)
{
	size_t length = strlen(typed), best = SUGGEST_MAX_EDITS + 1, edits, other, i;
	const char *word = NULL;

	if (length < 2 || length > SUGGEST_MAX_LENGTH)
		return NULL;
	for (i = 0; i < n; i++) {
		other = strlen(words[i]);
		if (other > SUGGEST_MAX_LENGTH)
			continue;
		if (strncasecmp(words[i], typed, length) == 0)
			edits = 1;
		else
			edits = edits_between(typed, length, words[i], other);
		if (edits < best && edits <= (length + 2) / 3) {
			best = edits;
			word = words[i];
		}
	}
	return word;
}
