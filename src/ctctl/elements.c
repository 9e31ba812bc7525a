/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/elements.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctctl/arguments.h"
#include "ctctl/message.h"

/* ---- reading ------------------------------------------------------------------------ */

static bool is_word(const struct tool *tool, size_t i, const char *text)
{
	return i < tool->n_words && strcmp(tool->words[i].text, text) == 0;
}

/* "192.0.2.1 . 443" in three words is one key. */
static int pair_join(const struct tool *tool, size_t i, struct elements *e)
{
	const char *left = tool->words[i].text, *right = tool->words[i + 2].text;
	size_t size = strlen(left) + strlen(right) + 4;
	char *key = malloc(size);

	if (!key) {
		message_error(tool, "no memory");
		return TOOL_FAILED;
	}
	snprintf(key, size, "%s . %s", left, right);
	e->keys[e->n] = key;
	e->list[e->n].key = key;
	return TOOL_OK;
}

/* What stands behind "timeout" or "comment"; NULL: nothing, which is told. */
static const struct tool_word *value_of(const struct tool *tool, size_t i)
{
	if (i + 1 < tool->n_words)
		return &tool->words[i + 1];
	message_error(tool, "'%s' needs a value", tool->words[i].text);
	return NULL;
}

static int timeout_apply(const struct tool *tool, size_t i, struct elements *e,
                         size_t *since)
{
	const struct tool_word *word = value_of(tool, i);
	uint32_t seconds;
	int code = TOOL_USAGE;

	if (word)
		code = arguments_seconds(tool, word, &seconds);
	for (; code == TOOL_OK && *since < e->n; (*since)++)
		e->list[*since].timeout = seconds;
	return code;
}

static int comment_apply(const struct tool *tool, size_t i, struct elements *e,
                         size_t *since)
{
	const struct tool_word *word = value_of(tool, i);

	if (!word)
		return TOOL_USAGE;
	if (*word->text == '\0' || strlen(word->text) >= CTQ_COMMENT_MAX)
		return message_usage(tool, word->index, NULL, 0,
		                     "a comment has 1 to %d bytes", CTQ_COMMENT_MAX - 1);
	for (; *since < e->n; (*since)++)
		e->list[*since].comment = word->text;
	return TOOL_OK;
}

static int key_append(const struct tool *tool, size_t *i, struct elements *e)
{
	int code = TOOL_OK;

	e->list[e->n] =
		(struct ctq_element){ .key = tool->words[*i].text, .timeout = -1 };
	e->index[e->n] = tool->words[*i].index;
	if (is_word(tool, *i + 1, ".") && *i + 2 < tool->n_words) {
		code = pair_join(tool, *i, e);
		*i += 2;
	}
	e->n += code == TOOL_OK;
	return code;
}

int elements_parse(const struct tool *tool, size_t from, const char *timeout,
                   struct elements *e)
{
	size_t i, timed = 0, commented = 0;
	int code = TOOL_OK;

	memset(e, 0, sizeof(*e));
	for (i = from; i < tool->n_words && code == TOOL_OK; i++) {
		if (e->n && is_word(tool, i, timeout))
			code = timeout_apply(tool, i++, e, &timed);
		else if (e->n && is_word(tool, i, "comment"))
			code = comment_apply(tool, i++, e, &commented);
		else
			code = key_append(tool, &i, e);
	}
	return code;
}

void elements_fini(struct elements *e)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		free(e->keys[i]);
}

int elements_failed(struct tool *tool, int err, const struct elements *e, size_t wrong)
{
	const struct ctq_error *error = ctq_error(tool->ctq);

	if (wrong >= e->n)
		return tool_failed(tool, err);
	message_error(tool, "%s", error->text[0] ? error->text : strerror(-err));
	message_caret(tool, e->index[wrong], 0, strlen(tool->argv[e->index[wrong]]), "");
	message_note(tool, "%s", error->hint);
	return error->origin == CTQ_ERROR_LOCAL ? TOOL_USAGE : TOOL_FAILED;
}

/* ---- writing ------------------------------------------------------------------------ */

char *elements_key(unsigned int type, const struct ctq_record *record)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (!out)
		return NULL;
	err = ctq_element_key_print(type, record, out);
	if (fclose(out) || err) {
		free(text);
		return NULL;
	}
	return text;
}

void elements_json(struct json *json, unsigned int type, const struct ctq_record *record)
{
	static const struct {
		uint16_t type;
		const char *key;
	} numbers[] = {
		{ CTQA_ELEMENT_TIMEOUT, "timeout" },
		{ CTQA_ELEMENT_EXPIRES, "expires" },
		{ CTQA_ELEMENT_PACKETS, "packets" },
		{ CTQA_ELEMENT_BYTES, "bytes" },
	};
	char *key = elements_key(type, record);
	size_t i;

	if (key)
		json_string(json, "key", key);
	for (i = 0; i < BASE_ARRAY_LENGTH(numbers); i++)
		if (ctq_record_has(record, numbers[i].type))
			json_number(json, numbers[i].key,
			            ctq_record_number(record, numbers[i].type));
	if (ctq_record_string(record, CTQA_ELEMENT_COMMENT))
		json_string(json, "comment",
		            ctq_record_string(record, CTQA_ELEMENT_COMMENT));
	json_bool(json, "of_rules",
	          ctq_record_number(record, CTQA_ELEMENT_FLAGS) & CTQ_ELEMENT_OF_RULES);
	free(key);
}

