/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See check.h. */
#include "rules/check.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "base/base.h"
#include "rules/label.h"

/* Where the fields of rules are in a key. */
static const struct {
	uint16_t field;
	uint16_t offset;
} places[] = {
#define PLACE(field, member)                                         \
	{                                                            \
		CTQ_FIELD_##field, offsetof(struct rule_key, member) \
	}
	PLACE(FAMILY, family),
	PLACE(PROTO, proto),
	PLACE(SRC, src),
	PLACE(DST, dst),
	PLACE(SPORT, sport),
	PLACE(DPORT, dport),
	PLACE(ICMP_TYPE, icmp_type),
	PLACE(ICMP_CODE, icmp_code),
	PLACE(IIF, iif),
	PLACE(OIF, oif),
	PLACE(CTSTATE, ctstate),
	PLACE(STATUS, status),
	PLACE(PKTMARK, packet_mark),
	PLACE(MARK, mark),
	PLACE(ZONE, zone),
	PLACE(LENGTH, length),
	PLACE(TTL, ttl),
	PLACE(TCP_FLAGS, tcp_flags),
	PLACE(UID, uid),
	PLACE(TIME, time),
	PLACE(DAY, day),
	PLACE(DIRECTION, direction),
	PLACE(LABEL, labels),
#undef PLACE
};

static int place_find(uint16_t field)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(places); i++) {
		if (places[i].field == field)
			return places[i].offset;
	}
	return -1;
}

bool check_field_known(uint16_t field)
{
	return place_find(field) >= 0;
}

/* ---- validating ---------------------------------------------------------------- */

static int places_validate(const struct ctlink_match *m, struct ctlink_error *error)
{
	if (place_find(m->field) < 0)
		return ctlink_error_set(error, -EOPNOTSUPP, 0,
		                        "rules cannot look at field %u", m->field);
	if (m->with && place_find(m->with) < 0)
		return ctlink_error_set(error, -EOPNOTSUPP, 0,
		                        "rules cannot look at field %u", m->with);
	return 0;
}

static int match_validate(const struct ctlink_match *m, struct ctlink_error *error)
{
	const struct ctlink_value *v;
	uint32_t i;
	int err;

	err = ctlink_match_check(m, CTLINK_SCOPE_PACKET, error);
	if (!err)
		err = places_validate(m, error);
	if (err)
		return err;
	for (i = 0; i < m->values.length; i++) {
		v = ctlink_match_value(m, i);
		if (v->string && m->field != CTQ_FIELD_LABEL &&
		    strlen(v->string) >= CTQ_IFNAME_MAX)
			return ctlink_error_set(error, -EINVAL, 0,
			                        "'%.32s' is too long for an interface",
			                        v->string);
	}
	return 0;
}

int check_validate(const struct ctlink_rule *rule, uint32_t *match,
                   struct ctlink_error *error)
{
	int err;

	for (*match = 0; *match < rule->matches.length; (*match)++) {
		err = match_validate(ctlink_rule_match(rule, *match), error);
		if (err)
			return err;
	}
	return 0;
}

void check_count(const struct ctlink_rule *rule, struct check_room *room)
{
	const struct ctlink_match *m;
	uint32_t i;

	room->checks += rule->matches.length;
	for (i = 0; i < rule->statements.length; i++) {
		if (!ctlink_statement_has_set(ctlink_rule_statement(rule, i)->kind))
			continue;
		room->checks++;
		room->sets++;
	}
	for (i = 0; i < rule->matches.length; i++) {
		m = ctlink_rule_match(rule, i);
		if (m->set)
			room->sets++;
		else
			room->values += m->values.length - 1;
	}
}

/* ---- making -------------------------------------------------------------------- */

static void make_name(const struct ctlink_value *v, struct check_value *out)
{
	size_t length = strlen(v->string);
	bool rest = length && v->string[length - 1] == '*';
	char ones[CTQ_IFNAME_MAX];

	memset(ones, 0xff, sizeof(ones));
	out->kind = CHECK_WORDS_MASKED;
	length -= rest;
	rule_name_read(out->a, v->string, length);
	/* without a '*' the zeros behind the name count as well */
	rule_name_read(out->b, ones, rest ? length : sizeof(ones));
}

/* Ones in the first @bits of @size bytes, and in all that is before them in the words. */
static void mask_make(uint64_t words[2], unsigned int bits, uint8_t size)
{
	unsigned int ones = 128 - size * 8 + bits; /* from the top */

	words[0] = ones >= 64 ? UINT64_MAX : ones ? UINT64_MAX << (64 - ones) : 0;
	words[1] = ones >= 128 ? UINT64_MAX : ones > 64 ? UINT64_MAX << (128 - ones) : 0;
}

