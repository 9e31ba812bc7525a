/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>

static int missing(const char *key, const char *kind, const char *name,
                   const char *remedy, config_report *report, void *ctx)
{
	char text[256];

	snprintf(text, sizeof(text), "error: %s: there is no %s '%s' (%s --system %s)",
	         key, kind, name, remedy, name);
	report(ctx, text);
	return -ENOENT;
}

int account_group_find(const char *key, const char *name, gid_t *gid,
                       config_report *report, void *ctx)
{
	const struct group *group;

	*gid = (gid_t)-1;
	if (name[0] == '\0')
		return 0;
	group = getgrnam(name);
	if (!group)
		return missing(key, "group", name, "groupadd", report, ctx);
	*gid = group->gr_gid;
	return 0;
}

int account_check(const struct config *cfg, config_report *report, void *ctx)
{
	const char *user = cfg->daemon.user;
	gid_t gid;
	int r = 0;

	if (account_group_find("daemon.group", cfg->daemon.group, &gid, report, ctx) < 0)
		r = -ENOENT;
	if (account_group_find("daemon.admin-group", cfg->daemon.admin_group, &gid,
	                       report, ctx) < 0)
		r = -ENOENT;
	if (user[0] && !getpwnam(user))
		r = missing("daemon.user", "user", user, "useradd", report, ctx);
	return r;
}
