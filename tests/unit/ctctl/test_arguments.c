/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <string.h>

#include "base/base.h"
#include "run.h"

/* None of these reaches a daemon. */
static const struct {
	const char *line, *message;
} rows[] = {
	{ "lst", "error: unknown command 'lst'\n"
	         "  ctctl lst\n"
	         "        ^^^  did you mean 'list'?\n" },
	{ "list --sorte bytes", "error: unknown option '--sorte' of list\n"
	                        "  ctctl list --sorte bytes\n"
	                        "             ^^^^^^^  did you mean '--sort'?\n" },
	{ "-x", "error: unknown option '-x'\n"
	        "  ctctl -x\n"
	        "        ^^\n" },
	{ "run conntrack -L", "error: unknown option '-L' of run\n"
	                      "  ctctl run conntrack -L\n"
	                      "                      ^^\n"
	                      "  put '--' before the command\n" },
	{ "run conntrack", "error: put '--' before the command\n"
	                   "  ctctl run conntrack\n"
	                   "            ^^^^^^^^^\n" },
	{ "list --limit", "error: '--limit' needs N\n"
	                  "  ctctl list --limit\n"
	                  "             ^^^^^^^\n" },
	{ "list --zero=5", "error: '--zero' takes no value\n"
	                   "  ctctl list --zero=5\n"
	                   "             ^^^^^^^^\n" },
	{ "list -n 0", "error: '0' is not a number of flows from 1 to 4294967295\n"
	               "  ctctl list -n 0\n"
	               "                ^\n" },
	{ "list -nx", "error: 'x' is not a number of flows from 1 to 4294967295\n"
	              "  ctctl list -nx\n"
	              "               ^\n" },
	{ "list --sort size",
	  "error: 'size' is not one of bytes, packets, age, idle, timeout\n"
	  "  ctctl list --sort size\n"
	  "                    ^^^^\n" },
	{ "list -o xml", "error: unknown output 'xml'\n"
	                 "  ctctl list -o xml\n"
	                 "                ^^^\n"
	                 "  outputs: text wide save dump json ndjson conntrack "
	                 ""
	                 "extended,id,timestamp,ktimestamp,labels\n" },
	{ "list -o id,lables", "error: unknown output 'lables'\n"
	                       "  ctctl list -o id,lables\n"
	                       "                   ^^^^^^\n"
	                       "  outputs: text wide save dump json ndjson conntrack "
	                       ""
	                       "extended,id,timestamp,ktimestamp,labels\n" },
	{ "stats -o save",
	  "error: 'stats' cannot be written as 'save': that is for flows\n" },
	{ "status --color=red", "error: --color is auto, always or never\n"
	                        "  ctctl status --color=red\n"
	                        "               ^^^^^^^^^^^\n" },
	{ "--timeout 0 status", "error: '0' is not a number of seconds from 1 to 86400\n"
	                        "  ctctl --timeout 0 status\n"
	                        "                  ^\n" },
	{ "status now", "error: 'status' does not take 'now'\n"
	                "  ctctl status now\n"
	                "               ^^^\n" },
	/* filters */
	{ "list state ESTAB", "error: unknown TCP state 'ESTAB'\n"
	                      "  ctctl list state ESTAB\n"
	                      "                   ^^^^^  did you mean 'ESTABLISHED'?\n"
	                      "  states: NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT "
	                      "CLOSE_WAIT LAST_ACK TIME_WAIT "
	                      "CLOSE SYN_SENT2\n" },
	{ "list src 10.0.0.300",
	  "error: '10.0.0.300' is not an IP address (octet 4 is above 255)\n"
	  "  ctctl list src 10.0.0.300\n"
	  "                 ^^^^^^^^^^\n" },
	{ "list dport 80,x,443",
	  "error: 'x' is not a number\n"
	  "  ctctl list dport 80,x,443\n"
	  "                      ^\n"
	  "  allowed: 0 to 65535; names of services are not looked "
	  "up\n" },
	{ "list dying dport", "error: 'dport' needs a value here\n"
	                      "  ctctl list dying dport\n"
	                      "                         ^\n" },
	{ "list zone 1 -o wide dprot 1",
	  "error: unknown word 'dprot'\n"
	  "  ctctl list zone 1 -o wide dprot 1\n"
	  "                            ^^^^^  did you mean 'dport'?\n"
	  "  words: family proto src dst sport dport icmp-type icmp-code iif oif status "
	  "mark zone "
	  "host reply-src reply-dst reply-sport reply-dport state age idle timeout "
	  "packets bytes "
	  "rule verdict reason id port label\n" },
	{ "-L -s 10.0.0 -p tcp",
	  "error: '10.0.0' is not an IP address (it has 3 octets, not 4)\n"
	  "  ctctl -L -s 10.0.0 -p tcp\n"
	  "              ^^^^^^\n" },
	{ "-L --dport=99999", "error: '99999' is above 65535\n"
	                      "  ctctl -L --dport=99999\n"
	                      "                   ^^^^^\n" },
	{ "list dying -z",
	  "error: only the counters of the table's own flows can be zeroed\n" },
	/* verbs */
	{ "delete", "error: 'delete' needs a filter; to empty the whole table say: ctctl "
	            "flush --yes\n" },
	{ "get", "error: 'get' needs a tuple or a filter: ctctl get id 7\n" },
	{ "load", "error: 'load' needs a file: ctctl load /etc/ctqd/rules.ctq\n" },
	{ "set mark 1",
	  "error: 'set' needs a filter; for all flows say: ctctl set all ...\n" },
	{ "set src 10.0.0.1 color 1",
	  "error: 'color' cannot be set: mark, timeout and label can\n"
	  "  ctctl set src 10.0.0.1 color 1\n"
	  "                         ^^^^^\n" },
	{ "set all timeout 5x", "error: '5x' is not a timeout (90, 5m, 1h)\n"
	                        "  ctctl set all timeout 5x\n"
	                        "                        ^^\n" },
	{ "set all mark -1", "error: unknown option '-1' of set\n"
	                     "  ctctl set all mark -1\n"
	                     "                     ^^\n" },
	{ "count by colour", "error: flows cannot be counted by 'colour'\n"
	                     "  ctctl count by colour\n"
	                     "                 ^^^^^^\n" },
	{ "count by proto/8", "error: flows cannot be counted by 'proto/8'\n"
	                      "  ctctl count by proto/8\n"
	                      "                 ^^^^^^^  did you mean 'proto'?\n" },
	{ "count by src/129", "error: '129' is not a prefix length from 0 to 128\n"
	                      "  ctctl count by src/129\n"
	                      "                     ^^^\n" },
	{ "count proto tcp by", "error: 'by' needs a field: by proto, by src/24\n"
	                        "  ctctl count proto tcp by\n"
	                        "                        ^^\n" },
	{ "monitor new,old", "error: 'old' is none of new, update, destroy, rules, drop, "
	                     "expect, ask, sets, all\n"
	                     "  ctctl monitor new,old\n"
	                     "                ^^^^^^^\n" },
	{ "answer 17 maybe", "error: 'maybe' is no verdict: accept or drop\n"
	                     "  ctctl answer 17 maybe\n"
	                     "                  ^^^^^\n" },
	{ "answer 17 accept it", "error: 'it' is no scope: packet or flow\n"
	                         "  ctctl answer 17 accept it\n"
	                         "                         ^^\n" },
	{ "help lod", "error: unknown command 'lod'\n"
	              "  ctctl help lod\n"
	              "             ^^^  did you mean 'load'?\n" },
	{ "--completion tcsh", "error: 'tcsh' is not one of bash, zsh, fish\n" },
};

