/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * answer.h - answers without data: errors, acknowledgements, the ends of dumps
 *
 * NLMSG_ERROR as the kernel sends it with NETLINK_EXT_ACK and NETLINK_CAP_ACK: errno, the
 * header of the request (not its payload: NLM_F_CAPPED), then, with NLM_F_ACK_TLVS, text
 * and offset, and a hint, which is ours (CTQ_ERR_HINT).
 */
#ifndef CTLINK_ANSWER_H
#define CTLINK_ANSWER_H

#include <stdbool.h>

#include "ctlink/error.h"
#include "ctlink/message.h"

/**
 * Put NLMSG_ERROR that answers @request: an acknowledgement when @error is NULL or its
 * code 0, else an error with text, offset and hint as far as there are any. Returns as
 * ctlink_message_end().
 */
int ctlink_answer_build(struct ctlink_message *m, const struct nlmsghdr *request,
                        const struct ctlink_error *error) BASE_MUST_CHECK;

/**
 * Read NLMSG_ERROR into @answer (code 0: an acknowledgement). @request, unless NULL, gets
 * the header that is answered. Returns 0, or -EBADMSG, -EINVAL when @nlh itself is
 * malformed, with @error saying how.
 */
int ctlink_answer_parse(const struct nlmsghdr *nlh, struct ctlink_error *answer,
                        struct nlmsghdr *request,
                        struct ctlink_error *error) BASE_MUST_CHECK;

/** The end of a list. */
struct ctlink_done {
	int code;                /* 0, or the negative errno that ended it early */
	bool interrupted;        /* it may lack or repeat entries: NLM_F_DUMP_INTR */
	uint64_t generation;     /* CTQ_DONE_GENERATION; 0: what was listed has none */
	uint64_t generation_end; /* CTQ_DONE_GENERATION_END; 0: the same */
};

/** Put NLMSG_DONE for the dump that @request asked for. */
int ctlink_done_put(struct ctlink_message *m, const struct nlmsghdr *request,
                    const struct ctlink_done *done) BASE_MUST_CHECK;

/** The same for what has no generation. */
int ctlink_done_build(struct ctlink_message *m, const struct nlmsghdr *request,
                      bool interrupted, int code) BASE_MUST_CHECK;

/** Read NLMSG_DONE. Returns 0, or -EBADMSG, -EINVAL when it is malformed. */
int ctlink_done_parse(const struct nlmsghdr *nlh, struct ctlink_done *done,
                      struct ctlink_error *error) BASE_MUST_CHECK;

#endif
