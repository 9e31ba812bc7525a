/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outcome.h - what verbs that change or read rules have in common
 */
#ifndef CTCTL_OUTCOME_H
#define CTCTL_OUTCOME_H

#include "ctctl/ctctl.h"

/** Read the file @path, or standard input for "-". As ctq_rules_read_file(); -EIO,
 * -EFBIG. */
int outcome_read(struct tool *tool, struct ctq_rules *rules, const char *path);

/** A verb whose only word is a file of rules, which @run reads. The exit code. */
int outcome_of_file(struct tool *tool,
                    int (*run)(struct tool *tool, struct ctq_rules *rules));

/** CTQ_RULES_CHECK when -c was given. */
unsigned int outcome_flags(const struct tool *tool);

/** Say what is wrong after @err, and that the rules in force stay. The exit code. */
int outcome_failed(struct tool *tool, struct ctq_rules *rules, int err) BASE_MUST_CHECK;

/** Say which generation is in force now, or that the rules are correct. The exit code. */
int outcome_done(struct tool *tool) BASE_MUST_CHECK;

#endif
