/* SPDX-License-Identifier: GPL-2.0-or-later */
/* account.h - the users and groups that the configuration names */
#ifndef DAEMON_ACCOUNT_H
#define DAEMON_ACCOUNT_H

#include <sys/types.h>

#include "config/config.h"

/** The group called @name, (gid_t)-1 for "". 0, or -ENOENT, reported with @key. */
BASE_MUST_CHECK int account_group_find(const char *key, const char *name, gid_t *gid,
                                       config_report *report, void *ctx);

/** Do user and groups of @cfg exist? 0, or -ENOENT with each missing one reported. */
BASE_MUST_CHECK int account_check(const struct config *cfg, config_report *report,
                                  void *ctx);

#endif
