/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink.c - queue_netlink: the kernel's NFQUEUE through a netlink socket of its own
 *
 * Receiving. One recvmmsg(2) brings up to 64 datagrams into slots of one buffer; the
 * messages in them are handed out in order, as many as the caller has room for, and the
 * next system call is made when all are gone. Acknowledgements and refusals come between
 * packets, asynchronously: nobody waits for them once packets flow.
 *
 * Sending. All verdicts of a batch go out in one datagram (message.c builds it), which
 * the kernel has carried out when sendto(2) returns. A datagram that could not be sent
 * stays in @out and goes first (Q2).
 *
 * Binding. The order matters: a bound queue gets no packets before its copy mode is set,
 * so that is done last, and until then each request can wait for its acknowledgement.
 * Only the socket that has bound a queue can configure it or send its verdicts.
 *
 * Taking over (cfg->fd). Packets that wait in the socket are received as ever. Those that
 * the owner before us had received but not answered cannot be had again; their ids are
 * below the first one that we receive, and the first batch verdict would release them
 * unjudged. So they are dropped before it.
 */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "queue/explain.h"
#include "queue/kernel_stats.h"
#include "queue/message.h"
#include "queue/queue_priv.h"

/*
 * What a packet costs in the socket's receive buffer: the sk_buff, its message, and the
 * copied bytes, rounded up to the sizes of the kernel's allocator. Measured on 6.18: 832
 * bytes for a small packet, whatever the copy range; 1280 for one of which 256 or 512
 * bytes are copied, 2304 for 1024.
 */
static uint64_t packet_cost(uint32_t copy_range)
{
	return 768 + 2 * (uint64_t)copy_range;
}

/* Room for a batch of single verdicts and the drop that may stand before them, and for as
 * many answers to held packets. A batch is received only when nothing is unsent, so that its
 * room is free when its verdicts come, whatever was answered meanwhile. */
#define BATCH_ROOM ((QUEUE_BATCH_MAX + 1) * MESSAGE_VERDICT_MAX)
#define OUT_MAX    (2 * BATCH_ROOM)

struct netlink_queue {
	struct queue queue; /* first: struct queue_ops' functions get this */
	struct mnl_socket *socket;
	uint32_t seq; /* of the last configuration message */

	/* received: datagrams [current, datagrams) are not handed out yet */
	uint8_t *slots;
	uint32_t slot_size;
	unsigned int datagrams, current;
	uint32_t offset; /* in the current one */
	struct mmsghdr headers[QUEUE_BATCH_MAX];
	struct iovec vectors[QUEUE_BATCH_MAX];
	struct sockaddr_nl senders[QUEUE_BATCH_MAX];

	/* to be sent */
	uint8_t out[OUT_MAX] BASE_ALIGNED(8);
	size_t out_size;

	bool taken_over;    /* and no verdict was sent since */
	uint32_t purge_seq; /* of the verdict that drops what the owner before us left */
};

static struct netlink_queue *self(struct queue *q)
{
	return base_container_of(q, struct netlink_queue, queue);
}

/* -- receiving ---------------------------------------------------------------------- */

static void arm_slots(struct netlink_queue *nq)
{
	unsigned int i;

	for (i = 0; i < QUEUE_BATCH_MAX; i++) {
		nq->vectors[i].iov_base = nq->slots + (size_t)i * nq->slot_size;
		nq->vectors[i].iov_len = nq->slot_size;
		nq->headers[i].msg_hdr.msg_iov = &nq->vectors[i];
		nq->headers[i].msg_hdr.msg_iovlen = 1;
		nq->headers[i].msg_hdr.msg_name = &nq->senders[i];
		nq->headers[i].msg_hdr.msg_namelen = sizeof(nq->senders[i]);
	}
}

/* Take up to @max datagrams from the socket: not more than can be handed out at once, so
 * that a queue can be left between two batches. Returns their number, 0: none waits, or
 * a negative errno. */
static int fill(struct netlink_queue *nq, unsigned int max)
{
	int n;

	nq->datagrams = nq->current = nq->offset = 0;
	do {
		n = recvmmsg(nq->queue.fd, nq->headers, max, MSG_DONTWAIT, NULL);
		if (n < 0 && errno == ENOBUFS)
			queue_count(&nq->queue.count.overruns, 1);
	} while (n < 0 && (errno == EINTR || errno == ENOBUFS));
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	nq->datagrams = (unsigned int)n;
	return n;
}

/* Datagrams of others than the kernel (port 0) are passed over. */
static bool is_forged(struct netlink_queue *nq)
{
	if (nq->senders[nq->current].nl_pid == 0)
		return false;
	queue_count(&nq->queue.count.malformed, 1);
	return true;
}

