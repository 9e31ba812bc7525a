/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names.h - numbers of the wire and their words, for reading and for writing
 *
 * Those that the rule language has no words for, or other ones: states and statuses are
 * written as conntrack(8) writes them.
 * One table for both ways: of the words of a number the first is the one that is written.
 * Words compare without case, and '-' is '_'.
 */
#ifndef CLIENT_NAMES_H
#define CLIENT_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct name {
	const char *word;
	uint32_t number;
};

/* Tables end with a NULL word. */
extern const struct name names_tcp_states[];
extern const struct name names_sctp_states[];
extern const struct name names_statuses[]; /* bit numbers */
extern const struct name names_ends[];

/** The entry of the word of @length bytes at @text, or NULL. */
const struct name *names_find(const struct name *table, const char *text, size_t length);

/** The first word of @number, or NULL. */
const char *names_word(const struct name *table, uint32_t number);

/** The word of @table nearest to the one typed, or NULL. */
const char *names_suggest(const struct name *table, const char *typed, size_t length);

/** "allowed: a b c" of each number's first word, cut to @size. Returns @buf. */
char *names_list(const struct name *table, const char *title, char *buf, size_t size);

#endif
