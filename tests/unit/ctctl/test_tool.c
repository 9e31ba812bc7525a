/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctlink/ask.h"
#include "run.h"

#define CT(message)     CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_##message)
#define DAEMON(message) CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_##message)

static struct fake *fake;

static void setup(void)
{
	fake = fake_new();
}

static void teardown(void)
{
	fake_end(fake);
}

TestSuite(tool, .init = setup, .fini = teardown);

/* ---- exit codes ----------------------------------------------------------------------- */

Test(tool, no_daemon_is_3)
{
	struct run run;

	run_expect(NULL, "--socket /nonexistent/ctl.sock list", 3, "",
	           "error: ctqd does not answer on /nonexistent/ctl.sock: no such file\n"
	           "  is it running?  systemctl status ctqd\n");
	run = run_tool_input(NULL, "--socket /nonexistent/ctl.sock load -",
	                     "chain output { policy drop }\n");
	cr_assert_eq(run.code, 3, "%s", run.err);
	run_end(&run);
}

Test(tool, a_refusal_is_1_and_said_in_the_daemons_words)
{
	fake->refuse = DAEMON(RELOAD);
	ctlink_error_set(&fake->error, -EINVAL, 0,
	                 "/etc/ctqd/ctqd.conf:3: unknown key 'tabel'");
	ctlink_error_hint(&fake->error, "did you mean 'table'?");
	run_expect(fake, "reload", 1, "",
	           "error: /etc/ctqd/ctqd.conf:3: unknown key 'tabel'\n"
	           "  did you mean 'table'?\n");
}

Test(tool, not_permitted_is_5)
{
	fake->refuse = CT(DELETE);
	ctlink_error_set(&fake->error, -EPERM, 0, "this user may read, not change");
	run_expect(fake, "flush --yes", 5, "", "error: this user may read, not change\n");
	fake->refuse_number = 1;
	run_expect(fake, "delete zone 1", 5, "", NULL);
}

Test(tool, a_user_who_may_not_connect_is_5)
{
	fake->unwelcome = true;
	ctlink_error_set(&fake->error, -EPERM, 0, "this user may not connect");
	ctlink_error_hint(&fake->error, "run as root");
	run_expect(fake, "list", 5, NULL,
	           "error: this user may not connect\n"
	           "  run as root\n");
}

Test(tool, an_incomplete_answer_is_6)
{
	struct run run;

	fake->interrupted = true;
	run = run_tool(fake, "-H list");
	cr_assert_eq(run.code, 6);
	cr_assert_not_null(strstr(run.out, "203.0.113.5"), "what came is shown");
	cr_assert_str_eq(
		run.err,
		"error: the list may be incomplete: it changed too much while it "
		"was read\n");
	run_end(&run);
	fake->hang_up = DAEMON(GET);
	run_expect(fake, "status", 6, "", NULL);
	fake->hang_up = 0;
	fake->silent = DAEMON(STATS_GET);
	run_expect(fake, "--timeout 1 stats", 6, "", NULL);
}

Test(tool, explain_writes_steps_and_verdict)
{
	run_expect(fake, "explain tcp 10.0.0.1:1 > 10.0.0.2:2", 0,
	           "chain prerouting\n"
	           "policy of chain prerouting\n"
	           "drop: drop.policy (generation 42)\n",
	           "");
	run_expect(fake, "-J explain tcp 10.0.0.1:1 > 10.0.0.2:2", 0,
	           "{\"step\":\"chain\",\"chain\":\"prerouting\"}\n"
	           "{\"step\":\"policy\",\"chain\":\"prerouting\"}\n"
	           "{\"step\":\"verdict\",\"chain\":\"prerouting\",\"verdict\":\"drop\","
	           "\"reason\":\"drop.policy\",\"generation\":42,\"rules_held\":[]}\n",
	           "");
	run_expect(fake, "explain tcp 10.0.0.1 > 10.0.0.2 inn eth0", 2, "", NULL);
	run_expect(fake, "explain", 2, "", NULL);
}

