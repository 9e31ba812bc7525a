/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>

#include "help.h"

static const char *actions_of(struct help *h, enum track_dir dir, const char *payload,
                              size_t length)
{
	help_packet(h, dir, payload, length);
	return help_actions(h);
}

#define ACTIONS(h, dir, payload) actions_of(h, dir, payload, sizeof(payload) - 1)

Test(helper_tftp, requests_announce_the_server)
{
	struct help h;

	help_init(&h, "tftp", AF_INET);
	cr_expect_str_eq(ACTIONS(&h, TRACK_ORIGINAL, "\0\1file\0octet\0"),
	                 "expect 198.51.100.2:* > 192.0.2.1:40000");
	cr_expect_str_eq(ACTIONS(&h, TRACK_ORIGINAL, "\0\2file\0octet\0"),
	                 "expect 198.51.100.2:* > 192.0.2.1:40000");
	help_init(&h, "tftp", AF_INET6);
	cr_expect_str_eq(ACTIONS(&h, TRACK_ORIGINAL, "\0\1file\0octet\0"),
	                 "expect 2001:db8:1::2:* > 2001:db8::1:40000");
}

/* Behind NAT the answers come from and go to what the reply tuple says. */
Test(helper_tftp, follows_nat)
{
	struct help h;

	help_init(&h, "tftp", AF_INET);
	inet_pton(AF_INET, "10.9.9.9", h.in.tuple[TRACK_REPLY].src);
	inet_pton(AF_INET, "203.0.113.5", h.in.tuple[TRACK_REPLY].dst);
	h.in.tuple[TRACK_REPLY].dst_id = htons(1024);
	cr_expect_str_eq(ACTIONS(&h, TRACK_ORIGINAL, "\0\1file\0octet\0"),
	                 "expect 10.9.9.9:* > 203.0.113.5:1024");
}

Test(helper_tftp, other_messages_announce_nothing)
{
	struct help h;

	help_init(&h, "tftp", AF_INET);
	cr_expect_str_eq(ACTIONS(&h, TRACK_ORIGINAL, "\0\3\0\1data"), "");
	cr_expect_str_eq(ACTIONS(&h, TRACK_REPLY, "\0\4\0\1"), "");
	cr_expect_str_eq(ACTIONS(&h, TRACK_REPLY, "\0\5\0\1no\0"), "");
	cr_expect_str_eq(ACTIONS(&h, TRACK_ORIGINAL, "\1\1file\0"), "");
	cr_expect_str_eq(ACTIONS(&h, TRACK_ORIGINAL, "\0"), "");
}
