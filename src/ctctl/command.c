/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/command.h"

#include <string.h>

#include "ctctl/cmd.h"

/* ---- options ---------------------------------------------------------------------- */

#define SORT_KEYS "bytes packets age idle timeout"
#define OUTPUTS                                                                       \
	"text wide save dump json ndjson conntrack extended id timestamp ktimestamp " \
	"labels"
#define PROTOCOLS "tcp udp icmp icmpv6 sctp udplite gre dccp"
#define STATES \
	"SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE"

const struct option command_options[] = {
	{ OPTION_JSON, 'j', "json", NULL, "write JSON" },
	{ OPTION_NDJSON, 'J', "ndjson", NULL, "write JSON, one object per line" },
	{ OPTION_OUTPUT, 'o', "output", "FORMAT",
	  "text, wide, save, dump, conntrack (or "
	  "extended,id,timestamp,ktimestamp,labels)",
	  OUTPUTS },
	{ OPTION_IPV4, '4', "ipv4", NULL, "IPv4 only" },
	{ OPTION_IPV6, '6', "ipv6", NULL, "IPv6 only" },
	{ OPTION_NO_HEADER, 'H', "no-header", NULL, "no header and no footer" },
	{ OPTION_QUIET, 'q', "quiet", NULL, "results and errors only" },
	{ OPTION_COLOR, 0, "color", "WHEN", "auto, always or never",
	  "auto always never" },
	{ OPTION_SOCKET, 0, "socket", "PATH",
	  "the daemon's socket (" CTQ_SOCKET_PATH ")" },
	{ OPTION_TIMEOUT, 0, "timeout", "SECONDS", "patience with a silent daemon (5)" },
	{ OPTION_HELP, 'h', "help", NULL, "this text; after a command, its own" },
	{ OPTION_VERSION, 'V', "version", NULL, "version and licence" },
	{ OPTION_COMPLETION, 0, "completion", "SHELL", "a completion script",
	  "bash zsh fish", NULL, true },
	{ OPTION_NONE },
};

/* conntrack(8) writes filters so. */
const struct option command_filter_options[] = {
	{ OPTION_FILTER, 's', "src", "ADDRESS", "source", NULL, "src" },
	{ OPTION_FILTER, 'd', "dst", "ADDRESS", "destination", NULL, "dst" },
	{ OPTION_FILTER, 'r', "reply-src", "ADDRESS", "source of the answers", NULL,
	  "reply-src" },
	{ OPTION_FILTER, 'q', "reply-dst", "ADDRESS",
	  "destination of the answers (-q after a conntrack letter only)", NULL,
	  "reply-dst" },
	{ OPTION_FILTER, 'p', "proto", "PROTOCOL", "protocol", PROTOCOLS, "proto" },
	{ OPTION_FILTER, 0, "sport", "PORT", "source port", NULL, "sport" },
	{ OPTION_FILTER, 0, "dport", "PORT", "destination port", NULL, "dport" },
	{ OPTION_FILTER, 0, "state", "STATE", "TCP or SCTP state", STATES, "state" },
	{ OPTION_FILTER, 'u', "status", "STATUS", "status", "ASSURED SEEN_REPLY OFFLOAD",
	  "status" },
	{ OPTION_FILTER, 'm', "mark", "MARK[/MASK]", "mark", NULL, "mark" },
	{ OPTION_FILTER, 'w', "zone", "ZONE", "zone", NULL, "zone" },
	{ OPTION_FILTER, 'f', "family", "FAMILY", "address family", "ipv4 ipv6",
	  "family" },
	{ OPTION_FILTER, 'i', "id", "ID", "id", NULL, "id" },
	{ OPTION_FILTER, 0, "src-nat", NULL, "source is translated", NULL,
	  "status snat" },
	{ OPTION_FILTER, 0, "dst-nat", NULL, "destination is translated", NULL,
	  "status dnat" },
	{ OPTION_FILTER, 0, "any-nat", NULL, "any address is translated", NULL,
	  "status snat or status dnat" },
	{ OPTION_FILTER, 0, "orig-src", "ADDRESS", "source", NULL, "src", true },
	{ OPTION_FILTER, 0, "orig-dst", "ADDRESS", "destination", NULL, "dst", true },
	{ OPTION_FILTER, 0, "protonum", "PROTOCOL", "protocol", NULL, "proto", true },
	{ OPTION_FILTER, 0, "orig-port-src", "PORT", "source port", NULL, "sport", true },
	{ OPTION_FILTER, 0, "orig-port-dst", "PORT", "destination port", NULL, "dport",
	  true },
	{ OPTION_FILTER, 0, "reply-port-src", "PORT", "reply source port", NULL,
	  "reply-sport", true },
	{ OPTION_FILTER, 0, "reply-port-dst", "PORT", "reply destination port", NULL,
	  "reply-dport", true },
	{ OPTION_FILTER, 0, "icmp-type", "TYPE", "ICMP type", NULL, "icmp-type", true },
	{ OPTION_FILTER, 0, "icmp-code", "CODE", "ICMP code", NULL, "icmp-code", true },
	{ OPTION_NONE },
};

