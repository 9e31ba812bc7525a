/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The buffer of a struct ctlink_message:
 *
 *   data                       start                  size      capacity    limit
 *    | message | message | ... | nlmsghdr nfgenmsg nla |   free   |   ...     |
 *    |<----- whole: count ---->|<---- open: nlmsg_len->|
 *
 * libmnl writes into the open message; room() has made sure before that it may. size
 * follows nlmsg_len. Everything is in multiples of 4 bytes.
 */
#include "ctlink/message.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#define MESSAGE_FIRST_CAPACITY 512 /* a flow with everything has about 400 bytes */

/* ---- writing ----------------------------------------------------------------------- */

void ctlink_message_init(struct ctlink_message *m, uint32_t limit,
                         const struct ctlink_memory *memory)
{
	memset(m, 0, sizeof(*m));
	m->limit = limit;
	m->memory = memory;
}

void ctlink_message_fini(struct ctlink_message *m)
{
	ctlink_memory_free(m->memory, m->data);
	m->data = NULL;
	m->size = m->capacity = m->count = 0;
}

void ctlink_message_reset(struct ctlink_message *m)
{
	assert(!m->open);
	m->size = 0;
	m->count = 0;
}

static struct nlmsghdr *open_header(const struct ctlink_message *m)
{
	return (struct nlmsghdr *)(m->data + m->start);
}

static int grow(struct ctlink_message *m, uint32_t need)
{
	uint32_t capacity = m->capacity ? m->capacity : MESSAGE_FIRST_CAPACITY;
	uint8_t *data;

	while (capacity < need)
		capacity = capacity > m->limit / 2 ? m->limit : capacity * 2;
	data = ctlink_memory_resize(m->memory, m->data, capacity);
	if (!data)
		return -ENOMEM;
	m->data = data;
	m->capacity = capacity;
	return 0;
}

/* May @bytes more be written? If not, the open message has failed. */
static bool room(struct ctlink_message *m, uint32_t bytes)
{
	uint32_t used = m->size - m->start;

	assert(m->open);
	if (m->error)
		return false;
	if (bytes > CTQ_MESSAGE_MAX - used || bytes > m->limit - m->size)
		m->error = -EMSGSIZE;
	else if (bytes > m->capacity - m->size)
		m->error = grow(m, m->size + bytes);
	return !m->error;
}

/* Begin a message with @extra bytes after nlmsghdr; returns where they stand, or NULL. */
static void *message_open(struct ctlink_message *m, uint16_t type, uint16_t flags,
                          uint32_t seq, uint32_t portid, uint32_t extra)
{
	struct nlmsghdr *nlh;
	void *rest;

	assert(!m->open);
	m->open = true;
	m->error = 0;
	m->start = m->size;
	if (!room(m, MNL_NLMSG_HDRLEN + MNL_ALIGN(extra)))
		return NULL;
	nlh = mnl_nlmsg_put_header(m->data + m->start);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = seq;
	nlh->nlmsg_pid = portid;
	rest = mnl_nlmsg_put_extra_header(nlh, extra);
	m->size = m->start + nlh->nlmsg_len;
	return rest;
}

void ctlink_message_begin(struct ctlink_message *m, const struct ctlink_header *header)
{
	struct nfgenmsg nfg = { .nfgen_family = header->family,
		                .version = header->version,
		                .res_id = htons(header->res_id) };

	ctlink_message_begin_bytes(m, header, &nfg, sizeof(nfg));
	if (header->sequence)
		ctlink_message_put_u64(m, CTA_CTQ_SEQUENCE, header->sequence);
}

void ctlink_message_begin_bytes(struct ctlink_message *m,
                                const struct ctlink_header *header, const void *bytes,
                                uint32_t size)
{
	void *rest = message_open(m, header->type, header->flags, header->seq,
	                          header->portid, size);

	if (rest)
		memcpy(rest, bytes, size);
}

int ctlink_message_end(struct ctlink_message *m)
{
	assert(m->open);
	m->open = false;
	if (m->error)
		m->size = m->start;
	else
		m->count++;
	return m->error;
}

int ctlink_message_put(struct ctlink_message *m, const struct ctlink_header *header)
{
	ctlink_message_begin(m, header);
	return ctlink_message_end(m);
}

void ctlink_message_fail(struct ctlink_message *m, int error)
{
	assert(m->open && error < 0);
	if (!m->error)
		m->error = error;
}

void ctlink_message_put_bytes(struct ctlink_message *m, uint16_t type, const void *bytes,
                              uint32_t size)
{
	if (size > CTQ_MESSAGE_MAX) {
		ctlink_message_fail(m, -EMSGSIZE);
		return;
	}
	if (!room(m, MNL_ATTR_HDRLEN + MNL_ALIGN(size)))
		return;
	mnl_attr_put(open_header(m), type, size, bytes);
	m->size = m->start + open_header(m)->nlmsg_len;
	/* libmnl 1.0.4 leaves the padding as it was: what malloc gave would go out. */
	memset(m->data + m->size - (MNL_ALIGN(size) - size), 0, MNL_ALIGN(size) - size);
}

void ctlink_message_put_u8(struct ctlink_message *m, uint16_t type, uint8_t value)
{
	ctlink_message_put_bytes(m, type, &value, sizeof(value));
}

void ctlink_message_put_u16(struct ctlink_message *m, uint16_t type, uint16_t value)
{
	uint16_t wire = htobe16(value);

	ctlink_message_put_bytes(m, type, &wire, sizeof(wire));
}

void ctlink_message_put_u32(struct ctlink_message *m, uint16_t type, uint32_t value)
{
	uint32_t wire = htobe32(value);

	ctlink_message_put_bytes(m, type, &wire, sizeof(wire));
}

