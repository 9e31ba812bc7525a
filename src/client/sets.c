/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sets.c - named sets and their elements
 *
 * Keys are texts; the set's type, which is asked for first, tells how they are read. A change is
 * one batch:
 *
 *	first      first + 1 …             last
 *	BEGIN      an element each         END
 */
#include <errno.h>
#include <string.h>

#include "client/client_priv.h"
#include "ctlink/batch.h"
#include "ctlink/set.h"
#include "lang/lang.h"
#include "lang/value.h"

#define SET_TYPE(message) CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_##message)

/* ---- lists --------------------------------------------------------------------------- */

int ctq_sets_dump(struct ctq *ctq, ctq_record_cb *cb, void *data)
{
	struct client_records records = { ctq, SET_TYPE(SET_NEW), cb, data };

	return client_ask_plain(ctq, SET_TYPE(SET_GET), CLIENT_ANSWER_DUMP,
	                        client_record_message, &records);
}

/* Ask for what has the string @name in attribute @attr. */
static int ask_by_name(struct ctq *ctq, uint16_t type, uint16_t attr, const char *name,
                       enum client_answer answer, struct client_records *records)
{
	struct ctlink_header header;
	int err;

	err = client_begin(ctq, &header, type, answer, 0);
	if (err)
		return err;
	ctlink_message_begin(&ctq->out, &header);
	ctlink_message_put_string(&ctq->out, attr, name);
	return client_ask(ctq, ctlink_message_end(&ctq->out), answer,
	                  client_record_message, records);
}

int ctq_set_get(struct ctq *ctq, const char *set, ctq_record_cb *cb, void *data)
{
	struct client_records records = { ctq, SET_TYPE(SET_NEW), cb, data };

	return ask_by_name(ctq, SET_TYPE(SET_GET), CTQA_SET_NAME, set, CLIENT_ANSWER_ONE,
	                   &records);
}

int ctq_elements_dump(struct ctq *ctq, const char *set, ctq_record_cb *cb, void *data)
{
	struct client_records records = { ctq, SET_TYPE(ELEMENT_NEW), cb, data };

	return ask_by_name(ctq, SET_TYPE(ELEMENT_GET), CTQA_ELEMENT_SET, set,
	                   CLIENT_ANSWER_DUMP, &records);
}

/* ---- printing ------------------------------------------------------------------------ */

int ctq_set_print(const struct ctq_record *record, FILE *out)
{
	struct ctlink_set set = { 0 };
	int err;

	err = ctlink_set_parse(record->message, &set, NULL, NULL);
	if (!err)
		lang_set_print(&set, out);
	ctlink_set_fini(&set, NULL);
	return err;
}

int ctq_element_print(unsigned int type, const struct ctq_record *record, FILE *out)
{
	struct ctlink_element element = { 0 };
	int err;

	err = ctlink_element_parse(record->message, &element, NULL, NULL);
	if (!err)
		lang_element_print((uint16_t)type, &element, out);
	ctlink_element_fini(&element, NULL);
	return err;
}

int ctq_element_key_print(unsigned int type, const struct ctq_record *record, FILE *out)
{
	struct ctlink_element element = { 0 };
	uint64_t others = 1u << CTLINK_ELEMENT_TIMEOUT | 1u << CTLINK_ELEMENT_COMMENT;
	char *comment;
	int err;

	err = ctlink_element_parse(record->message, &element, NULL, NULL);
	comment = element.comment;
	element.comment = NULL;
	element.has &= ~others;
	if (!err)
		lang_element_print((uint16_t)type, &element, out);
	element.comment = comment;
	ctlink_element_fini(&element, NULL);
	return err;
}

/* ---- reading keys -------------------------------------------------------------------- */

static int part_read(struct ctq *ctq, uint16_t field, const char *text, size_t length,
                     struct ctlink_value *out)
{
	struct lang_fault fault = { "" };
	int err = lang_value_parse(ctlink_field_get(field), 0, text, length, out,
	                           ctq->memory, &fault);

	if (err != -EINVAL)
		return err ? client_unbuilt(ctq, err) : 0;
	err = client_fail(ctq, CTQ_ERROR_LOCAL, err, "%s", fault.text);
	snprintf(ctq->error.hint, sizeof(ctq->error.hint), "%s",
	         fault.meant[0] ? fault.meant : fault.allowed);
	return err;
}

