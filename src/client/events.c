/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * events.c - announcements: what the daemon tells without being asked
 */
#include <errno.h>

#include "client/client_priv.h"
#include "ctlink/daemon.h"

/* What is announced from now on goes to @cb. */
static int subscribe_begin(struct ctq *ctq, struct ctlink_header *header,
                           ctq_event_cb *cb, void *data)
{
	int err = client_begin(ctq, header,
	                       CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_SUBSCRIBE),
	                       CLIENT_ANSWER_ACK, 0);

	if (err)
		return err;
	ctq->event_cb = cb;
	ctq->event_data = data;
	return 0;
}

int ctq_subscribe(struct ctq *ctq, const uint32_t *groups, size_t n, ctq_event_cb *cb,
                  void *data)
{
	struct ctlink_header header;
	size_t i;
	int err;

	err = subscribe_begin(ctq, &header, cb, data);
	if (err)
		return err;
	ctlink_message_begin(&ctq->out, &header);
	for (i = 0; i < n; i++)
		ctlink_message_put_u32(&ctq->out, CTQA_GROUP_NUMBER, groups[i]);
	return client_ask(ctq, ctlink_message_end(&ctq->out), CLIENT_ANSWER_ACK, NULL,
	                  NULL);
}

int ctq_watch(struct ctq *ctq, const uint32_t *groups, size_t n,
              const struct ctq_watch *watch, ctq_event_cb *cb, void *data)
{
	struct ctlink_watch wanted = { .bytes = watch->bytes, .rate = watch->rate };
	struct ctlink_groups joined = { .has = 0 };
	struct ctlink_header header;
	size_t i;
	int err;

	err = subscribe_begin(ctq, &header, cb, data);
	if (err)
		return err;
	for (i = 0; i < n; i++)
		if (groups[i] < CTQ_GROUP_LIMIT)
			ctlink_mark(&joined, groups[i]);
	if (watch->bytes)
		ctlink_mark(&wanted, CTLINK_WATCH_BYTES);
	ctlink_mark(&wanted, CTLINK_WATCH_RATE);
	if (watch->filter && watch->filter->filter.terms.length) {
		wanted.filter = watch->filter->filter; /* lent */
		ctlink_mark(&wanted, CTLINK_WATCH_FILTER);
	}
	return client_ask(ctq, ctlink_watch_build(&ctq->out, &header, &joined, &wanted),
	                  CLIENT_ANSWER_ACK, NULL, NULL);
}

/* The number of an announcement, of any subsystem; 0: it has none. */
static uint64_t sequence_of(const struct nlmsghdr *nlh)
{
	struct ctq_record record;

	return record_of_message(nlh, &record)
	               ? 0
	               : ctq_record_number(&record, CTA_CTQ_SEQUENCE);
}

static int announce_flow(struct ctq *ctq, const struct nlmsghdr *nlh,
                         enum ctq_event_kind kind)
{
	struct ctq_event event = { .kind = kind, .sequence = sequence_of(nlh) };
	struct ctq_flow flow;
	int err;

	err = flow_init(&flow, nlh, &ctq->scratch);
	if (err == -ENOMEM)
		return client_fail(ctq, CTQ_ERROR_LOCAL, err, "no memory");
	if (err)
		return client_malformed(ctq, nlh);
	event.flow = &flow;
	err = ctq->event_cb(ctq->event_data, &event);
	flow_fini(&flow);
	return err;
}

static int announce_record(struct ctq *ctq, const struct nlmsghdr *nlh,
                           enum ctq_event_kind kind)
{
	struct ctq_event event = { .kind = kind, .sequence = sequence_of(nlh) };
	struct ctq_record record;

	if (record_of_message(nlh, &record))
		return client_malformed(ctq, nlh);
	if (kind == CTQ_EVENT_OVERRUN)
		event.lost = ctq_record_number(&record, CTQA_OVERRUN_LOST);
	else
		event.record = &record;
	return ctq->event_cb(ctq->event_data, &event);
}

int client_announce(struct ctq *ctq, const struct nlmsghdr *nlh)
{
	if (!ctq->event_cb)
		return 0;
	switch (nlh->nlmsg_type) {
	case CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW):
		/* As in the kernel, only what creates has NLM_F_CREATE. */
		return announce_flow(ctq, nlh,
		                     nlh->nlmsg_flags & NLM_F_CREATE
		                             ? CTQ_EVENT_FLOW_NEW
		                             : CTQ_EVENT_FLOW_UPDATE);
	case CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE):
		return announce_flow(ctq, nlh, CTQ_EVENT_FLOW_DESTROY);
	case CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_NEW):
		return announce_record(ctq, nlh,
		                       nlh->nlmsg_flags & NLM_F_CREATE
		                               ? CTQ_EVENT_EXPECT_NEW
		                               : CTQ_EVENT_EXPECT_UPDATE);
	case CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_DELETE):
		return announce_record(ctq, nlh, CTQ_EVENT_EXPECT_DESTROY);
	case CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULESET_NEW):
		return announce_record(ctq, nlh, CTQ_EVENT_RULES);
	case CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_SET_NEW):
		return announce_record(ctq, nlh, CTQ_EVENT_SET_NEW);
	case CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_SET_DEL):
		return announce_record(ctq, nlh, CTQ_EVENT_SET_DELETE);
	case CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_ELEMENT_NEW):
		return announce_record(ctq, nlh, CTQ_EVENT_ELEMENT_NEW);
	case CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_ELEMENT_DEL):
		return announce_record(ctq, nlh, CTQ_EVENT_ELEMENT_DELETE);
	case CTLINK_TYPE(CTQ_SUBSYS_PACKETS, CTQ_MSG_PACKET_SEEN):
		return announce_record(ctq, nlh, CTQ_EVENT_PACKET);
	case CTLINK_TYPE(CTQ_SUBSYS_ASK, CTQ_MSG_ASK_NEW):
		return announce_record(ctq, nlh, CTQ_EVENT_QUESTION);
	case CTLINK_TYPE(CTQ_SUBSYS_ASK, CTQ_MSG_ASK_DEL):
		return announce_record(ctq, nlh, CTQ_EVENT_SETTLED);
	case CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_OVERRUN):
		return announce_record(ctq, nlh, CTQ_EVENT_OVERRUN);
	default: return 0; /* a newer daemon's */
	}
}

int ctq_dispatch(struct ctq *ctq)
{
	ssize_t size;
	int result;

	if (ctq->busy)
		return -EBUSY;
	for (;;) {
		size = client_receive(ctq, 0);
		if (size < 0)
			return size == -EAGAIN ? 0 : (int)size;
		result = client_walk_announcements(ctq, (size_t)size);
		if (result)
			return result;
	}
}
