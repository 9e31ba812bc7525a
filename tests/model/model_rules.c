/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * model_rules.c - every backend against a stupid matcher, on random rules and packets
 *
 * The model looks at the values as they are on the wire, byte by byte, and walks chains by
 * recursion; it shares no code with src/rules. Fields, addresses, ports and names come
 * from small universes, so that rules overlap and packets meet many of them. Verdict,
 * rule, reason and marks must agree for each backend, and so must ruleset_explain(), which
 * looks at every rule itself. The seed is printed;
 * MODEL_SEED repeats it, MODEL_ROUNDS makes it longer, and prints how many packets it were.
 *
 * Sets that are too large for the model are held against linear, the reference; with 1,000
 * rounds or more, one of 100,000 rules of each style is among them.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "rules/backend.h"
#include "rules/rules.h"
#include "sets/sets.h"
#include "tests/bench/rules/generate_rule.h"

#define ROUNDS  150
#define PACKETS 1500
#define LARGEST 100000 /* rules of a generated set */
#define CHAINS  5      /* the first stands at prerouting; each jumps to later ones only */

/* ---- random numbers ------------------------------------------------------------ */

static uint64_t state;

static uint32_t draw(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 33) % below);
}

static bool chance(uint32_t percent)
{
	return draw(100) < percent;
}

/* ---- a packet, as the model has it ----------------------------------------------- */

struct facts {
	uint8_t family, proto;
	uint8_t src[16], dst[16]; /* network order, IPv4 in the first four */
	uint16_t sport, dport;
	uint8_t type, code;
	const char *iif, *oif; /* or NULL */
	uint32_t ctstate, status, packet_mark, mark, length, uid;
	uint8_t ttl, tcp_flags;
	uint16_t zone;
	uint8_t direction; /* enum ctq_direction */
	bool has_flow, has_uid;
	bool has_tuple; /* else it belongs to no connection, and could not be read */
	bool labels[128];
};

static const char *const names[] = { "eth0", "eth1", "eth10", "ppp0", "wlan0", "lo" };
static const uint8_t protos[] = { IPPROTO_TCP,     IPPROTO_UDP,  IPPROTO_ICMP,
	                          IPPROTO_ICMPV6,  IPPROTO_GRE,  IPPROTO_SCTP,
	                          IPPROTO_UDPLITE, IPPROTO_DCCP, IPPROTO_TCP };

/* Those that rules and packets have. */
static unsigned int label_draw(void)
{
	static const uint8_t labels[] = { 0, 1, 10, 19, 63, 64, 101, 127 };

	return labels[draw(BASE_ARRAY_LENGTH(labels))];
}

/* Few addresses under few prefixes: 10.[0-3].[0-3].[0-7] and 2001:db8:[0-3]::[0-7]. */
static void address_draw(uint8_t family, uint8_t out[16])
{
	memset(out, 0, 16);
	if (family == AF_INET) {
		out[0] = 10;
		out[1] = (uint8_t)draw(4);
		out[2] = (uint8_t)draw(4);
		out[3] = (uint8_t)draw(8);
		return;
	}
	out[0] = chance(90) ? 0x20 : 10;
	out[1] = 0x01;
	out[2] = 0x0d;
	out[3] = 0xb8;
	out[5] = (uint8_t)draw(4);
	out[15] = (uint8_t)draw(8);
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_UDPLITE || proto == IPPROTO_DCCP;
}

static bool is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static struct facts facts_draw(void)
{
	struct facts f = { 0 };

	f.family = chance(60) ? AF_INET : AF_INET6;
	f.proto = protos[draw(BASE_ARRAY_LENGTH(protos))];
	address_draw(f.family, f.src);
	address_draw(f.family, f.dst);
	if (has_ports(f.proto)) {
		f.sport = (uint16_t)draw(20);
		f.dport = (uint16_t)draw(20);
	}
	if (is_icmp(f.proto)) {
		f.type = (uint8_t)draw(6);
		f.code = (uint8_t)draw(4);
	}
	if (f.proto == IPPROTO_TCP)
		f.tcp_flags = (uint8_t)draw(64);
	f.iif = chance(70) ? names[draw(BASE_ARRAY_LENGTH(names))] : NULL;
	f.oif = chance(30) ? names[draw(BASE_ARRAY_LENGTH(names))] : NULL;
	f.ctstate = 1u << draw(5);
	f.has_tuple = chance(95);
	f.has_flow = f.has_tuple && chance(70);
	if (f.has_flow) {
		f.direction = (uint8_t)(CTQ_DIRECTION_ORIGINAL + draw(2));
		f.status = draw(16);
		f.mark = draw(8);
		f.labels[label_draw()] = true;
		f.labels[label_draw()] = true;
	}
	f.packet_mark = draw(8);
	f.length = draw(20);
	f.ttl = (uint8_t)draw(20);
	f.zone = (uint16_t)draw(3);
	f.has_uid = chance(30);
	f.uid = f.has_uid ? draw(5) : 0;
	return f;
}

/* The same packet as the code has it. */
static struct rule_key key_of(const struct facts *f)
{
	struct packet p = { 0 };
	uint64_t labels[2] = { 0 };
	struct rule_key key;
	unsigned int i;
	struct tuple t;

