/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>

#include "base/base.h"
#include "wire.h"

/* Each protocol in each family that it has, with an odd payload. */
static struct wire make(uint8_t family, uint8_t proto)
{
	struct wire w = wire_ip(family, proto);

	switch (proto) {
	case IPPROTO_TCP:
		wire_tcp(&w, 1024, 80, 0xffffffff, 0xfffffffe, PACKET_TCP_ACK, NULL, 0);
		break;
	case IPPROTO_ICMP: wire_icmp(&w, 8, 0, 0x12345678); break;
	case IPPROTO_ICMPV6: wire_icmp(&w, 128, 0, 0x12345678); break;
	default: wire_udp(&w, 1024, 53, 0); break;
	}
	wire_fill(&w, 0xfa, 101);
	wire_finish(&w);
	return w;
}

static const struct {
	uint8_t family, proto;
} kinds[] = {
	{ AF_INET, IPPROTO_TCP },     { AF_INET6, IPPROTO_TCP },
	{ AF_INET, IPPROTO_UDP },     { AF_INET6, IPPROTO_UDP },
	{ AF_INET, IPPROTO_UDPLITE }, { AF_INET6, IPPROTO_UDPLITE },
	{ AF_INET, IPPROTO_ICMP },    { AF_INET6, IPPROTO_ICMPV6 },
};

Test(checksum, holds_when_right_and_not_when_any_byte_is_wrong)
{
	struct packet p;
	struct wire w;
	uint32_t at;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(kinds); i++) {
		w = make(kinds[i].family, kinds[i].proto);
		p = wire_packet(&w);
		p.checksum = PACKET_CHECKSUM_UNVERIFIED;
		packet_parse(&p);
		cr_assert_eq(p.invalid, CTQ_REASON_NONE);
		cr_assert(packet_checksum_holds(&p), "kind %zu", i);
		for (at = w.l4 + 20; at < w.size; at++) {
			w.bytes[at] ^= 0x10;
			cr_assert_not(packet_checksum_holds(&p), "kind %zu byte %u", i,
			              at);
			w.bytes[at] ^= 0x10;
		}
	}
}

Test(checksum, covers_the_addresses)
{
	struct wire w = make(AF_INET6, IPPROTO_TCP);
	struct packet p;

	w.bytes[39] ^= 1;
	p = wire_parse(&w);
	cr_assert_not(packet_checksum_holds(&p));
}

/* Made by scapy, as the SCTP packet below: no builder of ours had a hand in it. */
Test(checksum, as_another_implementation_computes_it)
{
	struct wire w =
		wire_hex(AF_INET, "4500 0038 1c46 0000 4011 8db5 c0a8 0002 0808 0808"
	                          "a5a4 0035 0024 7558 0001 0100 0001 0000 0000 0000"
	                          "0667 6f6f 676c 6503 636f 6d00 0001 0001");
	struct packet p = wire_packet(&w);

	packet_parse(&p);
	cr_assert(packet_checksum_holds(&p));
	w.bytes[26] ^= 1;
	cr_assert_not(packet_checksum_holds(&p));
}

Test(checksum, udp_may_have_none)
{
	struct wire w = make(AF_INET, IPPROTO_UDP);
	struct packet p;

	w.bytes[w.l4 + 6] = w.bytes[w.l4 + 7] = 0;
	p = wire_parse(&w);
	cr_assert(packet_checksum_holds(&p));
}

Test(checksum, udplite_covers_a_part)
{
	struct wire w = wire_ip6(IPPROTO_UDPLITE);
	struct packet p;

	wire_udp(&w, 1024, 53, 40);
	w.bytes[w.l4 + 5] = 16;
	wire_finish(&w);
	p = wire_packet(&w);
	packet_parse(&p);
	cr_assert(packet_checksum_holds(&p));
	w.bytes[w.l4 + 16] ^= 1;
	cr_assert(packet_checksum_holds(&p));
	w.bytes[w.l4 + 15] ^= 1;
	cr_assert_not(packet_checksum_holds(&p));
}

Test(checksum, sctp_has_a_crc)
{
	struct wire w =
		wire_hex(AF_INET, "4500 0034 0001 0000 4084 0000 c000 0201 c633 6402"
	                          "1388 1770 0000 0000 ee37 1250 0100 0014 1122 3344"
	                          "0001 0000 000a 000a 0000 0001");
	struct packet p = wire_packet(&w);

	packet_parse(&p);
	cr_assert_eq(p.invalid, CTQ_REASON_NONE);
	cr_assert(packet_checksum_holds(&p));
	w.bytes[51] ^= 1;
	cr_assert_not(packet_checksum_holds(&p));
}

Test(checksum, what_cannot_be_checked_holds)
{
	struct wire w = make(AF_INET, IPPROTO_UDP);
	struct packet p;

	w.bytes[w.size - 1] ^= 1;
	p = wire_packet(&w);
	packet_parse(&p);
	cr_assert_not(packet_checksum_holds(&p));

	p.checksum = PACKET_CHECKSUM_NOT_READY;
	cr_assert(packet_checksum_holds(&p), "not computed yet");
	p.checksum = PACKET_CHECKSUM_UNVERIFIED;
	p.captured--;
	cr_assert(packet_checksum_holds(&p), "not captured whole");
	p.captured++;
	p.gso = true;
	cr_assert(packet_checksum_holds(&p), "several packets in one");
	p.gso = false;
	cr_assert_not(packet_checksum_holds(&p));
	wire_ip4_fragment(&w, 0, true, 1);
	packet_parse(&p);
	cr_assert(packet_checksum_holds(&p), "a fragment");
}

Test(checksum, other_protocols_have_none)
{
	struct wire w = wire_ip4(89);
	struct packet p;

	wire_fill(&w, 0, 20);
	wire_finish(&w);
	p = wire_parse(&w);
	cr_assert(packet_checksum_holds(&p));
}
