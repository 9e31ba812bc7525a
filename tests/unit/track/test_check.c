/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "track/track.h"

static struct tuple udp_tuple(const char *src, uint16_t sport, const char *dst,
                              uint16_t dport)
{
	struct tuple t;

	tuple_clear(&t);
	t.l3 = AF_INET;
	t.l4 = IPPROTO_UDP;
	inet_pton(AF_INET, src, t.src);
	inet_pton(AF_INET, dst, t.dst);
	t.src_id = htons(sport);
	t.dst_id = htons(dport);
	return t;
}

static struct packet error_to(const char *dst, const struct tuple *quoted)
{
	struct packet p = { .icmp_error = true,
		            .icmp_type = 3,
		            .l4.icmp.quoted = *quoted };

	p.tuple.l3 = AF_INET;
	p.tuple.l4 = IPPROTO_ICMP;
	inet_pton(AF_INET, "203.0.113.1", p.tuple.src); /* a router on the way */
	inet_pton(AF_INET, dst, p.tuple.dst);
	return p;
}

Test(error_key, is_the_answer_to_what_is_quoted)
{
	struct tuple quoted = udp_tuple("192.0.2.1", 1024, "198.51.100.2", 53);
	struct tuple answer = udp_tuple("198.51.100.2", 53, "192.0.2.1", 1024);
	struct packet p = error_to("192.0.2.1", &quoted);
	struct tuple key;

	cr_assert_eq(track_error_key(&p, &key), CTQ_REASON_NONE);
	cr_assert(tuple_equal(&key, &answer));
}

/* The error about a ping that was refused on the way finds the ping. */
Test(error_key, of_a_quoted_question_is_its_answer)
{
	struct tuple quoted = udp_tuple("192.0.2.1", 77, "198.51.100.2", 8 << 8);
	struct tuple answer = udp_tuple("198.51.100.2", 77, "192.0.2.1", 0);
	struct tuple key;
	struct packet p;

	quoted.l4 = answer.l4 = IPPROTO_ICMP;
	p = error_to("192.0.2.1", &quoted);
	cr_assert_eq(track_error_key(&p, &key), CTQ_REASON_NONE);
	cr_assert(tuple_equal(&key, &answer));
}

Test(error_key, goes_to_nobody_but_the_sender)
{
	struct tuple quoted = udp_tuple("192.0.2.1", 1024, "198.51.100.2", 53);
	struct packet p = error_to("192.0.2.99", &quoted);
	struct tuple key;

	cr_assert_eq(track_error_key(&p, &key), CTQ_INVALID_ICMP_NO_FLOW);
}

Test(error_key, needs_a_packet_that_can_be_answered)
{
	struct tuple quoted = udp_tuple("192.0.2.1", 0, "198.51.100.2", 3 << 8 | 1);
	struct tuple key;
	struct packet p;

	quoted.l4 = IPPROTO_ICMP; /* an error about an error */
	p = error_to("192.0.2.1", &quoted);
	cr_assert_eq(track_error_key(&p, &key), CTQ_INVALID_ICMP_QUOTE);
}

/* -- checksums -------------------------------------------------------------- */

/* 192.0.2.1:1024 > 198.51.100.2:53, no payload; the sums are right. */
static const uint8_t datagram[] = {
	0x45, 0, 0,   28, 0,   0, 0, 0, 64, 17, 0x8e, 0x9a, 192,  0,
	2,    1, 198, 51, 100, 2, 4, 0, 0,  53, 0,    8,    0x0f, 0x72,
};

static enum ctq_reason check_datagram(bool wrong, enum packet_hook hook,
                                      enum packet_checksum checksum, bool enabled)
{
	uint8_t bytes[sizeof(datagram)];
	struct packet p = { .data = bytes,
		            .captured = sizeof(bytes),
		            .length = sizeof(bytes),
		            .family = AF_INET,
		            .hook = hook,
		            .checksum = checksum };
	struct track_config cfg;

	memcpy(bytes, datagram, sizeof(bytes));
	bytes[27] ^= wrong;
	packet_parse(&p);
	cr_assert_eq(p.invalid, CTQ_REASON_NONE, "reason %d", p.invalid);
	track_config_init(&cfg);
	cfg.checksum = enabled;
	return track_packet_check(&p, &cfg);
}

Test(packet_check, looks_at_a_checksum_where_the_kernel_does)
{
	const enum packet_hook pre = PACKET_HOOK_PREROUTING;

	cr_assert_eq(check_datagram(false, pre, PACKET_CHECKSUM_UNVERIFIED, true), 0);
	cr_assert_eq(check_datagram(true, pre, PACKET_CHECKSUM_UNVERIFIED, true),
	             CTQ_INVALID_CHECKSUM);
	cr_assert_eq(check_datagram(true, pre, PACKET_CHECKSUM_UNVERIFIED, false), 0);
	cr_assert_eq(check_datagram(true, pre, PACKET_CHECKSUM_VERIFIED, true), 0);
	cr_assert_eq(check_datagram(true, pre, PACKET_CHECKSUM_NOT_READY, true), 0);
	cr_assert_eq(check_datagram(true, PACKET_HOOK_OUTPUT, PACKET_CHECKSUM_UNVERIFIED,
	                            true),
	             0);
	cr_assert_eq(check_datagram(true, PACKET_HOOK_POSTROUTING,
	                            PACKET_CHECKSUM_UNVERIFIED, true),
	             0);
}

Test(packet_check, passes_on_what_the_parser_found)
{
	struct packet p = { .invalid = CTQ_INVALID_TCP_OFFSET };
	struct track_config cfg;

	track_config_init(&cfg);
	cr_assert_eq(track_packet_check(&p, &cfg), CTQ_INVALID_TCP_OFFSET);
}
