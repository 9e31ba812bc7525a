/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

int notify_open(struct notify *n, const char *socket_path)
{
	const struct timeval patience = { .tv_sec = 1 };
	size_t size;

	memset(n, 0, sizeof(*n));
	n->fd = -1;
	if (!socket_path || socket_path[0] == '\0')
		return 0;
	size = strlen(socket_path);
	if (size >= sizeof(n->address.sun_path))
		return -ENAMETOOLONG;
	if (socket_path[0] != '/' && socket_path[0] != '@')
		return -EAFNOSUPPORT;
	n->address.sun_family = AF_UNIX;
	memcpy(n->address.sun_path, socket_path, size);
	if (socket_path[0] == '@')
		n->address.sun_path[0] = '\0';
	n->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (n->fd < 0)
		return -errno;
	/* READY=1 must not be lost because the manager is busy, nor may we wait for ever. */
	setsockopt(n->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return 0;
}

void notify_close(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

void notify_send(const struct notify *n, const char *fmt, ...)
{
	char state[NOTIFY_STATE_MAX];
	va_list ap;
	int size;

	if (n->fd < 0)
		return;
	va_start(ap, fmt);
	size = vsnprintf(state, sizeof(state), fmt, ap);
	va_end(ap);
	if (size < 0)
		return;
	if ((size_t)size >= sizeof(state))
		size = (int)sizeof(state) - 1;
	sendto(n->fd, state, (size_t)size, MSG_NOSIGNAL,
	       (const struct sockaddr *)(const void *)&n->address, n->length);
}

void notify_reloading(const struct notify *n, uint64_t now_ns)
{
	notify_send(n, "RELOADING=1\nMONOTONIC_USEC=%llu",
	            (unsigned long long)(now_ns / 1000));
}

static int whole_number(const char *text, unsigned long long *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	return errno || end == text || *end || text[0] == '-' ? -EINVAL : 0;
}

uint64_t notify_watchdog_ns(const char *usec, const char *pid, pid_t self)
{
	unsigned long long number;

	if (pid && (whole_number(pid, &number) < 0 || number != (unsigned long long)self))
		return 0;
	if (!usec || whole_number(usec, &number) < 0 || number > UINT64_MAX / 1000)
		return 0;
	return number * 1000;
}
