/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"

/* The bounding set can be emptied by who has CAP_SETPCAP only; without it, what is in there
 * cannot be gained either, since no-new-privileges is set. */
static capng_select_t droppable_sets(void)
{
	return capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) ? CAPNG_SELECT_BOTH
	                                                           : CAPNG_SELECT_CAPS;
}

static int become(const char *user, capng_select_t sets, char *error, size_t size)
{
	const struct passwd *pw;
	int flags = CAPNG_INIT_SUPP_GRP, r;

	errno = 0;
	pw = getpwnam(user);
	if (!pw) {
		r = errno ? -errno : -ENOENT;
		snprintf(error, size, "user '%s': %s", user,
		         r == -ENOENT ? "there is none of that name" : strerror(-r));
		return r;
	}
	if (pw->pw_uid == geteuid())
		return capng_apply(sets) == 0 ? 0 : -EPERM;
	if (sets == CAPNG_SELECT_BOTH)
		flags |= CAPNG_CLEAR_BOUNDING;
	r = capng_change_id((int)pw->pw_uid, (int)pw->pw_gid, flags);
	if (r == 0)
		return 0;
	snprintf(error, size,
	         "cannot become user '%s' (libcap-ng: %d): CAP_SETUID, CAP_SETGID and "
	         "CAP_SETPCAP are wanted until then",
	         user, r);
	return -EPERM;
}

int privilege_drop(const char *user, char *error, size_t size)
{
	bool net_admin = capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN);
	capng_select_t sets = droppable_sets();
	int r = 0;

	snprintf(error, size, "cannot drop capabilities");
	capng_clear(CAPNG_SELECT_BOTH);
	if (net_admin)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
	if (user[0])
		r = become(user, sets, error, size);
	else if (capng_apply(sets) != 0)
		r = -EPERM;
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		r = -errno;
	return r;
}
