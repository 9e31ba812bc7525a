/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each Criterion test is a process of its own: what it drops, others keep. */
#include <criterion/criterion.h>

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/privilege.h"

static char error[256];

static void expect_net_admin_only(void)
{
	int i;

	capng_get_caps_process();
	for (i = 0; i <= CAP_LAST_CAP; i++) {
		cr_expect(capng_have_capability(CAPNG_EFFECTIVE, (unsigned int)i) ==
		                  (i == CAP_NET_ADMIN),
		          "%s", capng_capability_to_name((unsigned int)i));
		cr_expect(capng_have_capability(CAPNG_PERMITTED, (unsigned int)i) ==
		                  (i == CAP_NET_ADMIN),
		          "%s", capng_capability_to_name((unsigned int)i));
		cr_expect(!capng_have_capability(CAPNG_BOUNDING_SET, (unsigned int)i),
		          "%s", capng_capability_to_name((unsigned int)i));
	}
	cr_expect(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void need_root(void)
{
	if (geteuid() != 0 || !capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		cr_skip_test("root can drop something, others cannot");
}

Test(privilege, root_keeps_one_capability)
{
	need_root();
	cr_assert(privilege_drop("", error, sizeof(error)) == 0, "%s", error);
	cr_expect(geteuid() == 0);
	expect_net_admin_only();
}

Test(privilege, another_user_keeps_one_capability)
{
	const struct passwd *pw;

	need_root();
	cr_assert(privilege_drop("nobody", error, sizeof(error)) == 0, "%s", error);
	pw = getpwnam("nobody");
	cr_expect(geteuid() == pw->pw_uid && getuid() == pw->pw_uid);
	cr_expect(getegid() == pw->pw_gid && getgid() == pw->pw_gid);
	cr_expect(setuid(0) == -1);
	expect_net_admin_only();
}

Test(privilege, what_we_have_not_we_do_not_gain)
{
	need_root();
	cr_assert(privilege_drop("nobody", error, sizeof(error)) == 0, "%s", error);
	cr_expect(privilege_drop("", error, sizeof(error)) == 0, "%s", error);
	expect_net_admin_only();
}

Test(privilege, an_unknown_user_is_named)
{
	cr_expect(privilege_drop("nobody-at-all", error, sizeof(error)) == -ENOENT);
	cr_expect_str_eq(error, "user 'nobody-at-all': there is none of that name");
}
