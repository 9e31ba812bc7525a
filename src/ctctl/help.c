/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "ctctl/help.h"

#include <string.h>

#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/message.h"

#define SUMMARY_COLUMN 30
#define HELP_NAMES_MAX 64

/* "  left             summary" */
static void write_entry(FILE *out, const char *left, const char *summary)
{
	if (strlen(left) + 2 >= SUMMARY_COLUMN)
		fprintf(out, "  %s\n%*s%s\n", left, SUMMARY_COLUMN, "", summary);
	else
		fprintf(out, "  %-*s%s\n", SUMMARY_COLUMN - 2, left, summary);
}

static void write_option(FILE *out, const struct option *option)
{
	char left[80], letter[8] = "    ";

	if (option->letter)
		snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name,
	         option->argument ? " " : "", option->argument ? option->argument : "");
	write_entry(out, left, option->summary);
}

static void write_options(FILE *out, const char *title, const struct option *option)
{
	if (!option)
		return;
	fprintf(out, "\n%s:\n", title);
	for (; option->id != OPTION_NONE; option++)
		if (!option->hidden)
			write_option(out, option);
}

static void write_command_line(FILE *out, const struct command *command)
{
	char left[80], letter[8] = "    ";

	if (command->letter)
		snprintf(letter, sizeof(letter), "-%c, ", command->letter);
	snprintf(left, sizeof(left), "%s%s %s", letter, command->name,
	         command->arguments);
	write_entry(out, left, command->summary);
}

static void write_overview(FILE *out)
{
	const struct command *command;

	fputs("usage: ctctl [OPTIONS] [COMMAND] [ARGUMENTS]\n\n"
	      "Reads and changes the state of ctqd. Without a command: status.\n\n"
	      "Commands, and the letters of conntrack(8) that mean the same:\n",
	      out);
	for (command = command_table; command->name; command++)
		write_command_line(out, command);
	write_options(out, "Options", command_options);
	fputs("\n'ctctl help COMMAND' says more. See ctctl(8).\n", out);
}

static void write_command(FILE *out, const struct command *command)
{
	fprintf(out, "usage: ctctl %s %s\n", command->name, command->arguments);
	if (command->letter)
		fprintf(out, "       ctctl -%c ..., ctctl --%s ...\n", command->letter,
		        command->long_name);
	fprintf(out, "\n%s\n", command->summary);
	if (command->details)
		fprintf(out, "\n%s", command->details);
	write_options(out, "Options", command->options);
	if (command->filter)
		write_options(out, "Filters as conntrack(8) writes them",
		              command_filter_options);
	write_options(out, "Options of all commands", command_options);
}

int help_write(struct tool *tool, const struct command *command)
{
	if (command)
		write_command(tool->out, command);
	else
		write_overview(tool->out);
	return TOOL_OK;
}

int help_version(struct tool *tool)
{
	fprintf(tool->out,
	        "ctctl %s (protocol %d)\n"
	        "Licence GPL-2.0-or-later: there is NO WARRANTY, to the extent permitted "
	        "by law.\n",
	        PACKAGE_VERSION, CTQ_PROTOCOL_VERSION);
	return TOOL_OK;
}

int cmd_help(struct tool *tool)
{
	const struct command *command;
	const char *names[HELP_NAMES_MAX];
	size_t n;

	if (tool->n_words == 0)
		return help_write(tool, NULL);
	command = command_find(tool->words[0].text);
	if (command)
		return help_write(tool, command);
	for (n = 0; command_table[n].name && n < HELP_NAMES_MAX; n++)
		names[n] = command_table[n].name;
	return message_usage(tool, tool->words[0].index, names, n, "unknown command '%s'",
	                     tool->words[0].text);
}