static const struct option list_options[] = {
	{ OPTION_SORT, 0, "sort", "KEY",
	  "largest first: bytes, packets, age, idle, timeout", SORT_KEYS },
	{ OPTION_LIMIT, 'n', "limit", "N", "at most N flows" },
	{ OPTION_ZERO, 'z', "zero", NULL,
	  "set the flows' counters to zero as they are read" },
	{ OPTION_NONE },
};

static const struct option delete_options[] = {
	{ OPTION_FAIL_IF_NONE, 0, "fail-if-none", NULL, "exit 4 when no flow matched" },
	{ OPTION_NONE },
};

static const struct option flush_options[] = {
	{ OPTION_YES, 'y', "yes", NULL, "do not ask" },
	{ OPTION_NONE },
};

static const struct option monitor_options[] = {
	{ OPTION_EVENTS, 'e', "event-mask", "EVENTS", "conntrack's word for the groups",
	  "NEW UPDATES DESTROY ALL" },
	{ OPTION_LIMIT, 'n', "limit", "N", "end after N announcements" },
	{ OPTION_NONE },
};

static const struct option trace_options[] = {
	{ OPTION_LIMIT, 'n', "limit", "N", "end after N packets" },
	{ OPTION_RATE, 0, "rate", "N", "at most N packets a second (1000); 0: no limit" },
	{ OPTION_NONE },
};

static const struct option capture_options[] = {
	{ OPTION_WRITE, 'w', "write", "FILE", "where to; '-' is standard output" },
	{ OPTION_DROPPED, 0, "dropped", NULL, "dropped packets only" },
	{ OPTION_LIMIT, 'n', "limit", "N", "end after N packets" },
	{ OPTION_BYTES, 0, "bytes", "N", "end when the file has N bytes" },
	{ OPTION_DURATION, 0, "duration", "SECONDS", "end after that time" },
	{ OPTION_SNAPLEN, 0, "snaplen", "N", "at most N bytes of each packet (256)" },
	{ OPTION_RATE, 0, "rate", "N", "at most N packets a second (1000); 0: no limit" },
	{ OPTION_NONE },
};

static const struct option stats_options[] = {
	{ OPTION_ZERO, 'z', "zero", NULL, "read and zero in one step" },
	{ OPTION_REASONS, 0, "reasons", NULL, "verdicts by reason" },
	{ OPTION_NONE },
};

static const struct option rules_options[] = {
	{ OPTION_HITS, 0, "hits", NULL,
	  "only rules that were the first match of a packet" },
	{ OPTION_UNUSED, 0, "unused", NULL, "only rules that never were" },
	{ OPTION_NONE },
};

static const struct option config_options[] = {
	{ OPTION_DEFAULTS, 0, "defaults", NULL,
	  "what would be in force if nothing were said" },
	{ OPTION_NONE },
};

static const struct option load_options[] = {
	{ OPTION_CHECK, 'c', "check", NULL, "check only, change nothing" },
	{ OPTION_NONE },
};

static const struct option run_options[] = {
	{ OPTION_LIBRARY, 0, "library", "FILE",
	  "the library to preload, when not the installed one" },
	{ OPTION_NONE },
};

static const struct option set_options[] = {
	{ OPTION_KILL, 0, "kill", NULL,
	  "delete the flows of the addresses that are added" },
	{ OPTION_NONE },
};

static const struct option unban_options[] = {
	{ OPTION_FAIL_IF_NONE, 0, "fail-if-none", NULL, "exit 4 when none was banned" },
	{ OPTION_NONE },
};

/* ---- commands ------------------------------------------------------------------------ */

#define FILTER_HELP                                                                     \
	"A filter is made of words and values, joined by and, or, not and "             \
	"parentheses:\n"                                                                \
	"  proto tcp  src 10.0.0.0/8  dst ADDRESS  host ADDRESS  sport 1024-65535\n"    \
	"  dport 80,443  port 53  state established  status assured,!replied  zone 3\n" \
	"  mark 0x10/0xf0  label web  rule allow-web  iif eth0  oif eth1  age gt 1h  "  \
	"idle gt 5m\n"                                                                  \
	"  bytes gt 1M  packets lt 10  verdict drop  reason drop.rule  id 7  all\n"     \
	"Without a word between them both must hold. ctctl(8) tells all.\n"