Test(tool, nothing_matched_is_0_or_4)
{
	fake->empty = true;
	run_expect(fake, "list zone 9 -H", 0, "", "");
	run_expect(fake, "-j list zone 9", 0, "[]\n", "");
	run_expect(fake, "delete zone 9", 0, "0 flows deleted\n", "");
	run_expect(fake, "delete zone 9 --fail-if-none", 4, "0 flows deleted\n", "");
	run_expect(fake, "get id 9", 1, "", "error: there is no such flow\n");
}

Test(tool, a_degraded_daemon_makes_status_1)
{
	struct run run;

	run_expect(fake, "status", 0, NULL, "");
	fake->degraded = true;
	run = run_tool(fake, "status");
	cr_assert_eq(run.code, 1);
	cr_assert_not_null(strstr(run.out, "warning  queue 1: worker stuck for 2.3 s\n"));
	run_end(&run);
	run_expect(fake, "status -q", 1, "", "");
}

/* ---- verbs ------------------------------------------------------------------------------- */

Test(tool, status_is_one_screen)
{
	run_expect(fake, "", 0,
	           "ctqd 0.1.0  pid 4711  up 1d1h  workers 2  clients 1\n"
	           "config   /etc/ctqd/ctqd.conf\n"
	           "rules    3  generation 42\n"
	           "table    18231 / 262144 flows (6 %)  assured 17002  unconfirmed 4  "
	           "dying 1  "
	           "memory 4.0 MiB\n"
	           "queues   2  waiting 6  packets 182446228  accepted 182446000  "
	           "dropped 222  "
	           "lost 1204  FAIL-OPEN 1\n"
	           "drops    rule 98  late 2\n",
	           "");
}

Test(tool, status_as_json)
{
	run_expect(fake, "-j status", 0,
	           "{\"version\":\"0.1.0\",\"pid\":4711,\"started\":1700000000,"
	           "\"uptime\":90061,"
	           "\"config\":\"/etc/ctqd/ctqd.conf\",\"workers\":2,\"flows\":18231,"
	           "\"flows_max\":262144,\"assured\":17002,\"unconfirmed\":4,\"dying\":1,"
	           "\"generation\":42,\"rules\":3,\"clients\":1,\"table_memory\":1048576,"
	           "\"slab_memory\":3145728,\"queues\":{\"queues\":2,\"depth\":6,"
	           "\"packets\":182446228,\"accepted\":182446000,\"dropped\":222,"
	           "\"kernel_dropped\":1204,\"user_dropped\":0,\"fail_open\":1},"
	           "\"drops\":{\"drop.rule\":98,\"drop.late\":2},\"warnings\":[]}\n",
	           "");
}

Test(tool, counts)
{
	run_expect(fake, "count", 0, "5\n", "");
	run_expect(fake, "-j count zone 1", 0, "{\"flows\":5,\"total\":18231}\n", "");
	run_expect(fake, "count by proto", 0,
	           "flows  proto\n"
	           "    3  tcp\n"
	           "    1  icmp\n"
	           "    1  udp\n",
	           "");
	run_expect(fake, "-H count proto tcp by src/24", 0,
	           "3  192.0.2.0/24\n"
	           "1  2001:d00::/24\n"
	           "1  203.0.113.0/24\n",
	           "");
	run_expect(fake, "-J count by rule", 0,
	           "{\"rule\":\"-\",\"flows\":3}\n"
	           "{\"rule\":\"allow-web\",\"flows\":2}\n",
	           "");
	run_expect(fake, "-j count by zone", 0,
	           "[{\"zone\":\"0\",\"flows\":4},{\"zone\":\"3\",\"flows\":1}]\n", "");
}