/* "10.0.0.1 . 80" or "10.0.0.1,80"; where the first part ends and the second begins. */
static bool pair_cut(const char *key, size_t *length, const char **port)
{
	const char *dot = strstr(key, " . "), *comma = strchr(key, ',');

	if (!dot && !comma)
		return false;
	*length = (size_t)((dot ? dot : comma) - key);
	*port = dot ? dot + 3 : comma + 1;
	return true;
}

static int key_read(struct ctq *ctq, uint16_t type, const char *key,
                    struct ctlink_element *out)
{
	const char *port = NULL;
	size_t length = strlen(key);
	int err;

	if (type == CTQ_SET_ADDRESS_PORT && !pair_cut(key, &length, &port)) {
		err = client_fail(ctq, CTQ_ERROR_LOCAL, -EINVAL,
		                  "'%.64s' is not an address and a port", key);
		snprintf(ctq->error.hint, sizeof(ctq->error.hint),
		         "the set has pairs: '192.0.2.1 . 80'");
		return err;
	}
	err = part_read(ctq, lang_set_field(type), key, length, &out->key);
	if (!err && port)
		err = part_read(ctq, CTQ_FIELD_DPORT, port, strlen(port), &out->with);
	ctlink_mark(out, CTLINK_ELEMENT_KEY);
	if (port)
		ctlink_mark(out, CTLINK_ELEMENT_WITH);
	return err;
}

static int type_record(void *data, const struct ctq_record *set)
{
	*(uint16_t *)data = (uint16_t)ctq_record_number(set, CTQA_SET_TYPE);
	return 0;
}

/* @given as ctlink has it; what it borrows from @given is not freed. */
static int element_read(struct ctq *ctq, const char *set, uint16_t type,
                        const struct ctq_element *given, struct ctlink_element *out)
{
	memset(out, 0, sizeof(*out));
	out->set = (char *)(uintptr_t)set;
	ctlink_mark(out, CTLINK_ELEMENT_SET);
	if (given->comment) {
		out->comment = (char *)(uintptr_t)given->comment;
		ctlink_mark(out, CTLINK_ELEMENT_COMMENT);
	}
	if (given->timeout >= 0) {
		out->timeout = (uint32_t)given->timeout;
		ctlink_mark(out, CTLINK_ELEMENT_TIMEOUT);
	}
	return key_read(ctq, type, given->key, out);
}

static void element_free(struct ctq *ctq, struct ctlink_element *element)
{
	element->set = element->comment = NULL; /* borrowed */
	ctlink_element_fini(element, ctq->memory);
}

/* ---- changing ------------------------------------------------------------------------ */

struct change {
	struct ctq *ctq;
	const char *set;
	uint16_t set_type, message;
	const struct ctq_element *elements;
	size_t n;
	uint32_t first;
	unsigned int flags;
};

/* Put message @i of the batch. */
static int change_put(const struct change *c, size_t i)
{
	const struct ctlink_batch batch = { .subsystem = CTQ_SUBSYS_SETS };
	struct ctlink_header header = { .type = c->message,
		                        .flags = NLM_F_REQUEST,
		                        .seq = c->first + (uint32_t)i };
	uint16_t end = NLM_F_ACK | (c->flags & CTQ_ELEMENTS_KILL ? CTQ_BATCH_KILL : 0);
	struct ctlink_element element;
	int err;

	if (i == 0)
		return ctlink_batch_begin_build(&c->ctq->out, header.seq, &batch);
	if (i > c->n)
		return ctlink_batch_end_build(&c->ctq->out, header.seq, CTQ_SUBSYS_SETS,
		                              end);
	if (c->flags & CTQ_ELEMENTS_NEW)
		header.flags |= NLM_F_EXCL;
	err = element_read(c->ctq, c->set, c->set_type, &c->elements[i - 1], &element);
	if (!err)
		err = ctlink_element_build(&c->ctq->out, &header, &element);
	element_free(c->ctq, &element);
	return err;
}

static int change_put_or_send(const struct change *c, size_t i)
{
	int err = change_put(c, i);

	if (err == -EMSGSIZE && c->ctq->out.size > 0) {
		err = client_send(c->ctq);
		if (!err)
			err = change_put(c, i);
	}
	return err;
}

/* All keys can be read: else nothing is sent. */
static int keys_check(const struct change *c, size_t *wrong)
{
	struct ctlink_element element;
	size_t i;
	int err = 0;

	for (i = 0; i < c->n && !err; i++) {
		err = element_read(c->ctq, c->set, c->set_type, &c->elements[i],
		                   &element);
		element_free(c->ctq, &element);
		if (err)
			*wrong = i;
	}
	return err;
}

