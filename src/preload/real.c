/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "preload/real.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct real calls;

/* The next definition behind ours: the C library's, or that of another preloaded library. */
static void find(const char *name, void *to)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (!found) {
		fprintf(stderr, "libctq-nfct: the C library has no %s()\n", name);
		abort();
	}
	memcpy(to, &found, sizeof(found));
}

static void find_all(void)
{
	find("socket", &calls.socket);
	find("bind", &calls.bind);
	find("connect", &calls.connect);
	find("getsockname", &calls.getsockname);
	find("setsockopt", &calls.setsockopt);
	find("send", &calls.send);
	find("sendto", &calls.sendto);
	find("sendmsg", &calls.sendmsg);
	find("write", &calls.write);
	find("recv", &calls.recv);
	find("recvfrom", &calls.recvfrom);
	find("recvmsg", &calls.recvmsg);
	find("read", &calls.read);
	find("epoll_ctl", &calls.epoll_ctl);
	find("close", &calls.close);
}

const struct real *real_calls(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, find_all);
	return &calls;
}