	tuple_clear(&t);
	memcpy(t.src, f->src, 16);
	memcpy(t.dst, f->dst, 16);
	t.l3 = f->family;
	t.l4 = f->proto;
	t.zone = f->zone;
	if (has_ports(f->proto)) {
		t.src_id = htons(f->sport);
		t.dst_id = htons(f->dport);
	} else if (is_icmp(f->proto)) {
		t.dst_id = htons((uint16_t)(f->type << 8 | f->code));
	}
	p.length = f->length;
	p.mark = f->packet_mark;
	p.has_uid = f->has_uid;
	p.uid = f->uid;
	p.tuple = t;
	p.has_tuple = f->has_tuple;
	p.l4_offset = 20;
	p.ttl = f->ttl;
	if (f->proto == IPPROTO_TCP)
		p.l4.tcp.flags = f->tcp_flags;
	rule_key_init(&key, PACKET_HOOK_PREROUTING, f->family);
	if (f->has_tuple)
		rule_key_set_tuple(&key, &t);
	rule_key_set_packet(&key, &p);
	rule_key_set_interfaces(&key, f->iif, f->oif);
	rule_key_set_state(&key, (enum ctq_ctstate)f->ctstate);
	if (!f->has_flow)
		return key;
	rule_key_set_flow(&key, f->status, f->mark);
	rule_key_set_direction(&key, (enum ctq_direction)f->direction);
	for (i = 0; i < 128; i++)
		labels[i / 64] |= (uint64_t)f->labels[i] << i % 64;
	rule_key_set_labels(&key, labels);
	return key;
}

/* ---- random rules ------------------------------------------------------------------- */

static void number_draw(struct ctlink_value *v, uint8_t size, uint32_t below, bool bits)
{
	uint32_t first = draw(below), last = draw(below), swap;

	if (bits && first == 0)
		first = 1;
	if (chance(20)) {
		last |= first;
		ctlink_value_set_number(v, CTLINK_VALUE_MASK, last, size);
	} else if (!bits && chance(40)) {
		if (last < first) {
			swap = first;
			first = last;
			last = swap;
		}
		ctlink_value_set_number(v, CTLINK_VALUE_LAST, last, size);
	}
	ctlink_value_set_number(v, CTLINK_VALUE_FIRST, first, size);
}

static void address_value_draw(struct ctlink_value *v)
{
	uint8_t family = chance(60) ? AF_INET : AF_INET6,
		size = family == AF_INET ? 4 : 16;
	uint8_t first[16], last[16];

	address_draw(family, first);
	if (chance(25)) {
		address_draw(family, last);
		if (memcmp(first, last, size) > 0)
			memcpy(last, first, size);
		ctlink_value_set_address(v, CTLINK_VALUE_LAST, last, size);
	} else if (chance(70)) {
		v->prefix = (uint8_t)(chance(10) ? 0 : size * 8 - draw(18));
		ctlink_mark(v, CTLINK_VALUE_PREFIX);
	}
	ctlink_value_set_address(v, CTLINK_VALUE_FIRST, first, size);
}

static void name_value_draw(struct ctlink_value *v)
{
	static const char *const patterns[] = { "eth0", "eth1", "eth*", "eth1*", "p*",
		                                "lo",   "*",    "wlan", "wlan0*" };
	const char *text = patterns[draw(BASE_ARRAY_LENGTH(patterns))];

	cr_assert_eq(ctlink_string_set(&v->string, text, strlen(text), NULL), 0);
	ctlink_mark(v, CTLINK_VALUE_STRING);
}

/* Numbers, for labels have no names here. */
static void label_value_draw(struct ctlink_value *v)
{
	static const char *const patterns[] = { "1*", "12*", "*", "6*" };
	char text[8];

	if (chance(30))
		strcpy(text, patterns[draw(BASE_ARRAY_LENGTH(patterns))]);
	else
		sprintf(text, "%u", label_draw());
	cr_assert_eq(ctlink_string_set(&v->string, text, strlen(text), NULL), 0);
	ctlink_mark(v, CTLINK_VALUE_STRING);
}

static void value_draw(struct ctlink_value *v, uint16_t field)
{
	switch (field) {
	case CTQ_FIELD_LABEL: label_value_draw(v); break;
	case CTQ_FIELD_FAMILY:
		ctlink_value_set_number(v, CTLINK_VALUE_FIRST,
		                        chance(60) ? AF_INET : AF_INET6, 1);
		break;
	case CTQ_FIELD_PROTO:
		ctlink_value_set_number(v, CTLINK_VALUE_FIRST,
		                        protos[draw(BASE_ARRAY_LENGTH(protos))], 1);
		break;
	case CTQ_FIELD_SRC:
	case CTQ_FIELD_DST: address_value_draw(v); break;
	case CTQ_FIELD_IIF:
	case CTQ_FIELD_OIF: name_value_draw(v); break;
	case CTQ_FIELD_CTSTATE:
	case CTQ_FIELD_STATUS: number_draw(v, 4, 32, true); break;
	case CTQ_FIELD_TCP_FLAGS: number_draw(v, 1, 64, true); break;
	case CTQ_FIELD_SPORT:
	case CTQ_FIELD_DPORT: number_draw(v, 2, 20, false); break;
	case CTQ_FIELD_ICMP_TYPE:
	case CTQ_FIELD_ICMP_CODE: number_draw(v, 1, 6, false); break;
	case CTQ_FIELD_ZONE: number_draw(v, 2, 3, false); break;
	case CTQ_FIELD_DIRECTION:
		ctlink_value_set_number(v, CTLINK_VALUE_FIRST,
		                        CTQ_DIRECTION_ORIGINAL + draw(2), 1);
		break;
	case CTQ_FIELD_TTL: number_draw(v, 1, 20, false); break;
	default: number_draw(v, 4, 20, false); break;
	}
}

