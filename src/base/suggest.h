/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * suggest.h - "did you mean" for messages
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

#endif
