/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * model_prefix.c - the prefix trie against a list
 *
 * Random inserts, removes and finds on both, with failing allocations: a find gives the longest
 * match (P1), a failed insert changes nothing, and a remove needs no memory (P2). Addresses are
 * drawn so that prefixes nest and collide: few bits vary, in places that move over all levels. The seed is
 * printed; MODEL_SEED repeats it.
 *
 * And a million prefixes as a router has them, against a plain hash table that is asked for each
 * length in turn.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/model/prefix_list.h"
#include "tests/unit/hashtrie/owner.h"

#define STEPS   60000u
#define ENTRIES 600u /* prefixes around which the number swings */

struct model {
	struct owner owner;
	struct prefix_table *table;
	struct prefix_list list;
	enum prefix_family family;
	unsigned int scatter; /* bits that vary below each of a few stems */
	uint64_t random;
};

static struct model m;

static uint32_t draw(uint32_t below)
{
	m.random = owner_mix(m.random);
	return (uint32_t)(m.random >> 32) % below;
}

/* An address under one of eight stems, with some bits flipped. */
static void draw_addr(uint8_t *addr)
{
	uint64_t stem = owner_mix(draw(8));

	memcpy(addr, &stem, 8);
	memcpy(addr + 8, &stem, 8);
	for (unsigned int i = 0; i < m.scatter; i++) {
		unsigned int bit = draw(m.family);

		addr[bit / 8] ^= (uint8_t)(1u << (7 - bit % 8));
	}
}

static unsigned int draw_length(void)
{
	return draw(4) ? draw(m.family + 1) : m.family - draw(9);
}

static void budget(void)
{
	m.owner.budget = draw(4) == 0 ? (long)draw(4) : -1;
}

static void check_find(const uint8_t *addr)
{
	uint32_t value = 0, want = prefix_list_find(&m.list, addr), bulk;
	const void *addrs[1] = { addr };

	cr_assert_eq(prefix_find(m.table, addr, &value), want != PREFIX_NONE);
	if (want != PREFIX_NONE)
		cr_assert_eq(value, want, "P1: %u instead of %u", value, want);
	prefix_find_bulk(m.table, 1, addrs, &bulk);
	cr_assert_eq(bulk, want);
}

static void do_insert(void)
{
	unsigned int length = draw_length();
	uint32_t value = draw(50);
	uint8_t addr[16];
	int err;

	draw_addr(addr);
	budget();
	err = prefix_insert(m.table, addr, length, value);
	m.owner.budget = -1;
	if (prefix_list_get(&m.list, addr, length))
		cr_assert(err == -EEXIST);
	else if (err)
		cr_assert_eq(err, -ENOMEM);
	else
		prefix_list_add(&m.list, addr, 16, length, value);
	check_find(addr);
}

static void do_remove(void)
{
	struct prefix_entry e;
	uint8_t addr[16];

	draw_addr(addr);
	budget();
	if (m.list.n == 0 || draw(8) == 0) {
		unsigned int length = draw_length();
		struct prefix_entry *there = prefix_list_get(&m.list, addr, length);

		cr_assert_eq(prefix_remove(m.table, addr, length), there ? 0 : -ENOENT);
		if (there)
			prefix_list_remove(&m.list, there);
	} else {
		struct prefix_entry *there = &m.list.entry[draw(m.list.n)];

		e = *there;
		cr_assert_eq(prefix_remove(m.table, e.addr, e.length), 0);
		prefix_list_remove(&m.list, there);
		memcpy(addr, e.addr, 16);
	}
	m.owner.budget = -1;
	check_find(addr);
}

static void check_all(void)
{
	struct prefix_stats stats;

	prefix_stats(m.table, &stats);
	cr_assert_eq(stats.prefixes, m.list.n);
	for (unsigned int i = 0; i < m.list.n; i++) {
		const struct prefix_entry *e = &m.list.entry[i];
		uint32_t value = 0;

		cr_assert(prefix_get(m.table, e->addr, e->length, &value));
		cr_assert_eq(value, e->value);
		check_find(e->addr);
	}
}

static void clear(void)
{
	struct prefix_stats stats;

	while (m.list.n) {
		struct prefix_entry *e = &m.list.entry[m.list.n - 1];

		cr_assert_eq(prefix_remove(m.table, e->addr, e->length), 0);
		prefix_list_remove(&m.list, e);
	}
	do {
		urcu_qsbr_barrier();
		prefix_stats(m.table, &stats);
	} while (stats.bytes_limbo);
	urcu_qsbr_barrier(); /* the last callback has freed all, and may be closing chunks */
	prefix_stats(m.table, &stats);
	cr_assert_eq(stats.bytes, 0, "P4: %lu bytes left", stats.bytes);
	cr_assert_eq(stats.nodes, 0, "P4");
}

static void run(enum prefix_family family, unsigned int scatter)
{
	const char *seed = getenv("MODEL_SEED");

	urcu_qsbr_register_thread();
	m.random = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
	fprintf(stderr, "# MODEL_SEED=%llu\n", (unsigned long long)m.random);
	m.owner = owner_new(0);
	m.family = family;
	m.scatter = scatter;
	m.table = prefix_new(family, owner_permit, &m.owner);
	cr_assert_not_null(m.table);
	for (unsigned int step = 0; step < STEPS; step++) {
		bool up = m.list.n < ENTRIES * (1 + step / 10000 % 3) / 2;

		if (draw(8) < (up ? 5u : 3u))
			do_insert();
		else
			do_remove();
		if (step % 2000 == 0)
			check_all();
		if (step % 64 == 0)
			rcu_quiet();
	}
	check_all();
	clear();
	prefix_destroy(m.table);
	owner_free(&m.owner);
	urcu_qsbr_unregister_thread();
}

