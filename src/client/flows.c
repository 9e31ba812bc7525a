/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flows.c - requests about flows: the kernel's messages, with our filter in them
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <string.h>

#include "client/client_priv.h"

#define CT_TYPE(message) CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_##message)

/* ---- answers --------------------------------------------------------------------- */

struct flows {
	struct ctq *ctq;
	ctq_flow_cb *cb;
	void *data;
};

static int flow_message(void *data, const struct nlmsghdr *nlh)
{
	const struct flows *flows = data;
	struct ctq_flow flow;
	int err;

	if (nlh->nlmsg_type != CT_TYPE(NEW))
		return 0;
	err = flow_init(&flow, nlh, &flows->ctq->scratch);
	if (err == -ENOMEM)
		return client_fail(flows->ctq, CTQ_ERROR_LOCAL, err, "no memory");
	if (err)
		return client_malformed(flows->ctq, nlh);
	err = flows->cb(flows->data, &flow);
	flow_fini(&flow);
	return err;
}

/* ---- many flows --------------------------------------------------------------------- */

/* Put a request about the flows that @filter (NULL: all) takes. */
static int filter_request(struct ctq *ctq, const struct ctlink_header *header,
                          const struct ctq_filter *filter)
{
	if (filter)
		return ctlink_filter_build(&ctq->out, header, &filter->filter);
	ctlink_message_begin(&ctq->out, header);
	return ctlink_message_end(&ctq->out);
}

static int flows_dump(struct ctq *ctq, uint16_t type, const struct ctq_filter *filter,
                      ctq_flow_cb *cb, void *data)
{
	struct flows flows = { .ctq = ctq, .cb = cb, .data = data };
	struct ctlink_header header;
	int err;

	err = client_begin(ctq, &header, type, CLIENT_ANSWER_DUMP, 0);
	if (err)
		return err;
	return client_ask(ctq, filter_request(ctq, &header, filter), CLIENT_ANSWER_DUMP,
	                  flow_message, &flows);
}

int ctq_flows_dump(struct ctq *ctq, enum ctq_table table, const struct ctq_filter *filter,
                   ctq_flow_cb *cb, void *data)
{
	static const uint16_t types[] = {
		[CTQ_TABLE_FLOWS] = CT_TYPE(GET),
		[CTQ_TABLE_DYING] = CT_TYPE(GET_DYING),
		[CTQ_TABLE_UNCONFIRMED] = CT_TYPE(GET_UNCONFIRMED),
	};

	if ((unsigned int)table >= BASE_ARRAY_LENGTH(types))
		return client_fail(ctq, CTQ_ERROR_LOCAL, -EINVAL, "no such table");
	return flows_dump(ctq, types[table], filter, cb, data);
}

int ctq_flows_dump_zero(struct ctq *ctq, const struct ctq_filter *filter, ctq_flow_cb *cb,
                        void *data)
{
	return flows_dump(ctq, CT_TYPE(GET_CTRZERO), filter, cb, data);
}

/* ---- counts ---------------------------------------------------------------------------- */

struct count {
	bool known;
	uint32_t flows, total;
};

static int count_record(void *data, const struct ctq_record *record)
{
	struct count *count = data;

	count->known = ctq_record_has(record, CTQA_COUNT_FLOWS);
	count->flows = (uint32_t)ctq_record_number(record, CTQA_COUNT_FLOWS);
	count->total = (uint32_t)ctq_record_number(record, CTQA_COUNT_TOTAL);
	return 0;
}

#define COUNT_TYPE CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_COUNT)

/* A request with a filter that a count answers. */
static int filter_ask(struct ctq *ctq, uint16_t type, enum client_answer answer,
                      const struct ctq_filter *filter, struct count *count)
{
	struct client_records records = { ctq, COUNT_TYPE, count_record, count };
	struct ctlink_header header;
	int err;

	err = client_begin(ctq, &header, type, answer, 0);
	if (err)
		return err;
	return client_ask(ctq, filter_request(ctq, &header, filter), answer,
	                  client_record_message, &records);
}

int ctq_flows_count(struct ctq *ctq, const struct ctq_filter *filter, uint32_t *flows,
                    uint32_t *total)
{
	struct count count = { 0 };
	int err;

	err = filter_ask(ctq, COUNT_TYPE, CLIENT_ANSWER_ONE, filter, &count);
	if (err)
		return err;
	if (!count.known)
		return client_fail(ctq, CTQ_ERROR_ANSWER, -EBADMSG,
		                   "ctqd's answer to a count has no number");
	if (flows)
		*flows = count.flows;
	if (total)
		*total = count.total;
	return 0;
}

