/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <sys/socket.h>

#include "flow/source.h"

static const struct siphash_key key = { { 1, 2 } };

static struct tuple tuple_of(uint8_t l3, uint8_t a, uint8_t b)
{
	struct tuple t;

	tuple_clear(&t);
	t.l3 = l3;
	t.src[0] = a;
	t.src[8] = b;
	return t;
}

Test(source, counts_each_source_alone)
{
	struct sources *s = sources_new(100, &key);
	struct tuple a = tuple_of(AF_INET6, 1, 0), b = tuple_of(AF_INET6, 2, 0);
	struct tuple same = tuple_of(AF_INET6, 1, 77), zone = a;

	zone.zone = 1;
	cr_assert(source_take(s, &a, 2));
	cr_assert(source_take(s, &same, 2), "one /64 is one source");
	cr_assert(!source_take(s, &a, 2));
	cr_assert(source_take(s, &b, 2) && source_take(s, &zone, 2));
	cr_assert(source_count(s, &a) == 2 && source_count(s, &b) == 1);
	source_put(s, &same);
	cr_assert(source_take(s, &a, 2));
	sources_destroy(s);
}

Test(source, nodes_are_used_again)
{
	struct sources *s = sources_new(3, &key);
	unsigned int round, i;

	for (round = 0; round < 100; round++) {
		for (i = 0; i < 3; i++) {
			struct tuple t = tuple_of(AF_INET6, (uint8_t)(round * 3 + i), 0);

			cr_assert(source_take(s, &t, 1));
		}
		for (i = 0; i < 3; i++) {
			struct tuple t = tuple_of(AF_INET6, (uint8_t)(round * 3 + i), 0);

			source_put(s, &t);
			cr_assert_eq(source_count(s, &t), 0);
		}
	}
	sources_destroy(s);
}