/* ---- named sets ---------------------------------------------------------------------- */

/* What is in them: the model looks at these values, the code at its sets. */
static struct {
	const char *name;
	uint16_t type, field; /* by which its values are drawn */
	struct ctlink_match in;
	uint16_t ports[4]; /* beside the addresses of "pairs" */
} named[] = {
	{ "addresses", CTQ_SET_ADDRESS, CTQ_FIELD_SRC },
	{ "ports", CTQ_SET_PORT, CTQ_FIELD_DPORT },
	{ "links", CTQ_SET_INTERFACE, CTQ_FIELD_IIF },
	{ "marks", CTQ_SET_MARK, CTQ_FIELD_MARK },
	{ "pairs", CTQ_SET_ADDRESS_PORT, CTQ_FIELD_SRC },
};
enum { SET_ADDRESSES, SET_PORTS, SET_LINKS, SET_MARKS, SET_PAIRS };

/* The element that value @i of set @n is; everything is borrowed. */
static struct ctlink_element named_element(size_t n, uint32_t i)
{
	struct ctlink_element e = { .has = 1 << CTLINK_ELEMENT_SET |
		                           1 << CTLINK_ELEMENT_KEY,
		                    .set = (char *)(uintptr_t)named[n].name,
		                    .key = *ctlink_match_value(&named[n].in, i) };

	if (n == SET_PAIRS) {
		ctlink_value_set_number(&e.with, CTLINK_VALUE_FIRST, named[n].ports[i],
		                        2);
		ctlink_mark(&e, CTLINK_ELEMENT_WITH);
	}
	return e;
}

/* Into a change; values that a set refuses, for it has them, are in no set. */
static void named_fill(struct sets_change *c)
{
	struct ctlink_set set = { .has = 0 };
	struct ctlink_element e;
	struct sets_error error;
	size_t n;
	uint32_t i;

	for (n = 0; n < BASE_ARRAY_LENGTH(named); n++) {
		set.name = (char *)(uintptr_t)named[n].name;
		set.type = named[n].type;
		cr_assert_eq(sets_change_set_add(c, &set, false, &error), 0);
		for (i = 0; i < named[n].in.values.length; i++) {
			e = named_element(n, i);
			cr_assert_eq(sets_change_element_add(c, &e, false, &error), 0,
			             "%s", error.error.text);
		}
	}
}

static void named_draw(void)
{
	struct ctlink_value *v;
	struct ctlink_match *m;
	uint32_t i, values;
	size_t n;

	for (n = 0; n < BASE_ARRAY_LENGTH(named); n++) {
		m = &named[n].in;
		ctlink_match_fini(m, NULL);
		values = draw(5);
		for (i = 0; i < values; i++) {
			v = ctlink_match_append(m, NULL);
			value_draw(v, named[n].field);
			v->has &= ~(1ull << CTLINK_VALUE_MASK); /* sets have none */
			if (n == SET_PAIRS)
				v->has &= 1ull << CTLINK_VALUE_FIRST;
			named[n].ports[i] = (uint16_t)draw(20);
			/* two ranges may be in each other's way: one stands alone */
			if (i == 0 && ctlink_has(v, CTLINK_VALUE_LAST))
				break;
			v->has &= ~(1ull << CTLINK_VALUE_LAST);
		}
	}
}

/* Have @m look at a set of its field's type, if there is one. */
static void match_name(struct ctlink_match *m)
{
	size_t n;

	switch (m->field) {
	case CTQ_FIELD_SRC:
	case CTQ_FIELD_DST: n = chance(60) ? SET_ADDRESSES : SET_PAIRS; break;
	case CTQ_FIELD_SPORT:
	case CTQ_FIELD_DPORT: n = SET_PORTS; break;
	case CTQ_FIELD_IIF:
	case CTQ_FIELD_OIF: n = SET_LINKS; break;
	case CTQ_FIELD_MARK:
	case CTQ_FIELD_PKTMARK: n = SET_MARKS; break;
	default: return;
	}
	cr_assert_eq(
		ctlink_string_set(&m->set, named[n].name, strlen(named[n].name), NULL),
		0);
	ctlink_mark(m, CTLINK_MATCH_SET);
	if (n != SET_PAIRS)
		return;
	m->with = chance(50) ? CTQ_FIELD_SPORT : CTQ_FIELD_DPORT;
	ctlink_mark(m, CTLINK_MATCH_WITH);
}

static void match_draw(struct ctlink_rule *rule)
{
	static const uint16_t often[] = { CTQ_FIELD_PROTO, CTQ_FIELD_SRC, CTQ_FIELD_DST,
		                          CTQ_FIELD_SPORT, CTQ_FIELD_DPORT };
	struct ctlink_match *m = ctlink_rule_append_match(rule, NULL);
	uint32_t values = chance(70) ? 1 : 1 + draw(4);

	m->field = (uint16_t)(chance(70) ? often[draw(BASE_ARRAY_LENGTH(often))]
	                                 : CTQ_FIELD_FAMILY + draw(CTQ_FIELD_UID));
	if (chance(8))
		m->field = CTQ_FIELD_LABEL;
	if (chance(4))
		m->field = CTQ_FIELD_DIRECTION;
	ctlink_mark(m, CTLINK_MATCH_FIELD);
	if (chance(15)) {
		m->flags = CTQ_MATCH_NEGATE;
		ctlink_mark(m, CTLINK_MATCH_FLAGS);
	}
	if (chance(25))
		match_name(m);
	while (!m->set && values-- > 0)
		value_draw(ctlink_match_append(m, NULL), m->field);
}

