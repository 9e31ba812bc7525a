/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "client/client_priv.h"

static struct ctlink_message m;
static struct ctq_record record;

static void setup(void)
{
	const struct ctlink_header header = { .type = 0x5401 };
	uint32_t nest;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	ctlink_message_begin(&m, &header);
	ctlink_message_put_u8(&m, 1, 0x81);
	ctlink_message_put_u16(&m, 2, 0x8182);
	ctlink_message_put_u32(&m, 3, 0x81828384);
	ctlink_message_put_u64(&m, 4, 0x8182838485868788);
	ctlink_message_put_string(&m, 5, "one");
	ctlink_message_put_string(&m, 5, "two");
	ctlink_message_put_bytes(&m, 6, "no end", 6);
	ctlink_message_put_bytes(&m, 7, "abc", 3);
	ctlink_message_put_flag(&m, 8);
	nest = ctlink_message_nest_begin(&m, 9);
	ctlink_message_put_u32(&m, 1, 17);
	ctlink_message_nest_end(&m, nest);
	nest = ctlink_message_nest_begin(&m, 9);
	ctlink_message_put_u32(&m, 1, 25);
	ctlink_message_nest_end(&m, nest);
	cr_assert_eq(ctlink_message_end(&m), 0);
	cr_assert_eq(record_of_message((struct nlmsghdr *)(void *)m.data, &record), 0);
}

static void teardown(void)
{
	ctlink_message_fini(&m);
}

TestSuite(record, .init = setup, .fini = teardown);

Test(record, numbers_of_every_size)
{
	cr_assert_eq(ctq_record_number(&record, 1), 0x81);
	cr_assert_eq(ctq_record_number(&record, 2), 0x8182);
	cr_assert_eq(ctq_record_number(&record, 3), 0x81828384);
	cr_assert_eq(ctq_record_number(&record, 4), 0x8182838485868788);
}

Test(record, what_is_no_number_reads_as_zero)
{
	cr_assert_eq(ctq_record_number(&record, 7), 0, "three bytes");
	cr_assert_eq(ctq_record_number(&record, 8), 0, "none");
	cr_assert_eq(ctq_record_number(&record, 99), 0, "absent");
}

Test(record, strings_need_their_end)
{
	cr_assert_str_eq(ctq_record_string(&record, 5), "one");
	cr_assert_null(ctq_record_string(&record, 6));
	cr_assert_null(ctq_record_string(&record, 8));
	cr_assert_null(ctq_record_string(&record, 99));
}

Test(record, presence)
{
	cr_assert(ctq_record_has(&record, 8));
	cr_assert_not(ctq_record_has(&record, 10));
}

static int append(void *data, const char *string)
{
	strcat(data, string);
	return 0;
}

Test(record, repeated_strings_come_in_order)
{
	char all[16] = "";

	cr_assert_eq(ctq_record_each_string(&record, 5, append, all), 0);
	cr_assert_str_eq(all, "onetwo");
	cr_assert_eq(ctq_record_each_string(&record, 6, append, all), 0);
	cr_assert_str_eq(all, "onetwo");
}

static int add(void *data, const struct ctq_record *nested)
{
	*(uint64_t *)data += ctq_record_number(nested, 1);
	return *(uint64_t *)data == 17 ? 0 : 5;
}

Test(record, nested_ones_come_in_order_and_can_be_ended)
{
	uint64_t sum = 0;

	cr_assert_eq(ctq_record_each(&record, 9, add, &sum), 5);
	cr_assert_eq(sum, 42);
	cr_assert_eq(ctq_record_each(&record, 99, add, &sum), 0);
}

/* Cut the message anywhere, and let the length of any attribute lie: nothing is read outside. */
Test(record, every_cut_and_every_lie_is_survived)
{
	struct nlmsghdr *nlh;
	uint32_t size, at;
	uint64_t sum = 0;

	for (size = sizeof(*nlh); size < m.size; size++) {
		nlh = malloc(size); /* exactly, so that a sanitizer sees a step beyond */
		memcpy(nlh, m.data, size);
		nlh->nlmsg_len = size;
		if (record_of_message(nlh, &record) == 0) {
			cr_assert_eq(ctq_record_number(&record, 99), 0);
			ctq_record_each(&record, 9, add, &sum);
		}
		free(nlh);
	}
	nlh = malloc(m.size);
	for (at = sizeof(*nlh) + sizeof(struct nfgenmsg); at + 2 <= m.size; at++) {
		memcpy(nlh, m.data, m.size);
		memset((char *)nlh + at, 0xff, 2);
		cr_assert_eq(record_of_message(nlh, &record), 0);
		cr_assert_eq(ctq_record_number(&record, 99), 0);
		ctq_record_each(&record, 9, add, &sum);
		ctq_record_each_string(&record, 6, append, NULL);
	}
	free(nlh);
}
