/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.h - ctqd --check and --print: read everything, change nothing */
#ifndef DAEMON_CHECK_H
#define DAEMON_CHECK_H

#include <stdio.h>

#include "daemon/options.h"

/**
 * Read configuration and rules, and say on @err all that is wrong with them; print the
 * configuration with its defaults on @out if wanted, and that all is well. Returns an exit
 * status.
 */
int check_run(const struct options *options, FILE *out, FILE *err);

#endif