static struct ctlink_statement *statement_add(struct ctlink_rule *rule, uint16_t kind)
{
	struct ctlink_statement *s = ctlink_rule_append_statement(rule, NULL);

	s->kind = kind;
	ctlink_mark(s, CTLINK_STATEMENT_KIND);
	return s;
}

static void chain_name(uint32_t chain, char name[16])
{
	snprintf(name, 16, chain ? "chain%u" : "prerouting", chain);
}

static void statements_draw(struct ctlink_rule *rule, uint32_t chain)
{
	struct ctlink_statement *s;
	char name[16];

	if (chance(15)) {
		s = statement_add(rule,
		                  chance(50) ? CTQ_STATEMENT_MARK : CTQ_STATEMENT_CTMARK);
		s->value = draw(8);
		ctlink_mark(s, CTLINK_STATEMENT_VALUE);
		if (chance(50)) {
			s->mask = s->value | draw(8);
			ctlink_mark(s, CTLINK_STATEMENT_MASK);
		}
		if (chance(50))
			return;
	}
	if (chance(5)) {
		s = statement_add(rule, CTQ_STATEMENT_LABEL);
		sprintf(name, "%u", label_draw());
		cr_assert_eq(ctlink_string_set(&s->string, name, strlen(name), NULL), 0);
		ctlink_mark(s, CTLINK_STATEMENT_STRING);
		if (chance(70))
			return;
	}
	if (chance(10) && chain + 1 < CHAINS) {
		s = statement_add(rule, CTQ_STATEMENT_JUMP);
		chain_name(chain + 1 + draw(CHAINS - chain - 1), name);
		cr_assert_eq(ctlink_string_set(&s->string, name, strlen(name), NULL), 0);
		ctlink_mark(s, CTLINK_STATEMENT_STRING);
	} else if (chance(10)) {
		statement_add(rule,
		              chance(50) ? CTQ_STATEMENT_COUNT : CTQ_STATEMENT_RETURN);
	} else {
		statement_add(rule,
		              chance(50) ? CTQ_STATEMENT_ACCEPT : CTQ_STATEMENT_DROP);
	}
}

/* A rule set; each rule has its number in the set, from 1, as its line. */
static void set_draw(struct ctlink_ruleset *set, uint32_t rules)
{
	struct ctlink_chain *chain;
	struct ctlink_rule *rule;
	uint32_t i, n, where;
	char name[16];

	ctlink_ruleset_init(set, NULL);
	for (i = 0; i < CHAINS; i++) {
		chain = ctlink_ruleset_append_chain(set);
		chain_name(i, name);
		cr_assert_eq(ctlink_string_set(&chain->name, name, strlen(name), NULL),
		             0);
		chain->policy = chance(50) ? CTQ_VERDICT_ACCEPT : CTQ_VERDICT_DROP;
		if (i == 0) {
			chain->has |= 1 << CTLINK_CHAIN_HOOK | 1 << CTLINK_CHAIN_POLICY;
			chain->hook = PACKET_HOOK_PREROUTING;
		}
	}
	for (i = 0; i < rules; i++) {
		rule = ctlink_ruleset_append_rule(set);
		where = chance(60) ? 0 : draw(CHAINS);
		chain_name(where, name);
		cr_assert_eq(ctlink_string_set(&rule->chain, name, strlen(name), NULL),
		             0);
		rule->line = i + 1;
		rule->has |= 1 << CTLINK_RULE_CHAIN | 1 << CTLINK_RULE_LINE;
		for (n = draw(5); n > 0; n--)
			match_draw(rule);
		statements_draw(rule, where);
	}
}

/* ---- the stupid matcher ---------------------------------------------------------------- */

struct model {
	const struct ctlink_ruleset *set;
	struct facts facts;
	uint8_t verdict;
	uint32_t line; /* of the rule that decided; 0: the policy */
	struct rule_mark packet_mark, flow_mark;
	bool labels[128]; /* that were set */
};

static bool bit_of(const uint8_t *bytes, unsigned int i)
{
	return bytes[i / 8] >> (7 - i % 8) & 1;
}

static bool address_holds(const struct ctlink_value *v, const struct facts *f,
                          const uint8_t *address)
{
	unsigned int bits = v->first_size * 8, i;

	if (!f->has_tuple || v->first_size != (f->family == AF_INET ? 4 : 16))
		return false;
	if (ctlink_has(v, CTLINK_VALUE_LAST))
		return memcmp(address, v->first, v->first_size) >= 0 &&
		       memcmp(address, v->last, v->first_size) <= 0;
	if (ctlink_has(v, CTLINK_VALUE_PREFIX))
		bits = v->prefix;
	for (i = 0; i < bits; i++) {
		if (bit_of(address, i) != bit_of(v->first, i))
			return false;
	}
	return true;
}

static bool name_holds(const struct ctlink_value *v, const char *name)
{
	size_t length = strlen(v->string);

	if (v->string[length - 1] == '*')
		return strncmp(name, v->string, length - 1) == 0;
	return strcmp(name, v->string) == 0;
}

