/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See forest_priv.h. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/base.h"
#include "rules/forest_priv.h"

/* Intervals of one dimension, any of which will do. */
struct sides {
	struct forest_interval list[FOREST_BOXES_OF_RULE];
	uint32_t n; /* 0: nothing is said, so everything will do */
};

/* What a rule's matches leave of the space; each dimension for itself. */
struct shape {
	uint8_t family;
	bool exact;
	bool never; /* it cannot hold in this family */
	bool ports; /* it looks at ports */
	/* the two words of an address belong together: */
	struct sides side[FOREST_DIMENSIONS];
	struct forest_interval rest[2][FOREST_BOXES_OF_RULE]; /* of src and dst */
	uint64_t seen; /* fields that a match has used */
};

static const struct forest_interval everything = { 0, UINT32_MAX };

/* ---- intervals ------------------------------------------------------------------- */

static struct forest_interval hull(const struct forest_interval *list, uint32_t n)
{
	struct forest_interval all = list[0];
	uint32_t i;

	for (i = 1; i < n; i++) {
		all.low = list[i].low < all.low ? list[i].low : all.low;
		all.high = list[i].high > all.high ? list[i].high : all.high;
	}
	return all;
}

/* One of its values as an interval; false: it is none. */
static bool number_interval(const struct check_value *v, struct forest_interval *out)
{
	uint32_t below = ~(uint32_t)v->b[0];

	if (v->kind == CHECK_NUMBER_RANGE) {
		*out = (struct forest_interval){ (uint32_t)v->a[0], (uint32_t)v->b[0] };
		return true;
	}
	/* a mask whose ones all stand above its zeros */
	if (v->kind != CHECK_NUMBER_MASKED || (below & (below + 1)) != 0)
		return false;
	*out = (struct forest_interval){ (uint32_t)v->a[0], (uint32_t)v->a[0] | below };
	return true;
}

/* First and last address of a value. */
static void address_ends(const struct check_value *v, uint64_t first[2], uint64_t last[2])
{
	int i;

	for (i = 0; i < 2; i++) {
		first[i] = v->a[i];
		last[i] = v->kind == CHECK_WORDS_RANGE ? v->b[i] : v->a[i] | ~v->b[i];
	}
}

/* An IPv6 value by its upper 64 bits; true: they say all. */
static bool ipv6_interval(const struct check_value *v, struct forest_interval *upper,
                          struct forest_interval *lower)
{
	uint64_t first[2], last[2];

	address_ends(v, first, last);
	*upper = (struct forest_interval){ (uint32_t)(first[0] >> 32),
		                           (uint32_t)(last[0] >> 32) };
	*lower = everything;
	if (upper->low == upper->high)
		*lower =
			(struct forest_interval){ (uint32_t)first[0], (uint32_t)last[0] };
	return v->kind == CHECK_WORDS_MASKED && v->b[1] == 0;
}

/* ---- matches ------------------------------------------------------------------------ */

static const struct check_value *value_of(const struct check *c, uint32_t i)
{
	return i == 0 ? &c->first : &c->others[i - 1];
}

static void shape_number(struct shape *s, const struct check *c, enum forest_dimension d)
{
	struct forest_interval one, all = everything;
	struct sides *side = &s->side[d];
	uint32_t i;

	for (i = 0; i < c->length; i++) {
		if (!number_interval(value_of(c, i), &one)) {
			s->exact = false;
			side->n = 0;
			return;
		}
		all = i ? hull((struct forest_interval[]){ all, one }, 2) : one;
		if (side->n < FOREST_BOXES_OF_RULE)
			side->list[side->n++] = one;
	}
	if (c->length > FOREST_BOXES_OF_RULE) {
		s->exact = false;
		side->list[0] = all;
		side->n = 1;
	}
}

static void address_append(struct shape *s, const struct check_value *v,
                           enum forest_dimension d)
{
	struct sides *side = &s->side[d];
	struct forest_interval *rest = s->rest[d];
	struct forest_interval upper, lower = everything;
	uint64_t first[2], last[2];

	if (s->family == AF_INET) {
		address_ends(v, first, last);
		upper = (struct forest_interval){ (uint32_t)first[1], (uint32_t)last[1] };
	} else if (!ipv6_interval(v, &upper, &lower)) {
		s->exact = false;
	}
	if (side->n < FOREST_BOXES_OF_RULE) {
		side->list[side->n] = upper;
		rest[side->n++] = lower;
		return;
	}
	side->list[0] = hull((struct forest_interval[]){ side->list[0], upper }, 2);
	rest[0] = everything;
	s->exact = false;
}

static void shape_address(struct shape *s, const struct check *c, enum forest_dimension d)
{
	uint32_t i;

	for (i = 0; i < c->length; i++) {
		if (value_of(c, i)->family == s->family)
			address_append(s, value_of(c, i), d);
	}
	s->never |= s->side[d].n == 0; /* all values are of the other family */
}

