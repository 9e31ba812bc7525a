/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.h - what goes wrong, said so that one knows what to do
 *
 *	error: unknown TCP state 'ESTAB'
 *	  ctctl list state ESTAB
 *	                   ^^^^^  did you mean 'ESTABLISHED'?
 *	  states: SYN_SENT SYN_RECV ESTABLISHED ...
 */
#ifndef CTCTL_MESSAGE_H
#define CTCTL_MESSAGE_H

#include "ctctl/ctctl.h"

/** "error: …" */
void message_error(const struct tool *tool, const char *fmt, ...) BASE_PRINTF(2, 3);

/** A further line, indented. Nothing when @fmt gives "". */
void message_note(const struct tool *tool, const char *fmt, ...) BASE_PRINTF(2, 3);

/**
 * The command line with carets under @length bytes of argv[@index] from @offset on
 * (@length 0: one caret behind the line), and @suggestion (may be empty) beside them.
 */
void message_caret(const struct tool *tool, int index, size_t offset, size_t length,
                   const char *suggestion);

/** An error about a whole argument: message, carets, "did you mean" from @words. TOOL_USAGE. */
int message_usage(const struct tool *tool, int index, const char *const *words, size_t n,
                  const char *fmt, ...) BASE_PRINTF(5, 6) BASE_MUST_CHECK;

#endif
