/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_rules.c - the rules in force and their sets, in their own language, with counters
 * beside them
 *
 * The text without counters (-H) has the elements of the sets, and can be loaded again.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/elements.h"
#include "ctctl/json.h"
#include "ctctl/message.h"
#include "ctctl/sets_text.h"
#include "ctctl/units.h"

/* A chain whose rules are still to come. */
struct chain {
	char *head, *name; /* owned; head NULL: it is not understood */
};

struct rules {
	struct tool *tool;
	struct json json;
	struct chain *chains; /* in order */
	size_t n_chains, capacity;
	size_t open; /* 1 + the chain being written; 0: none */
	uint64_t generation, loaded;
	uint64_t number;
	char backend[CTQ_NAME_MAX];
};

/* ---- what is shown ------------------------------------------------------------------------ */

static bool wanted(const struct rules *rules, const struct ctq_record *rule)
{
	uint64_t hits = ctq_record_number(rule, CTQA_RULE_HITS);

	if (tool_has(rules->tool, OPTION_HITS))
		return hits > 0;
	return !tool_has(rules->tool, OPTION_UNUSED) || hits == 0;
}

/* What @print writes about @record, as a string; NULL: no memory or not to be understood. */
static char *text_of(int (*print)(const struct ctq_record *record, FILE *out),
                     const struct ctq_record *record)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (!out)
		return NULL;
	err = print(record, out);
	if (fclose(out) || err) {
		free(text);
		return NULL;
	}
	return text;
}

static int ruleset_record(void *data, const struct ctq_record *ruleset)
{
	struct rules *rules = data;

	rules->generation = ctq_record_number(ruleset, CTQA_RULESET_GENERATION);
	rules->loaded = ctq_record_number(ruleset, CTQA_RULESET_LOADED);
	rules->number = ctq_record_number(ruleset, CTQA_RULESET_RULES);
	snprintf(rules->backend, sizeof(rules->backend), "%s",
	         ctq_record_string(ruleset, CTQA_RULESET_BACKEND) ?: "unknown");
	return 0;
}

/* ---- JSON ------------------------------------------------------------------------------------- */

static void json_member(struct json *json, const char *key,
                        const struct ctq_record *record, uint16_t type)
{
	if (ctq_record_has(record, type))
		json_number(json, key, ctq_record_number(record, type));
}

static void json_text(struct json *json, const char *key, const struct ctq_record *record,
                      uint16_t type)
{
	if (ctq_record_string(record, type))
		json_string(json, key, ctq_record_string(record, type));
}

static int rule_json(void *data, const struct ctq_record *rule)
{
	struct rules *rules = data;
	struct json *json = &rules->json;
	char *text;

	if (!wanted(rules, rule))
		return 0;
	text = text_of(ctq_rule_print, rule);
	if (rules->tool->format == TOOL_FORMAT_NDJSON)
		json_separate(json);
	json_object_begin(json, NULL);
	json_member(json, "id", rule, CTQA_RULE_ID);
	json_text(json, "chain", rule, CTQA_RULE_CHAIN);
	json_text(json, "name", rule, CTQA_RULE_NAME);
	json_text(json, "comment", rule, CTQA_RULE_COMMENT);
	if (text)
		json_string(json, "text", text);
	json_member(json, "line", rule, CTQA_RULE_LINE);
	json_member(json, "packets", rule, CTQA_RULE_PACKETS);
	json_member(json, "bytes", rule, CTQA_RULE_BYTES);
	json_member(json, "hits", rule, CTQA_RULE_HITS);
	json_member(json, "last_hit", rule, CTQA_RULE_LAST_HIT);
	json_object_end(json);
	if (rules->tool->format == TOOL_FORMAT_NDJSON)
		json_newline(json);
	free(text);
	return 0;
}

static int chain_json(void *data, const struct ctq_record *chain)
{
	struct rules *rules = data;
	struct json *json = &rules->json;

	json_object_begin(json, NULL);
	json_text(json, "name", chain, CTQA_CHAIN_NAME);
	if (ctq_record_has(chain, CTQA_CHAIN_HOOK)) {
		json_string(json, "hook",
		            ctq_hook_name((unsigned int)ctq_record_number(
				    chain, CTQA_CHAIN_HOOK))
		                    ?: "unknown");
		json_string(json, "policy",
		            ctq_verdict_name((unsigned int)ctq_record_number(
				    chain, CTQA_CHAIN_POLICY))
		                    ?: "unknown");
	}
	json_member(json, "packets", chain, CTQA_CHAIN_PACKETS);
	json_member(json, "bytes", chain, CTQA_CHAIN_BYTES);
	json_member(json, "rules", chain, CTQA_CHAIN_RULES);
	json_object_end(json);
	return 0;
}

static int set_json(void *data, const struct ctq_record *set)
{
	struct json *json = &((struct rules *)data)->json;

	json_object_begin(json, NULL);
	elements_set_json(json, set);
	json_object_end(json);
	return 0;
}

