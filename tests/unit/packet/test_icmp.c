/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>

#include "base/base.h"
#include "wire.h"

static void assert_reason(struct packet p, enum ctq_reason reason)
{
	cr_assert_eq(p.invalid, reason, "reason %d, expected %d", p.invalid, reason);
}

static struct packet icmp(uint8_t family, uint8_t type, uint8_t code)
{
	struct wire w =
		wire_ip(family, family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);

	wire_icmp(&w, type, code, 0x004d0001);
	wire_fill(&w, 0x42, 40);
	wire_finish(&w);
	return wire_parse(&w);
}

Test(icmp, queries_and_answers_have_an_identifier)
{
	static const uint8_t types[] = { 0, 8, 13, 14, 15, 16, 17, 18 };
	static const uint8_t types6[] = { 128, 129, 139, 140 };
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(types); i++) {
		p = icmp(AF_INET, types[i], 0);
		assert_reason(p, CTQ_REASON_NONE);
		cr_assert_eq(p.tuple.src_id, htons(77));
		cr_assert_eq(p.tuple.dst_id, htons((uint16_t)(types[i] << 8)));
		cr_assert_eq(p.icmp_type, types[i]);
		cr_assert_not(p.icmp_error || p.untracked);
	}
	for (i = 0; i < sizeof(types6); i++) {
		p = icmp(AF_INET6, types6[i], 3);
		assert_reason(p, CTQ_REASON_NONE);
		cr_assert_eq(p.tuple.src_id, htons(77));
		cr_assert_eq(p.tuple.dst_id, htons((uint16_t)(types6[i] << 8 | 3)));
		cr_assert_eq(p.icmp_code, 3);
	}
}

/* Router discovery, reserved and unassigned ones. */
Test(icmp, other_types_make_no_flow)
{
	static const uint8_t types[] = { 1, 2, 6, 7, 9, 10, 19, 30, 42, 255 };
	static const uint8_t types6[] = { 138, 141, 142, 144, 150, 153, 200, 255 };
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(types); i++)
		assert_reason(icmp(AF_INET, types[i], 0), CTQ_INVALID_ICMP_TYPE);
	for (i = 0; i < sizeof(types6); i++) {
		p = icmp(AF_INET6, types6[i], 0);
		assert_reason(p, CTQ_INVALID_ICMP_TYPE);
		cr_assert(p.has_tuple, "for the rules");
	}
}

Test(icmp, neighbour_discovery_is_untracked)
{
	static const uint8_t types[] = {
		130, 131, 132, 133, 134, 135, 136, 143, 151, 152
	};
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(types); i++) {
		p = icmp(AF_INET6, types[i], 0);
		assert_reason(p, CTQ_REASON_NONE);
		cr_assert(p.untracked);
		cr_assert_eq(p.icmp_type, types[i]);
	}
}

Test(icmp, the_other_familys_number_is_no_query)
{
	struct wire w = wire_ip6(IPPROTO_ICMP);

	wire_icmp(&w, 8, 0, 0);
	wire_finish(&w);
	assert_reason(wire_parse(&w), CTQ_INVALID_ICMP_TYPE);
	w = wire_ip4(IPPROTO_ICMPV6);
	wire_icmp(&w, 128, 0, 0);
	wire_finish(&w);
	assert_reason(wire_parse(&w), CTQ_INVALID_ICMP_TYPE);
}

/* -- errors ---------------------------------------------------------------------- */

/* An error that quotes @size bytes of @quoted (all, if 0). */
static struct wire error(uint8_t type, const struct wire *quoted, uint32_t size)
{
	struct wire w =
		wire_ip(quoted->family,
	                quoted->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);

	wire_icmp(&w, type, 1, 0);
	wire_append(&w, quoted->bytes, size ? size : quoted->size);
	wire_finish(&w);
	return w;
}

static struct wire udp_quote(uint8_t family)
{
	struct wire q = wire_ip(family, IPPROTO_UDP);

