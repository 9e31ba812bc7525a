/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.h - the words and letters of a command line as one filter
 */
#ifndef CTCTL_FILTER_H
#define CTCTL_FILTER_H

#include "ctctl/ctctl.h"

/**
 * Make a filter of the words @from … @to - 1, of conntrack's letters and of -4 and -6. *@filter
 * is NULL when none of them is there. TOOL_OK, or the exit code with the message written.
 * Free it with ctq_filter_destroy().
 */
int filter_from_words(struct tool *tool, size_t from, size_t to,
                      struct ctq_filter **filter) BASE_MUST_CHECK;

#endif
