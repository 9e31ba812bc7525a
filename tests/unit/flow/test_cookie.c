/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "flow/cookie.h"

Test(cookie, fits_its_bits_and_finds_its_index)
{
	unsigned int bits;
	uint32_t cookie;

	for (bits = COOKIE_BITS_MIN; bits <= 32; bits++) {
		struct cookies *c = cookies_new(bits, 2);

		cookie = cookie_take(c, 1, 77);
		cr_assert_neq(cookie, 0);
		if (bits < 32)
			cr_assert_eq(cookie >> bits, 0);
		cr_assert_eq(cookie_look_up(c, cookie), 77);
		cookie_put(c, cookie);
		cr_assert_eq(cookie_look_up(c, cookie), 0);
		cookies_destroy(c);
	}
}

Test(cookie, too_few_bits_give_none)
{
	struct cookies *c = cookies_new(COOKIE_BITS_MIN - 1, 1);

	cr_assert_eq(cookie_take(c, 0, 1), 0);
	cr_assert_eq(cookie_look_up(c, 1), 0);
	cookies_destroy(c);
}

Test(cookie, a_late_packet_does_not_find_a_stranger)
{
	struct cookies *c = cookies_new(COOKIE_BITS_MIN, 1); /* 15 places, 4 laps */
	uint32_t first = cookie_take(c, 0, 1), other, i;

	cookie_put(c, first);
	for (i = 0; i < 15; i++) {
		other = cookie_take(c, 0, 100 + i);
		cr_assert_neq(other, first);
	}
	cr_assert_eq(cookie_look_up(c, first), 0);
	cr_assert_eq(cookie_take(c, 0, 1), 0, "all places are out");
	cookies_destroy(c);
}

Test(cookie, a_place_remembers_its_index_until_it_is_given_out_again)
{
	struct cookies *c = cookies_new(COOKIE_BITS_MIN, 1); /* 15 places */
	uint32_t first = cookie_take(c, 0, 77), i;

	cr_assert_eq(cookie_recall(c, first), 77);
	cookie_put(c, first);
	cr_assert_eq(cookie_look_up(c, first), 0);
	for (i = 0; i < 14; i++)
		cookie_take(c, 0, 100 + i);
	cr_assert_eq(cookie_recall(c, first), 77);
	cr_assert_neq(cookie_take(c, 0, 78), 0);
	cr_assert_eq(cookie_recall(c, first), 0);
	cr_assert_eq(cookie_recall(c, 0), 0);
	cookies_destroy(c);
}

Test(cookie, workers_have_ranges_of_their_own)
{
	struct cookies *c = cookies_new(8, 4);
	uint32_t seen[256] = { 0 }, cookie, w, i;

	for (w = 0; w < 4; w++) {
		for (i = 0; i < 8; i++) {
			cookie = cookie_take(c, w, 1 + i);
			cr_assert_neq(cookie, 0);
			cr_assert_eq(seen[cookie]++, 0);
		}
	}
	cookies_destroy(c);
}

Test(cookie, notes_are_of_no_flow)
{
	struct cookies *c = cookies_new(COOKIE_BITS_MIN, 1), *none = cookies_new(0, 1);
	uint32_t note;

	for (note = 1; note <= 3; note++) {
		cr_assert_eq(cookie_note_of(c, cookie_note(c, note)), note);
		cr_assert_eq(cookie_look_up(c, cookie_note(c, note)), 0);
		cr_assert_eq(cookie_note(c, note) >> COOKIE_BITS_MIN, 0);
	}
	cr_assert_eq(cookie_note_of(c, cookie_take(c, 0, 1)), 0);
	cr_assert_eq(cookie_note_of(c, 0), 0);
	cr_assert_eq(cookie_note(none, 1), 0);
	cr_assert_eq(cookie_note_of(none, 1), 0);
	cookies_destroy(c);
	cookies_destroy(none);
}
