/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See words.h. */
#include "lang/words.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"
#include "ctlink/match.h"
#include "ctq/ctlink.h"

/* ---- fields -------------------------------------------------------------------- */

#define FIELD(group, word, field)                    \
	{                                            \
		group, word, CTQ_FIELD_##field, 0, 0 \
	}
#define OF_PROTO(group, word, field, p)              \
	{                                            \
		group, word, CTQ_FIELD_##field, p, 0 \
	}
#define OF_FAMILY(group, word, field, f)             \
	{                                            \
		group, word, CTQ_FIELD_##field, 0, f \
	}
#define PORTS(group, p) \
	OF_PROTO(group, "sport", SPORT, p), OF_PROTO(group, "dport", DPORT, p)

/* The words of ctq/fields.def first: they are the ones that are printed. */
static const struct lang_word words[] = {
#define CTQ_FIELD(number, symbol, text, type, scope) { NULL, text, number, 0, 0 },
#include "ctq/fields.def"
#undef CTQ_FIELD
	/* two words in fields.def */
	FIELD("ct", "state", CTSTATE),
	FIELD("ct", "direction", DIRECTION),
	FIELD("meta", "mark", PKTMARK),
	FIELD("tcp", "flags", TCP_FLAGS),
	/* nft's */
	FIELD(NULL, "iifname", IIF),
	FIELD(NULL, "oifname", OIF),
	FIELD("ct", "label", LABEL),
	FIELD("ct", "mark", MARK),
	FIELD("ct", "status", STATUS),
	FIELD("ct", "zone", ZONE),
	FIELD("meta", "iifname", IIF),
	FIELD("meta", "oifname", OIF),
	FIELD("meta", "l4proto", PROTO),
	FIELD("meta", "nfproto", FAMILY),
	FIELD("meta", "length", LENGTH),
	FIELD("meta", "skuid", UID),
	FIELD("meta", "hour", TIME),
	FIELD("meta", "day", DAY),
	OF_FAMILY("ip", "saddr", SRC, AF_INET),
	OF_FAMILY("ip", "daddr", DST, AF_INET),
	OF_FAMILY("ip", "protocol", PROTO, AF_INET),
	OF_FAMILY("ip", "ttl", TTL, AF_INET),
	OF_FAMILY("ip", "length", LENGTH, AF_INET),
	OF_FAMILY("ip6", "saddr", SRC, AF_INET6),
	OF_FAMILY("ip6", "daddr", DST, AF_INET6),
	OF_FAMILY("ip6", "nexthdr", PROTO, AF_INET6),
	OF_FAMILY("ip6", "hoplimit", TTL, AF_INET6),
	PORTS("tcp", IPPROTO_TCP),
	PORTS("udp", IPPROTO_UDP),
	PORTS("udplite", IPPROTO_UDPLITE),
	PORTS("sctp", IPPROTO_SCTP),
	PORTS("dccp", IPPROTO_DCCP),
	FIELD("th", "sport", SPORT),
	FIELD("th", "dport", DPORT),
	OF_PROTO("icmp", "type", ICMP_TYPE, IPPROTO_ICMP),
	OF_PROTO("icmp", "code", ICMP_CODE, IPPROTO_ICMP),
	OF_PROTO("icmpv6", "type", ICMP_TYPE, IPPROTO_ICMPV6),
	OF_PROTO("icmpv6", "code", ICMP_CODE, IPPROTO_ICMPV6),
	OF_PROTO(NULL, "icmpv6-type", ICMP_TYPE, IPPROTO_ICMPV6),
	OF_PROTO(NULL, "icmpv6-code", ICMP_CODE, IPPROTO_ICMPV6),
};

static bool text_is(const char *word, const char *text, size_t length)
{
	return strlen(word) == length && memcmp(word, text, length) == 0;
}

const struct lang_word *lang_word_find(const char *group, size_t group_length,
                                       const char *word, size_t length)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(words); i++) {
		if (!words[i].group != !group || !text_is(words[i].word, word, length))
			continue;
		if (!group || text_is(words[i].group, group, group_length))
			return &words[i];
	}
	return NULL;
}