/* The next message that was received, or NULL; *@size: of its bytes that are there, which
 * are fewer than it says when its slot was too small. */
static const struct nlmsghdr *next_message(struct netlink_queue *nq, size_t *size)
{
	const struct nlmsghdr *nlh;
	uint32_t left, length;

	for (; nq->current < nq->datagrams; nq->current++, nq->offset = 0) {
		left = nq->headers[nq->current].msg_len - nq->offset;
		if (left < MNL_NLMSG_HDRLEN || is_forged(nq))
			continue;
		nlh = (const void *)((uint8_t *)nq->vectors[nq->current].iov_base +
		                     nq->offset);
		length = nlh->nlmsg_len < MNL_NLMSG_HDRLEN ? left : nlh->nlmsg_len;
		*size = length < left ? length : left;
		length = (uint32_t)MNL_ALIGN(*size);
		nq->offset += length < left ? length : left;
		return nlh;
	}
	return NULL;
}

static void note_other(struct netlink_queue *nq, const struct message *m)
{
	if (m->kind == MESSAGE_MALFORMED)
		queue_count(&nq->queue.count.malformed, 1);
	else if (m->error && m->seq != nq->purge_seq)
		queue_count(&nq->queue.count.errors, 1);
}

/* Hand out packets of what was received. */
static unsigned int take_packets(struct netlink_queue *nq, struct packet *packets,
                                 unsigned int max)
{
	const struct nlmsghdr *nlh;
	unsigned int n = 0;
	struct message m;
	size_t size;

	while (n < max && (nlh = next_message(nq, &size))) {
		m = message_parse(nlh, size, &packets[n]);
		if (m.kind == MESSAGE_PACKET)
			n++;
		else
			note_other(nq, &m);
	}
	return n;
}

/* -- sending ------------------------------------------------------------------------ */

