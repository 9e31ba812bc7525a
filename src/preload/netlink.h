/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink.h - a socket to ctqd that looks like one of NETLINK_NETFILTER
 *
 * It is a UNIX SEQPACKET socket, so that poll, select, epoll and fcntl work on it as they
 * are. What else a program sees of a netlink socket is made up here: its address, its
 * groups, ENOBUFS after an overrun. When ctqd is started again it becomes, under the same number,
 * a socket to the new one. ctqd is asked for datagrams as the kernel sends them: a
 * page at most, one event each.
 *
 * Threads: as with the kernel's, sockets are independent of each other; two threads that use
 * one must agree on who reads.
 */
#ifndef PRELOAD_NETLINK_H
#define PRELOAD_NETLINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/** Where ctqd is, unless it is at CTQ_SOCKET_PATH. */
#define NETLINK_ENVIRONMENT "CTQ_SOCKET"

struct netlink {
	_Atomic uint32_t port; /* nl_pid; 0: not one of ours */
	ino_t inode;     /* of the socket that it was: the number may be another's now */
	uint32_t groups; /* bits, 1 << enum ctq_group */
	bool hides_losses; /* NETLINK_NO_ENOBUFS */
	bool in_epoll;     /* which would not see another socket in its place */
};

/** The socket @fd, or NULL: it is none of ours. */
struct netlink *netlink_find(int fd);

/** Connect to ctqd; @type: SOCK_NONBLOCK and SOCK_CLOEXEC of socket(2) count. The descriptor,
 * or -1 with errno, and a line on standard error. */
int netlink_open(int type);

/** @fd is closed. */
void netlink_forget(int fd);

/** bind(2): port and groups. 0, or -1 with errno. */
int netlink_bind(int fd, struct netlink *n, const struct sockaddr *address,
                 socklen_t size);

/** setsockopt(2) of SOL_NETLINK. 0, or -1 with errno. */
int netlink_option_set(int fd, struct netlink *n, int name, const void *value,
                       socklen_t size);

/** The address of @n, or with NULL the kernel's, as getsockname(2) and recvfrom(2) give it. */
void netlink_address(const struct netlink *n, struct sockaddr *address, socklen_t *size);

/**
 * The daemon is gone: connect to the one that is there now, in the same place, with the same
 * port and groups. 0, or -1 with ECONNRESET, not more often than ten times a second: there is
 * none, or epoll waits for the socket that was.
 */
int netlink_come_back(int fd, struct netlink *n);

/**
 * Before the program reads with @flags: take away what is not for it. 0 when it may read; or
 * -1 with errno: ENOBUFS after an overrun or when ctqd is another one now, ECONNRESET when it is
 * gone, EAGAIN.
 */
int netlink_before_read(int fd, struct netlink *n, int flags);

#endif
