/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "client/client_priv.h"
#include "ctlink/explain.h"
#include "fake.h"

static struct ctlink_packet packet_of(const char *text)
{
	struct ctq_filter_error error;
	struct ctlink_packet packet;

	cr_assert_eq(client_packet_parse(text, &packet, &error), 0, "%s: %s", text,
	             error.text);
	return packet;
}

static void address_is(const uint8_t *address, uint8_t size, const char *text)
{
	uint8_t wanted[16];

	inet_pton(size == 4 ? AF_INET : AF_INET6, text, wanted);
	cr_assert_eq(memcmp(address, wanted, size), 0, "%s", text);
}

Test(explain, words_become_a_packet)
{
	struct ctlink_packet p = packet_of("tcp 192.0.2.1:1024 > 198.51.100.1:443 in "
	                                   "eth0 out eth1 flags syn|ack mark 0x10");

	cr_assert_eq(p.proto, IPPROTO_TCP);
	cr_assert_eq(p.family, AF_INET);
	address_is(p.src, p.src_size, "192.0.2.1");
	address_is(p.dst, p.dst_size, "198.51.100.1");
	cr_assert_eq(p.sport, 1024);
	cr_assert_eq(p.dport, 443);
	cr_assert_str_eq(p.in, "eth0");
	cr_assert_str_eq(p.out, "eth1");
	cr_assert_eq(p.tcp_flags, 0x12);
	cr_assert_eq(p.mark, 0x10);
	cr_assert_not(ctlink_has(&p, CTLINK_PACKET_TTL), "nothing is made up");
}

Test(explain, ipv6_has_brackets_where_it_has_a_port)
{
	struct ctlink_packet p = packet_of("udp [2001:db8::1]:53 [2001:db8::2]:1024");

	cr_assert_eq(p.family, AF_INET6);
	address_is(p.src, p.src_size, "2001:db8::1");
	cr_assert_eq(p.sport, 53);
	p = packet_of("icmpv6 2001:db8::1 -> [2001:db8::2] type echo-reply code 3 id 9");
	cr_assert_eq(p.icmp_type, 129);
	cr_assert_eq(p.icmp_code, 3);
	cr_assert_eq(p.icmp_id, 9);
	address_is(p.dst, p.dst_size, "2001:db8::2");
}

Test(explain, all_else_has_a_word)
{
	struct ctlink_packet p = packet_of(
		"47 10.0.0.1 > 10.0.0.2 at postrouting state related ctmark 3 status "
		"assured length 100 ttl 5 uid 1000 zone 7");

	cr_assert_eq(p.proto, IPPROTO_GRE);
	cr_assert_eq(p.hook, 4);
	cr_assert_eq(p.ctstate, CTQ_CTSTATE_RELATED);
	cr_assert_eq(p.ctmark, 3);
	cr_assert_eq(p.status, 4);
	cr_assert_eq(p.length, 100);
	cr_assert_eq(p.ttl, 5);
	cr_assert_eq(p.uid, 1000);
	cr_assert_eq(p.zone, 7);
}

Test(explain, mistakes_are_located)
{
	static const struct {
		const char *text, *part; /* part NULL: the end */
		const char *suggestion;
	} bad[] = {
		{ "", NULL, "" },
		{ "tpc 10.0.0.1 > 10.0.0.2", "tpc", "did you mean 'tcp'?" },
		{ "tcp", NULL, "" },
		{ "tcp 10.0.0.300 > 10.0.0.2", "10.0.0.300", "" },
		{ "gre 10.0.0.1 > 2001:db8::1", "2001:db8::1", "" },
		{ "gre 10.0.0.1 >", NULL, "" },
		{ "tcp [2001:db8::1 > ::2", "[2001:db8::1", "" },
		{ "tcp [2001:db8::1]80 > ::2", "[2001:db8::1]80", "" },
		{ "tcp 10.0.0.1: > 10.0.0.2", "10.0.0.1:", "" },
		{ "tcp 10.0.0.1:99999 > 10.0.0.2", "99999", "" },
		{ "gre 10.0.0.1:1 > 10.0.0.2", "1 >", "" },
		{ "tcp 10.0.0.1 > 10.0.0.2:80", "10.0.0.1 ", "" },
		{ "sctp [::1]:80 > ::2", "::2", "" },
		{ "gre 10.0.0.1 > 10.0.0.2 sate new", "sate", "did you mean 'state'?" },
		{ "gre 10.0.0.1 > 10.0.0.2 ttl 1-5", "1-5", "" },
		{ "gre 10.0.0.1 > 10.0.0.2 mark 1/3", "1/3", "" },
		{ "gre 10.0.0.1 > 10.0.0.2 in", NULL, "" },
		{ "gre 10.0.0.1 > 10.0.0.2 in ppp*", "ppp*", "" },
		{ "gre 10.0.0.1 > 10.0.0.2 in an-interface-of-16", "an-interface-of-16",
		  "" },
		{ "gre 10.0.0.1 > 10.0.0.2 at prerotuing", "prerotuing",
		  "did you mean 'prerouting'?" },
		{ "gre 10.0.0.1 > 10.0.0.2 at forward", "forward", "" },
		{ "gre 10.0.0.1 > 10.0.0.2 ttl 1 ttl 2", "ttl 2", "" },
	};
	struct ctq_filter_error error;
	struct ctlink_packet packet;
	const char *place;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(bad); i++) {
		cr_assert_eq(client_packet_parse(bad[i].text, &packet, &error), -EINVAL,
		             "%s", bad[i].text);
		place = bad[i].part ? strstr(bad[i].text, bad[i].part)
		                    : bad[i].text + strlen(bad[i].text);
		cr_assert_eq(error.offset, (size_t)(place - bad[i].text), "%s: %zu (%s)",
		             bad[i].text, error.offset, error.text);
		cr_assert_eq(error.length == 0, bad[i].part == NULL, "%s", bad[i].text);
		cr_assert_str_eq(error.suggestion, bad[i].suggestion, "%s", bad[i].text);
	}
	cr_assert_eq(client_packet_parse("x", &packet, NULL), -EINVAL, "no error wanted");
}

static int count_step(void *data, const struct ctq_record *step)
{
	unsigned int *steps = data;

	if (++*steps == 1)
		cr_assert_eq(ctq_record_number(step, CTQA_EXPLAIN_STEP),
		             CTQ_EXPLAIN_CHAIN);
	return 0;
}

Test(explain, the_daemon_is_asked_and_its_steps_come)
{
	struct fake *fake = fake_new();
	struct ctq *ctq = ctq_new();
	struct ctlink_packet asked;
	struct ctq_filter_error error;
	unsigned int steps = 0;

	cr_assert_eq(ctq_connect(ctq, fake->path), 0);
	cr_assert_eq(ctq_explain(ctq, "tcp 10.0.0.1", &error, count_step, &steps),
	             -EINVAL);
	cr_assert_eq(fake->n_requests, 0, "nothing was asked");
	cr_assert_eq(ctq_explain(ctq, "tcp 10.0.0.1:1 > 10.0.0.2:2", &error, count_step,
	                         &steps),
	             0);
	cr_assert_eq(steps, 3);
	cr_assert_eq(ctlink_packet_parse(fake->requests[0], &asked, NULL), 0);
	cr_assert_eq(asked.dport, 2);
	ctq_destroy(ctq);
	fake_end(fake);
}