static bool label_holds(const struct ctlink_value *v, const struct facts *f)
{
	bool any = false;
	char name[4];
	unsigned int i;

	for (i = 0; i < 128; i++) {
		sprintf(name, "%u", i);
		any |= f->labels[i] && name_holds(v, name);
	}
	return any;
}

static uint64_t big_endian(const uint8_t *bytes, uint8_t size)
{
	uint64_t n = 0;

	while (size-- > 0)
		n = n << 8 | *bytes++;
	return n;
}

static bool number_holds(const struct ctlink_value *v, uint16_t field, uint64_t n)
{
	uint64_t first = big_endian(v->first, v->first_size);

	if (ctlink_has(v, CTLINK_VALUE_MASK))
		return (n & big_endian(v->mask, v->mask_size)) == first;
	if (field == CTQ_FIELD_CTSTATE || field == CTQ_FIELD_STATUS ||
	    field == CTQ_FIELD_TCP_FLAGS)
		return (n & first) != 0;
	if (ctlink_has(v, CTLINK_VALUE_LAST))
		return n >= first && n <= big_endian(v->last, v->last_size);
	return n == first;
}

/* A number field's value; false: the packet has none. */
static bool number_of(const struct facts *f, uint16_t field, uint64_t *n)
{
	switch (field) {
	case CTQ_FIELD_FAMILY: *n = f->family; return true;
	case CTQ_FIELD_PROTO: *n = f->proto; return f->has_tuple;
	case CTQ_FIELD_SPORT: *n = f->sport; return f->has_tuple && has_ports(f->proto);
	case CTQ_FIELD_DPORT: *n = f->dport; return f->has_tuple && has_ports(f->proto);
	case CTQ_FIELD_ICMP_TYPE: *n = f->type; return f->has_tuple && is_icmp(f->proto);
	case CTQ_FIELD_ICMP_CODE: *n = f->code; return f->has_tuple && is_icmp(f->proto);
	case CTQ_FIELD_CTSTATE: *n = f->ctstate; return true;
	case CTQ_FIELD_STATUS: *n = f->status; return f->has_flow;
	case CTQ_FIELD_PKTMARK: *n = f->packet_mark; return true;
	case CTQ_FIELD_MARK: *n = f->mark; return f->has_flow;
	case CTQ_FIELD_ZONE: *n = f->zone; return f->has_tuple;
	case CTQ_FIELD_LENGTH: *n = f->length; return true;
	case CTQ_FIELD_TTL: *n = f->ttl; return true;
	case CTQ_FIELD_TCP_FLAGS:
		*n = f->tcp_flags;
		return f->has_tuple && f->proto == IPPROTO_TCP;
	case CTQ_FIELD_UID: *n = f->uid; return f->has_uid;
	case CTQ_FIELD_DIRECTION: *n = f->direction; return f->has_flow;
	default: cr_assert_fail("field %u", field); return false;
	}
}

static bool match_holds(const struct ctlink_match *m, const struct facts *f);

/* As a match with what is in the set. */
static bool named_holds(const struct ctlink_match *m, const struct facts *f)
{
	struct ctlink_match plain = { .field = m->field, .flags = m->flags };
	bool any = false;
	uint64_t port;
	uint32_t i;
	size_t n = 0;

	while (strcmp(named[n].name, m->set) != 0)
		n++;
	plain.values = named[n].in.values;
	if (n != SET_PAIRS)
		return match_holds(&plain, f);
	if (!number_of(f, m->with, &port))
		return false;
	for (i = 0; i < plain.values.length; i++)
		any |= named[n].ports[i] == port &&
		       address_holds(ctlink_match_value(&plain, i), f,
		                     m->field == CTQ_FIELD_SRC ? f->src : f->dst);
	return any != (m->flags == CTQ_MATCH_NEGATE);
}

/* Does the packet have the field? Of an empty set there is no value to ask. */
static bool is_present(const struct facts *f, uint16_t field)
{
	uint64_t n;

	if (field == CTQ_FIELD_SRC || field == CTQ_FIELD_DST)
		return f->has_tuple;
	if (field == CTQ_FIELD_IIF || field == CTQ_FIELD_OIF)
		return (field == CTQ_FIELD_IIF ? f->iif : f->oif) != NULL;
	return number_of(f, field, &n);
}

static bool match_holds(const struct ctlink_match *m, const struct facts *f)
{
	bool present = true, any = false;
	const struct ctlink_value *v;
	const char *name;
	uint64_t n = 0;
	uint32_t i;

	if (m->set)
		return named_holds(m, f);
	if (m->values.length == 0)
		return is_present(f, m->field) && m->flags == CTQ_MATCH_NEGATE;
	for (i = 0; i < m->values.length; i++) {
		v = ctlink_match_value(m, i);
		if (m->field == CTQ_FIELD_SRC || m->field == CTQ_FIELD_DST) {
			present = f->has_tuple;
			any |= address_holds(v, f,
			                     m->field == CTQ_FIELD_SRC ? f->src : f->dst);
		} else if (m->field == CTQ_FIELD_IIF || m->field == CTQ_FIELD_OIF) {
			name = m->field == CTQ_FIELD_IIF ? f->iif : f->oif;
			present = name != NULL;
			any |= present && name_holds(v, name);
		} else if (m->field == CTQ_FIELD_LABEL) {
			present = f->has_flow;
			any |= present && label_holds(v, f);
		} else {
			present = number_of(f, m->field, &n);
			any |= present && number_holds(v, m->field, n);
		}
	}
	return present && any != (m->flags == CTQ_MATCH_NEGATE);
}

