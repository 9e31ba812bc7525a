/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attr.h - layouts: one table that both writes and reads a message's attributes
 *
 * A layout lists the attributes of one level of a message: number, name (for messages to
 * people), type on the wire, length, whether required, and the member of the value where
 * it belongs. ctlink_layout_build() writes in the table's order those that the value has;
 * ctlink_layout_parse() reads them back. So build and parse cannot disagree.
 *
 * Values. Each begins with "uint64_t has": a bit for each attribute that is present, by
 * the numbers that the value's header gives. Integers are in host order in values.
 *
 *	struct ctlink_count {
 *		uint64_t has;
 *		uint32_t flows, total;
 *	};
 *	static const struct ctlink_attr count_attrs[] = {
 *		CTLINK_ATTR(CTQA_COUNT_FLOWS, CTLINK_U32, 0, struct ctlink_count, flows,
 *			    CTLINK_COUNT_FLOWS),
 *		...
 *	};
 *
 * Kinds of nesting. CTLINK_NESTED is a level whose attributes belong to the same value
 * (CTA_PROTOINFO); it is written when one of them is present. CTLINK_STRUCT is a level
 * whose value is a member of ours (CTQA_TERM_MATCH). CTLINK_LIST is a repeated attribute,
 * each with a level and an item of its own in a struct ctlink_list (CTQA_RULE_MATCH).
 * CTLINK_CUSTOM has functions of its own (a tuple).
 *
 * What a parse refuses, always with the offset of the attribute: one that is missing and
 * required (the offset is its parent's), too short, too long, there twice, a string
 * without end, an unknown flag, a list above its limit, an attribute whose length lies.
 * Attributes that the layout does not list are skipped.
 */
#ifndef CTLINK_ATTR_H
#define CTLINK_ATTR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "ctlink/error.h"
#include "ctlink/memory.h"
#include "ctlink/message.h"

/* ---- presence ---------------------------------------------------------------- */

/** Does @value (whose first member is "uint64_t has") have the attribute @bit? */
#define ctlink_has(value, bit) (((value)->has >> (bit)) & 1)
/** Say that @value has @bit; the member must be set. */
#define ctlink_mark(value, bit) ((value)->has |= UINT64_C(1) << (bit))
/** Say that @value does not have @bit. */
#define ctlink_unmark(value, bit) ((value)->has &= ~(UINT64_C(1) << (bit)))

/* ---- layouts ------------------------------------------------------------------ */

enum ctlink_kind {
	CTLINK_U8,
	CTLINK_U16,
	CTLINK_U32,
	CTLINK_U64,
	CTLINK_FLAG,   /* no payload; only its bit */
	CTLINK_TEXT,   /* zero-terminated; the member is an array of max bytes */
	CTLINK_STRING, /* zero-terminated; the member is an owned char * */
	CTLINK_BYTES, /* min … max bytes; the member is a struct ctlink_bytes_<n> or array
	               */
	CTLINK_NESTED, /* a level of the same value */
	CTLINK_LIST,   /* repeated; the member is a struct ctlink_list */
	CTLINK_CUSTOM,
};

struct ctlink_attr;
struct ctlink_layout;
struct ctlink_parser;
struct nlattr;

/** Functions of a CTLINK_CUSTOM attribute; @value is the whole value. */
struct ctlink_codec {
	void (*build)(struct ctlink_message *m, const struct ctlink_attr *attr,
	              const void *value);
	int (*parse)(struct ctlink_parser *p, const struct ctlink_attr *attr,
	             const struct nlattr *nla, void *value);
};

#define CTLINK_REQUIRED 0x1 /* a message without it is refused */
#define CTLINK_HOST     0x2 /* an integer in host order: the kernel's CTA_FILTER_* */
#define CTLINK_NO_BIT   0xff

/** One row of a layout. */
struct ctlink_attr {
	uint16_t type;    /* number on the wire */
	uint8_t kind;     /* enum ctlink_kind */
	uint8_t flags;    /* CTLINK_REQUIRED, CTLINK_HOST */
	uint8_t bit;      /* in the value's has; CTLINK_NO_BIT for NESTED and LIST */
	uint16_t member;  /* offset in the value */
	uint16_t size_at; /* BYTES with min < max: offset of a uint8_t that holds the size
	                   */
	uint32_t min;     /* BYTES: bytes; TEXT and STRING: characters; LIST: items */
	uint32_t max;     /* TEXT, STRING: bytes with the final zero; LIST: items */
	uint64_t known;   /* integers: bits that are allowed when this is not 0 */
	const char *name; /* "CTA_MARK" */
	const struct ctlink_layout *nested;
	const struct ctlink_codec *codec;
};

/** One level of attributes. */
struct ctlink_layout {
	const char *name; /* what a message calls the level: "rule" */
	const struct ctlink_attr *attrs;
	uint32_t n_attrs;
	uint32_t item_size; /* of the items, when the level is a list's */
	/* Free what an item of this level owns beside strings and lists; may be NULL. */
	void (*fini)(void *item, const struct ctlink_memory *memory);
	/* Check what the table cannot say; @nest is the level's own attribute or NULL. */
	int (*check)(struct ctlink_parser *p, const struct nlattr *nest,
	             const void *value);
};

#define CTLINK_LAYOUT(layout_name, table)                \
	{                                                \
		.name = (layout_name), .attrs = (table), \
		.n_attrs = BASE_ARRAY_LENGTH(table)      \
	}

/* ---- writing and reading values ------------------------------------------------ */

/** Write a whole message. Returns as ctlink_message_end(). */
int ctlink_layout_build(const struct ctlink_layout *layout, struct ctlink_message *m,
                        const struct ctlink_header *header,
                        const void *value) BASE_MUST_CHECK;

/** Write the attributes of one level of the open message. */
void ctlink_layout_put(const struct ctlink_layout *layout, struct ctlink_message *m,
                       const void *value);

/**
 * Read the attributes of @nlh (after nfgenmsg) into @value, which the caller has zeroed.
 * Returns 0, -EINVAL, -EBADMSG, -EOPNOTSUPP (unknown flag), -E2BIG (a list's limit),
 * -ENOMEM, or what a layout's check says. On failure @value may hold a part: fini it.
 */
int ctlink_layout_parse(const struct ctlink_layout *layout, const struct nlmsghdr *nlh,
                        void *value, const struct ctlink_memory *memory,
                        struct ctlink_error *error) BASE_MUST_CHECK;

/** Free the strings and lists that @value owns by @layout; strings and lists are empty
 * then. */
void ctlink_layout_fini(const struct ctlink_layout *layout, void *value,
                        const struct ctlink_memory *memory);

/* ---- for codecs and checks ----------------------------------------------------- */

/** One parse of one message. */
struct ctlink_parser {
	const struct nlmsghdr *nlh;
	const struct ctlink_memory *memory;
	struct ctlink_error *error;
};

/** Offset of @nla in the message; 0 for NULL. */
uint32_t ctlink_parser_offset(const struct ctlink_parser *p, const struct nlattr *nla);

/** Read one nested level into @value. */
int ctlink_parser_nested(struct ctlink_parser *p, const struct ctlink_layout *layout,
                         const struct nlattr *nest, void *value) BASE_MUST_CHECK;

/** The attribute @type within @nest, or @nest itself when it is not there: where to
 * point. */
const struct nlattr *ctlink_parser_find(const struct nlattr *nest, uint16_t type);

#endif
