/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nfq_loop.c - receive and accept, nothing else: what ctqd is measured against
 *
 *	nfq-loop classic QUEUE    as libnetfilter_queue's example does it: one packet copied
 *	                          whole, one verdict, default buffers
 *	nfq-loop batched QUEUE    as fast as it goes: 64 packets a call, headers only, large
 *	                          buffers, one verdict for all of a batch
 *
 * Shares no code with ctqd. Says "ready", and ends at SIGTERM.
 */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH       64
#define HEADERS     128
#define SLOT        1024
#define BUFFER      (64 << 20)
#define QUEUE_LIMIT 65536

static struct mnl_socket *nl;
static uint16_t queue;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void stop(int number)
{
	(void)number;
	_Exit(0);
}

static void send_message(const struct nlmsghdr *nlh)
{
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		fail("send");
}

/* -- set up ------------------------------------------------------------------------- */

static void bind_queue(void)
{
	char buf[256];
	struct nlmsghdr *nlh;
	ssize_t n;

	nl = mnl_socket_open(NETLINK_NETFILTER);
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID))
		fail("netlink");
	nlh = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, queue);
	nlh->nlmsg_flags |= NLM_F_ACK;
	nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	send_message(nlh);
	n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (n < 0 ||
	    mnl_cb_run(buf, (size_t)n, 0, mnl_socket_get_portid(nl), NULL, NULL) < 0)
		fail("bind");
}

static void configure(int range, uint32_t limit)
{
	char buf[256];
	struct nlmsghdr *nlh = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, queue);

	nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, range);
	mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(NFQA_CFG_F_GSO));
	mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO));
	if (limit)
		nfq_nlmsg_cfg_put_qmaxlen(nlh, limit);
	send_message(nlh);
	printf("ready\n");
	fflush(stdout);
}

/* Id of the packet in the message at @nlh, in network order. */
static uint32_t packet_id(const struct nlmsghdr *nlh)
{
	struct nfqnl_msg_packet_hdr header = { 0, 0, 0 };
	const struct nlattr *attr;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFQA_PACKET_HDR)
			continue;
		memcpy(&header, mnl_attr_get_payload(attr), sizeof(header));
		break;
	}
	return header.packet_id;
}

static void accept_packet(int type, uint32_t id)
{
	char buf[256];
	struct nlmsghdr *nlh = nfq_nlmsg_put(buf, type, queue);

	nfq_nlmsg_verdict_put(nlh, (int)ntohl(id), NF_ACCEPT);
	send_message(nlh);
}

/* -- classic ------------------------------------------------------------------------ */

static int on_packet(const struct nlmsghdr *nlh, void *data)
{
	(void)data;
	accept_packet(NFQNL_MSG_VERDICT, packet_id(nlh));
	return MNL_CB_OK;
}

static void run_classic(void)
{
	static char buf[0xffff + 4096];
	unsigned int portid = mnl_socket_get_portid(nl);
	int on = 1;
	ssize_t n;

	mnl_socket_setsockopt(nl, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	configure(0xffff, 0);
	for (;;) {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0 || mnl_cb_run(buf, (size_t)n, 0, portid, on_packet, NULL) < 0)
			fail("receive");
	}
}

/* -- batched ------------------------------------------------------------------------ */

static void run_batched(void)
{
	static char slots[BATCH][SLOT] __attribute__((aligned(8)));
	struct mmsghdr headers[BATCH] = { 0 };
	struct iovec vectors[BATCH];
	int fd = mnl_socket_get_fd(nl), size = BUFFER, on = 1, i, n;

	for (i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){ slots[i], SLOT };
		headers[i].msg_hdr.msg_iov = &vectors[i];
		headers[i].msg_hdr.msg_iovlen = 1;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		fail("SO_RCVBUFFORCE");
	mnl_socket_setsockopt(nl, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	configure(HEADERS, QUEUE_LIMIT);
	for (;;) {
		n = recvmmsg(fd, headers, BATCH, MSG_WAITFORONE, NULL);
		if (n < 1)
			fail("receive");
		accept_packet(NFQNL_MSG_VERDICT_BATCH, packet_id((void *)slots[n - 1]));
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	signal(SIGTERM, stop);
	queue = (uint16_t)atoi(argv[2]);
	bind_queue();
	if (!strcmp(argv[1], "classic"))
		run_classic();
	else if (!strcmp(argv[1], "batched"))
		run_batched();
	return 2;
}
