/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "ctlink/filter.h"
#include "ctlink/match.h"

/* ---- fields ------------------------------------------------------------------------ */

Test(match, fields_are_found_by_number_and_by_word)
{
	const struct ctlink_field *fields;
	size_t i, n;

	fields = ctlink_fields(&n);
	cr_assert_gt(n, 30);
	for (i = 0; i < n; i++) {
		cr_assert_eq(ctlink_field_get(fields[i].number), &fields[i]);
		cr_assert_eq(ctlink_field_find(fields[i].word), &fields[i],
		             "%s is there twice", fields[i].word);
		cr_assert_lt(fields[i].number, CTQ_FIELD_LIMIT);
		if (i > 0)
			cr_assert_gt(fields[i].number, fields[i - 1].number);
	}
	cr_assert_null(ctlink_field_get(0));
	cr_assert_null(ctlink_field_get(UINT16_MAX));
	cr_assert_null(ctlink_field_find("sporty"));
	cr_assert_eq(ctlink_field_find("dport")->number, CTQ_FIELD_DPORT);
	cr_assert_eq(ctlink_field_find("ct state")->type, CTLINK_FIELD_BITS32);
}

Test(match, numbers_in_network_order)
{
	static const uint8_t sizes[] = { 1, 2, 4, 8 };
	struct ctlink_value value = { .has = 0 };
	uint64_t number = UINT64_C(0x8877665544332211), part;
	size_t i;

	for (i = 0; i < 4; i++) {
		part = number & (UINT64_MAX >> (64 - 8 * sizes[i]));
		ctlink_value_set_number(&value, CTLINK_VALUE_FIRST, part, sizes[i]);
		cr_assert_eq(value.first_size, sizes[i]);
		cr_assert_eq(value.first[sizes[i] - 1], 0x11);
		cr_assert_eq(ctlink_value_number(value.first, sizes[i]), part);
	}
}

/* ---- what a value may be ----------------------------------------------------------- */

/* A value of @field made of numbers or addresses; size 0: not there. */
struct row {
	uint16_t field;
	struct {
		uint8_t size;
		uint64_t number;
	} first, last, mask;
	int prefix;         /* -1: not there */
	const char *string; /* NULL: not there */
	enum ctlink_scope scope;
	const char *error; /* words of it; NULL: allowed */
};

#define NO           \
	{            \
		0, 0 \
	}
#define U8(number)        \
	{                 \
		1, number \
	}
#define U16(number)       \
	{                 \
		2, number \
	}
#define U32(number)       \
	{                 \
		4, number \
	}
#define U64(number)       \
	{                 \
		8, number \
	}

static const struct row rows[] = {
	{ CTQ_FIELD_DPORT, U16(80), NO, NO, -1, NULL, CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_DPORT, U16(80), U16(90), NO, -1, NULL, CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_DPORT, U16(80), U16(80), NO, -1, NULL, CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_DPORT, U16(80), U16(79), NO, -1, NULL, CTLINK_SCOPE_BOTH,
	  "ends before" },
	{ CTQ_FIELD_DPORT, U16(80), NO, U16(0xf0), -1, NULL, CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_DPORT, U16(80), NO, U16(0x0f), -1, NULL, CTLINK_SCOPE_BOTH,
	  "never match" },
	{ CTQ_FIELD_DPORT, U16(80), U16(90), U16(0xff), -1, NULL, CTLINK_SCOPE_BOTH,
	  "CTQA_VALUE_LAST and CTQA_VALUE_MASK" },
	{ CTQ_FIELD_DPORT, U32(80), NO, NO, -1, NULL, CTLINK_SCOPE_BOTH, "wrong size" },
	{ CTQ_FIELD_DPORT, U16(80), U32(90), NO, -1, NULL, CTLINK_SCOPE_BOTH,
	  "another size" },
	{ CTQ_FIELD_DPORT, U16(80), NO, U8(0xff), -1, NULL, CTLINK_SCOPE_BOTH,
	  "mask of another" },
	{ CTQ_FIELD_DPORT, U16(80), NO, NO, 8, NULL, CTLINK_SCOPE_BOTH,
	  "not an address" },
	{ CTQ_FIELD_DPORT, NO, NO, NO, -1, "80", CTLINK_SCOPE_BOTH, "not a string" },
	{ CTQ_FIELD_DPORT, NO, NO, NO, -1, NULL, CTLINK_SCOPE_BOTH, "lacks" },
	{ CTQ_FIELD_PROTO, U8(6), NO, NO, -1, NULL, CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_MARK, U32(0x10), NO, U32(0xf0), -1, NULL, CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_STATUS, U32(4), NO, U32(6), -1, NULL, CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_STATUS, U32(4), U32(6), NO, -1, NULL, CTLINK_SCOPE_BOTH, "no range" },
	{ CTQ_FIELD_TCP_FLAGS, U8(2), NO, U8(0x12), -1, NULL, CTLINK_SCOPE_PACKET, NULL },
	{ CTQ_FIELD_BYTES, U64(1 << 20), U64(UINT64_MAX), NO, -1, NULL, CTLINK_SCOPE_FLOW,
	  NULL },
	{ CTQ_FIELD_SRC, U32(0x0a000000), NO, NO, -1, NULL, CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_SRC, U32(0x0a000000), NO, NO, 8, NULL, CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_SRC, U32(0x0a000000), NO, NO, 0, NULL, CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_SRC, U32(0x0a000000), NO, NO, 32, NULL, CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_SRC, U32(0x0a000000), NO, NO, 33, NULL, CTLINK_SCOPE_BOTH,
	  "above 32" },
	{ CTQ_FIELD_SRC, U32(0x0a000000), U32(0x0a0000ff), NO, -1, NULL,
	  CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_SRC, U32(0x0a000000), U32(0x09000000), NO, -1, NULL,
	  CTLINK_SCOPE_BOTH, "ends before" },
	{ CTQ_FIELD_SRC, U32(0x0a000000), U32(0x0a0000ff), NO, 8, NULL, CTLINK_SCOPE_BOTH,
	  "CTQA_VALUE_LAST and CTQA_VALUE_PREFIX" },
	{ CTQ_FIELD_SRC, U32(0x0a000000), U64(1), NO, -1, NULL, CTLINK_SCOPE_BOTH,
	  "another size" },
	{ CTQ_FIELD_SRC, U32(0x0a000000), NO, U32(0xff000000), -1, NULL,
	  CTLINK_SCOPE_BOTH, "instead of a mask" },
	{ CTQ_FIELD_SRC, U64(1), NO, NO, -1, NULL, CTLINK_SCOPE_BOTH, "4 or 16" },
	{ CTQ_FIELD_IIF, NO, NO, NO, -1, "eth0", CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_IIF, NO, NO, NO, -1, "eth*", CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_IIF, NO, NO, NO, -1, "*", CTLINK_SCOPE_BOTH, NULL },
	{ CTQ_FIELD_IIF, NO, NO, NO, -1, "e*h", CTLINK_SCOPE_BOTH, "'*'" },
	{ CTQ_FIELD_IIF, U32(1), NO, NO, -1, NULL, CTLINK_SCOPE_BOTH, "is a string" },
	{ CTQ_FIELD_IIF, U32(1), NO, NO, -1, "eth0", CTLINK_SCOPE_BOTH, "nothing else" },
	{ CTQ_FIELD_TTL, U8(1), NO, NO, -1, NULL, CTLINK_SCOPE_FLOW, "for rules only" },
	{ CTQ_FIELD_AGE, U32(1), NO, NO, -1, NULL, CTLINK_SCOPE_PACKET,
	  "for filters only" },
	{ 63, U32(1), NO, NO, -1, NULL, CTLINK_SCOPE_BOTH, "not known" },
};