bool lang_word_is_group(const char *group, size_t length)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(words); i++) {
		if (words[i].group && text_is(words[i].group, group, length))
			return true;
	}
	return false;
}

static size_t list_add(const char **list, size_t n, size_t max, const char *word)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(list[i], word) == 0)
			return n;
	}
	if (n < max)
		list[n++] = word;
	return n;
}

/* Filters may look at more than rules: their words are no help in a rule. */
static bool for_rules(const struct lang_word *w)
{
	const struct ctlink_field *field = ctlink_field_get(w->field);

	return field && field->scope & CTLINK_SCOPE_PACKET;
}

size_t lang_word_list(const char *group, size_t group_length, const char **list,
                      size_t max)
{
	const struct lang_word *w;
	size_t i, n = 0;

	for (i = 0; i < BASE_ARRAY_LENGTH(words); i++) {
		w = &words[i];
		if (!for_rules(w))
			continue;
		if (!group)
			n = list_add(list, n, max, w->group ? w->group : w->word);
		else if (w->group && text_is(w->group, group, group_length))
			n = list_add(list, n, max, w->word);
	}
	return n;
}

/* ---- names of values ----------------------------------------------------------- */

static const struct lang_name families[] = {
	{ "ip", AF_INET },    { "ip6", AF_INET6 }, { "ipv4", AF_INET },
	{ "ipv6", AF_INET6 }, { "inet", AF_INET }, { "inet6", AF_INET6 },
};

static const struct lang_name protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "icmp", IPPROTO_ICMP },
	{ "icmpv6", IPPROTO_ICMPV6 },
	{ "sctp", IPPROTO_SCTP },
	{ "dccp", IPPROTO_DCCP },
	{ "udplite", IPPROTO_UDPLITE },
	{ "gre", IPPROTO_GRE },
	{ "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },
	{ "igmp", IPPROTO_IGMP },
	{ "ipip", IPPROTO_IPIP },
	{ "ipv6", IPPROTO_IPV6 },
	{ "ospf", 89 },
	{ "pim", IPPROTO_PIM },
	{ "vrrp", 112 },
	{ "l2tp", 115 },
	{ "ipv6-icmp", IPPROTO_ICMPV6 },
};

/* RFC 792, 950, 1256 */
static const struct lang_name icmp_types[] = {
	{ "echo-reply", 0 },           { "destination-unreachable", 3 },
	{ "source-quench", 4 },        { "redirect", 5 },
	{ "echo-request", 8 },         { "router-advertisement", 9 },
	{ "router-solicitation", 10 }, { "time-exceeded", 11 },
	{ "parameter-problem", 12 },   { "timestamp-request", 13 },
	{ "timestamp-reply", 14 },     { "info-request", 15 },
	{ "info-reply", 16 },          { "address-mask-request", 17 },
	{ "address-mask-reply", 18 },
};

/* RFC 4443, 2710, 4861, 2894, 3122, 3810 */
static const struct lang_name icmpv6_types[] = {
	{ "destination-unreachable", 1 }, { "packet-too-big", 2 },
	{ "time-exceeded", 3 },           { "parameter-problem", 4 },
	{ "echo-request", 128 },          { "echo-reply", 129 },
	{ "mld-listener-query", 130 },    { "mld-listener-report", 131 },
	{ "mld-listener-done", 132 },     { "nd-router-solicit", 133 },
	{ "nd-router-advert", 134 },      { "nd-neighbor-solicit", 135 },
	{ "nd-neighbor-advert", 136 },    { "nd-redirect", 137 },
	{ "router-renumbering", 138 },    { "ind-neighbor-solicit", 141 },
	{ "ind-neighbor-advert", 142 },   { "mld2-listener-report", 143 },
};

