/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * offload.c - two sockets of the kernel's tracker and their messages
 *
 * `events` has the group of DESTROY, and its buffer may overrun; `requests` carries one list at
 * a time, and what takes marks off. The kernel answers the latter only when something is wrong:
 * mostly that the entry is gone already, which is what was wanted.
 *
 * Synchronisation: a message that takes a mark off is sent by any thread, whole, in one system
 * call; all else belongs to the control thread.
 */
#include "offload/offload.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink_compat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "ctlink/flow.h"
#include "offload/offload_priv.h"

#define NS_PER_S 1000000000ull

/* Events of connections that end all at once: 8 MiB hold some ten thousand. */
#define EVENTS_BUFFER (8 << 20)

/* Datagrams of one step: a list's have 32 KiB, about a hundred entries. */
#define STEP_DATAGRAMS 32
#define DATAGRAM_MAX   65536

/* ---- life ------------------------------------------------------------------------ */

static int socket_open(struct offload *o, unsigned int groups, struct mnl_socket **out)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct mnl_socket *s =
		mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (!s)
		return -errno;
	*out = s;
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0 ||
	    epoll_ctl(o->epoll, EPOLL_CTL_ADD, mnl_socket_get_fd(s), &event) < 0)
		return -errno;
	return 0;
}

/* From now on the kernel makes events of its connections' ends. */
static int events_open(struct offload *o)
{
	int size = EVENTS_BUFFER, r;

	r = socket_open(o, NF_NETLINK_CONNTRACK_DESTROY, &o->events);
	if (r < 0 && o->events) {
		mnl_socket_close(o->events);
		o->events = NULL;
	}
	if (r < 0)
		return r;
	/* without the right to it, the buffer is as large as the system allows */
	if (setsockopt(mnl_socket_get_fd(o->events), SOL_SOCKET, SO_RCVBUFFORCE, &size,
	               sizeof(size)) < 0)
		setsockopt(mnl_socket_get_fd(o->events), SOL_SOCKET, SO_RCVBUF, &size,
		           sizeof(size));
	return 0;
}

int offload_new(const struct offload_config *cfg, struct offload **out)
{
	struct offload *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return -ENOMEM;
	o->cfg = *cfg;
	o->next_seq = 1;
	o->epoll = epoll_create1(EPOLL_CLOEXEC);
	offload_recall(o, 1); /* what others have marked */
	r = o->epoll < 0 ? -errno : socket_open(o, 0, &o->requests);
	if (r < 0) {
		offload_destroy(o);
		return r;
	}
	*out = o;
	return 0;
}

void offload_destroy(struct offload *o)
{
	if (!o)
		return;
	if (o->events)
		mnl_socket_close(o->events);
	if (o->requests)
		mnl_socket_close(o->requests);
	if (o->epoll >= 0)
		close(o->epoll);
	free(o);
}

int offload_fd(const struct offload *o)
{
	return o->epoll;
}

/* ---- requests -------------------------------------------------------------------- */

/* Send @m; what the kernel has to say of it comes later. */
static void request_send(const struct offload *o, const struct ctlink_message *m)
{
	(void)!send(mnl_socket_get_fd(o->requests), m->data, m->size, MSG_NOSIGNAL);
}

static void list_begin(struct offload *o)
{
	struct ctlink_header header = {
		.type = CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET),
		.flags = NLM_F_REQUEST | NLM_F_DUMP,
		.seq = o->next_seq,
	};
	struct ctlink_message m;

	ctlink_message_init(&m, DATAGRAM_MAX, NULL);
	ctlink_message_begin(&m, &header);
	ctlink_message_put_u32(&m, CTA_MARK, o->cfg.mark_value);
	ctlink_message_put_u32(&m, CTA_MARK_MASK, o->cfg.mark_mask);
	if (ctlink_message_end(&m) == 0) {
		o->list_seq = o->next_seq;
		o->next_seq = o->next_seq == UINT32_MAX ? 1 : o->next_seq + 1;
		o->recalls = o->recall;
		o->recall = false;
		request_send(o, &m);
	}
	ctlink_message_fini(&m);
}

/* The kernel keeps the bits that the mask leaves out (ctnetlink_change_mark()). */
static void mark_off(const struct offload *o, const struct tuple *tuple)
{
	struct ctlink_header header = {
		.type = CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW),
		.flags = NLM_F_REQUEST,
	};
	struct ctlink_flow value = { .mark = 0, .mark_mask = o->cfg.mark_mask };
	struct ctlink_message m;

	memcpy(&value.orig, tuple, sizeof(value.orig));
	value.zone = tuple->zone;
	ctlink_mark(&value, CTLINK_FLOW_ORIG);
	ctlink_mark(&value, CTLINK_FLOW_ZONE);
	ctlink_mark(&value, CTLINK_FLOW_MARK);
	ctlink_mark(&value, CTLINK_FLOW_MARK_MASK);
	ctlink_message_init(&m, DATAGRAM_MAX, NULL);
	if (ctlink_flow_build(&m, &header, &value) == 0)
		request_send(o, &m);
	ctlink_message_fini(&m);
}

