/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "ctctl/cmd.h"
#include "ctctl/expect.h"
#include "ctctl/filter.h"
#include "ctctl/json.h"
#include "ctctl/message.h"

static void write_deleted(struct tool *tool, uint32_t deleted)
{
	if (tool_is_json(tool))
		json_write_number(tool->out, "deleted", deleted);
	else if (!tool_has(tool, OPTION_QUIET))
		fprintf(tool->out, "%" PRIu32 " flow%s deleted\n", deleted,
		        deleted == 1 ? "" : "s");
}

static int delete_run(struct tool *tool, const struct ctq_filter *filter)
{
	uint32_t deleted = 0;
	int err;

	err = tool_connect(tool);
	if (err)
		return err;
	err = ctq_flows_delete(tool->ctq, filter, &deleted);
	if (err)
		return tool_failed(tool, err);
	write_deleted(tool, deleted);
	return deleted == 0 && tool_has(tool, OPTION_FAIL_IF_NONE) ? TOOL_NONE : TOOL_OK;
}

int cmd_delete(struct tool *tool)
{
	struct ctq_filter *filter;
	int code;

	if (expect_is_meant(tool))
		return expect_delete(tool);
	code = filter_from_words(tool, 0, tool->n_words, &filter);
	if (code == TOOL_OK && !filter) {
		message_error(tool,
		              "'delete' needs a filter; to empty the whole table say: "
		              "ctctl flush --yes");
		code = TOOL_USAGE;
	}
	if (code == TOOL_OK)
		code = delete_run(tool, filter);
	ctq_filter_destroy(filter);
	return code;
}
