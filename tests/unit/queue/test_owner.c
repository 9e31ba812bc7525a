/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "queue/owner.h"

/* Two sockets: the second has a port that is no process's number. */
Test(owner, finds_the_process_behind_any_port)
{
	struct mnl_socket *first = mnl_socket_open(NETLINK_NETFILTER);
	struct mnl_socket *second = mnl_socket_open(NETLINK_NETFILTER);
	struct owner owner;

	cr_assert(first && second);
	cr_assert_eq(mnl_socket_bind(first, 0, MNL_SOCKET_AUTOPID), 0);
	cr_assert_eq(mnl_socket_bind(second, 0, MNL_SOCKET_AUTOPID), 0);
	cr_assert_eq(prctl(PR_SET_NAME, "ctq owner"), 0);
	cr_assert_neq(mnl_socket_get_portid(second), (unsigned int)getpid());

	cr_assert(owner_find(mnl_socket_get_portid(first), &owner));
	cr_assert_eq(owner.pid, getpid());
	cr_assert(owner_find(mnl_socket_get_portid(second), &owner));
	cr_assert_eq(owner.pid, getpid());
	cr_assert_str_eq(owner.command, "ctq owner");
}

Test(owner, says_when_there_is_none)
{
	struct owner owner;

	cr_assert_not(owner_find(4294967294u, &owner));
}
