/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "base/base.h"
#include "packet/fragment.h"
#include "wire.h"

static const struct siphash_key key = { { 1, 2 } };

/* calloc is wrapped in this program, so that a test can let it fail. */
static bool memory_is_short;
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	if (memory_is_short) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_calloc(n, size);
}

/* One fragment of a UDP datagram whose fragments carry @size bytes of it, judged. */
static struct packet apply(struct fragment_cache *cache, uint8_t family, uint32_t id,
                           uint16_t offset, uint32_t size, bool more, uint64_t now_ms)
{
	struct wire w = wire_ip(family, IPPROTO_UDP);
	struct packet p;

	if (family == AF_INET6)
		wire_ip6_fragment(&w, offset, more, id);
	if (offset == 0) {
		wire_udp(&w, 1024, 53, size - 8);
		w.bytes[w.l4 + 4] = 0x40;
	} else {
		wire_fill(&w, 0, size);
	}
	wire_finish(&w);
	if (family == AF_INET)
		wire_ip4_fragment(&w, offset, more, (uint16_t)id);
	p = wire_parse(&w);
	fragment_cache_apply(cache, &p, now_ms);
	return p;
}

static struct fragment_cache *make(uint32_t limit)
{
	struct fragment_cache *cache = fragment_cache_new(limit, &key);

	cr_assert_not_null(cache);
	return cache;
}

static void assert_reason(struct packet p, enum ctq_reason reason)
{
	cr_assert_eq(p.invalid, reason, "reason %d, expected %d", p.invalid, reason);
}

/* F1 */
Test(fragment, later_ones_get_the_tuple_of_the_first)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct fragment_cache *cache = make(64);
	struct packet first, p;
	size_t i;

	for (i = 0; i < sizeof(families); i++) {
		first = apply(cache, families[i], 9, 0, 1480, true, 100);
		assert_reason(first, CTQ_REASON_NONE);
		p = apply(cache, families[i], 9, 1480, 1480, true, 100);
		assert_reason(p, CTQ_REASON_NONE);
		cr_assert(p.has_tuple);
		cr_assert(tuple_equal(&p.tuple, &first.tuple));
		cr_assert_eq(p.tuple.dst_id, htons(53));
		p = apply(cache, families[i], 9, 2960, 11, false, 100);
		assert_reason(p, CTQ_REASON_NONE);
		cr_assert_eq(fragment_cache_count(cache, 100), 0,
		             "done with the last one");
	}
	cr_assert_eq(fragment_cache_stats(cache)->known, 4);
	cr_assert_eq(fragment_cache_stats(cache)->refused, 0);
	fragment_cache_destroy(cache);
}

Test(fragment, a_ping_keeps_type_and_identifier)
{
	struct fragment_cache *cache = make(8);
	struct wire w = wire_ip4(IPPROTO_ICMP);
	struct packet p;

	wire_icmp(&w, 8, 0, 77 << 16 | 1);
	wire_fill(&w, 0, 1472);
	wire_finish(&w);
	wire_ip4_fragment(&w, 0, true, 5);
	p = wire_parse(&w);
	fragment_cache_apply(cache, &p, 0);
	w = wire_ip4(IPPROTO_ICMP);
	wire_fill(&w, 0, 100);
	wire_finish(&w);
	wire_ip4_fragment(&w, 1480, false, 5);
	p = wire_parse(&w);
	fragment_cache_apply(cache, &p, 0);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_eq(p.icmp_type, 8);
	cr_assert_eq(p.tuple.src_id, htons(77));
	fragment_cache_destroy(cache);
}

/* The transport is known to the first fragment only: its later ones may name an
 * extension. */
Test(fragment, ip6_later_ones_may_name_another_next_header)
{
	struct fragment_cache *cache = make(8);
	struct wire w = wire_ip6(IPPROTO_UDP);
	struct packet p;

	wire_ip6_fragment(&w, 0, true, 5);
	wire_ip6_extension(&w, IPPROTO_DSTOPTS, 8);
	wire_udp(&w, 1024, 53, 24);
	w.bytes[w.l4 + 4] = 0x40;
	wire_finish(&w);
	p = wire_parse(&w);
	fragment_cache_apply(cache, &p, 0);
	assert_reason(p, CTQ_REASON_NONE);
	w = wire_ip6(IPPROTO_DSTOPTS);
	wire_ip6_fragment(&w, 40, false, 5);
	wire_fill(&w, 0, 3);
	wire_finish(&w);
	p = wire_parse(&w);
	fragment_cache_apply(cache, &p, 0);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_eq(p.tuple.l4, IPPROTO_UDP);
	fragment_cache_destroy(cache);
}

Test(fragment, whole_packets_pass_by)
{
	struct fragment_cache *cache = make(8);
	struct wire w = wire_ip4(IPPROTO_UDP);
	struct packet p;

	wire_udp(&w, 1, 2, 8);
	wire_finish(&w);
	p = wire_parse(&w);
	fragment_cache_apply(cache, &p, 0);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_eq(fragment_cache_count(cache, 0), 0);
	fragment_cache_destroy(cache);
}