void ctlink_message_put_u64(struct ctlink_message *m, uint16_t type, uint64_t value)
{
	uint64_t wire = htobe64(value);

	ctlink_message_put_bytes(m, type, &wire, sizeof(wire));
}

void ctlink_message_put_flag(struct ctlink_message *m, uint16_t type)
{
	ctlink_message_put_bytes(m, type, "", 0);
}

void ctlink_message_put_string(struct ctlink_message *m, uint16_t type, const char *value)
{
	ctlink_message_put_bytes(m, type, value,
	                         (uint32_t)strnlen(value, CTQ_MESSAGE_MAX) + 1);
}

uint32_t ctlink_message_nest_begin(struct ctlink_message *m, uint16_t type)
{
	uint32_t nest = m->size;

	ctlink_message_put_bytes(m, type | NLA_F_NESTED, "", 0);
	return nest;
}

void ctlink_message_nest_end(struct ctlink_message *m, uint32_t nest)
{
	if (!m->error)
		mnl_attr_nest_end(open_header(m), (struct nlattr *)(m->data + nest));
}

/* ---- reading ----------------------------------------------------------------------- */

void ctlink_datagram_init(struct ctlink_datagram *d, const void *data, uint32_t size)
{
	assert(((uintptr_t)data & 3) == 0);
	d->data = data;
	d->size = size;
	d->offset = 0;
}

int ctlink_datagram_next(struct ctlink_datagram *d, const struct nlmsghdr **nlh,
                         struct ctlink_error *error)
{
	uint32_t left = d->size - d->offset, step;

	if (left == 0)
		return 0;
	*nlh = (const struct nlmsghdr *)(d->data + d->offset);
	if (left < MNL_NLMSG_HDRLEN)
		return ctlink_error_set(error, -EBADMSG, 0,
		                        "%u bytes are left in the datagram: no header",
		                        left);
	if ((*nlh)->nlmsg_len < MNL_NLMSG_HDRLEN || (*nlh)->nlmsg_len > left)
		return ctlink_error_set(
			error, -EBADMSG, 0,
			"nlmsg_len is %u, %u bytes are left in the datagram",
			(*nlh)->nlmsg_len, left);
	if ((*nlh)->nlmsg_len > CTQ_MESSAGE_MAX)
		return ctlink_error_set(
			error, -EMSGSIZE, 0,
			"the message has %u bytes, at most %u are allowed",
			(*nlh)->nlmsg_len, CTQ_MESSAGE_MAX);
	step = MNL_ALIGN((*nlh)->nlmsg_len);
	d->offset += step < left ? step : left;
	return 1;
}

/* The last version of nfgenmsg of the subsystem of @type: tools of the kernel use 1 to say that
 * a flush is about one family (see ctlink/filter.c). */
static uint8_t version_last(uint16_t type)
{
	uint8_t subsystem = (uint8_t)(type >> 8);

	return subsystem == NFNL_SUBSYS_CTNETLINK ||
	       subsystem == NFNL_SUBSYS_CTNETLINK_EXP;
}

int ctlink_header_parse(const struct nlmsghdr *nlh, struct ctlink_header *header,
                        struct ctlink_error *error)
{
	struct nfgenmsg nfg;

	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(nfg))
		return ctlink_error_set(error, -EBADMSG, 0,
		                        "the message has %u bytes, its headers need %zu",
		                        nlh->nlmsg_len, MNL_NLMSG_HDRLEN + sizeof(nfg));
	memcpy(&nfg, mnl_nlmsg_get_payload(nlh), sizeof(nfg));
	if (nfg.version > version_last(nlh->nlmsg_type)) {
		ctlink_error_set(error, -EPROTONOSUPPORT, 0, "nfgenmsg.version is %u",
		                 nfg.version);
		ctlink_error_hint(error, "the last that is known is %u",
		                  version_last(nlh->nlmsg_type));
		return -EPROTONOSUPPORT;
	}
	*header = (struct ctlink_header){
		.type = nlh->nlmsg_type,
		.flags = nlh->nlmsg_flags,
		.seq = nlh->nlmsg_seq,
		.portid = nlh->nlmsg_pid,
		.family = nfg.nfgen_family,
		.version = nfg.version,
		.res_id = ntohs(nfg.res_id),
	};
	return 0;
}

int ctlink_attributes_check(const struct nlmsghdr *nlh, struct ctlink_error *error)
{
	uint32_t offset = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct nfgenmsg)), left;
	const struct nlattr *nla;

	for (; offset < nlh->nlmsg_len; offset += MNL_ALIGN(nla->nla_len)) {
		nla = (const struct nlattr *)((const char *)nlh + offset);
		left = nlh->nlmsg_len - offset;
		if (left < MNL_ATTR_HDRLEN)
			return ctlink_error_set(error, -EBADMSG, offset,
			                        "%u bytes too many", left);
		if (nla->nla_len < MNL_ATTR_HDRLEN || nla->nla_len > left)
			return ctlink_error_set(error, -EBADMSG, offset,
			                        "nla_len is %u, %u bytes are left",
			                        nla->nla_len, left);
	}
	return 0;
}

int ctlink_request_check(const struct ctlink_header *header, uint16_t flags,
                         struct ctlink_error *error)
{
	uint16_t unknown = header->flags & ~(flags | NLM_F_REQUEST | NLM_F_ACK);

	if (!(header->flags & NLM_F_REQUEST))
		return ctlink_error_set(error, -EINVAL, 0,
		                        "NLM_F_REQUEST is not set in nlmsg_flags");
	if (unknown)
		return ctlink_error_set(
			error, -EOPNOTSUPP, 0,
			"nlmsg_flags has 0x%x, which message 0x%04x does not take",
			unknown, header->type);
	return 0;
}
