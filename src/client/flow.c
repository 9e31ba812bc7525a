/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flow.c - one flow: libnetfilter_conntrack's object and our record beside it
 *
 * During a dump a flow borrows the datagram it came in; ctq_flow_parse() makes one that
 * owns a copy, in one allocation with the flow.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <stdlib.h>
#include <string.h>

#include "client/client_priv.h"

static int extras_found(void *data, const struct ctq_record *record)
{
	*(struct ctq_record *)data = *record;
	return 1;
}

int flow_init(struct ctq_flow *flow, const struct nlmsghdr *nlh)
{
	struct ctq_record record;

	flow->ct = NULL;
	if (record_of_message(nlh, &record))
		return -EBADMSG;
	flow->message = nlh;
	flow->record =
		(struct ctq_record){ .message = nlh, .attrs = record.attrs, .size = 0 };
	ctq_record_each(&record, CTA_CTQ, extras_found, &flow->record);
	flow->ct = nfct_new();
	if (!flow->ct)
		return -ENOMEM;
	if (nfct_nlmsg_parse(nlh, flow->ct) < 0) {
		flow_fini(flow);
		return -EBADMSG;
	}
	return 0;
}

void flow_fini(struct ctq_flow *flow)
{
	if (flow->ct)
		nfct_destroy(flow->ct);
	flow->ct = NULL;
}

int ctq_flow_parse(struct ctq_flow **flow, const void *message, size_t size)
{
	struct ctq_flow *made;
	struct nlmsghdr *copy;
	int err;

	*flow = NULL;
	if (size < sizeof(*copy) || size > CTQ_MESSAGE_MAX)
		return -EBADMSG;
	made = malloc(sizeof(*made) + size);
	if (!made)
		return -ENOMEM;
	copy = memcpy(made + 1, message, size);
	err = copy->nlmsg_len < sizeof(*copy) || copy->nlmsg_len > size
	              ? -EBADMSG
	              : flow_init(made, copy);
	if (err) {
		free(made);
		return err;
	}
	*flow = made;
	return 0;
}

void ctq_flow_destroy(struct ctq_flow *flow)
{
	if (!flow)
		return;
	flow_fini(flow);
	free(flow);
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
