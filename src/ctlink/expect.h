/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * expect.h - an expectation on the wire: ctnetlink's CTA_EXPECT_*
 *
 * A plain value without pointers, as struct ctlink_flow is.
 */
#ifndef CTLINK_EXPECT_H
#define CTLINK_EXPECT_H

#include <stdint.h>

#include "ctlink/flow.h"

#define CTLINK_EXPECT_FN_MAX 32 /* bytes with the final zero: a NAT function's name */

enum ctlink_expect_bit {
	CTLINK_EXPECT_MASTER,
	CTLINK_EXPECT_TUPLE,
	CTLINK_EXPECT_MASK,
	CTLINK_EXPECT_TIMEOUT,
	CTLINK_EXPECT_ID,
	CTLINK_EXPECT_HELPER,
	CTLINK_EXPECT_ZONE,
	CTLINK_EXPECT_FLAGS,
	CTLINK_EXPECT_CLASS,
	CTLINK_EXPECT_NAT_DIR,
	CTLINK_EXPECT_NAT_TUPLE,
	CTLINK_EXPECT_FN,
};

struct ctlink_expect {
	uint64_t has; /* 1 << enum ctlink_expect_bit */
	uint8_t family;
	struct ctlink_tuple master; /* of the connection that caused it */
	struct ctlink_tuple tuple;  /* what is expected */
	struct ctlink_tuple mask;   /* bits of tuple that count */
	uint32_t timeout;           /* seconds left */
	uint32_t id;
	uint16_t zone;
	uint32_t flags; /* NF_CT_EXPECT_* */
	uint32_t class;
	uint32_t nat_dir; /* 0 original, 1 reply */
	struct ctlink_tuple nat_tuple;
	char helper[CTLINK_HELPER_MAX];
	char fn[CTLINK_EXPECT_FN_MAX];
};

int ctlink_expect_build(struct ctlink_message *m, const struct ctlink_header *header,
                        const struct ctlink_expect *expect) BASE_MUST_CHECK;
int ctlink_expect_parse(const struct nlmsghdr *nlh, struct ctlink_expect *expect,
                        struct ctlink_error *error) BASE_MUST_CHECK;

#endif
