/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of the fake's five flows in each format, byte for byte.
 */
#include <criterion/criterion.h>

#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <stdlib.h>
#include <string.h>

#include "ctq/ctq.h"
#include "run.h"

static struct fake *fake;

static void setup(void)
{
	fake = fake_new();
}

static void teardown(void)
{
	fake_end(fake);
}

TestSuite(render, .init = setup, .fini = teardown);

Test(render, text_for_a_pipe)
{
	run_expect(fake, "list", 0,
	           "proto  state        orig                                      reply  "
	           "        "
	           "                    timeout    bytes  flags\n"
	           "tcp    ESTABLISHED  192.0.2.7:51514 > 198.51.100.9:443        "
	           "(mirror)       "
	           "                      15120  1263333  ASSURED\n"
	           "tcp    SYN_SENT     192.0.2.8:40112 > 198.51.100.9:443        -      "
	           "        "
	           "                         58       60  UNREPLIED\n"
	           "udp    -            [2001:db8::7]:5353 > [2001:db8:1::53]:53  "
	           "(mirror)       "
	           "                         30      440  -\n"
	           "icmp   -            192.0.2.7 > 198.51.100.1 id 512           "
	           "(mirror)       "
	           "                         29      504  -\n"
	           "tcp    ESTABLISHED  203.0.113.5:1025 > 192.0.2.1:80           "
	           "10.0.0.80:8080 "
	           "> 203.0.113.5:1025   432000     3000  ASSURED DST_NAT\n",
	           "");
}

Test(render, text_for_a_terminal)
{
	struct run run = run_tool_terminal(fake, "list --color never -n 2");

	cr_assert_eq(run.code, 0);
	cr_expect_str_eq(run.out,
	                 "proto  state        orig                                reply  "
	                 "   timeout"
	                 "    bytes  flags\n"
	                 "tcp    ESTABLISHED  192.0.2.7:51514 → 198.51.100.9:443  "
	                 "(mirror)    4h12m"
	                 "  1.2 MiB  ASSURED\n"
	                 "tcp    SYN_SENT     192.0.2.8:40112 → 198.51.100.9:443  –      "
	                 "       58s"
	                 "     60 B  UNREPLIED\n"
	                 "2 of 5 shown (table 18 231 / 262 144, 6 %)\n",
	                 "%s", run.out);
	run_end(&run);
}

Test(render, colour_only_where_wanted)
{
	struct run run = run_tool_terminal(fake, "list -n 1");

	cr_expect_eq(strncmp(run.out, "\033[1mproto", 9), 0);
	run_end(&run);
	run = run_tool(fake, "list -n 1");
	cr_expect_null(strchr(run.out, '\033'));
	run_end(&run);
	run = run_tool(fake, "list -n 1 --color=always");
	cr_expect_not_null(strchr(run.out, '\033'));
	run_end(&run);
}

Test(render, wide)
{
	run_expect(fake, "-o wide -H list -n 2", 0,
	           "77041  tcp  ESTABLISHED  192.0.2.7:51514 > 198.51.100.9:443  "
	           "(mirror)  15120  "
	           "331  2  1852  1263333  0x0  0  eth0  eth1  accept  allow-web  "
	           "accept.rule    "
	           "ASSURED\n"
	           "77042  tcp  SYN_SENT     192.0.2.8:40112 > 198.51.100.9:443  -       "
	           "     58  "
	           "331  2     1       60  0x0  0  eth0  eth1  accept  -          "
	           "accept.policy  "
	           "UNREPLIED\n",
	           "");
}

Test(render, references_of_dying_flows)
{
	run_expect(fake, "list dying -n 1", 0,
	           "proto  state        orig                                reply     "
	           "refs  table  "
	           "packet  dump  event  expect  control  end      flags\n"
	           "tcp    ESTABLISHED  192.0.2.7:51514 > 198.51.100.9:443  (mirror)     "
	           "1      0  "
	           "     1     0      0       0        0  evicted  ASSURED\n",
	           "");
}