/* ---- sets --------------------------------------------------------------------------- */

static const char *const type_names[] = {
	[CTQ_SET_ADDRESS] = "address",
	[CTQ_SET_PORT] = "port",
	[CTQ_SET_ADDRESS_PORT] = "address . port",
	[CTQ_SET_INTERFACE] = "interface",
	[CTQ_SET_MARK] = "mark",
};

const char *elements_type_name(const struct ctq_record *set)
{
	uint64_t type = ctq_record_number(set, CTQA_SET_TYPE);

	return type < BASE_ARRAY_LENGTH(type_names) && type_names[type] ? type_names[type]
	                                                                : "unknown";
}

static const char *set_name(const struct ctq_record *set)
{
	return ctq_record_string(set, CTQA_SET_NAME) ?: "?";
}

void elements_set_json(struct json *json, const struct ctq_record *set)
{
	uint64_t flags = ctq_record_number(set, CTQA_SET_FLAGS);

	json_string(json, "name", set_name(set));
	json_string(json, "type", elements_type_name(set));
	json_bool(json, "timeouts", flags & CTQ_SET_TIMEOUT);
	json_bool(json, "counters", flags & CTQ_SET_COUNTER);
	if (ctq_record_has(set, CTQA_SET_TIMEOUT))
		json_number(json, "timeout", ctq_record_number(set, CTQA_SET_TIMEOUT));
	json_number(json, "size", ctq_record_number(set, CTQA_SET_SIZE));
	json_number(json, "length", ctq_record_number(set, CTQA_SET_LENGTH));
	json_number(json, "uses", ctq_record_number(set, CTQA_SET_USES));
	json_number(json, "memory", ctq_record_number(set, CTQA_SET_MEMORY));
	if (ctq_record_string(set, CTQA_SET_COMMENT))
		json_string(json, "comment", ctq_record_string(set, CTQA_SET_COMMENT));
}

/* ---- announcements ------------------------------------------------------------------ */

static void write_element(FILE *out, const struct ctq_event *event)
{
	const struct ctq_record *element = event->record;
	unsigned int type = (unsigned int)ctq_record_number(element, CTQA_ELEMENT_TYPE);

	fprintf(out, "%s @%s ",
	        event->kind == CTQ_EVENT_ELEMENT_NEW ? "added   " : "deleted ",
	        ctq_record_string(element, CTQA_ELEMENT_SET) ?: "?");
	if (ctq_element_print(type, element, out) < 0)
		fputc('?', out);
	fputc('\n', out);
}

static void write_set(FILE *out, const struct ctq_event *event)
{
	const struct ctq_record *set = event->record;

	if (event->kind == CTQ_EVENT_SET_DELETE)
		fprintf(out, "set      @%s is deleted\n", set_name(set));
	else
		fprintf(out, "set      @%s: %s, %" PRIu64 " elements\n", set_name(set),
		        elements_type_name(set), ctq_record_number(set, CTQA_SET_LENGTH));
}

static const char *event_word(enum ctq_event_kind kind)
{
	switch (kind) {
	case CTQ_EVENT_SET_NEW: return "set";
	case CTQ_EVENT_SET_DELETE: return "set_deleted";
	case CTQ_EVENT_ELEMENT_NEW: return "added";
	default: return "deleted";
	}
}

static void json_event(FILE *out, const struct ctq_event *event, bool element)
{
	const struct ctq_record *record = event->record;
	struct json json;

	json_init(&json, out);
	json_object_begin(&json, NULL);
	json_string(&json, "event", event_word(event->kind));
	if (element) {
		json_string(&json, "set",
		            ctq_record_string(record, CTQA_ELEMENT_SET) ?: "?");
		elements_json(&json,
		              (unsigned int)ctq_record_number(record, CTQA_ELEMENT_TYPE),
		              record);
	} else {
		elements_set_json(&json, record);
	}
	json_number(&json, "sequence", event->sequence);
	json_object_end(&json);
	json_newline(&json);
}

void elements_write_event(struct tool *tool, const struct ctq_event *event)
{
	bool element = event->kind == CTQ_EVENT_ELEMENT_NEW ||
	               event->kind == CTQ_EVENT_ELEMENT_DELETE;

	if (tool_is_json(tool))
		json_event(tool->out, event, element);
	else if (element)
		write_element(tool->out, event);
	else
		write_set(tool->out, event);
}
