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
 *		CTLINK_ATTR(CTQA_COUNT_FLOWS, CTLINK_U32, struct ctlink_count, flows,
 *			    CTLINK_COUNT_FLOWS),
 *		...
 *	};
 *
 * Kinds of nesting. CTLINK_NESTED is a level whose attributes belong to the same value
 * (CTA_PROTOINFO); it is written when one of them is present. CTLINK_STRUCT is a level
 * whose value is a member (CTQA_TERM_MATCH). CTLINK_LIST is a repeated attribute, each
 * with an item of its own in a struct ctlink_list (CTQA_RULE_MATCH). CTLINK_CUSTOM has
 * functions of its own (a tuple).
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

/* ---- presence ---------------------------------------------------------------------- */

/** Does @value (whose first member is "uint64_t has") have the attribute @bit? */
#define ctlink_has(value, bit) (((value)->has >> (bit)) & 1)
/** Say that @value has @bit; the member must be set. */
#define ctlink_mark(value, bit) ((value)->has |= UINT64_C(1) << (bit))
/** Say that @value does not have @bit. */
#define ctlink_unmark(value, bit) ((value)->has &= ~(UINT64_C(1) << (bit)))

/* ---- layouts ----------------------------------------------------------------------- */

enum ctlink_kind {
	CTLINK_U8,
	CTLINK_U16,
	CTLINK_U32,
	CTLINK_U64,
	CTLINK_FLAG,   /* no payload; only its bit */
	CTLINK_TEXT,   /* zero-terminated; the member is an array of char */
	CTLINK_STRING, /* zero-terminated; the member is an owned char * */
	CTLINK_BYTES,  /* min … size bytes as they are; the member is an array */
	CTLINK_NESTED, /* a level of the same value */
	CTLINK_STRUCT, /* a level whose value is the member */
	CTLINK_LIST,   /* repeated; the member is a struct ctlink_list */
	CTLINK_CUSTOM,
};

struct ctlink_attr;
struct ctlink_layout;
struct ctlink_parser;
struct nlattr;

/** Functions of a CTLINK_CUSTOM attribute; @value is the whole value, not the member. */
struct ctlink_codec {
	void (*build)(struct ctlink_message *m, const struct ctlink_attr *attr,
	              const void *value);
	int (*parse)(struct ctlink_parser *p, const struct ctlink_attr *attr,
	             const struct nlattr *nla, void *value);
};

/* Flags of a row. */
#define CTLINK_REQUIRED 0x1 /* a level without it is refused */
#define CTLINK_HOST     0x2 /* an integer in host order, as few of the kernel's are */
#define CTLINK_REPEATED 0x4 /* CUSTOM: may be there more than once */
#define CTLINK_PLAIN    0x8 /* LIST: an item is one attribute, the layout's only row */

#define CTLINK_NO_BIT 0xff

/** One row of a layout. */
struct ctlink_attr {
	uint16_t type;      /* number on the wire */
	uint8_t kind;       /* enum ctlink_kind */
	uint8_t flags;      /* CTLINK_REQUIRED … */
	uint8_t bit;        /* in the value's has; CTLINK_NO_BIT: none */
	uint16_t member;    /* offset in the value */
	uint16_t size;      /* bytes of the member */
	uint16_t length_at; /* BYTES, min < size: offset of a uint8_t for the length */
	uint32_t min;       /* BYTES: bytes; TEXT, STRING: characters */
	uint32_t max;       /* STRING: bytes with the final zero; LIST: items */
	uint64_t known;     /* integers: bits that may be set, unless 0 */
	const char *name;   /* "CTA_MARK" */
	const struct ctlink_layout *nested;
	const struct ctlink_codec *codec;
};

/** A row: attribute, kind, struct, member, bit, and further members of ctlink_attr. */
#define CTLINK_ATTR(attr_type, attr_kind, value_type, value_member, value_bit, ...)  \
	{                                                                            \
		.type = (attr_type), .name = #attr_type, .kind = (attr_kind),        \
		.member = offsetof(value_type, value_member),                        \
		.size = sizeof(((value_type *)0)->value_member), .bit = (value_bit), \
		__VA_ARGS__                                                          \
	}

/** The row of a level whose attributes belong to the same value. */
#define CTLINK_ATTR_NESTED(attr_type, layout)                                   \
	{                                                                       \
		.type = (attr_type), .name = #attr_type, .kind = CTLINK_NESTED, \
		.bit = CTLINK_NO_BIT, .nested = (layout)                        \
	}