static const struct lang_name ct_states[] = {
	{ "new", CTQ_CTSTATE_NEW },
	{ "established", CTQ_CTSTATE_ESTABLISHED },
	{ "related", CTQ_CTSTATE_RELATED },
	{ "invalid", CTQ_CTSTATE_INVALID },
	{ "untracked", CTQ_CTSTATE_UNTRACKED },
};

/* enum ip_conntrack_status of linux/netfilter/nf_conntrack_common.h */
static const struct lang_name statuses[] = {
	{ "assured", IPS_ASSURED },
	{ "seen-reply", IPS_SEEN_REPLY },
	{ "expected", IPS_EXPECTED },
	{ "confirmed", IPS_CONFIRMED },
	{ "snat", IPS_SRC_NAT },
	{ "dnat", IPS_DST_NAT },
	{ "seq-adjust", IPS_SEQ_ADJUST },
	{ "snat-done", IPS_SRC_NAT_DONE },
	{ "dnat-done", IPS_DST_NAT_DONE },
	{ "dying", IPS_DYING },
	{ "fixed-timeout", IPS_FIXED_TIMEOUT },
	{ "template", IPS_TEMPLATE },
	{ "helper", IPS_HELPER },
	{ "offload", IPS_OFFLOAD },
	{ "replied", IPS_SEEN_REPLY },
};

/* RFC 9293, 3.1; RFC 3168. nft says ecn for ece. */
static const struct lang_name tcp_flags[] = {
	{ "fin", 0x01 }, { "syn", 0x02 }, { "rst", 0x04 },
	{ "psh", 0x08 }, { "ack", 0x10 }, { "urg", 0x20 },
	{ "ece", 0x40 }, { "cwr", 0x80 }, { "ecn", 0x40 },
};

/* enum tcp_conntrack; those of the other protocols are given as numbers. */
static const struct lang_name tcp_states[] = {
	{ "none", 0 },      { "syn-sent", 1 },   { "syn-recv", 2 }, { "established", 3 },
	{ "fin-wait", 4 },  { "close-wait", 5 }, { "last-ack", 6 }, { "time-wait", 7 },
	{ "close", 8 },     { "syn-sent2", 9 },  { "syn_sent", 1 }, { "syn_recv", 2 },
	{ "fin_wait", 4 },  { "close_wait", 5 }, { "last_ack", 6 }, { "time_wait", 7 },
	{ "syn_sent2", 9 },
};

static const struct lang_name verdicts[] = {
	{ "accept", CTQ_VERDICT_ACCEPT },
	{ "drop", CTQ_VERDICT_DROP },
	{ "reject", CTQ_VERDICT_REJECT },
	{ "ask", CTQ_VERDICT_ASK },
};

/* Policies are the first two. */
static const struct lang_name policies[] = {
	{ "accept", CTQ_VERDICT_ACCEPT },
	{ "drop", CTQ_VERDICT_DROP },
};

static const struct lang_name days[] = {
	{ "mon", 1 },      { "tue", 2 },       { "wed", 3 },      { "thu", 4 },
	{ "fri", 5 },      { "sat", 6 },       { "sun", 7 },      { "monday", 1 },
	{ "tuesday", 2 },  { "wednesday", 3 }, { "thursday", 4 }, { "friday", 5 },
	{ "saturday", 6 }, { "sunday", 7 },
};

static const struct lang_name directions[] = {
	{ "original", CTQ_DIRECTION_ORIGINAL },
	{ "reply", CTQ_DIRECTION_REPLY },
};

/* syslog's (RFC 5424, 6.2.1), those that the daemon has */
static const struct lang_name levels[] = {
	{ "error", 3 }, { "warning", 4 }, { "notice", 5 }, { "info", 6 },
	{ "debug", 7 }, { "err", 3 },     { "warn", 4 },
};

/* seconds */
static const struct lang_name periods[] = {
	{ "second", 1 }, { "minute", 60 }, { "hour", 3600 }, { "day", 86400 },
	{ "s", 1 },      { "m", 60 },      { "h", 3600 },    { "d", 86400 },
};

