/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dispatch.c - which function answers which message
 */
#include <stdlib.h>
#include <string.h>

#include "control/control_priv.h"
#include "base/base.h"

#define DUMP_ONLY 0x1 /* without NLM_F_DUMP it means nothing */
#define CHANGES   0x2 /* needs the right to change */

static const struct handler {
	uint16_t type;
	uint16_t flags; /* netlink flags that the request may have */
	uint8_t how;
	int (*answer)(struct control_request *r);
} handlers[] = {
	{ CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET), NLM_F_DUMP, 0,
	  control_flow_get },
	{ CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET_CTRZERO), NLM_F_DUMP,
	  CHANGES, control_flow_get },
	{ CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW),
	  NLM_F_CREATE | NLM_F_EXCL | NLM_F_REPLACE, CHANGES, control_flow_new },
	{ CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE), 0, CHANGES,
	  control_flow_delete },
	{ CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET_DYING), NLM_F_DUMP,
	  DUMP_ONLY, control_flow_dying },
	{ CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET_UNCONFIRMED), NLM_F_DUMP,
	  DUMP_ONLY, control_flow_unconfirmed },
	{ CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET_STATS), 0, 0,
	  control_flow_stats },
	{ CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET_STATS_CPU), NLM_F_DUMP,
	  DUMP_ONLY, control_flow_cpu_stats },
	{ CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_GET), NLM_F_DUMP, 0,
	  control_expect_get },
	{ CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_NEW),
	  NLM_F_CREATE | NLM_F_EXCL | NLM_F_REPLACE, CHANGES, control_expect_new },
	{ CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_DELETE), 0, CHANGES,
	  control_expect_delete },
	{ CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_GET_STATS_CPU),
	  NLM_F_DUMP, DUMP_ONLY, control_expect_cpu_stats },
	{ CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULESET_GET), 0, 0, control_ruleset_get },
	{ CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_CHAIN_GET), NLM_F_DUMP, DUMP_ONLY,
	  control_chain_get },
	{ CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_GET), NLM_F_DUMP, DUMP_ONLY,
	  control_rule_get },
	{ CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_EXPLAIN), NLM_F_DUMP, DUMP_ONLY,
	  control_rule_explain },
	{ CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_SET_GET), NLM_F_DUMP, 0, control_set_get },
	{ CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_ELEMENT_GET), NLM_F_DUMP, 0,
	  control_element_get },
	{ CTLINK_TYPE(CTQ_SUBSYS_ASK, CTQ_MSG_ASK_GET), NLM_F_DUMP, DUMP_ONLY,
	  control_ask_get },
	{ CTLINK_TYPE(CTQ_SUBSYS_ASK, CTQ_MSG_ASK_ANSWER), 0, CHANGES,
	  control_ask_answer },
	{ CTLINK_TYPE(CTQ_SUBSYS_QUEUES, CTQ_MSG_QUEUE_GET), NLM_F_DUMP, DUMP_ONLY,
	  control_queue_get },
	{ CTLINK_TYPE(CTQ_SUBSYS_PROTO, CTQ_MSG_PROTO_GET), NLM_F_DUMP, DUMP_ONLY,
	  control_proto_get },
	{ CTLINK_TYPE(CTQ_SUBSYS_PROTO, CTQ_MSG_PROTO_UNLOAD), 0, CHANGES,
	  control_proto_unload },
	{ CTLINK_TYPE(CTQ_SUBSYS_PROTO, CTQ_MSG_PROTO_LOAD), 0, CHANGES,
	  control_proto_load },
	{ CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_GET), 0, 0, control_daemon_get },
	{ CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_STATS_GET), 0, 0,
	  control_daemon_stats },
	{ CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_SUBSCRIBE), 0, 0,
	  control_daemon_subscribe },
	{ CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_SOCKET), 0, 0,
	  control_daemon_socket },
	{ CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_COUNT), 0, 0,
	  control_flow_count },
	{ CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_RELOAD), 0, CHANGES,
	  control_daemon_reload },
	{ CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_CONFIG_GET), NLM_F_DUMP,
	  DUMP_ONLY, control_config_get },
};

