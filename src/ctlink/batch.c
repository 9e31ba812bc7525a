/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/batch.h"

#include <errno.h>
#include <string.h>

static const struct ctlink_attr batch_attrs[] = {
	CTLINK_ATTR(NFNL_BATCH_GENID, CTLINK_U32, struct ctlink_batch, generation,
	            CTLINK_BATCH_GENERATION),
};
static const struct ctlink_layout batch_layout = CTLINK_LAYOUT("batch", batch_attrs);

int ctlink_batch_begin_build(struct ctlink_message *m, uint32_t seq,
                             const struct ctlink_batch *batch)
{
	struct ctlink_header header = { .type = NFNL_MSG_BATCH_BEGIN,
		                        .flags = NLM_F_REQUEST,
		                        .seq = seq,
		                        .res_id = batch->subsystem };

	return ctlink_layout_build(&batch_layout, m, &header, batch);
}

int ctlink_batch_begin_parse(const struct nlmsghdr *nlh, struct ctlink_batch *batch,
                             struct ctlink_error *error)
{
	struct ctlink_header header;
	int err = ctlink_header_parse(nlh, &header, error);

	if (!err)
		err = ctlink_request_check(&header, 0, error);
	if (err)
		return err;
	if (header.res_id > UINT8_MAX)
		return ctlink_error_set(error, -EINVAL, 0,
		                        "nfgenmsg.res_id is 0x%x: not a subsystem",
		                        header.res_id);
	memset(batch, 0, sizeof(*batch));
	batch->subsystem = (uint8_t)header.res_id;
	return ctlink_layout_parse(&batch_layout, nlh, batch, NULL, error);
}

int ctlink_batch_end_build(struct ctlink_message *m, uint32_t seq, uint8_t subsystem,
                           uint16_t flags)
{
	struct ctlink_header header = { .type = NFNL_MSG_BATCH_END,
		                        .flags = flags | NLM_F_REQUEST,
		                        .seq = seq,
		                        .res_id = subsystem };

	return ctlink_message_put(m, &header);
}

int ctlink_batch_end_parse(const struct nlmsghdr *nlh, uint16_t *flags,
                           struct ctlink_error *error)
{
	struct ctlink_header header;
	int err = ctlink_header_parse(nlh, &header, error);

	if (!err)
		err = ctlink_request_check(&header, CTQ_BATCH_CHECK | CTQ_BATCH_KILL,
		                           error);
	if (!err)
		*flags = header.flags & (CTQ_BATCH_CHECK | CTQ_BATCH_KILL);
	return err;
}
