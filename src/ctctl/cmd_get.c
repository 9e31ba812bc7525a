/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

#include "ctctl/cmd.h"
#include "ctctl/filter.h"
#include "ctctl/message.h"
#include "ctctl/render.h"

static int get_flow(void *data, const struct ctq_flow *flow)
{
	render_flow(data, flow, NULL);
	return 0;
}

/* A whole tuple is one lookup; anything else is a list. So is a zone that is not the original
 * direction's: it may be the reply's. */
static int get_ask(struct tool *tool, const struct ctq_filter *filter,
                   struct render *render)
{
	struct nf_conntrack *tuple = nfct_new();
	bool is_list;
	int err = 0;

	if (!tuple)
		return -ENOMEM;
	is_list = ctq_filter_tuple(filter, tuple) != 0;
	if (!is_list)
		err = ctq_flow_get(tool->ctq, tuple, get_flow, render);
	if (err == -ENOENT && nfct_get_attr_u16(tuple, ATTR_ZONE))
		is_list = true;
	if (is_list)
		err = ctq_flows_dump(tool->ctq, CTQ_TABLE_FLOWS, filter, get_flow,
		                     render);
	nfct_destroy(tuple);
	return err;
}

static int get_run(struct tool *tool, const struct ctq_filter *filter)
{
	struct render render;
	int err;

	err = tool_connect(tool);
	if (err)
		return err;
	render_begin(&render, tool, RENDER_DETAILS);
	err = get_ask(tool, filter, &render);
	if (render_end(&render) && !err)
		err = -ENOMEM;
	if (err == -ENOENT || (!err && render.shown == 0)) {
		message_error(tool, "there is no such flow");
		return TOOL_FAILED;
	}
	return tool_result(tool, err);
}

int cmd_get(struct tool *tool)
{
	struct ctq_filter *filter;
	int code;

	code = filter_from_words(tool, 0, tool->n_words, &filter);
	if (code == TOOL_OK && !filter) {
		message_error(tool, "'get' needs a tuple or a filter: ctctl get id 7");
		code = TOOL_USAGE;
	}
	if (code == TOOL_OK)
		code = get_run(tool, filter);
	ctq_filter_destroy(filter);
	return code;
}
