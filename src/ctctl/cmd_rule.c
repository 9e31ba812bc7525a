/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_rule.c - change single rules: add, insert, replace, delete
 *
 * The rule on the command line is read as the text "chain NAME { RULE }", so that mistakes
 * are shown in it. Rules are named by id or by name, which a listing resolves; the change
 * is refused by the daemon when the rules have changed since.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/message.h"
#include "ctctl/outcome.h"

/* What the listing is searched for, and what it gave. */
struct search {
	const char *rule;      /* an id or a name; NULL: none */
	const char *chain;     /* its first rule is wanted; NULL: none */
	uint64_t id;           /* found; 0: not */
	char in[CTQ_NAME_MAX]; /* the chain of the rule that was found */
	uint64_t generation;
};

static int generation_record(void *data, const struct ctq_record *ruleset)
{
	((struct search *)data)->generation =
		ctq_record_number(ruleset, CTQA_RULESET_GENERATION);
	return 0;
}

static bool is_wanted(const struct search *s, const struct ctq_record *rule)
{
	const char *name = ctq_record_string(rule, CTQA_RULE_NAME);
	const char *chain = ctq_record_string(rule, CTQA_RULE_CHAIN);
	char *end;

	if (!s->rule)
		return chain && strcmp(chain, s->chain) == 0;
	if (name && strcmp(name, s->rule) == 0)
		return true;
	return ctq_record_number(rule, CTQA_RULE_ID) == strtoull(s->rule, &end, 10) &&
	       *end == '\0';
}

static int rule_record(void *data, const struct ctq_record *rule)
{
	struct search *s = data;

	if (s->id || !is_wanted(s, rule))
		return 0;
	s->id = ctq_record_number(rule, CTQA_RULE_ID);
	snprintf(s->in, sizeof(s->in), "%s",
	         ctq_record_string(rule, CTQA_RULE_CHAIN) ?: "");
	return 0;
}

/* Names of rules, as copies. */
struct names {
	char **list;
	size_t n;
};

