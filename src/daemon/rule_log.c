/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See rule_log.h. Names come from those who write rules and name interfaces: what is no
 * printable character in them becomes '?'. */
#include "daemon/rule_log.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "ctq/reasons.h"

/* Text that grows up to its room. */
struct text {
	char *bytes;
	size_t used, size;
};

static void BASE_PRINTF(2, 3) put(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (t->used >= t->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(t->bytes + t->used, t->size - t->used, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->used += (size_t)n;
}

static void put_clean(struct text *t, const char *name)
{
	for (; *name; name++)
		put(t, "%c", *name >= 0x20 && *name < 0x7f ? *name : '?');
}

const char *rule_log_reason(uint16_t reason)
{
	switch (reason) {
#define CTQ_REASON(number, symbol, name, class, text) \
	case number:                                  \
		return name;
#include "ctq/reasons.def"
#undef CTQ_REASON
	default: return "unknown";
	}
}

static void put_proto(struct text *t, const struct rule_key *key)
{
	switch (key->proto) {
	case IPPROTO_TCP: put(t, "tcp"); break;
	case IPPROTO_UDP: put(t, "udp"); break;
	case IPPROTO_ICMP: put(t, "icmp"); break;
	case IPPROTO_ICMPV6: put(t, "icmpv6"); break;
	case IPPROTO_SCTP: put(t, "sctp"); break;
	default: put(t, "proto %u", key->proto); break;
	}
}

static void put_address(struct text *t, const struct rule_key *key,
                        const uint64_t words[2], uint32_t port)
{
	bool ipv4 = key->family == AF_INET, ports = key->present & RULE_KEY_BIT(SPORT);
	char buf[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	rule_words_write(words, bytes);
	inet_ntop(ipv4 ? AF_INET : AF_INET6, bytes + (ipv4 ? 12 : 0), buf, sizeof(buf));
	if (ports)
		put(t, ipv4 ? "%s:%u" : "[%s]:%u", buf, port);
	else
		put(t, "%s", buf);
}

static void put_tuple(struct text *t, const struct rule_key *key)
{
	if (!(key->present & RULE_KEY_BIT(SRC))) {
		put(t, "unreadable");
		return;
	}
	put_proto(t, key);
	put(t, " ");
	put_address(t, key, key->src, key->sport);
	put(t, " > ");
	put_address(t, key, key->dst, key->dport);
	if (key->present & RULE_KEY_BIT(ICMP_TYPE))
		put(t, " type %u code %u", key->icmp_type, key->icmp_code);
}

static void put_interface(struct text *t, const char *word, const uint64_t words[2],
                          bool present)
{
	char name[CTQ_IFNAME_MAX + 1] = "";

	if (!present)
		return;
	rule_words_write(words, (uint8_t *)name);
	put(t, " %s ", word);
	put_clean(t, name);
}

void rule_log_format(const struct rules_log_entry *e, char *text, size_t size)
{
	static const char *const hooks[PACKET_HOOKS] = { "prerouting", "input", "forward",
		                                         "output", "postrouting" };
	struct text t = { .bytes = text, .size = size };
	const struct rule_key *key = &e->key;

	if (e->prefix[0]) {
		put_clean(&t, e->prefix);
		put(&t, ": ");
	}
	put(&t, "%s ", rule_log_reason(e->reason));
	put_tuple(&t, key);
	put_interface(&t, "in", key->iif, key->present & RULE_KEY_BIT(IIF));
	put_interface(&t, "out", key->oif, key->present & RULE_KEY_BIT(OIF));
	put(&t, " at %s, %u bytes", hooks[key->hook], key->length);
	if (e->rule)
		put(&t, ", rule %u", e->rule);
	if (e->name[0]) {
		put(&t, " ");
		put_clean(&t, e->name);
	}
}

void rule_log_drain(struct rules *rules, uint16_t workers)
{
	struct rules_log_entry e;
	char text[LOG_LINE_MAX];
	uint32_t left;
	uint16_t w;

	/* what comes meanwhile waits for the next time: other work waits as well */
	for (w = 0; w < workers; w++) {
		for (left = RULES_LOG_SLOTS; left && rules_log_take(rules, w, &e);
		     left--) {
			rule_log_format(&e, text, sizeof(text));
			log_line((enum log_level)e.level, "%s", text);
		}
	}
}