Test(tool, sorts_and_limits)
{
	run_expect(fake, "-H -o dump list -n 1", 0, NULL, "");
	run_expect(
		fake, "-o conntrack list --sort bytes -n 2", 0,
		"ipv4     2 tcp      6 15120 ESTABLISHED src=192.0.2.7 dst=198.51.100.9 "
		"sport=51514 dport=443 packets=812 bytes=120331 src=198.51.100.9 "
		"dst=192.0.2.7 "
		"sport=443 dport=51514 packets=1040 bytes=1143002 [ASSURED] mark=0 use=1 "
		"id=77041\n"
		"ipv4     2 tcp      6 432000 ESTABLISHED src=203.0.113.5 dst=192.0.2.1 "
		"sport=1025 dport=80 packets=10 bytes=1000 src=10.0.0.80 dst=203.0.113.5 "
		"sport=8080 dport=1025 packets=10 bytes=2000 [ASSURED] mark=0 use=1 "
		"id=77045\n",
		"");
}

Test(tool, changes_flows_one_by_one)
{
	struct ctlink_flow flow = { 0 };

	run_expect(fake, "set proto tcp mark 0x20", 0, "5 flows changed\n", "");
	cr_assert_eq(ctlink_flow_parse(fake_request(fake, CT(NEW)), &flow, NULL), 0);
	cr_assert_eq(flow.mark, 0x20);
	run_expect(fake, "set all timeout 2h -q", 0, "", "");
	memset(&flow, 0, sizeof(flow));
	cr_assert_eq(ctlink_flow_parse(fake_request(fake, CT(NEW)), &flow, NULL), 0);
	cr_assert_eq(flow.timeout, 7200);
	cr_assert_not(flow.has >> CTLINK_FLOW_MARK & 1);
}

Test(tool, flush_asks_for_yes)
{
	run_expect(fake, "flush", 2, "",
	           "error: nothing is removed: to empty the whole table say: ctctl flush "
	           "--yes\n");
	cr_assert_null(fake_request(fake, CT(DELETE)));
	run_expect(fake, "flush --yes", 0, "5 flows removed\n", "");
	run_expect(fake, "-j flush --yes", 0, "{\"deleted\":5}\n", "");
	run_expect(fake, "-j set all mark 1", 0, "{\"changed\":5}\n", "");
	run_expect(fake, "-j delete zone 1", 0, "{\"deleted\":5}\n", "");
	cr_assert_not_null(fake_request(fake, CT(DELETE)));
}

Test(tool, stats_and_reasons)
{
	run_expect(fake, "stats", 0,
	           "counter       total  per second\n"
	           "packets        1000         100\n"
	           "bytes         64000        6400\n"
	           "flow.evicted     20           2\n",
	           "");
	run_expect(fake, "stats --reasons -H", 0,
	           "accept.flow  900  90\n"
	           "drop.rule     98   9\n"
	           "drop.late      2   0\n",
	           "");
	run_expect(
		fake, "-j stats", 0,
		"{\"packets\":1000,\"bytes\":64000,\"interval\":10000000000,"
		"\"counters\":{\"flow.evicted\":20},"
		"\"reasons\":{\"accept.flow\":900,\"drop.rule\":98,\"drop.late\":2}}\n",
		"");
}

Test(tool, queues)
{
	run_expect(
		fake, "queues", 0,
		"queue  hook         worker  cpu  depth/max      oldest  held   packets  "
		"accepted  "
		"dropped  kernel-full  sock-full  fail   errors\n"
		"    0  prerouting        1    2     3/4096      123456     -  91223114  "
		"91223000  "
		"    111            0          0  close       0\n"
		"    1  postrouting       1    -     3/4096  2300000000     -  91223114  "
		"91223000  "
		"    111         1204          0  open        0\n",
		"");
	run_expect(fake, "-J queues", 0, NULL, "");
}

