/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/backend.h"
#include "rules_fixture.h"

/* The rule's name that decided, or "policy", and the verdict. */
static void judge(struct rules *rules, const char *packet, char *out, size_t size)
{
	const struct ruleset *rs = rules_peek(rules);
	struct rule_key key = key_of(packet);
	struct rule_verdict v;
	const char *name = "policy";
	uint32_t id;

	ruleset_classify(rs, &key, NULL, 0, 0, &v);
	if (v.id)
		cr_assert(rules_name_read(rules, v.generation, v.index, &id, &name));
	snprintf(out, size, "%s %s", name,
	         v.verdict == CTQ_VERDICT_ACCEPT ? "accept" : "drop");
}

struct expectation {
	const char *packet, *decision;
};

static void expect_of(const char *backend, const char *rules_text,
                      const struct expectation *table, size_t n)
{
	struct rules *rules = rules_of(backend, rules_text);
	char decision[96];
	size_t i;

	for (i = 0; i < n; i++) {
		judge(rules, table[i].packet, decision, sizeof(decision));
		cr_expect_str_eq(decision, table[i].decision, "%s: %s: %s, not %s",
		                 backend, table[i].packet, decision, table[i].decision);
	}
	rules_destroy(rules);
}

static void expect(const char *rules_text, const struct expectation *table, size_t n)
{
	const struct rules_backend *const *backends = rules_backend_list();
	size_t i;

	for (i = 0; backends[i]; i++)
		expect_of(backends[i]->name, rules_text, table, n);
}

#define EXPECT(text, ...)                                                  \
	do {                                                               \
		static const struct expectation table[] = { __VA_ARGS__ }; \
		expect(text, table, BASE_ARRAY_LENGTH(table));             \
	} while (0)

Test(ruleset, first_match_wins_and_the_policy_is_last)
{
	EXPECT("chain prerouting { policy drop\n"
	       "  tcp dport 22 name ssh accept\n"
	       "  tcp dport 22 name never drop\n"
	       "  src 10.0.0.0/8 name lan accept }",
	       { "tcp 10.0.0.1 1024 10.0.0.2 22", "ssh accept" },
	       { "tcp 10.0.0.1 1024 10.0.0.2 23", "lan accept" },
	       { "tcp 11.0.0.1 1024 10.0.0.2 23", "policy drop" },
	       { "udp 11.0.0.1 1024 10.0.0.2 22", "policy drop" },
	       { "udp 11.0.0.1 1024 10.0.0.2 22 at input", "policy accept" });
}

Test(ruleset, addresses_match_by_prefix_range_and_family)
{
	EXPECT("chain prerouting {\n"
	       "  src 10.1.2.3 name host drop\n"
	       "  src 10.1.0.0/16 name net drop\n"
	       "  src 192.168.0.5-192.168.0.9 name range drop\n"
	       "  src { 2001:db8::/32, 172.16.0.0/12 } name both drop\n"
	       "  src ::/0 dst != fe80::/10 name v6 drop\n"
	       "  dst 0.0.0.0/0 src 255.255.255.255 name v4 drop }",
	       { "udp 10.1.2.3 1 1.1.1.1 2", "host drop" },
	       { "udp 10.1.2.4 1 1.1.1.1 2", "net drop" },
	       { "udp 10.2.0.0 1 1.1.1.1 2", "policy accept" },
	       { "udp 192.168.0.4 1 1.1.1.1 2", "policy accept" },
	       { "udp 192.168.0.5 1 1.1.1.1 2", "range drop" },
	       { "udp 192.168.0.9 1 1.1.1.1 2", "range drop" },
	       { "udp 192.168.0.10 1 1.1.1.1 2", "policy accept" },
	       { "udp 172.31.255.255 1 1.1.1.1 2", "both drop" },
	       { "udp 2001:db8:ffff::1 1 ::1 2", "both drop" },
	       { "udp 2001:db9::1 1 ::1 2", "v6 drop" },
	       { "udp 2001:db9::1 1 febf::1 2", "policy accept" },
	       { "udp ::ffff:10.1.2.3 1 ::1 2", "v6 drop" },
	       { "udp a01:203:: 1 fe80::1 2", "policy accept" },
	       { "udp 255.255.255.255 1 1.1.1.1 2", "v4 drop" });
}

