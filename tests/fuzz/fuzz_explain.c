/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets in words: none crashes the parser; a mistake is located within the text; and what
 * is taken, the daemon's own parser takes, too, and has the same in it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/client_priv.h"
#include "ctlink/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
	if (!held)
		abort();
}

static void send_and_read(const struct ctlink_packet *packet)
{
	const struct ctlink_header header = {
		.type = CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_EXPLAIN),
		.flags = NLM_F_REQUEST | NLM_F_DUMP,
	};
	struct ctlink_packet parsed;
	struct ctlink_error error;
	struct ctlink_message m;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	must(ctlink_packet_build(&m, &header, packet) == 0);
	must(ctlink_packet_parse((struct nlmsghdr *)(void *)m.data, &parsed, &error) ==
	     0);
	must(memcmp(&parsed, packet, sizeof(parsed)) == 0);
	ctlink_message_fini(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctq_filter_error error;
	struct ctlink_packet packet;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (client_packet_parse(text, &packet, &error) == 0)
		send_and_read(&packet);
	else
		must(error.text[0] && error.offset + error.length <= strlen(text));
	free(text);
	return 0;
}
