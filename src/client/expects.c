/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * expects.c - requests about expectations, in the kernel's messages
 */
#include "client/client_priv.h"

#define EXP_TYPE(message) CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_##message)

int ctq_expects_dump(struct ctq *ctq, ctq_record_cb *cb, void *data)
{
	struct client_records records = { ctq, EXP_TYPE(NEW), cb, data };

	return client_ask_plain(ctq, EXP_TYPE(GET), CLIENT_ANSWER_DUMP,
	                        client_record_message, &records);
}

int ctq_expect_delete(struct ctq *ctq, uint32_t id)
{
	struct ctlink_header header;
	int err;

	err = client_begin(ctq, &header, EXP_TYPE(DELETE), CLIENT_ANSWER_ACK, 0);
	if (err)
		return err;
	ctlink_message_begin(&ctq->out, &header);
	ctlink_message_put_u32(&ctq->out, CTA_EXPECT_ID, id);
	return client_ask(ctq, ctlink_message_end(&ctq->out), CLIENT_ANSWER_ACK, NULL,
	                  NULL);
}

int ctq_expects_flush(struct ctq *ctq)
{
	return client_ask_plain(ctq, EXP_TYPE(DELETE), CLIENT_ANSWER_ACK, NULL, NULL);
}
