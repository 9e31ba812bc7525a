/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * suggest.h - "did you mean" for messages
 *
 *	suggest_begin(&s, "bann");
 *	for (each name there is)
 *		suggest_add(&s, name);
 *	suggest_end(&s, "sets", buf, sizeof(buf)); // did you mean 'ban'? sets: ban office
 *
 * Pure; any thread.
 */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

/**
 * The word of @words (@n of them) nearest to @typed, or NULL when none is near
 * enough to be meant: at most one edit for each three letters typed, and at most
 * three; case counts as no difference; a word that @typed begins is always near.
 * Edits are insertions, deletions, replacements and swaps of neighbours.
 */
const char *suggest_word(const char *typed, const char *const *words, size_t n);

/** As many words are listed. */
#define SUGGEST_LISTED 12

struct suggest {
	const char *typed, *nearest;
	size_t edits;
	const char *first[SUGGEST_LISTED];
	size_t n;
};

/** Begin; @typed must live until the end, and so must all words. */
void suggest_begin(struct suggest *s, const char *typed);
void suggest_add(struct suggest *s, const char *word);

/** "did you mean 'ban'? sets: ban office ...": the nearest word, when one is near, and those that
 * there are: the first ones, as far as they fit. @kind: what they are called. */
void suggest_end(const struct suggest *s, const char *kind, char *out, size_t size);

#endif
