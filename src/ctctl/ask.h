/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask.h - questions of rules that ask: listed, announced
 */
#ifndef CTCTL_ASK_H
#define CTCTL_ASK_H

#include "ctctl/ctctl.h"
#include "ctq/ctq.h"

/** Is the first word of the command line "ask"? */
bool ask_is_meant(const struct tool *tool);

/** ctctl list ask; the exit code. */
int ask_list(struct tool *tool);

/** A line, or an object, for an announcement of CTQ_GROUP_ASK. */
void ask_write_event(struct tool *tool, const struct ctq_event *event);

#endif
