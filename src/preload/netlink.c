/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink.c - a socket to ctqd that looks like one of NETLINK_NETFILTER
 *
 * Requests of our own (groups, datagrams) carry a port that no program uses. The first is answered before socket(2) returns. Those that change groups are waited
 * for as well, unless events have come before the answer: then it is taken away when the
 * program gets there.
 */
#include "preload/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctq/ctlink.h"
#include "preload/real.h"

/* How often a program may ask whether a daemon that is gone is there again. */
#define NETLINK_AWAY_MS 100

/* Programs that use select(2) have no more. */
#define NETLINK_FDS 1024

/* Patience with a daemon that has accepted us: reading rules may hold it up for a while. */
#define NETLINK_WAIT_MS 5000

/* What our own requests, and their answers, are known by. */
#define OWN_PORT 0xfffffffeu

/* Those of the kernel's groups of which ctqd has something to tell. */
#define GROUPS_KNOWN                                                 \
	(1u << CTQ_GROUP_FLOW_NEW | 1u << CTQ_GROUP_FLOW_UPDATE |    \
	 1u << CTQ_GROUP_FLOW_DESTROY | 1u << CTQ_GROUP_EXPECT_NEW | \
	 1u << CTQ_GROUP_EXPECT_UPDATE | 1u << CTQ_GROUP_EXPECT_DESTROY)

static struct netlink sockets[NETLINK_FDS];

/* ---- which sockets are ours --------------------------------------------------------- */

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) ? st.st_ino : 0;
}

struct netlink *netlink_find(int fd)
{
	struct netlink *n;

	if (fd < 0 || fd >= NETLINK_FDS)
		return NULL;
	n = &sockets[fd];
	if (!atomic_load_explicit(&n->port, memory_order_acquire))
		return NULL;
	if (inode_of(fd) == n->inode)
		return n;
	netlink_forget(fd);
	return NULL;
}

void netlink_forget(int fd)
{
	if (fd >= 0 && fd < NETLINK_FDS)
		atomic_store_explicit(&sockets[fd].port, 0, memory_order_release);
}

/* As the kernel has it: the first socket gets the process's id, the others what is free,
 * above what is taken for ids. */
static uint32_t port_new(void)
{
	static _Atomic uint32_t taken;
	uint32_t n = atomic_fetch_add(&taken, 1);

	return n ? 0xffffff00u - n : (uint32_t)getpid();
}

static int remember(int fd, uint32_t port)
{
	if (fd >= NETLINK_FDS) {
		errno = EMFILE;
		return -1;
	}
	sockets[fd].inode = inode_of(fd);
	sockets[fd].groups = 0;
	sockets[fd].hides_losses = false;
	sockets[fd].in_epoll = false;
	atomic_store_explicit(&sockets[fd].port, port, memory_order_release);
	return 0;
}

/* ---- requests of our own -------------------------------------------------------------- */

struct request {
	struct nlmsghdr nlh;
	struct nfgenmsg nfg;
	uint32_t attrs[2 * CTQ_GROUP_LIMIT];
};

static void request_begin(struct request *r, uint8_t message)
{
	static _Atomic uint32_t last_seq;

	memset(r, 0, sizeof(*r));
	r->nlh.nlmsg_len = NLMSG_LENGTH(sizeof(r->nfg));
	r->nlh.nlmsg_type = CTQ_SUBSYS_DAEMON << 8 | message;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	r->nlh.nlmsg_seq = atomic_fetch_add(&last_seq, 1) + 1;
	r->nlh.nlmsg_pid = OWN_PORT;
}

static void request_put(struct request *r, uint16_t type, const void *data, uint16_t size)
{
	struct nlattr nla = { .nla_len = (uint16_t)(NLA_HDRLEN + size),
		              .nla_type = type };
	char *to = (char *)r + r->nlh.nlmsg_len;

	memcpy(to, &nla, sizeof(nla));
	if (size)
		memcpy(to + NLA_HDRLEN, data, size);
	r->nlh.nlmsg_len += NLA_ALIGN(nla.nla_len);
}

/* The beginning of a datagram: enough to know it. */
struct head {
	struct nlmsghdr nlh;
	int error; /* of NLMSG_ERROR */
};

/* Look at the next datagram. 1: there is one; -1 with errno. */
static int peek(int fd, struct head *head, int flags)
{
	ssize_t n;

	memset(head, 0, sizeof(*head));
	n = real_calls()->recv(fd, head, sizeof(*head), MSG_PEEK | flags);
	if (n == 0)
		errno = ECONNRESET;
	return n > 0 ? 1 : -1;
}

static void take_away(int fd)
{
	char rest;

	real_calls()->recv(fd, &rest, sizeof(rest), MSG_DONTWAIT);
}

