/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "ctlink/message.h"

#include "help.h"

static const struct ctlink_header header = {
	.type = CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_GET),
	.flags = NLM_F_REQUEST | NLM_F_ACK,
	.seq = 0x01020304,
	.portid = 0x05060708,
	.family = 2,
	.res_id = 0x1234,
};

/* ---- writing ----------------------------------------------------------------------- */

Test(message, headers_come_back_as_they_went)
{
	struct ctlink_header parsed;
	struct ctlink_message m;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_message_put(&m, &header), 0);
	cr_assert_eq(m.size, 20);
	cr_assert_eq(m.count, 1);
	cr_assert_eq(ctlink_header_parse((struct nlmsghdr *)m.data, &parsed, NULL), 0);
	cr_assert_eq(parsed.type, header.type);
	cr_assert_eq(parsed.flags, header.flags);
	cr_assert_eq(parsed.seq, header.seq);
	cr_assert_eq(parsed.portid, header.portid);
	cr_assert_eq(parsed.family, header.family);
	cr_assert_eq(parsed.res_id, header.res_id);
	ctlink_message_fini(&m);
}

/* The bytes of a message with one attribute of each kind, integers in network order. */
Test(message, attributes_stand_as_the_protocol_says)
{
	static const uint8_t expected[] = {
		5,  0, 1, 0,    0x11, 0,    0,    0,                /* u8 and padding */
		6,  0, 2, 0,    0x22, 0x33, 0,    0,                /* u16 */
		8,  0, 3, 0,    0x44, 0x55, 0x66, 0x77,             /* u32 */
		12, 0, 4, 0,    1,    2,    3,    4,    5, 6, 7, 8, /* u64 */
		4,  0, 5, 0,                                        /* flag */
		8,  0, 6, 0,    'a',  'b',  'c',  0,                /* string */
		12, 0, 7, 0x80, 7,    0,    8,    0,    9, 8, 7, 0, /* nested, bytes */
	};
	struct help_memory memory;
	struct ctlink_message m;
	uint32_t nest;

	help_memory_init(&memory, SIZE_MAX);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, &memory.memory);
	ctlink_message_begin(&m, &header);
	ctlink_message_put_u8(&m, 1, 0x11);
	ctlink_message_put_u16(&m, 2, 0x2233);
	ctlink_message_put_u32(&m, 3, 0x44556677);
	ctlink_message_put_u64(&m, 4, UINT64_C(0x0102030405060708));
	ctlink_message_put_flag(&m, 5);
	ctlink_message_put_string(&m, 6, "abc");
	nest = ctlink_message_nest_begin(&m, 7);
	ctlink_message_put_bytes(&m, 8, "\x09\x08\x07", 3);
	ctlink_message_nest_end(&m, nest);
	cr_assert_eq(ctlink_message_end(&m), 0);
	cr_assert_eq(m.size, 20 + sizeof(expected));
	cr_assert_eq(memcmp(m.data + 20, expected, sizeof(expected)), 0);
	ctlink_message_fini(&m);
	cr_assert_eq(memory.live, 0);
}

/* Put messages of 28 bytes until one is refused. */
static int fill(struct ctlink_message *m)
{
	int err;

	do {
		ctlink_message_begin(m, &header);
		ctlink_message_put_u32(m, 1, m->count);
		err = ctlink_message_end(m);
	} while (!err);
	return err;
}

Test(message, a_full_datagram_holds_whole_messages)
{
	const uint32_t limits[] = { 0, 19, 20, 27, 28, 29, 55, 56, 1000, 5000 };
	struct ctlink_message m;
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		ctlink_message_init(&m, limits[i], NULL);
		cr_assert_eq(fill(&m), -EMSGSIZE);
		cr_assert_eq(m.count, limits[i] / 28);
		cr_assert_eq(m.size, m.count * 28);
		ctlink_message_reset(&m);
		cr_assert_eq(fill(&m), -EMSGSIZE);
		cr_assert_eq(m.count, limits[i] / 28);
		ctlink_message_fini(&m);
	}
}

