/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules.c - rules in text: printed, read, and put in force in one transaction
 *
 * A load is one batch: BEGIN, RULESET_FLUSH, a message for each chain, one for each rule,
 * END; as many messages in a datagram as fit. Sets stand before chains. Each message has the next sequence number,
 * so that a refusal tells which chain or rule is meant:
 *
 *	first   first + 1   first + 2 …                          …                last
 *	BEGIN   FLUSH       each set and then its elements  chains   rules        END
 */
#include <errno.h>
#include <string.h>

#include "client/client_priv.h"
#include "ctlink/batch.h"
#include "ctlink/rule.h"
#include "lang/lang.h"

struct ctq_rules {
	struct lang *lang;
	const struct ctlink_memory *memory;
};

/* ---- printing ---------------------------------------------------------------------- */

int ctq_rule_print(const struct ctq_record *record, FILE *out)
{
	struct ctlink_rule rule = { 0 };
	int err;

	err = ctlink_rule_parse(record->message, &rule, NULL, NULL);
	if (!err)
		lang_rule_print(&rule, out);
	ctlink_rule_fini(&rule, NULL);
	return err;
}

int ctq_chain_print(const struct ctq_record *record, FILE *out)
{
	struct ctlink_chain chain = { 0 };
	int err;

	err = ctlink_chain_parse(record->message, &chain, NULL, NULL);
	if (!err)
		lang_chain_print(&chain, out);
	ctlink_chain_fini(&chain, NULL);
	return err;
}

int ctq_match_print(const struct ctq_record *record, FILE *out)
{
	struct ctlink_rule rule = { 0 };
	int err;

	err = ctlink_rule_parse(record->message, &rule, NULL, NULL);
	if (!err && rule.matches.length == 0)
		err = -ENOENT;
	if (!err)
		lang_match_print(ctlink_rule_match(&rule, 0), out);
	ctlink_rule_fini(&rule, NULL);
	return err;
}

int ctq_statements_print(const struct ctq_record *record, FILE *out)
{
	struct ctlink_rule rule = { 0 };
	struct ctlink_rule statements = { 0 };
	int err;

	err = ctlink_rule_parse(record->message, &rule, NULL, NULL);
	statements.statements = rule.statements;
	if (!err)
		lang_rule_print(&statements, out);
	ctlink_rule_fini(&rule, NULL);
	return err;
}

/* ---- reading ------------------------------------------------------------------------ */

struct ctq_rules *client_rules_new(const struct ctlink_memory *memory)
{
	struct ctq_rules *rules = ctlink_memory_resize(memory, NULL, sizeof(*rules));

	if (!rules)
		return NULL;
	rules->memory = memory;
	rules->lang = lang_new(memory);
	if (!rules->lang) {
		ctlink_memory_free(memory, rules);
		return NULL;
	}
	return rules;
}

struct ctq_rules *ctq_rules_new(void)
{
	return client_rules_new(NULL);
}

void ctq_rules_destroy(struct ctq_rules *rules)
{
	if (!rules)
		return;
	lang_destroy(rules->lang);
	ctlink_memory_free(rules->memory, rules);
}

int ctq_rules_read_file(struct ctq_rules *rules, const char *path)
{
	return lang_read_file(rules->lang, path);
}

int ctq_rules_read_text(struct ctq_rules *rules, const char *name, const char *text,
                        size_t size)
{
	return lang_read_text(rules->lang, name, text, size);
}

unsigned int ctq_rules_error_count(const struct ctq_rules *rules)
{
	return lang_error_count(rules->lang);
}

int ctq_rules_error_get(const struct ctq_rules *rules, unsigned int i,
                        struct ctq_rules_error *error)
{
	const struct lang_error *found;

	if (i >= lang_error_count(rules->lang) || i >= LANG_ERRORS_MAX)
		return -ENOENT;
	found = lang_error_peek(rules->lang, i);
	*error = (struct ctq_rules_error){
		.file = found->file,
		.line = found->place.line,
		.column = found->place.column,
		.last_line = found->place.last_line,
		.last_column = found->place.last_column,
		.text = found->text,
		.suggestion = found->meant,
		.hint = found->allowed,
	};
	return 0;
}

void ctq_rules_errors_print(const struct ctq_rules *rules, FILE *out)
{
	lang_errors_print(rules->lang, out);
}

/* ---- loading --------------------------------------------------------------------------- */

/* One batch being written. */
struct load {
	struct ctq *ctq;
	const struct ctlink_ruleset *set;
	uint32_t first;         /* sequence number of BEGIN */
	uint32_t sets_messages; /* about sets and their elements */
	unsigned int flags;
};

/* Which set message @i (of those of sets) is about, and which of its elements; element -1:
 * the set itself. The walk goes on from set to set. */
static bool load_set(const struct ctlink_ruleset *set, uint32_t i, uint32_t *which,
                     int64_t *element)
{
	uint32_t length;

	for (*which = 0; *which < set->sets.length; (*which)++) {
		length = ctlink_ruleset_set(set, *which)->elements.length + 1;
		if (i < length) {
			*element = (int64_t)i - 1;
			return true;
		}
		i -= length;
	}
	return false;
}

