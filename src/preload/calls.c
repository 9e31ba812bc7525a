/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls.c - the C library's functions that this library stands in for
 *
 * Each asks first whether the socket is one of ours. If not, which is one look into a table,
 * it calls what it hides. A program that was compiled with fortification calls some of them
 * by other names (__recv_chk).
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "preload/netlink.h"
#include "preload/real.h"

#define CALL __attribute__((visibility("default")))

/* No header declares them unless it uses them. */
ssize_t __recv_chk(int fd, void *data, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *data, size_t size, size_t room, int flags,
                       __SOCKADDR_ARG address, socklen_t *address_size);
ssize_t __read_chk(int fd, void *data, size_t size, size_t room);

/* ---- the socket and its name ---------------------------------------------------------- */

CALL int socket(int domain, int type, int protocol)
{
	if (domain == AF_NETLINK && protocol == NETLINK_NETFILTER)
		return netlink_open(type);
	return real_calls()->socket(domain, type, protocol);
}

CALL int bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t size)
{
	struct netlink *n = netlink_find(fd);

	return n ? netlink_bind(fd, n, address.__sockaddr__, size)
	         : real_calls()->bind(fd, address.__sockaddr__, size);
}

/* The kernel is the only peer, and connected already. */
CALL int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t size)
{
	return netlink_find(fd) ? 0
	                        : real_calls()->connect(fd, address.__sockaddr__, size);
}

CALL int getsockname(int fd, __SOCKADDR_ARG address, socklen_t *size)
{
	const struct netlink *n = netlink_find(fd);

	if (!n)
		return real_calls()->getsockname(fd, address.__sockaddr__, size);
	netlink_address(n, address.__sockaddr__, size);
	return 0;
}

CALL int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	struct netlink *n = level == SOL_NETLINK ? netlink_find(fd) : NULL;

	return n ? netlink_option_set(fd, n, name, value, size)
	         : real_calls()->setsockopt(fd, level, name, value, size);
}

CALL int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	struct netlink *n = netlink_find(fd);

	if (n && op == EPOLL_CTL_ADD)
		n->in_epoll = true;
	return real_calls()->epoll_ctl(epoll, op, fd, event);
}

CALL int close(int fd)
{
	netlink_forget(fd);
	return real_calls()->close(fd);
}

/* ---- sending ------------------------------------------------------------------------------ */

/* One datagram to the daemon that is there, which may be another one than before. None is
 * ECONNREFUSED, as in netlink, and no signal. */
static ssize_t send_plain(int fd, struct netlink *n, const struct msghdr *msg, int flags)
{
	struct msghdr plain = *msg;
	ssize_t sent;

	plain.msg_name = NULL;
	plain.msg_namelen = 0;
	sent = real_calls()->sendmsg(fd, &plain, flags | MSG_NOSIGNAL);
	if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
		if (netlink_come_back(fd, n) == 0)
			return real_calls()->sendmsg(fd, &plain, flags | MSG_NOSIGNAL);
		errno = ECONNREFUSED;
	}
	return sent;
}

static ssize_t send_bytes(int fd, struct netlink *n, const void *data, size_t size,
                          int flags)
{
	struct iovec iov = { (void *)(uintptr_t)data, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return send_plain(fd, n, &msg, flags);
}

CALL ssize_t send(int fd, const void *data, size_t size, int flags)
{
	struct netlink *n = netlink_find(fd);

	return n ? send_bytes(fd, n, data, size, flags)
	         : real_calls()->send(fd, data, size, flags);
}

CALL ssize_t sendto(int fd, const void *data, size_t size, int flags,
                    __CONST_SOCKADDR_ARG address, socklen_t address_size)
{
	struct netlink *n = netlink_find(fd);

	return n ? send_bytes(fd, n, data, size, flags)
	         : real_calls()->sendto(fd, data, size, flags, address.__sockaddr__,
	                                address_size);
}

CALL ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct netlink *n = netlink_find(fd);

	return n ? send_plain(fd, n, msg, flags) : real_calls()->sendmsg(fd, msg, flags);
}

CALL ssize_t write(int fd, const void *data, size_t size)
{
	struct netlink *n = netlink_find(fd);

	return n ? send_bytes(fd, n, data, size, 0) : real_calls()->write(fd, data, size);
}

/* ---- receiving ------------------------------------------------------------------------------ */

static ssize_t receive(int fd, struct netlink *n, void *data, size_t size, int flags)
{
	if (netlink_before_read(fd, n, flags) < 0)
		return -1;
	return real_calls()->recv(fd, data, size, flags);
}

CALL ssize_t recv(int fd, void *data, size_t size, int flags)
{
	struct netlink *n = netlink_find(fd);

	return n ? receive(fd, n, data, size, flags)
	         : real_calls()->recv(fd, data, size, flags);
}

CALL ssize_t recvfrom(int fd, void *data, size_t size, int flags, __SOCKADDR_ARG address,
                      socklen_t *address_size)
{
	struct netlink *n = netlink_find(fd);
	ssize_t got;

	if (!n)
		return real_calls()->recvfrom(fd, data, size, flags, address.__sockaddr__,
		                              address_size);
	got = receive(fd, n, data, size, flags);
	if (got >= 0 && address.__sockaddr__ && address_size)
		netlink_address(NULL, address.__sockaddr__, address_size);
	return got;
}

CALL ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct netlink *n = netlink_find(fd);
	void *name = msg->msg_name;
	socklen_t name_size = msg->msg_namelen;
	ssize_t got;

	if (!n)
		return real_calls()->recvmsg(fd, msg, flags);
	if (netlink_before_read(fd, n, flags) < 0)
		return -1;
	msg->msg_name = NULL; /* not that of ctqd's socket */
	got = real_calls()->recvmsg(fd, msg, flags);
	msg->msg_name = name;
	msg->msg_namelen = name_size;
	if (got >= 0 && name)
		netlink_address(NULL, name, &msg->msg_namelen);
	return got;
}

CALL ssize_t read(int fd, void *data, size_t size)
{
	struct netlink *n = netlink_find(fd);

	return n ? receive(fd, n, data, size, 0) : real_calls()->read(fd, data, size);
}

/* The checks of fortified programs: they end the program as the C library's do. */

static size_t within(size_t size, size_t room)
{
	if (size > room)
		__builtin_trap();
	return size;
}

CALL ssize_t __recv_chk(int fd, void *data, size_t size, size_t room, int flags)
{
	return recv(fd, data, within(size, room), flags);
}

CALL ssize_t __recvfrom_chk(int fd, void *data, size_t size, size_t room, int flags,
                            __SOCKADDR_ARG address, socklen_t *address_size)
{
	return recvfrom(fd, data, within(size, room), flags, address, address_size);
}

CALL ssize_t __read_chk(int fd, void *data, size_t size, size_t room)
{
	return read(fd, data, within(size, room));
}