/* The family is known here: does the match hold for it? */
static void shape_family(struct shape *s, const struct check *c)
{
	struct rule_key key = { .family = s->family };

	s->never |= !check_holds(c, &key);
}

static void shape_match(struct shape *s, const struct check *c)
{
	uint64_t bit = 1ull << c->field;

	if (c->field == CTQ_FIELD_FAMILY) {
		shape_family(s, c);
		return;
	}
	if (c->negate || c->set || s->seen & bit) {
		s->exact = false;
		return;
	}
	s->seen |= bit;
	switch (c->field) {
	case CTQ_FIELD_SRC: shape_address(s, c, FOREST_SRC); break;
	case CTQ_FIELD_DST: shape_address(s, c, FOREST_DST); break;
	case CTQ_FIELD_SPORT: shape_number(s, c, FOREST_SPORT); break;
	case CTQ_FIELD_DPORT: shape_number(s, c, FOREST_DPORT); break;
	case CTQ_FIELD_PROTO: shape_number(s, c, FOREST_PROTO); break;
	default: s->exact = false; break;
	}
}

/* Packets of other protocols have no ports, which a box cannot say. */
static bool ports_are_there(const struct shape *s)
{
	const struct sides *proto = &s->side[FOREST_PROTO];
	uint32_t i, p;

	if (!(s->seen & (RULE_KEY_BIT(SPORT) | RULE_KEY_BIT(DPORT))))
		return true;
	for (i = 0; i < proto->n; i++) {
		p = proto->list[i].low;
		if (p != proto->list[i].high)
			return false;
		if (p != IPPROTO_TCP && p != IPPROTO_UDP && p != IPPROTO_UDPLITE &&
		    p != IPPROTO_SCTP && p != IPPROTO_DCCP)
			return false;
	}
	return proto->n > 0;
}

/* ---- boxes ------------------------------------------------------------------------------ */

/* Replace the longest list by its hull until there are few enough boxes. */
static uint32_t shape_limit(struct shape *s)
{
	struct sides *longest;
	uint64_t boxes;
	unsigned int d;

	for (;;) {
		boxes = 1;
		longest = &s->side[0];
		for (d = 0; d < FOREST_SRC_REST; d++) {
			boxes *= s->side[d].n ? s->side[d].n : 1;
			if (s->side[d].n > longest->n)
				longest = &s->side[d];
		}
		if (boxes <= FOREST_BOXES_OF_RULE)
			return (uint32_t)boxes;
		longest->list[0] = hull(longest->list, longest->n);
		if (longest <= &s->side[FOREST_DST])
			s->rest[longest - s->side][0] = everything;
		longest->n = 1;
		s->exact = false;
	}
}

/* Box @number: its digits, in the base of each list's length, choose the intervals. */
static void box_make(const struct shape *s, uint32_t number, struct forest_box *box)
{
	uint32_t n, i;
	unsigned int d;

	for (d = 0; d < FOREST_DIMENSIONS; d++)
		box->side[d] = everything;
	for (d = 0; d < FOREST_SRC_REST; d++) {
		n = s->side[d].n;
		if (n == 0)
			continue;
		i = number % n;
		number /= n;
		box->side[d] = s->side[d].list[i];
		if (d <= FOREST_DST)
			box->side[FOREST_SRC_REST + d] = s->rest[d][i];
	}
}

static struct forest_box *box_append(struct forest_boxes *boxes,
                                     const struct ctlink_memory *memory)
{
	uint32_t room = boxes->room ? boxes->room * 2 : 64;
	void *list;

	if (boxes->n == boxes->room) {
		list = ctlink_memory_resize(memory, boxes->list,
		                            room * sizeof(*boxes->list));
		if (!list)
			return NULL;
		boxes->list = (struct forest_box *)list;
		boxes->room = room;
	}
	return &boxes->list[boxes->n++];
}

int forest_box_add(struct forest_boxes *boxes, const struct check_rule *rule,
                   uint32_t position, uint8_t family, const struct ctlink_memory *memory)
{
	struct forest_box *box;
	struct shape s;
	uint32_t i, n;

	memset(&s, 0, sizeof(s));
	s.family = family;
	s.exact = true;
	for (i = 0; i < rule->length; i++)
		shape_match(&s, &rule->checks[i]);
	if (s.never)
		return 0;
	n = shape_limit(&s);
	s.exact &= ports_are_there(&s);
	for (i = 0; i < n; i++) {
		box = box_append(boxes, memory);
		if (!box)
			return -ENOMEM;
		box_make(&s, i, box);
		box->position = position;
		box->exact = s.exact;
		box->final = s.exact && rule->final;
	}
	return 0;
}
