/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/filter.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

/* ---- tuples of which parts count --------------------------------------------------- */

/*
 * CTA_FILTER says which fields of the tuples count, and may stand behind them. So the
 * tuples are read as they are, with what they have, and held against it at the end.
 */
struct wire {
	struct ctlink_filter filter; /* first: has is at its beginning */
	bool has_flags;              /* CTA_FILTER was there */
	uint32_t orig_fields, reply_fields;
};

static int tuple_parse(struct ctlink_parser *p, const struct ctlink_attr *attr,
                       const struct nlattr *nla, void *value)
{
	struct wire *wire = value;

	if (attr->type == CTA_TUPLE_ORIG)
		return ctlink_tuple_read(p, nla, &wire->filter.orig, &wire->orig_fields);
	return ctlink_tuple_read(p, nla, &wire->filter.reply, &wire->reply_fields);
}

static void tuple_build(struct ctlink_message *m, const struct ctlink_attr *attr,
                        const void *value)
{
	const struct ctlink_filter *filter = value;

	if (attr->type == CTA_TUPLE_ORIG)
		ctlink_tuple_put(m, attr->type, &filter->orig, filter->orig_flags);
	else
		ctlink_tuple_put(m, attr->type, &filter->reply, filter->reply_flags);
}

static const struct ctlink_codec tuple_codec = { tuple_build, tuple_parse };

static int flags_check(struct ctlink_parser *p, const struct nlattr *nest, void *value)
{
	struct wire *wire = value;

	wire->has_flags = true;
	return 0;
}

static int tuple_check(struct ctlink_parser *p, const char *name, uint16_t type,
                       const struct ctlink_tuple *tuple, uint32_t fields, uint32_t *flags)
{
	const struct nlattr *nla = ctlink_parser_find(p, NULL, type, 0);

	if (!nla)
		return ctlink_parser_fail(
			p, -EINVAL, ctlink_parser_find(p, NULL, CTA_FILTER, 0),
			"CTA_FILTER speaks of %s, which is not there", name);
	/* A port means nothing without its protocol, which so counts as well. */
	if (*flags & ~(CTQ_TUPLE_SRC | CTQ_TUPLE_DST | CTQ_TUPLE_ZONE))
		*flags |= CTQ_TUPLE_PROTO;
	return ctlink_tuple_check(p, nla, name, tuple, fields, *flags);
}

/* Without CTA_FILTER tuples say nothing, as in the kernel's dumps. */
static int tuples_check(struct ctlink_parser *p, struct wire *wire)
{
	struct ctlink_filter *filter = &wire->filter;
	int err = 0;

	if (filter->orig_flags)
		err = tuple_check(p, "CTA_TUPLE_ORIG", CTA_TUPLE_ORIG, &filter->orig,
		                  wire->orig_fields, &filter->orig_flags);
	if (!err && filter->reply_flags)
		err = tuple_check(p, "CTA_TUPLE_REPLY", CTA_TUPLE_REPLY, &filter->reply,
		                  wire->reply_fields, &filter->reply_flags);
	if (err)
		return err;
	if (filter->orig_flags)
		ctlink_mark(filter, CTLINK_FILTER_ORIG);
	if (filter->reply_flags)
		ctlink_mark(filter, CTLINK_FILTER_REPLY);
	return 0;
}

/* ---- the expression ---------------------------------------------------------------- */

static int term_check(struct ctlink_parser *p, const struct nlattr *nest, void *value)
{
	const struct ctlink_term *term = value;

	if (ctlink_has(term, CTLINK_TERM_OPERATOR) == ctlink_has(term, CTLINK_TERM_MATCH))
		return ctlink_parser_fail(
			p, -EINVAL, nest,
			"a term is an operator or a match, one of both");
	if (ctlink_has(term, CTLINK_TERM_OPERATOR) &&
	    (term->op < CTQ_OPERATOR_AND || term->op > CTQ_OPERATOR_NOT))
		return ctlink_parser_fail(
			p, -EINVAL, ctlink_parser_find(p, nest, CTQA_TERM_OPERATOR, 0),
			"operator %u is not known", term->op);
	return 0;
}

/* Terms that are still needed once this one stands where @needed were. */
static uint32_t needed_after(const struct ctlink_term *term, uint32_t needed)
{
	if (ctlink_has(term, CTLINK_TERM_MATCH))
		return needed - 1;
	return term->op == CTQ_OPERATOR_NOT ? needed : needed + 1;
}

