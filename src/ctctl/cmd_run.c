/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_run.c - another program, whose sockets of NETLINK_NETFILTER lead to ctqd
 *
 * The library of src/preload does the work; this tells the program's loader and the library
 * where things are, and becomes the program.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctctl/cmd.h"
#include "ctctl/message.h"

#define LIBRARY PKGLIBDIR "/libctq-nfct.so"

/* The variable by which src/preload finds the daemon; ctctl(8) promises it. */
#define SOCKET_VARIABLE "CTQ_SOCKET"

static int no_command(struct tool *tool)
{
	if (tool->n_words)
		return message_usage(tool, tool->words[0].index, NULL, 0, CMD_RUN_HINT);
	message_error(tool, "'run' needs a command: ctctl run -- conntrack -L");
	return TOOL_USAGE;
}

/* Whatever is preloaded already comes after ours. */
static int preload(struct tool *tool, const char *library)
{
	const char *before = getenv("LD_PRELOAD");
	char *value;
	int err;

	if (access(library, R_OK) < 0) {
		message_error(tool, "cannot read %s: %s", library, strerror(errno));
		return TOOL_FAILED;
	}
	if (asprintf(&value, "%s%s%s", library, before && *before ? ":" : "",
	             before ? before : "") < 0) {
		message_error(tool, "no memory");
		return TOOL_FAILED;
	}
	err = setenv("LD_PRELOAD", value, 1);
	free(value);
	if (err == 0 && tool->socket)
		err = setenv(SOCKET_VARIABLE, tool->socket, 1);
	if (err == 0)
		return TOOL_OK;
	message_error(tool, "no memory");
	return TOOL_FAILED;
}

int cmd_run(struct tool *tool)
{
	const char *library = tool->options[OPTION_LIBRARY].text;
	char **command;
	int err;

	if (tool->n_words == 0 || strcmp(tool->argv[tool->words[0].index - 1], "--") != 0)
		return no_command(tool);
	command = tool->argv + tool->words[0].index;
	err = preload(tool, library ? library : LIBRARY);
	if (err != TOOL_OK)
		return err;
	execvp(command[0], command);
	message_error(tool, "cannot run '%s': %s", command[0], strerror(errno));
	return TOOL_FAILED;
}