/** The row of a list; @layout describes an item. */
#define CTLINK_ATTR_LIST(attr_type, value_type, value_member, layout, max_items, ...)  \
	{                                                                              \
		.type = (attr_type), .name = #attr_type, .kind = CTLINK_LIST,          \
		.member = offsetof(value_type, value_member),                          \
		.size = sizeof(((value_type *)0)->value_member), .bit = CTLINK_NO_BIT, \
		.nested = (layout), .max = (max_items), __VA_ARGS__                    \
	}

#define CTLINK_LAYOUT_ATTRS_MAX 64

/** One level of attributes; at most CTLINK_LAYOUT_ATTRS_MAX rows. */
struct ctlink_layout {
	const char *name; /* what a message to people calls it: "rule" */
	const struct ctlink_attr *attrs;
	uint32_t n_attrs;
	uint32_t item_size; /* bytes of the value, when the level is a list's */
	/* What the table cannot say: 0 or a negative errno with the error set. @nest is
	 * the level's own attribute, NULL for a whole message. May be NULL. */
	int (*check)(struct ctlink_parser *p, const struct nlattr *nest, void *value);
};

#define CTLINK_LAYOUT(layout_name, table, ...)                   \
	{                                                        \
		.name = (layout_name), .attrs = (table),         \
		.n_attrs = BASE_ARRAY_LENGTH(table), __VA_ARGS__ \
	}

/* ---- writing and reading values ---------------------------------------------------- */

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

/** The same for attributes that begin @offset bytes after the start of nlmsghdr. */
int ctlink_layout_parse_at(const struct ctlink_layout *layout, const struct nlmsghdr *nlh,
                           uint32_t offset, void *value,
                           const struct ctlink_memory *memory,
                           struct ctlink_error *error) BASE_MUST_CHECK;

/** Free the strings and lists that @value owns by @layout; strings and lists are empty
 * then. */
void ctlink_layout_fini(const struct ctlink_layout *layout, void *value,
                        const struct ctlink_memory *memory);

/* ---- for codecs and checks --------------------------------------------------------- */

/** One parse of one message. */
struct ctlink_parser {
	const struct nlmsghdr *nlh;
	const struct ctlink_memory *memory;
	struct ctlink_error *error;
	bool skipped; /* an attribute that no row names, at any level so far */
};

/** Offset of @nla in the message; 0 for NULL. */
uint32_t ctlink_parser_offset(const struct ctlink_parser *p, const struct nlattr *nla);

/** Read one nested level into @value. */
int ctlink_parser_nested(struct ctlink_parser *p, const struct ctlink_layout *layout,
                         const struct nlattr *nest, void *value) BASE_MUST_CHECK;

/**
 * Where to point: the attribute number @i (from 0) of this @type within @nest (NULL: of
 * the message); @nest itself when there is none. Only after the level was parsed.
 */
const struct nlattr *ctlink_parser_find(const struct ctlink_parser *p,
                                        const struct nlattr *nest, uint16_t type,
                                        uint32_t i);

/** Set the parser's error with the offset of @nla; returns @code. */
int ctlink_parser_fail(struct ctlink_parser *p, int code, const struct nlattr *nla,
                       const char *fmt, ...) BASE_PRINTF(4, 5);

/**
 * For what is wrong with a message that was parsed already: the offset of attribute
 * number @i (from 0) of @type at its first level; 0 when there is none.
 */
uint32_t ctlink_attr_offset(const struct nlmsghdr *nlh, uint16_t type, uint32_t i);

/**
 * The same for an attribute within others, each the first of its type: @path are the @length
 * types from the outermost on. Where one is not there, the offset of that which should have
 * it.
 */
uint32_t ctlink_attr_offset_in(const struct nlmsghdr *nlh, const uint16_t *path,
                               uint32_t length);

/** CTLINK_OFFSET(nlh, CTA_PROTOINFO, CTA_PROTOINFO_TCP, CTA_PROTOINFO_TCP_STATE) */
#define CTLINK_OFFSET(nlh, ...)                                           \
	ctlink_attr_offset_in((nlh), (const uint16_t[]){ __VA_ARGS__ },   \
	                      sizeof((const uint16_t[]){ __VA_ARGS__ }) / \
	                              sizeof(uint16_t))

#endif
