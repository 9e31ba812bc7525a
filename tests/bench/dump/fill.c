/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fill - make COUNT established TCP connections, in ctqd's table or the kernel's
 *
 * usage: bench-fill COUNT [SOCKET]
 *
 * The messages are the same for both, ctnetlink's: over the daemon's SOCKET, or over netlink
 * to the tracker of this network namespace. Prints how many there are then; stops at the first
 * that is refused, because the table is full.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BATCH 256   /* messages of a datagram, of which the last is acknowledged */
#define PORTS 50000 /* connections of one source address */
#define BYTES (BATCH * 256)

static void put_tuple(struct nlmsghdr *nlh, uint16_t type, uint32_t src, uint32_t dst,
                      uint16_t sport, uint16_t dport)
{
	struct nlattr *tuple = mnl_attr_nest_start(nlh, type), *nest;

	nest = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
	mnl_attr_put_u32(nlh, CTA_IP_V4_SRC, htonl(src));
	mnl_attr_put_u32(nlh, CTA_IP_V4_DST, htonl(dst));
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(nlh, CTA_PROTO_NUM, IPPROTO_TCP);
	mnl_attr_put_u16(nlh, CTA_PROTO_SRC_PORT, htons(sport));
	mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(dport));
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, tuple);
}

/* Connection @n: 10.x.y.z:port to 192.0.2.1:443. Returns the message's bytes. */
static uint32_t put_connection(char *at, uint32_t n, bool ack)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(at);
	struct nfgenmsg *nfg;
	struct nlattr *info, *tcp;
	uint32_t src = 0x0a000001 + n / PORTS, dst = 0xc0000201;
	uint16_t port = (uint16_t)(1024 + n % PORTS);

	nlh->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	nlh->nlmsg_flags =
		NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | (ack ? NLM_F_ACK : 0);
	nlh->nlmsg_seq = n + 1;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = AF_INET;
	put_tuple(nlh, CTA_TUPLE_ORIG, src, dst, port, 443);
	put_tuple(nlh, CTA_TUPLE_REPLY, dst, src, 443, port);
	mnl_attr_put_u32(nlh, CTA_STATUS,
	                 htonl(IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED));
	mnl_attr_put_u32(nlh, CTA_TIMEOUT, htonl(86400));
	info = mnl_attr_nest_start(nlh, CTA_PROTOINFO);
	tcp = mnl_attr_nest_start(nlh, CTA_PROTOINFO_TCP);
	mnl_attr_put_u8(nlh, CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
	mnl_attr_nest_end(nlh, tcp);
	mnl_attr_nest_end(nlh, info);
	return nlh->nlmsg_len;
}

static int open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd;

	if (!path) {
		fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
		return bind(fd, (struct sockaddr *)&kernel, sizeof(kernel)) < 0 ? -1 : fd;
	}
	if (strlen(path) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -1 : fd;
}

/* Read until message @last is answered. 0, or the first errno among the answers. */
static int read_answers(int fd, uint32_t last)
{
	static char in[1 << 17];
	const struct nlmsgerr *answer;
	const struct nlmsghdr *nlh;
	int left, err = 0;

	for (;;) {
		left = (int)recv(fd, in, sizeof(in), 0);
		if (left <= 0)
			return left < 0 ? -errno : -ECONNRESET;
		for (nlh = (struct nlmsghdr *)in; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_type != NLMSG_ERROR)
				continue;
			answer = mnl_nlmsg_get_payload(nlh);
			err = err ? err : answer->error;
			if (nlh->nlmsg_seq == last)
				return err;
		}
	}
}

int main(int argc, char **argv)
{
	static char out[BYTES];
	uint32_t count, n = 0, i, size;
	int fd, err = 0;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: bench-fill COUNT [SOCKET]\n");
		return 2;
	}
	count = (uint32_t)strtoul(argv[1], NULL, 10);
	fd = open_socket(argc > 2 ? argv[2] : NULL);
	if (fd < 0) {
		perror("bench-fill");
		return 1;
	}
	while (n < count && err == 0) {
		size = 0;
		for (i = 0; i < BATCH && n < count; i++, n++)
			size += put_connection(out + size, n,
			                       i + 1 == BATCH || n + 1 == count);
		if (send(fd, out, size, 0) < 0)
			err = -errno;
		else
			err = read_answers(fd, n);
	}
	if (err)
		fprintf(stderr, "bench-fill: about %u connections: %s\n", n,
		        strerror(-err));
	close(fd);
	return err != 0;
}
