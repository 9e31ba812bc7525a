/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "client/client_priv.h"
#include "ctlink/daemon.h"
#include "fake.h"

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

TestSuite(daemon, .init = setup, .fini = teardown);

static int read_daemon(void *data, const struct ctq_record *record)
{
	cr_assert_str_eq(ctq_record_string(record, CTQA_DAEMON_VERSION), "0.1.0");
	cr_assert_eq(ctq_record_number(record, CTQA_DAEMON_FLOWS_MAX), 262144);
	++*(int *)data;
	return 0;
}

Test(daemon, tells_of_itself)
{
	int n = 0;

	cr_assert_eq(ctq_daemon_get(ctq, read_daemon, &n), 0);
	cr_assert_eq(n, 1);
}

static int read_reason(void *data, const struct ctq_record *reason)
{
	*(uint64_t *)data += ctq_record_number(reason, CTQA_REASON_VALUE);
	return 0;
}

static int read_stats(void *data, const struct ctq_record *record)
{
	cr_assert_eq(ctq_record_number(record, CTQA_STATS_PACKETS), 1000);
	return ctq_record_each(record, CTQA_STATS_REASON, read_reason, data);
}

Test(daemon, counts_and_zeroes)
{
	const uint16_t type = CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_STATS_GET);
	struct ctlink_stats asked = { 0 };
	uint64_t sum = 0;

	cr_assert_eq(ctq_stats_get(ctq, false, read_stats, &sum), 0);
	cr_assert_eq(sum, 1000);
	cr_assert_eq(ctlink_stats_parse(fake_request(fake, type), &asked, NULL, NULL), 0);
	cr_assert_not(ctlink_has(&asked, CTLINK_STATS_ZERO));
	cr_assert_eq(ctq_stats_get(ctq, true, read_stats, &sum), 0);
	cr_assert_eq(ctlink_stats_parse(fake_request(fake, type), &asked, NULL, NULL), 0);
	cr_assert(ctlink_has(&asked, CTLINK_STATS_ZERO));
}

static int sum_numbers(void *data, const struct ctq_record *record)
{
	*(uint64_t *)data += 1 + ctq_record_number(record, CTQA_QUEUE_NUMBER);
	return 0;
}

Test(daemon, lists_its_queues)
{
	uint64_t sum = 0;

	cr_assert_eq(ctq_queues_dump(ctq, sum_numbers, &sum), 0);
	cr_assert_eq(sum, 3);
}

static int sum_flows(void *data, const struct ctq_record *record)
{
	*(uint64_t *)data += ctq_record_number(record, CTQA_PROTO_FLOWS);
	return 0;
}

Test(daemon, lists_loads_and_unloads_protocols)
{
	uint64_t sum = 0;

	cr_assert_eq(ctq_protocols_dump(ctq, sum_flows, &sum), 0);
	cr_assert_eq(sum, 7);
	cr_assert_eq(ctq_protocol_unload(ctq, "udp"), 0);
	cr_assert_eq(ctq_protocol_load(ctq, "udp"), 0);
}

static int read_ruleset(void *data, const struct ctq_record *record)
{
	*(uint64_t *)data = ctq_record_number(record, CTQA_RULESET_GENERATION);
	return 0;
}

Test(daemon, tells_the_generation)
{
	uint64_t generation = 0;

	cr_assert_eq(ctq_ruleset_get(ctq, read_ruleset, &generation), 0);
	cr_assert_eq(generation, 42);
}
