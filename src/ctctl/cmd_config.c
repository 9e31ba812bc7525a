/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_config.c - the daemon's configuration: shown by the daemon, checked by its program
 *
 * What is in force only the daemon knows. A file is checked without one, by `ctqd --check`:
 * there is one reader of ctqd.conf, and it is not this tool's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/json.h"
#include "ctctl/message.h"

/* Where make install puts it; the variable is for those who have it elsewhere. */
#define CONFIG_CHECKER          SBINDIR "/ctqd"
#define CONFIG_CHECKER_VARIABLE "CTQD"

static const char *const words[] = { "show", "check" };

/* ---- show ---------------------------------------------------------------------------- */

static int piece(void *data, const struct ctq_record *record)
{
	const char *text = ctq_record_string(record, CTQA_CONFIG_TEXT);

	if (text)
		fputs(text, data);
	return 0;
}

static void write_json(struct tool *tool, const char *text)
{
	struct json json;

	json_init(&json, tool->out);
	json_object_begin(&json, NULL);
	json_string(&json, "config", text);
	json_object_end(&json);
	json_newline(&json);
}

/* All of it before the first byte is written: half a configuration is worse than none. */
static int show(struct tool *tool)
{
	char *text = NULL;
	size_t size;
	FILE *pieces = open_memstream(&text, &size);
	int code;

	if (!pieces) {
		message_error(tool, "no memory");
		return TOOL_FAILED;
	}
	code = tool_result(tool,
	                   ctq_config_dump(tool->ctq, tool_has(tool, OPTION_DEFAULTS),
	                                   piece, pieces));
	if (fclose(pieces) != 0 && code == TOOL_OK) {
		message_error(tool, "no memory");
		code = TOOL_FAILED;
	}
	if (code == TOOL_OK && tool_is_json(tool))
		write_json(tool, text);
	else if (code == TOOL_OK)
		fputs(text, tool->out);
	free(text);
	return code;
}

static int run_show(struct tool *tool)
{
	int code = arguments_end(tool, 1);

	if (code == TOOL_OK)
		code = tool_connect(tool);
	return code ? code : show(tool);
}

/* ---- check --------------------------------------------------------------------------- */

/* Becomes ctqd, which says what is wrong and exits 0 or 1. */
static int run_check(struct tool *tool)
{
	const char *program = getenv(CONFIG_CHECKER_VARIABLE);
	int code;

	if (tool->n_words < 2) {
		message_error(tool, "'config check' needs the file to check");
		return TOOL_USAGE;
	}
	code = arguments_end(tool, 2);
	if (code)
		return code;
	if (!program)
		program = CONFIG_CHECKER;
	fflush(tool->out);
	execl(program, program, "--check", "-c", tool->words[1].text, (char *)NULL);
	message_error(tool, "%s, which checks configurations, cannot be run: %s", program,
	              strerror(errno));
	return TOOL_FAILED;
}

int cmd_config(struct tool *tool)
{
	if (tool->n_words == 0 || strcmp(tool->words[0].text, "show") == 0)
		return run_show(tool);
	if (strcmp(tool->words[0].text, "check") == 0)
		return run_check(tool);
	return message_usage(tool, tool->words[0].index, words, BASE_ARRAY_LENGTH(words),
	                     "'%s' is none of show, check", tool->words[0].text);
}
