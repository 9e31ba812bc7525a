/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "client/client_priv.h"
#include "ctlink/answer.h"
#include "fake.h"

#define RELOAD CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_RELOAD)
#define STATS  CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_STATS_GET)

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

TestSuite(request, .init = setup, .fini = teardown);

static int count_flow(void *data, const struct ctq_flow *flow)
{
	++*(unsigned int *)data;
	return 0;
}

static int stop_at_once(void *data, const struct ctq_flow *flow)
{
	++*(unsigned int *)data;
	return 77;
}

Test(request, a_list_comes_whole)
{
	unsigned int n = 0;

	cr_assert_eq(ctq_flows_dump(ctq, CTQ_TABLE_FLOWS, NULL, count_flow, &n), 0);
	cr_assert_eq(n, FAKE_FLOWS);
	cr_assert_eq(ctq_error(ctq)->origin, CTQ_ERROR_NONE);
}

Test(request, a_callback_ends_a_list_and_the_rest_disturbs_nobody)
{
	unsigned int n = 0;

	cr_assert_eq(ctq_flows_dump(ctq, CTQ_TABLE_FLOWS, NULL, stop_at_once, &n), 77);
	cr_assert_eq(n, 1);
	n = 0;
	cr_assert_eq(ctq_flows_dump(ctq, CTQ_TABLE_DYING, NULL, count_flow, &n), 0);
	cr_assert_eq(n, FAKE_FLOWS);
	cr_assert_eq(ctq_reload(ctq), 0);
}

Test(request, a_disturbed_list_is_told_after_all_of_it)
{
	unsigned int n = 0;

	fake->interrupted = true;
	cr_assert_eq(ctq_flows_dump(ctq, CTQ_TABLE_FLOWS, NULL, count_flow, &n), -EINTR);
	cr_assert_eq(n, FAKE_FLOWS);
	cr_assert_eq(ctq_error(ctq)->origin, CTQ_ERROR_ANSWER);
	cr_assert_eq(ctq_reload(ctq), 0, "the connection stays");
}

Test(request, a_refusal_carries_the_daemons_words)
{
	fake->refuse = RELOAD;
	ctlink_error_set(&fake->error, -EPERM, 24, "this user may read, not change");
	ctlink_error_hint(&fake->error, "run as root");
	cr_assert_eq(ctq_reload(ctq), -EPERM);
	cr_assert_eq(ctq_error(ctq)->origin, CTQ_ERROR_DAEMON);
	cr_assert_eq(ctq_error(ctq)->code, -EPERM);
	cr_assert_eq(ctq_error(ctq)->offset, 24);
	cr_assert_str_eq(ctq_error(ctq)->text, "this user may read, not change");
	cr_assert_str_eq(ctq_error(ctq)->hint, "run as root");
}

Test(request, a_refusal_without_words_has_those_of_its_number)
{
	fake->refuse = RELOAD;
	fake->error.code = -EBUSY;
	cr_assert_eq(ctq_reload(ctq), -EBUSY);
	cr_assert_str_eq(ctq_error(ctq)->text, strerrordesc_np(EBUSY));
}

static int ask_again(void *data, const struct ctq_flow *flow)
{
	unsigned int n = 0;

	cr_assert_eq(ctq_reload(ctq), -EBUSY);
	cr_assert_eq(ctq_flows_dump(ctq, CTQ_TABLE_FLOWS, NULL, count_flow, &n), -EBUSY);
	cr_assert_eq(ctq_dispatch(ctq), -EBUSY);
	cr_assert_eq(ctq_connect(ctq, NULL), -EBUSY);
	++*(unsigned int *)data;
	return 0;
}

Test(request, cannot_be_made_within_an_answer)
{
	unsigned int n = 0;

	cr_assert_eq(ctq_flows_dump(ctq, CTQ_TABLE_FLOWS, NULL, ask_again, &n), 0);
	cr_assert_eq(n, FAKE_FLOWS);
}

static int no_record(void *data, const struct ctq_record *record)
{
	return 0;
}

/* What a daemon gone mad may send, and what the client makes of it. */
Test(request, answers_that_make_no_sense_are_refused)
{
	static const struct {
		const char *what;
		struct nlmsghdr header;
		uint32_t size;
	} rows[] = {
		{ "no whole header", { .nlmsg_len = 4 }, 4 },
		{ "shorter than its header",
		  { .nlmsg_len = 8, .nlmsg_type = STATS },
		  16 },
		{ "longer than the datagram",
		  { .nlmsg_len = 64, .nlmsg_type = STATS },
		  16 },
		{ "no room for nfgenmsg",
		  { .nlmsg_len = 16, .nlmsg_type = STATS + 1 },
		  16 },
		{ "an error without errno",
		  { .nlmsg_len = 16, .nlmsg_type = NLMSG_ERROR },
		  16 },
		{ "an end without code",
		  { .nlmsg_len = 16, .nlmsg_type = NLMSG_DONE },
		  16 },
	};
	size_t i;

	fake->garbage = STATS;
	for (i = 0; i < BASE_ARRAY_LENGTH(rows); i++) {
		fake->garbage_bytes = &rows[i].header;
		fake->garbage_size = rows[i].size;
		cr_assert_eq(ctq_stats_get(ctq, false, no_record, NULL), -EBADMSG, "%s",
		             rows[i].what);
		cr_assert_eq(ctq_error(ctq)->origin, CTQ_ERROR_ANSWER);
		cr_assert_eq(ctq_connect(ctq, fake->path), 0);
	}
}

/* A flow that libnetfilter_conntrack cannot read, and a positive errno. */
Test(request, broken_flows_are_refused)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg generic;
		struct nlattr attr;
		uint32_t payload;
	} message = {
		.header = { .nlmsg_len = sizeof(message),
		            .nlmsg_type = CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK,
		                                      IPCTNL_MSG_CT_NEW) },
		.attr = { .nla_len = 5, .nla_type = CTA_MARK },
	};
	unsigned int n = 0;

	fake->garbage = CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET);
	fake->garbage_bytes = &message;
	fake->garbage_size = sizeof(message);
	cr_assert_eq(ctq_flows_dump(ctq, CTQ_TABLE_FLOWS, NULL, count_flow, &n),
	             -EBADMSG);
	cr_assert_eq(n, 0);
}

Test(request, sequence_numbers_never_are_those_of_announcements)
{
	ctq->seq = UINT32_MAX;
	cr_assert_eq(ctq_reload(ctq), 0);
	cr_assert_eq(fake_request(fake, RELOAD)->nlmsg_seq, 1);
}

Test(request, values_that_the_library_does_not_know_are_refused_here)
{
	cr_assert_eq(ctq_flows_dump(ctq, (enum ctq_table)9, NULL, count_flow, NULL),
	             -EINVAL);
	cr_assert_eq(ctq_error(ctq)->origin, CTQ_ERROR_LOCAL);
}
