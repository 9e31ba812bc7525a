/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/arguments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctctl/message.h"

#define NAMES_MAX 64

/* The walk through argv. */
struct walk {
	struct tool *tool;
	int index;         /* of the argument being read */
	bool as_conntrack; /* the command was named by conntrack's letter */
	bool options_end;
};

/* ---- which option ------------------------------------------------------------------- */

/* The tables to look into, the first one first. */
static void option_tables(const struct walk *walk, const struct option *tables[3])
{
	const struct command *command = walk->tool->command;
	const struct option *filter =
		command && command->filter ? command_filter_options : NULL;

	tables[0] = command ? command->options : NULL;
	tables[1] = walk->as_conntrack ? filter : command_options;
	tables[2] = walk->as_conntrack ? command_options : filter;
}

static const struct option *find_letter(const struct walk *walk, char letter)
{
	const struct option *tables[3], *option;
	size_t i;

	option_tables(walk, tables);
	for (i = 0; i < BASE_ARRAY_LENGTH(tables); i++) {
		option = command_option_letter(tables[i], letter);
		if (option)
			return option;
	}
	return NULL;
}

static const struct option *find_name(const struct walk *walk, const char *name,
                                      size_t length)
{
	const struct option *tables[3], *option;
	size_t i;

	option_tables(walk, tables);
	for (i = 0; i < BASE_ARRAY_LENGTH(tables); i++) {
		option = command_option_name(tables[i], name, length);
		if (option)
			return option;
	}
	return NULL;
}

static int unknown_option(const struct walk *walk)
{
	const struct tool *tool = walk->tool;
	const struct option *tables[3], *option;
	const char *names[NAMES_MAX];
	char dashed[NAMES_MAX][32];
	size_t i, n = 0;
	int status;

	option_tables(walk, tables);
	for (i = 0; i < BASE_ARRAY_LENGTH(tables); i++) {
		for (option = tables[i]; option && option->id != OPTION_NONE; option++) {
			if (option->hidden || n == NAMES_MAX)
				continue;
			snprintf(dashed[n], sizeof(dashed[n]), "--%s", option->name);
			names[n] = dashed[n];
			n++;
		}
	}
	status = message_usage(tool, walk->index, names, n, "unknown option '%s'%s%s",
	                       tool->argv[walk->index], tool->command ? " of " : "",
	                       tool->command ? tool->command->name : "");
	if (tool->command && tool->command->option_hint)
		message_note(tool, "%s", tool->command->option_hint);
	return status;
}

/* ---- what it says ---------------------------------------------------------------------- */

static int option_store(struct walk *walk, const struct option *option,
                        struct tool_word value)
{
	struct tool *tool = walk->tool;

	if (option->id != OPTION_FILTER) {
		tool->options[option->id] = value;
		return TOOL_OK;
	}
	if (tool->n_letters == TOOL_LETTERS_MAX)
		return message_usage(tool, walk->index, NULL, 0, "too many options");
	tool->letters[tool->n_letters++] = (struct tool_letter){ option, value };
	return TOOL_OK;
}

/* The argument of @option: at @rest of this argument when there is something, else the next. */
static int option_take(struct walk *walk, const struct option *option, const char *rest)
{
	struct tool *tool = walk->tool;
	const char *argument = tool->argv[walk->index];
	struct tool_word value = { "", walk->index, 0 };

	if (!option->argument)
		return option_store(walk, option, value);
	if (rest) {
		value.text = rest;
		value.offset = (size_t)(rest - argument);
		return option_store(walk, option, value);
	}
	if (walk->index + 1 >= tool->argc)
		return message_usage(tool, walk->index, NULL, 0, "'%s' needs %s",
		                     argument, option->argument);
	value.index = ++walk->index;
	value.text = tool->argv[value.index];
	return option_store(walk, option, value);
}

static int long_option(struct walk *walk)
{
	const char *name = walk->tool->argv[walk->index] + 2, *equals = strchr(name, '=');
	const struct option *option;

	option = find_name(walk, name, equals ? (size_t)(equals - name) : strlen(name));
	if (!option)
		return unknown_option(walk);
	if (equals && !option->argument)
		return message_usage(walk->tool, walk->index, NULL, 0,
		                     "'--%s' takes no value", option->name);
	return option_take(walk, option, equals ? equals + 1 : NULL);
}

