/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * help.h - --help and --version, from the table of commands
 */
#ifndef CTCTL_HELP_H
#define CTCTL_HELP_H

#include "ctctl/ctctl.h"

/** The help of @command, or of the tool for NULL. TOOL_OK. */
int help_write(struct tool *tool, const struct command *command);

int help_version(struct tool *tool);

#endif