Test(render, save)
{
	run_expect(fake, "-o save list", 0,
	           "add proto tcp state ESTABLISHED timeout 15120 src 192.0.2.7 dst "
	           "198.51.100.9 "
	           "sport 51514 dport 443 mark 0x0 zone 0 id 77041\n"
	           "add proto tcp state SYN_SENT timeout 58 src 192.0.2.8 dst "
	           "198.51.100.9 sport "
	           "40112 dport 443 mark 0x0 zone 0 id 77042\n"
	           "add proto udp timeout 30 src 2001:db8::7 dst 2001:db8:1::53 sport "
	           "5353 dport 53 "
	           "mark 0x10 zone 3 id 77043\n"
	           "add proto icmp timeout 29 src 192.0.2.7 dst 198.51.100.1 icmp-type 8 "
	           "icmp-code "
	           "0 icmp-id 512 mark 0x0 zone 0 id 77044\n"
	           "add proto tcp state ESTABLISHED timeout 432000 src 203.0.113.5 dst "
	           "192.0.2.1 "
	           "sport 1025 dport 80 reply-src 10.0.0.80 reply-dst 203.0.113.5 "
	           "reply-sport 8080 "
	           "reply-dport 1025 mark 0x0 zone 0 id 77045\n",
	           "");
}

Test(render, dump)
{
	run_expect(
		fake, "-o dump list -n 4", 0,
		"77041\tipv4\ttcp\tESTABLISHED\t192.0.2.7\t51514\t198.51.100.9\t443\t"
		"198.51.100.9\t443\t192.0.2."
		"7\t51514\t812\t120331\t1040\t1143002\t15120\t331\t2\t"
		"0\t0\t14\teth0\teth1\taccept\taccept.rule\tallow-web\t42\n"
		"77042\tipv4\ttcp\tSYN_SENT\t192.0.2.8\t40112\t198.51.100.9\t443\t198.51."
		"100.9\t"
		"443\t192.0.2."
		"8\t40112\t1\t60\t0\t0\t58\t331\t2\t0\t0\t8\teth0\teth1\taccept\t"
		"accept.policy\t-\t42\n"
		"77043\tipv6\tudp\t-\t2001:db8::7\t5353\t2001:db8:1::53\t53\t2001:db8:1::"
		"53\t53\t"
		"2001:db8::"
		"7\t5353\t2\t140\t2\t300\t30\t331\t2\t16\t3\t10\teth0\teth1\taccept\t"
		"accept.policy\t-\t42\n"
		"77044\tipv4\ticmp\t-\t192.0.2.7\t-\t198.51.100.1\t-\t198.51.100.1\t-\t"
		"192.0.2.7\t-\t3\t252\t3\t252\t29\t-\t-\t0\t0\t10\t-\t-\t-\t-\t-\t-\n",
		"");
}

Test(render, json_lines)
{
	run_expect(fake, "-J list -n 1", 0,
	           "{\"id\":77041,\"family\":\"ipv4\",\"proto\":\"tcp\",\"state\":"
	           "\"ESTABLISHED\","
	           "\"orig\":{\"src\":\"192.0.2.7\",\"dst\":\"198.51.100.9\",\"sport\":"
	           "51514,"
	           "\"dport\":443},\"reply\":{\"src\":\"198.51.100.9\",\"dst\":\"192.0.2."
	           "7\","
	           "\"sport\":443,\"dport\":51514},\"orig_packets\":812,\"orig_bytes\":"
	           "120331,"
	           "\"reply_packets\":1040,\"reply_bytes\":1143002,\"timeout\":15120,"
	           "\"age\":331,"
	           "\"idle\":2,\"mark\":0,\"zone\":0,\"start\":1700000000000000000,"
	           "\"labels\":[],\"status\":[\"SEEN_"
	           "REPLY\","
	           "\"ASSURED\",\"CONFIRMED\"],\"rule\":\"allow-web\",\"rule_id\":5,"
	           "\"policy_gen\":42,"
	           "\"verdict\":\"accept\",\"reason\":\"accept.rule\",\"iif\":\"eth0\","
	           "\"oif\":\"eth1\"}"
	           "\n",
	           "");
}

