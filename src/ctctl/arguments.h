/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arguments.h - argv to a command, its options and its words
 *
 * Options may stand anywhere; "--" ends them. "-n5", "-n 5", "--limit 5" and "--limit=5" are
 * the same, as are "-jH" and "-j -H". After one of conntrack's letters ("ctctl -L -q
 * 10.0.0.1") an option's letter means what it means there; after a verb what it means
 * here.
 */
#ifndef CTCTL_ARGUMENTS_H
#define CTCTL_ARGUMENTS_H

#include "ctctl/ctctl.h"

/** Read tool->argv into @tool. TOOL_OK or TOOL_USAGE, the message is written. */
int arguments_parse(struct tool *tool) BASE_MUST_CHECK;

/** A number from @min to @max in @word; @what names it in the message. TOOL_OK or TOOL_USAGE. */
int arguments_number(const struct tool *tool, const struct tool_word *word,
                     const char *what, unsigned long min, unsigned long max,
                     unsigned long *number) BASE_MUST_CHECK;

/** "90", "5m", "1h30m" in @word. TOOL_OK or TOOL_USAGE. */
int arguments_seconds(const struct tool *tool, const struct tool_word *word,
                      uint32_t *seconds) BASE_MUST_CHECK;

/** "status" takes no words: complain about the first of @from and on. TOOL_OK or TOOL_USAGE. */
int arguments_end(const struct tool *tool, size_t from) BASE_MUST_CHECK;

#endif
