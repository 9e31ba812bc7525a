/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/completion.h"

#include <string.h>

#include "ctctl/message.h"

/* The filter language's words, for every command that takes a filter. */
#define FILTER_WORDS                                                                    \
	"proto src dst host sport dport port state status mark zone rule iif oif age "  \
	"idle "                                                                         \
	"timeout bytes packets verdict reason id family icmp-type icmp-code reply-src " \
	"reply-dst reply-sport reply-dport and or not all"

#define NOTE "Written by: ctctl --completion %s\n"

/* ---- bash --------------------------------------------------------------------------- */

static void bash_options(FILE *out, const struct option *option)
{
	for (; option && option->id != OPTION_NONE; option++) {
		if (option->hidden)
			continue;
		if (option->letter)
			fprintf(out, " -%c", option->letter);
		fprintf(out, " --%s", option->name);
	}
}

/* Does a command before @command have an option of this name, too? */
static bool bash_has_been(const struct command *command, const struct option *option)
{
	const struct command *earlier;

	for (earlier = command_table; command && earlier < command; earlier++)
		if (command_option_name(earlier->options, option->name,
		                        strlen(option->name)))
			return true;
	return false;
}

/* "-n|--limit", "--proto|proto": the words before an argument. */
static void bash_pattern(FILE *out, const struct option *option)
{
	if (option->letter && !option->filter)
		fprintf(out, "-%c|", option->letter);
	fprintf(out, "--%s", option->name);
	if (option->filter)
		fprintf(out, "|%s", option->filter);
}

/* What follows an option that takes an argument. @command: whose options they are. */
static void bash_values(FILE *out, const struct option *option,
                        const struct command *command)
{
	for (; option && option->id != OPTION_NONE; option++) {
		if (option->hidden || !option->argument || bash_has_been(command, option))
			continue;
		fputc('\t', out);
		bash_pattern(out, option);
		fputs(") ", out);
		if (option->values)
			fprintf(out, "words='%s'", option->values);
		else if (strcmp(option->argument, "PATH") == 0)
			fputs("compopt -o default; return", out);
		else
			fputs("return", out);
		fputs(" ;;\n", out);
	}
}

/* The words after which an argument stands, for the search of the command. */
static void bash_takers(FILE *out, const struct option *option,
                        const struct command *command)
{
	for (; option && option->id != OPTION_NONE; option++) {
		if (option->hidden || !option->argument || bash_has_been(command, option))
			continue;
		if (option->letter && !option->filter)
			fprintf(out, "|-%c", option->letter);
		fprintf(out, "|--%s", option->name);
	}
}

static void bash_command(FILE *out, const struct command *command)
{
	fprintf(out, "\t%s) words='%s%s%s", command->name,
	        command->words ? command->words : "",
	        command->words && command->filter ? " " : "",
	        command->filter ? FILTER_WORDS : "");
	bash_options(out, command->options);
	if (command->filter)
		bash_options(out, command_filter_options);
	fputs("'\n", out);
	if (strcmp(command->arguments, "FILE") == 0)
		fputs("\t\tcompopt -o default\n", out);
	fputs("\t\t;;\n", out);
}

static void write_bash(FILE *out)
{
	const struct command *command;

	fprintf(out,
	        "# SPDX-License-Identifier: GPL-2.0-or-later\n"
	        "# bash completion for ctctl. " NOTE "_ctctl()\n{\n"
	        "\tlocal words command='' i cur=${COMP_WORDS[COMP_CWORD]} "
	        "prev=${COMP_WORDS[COMP_CWORD-1]}\n\n"
	        "\tcase $prev in\n",
	        "bash");
	bash_values(out, command_options, NULL);
	for (command = command_table; command->name; command++)
		bash_values(out, command->options, command);
	bash_values(out, command_filter_options, NULL);
	fputs("\tesac\n"
	      "\tif [[ -n ${words-} ]]; then\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	      "\t\treturn\n\tfi\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase ${COMP_WORDS[i]} in\n\t\t--",
	      out);
	bash_takers(out, command_options, NULL);
	for (command = command_table; command->name; command++)
		bash_takers(out, command->options, command);
	bash_takers(out, command_filter_options, NULL);
	fputs(") ((i++)) ;;\n\t\t-*) ;;\n"
	      "\t\t*) command=${COMP_WORDS[i]} && break ;;\n"
	      "\t\tesac\n\tdone\n"
	      "\tcase $command in\n\t'') words='",
	      out);
	for (command = command_table; command->name; command++)
		fprintf(out, "%s%s", command == command_table ? "" : " ", command->name);
	fputs("' ;;\n", out);
	for (command = command_table; command->name; command++)
		bash_command(out, command);
	fputs("\tesac\n\twords+='", out);
	bash_options(out, command_options);
	fputs("'\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\n"
	      "complete -F _ctctl ctctl\n",
	      out);
}

/* ---- zsh ----------------------------------------------------------------------------- */

/* Text within single quotes and brackets. */
static void zsh_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else if (strchr("[]:\\", *text))
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

static void zsh_argument(FILE *out, const struct option *option)
{
	if (!option->argument)
		return;
	fprintf(out, ":%s:", option->argument);
	if (option->values)
		fprintf(out, "(%s)", option->values);
	else if (strcmp(option->argument, "PATH") == 0)
		fputs("_files", out);
}