Test(arguments, mistakes_are_shown_where_they_are)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(rows); i++)
		run_expect(NULL, rows[i].line, 2, "", rows[i].message);
}

/* Each pair asks for the same. */
static const struct {
	const char *line, *same;
} same[] = {
	{ "-L", "list" },
	{ "--dump", "list" },
	{ "-L -s 192.0.2.7 -p tcp", "list src 192.0.2.7 proto tcp" },
	{ "-s 192.0.2.7 -L conntrack", "list src 192.0.2.7" },
	{ "-L -q 192.0.2.7", "list reply-dst 192.0.2.7" },
	{ "-L --src-nat", "list status snat" },
	{ "-L dying", "list dying" },
	{ "list -n2", "list --limit=2" },
	{ "list -n 2 -H", "-H list --limit 2" },
	{ "-jH list", "list -j -H" },
	{ "list -- zone 1", "list zone 1" },
	{ "-C", "count" },
	{ "-S", "stats" },
	{ "-D -s 192.0.2.7", "delete src 192.0.2.7" },
	{ "-L -o extended,id", "list -o conntrack" },
	{ "", "status" },
};

/* Requests @a and @b ask for the same, but for their sequence numbers. */
static bool same_request(const struct nlmsghdr *a, const struct nlmsghdr *b)
{
	return a->nlmsg_len == b->nlmsg_len && a->nlmsg_type == b->nlmsg_type &&
	       a->nlmsg_flags == b->nlmsg_flags &&
	       memcmp(a + 1, b + 1, a->nlmsg_len - sizeof(*a)) == 0;
}

static void expect_same(struct fake *fake, const char *line, const char *other)
{
	unsigned int before = fake->n_requests, middle, i;
	struct run a = run_tool(fake, line), b;

	middle = fake->n_requests;
	b = run_tool(fake, other);
	cr_expect_eq(a.code, 0, "%s: %s", line, a.err);
	cr_expect_eq(b.code, 0, "%s: %s", other, b.err);
	cr_expect_str_eq(a.out, b.out, "%s", line);
	cr_assert_eq(fake->n_requests - middle, middle - before, "%s", line);
	for (i = 0; i < middle - before; i++)
		cr_expect(same_request(fake->requests[before + i],
		                       fake->requests[middle + i]),
		          "%s: request %u", line, i);
	run_end(&a);
	run_end(&b);
}

Test(arguments, conntracks_letters_mean_our_verbs)
{
	struct fake *fake = fake_new();
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(same); i++)
		expect_same(fake, same[i].line, same[i].same);
	fake_end(fake);
}

Test(arguments, help_tells_every_command_and_option)
{
	struct run run = run_tool(NULL, "--help");

	cr_assert_eq(run.code, 0);
	cr_assert_not_null(
		strstr(run.out, "-L, list [dying|unconfirmed|expect|ask] [FILTER]"));
	cr_assert_not_null(strstr(run.out, "-j, --json"));
	cr_assert_null(strstr(run.out, "completion"));
	run_end(&run);
	run = run_tool(NULL, "help list");
	cr_assert_eq(run.code, 0);
	cr_assert_not_null(strstr(run.out, "--sort KEY"));
	cr_assert_not_null(strstr(run.out, "-s, --src ADDRESS"));
	cr_assert_not_null(strstr(run.out, "state established"));
	run_end(&run);
	run_expect(NULL, "load -h", 0, NULL, "");
	run = run_tool(NULL, "-V");
	cr_assert_eq(strncmp(run.out, "ctctl ", 6), 0);
	run_end(&run);
}
