/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/key.h"
#include "rules_fixture.h"

Test(key, addresses_are_numbers_in_order)
{
	struct rule_key key = key_of("udp 10.0.0.1 1 10.0.1.0 2");

	cr_assert_eq(key.src[0], 0);
	cr_assert_eq(key.src[1], 0x0a000001);
	cr_assert_eq(key.dst[1], 0x0a000100);
	key = key_of("udp 2001:db8::1 1 ::2 2");
	cr_assert_eq(key.src[0], 0x20010db800000000u);
	cr_assert_eq(key.src[1], 1);
	cr_assert_eq(key.family, AF_INET6);
}

Test(key, only_what_is_known_is_present)
{
	struct rule_key key;

	rule_key_init(&key, PACKET_HOOK_INPUT, AF_INET);
	cr_assert_eq(key.present, RULE_KEY_BIT(FAMILY));
	rule_key_set_interfaces(&key, "", NULL);
	cr_assert_eq(key.present, RULE_KEY_BIT(FAMILY));
	key = key_of("gre 1.1.1.1 2.2.2.2");
	cr_assert_eq(key.present & (RULE_KEY_BIT(SPORT) | RULE_KEY_BIT(ICMP_TYPE)), 0);
	key = key_of("icmp 1.1.1.1 2.2.2.2");
	cr_assert_eq(key.present & RULE_KEY_BIT(SPORT), 0);
	cr_assert_neq(key.present & RULE_KEY_BIT(ICMP_TYPE), 0);
}

Test(key, packets_have_a_ttl_when_their_header_could_be_read)
{
	struct packet p = { .length = 60, .mark = 7, .ttl = 64 };
	struct rule_key key;

	rule_key_init(&key, PACKET_HOOK_INPUT, AF_INET);
	rule_key_set_packet(&key, &p);
	cr_assert_eq(key.present,
	             RULE_KEY_BIT(FAMILY) | RULE_KEY_BIT(LENGTH) | RULE_KEY_BIT(PKTMARK));
	p.l4_offset = 20;
	p.has_tuple = true;
	p.tuple.l4 = IPPROTO_TCP;
	p.l4.tcp.flags = PACKET_TCP_SYN;
	p.has_uid = true;
	rule_key_set_packet(&key, &p);
	cr_assert_eq(key.ttl, 64);
	cr_assert_eq(key.tcp_flags, PACKET_TCP_SYN);
	cr_assert_neq(key.present & RULE_KEY_BIT(UID), 0);
	key.present = 0;
	p.later_fragment = true;
	rule_key_set_packet(&key, &p);
	cr_assert_eq(key.present & RULE_KEY_BIT(TCP_FLAGS), 0, "it has no TCP header");
}

Test(key, names_are_cut_at_the_size_of_an_interface)
{
	struct rule_key a, b;

	rule_key_init(&a, 0, AF_INET);
	b = a;
	rule_key_set_interfaces(&a, "abcdefghijklmnopqrstuvwxyz", NULL);
	rule_key_set_interfaces(&b, "abcdefghijklmnop", NULL);
	cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0);
}