Test(model_prefix, ipv4_crowded)
{
	run(PREFIX_IPV4, 3);
}

Test(model_prefix, ipv4_scattered)
{
	run(PREFIX_IPV4, 12);
}

Test(model_prefix, ipv6_crowded)
{
	run(PREFIX_IPV6, 3);
}

Test(model_prefix, ipv6_scattered)
{
	run(PREFIX_IPV6, 20);
}

/* ---- a million ------------------------------------------------------------------ */

#define MILLION    1000000u
#define QUESTIONS  200000u
#define PLAIN_SIZE (1u << 21)

/* Prefix and length in one word that is not 0, then the value; open addressing. */
static struct plain {
	uint64_t key;
	uint32_t value;
} * plain;

static uint64_t plain_key(uint32_t addr, unsigned int length)
{
	return (uint64_t)(length ? addr >> (32 - length) << (32 - length) : 0) << 8 |
	       (length + 1);
}

static struct plain *plain_at(uint64_t key)
{
	uint32_t i = (uint32_t)owner_mix(key) % PLAIN_SIZE;

	while (plain[i].key && plain[i].key != key)
		i = (i + 1) % PLAIN_SIZE;
	return &plain[i];
}

static uint32_t plain_find(uint32_t addr)
{
	for (unsigned int length = 33; length-- > 0;) {
		const struct plain *p = plain_at(plain_key(addr, length));

		if (p->key && p->value != PREFIX_NONE)
			return p->value;
	}
	return PREFIX_NONE;
}

/* As in a table of all routes: /24 in the main, shorter ones, a few longer ones. */
static unsigned int draw_route_length(void)
{
	switch (draw(16)) {
	case 0: return 8 + draw(8);
	case 1: return 25 + draw(8);
	case 2:
	case 3:
	case 4:
	case 5: return 16 + draw(8);
	default: return 24;
	}
}

static const void *addr_bytes(uint32_t addr, uint8_t *bytes)
{
	for (unsigned int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(addr >> (24 - 8 * i));
	return bytes;
}

static void fill_million(void)
{
	uint8_t bytes[4];
	uint32_t n = 0;

	while (n < MILLION) {
		uint32_t addr = draw(UINT32_MAX);
		unsigned int length = draw_route_length();
		struct plain *p = plain_at(plain_key(addr, length));
		int err = prefix_insert(m.table, addr_bytes(addr, bytes), length, n);

		cr_assert_eq(err, p->key ? -EEXIST : 0);
		if (p->key)
			continue;
		*p = (struct plain){ plain_key(addr, length), n++ };
		if (n % 64 == 0)
			rcu_quiet();
	}
}

/* Those with an odd value, or all that are left; places in the model stay taken. */
static void remove_million(bool all)
{
	uint8_t bytes[4];

	for (uint32_t i = 0; i < PLAIN_SIZE; i++) {
		struct plain *p = &plain[i];

		if (!p->key || p->value == PREFIX_NONE || (!all && p->value % 2 == 0))
			continue;
		addr_bytes((uint32_t)(p->key >> 8), bytes);
		cr_assert_eq(prefix_remove(m.table, bytes, (p->key & 0xff) - 1), 0);
		p->value = PREFIX_NONE;
		if (i % 64 == 0)
			rcu_quiet();
	}
}

/* Addresses at random, and such that a prefix has for certain. */
static void ask_million(void)
{
	const void *addrs[PREFIX_BULK_MAX];
	uint32_t values[PREFIX_BULK_MAX], want[PREFIX_BULK_MAX], wrong = 0;
	uint8_t bytes[PREFIX_BULK_MAX][4];

	for (uint32_t asked = 0; asked < QUESTIONS; asked += PREFIX_BULK_MAX) {
		for (unsigned int i = 0; i < PREFIX_BULK_MAX; i++) {
			uint32_t addr = draw(UINT32_MAX);
			const struct plain *p = &plain[draw(PLAIN_SIZE)];

			if (i % 2 && p->key)
				addr = (uint32_t)(p->key >> 8);
			addrs[i] = addr_bytes(addr, bytes[i]);
			want[i] = plain_find(addr);
		}
		prefix_find_bulk(m.table, PREFIX_BULK_MAX, addrs, values);
		for (unsigned int i = 0; i < PREFIX_BULK_MAX; i++)
			wrong += values[i] != want[i];
	}
	cr_assert_eq(wrong, 0, "P1: %u of %u", wrong, QUESTIONS);
}

Test(model_prefix, P1_P4_a_million_ipv4)
{
	urcu_qsbr_register_thread();
	m.random = 1;
	m.owner = owner_new(0);
	m.table = prefix_new(PREFIX_IPV4, owner_permit, &m.owner);
	plain = calloc(PLAIN_SIZE, sizeof(*plain));
	cr_assert(m.table && plain);
	fill_million();
	ask_million();
	remove_million(false);
	ask_million();
	remove_million(true);
	ask_million();
	clear();
	prefix_destroy(m.table);
	free(plain);
	owner_free(&m.owner);
	urcu_qsbr_unregister_thread();
}