static void match_fill(struct ctlink_match *match, const struct row *row)
{
	struct ctlink_value *value;

	memset(match, 0, sizeof(*match));
	match->field = row->field;
	ctlink_mark(match, CTLINK_MATCH_FIELD);
	value = ctlink_match_append(match, NULL);
	if (row->first.size)
		ctlink_value_set_number(value, CTLINK_VALUE_FIRST, row->first.number,
		                        row->first.size);
	if (row->last.size)
		ctlink_value_set_number(value, CTLINK_VALUE_LAST, row->last.number,
		                        row->last.size);
	if (row->mask.size)
		ctlink_value_set_number(value, CTLINK_VALUE_MASK, row->mask.number,
		                        row->mask.size);
	if (row->prefix >= 0) {
		value->prefix = (uint8_t)row->prefix;
		ctlink_mark(value, CTLINK_VALUE_PREFIX);
	}
	if (row->string) {
		cr_assert_eq(ctlink_string_set(&value->string, row->string,
		                               strlen(row->string), NULL),
		             0);
		ctlink_mark(value, CTLINK_VALUE_STRING);
	}
}

Test(match, values_fit_their_field)
{
	struct ctlink_match match;
	struct ctlink_error error;
	size_t i;
	int err;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		match_fill(&match, &rows[i]);
		memset(&error, 0, sizeof(error));
		err = ctlink_match_check(&match, rows[i].scope, &error);
		cr_assert_eq(err, rows[i].error ? -EINVAL : 0, "row %zu: %s", i,
		             error.text);
		if (rows[i].error)
			cr_assert(strstr(error.text, rows[i].error), "row %zu: %s", i,
			          error.text);
		cr_assert_eq(ctlink_match_check(&match, rows[i].scope, NULL), err);
		ctlink_match_fini(&match, NULL);
	}
}

Test(match, values_or_a_set)
{
	struct ctlink_match match;
	struct ctlink_error error;

	match_fill(&match, &rows[0]);
	cr_assert_eq(ctlink_string_set(&match.set, "banned", 6, NULL), 0);
	ctlink_mark(&match, CTLINK_MATCH_SET);
	cr_assert_eq(ctlink_match_check(&match, CTLINK_SCOPE_PACKET, &error), -EINVAL);
	ctlink_list_drop_last(&match.values);
	cr_assert_eq(ctlink_match_check(&match, CTLINK_SCOPE_PACKET, &error), 0);
	ctlink_unmark(&match, CTLINK_MATCH_SET);
	cr_assert_eq(ctlink_match_check(&match, CTLINK_SCOPE_PACKET, &error), -EINVAL);
	ctlink_match_fini(&match, NULL);
}

Test(match, unknown_flags_are_refused)
{
	struct ctlink_match match;
	struct ctlink_error error;

	match_fill(&match, &rows[0]);
	match.flags = CTQ_MATCH_NEGATE;
	cr_assert_eq(ctlink_match_check(&match, CTLINK_SCOPE_PACKET, &error), 0);
	match.flags = 0x2;
	cr_assert_eq(ctlink_match_check(&match, CTLINK_SCOPE_PACKET, &error),
	             -EOPNOTSUPP);
	ctlink_match_fini(&match, NULL);
}