/* The kernel's own flush tells no number, and neither does ours. */
static int delete_all(struct ctq *ctq, uint32_t *deleted)
{
	int err = deleted ? ctq_flows_count(ctq, NULL, deleted, NULL) : 0;

	return err ? err : ctq_flows_flush(ctq);
}

int ctq_flows_delete(struct ctq *ctq, const struct ctq_filter *filter, uint32_t *deleted)
{
	struct count count = { 0 };
	int err;

	if (ctq_filter_is_all(filter))
		return delete_all(ctq, deleted);
	err = filter_ask(ctq, CT_TYPE(DELETE), CLIENT_ANSWER_ACK, filter, &count);
	if (!err && deleted)
		*deleted = count.flows;
	return err;
}

int ctq_flows_flush(struct ctq *ctq)
{
	return client_ask_plain(ctq, CT_TYPE(DELETE), CLIENT_ANSWER_ACK, NULL, NULL);
}

/* ---- one flow ---------------------------------------------------------------------------- */

/* Bytes that hold what libnetfilter_conntrack builds of one object: some 40 attributes. */
#define CONNTRACK_MESSAGE_MAX 8192

/* The attributes that libnetfilter_conntrack makes of @ct, copied into ctq->out. */
static int conntrack_begin(struct ctq *ctq, struct ctlink_header *header,
                           const struct nf_conntrack *ct)
{
	char buf[CONNTRACK_MESSAGE_MAX] BASE_ALIGNED(8) = { 0 }; /* padding stays zero */
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlattr *attr;

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nfgenmsg));
	if (nfct_nlmsg_build(nlh, ct) < 0)
		return -EINVAL;
	header->family = nfct_get_attr_u8(ct, ATTR_L3PROTO);
	ctlink_message_begin(&ctq->out, header);
	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg))
		ctlink_message_put_bytes(&ctq->out, attr->nla_type,
		                         mnl_attr_get_payload(attr),
		                         mnl_attr_get_payload_len(attr));
	return 0;
}

static int conntrack_request(struct ctq *ctq, struct ctlink_header *header,
                             const struct nf_conntrack *ct)
{
	int err = conntrack_begin(ctq, header, ct);

	return err ? err : ctlink_message_end(&ctq->out);
}

static int flow_ask(struct ctq *ctq, uint16_t type, uint16_t flags,
                    const struct nf_conntrack *ct, enum client_answer answer,
                    struct flows *flows)
{
	struct ctlink_header header;
	int err;

	err = client_begin(ctq, &header, type, answer, flags);
	if (err)
		return err;
	return client_ask(ctq, conntrack_request(ctq, &header, ct), answer,
	                  flows ? flow_message : NULL, flows);
}

int ctq_flow_get(struct ctq *ctq, const struct nf_conntrack *tuple, ctq_flow_cb *cb,
                 void *data)
{
	struct flows flows = { .ctq = ctq, .cb = cb, .data = data };

	return flow_ask(ctq, CT_TYPE(GET), 0, tuple, CLIENT_ANSWER_ONE, &flows);
}

int ctq_flow_delete(struct ctq *ctq, const struct nf_conntrack *tuple)
{
	return flow_ask(ctq, CT_TYPE(DELETE), 0, tuple, CLIENT_ANSWER_ACK, NULL);
}

int ctq_flow_create(struct ctq *ctq, const struct nf_conntrack *ct)
{
	return flow_ask(ctq, CT_TYPE(NEW), NLM_F_CREATE | NLM_F_EXCL, ct,
	                CLIENT_ANSWER_ACK, NULL);
}

int ctq_flow_labels(struct ctq *ctq, const struct nf_conntrack *tuple, const char *labels)
{
	struct ctlink_header header;
	uint32_t nest;
	int err;

	err = client_begin(ctq, &header, CT_TYPE(NEW), CLIENT_ANSWER_ACK, 0);
	if (err)
		return err;
	err = conntrack_begin(ctq, &header, tuple);
	if (err)
		return err;
	nest = ctlink_message_nest_begin(&ctq->out, CTA_CTQ);
	ctlink_message_put_string(&ctq->out, CTQA_FLOW_LABELS, labels);
	ctlink_message_nest_end(&ctq->out, nest);
	return client_ask(ctq, ctlink_message_end(&ctq->out), CLIENT_ANSWER_ACK, NULL,
	                  NULL);
}

int ctq_flow_update(struct ctq *ctq, const struct nf_conntrack *ct)
{
	return flow_ask(ctq, CT_TYPE(NEW), 0, ct, CLIENT_ANSWER_ACK, NULL);
}
