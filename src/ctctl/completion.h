/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * completion.h - scripts for shells, from the table of commands
 *
 * contrib/completion holds what "ctctl --completion SHELL" writes; a test compares them.
 */
#ifndef CTCTL_COMPLETION_H
#define CTCTL_COMPLETION_H

#include "ctctl/ctctl.h"

/** Write the script for @shell. TOOL_OK or TOOL_USAGE. */
int completion_write(struct tool *tool, const char *shell);

#endif
