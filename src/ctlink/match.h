/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * match.h - fields, values and matches: what rules and filters are made of
 *
 * A field (ctq/fields.def) has a type and a scope. A match holds when the field has one
 * of its values. Values are kept as bytes in network order, as they are on the wire, with
 * their size; ctlink_value_number() makes integers of them.
 */
#ifndef CTLINK_MATCH_H
#define CTLINK_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "ctlink/attr.h"
#include "ctlink/memory.h"

/* ---- fields ------------------------------------------------------------------------ */

enum ctlink_field_type {
	CTLINK_FIELD_U8,
	CTLINK_FIELD_U16,
	CTLINK_FIELD_U32,
	CTLINK_FIELD_U64,
	CTLINK_FIELD_BITS8,
	CTLINK_FIELD_BITS32,
	CTLINK_FIELD_ADDRESS,
	CTLINK_FIELD_STRING,
};

enum ctlink_scope {
	CTLINK_SCOPE_PACKET = 0x1, /* rules */
	CTLINK_SCOPE_FLOW = 0x2,   /* filters */
	CTLINK_SCOPE_BOTH = 0x3,
};

struct ctlink_field {
	uint16_t number;  /* enum ctq_field */
	uint8_t type;     /* enum ctlink_field_type */
	uint8_t scope;    /* enum ctlink_scope */
	const char *word; /* in the rule language and in filters: "sport" */
};

/** All fields, *@n of them, in the order of their numbers. */
const struct ctlink_field *ctlink_fields(size_t *n);

/** The field of this number, or NULL. */
const struct ctlink_field *ctlink_field_get(uint16_t number);

/** The field of this word ("ct state" is one word), or NULL. */
const struct ctlink_field *ctlink_field_find(const char *word);

/** Bytes of a value of this type; 0 for addresses (4 or 16) and strings. */
uint8_t ctlink_field_size(uint8_t type);

/* ---- values ------------------------------------------------------------------------ */

enum ctlink_value_bit {
	CTLINK_VALUE_FIRST,
	CTLINK_VALUE_LAST,
	CTLINK_VALUE_MASK,
	CTLINK_VALUE_PREFIX,
	CTLINK_VALUE_STRING,
};

struct ctlink_value {
	uint64_t has;       /* 1 << enum ctlink_value_bit */
	uint8_t first_size; /* bytes: the field's; addresses 4 or 16 */
	uint8_t last_size;  /* equal to first_size when there is one */
	uint8_t mask_size;
	uint8_t prefix;                        /* bits of first that count */
	uint8_t first[16], last[16], mask[16]; /* network order */
	char *string;                          /* owned */
};

/** The integer in @size (1, 2, 4, 8) bytes in network order. */
uint64_t ctlink_value_number(const uint8_t *bytes, uint8_t size);

/** Set FIRST, LAST or MASK of @value (@bit) to @number in @size bytes. */
void ctlink_value_set_number(struct ctlink_value *value, enum ctlink_value_bit bit,
                             uint64_t number, uint8_t size);

/** Set FIRST or LAST of @value (@bit) to an address of @size (4 or 16) bytes. */
void ctlink_value_set_address(struct ctlink_value *value, enum ctlink_value_bit bit,
                              const void *address, uint8_t size);

/** As the values of a match are checked: one that fits @field. Returns 0 or -EINVAL; @error has
 * no offset then. */
int ctlink_value_check(const struct ctlink_field *field, const struct ctlink_value *value,
                       struct ctlink_error *error) BASE_MUST_CHECK;

/** The level CTQA_VALUE_*; for the folder's other files. */
extern const struct ctlink_layout ctlink_value_layout;

/* ---- matches ----------------------------------------------------------------------- */

enum ctlink_match_bit {
	CTLINK_MATCH_FIELD,
	CTLINK_MATCH_FLAGS,
	CTLINK_MATCH_SET,
	CTLINK_MATCH_WITH,
};

struct ctlink_match {
	uint64_t has;              /* 1 << enum ctlink_match_bit */
	uint16_t field;            /* enum ctq_field */
	uint16_t with;             /* enum ctq_field, of a set's second part; 0: none */
	uint32_t flags;            /* CTQ_MATCH_NEGATE */
	struct ctlink_list values; /* of struct ctlink_value */
	char *set;                 /* owned; instead of values */
};

/** Append an empty value; NULL with errno ENOMEM or E2BIG. */
struct ctlink_value *ctlink_match_append(struct ctlink_match *match,
                                         const struct ctlink_memory *memory);

static inline struct ctlink_value *ctlink_match_value(const struct ctlink_match *match,
                                                      uint32_t i)
{
	return (struct ctlink_value *)ctlink_list_item(&match->values,
	                                               sizeof(struct ctlink_value), i);
}

/**
 * Check a match as the parsers do: a known field of @scope, values that fit its type.
 * Returns 0, -EINVAL, or -EOPNOTSUPP (unknown flag); @error has no offset then.
 */
int ctlink_match_check(const struct ctlink_match *match, enum ctlink_scope scope,
                       struct ctlink_error *error) BASE_MUST_CHECK;

/** Free what the match owns; it is empty then. */
void ctlink_match_fini(struct ctlink_match *match, const struct ctlink_memory *memory);

/** The level CTQA_MATCH_*, with the check for each scope; for the folder's other files. */
extern const struct ctlink_layout ctlink_match_packet_layout;
extern const struct ctlink_layout ctlink_match_flow_layout;

#endif