static int expression_check(struct ctlink_parser *p, const struct nlattr *nest,
                            void *value)
{
	const struct ctlink_filter *filter = value;
	uint32_t i, needed = 1;

	for (i = 0; i < filter->terms.length; i++) {
		if (needed == 0)
			return ctlink_parser_fail(
				p, -EINVAL,
				ctlink_parser_find(p, nest, CTQA_FILTER_TERM, i),
				"term %u stands behind a complete expression", i + 1);
		needed = needed_after(ctlink_filter_term(filter, i), needed);
	}
	if (needed > 0)
		return ctlink_parser_fail(p, -EINVAL, nest,
		                          "the expression lacks %u term%s at its end",
		                          needed, needed == 1 ? "" : "s");
	return 0;
}

/* ---- the attributes ---------------------------------------------------------------- */

#define FILTER(type, kind, member, bit, ...)                                       \
	CTLINK_ATTR(type, kind, struct ctlink_filter, member, CTLINK_FILTER_##bit, \
	            __VA_ARGS__)

static const struct ctlink_attr flags_attrs[] = {
	FILTER(CTA_FILTER_ORIG_FLAGS, CTLINK_U32, orig_flags, ORIG, .flags = CTLINK_HOST,
	       .known = CTQ_TUPLE_ALL),
	FILTER(CTA_FILTER_REPLY_FLAGS, CTLINK_U32, reply_flags, REPLY,
	       .flags = CTLINK_HOST, .known = CTQ_TUPLE_ALL),
};
static const struct ctlink_layout flags_layout =
	CTLINK_LAYOUT("CTA_FILTER", flags_attrs, .check = flags_check);

static const struct ctlink_attr term_attrs[] = {
	CTLINK_ATTR(CTQA_TERM_OPERATOR, CTLINK_U8, struct ctlink_term, op,
	            CTLINK_TERM_OPERATOR),
	CTLINK_ATTR(CTQA_TERM_MATCH, CTLINK_STRUCT, struct ctlink_term, match,
	            CTLINK_TERM_MATCH, .nested = &ctlink_match_flow_layout),
};
static const struct ctlink_layout term_layout =
	CTLINK_LAYOUT("CTQA_FILTER_TERM", term_attrs,
                      .item_size = sizeof(struct ctlink_term), .check = term_check);

static const struct ctlink_attr expression_attrs[] = {
	CTLINK_ATTR_LIST(CTQA_FILTER_TERM, struct ctlink_filter, terms, &term_layout,
	                 CTQ_FILTER_TERMS_MAX),
};
const struct ctlink_layout ctlink_expression_layout =
	CTLINK_LAYOUT("CTA_CTQ_FILTER", expression_attrs, .check = expression_check);

static int filter_check(struct ctlink_parser *p, const struct nlattr *nest, void *value);

static const struct ctlink_attr filter_attrs[] = {
	FILTER(CTA_TUPLE_ORIG, CTLINK_CUSTOM, orig, ORIG, .codec = &tuple_codec),
	FILTER(CTA_TUPLE_REPLY, CTLINK_CUSTOM, reply, REPLY, .codec = &tuple_codec),
	FILTER(CTA_ZONE, CTLINK_U16, zone, ZONE),
	FILTER(CTA_STATUS, CTLINK_U32, status, STATUS),
	FILTER(CTA_STATUS_MASK, CTLINK_U32, status_mask, STATUS_MASK),
	FILTER(CTA_MARK, CTLINK_U32, mark, MARK),
	FILTER(CTA_MARK_MASK, CTLINK_U32, mark_mask, MARK_MASK),
	FILTER(CTA_ID, CTLINK_U32, id, ID),
	CTLINK_ATTR_NESTED(CTA_FILTER, &flags_layout),
	CTLINK_ATTR_NESTED(CTA_CTQ_FILTER, &ctlink_expression_layout),
};
static const struct ctlink_layout filter_layout =
	CTLINK_LAYOUT("filter", filter_attrs, .check = filter_check);

static int mask_check(struct ctlink_parser *p, const struct ctlink_filter *filter,
                      enum ctlink_filter_bit value, enum ctlink_filter_bit mask,
                      uint16_t mask_type, const char *name)
{
	if (!ctlink_has(filter, mask) || ctlink_has(filter, value))
		return 0;
	return ctlink_parser_fail(p, -EINVAL, ctlink_parser_find(p, NULL, mask_type, 0),
	                          "%s_MASK without %s", name, name);
}

