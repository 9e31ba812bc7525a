/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/outcome.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctctl/arguments.h"
#include "ctctl/json.h"
#include "ctctl/message.h"

#define STDIN_MAX (256u << 20) /* bytes; as the language's own limit for files */

/* All of standard input; -EFBIG: too much. */
static int stdin_read(FILE *in, char **text, size_t *size)
{
	size_t capacity = 65536, got;
	char *grown;

	*text = NULL;
	*size = 0;
	do {
		capacity *= 2;
		grown = capacity <= STDIN_MAX * 2 ? realloc(*text, capacity) : NULL;
		if (!grown)
			return capacity <= STDIN_MAX * 2 ? -ENOMEM : -EFBIG;
		*text = grown;
		got = fread(*text + *size, 1, capacity - *size, in);
		*size += got;
	} while (*size == capacity);
	return ferror(in) ? -EIO : 0;
}

int outcome_read(struct tool *tool, struct ctq_rules *rules, const char *path)
{
	char *text;
	size_t size;
	int err;

	if (strcmp(path, "-") != 0)
		return ctq_rules_read_file(rules, path);
	if (!tool->in)
		return -EIO;
	err = stdin_read(tool->in, &text, &size);
	if (!err)
		err = ctq_rules_read_text(rules, "standard input", text, size);
	free(text);
	return err;
}

int outcome_of_file(struct tool *tool,
                    int (*run)(struct tool *tool, struct ctq_rules *rules))
{
	const char *verb = tool->command->name;
	struct ctq_rules *rules;
	int code;

	if (tool->n_words == 0) {
		message_error(tool, "'%s' needs a file: ctctl %s /etc/ctqd/rules.ctq",
		              verb, verb);
		return TOOL_USAGE;
	}
	code = arguments_end(tool, 1);
	if (code != TOOL_OK)
		return code;
	rules = ctq_rules_new();
	if (!rules) {
		message_error(tool, "no memory");
		return TOOL_FAILED;
	}
	code = run(tool, rules);
	ctq_rules_destroy(rules);
	return code;
}

static int generation_record(void *data, const struct ctq_record *ruleset)
{
	*(uint64_t *)data = ctq_record_number(ruleset, CTQA_RULESET_GENERATION);
	return 0;
}

/* What stays in force after a failure, when the daemon can be asked. */
static void write_unchanged(struct tool *tool)
{
	uint64_t generation;

	if (!tool->ctq || ctq_fd(tool->ctq) < 0 ||
	    ctq_ruleset_get(tool->ctq, generation_record, &generation)) {
		fputs("rules unchanged\n", tool->err);
		return;
	}
	fprintf(tool->err, "rules unchanged: generation %" PRIu64 " stays in force\n",
	        generation);
}

int outcome_failed(struct tool *tool, struct ctq_rules *rules, int err)
{
	int code = TOOL_FAILED;

	fflush(tool->out);
	if (err == -EINVAL && ctq_rules_error_count(rules))
		ctq_rules_errors_print(rules, tool->err);
	else if (err == -ENOMEM)
		message_error(tool, "no memory");
	else if (!tool->ctq)
		message_error(tool, "%s", strerror(-err));
	else
		code = tool_failed(tool, err);
	if (!tool_has(tool, OPTION_CHECK))
		write_unchanged(tool);
	return code;
}

static int write_correct(struct tool *tool)
{
	if (!tool_has(tool, OPTION_QUIET) && !tool_is_json(tool))
		fputs("the rules are correct\n", tool->out);
	return TOOL_OK;
}

static int write_loaded(struct tool *tool)
{
	uint64_t generation;
	int err;

	if (tool_has(tool, OPTION_QUIET) && !tool_is_json(tool))
		return TOOL_OK;
	err = ctq_ruleset_get(tool->ctq, generation_record, &generation);
	if (err)
		return tool_failed(tool, err);
	if (tool_is_json(tool))
		json_write_number(tool->out, "generation", generation);
	else
		fprintf(tool->out, "generation %" PRIu64 " is in force\n", generation);
	return TOOL_OK;
}

int outcome_done(struct tool *tool)
{
	return tool_has(tool, OPTION_CHECK) ? write_correct(tool) : write_loaded(tool);
}

unsigned int outcome_flags(const struct tool *tool)
{
	return tool_has(tool, OPTION_CHECK) ? CTQ_RULES_CHECK : 0;
}
