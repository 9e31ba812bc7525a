/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctctl.h - one run of the tool
 *
 *	main.c        calls tool_run() and nothing else
 *	tool.c        a run from arguments to exit code
 *	command.c     the table of verbs and options: parsing, help and completion read it
 *	arguments.c   argv to options and words      filter.c  words and letters to a filter
 *	message.c     what goes wrong, with carets    help.c completion.c
 *	joined.c      … and back    announcements.c  packet.c  pcapng.c   for those that listen
 *	cmd_*.c       the verbs                       render_*.c  how flows look
 *	view.c json.c table.c units.c sort.c          their tools
 *
 * The tool knows the daemon only through libctq. Verbs return an exit code; what went
 * wrong was said by then. Output goes to tool->out and messages to tool->err, so that tests
 * can run the tool within themselves.
 */
#ifndef CTCTL_CTCTL_H
#define CTCTL_CTCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/base.h"
#include "ctctl/command.h"
#include "ctq/ctq.h"

/** Exit codes; ctctl(8) promises them. */
enum tool_exit {
	TOOL_OK = 0,
	TOOL_FAILED = 1,      /* refused or failed by the daemon; status: degraded */
	TOOL_USAGE = 2,       /* the command line is wrong */
	TOOL_UNREACHABLE = 3, /* no daemon */
	TOOL_NONE = 4,        /* nothing matched, and --fail-if-none */
	TOOL_FORBIDDEN = 5,   /* not permitted */
	TOOL_INCOMPLETE = 6,  /* the answer is incomplete */
	TOOL_DIFFERENT = 7,   /* diff: the file differs from what is in force */
};

/** How flows and other answers are written. */
enum tool_format {
	TOOL_FORMAT_TEXT,
	TOOL_FORMAT_WIDE,
	TOOL_FORMAT_SAVE,
	TOOL_FORMAT_DUMP,
	TOOL_FORMAT_CONNTRACK, /* with tool->conntrack_fields */
	TOOL_FORMAT_JSON,
	TOOL_FORMAT_NDJSON,
};

/* Words of conntrack's -o; they may be combined. */
#define TOOL_FIELD_EXTENDED   0x1
#define TOOL_FIELD_ID         0x2
#define TOOL_FIELD_TIMESTAMP  0x4
#define TOOL_FIELD_KTIMESTAMP 0x8
#define TOOL_FIELD_LABELS     0x10

/** A word of the command line that is no option, or the value of an option. */
struct tool_word {
	const char *text;
	int index;     /* in argv */
	size_t offset; /* of the text in argv[index] */
};

/** An option that is a part of a filter: conntrack's letters. */
struct tool_letter {
	const struct option *option;
	struct tool_word value;
};

#define TOOL_WORDS_MAX   512
#define TOOL_LETTERS_MAX 64

struct tool {
	FILE *in, *out, *err;
	bool terminal; /* the output is one: human units */
	bool colour;
	bool utf8;
	int argc;
	char **argv;

	/* -- what the command line says ------------------------------------------- */
	const struct command *command;
	struct tool_word options[OPTION_COUNT]; /* text NULL: not given */
	struct tool_word words[TOOL_WORDS_MAX];
	size_t n_words;
	struct tool_letter letters[TOOL_LETTERS_MAX];
	size_t n_letters;
	enum tool_format format;
	unsigned int conntrack_fields; /* TOOL_FIELD_* */
	const char *socket;
	int timeout_ms;

	struct ctq *ctq; /* opened by tool_connect() */
};

/** The files of a run; NULL @in: there is nobody to ask. */
struct tool_files {
	FILE *in, *out, *err;
};

/** Run the tool. Returns the exit code. */
int tool_run(const struct tool_files *files, int argc, char **argv);

/** Was @option given? */
static inline bool tool_has(const struct tool *tool, enum option_id option)
{
	return tool->options[option].text != NULL;
}

/** Is the output for machines: no sentence, no footer? */
static inline bool tool_is_json(const struct tool *tool)
{
	return tool->format == TOOL_FORMAT_JSON || tool->format == TOOL_FORMAT_NDJSON;
}

/** Connect to the daemon. TOOL_OK, or the exit code; the message is written. */
int tool_connect(struct tool *tool) BASE_MUST_CHECK;

/** The exit code for a failure of libctq, after writing its message. @err: what it returned. */
int tool_failed(struct tool *tool, int err) BASE_MUST_CHECK;

/** tool_failed(), or TOOL_OK for 0. */
static inline int BASE_MUST_CHECK tool_result(struct tool *tool, int err)
{
	return err ? tool_failed(tool, err) : TOOL_OK;
}

#endif
