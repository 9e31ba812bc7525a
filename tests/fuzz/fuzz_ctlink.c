/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams of ctlink messages, of every kind: none crashes a parser, and what one takes
 * is stable: written again it is read again as the same, and written once more it is the
 * same bytes.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctlink/answer.h"
#include "ctlink/error.h"

#include "kinds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer_try(const struct nlmsghdr *nlh)
{
	struct ctlink_error answer, error;
	struct nlmsghdr request;
	struct ctlink_message m;
	struct ctlink_done done;

	if (nlh->nlmsg_type == NLMSG_DONE && ctlink_done_parse(nlh, &done, &error) == 0)
		assert(done.code <= 0);
	if (nlh->nlmsg_type != NLMSG_ERROR ||
	    ctlink_answer_parse(nlh, &answer, &request, &error) != 0)
		return;
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	assert(ctlink_answer_build(&m, &request, &answer) == 0);
	assert(ctlink_answer_parse((struct nlmsghdr *)m.data, &error, NULL, NULL) == 0);
	assert(error.code == answer.code);
	ctlink_message_fini(&m);
}

/* The error of a refused message points into it. */
static void error_check(const struct nlmsghdr *nlh, const struct ctlink_error *error)
{
	assert(error->code < 0);
	assert(error->offset < nlh->nlmsg_len);
	assert(error->text[0] != '\0');
}

static void kind_try(const struct kind *kind, const struct nlmsghdr *nlh)
{
	struct ctlink_error error = { .code = 0 };
	struct ctlink_message once, twice;
	int err = kind_again(kind, nlh, &once, NULL, &error);

	if (err) {
		/* What was read may be too large to be written: padding of many levels. */
		if (error.code)
			error_check(nlh, &error);
		ctlink_message_fini(&once);
		return;
	}
	err = kind_again(kind, (struct nlmsghdr *)once.data, &twice, NULL, &error);
	assert(err == 0);
	assert(once.size == twice.size);
	assert(memcmp(once.data, twice.data, once.size) == 0);
	ctlink_message_fini(&twice);
	ctlink_message_fini(&once);
}

static void datagram_try(const uint8_t *data, uint32_t size)
{
	const struct nlmsghdr *nlh;
	struct ctlink_datagram d;
	const struct kind *kind;

	ctlink_datagram_init(&d, data, size);
	while (ctlink_datagram_next(&d, &nlh, NULL) > 0) {
		answer_try(nlh);
		kind = kind_find(nlh->nlmsg_type, nlh->nlmsg_flags);
		if (kind)
			kind_try(kind, nlh);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *aligned;

	if (size > CTQ_DATAGRAM_MAX)
		return 0;
	aligned = malloc(size +
	                 1); /* also of size 0: a pointer that may be read up to there */
	if (!aligned)
		return 0;
	memcpy(aligned, data, size);
	datagram_try(aligned, (uint32_t)size);
	free(aligned);
	return 0;
}
