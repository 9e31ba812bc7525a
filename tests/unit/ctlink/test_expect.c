/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expectations on the wire, held against libnetfilter_conntrack in both directions.
 */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <netinet/in.h>
#include <string.h>

#include "ctlink/expect.h"

#include "help.h"

static const struct ctlink_header header = {
	.type = CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_NEW),
	.flags = NLM_F_REQUEST | NLM_F_CREATE,
};

static struct nf_conntrack *tuple_new(const struct ctlink_tuple *t)
{
	struct nf_conntrack *ct = nfct_new();

	nfct_set_attr_u8(ct, ATTR_L3PROTO, t->l3);
	nfct_set_attr_u8(ct, ATTR_L4PROTO, t->l4);
	nfct_set_attr(ct, t->l3 == AF_INET ? ATTR_IPV4_SRC : ATTR_IPV6_SRC, t->src);
	nfct_set_attr(ct, t->l3 == AF_INET ? ATTR_IPV4_DST : ATTR_IPV6_DST, t->dst);
	nfct_set_attr_u16(ct, ATTR_PORT_SRC, t->src_id);
	nfct_set_attr_u16(ct, ATTR_PORT_DST, t->dst_id);
	return ct;
}

static void tuple_fill(struct ctlink_tuple *t, uint8_t l3, uint8_t byte)
{
	memset(t, 0, sizeof(*t));
	t->l3 = l3;
	t->l4 = IPPROTO_TCP;
	memset(t->src, byte, l3 == AF_INET ? 4 : 16);
	memset(t->dst, byte + 1, l3 == AF_INET ? 4 : 16);
	t->src_id = htons(0);
	t->dst_id = htons(20);
}

static void expect_fill(struct ctlink_expect *e, uint8_t l3)
{
	memset(e, 0, sizeof(*e));
	e->family = l3;
	tuple_fill(&e->master, l3, 10);
	tuple_fill(&e->tuple, l3, 20);
	tuple_fill(&e->mask, l3, 0xff);
	memset(e->mask.dst, 0xff, l3 == AF_INET ? 4 : 16);
	tuple_fill(&e->nat_tuple, l3, 30);
	e->timeout = 300;
	e->zone = 4;
	e->flags = 1;
	e->class = 2;
	e->nat_dir = 1;
	strcpy(e->helper, "ftp");
	strcpy(e->fn, "nat-follow-master");
	e->has = (UINT64_C(2) << CTLINK_EXPECT_FN) - 1;
	ctlink_unmark(e, CTLINK_EXPECT_ID); /* the library neither reads nor builds it */
}

static struct nf_expect *twin_new(const struct ctlink_expect *e)
{
	const struct ctlink_tuple *tuples[] = { &e->master, &e->tuple, &e->mask,
		                                &e->nat_tuple };
	static const enum nf_expect_attr attrs[] = { ATTR_EXP_MASTER, ATTR_EXP_EXPECTED,
		                                     ATTR_EXP_MASK, ATTR_EXP_NAT_TUPLE };
	struct nf_expect *twin = nfexp_new();
	struct nf_conntrack *ct;
	size_t i;

	for (i = 0; i < 4; i++) {
		ct = tuple_new(tuples[i]);
		nfexp_set_attr(twin, attrs[i], ct);
		nfct_destroy(ct);
	}
	nfexp_set_attr_u32(twin, ATTR_EXP_TIMEOUT, e->timeout);
	nfexp_set_attr_u16(twin, ATTR_EXP_ZONE, e->zone);
	nfexp_set_attr_u32(twin, ATTR_EXP_FLAGS, e->flags);
	nfexp_set_attr_u32(twin, ATTR_EXP_CLASS, e->class);
	nfexp_set_attr_u32(twin, ATTR_EXP_NAT_DIR, e->nat_dir);
	nfexp_set_attr(twin, ATTR_EXP_HELPER_NAME, e->helper);
	nfexp_set_attr(twin, ATTR_EXP_FN, e->fn);
	return twin;
}

Test(expect, library_parses_ours)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct nf_expect *parsed, *twin;
	struct ctlink_expect expect;
	struct ctlink_message m;
	size_t i;

	for (i = 0; i < 2; i++) {
		expect_fill(&expect, families[i]);
		ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
		cr_assert_eq(ctlink_expect_build(&m, &header, &expect), 0);
		parsed = nfexp_new();
		cr_assert_eq(nfexp_nlmsg_parse((struct nlmsghdr *)m.data, parsed), 0);
		twin = twin_new(&expect);
		cr_assert_eq(nfexp_cmp(parsed, twin, 0), 1);
		cr_assert_eq(nfexp_get_attr_u32(parsed, ATTR_EXP_TIMEOUT), 300);
		cr_assert_eq(nfexp_get_attr_u32(parsed, ATTR_EXP_FLAGS), 1);
		cr_assert_eq(nfexp_get_attr_u32(parsed, ATTR_EXP_CLASS), 2);
		cr_assert_eq(nfexp_get_attr_u16(parsed, ATTR_EXP_ZONE), 4);
		cr_assert_eq(nfexp_get_attr_u32(parsed, ATTR_EXP_NAT_DIR), 1);
		cr_assert_str_eq(nfexp_get_attr(parsed, ATTR_EXP_HELPER_NAME), "ftp");
		cr_assert_str_eq(nfexp_get_attr(parsed, ATTR_EXP_FN),
		                 "nat-follow-master");
		nfexp_destroy(twin);
		nfexp_destroy(parsed);
		ctlink_message_fini(&m);
	}
}

/* Class, NAT and its function are read by the library, but not built. */
static void forget_unbuilt(struct ctlink_expect *e)
{
	ctlink_unmark(e, CTLINK_EXPECT_CLASS);
	ctlink_unmark(e, CTLINK_EXPECT_NAT_DIR);
	ctlink_unmark(e, CTLINK_EXPECT_NAT_TUPLE);
	ctlink_unmark(e, CTLINK_EXPECT_FN);
	e->class = e->nat_dir = 0;
	memset(&e->nat_tuple, 0, sizeof(e->nat_tuple));
	memset(e->fn, 0, sizeof(e->fn));
}

Test(expect, parses_the_library_s)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct ctlink_expect expect, parsed;
	struct ctlink_error error = { 0 };
	union help_buffer buffer;
	struct nf_expect *twin;
	struct nlmsghdr *nlh;
	struct nfgenmsg *nfg;
	size_t i;

	for (i = 0; i < 2; i++) {
		expect_fill(&expect, families[i]);
		twin = twin_new(&expect);
		nlh = mnl_nlmsg_put_header(buffer.bytes);
		nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
		nfg->nfgen_family = families[i];
		cr_assert_eq(nfexp_nlmsg_build(nlh, twin), 0);
		cr_assert_eq(ctlink_expect_parse(nlh, &parsed, &error), 0, "%s",
		             error.text);
		forget_unbuilt(&expect);
		cr_assert_eq(memcmp(&parsed, &expect, sizeof(expect)), 0);
		nfexp_destroy(twin);
	}
}
