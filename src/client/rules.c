/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules.c - rules in text: printed, read, and put in force in one transaction
 *
 * A load is one batch: BEGIN, RULESET_FLUSH, a message for each chain, one for each rule,
 * END; as many messages in a datagram as fit. Sets stand before chains. Each message has the
 * next sequence number, so that a refusal tells which chain or rule is meant:
 *
 *	first   first + 1   first + 2 …                          …                last
 *	BEGIN   FLUSH       each set and then its elements  chains   rules        END
 *
 * A change of single rules is the same without FLUSH, sets and chains.
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

static uint32_t chain_of(const struct ctlink_ruleset *set, const char *name)
{
	uint32_t i;

	for (i = 0; i < set->chains.length; i++)
		if (strcmp(ctlink_ruleset_chain(set, i)->name, name) == 0)
			break;
	return i;
}

/* Rules of one chain follow each other in most texts: look where the last one was. */
static void chains_find(const struct ctlink_ruleset *set, uint32_t *of)
{
	uint32_t i, last = 0;
	const char *name;

	for (i = 0; i < set->rules.length; i++) {
		name = ctlink_ruleset_rule(set, i)->chain;
		if (strcmp(ctlink_ruleset_chain(set, last)->name, name) != 0)
			last = chain_of(set, name);
		of[i] = last;
	}
}

int ctq_rules_print(const struct ctq_rules *rules, FILE *out)
{
	const struct ctlink_ruleset *set = lang_ruleset(rules->lang);
	uint32_t c, i, *of;

	of = ctlink_memory_resize(rules->memory, NULL,
	                          (set->rules.length + 1) * sizeof(*of));
	if (!of)
		return -ENOMEM;
	chains_find(set, of);
	for (c = 0; c < set->chains.length; c++) {
		lang_chain_print(ctlink_ruleset_chain(set, c), out);
		fputc('\n', out);
		for (i = 0; i < set->rules.length; i++) {
			if (of[i] != c)
				continue;
			fputc('\t', out);
			lang_rule_print(ctlink_ruleset_rule(set, i), out);
			fputc('\n', out);
		}
		fputs("}\n", out);
	}
	ctlink_memory_free(rules->memory, of);
	return 0;
}

/* ---- sets of the texts ----------------------------------------------------------------- */

/* Hand over the one message in @m, if building it has not failed. */
static int tell_record(const struct ctlink_message *m, int err, ctq_record_cb *cb,
                       void *data)
{
	struct ctq_record record;

	if (!err)
		err = record_of_message((const struct nlmsghdr *)(const void *)m->data,
		                        &record);
	return err ? err : cb(data, &record);
}

int ctq_rules_sets(const struct ctq_rules *rules, ctq_record_cb *cb, void *data)
{
	const struct ctlink_header header = { .type = CTLINK_TYPE(CTQ_SUBSYS_SETS,
		                                                  CTQ_MSG_SET_NEW) };
	const struct ctlink_ruleset *set = lang_ruleset(rules->lang);
	struct ctlink_message m;
	struct ctlink_set value;
	int err = 0;
	uint32_t i;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, rules->memory);
	for (i = 0; i < set->sets.length && !err; i++) {
		value = *ctlink_ruleset_set(set, i);
		if (!ctlink_has(&value, CTLINK_SET_SIZE))
			value.size = CTQ_SET_SIZE_DEFAULT;
		ctlink_mark(&value, CTLINK_SET_SIZE);
		ctlink_message_reset(&m);
		err = tell_record(&m, ctlink_set_build(&m, &header, &value), cb, data);
	}
	ctlink_message_fini(&m);
	return err;
}

/* An element of @set with its set's name, which is borrowed. */
static struct ctlink_element element_of(const struct ctlink_set *set, uint32_t i)
{
	struct ctlink_element element = *ctlink_set_element(set, i);

	element.set = set->name;
	ctlink_mark(&element, CTLINK_ELEMENT_SET);
	return element;
}

