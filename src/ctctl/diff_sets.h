/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff_sets.h - what a load of a file would change in named sets
 */
#ifndef CTCTL_DIFF_SETS_H
#define CTCTL_DIFF_SETS_H

#include "ctctl/ctctl.h"

/**
 * Write heads and elements that would go ("-") or come ("+"), set by set; timeouts of elements
 * are not compared. *@differ is set when there are any. 0 or a negative errno.
 */
int diff_sets_write(FILE *out, struct ctq *ctq, const struct ctq_rules *rules,
                    bool *differ);

#endif