void offload_release(void *offload, const struct flow *f)
{
	struct tuple tuple;

	flow_tuple_load(f, TRACK_ORIGINAL, &tuple);
	mark_off(offload, &tuple);
}

void offload_recall(struct offload *o, uint32_t generation)
{
	o->recall = true;
	o->recall_before = generation;
	o->list_due_ns = 0;
}

int offload_listen(struct offload *o)
{
	return o->events ? 0 : events_open(o);
}

void offload_tick(struct offload *o, uint64_t now_ns)
{
	if (o->sweeps)
		o->sweeps = offload_sweep(o, now_ns);
	if (now_ns < o->list_due_ns || !(o->recall || o->events))
		return;
	/* a list that has not come to its end when the next one is overdue was lost */
	if (o->list_seq && now_ns < o->list_due_ns + OFFLOAD_LIST_S * NS_PER_S)
		return;
	o->list_due_ns = now_ns + OFFLOAD_LIST_S * NS_PER_S;
	o->list_began_s = (uint32_t)(now_ns / NS_PER_S);
	o->sweeps = false;
	list_begin(o);
}

/* ---- what the kernel says -------------------------------------------------------- */

static void recall_entry(struct offload *o, const struct ctlink_flow *entry,
                         uint64_t now_ns)
{
	struct tuple tuple;

	if (!offload_entry_recall(o, entry, now_ns))
		return;
	memcpy(&tuple, &entry->orig, sizeof(tuple));
	mark_off(o, &tuple);
}

static void on_entry(struct offload *o, const struct nlmsghdr *nlh, uint64_t now_ns)
{
	struct ctlink_error error;
	struct ctlink_flow entry;

	if (ctlink_flow_parse(nlh, &entry, &error) < 0 ||
	    (entry.mark & o->cfg.mark_mask) != o->cfg.mark_value)
		return;
	if (nlh->nlmsg_type == CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE))
		offload_entry_gone(o, &entry, now_ns);
	else if (o->recalls)
		recall_entry(o, &entry, now_ns);
	else
		offload_entry_alive(o, &entry, now_ns);
}

/* @whole: what it did not have is not there. */
static void list_end(struct offload *o, bool whole)
{
	o->list_seq = 0;
	o->sweeps = whole && !o->recalls;
	memset(&o->sweep, 0, sizeof(o->sweep));
}

static bool is_of_list(const struct offload *o, const struct nlmsghdr *nlh)
{
	return o->list_seq && nlh->nlmsg_seq == o->list_seq;
}

static void on_message(struct offload *o, const struct nlmsghdr *nlh, uint64_t now_ns)
{
	switch (nlh->nlmsg_type) {
	case NLMSG_DONE:
		if (is_of_list(o, nlh))
			list_end(o, !(nlh->nlmsg_flags & NLM_F_DUMP_INTR));
		return;
	case NLMSG_ERROR: /* of a mark: its entry is gone; of a list: try again next time */
		if (is_of_list(o, nlh))
			list_end(o, false);
		return;
	case CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW):
	case CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE):
		on_entry(o, nlh, now_ns);
		return;
	default: return;
	}
}

static void on_datagram(struct offload *o, const void *data, uint32_t size,
                        uint64_t now_ns)
{
	struct ctlink_datagram datagram;
	const struct nlmsghdr *nlh;
	struct ctlink_error error;

	ctlink_datagram_init(&datagram, data, size);
	while (ctlink_datagram_next(&datagram, &nlh, &error) > 0)
		on_message(o, nlh, now_ns);
}

static void socket_read(struct offload *o, struct mnl_socket *s, uint64_t now_ns)
{
	uint8_t data[DATAGRAM_MAX] BASE_ALIGNED(8);
	unsigned int i;
	ssize_t size;

	for (i = 0; i < STEP_DATAGRAMS; i++) {
		size = mnl_socket_recvfrom(s, data, sizeof(data));
		if (size > 0) {
			on_datagram(o, data, (uint32_t)size, now_ns);
		} else if (size < 0 && errno != EINTR && errno != ENOBUFS) {
			return; /* after an overrun the next list tells who has ended */
		}
	}
}

void offload_step(struct offload *o, uint64_t now_ns)
{
	if (o->events)
		socket_read(o, o->events, now_ns);
	socket_read(o, o->requests, now_ns);
}
