/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/filter.h"

#include <errno.h>
#include <string.h>

#include "ctctl/message.h"

/* Bytes of one filter's text: a screenful of words. */
#define FILTER_TEXT_MAX 16384

/* A text that was put together, and where its parts come from. */
struct joined {
	char text[FILTER_TEXT_MAX];
	size_t used;
	struct part {
		size_t start, length; /* in text */
		struct tool_word word;
		bool verbatim; /* the part is the word itself, and does not only stand for it */
	} parts[TOOL_WORDS_MAX];
	size_t n_parts;
};

/* Append @text, which is @source or stands for it: there carets point to. */
static int join(struct joined *joined, const char *text, const struct tool_word *source)
{
	size_t length = strlen(text);

	if (joined->used + length + 2 > sizeof(joined->text))
		return -E2BIG;
	if (joined->used)
		joined->text[joined->used++] = ' ';
	joined->parts[joined->n_parts++] =
		(struct part){ joined->used, length, *source, text == source->text };
	memcpy(joined->text + joined->used, text, length + 1);
	joined->used += length;
	return 0;
}

/* The part that has @offset; NULL: behind the end. */
static const struct part *part_at(const struct joined *joined, size_t offset)
{
	size_t i;

	for (i = 0; i < joined->n_parts; i++)
		if (offset < joined->parts[i].start + joined->parts[i].length)
			return &joined->parts[i];
	return NULL;
}

static void show_place(const struct tool *tool, const struct joined *joined,
                       const struct ctq_filter_error *error)
{
	const struct part *part = part_at(joined, error->offset);
	size_t within, length = error->length;

	if (!part) {
		message_caret(tool, tool->argc, 0, 0, error->suggestion);
		return;
	}
	if (!part->verbatim) {
		message_caret(tool, part->word.index, part->word.offset,
		              strlen(tool->argv[part->word.index] + part->word.offset),
		              error->suggestion);
		return;
	}
	within = error->offset > part->start ? error->offset - part->start : 0;
	message_caret(tool, part->word.index, part->word.offset + within,
	              length < part->length - within ? length : part->length - within,
	              error->suggestion);
}

static int filter_failed(struct tool *tool, const struct joined *joined, int err,
                         const struct ctq_filter_error *error)
{
	if (err == -ENOMEM) {
		message_error(tool, "no memory");
		return TOOL_FAILED;
	}
	message_error(tool, "%s", error->text);
	show_place(tool, joined, error);
	message_note(tool, "%s", error->hint);
	return TOOL_USAGE;
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
	message_error(tool, "the filter is longer than %d bytes", FILTER_TEXT_MAX);
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
		if (join(&joined, tool->words[i].text, &tool->words[i]))
			return too_long(tool);
	return narrow(tool, filter, &joined);
}

static int narrow_by_letter(struct tool *tool, const struct tool_letter *letter,
                            struct ctq_filter **filter)
{
	struct joined joined = { .used = 0 };

	if (join(&joined, letter->option->filter, &letter->value) ||
	    (letter->option->argument &&
	     join(&joined, letter->value.text, &letter->value)))
		return too_long(tool);
	return narrow(tool, filter, &joined);
}

static int narrow_by_family(struct tool *tool, enum option_id option, const char *text,
                            struct ctq_filter **filter)
{
	struct joined joined = { .used = 0 };

	if (!tool_has(tool, option))
		return TOOL_OK;
	if (join(&joined, text, &tool->options[option]))
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
