/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctctl/cmd.h"
#include "ctctl/json.h"
#include "ctctl/message.h"
#include "ctctl/outcome.h"

#define LOAD_TIMEOUT_MS 60000 /* a million rules take their time */

static int send_rules(struct tool *tool, struct ctq_rules *rules)
{
	int err;

	err = tool_connect(tool);
	if (err)
		return err;
	if (!tool_has(tool, OPTION_TIMEOUT))
		ctq_timeout_set(tool->ctq, LOAD_TIMEOUT_MS);
	err = ctq_rules_load(tool->ctq, rules, outcome_flags(tool));
	if (err)
		return outcome_failed(tool, rules, err);
	return outcome_done(tool);
}

static int load_run(struct tool *tool, struct ctq_rules *rules)
{
	int err;

	err = outcome_read(tool, rules, tool->words[0].text);
	if (err) {
		/* Connected only for the last line: the daemon is not needed to find mistakes. */
		tool->ctq = ctq_new();
		if (tool->ctq && !tool_has(tool, OPTION_CHECK))
			(void)!ctq_connect(tool->ctq, tool->socket);
		return outcome_failed(tool, rules, err);
	}
	return send_rules(tool, rules);
}

int cmd_load(struct tool *tool)
{
	return outcome_of_file(tool, load_run);
}
