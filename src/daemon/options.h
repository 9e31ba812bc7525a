/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.h - ctqd's command line */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "config/config.h"

#define OPTIONS_CONFIG_DEFAULT SYSCONFDIR "/ctqd/ctqd.conf"

/* Exit status. */
#define OPTIONS_EXIT_FAILED 1
#define OPTIONS_EXIT_USAGE  2

struct options {
	const char *config; /* path */
	const char *socket; /* instead of the configuration's; NULL: not given */
	int log_level;      /* enum log_level, instead of the configuration's; -1 */
	bool check;         /* say whether configuration and rules are right */
	bool print;         /* print the configuration with its defaults */
};

/**
 * Returns true when there is something to do, or false with *@status for exit(3): help was
 * printed to @out, or an error to @err. Strings point into @argv. Uses getopt_long(3).
 */
bool options_parse(struct options *o, int argc, char **argv, FILE *out, FILE *err,
                   int *status);

/** config_load() of the file that @o names, over which @o then has its say. */
BASE_MUST_CHECK int options_config_read(const struct options *o, struct config *cfg,
                                        config_report *report, void *ctx);

#endif
