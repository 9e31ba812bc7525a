/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "queue/message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <string.h>
#include <sys/socket.h>

/* -- packets ------------------------------------------------------------------------ */

#define PACKET_TYPE (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET)
#define HEADERS     (MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct nfgenmsg)))

static uint32_t be32(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) == 4 ? ntohl(mnl_attr_get_u32(attr)) : 0;
}

/* The protocol family is the hook's, but for bridges, where the ethertype must tell. */
static uint8_t find_family(uint8_t hook_family, uint16_t ethertype)
{
	if (hook_family == AF_INET || hook_family == AF_INET6)
		return hook_family;
	switch (ethertype) {
	case ETH_P_IP: return AF_INET;
	case ETH_P_IPV6: return AF_INET6;
	default: return AF_UNSPEC;
	}
}

static bool read_packet_header(const struct nlattr *attr, uint8_t hook_family,
                               struct packet *p)
{
	struct nfqnl_msg_packet_hdr header;

	if (mnl_attr_get_payload_len(attr) < sizeof(header))
		return false;
	memcpy(&header, mnl_attr_get_payload(attr), sizeof(header));
	p->id = ntohl(header.packet_id);
	p->hook = header.hook;
	p->family = find_family(hook_family, ntohs(header.hw_protocol));
	return true;
}

static void read_skb_info(uint32_t info, struct packet *p)
{
	if (info & NFQA_SKB_CSUMNOTREADY)
		p->checksum = PACKET_CHECKSUM_NOT_READY;
	else if (info & NFQA_SKB_CSUM_NOTVERIFIED)
		p->checksum = PACKET_CHECKSUM_UNVERIFIED;
	p->gso = info & NFQA_SKB_GSO;
}

static void read_payload(const struct nlattr *attr, struct packet *p)
{
	p->data = mnl_attr_get_payload(attr);
	p->captured = mnl_attr_get_payload_len(attr);
	if (p->length < p->captured)
		p->length = p->captured;
}

static void read_attribute(const struct nlattr *attr, struct packet *p)
{
	switch (mnl_attr_get_type(attr)) {
	case NFQA_MARK: p->mark = be32(attr); break;
	case NFQA_IFINDEX_INDEV: p->ifin = be32(attr); break;
	case NFQA_IFINDEX_OUTDEV: p->ifout = be32(attr); break;
	case NFQA_IFINDEX_PHYSINDEV: p->physin = be32(attr); break;
	case NFQA_IFINDEX_PHYSOUTDEV: p->physout = be32(attr); break;
	case NFQA_CAP_LEN: p->length = be32(attr); break;
	case NFQA_SKB_INFO: read_skb_info(be32(attr), p); break;
	case NFQA_UID:
		p->uid = be32(attr);
		p->has_uid = true;
		break;
	case NFQA_GID: p->gid = be32(attr); break;
	case NFQA_PAYLOAD: read_payload(attr, p); break;
	}
}

/* Attributes come in any order; only the packet header must be there. */
static enum message_kind parse_packet(const struct nlmsghdr *nlh, size_t size,
                                      struct packet *p)
{
	const uint8_t *bytes = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr =
		mnl_nlmsg_get_payload_offset(nlh, sizeof(struct nfgenmsg));
	int left = (int)size - (int)HEADERS;
	struct nfgenmsg header;
	bool has_header = false;

	if (left < 0)
		return MESSAGE_MALFORMED;
	memcpy(&header, bytes, sizeof(header));
	/* libmnl's loop takes the length from the message, which may be cut off */
	for (; mnl_attr_ok(attr, left); attr = mnl_attr_next(attr)) {
		left -= MNL_ALIGN(attr->nla_len);
		if (mnl_attr_get_type(attr) == NFQA_PACKET_HDR)
			has_header = read_packet_header(attr, header.nfgen_family, p);
		else
			read_attribute(attr, p);
	}
	return has_header ? MESSAGE_PACKET : MESSAGE_MALFORMED;
}

static enum message_kind parse_ack(const struct nlmsghdr *nlh, size_t size,
                                   struct message *m)
{
	struct nlmsgerr error;

	if (size < MNL_NLMSG_HDRLEN + sizeof(error))
		return MESSAGE_MALFORMED;
	memcpy(&error, mnl_nlmsg_get_payload(nlh), sizeof(error));
	m->error = error.error;
	m->seq = error.msg.nlmsg_seq;
	return MESSAGE_ACK;
}

struct message message_parse(const struct nlmsghdr *nlh, size_t size, struct packet *p)
{
	struct message m = { .kind = MESSAGE_MALFORMED };

