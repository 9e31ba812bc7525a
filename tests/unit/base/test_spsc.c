/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "base/spsc.h"

static void write_one(struct spsc *s, uint32_t n, uint32_t size)
{
	uint32_t *p = spsc_begin(s, size);

	cr_assert_not_null(p);
	memset(p, (int)n, size);
	spsc_commit(s);
}

static void read_one(struct spsc *s, uint32_t n, uint32_t size)
{
	uint32_t got, i;
	const uint8_t *p = spsc_peek(s, &got);

	cr_assert_not_null(p);
	cr_assert_eq(got, size);
	for (i = 0; i < size; i++)
		cr_assert_eq(p[i], (uint8_t)n);
	spsc_drop(s);
}

Test(spsc, records_come_out_as_they_went_in_round_and_round)
{
	uint32_t n, size;
	struct spsc s;

	cr_assert_eq(spsc_init(&s, 4096), 0);
	for (n = 0; n < 10000; n++) {
		size = (n * 37) % 1024;
		write_one(&s, n, size);
		write_one(&s, n + 1, 24);
		read_one(&s, n, size);
		read_one(&s, n + 1, 24);
		cr_assert_null(spsc_peek(&s, &size));
	}
	spsc_fini(&s);
}

Test(spsc, a_full_ring_takes_nothing_and_loses_nothing)
{
	uint32_t n = 0, i;
	struct spsc s;

	cr_assert_eq(spsc_init(&s, 4096), 0);
	while (spsc_begin(&s, 100))
		write_one(&s, n++, 100);
	cr_assert_eq(n, 4096 / 112, "112: the record with its header, rounded up");
	for (i = 0; i < n; i++)
		read_one(&s, i, 100);
	cr_assert_not_null(spsc_begin(&s, 1024), "a whole quarter fits when it is empty");
	spsc_fini(&s);
	spsc_fini(&s);
}
