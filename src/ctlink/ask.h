/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask.h - questions about packets that wait, and answers, on the wire: CTQ_SUBSYS_ASK
 */
#ifndef CTLINK_ASK_H
#define CTLINK_ASK_H

#include "ctlink/packet.h"

enum ctlink_ask_bit {
	CTLINK_ASK_ID,
	CTLINK_ASK_LEFT,
	CTLINK_ASK_DEFAULT,
	CTLINK_ASK_PACKET,
	CTLINK_ASK_VERDICT,
	CTLINK_ASK_SCOPE,
	CTLINK_ASK_REASON,
};

/** The meaning of each member stands at CTQA_ASK_* in ctq/ctlink.h. */
struct ctlink_ask {
	uint64_t has;  /* 1 << enum ctlink_ask_bit */
	uint32_t id;   /* always there */
	uint32_t left; /* ms */
	uint8_t without_answer, verdict, scope;
	uint16_t reason;
	struct ctlink_packet packet;
};

int ctlink_ask_build(struct ctlink_message *m, const struct ctlink_header *header,
                     const struct ctlink_ask *ask) BASE_MUST_CHECK;

/** Any message but a request for all. Numbers are checked by who knows them. */
int ctlink_ask_parse(const struct nlmsghdr *nlh, struct ctlink_ask *ask,
                     struct ctlink_error *error) BASE_MUST_CHECK;

/** The same of an answer, CTQ_MSG_ASK_ANSWER: verdict and scope are complete and known. */
int ctlink_ask_answer_parse(const struct nlmsghdr *nlh, struct ctlink_ask *ask,
                            struct ctlink_error *error) BASE_MUST_CHECK;

#endif