Test(ruleset, ports_exist_only_where_the_protocol_has_them)
{
	EXPECT("chain prerouting {\n"
	       "  sport 1024-65535 dport { 22, 80, 8000-8100 } name in drop\n"
	       "  dport != 53 name other drop }",
	       { "tcp 1.1.1.1 1024 2.2.2.2 80", "in drop" },
	       { "udp 1.1.1.1 1024 2.2.2.2 8100", "in drop" },
	       { "udp 1.1.1.1 1023 2.2.2.2 8100", "other drop" },
	       { "sctp 1.1.1.1 1024 2.2.2.2 8101", "other drop" },
	       { "udp 1.1.1.1 1024 2.2.2.2 53", "policy accept" },
	       { "gre 1.1.1.1 2.2.2.2", "policy accept" },
	       { "icmp 1.1.1.1 2.2.2.2 type 8", "policy accept" });
}

Test(ruleset, icmp_types_are_told_apart_by_protocol)
{
	EXPECT("chain prerouting {\n"
	       "  icmp-type echo-request name ping4 drop\n"
	       "  icmpv6-type { echo-request, nd-neighbor-solicit } name ping6 drop\n"
	       "  icmp-type 3 icmp-code 4 name pmtu drop }",
	       { "icmp 1.1.1.1 2.2.2.2 type 8 code 0", "ping4 drop" },
	       { "icmp 1.1.1.1 2.2.2.2 type 128 code 0", "policy accept" },
	       { "icmpv6 ::1 ::2 type 128 code 0", "ping6 drop" },
	       { "icmpv6 ::1 ::2 type 135 code 0", "ping6 drop" },
	       { "icmpv6 ::1 ::2 type 8 code 0", "policy accept" },
	       { "icmp 1.1.1.1 2.2.2.2 type 3 code 4", "pmtu drop" },
	       { "icmp 1.1.1.1 2.2.2.2 type 3 code 1", "policy accept" });
}

Test(ruleset, interfaces_match_by_name_and_wildcard)
{
	EXPECT("chain prerouting {\n"
	       "  iif eth0 name exact drop\n"
	       "  iif { ppp*, wlan0 } name some drop\n"
	       "  oif != lo name out drop\n"
	       "  iif abcdefghijklmno name longest drop\n"
	       "  iif \"*\" name any drop }",
	       { "udp 1.1.1.1 1 2.2.2.2 2 in eth0", "exact drop" },
	       { "udp 1.1.1.1 1 2.2.2.2 2 in eth01", "any drop" },
	       { "udp 1.1.1.1 1 2.2.2.2 2 in eth", "any drop" },
	       { "udp 1.1.1.1 1 2.2.2.2 2 in ppp", "some drop" },
	       { "udp 1.1.1.1 1 2.2.2.2 2 in ppp17", "some drop" },
	       { "udp 1.1.1.1 1 2.2.2.2 2 out lo", "policy accept" },
	       { "udp 1.1.1.1 1 2.2.2.2 2 out lo0", "out drop" },
	       { "udp 1.1.1.1 1 2.2.2.2 2 in abcdefghijklmno", "longest drop" },
	       { "udp 1.1.1.1 1 2.2.2.2 2", "policy accept" });
}

Test(ruleset, bits_marks_and_numbers)
{
	EXPECT("chain prerouting {\n"
	       "  ct state new,related tcp flags syn/syn,ack name syn drop\n"
	       "  ct state != established tcp flags rst name rst drop\n"
	       "  status assured/assured,seen-reply name half drop\n"
	       "  meta mark 0x10/0xf0 name packet drop\n"
	       "  mark 7 name flow drop\n"
	       "  zone 3 length 1000-65535 ttl 1 name small drop\n"
	       "  uid 0 name root drop }",
	       { "tcp 1.1.1.1 1 2.2.2.2 2 state 2 flags 2", "syn drop" },
	       { "tcp 1.1.1.1 1 2.2.2.2 2 state 8 flags 2", "syn drop" },
	       { "tcp 1.1.1.1 1 2.2.2.2 2 state 2 flags 0x12", "policy accept" },
	       { "tcp 1.1.1.1 1 2.2.2.2 2 state 4 flags 2", "policy accept" },
	       { "tcp 1.1.1.1 1 2.2.2.2 2 state 1 flags 0x14", "rst drop" },
	       { "tcp 1.1.1.1 1 2.2.2.2 2 status 0x4", "half drop" },
	       { "tcp 1.1.1.1 1 2.2.2.2 2 status 0x6", "policy accept" },
	       { "tcp 1.1.1.1 1 2.2.2.2 2 pktmark 0x11f", "packet drop" },
	       { "tcp 1.1.1.1 1 2.2.2.2 2 pktmark 0x12f", "policy accept" },
	       { "tcp 1.1.1.1 1 2.2.2.2 2 mark 7", "flow drop" },
	       { "tcp 1.1.1.1 1 2.2.2.2 2 mark 8", "policy accept" },
	       { "tcp 1.1.1.1 1 2.2.2.2 2 zone 3 length 1000 ttl 1", "small drop" },
	       { "tcp 1.1.1.1 1 2.2.2.2 2 zone 3 length 999 ttl 1", "policy accept" },
	       { "tcp 1.1.1.1 1 2.2.2.2 2 uid 0", "root drop" },
	       { "tcp 1.1.1.1 1 2.2.2.2 2", "policy accept" });
}

