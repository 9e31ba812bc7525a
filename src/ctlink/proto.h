/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proto.h - a layer-4 protocol's handler on the wire: CTQ_MSG_PROTO_NEW
 */
#ifndef CTLINK_PROTO_H
#define CTLINK_PROTO_H

#include <stdint.h>

#include "ctlink/attr.h"

#define CTLINK_TIMEOUTS_MAX 64 /* of one protocol */

enum ctlink_timeout_bit { CTLINK_TIMEOUT_NAME, CTLINK_TIMEOUT_VALUE };

struct ctlink_timeout {
	uint64_t has;            /* 1 << enum ctlink_timeout_bit */
	uint32_t value;          /* seconds */
	char name[CTQ_NAME_MAX]; /* the sysctl's: "tcp_timeout_established" */
};

enum ctlink_proto_bit {
	CTLINK_PROTO_NAME,
	CTLINK_PROTO_NUMBER,
	CTLINK_PROTO_FLOWS,
	CTLINK_PROTO_REFERENCES,
	CTLINK_PROTO_STATE,
	CTLINK_PROTO_MODULE, /* flags: nothing stands beside them */
	CTLINK_PROTO_HELPER,
};

struct ctlink_proto {
	uint64_t has; /* 1 << enum ctlink_proto_bit */
	char name[CTQ_NAME_MAX];
	uint8_t number; /* IPPROTO_* */
	uint8_t state;  /* enum ctq_proto_state */
	uint32_t flows, references;
	struct ctlink_list timeouts; /* of struct ctlink_timeout */
};

/** Append an empty timeout; NULL with errno ENOMEM or E2BIG. */
struct ctlink_timeout *ctlink_proto_append(struct ctlink_proto *proto,
                                           const struct ctlink_memory *memory);

static inline struct ctlink_timeout *ctlink_proto_timeout(
	const struct ctlink_proto *proto, uint32_t i)
{
	return (struct ctlink_timeout *)ctlink_list_item(
		&proto->timeouts, sizeof(struct ctlink_timeout), i);
}

void ctlink_proto_fini(struct ctlink_proto *proto, const struct ctlink_memory *memory);
int ctlink_proto_build(struct ctlink_message *m, const struct ctlink_header *header,
                       const struct ctlink_proto *proto) BASE_MUST_CHECK;
int ctlink_proto_parse(const struct nlmsghdr *nlh, struct ctlink_proto *proto,
                       const struct ctlink_memory *memory,
                       struct ctlink_error *error) BASE_MUST_CHECK;

#endif
