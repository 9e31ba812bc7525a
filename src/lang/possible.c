/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can never match: the matches of a rule leave no packet, because they want different
 * protocols or families of it. Each match excludes pairs of a family and a protocol, also by
 * what only packets of some have: ports, ICMP types, TCP flags.
 */
#include "lang/lang_priv.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ctq/ctlink.h"

/* ---- what a match excludes ----------------------------------------------------------- */

static void exclude_family(struct lang_excluded *e, int family)
{
	memset(e->bits[family == AF_INET6], 0xff, sizeof(e->bits[0]));
}

/* All protocols but those of @allowed, of both families. */
static void exclude_others(struct lang_excluded *e, const uint64_t allowed[4])
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		e->bits[0][i] |= ~allowed[i];
		e->bits[1][i] |= ~allowed[i];
	}
}

static void allow(uint64_t allowed[4], uint64_t proto)
{
	allowed[proto / 64 % 4] |= UINT64_C(1) << proto % 64;
}

static bool value_holds(const struct ctlink_value *v, uint64_t number)
{
	uint64_t first = ctlink_value_number(v->first, v->first_size);

	if (ctlink_has(v, CTLINK_VALUE_MASK))
		return (number & ctlink_value_number(v->mask, v->mask_size)) == first;
	if (ctlink_has(v, CTLINK_VALUE_LAST))
		return number >= first &&
		       number <= ctlink_value_number(v->last, v->last_size);
	return number == first;
}

static bool match_holds(const struct ctlink_match *m, uint64_t number)
{
	bool any = false;
	uint32_t i;

	for (i = 0; i < m->values.length && !any; i++)
		any = value_holds(ctlink_match_value(m, i), number);
	return any != (m->flags == CTQ_MATCH_NEGATE);
}

/* Most rules say one protocol: no walk through all of them. */
static void allow_value(uint64_t allowed[4], const struct ctlink_value *v)
{
	uint64_t proto;

	if (v->has == 1ull << CTLINK_VALUE_FIRST) {
		allow(allowed, ctlink_value_number(v->first, v->first_size));
		return;
	}
	for (proto = 0; proto < 256; proto++)
		if (value_holds(v, proto))
			allow(allowed, proto);
}

static void exclude_by_proto(struct lang_excluded *e, const struct ctlink_match *m)
{
	uint64_t allowed[4] = { 0 };
	uint32_t i;

	for (i = 0; i < m->values.length; i++)
		allow_value(allowed, ctlink_match_value(m, i));
	for (i = 0; i < 4 && m->flags == CTQ_MATCH_NEGATE; i++)
		allowed[i] = ~allowed[i];
	exclude_others(e, allowed);
}

static void exclude_by_family(struct lang_excluded *e, const struct ctlink_match *m)
{
	if (!match_holds(m, AF_INET))
		exclude_family(e, AF_INET);
	if (!match_holds(m, AF_INET6))
		exclude_family(e, AF_INET6);
}

/* Addresses that must not be are of no family. */
static void exclude_by_address(struct lang_excluded *e, const struct ctlink_match *m)
{
	bool any[2] = { false, false };
	uint32_t i;

	if (m->set || m->flags == CTQ_MATCH_NEGATE)
		return;
	for (i = 0; i < m->values.length; i++)
		any[ctlink_match_value(m, i)->first_size == 16] = true;
	if (!any[0])
		exclude_family(e, AF_INET);
	if (!any[1])
		exclude_family(e, AF_INET6);
}

static void exclude_without_ports(struct lang_excluded *e)
{
	uint64_t allowed[4] = { 0 };

	allow(allowed, IPPROTO_TCP);
	allow(allowed, IPPROTO_UDP);
	allow(allowed, IPPROTO_UDPLITE);
	allow(allowed, IPPROTO_SCTP);
	allow(allowed, IPPROTO_DCCP);
	exclude_others(e, allowed);
}

static void exclude_all_but(struct lang_excluded *e, uint64_t proto)
{
	uint64_t allowed[4] = { 0 };

	allow(allowed, proto);
	exclude_others(e, allowed);
}

static void exclude_without_icmp(struct lang_excluded *e)
{
	uint64_t allowed[4] = { 0 };

	allow(allowed, IPPROTO_ICMP);
	allow(allowed, IPPROTO_ICMPV6);
	exclude_others(e, allowed);
}

static void exclude(struct lang_excluded *e, const struct ctlink_match *m)
{
	switch (m->field) {
	case CTQ_FIELD_PROTO: exclude_by_proto(e, m); break;
	case CTQ_FIELD_FAMILY: exclude_by_family(e, m); break;
	case CTQ_FIELD_SRC:
	case CTQ_FIELD_DST: exclude_by_address(e, m); break;
	case CTQ_FIELD_SPORT:
	case CTQ_FIELD_DPORT: exclude_without_ports(e); break;
	case CTQ_FIELD_TCP_FLAGS: exclude_all_but(e, IPPROTO_TCP); break;
	case CTQ_FIELD_ICMP_TYPE:
	case CTQ_FIELD_ICMP_CODE: exclude_without_icmp(e); break;
	default: break;
	}
	if (m->with)
		exclude_without_ports(e);
}

static bool is_all(const struct lang_excluded *e)
{
	uint64_t left = 0;
	unsigned int i;

	for (i = 0; i < 4; i++)
		left |= ~e->bits[0][i] | ~e->bits[1][i];
	return left == 0;
}

/* ---- mistakes ------------------------------------------------------------------------ */

/* The first match of the rule before @m that leaves nothing of it, or -1: it takes several. */
static int64_t find_other(const struct lang_draft *d, const struct ctlink_match *m)
{
	struct lang_excluded both;
	uint32_t i;

	for (i = 0; i < d->rule.matches.length; i++) {
		if (ctlink_rule_match(&d->rule, i) == m)
			break;
		memset(&both, 0, sizeof(both));
		exclude(&both, m);
		exclude(&both, ctlink_rule_match(&d->rule, i));
		if (is_all(&both))
			return i;
	}
	return -1;
}

/* "'proto icmp' in column 8" */
static void say_other(struct lang *l, uint32_t i, const struct lang_place *place,
                      char *out, size_t size)
{
	const struct lang_place *other = &l->draft.match_places[i];
	char *text = NULL;
	size_t length;
	FILE *f = open_memstream(&text, &length);

	if (!f) {
		lang_no_memory(l);
		return;
	}
	lang_match_print(ctlink_rule_match(&l->draft.rule, i), f);
	if (fclose(f))
		lang_no_memory(l);
	else if (other->line == place->line)
		snprintf(out, size, "'%.100s' in column %u", text, other->column);
	else
		snprintf(out, size, "'%.100s' in line %u", text, other->line);
	free(text);
}

bool lang_possible(struct lang *l, const struct ctlink_match *m,
                   const struct lang_place *place)
{
	struct lang_excluded e = l->draft.excluded;
	char other[LANG_TEXT_MAX] = "the other matches of the rule";
	int64_t i;

	exclude(&e, m);
	if (!is_all(&e)) {
		l->draft.excluded = e;
		return true;
	}
	i = find_other(&l->draft, m);
	if (i >= 0)
		say_other(l, (uint32_t)i, place, other, sizeof(other));
	lang_error_add(l, place, "this can never match beside %.200s", other);
	l->draft.failed = true;
	return false;
}