Test(render, json_list)
{
	struct run run = run_tool(fake, "-j list dying -n 2");

	cr_assert_eq(strncmp(run.out, "[\n{\"id\":77041,", 14), 0);
	cr_assert_not_null(strstr(run.out, "},\n{\"id\":77042,"));
	cr_assert_not_null(strstr(run.out,
	                          "\"end\":\"evicted\",\"references\":{\"total\":1,"
	                          "\"table\":0,\"packet\":1,"));
	cr_assert_str_eq(run.out + strlen(run.out) - 5, "}}\n]\n");
	run_end(&run);
}

/* As "conntrack -L -o extended,id" has it: that calls nfct_snprintf() with these flags. */
Test(render, conntracks_own_lines)
{
	static const unsigned int flags = NFCT_OF_SHOW_LAYER3 | NFCT_OF_ID;
	char wanted[FAKE_FLOWS * 512] = "", line[512];
	struct ctlink_message m;
	struct nf_conntrack *ct;
	struct ctq_flow *flow;
	struct run run;
	unsigned int i;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	for (i = 0; i < FAKE_FLOWS; i++) {
		ctlink_message_reset(&m);
		fake_flow_message(i,
		                  CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW),
		                  0, 0, &m);
		cr_assert_eq(ctq_flow_parse(&flow, m.data, m.size), 0);
		ct = nfct_clone(ctq_flow_conntrack(flow));
		nfct_attr_unset(ct, ATTR_TIMESTAMP_START); /* the kernel keeps none */
		nfct_snprintf(line, sizeof(line), ct, NFCT_T_UNKNOWN, NFCT_O_DEFAULT,
		              flags);
		nfct_destroy(ct);
		strcat(strcat(wanted, line), "\n");
		ctq_flow_destroy(flow);
	}
	ctlink_message_fini(&m);
	run_expect(fake, "list -o conntrack", 0, wanted, "");
	run_expect(fake, "list -o extended,id", 0, wanted, "");
	cr_expect_null(strstr(wanted, "delta-time="));
	run = run_tool(fake, "list -o ktimestamp -n 1");
	cr_expect_not_null(strstr(run.out, "delta-time="));
	cr_expect_not_null(strstr(run.out, "[start="));
	run_end(&run);
}

Test(render, conntracks_events)
{
	struct run run;

	fake->announce = true;
	run = run_tool(fake, "monitor -o id -n 1");
	cr_expect_str_eq(
		run.out,
		"    [NEW] tcp      6 58 SYN_SENT src=192.0.2.8 dst=198.51.100.9 "
		"sport=40112 dport=443 packets=1 bytes=60 [UNREPLIED] src=198.51.100.9 "
		"dst=192.0.2.8 sport=443 dport=40112 packets=0 bytes=0 mark=0 use=1 "
		"id=77042\n",
		"%s", run.out);
	run_end(&run);
	run = run_tool(fake, "monitor -o timestamp -n 1");
	cr_expect_eq(run.out[0], '[');
	cr_expect_str_eq(strchr(run.out, '.') + 7, strstr(run.out, "]\t    [NEW] tcp"));
	run_end(&run);
}

Test(render, details)
{
	setenv("TZ", "UTC", 1);
	run_expect(fake,
	           "get proto tcp src 192.0.2.7 dst 198.51.100.9 sport 51514 dport 443",
	           0,
	           "tcp ESTABLISHED  id 77041\n"
	           "  orig       192.0.2.7:51514 > 198.51.100.9:443\n"
	           "  reply      198.51.100.9:443 > 192.0.2.7:51514\n"
	           "  sent       812 packets, 117.5 KiB\n"
	           "  received   1040 packets, 1.0 MiB\n"
	           "  flags      ASSURED\n"
	           "  timeout    4h12m\n"
	           "  age        5m31s\n"
	           "  idle       2s\n"
	           "  start      2023-11-14 22:13:20 +0000\n"
	           "  mark       0x0\n"
	           "  zone       0\n"
	           "  in         eth0\n"
	           "  out        eth1\n"
	           "  verdict    accept by rule allow-web (accept.rule: a rule accepts), "
	           "generation 42"
	           "\n",
	           "");
}
