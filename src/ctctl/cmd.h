/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd.h - the verbs
 *
 * Each is called with a parsed command line and without a connection, and returns the exit
 * code. See the command's line in command.c for what it does.
 */
#ifndef CTCTL_CMD_H
#define CTCTL_CMD_H

#include "ctctl/ctctl.h"

int cmd_status(struct tool *tool);
int cmd_list(struct tool *tool);
int cmd_get(struct tool *tool);
int cmd_count(struct tool *tool);
int cmd_delete(struct tool *tool);
int cmd_capture(struct tool *tool);
int cmd_answer(struct tool *tool);
int cmd_explain(struct tool *tool);
int cmd_flush(struct tool *tool);
int cmd_set(struct tool *tool);
int cmd_ban(struct tool *tool);
int cmd_unban(struct tool *tool);
int cmd_bans(struct tool *tool);
int cmd_monitor(struct tool *tool);
int cmd_stats(struct tool *tool);
int cmd_queues(struct tool *tool);
int cmd_proto(struct tool *tool);
int cmd_rules(struct tool *tool);
int cmd_run(struct tool *tool);
#define CMD_RUN_HINT "put '--' before the command" /* whose options would be ours */
int cmd_load(struct tool *tool);
int cmd_diff(struct tool *tool);
int cmd_rule(struct tool *tool);
int cmd_reload(struct tool *tool);
int cmd_config(struct tool *tool);
int cmd_metrics(struct tool *tool);
int cmd_trace(struct tool *tool);
int cmd_help(struct tool *tool);

/* Not a command of its own: "set" with one of list, add, delete, flush and test. */
int cmd_elements(struct tool *tool);
bool cmd_elements_are_meant(const struct tool *tool);

#endif
