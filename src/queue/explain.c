/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "queue/explain.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "queue/owner.h"
#include "queue/queue.h"

#define NO_NFQUEUE                                          \
	"kernel has no NFQUEUE (modprobe nfnetlink_queue; " \
	"CONFIG_NETFILTER_NETLINK_QUEUE)"

/* strerror(3) in the middle of a line. */
static const char *error_text(int err, char buf[64])
{
	snprintf(buf, 64, "%s", strerror(-err));
	buf[0] = (char)tolower((unsigned char)buf[0]);
	return buf;
}

void explain_socket(char *text, int err)
{
	char buf[64];

	if (err == -EPROTONOSUPPORT)
		snprintf(text, QUEUE_TEXT_MAX, "netlink: %s: " NO_NFQUEUE,
		         error_text(err, buf));
	else
		snprintf(text, QUEUE_TEXT_MAX, "netlink: cannot open a socket: %s",
		         error_text(err, buf));
}

/* "netlink port 18773 (pid 18773, suricata)" */
static void format_owner(char *buf, size_t size, uint32_t portid)
{
	struct owner owner;

	if (owner_find(portid, &owner))
		snprintf(buf, size, "netlink port %u (pid %d, %s)", portid,
		         (int)owner.pid, owner.command);
	else
		snprintf(buf, size, "netlink port %u", portid);
}

/*
 * EPERM has two causes, and only the kernel's list of queues tells them apart. An unknown
 * netfilter subsystem is EINVAL.
 */
void explain_bind(char *text, uint16_t queue, int err, const struct queue_kernel_row *row)
{
	char buf[64], owner[96];

	error_text(err, buf);
	if (row && (err == -EPERM || err == -EBUSY)) {
		format_owner(owner, sizeof(owner), row->portid);
		snprintf(text, QUEUE_TEXT_MAX,
		         "queue %u: cannot bind: %s: the queue belongs to %s", queue, buf,
		         owner);
	} else if (err == -EPERM) {
		snprintf(text, QUEUE_TEXT_MAX,
		         "queue %u: cannot bind: %s: CAP_NET_ADMIN is missing "
		         "(run as service, or: setcap cap_net_admin+ep ...)",
		         queue, buf);
	} else if (err == -EINVAL) {
		snprintf(text, QUEUE_TEXT_MAX, "queue %u: cannot bind: %s: " NO_NFQUEUE,
		         queue, buf);
	} else {
		snprintf(text, QUEUE_TEXT_MAX, "queue %u: cannot bind: %s", queue, buf);
	}
}

void explain_refusal(char *text, uint16_t queue, const char *what, int err)
{
	char buf[64];

	error_text(err, buf);
	snprintf(text, QUEUE_TEXT_MAX, "queue %u: cannot %s: %s%s", queue, what, buf,
	         err == -EOPNOTSUPP ? ": this kernel does not know it" : "");
}

void explain_adoption(char *text, uint16_t queue, const struct queue_kernel_row *row)
{
	char owner[96] = "nobody";

	if (row)
		format_owner(owner, sizeof(owner), row->portid);
	snprintf(text, QUEUE_TEXT_MAX,
	         "queue %u: the socket that was handed over has not bound it: "
	         "the queue belongs to %s",
	         queue, owner);
}

/* "416 KiB", "6.3 MiB" */
static const char *format_size(uint32_t bytes, char buf[16])
{
	if (bytes < 1u << 20)
		snprintf(buf, 16, "%u KiB", bytes >> 10);
	else
		snprintf(buf, 16, "%.1f MiB", (double)bytes / (1u << 20));
	return buf;
}

void explain_buffer(char *text, uint16_t queue, uint32_t actual, uint32_t wanted,
                    uint32_t limit)
{
	char a[16], w[16];

	snprintf(text, QUEUE_TEXT_MAX,
	         "queue %u: receive buffer is %s, %s wanted: net.core.rmem_max is %u and "
	         "CAP_NET_ADMIN was refused",
	         queue, format_size(actual, a), format_size(wanted, w), limit);
}
