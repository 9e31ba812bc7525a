/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <string.h>

#include "base/base.h"
#include "text.h"

static struct config running, wanted;
static struct text_sink errors, names;

static const char *diff(const char *a, const char *b)
{
	memset(&names, 0, sizeof(names));
	cr_assert(text_load(&running, a, &errors) == 0, "%s", errors.bytes);
	cr_assert(text_load(&wanted, b, &errors) == 0, "%s", errors.bytes);
	config_diff(&running, &wanted, text_report, &names);
	return names.bytes;
}

Test(diff, names_what_needs_a_restart)
{
	cr_expect_str_eq(diff("", "table { max 5; } daemon { user nobody; }"),
	                 "daemon.user\ntable.max\n");
	cr_expect_str_eq(diff("on-policy-change keep;", ""), "on-policy-change\n");
	cr_expect_str_eq(diff("", "rules-backend linear;"), "rules-backend\n");
	cr_expect_str_eq(diff("mark { seen none; }", ""), "mark.seen\n");
}

Test(diff, says_nothing_of_what_a_reload_changes)
{
	cr_expect_str_eq(diff("", "rules /etc/r; daemon { log debug; }"
	                          "timeouts { icmp 5s; } tracking { tcp-loose no; }"),
	                 "");
}

Test(diff, any_change_of_queues_is_one_line)
{
	cr_expect_str_eq(diff("", "queues 0 { hook prerouting; }"), "queues\n");
	cr_expect_str_eq(diff("queues 0 { hook prerouting; gso no; }",
	                      "queues 0 { hook prerouting; }"),
	                 "queues\n");
	cr_expect_str_eq(diff("queues 0 { hook prerouting; gso yes; }",
	                      "queues 0 { hook prerouting; }"),
	                 "");
}