static bool is_own(const struct head *head)
{
	return head->nlh.nlmsg_type == NLMSG_ERROR && head->nlh.nlmsg_pid == OWN_PORT;
}

/* ctqd refuses a client by an error that answers nothing. */
static bool is_refusal(const struct head *head)
{
	return head->nlh.nlmsg_type == NLMSG_ERROR && head->nlh.nlmsg_seq == 0;
}

static int wait_readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int ready;

	do {
		ready = poll(&pfd, 1, NETLINK_WAIT_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready == 0)
		errno = ETIMEDOUT;
	return ready > 0 ? 0 : -1;
}

/* The answer to our request @seq; those to earlier ones are taken away. 0 as well when events
 * have come before it. */
static int answer_await(int fd, uint32_t seq)
{
	struct head head;

	for (;;) {
		if (wait_readable(fd) < 0)
			return -1;
		/* a peer that hangs up with something unread is an error first */
		if (peek(fd, &head, MSG_DONTWAIT) < 0 &&
		    (errno != ECONNRESET || peek(fd, &head, MSG_DONTWAIT) < 0))
			return -1;
		if (!is_own(&head) && !is_refusal(&head))
			return 0;
		take_away(fd);
		if (is_own(&head) && head.nlh.nlmsg_seq != seq)
			continue;
		errno = -head.error;
		return head.error ? -1 : 0;
	}
}

/* A daemon that refuses us may be gone already; why stands in the socket. */
static int request_send(int fd, const struct request *r)
{
	if (real_calls()->send(fd, r, r->nlh.nlmsg_len, MSG_NOSIGNAL) < 0 &&
	    errno != EPIPE && errno != ECONNRESET)
		return -1;
	return answer_await(fd, r->nlh.nlmsg_seq);
}

/* ---- socket(2) ------------------------------------------------------------------------ */

static const char *socket_path(void)
{
	const char *path = getenv(NETLINK_ENVIRONMENT);

	return path && *path ? path : CTQ_SOCKET_PATH;
}

static int connect_path(int fd, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	return real_calls()->connect(fd, (const struct sockaddr *)&address,
	                             sizeof(address));
}

/* Datagrams as the kernel sends them, and our port in the events that we cause. */
static int introduce(int fd, uint32_t port)
{
	uint32_t size = htonl(CTQ_DATAGRAM_MIN), port_be = htonl(port);
	struct request r;

	request_begin(&r, CTQ_MSG_DAEMON_SOCKET);
	request_put(&r, CTQA_SOCKET_DATAGRAM, &size, sizeof(size));
	request_put(&r, CTQA_SOCKET_SINGLE, NULL, 0);
	request_put(&r, CTQA_SOCKET_PORT, &port_be, sizeof(port_be));
	return request_send(fd, &r);
}

static int give_up(int fd, const char *what, int err)
{
	const char *path = socket_path();

	fprintf(stderr, "libctq-nfct: %s %s: %s%s\n", what, path, strerror(err),
	        err == ENOENT || err == ECONNREFUSED
	                ? "; is it running? systemctl status ctqd"
	                : "");
	if (fd >= 0)
		real_calls()->close(fd);
	errno = err == ENOENT ? ECONNREFUSED : err;
	return -1;
}

