/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon.c - requests about the daemon itself, its queues and its protocols
 */
#include "client/client_priv.h"

#define DAEMON_TYPE(message) CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_##message)

/* Ask without attributes for records of type @answer_type. */
static int records_ask(struct ctq *ctq, uint16_t type, uint16_t answer_type,
                       enum client_answer answer, ctq_record_cb *cb, void *data)
{
	struct client_records records = { ctq, answer_type, cb, data };

	return client_ask_plain(ctq, type, answer, client_record_message, &records);
}

int ctq_daemon_get(struct ctq *ctq, ctq_record_cb *cb, void *data)
{
	return records_ask(ctq, DAEMON_TYPE(GET), DAEMON_TYPE(NEW), CLIENT_ANSWER_ONE, cb,
	                   data);
}

int ctq_stats_get(struct ctq *ctq, bool zero, ctq_record_cb *cb, void *data)
{
	struct client_records records = { ctq, DAEMON_TYPE(STATS_NEW), cb, data };
	struct ctlink_header header;
	int err;

	err = client_begin(ctq, &header, DAEMON_TYPE(STATS_GET), CLIENT_ANSWER_ONE, 0);
	if (err)
		return err;
	ctlink_message_begin(&ctq->out, &header);
	if (zero)
		ctlink_message_put_flag(&ctq->out, CTQA_STATS_ZERO);
	return client_ask(ctq, ctlink_message_end(&ctq->out), CLIENT_ANSWER_ONE,
	                  client_record_message, &records);
}

int ctq_queues_dump(struct ctq *ctq, ctq_record_cb *cb, void *data)
{
	return records_ask(ctq, CTLINK_TYPE(CTQ_SUBSYS_QUEUES, CTQ_MSG_QUEUE_GET),
	                   CTLINK_TYPE(CTQ_SUBSYS_QUEUES, CTQ_MSG_QUEUE_NEW),
	                   CLIENT_ANSWER_DUMP, cb, data);
}

int ctq_protocols_dump(struct ctq *ctq, ctq_record_cb *cb, void *data)
{
	return records_ask(ctq, CTLINK_TYPE(CTQ_SUBSYS_PROTO, CTQ_MSG_PROTO_GET),
	                   CTLINK_TYPE(CTQ_SUBSYS_PROTO, CTQ_MSG_PROTO_NEW),
	                   CLIENT_ANSWER_DUMP, cb, data);
}

static int protocol_ask(struct ctq *ctq, uint16_t message, const char *name)
{
	struct ctlink_header header;
	int err;

	err = client_begin(ctq, &header, CTLINK_TYPE(CTQ_SUBSYS_PROTO, message),
	                   CLIENT_ANSWER_ACK, 0);
	if (err)
		return err;
	ctlink_message_begin(&ctq->out, &header);
	ctlink_message_put_string(&ctq->out, CTQA_PROTO_NAME, name);
	return client_ask(ctq, ctlink_message_end(&ctq->out), CLIENT_ANSWER_ACK, NULL,
	                  NULL);
}

int ctq_protocol_load(struct ctq *ctq, const char *name)
{
	return protocol_ask(ctq, CTQ_MSG_PROTO_LOAD, name);
}

int ctq_protocol_unload(struct ctq *ctq, const char *name)
{
	return protocol_ask(ctq, CTQ_MSG_PROTO_UNLOAD, name);
}

int ctq_ruleset_get(struct ctq *ctq, ctq_record_cb *cb, void *data)
{
	return records_ask(ctq, CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULESET_GET),
	                   CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULESET_NEW),
	                   CLIENT_ANSWER_ONE, cb, data);
}

int ctq_chains_dump(struct ctq *ctq, ctq_record_cb *cb, void *data)
{
	return records_ask(ctq, CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_CHAIN_GET),
	                   CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_CHAIN_NEW),
	                   CLIENT_ANSWER_DUMP, cb, data);
}

int ctq_rules_dump(struct ctq *ctq, ctq_record_cb *cb, void *data)
{
	return records_ask(ctq, CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_GET),
	                   CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_NEW),
	                   CLIENT_ANSWER_DUMP, cb, data);
}

int ctq_config_dump(struct ctq *ctq, bool defaults, ctq_record_cb *cb, void *data)
{
	struct client_records records = { ctq, DAEMON_TYPE(CONFIG_NEW), cb, data };
	struct ctlink_header header;
	int err;

	err = client_begin(ctq, &header, DAEMON_TYPE(CONFIG_GET), CLIENT_ANSWER_DUMP, 0);
	if (err)
		return err;
	ctlink_message_begin(&ctq->out, &header);
	if (defaults)
		ctlink_message_put_flag(&ctq->out, CTQA_CONFIG_DEFAULTS);
	return client_ask(ctq, ctlink_message_end(&ctq->out), CLIENT_ANSWER_DUMP,
	                  client_record_message, &records);
}

int ctq_reload(struct ctq *ctq)
{
	return client_ask_plain(ctq, DAEMON_TYPE(RELOAD), CLIENT_ANSWER_ACK, NULL, NULL);
}