static int run_json(struct rules *rules)
{
	struct json *json = &rules->json;
	struct ctq *ctq = rules->tool->ctq;
	int err;

	json_init(json, rules->tool->out);
	if (rules->tool->format == TOOL_FORMAT_NDJSON)
		return ctq_rules_dump(ctq, rule_json, rules);
	json_object_begin(json, NULL);
	json_number(json, "generation", rules->generation);
	json_number(json, "loaded", rules->loaded);
	json_string(json, "backend", rules->backend);
	json_list_begin(json, "sets");
	err = ctq_sets_dump(ctq, set_json, rules);
	json_list_end(json);
	json_list_begin(json, "chains");
	if (!err)
		err = ctq_chains_dump(ctq, chain_json, rules);
	json_list_end(json);
	json_list_begin(json, "rules");
	if (!err)
		err = ctq_rules_dump(ctq, rule_json, rules);
	json_list_end(json);
	json_object_end(json);
	json_newline(json);
	return err;
}

/* ---- text ----------------------------------------------------------------------------------------- */

static bool with_counters(const struct rules *rules)
{
	return !tool_has(rules->tool, OPTION_NO_HEADER);
}

static void write_counters(const struct rules *rules, uint64_t packets, uint64_t bytes)
{
	char p[UNITS_MAX], b[UNITS_MAX];

	fprintf(rules->tool->out, "  # packets %s bytes %s",
	        units_count(packets, rules->tool->terminal, p),
	        units_bytes(bytes, rules->tool->terminal, b));
}

static int reserve(struct rules *rules)
{
	size_t capacity = rules->capacity ? 2 * rules->capacity : 16;
	struct chain *chains;

	if (rules->n_chains < rules->capacity)
		return 0;
	chains = realloc(rules->chains, capacity * sizeof(*chains));
	if (!chains)
		return -ENOMEM;
	rules->chains = chains;
	rules->capacity = capacity;
	return 0;
}

/* Keep a chain's head until its rules come. */
static int chain_text(void *data, const struct ctq_record *record)
{
	const char *name = ctq_record_string(record, CTQA_CHAIN_NAME);
	struct rules *rules = data;
	struct chain *chain;

	if (!name)
		return 0;
	if (reserve(rules))
		return -ENOMEM;
	chain = &rules->chains[rules->n_chains];
	chain->name = strdup(name);
	if (!chain->name)
		return -ENOMEM;
	chain->head = text_of(ctq_chain_print, record);
	rules->n_chains++;
	return 0;
}

static void write_clean(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < 0x20 && *text != '\n' && *text != '\t'
		              ? '?'
		              : *text,
		      out);
}

static void chain_close(struct rules *rules)
{
	if (rules->open)
		fputs("}\n", rules->tool->out);
}

static void chain_open(const struct rules *rules, const struct chain *chain)
{
	FILE *out = rules->tool->out;

	if (chain->head) {
		write_clean(out, chain->head);
		fputc('\n', out);
		return;
	}
	fputs("# this ctctl does not understand all of the next chain\nchain ", out);
	write_clean(out, chain->name);
	fputs(" {\n", out);
}

/* Write the heads of the chains up to the one called @name (NULL: all that are left). */
static void chain_advance(struct rules *rules, const char *name)
{
	while (rules->open < rules->n_chains &&
	       (!name || rules->open == 0 ||
	        strcmp(rules->chains[rules->open - 1].name, name) != 0)) {
		chain_close(rules);
		chain_open(rules, &rules->chains[rules->open++]);
	}
}

static int rule_text(void *data, const struct ctq_record *rule)
{
	const char *chain = ctq_record_string(rule, CTQA_RULE_CHAIN);
	struct rules *rules = data;
	char *text;

	if (!wanted(rules, rule))
		return 0;
	text = text_of(ctq_rule_print, rule);
	chain_advance(rules, chain ? chain : "");
	fputc('\t', rules->tool->out);
	write_clean(rules->tool->out,
	            text ? text : "# a rule that this ctctl does not understand");
	if (with_counters(rules))
		write_counters(rules, ctq_record_number(rule, CTQA_RULE_PACKETS),
		               ctq_record_number(rule, CTQA_RULE_BYTES));
	fputc('\n', rules->tool->out);
	free(text);
	return 0;
}

/* Some of the rules are asked for: no sets. */
static bool is_part(const struct rules *rules)
{
	return tool_has(rules->tool, OPTION_HITS) || tool_has(rules->tool, OPTION_UNUSED);
}

static int run_text(struct rules *rules)
{
	struct ctq *ctq = rules->tool->ctq;
	int err = 0;

	if (with_counters(rules))
		fprintf(rules->tool->out, "# generation %" PRIu64 ", %" PRIu64 " rules\n",
		        rules->generation, rules->number);
	if (!is_part(rules))
		err = sets_text_all(rules->tool, !with_counters(rules));
	if (!err)
		err = ctq_chains_dump(ctq, chain_text, rules);
	if (!err)
		err = ctq_rules_dump(ctq, rule_text, rules);
	if (!err)
		chain_advance(rules, NULL);
	chain_close(rules);
	return err;
}

static void release(struct rules *rules)
{
	size_t i;

	for (i = 0; i < rules->n_chains; i++) {
		free(rules->chains[i].head);
		free(rules->chains[i].name);
	}
	free(rules->chains);
}

int cmd_rules(struct tool *tool)
{
	struct rules rules = { .tool = tool };
	int err;

	err = arguments_end(tool, 0);
	if (err == TOOL_OK)
		err = tool_connect(tool);
	if (err)
		return err;
	err = ctq_ruleset_get(tool->ctq, ruleset_record, &rules);
	if (!err)
		err = tool_is_json(tool) ? run_json(&rules) : run_text(&rules);
	release(&rules);
	return tool_result(tool, err);
}
