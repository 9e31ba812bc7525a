/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * batch.h - what stands around the messages of a transaction
 *
 * NFNL_MSG_BATCH_BEGIN and NFNL_MSG_BATCH_END, as nf_tables uses them: the subsystem of
 * the messages between them in nfgenmsg.res_id, the generation that the sender has seen
 * in NFNL_BATCH_GENID.
 */
#ifndef CTLINK_BATCH_H
#define CTLINK_BATCH_H

#include <stdint.h>

#include "ctlink/attr.h"
#include "ctlink/message.h"

enum ctlink_batch_bit { CTLINK_BATCH_GENERATION };

struct ctlink_batch {
	uint64_t has;        /* 1 << enum ctlink_batch_bit */
	uint8_t subsystem;   /* enum ctq_subsystem, of all its messages */
	uint32_t generation; /* refuse unless it is the one in force */
};

/** NLM_F_REQUEST is set. Returns as ctlink_message_end(). */
int ctlink_batch_begin_build(struct ctlink_message *m, uint32_t seq,
                             const struct ctlink_batch *batch) BASE_MUST_CHECK;
int ctlink_batch_begin_parse(const struct nlmsghdr *nlh, struct ctlink_batch *batch,
                             struct ctlink_error *error) BASE_MUST_CHECK;

/** @flags: NLM_F_ACK, CTQ_BATCH_CHECK, CTQ_BATCH_KILL; NLM_F_REQUEST is set. */
int ctlink_batch_end_build(struct ctlink_message *m, uint32_t seq, uint8_t subsystem,
                           uint16_t flags) BASE_MUST_CHECK;

/** Returns 0; -EOPNOTSUPP for another flag; -EBADMSG. *@flags: CTQ_BATCH_*. */
int ctlink_batch_end_parse(const struct nlmsghdr *nlh, uint16_t *flags,
                           struct ctlink_error *error) BASE_MUST_CHECK;

#endif