static void zsh_spec(FILE *out, const char *dashed, const struct option *option)
{
	fprintf(out, "\t\t'*%s[", dashed);
	zsh_text(out, option->summary);
	fputc(']', out);
	zsh_argument(out, option);
	fputs("' \\\n", out);
}

static void zsh_options(FILE *out, const struct option *option)
{
	char dashed[40];

	for (; option && option->id != OPTION_NONE; option++) {
		if (option->hidden)
			continue;
		if (option->letter && !option->filter) {
			snprintf(dashed, sizeof(dashed), "-%c", option->letter);
			zsh_spec(out, dashed, option);
		}
		snprintf(dashed, sizeof(dashed), "--%s", option->name);
		zsh_spec(out, dashed, option);
	}
}

static void zsh_command(FILE *out, const struct command *command)
{
	fprintf(out, "\t%s)\n\t\t_arguments -s \\\n", command->name);
	zsh_options(out, command->options);
	if (command->filter)
		zsh_options(out, command_filter_options);
	zsh_options(out, command_options);
	if (strcmp(command->arguments, "FILE") == 0)
		fputs("\t\t'*:file:_files'\n", out);
	else if (command->filter)
		fprintf(out, "\t\t'*:word:(%s%s%s)'\n",
		        command->words ? command->words : "", command->words ? " " : "",
		        FILTER_WORDS);
	else
		fputs("\t\t'*:'\n", out);
	fputs("\t\t;;\n", out);
}

static void write_zsh(FILE *out)
{
	const struct command *command;

	fprintf(out,
	        "#compdef ctctl\n"
	        "# SPDX-License-Identifier: GPL-2.0-or-later\n"
	        "# zsh completion for ctctl. " NOTE "local context state line\n"
	        "local -a commands=(\n",
	        "zsh");
	for (command = command_table; command->name; command++) {
		fprintf(out, "\t'%s:", command->name);
		zsh_text(out, command->summary);
		fputs("'\n", out);
	}
	fputs(")\n_arguments -C -s \\\n", out);
	zsh_options(out, command_options);
	fputs("\t\t'1:command:->command' '*::argument:->argument'\n"
	      "case $state in\n"
	      "command) _describe command commands ;;\n"
	      "argument)\n\tcase $words[1] in\n",
	      out);
	for (command = command_table; command->name; command++)
		zsh_command(out, command);
	fputs("\tesac\n\t;;\nesac\n", out);
}

/* ---- fish ------------------------------------------------------------------------------ */

static void fish_text(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('\'', out);
}

/* @command: NULL for options of all. */
static void fish_options(FILE *out, const struct option *option, const char *command)
{
	for (; option && option->id != OPTION_NONE; option++) {
		if (option->hidden)
			continue;
		fputs("complete -c ctctl", out);
		if (command)
			fprintf(out, " -n '__fish_seen_subcommand_from %s'", command);
		if (option->letter && !option->filter)
			fprintf(out, " -s %c", option->letter);
		fprintf(out, " -l %s", option->name);
		if (option->argument)
			fputs(strcmp(option->argument, "PATH") == 0 ? " -r" : " -x", out);
		if (option->values)
			fprintf(out, " -a '%s'", option->values);
		fputs(" -d ", out);
		fish_text(out, option->summary);
		fputc('\n', out);
	}
}

static void fish_command(FILE *out, const struct command *command)
{
	fprintf(out, "complete -c ctctl -n __fish_use_subcommand -a %s -d ",
	        command->name);
	fish_text(out, command->summary);
	fputc('\n', out);
	fish_options(out, command->options, command->name);
	if (command->filter)
		fish_options(out, command_filter_options, command->name);
	if (command->words || command->filter)
		fprintf(out,
		        "complete -c ctctl -n '__fish_seen_subcommand_from %s' -a "
		        "'%s%s%s'\n",
		        command->name, command->words ? command->words : "",
		        command->words && command->filter ? " " : "",
		        command->filter ? FILTER_WORDS : "");
	if (strcmp(command->arguments, "FILE") == 0)
		fprintf(out, "complete -c ctctl -n '__fish_seen_subcommand_from %s' -F\n",
		        command->name);
}

static void write_fish(FILE *out)
{
	const struct command *command;

	fprintf(out,
	        "# SPDX-License-Identifier: GPL-2.0-or-later\n"
	        "# fish completion for ctctl. " NOTE "complete -c ctctl -f\n",
	        "fish");
	fish_options(out, command_options, NULL);
	for (command = command_table; command->name; command++)
		fish_command(out, command);
}

int completion_write(struct tool *tool, const char *shell)
{
	static const struct {
		const char *shell;
		void (*write)(FILE *out);
	} shells[] = { { "bash", write_bash },
		       { "zsh", write_zsh },
		       { "fish", write_fish } };
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(shells); i++) {
		if (strcmp(shell, shells[i].shell) == 0) {
			shells[i].write(tool->out);
			return TOOL_OK;
		}
	}
	message_error(tool, "'%s' is not one of bash, zsh, fish", shell);
	return TOOL_USAGE;
}
