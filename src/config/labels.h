/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * labels.h - names of labels, from a file as /etc/xtables/connlabel.conf
 *
 *	# comment
 *	0	web
 *	17	bulk
 *
 * A number from 0 to 127 and a name on each line; no number and no name twice.
 */
#ifndef CONFIG_LABELS_H
#define CONFIG_LABELS_H

#include "config/config.h"

#define CONFIG_LABELS         128
#define CONFIG_LABEL_NAME_MAX 64 /* bytes, with the final zero */

struct config_labels {
	char name[CONFIG_LABELS][CONFIG_LABEL_NAME_MAX]; /* "": has none */
};

/** Read @path (by @reader); every mistake is reported. 0, -EINVAL or -ENOMEM. */
BASE_MUST_CHECK int config_labels_load(struct config_labels *labels, const char *path,
                                       const struct config_reader *reader,
                                       config_report *report, void *ctx);

#endif
