/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <langinfo.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctctl/arguments.h"
#include "ctctl/completion.h"
#include "ctctl/ctctl.h"
#include "ctctl/help.h"
#include "ctctl/message.h"

#define TIMEOUT_MS 5000

static int exit_code(const struct ctq_error *error, int err)
{
	bool forbidden = err == -EPERM || err == -EACCES;

	switch (error->origin) {
	case CTQ_ERROR_CONNECT: return forbidden ? TOOL_FORBIDDEN : TOOL_UNREACHABLE;
	case CTQ_ERROR_DAEMON: return forbidden ? TOOL_FORBIDDEN : TOOL_FAILED;
	case CTQ_ERROR_ANSWER: return TOOL_INCOMPLETE;
	default: return TOOL_FAILED;
	}
}

int tool_failed(struct tool *tool, int err)
{
	const struct ctq_error *error = ctq_error(tool->ctq);

	if (error->origin == CTQ_ERROR_NONE) {
		message_error(tool, "%s", strerror(-err));
		return TOOL_FAILED;
	}
	message_error(tool, "%s", error->text);
	message_note(tool, "%s", error->hint);
	return exit_code(error, err);
}

int tool_connect(struct tool *tool)
{
	tool->ctq = ctq_new();
	if (!tool->ctq) {
		message_error(tool, "no memory");
		return TOOL_FAILED;
	}
	ctq_timeout_set(tool->ctq, tool->timeout_ms);
	return tool_result(tool, ctq_connect(tool->ctq, tool->socket));
}

/* What is asked of the tool itself, not of the daemon. */
static int run_command(struct tool *tool)
{
	if (tool_has(tool, OPTION_COMPLETION))
		return completion_write(tool, tool->options[OPTION_COMPLETION].text);
	if (tool_has(tool, OPTION_VERSION))
		return help_version(tool);
	if (tool_has(tool, OPTION_HELP))
		return help_write(tool,
		                  tool->options[OPTION_HELP].index == 1 && tool->argc == 2
		                          ? NULL
		                          : tool->command);
	return tool->command->run(tool);
}

/* Output that nobody got is a failure too. */
static int finish(struct tool *tool, int code)
{
	bool failed = fflush(tool->out) != 0 || ferror(tool->out);

	ctq_destroy(tool->ctq);
	if (!failed || errno == EPIPE || code != TOOL_OK)
		return code;
	fprintf(tool->err, "error: cannot write: %s\n", strerror(errno));
	return TOOL_FAILED;
}

int tool_run(const struct tool_files *files, int argc, char **argv)
{
	struct tool *tool = calloc(1, sizeof(*tool));
	int code;

	if (!tool) {
		fputs("error: no memory\n", files->err);
		return TOOL_FAILED;
	}
	tool->in = files->in;
	tool->out = files->out;
	tool->err = files->err;
	tool->argc = argc;
	tool->argv = argv;
	tool->timeout_ms = TIMEOUT_MS;
	tool->terminal = fileno(files->out) >= 0 && isatty(fileno(files->out));
	tool->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	__fsetlocking(tool->out, FSETLOCKING_BYCALLER); /* there is one thread only */
	code = arguments_parse(tool);
	if (code == TOOL_OK)
		code = run_command(tool);
	code = finish(tool, code);
	free(tool);
	return code;
}