Test(fragment, without_a_first_one_nothing_is_known)
{
	struct fragment_cache *cache = make(8);

	assert_reason(apply(cache, AF_INET, 9, 1480, 8, false, 0), CTQ_INVALID_FRAGMENT);
	apply(cache, AF_INET, 9, 0, 1480, true, 0);
	assert_reason(apply(cache, AF_INET, 8, 1480, 8, false, 0), CTQ_INVALID_FRAGMENT);
	cr_assert_eq(fragment_cache_stats(cache)->refused, 2);
	fragment_cache_destroy(cache);
}

/* F1 */
Test(fragment, a_gap_is_refused_and_may_still_be_filled)
{
	struct fragment_cache *cache = make(8);

	apply(cache, AF_INET, 9, 0, 1480, true, 0);
	assert_reason(apply(cache, AF_INET, 9, 2960, 8, false, 0),
	              CTQ_INVALID_FRAGMENT_ORDER);
	assert_reason(apply(cache, AF_INET, 9, 1480, 1480, true, 0), CTQ_REASON_NONE);
	assert_reason(apply(cache, AF_INET, 9, 2960, 8, false, 0), CTQ_REASON_NONE);
	fragment_cache_destroy(cache);
}

/* F1: RFC 1858's attack rewrites the transport header by a fragment at offset 8. */
Test(fragment, an_overlap_condemns_the_rest)
{
	struct fragment_cache *cache = make(8);

	apply(cache, AF_INET, 9, 0, 1480, true, 0);
	assert_reason(apply(cache, AF_INET, 9, 8, 8, true, 0),
	              CTQ_INVALID_FRAGMENT_OVERLAP);
	assert_reason(apply(cache, AF_INET, 9, 1480, 8, false, 0),
	              CTQ_INVALID_FRAGMENT_OVERLAP);
	fragment_cache_destroy(cache);
}

/* F1: a repeated fragment shows nothing of the packet that the first one has not shown. */
Test(fragment, one_that_comes_twice_is_refused_alone)
{
	struct fragment_cache *cache = make(8);
	unsigned int i;

	for (i = 0; i < 2; i++)
		assert_reason(apply(cache, AF_INET, 9, 0, 1480, true, 0),
		              i ? CTQ_INVALID_FRAGMENT_OVERLAP : CTQ_REASON_NONE);
	for (i = 0; i < 3; i++)
		assert_reason(apply(cache, AF_INET, 9, 1480, 1480, true, 0),
		              i ? CTQ_INVALID_FRAGMENT_OVERLAP : CTQ_REASON_NONE);
	assert_reason(apply(cache, AF_INET, 9, 2960, 8, false, 0), CTQ_REASON_NONE);
	fragment_cache_destroy(cache);
}

/* F1: of another size, at the end although it was not, or not the one before. */
Test(fragment, one_that_nearly_comes_twice_is_an_overlap)
{
	static const struct {
		uint16_t offset;
		uint32_t size;
		bool more;
	} again[] = {
		{ 1480, 1472, true },
		{ 1480, 1488, true },
		{ 1480, 1480, false },
		{ 0, 1480, true },
	};
	struct fragment_cache *cache = make(8);
	uint32_t id;

	for (id = 0; id < BASE_ARRAY_LENGTH(again); id++) {
		apply(cache, AF_INET, id, 0, 1480, true, 0);
		apply(cache, AF_INET, id, 1480, 1480, true, 0);
		assert_reason(apply(cache, AF_INET, id, again[id].offset, again[id].size,
		                    again[id].more, 0),
		              CTQ_INVALID_FRAGMENT_OVERLAP);
		assert_reason(apply(cache, AF_INET, id, 2960, 8, false, 0),
		              CTQ_INVALID_FRAGMENT_OVERLAP);
	}
	fragment_cache_destroy(cache);
}

/* F1: the same identifier, but other ports. */
Test(fragment, a_beginning_of_another_flow_is_an_overlap)
{
	struct fragment_cache *cache = make(8);
	struct wire w = wire_ip4(IPPROTO_UDP);
	struct packet p;

	apply(cache, AF_INET, 9, 0, 32, true, 0);
	wire_udp(&w, 1025, 53, 24);
	w.bytes[w.l4 + 4] = 0x40;
	wire_finish(&w);
	wire_ip4_fragment(&w, 0, true, 9);
	p = wire_parse(&w);
	fragment_cache_apply(cache, &p, 0);
	assert_reason(p, CTQ_INVALID_FRAGMENT_OVERLAP);
	assert_reason(apply(cache, AF_INET, 9, 32, 8, false, 0),
	              CTQ_INVALID_FRAGMENT_OVERLAP);
	fragment_cache_destroy(cache);
}