int netlink_open(int type)
{
	int fd = real_calls()->socket(AF_UNIX, SOCK_SEQPACKET | (type & SOCK_CLOEXEC), 0);
	uint32_t port = port_new();

	if (fd < 0)
		return give_up(fd, "no socket for", errno);
	if (connect_path(fd, socket_path()) < 0)
		return give_up(fd, "ctqd does not answer on", errno);
	if (introduce(fd, port) < 0)
		return give_up(fd, "ctqd refuses us on", errno);
	if (type & SOCK_NONBLOCK &&
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		return give_up(fd, "no socket for", errno);
	return remember(fd, port) < 0 ? give_up(fd, "no room for", errno) : fd;
}

/* ---- groups ------------------------------------------------------------------------------ */

static int groups_set(int fd, struct netlink *n, uint32_t groups)
{
	struct request r;
	uint32_t group, number;

	groups &= GROUPS_KNOWN;
	if (groups == n->groups)
		return 0;
	request_begin(&r, CTQ_MSG_DAEMON_SUBSCRIBE);
	for (group = 0; group < CTQ_GROUP_LIMIT; group++) {
		number = htonl(group);
		if (groups & 1u << group)
			request_put(&r, CTQA_GROUP_NUMBER, &number, sizeof(number));
	}
	if (request_send(fd, &r) < 0)
		return -1;
	n->groups = groups;
	return 0;
}

int netlink_bind(int fd, struct netlink *n, const struct sockaddr *address,
                 socklen_t size)
{
	struct sockaddr_nl nl;

	if (size < sizeof(nl) || address->sa_family != AF_NETLINK) {
		errno = EINVAL;
		return -1;
	}
	memcpy(&nl, address, sizeof(nl));
	if (nl.nl_pid) {
		if (introduce(fd, nl.nl_pid) < 0)
			return -1;
		atomic_store_explicit(&n->port, nl.nl_pid, memory_order_release);
	}
	return groups_set(fd, n, nl.nl_groups << 1); /* group 1 is the lowest bit there */
}

static int membership_set(int fd, struct netlink *n, int name, int group)
{
	if (group < 1 || group > NFNLGRP_MAX) {
		errno = EINVAL;
		return -1;
	}
	return groups_set(fd, n,
	                  name == NETLINK_ADD_MEMBERSHIP ? n->groups | 1u << group
	                                                 : n->groups & ~(1u << group));
}

int netlink_option_set(int fd, struct netlink *n, int name, const void *value,
                       socklen_t size)
{
	int number;

	if (size < sizeof(number)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(&number, value, sizeof(number));
	switch (name) {
	case NETLINK_ADD_MEMBERSHIP:
	case NETLINK_DROP_MEMBERSHIP: return membership_set(fd, n, name, number);
	case NETLINK_NO_ENOBUFS: n->hides_losses = number != 0; return 0;
	/* what answers look like is not ours to choose, nor whom ctqd's errors reach */
	case NETLINK_EXT_ACK:
	case NETLINK_CAP_ACK:
	case NETLINK_GET_STRICT_CHK:
	case NETLINK_BROADCAST_ERROR:
	case NETLINK_LISTEN_ALL_NSID: return 0;
	default: errno = ENOPROTOOPT; return -1;
	}
}

/* ---- a daemon that comes back -------------------------------------------------------------- */

/* Put @fresh, a new connection, in the place of @fd, with what was set on that. */
static int replace(int fd, struct netlink *n, int fresh)
{
	int status = fcntl(fd, F_GETFL), flags = fcntl(fd, F_GETFD);
	uint32_t groups = n->groups;

	if (dup3(fresh, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0 ||
	    fcntl(fd, F_SETFL, status & ~O_NONBLOCK) < 0)
		return -1;
	n->inode = inode_of(fd);
	n->groups = 0;
	if (groups_set(fd, n, groups) < 0) {
		n->groups = groups; /* for the next time */
		return -1;
	}
	return fcntl(fd, F_SETFL, status);
}

int netlink_come_back(int fd, struct netlink *n)
{
	int fresh, err = -1;

	if (n->in_epoll) {
		errno = ECONNRESET;
		return -1;
	}
	fresh = real_calls()->socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fresh < 0)
		return -1;
	if (connect_path(fresh, socket_path()) == 0 &&
	    introduce(fresh, atomic_load_explicit(&n->port, memory_order_acquire)) == 0)
		err = replace(fd, n, fresh);
	real_calls()->close(fresh);
	if (err < 0)
		poll(NULL, 0, NETLINK_AWAY_MS);
	errno = ECONNRESET;
	return err;
}

/* ---- addresses ----------------------------------------------------------------------------- */

void netlink_address(const struct netlink *n, struct sockaddr *address, socklen_t *size)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK };

	if (n) {
		nl.nl_pid = atomic_load_explicit(&n->port, memory_order_acquire);
		nl.nl_groups = n->groups >> 1;
	}
	memcpy(address, &nl, *size < sizeof(nl) ? *size : sizeof(nl));
	*size = sizeof(nl);
}

/* ---- reading ---------------------------------------------------------------------------------- */

static bool is_overrun(const struct head *head)
{
	return head->nlh.nlmsg_type == (CTQ_SUBSYS_DAEMON << 8 | CTQ_MSG_DAEMON_OVERRUN);
}

/* The daemon has hung up. To who listens, one that is back is an overrun: it has missed
 * something. An answer that was to come does not come. */
static int hung_up(int fd, struct netlink *n)
{
	if (netlink_come_back(fd, n) < 0)
		return -1;
	if (n->groups && n->hides_losses)
		return 0;
	errno = n->groups ? ENOBUFS : ECONNRESET;
	return -1;
}

int netlink_before_read(int fd, struct netlink *n, int flags)
{
	struct head head;

	for (;;) {
		if (peek(fd, &head, flags & MSG_DONTWAIT) < 0) {
			if (errno != ECONNRESET || hung_up(fd, n) < 0)
				return -1;
			continue;
		}
		if (!is_own(&head) && !is_overrun(&head))
			return 0;
		take_away(fd);
		if (is_overrun(&head) && !n->hides_losses) {
			errno = ENOBUFS;
			return -1;
		}
	}
}