Test(tool, questions_and_answers)
{
	const struct nlmsghdr *answer;
	struct ctlink_ask ask;

	run_expect(fake, "list ask", 0,
	           "17: tcp 192.0.2.1:1024 > 198.51.100.1:22 at prerouting, rule 7 ssh; "
	           "drop in 29s\n",
	           "");
	run_expect(fake, "-J list ask", 0,
	           "{\"id\":17,\"left_ms\":29500,\"default\":\"drop\",\"packet\":{"
	           "\"hook\":\"prerouting\",\"family\":\"ipv4\",\"proto\":\"tcp\","
	           "\"src\":\"192.0.2.1\",\"dst\":\"198.51.100.1\",\"rule\":\"ssh\","
	           "\"sport\":1024,\"dport\":22,\"rule_id\":7,\"rules_held\":[]}}\n",
	           "");
	run_expect(fake, "answer 17 drop flow", 0, "", "");
	answer = fake_request(fake, CTLINK_TYPE(CTQ_SUBSYS_ASK, CTQ_MSG_ASK_ANSWER));
	cr_assert_not_null(answer);
	cr_assert_eq(ctlink_ask_answer_parse(answer, &ask, NULL), 0);
	cr_assert(ask.id == 17 && ask.verdict == CTQ_VERDICT_DROP &&
	          ask.scope == CTQ_ASK_FLOW);
}

Test(tool, protocols)
{
	run_expect(fake, "proto", 0,
	           "proto  number  state      flows  references  from\n"
	           "udp        17  unloading      7           8  built-in\n"
	           "ospf       89  loaded         0           0  module\n",
	           "");
	run_expect(
		fake, "-j proto list", 0,
		"[{\"proto\":\"udp\",\"number\":17,\"state\":\"unloading\",\"flows\":7,"
		"\"references\":8,\"from\":\"built-in\",\"timeouts\":{\"udp_timeout\":30}"
		"},"
		"{\"proto\":\"ospf\",\"number\":89,\"state\":\"loaded\",\"flows\":0,"
		"\"references\":0,\"from\":\"module\",\"timeouts\":{}}]\n",
		"");
	run_expect(fake, "proto unload udp", 0, "", "");
	run_expect(fake, "proto load udp", 0, "", "");
	run_expect(fake, "proto unload", 2, "", NULL);
	run_expect(fake, "proto lost udp", 2, "", NULL);
}

Test(tool, rules_in_their_language)
{
	run_expect(fake, "rules", 0,
	           "# generation 42, 2 rules\n"
	           "set web { type port }  # elements 1\n"
	           "chain prerouting { policy drop\n"
	           "\tdport 443 name allow-web accept  # packets 30 bytes 1800\n"
	           "\tdport 22 name allow-ssh accept  # packets 0 bytes 0\n"
	           "}\n"
	           "chain output { policy accept\n"
	           "}\n",
	           "");
	run_expect(fake, "rules -H --unused", 0,
	           "chain prerouting { policy drop\n"
	           "\tdport 22 name allow-ssh accept\n"
	           "}\n"
	           "chain output { policy accept\n"
	           "}\n",
	           "");
	run_expect(
		fake, "-J rules --hits", 0,
		"{\"id\":5,\"chain\":\"prerouting\",\"name\":\"allow-web\","
		"\"text\":\"dport 443 name allow-web accept\",\"line\":6,\"packets\":30,"
		"\"bytes\":1800,\"hits\":3}\n",
		"");
}

Test(tool, sets_in_the_language_of_rules)
{
	run_expect(fake, "set list web", 0,
	           "set web { type port\n\telements {\n\t\t443,\n\t}\n}\n", "");
	run_expect(fake, "set test web 443", 0, "443\n", "");
	run_expect(fake, "-j set test web 443", 0,
	           "{\"key\":\"443\",\"of_rules\":false}\n", "");
}

/* What is listed without counters can be loaded again. */
Test(tool, listed_rules_can_be_loaded)
{
	struct run listed = run_tool(fake, "rules -H"), loaded;

	cr_assert_str_eq(listed.out,
	                 "set web { type port\n\telements {\n\t\t443,\n\t}\n}\n"
	                 "chain prerouting { policy drop\n"
	                 "\tdport 443 name allow-web accept\n"
	                 "\tdport 22 name allow-ssh accept\n"
	                 "}\n"
	                 "chain output { policy accept\n"
	                 "}\n");
	loaded = run_tool_input(fake, "load -", listed.out);
	cr_assert_eq(loaded.code, 0, "%s", loaded.err);
	cr_assert_str_eq(loaded.out, "generation 42 is in force\n");
	run_end(&loaded);
	run_end(&listed);
}

