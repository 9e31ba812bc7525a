/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "ctq/reasons.h"
#include "daemon/rule_log.h"

static struct rules_log_entry entry(uint8_t family, const char *src, const char *dst)
{
	struct rules_log_entry e = { .rule = 7, .reason = CTQ_DROP_RULE };
	struct tuple t;

	tuple_clear(&t);
	t.l3 = family;
	t.l4 = IPPROTO_TCP;
	inet_pton(family, src, t.src);
	inet_pton(family, dst, t.dst);
	t.src_id = htons(1024);
	t.dst_id = htons(22);
	rule_key_init(&e.key, PACKET_HOOK_PREROUTING, family);
	rule_key_set_tuple(&e.key, &t);
	rule_key_set_interfaces(&e.key, "lan", NULL);
	e.key.length = 60;
	return e;
}

static const char *line(const struct rules_log_entry *e)
{
	static char text[512];

	rule_log_format(e, text, sizeof(text));
	return text;
}

Test(rule_log, says_what_became_of_which_packet_by_which_rule)
{
	struct rules_log_entry e = entry(AF_INET, "192.0.2.7", "198.51.100.9");

	cr_assert_str_eq(line(&e),
	                 "drop.rule tcp 192.0.2.7:1024 > 198.51.100.9:22 in lan at "
	                 "prerouting, 60 bytes, rule 7");
	strcpy(e.prefix, "ssh");
	strcpy(e.name, "no-ssh");
	cr_assert_str_eq(line(&e),
	                 "ssh: drop.rule tcp 192.0.2.7:1024 > 198.51.100.9:22 in lan at "
	                 "prerouting, 60 bytes, rule 7 no-ssh");
	e = entry(AF_INET6, "2001:db8::1", "::1");
	cr_assert_str_eq(line(&e),
	                 "drop.rule tcp [2001:db8::1]:1024 > [::1]:22 in lan at "
	                 "prerouting, 60 bytes, rule 7");
}

Test(rule_log, a_packet_that_nobody_can_read_is_said_to_be_so)
{
	struct rules_log_entry e = { .rule = 1, .reason = 999 };

	rule_key_init(&e.key, PACKET_HOOK_OUTPUT, AF_INET);
	cr_assert_str_eq(line(&e), "unknown unreadable at output, 0 bytes, rule 1");
}

Test(rule_log, names_cannot_forge_lines)
{
	struct rules_log_entry e = entry(AF_INET, "192.0.2.7", "198.51.100.9");

	strcpy(e.prefix, "a\nb\x1b[m");
	cr_assert_not_null(strstr(line(&e), "a?b?[m: "));
}

Test(rule_log, a_long_line_is_cut)
{
	struct rules_log_entry e = entry(AF_INET, "192.0.2.7", "198.51.100.9");
	char text[16];

	rule_log_format(&e, text, sizeof(text));
	cr_assert_str_eq(text, "drop.rule tcp 1");
}
