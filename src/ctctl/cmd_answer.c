/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_answer.c - answers to rules that ask
 */
#include <string.h>

#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/message.h"

/* The place of word @i among those that may stand there: TOOL_OK or TOOL_USAGE. */
static int choose(struct tool *tool, size_t i, const char *const words[2],
                  const char *what, int *place)
{
	const struct tool_word *word = &tool->words[i];

	for (*place = 0; *place < 2; (*place)++)
		if (strcmp(word->text, words[*place]) == 0)
			return TOOL_OK;
	return message_usage(tool, word->index, words, 2, "'%s' is no %s: %s or %s",
	                     word->text, what, words[0], words[1]);
}

int cmd_answer(struct tool *tool)
{
	static const char *const verdicts[2] = { "accept", "drop" };
	static const char *const scopes[2] = { "packet", "flow" };
	int verdict = 0, scope = 0, err;
	unsigned long id;

	if (tool->n_words < 2) {
		message_error(tool, "'answer' needs a question and a verdict: ctctl "
		                    "answer 17 accept; see: ctctl list ask");
		return TOOL_USAGE;
	}
	err = arguments_number(tool, &tool->words[0], "the id of a question", 1,
	                       UINT32_MAX, &id);
	if (err == TOOL_OK)
		err = choose(tool, 1, verdicts, "verdict", &verdict);
	if (err == TOOL_OK && tool->n_words > 2)
		err = choose(tool, 2, scopes, "scope", &scope);
	if (err == TOOL_OK)
		err = arguments_end(tool, 3);
	if (err == TOOL_OK)
		err = tool_connect(tool);
	if (err)
		return err;
	err = ctq_answer(tool->ctq, (uint32_t)id,
	                 verdict ? CTQ_VERDICT_DROP : CTQ_VERDICT_ACCEPT,
	                 scope ? CTQ_ASK_FLOW : CTQ_ASK_PACKET);
	return tool_result(tool, err);
}
