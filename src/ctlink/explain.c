/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/explain.h"

#include <string.h>

#define EXPLAIN(bit, kind, member, ...)                                      \
	CTLINK_ATTR(CTQA_EXPLAIN_##bit, kind, struct ctlink_explain, member, \
	            CTLINK_EXPLAIN_##bit, __VA_ARGS__)

static const struct ctlink_attr explain_attrs[] = {
	EXPLAIN(STEP, CTLINK_U8, step, .flags = CTLINK_REQUIRED),
	EXPLAIN(FIELD, CTLINK_U16, field),
	EXPLAIN(SKIPPED, CTLINK_U32, skipped),
	EXPLAIN(PACKET, CTLINK_STRUCT, packet, .nested = &ctlink_packet_layout),
};
static const struct ctlink_layout explain_layout =
	CTLINK_LAYOUT("step of an explanation", explain_attrs);

int ctlink_explain_build(struct ctlink_message *m, const struct ctlink_header *header,
                         const struct ctlink_explain *explain,
                         const struct ctlink_rule *rule)
{
	ctlink_message_begin(m, header);
	if (rule)
		ctlink_rule_put(m, rule);
	ctlink_layout_put(&explain_layout, m, explain);
	return ctlink_message_end(m);
}

int ctlink_explain_parse(const struct nlmsghdr *nlh, struct ctlink_explain *explain,
                         struct ctlink_error *error)
{
	memset(explain, 0, sizeof(*explain));
	return ctlink_layout_parse(&explain_layout, nlh, explain, NULL, error);
}
