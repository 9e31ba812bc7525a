/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/filter.h"

#include <errno.h>

#include "ctctl/joined.h"
#include "ctctl/message.h"

static int filter_failed(struct tool *tool, const struct joined *joined, int err,
                         const struct ctq_filter_error *error)
{
	if (err == -ENOMEM) {
		message_error(tool, "no memory");
		return TOOL_FAILED;
	}
	return joined_mistake(tool, joined, error);
}

/* Have *@filter (NULL: none yet) take only what @joined takes too. */
static int narrow(struct tool *tool, struct ctq_filter **filter,
                  const struct joined *joined)
{
	struct ctq_filter_error error;
	int err;

	if (*filter)
		err = ctq_filter_narrow(*filter, joined->text, &error);
	else
		err = ctq_filter_parse(filter, joined->text, &error);
	return err ? filter_failed(tool, joined, err, &error) : TOOL_OK;
}

static int too_long(struct tool *tool)
{
	message_error(tool, "the filter is longer than %d bytes", JOINED_TEXT_MAX);
	return TOOL_USAGE;
}

static int narrow_by_words(struct tool *tool, size_t from, size_t to,
                           struct ctq_filter **filter)
{
	struct joined joined = { .used = 0 };
	size_t i;

	if (from >= to)
		return TOOL_OK;
	for (i = from; i < to; i++)
		if (joined_add(&joined, tool->words[i].text, &tool->words[i]))
			return too_long(tool);
	return narrow(tool, filter, &joined);
}

static int narrow_by_letter(struct tool *tool, const struct tool_letter *letter,
                            struct ctq_filter **filter)
{
	struct joined joined = { .used = 0 };

	if (joined_add(&joined, letter->option->filter, &letter->value) ||
	    (letter->option->argument &&
	     joined_add(&joined, letter->value.text, &letter->value)))
		return too_long(tool);
	return narrow(tool, filter, &joined);
}

static int narrow_by_family(struct tool *tool, enum option_id option, const char *text,
                            struct ctq_filter **filter)
{
	struct joined joined = { .used = 0 };

	if (!tool_has(tool, option))
		return TOOL_OK;
	if (joined_add(&joined, text, &tool->options[option]))
		return too_long(tool);
	return narrow(tool, filter, &joined);
}

int filter_from_words(struct tool *tool, size_t from, size_t to,
                      struct ctq_filter **filter)
{
	size_t i;
	int err;

	*filter = NULL;
	err = narrow_by_words(tool, from, to, filter);
	for (i = 0; i < tool->n_letters && err == TOOL_OK; i++)
		err = narrow_by_letter(tool, &tool->letters[i], filter);
	if (err == TOOL_OK && !tool_has(tool, OPTION_IPV6))
		err = narrow_by_family(tool, OPTION_IPV4, "family ipv4", filter);
	if (err == TOOL_OK && !tool_has(tool, OPTION_IPV4))
		err = narrow_by_family(tool, OPTION_IPV6, "family ipv6", filter);
	if (err != TOOL_OK) {
		ctq_filter_destroy(*filter);
		*filter = NULL;
	}
	return err;
}
