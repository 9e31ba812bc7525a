/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * expect.h - connections that are expected: listed, deleted, announced
 */
#ifndef CTCTL_EXPECT_H
#define CTCTL_EXPECT_H

#include "ctctl/ctctl.h"

/** Is the first word of the command line "expect"? */
bool expect_is_meant(const struct tool *tool);

/** ctctl list expect; the exit code. */
int expect_list(struct tool *tool);

/** ctctl delete expect ID|all; the exit code. */
int expect_delete(struct tool *tool);

/** An announcement, as a line. */
void expect_write_event(struct tool *tool, const struct ctq_event *event);

#endif