static void mark_set(uint32_t *seen, struct rule_mark *change,
                     const struct ctlink_statement *s)
{
	uint32_t mask = ctlink_has(s, CTLINK_STATEMENT_MASK) ? s->mask : UINT32_MAX, i;

	for (i = 0; i < 32; i++) {
		if (!(mask >> i & 1))
			continue;
		*seen = (*seen & ~(1u << i)) | (s->value & 1u << i);
		change->value = (change->value & ~(1u << i)) | (s->value & 1u << i);
		change->mask |= 1u << i;
	}
}

enum outcome { GO_ON, BACK, DECIDED };

static enum outcome chain_walk(struct model *m, const char *name);

static enum outcome rule_walk(struct model *m, const struct ctlink_rule *rule)
{
	enum outcome outcome = GO_ON;
	const struct ctlink_statement *s;
	uint32_t i;

	for (i = 0; i < rule->statements.length && outcome == GO_ON; i++) {
		s = ctlink_rule_statement(rule, i);
		if (s->kind == CTQ_STATEMENT_MARK)
			mark_set(&m->facts.packet_mark, &m->packet_mark, s);
		else if (s->kind == CTQ_STATEMENT_CTMARK)
			mark_set(&m->facts.mark, &m->flow_mark, s);
		else if (s->kind == CTQ_STATEMENT_LABEL)
			m->facts.labels[atoi(s->string)] = m->labels[atoi(s->string)] =
				true;
		else if (s->kind == CTQ_STATEMENT_RETURN)
			outcome = BACK;
		else if (s->kind == CTQ_STATEMENT_JUMP)
			outcome = chain_walk(m, s->string);
		else if (s->kind != CTQ_STATEMENT_COUNT) {
			m->verdict = s->kind == CTQ_STATEMENT_ACCEPT ? CTQ_VERDICT_ACCEPT
			                                             : CTQ_VERDICT_DROP;
			m->line = rule->line;
			outcome = DECIDED;
		}
	}
	return outcome;
}

static enum outcome chain_walk(struct model *m, const char *name)
{
	enum outcome outcome = GO_ON;
	const struct ctlink_rule *rule;
	uint32_t i, j;
	bool holds;

	for (i = 0; i < m->set->rules.length && outcome == GO_ON; i++) {
		rule = ctlink_ruleset_rule(m->set, i);
		if (strcmp(rule->chain, name) != 0)
			continue;
		holds = true;
		for (j = 0; j < rule->matches.length; j++)
			holds &= match_holds(ctlink_rule_match(rule, j), &m->facts);
		if (holds)
			outcome = rule_walk(m, rule);
	}
	return outcome == DECIDED ? DECIDED : GO_ON;
}

static void model_judge(struct model *m, const struct ctlink_ruleset *set,
                        const struct facts *f)
{
	memset(m, 0, sizeof(*m));
	m->set = set;
	m->facts = *f;
	if (chain_walk(m, "prerouting") != DECIDED)
		m->verdict = ctlink_ruleset_chain(set, 0)->policy;
}

/* ---- comparing -------------------------------------------------------------------------- */

/* A copy of the set that the rules may take. */
static void set_copy(struct ctlink_ruleset *copy, uint64_t seed, uint32_t rules)
{
	uint64_t now = state;

	state = seed;
	set_draw(copy, rules);
	state = now;
}

static struct rules *rules_made(const char *backend, uint64_t seed, uint32_t n)
{
	struct rules_change *c;
	struct ctlink_ruleset set;
	struct rules_error e;
	struct rules *rules;
	uint32_t i;
	int err;

	set_copy(&set, seed, n);
	rules = rules_new(backend, 1, NULL, &err);
	c = rules_change_new(rules, &err);
	named_fill(rules_change_sets(c, 0));
	for (i = 0; i < CHAINS; i++)
		cr_assert_eq(
			rules_change_chain_set(c, i, ctlink_ruleset_chain(&set, i), &e),
			0, "%s", e.error.text);
	for (i = 0; i < n; i++)
		cr_assert_eq(
			rules_change_rule_add(c, i, ctlink_ruleset_rule(&set, i), &e), 0,
			"%s", e.error.text);
	err = rules_change_build(c, &e);
	cr_assert_eq(err, 0, "%s", e.error.text);
	rules_change_commit(c, 0, 0);
	rules_change_destroy(c);
	ctlink_ruleset_fini(&set);
	return rules;
}

/* Lines of rules by id. Ids begin at 1 and are given in the order of the set. */
/* What an explanation told: the rules that held, and how many were looked at. */
struct told {
	uint32_t held, fails, first[CTQ_PACKET_HELD_MAX];
	const struct ruleset *rs;
	enum ctq_explain_step last;
};

static void tell(void *ctx, const struct rules_step *step)
{
	struct told *told = ctx;
	struct ctlink_rule rule;
	uint16_t field;

	told->last = step->kind;
	ruleset_step_read(told->rs, step, &rule, &field);
	if (step->kind == CTQ_EXPLAIN_FAILS) {
		told->fails++;
		cr_assert_neq(field, CTQ_FIELD_NONE, "what does not hold has a field");
	}
	if (step->kind != CTQ_EXPLAIN_HOLDS)
		return;
	if (told->held < CTQ_PACKET_HELD_MAX)
		told->first[told->held] = rule.id;
	told->held++;
}

