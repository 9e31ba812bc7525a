/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flow.c - one flow: libnetfilter_conntrack's object and our record beside it
 *
 * During a dump a flow borrows the datagram it came in; ctq_flow_parse() makes one that
 * owns a copy, in one allocation with the flow.
 *
 * libnetfilter_conntrack trusts who sent a message: at an attribute of a wrong size it ends
 * the process (abi_breakage(), up to 1.0.9 at least), and it knows attributes that our
 * parser does not check. So it is given what src/ctlink has read whole, or else what
 * src/ctlink writes of what it could read.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <string.h>

#include "client/client_priv.h"

static int extras_found(void *data, const struct ctq_record *record)
{
	*(struct ctq_record *)data = *record;
	return 1;
}

/* Has every attribute of the message been checked? The family must be the tuple's, too. */
static bool is_clean(const struct ctlink_header *header, const struct ctlink_flow *value)
{
	return !value->skipped && ctlink_has(value, CTLINK_FLOW_ORIG) &&
	       header->family == value->orig.l3;
}

/* The message of @nlh, checked, and written anew if need be, into @ct. */
static int conntrack_read(struct nf_conntrack *ct, const struct nlmsghdr *nlh,
                          struct ctlink_message *scratch)
{
	struct ctlink_flow value = { .has = 0 };
	struct ctlink_header header;
	int err;

	if (ctlink_header_parse(nlh, &header, NULL) ||
	    ctlink_flow_parse(nlh, &value, NULL))
		return -EBADMSG;
	if (!is_clean(&header, &value)) {
		ctlink_message_reset(scratch);
		err = ctlink_flow_build(scratch, &header, &value);
		if (err)
			return err == -ENOMEM ? err : -EBADMSG;
		nlh = (const struct nlmsghdr *)(const void *)scratch->data;
	}
	return nfct_nlmsg_parse(nlh, ct) < 0 ? -EBADMSG : 0;
}

int flow_init(struct ctq_flow *flow, const struct nlmsghdr *nlh,
              struct ctlink_message *scratch)
{
	struct ctq_record record;
	int err;

	if (record_of_message(nlh, &record))
		return -EBADMSG;
	flow->message = nlh;
	flow->record =
		(struct ctq_record){ .message = nlh, .attrs = record.attrs, .size = 0 };
	ctq_record_each(&record, CTA_CTQ, extras_found, &flow->record);
	flow->ct = nfct_new();
	if (!flow->ct)
		return -ENOMEM;
	err = conntrack_read(flow->ct, nlh, scratch);
	if (err)
		flow_fini(flow);
	return err;
}

void flow_fini(struct ctq_flow *flow)
{
	nfct_destroy(flow->ct);
}

/* Read the message that was copied behind @flow. */
static int flow_read_copy(struct ctq_flow *flow, size_t size)
{
	const struct nlmsghdr *copy = (const struct nlmsghdr *)(const void *)(flow + 1);
	struct ctlink_message scratch;
	int err;

	if (copy->nlmsg_len < sizeof(*copy) || copy->nlmsg_len > size)
		return -EBADMSG;
	ctlink_message_init(&scratch, CTQ_DATAGRAM_MAX, flow->memory);
	err = flow_init(flow, copy, &scratch);
	ctlink_message_fini(&scratch);
	return err;
}

int client_flow_parse(struct ctq_flow **flow, const void *message, size_t size,
                      const struct ctlink_memory *memory)
{
	struct ctq_flow *made;
	int err;

	*flow = NULL;
	if (size < sizeof(struct nlmsghdr) || size > CTQ_MESSAGE_MAX)
		return -EBADMSG;
	made = ctlink_memory_resize(memory, NULL, sizeof(*made) + size);
	if (!made)
		return -ENOMEM;
	made->memory = memory;
	memcpy(made + 1, message, size);
	err = flow_read_copy(made, size);
	if (err)
		ctlink_memory_free(memory, made);
	else
		*flow = made;
	return err;
}

int ctq_flow_parse(struct ctq_flow **flow, const void *message, size_t size)
{
	return client_flow_parse(flow, message, size, NULL);
}

void ctq_flow_destroy(struct ctq_flow *flow)
{
	if (!flow)
		return;
	flow_fini(flow);
	ctlink_memory_free(flow->memory, flow);
}

const struct nf_conntrack *ctq_flow_conntrack(const struct ctq_flow *flow)
{
	return flow->ct;
}

const struct ctq_record *ctq_flow_record(const struct ctq_flow *flow)
{
	return &flow->record;
}

const void *ctq_flow_message(const struct ctq_flow *flow, size_t *size)
{
	*size = flow->message->nlmsg_len;
	return flow->message;
}
