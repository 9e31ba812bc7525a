/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "ctq/reasons.h"
#include "daemon/drop_log.h"

static struct path_sighting sighting(uint16_t reason)
{
	struct path_sighting s = {
		.reason = reason,
		.hook = PACKET_HOOK_POSTROUTING,
		.family = AF_INET,
		.length = 60,
		.has_tuple = true,
	};

	s.tuple.l3 = AF_INET;
	s.tuple.l4 = IPPROTO_TCP;
	inet_pton(AF_INET, "192.0.2.7", s.tuple.src);
	inet_pton(AF_INET, "198.51.100.9", s.tuple.dst);
	s.tuple.src_id = htons(1024);
	s.tuple.dst_id = htons(22);
	return s;
}

static const char *line(const struct path_sighting *s, uint32_t rule, const char *name)
{
	static char text[512];
	struct rules_log_entry e;

	drop_log_entry(s, "lan", "wan", &e);
	e.rule = rule;
	strcpy(e.name, name);
	drop_log_format(s, &e, text, sizeof(text));
	return text;
}

Test(drop_log, says_which_packet_was_dropped_and_why)
{
	struct path_sighting s = sighting(CTQ_DROP_TABLE_FULL);

	cr_assert_str_eq(line(&s, 0, ""),
	                 "drop.table-full tcp 192.0.2.7:1024 > 198.51.100.9:22 in lan "
	                 "out wan at postrouting, 60 bytes");
	s = sighting(CTQ_DROP_RULE);
	cr_assert_str_eq(line(&s, 7, "no-ssh"),
	                 "drop.rule tcp 192.0.2.7:1024 > 198.51.100.9:22 in lan out wan "
	                 "at postrouting, 60 bytes, rule 7 no-ssh");
}

Test(drop_log, says_why_it_is_invalid_and_only_what_could_be_read)
{
	struct path_sighting s = sighting(CTQ_DROP_POLICY);

	s.has_tuple = false;
	s.invalid = CTQ_INVALID_L4_TRUNCATED;
	cr_assert_str_eq(line(&s, 0, ""),
	                 "drop.policy tcp 192.0.2.7 > 198.51.100.9 in lan out wan at "
	                 "postrouting, 60 bytes, invalid.l4-truncated");
	memset(&s.tuple, 0, sizeof(s.tuple));
	cr_assert_str_eq(
		line(&s, 0, ""),
		"drop.policy unreadable in lan out wan at postrouting, 60 bytes, "
		"invalid.l4-truncated");
}