Test(ruleset, jumps_come_back_and_returns_do_too)
{
	EXPECT("chain web { dport 80 name http accept\n"
	       "            dport 81 return\n"
	       "            jump inner\n"
	       "            dport 83 name after accept }\n"
	       "chain inner { dport 82 name inner accept; dport 83 return; dport 84 name "
	       "no drop }\n"
	       "chain prerouting { policy drop\n"
	       "  proto tcp jump web\n"
	       "  dport 81 name back accept\n"
	       "  dport 90 return\n"
	       "  dport 90 name never accept }",
	       { "tcp 1.1.1.1 1 2.2.2.2 80", "http accept" },
	       { "udp 1.1.1.1 1 2.2.2.2 80", "policy drop" },
	       { "tcp 1.1.1.1 1 2.2.2.2 81", "back accept" },
	       { "tcp 1.1.1.1 1 2.2.2.2 82", "inner accept" },
	       { "tcp 1.1.1.1 1 2.2.2.2 83", "after accept" },
	       { "tcp 1.1.1.1 1 2.2.2.2 84", "no drop" },
	       { "tcp 1.1.1.1 1 2.2.2.2 85", "policy drop" },
	       { "tcp 1.1.1.1 1 2.2.2.2 90", "policy drop" });
}

Test(ruleset, marks_are_set_and_seen_by_later_rules)
{
	struct rules *rules = rules_of(
		"linear",
		"chain prerouting {\n"
		"  dport 1 meta mark set 0x10/0xf0 mark set 5\n"
		"  meta mark 0x10/0xf0 mark 5 meta mark set 0x3/0xf name both drop\n"
		"}");
	struct rule_key key = key_of("udp 1.1.1.1 1 2.2.2.2 1 pktmark 0xabcd mark 9");
	struct rule_verdict v;

	ruleset_classify(rules_peek(rules), &key, NULL, 0, 0, &v);
	cr_assert_eq(v.verdict, CTQ_VERDICT_DROP);
	cr_assert_eq(v.reason, CTQ_DROP_RULE);
	cr_assert_eq(v.packet_mark.mask, 0xff);
	cr_assert_eq(v.packet_mark.value, 0x13);
	cr_assert_eq(v.flow_mark.mask, UINT32_MAX);
	cr_assert_eq(v.flow_mark.value, 5);
	cr_assert_eq(key.packet_mark, 0xabcd, "the caller's key is its own");
	rules_destroy(rules);
}

Test(ruleset, the_first_generation_accepts_everything)
{
	struct rule_key key = key_of("udp 1.1.1.1 1 2.2.2.2 1");
	struct rule_verdict v;
	struct rules *rules;
	uint8_t hook;
	int err;

	rules = rules_new("linear", 1, NULL, &err);
	cr_assert_eq(ruleset_generation(rules_peek(rules)), 1);
	for (hook = 0; hook < PACKET_HOOKS; hook++) {
		key.hook = hook;
		ruleset_classify(rules_peek(rules), &key, NULL, 0, 0, &v);
		cr_assert_eq(v.verdict, CTQ_VERDICT_ACCEPT);
		cr_assert_eq(v.reason, CTQ_ACCEPT_POLICY);
		cr_assert_eq(v.generation, 1);
		cr_assert_eq(v.id, 0);
		cr_assert_eq(v.index, hook);
	}
	rules_destroy(rules);
}