/* "-jH", "-n5" */
static int short_options(struct walk *walk)
{
	const char *letters = walk->tool->argv[walk->index] + 1;
	const struct option *option;
	int err = TOOL_OK;

	for (; *letters && err == TOOL_OK; letters++) {
		option = find_letter(walk, *letters);
		if (!option)
			return unknown_option(walk);
		if (option->argument)
			return option_take(walk, option, letters[1] ? letters + 1 : NULL);
		err = option_take(walk, option, NULL);
	}
	return err;
}

/* ---- commands ---------------------------------------------------------------------------- */

static int unknown_command(const struct walk *walk)
{
	const char *names[NAMES_MAX];
	size_t n;

	for (n = 0; command_table[n].name && n < NAMES_MAX; n++)
		names[n] = command_table[n].name;
	return message_usage(walk->tool, walk->index, names, n, "unknown command '%s'",
	                     walk->tool->argv[walk->index]);
}

static int word_store(struct walk *walk)
{
	struct tool *tool = walk->tool;

	if (!tool->command) {
		tool->command = command_find(tool->argv[walk->index]);
		return tool->command ? TOOL_OK : unknown_command(walk);
	}
	if (tool->n_words == TOOL_WORDS_MAX)
		return message_usage(tool, walk->index, NULL, 0, "too many words");
	tool->words[tool->n_words++] =
		(struct tool_word){ tool->argv[walk->index], walk->index, 0 };
	return TOOL_OK;
}

/* Is there one of conntrack's letters, and no verb before it? Returns its index or 0. */
static int find_conntrack_letter(struct tool *tool)
{
	int i;

	for (i = 1; i < tool->argc && strcmp(tool->argv[i], "--") != 0; i++) {
		if (command_find(tool->argv[i]))
			return 0;
		tool->command = command_find_letter(tool->argv[i]);
		if (tool->command)
			return i;
	}
	return 0;
}

static int argument_read(struct walk *walk)
{
	const char *argument = walk->tool->argv[walk->index];

	if (walk->options_end || argument[0] != '-' || argument[1] == '\0')
		return word_store(walk);
	if (argument[1] != '-')
		return short_options(walk);
	if (argument[2] != '\0')
		return long_option(walk);
	walk->options_end = true;
	return TOOL_OK;
}

static int walk_arguments(struct tool *tool)
{
	struct walk walk = { .tool = tool };
	int letter = find_conntrack_letter(tool), err = TOOL_OK;

	walk.as_conntrack = letter != 0;
	for (walk.index = 1; walk.index < tool->argc && err == TOOL_OK; walk.index++)
		if (walk.index != letter)
			err = argument_read(&walk);
	if (!tool->command)
		tool->command = &command_table[0];
	return err;
}

/* ---- global options ------------------------------------------------------------------------ */

static const struct {
	const char *word;
	enum tool_format format;
	unsigned int field;
} formats[] = {
	{ "text", TOOL_FORMAT_TEXT, 0 },
	{ "wide", TOOL_FORMAT_WIDE, 0 },
	{ "save", TOOL_FORMAT_SAVE, 0 },
	{ "dump", TOOL_FORMAT_DUMP, 0 },
	{ "json", TOOL_FORMAT_JSON, 0 },
	{ "ndjson", TOOL_FORMAT_NDJSON, 0 },
	{ "conntrack", TOOL_FORMAT_CONNTRACK, TOOL_FIELD_EXTENDED | TOOL_FIELD_ID },
	{ "extended", TOOL_FORMAT_CONNTRACK, TOOL_FIELD_EXTENDED },
	{ "id", TOOL_FORMAT_CONNTRACK, TOOL_FIELD_ID },
	{ "timestamp", TOOL_FORMAT_CONNTRACK, TOOL_FIELD_TIMESTAMP },
	{ "ktimestamp", TOOL_FORMAT_CONNTRACK, TOOL_FIELD_KTIMESTAMP },
	{ "labels", TOOL_FORMAT_CONNTRACK, TOOL_FIELD_LABELS },
};

/* One word of -o's list. */
static int format_word(struct tool *tool, const char *word, size_t length)
{
	const struct tool_word *value = &tool->options[OPTION_OUTPUT];
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(formats); i++) {
		if (strlen(formats[i].word) != length ||
		    strncmp(formats[i].word, word, length) != 0)
			continue;
		tool->format = formats[i].format;
		tool->conntrack_fields |= formats[i].field;
		return TOOL_OK;
	}
	message_error(tool, "unknown output '%.*s'", (int)length, word);
	message_caret(tool, value->index, value->offset + (size_t)(word - value->text),
	              length, "");
	message_note(tool, "outputs: text wide save dump json ndjson conntrack "
	                   "extended,id,timestamp,ktimestamp,labels");
	return TOOL_USAGE;
}

