/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <netinet/in.h>

#include "rules/limit.h"

#define S 1000000000ull

/* ---- rates --------------------------------------------------------------------- */

Test(rate, burst_then_one_for_each_interval)
{
	struct limit_rate rate = limit_rate_of(10, 1, 3);
	struct limit_bucket b = { 0 };
	uint64_t now = 1000 * S;
	int i;

	for (i = 0; i < 3; i++)
		cr_assert(limit_take(&b, &rate, now), "%d", i);
	cr_assert_not(limit_take(&b, &rate, now));
	cr_assert_not(limit_take(&b, &rate, now + S / 10 - 1));
	cr_assert(limit_take(&b, &rate, now + S / 10));
	cr_assert_not(limit_take(&b, &rate, now + S / 10));
}

Test(rate, rest_fills_up_to_the_burst_only)
{
	struct limit_rate rate = limit_rate_of(1, 60, 2);
	struct limit_bucket b = { 0 };
	unsigned int taken = 0;

	cr_assert(limit_take(&b, &rate, S));
	while (limit_take(&b, &rate, 86400 * S))
		taken++;
	cr_assert_eq(taken, 2);
}

Test(rate, looking_takes_nothing)
{
	struct limit_rate rate = limit_rate_of(1, 1, 1);
	struct limit_bucket b = { 0 };

	cr_assert(limit_peek(&b, &rate, S));
	cr_assert(limit_peek(&b, &rate, S));
	cr_assert(limit_take(&b, &rate, S));
	cr_assert_not(limit_peek(&b, &rate, S));
}

Test(rate, extremes_do_not_wrap)
{
	struct limit_rate slow = limit_rate_of(1, 86400, UINT32_MAX);
	struct limit_rate fast = limit_rate_of(UINT32_MAX, 1, 1);
	struct limit_bucket b = { 0 };
	int i;

	cr_assert_geq(slow.tolerance_ns, slow.interval_ns);
	for (i = 0; i < 1000; i++)
		cr_assert(limit_take(&b, &slow, S));
	cr_assert_geq(fast.interval_ns, 1);
}

/* ---- sources ------------------------------------------------------------------- */

static struct limit_source source_of(uint32_t number)
{
	return (struct limit_source){ .address = { 0, number },
		                      .rule = 1,
		                      .family = AF_INET };
}

static struct limit_sources *sources(uint32_t buckets)
{
	struct siphash_key key = { { 1, 2 } };
	struct limit_sources *s = limit_sources_new(buckets, &key, NULL);

	cr_assert_not_null(s);
	return s;
}

Test(sources, each_has_a_bucket)
{
	struct limit_rate rate = limit_rate_of(1, 1, 2);
	struct limit_sources *s = sources(4096);
	struct limit_source source;
	uint32_t i;

	for (i = 0; i < 200; i++) {
		source = source_of(i);
		cr_assert(limit_source_take(s, &source, &rate, S));
		cr_assert(limit_source_take(s, &source, &rate, S));
		cr_assert_not(limit_source_take(s, &source, &rate, S));
		cr_assert_not(limit_source_peek(s, &source, &rate, S));
		source.rule = 2;
		cr_assert(limit_source_peek(s, &source, &rate, S));
	}
	cr_assert_eq(limit_sources_evicted(s), 0);
	limit_sources_destroy(s, NULL);
}

Test(sources, looking_makes_no_bucket)
{
	struct limit_rate rate = limit_rate_of(1, 1, 1);
	struct limit_sources *s = sources(LIMIT_WAYS);
	struct limit_source source;
	uint32_t i;

	source = source_of(0);
	cr_assert(limit_source_take(s, &source, &rate, S));
	for (i = 1; i < 100; i++) {
		source = source_of(i);
		cr_assert(limit_source_peek(s, &source, &rate, S));
	}
	source = source_of(0);
	cr_assert_not(limit_source_peek(s, &source, &rate, S));
	limit_sources_destroy(s, NULL);
}

/* One place: the bucket that has rested longest goes, and is counted when it was not
 * full. */
Test(sources, the_fullest_goes)
{
	struct limit_rate rate = limit_rate_of(1, 1, 1);
	struct limit_sources *s = sources(LIMIT_WAYS);
	struct limit_source source;
	uint32_t i;

	for (i = 0; i < LIMIT_WAYS; i++) {
		source = source_of(i);
		cr_assert(limit_source_take(s, &source, &rate, S + i));
	}
	source = source_of(100);
	cr_assert(limit_source_take(s, &source, &rate, S + LIMIT_WAYS));
	cr_assert_eq(limit_sources_evicted(s), 1);
	for (i = 1; i < LIMIT_WAYS; i++) {
		source = source_of(i);
		cr_assert_not(limit_source_take(s, &source, &rate, S + LIMIT_WAYS), "%u",
		              i);
	}
	/* all have rested: nobody loses anything */
	source = source_of(200);
	cr_assert(limit_source_take(s, &source, &rate, 10 * S));
	cr_assert_eq(limit_sources_evicted(s), 1);
	limit_sources_destroy(s, NULL);
}