	if (size < MNL_NLMSG_HDRLEN)
		return m;
	if (nlh->nlmsg_len < size)
		size = nlh->nlmsg_len;
	memset(p, 0, sizeof(*p));
	if (nlh->nlmsg_type == NLMSG_ERROR)
		m.kind = parse_ack(nlh, size, &m);
	else if (nlh->nlmsg_type == PACKET_TYPE)
		m.kind = parse_packet(nlh, size, p);
	return m;
}

/* -- verdicts ----------------------------------------------------------------------- */

static size_t put_verdict(void *buf, int type, uint16_t queue, uint32_t id,
                          const struct packet_verdict *verdict)
{
	struct nlmsghdr *nlh = nfq_nlmsg_put(buf, type, queue);

	nfq_nlmsg_verdict_put(nlh, (int)id, verdict->accept ? NF_ACCEPT : NF_DROP);
	if (verdict->set_mark)
		nfq_nlmsg_verdict_put_mark(nlh, verdict->mark);
	return nlh->nlmsg_len;
}

size_t message_verdict_put(void *buf, uint16_t queue, uint32_t id,
                           const struct packet_verdict *verdict)
{
	return put_verdict(buf, NFQNL_MSG_VERDICT, queue, id, verdict);
}

size_t message_verdict_batch_put(void *buf, uint16_t queue, uint32_t id,
                                 const struct packet_verdict *verdict)
{
	return put_verdict(buf, NFQNL_MSG_VERDICT_BATCH, queue, id, verdict);
}

static bool verdicts_equal(const struct packet_verdict *a, const struct packet_verdict *b)
{
	return a->accept == b->accept && a->set_mark == b->set_mark &&
	       (!a->set_mark || a->mark == b->mark);
}

/* Packets from @first on, without held ones between, that get the same verdict. */
static unsigned int run_length(const struct packet_verdict *verdicts, unsigned int first,
                               unsigned int n, uint64_t held)
{
	unsigned int i;

	for (i = first + 1; i < n; i++)
		if (held & (uint64_t)1 << i ||
		    !verdicts_equal(&verdicts[i], &verdicts[first]))
			break;
	return i - first;
}

/*
 * A run of equal verdicts becomes one batch verdict for its last id. The ids below that
 * run are answered by then, since messages are taken in order: so the batch hits nothing
 * else, unless a packet is held. From the first held one on, only single verdicts go out.
 */
size_t message_verdicts_put(void *buf, uint16_t queue, const struct packet *packets,
                            const struct packet_verdict *verdicts, unsigned int n,
                            uint64_t held, bool batch)
{
	unsigned int i, run;
	uint8_t *at = buf;

	for (i = 0; i < n; i += run) {
		run = 1;
		if (held & (uint64_t)1 << i) {
			batch = false;
			continue;
		}
		if (batch)
			run = run_length(verdicts, i, n, held);
		if (run > 1)
			at += message_verdict_batch_put(
				at, queue, packets[i + run - 1].id, &verdicts[i]);
		else
			at += message_verdict_put(at, queue, packets[i].id, &verdicts[i]);
	}
	return (size_t)(at - (uint8_t *)buf);
}

/* -- configuration ------------------------------------------------------------------ */

static struct nlmsghdr *put_config(void *buf, uint16_t queue, uint32_t seq)
{
	struct nlmsghdr *nlh = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, queue);

	nlh->nlmsg_flags |= NLM_F_ACK;
	nlh->nlmsg_seq = seq;
	return nlh;
}

size_t message_bind_put(void *buf, uint16_t queue, uint32_t seq)
{
	struct nlmsghdr *nlh = put_config(buf, queue, seq);

	nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	return nlh->nlmsg_len;
}

size_t message_unbind_put(void *buf, uint16_t queue, uint32_t seq)
{
	struct nlmsghdr *nlh = put_config(buf, queue, seq);

	nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_UNBIND);
	return nlh->nlmsg_len;
}

size_t message_flags_put(void *buf, uint16_t queue, uint32_t seq, uint32_t flags,
                         uint32_t mask)
{
	struct nlmsghdr *nlh = put_config(buf, queue, seq);

	mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(flags));
	mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(mask));
	return nlh->nlmsg_len;
}

size_t message_maxlen_put(void *buf, uint16_t queue, uint32_t seq, uint32_t maxlen)
{
	struct nlmsghdr *nlh = put_config(buf, queue, seq);

	nfq_nlmsg_cfg_put_qmaxlen(nlh, maxlen);
	return nlh->nlmsg_len;
}

size_t message_copy_put(void *buf, uint16_t queue, uint32_t seq, uint32_t range)
{
	struct nlmsghdr *nlh = put_config(buf, queue, seq);

	nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, (int)range);
	return nlh->nlmsg_len;
}
