/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <string.h>

#include "client/client_priv.h"
#include "fake.h"

#define CT(message) CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_##message)

static struct ctq *ctq;
static struct fake *fake;

static void setup(void)
{
	fake = fake_new();
	ctq = ctq_new();
	cr_assert_eq(ctq_connect(ctq, fake->path), 0);
}

static void teardown(void)
{
	ctq_destroy(ctq);
	fake_end(fake);
}

TestSuite(flows, .init = setup, .fini = teardown);

static struct ctq_filter *filter(const char *text)
{
	struct ctq_filter *made;

	cr_assert_eq(ctq_filter_parse(&made, text, NULL), 0);
	return made;
}

static int remember_id(void *data, const struct ctq_flow *flow)
{
	*(uint32_t *)data = nfct_get_attr_u32(ctq_flow_conntrack(flow), ATTR_ID);
	return 0;
}

/* The daemon's own parser reads what was asked. */
static void asked(uint16_t type, struct ctlink_filter *parsed)
{
	const struct nlmsghdr *nlh = fake_request(fake, type);
	struct ctlink_error error = { 0 };

	cr_assert_not_null(nlh);
	ctlink_filter_init(parsed);
	cr_assert_eq(ctlink_filter_parse(nlh, parsed, NULL, &error), 0, "%s", error.text);
}

Test(flows, a_filter_goes_to_the_daemon)
{
	struct ctq_filter *f = filter("proto tcp dport 443");
	struct ctlink_filter parsed;
	uint32_t id;

	cr_assert_eq(ctq_flows_dump(ctq, CTQ_TABLE_FLOWS, f, remember_id, &id), 0);
	asked(CT(GET), &parsed);
	cr_assert_eq(parsed.terms.length, 3);
	cr_assert_eq(fake_request(fake, CT(GET))->nlmsg_flags,
	             NLM_F_REQUEST | NLM_F_DUMP);
	ctlink_filter_fini(&parsed, NULL);
	ctq_filter_destroy(f);
}

Test(flows, each_table_has_its_request)
{
	uint32_t id;

	cr_assert_eq(ctq_flows_dump(ctq, CTQ_TABLE_DYING, NULL, remember_id, &id), 0);
	cr_assert_eq(ctq_flows_dump(ctq, CTQ_TABLE_UNCONFIRMED, NULL, remember_id, &id),
	             0);
	cr_assert_eq(ctq_flows_dump_zero(ctq, NULL, remember_id, &id), 0);
	cr_assert_not_null(fake_request(fake, CT(GET_DYING)));
	cr_assert_not_null(fake_request(fake, CT(GET_UNCONFIRMED)));
	cr_assert_not_null(fake_request(fake, CT(GET_CTRZERO)));
	cr_assert_null(fake_request(fake, CT(GET)));
}

Test(flows, counts)
{
	uint32_t flows = 0, total = 0;

	cr_assert_eq(ctq_flows_count(ctq, NULL, &flows, &total), 0);
	cr_assert_eq(flows, 5);
	cr_assert_eq(total, 18231);
	cr_assert_eq(ctq_flows_count(ctq, NULL, NULL, NULL), 0);
}

Test(flows, a_count_without_number_is_no_answer)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg generic;
	} message = {
		.header = { .nlmsg_len = sizeof(message),
		            .nlmsg_type = CTLINK_TYPE(CTQ_SUBSYS_DAEMON,
		                                      CTQ_MSG_DAEMON_COUNT) },
	};

	fake->garbage = CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_COUNT);
	fake->garbage_bytes = &message;
	fake->garbage_size = sizeof(message);
	cr_assert_eq(ctq_flows_count(ctq, NULL, NULL, NULL), -EBADMSG);
}

Test(flows, a_delete_tells_its_number)
{
	struct ctq_filter *f = filter("src 192.0.2.0/24"), *all = filter("all");
	struct ctlink_filter parsed;
	uint32_t deleted = 0;

	cr_assert_eq(ctq_flows_delete(ctq, f, &deleted), 0);
	cr_assert_eq(deleted, 5);
	asked(CT(DELETE), &parsed);
	cr_assert_eq(parsed.terms.length, 1);
	ctlink_filter_fini(&parsed, NULL);
	cr_assert_eq(ctq_flows_delete(ctq, all, NULL), 0);
	cr_assert_eq(fake_request(fake, CT(DELETE))->nlmsg_len,
	             NLMSG_HDRLEN + sizeof(struct nfgenmsg));
	ctq_filter_destroy(all);
	ctq_filter_destroy(f);
}

/* One flow is named by what libnetfilter_conntrack builds; the daemon's parser reads it. */
Test(flows, one_is_found_by_its_tuple)
{
	struct ctq_filter *f =
		filter("proto tcp src 192.0.2.7 dst 198.51.100.9 sport 51514 dport 443");
	struct nf_conntrack *tuple = nfct_new();
	struct ctlink_flow wanted, parsed = { 0 };
	uint32_t id = 0;

	cr_assert_eq(ctq_filter_tuple(f, tuple), 0);
	cr_assert_eq(ctq_flow_get(ctq, tuple, remember_id, &id), 0);
	cr_assert_eq(id, 77041);
	cr_assert_eq(ctlink_flow_parse(fake_request(fake, CT(GET)), &parsed, NULL), 0);
	fake_flow(0, &wanted);
	cr_assert_eq(memcmp(&parsed.orig, &wanted.orig, sizeof(wanted.orig)), 0);
	fake->empty = true;
	cr_assert_eq(ctq_flow_get(ctq, tuple, remember_id, &id), -ENOENT);
	nfct_destroy(tuple);
	ctq_filter_destroy(f);
}

Test(flows, one_is_changed_and_removed)
{
	struct ctq_filter *f = filter("proto udp src 2001:db8::7 dst 2001:db8:1::53 "
	                              "sport 5353 dport 53 zone 3");
	struct nf_conntrack *ct = nfct_new();
	struct ctlink_flow parsed = { 0 };

	cr_assert_eq(ctq_filter_tuple(f, ct), 0);
	nfct_set_attr_u32(ct, ATTR_MARK, 0x20);
	nfct_set_attr_u32(ct, ATTR_TIMEOUT, 90);
	cr_assert_eq(ctq_flow_update(ctq, ct), 0);
	cr_assert_eq(ctlink_flow_parse(fake_request(fake, CT(NEW)), &parsed, NULL), 0);
	cr_assert_eq(parsed.mark, 0x20);
	cr_assert_eq(parsed.timeout, 90);
	cr_assert_eq(parsed.zone, 3);
	cr_assert_eq(fake_request(fake, CT(NEW))->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	cr_assert_eq(ctq_flow_create(ctq, ct), 0);
	cr_assert(fake_request(fake, CT(NEW))->nlmsg_flags & NLM_F_CREATE);
	cr_assert_eq(ctq_flow_delete(ctq, ct), 0);
	nfct_destroy(ct);
	ctq_filter_destroy(f);
}