/* A status of which no bit counts: the kernel refuses it, for it is always or never true. */
static int status_check(struct ctlink_parser *p, const struct ctlink_filter *filter)
{
	bool has_mask = ctlink_has(filter, CTLINK_FILTER_STATUS_MASK);

	if (!ctlink_has(filter, CTLINK_FILTER_STATUS) ||
	    (has_mask ? filter->status_mask : filter->status))
		return 0;
	return ctlink_parser_fail(
		p, -EINVAL,
		ctlink_parser_find(p, NULL, has_mask ? CTA_STATUS_MASK : CTA_STATUS, 0),
		"no bit of CTA_STATUS counts");
}

static int filter_check(struct ctlink_parser *p, const struct nlattr *nest, void *value)
{
	struct wire *wire = value;
	struct ctlink_filter *filter = &wire->filter;
	int err;

	ctlink_unmark(filter, CTLINK_FILTER_ORIG);
	ctlink_unmark(filter, CTLINK_FILTER_REPLY);
	err = mask_check(p, filter, CTLINK_FILTER_MARK, CTLINK_FILTER_MARK_MASK,
	                 CTA_MARK_MASK, "CTA_MARK");
	if (!err)
		err = mask_check(p, filter, CTLINK_FILTER_STATUS,
		                 CTLINK_FILTER_STATUS_MASK, CTA_STATUS_MASK,
		                 "CTA_STATUS");
	if (!err)
		err = status_check(p, filter);
	if (!err)
		err = tuples_check(p, wire);
	return err;
}

/* ---- the value --------------------------------------------------------------------- */

void ctlink_filter_init(struct ctlink_filter *filter)
{
	memset(filter, 0, sizeof(*filter));
}

void ctlink_filter_fini(struct ctlink_filter *filter, const struct ctlink_memory *memory)
{
	ctlink_layout_fini(&filter_layout, filter, memory);
	ctlink_filter_init(filter);
}

struct ctlink_term *ctlink_filter_append(struct ctlink_filter *filter,
                                         const struct ctlink_memory *memory)
{
	return ctlink_list_append(&filter->terms, sizeof(struct ctlink_term),
	                          CTQ_FILTER_TERMS_MAX, memory);
}

int ctlink_filter_operator(struct ctlink_filter *filter, enum ctq_operator op,
                           const struct ctlink_memory *memory)
{
	struct ctlink_term *term = ctlink_filter_append(filter, memory);

	if (!term)
		return -errno;
	term->op = (uint8_t)op;
	ctlink_mark(term, CTLINK_TERM_OPERATOR);
	return 0;
}

/* ---- whole messages ---------------------------------------------------------------- */

int ctlink_filter_build(struct ctlink_message *m, const struct ctlink_header *header,
                        const struct ctlink_filter *filter)
{
	struct ctlink_header h = *header;

	h.family = filter->family;
	return ctlink_layout_build(&filter_layout, m, &h, filter);
}

bool ctlink_filter_has_tuples(const struct nlmsghdr *nlh)
{
	const struct nlattr *nla;

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(struct nfgenmsg)))
		return false;
	mnl_attr_for_each (nla, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(nla) == CTA_FILTER)
			return true;
	}
	return false;
}

/* A flush is about every family, whatever nfgenmsg says, unless its version is 1: tools set the
 * family by habit (ctnetlink_del_conntrack() of net/netfilter/nf_conntrack_netlink.c). */
static uint8_t family_of(const struct ctlink_header *header)
{
	bool deletes =
		header->type == CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE);

	return deletes && header->version == 0 ? AF_UNSPEC : header->family;
}

int ctlink_filter_parse(const struct nlmsghdr *nlh, struct ctlink_filter *filter,
                        const struct ctlink_memory *memory, struct ctlink_error *error)
{
	struct wire wire = { .has_flags = false };
	struct ctlink_header header;
	int err = ctlink_header_parse(nlh, &header, error);

	if (err)
		return err;
	wire.filter.family = family_of(&header);
	err = ctlink_layout_parse(&filter_layout, nlh, &wire, memory, error);
	*filter = wire.filter;
	return err;
}
