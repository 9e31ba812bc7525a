/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * joined.h - words of the command line as one text, and the way back
 *
 * libctq reads a filter or a packet as one text and says where in it a mistake is; people
 * typed several words, some of which stand for others (conntrack's letters).
 */
#ifndef CTCTL_JOINED_H
#define CTCTL_JOINED_H

#include "ctctl/ctctl.h"

/* Bytes of one text: a screenful of words. */
#define JOINED_TEXT_MAX 16384

/* All bytes zero: empty. */
struct joined {
	char text[JOINED_TEXT_MAX];
	size_t used;
	struct joined_part {
		size_t start, length; /* in text */
		struct tool_word word;
		bool verbatim; /* the part is the word itself, and does not only stand for it */
	} parts[TOOL_WORDS_MAX];
	size_t n_parts;
};

/** Append @text, which is @source or stands for it: there carets point to. 0, or -E2BIG: the
 * text would be longer than JOINED_TEXT_MAX. */
int joined_add(struct joined *joined, const char *text,
               const struct tool_word *source) BASE_MUST_CHECK;

/** Write what is wrong, with carets, suggestion and hint. TOOL_USAGE. */
int joined_mistake(const struct tool *tool, const struct joined *joined,
                   const struct ctq_filter_error *error) BASE_MUST_CHECK;

#endif
