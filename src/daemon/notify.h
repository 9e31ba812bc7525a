/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify.h - telling systemd how we are: sd_notify(3) without libsystemd
 *
 * A state is one datagram of lines "NAME=value" to the socket that $NOTIFY_SOCKET names;
 * a name that begins with '@' is in the abstract namespace. Sending never blocks and
 * never fails: who does not listen is not told. One thread.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/base.h"

#define NOTIFY_STATE_MAX 512 /* bytes of a datagram; the rest is cut */

struct notify {
	int fd; /* -1: nobody wants to know */
	socklen_t length;
	struct sockaddr_un address;
};

/** @socket: $NOTIFY_SOCKET, or NULL: nobody. Returns 0 or a negative errno; @n may be
 * used in either case. */
int notify_open(struct notify *n, const char *socket);
void notify_close(struct notify *n);

/** "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…", or several, a newline between. */
void notify_send(const struct notify *n, const char *fmt, ...) BASE_PRINTF(2, 3);

/** A reload has begun; READY=1 ends it. @now_ns: CLOCK_MONOTONIC, which systemd compares
 * with the time when it asked (since version 253; older ones ignore it). */
void notify_reloading(const struct notify *n, uint64_t now_ns);

/** How often systemd wants to be told that all is well, in nanoseconds; 0: not at all.
 * @usec: $WATCHDOG_USEC; @pid: $WATCHDOG_PID, whom it concerns, or NULL: us. */
uint64_t notify_watchdog_ns(const char *usec, const char *pid, pid_t self);

#endif