static int tell_elements(const struct ctlink_set *set, struct ctlink_message *m,
                         ctq_record_cb *cb, void *data)
{
	const struct ctlink_header header = { .type = CTLINK_TYPE(CTQ_SUBSYS_SETS,
		                                                  CTQ_MSG_ELEMENT_NEW) };
	struct ctlink_element element;
	int err = 0;
	uint32_t i;

	for (i = 0; i < set->elements.length && !err; i++) {
		element = element_of(set, i);
		ctlink_message_reset(m);
		err = tell_record(m, ctlink_element_build(m, &header, &element), cb,
		                  data);
	}
	return err;
}

int ctq_rules_elements(const struct ctq_rules *rules, const char *name, ctq_record_cb *cb,
                       void *data)
{
	const struct ctlink_ruleset *set = lang_ruleset(rules->lang);
	struct ctlink_message m;
	int err = 0;
	uint32_t i;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, rules->memory);
	for (i = 0; i < set->sets.length && !err; i++)
		if (strcmp(ctlink_ruleset_set(set, i)->name, name) == 0)
			err = tell_elements(ctlink_ruleset_set(set, i), &m, cb, data);
	ctlink_message_fini(&m);
	return err;
}

/* ---- changing ------------------------------------------------------------------------ */

/* One batch being written: a head (BEGIN, and FLUSH for a load), chains, rules, END. */
struct load {
	struct ctq *ctq;
	const struct ctlink_ruleset *set;
	const struct ctq_rules_change *change; /* NULL: a load */
	uint32_t first;                        /* sequence number of BEGIN */
	uint32_t head, sets, chains, rules;    /* messages of each kind */
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
	value = element_of(set, (uint32_t)element);
	return ctlink_element_build(&load->ctq->out, header, &value);
}

static int put_begin(const struct load *load, uint32_t seq)
{
	struct ctlink_batch batch = { .subsystem = CTQ_SUBSYS_RULES };

	if (load->change && load->change->generation) {
		batch.generation = load->change->generation;
		ctlink_mark(&batch, CTLINK_BATCH_GENERATION);
	}
	return ctlink_batch_begin_build(&load->ctq->out, seq, &batch);
}

/* Where it goes is the request's, not the rule's own. */
static int put_rule(const struct load *load, struct ctlink_header *header, uint32_t i)
{
	struct ctlink_rule rule = { 0 };

	header->type = CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_NEW);
	if (load->set)
		rule = *ctlink_ruleset_rule(load->set, i);
	if (load->change && load->change->kind == CTQ_RULES_INSERT) {
		rule.before = load->change->id;
		ctlink_mark(&rule, CTLINK_RULE_BEFORE);
	} else if (load->change && load->change->id) {
		rule.id = load->change->id;
		ctlink_mark(&rule, CTLINK_RULE_ID);
	}
	if (load->change && load->change->kind == CTQ_RULES_REPLACE)
		header->flags |= NLM_F_REPLACE;
	if (load->change && load->change->kind == CTQ_RULES_DELETE)
		header->type = CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_DEL);
	return ctlink_rule_build(&load->ctq->out, header, &rule);
}

/* Message number @i of the batch, put into ctq->out. */
static int load_put(const struct load *load, uint32_t i)
{
	struct ctlink_header header = { .flags = NLM_F_REQUEST, .seq = load->first + i };
	struct ctlink_message *out = &load->ctq->out;
	int64_t element;
	uint32_t which;

	if (i == 0)
		return put_begin(load, header.seq);
	if (i < load->head) {
		header.type = CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULESET_FLUSH);
		ctlink_message_begin(out, &header);
		return ctlink_message_end(out);
	}
	i -= load->head;
	if (i < load->sets && load_set(load->set, i, &which, &element))
		return load_put_set(load, &header, which, element);
	i -= load->sets;
	if (i < load->chains) {
		header.type = CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_CHAIN_NEW);
		return ctlink_chain_build(out, &header,
		                          ctlink_ruleset_chain(load->set, i));
	}
	i -= load->chains;
	if (i < load->rules)
		return put_rule(load, &header, i);
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
	uint32_t i = seq - load->first - load->head, which;
	int64_t element;

	if (!rules || seq - load->first < load->head)
		return;
	if (i < load->sets && load_set(load->set, i, &which, &element)) {
		if (element < 0)
			lang_blame_set(rules->lang, which, error->text, error->hint);
		else
			lang_blame_element(rules->lang, which, (uint32_t)element,
			                   error->text, error->hint);
		return;
	}
	i -= load->sets;
	if (i < load->chains)
		lang_blame_chain(rules->lang, i, error->text, error->hint);
	else if (i - load->chains < load->rules)
		lang_blame_rule(rules->lang, i - load->chains, error->text, error->hint);
}

