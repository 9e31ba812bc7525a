/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/expect.h"

#include <errno.h>
#include <string.h>

/*
 * The mask is a tuple whose fields say which bits count. A field that is absent from it
 * counts for nothing: it is zero.
 */
static int tuple_parse(struct ctlink_parser *p, const struct ctlink_attr *attr,
                       const struct nlattr *nla, void *value)
{
	struct ctlink_expect *expect = value;
	struct ctlink_tuple *tuple = (void *)((char *)value + attr->member);
	uint32_t fields, wanted;
	int err;

	err = ctlink_tuple_read(p, nla, tuple, &fields);
	if (err)
		return err;
	wanted = attr->type == CTA_EXPECT_MASK ? CTQ_TUPLE_PROTO
	                                       : ctlink_tuple_fields(tuple->l4);
	err = ctlink_tuple_check(p, nla, attr->name, tuple, fields, wanted);
	if (!err)
		ctlink_mark(expect, attr->bit);
	return err;
}

static void tuple_build(struct ctlink_message *m, const struct ctlink_attr *attr,
                        const void *value)
{
	const struct ctlink_tuple *tuple =
		(const void *)((const char *)value + attr->member);

	ctlink_tuple_put(m, attr->type, tuple, ctlink_tuple_fields(tuple->l4));
}

static const struct ctlink_codec tuple_codec = { tuple_build, tuple_parse };

#define EXPECT(type, kind, member, bit, ...)                                       \
	CTLINK_ATTR(type, kind, struct ctlink_expect, member, CTLINK_EXPECT_##bit, \
	            __VA_ARGS__)
#define TUPLE(type, member, bit) \
	EXPECT(type, CTLINK_CUSTOM, member, bit, .codec = &tuple_codec)

static const struct ctlink_attr nat_attrs[] = {
	EXPECT(CTA_EXPECT_NAT_DIR, CTLINK_U32, nat_dir, NAT_DIR),
	TUPLE(CTA_EXPECT_NAT_TUPLE, nat_tuple, NAT_TUPLE),
};
static const struct ctlink_layout nat_layout = CTLINK_LAYOUT("CTA_EXPECT_NAT", nat_attrs);

/* In the order of ctnetlink_exp_dump_expect(). */
static const struct ctlink_attr expect_attrs[] = {
	TUPLE(CTA_EXPECT_TUPLE, tuple, TUPLE),
	TUPLE(CTA_EXPECT_MASK, mask, MASK),
	TUPLE(CTA_EXPECT_MASTER, master, MASTER),
	CTLINK_ATTR_NESTED(CTA_EXPECT_NAT, &nat_layout),
	EXPECT(CTA_EXPECT_TIMEOUT, CTLINK_U32, timeout, TIMEOUT),
	EXPECT(CTA_EXPECT_ID, CTLINK_U32, id, ID),
	EXPECT(CTA_EXPECT_FLAGS, CTLINK_U32, flags, FLAGS),
	EXPECT(CTA_EXPECT_CLASS, CTLINK_U32, class, CLASS),
	EXPECT(CTA_EXPECT_HELP_NAME, CTLINK_TEXT, helper, HELPER),
	EXPECT(CTA_EXPECT_FN, CTLINK_TEXT, fn, FN),
	EXPECT(CTA_EXPECT_ZONE, CTLINK_U16, zone, ZONE),
};
static const struct ctlink_layout expect_layout =
	CTLINK_LAYOUT("expectation", expect_attrs);

int ctlink_expect_build(struct ctlink_message *m, const struct ctlink_header *header,
                        const struct ctlink_expect *expect)
{
	struct ctlink_header h = *header;

	h.family = ctlink_has(expect, CTLINK_EXPECT_TUPLE) ? expect->tuple.l3
	                                                   : expect->family;
	return ctlink_layout_build(&expect_layout, m, &h, expect);
}

int ctlink_expect_parse(const struct nlmsghdr *nlh, struct ctlink_expect *expect,
                        struct ctlink_error *error)
{
	struct ctlink_header header;
	int err = ctlink_header_parse(nlh, &header, error);

	if (err)
		return err;
	memset(expect, 0, sizeof(*expect));
	expect->family = header.family;
	return ctlink_layout_parse(&expect_layout, nlh, expect, NULL, error);
}
