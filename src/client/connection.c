/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * connection.c - the socket: open, close, one datagram in or out
 *
 * The socket never blocks; waiting is poll(2) with the connection's timeout, counted
 * anew for each datagram: a long dump may take its time, a silent daemon may not.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/client_priv.h"

#define NS_PER_MS 1000000u

static void connection_close(struct ctq *ctq)
{
	if (ctq->fd >= 0)
		close(ctq->fd);
	ctq->fd = -1;
}

struct ctq *client_new(const struct ctlink_memory *memory)
{
	struct ctq *ctq = ctlink_memory_resize(memory, NULL, sizeof(*ctq));

	if (!ctq)
		return NULL;
	memset(ctq, 0, sizeof(*ctq));
	ctq->fd = -1;
	ctq->timeout_ms = CLIENT_TIMEOUT_MS;
	ctq->memory = memory;
	ctlink_message_init(&ctq->out, CTQ_DATAGRAM_MAX, memory);
	ctlink_message_init(&ctq->scratch, CTQ_DATAGRAM_MAX, memory);
	ctq->in = ctlink_memory_resize(memory, NULL, CTQ_DATAGRAM_MAX);
	if (!ctq->in) {
		ctq_destroy(ctq);
		return NULL;
	}
	return ctq;
}

struct ctq *ctq_new(void)
{
	return client_new(NULL);
}

void ctq_destroy(struct ctq *ctq)
{
	if (!ctq)
		return;
	connection_close(ctq);
	ctlink_message_fini(&ctq->scratch);
	ctlink_message_fini(&ctq->out);
	ctlink_memory_free(ctq->memory, ctq->in);
	ctlink_memory_free(ctq->memory, ctq);
}

int client_fail(struct ctq *ctq, enum ctq_error_origin origin, int code, const char *fmt,
                ...)
{
	va_list ap;

	memset(&ctq->error, 0, sizeof(ctq->error));
	ctq->error.origin = origin;
	ctq->error.code = code;
	va_start(ap, fmt);
	vsnprintf(ctq->error.text, sizeof(ctq->error.text), fmt, ap);
	va_end(ap);
	if (origin == CTQ_ERROR_ANSWER && code != -EINTR)
		connection_close(ctq);
	return code;
}

const char *client_cause(int err)
{
	const char *text;

	switch (err) {
	case ENOENT: return "no such file";
	case ECONNREFUSED: return "connection refused";
	case EACCES: return "permission denied";
	case ENOMEM: return "no memory";
	}
	text = strerrordesc_np(err);
	return text ? text : "unknown error";
}

static int connect_failed(struct ctq *ctq, int err)
{
	client_fail(ctq, CTQ_ERROR_CONNECT, -err, "ctqd does not answer on %s: %s",
	            ctq->path, client_cause(err));
	snprintf(ctq->error.hint, sizeof(ctq->error.hint), "%s",
	         err == EACCES ? "only members of the daemon's group may connect"
	                       : "is it running?  systemctl status ctqd");
	return -err;
}

int ctq_connect(struct ctq *ctq, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int err;

	if (ctq->busy)
		return -EBUSY;
	if (!path)
		path = CTQ_SOCKET_PATH;
	if (strlen(path) >= sizeof(address.sun_path))
		return client_fail(ctq, CTQ_ERROR_CONNECT, -ENAMETOOLONG,
		                   "'%s' is too long for a socket's path", path);
	connection_close(ctq);
	strcpy(address.sun_path, path);
	strcpy(ctq->path, path);
	ctq->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ctq->fd < 0)
		return connect_failed(ctq, errno);
	if (connect(ctq->fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		err = errno;
		connection_close(ctq);
		return connect_failed(ctq, err);
	}
	ctq->error.origin = CTQ_ERROR_NONE;
	return 0;
}

int ctq_adopt(struct ctq *ctq, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (ctq->busy)
		return -EBUSY;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return client_fail(ctq, CTQ_ERROR_CONNECT, -errno, "this is no socket");
	connection_close(ctq);
	strcpy(ctq->path, "a given socket");
	ctq->fd = fd;
	ctq->error.origin = CTQ_ERROR_NONE;
	return 0;
}

void ctq_timeout_set(struct ctq *ctq, int ms)
{
	ctq->timeout_ms = ms;
}

int ctq_fd(const struct ctq *ctq)
{
	return ctq->fd < 0 ? -ENOTCONN : ctq->fd;
}