/* Send the batch; @rules: where its rules are from, or NULL. */
static int load_run(struct load *load, struct ctq_rules *rules)
{
	uint32_t i, n = load->head + load->sets + load->chains + load->rules + 1, seq;
	uint32_t mistakes = rules ? lang_error_count(rules->lang) : 0;
	struct ctq *ctq = load->ctq;
	int err;

	if (load->flags & ~CTQ_RULES_CHECK)
		return client_fail(ctq, CTQ_ERROR_LOCAL, -EINVAL, "unknown flag");
	if (mistakes)
		return client_fail(ctq, CTQ_ERROR_LOCAL, -EINVAL,
		                   "the rules have mistakes");
	err = client_begin_batch(ctq, n, &load->first);
	for (i = 0; i < n && !err; i++)
		err = load_put_or_send(load, i);
	if (err)
		return err;
	err = client_ask_batch(ctq, load->first, &seq, NULL, NULL);
	if (err && ctq->error.origin == CTQ_ERROR_DAEMON) {
		load_blame(load, rules, seq);
		if (rules && lang_error_count(rules->lang) > mistakes)
			return -EINVAL;
	}
	return err;
}

int ctq_rules_load(struct ctq *ctq, struct ctq_rules *rules, unsigned int flags)
{
	struct load load = {
		.ctq = ctq, .set = lang_ruleset(rules->lang), .head = 2, .flags = flags
	};

	load.sets = load_sets_messages(load.set);
	load.chains = load.set->chains.length;
	load.rules = load.set->rules.length;
	return load_run(&load, rules);
}

/* Each time that others were faster they have changed something: who gives up after so many
 * meets a program that changes rules without an end. */
#define CHANGE_TRIES 100

/* Where any generation will do, one that came while the batch was sent is no reason to fail. */
static int change_run(struct load *load, struct ctq_rules *rules)
{
	unsigned int tries = load->change->generation ? 1 : CHANGE_TRIES;
	int err;

	do {
		err = load_run(load, rules);
	} while (err == -ESTALE && --tries > 0);
	return err;
}

/* Chains of a change are where its rules go: they are not made. */
int ctq_rules_change(struct ctq *ctq, const struct ctq_rules_change *change,
                     struct ctq_rules *rules, unsigned int flags)
{
	struct load load = { .ctq = ctq, .change = change, .head = 1, .flags = flags };
	bool needs_id = change->kind != CTQ_RULES_ADD;

	if (change->kind < CTQ_RULES_ADD || change->kind > CTQ_RULES_DELETE ||
	    needs_id != (change->id != 0) ||
	    (change->kind == CTQ_RULES_DELETE) != (rules == NULL))
		return client_fail(ctq, CTQ_ERROR_LOCAL, -EINVAL,
		                   "a change that says too much or too little");
	load.rules = 1;
	if (rules) {
		load.set = lang_ruleset(rules->lang);
		load.rules = load.set->rules.length;
	}
	if (load.rules == 0 || (change->kind == CTQ_RULES_REPLACE && load.rules != 1))
		return client_fail(ctq, CTQ_ERROR_LOCAL, -EINVAL, "one rule is wanted");
	return change_run(&load, rules);
}
