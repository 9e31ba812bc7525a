/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "ctlink/answer.h"

static const struct nlmsghdr request = { .nlmsg_len = 64,
	                                 .nlmsg_type = 0x5006,
	                                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
	                                 .nlmsg_seq = 7,
	                                 .nlmsg_pid = 8 };

/* Build the answer in @m and read it back. */
static void exchange(struct ctlink_message *m, const struct ctlink_error *error,
                     struct ctlink_error *answer)
{
	struct nlmsghdr quoted;

	ctlink_message_init(m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_answer_build(m, &request, error), 0);
	cr_assert_eq(
		ctlink_answer_parse((struct nlmsghdr *)m->data, answer, &quoted, NULL),
		0);
	cr_assert_eq(memcmp(&quoted, &request, sizeof(quoted)), 0);
	cr_assert_eq(((struct nlmsghdr *)m->data)->nlmsg_seq, 7);
	cr_assert_eq(((struct nlmsghdr *)m->data)->nlmsg_pid, 8);
	cr_assert_eq(((struct nlmsghdr *)m->data)->nlmsg_type, NLMSG_ERROR);
}

static bool has_tlvs(const struct ctlink_message *m)
{
	return ((const struct nlmsghdr *)m->data)->nlmsg_flags & NLM_F_ACK_TLVS;
}

Test(answer, acknowledgement)
{
	struct ctlink_error none = { .text = "not an error" }, answer;
	struct ctlink_message m;

	exchange(&m, NULL, &answer);
	cr_assert_eq(answer.code, 0);
	cr_assert_eq(m.size, 36);
	ctlink_message_fini(&m);

	exchange(&m, &none, &answer);
	cr_assert_eq(answer.code, 0);
	cr_assert(!has_tlvs(&m));
	ctlink_message_fini(&m);
}

Test(answer, errors_come_back_as_they_went)
{
	struct ctlink_error error = { .code = -EINVAL,
		                      .offset = 44,
		                      .text = "unknown TCP state 'ESTAB'",
		                      .hint = "did you mean 'ESTABLISHED'?" };
	struct ctlink_error answer;
	struct ctlink_message m;

	exchange(&m, &error, &answer);
	cr_assert(has_tlvs(&m));
	cr_assert_eq(memcmp(&answer, &error, sizeof(answer)), 0);
	ctlink_message_fini(&m);
}

Test(answer, an_error_without_words_has_no_attributes)
{
	struct ctlink_error error = { .code = -ENOENT }, answer;
	struct ctlink_message m;

	exchange(&m, &error, &answer);
	cr_assert(!has_tlvs(&m));
	cr_assert_eq(m.size, 36);
	cr_assert_eq(memcmp(&answer, &error, sizeof(answer)), 0);
	ctlink_message_fini(&m);
}

Test(answer, long_words_are_cut_and_fit)
{
	struct ctlink_error error, answer;
	struct ctlink_message m;

	cr_assert_eq(ctlink_error_set(&error, -EINVAL, 20, "%0300d", 1), -EINVAL);
	ctlink_error_hint(&error, "%0300d", 2);
	cr_assert_eq(strlen(error.text), CTLINK_ERROR_TEXT_MAX - 1);
	exchange(&m, &error, &answer);
	cr_assert_eq(memcmp(&answer, &error, sizeof(answer)), 0);
	ctlink_message_fini(&m);
}

/* The kernel quotes the whole request when NETLINK_CAP_ACK is off. */
Test(answer, attributes_stand_behind_an_uncapped_request)
{
	struct ctlink_error error = { .code = -EINVAL, .offset = 44, .text = "text" };
	struct ctlink_error answer;
	struct ctlink_message m;
	struct nlmsghdr *nlh;
	char bytes[256] __attribute__((aligned(4)));

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_answer_build(&m, &request, &error), 0);
	memset(bytes, 0xee, sizeof(bytes));
	memcpy(bytes, m.data, 36);
	memcpy(bytes + 36 + 48, m.data + 36, m.size - 36); /* 64 - 16 bytes of payload */
	nlh = (struct nlmsghdr *)bytes;
	nlh->nlmsg_len = m.size + 48;
	nlh->nlmsg_flags &= ~NLM_F_CAPPED;
	cr_assert_eq(ctlink_answer_parse(nlh, &answer, NULL, NULL), 0);
	cr_assert_eq(memcmp(&answer, &error, sizeof(answer)), 0);
	ctlink_message_fini(&m);
}

Test(answer, malformed_ones_are_refused)
{
	struct ctlink_error error = { .code = -EINVAL, .offset = 44, .text = "text" };
	struct ctlink_error answer, why;
	struct ctlink_message m;
	struct nlmsghdr *nlh;
	uint32_t length, size;
	int code = 5;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_answer_build(&m, &request, &error), 0);
	nlh = (struct nlmsghdr *)m.data;
	size = nlh->nlmsg_len;
	for (length = MNL_NLMSG_HDRLEN; length < size; length++) {
		if (length == 36 || (length >= 45 && length <= 48))
			continue; /* between two attributes: shorter, but whole */
		nlh->nlmsg_len = length;
		cr_assert_lt(ctlink_answer_parse(nlh, &answer, NULL, &why), 0, "%u",
		             length);
	}
	nlh->nlmsg_len = size;
	memcpy(m.data + 16, &code, sizeof(code));
	cr_assert_eq(ctlink_answer_parse(nlh, &answer, NULL, &why), -EBADMSG);
	ctlink_message_fini(&m);
}

Test(answer, done)
{
	static const int codes[] = { 0, -EINTR };
	struct ctlink_message m;
	struct ctlink_done done;
	int i;

	for (i = 0; i < 4; i++) {
		ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
		cr_assert_eq(ctlink_done_build(&m, &request, i & 1, codes[i / 2]), 0);
		cr_assert_eq(ctlink_done_parse((struct nlmsghdr *)m.data, &done, NULL),
		             0);
		cr_assert_eq(done.interrupted, i & 1);
		cr_assert_eq(done.code, codes[i / 2]);
		cr_assert_eq(done.generation, 0);
		cr_assert_eq(((struct nlmsghdr *)m.data)->nlmsg_seq, 7);
		((struct nlmsghdr *)m.data)->nlmsg_len = 19;
		cr_assert_eq(ctlink_done_parse((struct nlmsghdr *)m.data, &done, NULL),
		             -EBADMSG);
		ctlink_message_fini(&m);
	}
}

Test(answer, done_tells_the_generation)
{
	struct ctlink_done done = { .generation = UINT64_C(0x123456789a),
		                    .generation_end = UINT64_C(0x123456789b) },
			   read;
	struct nlmsghdr *nlh;
	struct ctlink_message m;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_done_put(&m, &request, &done), 0);
	nlh = (struct nlmsghdr *)m.data;
	cr_assert(nlh->nlmsg_flags & NLM_F_ACK_TLVS);
	cr_assert_eq(ctlink_done_parse(nlh, &read, NULL), 0);
	cr_assert_eq(read.generation, done.generation);
	cr_assert_eq(read.generation_end, done.generation_end);
	nlh->nlmsg_len -= 4;
	cr_assert_eq(ctlink_done_parse(nlh, &read, NULL), -EBADMSG);
	ctlink_message_fini(&m);
}
