/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/proto.h"

#include <string.h>

static const struct ctlink_attr timeout_attrs[] = {
	CTLINK_ATTR(CTQA_TIMEOUT_NAME, CTLINK_TEXT, struct ctlink_timeout, name,
	            CTLINK_TIMEOUT_NAME, .flags = CTLINK_REQUIRED, .min = 1),
	CTLINK_ATTR(CTQA_TIMEOUT_VALUE, CTLINK_U32, struct ctlink_timeout, value,
	            CTLINK_TIMEOUT_VALUE, .flags = CTLINK_REQUIRED),
};
static const struct ctlink_layout timeout_layout = CTLINK_LAYOUT(
	"CTQA_PROTO_TIMEOUT", timeout_attrs, .item_size = sizeof(struct ctlink_timeout));

static const struct ctlink_attr proto_attrs[] = {
	CTLINK_ATTR(CTQA_PROTO_NAME, CTLINK_TEXT, struct ctlink_proto, name,
	            CTLINK_PROTO_NAME, .min = 1),
	CTLINK_ATTR(CTQA_PROTO_NUMBER, CTLINK_U8, struct ctlink_proto, number,
	            CTLINK_PROTO_NUMBER),
	CTLINK_ATTR(CTQA_PROTO_FLOWS, CTLINK_U32, struct ctlink_proto, flows,
	            CTLINK_PROTO_FLOWS),
	CTLINK_ATTR(CTQA_PROTO_REFERENCES, CTLINK_U32, struct ctlink_proto, references,
	            CTLINK_PROTO_REFERENCES),
	CTLINK_ATTR(CTQA_PROTO_STATE, CTLINK_U8, struct ctlink_proto, state,
	            CTLINK_PROTO_STATE),
	CTLINK_ATTR(CTQA_PROTO_MODULE, CTLINK_FLAG, struct ctlink_proto, has,
	            CTLINK_PROTO_MODULE),
	CTLINK_ATTR(CTQA_PROTO_HELPER, CTLINK_FLAG, struct ctlink_proto, has,
	            CTLINK_PROTO_HELPER),
	CTLINK_ATTR_LIST(CTQA_PROTO_TIMEOUT, struct ctlink_proto, timeouts,
	                 &timeout_layout, CTLINK_TIMEOUTS_MAX),
};
static const struct ctlink_layout proto_layout = CTLINK_LAYOUT("protocol", proto_attrs);

struct ctlink_timeout *ctlink_proto_append(struct ctlink_proto *proto,
                                           const struct ctlink_memory *memory)
{
	return ctlink_list_append(&proto->timeouts, sizeof(struct ctlink_timeout),
	                          CTLINK_TIMEOUTS_MAX, memory);
}

void ctlink_proto_fini(struct ctlink_proto *proto, const struct ctlink_memory *memory)
{
	ctlink_layout_fini(&proto_layout, proto, memory);
	memset(proto, 0, sizeof(*proto));
}

int ctlink_proto_build(struct ctlink_message *m, const struct ctlink_header *header,
                       const struct ctlink_proto *proto)
{
	return ctlink_layout_build(&proto_layout, m, header, proto);
}

int ctlink_proto_parse(const struct nlmsghdr *nlh, struct ctlink_proto *proto,
                       const struct ctlink_memory *memory, struct ctlink_error *error)
{
	return ctlink_layout_parse(&proto_layout, nlh, proto, memory, error);
}
