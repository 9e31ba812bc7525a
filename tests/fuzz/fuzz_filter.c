/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts of filters: none crashes the parser; a mistake is located within the text; and
 * what is taken, the daemon's own parser takes, too.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/client_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
	if (!held)
		abort();
}

static void send_and_read(const struct ctq_filter *filter)
{
	const struct ctlink_header header = {
		.type = CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET),
		.flags = NLM_F_REQUEST | NLM_F_DUMP,
	};
	struct ctlink_filter parsed;
	struct ctlink_error error;
	struct ctlink_message m;
	int err;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	err = ctlink_filter_build(&m, &header, &filter->filter);
	must(err == 0 || err == -EMSGSIZE);
	ctlink_filter_init(&parsed);
	if (err == 0)
		must(ctlink_filter_parse((struct nlmsghdr *)(void *)m.data, &parsed, NULL,
		                         &error) == 0);
	ctlink_filter_fini(&parsed, NULL);
	ctlink_message_fini(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctq_filter_error error;
	struct ctq_filter *filter;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (ctq_filter_parse(&filter, text, &error) == 0) {
		send_and_read(filter);
		must(ctq_filter_narrow(filter, text, &error) == 0 || error.text[0]);
	} else {
		must(error.text[0] && error.offset + error.length <= strlen(text));
	}
	ctq_filter_destroy(filter);
	free(text);
	return 0;
}
