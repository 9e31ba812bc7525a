/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sets_fixture.h - sets from words, for the tests of this folder and the model
 *
 * An element is a text as in the rule language: "10.0.0.0/8", "192.0.2.1 . 80", "22".
 */
#ifndef TESTS_SETS_FIXTURE_H
#define TESTS_SETS_FIXTURE_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <endian.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/rcu.h"
#include "lang/lang.h"
#include "lang/value.h"
#include "sets/sets.h"

#define NOW 1000000 /* ms, when tests begin */

static inline void value_read(uint16_t field, const char *text, size_t length,
                              struct ctlink_value *out)
{
	struct lang_fault fault = { "" };

	cr_assert_eq(lang_value_parse(ctlink_field_get(field), 0, text, length, out, NULL,
	                              &fault),
	             0, "%.*s: %s", (int)length, text, fault.text);
}

/* An element of a set of @type; ctlink_element_fini() by the caller, after set = NULL. */
static inline struct ctlink_element element_of(const char *set, uint16_t type,
                                               const char *text)
{
	const char *dot = type == CTQ_SET_ADDRESS_PORT ? strstr(text, " . ") : NULL;
	struct ctlink_element e = { .set = (char *)(uintptr_t)set };

	value_read(lang_set_field(type), text, dot ? (size_t)(dot - text) : strlen(text),
	           &e.key);
	e.has = 1 << CTLINK_ELEMENT_SET | 1 << CTLINK_ELEMENT_KEY;
	if (dot) {
		value_read(CTQ_FIELD_DPORT, dot + 3, strlen(dot + 3), &e.with);
		e.has |= 1 << CTLINK_ELEMENT_WITH;
	}
	return e;
}

static inline void element_done(struct ctlink_element *e)
{
	e->set = NULL; /* borrowed */
	ctlink_element_fini(e, NULL);
}

static inline uint16_t type_of(const struct sets_change *c, const char *set)
{
	const struct set *s = sets_change_peek(c, set);
	struct ctlink_set value = { .type = CTQ_SET_ADDRESS };

	if (s)
		set_read(s, &value);
	return value.type;
}

/* Timeout -1: none is given. */
static inline int add_for(struct sets_change *c, const char *set, const char *text,
                          int64_t timeout, struct sets_error *e)
{
	struct ctlink_element element = element_of(set, type_of(c, set), text);
	int err;

	if (timeout >= 0) {
		element.timeout = (uint32_t)timeout;
		ctlink_mark(&element, CTLINK_ELEMENT_TIMEOUT);
	}
	err = sets_change_element_add(c, &element, false, e);
	element_done(&element);
	return err;
}

static inline int add(struct sets_change *c, const char *set, const char *text)
{
	struct sets_error e;

	return add_for(c, set, text, -1, &e);
}

static inline int drop(struct sets_change *c, const char *set, const char *text)
{
	struct ctlink_element element = element_of(set, type_of(c, set), text);
	struct sets_error e;
	int err = sets_change_element_delete(c, &element, &e);

	element_done(&element);
	return err;
}

static inline int declare(struct sets_change *c, const char *name, uint16_t type,
                          uint32_t flags)
{
	struct ctlink_set value = { .name = (char *)(uintptr_t)name,
		                    .type = type,
		                    .flags = flags };
	struct sets_error e;

	value.has = 1 << CTLINK_SET_NAME | 1 << CTLINK_SET_TYPE | 1 << CTLINK_SET_FLAGS;
	return sets_change_set_add(c, &value, false, &e);
}

/* A query by words: an address, a number, a name, or "address . port". */
static inline struct set_query query_of(uint16_t type, const char *text)
{
	struct set_query q = { .family = AF_INET };
	char address[INET6_ADDRSTRLEN + 1] = "", name[17] = "";
	uint8_t bytes[16] = { 0 };
	uint64_t words[2];

	if (type == CTQ_SET_PORT || type == CTQ_SET_MARK) {
		q.number = (uint32_t)strtoul(text, NULL, 0);
		return q;
	}
	if (type == CTQ_SET_INTERFACE) {
		memcpy(name, text, strnlen(text, 16));
		memcpy(words, name, 16);
	} else {
		sscanf(text, "%46s . %u", address, &q.number);
		q.family = strchr(text, ':') ? AF_INET6 : AF_INET;
		cr_assert_eq(inet_pton(q.family, address,
		                       bytes + (q.family == AF_INET ? 12 : 0)),
		             1, "%s", text);
		memcpy(words, bytes, 16);
	}
	q.words[0] = be64toh(words[0]);
	q.words[1] = be64toh(words[1]);
	return q;
}

/* Position of the element that holds; 0: none. */
static inline uint32_t find(const struct sets *sets, const char *name, const char *text)
{
	const struct set *set = sets_peek(sets, name);
	struct ctlink_set value;
	struct set_query q;
	uint32_t position;

	cr_assert_not_null(set, "%s", name);
	set_read(set, &value);
	q = query_of(value.type, text);
	return set_find(set, &q, &position) ? position : 0;
}

/* The elements of a set as text, sorted by position, joined by spaces; the caller frees. */
static inline char *elements(const struct sets *sets, const char *name, uint64_t now_ms)
{
	const struct set *set = sets_peek(sets, name);
	struct ctlink_element e;
	struct ctlink_set value;
	uint32_t position = 0;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	set_read(set, &value);
	for (; set_element_next(set, &position, now_ms, &e); position++) {
		if (ftell(out) > 0)
			fputs("; ", out);
		lang_element_print(value.type, &e, out);
	}
	fclose(out);
	return text;
}

#define cr_elements(sets, name, wanted)                               \
	do {                                                          \
		char *had_ = elements(sets, name, NOW);               \
		cr_assert_str_eq(had_, wanted, "%s: %s", name, had_); \
		free(had_);                                           \
	} while (0)

/* A change that must succeed. */
static inline void commit(struct sets_change *c)
{
	cr_assert_eq(sets_change_commit(c, UINT32_MAX), 0);
	sets_change_destroy(c);
}

#endif
