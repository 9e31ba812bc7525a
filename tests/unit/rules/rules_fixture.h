/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules_fixture.h - rule sets from text and packets from text, for the tests of this folder
 *
 * A packet is a line of words and values, of which only those count that are there:
 *
 *     "tcp 10.0.0.1 1024 10.0.0.2 22 in eth0 state new"
 *     "icmp 10.0.0.1 10.0.0.2 type 8 code 0 at postrouting"
 */
#ifndef TESTS_RULES_FIXTURE_H
#define TESTS_RULES_FIXTURE_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/rcu.h"
#include "lang/lang.h"
#include "rules/rules.h"
#include "sets/sets.h"

/* ---- rule sets ---------------------------------------------------------------------- */

/* The sets that were read, and their elements. */
static inline void change_fill_sets(struct rules_change *c,
                                    const struct ctlink_ruleset *ruleset)
{
	struct ctlink_element element;
	struct sets_error e;
	struct ctlink_set *set;
	uint32_t i, k;

	for (i = 0; i < ruleset->sets.length; i++) {
		set = ctlink_ruleset_set(ruleset, i);
		cr_assert_eq(sets_change_set_add(rules_change_sets(c, 0), set, false, &e),
		             0, "%s", e.error.text);
		for (k = 0; k < set->elements.length; k++) {
			element = *ctlink_set_element(set, k);
			element.set = set->name; /* borrowed */
			cr_assert_eq(sets_change_element_add(rules_change_sets(c, 0),
			                                     &element, false, &e),
			             0, "%s", e.error.text);
		}
	}
}

/* Put what was read into a change. */
static inline int change_fill(struct rules_change *c, struct ctlink_ruleset *set,
                              struct rules_error *e)
{
	uint32_t i, item = 1;
	int err = 0;

	change_fill_sets(c, set);
	for (i = 0; i < set->chains.length && !err; i++)
		err = rules_change_chain_set(c, item++, ctlink_ruleset_chain(set, i), e);
	for (i = 0; i < set->rules.length && !err; i++)
		err = rules_change_rule_add(c, item++, ctlink_ruleset_rule(set, i), e);
	return err;
}

/* Add @text to a change; the test fails when it is not a rule set. */
static inline int change_read(struct rules_change *c, const char *text,
                              struct rules_error *e)
{
	struct lang *l = lang_new(NULL);
	int err;

	if (lang_read_text(l, "test", text, strlen(text))) {
		lang_errors_print(l, stderr);
		cr_assert_fail("not a rule set: %s", text);
	}
	err = change_fill(c, lang_ruleset(l), e);
	lang_destroy(l);
	return err;
}

/* Replace what is in force by @text. Returns as rules_change_build(). */
static inline int rules_load(struct rules *rules, const char *text, struct rules_error *e)
{
	struct rules_change *c;
	int err;

	c = rules_change_new(rules, &err);
	cr_assert_not_null(c);
	rules_change_flush(c);
	err = change_read(c, text, e);
	if (!err)
		err = rules_change_build(c, e);
	if (!err)
		rules_change_commit(c, 1700000000, 1000);
	rules_change_destroy(c);
	return err;
}

static inline struct rules *rules_of(const char *backend, const char *text)
{
	struct rules_error e;
	struct rules *rules;
	int err;

	rules = rules_new(backend, 2, NULL, &err);
	cr_assert_not_null(rules);
	err = rules_load(rules, text, &e);
	cr_assert_eq(err, 0, "%s: %s", text, e.error.text);
	return rules;
}

/* ---- packets -------------------------------------------------------------------------- */

static inline uint8_t proto_of(const char *word)
{
	static const struct {
		const char *word;
		uint8_t proto;
	} protos[] = {
		{ "tcp", IPPROTO_TCP },   { "udp", IPPROTO_UDP },
		{ "icmp", IPPROTO_ICMP }, { "icmpv6", IPPROTO_ICMPV6 },
		{ "sctp", IPPROTO_SCTP }, { "gre", IPPROTO_GRE },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(protos); i++) {
		if (strcmp(protos[i].word, word) == 0)
			return protos[i].proto;
	}
	cr_assert_fail("protocol %s", word);
	return 0;
}

static inline void tuple_address(struct tuple *t, uint8_t *out, const char *text)
{
	t->l3 = strchr(text, ':') ? AF_INET6 : AF_INET;
	cr_assert_eq(inet_pton(t->l3, text, out), 1, "%s", text);
}

static inline uint8_t hook_of(const char *word)
{
	static const char *const hooks[] = { "prerouting", "input", "forward", "output",
		                             "postrouting" };
	uint8_t i;

	for (i = 0; i < 5; i++) {
		if (strcmp(hooks[i], word) == 0)
			return i;
	}
	cr_assert_fail("hook %s", word);
	return 0;
}

static inline void key_word(struct rule_key *key, const char *word, const char *value)
{
	uint32_t n = (uint32_t)strtoul(value, NULL, 0);

#define KEY_NUMBER(text, member, field)              \
	if (strcmp(word, text) == 0) {               \
		key->member = n;                     \
		key->present |= RULE_KEY_BIT(field); \
		return;                              \
	}
	KEY_NUMBER("type", icmp_type, ICMP_TYPE)
	KEY_NUMBER("code", icmp_code, ICMP_CODE)
	KEY_NUMBER("state", ctstate, CTSTATE)
	KEY_NUMBER("status", status, STATUS)
	KEY_NUMBER("pktmark", packet_mark, PKTMARK)
	KEY_NUMBER("mark", mark, MARK)
	KEY_NUMBER("zone", zone, ZONE)
	KEY_NUMBER("length", length, LENGTH)
	KEY_NUMBER("ttl", ttl, TTL)
	KEY_NUMBER("flags", tcp_flags, TCP_FLAGS)
	KEY_NUMBER("uid", uid, UID)
#undef KEY_NUMBER
	if (strcmp(word, "label") == 0)
		rule_key_set_labels(key, (uint64_t[2]){ n < 64 ? 1ull << n : 0,
		                                        n < 64 ? 0 : 1ull << (n - 64) });
	else if (strcmp(word, "in") == 0)
		rule_key_set_interfaces(key, value, NULL);
	else if (strcmp(word, "out") == 0)
		rule_key_set_interfaces(key, NULL, value);
	else if (strcmp(word, "at") == 0)
		key->hook = hook_of(value);
	else
		cr_assert_fail("word %s", word);
}

static inline struct rule_key key_of(const char *text)
{
	char copy[256], *save, *word, *value;
	struct tuple t;
	struct rule_key key;
	bool ports;

	snprintf(copy, sizeof(copy), "%s", text);
	tuple_clear(&t);
	t.l4 = proto_of(strtok_r(copy, " ", &save));
	ports = t.l4 == IPPROTO_TCP || t.l4 == IPPROTO_UDP || t.l4 == IPPROTO_SCTP;
	tuple_address(&t, t.src, strtok_r(NULL, " ", &save));
	if (ports)
		t.src_id = htons((uint16_t)atoi(strtok_r(NULL, " ", &save)));
	tuple_address(&t, t.dst, strtok_r(NULL, " ", &save));
	if (ports)
		t.dst_id = htons((uint16_t)atoi(strtok_r(NULL, " ", &save)));
	rule_key_init(&key, PACKET_HOOK_PREROUTING, t.l3);
	rule_key_set_tuple(&key, &t);
	while ((word = strtok_r(NULL, " ", &save))) {
		value = strtok_r(NULL, " ", &save);
		cr_assert_not_null(value, "%s", text);
		key_word(&key, word, value);
	}
	return key;
}

#endif
