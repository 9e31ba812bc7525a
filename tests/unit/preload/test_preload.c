/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets of NETLINK_NETFILTER that lead to ctqd: what a program sees of them, with the
 * kernel's two libraries and without. The server runs in the test's thread, the program in
 * another one, which may block.
 */
#include <criterion/criterion.h>

#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- a program and its server -------------------------------------------------------------- */

struct stage {
	struct server server;
	void (*program)(struct stage *s);
	_Atomic bool is_over;
	_Atomic unsigned int kill_from, kill_to; /* flows that the server is to kill */
	_Atomic unsigned int killed,
		announced; /* so many are dead; and the daemon has said so */
};

static void *program_run(void *arg)
{
	struct stage *s = arg;

	s->program(s);
	atomic_store(&s->is_over, true);
	return NULL;
}

static void stage_step(struct stage *s)
{
	struct packet p;

	while (atomic_load(&s->killed) < atomic_load(&s->kill_to)) {
		p = packet_number(atomic_load(&s->killed));
		flow_kill(s->server.flows.worker,
		          flow_peek(s->server.flows.table, &p.tuple).flow,
		          FLOW_END_DELETED, s->server.flows.now_ns);
		atomic_fetch_add(&s->killed, 1);
	}
	control_step(s->server.control, s->server.flows.now_ns);
	control_tick(s->server.control, s->server.flows.now_ns);
	atomic_store(&s->announced, atomic_load(&s->killed));
}

static void play(unsigned int flows, const struct control_config *cfg,
                 void (*program)(struct stage *s))
{
	static struct stage s;
	pthread_t thread;

	s = (struct stage){ .server = server_new(flows, cfg), .program = program };
	setenv("CTQ_SOCKET", s.server.socket, 1);
	cr_assert_eq(pthread_create(&thread, NULL, program_run, &s), 0);
	while (!atomic_load(&s.is_over))
		stage_step(&s);
	pthread_join(thread, NULL);
	server_run(&s.server); /* it sees who has gone */
	server_end(&s.server);
}

static int open_plain(int type)
{
	return socket(AF_NETLINK, SOCK_RAW | type, NETLINK_NETFILTER);
}

static void ask(int fd, uint16_t type, uint16_t flags)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct ctlink_message m;

	request(&m, type, flags);
	cr_assert_eq(
		sendto(fd, m.data, m.size, 0, (struct sockaddr *)&kernel, sizeof(kernel)),
		m.size);
	ctlink_message_fini(&m);
}

/* The errno of the NLMSG_ERROR that comes next. */
static int read_error(int fd)
{
	struct {
		struct nlmsghdr nlh;
		struct nlmsgerr err;
		char rest[512];
	} answer;

	cr_assert_gt(recv(fd, &answer, sizeof(answer), 0), 0);
	cr_assert_eq(answer.nlh.nlmsg_type, NLMSG_ERROR);
	return -answer.err.error;
}

/* ---- addresses and options ------------------------------------------------------------------ */

static void program_names(struct stage *s)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };
	socklen_t size = sizeof(name);
	int fd = open_plain(0), other = open_plain(SOCK_CLOEXEC | SOCK_NONBLOCK);
	int one = 1;

	cr_assert_geq(fd, 0);
	cr_assert(fcntl(other, F_GETFL) & O_NONBLOCK);
	cr_assert(fcntl(other, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	cr_assert_eq(size, sizeof(name));
	cr_assert_eq(name.nl_family, AF_NETLINK);
	cr_assert_eq(name.nl_pid, (uint32_t)getpid());
	getsockname(other, (struct sockaddr *)&name, &size);
	cr_assert_neq(name.nl_pid, (uint32_t)getpid());
	name.nl_pid = 4711;
	name.nl_groups = 0;
	cr_assert_eq(bind(other, (struct sockaddr *)&name, sizeof(name)), 0);
	name.nl_pid = 0;
	getsockname(other, (struct sockaddr *)&name, &size);
	cr_assert_eq(name.nl_pid, 4711);

	cr_assert_eq(bind(fd, (struct sockaddr *)&name, 4), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)), 0);
	cr_assert_eq(setsockopt(fd, SOL_NETLINK, NETLINK_RX_RING, &one, sizeof(one)), -1);
	cr_assert_eq(errno, ENOPROTOOPT);
	one = NFNLGRP_MAX + 1;
	cr_assert_eq(
		setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &one, sizeof(one)),
		-1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &one, sizeof(one)), 0);
	close(fd);
	close(other);
}

Test(preload, a_socket_has_the_names_of_a_netlink_socket)
{
	play(0, NULL, program_names);
}