Test(message, one_message_has_a_limit_of_its_own)
{
	static char bytes[CTQ_MESSAGE_MAX + 1];
	struct ctlink_message m;
	uint32_t nest;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_message_put(&m, &header), 0);

	ctlink_message_begin(&m, &header);
	nest = ctlink_message_nest_begin(&m, 1);
	ctlink_message_put_bytes(&m, 2, bytes, CTQ_MESSAGE_MAX - 28);
	ctlink_message_nest_end(&m, nest);
	cr_assert_eq(ctlink_message_end(&m), 0, "the largest message fits");
	cr_assert_eq(m.size, 20 + CTQ_MESSAGE_MAX);

	ctlink_message_begin(&m, &header);
	ctlink_message_put_bytes(&m, 2, bytes, CTQ_MESSAGE_MAX - 23);
	cr_assert_eq(ctlink_message_end(&m), -EMSGSIZE, "one byte more does not");

	ctlink_message_begin(&m, &header);
	ctlink_message_put_bytes(&m, 2, bytes, UINT32_MAX);
	cr_assert_eq(ctlink_message_end(&m), -EMSGSIZE);
	cr_assert_eq(m.count, 2);
	cr_assert_eq(m.size, 20 + CTQ_MESSAGE_MAX);
	ctlink_message_fini(&m);
}

Test(message, the_first_failure_is_told)
{
	struct help_memory memory;
	struct ctlink_message m;

	help_memory_init(&memory, 0);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, &memory.memory);
	ctlink_message_begin(&m, &header);
	ctlink_message_fail(&m, -EINVAL);
	ctlink_message_put_u32(&m, 1, 1);
	ctlink_message_nest_end(&m, ctlink_message_nest_begin(&m, 2));
	cr_assert_eq(ctlink_message_end(&m), -ENOMEM);
	cr_assert_eq(m.size, 0);
	memory.left = 1;
	cr_assert_eq(ctlink_message_put(&m, &header), 0, "the next one is not affected");
	ctlink_message_fini(&m);
	cr_assert_eq(memory.live, 0);
}

/* ---- reading ----------------------------------------------------------------------- */

/* A datagram of three messages of 28 bytes each. */
static void three(struct ctlink_message *m)
{
	ctlink_message_init(m, 3 * 28, NULL);
	cr_assert_eq(fill(m), -EMSGSIZE);
	cr_assert_eq(m->count, 3);
}

Test(message, datagram_is_walked_to_its_end)
{
	const struct nlmsghdr *nlh;
	struct ctlink_datagram d;
	struct ctlink_message m;
	uint32_t i;

	three(&m);
	ctlink_datagram_init(&d, m.data, m.size);
	for (i = 0; i < 3; i++) {
		cr_assert_eq(ctlink_datagram_next(&d, &nlh, NULL), 1);
		cr_assert_eq((const void *)nlh, m.data + i * 28);
	}
	cr_assert_eq(ctlink_datagram_next(&d, &nlh, NULL), 0);
	ctlink_datagram_init(&d, m.data, 0);
	cr_assert_eq(ctlink_datagram_next(&d, &nlh, NULL), 0);
	ctlink_message_fini(&m);
}

Test(message, lengths_that_lie_end_the_walk)
{
	static const uint32_t lies[] = { 0, 15, 29, 3 * 28, UINT32_MAX };
	struct ctlink_error error;
	const struct nlmsghdr *nlh;
	struct ctlink_datagram d;
	struct ctlink_message m;
	size_t i;

	three(&m);
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		memcpy(m.data + 56, &lies[i], sizeof(lies[i]));
		memset(&error, 0, sizeof(error));
		ctlink_datagram_init(&d, m.data, m.size);
		cr_assert_eq(ctlink_datagram_next(&d, &nlh, &error), 1);
		cr_assert_eq(ctlink_datagram_next(&d, &nlh, &error), 1);
		cr_assert_eq(ctlink_datagram_next(&d, &nlh, &error), -EBADMSG);
		cr_assert_neq(error.text[0], '\0');
	}
	ctlink_datagram_init(&d, m.data, 15);
	cr_assert_eq(ctlink_datagram_next(&d, &nlh, &error), -EBADMSG);
	ctlink_message_fini(&m);
}