static int send_bytes(struct netlink_queue *nq, const void *buf, size_t size)
{
	ssize_t n;

	do
		n = mnl_socket_sendto(nq->socket, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int flush(struct netlink_queue *nq)
{
	int err;

	if (!nq->out_size)
		return 0;
	err = send_bytes(nq, nq->out, nq->out_size);
	if (err)
		queue_count(&nq->queue.count.unsent, 1);
	else
		nq->out_size = 0;
	return err;
}

/* The kernel is short of memory for the moment; all else is for good. */
static bool is_temporary(int err)
{
	return err == -EAGAIN || err == -ENOBUFS || err == -ENOMEM;
}

static int netlink_receive(struct queue *q, struct packet *packets, unsigned int max)
{
	struct netlink_queue *nq = self(q);
	unsigned int n;
	int err;

	err = flush(nq);
	if (err)
		return is_temporary(err) ? 0 : err;
	do {
		n = take_packets(nq, packets, max);
		if (n)
			return (int)n;
		err = fill(nq, max);
	} while (err > 0);
	return err;
}

/* Drop what is older than @id and was not answered: see "Taking over" on top. */
static void put_purge(struct netlink_queue *nq, uint32_t id)
{
	static const struct packet_verdict drop = { .accept = false };
	struct nlmsghdr *nlh = (void *)(nq->out + nq->out_size);

	nq->out_size +=
		message_verdict_batch_put(nlh, nq->queue.cfg.number, id - 1, &drop);
	nlh->nlmsg_seq = nq->purge_seq = ++nq->seq;
	nq->taken_over = false;
}

static int netlink_verdict(struct queue *q, const struct packet *packets,
                           const struct packet_verdict *verdicts, unsigned int n,
                           uint64_t held)
{
	struct netlink_queue *nq = self(q);

	if (nq->taken_over)
		put_purge(nq, packets[0].id);
	nq->out_size +=
		message_verdicts_put(nq->out + nq->out_size, q->cfg.number, packets,
	                             verdicts, n, held, queue_held(q) == 0);
	return flush(nq);
}

static int netlink_answer(struct queue *q, uint32_t id,
                          const struct packet_verdict *verdict)
{
	struct netlink_queue *nq = self(q);

	if (nq->out_size + MESSAGE_VERDICT_MAX > BATCH_ROOM && flush(nq))
		return -ENOBUFS;
	nq->out_size +=
		message_verdict_put(nq->out + nq->out_size, q->cfg.number, id, verdict);
	return 0;
}

static int netlink_flush(struct queue *q)
{
	return flush(self(q));
}

/* -- binding ------------------------------------------------------------------------ */

/* Send a configuration message and wait for its acknowledgement, which is there when the
 * message is sent. Only as long as no packets come. */
static int exchange(struct netlink_queue *nq, const void *buf, size_t size)
{
	struct packet unused;
	struct message m;
	uint8_t answer[1024] BASE_ALIGNED(8);
	ssize_t n;
	int err;

	err = send_bytes(nq, buf, size);
	if (err)
		return err;
	do {
		n = mnl_socket_recvfrom(nq->socket, answer, sizeof(answer));
		if (n < 0)
			return -errno;
		m = message_parse((const void *)answer, (size_t)n, &unused);
	} while (m.kind != MESSAGE_ACK || m.seq != nq->seq);
	return m.error;
}

static uint32_t config_flags(const struct queue_config *cfg)
{
	return (cfg->gso ? NFQA_CFG_F_GSO : 0) |
	       (cfg->fail_open ? NFQA_CFG_F_FAIL_OPEN : 0) |
	       (cfg->uid_gid ? NFQA_CFG_F_UID_GID : 0);
}

#define FLAGS_MASK (NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_UID_GID)

static void explain_bind_now(char *error, uint16_t queue, int err)
{
	struct queue_kernel_stats *ks = NULL;
	struct queue_kernel_row row;
	bool found;

	found = queue_kernel_stats_open(&ks) == 0 &&
	        queue_kernel_stats_read(ks, queue, &row) == 0;
	explain_bind(error, queue, err, found ? &row : NULL);
	queue_kernel_stats_close(ks);
}

/* Has the copy mode been refused? Its acknowledgement is behind packets, perhaps; then it
 * was not. What was received stays for the first queue_receive(). */
static int check_copy_mode(struct netlink_queue *nq)
{
	const struct nlmsghdr *nlh;
	struct packet unused;
	struct message m;
	size_t size;
	int err = fill(nq, QUEUE_BATCH_MAX);

	if (err < 0)
		return err;
	err = 0;
	while (!err && (nlh = next_message(nq, &size))) {
		m = message_parse(nlh, size, &unused);
		if (m.kind == MESSAGE_ACK && m.seq == nq->seq)
			err = m.error;
	}
	nq->current = nq->offset = 0;
	return err;
}

static int bind_queue(struct netlink_queue *nq, const struct queue_config *cfg,
                      char *error)
{
	uint8_t buf[MESSAGE_CONFIG_MAX] BASE_ALIGNED(8);
	uint16_t queue = cfg->number;
	int err;

	err = exchange(nq, buf, message_bind_put(buf, queue, ++nq->seq));
	if (err) {
		explain_bind_now(error, queue, err);
		return err;
	}
	err = exchange(
		nq, buf,
		message_flags_put(buf, queue, ++nq->seq, config_flags(cfg), FLAGS_MASK));
	if (err) {
		explain_refusal(error, queue, "set its flags", err);
		return err;
	}
	err = exchange(nq, buf, message_maxlen_put(buf, queue, ++nq->seq, cfg->maxlen));
	if (err) {
		explain_refusal(error, queue, "set its length", err);
		return err;
	}
	err = send_bytes(nq, buf,
	                 message_copy_put(buf, queue, ++nq->seq, cfg->copy_range));
	if (!err)
		err = check_copy_mode(nq);
	if (err)
		explain_refusal(error, queue, "set its copy range", err);
	return err;
}

/* -- taking over -------------------------------------------------------------------- */

/* Does the kernel's list say that another socket has the queue? If it cannot be read, the
 * one who handed the socket over is believed. */
static int check_ownership(struct netlink_queue *nq, uint16_t queue, char *error)
{
	struct queue_kernel_stats *ks;
	struct queue_kernel_row row;
	int err;

	if (queue_kernel_stats_open(&ks))
		return 0;
	err = queue_kernel_stats_read(ks, queue, &row);
	queue_kernel_stats_close(ks);
	if (!err && row.portid == mnl_socket_get_portid(nq->socket))
		return 0;
	explain_adoption(error, queue, err ? NULL : &row);
	return -EBADF;
}

/* Acknowledgements stand behind the packets that wait: they are read with them. */
static int take_queue_over(struct netlink_queue *nq, const struct queue_config *cfg,
                           char *error)
{
	uint8_t buf[3 * MESSAGE_CONFIG_MAX] BASE_ALIGNED(8);
	uint16_t queue = cfg->number;
	size_t size = 0;
	int err;

	err = check_ownership(nq, queue, error);
	if (err)
		return err;
	nq->taken_over = true;
	size += message_flags_put(buf + size, queue, ++nq->seq, config_flags(cfg),
	                          FLAGS_MASK);
	size += message_maxlen_put(buf + size, queue, ++nq->seq, cfg->maxlen);
	size += message_copy_put(buf + size, queue, ++nq->seq, cfg->copy_range);
	err = send_bytes(nq, buf, size);
	if (err)
		explain_refusal(error, queue, "configure it", err);
	return err;
}

/* -- the socket --------------------------------------------------------------------- */

static uint32_t buffer_wanted(const struct queue_config *cfg)
{
	uint64_t wanted = cfg->receive_buffer;

	if (!wanted)
		wanted = cfg->maxlen * packet_cost(cfg->copy_range);
	return wanted < INT32_MAX ? (uint32_t)wanted : INT32_MAX;
}

static uint32_t buffer_actual(int fd)
{
	socklen_t length = sizeof(int);
	int size = 0;

	getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length);
	return (uint32_t)size;
}

static uint32_t buffer_limit(void)
{
	FILE *f = fopen("/proc/sys/net/core/rmem_max", "re");
	unsigned int limit = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%u", &limit) != 1)
		limit = 0;
	fclose(f);
	return limit;
}

/* The kernel doubles what it is asked for, as room for its own bookkeeping, and shows
 * the double. */
static void set_buffer(struct netlink_queue *nq, const struct queue_config *cfg)
{
	uint32_t wanted = buffer_wanted(cfg);
	int half = (int)(wanted / 2), fd = nq->queue.fd;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &half, sizeof(half)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &half, sizeof(half));
	nq->queue.receive_buffer = buffer_actual(fd);
	if (nq->queue.receive_buffer < wanted / 2 * 2)
		explain_buffer(nq->queue.warning, cfg->number, nq->queue.receive_buffer,
		               wanted, buffer_limit());
}