static int name_record(void *data, const struct ctq_record *rule)
{
	const char *name = ctq_record_string(rule, CTQA_RULE_NAME);
	struct names *names = data;
	char **list;

	if (!name)
		return 0;
	list = realloc(names->list, (names->n + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	names->list = list;
	list[names->n] = strdup(name);
	return list[names->n++] ? 0 : -ENOMEM;
}

/* What there is instead of @typed. */
static void say_names(struct tool *tool, const char *typed)
{
	struct names names = { NULL, 0 };
	char text[512];
	struct suggest s;
	size_t i;

	suggest_begin(&s, typed);
	if (ctq_rules_dump(tool->ctq, name_record, &names) == 0) {
		for (i = 0; i < names.n; i++)
			suggest_add(&s, names.list[i]);
		suggest_end(&s, "names", text, sizeof(text));
		message_note(tool, "%s", text);
	}
	while (names.n > 0)
		free(names.list[--names.n]);
	free(names.list);
	message_note(tool, "ids and names: ctctl -j rules");
}

/* Connect, and search. TOOL_OK also when the chain has no rule. */
static int search_run(struct tool *tool, struct search *s)
{
	int err = tool_connect(tool);

	if (err)
		return err;
	err = ctq_ruleset_get(tool->ctq, generation_record, s);
	if (!err && (s->rule || s->chain))
		err = ctq_rules_dump(tool->ctq, rule_record, s);
	if (err)
		return tool_failed(tool, err);
	if (!s->rule || s->id)
		return TOOL_OK;
	message_error(tool, "there is no rule '%s'", s->rule);
	say_names(tool, s->rule);
	return TOOL_FAILED;
}

/* ---- the text ------------------------------------------------------------------------ */

/* "chain NAME { words }"; NULL: no memory. */
static char *text_of(const struct tool *tool, const char *chain, size_t from,
                     size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);
	size_t i;

	if (!out)
		return NULL;
	fprintf(out, "chain \"%s\" {", chain);
	for (i = from; i < tool->n_words; i++)
		fprintf(out, " %s", tool->words[i].text);
	fputs(" \n}\n", out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static int rule_read(const struct tool *tool, struct ctq_rules *rules, const char *chain,
                     size_t from)
{
	size_t size;
	char *text = text_of(tool, chain, from, &size);
	int err;

	if (!text)
		return -ENOMEM;
	err = ctq_rules_read_text(rules, "rule", text, size);
	free(text);
	return err;
}

/* ---- changing ------------------------------------------------------------------------ */

static int change_run(struct tool *tool, const struct ctq_rules_change *change,
                      const char *chain, size_t from)
{
	struct ctq_rules *rules = ctq_rules_new();
	int err, code;

	if (!rules) {
		message_error(tool, "no memory");
		return TOOL_FAILED;
	}
	err = chain ? rule_read(tool, rules, chain, from) : 0;
	if (!err)
		err = ctq_rules_change(tool->ctq, change, chain ? rules : NULL,
		                       outcome_flags(tool));
	code = err ? outcome_failed(tool, rules, err) : outcome_done(tool);
	ctq_rules_destroy(rules);
	return code;
}

static int rule_add(struct tool *tool)
{
	struct ctq_rules_change change = { .kind = CTQ_RULES_ADD };
	int code = tool_connect(tool);

	return code ? code : change_run(tool, &change, tool->words[1].text, 2);
}

/* Before a rule, or before all of its chain. */
static int rule_insert(struct tool *tool)
{
	bool before = tool->n_words > 3 && strcmp(tool->words[2].text, "before") == 0;
	struct search s = { .rule = before ? tool->words[3].text : NULL,
		            .chain = tool->words[1].text };
	struct ctq_rules_change change = { .kind = CTQ_RULES_INSERT };
	int code = search_run(tool, &s);

	if (code)
		return code;
	change.id = (uint32_t)s.id;
	change.generation = (uint32_t)s.generation;
	if (!s.id) /* the chain is empty, or not there */
		change.kind = CTQ_RULES_ADD;
	return change_run(tool, &change, s.chain, before ? 4 : 2);
}

static int rule_replace(struct tool *tool)
{
	struct search s = { .rule = tool->words[1].text };
	struct ctq_rules_change change = { .kind = CTQ_RULES_REPLACE };
	int code = search_run(tool, &s);

	if (code)
		return code;
	change.id = (uint32_t)s.id;
	change.generation = (uint32_t)s.generation;
	return change_run(tool, &change, s.in, 2);
}

static int rule_delete(struct tool *tool)
{
	struct search s = { .rule = tool->words[1].text };
	struct ctq_rules_change change = { .kind = CTQ_RULES_DELETE };
	int code = arguments_end(tool, 2);

	if (code == TOOL_OK)
		code = search_run(tool, &s);
	if (code)
		return code;
	change.id = (uint32_t)s.id;
	change.generation = (uint32_t)s.generation;
	return change_run(tool, &change, NULL, 0);
}

static const struct {
	const char *name;
	size_t words; /* at least, with its own */
	const char *wants;
	int (*run)(struct tool *tool);
} verbs[] = {
	{ "add", 3, "a chain and a rule", rule_add },
	{ "insert", 3, "a chain and a rule", rule_insert },
	{ "replace", 3, "an id or name and a rule", rule_replace },
	{ "delete", 2, "an id or name", rule_delete },
};

int cmd_rule(struct tool *tool)
{
	const char *names[BASE_ARRAY_LENGTH(verbs)];
	size_t i;

	if (tool->n_words == 0) {
		message_error(tool, "'rule' needs a word: add, insert, replace, delete");
		return TOOL_USAGE;
	}
	for (i = 0; i < BASE_ARRAY_LENGTH(verbs); i++) {
		names[i] = verbs[i].name;
		if (strcmp(tool->words[0].text, verbs[i].name) != 0)
			continue;
		if (tool->n_words >= verbs[i].words)
			return verbs[i].run(tool);
		message_error(tool, "'rule %s' needs %s", verbs[i].name, verbs[i].wants);
		return TOOL_USAGE;
	}
	return message_usage(tool, tool->words[0].index, names, i, "unknown word '%s'",
	                     tool->words[0].text);
}