static int killed_record(void *data, const struct ctq_record *count)
{
	((struct ctq_elements_result *)data)->killed =
		(uint32_t)ctq_record_number(count, CTQA_COUNT_FLOWS);
	return 0;
}

static int change_send(struct change *c, struct ctq_elements_result *result)
{
	struct client_records records = {
		c->ctq, CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_COUNT),
		killed_record, result
	};
	uint32_t answered = 0;
	size_t i;
	int err = client_begin_batch(c->ctq, (uint32_t)c->n + 2, &c->first);

	for (i = 0; i < c->n + 2 && !err; i++)
		err = change_put_or_send(c, i);
	if (err)
		return c->ctq->error.origin ? err : client_unbuilt(c->ctq, err);
	err = client_ask_batch(c->ctq, c->first, &answered, client_record_message,
	                       &records);
	if (err && answered > c->first && answered <= c->first + c->n)
		result->wrong = answered - c->first - 1;
	return err;
}

static int change_run(struct change *c, struct ctq_elements_result *result)
{
	struct ctq_elements_result ignored;
	int err;

	if (!result)
		result = &ignored;
	*result = (struct ctq_elements_result){ .wrong = c->n };
	if (c->flags & ~(CTQ_ELEMENTS_KILL | CTQ_ELEMENTS_NEW))
		return client_fail(c->ctq, CTQ_ERROR_LOCAL, -EINVAL, "unknown flag");
	if (c->n > CTQ_SET_SIZE_MAX)
		return client_fail(c->ctq, CTQ_ERROR_LOCAL, -E2BIG,
		                   "more than %d elements", CTQ_SET_SIZE_MAX);
	err = ctq_set_get(c->ctq, c->set, type_record, &c->set_type);
	if (!err)
		err = keys_check(c, &result->wrong);
	return err ? err : change_send(c, result);
}

int ctq_elements_add(struct ctq *ctq, const char *set, const struct ctq_element *elements,
                     size_t n, unsigned int flags, struct ctq_elements_result *result)
{
	struct change c = { .ctq = ctq,
		            .set = set,
		            .message = SET_TYPE(ELEMENT_NEW),
		            .elements = elements,
		            .n = n,
		            .flags = flags };

	return change_run(&c, result);
}

int ctq_elements_delete(struct ctq *ctq, const char *set,
                        const struct ctq_element *elements, size_t n,
                        struct ctq_elements_result *result)
{
	struct change c = { .ctq = ctq,
		            .set = set,
		            .message = SET_TYPE(ELEMENT_DEL),
		            .elements = elements,
		            .n = n };

	return change_run(&c, result);
}

/* One message in a batch of its own. */
int ctq_set_flush(struct ctq *ctq, const char *set)
{
	const struct ctlink_batch batch = { .subsystem = CTQ_SUBSYS_SETS };
	struct ctlink_header header = { .type = SET_TYPE(SET_FLUSH),
		                        .flags = NLM_F_REQUEST };
	uint32_t first, answered;
	int err = client_begin_batch(ctq, 3, &first);

	if (err)
		return err;
	err = ctlink_batch_begin_build(&ctq->out, first, &batch);
	header.seq = first + 1;
	if (!err) {
		ctlink_message_begin(&ctq->out, &header);
		ctlink_message_put_string(&ctq->out, CTQA_SET_NAME, set);
		err = ctlink_message_end(&ctq->out);
	}
	if (!err)
		err = ctlink_batch_end_build(&ctq->out, first + 2, CTQ_SUBSYS_SETS,
		                             NLM_F_ACK);
	return err ? client_unbuilt(ctq, err)
	           : client_ask_batch(ctq, first, &answered, NULL, NULL);
}

/* ---- asking -------------------------------------------------------------------------- */

int ctq_element_get(struct ctq *ctq, const char *set, const char *key, ctq_record_cb *cb,
                    void *data)
{
	struct client_records records = { ctq, SET_TYPE(ELEMENT_NEW), cb, data };
	const struct ctq_element given = { .key = key, .timeout = -1 };
	struct ctlink_element element;
	struct ctlink_header header;
	uint16_t type;
	int err;

	err = ctq_set_get(ctq, set, type_record, &type);
	if (err)
		return err;
	err = client_begin(ctq, &header, SET_TYPE(ELEMENT_GET), CLIENT_ANSWER_ONE, 0);
	if (err)
		return err;
	err = element_read(ctq, set, type, &given, &element);
	if (!err)
		err = client_ask(ctq, ctlink_element_build(&ctq->out, &header, &element),
		                 CLIENT_ANSWER_ONE, client_record_message, &records);
	element_free(ctq, &element);
	return err;
}