static void compare_told(const struct rules *rules, const char *backend,
                         const struct rule_key *key, const struct rule_verdict *v)
{
	struct told told = { .rs = rules_peek(rules) };
	struct rule_verdict explained;

	ruleset_explain(told.rs, key, 0, tell, &told, &explained);
	cr_assert_eq(memcmp(&explained, v, sizeof(explained)), 0,
	             "%s: explained by rule %u, judged by %u", backend, explained.id,
	             v->id);
	cr_assert_eq(v->n_held,
	             told.held < CTQ_PACKET_HELD_MAX ? told.held : CTQ_PACKET_HELD_MAX);
	cr_assert_eq(memcmp(told.first, v->held, v->n_held * sizeof(v->held[0])), 0);
	cr_assert_eq(told.last, v->id ? CTQ_EXPLAIN_HOLDS : CTQ_EXPLAIN_POLICY);
}

static void compare(const struct rules *rules, const char *backend, const struct facts *f,
                    const struct model *m)
{
	struct rule_key key = key_of(f);
	bool policy = m->line == 0, accept = m->verdict == CTQ_VERDICT_ACCEPT;
	struct rule_verdict v;
	unsigned int i;

	ruleset_classify(rules_peek(rules), &key, NULL, 0, 0, &v);
	cr_assert_eq(v.verdict, m->verdict, "%s: rule %u, not %u", backend, v.id,
	             m->line);
	cr_assert_eq(v.id, m->line, "%s: rule %u, not %u", backend, v.id, m->line);
	cr_assert_eq(v.reason, policy ? (accept ? CTQ_ACCEPT_POLICY : CTQ_DROP_POLICY)
	                              : (accept ? CTQ_ACCEPT_RULE : CTQ_DROP_RULE));
	cr_assert_eq(memcmp(&v.packet_mark, &m->packet_mark, sizeof(v.packet_mark)), 0,
	             "%s", backend);
	cr_assert_eq(memcmp(&v.flow_mark, &m->flow_mark, sizeof(v.flow_mark)), 0, "%s",
	             backend);
	for (i = 0; i < 128; i++)
		cr_assert_eq(v.labels[i / 64] >> i % 64 & 1, m->labels[i], "%s", backend);
	compare_told(rules, backend, &key, &v);
}

static uint64_t played; /* packets */

static void play(uint32_t rules, uint32_t packets)
{
	const struct rules_backend *const *backends = rules_backend_list();
	struct rules *made[8];
	struct ctlink_ruleset set;
	uint64_t seed;
	struct facts f;
	struct model m;
	size_t b;

	played += packets;
	named_draw();
	seed = state;
	set_draw(&set, rules);
	for (b = 0; backends[b]; b++)
		made[b] = rules_made(backends[b]->name, seed, rules);
	while (packets-- > 0) {
		f = facts_draw();
		model_judge(&m, &set, &f);
		for (b = 0; backends[b]; b++)
			compare(made[b], backends[b]->name, &f, &m);
	}
	for (b = 0; backends[b]; b++)
		rules_destroy(made[b]);
	ctlink_ruleset_fini(&set);
}

static uint32_t number_from(const char *variable, uint32_t otherwise)
{
	const char *text = getenv(variable);

	return text ? (uint32_t)strtoul(text, NULL, 0) : otherwise;
}

Test(rules, backends_agree_with_the_model, .timeout = 600)
{
	uint32_t rounds = number_from("MODEL_ROUNDS", ROUNDS), i;

	state = number_from("MODEL_SEED", (uint32_t)time(NULL));
	fprintf(stderr, "# MODEL_SEED=%lu\n", (unsigned long)state);
	for (i = 0; i < rounds; i++)
		play(1 + draw(i % 10 == 9 ? 400 : 40), PACKETS / (i % 10 == 9 ? 4 : 1));
	fprintf(stderr, "# %lu packets against the model\n", (unsigned long)played);
}

/* ---- large sets, against linear ----------------------------------------------------- */

/* An IPv4 address as one of IPv6: its bits stand behind 2001:db8::/32, and what is behind them
 * follows from it, so that rules for a whole address (/128) have packets, too. */
static void address6_of(const void *address, uint8_t out[16])
{
	static const uint8_t before[] = { 0x20, 0x01, 0x0d, 0xb8 };

	memset(out, 0, 16);
	memcpy(out, before, 4);
	memcpy(out + 4, address, 4);
	memcpy(out + 12, address, 4);
}

static void rule_to_ipv6(struct ctlink_rule *rule)
{
	struct ctlink_match *m;
	struct ctlink_value *v;
	uint8_t address[16];
	uint32_t i;

	for (i = 0; i < rule->matches.length; i++) {
		m = ctlink_rule_match(rule, i);
		if (m->field != CTQ_FIELD_SRC && m->field != CTQ_FIELD_DST)
			continue;
		v = ctlink_match_value(m, 0);
		address6_of(v->first, address);
		ctlink_value_set_address(v, CTLINK_VALUE_FIRST, address, 16);
		v->prefix =
			v->prefix == 32 && chance(50) ? 128 : (uint8_t)(v->prefix + 32);
	}
}

