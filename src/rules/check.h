/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.h - matches made ready for comparing
 *
 * A rule's matches become a list of checks, each with one or more values. All numbers of
 * a key are 32-bit and found by their offset; addresses and interface names are two
 * words. A match with a named set asks the set, whatever it has at that moment.
 *
 *     struct check_rule ──▶ struct check[length] ──▶ struct check_value[length - 1]
 *       all must hold         one of them, or none       beside the first
 *
 * The three arrays are contiguous for a whole generation: a pool.
 */
#ifndef RULES_CHECK_H
#define RULES_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "ctlink/rule.h"
#include "rules/key.h"
#include "sets/sets.h"

enum check_kind {
	CHECK_NUMBER_MASKED, /* (number & b[0]) == a[0] */
	CHECK_NUMBER_RANGE,  /* a[0] <= number <= b[0] */
	CHECK_NUMBER_BITS,   /* (number & a[0]) != 0 */
	CHECK_WORDS_MASKED,  /* both words: (word & b) == a */
	CHECK_WORDS_RANGE,   /* a <= words <= b */
	CHECK_WORDS_BITS,    /* (words & a) != 0, in one of them at least */
};

struct check_value {
	uint8_t kind;   /* enum check_kind */
	uint8_t family; /* of an address; 0: any */
	uint64_t a[2], b[2];
};

struct check {
	uint16_t field;  /* enum ctq_field */
	uint16_t offset; /* of the field in struct rule_key */
	uint16_t length; /* values; at least 1 */
	bool negate;
	uint64_t needs;                   /* fields that must be present */
	struct check_value first;         /* here, because most have no other */
	const struct check_value *others; /* length - 1 */
	const struct set *set; /* instead of values, or NULL; the generation's */
	uint16_t with;         /* offset of the port beside the address, or 0 */
};

struct check_rule {
	uint64_t needs; /* fields that must be present */
	uint32_t length;
	bool final; /* when it holds, no later rule of the chain is asked for */
	const struct check *checks;
};

/** Is it an address or an interface name: two words of the key that sets look up? */
static inline bool check_field_is_words(uint16_t field)
{
	return field == CTQ_FIELD_SRC || field == CTQ_FIELD_DST ||
	       field == CTQ_FIELD_IIF || field == CTQ_FIELD_OIF;
}

/* ---- comparing ----------------------------------------------------------------- */

static inline bool check_words_within(const uint64_t w[2], const uint64_t first[2],
                                      const uint64_t last[2])
{
	bool above = w[0] > first[0] || (w[0] == first[0] && w[1] >= first[1]);
	bool below = w[0] < last[0] || (w[0] == last[0] && w[1] <= last[1]);

	return above && below;
}

static inline bool check_value_holds(const struct check_value *v,
                                     const struct rule_key *key, uint16_t offset)
{
	const void *field = (const char *)key + offset;
	const uint64_t *words = (const uint64_t *)field;
	uint32_t number;

	switch ((enum check_kind)v->kind) {
	case CHECK_WORDS_MASKED:
		return ((words[0] & v->b[0]) == v->a[0]) &
		       ((words[1] & v->b[1]) == v->a[1]) &
		       (v->family == 0 || v->family == key->family);
	case CHECK_WORDS_RANGE:
		return check_words_within(words, v->a, v->b) && v->family == key->family;
	case CHECK_WORDS_BITS: return ((words[0] & v->a[0]) | (words[1] & v->a[1])) != 0;
	case CHECK_NUMBER_MASKED:
	case CHECK_NUMBER_RANGE:
	case CHECK_NUMBER_BITS: break;
	}
	number = *(const uint32_t *)field;
	if (v->kind == CHECK_NUMBER_RANGE)
		return number >= v->a[0] && number <= v->b[0];
	if (v->kind == CHECK_NUMBER_MASKED)
		return (number & v->b[0]) == v->a[0];
	return (number & v->a[0]) != 0;
}

/** Is the field, and the one beside it, in the check's set? Then *@element says where. */
static inline bool check_set_find(const struct check *c, const struct rule_key *key,
                                  uint32_t *element)
{
	const char *field = (const char *)key + c->offset;
	struct set_query q = { .family = (uint8_t)key->family };

	if (check_field_is_words(c->field)) {
		q.words[0] = ((const uint64_t *)(const void *)field)[0];
		q.words[1] = ((const uint64_t *)(const void *)field)[1];
		if (c->with)
			q.number = *(const uint32_t *)(const void *)((const char *)key +
			                                             c->with);
	} else {
		q.number = *(const uint32_t *)(const void *)field;
	}
	return set_find(c->set, &q, element);
}

static inline bool check_holds(const struct check *c, const struct rule_key *key)
{
	uint32_t element;
	uint16_t i;

	if (c->set)
		return check_set_find(c, key, &element) != c->negate;
	if (check_value_holds(&c->first, key, c->offset))
		return !c->negate;
	for (i = 1; i < c->length; i++) {
		if (check_value_holds(&c->others[i - 1], key, c->offset))
			return !c->negate;
	}
	return c->negate;
}

/** Do all matches of the rule hold for @key? */
static inline bool check_rule_holds(const struct check_rule *r,
                                    const struct rule_key *key)
{
	uint32_t i;

	if ((key->present & r->needs) != r->needs)
		return false;
	for (i = 0; i < r->length; i++) {
		if (!check_holds(&r->checks[i], key))
			return false;
	}
	return true;
}

/** The first check of the rule that does not hold for @key; r->length: all hold. */
static inline uint32_t check_rule_fault(const struct check_rule *r,
                                        const struct rule_key *key)
{
	uint32_t i;

	for (i = 0; i < r->length; i++) {
		if ((key->present & r->checks[i].needs) != r->checks[i].needs ||
		    !check_holds(&r->checks[i], key))
			break;
	}
	return i;
}

/* ---- making -------------------------------------------------------------------- */

struct rules_labels;

/* Room for the checks of several rules. All zero: none. */
struct check_pool {
	struct check *checks;
	struct check_value *values;
	struct set **sets; /* of the matches that have one, in order; with references */
	uint32_t n_checks, n_values, n_sets; /* used */
	const struct rules_labels *labels;   /* their names, while rules are made */
};

/** Can rules look at @field (enum ctq_field)? */
bool check_field_known(uint16_t field);

/** Can rules look at all matches of @rule? Returns 0, or a negative errno with @error
 * filled and
 * *@match set to the number of the match that is wrong. */
int check_validate(const struct ctlink_rule *rule, uint32_t *match,
                   struct ctlink_error *error);

/* What rules take of a pool. */
struct check_room {
	uint32_t checks, values, sets; /* values: beside the first ones */
};

/** Add up what @rule takes. */
void check_count(const struct ctlink_rule *rule, struct check_room *room);

/** A check, from @pool, that the packet's field, and the one beside it (0: none), is in the
 * pool's next set. */
const struct check *check_make_set(struct check_pool *pool, uint16_t field,
                                   uint16_t with);

/** Make @out of a valid @rule, with checks and values from @pool, which has room, and with its
 * sets, which stand in the pool from n_sets on. Its labels have been found. */
void check_make(const struct ctlink_rule *rule, struct check_pool *pool,
                struct check_rule *out);

#endif
