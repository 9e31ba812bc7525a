/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/socket.h>

#include "queue/explain.h"
#include "queue/queue.h"

static char text[QUEUE_TEXT_MAX];

Test(explain, a_kernel_without_netfilter_netlink)
{
	explain_socket(text, -EPROTONOSUPPORT);
	cr_assert_str_eq(text, "netlink: protocol not supported: kernel has no NFQUEUE "
	                       "(modprobe nfnetlink_queue; "
	                       "CONFIG_NETFILTER_NETLINK_QUEUE)");
	explain_socket(text, -EMFILE);
	cr_assert_str_eq(text, "netlink: cannot open a socket: too many open files");
}

Test(explain, a_kernel_without_nfqueue)
{
	explain_bind(text, 5, -EINVAL, NULL);
	cr_assert_str_eq(text,
	                 "queue 5: cannot bind: invalid argument: kernel has no NFQUEUE "
	                 "(modprobe nfnetlink_queue; "
	                 "CONFIG_NETFILTER_NETLINK_QUEUE)");
}

Test(explain, a_missing_capability)
{
	explain_bind(text, 5, -EPERM, NULL);
	cr_assert_str_eq(text,
	                 "queue 5: cannot bind: operation not permitted: CAP_NET_ADMIN "
	                 "is missing (run as service, or: setcap cap_net_admin+ep ...)");
}

/* That port belongs to nobody, so that no process is named. */
Test(explain, a_taken_queue)
{
	struct queue_kernel_row row = { .number = 5, .portid = 4294967294u };

	explain_bind(text, 5, -EPERM, &row);
	cr_assert_str_eq(text, "queue 5: cannot bind: operation not permitted: the queue "
	                       "belongs to netlink port 4294967294");
	explain_bind(text, 5, -EBUSY, &row);
	cr_assert_str_eq(text, "queue 5: cannot bind: device or resource busy: the queue "
	                       "belongs to netlink port 4294967294");
}

Test(explain, anything_else)
{
	explain_bind(text, 5, -ENOMEM, NULL);
	cr_assert_str_eq(text, "queue 5: cannot bind: cannot allocate memory");
	explain_refusal(text, 65535, "set its flags", -EOPNOTSUPP);
	cr_assert_str_eq(text,
	                 "queue 65535: cannot set its flags: operation not supported: "
	                 "this kernel does not know it");
	explain_refusal(text, 5, "open", -ENOMEM);
	cr_assert_str_eq(text, "queue 5: cannot open: cannot allocate memory");
}

Test(explain, a_socket_that_has_not_bound_the_queue)
{
	struct queue_kernel_row row = { .number = 5, .portid = 4294967294u };

	explain_adoption(text, 5, &row);
	cr_assert_str_eq(text,
	                 "queue 5: the socket that was handed over has not bound it: the "
	                 "queue belongs to netlink port 4294967294");
	explain_adoption(text, 5, NULL);
	cr_assert_str_eq(text,
	                 "queue 5: the socket that was handed over has not bound it: the "
	                 "queue belongs to nobody");
}

Test(explain, a_small_buffer)
{
	explain_buffer(text, 5, 425984, 6606028, 212992);
	cr_assert_str_eq(text,
	                 "queue 5: receive buffer is 416 KiB, 6.3 MiB wanted: "
	                 "net.core.rmem_max is 212992 and CAP_NET_ADMIN was refused");
}

Test(explain, the_longest_lines_fit)
{
	struct queue_kernel_row row = { .number = 65535, .portid = 4294967294u };
	int err;

	for (err = 1; err < 200; err++) {
		explain_bind(text, 65535, -err, &row);
		cr_assert_lt(strlen(text), QUEUE_TEXT_MAX - 1);
		explain_bind(text, 65535, -err, NULL);
		cr_assert_lt(strlen(text), QUEUE_TEXT_MAX - 1);
		explain_socket(text, -err);
		cr_assert_lt(strlen(text), QUEUE_TEXT_MAX - 1);
	}
	explain_buffer(text, 65535, UINT32_MAX, UINT32_MAX, UINT32_MAX);
	cr_assert_lt(strlen(text), QUEUE_TEXT_MAX - 1);
}
