/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>

#include "base/base.h"
#include "wire.h"

static void assert_reason(struct packet p, enum ctq_reason reason)
{
	cr_assert_eq(p.invalid, reason, "reason %d, expected %d", p.invalid, reason);
}

static struct wire udp4(void)
{
	struct wire w = wire_ip4(IPPROTO_UDP);

	wire_udp(&w, 1024, 53, 8);
	wire_finish(&w);
	return w;
}

/* -- IPv4 --------------------------------------------------------------------------- */

Test(ip4, skips_options)
{
	struct wire w = wire_ip4(IPPROTO_UDP);
	struct packet p;

	w.bytes[0] = 0x4f;
	wire_fill(&w, 1, 40);
	w.l4 = w.size;
	wire_udp(&w, 1024, 53, 8);
	wire_finish(&w);
	p = wire_parse(&w);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_eq(p.l4_offset, 60);
	cr_assert_eq(p.tuple.dst_id, htons(53));
}

Test(ip4, the_version_must_fit_the_family)
{
	struct wire w = udp4();

	w.bytes[0] = 0x65;
	assert_reason(wire_parse(&w), CTQ_INVALID_IP_VERSION);
}

Test(ip4, a_header_has_at_least_five_words)
{
	struct wire w = udp4();
	uint8_t words;

	for (words = 0; words < 5; words++) {
		w.bytes[0] = 0x40 | words;
		assert_reason(wire_parse(&w), CTQ_INVALID_IP_HEADER_LENGTH);
	}
}

Test(ip4, a_header_ends_within_the_packet)
{
	struct wire w = udp4();

	w.bytes[0] = 0x4f; /* 60 bytes of 36 */
	assert_reason(wire_parse(&w), CTQ_INVALID_IP_TRUNCATED);
	w.bytes[0] = 0x49; /* 36 bytes: no transport header */
	assert_reason(wire_parse(&w), CTQ_INVALID_L4_TRUNCATED);
}

Test(ip4, the_header_checksum_is_the_kernels_affair)
{
	struct wire w = udp4();

	w.bytes[10] = 0xde;
	assert_reason(wire_parse(&w), CTQ_REASON_NONE);
}

Test(ip4, a_first_fragment_has_its_tuple)
{
	struct wire w = wire_ip4(IPPROTO_UDP);
	struct packet p;

	wire_udp(&w, 1024, 53, 24);
	w.bytes[24] = 0x10; /* of the whole datagram: 4096 and more */
	wire_finish(&w);
	wire_ip4_fragment(&w, 0, true, 0xbeef);
	p = wire_parse(&w);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert(p.has_tuple && p.fragment && p.more_fragments && !p.later_fragment);
	cr_assert_eq(p.fragment_id, 0xbeef);
	cr_assert_eq(p.fragment_length, 32);
	cr_assert_eq(p.payload_length, 24);
}

Test(ip4, a_later_fragment_has_none)
{
	struct wire w = wire_ip4(IPPROTO_UDP);
	struct packet p;

	wire_fill(&w, 0, 3);
	wire_finish(&w);
	wire_ip4_fragment(&w, 65528, false, 7);
	p = wire_parse(&w);
	assert_reason(p, CTQ_INVALID_FRAGMENT);
	cr_assert(!p.has_tuple && p.fragment && p.later_fragment && !p.more_fragments);
	cr_assert_eq(p.fragment_offset, 65528);
	cr_assert_eq(p.fragment_length, 3);
	cr_assert_eq(p.tuple.l3, AF_INET, "addresses and protocol are known");
	cr_assert_eq(p.tuple.l4, IPPROTO_UDP);
	cr_assert_eq(p.tuple.src[0], 192);
}

Test(ip4, a_first_fragment_must_hold_the_transport_header)
{
	struct wire w = wire_ip4(IPPROTO_TCP);

	wire_ports(&w, 1, 2);
	wire_be32(&w, 3);
	wire_finish(&w);
	wire_ip4_fragment(&w, 0, true, 7);
	assert_reason(wire_parse(&w), CTQ_INVALID_L4_TRUNCATED);
}

/* -- IPv6 --------------------------------------------------------------------------- */

Test(ip6, walks_over_extension_headers)
{
	struct wire w = wire_ip6(IPPROTO_TCP);
	struct packet p;

	wire_ip6_extension(&w, IPPROTO_HOPOPTS, 8);
	wire_ip6_extension(&w, IPPROTO_DSTOPTS, 16);
	wire_ip6_extension(&w, IPPROTO_ROUTING, 24);
	wire_ip6_extension(&w, IPPROTO_AH, 28);
	wire_ip6_extension(&w, IPPROTO_DSTOPTS, 2048);
	wire_tcp(&w, 1024, 80, 5, 6, PACKET_TCP_SYN, NULL, 0);
	wire_finish(&w);
	p = wire_parse(&w);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_eq(p.l4_offset, 40 + 8 + 16 + 24 + 28 + 2048);
	cr_assert_eq(p.tuple.l4, IPPROTO_TCP);
	cr_assert_eq(p.tuple.dst_id, htons(80));
	cr_assert_eq(p.l4.tcp.seq, 5);
}

