/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * set.h - named sets and their elements as values
 *
 * A set is declared in a rule set's text or made by a request; its elements are values of the
 * set's type, with what they have beside: timeout, comment, counters. Both own their
 * strings: init is all bytes zero, fini frees. Whether an element's key fits its set only the
 * daemon knows.
 */
#ifndef CTLINK_SET_H
#define CTLINK_SET_H

#include <stddef.h>
#include <stdint.h>

#include "ctlink/attr.h"
#include "ctlink/match.h"
#include "ctlink/memory.h"

/* ---- elements ---------------------------------------------------------------------- */

enum ctlink_element_bit {
	CTLINK_ELEMENT_SET,
	CTLINK_ELEMENT_KEY,
	CTLINK_ELEMENT_WITH,
	CTLINK_ELEMENT_TIMEOUT,
	CTLINK_ELEMENT_EXPIRES,
	CTLINK_ELEMENT_COMMENT,
	CTLINK_ELEMENT_FLAGS,
	CTLINK_ELEMENT_PACKETS,
	CTLINK_ELEMENT_BYTES,
	CTLINK_ELEMENT_LINE,
	CTLINK_ELEMENT_TYPE,
};

struct ctlink_element {
	uint64_t has;             /* 1 << enum ctlink_element_bit */
	char *set, *comment;      /* owned */
	struct ctlink_value key;  /* an address, port, mark or interface name */
	struct ctlink_value with; /* the port of a pair */
	uint32_t timeout;         /* seconds; 0: none, whatever the set says */
	uint32_t expires;         /* seconds left */
	uint32_t flags;           /* CTQ_ELEMENT_* */
	uint32_t line;
	uint16_t
		type; /* enum ctq_set_type of its set; the daemon tells it, and reads none */
	uint64_t packets, bytes;
	char name[CTQ_IFNAME_MAX +
	          1]; /* for key.string of a listing, which then is not owned */
};

void ctlink_element_fini(struct ctlink_element *element,
                         const struct ctlink_memory *memory);
int ctlink_element_build(struct ctlink_message *m, const struct ctlink_header *header,
                         const struct ctlink_element *element) BASE_MUST_CHECK;
int ctlink_element_parse(const struct nlmsghdr *nlh, struct ctlink_element *element,
                         const struct ctlink_memory *memory,
                         struct ctlink_error *error) BASE_MUST_CHECK;

/** Longest text of ctlink_element_format(): two IPv6 addresses. */
#define CTLINK_ELEMENT_TEXT_MAX 100

/** The key as people write it: "10.0.0.0/8", "192.0.2.1 . 443". */
void ctlink_element_format(const struct ctlink_element *element, char *out, size_t size);

/* ---- sets -------------------------------------------------------------------------- */

enum ctlink_set_bit {
	CTLINK_SET_NAME,
	CTLINK_SET_TYPE,
	CTLINK_SET_FLAGS,
	CTLINK_SET_TIMEOUT,
	CTLINK_SET_SIZE,
	CTLINK_SET_COMMENT,
	CTLINK_SET_LENGTH,
	CTLINK_SET_USES,
	CTLINK_SET_MEMORY,
	CTLINK_SET_LINE,
};

struct ctlink_set {
	uint64_t has;         /* 1 << enum ctlink_set_bit */
	char *name, *comment; /* owned */
	uint16_t type;        /* enum ctq_set_type */
	uint32_t flags;       /* CTQ_SET_* */
	uint32_t timeout;     /* seconds, of elements that bring none; 0: none */
	uint32_t size, length, uses, line;
	uint64_t memory; /* bytes */
	struct ctlink_list
		elements; /* of struct ctlink_element: what a text declares; not
	                              * part of the message */
};

/** Can a set's name have this character? Such a name needs no quotes after '@'. */
bool ctlink_set_name_has(char c);

/** With its elements. */
void ctlink_set_fini(struct ctlink_set *set, const struct ctlink_memory *memory);
int ctlink_set_build(struct ctlink_message *m, const struct ctlink_header *header,
                     const struct ctlink_set *set) BASE_MUST_CHECK;
int ctlink_set_parse(const struct nlmsghdr *nlh, struct ctlink_set *set,
                     const struct ctlink_memory *memory,
                     struct ctlink_error *error) BASE_MUST_CHECK;

/** Append an empty element; NULL with errno ENOMEM or E2BIG. */
struct ctlink_element *ctlink_set_append(struct ctlink_set *set,
                                         const struct ctlink_memory *memory);

static inline struct ctlink_element *ctlink_set_element(const struct ctlink_set *set,
                                                        uint32_t i)
{
	return (struct ctlink_element *)ctlink_list_item(
		&set->elements, sizeof(struct ctlink_element), i);
}

#endif
