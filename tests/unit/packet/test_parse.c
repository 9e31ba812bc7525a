/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>

#include "base/base.h"
#include "wire.h"

static const uint8_t families[] = { AF_INET, AF_INET6 };

static void assert_reason(struct packet p, enum ctq_reason reason)
{
	cr_assert_eq(p.invalid, reason, "reason %d, expected %d", p.invalid, reason);
}

/* Made by scapy: no builder of ours had a hand in it. */
Test(parse, reads_a_dns_query)
{
	struct wire w =
		wire_hex(AF_INET, "4500 0038 1c46 0000 4011 8db5 c0a8 0002 0808 0808"
	                          "a5a4 0035 0024 7558 0001 0100 0001 0000 0000 0000"
	                          "0667 6f6f 676c 6503 636f 6d00 0001 0001");
	struct packet p = wire_parse(&w);
	char text[TUPLE_TEXT_MAX];

	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_str_eq(tuple_format(&p.tuple, text),
	                 "udp 192.168.0.2:42404 > 8.8.8.8:53");
	cr_assert_eq(p.ttl, 64);
	cr_assert_eq(p.l4_offset, 20);
	cr_assert_eq(p.l4_length, 36);
	cr_assert_eq(p.payload_length, 28);
}

Test(parse, takes_zone_ttl_and_tos)
{
	struct wire w;
	struct packet p;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(families); i++) {
		w = wire_ip(families[i], IPPROTO_UDP);
		wire_udp(&w, 1, 2, 4);
		wire_finish(&w);
		p = wire_packet(&w);
		p.zone = 12;
		packet_parse(&p);
		assert_reason(p, CTQ_REASON_NONE);
		cr_assert(p.has_tuple);
		cr_assert_eq(p.tuple.zone, 12);
		cr_assert_eq(p.tuple.l3, families[i]);
		cr_assert_eq(p.ttl, 64);
		cr_assert_eq(p.tos, 0x10);
	}
}

Test(parse, forgets_the_packet_before)
{
	struct wire w = wire_ip4(IPPROTO_UDP), fresh;
	struct packet p, q;

	wire_udp(&w, 1, 2, 4);
	wire_finish(&w);
	memset(&p, 0xff, sizeof(p));
	p.data = w.bytes;
	p.captured = p.length = w.size;
	p.family = AF_INET;
	p.gso = false;
	p.zone = 0;
	packet_parse(&p);
	fresh = w;
	q = wire_packet(&fresh);
	packet_parse(&q);
	cr_assert(tuple_equal(&p.tuple, &q.tuple));
	cr_assert_not(p.fragment || p.later_fragment || p.more_fragments ||
	              p.icmp_error || p.untracked || p.invalid);
	cr_assert_eq(p.fragment_id | p.fragment_offset | p.icmp_type | p.icmp_code,
	             0x1234);
	cr_assert_eq(p.payload_length, 4);
}

Test(parse, knows_two_families_only)
{
	struct wire w = wire_ip4(IPPROTO_UDP);
	struct packet p;

	wire_udp(&w, 1, 2, 4);
	wire_finish(&w);
	w.family = AF_PACKET;
	p = wire_parse(&w);
	assert_reason(p, CTQ_INVALID_L3_UNKNOWN);
	cr_assert_not(p.has_tuple);
}

/* Whatever the place where the packet ends, the reason says what is missing. */
Test(parse, names_what_a_truncated_packet_lacks)
{
	uint32_t size, header, length_at;
	enum ctq_reason expected;
	struct packet p;
	struct wire w;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(families); i++) {
		header = families[i] == AF_INET ? 20 : 40;
		length_at = families[i] == AF_INET ? 2 : 4;
		for (size = 0; size < header + 20; size++) {
			w = wire_ip(families[i], IPPROTO_TCP);
			wire_tcp(&w, 1, 2, 3, 4, PACKET_TCP_ACK, NULL, 0);
			w.size = size;
			if (size >= header) {
				w.bytes[length_at] = 0;
				w.bytes[length_at + 1] =
					(uint8_t)(families[i] == AF_INET ? size
				                                         : size - 40);
			}
			p = wire_parse(&w);
			expected = size < header ? CTQ_INVALID_IP_TRUNCATED
			                         : CTQ_INVALID_L4_TRUNCATED;
			assert_reason(p, expected);
			cr_assert_eq(p.has_tuple, size >= header + 4);
			cr_assert_eq(p.tuple.l3 != 0, size >= header);
		}
	}
}

