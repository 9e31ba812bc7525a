/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask.c - questions of rules that ask, and answers
 */
#include "client/client_priv.h"
#include "ctlink/ask.h"

int ctq_questions_dump(struct ctq *ctq, ctq_record_cb *cb, void *data)
{
	struct client_records records = { ctq,
		                          CTLINK_TYPE(CTQ_SUBSYS_ASK, CTQ_MSG_ASK_NEW),
		                          cb, data };

	return client_ask_plain(ctq, CTLINK_TYPE(CTQ_SUBSYS_ASK, CTQ_MSG_ASK_GET),
	                        CLIENT_ANSWER_DUMP, client_record_message, &records);
}

int ctq_answer(struct ctq *ctq, uint32_t id, enum ctq_verdict verdict,
               enum ctq_ask_scope scope)
{
	struct ctlink_ask answer = { .id = id,
		                     .verdict = (uint8_t)verdict,
		                     .scope = (uint8_t)scope };
	struct ctlink_header header;
	int err;

	err = client_begin(ctq, &header, CTLINK_TYPE(CTQ_SUBSYS_ASK, CTQ_MSG_ASK_ANSWER),
	                   CLIENT_ANSWER_ACK, 0);
	if (err)
		return err;
	ctlink_mark(&answer, CTLINK_ASK_ID);
	ctlink_mark(&answer, CTLINK_ASK_VERDICT);
	ctlink_mark(&answer, CTLINK_ASK_SCOPE);
	return client_ask(ctq, ctlink_ask_build(&ctq->out, &header, &answer),
	                  CLIENT_ANSWER_ACK, NULL, NULL);
}