Test(fragment, a_second_beginning_is_an_overlap)
{
	struct fragment_cache *cache = make(8);

	apply(cache, AF_INET, 9, 0, 1480, true, 0);
	assert_reason(apply(cache, AF_INET, 9, 0, 1400, true, 0),
	              CTQ_INVALID_FRAGMENT_OVERLAP);
	assert_reason(apply(cache, AF_INET, 9, 1480, 8, false, 0),
	              CTQ_INVALID_FRAGMENT_OVERLAP);
	fragment_cache_destroy(cache);
}

Test(fragment, nothing_ends_beyond_the_largest_packet)
{
	struct fragment_cache *cache = make(8);
	uint32_t offset;

	apply(cache, AF_INET, 9, 0, 3832, true, 0);
	for (offset = 3832; offset + 3832 <= UINT16_MAX; offset += 3832)
		assert_reason(apply(cache, AF_INET, 9, (uint16_t)offset, 3832, true, 0),
		              CTQ_REASON_NONE);
	assert_reason(apply(cache, AF_INET, 9, (uint16_t)offset, 3832, true, 0),
	              CTQ_INVALID_FRAGMENT);
	fragment_cache_destroy(cache);
}

Test(fragment, a_malformed_first_one_is_not_remembered)
{
	struct fragment_cache *cache = make(8);
	struct wire w = wire_ip4(IPPROTO_TCP);
	struct packet p;

	wire_tcp(&w, 1, 2, 3, 4, 0, NULL, 0);
	wire_fill(&w, 0, 4);
	wire_finish(&w);
	wire_ip4_fragment(&w, 0, true, 5);
	p = wire_parse(&w);
	fragment_cache_apply(cache, &p, 0);
	assert_reason(p, CTQ_INVALID_TCP_FLAGS);
	cr_assert_eq(fragment_cache_count(cache, 0), 0);
	fragment_cache_destroy(cache);
}

/* The same packet passes the entry and the confirm hook. */
Test(fragment, each_hook_has_its_own_entry)
{
	struct fragment_cache *cache = make(8);
	struct wire w = wire_ip4(IPPROTO_UDP);
	struct packet p;
	int hook;

	wire_udp(&w, 1, 2, 24);
	wire_finish(&w);
	wire_ip4_fragment(&w, 0, true, 5);
	for (hook = PACKET_HOOK_PREROUTING; hook <= PACKET_HOOK_POSTROUTING; hook++) {
		p = wire_packet(&w);
		p.hook = (uint8_t)hook;
		packet_parse(&p);
		fragment_cache_apply(cache, &p, 0);
		assert_reason(p, CTQ_REASON_NONE);
	}
	fragment_cache_destroy(cache);
}

/* F2 */
Test(fragment, entries_live_thirty_seconds)
{
	struct fragment_cache *cache = make(8);

	apply(cache, AF_INET, 9, 0, 1480, true, 1000);
	assert_reason(apply(cache, AF_INET, 9, 1480, 8, true, 1000 + 29999),
	              CTQ_REASON_NONE);
	cr_assert_eq(fragment_cache_count(cache, 1000 + 29999), 1);
	cr_assert_eq(fragment_cache_count(cache, 1000 + 30000), 0);
	assert_reason(apply(cache, AF_INET, 9, 1488, 8, true, 1000 + 30000),
	              CTQ_INVALID_FRAGMENT);
	assert_reason(apply(cache, AF_INET, 9, 0, 1480, true, 1000 + 30000),
	              CTQ_REASON_NONE);
	cr_assert_eq(fragment_cache_stats(cache)->evicted, 0);
	fragment_cache_destroy(cache);
}

/* F2: eight places are one set, so age alone decides. */
Test(fragment, the_oldest_makes_room_at_the_limit)
{
	struct fragment_cache *cache = make(8);
	uint32_t id;

	for (id = 0; id < 9; id++)
		apply(cache, AF_INET, id, 0, 1480, true, id);
	cr_assert_eq(fragment_cache_count(cache, 9), 8);
	cr_assert_eq(fragment_cache_stats(cache)->evicted, 1);
	assert_reason(apply(cache, AF_INET, 0, 1480, 8, false, 9), CTQ_INVALID_FRAGMENT);
	for (id = 1; id < 9; id++)
		assert_reason(apply(cache, AF_INET, id, 1480, 8, false, 9),
		              CTQ_REASON_NONE);
	fragment_cache_destroy(cache);
}

Test(fragment, never_more_than_the_limit)
{
	struct fragment_cache *cache = make(64);
	uint32_t id;

	for (id = 0; id < 2000; id++)
		apply(cache, AF_INET6, id, 0, 1480, true, 1);
	cr_assert_leq(fragment_cache_count(cache, 1), 64);
	cr_assert_geq(fragment_cache_count(cache, 1), 48, "and nearly all of it is used");
	fragment_cache_destroy(cache);
}

Test(fragment, a_cache_without_memory_is_none)
{
	memory_is_short = true;
	cr_assert_null(fragment_cache_new(64, &key));
	memory_is_short = false;
	fragment_cache_destroy(NULL);
	fragment_cache_destroy(make(0));
}