/* The same with a whole packet of which the queue copies too little. */
Test(parse, says_when_only_the_copy_is_too_short)
{
	uint32_t captured, header;
	struct packet p;
	struct wire w;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(families); i++) {
		header = families[i] == AF_INET ? 20 : 40;
		w = wire_ip(families[i], IPPROTO_TCP);
		wire_tcp(&w, 1, 2, 3, 4, PACKET_TCP_SYN, "\1\1\1\1", 4);
		wire_fill(&w, 0, 100);
		wire_finish(&w);
		for (captured = 0; captured <= w.size; captured++) {
			p = wire_packet(&w);
			p.captured = captured;
			packet_parse(&p);
			assert_reason(p, captured < header + 24 ? CTQ_INVALID_COPY_RANGE
			                                        : CTQ_REASON_NONE);
		}
		cr_assert_eq(p.payload_length, 100);
	}
}

Test(parse, ignores_padding_behind_the_packet)
{
	struct packet p;
	struct wire w;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(families); i++) {
		w = wire_ip(families[i], IPPROTO_TCP);
		wire_tcp(&w, 1, 2, 3, 4, PACKET_TCP_ACK, NULL, 0);
		wire_finish(&w);
		wire_fill(&w, 0xee, 6);
		p = wire_parse(&w);
		assert_reason(p, CTQ_REASON_NONE);
		cr_assert_eq(p.l4_length, 20);
		cr_assert_eq(p.payload_length, 0);
	}
}

Test(parse, refuses_a_length_beyond_the_packet_or_within_its_header)
{
	struct packet p;
	struct wire w;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(families); i++) {
		w = wire_ip(families[i], IPPROTO_UDP);
		wire_udp(&w, 1, 2, 10);
		wire_finish(&w);
		p = wire_packet(&w);
		p.length--;
		p.captured--;
		packet_parse(&p);
		assert_reason(p, CTQ_INVALID_IP_TOTAL_LENGTH);
		cr_assert_not(p.has_tuple);
	}
	w = wire_ip4(IPPROTO_UDP);
	wire_udp(&w, 1, 2, 10);
	wire_finish(&w);
	w.bytes[3] = 19;
	assert_reason(wire_parse(&w), CTQ_INVALID_IP_TOTAL_LENGTH);
	w.bytes[3] = 0;
	assert_reason(wire_parse(&w), CTQ_INVALID_IP_TOTAL_LENGTH);
}

/* "BIG TCP": the field is 0 or counts modulo 65536. */
Test(parse, trusts_the_kernels_length_of_a_gso_packet)
{
	uint32_t length_at;
	struct packet p;
	struct wire w;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(families); i++) {
		w = wire_ip(families[i], IPPROTO_TCP);
		wire_tcp(&w, 1, 2, 3, 4, PACKET_TCP_ACK, NULL, 0);
		length_at = families[i] == AF_INET ? 2 : 4;
		w.bytes[length_at] = w.bytes[length_at + 1] = 0;
		p = wire_packet(&w);
		p.length = 200000;
		p.gso = true;
		packet_parse(&p);
		assert_reason(p, CTQ_REASON_NONE);
		cr_assert_eq(p.payload_length, 200000 - p.l4_offset - 20);
	}
}

Test(parse, a_jumbogram_needs_no_payload_length)
{
	struct wire w = wire_ip6(IPPROTO_TCP);
	struct packet p;

	wire_ip6_extension(&w, IPPROTO_HOPOPTS, 8);
	wire_tcp(&w, 1, 2, 3, 4, PACKET_TCP_ACK, NULL, 0);
	p = wire_packet(&w);
	p.length = 100000;
	packet_parse(&p);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_eq(p.payload_length, 100000 - 40 - 8 - 20);
}

Test(parse, other_protocols_are_generic)
{
	struct packet p;
	struct wire w;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(families); i++) {
		w = wire_ip(families[i], 89);
		wire_finish(&w);
		p = wire_parse(&w);
		assert_reason(p, CTQ_REASON_NONE);
		cr_assert(p.has_tuple);
		cr_assert_eq(p.tuple.l4, 89);
		cr_assert_eq(p.tuple.src_id | p.tuple.dst_id, 0);
	}
}
