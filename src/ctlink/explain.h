/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.h - one step of an explanation: CTQ_MSG_RULE_EXPLAIN, the answers
 *
 * A step is a rule's message (CTQA_RULE_*, with those of its members that matter here) and
 * CTQA_EXPLAIN_* beside it, so that whoever can print a rule can print the step.
 */
#ifndef CTLINK_EXPLAIN_H
#define CTLINK_EXPLAIN_H

#include "ctlink/packet.h"
#include "ctlink/rule.h"

enum ctlink_explain_bit {
	CTLINK_EXPLAIN_STEP,
	CTLINK_EXPLAIN_FIELD,
	CTLINK_EXPLAIN_SKIPPED,
	CTLINK_EXPLAIN_PACKET,
};

struct ctlink_explain {
	uint64_t has; /* 1 << enum ctlink_explain_bit */
	uint8_t step; /* enum ctq_explain_step */
	uint16_t field;
	uint32_t skipped;
	struct ctlink_packet packet;
};

/** Put a step; @rule: what it is about, or NULL. */
int ctlink_explain_build(struct ctlink_message *m, const struct ctlink_header *header,
                         const struct ctlink_explain *explain,
                         const struct ctlink_rule *rule) BASE_MUST_CHECK;

/** Read CTQA_EXPLAIN_*; ctlink_rule_parse() reads the rest. */
int ctlink_explain_parse(const struct nlmsghdr *nlh, struct ctlink_explain *explain,
                         struct ctlink_error *error) BASE_MUST_CHECK;

#endif
