/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

#include "client/client_priv.h"
#include "fake.h"

/* Which of the fake's flows a filter takes: web, syn, dns6, ping, dnat. */
static const struct {
	const char *text;
	const char taken[FAKE_FLOWS + 1];
} rows[] = {
	{ "all", "yyyyy" },
	{ "proto tcp", "yy--y" },
	{ "proto udp,icmp", "--yy-" },
	{ "family ipv6", "--y--" },
	{ "src 192.0.2.0/24", "yy-y-" },
	{ "src 192.0.2.7", "y--y-" },
	{ "src 192.0.2.6-192.0.2.7", "y--y-" },
	{ "src 2001:db8::/127", "-----" },
	{ "src 2001:db8::6/127", "--y--" },
	{ "dst 0.0.0.0/0", "yy-yy" },
	{ "host 10.0.0.80", "----y" },
	{ "host 198.51.100.0/24", "yy-y-" },
	{ "reply-src 10.0.0.80", "----y" },
	{ "reply-dst 192.0.2.7", "y--y-" },
	{ "sport 51514", "y----" },
	{ "dport 443,80", "yy--y" },
	{ "dport != 443", "--yyy" },
	{ "port 8080", "----y" },
	{ "reply-sport 8080", "----y" },
	{ "reply-dport 1025", "----y" },
	{ "proto icmp icmp-type 8", "---y-" },
	{ "icmp-code 0", "---y-" },
	{ "state established", "y---y" },
	{ "state syn_sent", "-y---" },
	{ "state != syn_sent", "y-yyy" },
	{ "status assured", "y---y" },
	{ "status assured,!dnat", "y----" },
	{ "status unreplied", "-y---" },
	{ "mark 0x10/0xf0", "--y--" },
	{ "mark 0", "yy-yy" },
	{ "zone 3", "--y--" },
	{ "zone 0", "yy-yy" },
	{ "id 77044", "---y-" },
	{ "timeout > 1h", "y---y" },
	{ "timeout 29-58", "-yyy-" },
	{ "packets > 6", "y---y" },
	{ "packets 6", "---y-" },
	{ "bytes gt 1M", "y----" },
	{ "age 331", "yyy-y" },
	{ "idle lt 2", "-----" },
	{ "iif eth*", "yyy-y" },
	{ "iif eth1", "-----" },
	{ "oif eth1", "yyy-y" },
	{ "rule allow-web", "y---y" },
	{ "rule != allow-web", "-yyy-" },
	{ "verdict accept", "yyy-y" },
	{ "reason accept.policy", "-yy--" },
	{ "not ( proto tcp or zone 3 )", "---y-" },
	{ "proto tcp dport 443 or proto icmp", "yy-y-" },
};

Test(filter_flow, takes_what_it_says)
{
	struct ctlink_message m;
	struct ctq_filter *filter;
	struct ctq_flow *flow;
	unsigned int i;
	size_t row;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	for (row = 0; row < BASE_ARRAY_LENGTH(rows); row++) {
		cr_assert_eq(ctq_filter_parse(&filter, rows[row].text, NULL), 0, "%s",
		             rows[row].text);
		for (i = 0; i < FAKE_FLOWS; i++) {
			ctlink_message_reset(&m);
			fake_flow_message(
				i, CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW),
				0, 0, &m);
			cr_assert_eq(ctq_flow_parse(&flow, m.data, m.size), 0);
			cr_expect_eq(ctq_filter_takes(filter, flow),
			             rows[row].taken[i] == 'y', "%s: flow %u",
			             rows[row].text, i);
			ctq_flow_destroy(flow);
		}
		ctq_filter_destroy(filter);
	}
	ctlink_message_fini(&m);
}