const struct command command_table[] = {
	{ .name = "status",
	  .arguments = "",
	  .summary = "the daemon at a glance; exit 1 when it is degraded",
	  .run = cmd_status },
	{ .name = "list",
	  .letter = 'L',
	  .long_name = "dump",
	  .arguments = "[dying|unconfirmed|expect|ask] [FILTER]",
	  .summary = "list flows, with expect connections that are expected, with ask "
	             "questions",
	  .details = FILTER_HELP,
	  .words = "dying unconfirmed expect ask",
	  .options = list_options,
	  .filter = true,
	  .flows = true,
	  .run = cmd_list },
	{ .name = "get",
	  .letter = 'G',
	  .long_name = "get",
	  .arguments = "FILTER",
	  .summary = "all that is known of the flows that match",
	  .details = "A whole tuple (proto, src, dst, sport, dport) is found without a "
	             "search.\n",
	  .filter = true,
	  .flows = true,
	  .run = cmd_get },
	{ .name = "count",
	  .letter = 'C',
	  .long_name = "count",
	  .arguments = "[FILTER] [by FIELD]",
	  .summary = "number of flows",
	  .details = "FIELD: family, proto, state, zone, mark, verdict, rule, reason, "
	             "iif, oif,\n"
	             "sport, dport, src or dst; with a prefix length src/24.\n",
	  .filter = true,
	  .run = cmd_count },
	{ .name = "delete",
	  .letter = 'D',
	  .long_name = "delete",
	  .arguments = "FILTER | expect ID|all",
	  .summary = "remove the flows that match",
	  .words = "expect",
	  .options = delete_options,
	  .filter = true,
	  .run = cmd_delete },
	{ .name = "flush",
	  .letter = 'F',
	  .long_name = "flush",
	  .arguments = "",
	  .summary = "remove all flows",
	  .options = flush_options,
	  .run = cmd_flush },
	{ .name = "set",
	  .arguments =
	          "FILTER mark|timeout|label VALUE | list|add|delete|flush|test [NAME "
	          "[ELEMENT...]]",
	  .summary = "change the flows that match, or named sets",
	  .details = "Flows: the last two words say what changes: mark 0x10, timeout "
	             "1h, label +web,-17.\n"
	             "Sets:  list [NAME]\n"
	             "       add NAME ELEMENT... [timeout TIME] [comment TEXT] [--kill]\n"
	             "       delete NAME ELEMENT...\n"
	             "       flush NAME\n"
	             "       test NAME ELEMENT\n"
	             "An element is an address, prefix or range, a port, an interface, a "
	             "mark, or\n"
	             "'192.0.2.1 . 443', by the type of the set.\n",
	  .words = "list add delete flush test",
	  .options = set_options,
	  .filter = true,
	  .run = cmd_set },
	{ .name = "ban",
	  .arguments = "ADDRESS|PREFIX... [for TIME] [comment TEXT]",
	  .summary = "put addresses into the set 'ban', which the rules drop",
	  .details =
	          "Without a time for ever, or for the set's own timeout. What is banned "
	          "already is\n"
	          "banned anew. --kill also deletes open flows: no packet passes after "
	          "the answer.\n",
	  .options = set_options,
	  .run = cmd_ban },
	{ .name = "unban",
	  .arguments = "ADDRESS|PREFIX...",
	  .summary = "take addresses out of the set 'ban'",
	  .options = unban_options,
	  .run = cmd_unban },
	{ .name = "bans",
	  .arguments = "",
	  .summary = "who is banned, for how long",
	  .run = cmd_bans },
	{ .name = "monitor",
	  .letter = 'E',
	  .long_name = "event",
	  .arguments = "[new,update,destroy,rules,drop,expect,ask,sets] [FILTER]",
	  .summary = "announcements as they come",
	  .words = "new update destroy rules drop expect ask sets",
	  .options = monitor_options,
	  .filter = true,
	  .flows = true,
	  .run = cmd_monitor },
	{ .name = "answer",
	  .arguments = "ID accept|drop [packet|flow]",
	  .summary = "decide about a packet that waits, because a rule asks",
	  .details = "ID is that of 'monitor ask' or 'list ask'. The answer is for the "
	             "packets that\n"
	             "wait, or with flow for all of their connection.\n",
	  .run = cmd_answer },
	{ .name = "trace",
	  .arguments = "FILTER",
	  .summary = "packets as they are judged, with each decision",
	  .options = trace_options,
	  .filter = true,
	  .run = cmd_trace },
	{ .name = "capture",
	  .arguments = "[FILTER] -w FILE",
	  .summary = "packets as pcapng, each with its reason as a comment",
	  .options = capture_options,
	  .filter = true,
	  .run = cmd_capture },
	{ .name = "stats",
	  .letter = 'S',
	  .long_name = "stats",
	  .arguments = "",
	  .summary = "counters",
	  .options = stats_options,
	  .run = cmd_stats },
	{ .name = "queues",
	  .arguments = "",
	  .summary = "queues: depth, drops, verdicts",
	  .run = cmd_queues },
	{ .name = "proto",
	  .arguments = "[list|load NAME|unload NAME]",
	  .summary = "the protocols' trackers: list, load, unload",
	  .words = "list load unload",
	  .run = cmd_proto },
	{ .name = "rules",
	  .arguments = "",
	  .summary = "the rules in force, with counters",
	  .options = rules_options,
	  .run = cmd_rules },
	{ .name = "explain",
	  .arguments = "PACKET",
	  .summary = "what would happen to a packet, and which rules are looked at",
	  .details = "A packet is PROTOCOL SOURCE > DESTINATION and further words:\n"
	             "  tcp 192.0.2.1:1024 > 198.51.100.1:443 in eth0\n"
	             "  icmpv6 2001:db8::1 > 2001:db8::2 type echo-request at input\n"
	             "  udp [2001:db8::1]:53 > [2001:db8::2]:1024 state established\n"
	             "Words: in, out, at HOOK, state, type, code, id, flags, mark, "
	             "ctmark,\n"
	             "status, length, ttl, uid, zone. Nothing is sent, nothing "
	             "counted.\n",
	  .run = cmd_explain },
	{ .name = "load",
	  .arguments = "FILE",
	  .summary = "replace the rules, all or nothing; '-' reads standard input",
	  .options = load_options,
	  .run = cmd_load },
	{ .name = "diff",
	  .arguments = "FILE",
	  .summary = "what a load of the file would change; exit code 7: something",
	  .run = cmd_diff },
	{ .name = "rule",
	  .arguments = "add|insert|replace|delete ...",
	  .summary = "change single rules, in one transaction",
	  .words = "add insert replace delete",
	  .details = "  rule add CHAIN RULE\n"
	             "  rule insert CHAIN [before ID|NAME] RULE\n"
	             "  rule replace ID|NAME RULE\n"
	             "  rule delete ID|NAME\n",
	  .options = load_options,
	  .run = cmd_rule },
	{ .name = "reload",
	  .arguments = "",
	  .summary = "have the daemon read its configuration and rules again",
	  .run = cmd_reload },
	{ .name = "run",
	  .arguments = "-- COMMAND [ARGUMENTS]",
	  .summary = "have a netfilter tool talk to ctqd, not to the kernel's tracker",
	  .details =
	          "COMMAND is conntrack, conntrackd, or another program that speaks to\n"
	          "the kernel's tracker: ctctl run -- conntrack -L -p tcp\n",
	  .options = run_options,
	  .option_hint = CMD_RUN_HINT,
	  .run = cmd_run },
	{ .name = "config",
	  .arguments = "[show|check FILE]",
	  .summary = "the configuration in force; or whether a file is one",
	  .words = "show check",
	  .options = config_options,
	  .run = cmd_config },
	{ .name = "metrics",
	  .arguments = "",
	  .summary = "counters as OpenMetrics text",
	  .run = cmd_metrics },
	{ .name = "help",
	  .arguments = "[COMMAND]",
	  .summary = "help on a command",
	  .run = cmd_help },
	{ .name = NULL },
};

/* ---- lookups --------------------------------------------------------------------------- */

const struct command *command_find(const char *name)
{
	const struct command *command;

	for (command = command_table; command->name; command++)
		if (strcmp(command->name, name) == 0)
			return command;
	return NULL;
}

const struct command *command_find_letter(const char *argument)
{
	const struct command *command;

	for (command = command_table; command->name; command++) {
		if (!command->letter)
			continue;
		if (argument[0] == '-' && argument[1] == command->letter &&
		    argument[2] == '\0')
			return command;
		if (strncmp(argument, "--", 2) == 0 &&
		    strcmp(argument + 2, command->long_name) == 0)
			return command;
	}
	return NULL;
}

const struct option *command_option_letter(const struct option *table, char letter)
{
	for (; table && table->id != OPTION_NONE; table++)
		if (table->letter == letter)
			return table;
	return NULL;
}

const struct option *command_option_name(const struct option *table, const char *name,
                                         size_t length)
{
	for (; table && table->id != OPTION_NONE; table++)
		if (strlen(table->name) == length &&
		    strncmp(table->name, name, length) == 0)
			return table;
	return NULL;
}
