/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.h - which flows a dump, a delete or a count means
 *
 * Two languages in one message. The kernel's: family in nfgenmsg, CTA_MARK and
 * CTA_MARK_MASK, CTA_STATUS and CTA_STATUS_MASK, CTA_ZONE, and CTA_FILTER with tuples of
 * which only the flagged fields count. And ours: CTA_CTQ_FILTER, an expression in prefix
 * order:
 *
 *	and (proto tcp) or (dport 80, 443) not (src 10.0.0.0/8)
 *	AND match OR match NOT match
 *
 * A flow must satisfy all that is there; an empty filter takes every flow.
 */
#ifndef CTLINK_FILTER_H
#define CTLINK_FILTER_H

#include <stdint.h>

#include "ctlink/flow.h"
#include "ctlink/match.h"

enum ctlink_term_bit { CTLINK_TERM_OPERATOR, CTLINK_TERM_MATCH };

/** An operator or a match: exactly one of the two bits. */
struct ctlink_term {
	uint64_t has; /* 1 << enum ctlink_term_bit */
	uint8_t op;   /* enum ctq_operator */
	struct ctlink_match match;
};

enum ctlink_filter_bit {
	CTLINK_FILTER_MARK,
	CTLINK_FILTER_MARK_MASK, /* absent: all bits count */
	CTLINK_FILTER_STATUS,
	CTLINK_FILTER_STATUS_MASK, /* absent: the bits of status must be set */
	CTLINK_FILTER_ZONE,
	CTLINK_FILTER_ORIG,  /* orig, orig_flags */
	CTLINK_FILTER_REPLY, /* reply, reply_flags */
	CTLINK_FILTER_ID,    /* CTA_ID: this flow only */
};

struct ctlink_filter {
	uint64_t has;   /* 1 << enum ctlink_filter_bit */
	uint8_t family; /* AF_UNSPEC: both */
	uint16_t zone;
	uint32_t mark, mark_mask;
	uint32_t status, status_mask;
	uint32_t id;
	struct ctlink_tuple orig, reply;
	uint32_t orig_flags, reply_flags; /* CTQ_TUPLE_*: the tuple's fields that count */
	struct ctlink_list terms;         /* of struct ctlink_term, in prefix order */
};

void ctlink_filter_init(struct ctlink_filter *filter);
void ctlink_filter_fini(struct ctlink_filter *filter, const struct ctlink_memory *memory);

/** Append an empty term; NULL with errno ENOMEM or E2BIG. */
struct ctlink_term *ctlink_filter_append(struct ctlink_filter *filter,
                                         const struct ctlink_memory *memory);

/** Append an operator. Returns 0, -ENOMEM or -E2BIG. */
int ctlink_filter_operator(struct ctlink_filter *filter, enum ctq_operator op,
                           const struct ctlink_memory *memory) BASE_MUST_CHECK;

static inline struct ctlink_term *ctlink_filter_term(const struct ctlink_filter *filter,
                                                     uint32_t i)
{
	return (struct ctlink_term *)ctlink_list_item(&filter->terms,
	                                              sizeof(struct ctlink_term), i);
}

/** Put a request with this filter; header->family is replaced by the filter's. */
int ctlink_filter_build(struct ctlink_message *m, const struct ctlink_header *header,
                        const struct ctlink_filter *filter) BASE_MUST_CHECK;

/** Has the request CTA_FILTER, so that its tuples are parts of a filter and name no flow? */
bool ctlink_filter_has_tuples(const struct nlmsghdr *nlh);

/**
 * Read and check the filter of a request; @filter is initialised. After success every
 * operator has its operands, and one expression is all there is. Returns as
 * ctlink_layout_parse(); fini @filter in either case.
 */
int ctlink_filter_parse(const struct nlmsghdr *nlh, struct ctlink_filter *filter,
                        const struct ctlink_memory *memory,
                        struct ctlink_error *error) BASE_MUST_CHECK;

/** The level CTA_CTQ_FILTER, whose value is a struct ctlink_filter; for the folder's other
 * files. */
extern const struct ctlink_layout ctlink_expression_layout;

#endif