static const struct lang_name reasons[] = {
#define CTQ_REASON(number, symbol, name, class, text) { name, number },
#include "ctq/reasons.def"
#undef CTQ_REASON
};

/* No queue is at NF_INET_FORWARD. */
static const struct lang_name hooks[] = {
	{ "prerouting", NF_INET_PRE_ROUTING },
	{ "input", NF_INET_LOCAL_IN },
	{ "output", NF_INET_LOCAL_OUT },
	{ "postrouting", NF_INET_POST_ROUTING },
};

#define NAMES(kind, plural, list)                           \
	{                                                   \
		kind, plural, list, BASE_ARRAY_LENGTH(list) \
	}

const struct lang_names lang_hooks = NAMES("hook", "hooks", hooks);
const struct lang_names lang_policies = NAMES("policy", "policies", policies);
const struct lang_names lang_levels = NAMES("level", "levels", levels);
const struct lang_names lang_periods = NAMES("period", "periods", periods);

static const struct {
	uint16_t field;
	struct lang_names names;
} names_by_field[] = {
	{ CTQ_FIELD_FAMILY, NAMES("family", "families", families) },
	{ CTQ_FIELD_PROTO, NAMES("protocol", "protocols", protocols) },
	{ CTQ_FIELD_CTSTATE, NAMES("ct state", "states", ct_states) },
	{ CTQ_FIELD_STATUS, NAMES("status", "statuses", statuses) },
	{ CTQ_FIELD_TCP_FLAGS, NAMES("TCP flag", "flags", tcp_flags) },
	{ CTQ_FIELD_STATE, NAMES("TCP state", "states", tcp_states) },
	{ CTQ_FIELD_DAY, NAMES("day", "days", days) },
	{ CTQ_FIELD_DIRECTION, NAMES("direction", "directions", directions) },
	{ CTQ_FIELD_VERDICT, NAMES("verdict", "verdicts", verdicts) },
	{ CTQ_FIELD_REASON, NAMES("reason", "reasons", reasons) },
};

static const struct lang_names icmp_names = NAMES("ICMP type", "types", icmp_types);
static const struct lang_names icmpv6_names = NAMES("ICMPv6 type", "types", icmpv6_types);

const struct lang_names *lang_names_of(uint16_t field, uint8_t proto)
{
	size_t i;

	if (field == CTQ_FIELD_ICMP_TYPE && proto == IPPROTO_ICMP)
		return &icmp_names;
	if (field == CTQ_FIELD_ICMP_TYPE && proto == IPPROTO_ICMPV6)
		return &icmpv6_names;
	for (i = 0; i < BASE_ARRAY_LENGTH(names_by_field); i++) {
		if (names_by_field[i].field == field)
			return &names_by_field[i].names;
	}
	return NULL;
}

bool lang_names_value(const struct lang_names *names, const char *text, size_t length,
                      uint64_t *value)
{
	size_t i;

	for (i = 0; i < names->length; i++) {
		if (strlen(names->list[i].name) == length &&
		    strncasecmp(names->list[i].name, text, length) == 0) {
			*value = names->list[i].value;
			return true;
		}
	}
	return false;
}

const char *lang_names_name(const struct lang_names *names, uint64_t value)
{
	size_t i;

	for (i = 0; i < names->length; i++) {
		if (names->list[i].value == value)
			return names->list[i].name;
	}
	return NULL;
}

void lang_names_list(const struct lang_names *names, char *buf, size_t size)
{
	const struct lang_name *n;
	size_t i, used;

	used = (size_t)snprintf(buf, size, "%s:", names->plural);
	for (i = 0; i < names->length; i++) {
		n = &names->list[i];
		if (lang_names_name(names, n->value) != n->name)
			continue;
		if (used + strlen(n->name) + sizeof(" ...") + 1 > size) {
			snprintf(buf + used, size - used, " ...");
			return;
		}
		used += (size_t)snprintf(buf + used, size - used, " %s", n->name);
	}
}
