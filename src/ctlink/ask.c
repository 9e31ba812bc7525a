/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/ask.h"

#include <errno.h>
#include <string.h>

#define ASK(bit, kind, member, ...)                                                    \
	CTLINK_ATTR(CTQA_ASK_##bit, kind, struct ctlink_ask, member, CTLINK_ASK_##bit, \
	            __VA_ARGS__)

static const struct ctlink_attr ask_attrs[] = {
	ASK(ID, CTLINK_U32, id, .flags = CTLINK_REQUIRED),
	ASK(LEFT, CTLINK_U32, left),
	ASK(DEFAULT, CTLINK_U8, without_answer),
	ASK(PACKET, CTLINK_STRUCT, packet, .nested = &ctlink_packet_layout),
	ASK(VERDICT, CTLINK_U8, verdict),
	ASK(SCOPE, CTLINK_U8, scope),
	ASK(REASON, CTLINK_U16, reason),
};
static const struct ctlink_layout ask_layout = CTLINK_LAYOUT("question", ask_attrs);

int ctlink_ask_build(struct ctlink_message *m, const struct ctlink_header *header,
                     const struct ctlink_ask *ask)
{
	return ctlink_layout_build(&ask_layout, m, header, ask);
}

int ctlink_ask_parse(const struct nlmsghdr *nlh, struct ctlink_ask *ask,
                     struct ctlink_error *error)
{
	memset(ask, 0, sizeof(*ask));
	return ctlink_layout_parse(&ask_layout, nlh, ask, NULL, error);
}

int ctlink_ask_answer_parse(const struct nlmsghdr *nlh, struct ctlink_ask *ask,
                            struct ctlink_error *error)
{
	int err = ctlink_ask_parse(nlh, ask, error);

	if (err < 0)
		return err;
	if (!ctlink_has(ask, CTLINK_ASK_VERDICT))
		return ctlink_error_set(error, -EINVAL, 0, "CTQA_ASK_VERDICT is missing");
	if (ask->verdict != CTQ_VERDICT_ACCEPT && ask->verdict != CTQ_VERDICT_DROP)
		return ctlink_error_set(
			error, -EINVAL, ctlink_attr_offset(nlh, CTQA_ASK_VERDICT, 0),
			"an answer accepts or drops; %u does neither", ask->verdict);
	if (!ctlink_has(ask, CTLINK_ASK_SCOPE))
		ask->scope = CTQ_ASK_PACKET;
	if (ask->scope != CTQ_ASK_PACKET && ask->scope != CTQ_ASK_FLOW)
		return ctlink_error_set(error, -EINVAL,
		                        ctlink_attr_offset(nlh, CTQA_ASK_SCOPE, 0),
		                        "an answer is for the packet or for its flow; %u "
		                        "is neither",
		                        ask->scope);
	return 0;
}