/* Does the filter take the fake's first flow, when @bit is its zone, 3? */
static bool takes_zone(const char *text, enum ctlink_flow_bit bit)
{
	struct ctlink_header header = { .type = CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK,
		                                            IPCTNL_MSG_CT_NEW) };
	struct ctlink_flow value;
	struct ctlink_message m;
	struct ctq_filter *filter;
	struct ctq_flow *flow;
	bool takes;

	fake_flow(0, &value);
	value.zone = value.orig.zone = value.reply.zone = 3;
	ctlink_mark(&value, bit);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_flow_build(&m, &header, &value), 0);
	cr_assert_eq(ctq_flow_parse(&flow, m.data, m.size), 0);
	cr_assert_eq(ctq_filter_parse(&filter, text, NULL), 0);
	takes = ctq_filter_takes(filter, flow);
	ctq_filter_destroy(filter);
	ctq_flow_destroy(flow);
	ctlink_message_fini(&m);
	return takes;
}

Test(filter_flow, a_zone_of_one_direction_is_one)
{
	static const enum ctlink_flow_bit bits[] = { CTLINK_FLOW_ZONE,
		                                     CTLINK_FLOW_ORIG_ZONE,
		                                     CTLINK_FLOW_REPLY_ZONE };
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(bits); i++) {
		cr_expect(takes_zone("zone 3", bits[i]));
		cr_expect_not(takes_zone("zone 0", bits[i]));
		cr_expect_not(takes_zone("zone != 3", bits[i]));
	}
}

static int tuple_of(const char *text, struct nf_conntrack *tuple)
{
	struct ctq_filter *filter;
	int err;

	cr_assert_eq(ctq_filter_parse(&filter, text, NULL), 0);
	err = ctq_filter_tuple(filter, tuple);
	ctq_filter_destroy(filter);
	return err;
}

Test(filter_flow, a_whole_tuple_is_one_flow)
{
	static const char *const not_one[] = {
		"proto tcp src 10.0.0.1 dst 10.0.0.2 sport 1",
		"proto tcp src 10.0.0.0/8 dst 10.0.0.2 sport 1 dport 2",
		"proto tcp src 10.0.0.1 dst 10.0.0.2 sport 1 dport 2,3",
		"proto tcp src 10.0.0.1 dst 10.0.0.2 sport 1 dport != 2",
		"proto tcp src 10.0.0.1 dst 10.0.0.2 sport 1 not dport 2",
		"proto tcp src 10.0.0.1 dst 10.0.0.2 sport 1 or dport 2",
		"proto tcp src 10.0.0.1 dst 10.0.0.2 sport 1 dport 2 mark 1",
		"all",
	};
	struct nf_conntrack *tuple = nfct_new();
	size_t i;

	cr_assert_eq(
		tuple_of("dport 2 sport 1 zone 7 dst 10.0.0.2 src 10.0.0.1 proto tcp",
	                 tuple),
		0);
	cr_assert_eq(nfct_get_attr_u32(tuple, ATTR_ORIG_IPV4_SRC), htonl(0x0a000001));
	cr_assert_eq(nfct_get_attr_u32(tuple, ATTR_ORIG_IPV4_DST), htonl(0x0a000002));
	cr_assert_eq(nfct_get_attr_u16(tuple, ATTR_ORIG_PORT_SRC), htons(1));
	cr_assert_eq(nfct_get_attr_u16(tuple, ATTR_ORIG_PORT_DST), htons(2));
	cr_assert_eq(nfct_get_attr_u8(tuple, ATTR_L3PROTO), AF_INET);
	cr_assert_eq(nfct_get_attr_u8(tuple, ATTR_L4PROTO), IPPROTO_TCP);
	cr_assert_eq(nfct_get_attr_u16(tuple, ATTR_ZONE), 7);
	nfct_destroy(tuple);
	for (i = 0; i < BASE_ARRAY_LENGTH(not_one); i++) {
		tuple = nfct_new();
		cr_expect_eq(tuple_of(not_one[i], tuple), -EINVAL, "%s", not_one[i]);
		nfct_destroy(tuple);
	}
}