Test(message, a_message_above_the_limit_is_refused)
{
	static union {
		char bytes[CTQ_DATAGRAM_MAX];
		struct nlmsghdr nlh;
	} big;
	const struct nlmsghdr *nlh;
	struct ctlink_datagram d;

	big.nlh.nlmsg_len = CTQ_MESSAGE_MAX;
	ctlink_datagram_init(&d, big.bytes, sizeof(big.bytes));
	cr_assert_eq(ctlink_datagram_next(&d, &nlh, NULL), 1);
	big.nlh.nlmsg_len = CTQ_MESSAGE_MAX + 1;
	ctlink_datagram_init(&d, big.bytes, sizeof(big.bytes));
	cr_assert_eq(ctlink_datagram_next(&d, &nlh, NULL), -EMSGSIZE);
}

Test(message, the_last_one_may_lack_its_padding)
{
	const struct nlmsghdr *nlh;
	struct ctlink_datagram d;
	struct ctlink_message m;

	three(&m);
	((struct nlmsghdr *)(m.data + 56))->nlmsg_len = 25;
	ctlink_datagram_init(&d, m.data, 56 + 25);
	cr_assert_eq(ctlink_datagram_next(&d, &nlh, NULL), 1);
	cr_assert_eq(ctlink_datagram_next(&d, &nlh, NULL), 1);
	cr_assert_eq(ctlink_datagram_next(&d, &nlh, NULL), 1);
	cr_assert_eq(ctlink_datagram_next(&d, &nlh, NULL), 0);
	ctlink_message_fini(&m);
}

/* ---- what requests have in common -------------------------------------------------- */

Test(message, headers_that_cannot_be_read_are_refused)
{
	struct ctlink_header parsed;
	struct ctlink_error error;
	struct ctlink_message m;
	struct nlmsghdr *nlh;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_message_put(&m, &header), 0);
	nlh = (struct nlmsghdr *)m.data;
	nlh->nlmsg_len = 19;
	cr_assert_eq(ctlink_header_parse(nlh, &parsed, &error), -EBADMSG);
	nlh->nlmsg_len = 20;
	m.data[17] = 1;
	nlh->nlmsg_type = CTLINK_TYPE(CTQ_SUBSYS_RULES, 0);
	cr_assert_eq(ctlink_header_parse(nlh, &parsed, &error), -EPROTONOSUPPORT);
	cr_assert(strstr(error.text, "version"));
	nlh->nlmsg_type = CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE);
	cr_assert_eq(ctlink_header_parse(nlh, &parsed, &error), 0);
	cr_assert_eq(parsed.version, 1);
	m.data[17] = 2;
	cr_assert_eq(ctlink_header_parse(nlh, &parsed, &error), -EPROTONOSUPPORT);
	ctlink_message_fini(&m);
}

Test(message, requests_carry_only_flags_that_they_take)
{
	struct ctlink_header request = { .type = header.type };
	struct ctlink_error error;

	cr_assert_eq(ctlink_request_check(&request, 0, &error), -EINVAL);
	cr_assert(strstr(error.text, "NLM_F_REQUEST"));
	request.flags = NLM_F_REQUEST | NLM_F_ACK;
	cr_assert_eq(ctlink_request_check(&request, 0, &error), 0);
	request.flags |= NLM_F_DUMP;
	cr_assert_eq(ctlink_request_check(&request, 0, &error), -EOPNOTSUPP);
	cr_assert(strstr(error.text, "0x300"), "%s", error.text);
	cr_assert_eq(ctlink_request_check(&request, NLM_F_DUMP, &error), 0);
}