const struct ctq_error *ctq_error(const struct ctq *ctq)
{
	return &ctq->error;
}

/*
 * Wait for @events for @ms milliseconds (-1: for ever). 0, -EAGAIN: not in time. A signal
 * starts the wait over with what is left of its time.
 */
static int connection_wait(const struct ctq *ctq, short events, int ms)
{
	struct pollfd pfd = { .fd = ctq->fd, .events = events };
	uint64_t now = clock_monotonic_ns(), end;
	int ready, left = ms;

	end = now + (uint64_t)(ms < 0 ? 0 : ms) * NS_PER_MS;
	for (;;) {
		ready = poll(&pfd, 1, left);
		if (ready > 0)
			return 0;
		if (ready == 0)
			return -EAGAIN;
		if (errno != EINTR)
			return -errno;
		now = clock_monotonic_ns();
		if (ms >= 0)
			left = now >= end ? 0 : (int)((end - now) / NS_PER_MS);
	}
}

static int timed_out(struct ctq *ctq)
{
	return client_fail(ctq, CTQ_ERROR_ANSWER, -ETIMEDOUT,
	                   "ctqd on %s was silent for %d.%d s", ctq->path,
	                   ctq->timeout_ms / 1000, ctq->timeout_ms % 1000 / 100);
}

static int hung_up(struct ctq *ctq)
{
	return client_fail(ctq, CTQ_ERROR_ANSWER, -ECONNRESET,
	                   "ctqd on %s closed the connection", ctq->path);
}

int client_send(struct ctq *ctq)
{
	ssize_t sent;

	if (ctq->fd < 0)
		return client_fail(ctq, CTQ_ERROR_CONNECT, -ENOTCONN, "not connected");
	for (;;) {
		sent = send(ctq->fd, ctq->out.data, ctq->out.size, MSG_NOSIGNAL);
		if (sent >= 0)
			break;
		/* Who hung up has perhaps said why: that is still to be read. */
		if (errno == EPIPE || errno == ECONNRESET)
			break;
		if (errno != EAGAIN && errno != EINTR)
			return client_fail(ctq, CTQ_ERROR_LOCAL, -errno,
			                   "cannot send to ctqd: %s",
			                   client_cause(errno));
		if (connection_wait(ctq, POLLOUT, ctq->timeout_ms))
			return timed_out(ctq);
	}
	ctlink_message_reset(&ctq->out);
	return 0;
}

/*
 * One look at the socket: bytes, 0: hung up, or a negative errno. A peer that closes with a
 * request of ours unread gives ECONNRESET once, before what it had still sent.
 */
static ssize_t receive_now(struct ctq *ctq)
{
	struct iovec iov = { .iov_base = ctq->in, .iov_len = CTQ_DATAGRAM_MAX };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t size;

	do
		size = recvmsg(ctq->fd, &msg, MSG_DONTWAIT);
	while (size < 0 && (errno == EINTR || errno == ECONNRESET));
	if (size < 0)
		return -errno;
	return msg.msg_flags & MSG_TRUNC ? -EMSGSIZE : size;
}

ssize_t client_receive(struct ctq *ctq, int wait_ms)
{
	ssize_t size;
	int err;

	if (ctq->fd < 0)
		return client_fail(ctq, CTQ_ERROR_CONNECT, -ENOTCONN, "not connected");
	size = receive_now(ctq);
	if (size == -EAGAIN && wait_ms != 0) {
		err = connection_wait(ctq, POLLIN, wait_ms);
		size = err ? err : receive_now(ctq);
	}
	if (size > 0 || size == -EAGAIN)
		return size;
	if (size == -EMSGSIZE)
		return client_fail(ctq, CTQ_ERROR_ANSWER, -EBADMSG,
		                   "ctqd sent more than %u bytes at once",
		                   CTQ_DATAGRAM_MAX);
	if (size == 0)
		return hung_up(ctq);
	return client_fail(ctq, CTQ_ERROR_ANSWER, (int)size, "cannot read from ctqd: %s",
	                   client_cause((int)-size));
}

int ctq_wait(struct ctq *ctq, int ms)
{
	struct pollfd pfd = { .fd = ctq->fd, .events = POLLIN };
	int ready;

	if (ctq->fd < 0)
		return client_fail(ctq, CTQ_ERROR_CONNECT, -ENOTCONN, "not connected");
	ready = poll(&pfd, 1, ms);
	if (ready < 0)
		return -errno;
	return ready ? 0 : -ETIMEDOUT;
}
