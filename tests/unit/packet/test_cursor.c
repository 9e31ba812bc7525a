/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "packet/cursor.h"

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

Test(cursor, reads_numbers_in_network_order)
{
	struct cursor c = cursor_of(bytes, sizeof(bytes));
	uint8_t rest[2];

	cr_assert_eq(cursor_u8(&c), 1);
	cr_assert_eq(cursor_be16(&c), 0x0203);
	cr_assert_eq(cursor_be32(&c), 0x04050607);
	cursor_copy(&c, rest, 2);
	cr_assert_eq(rest[0] * 256 + rest[1], 0x0809);
	cr_assert_eq(cursor_left(&c), 0);
	cr_assert(cursor_ok(&c));
}

/* Guarantee C1. */
Test(cursor, gives_zero_beyond_the_end_and_remembers)
{
	struct cursor c = cursor_of(bytes, 3);
	uint8_t rest[4] = { 9, 9, 9, 9 };

	cursor_skip(&c, 1);
	cr_assert_eq(cursor_be32(&c), 0);
	cr_assert_not(cursor_ok(&c));
	cr_assert_eq(c.wanted, 5);
	cr_assert_eq(cursor_u8(&c), 0, "nothing is read after a refused read");
	cursor_copy(&c, rest, 4);
	cr_assert_eq(rest[0] | rest[3], 0);
	cr_assert_null(cursor_take(&c, 0));
	cr_assert_eq(c.wanted, 5, "the first refused read counts");
	cr_assert_eq(c.offset, 1);
}

Test(cursor, does_not_wrap_round)
{
	struct cursor c = cursor_of(bytes, 3);

	cursor_skip(&c, 2);
	cr_assert_null(cursor_take(&c, UINT32_MAX));
	cr_assert_eq(c.wanted, (uint64_t)UINT32_MAX + 2);
}

Test(cursor, limit_only_shortens)
{
	struct cursor c = cursor_of(bytes, 5);

	cursor_skip(&c, 2);
	cursor_limit(&c, 9);
	cr_assert_eq(c.end, 5);
	cursor_limit(&c, 4);
	cr_assert_eq(c.end, 4);
	cursor_limit(&c, 1);
	cr_assert_eq(c.end, 2, "not before what was read");
}

Test(cursor, may_be_empty)
{
	struct cursor c = cursor_of(NULL, 0);

	cr_assert_eq(cursor_u8(&c), 0);
	cr_assert_not(cursor_ok(&c));
}