/* Losses are counted by the kernel and shown by queue/kernel_stats.h, so that the socket
 * need not report each; where these options are unknown, nothing is lost but comfort. */
static void set_options(struct netlink_queue *nq)
{
	int on = 1;

	mnl_socket_setsockopt(nq->socket, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	mnl_socket_setsockopt(nq->socket, NETLINK_CAP_ACK, &on, sizeof(on));
}

static int open_socket(struct netlink_queue *nq, int fd)
{
	if (fd >= 0) {
		nq->socket = mnl_socket_fdopen(fd);
		if (nq->socket && fcntl(fd, F_SETFL, O_NONBLOCK))
			return -errno;
	} else {
		nq->socket =
			mnl_socket_open2(NETLINK_NETFILTER, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (nq->socket && mnl_socket_bind(nq->socket, 0, MNL_SOCKET_AUTOPID))
			return -errno;
	}
	if (!nq->socket)
		return -errno;
	nq->queue.fd = mnl_socket_get_fd(nq->socket);
	return 0;
}

/* -- life --------------------------------------------------------------------------- */

static void destroy(struct netlink_queue *nq)
{
	if (nq->socket)
		mnl_socket_close(nq->socket);
	free(nq->slots);
	free(nq);
}

static struct netlink_queue *create(const struct queue_config *cfg)
{
	struct netlink_queue *nq = calloc(1, sizeof(*nq));

	if (!nq)
		return NULL;
	nq->slot_size = (uint32_t)MNL_ALIGN(cfg->copy_range) + MESSAGE_OVERHEAD;
	nq->slots = calloc(QUEUE_BATCH_MAX, nq->slot_size);
	if (!nq->slots) {
		free(nq);
		return NULL;
	}
	arm_slots(nq);
	return nq;
}

static int netlink_open(const struct queue_config *cfg, struct queue **out, char *error)
{
	struct netlink_queue *nq = create(cfg);
	int err;

	if (!nq) {
		explain_refusal(error, cfg->number, "open", -ENOMEM);
		return -ENOMEM;
	}
	err = open_socket(nq, cfg->fd);
	if (err) {
		explain_socket(error, err);
		goto out_destroy;
	}
	set_options(nq);
	set_buffer(nq, cfg);
	err = cfg->fd >= 0 ? take_queue_over(nq, cfg, error) : bind_queue(nq, cfg, error);
	if (err)
		goto out_destroy;
	*out = &nq->queue;
	return 0;

out_destroy:
	destroy(nq);
	return err;
}

static int netlink_drain(struct queue *q)
{
	uint8_t buf[MESSAGE_CONFIG_MAX] BASE_ALIGNED(8);
	struct netlink_queue *nq = self(q);

	return send_bytes(nq, buf, message_maxlen_put(buf, q->cfg.number, ++nq->seq, 0));
}

static void netlink_close(struct queue *q, bool unbind)
{
	uint8_t buf[MESSAGE_CONFIG_MAX] BASE_ALIGNED(8);
	struct netlink_queue *nq = self(q);

	flush(nq);
	if (unbind)
		send_bytes(nq, buf, message_unbind_put(buf, q->cfg.number, ++nq->seq));
	destroy(nq);
}

const struct queue_ops queue_netlink = {
	.name = "netlink",
	.open = netlink_open,
	.receive = netlink_receive,
	.verdict = netlink_verdict,
	.answer = netlink_answer,
	.flush = netlink_flush,
	.drain = netlink_drain,
	.close = netlink_close,
};
