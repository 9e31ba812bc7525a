/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/arguments.h"
#include "ctctl/cmd.h"

/* Rules of a million lines take their time, and so does the daemon. */
#define RELOAD_TIMEOUT_MS 60000

int cmd_reload(struct tool *tool)
{
	int err;

	err = arguments_end(tool, 0);
	if (err == TOOL_OK)
		err = tool_connect(tool);
	if (err)
		return err;
	if (!tool_has(tool, OPTION_TIMEOUT))
		ctq_timeout_set(tool->ctq, RELOAD_TIMEOUT_MS);
	return tool_result(tool, ctq_reload(tool->ctq));
}
