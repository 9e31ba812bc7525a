/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/notify.h"

/* A socket as systemd has it; its name in the abstract namespace. */
static int systemd_open(char name[64])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), length;

	length = snprintf(name, 64, "@ctqd-test-%d", (int)getpid());
	memcpy(address.sun_path + 1, name + 1, (size_t)length - 1);
	cr_assert(bind(fd, (struct sockaddr *)&address,
	               (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	                           (size_t)length)) == 0);
	return fd;
}

static const char *systemd_read(int fd)
{
	static char state[1024];
	ssize_t n = recv(fd, state, sizeof(state) - 1, 0);

	cr_assert(n >= 0, "nothing was sent");
	state[n] = '\0';
	return state;
}

Test(notify, one_datagram_for_each_state)
{
	struct notify n;
	char name[64];
	int fd = systemd_open(name);

	cr_assert(notify_open(&n, name) == 0);
	notify_send(&n, "READY=1\nSTATUS=%s", "all is well");
	cr_expect_str_eq(systemd_read(fd), "READY=1\nSTATUS=all is well");
	notify_reloading(&n, 1234567890);
	cr_expect_str_eq(systemd_read(fd), "RELOADING=1\nMONOTONIC_USEC=1234567");
	notify_send(&n, "WATCHDOG=1");
	cr_expect_str_eq(systemd_read(fd), "WATCHDOG=1");
	notify_close(&n);
	close(fd);
}

Test(notify, a_socket_in_the_file_system)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct notify n;

	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/ctqd-test-%d",
	         (int)getpid());
	cr_assert(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	cr_assert(notify_open(&n, address.sun_path) == 0);
	notify_send(&n, "STOPPING=1");
	cr_expect_str_eq(systemd_read(fd), "STOPPING=1");
	notify_close(&n);
	unlink(address.sun_path);
	close(fd);
}

Test(notify, a_long_state_is_cut)
{
	char name[64], text[2 * NOTIFY_STATE_MAX];
	struct notify n;
	int fd = systemd_open(name);

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cr_assert(notify_open(&n, name) == 0);
	notify_send(&n, "STATUS=%s", text);
	cr_expect(strlen(systemd_read(fd)) == NOTIFY_STATE_MAX - 1);
	notify_close(&n);
	close(fd);
}

Test(notify, nobody_listens)
{
	struct notify n;

	cr_expect(notify_open(&n, NULL) == 0);
	notify_send(&n, "READY=1");
	notify_close(&n);
	cr_expect(notify_open(&n, "") == 0);
	cr_expect(n.fd == -1);
	cr_expect(notify_open(&n, "@ctqd-nobody-is-there") == 0);
	notify_send(&n, "READY=1");
	notify_close(&n);
}

Test(notify, addresses_that_are_none)
{
	char name[256];
	struct notify n;

	cr_expect(notify_open(&n, "vsock:2:1") == -EAFNOSUPPORT);
	notify_send(&n, "READY=1");
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	cr_expect(notify_open(&n, name) == -ENAMETOOLONG);
	notify_send(&n, "READY=1");
}

Test(notify, how_often_the_watchdog_wants_to_be_fed)
{
	cr_expect(notify_watchdog_ns("10000000", NULL, 5) == 10000000000u);
	cr_expect(notify_watchdog_ns("10000000", "5", 5) == 10000000000u);
	cr_expect(notify_watchdog_ns("10000000", "6", 5) == 0, "meant for somebody else");
	cr_expect(notify_watchdog_ns(NULL, NULL, 5) == 0);
	cr_expect(notify_watchdog_ns("10s", NULL, 5) == 0);
	cr_expect(notify_watchdog_ns("-1", NULL, 5) == 0);
	cr_expect(notify_watchdog_ns("99999999999999999999", NULL, 5) == 0);
	cr_expect(notify_watchdog_ns("10000000", "", 5) == 0);
}
