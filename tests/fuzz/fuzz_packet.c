/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_packet.c - packet_parse() and what works on its result
 *
 * Input: one byte of properties, one of how many bytes the queue did not copy, the
 * packet.
 *
 *   bit 0    IPv6 instead of IPv4
 *   bit 1    GSO
 *   bit 2-3  enum packet_checksum
 *   bit 4    bytes were left out (the second byte says how many)
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "packet/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_tuple(const struct tuple *t)
{
	struct tuple there, back;
	char text[TUPLE_TEXT_MAX];

	check(strlen(tuple_format(t, text)) > 0);
	if (tuple_invert(t, &there))
		return;
	check(tuple_invert(&there, &back) == 0);
	check(tuple_equal(t, &back));
}

static void check_places(const struct packet *p)
{
	if (!p->l4_offset)
		return;
	check((uint64_t)p->l4_offset + p->l4_length <= p->length);
	check(p->l4_offset <= p->captured);
	check(p->payload_length <= p->l4_length);
	check(!p->later_fragment || p->fragment);
	check(p->fragment_length <= p->length);
}

static void check_chunks(const struct packet *p)
{
	struct packet_sctp_chunk chunk;
	uint32_t offset = p->l4.sctp.offset, n = 0;

	while (packet_sctp_chunk_next(p, &offset, &chunk))
		check(++n <= p->captured / 4);
}

static void check_packet(const struct packet *p)
{
	check(p->has_tuple || p->invalid || p->untracked);
	check_places(p);
	if (p->has_tuple)
		check_tuple(&p->tuple);
	if (p->icmp_error)
		check_tuple(&p->l4.icmp.quoted);
	if (p->has_tuple && !p->invalid && p->tuple.l4 == IPPROTO_SCTP)
		check_chunks(p);
	packet_checksum_holds(p);
}

/* Parse the first @captured bytes, from an allocation of that size. */
static struct packet parse(uint8_t properties, const uint8_t *data, uint32_t captured,
                           uint32_t length)
{
	uint8_t *copy = malloc(captured ? captured : 1);
	struct packet p = {
		.data = copy,
		.captured = captured,
		.length = length,
		.family = properties & 1 ? AF_INET6 : AF_INET,
		.gso = properties & 2,
		.checksum = (properties >> 2 & 3) % 3,
	};

	check(copy != NULL);
	memcpy(copy, data, captured);
	packet_parse(&p);
	check_packet(&p);
	free(copy);
	p.data = NULL;
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet whole, part;
	uint32_t length, cut;

	if (size < 2 || size > 70000)
		return 0;
	length = (uint32_t)size - 2;
	whole = parse(data[0], data + 2, length, length);
	if (!(data[0] & 16))
		return 0;
	cut = data[1] < length ? data[1] : length;
	part = parse(data[0], data + 2, length - cut, length);
	/* a shorter copy may say less, but nothing else */
	if (part.has_tuple)
		check(whole.has_tuple && tuple_equal(&part.tuple, &whole.tuple));
	if (whole.invalid == CTQ_REASON_NONE)
		check(part.invalid == CTQ_REASON_NONE ||
		      part.invalid == CTQ_INVALID_COPY_RANGE);
	return 0;
}