	wire_udp(&q, 1024, 53, 100);
	wire_finish(&q);
	return q;
}

Test(icmp_error, quotes_a_flow)
{
	static const uint8_t types[] = { 3, 4, 5, 11, 12 };
	static const uint8_t types6[] = { 1, 2, 3, 4, 100, 127 };
	struct wire q = udp_quote(AF_INET), q6 = udp_quote(AF_INET6), w;
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(types) + sizeof(types6); i++) {
		if (i < sizeof(types))
			w = error(types[i], &q, 28);
		else
			w = error(types6[i - sizeof(types)], &q6, 48);
		p = wire_parse(&w);
		assert_reason(p, CTQ_REASON_NONE);
		cr_assert(p.icmp_error && p.has_tuple);
		cr_assert_eq(p.tuple.src_id, 0, "it is no flow's key");
		cr_assert_eq(p.l4.icmp.quoted.l4, IPPROTO_UDP);
		cr_assert_eq(p.l4.icmp.quoted.src_id, htons(1024));
		cr_assert_eq(p.l4.icmp.quoted.dst_id, htons(53));
		cr_assert_arr_eq(p.l4.icmp.quoted.src, p.tuple.src, 16);
	}
}

Test(icmp_error, quotes_any_protocol)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_SCTP, IPPROTO_GRE, 89 };
	struct wire q, w;
	struct packet p;
	size_t i;

	for (i = 0; i < sizeof(protos); i++) {
		q = wire_ip4(protos[i]);
		wire_fill(&q, 0, 8);
		wire_finish(&q);
		w = error(3, &q, 0);
		p = wire_parse(&w);
		assert_reason(p, CTQ_REASON_NONE);
		cr_assert_eq(p.l4.icmp.quoted.l4, protos[i]);
	}
}

Test(icmp_error, quotes_a_ping)
{
	struct wire q = wire_ip4(IPPROTO_ICMP), w;
	struct packet p;

	wire_icmp(&q, 8, 0, 77 << 16 | 1);
	wire_finish(&q);
	w = error(11, &q, 0);
	p = wire_parse(&w);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_eq(p.l4.icmp.quoted.src_id, htons(77));
	cr_assert_eq(p.l4.icmp.quoted.dst_id, htons(8 << 8));
}

Test(icmp_error, takes_the_zone_of_its_packet)
{
	struct wire q = udp_quote(AF_INET), w = error(3, &q, 0);
	struct packet p = wire_packet(&w);

	p.zone = 5;
	packet_parse(&p);
	cr_assert_eq(p.l4.icmp.quoted.zone, 5);
}

Test(icmp_error, quotes_extension_headers_and_first_fragments)
{
	struct wire q = wire_ip6(IPPROTO_UDP), w;
	struct packet p;

	wire_ip6_extension(&q, IPPROTO_HOPOPTS, 8);
	wire_ip6_extension(&q, IPPROTO_ROUTING, 24);
	wire_ip6_fragment(&q, 0, true, 99);
	wire_udp(&q, 1024, 53, 100);
	wire_finish(&q);
	w = error(2, &q, 0);
	p = wire_parse(&w);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_eq(p.l4.icmp.quoted.dst_id, htons(53));
	cr_assert_not(p.fragment, "the error itself is none");

	q = udp_quote(AF_INET);
	wire_ip4_fragment(&q, 0, true, 99);
	w = error(3, &q, 28);
	assert_reason(wire_parse(&w), CTQ_REASON_NONE);
}