Test(tool, loads_and_checks)
{
	struct run run;

	run = run_tool_input(fake, "load -c -", "chain prerouting { policy drop }\n");
	cr_assert_eq(run.code, 0, "%s", run.err);
	cr_assert_str_eq(run.out, "the rules are correct\n");
	run_end(&run);
	run = run_tool_input(fake, "load -",
	                     "chain prerouting {\n\ttcp dport 22 acept\n}\n");
	cr_assert_eq(run.code, 1);
	cr_assert_not_null(strstr(run.err, "standard input:2:"), "%s", run.err);
	cr_assert_not_null(strstr(run.err, "did you mean 'accept'?"));
	cr_assert_not_null(
		strstr(run.err, "rules unchanged: generation 42 stays in force\n"));
	run_end(&run);
	run = run_tool(fake, "load /nonexistent.ctq");
	cr_assert_eq(run.code, 1);
	cr_assert_not_null(strstr(run.err, "/nonexistent.ctq"));
	run_end(&run);
}

Test(tool, what_the_daemon_refuses_of_a_file_is_located)
{
	struct run run;

	fake->refuse = CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_NEW);
	ctlink_error_set(&fake->error, -ENOENT, 0, "there is no chain 'dns'");
	run = run_tool_input(fake, "load -",
	                     "chain prerouting {\n\n\tudp dport 53 jump dns\n}\n");
	cr_assert_eq(run.code, 1);
	cr_assert_not_null(strstr(run.err, "standard input:3:"), "%s", run.err);
	cr_assert_not_null(strstr(run.err, "there is no chain 'dns'"));
	run_end(&run);
}

Test(tool, monitor_writes_each_announcement)
{
	fake->announce = true;
	run_expect(
		fake, "monitor new,update,destroy,rules -n 4", 0,
		"new      tcp   SYN_SENT    192.0.2.8:40112 > 198.51.100.9:443  "
		"UNREPLIED\n"
		"update   tcp   ESTABLISHED 192.0.2.7:51514 > 198.51.100.9:443  ASSURED\n"
		"destroy  tcp   ESTABLISHED 203.0.113.5:1025 > 192.0.2.1:80  ASSURED "
		"DST_NAT  "
		"(closed)\n"
		"rules    generation 43, 9 rules\n",
		"");
	run_expect(fake, "-E -e NEW,DESTROY -o extended,id -n 3", 0, NULL, "");
}

Test(tool, monitor_filters_what_comes)
{
	fake->announce = true;
	run_expect(
		fake, "-o save monitor -n 1 dst 192.0.2.1", 0,
		"destroy proto tcp state ESTABLISHED timeout 432000 src 203.0.113.5 dst "
		"192.0.2.1 sport 1025 dport 80 reply-src 10.0.0.80 reply-dst 203.0.113.5 "
		"reply-sport 8080 reply-dport 1025 mark 0x0 zone 0 id 77045\n",
		"");
}

Test(tool, monitor_tells_what_was_lost)
{
	fake->announce = true;
	fake->lost = 12;
	run_expect(fake, "monitor -n 4", 6, NULL,
	           "error: 12 announcements were lost: this reader is too slow\n");
	run_expect(fake, "-J monitor zone 99 -n 1", 6,
	           "{\"event\":\"overrun\",\"lost\":12}\n", "");
}

Test(tool, metrics_end_with_eof)
{
	struct run run = run_tool(fake, "metrics");

	cr_assert_eq(run.code, 0);
	cr_assert_str_eq(run.out + strlen(run.out) - 6, "# EOF\n");
	cr_assert_not_null(strstr(run.out, "\nctqd_flows 18231\n"));
	cr_assert_not_null(
		strstr(run.out, "\nctqd_verdicts_total{reason=\"drop.rule\"} 98\n"));
	cr_assert_not_null(strstr(run.out, "\nctqd_queue_depth{queue=\"1\"} 3\n"));
	run_end(&run);
}