static uint32_t load_sets_messages(const struct ctlink_ruleset *set)
{
	uint32_t i, n = 0;

	for (i = 0; i < set->sets.length; i++)
		n += ctlink_ruleset_set(set, i)->elements.length + 1;
	return n;
}

static int load_put_set(const struct load *load, struct ctlink_header *header,
                        uint32_t which, int64_t element)
{
	const struct ctlink_set *set = ctlink_ruleset_set(load->set, which);
	struct ctlink_element value;

	if (element < 0) {
		header->type = CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_SET_NEW);
		return ctlink_set_build(&load->ctq->out, header, set);
	}
	header->type = CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_ELEMENT_NEW);
	value = *ctlink_set_element(set, (uint32_t)element);
	value.set = set->name; /* borrowed, as everything else */
	ctlink_mark(&value, CTLINK_ELEMENT_SET);
	return ctlink_element_build(&load->ctq->out, header, &value);
}

/* Message number @i of the batch, put into ctq->out. */
static int load_put(const struct load *load, uint32_t i)
{
	const struct ctlink_batch batch = { .subsystem = CTQ_SUBSYS_RULES };
	struct ctlink_header header = { .flags = NLM_F_REQUEST, .seq = load->first + i };
	struct ctlink_message *out = &load->ctq->out;
	int64_t element;
	uint32_t which;

	if (i == 0)
		return ctlink_batch_begin_build(out, header.seq, &batch);
	if (i == 1) {
		header.type = CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULESET_FLUSH);
		ctlink_message_begin(out, &header);
		return ctlink_message_end(out);
	}
	i -= 2;
	if (i < load->sets_messages && load_set(load->set, i, &which, &element))
		return load_put_set(load, &header, which, element);
	i -= load->sets_messages;
	if (i < load->set->chains.length) {
		header.type = CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_CHAIN_NEW);
		return ctlink_chain_build(out, &header,
		                          ctlink_ruleset_chain(load->set, i));
	}
	i -= load->set->chains.length;
	if (i < load->set->rules.length) {
		header.type = CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_NEW);
		return ctlink_rule_build(out, &header, ctlink_ruleset_rule(load->set, i));
	}
	return ctlink_batch_end_build(
		out, header.seq, CTQ_SUBSYS_RULES,
		(uint16_t)(NLM_F_ACK |
	                   (load->flags & CTQ_RULES_CHECK ? CTQ_BATCH_CHECK : 0)));
}

/* Put message @i, sending what came before it when there is no room. */
static int load_put_or_send(const struct load *load, uint32_t i)
{
	int err;

	err = load_put(load, i);
	if (err == -EMSGSIZE && load->ctq->out.size > 0) {
		err = client_send(load->ctq);
		if (err)
			return err;
		err = load_put(load, i);
	}
	return err ? client_unbuilt(load->ctq, err) : 0;
}

/* Tell the reader which chain or rule the daemon did not like. */
static void load_blame(const struct load *load, struct ctq_rules *rules, uint32_t seq)
{
	const struct ctq_error *error = &load->ctq->error;
	uint32_t i = seq - load->first - 2, chains = load->set->chains.length;

	int64_t element;
	uint32_t which;

	if (seq - load->first < 2)
		return;
	if (i < load->sets_messages && load_set(load->set, i, &which, &element)) {
		if (element < 0)
			lang_blame_set(rules->lang, which, error->text, error->hint);
		else
			lang_blame_element(rules->lang, which, (uint32_t)element,
			                   error->text, error->hint);
		return;
	}
	i -= load->sets_messages;
	if (i < chains)
		lang_blame_chain(rules->lang, i, error->text, error->hint);
	else if (i - chains < load->set->rules.length)
		lang_blame_rule(rules->lang, i - chains, error->text, error->hint);
}

int ctq_rules_load(struct ctq *ctq, struct ctq_rules *rules, unsigned int flags)
{
	struct load load = { .ctq = ctq,
		             .set = lang_ruleset(rules->lang),
		             .flags = flags };
	uint32_t i, n = load_sets_messages(load.set) + load.set->chains.length +
	                load.set->rules.length + 3;
	uint32_t mistakes = lang_error_count(rules->lang), seq;
	int err = 0;

	if (flags & ~CTQ_RULES_CHECK)
		return client_fail(ctq, CTQ_ERROR_LOCAL, -EINVAL, "unknown flag");
	if (mistakes)
		return client_fail(ctq, CTQ_ERROR_LOCAL, -EINVAL,
		                   "the rules have mistakes");
	load.sets_messages = load_sets_messages(load.set);
	err = client_begin_batch(ctq, n, &load.first);
	for (i = 0; i < n && !err; i++)
		err = load_put_or_send(&load, i);
	if (err)
		return err;
	err = client_ask_batch(ctq, load.first, &seq, NULL, NULL);
	if (err && ctq->error.origin == CTQ_ERROR_DAEMON) {
		load_blame(&load, rules, seq);
		if (lang_error_count(rules->lang) > mistakes)
			return -EINVAL;
	}
	return err;
}
