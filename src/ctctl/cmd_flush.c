/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <unistd.h>

#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/json.h"
#include "ctctl/message.h"

/* Has the user said yes, now or on the command line? */
static bool confirmed(struct tool *tool, uint32_t flows)
{
	char answer[16];

	if (tool_has(tool, OPTION_YES))
		return true;
	if (!tool->in || !isatty(fileno(tool->in)))
		return false;
	fprintf(tool->err, "Remove all %" PRIu32 " flows? [y/N] ", flows);
	fflush(tool->err);
	return fgets(answer, sizeof(answer), tool->in) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

int cmd_flush(struct tool *tool)
{
	uint32_t flows;
	int err;

	err = arguments_end(tool, 0);
	if (err == TOOL_OK)
		err = tool_connect(tool);
	if (err)
		return err;
	err = ctq_flows_count(tool->ctq, NULL, &flows, NULL);
	if (err)
		return tool_failed(tool, err);
	if (!confirmed(tool, flows)) {
		message_error(tool, "nothing is removed: to empty the whole table say: "
		                    "ctctl flush --yes");
		return TOOL_USAGE;
	}
	err = ctq_flows_flush(tool->ctq);
	if (err)
		return tool_failed(tool, err);
	if (tool_is_json(tool))
		json_write_number(tool->out, "deleted", flows);
	else if (!tool_has(tool, OPTION_QUIET))
		fprintf(tool->out, "%" PRIu32 " flows removed\n", flows);
	return TOOL_OK;
}
