/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "ctlink/batch.h"

Test(batch, begin_comes_back_as_it_went)
{
	struct ctlink_batch batch = { .subsystem = CTQ_SUBSYS_RULES }, parsed;
	struct ctlink_message m;
	int i;

	for (i = 0; i < 2; i++) {
		ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
		cr_assert_eq(ctlink_batch_begin_build(&m, 7, &batch), 0);
		cr_assert_eq(m.size, i ? 28 : 20);
		cr_assert_eq(ctlink_batch_begin_parse((struct nlmsghdr *)m.data, &parsed,
		                                      NULL),
		             0);
		cr_assert_eq(memcmp(&parsed, &batch, sizeof(parsed)), 0);
		ctlink_message_fini(&m);
		batch.generation = 42;
		ctlink_mark(&batch, CTLINK_BATCH_GENERATION);
	}
}

Test(batch, subsystem_has_one_byte)
{
	struct ctlink_header header = { .type = NFNL_MSG_BATCH_BEGIN,
		                        .flags = NLM_F_REQUEST,
		                        .res_id = 0x150 };
	struct ctlink_batch batch;
	struct ctlink_error error;
	struct ctlink_message m;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_message_put(&m, &header), 0);
	cr_assert_eq(ctlink_batch_begin_parse((struct nlmsghdr *)m.data, &batch, &error),
	             -EINVAL);
	cr_assert(strstr(error.text, "0x150"), "%s", error.text);
	ctlink_message_fini(&m);
}

Test(batch, end_says_whether_it_only_checks)
{
	struct ctlink_message m;
	uint16_t check;
	int i;

	for (i = 0; i < 2; i++) {
		ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
		cr_assert_eq(ctlink_batch_end_build(&m, 7, CTQ_SUBSYS_RULES,
		                                    i ? CTQ_BATCH_CHECK : NLM_F_ACK),
		             0);
		cr_assert_eq(
			ctlink_batch_end_parse((struct nlmsghdr *)m.data, &check, NULL),
			0);
		cr_assert_eq(check, i ? CTQ_BATCH_CHECK : 0);
		((struct nlmsghdr *)m.data)->nlmsg_flags |= 0x800;
		cr_assert_eq(
			ctlink_batch_end_parse((struct nlmsghdr *)m.data, &check, NULL),
			-EOPNOTSUPP);
		ctlink_message_fini(&m);
	}
}