/* As the kernel judges them. */
Test(icmp_error, quotes_that_have_no_flow)
{
	struct wire q, w;
	struct packet p;

	q = udp_quote(AF_INET);
	wire_ip4_fragment(&q, 8, true, 99);
	w = error(3, &q, 28);
	p = wire_parse(&w);
	assert_reason(p, CTQ_INVALID_ICMP_QUOTE);
	cr_assert_not(p.icmp_error);

	q = wire_ip6(IPPROTO_UDP);
	wire_ip6_fragment(&q, 8, true, 99);
	wire_fill(&q, 0, 8);
	wire_finish(&q);
	w = error(1, &q, 0);
	assert_reason(wire_parse(&w), CTQ_INVALID_ICMP_QUOTE);

	/* an error about an error */
	q = udp_quote(AF_INET);
	q = error(3, &q, 28);
	w = error(3, &q, 0);
	assert_reason(wire_parse(&w), CTQ_INVALID_ICMP_QUOTE);

	/* the wrong version */
	q = udp_quote(AF_INET);
	q.bytes[0] = 0x65;
	w = error(3, &q, 0);
	assert_reason(wire_parse(&w), CTQ_INVALID_ICMP_QUOTE);

	/* IPv6 without payload */
	q = wire_ip6(IPPROTO_NONE);
	wire_fill(&q, 0, 8);
	wire_finish(&q);
	w = error(1, &q, 0);
	assert_reason(wire_parse(&w), CTQ_INVALID_ICMP_QUOTE);
}

Test(icmp_error, a_quote_cut_off_or_not_copied)
{
	struct wire q = udp_quote(AF_INET), w;
	struct packet p;
	uint32_t size;

	for (size = 1; size < 24; size++) {
		w = error(3, &q, size);
		assert_reason(wire_parse(&w), CTQ_INVALID_ICMP_QUOTE);
	}
	w = error(3, &q, 24); /* the ports are there */
	assert_reason(wire_parse(&w), CTQ_REASON_NONE);
	p = wire_packet(&w);
	p.captured -= 1;
	packet_parse(&p);
	assert_reason(p, CTQ_INVALID_COPY_RANGE);
}

/* -- redirects of ICMPv6 --------------------------------------------------------- */

static struct wire redirect(uint8_t code, uint8_t option, uint8_t length)
{
	struct wire w = wire_ip6(IPPROTO_ICMPV6), q = udp_quote(AF_INET6);

	w.bytes[7] = 255;
	w.bytes[8] = 0xfe;
	w.bytes[9] = 0x80;
	wire_icmp(&w, 137, code, 0);
	wire_fill(&w, 0, 32);
	wire_u8(&w, option);
	wire_u8(&w, length);
	wire_fill(&w, 0, 6);
	wire_append(&w, q.bytes, q.size);
	wire_finish(&w);
	return w;
}

Test(icmp_redirect, quotes_the_redirected_packet)
{
	struct wire w = redirect(0, 4, 20);
	struct packet p = wire_parse(&w);

	assert_reason(p, CTQ_REASON_NONE);
	cr_assert(p.icmp_error);
	cr_assert_eq(p.l4.icmp.quoted.dst_id, htons(53));
}

Test(icmp_redirect, comes_from_a_neighbour)
{
	struct wire w = redirect(0, 4, 20);

	w.bytes[7] = 254;
	assert_reason(wire_parse(&w), CTQ_INVALID_ICMP_REDIRECT);
	w = redirect(0, 4, 20);
	w.bytes[8] = 0x20;
	assert_reason(wire_parse(&w), CTQ_INVALID_ICMP_REDIRECT);
}

Test(icmp_redirect, malformed)
{
	struct wire w = redirect(1, 4, 20);

	assert_reason(wire_parse(&w), CTQ_INVALID_ICMP_TYPE);
	w = redirect(0, 1, 20);
	assert_reason(wire_parse(&w), CTQ_INVALID_ICMP_QUOTE);
	w = redirect(0, 4, 0);
	assert_reason(wire_parse(&w), CTQ_INVALID_ICMP_QUOTE);
	w = redirect(0, 4, 20);
	w.size = 40 + 8 + 32;
	wire_finish(&w);
	assert_reason(wire_parse(&w), CTQ_INVALID_ICMP_QUOTE);
}
