/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/joined.h"

#include <errno.h>
#include <string.h>

#include "ctctl/message.h"

int joined_add(struct joined *joined, const char *text, const struct tool_word *source)
{
	size_t length = strlen(text);

	if (joined->used + length + 2 > sizeof(joined->text))
		return -E2BIG;
	if (joined->used)
		joined->text[joined->used++] = ' ';
	joined->parts[joined->n_parts++] =
		(struct joined_part){ joined->used, length, *source,
		                      text == source->text };
	memcpy(joined->text + joined->used, text, length + 1);
	joined->used += length;
	return 0;
}

/* The part that has @offset; NULL: behind the end. */
static const struct joined_part *part_at(const struct joined *joined, size_t offset)
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
	const struct joined_part *part = part_at(joined, error->offset);
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

int joined_mistake(const struct tool *tool, const struct joined *joined,
                   const struct ctq_filter_error *error)
{
	message_error(tool, "%s", error->text);
	show_place(tool, joined, error);
	message_note(tool, "%s", error->hint);
	return TOOL_USAGE;
}
