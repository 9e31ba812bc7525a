/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command.h - the table of verbs and options
 *
 * The one place that says what can be typed. arguments.c parses by it, help.c prints it,
 * completion.c makes shell scripts of it, and a test compares those with it.
 */
#ifndef CTCTL_COMMAND_H
#define CTCTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct tool;

enum option_id {
	OPTION_NONE,
	/* global */
	OPTION_JSON,
	OPTION_NDJSON,
	OPTION_OUTPUT,
	OPTION_IPV4,
	OPTION_IPV6,
	OPTION_NO_HEADER,
	OPTION_QUIET,
	OPTION_COLOR,
	OPTION_SOCKET,
	OPTION_TIMEOUT,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_COMPLETION,
	/* of verbs */
	OPTION_SORT,
	OPTION_LIMIT,
	OPTION_ZERO,
	OPTION_REASONS,
	OPTION_YES,
	OPTION_CHECK,
	OPTION_DEFAULTS,
	OPTION_FAIL_IF_NONE,
	OPTION_HITS,
	OPTION_UNUSED,
	OPTION_EVENTS,
	OPTION_LIBRARY,
	OPTION_KILL,
	OPTION_RATE,
	OPTION_DROPPED,
	OPTION_WRITE,
	OPTION_BYTES,
	OPTION_DURATION,
	OPTION_SNAPLEN,
	/* conntrack's letters: parts of a filter */
	OPTION_FILTER,
	OPTION_COUNT,
};

struct option {
	enum option_id id;
	char letter;          /* 0: none */
	const char *name;     /* without dashes */
	const char *argument; /* "PATH"; NULL: takes none */
	const char *summary;
	const char *values; /* what the argument may be, separated by spaces; or NULL */
	const char *
		filter; /* OPTION_FILTER: the word (or, without argument, the whole text) of
	                       * the filter language that it stands for */
	bool hidden;    /* not in help and completion */
};

struct command {
	const char *name;
	char letter;           /* conntrack's: 'L'; 0: none */
	const char *long_name; /* and its long form: "dump"; or NULL */
	const char *arguments; /* "[dying|unconfirmed] [FILTER]" */
	const char *summary;
	const char *details; /* further lines of its help, or NULL */
	const char *words; /* first words for completion, separated by spaces; or NULL */
	const struct option *options; /* its own, ended by OPTION_NONE; or NULL */
	const char *option_hint;      /* of an option that is none of them, or NULL */
	bool filter; /* takes a filter, and with it conntrack's letters */
	bool flows;  /* writes flows: all output formats */
	int (*run)(struct tool *tool);
};

extern const struct command command_table[];  /* ended by a NULL name; the first one is
                                                   * run when none is named */
extern const struct option command_options[]; /* global; ended by OPTION_NONE */
extern const struct option command_filter_options[]; /* conntrack's letters; as above */

/** The command of this name, or NULL. */
const struct command *command_find(const char *name);

/** The command of conntrack's letter ("-L") or long option ("--dump"), or NULL. */
const struct command *command_find_letter(const char *argument);

/** The option of @table, or NULL. @table may be NULL. */
const struct option *command_option_letter(const struct option *table, char letter);
const struct option *command_option_name(const struct option *table, const char *name,
                                         size_t length);

#endif
