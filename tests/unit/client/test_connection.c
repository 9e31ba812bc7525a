/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/client_priv.h"
#include "fake.h"
#include "help.h"

static struct ctq *ctq;

static void setup(void)
{
	ctq = ctq_new();
	cr_assert_not_null(ctq);
}

static void teardown(void)
{
	ctq_destroy(ctq);
}

TestSuite(connection, .init = setup, .fini = teardown);

Test(connection, no_daemon_is_told_with_cause_and_remedy)
{
	cr_assert_eq(ctq_connect(ctq, "/nonexistent/ctl.sock"), -ENOENT);
	cr_assert_eq(ctq_error(ctq)->origin, CTQ_ERROR_CONNECT);
	cr_assert_str_eq(ctq_error(ctq)->text,
	                 "ctqd does not answer on /nonexistent/ctl.sock: no such file");
	cr_assert_str_eq(ctq_error(ctq)->hint, "is it running?  systemctl status ctqd");
	cr_assert_eq(ctq_fd(ctq), -ENOTCONN);
	cr_assert_eq(ctq_reload(ctq), -ENOTCONN);
}

Test(connection, a_path_that_no_socket_can_have_is_refused)
{
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	cr_assert_eq(ctq_connect(ctq, path), -ENAMETOOLONG);
}

Test(connection, a_dead_socket_is_refused)
{
	struct fake *fake = fake_new();
	char path[96];

	strcpy(path, fake->path);
	close(fake->stop[1]);
	pthread_join(fake->thread, NULL);
	close(fake->listener); /* the file stays */
	cr_assert_eq(ctq_connect(ctq, path), -ECONNREFUSED);
	unlink(path);
	rmdir(fake->directory);
	free(fake);
}

Test(connection, can_be_used_again_after_it_broke)
{
	struct fake *fake = fake_new();

	fake->hang_up = CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_RELOAD);
	cr_assert_eq(ctq_connect(ctq, fake->path), 0);
	cr_assert_geq(ctq_fd(ctq), 0);
	cr_assert_eq(ctq_reload(ctq), -ECONNRESET);
	cr_assert_eq(ctq_error(ctq)->origin, CTQ_ERROR_ANSWER);
	cr_assert_eq(ctq_fd(ctq), -ENOTCONN);
	cr_assert_eq(ctq_connect(ctq, fake->path), 0);
	cr_assert_eq(ctq_flows_flush(ctq), 0);
	fake_end(fake);
}

Test(connection, silence_ends_with_the_timeout)
{
	struct fake *fake = fake_new();

	fake->silent = CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_RELOAD);
	ctq_timeout_set(ctq, 20);
	cr_assert_eq(ctq_connect(ctq, fake->path), 0);
	cr_assert_eq(ctq_reload(ctq), -ETIMEDOUT);
	cr_assert_not_null(strstr(ctq_error(ctq)->text, "was silent for 0.0 s"));
	cr_assert_eq(ctq_fd(ctq), -ENOTCONN,
	             "a late answer must not meet another question");
	fake_end(fake);
}

/* Whether the request is sent before the daemon closes or after: its words arrive. */
Test(connection, who_is_turned_away_hears_why)
{
	struct fake *fake = fake_new();
	struct pollfd pfd;

	fake->unwelcome = true;
	ctlink_error_set(&fake->error, -EPERM, 0, "this user may not connect");
	ctlink_error_hint(&fake->error, "run as root");
	cr_assert_eq(ctq_connect(ctq, fake->path), 0);
	pfd = (struct pollfd){ .fd = ctq_fd(ctq), .events = POLLIN };
	cr_assert_eq(poll(&pfd, 1, 5000), 1);
	cr_assert_eq(ctq_reload(ctq), -EPERM);
	cr_assert_eq(ctq_error(ctq)->origin, CTQ_ERROR_DAEMON);
	cr_assert_str_eq(ctq_error(ctq)->text, "this user may not connect");
	cr_assert_str_eq(ctq_error(ctq)->hint, "run as root");
	cr_assert_eq(ctq_reload(ctq), -ECONNRESET, "and then it is closed");
	cr_assert_eq(ctq_connect(ctq, fake->path), 0);
	cr_assert_eq(ctq_reload(ctq), -EPERM);
	fake_end(fake);
}

Test(connection, takes_a_socket_that_is_open)
{
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	cr_assert_eq(ctq_adopt(ctq, fds[0]), 0);
	cr_assert_eq(ctq_fd(ctq), fds[0]);
	close(fds[1]);
	cr_assert_eq(ctq_reload(ctq), -ECONNRESET);
	cr_assert_eq(ctq_adopt(ctq, 9999), -EBADF);
}

Test(connection, a_datagram_above_the_limit_is_no_answer)
{
	static uint8_t bytes[CTQ_DATAGRAM_MAX + 4];
	struct fake *fake = fake_new();

	fake->garbage = CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_RELOAD);
	fake->garbage_bytes = bytes;
	fake->garbage_size = sizeof(bytes);
	cr_assert_eq(ctq_connect(ctq, fake->path), 0);
	cr_assert_eq(ctq_reload(ctq), -EBADMSG);
	fake_end(fake);
}

Test(connection, failing_allocation_leaks_nothing)
{
	struct help_memory memory;
	struct ctq *made;
	size_t n;

	for (n = 0;; n++) {
		help_memory_init(&memory, n);
		made = client_new(&memory.memory);
		if (made)
			break;
		cr_assert_eq(memory.live, 0);
	}
	cr_assert_eq(n, 2, "the connection and its buffer");
	ctq_destroy(made);
	cr_assert_eq(memory.live, 0);
	ctq_destroy(NULL);
}

/* The buffer of requests is allocated when it is needed first. */
Test(connection, a_request_without_memory_fails_and_the_next_works)
{
	struct fake *fake = fake_new();
	struct help_memory memory;
	struct ctq *made;

	help_memory_init(&memory, 2);
	made = client_new(&memory.memory);
	cr_assert_eq(ctq_connect(made, fake->path), 0);
	cr_assert_eq(ctq_reload(made), -ENOMEM);
	cr_assert_eq(ctq_error(made)->origin, CTQ_ERROR_LOCAL);
	memory.left = 8;
	cr_assert_eq(ctq_reload(made), 0);
	ctq_destroy(made);
	cr_assert_eq(memory.live, 0);
	fake_end(fake);
}