static void make_address(const struct ctlink_value *v, struct check_value *out)
{
	unsigned int bits = v->first_size * 8u;

	out->family = v->first_size == 4 ? AF_INET : AF_INET6;
	rule_address_read(out->a, v->first, v->first_size);
	if (ctlink_has(v, CTLINK_VALUE_LAST)) {
		out->kind = CHECK_WORDS_RANGE;
		rule_address_read(out->b, v->last, v->last_size);
		return;
	}
	if (ctlink_has(v, CTLINK_VALUE_PREFIX))
		bits = v->prefix;
	out->kind = CHECK_WORDS_MASKED;
	mask_make(out->b, bits, v->first_size);
	out->a[0] &= out->b[0];
	out->a[1] &= out->b[1];
}

static void make_number(const struct ctlink_field *field, const struct ctlink_value *v,
                        struct check_value *out)
{
	bool bits =
		field->type == CTLINK_FIELD_BITS8 || field->type == CTLINK_FIELD_BITS32;

	out->a[0] = ctlink_value_number(v->first, v->first_size);
	if (ctlink_has(v, CTLINK_VALUE_MASK)) {
		out->kind = CHECK_NUMBER_MASKED;
		out->b[0] = ctlink_value_number(v->mask, v->mask_size);
	} else if (bits) {
		out->kind = CHECK_NUMBER_BITS;
	} else {
		out->kind = CHECK_NUMBER_RANGE;
		out->b[0] = ctlink_has(v, CTLINK_VALUE_LAST)
		                    ? ctlink_value_number(v->last, v->last_size)
		                    : out->a[0];
	}
}

/* That there is one was found out before. */
static void make_labels(const struct rules_labels *labels, const struct ctlink_value *v,
                        struct check_value *out)
{
	out->kind = CHECK_WORDS_BITS;
	(void)rules_labels_find(labels, v->string, out->a);
}

static void make_value(const struct check_pool *pool, const struct ctlink_field *field,
                       const struct ctlink_value *v, struct check_value *out)
{
	memset(out, 0, sizeof(*out));
	if (field->number == CTQ_FIELD_LABEL)
		make_labels(pool->labels, v, out);
	else if (field->type == CTLINK_FIELD_STRING)
		make_name(v, out);
	else if (field->type == CTLINK_FIELD_ADDRESS)
		make_address(v, out);
	else
		make_number(field, v, out);
}

/* The set was found by name before. */
static void make_set_check(const struct ctlink_match *m, struct check_pool *pool,
                           struct check *out)
{
	out->set = pool->sets[pool->n_sets++];
	if (!m->with)
		return;
	out->with = (uint16_t)place_find(m->with);
	out->needs |= 1ull << m->with;
}

static void make_check(const struct ctlink_match *m, struct check_pool *pool,
                       struct check *out)
{
	const struct ctlink_field *field = ctlink_field_get(m->field);
	int offset = place_find(m->field);
	uint32_t i;

	assert(field && offset >= 0);
	*out = (struct check){
		.field = m->field,
		.needs = 1ull << m->field,
		.offset = (uint16_t)offset,
		.negate = m->flags & CTQ_MATCH_NEGATE,
		.length = (uint16_t)m->values.length,
		.others = pool->values + pool->n_values,
	};
	if (m->set) {
		make_set_check(m, pool, out);
		return;
	}
	make_value(pool, field, ctlink_match_value(m, 0), &out->first);
	for (i = 1; i < m->values.length; i++)
		make_value(pool, field, ctlink_match_value(m, i),
		           &pool->values[pool->n_values++]);
}

void check_make(const struct ctlink_rule *rule, struct check_pool *pool,
                struct check_rule *out)
{
	uint32_t i;

	*out = (struct check_rule){
		.length = rule->matches.length,
		.checks = pool->checks + pool->n_checks,
	};
	for (i = 0; i < rule->matches.length; i++) {
		make_check(ctlink_rule_match(rule, i), pool,
		           &pool->checks[pool->n_checks]);
		out->needs |= pool->checks[pool->n_checks++].needs;
	}
}

const struct check *check_make_set(struct check_pool *pool, uint16_t field, uint16_t with)
{
	struct ctlink_match match = { .field = field, .with = with };
	struct check *out = &pool->checks[pool->n_checks++];
	int offset = place_find(field);

	assert(offset >= 0);
	*out = (struct check){ .field = field,
		               .needs = 1ull << field,
		               .offset = (uint16_t)offset };
	make_set_check(&match, pool, out);
	return out;
}