static const struct handler *handler_find(uint16_t type)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(handlers); i++)
		if (handlers[i].type == type)
			return &handlers[i];
	return NULL;
}

static bool is_batch_begin(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_type == NFNL_MSG_BATCH_BEGIN;
}

int control_refuse_change(struct control_request *r)
{
	r->client->control->counters[CONTROL_COUNTER_REFUSED]++;
	ctlink_error_set(r->error, -EPERM, 0, "this user may read, not change");
	ctlink_error_hint(r->error,
	                  "run as root, or in the group that ctqd.conf names as "
	                  "admin-group");
	return -EPERM;
}

/* The kernel's nfnetlink says EINVAL, for want of a subsystem's module as for want of a message;
 * its tools know it. */
static int unknown_type(struct control_request *r)
{
	bool is_kernels = r->nlh->nlmsg_type >> 8 < NFNL_SUBSYS_COUNT;

	return ctlink_error_set(r->error, is_kernels ? -EINVAL : -EOPNOTSUPP, 0,
	                        "no message %u of subsystem 0x%02x is known here",
	                        r->nlh->nlmsg_type & 0xffu, r->nlh->nlmsg_type >> 8);
}

int control_dispatch(struct control_client *client, const struct nlmsghdr *nlh,
                     struct ctlink_message *m, struct ctlink_error *error)
{
	struct control_request r = {
		.client = client, .nlh = nlh, .m = m, .error = error
	};
	const struct handler *h;
	int err;

	if (nlh->nlmsg_type == NLMSG_NOOP)
		return 0;
	err = ctlink_header_parse(nlh, &r.header, error);
	if (err == 0)
		err = ctlink_attributes_check(nlh, error);
	if (err < 0) {
		control_batch_spoil(client);
		return err;
	}
	if (client->batch || is_batch_begin(nlh))
		return client->may_change ? control_batch_message(&r)
		                          : control_refuse_change(&r);
	h = handler_find(nlh->nlmsg_type);
	if (!h)
		return unknown_type(&r);
	err = ctlink_request_check(&r.header, h->flags, error);
	if (err < 0)
		return err;
	if (h->how & CHANGES && !client->may_change)
		return control_refuse_change(&r);
	if (h->how & DUMP_ONLY && (nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		return ctlink_error_set(error, -EINVAL, 0,
		                        "this request needs NLM_F_DUMP");
	return h->answer(&r);
}

struct ctlink_header control_answer_header(const struct nlmsghdr *request, uint16_t type,
                                           uint16_t flags, uint8_t family)
{
	return (struct ctlink_header){
		.type = type,
		.flags = flags,
		.seq = request->nlmsg_seq,
		.portid = request->nlmsg_pid,
		.family = family,
	};
}

unsigned int control_limit(unsigned int configured, bool may_change)
{
	return configured + (may_change ? CTQ_ADMIN_RESERVE : 0);
}

int control_list_room(struct control_request *r)
{
	struct control *c = r->client->control;

	if (c->jobs_length < control_limit(c->cfg.lists_max, r->client->may_change))
		return 0;
	c->counters[CONTROL_COUNTER_LISTS_FULL]++;
	ctlink_error_set(r->error, -EBUSY, 0,
	                 "%u lists are under way, more are not allowed", c->jobs_length);
	ctlink_error_hint(r->error, "ask again, or see 'lists' in ctqd.conf");
	return -EBUSY;
}

int control_job_start(struct control_request *r, struct control_job *job, bool is_dump)
{
	struct control *c = r->client->control;

	job->request = *r->nlh;
	job->is_dump = is_dump;
	r->client->job = job;
	c->jobs_length++;
	c->counters[CONTROL_COUNTER_LISTS]++;
	return 0;
}
