/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * real.h - the C library's own functions, behind those of calls.c that hide them
 */
#ifndef PRELOAD_REAL_H
#define PRELOAD_REAL_H

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

struct real {
	int (*socket)(int domain, int type, int protocol);
	int (*bind)(int fd, const struct sockaddr *address, socklen_t size);
	int (*connect)(int fd, const struct sockaddr *address, socklen_t size);
	int (*getsockname)(int fd, struct sockaddr *address, socklen_t *size);
	int (*setsockopt)(int fd, int level, int name, const void *value, socklen_t size);
	ssize_t (*send)(int fd, const void *data, size_t size, int flags);
	ssize_t (*sendto)(int fd, const void *data, size_t size, int flags,
	                  const struct sockaddr *address, socklen_t address_size);
	ssize_t (*sendmsg)(int fd, const struct msghdr *msg, int flags);
	ssize_t (*write)(int fd, const void *data, size_t size);
	ssize_t (*recv)(int fd, void *data, size_t size, int flags);
	ssize_t (*recvfrom)(int fd, void *data, size_t size, int flags,
	                    struct sockaddr *address, socklen_t *address_size);
	ssize_t (*recvmsg)(int fd, struct msghdr *msg, int flags);
	ssize_t (*read)(int fd, void *data, size_t size);
	int (*epoll_ctl)(int epoll, int op, int fd, struct epoll_event *event);
	int (*close)(int fd);
};

/** Never NULL, nor is one of its members. Any thread, from the first call on. */
const struct real *real_calls(void);

#endif
