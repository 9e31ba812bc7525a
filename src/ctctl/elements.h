/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * elements.h - elements of sets on the command line and in lists
 *
 *	10.0.0.1  2001:db8::/32 timeout 1h comment "office"  192.0.2.1 . 443
 *
 * "timeout" and "comment" are for the elements since the last of their kind; two words with
 * a '.' between them are one element.
 */
#ifndef CTCTL_ELEMENTS_H
#define CTCTL_ELEMENTS_H

#include "ctctl/ctctl.h"
#include "ctctl/json.h"

struct elements {
	struct ctq_element list[TOOL_WORDS_MAX];
	int index[TOOL_WORDS_MAX];  /* in argv, of the key */
	char *keys[TOOL_WORDS_MAX]; /* owned; NULL: the key is a word */
	size_t n;
};

/** Read the words from @from on. @timeout: the word before a time ("timeout" or "for").
 * TOOL_OK or TOOL_USAGE, the message is written. elements_fini() in either case. */
int elements_parse(const struct tool *tool, size_t from, const char *timeout,
                   struct elements *elements) BASE_MUST_CHECK;
void elements_fini(struct elements *elements);

/** tool_failed() about a change of elements: shows the one that is wrong. */
int elements_failed(struct tool *tool, int err, const struct elements *elements,
                    size_t wrong) BASE_MUST_CHECK;

/** Members of a CTQA_ELEMENT_* record of a set of @type in an open object. */
void elements_json(struct json *json, unsigned int type, const struct ctq_record *record);

/** The key as a string; NULL: no memory, or not understood. The caller frees it. */
char *elements_key(unsigned int type, const struct ctq_record *record);

/** The type of a CTQA_SET_* record: "address . port". */
const char *elements_type_name(const struct ctq_record *set);

/** Members of a CTQA_SET_* record in an open object. */
void elements_set_json(struct json *json, const struct ctq_record *set);

/** Write a CTQ_EVENT_SET_* or CTQ_EVENT_ELEMENT_*. */
void elements_write_event(struct tool *tool, const struct ctq_event *event);

#endif