/* The number of a socket that was closed behind our back is another's. */
static void program_numbers(struct stage *s)
{
	struct sockaddr_nl name;
	socklen_t size = sizeof(name);
	int fd = open_plain(0), pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	cr_assert_eq(dup2(pair[0], fd), fd);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	cr_assert_eq(name.nl_family, AF_UNIX);
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

Test(preload, numbers_that_are_another_s_now_are_left_alone)
{
	play(0, NULL, program_numbers);
}

Test(preload, other_families_are_left_alone)
{
	struct sockaddr_nl name;
	socklen_t size = sizeof(name);
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), domain = 0;

	cr_assert_geq(fd, 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	size = sizeof(domain);
	cr_assert_eq(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size), 0);
	cr_assert_eq(domain, AF_NETLINK);
	close(fd);
}

/* ---- no daemon --------------------------------------------------------------------------------- */

Test(preload, without_a_daemon_the_connection_is_refused)
{
	char text[256] = "";
	int fds[2], saved = dup(STDERR_FILENO);

	cr_assert_eq(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	setenv("CTQ_SOCKET", "/nonexistent/ctl.sock", 1);
	errno = 0;
	cr_assert_eq(open_plain(0), -1);
	cr_assert_eq(errno, ECONNREFUSED);
	dup2(saved, STDERR_FILENO);
	cr_assert_gt(read(fds[0], text, sizeof(text) - 1), 0);
	cr_assert_str_eq(text, "libctq-nfct: ctqd does not answer on "
	                       "/nonexistent/ctl.sock: No such file or directory; is it "
	                       "running? systemctl status ctqd\n");
}

static void program_many(struct stage *s)
{
	int fd[1 + CTQ_ADMIN_RESERVE], i;

	for (i = 0; i < 1 + CTQ_ADMIN_RESERVE; i++) {
		fd[i] = open_plain(0);
		cr_assert_geq(fd[i], 0);
	}
	cr_assert_eq(open_plain(0), -1);
	cr_assert_eq(errno, EBUSY);
	while (i)
		close(fd[--i]);
}

Test(preload, a_daemon_with_too_many_clients_is_busy)
{
	struct control_config cfg;

	control_config_init(&cfg);
	cfg.clients_max = 1;
	play(0, &cfg, program_many);
}

/* ---- the kernel's libraries ------------------------------------------------------------------- */

static int count_flow(enum nf_conntrack_msg_type type, struct nf_conntrack *ct,
                      void *data)
{
	++*(unsigned int *)data;
	return NFCT_CB_CONTINUE;
}

static void program_nfct(struct stage *s)
{
	struct nfct_handle *h = nfct_open(CONNTRACK, 0);
	struct nf_conntrack *ct = nfct_new();
	uint32_t family = AF_UNSPEC;
	unsigned int n = 0;

	cr_assert_not_null(h, "%s", strerror(errno));
	nfct_callback_register(h, NFCT_T_ALL, count_flow, &n);
	cr_assert_eq(nfct_query(h, NFCT_Q_DUMP, &family), 0, "%s", strerror(errno));
	cr_assert_eq(n, 200);
	nfct_set_attr_u8(ct, ATTR_L3PROTO, AF_INET);
	nfct_set_attr_u8(ct, ATTR_L4PROTO, IPPROTO_TCP);
	cr_assert_eq(nfct_query(h, NFCT_Q_GET, ct), -1);
	cr_assert_eq(nfct_query(h, NFCT_Q_FLUSH, &family), 0);
	n = 0;
	cr_assert_eq(nfct_query(h, NFCT_Q_DUMP, &family), 0);
	cr_assert_eq(n, 0);
	nfct_destroy(ct);
	nfct_close(h);
}

Test(preload, libnfnetlink_dumps_and_flushes)
{
	play(200, NULL, program_nfct);
}

static int count_message(const struct nlmsghdr *nlh, void *data)
{
	++*(unsigned int *)data;
	return MNL_CB_OK;
}

static void program_mnl(struct stage *s)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_NETFILTER);
	char buffer[CTQ_DATAGRAM_MIN];
	unsigned int n = 0;
	ssize_t size;
	int more = MNL_CB_OK;

	cr_assert_not_null(nl);
	cr_assert_eq(mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID), 0);
	ask(mnl_socket_get_fd(nl), CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET),
	    NLM_F_DUMP);
	while (more > MNL_CB_STOP) {
		size = mnl_socket_recvfrom(nl, buffer, sizeof(buffer));
		cr_assert_gt(size, 0, "%s", strerror(errno));
		more = mnl_cb_run(buffer, (size_t)size, 77, mnl_socket_get_portid(nl),
		                  count_message, &n);
	}
	cr_assert_eq(more, MNL_CB_STOP);
	cr_assert_eq(n, 200);
	mnl_socket_close(nl);
}

Test(preload, libmnl_dumps_into_a_page)
{
	play(200, NULL, program_mnl);
}

/* ---- datagrams ------------------------------------------------------------------------------------ */

