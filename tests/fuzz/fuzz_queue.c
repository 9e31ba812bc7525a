/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_queue.c - message_parse(): what comes from the netlink socket of a queue
 *
 * Input: one datagram, of which all bytes or, if the first byte is odd, all but the last
 * few are there. The kernel is trusted, but what it sends may be cut off.
 */
#include <libmnl/libmnl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "queue/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet p = { 0 };
	struct message m;
	uint8_t *copy;

	if (size < 1)
		return 0;
	size -= 1;
	if (data[0] & 1)
		size -= size < data[0] ? size : data[0];
	copy = malloc(size ? size : 1); /* aligned, as the socket's slots are */
	check(copy != NULL);
	memcpy(copy, data + 1, size);
	m = message_parse((const void *)copy, size, &p);
	if (m.kind == MESSAGE_PACKET) {
		check(p.captured == 0 ||
		      (p.data >= copy && p.data + p.captured <= copy + size));
		packet_parse(&p);
	}
	free(copy);
	return 0;
}