/* Some rules are of IPv6, some set a mark and go on, some look at more than boxes can say. */
static void generated_value(const struct generated_rule *g, struct ctlink_rule *rule)
{
	memset(rule, 0, sizeof(*rule));
	cr_assert(generate_rule(g, rule));
	if (chance(50))
		rule_to_ipv6(rule);
	if (chance(10))
		ctlink_value_set_number(generate_field_add(rule, CTQ_FIELD_CTSTATE),
		                        CTLINK_VALUE_FIRST, 1u << draw(5), 4);
	if (chance(10)) {
		struct ctlink_statement *s = statement_add(rule, CTQ_STATEMENT_CTMARK);

		s->value = draw(1000);
		ctlink_mark(s, CTLINK_STATEMENT_VALUE);
	} else {
		statement_add(rule,
		              chance(50) ? CTQ_STATEMENT_ACCEPT : CTQ_STATEMENT_DROP);
	}
}

static struct rules *generated_made(const char *backend,
                                    const struct generated_rule *list, uint32_t n,
                                    uint64_t seed)
{
	struct ctlink_chain chain = { .hook = PACKET_HOOK_PREROUTING };
	char name[] = "prerouting";
	struct rules_change *c;
	struct ctlink_rule rule;
	struct rules_error e;
	struct rules *rules;
	uint32_t i;
	int err;

	state = seed;
	chain.name = name;
	chain.has = 1 << CTLINK_CHAIN_NAME | 1 << CTLINK_CHAIN_HOOK;
	rules = rules_new(backend, 1, NULL, &err);
	c = rules_change_new(rules, &err);
	cr_assert_eq(rules_change_chain_set(c, 1, &chain, &e), 0);
	for (i = 0; i < n; i++) {
		generated_value(&list[i], &rule);
		cr_assert_eq(rules_change_rule_add(c, 1, &rule, &e), 0, "%s",
		             e.error.text);
	}
	cr_assert_eq(rules_change_build(c, &e), 0, "%s", e.error.text);
	rules_change_commit(c, 0, 0);
	rules_change_destroy(c);
	return rules;
}

static struct rule_key generated_key(const struct generated_packet *p)
{
	struct rule_key key;
	struct tuple t;

	const uint32_t src = htonl(p->src), dst = htonl(p->dst);

	tuple_clear(&t);
	t.l3 = chance(50) ? AF_INET : AF_INET6;
	t.l4 = p->proto;
	if (t.l3 == AF_INET) {
		memcpy(t.src, &src, 4);
		memcpy(t.dst, &dst, 4);
	} else {
		address6_of(&src, t.src);
		address6_of(&dst, t.dst);
	}
	if (has_ports(p->proto)) {
		t.src_id = htons(p->sport);
		t.dst_id = htons(p->dport);
	}
	rule_key_init(&key, PACKET_HOOK_PREROUTING, t.l3);
	rule_key_set_tuple(&key, &t);
	rule_key_set_state(&key, (enum ctq_ctstate)(1u << draw(5)));
	rule_key_set_flow(&key, 0, 0);
	return key;
}

static void compare_generated(enum generate_style style, uint32_t n, uint32_t packets)
{
	static struct generated_rule list[LARGEST];
	static struct generated_packet trace[4000];
	const struct rules_backend *const *backends = rules_backend_list();
	struct rules *linear = NULL, *made[8];
	struct rule_verdict a, b;
	struct rule_key key;
	uint64_t seed = state;
	uint32_t i;
	size_t k;

	generate_rules(style, seed, list, n);
	generate_packets(seed + 1, false, list, n, trace, packets);
	generate_packets(seed + 2, true, list, n, trace, packets / 10);
	for (k = 0; backends[k]; k++) {
		made[k] = generated_made(backends[k]->name, list, n, seed);
		if (backends[k] == &rules_backend_linear)
			linear = made[k];
	}
	for (i = 0; i < packets; i++) {
		key = generated_key(&trace[i]);
		ruleset_classify(rules_peek(linear), &key, NULL, 0, 0, &a);
		for (k = 0; backends[k]; k++) {
			ruleset_classify(rules_peek(made[k]), &key, NULL, 0, 0, &b);
			cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0,
			             "%s: %s %u: rule %u, not %u", backends[k]->name,
			             generate_style_name(style), n, b.id, a.id);
		}
	}
	for (k = 0; backends[k]; k++)
		rules_destroy(made[k]);
}

Test(rules, forest_agrees_with_linear_on_large_sets, .timeout = 600)
{
	static const uint32_t sizes[] = { 100, 1000, 5000, 10000 };
	uint32_t rounds = number_from("MODEL_ROUNDS", ROUNDS) / 100 + 1, i, s;
	enum generate_style style;
	uint64_t n = 0;

	state = number_from("MODEL_SEED", (uint32_t)time(NULL));
	fprintf(stderr, "# MODEL_SEED=%lu\n", (unsigned long)state);
	for (i = 0; i < rounds; i++) {
		for (s = 0; s < BASE_ARRAY_LENGTH(sizes); s++) {
			for (style = 0; style < GENERATE_STYLES; style++) {
				compare_generated(style, sizes[s], i ? 1000 : 4000);
				n += i ? 1000 : 4000;
			}
		}
	}
	for (style = 0; rounds > 10 && style < GENERATE_STYLES; style++) {
		compare_generated(style, LARGEST, 1000);
		n += 1000;
	}
	fprintf(stderr, "# %lu packets against linear\n", (unsigned long)n);
}