Test(ip6, bounds_the_number_of_extension_headers)
{
	enum ctq_reason expected;
	struct wire w;
	int n, i;

	for (n = 13; n <= 15; n++) {
		w = wire_ip6(IPPROTO_UDP);
		for (i = 0; i < n; i++)
			wire_ip6_extension(&w, IPPROTO_DSTOPTS, 8);
		wire_udp(&w, 1, 2, 0);
		wire_finish(&w);
		expected = n <= 14 ? CTQ_REASON_NONE : CTQ_INVALID_IP6_EXTENSION;
		assert_reason(wire_parse(&w), expected);
	}
}

Test(ip6, an_extension_header_ends_within_the_packet)
{
	struct wire w = wire_ip6(IPPROTO_UDP);

	wire_ip6_extension(&w, IPPROTO_DSTOPTS, 8);
	wire_udp(&w, 1, 2, 0);
	wire_finish(&w);
	w.bytes[41] = 1; /* 16 bytes: to the end of the packet */
	assert_reason(wire_parse(&w), CTQ_INVALID_L4_TRUNCATED);
	w.bytes[41] = 2;
	assert_reason(wire_parse(&w), CTQ_INVALID_IP6_EXTENSION);
	w.bytes[6] = IPPROTO_FRAGMENT;
	w.size = 47;
	w.bytes[5] = 7;
	assert_reason(wire_parse(&w), CTQ_INVALID_IP6_EXTENSION);
}

Test(ip6, the_version_must_fit_the_family)
{
	struct wire w = wire_ip6(IPPROTO_UDP);

	wire_udp(&w, 1, 2, 0);
	wire_finish(&w);
	w.bytes[0] = 0x45;
	assert_reason(wire_parse(&w), CTQ_INVALID_IP_VERSION);
}

Test(ip6, no_next_header_means_no_flow)
{
	struct wire w = wire_ip6(IPPROTO_NONE);

	wire_finish(&w);
	assert_reason(wire_parse(&w), CTQ_INVALID_IP6_NO_PAYLOAD);
	w = wire_ip6(IPPROTO_NONE);
	wire_ip6_extension(&w, IPPROTO_HOPOPTS, 8);
	wire_finish(&w);
	assert_reason(wire_parse(&w), CTQ_INVALID_IP6_NO_PAYLOAD);
}

Test(ip6, mobility_is_a_transport_of_its_own)
{
	struct wire w = wire_ip6(IPPROTO_MH);
	struct packet p;

	wire_u8(&w, IPPROTO_NONE);
	wire_fill(&w, 0, 7);
	wire_finish(&w);
	p = wire_parse(&w);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_eq(p.tuple.l4, IPPROTO_MH);
}

Test(ip6, fragments)
{
	struct wire w = wire_ip6(IPPROTO_UDP);
	struct packet p;

	wire_ip6_fragment(&w, 0, true, 0xdeadbeef);
	wire_ip6_extension(&w, IPPROTO_DSTOPTS, 8);
	wire_udp(&w, 1024, 53, 16);
	wire_finish(&w);
	w.bytes[40 + 16 + 4] = 0x10;
	p = wire_parse(&w);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert(p.fragment && !p.later_fragment && p.more_fragments && p.has_tuple);
	cr_assert_eq(p.fragment_id, 0xdeadbeef);
	cr_assert_eq(p.fragment_length, 8 + 8 + 16);

	w = wire_ip6(IPPROTO_UDP);
	wire_ip6_fragment(&w, 32, false, 0xdeadbeef);
	wire_fill(&w, 0, 5);
	wire_finish(&w);
	p = wire_parse(&w);
	assert_reason(p, CTQ_INVALID_FRAGMENT);
	cr_assert(p.fragment && p.later_fragment && !p.more_fragments && !p.has_tuple);
	cr_assert_eq(p.fragment_offset, 32);
	cr_assert_eq(p.fragment_length, 5);
}

/* RFC 6946. */
Test(ip6, a_fragment_header_alone_makes_no_fragment)
{
	struct wire w = wire_ip6(IPPROTO_UDP);
	struct packet p;

	wire_ip6_fragment(&w, 0, false, 1);
	wire_udp(&w, 1024, 53, 16);
	wire_finish(&w);
	p = wire_parse(&w);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_not(p.fragment);
	cr_assert_eq(p.fragment_length, 0);
	cr_assert_eq(p.payload_length, 16);
}

/* A later fragment's next header need not be the transport's. */
Test(ip6, nothing_behind_a_later_fragments_header_is_read)
{
	struct wire w = wire_ip6(IPPROTO_DSTOPTS);
	struct packet p;

	wire_ip6_fragment(&w, 8, true, 1);
	wire_finish(&w);
	p = wire_parse(&w);
	assert_reason(p, CTQ_INVALID_FRAGMENT);
}