static void program_reads(struct stage *s)
{
	struct sockaddr_nl from = { .nl_family = AF_UNIX, .nl_pid = 7 };
	socklen_t size = sizeof(from);
	uint8_t part[20], whole[512];
	struct iovec iov = { part, sizeof(part) };
	struct msghdr msg = { .msg_name = &from,
		              .msg_namelen = sizeof(from),
		              .msg_iov = &iov,
		              .msg_iovlen = 1 };
	int fd = open_plain(0);
	ssize_t n;

	cr_assert_eq(recv(fd, whole, sizeof(whole), MSG_DONTWAIT), -1);
	cr_assert_eq(errno, EAGAIN);
	ask(fd, CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET_STATS), 0);
	n = recvfrom(fd, NULL, 0, MSG_PEEK | MSG_TRUNC, (struct sockaddr *)&from, &size);
	cr_assert_gt(n, 20);
	cr_assert_eq(size, sizeof(from));
	cr_assert_eq(from.nl_family, AF_NETLINK);
	cr_assert_eq(from.nl_pid, 0);
	cr_assert_eq(recvmsg(fd, &msg, MSG_PEEK), 20);
	cr_assert(msg.msg_flags & MSG_TRUNC);
	cr_assert_eq(msg.msg_namelen, sizeof(from));
	cr_assert_eq(read(fd, whole, sizeof(whole)), n);
	cr_assert_eq(memcmp(whole, part, sizeof(part)), 0);
	close(fd);
}

Test(preload, reading_peeks_and_truncates_as_from_netlink)
{
	play(1, NULL, program_reads);
}

static void program_unknown(struct stage *s)
{
	static const uint8_t subsystems[] = { NFNL_SUBSYS_QUEUE, NFNL_SUBSYS_ULOG,
		                              NFNL_SUBSYS_CTNETLINK_TIMEOUT,
		                              NFNL_SUBSYS_CTHELPER,
		                              NFNL_SUBSYS_NFTABLES };
	int fd = open_plain(0);
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(subsystems); i++) {
		ask(fd, CTLINK_TYPE(subsystems[i], 0), NLM_F_ACK);
		cr_assert_eq(read_error(fd), EINVAL, "subsystem %u", subsystems[i]);
	}
	close(fd);
}

/* As the kernel's nfnetlink answers when a module is not there. */
Test(preload, subsystems_that_are_not_there_are_EINVAL)
{
	play(0, NULL, program_unknown);
}

/* ---- groups ------------------------------------------------------------------------------------------ */

static void join(int fd, int option, int group)
{
	cr_assert_eq(setsockopt(fd, SOL_NETLINK, option, &group, sizeof(group)), 0, "%s",
	             strerror(errno));
}

static void program_events(struct stage *s)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };
	struct pollfd pfd = { .events = POLLIN };
	union {
		struct nlmsghdr nlh;
		uint8_t bytes[CTQ_DATAGRAM_MIN];
	} event;
	unsigned int i;
	int fd = open_plain(0);

	name.nl_groups = 1 << (CTQ_GROUP_FLOW_DESTROY - 1);
	cr_assert_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	atomic_store(&s->kill_to, 3);
	while (atomic_load(&s->announced) < 3)
		;
	join(fd, NETLINK_ADD_MEMBERSHIP, CTQ_GROUP_FLOW_NEW);
	join(fd, NETLINK_ADD_MEMBERSHIP, NFNLGRP_NFTABLES);
	for (i = 0; i < 3; i++) {
		cr_assert_gt(recv(fd, &event, sizeof(event), 0), 0);
		cr_assert_eq(event.nlh.nlmsg_type,
		             CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE));
		cr_assert_eq(event.nlh.nlmsg_seq, 0);
	}
	join(fd, NETLINK_DROP_MEMBERSHIP, CTQ_GROUP_FLOW_DESTROY);
	atomic_store(&s->kill_to, 5);
	ask(fd, CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET_STATS), 0);
	pfd.fd = fd;
	cr_assert_eq(poll(&pfd, 1, -1), 1);
	cr_assert_gt(recv(fd, &event, sizeof(event), 0), 0);
	cr_assert_eq(event.nlh.nlmsg_type,
	             CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET_STATS),
	             "no answer of our own requests, no event of a group that was left");
	close(fd);
}

Test(preload, events_come_one_by_one_from_the_groups_that_were_joined)
{
	play(5, NULL, program_events);
}

static void program_slow(struct stage *s)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };
	uint8_t event[CTQ_DATAGRAM_MIN];
	unsigned int heard = 0;
	int fd = open_plain(0);

	name.nl_groups = 1 << (CTQ_GROUP_FLOW_DESTROY - 1);
	cr_assert_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	atomic_store(&s->kill_to, 1000);
	while (atomic_load(&s->announced) < 1000)
		;
	while (recv(fd, event, sizeof(event), 0) > 0)
		heard++;
	cr_assert_eq(errno, ENOBUFS);
	cr_assert_gt(heard, 0);
	cr_assert_lt(heard, 1000);
	close(fd);
}

Test(preload, a_slow_reader_gets_ENOBUFS)
{
	struct control_config cfg;

	control_config_init(&cfg);
	cfg.buffer_max = 4096;
	play(1000, &cfg, program_slow);
}
