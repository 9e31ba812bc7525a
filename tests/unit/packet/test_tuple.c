/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>

#include "base/base.h"
#include "packet/tuple.h"

static struct tuple make(uint8_t l3, uint8_t l4, uint16_t src_id, uint16_t dst_id)
{
	struct tuple t;

	tuple_clear(&t);
	t.l3 = l3;
	t.l4 = l4;
	inet_pton(l3, l3 == AF_INET ? "192.0.2.1" : "2001:db8::1", t.src);
	inet_pton(l3, l3 == AF_INET ? "198.51.100.2" : "2001:db8::2", t.dst);
	t.src_id = htons(src_id);
	t.dst_id = htons(dst_id);
	return t;
}

Test(tuple, inverts_addresses_and_ports)
{
	struct tuple t = make(AF_INET6, IPPROTO_TCP, 1024, 80), r, back;

	t.zone = 7;
	cr_assert_eq(tuple_invert(&t, &r), 0);
	cr_assert_arr_eq(r.src, t.dst, 16);
	cr_assert_arr_eq(r.dst, t.src, 16);
	cr_assert_eq(r.src_id, htons(80));
	cr_assert_eq(r.dst_id, htons(1024));
	cr_assert_eq(r.zone, 7);
	cr_assert_eq(tuple_invert(&r, &back), 0);
	cr_assert(tuple_equal(&t, &back));
}

Test(tuple, inverts_in_place)
{
	struct tuple t = make(AF_INET, IPPROTO_UDP, 1, 2), other;

	cr_assert_eq(tuple_invert(&t, &other), 0);
	cr_assert_eq(tuple_invert(&t, &t), 0);
	cr_assert(tuple_equal(&t, &other));
}

Test(tuple, an_icmp_query_becomes_its_reply)
{
	static const struct {
		uint8_t l3, l4, query, reply;
	} pairs[] = {
		{ AF_INET, IPPROTO_ICMP, 8, 0 },
		{ AF_INET, IPPROTO_ICMP, 13, 14 },
		{ AF_INET, IPPROTO_ICMP, 15, 16 },
		{ AF_INET, IPPROTO_ICMP, 17, 18 },
		{ AF_INET6, IPPROTO_ICMPV6, 128, 129 },
		{ AF_INET6, IPPROTO_ICMPV6, 139, 140 },
	};
	struct tuple t, r;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(pairs); i++) {
		t = make(pairs[i].l3, pairs[i].l4, 77, (uint16_t)(pairs[i].query << 8));
		cr_assert_eq(tuple_invert(&t, &r), 0);
		cr_assert_eq(r.dst_id, htons((uint16_t)(pairs[i].reply << 8)));
		cr_assert_eq(r.src_id, htons(77), "the identifier stays");
		cr_assert_eq(tuple_invert(&r, &r), 0);
		cr_assert(tuple_equal(&t, &r));
	}
}

Test(tuple, nothing_answers_other_icmp_types)
{
	struct tuple t = make(AF_INET, IPPROTO_ICMP, 0, 3 << 8 | 1), out;
	unsigned int type, answered = 0;

	memset(&out, 0x55, sizeof(out));
	cr_assert_eq(tuple_invert(&t, &out), -EOPNOTSUPP);
	cr_assert_eq(out.src[0], 0x55, "untouched");
	for (type = 0; type < 256; type++) {
		t = make(AF_INET, IPPROTO_ICMP, 1, (uint16_t)(type << 8));
		answered += tuple_invert(&t, &out) == 0;
	}
	cr_assert_eq(answered, 8);
}

Test(tuple, formats_for_people)
{
	static const struct {
		uint8_t l3, l4;
		uint16_t src_id, dst_id, zone;
		const char *text;
	} cases[] = {
		{ AF_INET, IPPROTO_TCP, 1024, 80, 0,
		  "tcp 192.0.2.1:1024 > 198.51.100.2:80" },
		{ AF_INET6, IPPROTO_UDP, 5353, 53, 9,
		  "udp [2001:db8::1]:5353 > [2001:db8::2]:53 zone 9" },
		{ AF_INET, IPPROTO_ICMP, 77, 8 << 8, 0,
		  "icmp 192.0.2.1 > 198.51.100.2 type 8 code 0 id 77" },
		{ AF_INET, IPPROTO_GRE, 0, 0, 0, "gre 192.0.2.1 > 198.51.100.2" },
		{ AF_INET, IPPROTO_GRE, 1, 2, 0,
		  "gre 192.0.2.1 > 198.51.100.2 keys 1 2" },
		{ AF_INET6, 89, 0, 0, 0, "proto 89 2001:db8::1 > 2001:db8::2" },
	};
	char buf[TUPLE_TEXT_MAX];
	struct tuple t;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(cases); i++) {
		t = make(cases[i].l3, cases[i].l4, cases[i].src_id, cases[i].dst_id);
		t.zone = cases[i].zone;
		cr_assert_str_eq(tuple_format(&t, buf), cases[i].text);
	}
}

Test(tuple, the_longest_text_fits)
{
	char buf[TUPLE_TEXT_MAX];
	struct tuple t;

	memset(&t, 0xff, sizeof(t));
	t.l3 = AF_INET6;
	t.l4 = IPPROTO_UDPLITE;
	tuple_format(&t, buf);
	cr_assert_str_eq(buf,
	                 "udplite [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 > "
	                 "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 zone 65535");
	t.l4 = IPPROTO_ICMPV6;
	tuple_format(&t, buf);
	cr_assert(strstr(buf, "type 255 code 255 id 65535 zone 65535"));
}