static int format_parse(struct tool *tool)
{
	const char *word = tool->options[OPTION_OUTPUT].text;
	size_t length;
	int err = TOOL_OK;

	for (; word && err == TOOL_OK; word = word[length] ? word + length + 1 : NULL) {
		length = strcspn(word, ",");
		err = format_word(tool, word, length);
	}
	if (tool_has(tool, OPTION_JSON))
		tool->format = TOOL_FORMAT_JSON;
	if (tool_has(tool, OPTION_NDJSON))
		tool->format = TOOL_FORMAT_NDJSON;
	if (err == TOOL_OK && !tool->command->flows && !tool_is_json(tool) &&
	    tool->format > TOOL_FORMAT_WIDE) {
		message_error(tool, "'%s' cannot be written as '%s': that is for flows",
		              tool->command->name, tool->options[OPTION_OUTPUT].text);
		return TOOL_USAGE;
	}
	return err;
}

static int color_parse(struct tool *tool)
{
	const char *when = tool->options[OPTION_COLOR].text;

	if (!when || strcmp(when, "auto") == 0)
		tool->colour = tool->terminal && !getenv("NO_COLOR");
	else if (strcmp(when, "always") == 0)
		tool->colour = true;
	else if (strcmp(when, "never") != 0)
		return message_usage(tool, tool->options[OPTION_COLOR].index, NULL, 0,
		                     "--color is auto, always or never");
	return TOOL_OK;
}

static int timeout_parse(struct tool *tool)
{
	const struct tool_word *value = &tool->options[OPTION_TIMEOUT];
	unsigned long seconds;
	int err;

	if (!value->text)
		return TOOL_OK;
	err = arguments_number(tool, value, "a number of seconds", 1, 86400, &seconds);
	if (err == TOOL_OK)
		tool->timeout_ms = (int)seconds * 1000;
	return err;
}

int arguments_parse(struct tool *tool)
{
	int err;

	err = walk_arguments(tool);
	if (err == TOOL_OK)
		err = format_parse(tool);
	if (err == TOOL_OK)
		err = color_parse(tool);
	if (err == TOOL_OK)
		err = timeout_parse(tool);
	tool->socket = tool->options[OPTION_SOCKET].text;
	return err;
}

/* ---- for verbs ------------------------------------------------------------------------------- */

int arguments_number(const struct tool *tool, const struct tool_word *word,
                     const char *what, unsigned long min, unsigned long max,
                     unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(word->text, &end, 10);
	if (errno || *end || end == word->text || word->text[0] == '-' || *number < min ||
	    *number > max) {
		message_error(tool, "'%s' is not %s from %lu to %lu", word->text, what,
		              min, max);
		message_caret(tool, word->index, word->offset, strlen(word->text), "");
		return TOOL_USAGE;
	}
	return TOOL_OK;
}

/* One number with its unit, added to *@sum; NULL: it is none. */
static const char *seconds_part(const char *text, uint64_t *sum)
{
	static const struct {
		char letter;
		unsigned int seconds;
	} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	unsigned long long number;
	size_t i;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || end == text || *text == '-' || *text == '+' || number > UINT32_MAX)
		return NULL;
	for (i = 0; *end && i < BASE_ARRAY_LENGTH(units); i++) {
		if (*end != units[i].letter)
			continue;
		*sum += number * units[i].seconds;
		return end + 1;
	}
	*sum += number;
	return *end ? NULL : end;
}

int arguments_seconds(const struct tool *tool, const struct tool_word *word,
                      uint32_t *seconds)
{
	const char *text = word->text;
	uint64_t sum = 0;

	do {
		text = seconds_part(text, &sum);
	} while (text && *text && sum <= UINT32_MAX);
	if (!text || sum > UINT32_MAX)
		return message_usage(tool, word->index, NULL, 0,
		                     "'%s' is not a time (90, 5m, 1h30m)", word->text);
	*seconds = (uint32_t)sum;
	return TOOL_OK;
}

int arguments_end(const struct tool *tool, size_t from)
{
	if (tool->n_words <= from)
		return TOOL_OK;
	return message_usage(tool, tool->words[from].index, NULL, 0,
	                     "'%s' does not take '%s'", tool->command->name,
	                     tool->words[from].text);
}
