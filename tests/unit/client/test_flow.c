/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <string.h>

#include "client/client_priv.h"
#include "fake.h"
#include "help.h"

#define NEW CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW)

static struct ctlink_message m;

static void setup(void)
{
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	fake_flow_message(0, NEW, NLM_F_MULTI, 7, &m);
}

static void teardown(void)
{
	ctlink_message_fini(&m);
}

TestSuite(flow, .init = setup, .fini = teardown);

Test(flow, has_the_kernels_part_and_ours)
{
	const struct ctq_record *record;
	const struct nf_conntrack *ct;
	struct ctq_flow *flow;

	cr_assert_eq(ctq_flow_parse(&flow, m.data, m.size), 0);
	ct = ctq_flow_conntrack(flow);
	cr_assert_eq(nfct_get_attr_u8(ct, ATTR_L4PROTO), IPPROTO_TCP);
	cr_assert_eq(nfct_get_attr_u16(ct, ATTR_ORIG_PORT_DST), htons(443));
	cr_assert_eq(nfct_get_attr_u32(ct, ATTR_ID), 77041);
	cr_assert_eq(nfct_get_attr_u64(ct, ATTR_REPL_COUNTER_BYTES), 1143002);
	record = ctq_flow_record(flow);
	cr_assert_str_eq(ctq_record_string(record, CTQA_FLOW_RULE_NAME), "allow-web");
	cr_assert_eq(ctq_record_number(record, CTQA_FLOW_AGE), 331);
	ctq_flow_destroy(flow);
	ctq_flow_destroy(NULL);
}

Test(flow, keeps_its_message_when_the_original_is_gone)
{
	struct ctq_flow *flow, *again;
	const void *message;
	size_t size;

	cr_assert_eq(ctq_flow_parse(&flow, m.data, m.size), 0);
	memset(m.data, 0, m.size);
	message = ctq_flow_message(flow, &size);
	cr_assert_eq(ctq_flow_parse(&again, message, size), 0);
	cr_assert_eq(nfct_get_attr_u32(ctq_flow_conntrack(again), ATTR_ID), 77041);
	ctq_flow_destroy(again);
	ctq_flow_destroy(flow);
}

Test(flow, of_the_kernel_has_an_empty_record)
{
	char buf[4096] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)buf;
	struct nf_conntrack *ct = nfct_new();
	struct ctq_flow *flow;

	nlh->nlmsg_len = NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	nlh->nlmsg_type = NEW;
	nfct_set_attr_u8(ct, ATTR_L3PROTO, AF_INET);
	nfct_set_attr_u32(ct, ATTR_IPV4_SRC, htonl(0x0a000001));
	nfct_set_attr_u32(ct, ATTR_IPV4_DST, htonl(0x0a000002));
	nfct_set_attr_u8(ct, ATTR_L4PROTO, IPPROTO_UDP);
	nfct_set_attr_u16(ct, ATTR_PORT_SRC, htons(1));
	nfct_set_attr_u16(ct, ATTR_PORT_DST, htons(2));
	cr_assert_eq(nfct_nlmsg_build(nlh, ct), 0);
	cr_assert_eq(ctq_flow_parse(&flow, nlh, nlh->nlmsg_len), 0);
	cr_assert_not(ctq_record_has(ctq_flow_record(flow), CTQA_FLOW_VERDICT));
	cr_assert_null(ctq_record_string(ctq_flow_record(flow), CTQA_FLOW_RULE_NAME));
	ctq_flow_destroy(flow);
	nfct_destroy(ct);
}

Test(flow, sizes_that_lie_are_refused)
{
	struct ctq_flow *flow;
	struct nlmsghdr nlh = { .nlmsg_len = 8 };

	cr_assert_eq(ctq_flow_parse(&flow, m.data, 3), -EBADMSG);
	cr_assert_eq(ctq_flow_parse(&flow, m.data, m.size - 4), -EBADMSG);
	cr_assert_eq(ctq_flow_parse(&flow, &nlh, sizeof(nlh)), -EBADMSG);
	cr_assert_eq(ctq_flow_parse(&flow, m.data, CTQ_MESSAGE_MAX + 1), -EBADMSG);
	cr_assert_null(flow);
}

/* The message with one attribute more: libnetfilter_conntrack would end the process at it. */
static const void *with_a_stranger(void)
{
	static char buf[CTQ_MESSAGE_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)buf;

	memcpy(buf, m.data, m.size);
	mnl_attr_put_u8(nlh, CTA_SECMARK, 1);
	return nlh;
}

Test(flow, attributes_that_nobody_checked_stay_outside)
{
	const struct nlmsghdr *nlh = with_a_stranger();
	struct ctq_flow *flow;

	cr_assert_eq(ctq_flow_parse(&flow, nlh, nlh->nlmsg_len), 0);
	cr_assert_eq(nfct_get_attr_u32(ctq_flow_conntrack(flow), ATTR_ID), 77041);
	cr_assert_not(nfct_attr_is_set(ctq_flow_conntrack(flow), ATTR_SECMARK));
	ctq_flow_destroy(flow);
}

Test(flow, failing_allocation_leaks_nothing)
{
	const struct nlmsghdr *nlh = with_a_stranger();
	struct help_memory memory;
	struct ctq_flow *flow;
	size_t n;
	int err;

	for (n = 0;; n++) {
		help_memory_init(&memory, n);
		err = client_flow_parse(&flow, nlh, nlh->nlmsg_len, &memory.memory);
		if (!err)
			break;
		cr_assert_eq(err, -ENOMEM);
		cr_assert_null(flow);
		cr_assert_eq(memory.live, 0);
	}
	cr_assert_gt(n, 1);
	ctq_flow_destroy(flow);
	cr_assert_eq(memory.live, 0);
}
