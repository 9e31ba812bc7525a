/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>

#include "hashtrie/prefix.h"
#include "tests/unit/hashtrie/owner.h"

static struct owner owner;
static struct prefix_table *v4, *v6;

static void setup(void)
{
	urcu_qsbr_register_thread();
	owner = owner_new(0);
	v4 = prefix_new(PREFIX_IPV4, owner_permit, &owner);
	v6 = prefix_new(PREFIX_IPV6, owner_permit, &owner);
	cr_assert(v4 && v6);
}

static void teardown(void)
{
	prefix_destroy(v4);
	prefix_destroy(v6);
	owner_free(&owner);
	urcu_qsbr_unregister_thread();
}

TestSuite(prefix, .init = setup, .fini = teardown);

struct addr {
	uint8_t bytes[16];
	struct prefix_table *table;
};

static struct addr parse(const char *text)
{
	struct addr a = { .table = v4 };

	if (inet_pton(AF_INET, text, a.bytes) != 1) {
		a.table = v6;
		cr_assert_eq(inet_pton(AF_INET6, text, a.bytes), 1);
	}
	return a;
}

static int insert(const char *text, unsigned int length, uint32_t value)
{
	struct addr a = parse(text);

	return prefix_insert(a.table, a.bytes, length, value);
}

static int drop(const char *text, unsigned int length)
{
	struct addr a = parse(text);

	return prefix_remove(a.table, a.bytes, length);
}

/* The value, or PREFIX_NONE. */
static uint32_t find(const char *text)
{
	struct addr a = parse(text);
	uint32_t value = 0;

	return prefix_find(a.table, a.bytes, &value) ? value : PREFIX_NONE;
}

Test(prefix, finds_nothing_when_empty)
{
	cr_assert_eq(find("10.0.0.1"), PREFIX_NONE);
	cr_assert_eq(find("2001:db8::1"), PREFIX_NONE);
}

Test(prefix, P1_the_longest_wins_at_every_depth)
{
	const unsigned int lengths[] = { 0, 1, 8, 15, 16, 17, 23, 24, 25, 31, 32 };

	for (unsigned int i = 0; i < BASE_ARRAY_LENGTH(lengths); i++) {
		cr_assert_eq(insert("10.1.2.3", lengths[i], i), 0);
		cr_assert_eq(find("10.1.2.3"), i);
	}
	cr_assert_eq(find("10.1.2.2"), 9);
	cr_assert_eq(find("10.1.2.128"), 7);
	cr_assert_eq(find("10.0.0.0"), 3);
	cr_assert_eq(find("200.0.0.1"), 0);
	for (unsigned int i = BASE_ARRAY_LENGTH(lengths); i-- > 1;) {
		cr_assert_eq(drop("10.1.2.3", lengths[i]), 0);
		cr_assert_eq(find("10.1.2.3"), i - 1);
	}
}

Test(prefix, P1_the_longest_wins_at_every_depth_of_ipv6)
{
	for (unsigned int length = 0; length <= 128; length++) {
		cr_assert_eq(insert("2001:db8:5:6:7:8:9:a", length, length), 0);
		cr_assert_eq(find("2001:db8:5:6:7:8:9:a"), length);
	}
	for (unsigned int length = 128; length > 0; length--) {
		cr_assert_eq(drop("2001:db8:5:6:7:8:9:a", length), 0);
		cr_assert_eq(find("2001:db8:5:6:7:8:9:a"), length - 1);
	}
}

Test(prefix, P1_a_short_prefix_shows_under_long_ones)
{
	/* The /20 covers a slot that leads to a node; the node must learn of it. */
	cr_assert_eq(insert("10.1.16.0", 28, 1), 0);
	cr_assert_eq(insert("10.1.16.0", 20, 2), 0);
	cr_assert_eq(find("10.1.16.1"), 1);
	cr_assert_eq(find("10.1.16.200"), 2);
	cr_assert_eq(drop("10.1.16.0", 20), 0);
	cr_assert_eq(find("10.1.16.200"), PREFIX_NONE);
	cr_assert_eq(find("10.1.16.1"), 1);
}

Test(prefix, equal_values_are_still_two_prefixes)
{
	cr_assert_eq(insert("10.1.2.0", 24, 5), 0);
	cr_assert_eq(insert("10.1.3.0", 24, 5), 0);
	cr_assert_eq(drop("10.1.2.0", 24), 0);
	cr_assert_eq(find("10.1.2.1"), PREFIX_NONE);
	cr_assert_eq(find("10.1.3.1"), 5);
}

Test(prefix, refuses_what_is_out_of_range_or_there)
{
	cr_assert_eq(insert("10.0.0.0", 33, 1), -EINVAL);
	cr_assert_eq(insert("::", 129, 1), -EINVAL);
	cr_assert_eq(insert("10.0.0.0", 8, PREFIX_VALUE_MAX + 1), -EINVAL);
	cr_assert_eq(insert("10.0.0.0", 8, PREFIX_VALUE_MAX), 0);
	cr_assert_eq(find("10.0.0.1"), PREFIX_VALUE_MAX);
	cr_assert_eq(insert("10.9.9.9", 8, 1), -EEXIST,
	             "bits beyond the length are ignored");
	cr_assert_eq(drop("10.0.0.0", 9), -ENOENT);
	cr_assert_eq(drop("10.0.0.0", 33), -EINVAL);
	cr_assert_eq(drop("10.2.3.4", 30), -ENOENT);
}

Test(prefix, P2_failing_allocation_changes_nothing)
{
	for (unsigned int length = 1; length <= 128; length++) {
		long budget = 0;
		int err;

		do {
			owner.budget = budget++;
			err = insert("2001:db8:ffff::1", length, length);
			cr_assert(err == 0 || err == -ENOMEM);
			cr_assert_eq(find("2001:db8:ffff::1"), err == 0 ? length
			                                       : length > 1
			                                               ? length - 1
			                                               : PREFIX_NONE);
			cr_assert_lt(budget, 60);
		} while (err);
	}
	cr_assert_gt(owner.refused, 100);
	owner.budget = 0;
	for (unsigned int length = 1; length <= 128; length++)
		cr_assert_eq(drop("2001:db8:ffff::1", length), 0,
		             "removal needs no memory");
	cr_assert_eq(find("2001:db8:ffff::1"), PREFIX_NONE);
}

static uint64_t nodes_of(struct prefix_table *t)
{
	struct prefix_stats stats;

	prefix_stats(t, &stats);
	return stats.nodes;
}

/* Each allocation is one node written: of those that a change makes or takes away, one more. */
static void assert_local(struct prefix_table *t, unsigned int bits)
{
	struct {
		uint8_t addr[16];
		unsigned int length;
	} there[1000];
	unsigned int n = 0, i;

	for (i = 0; i < BASE_ARRAY_LENGTH(there); i++) {
		uint64_t random = owner_mix(i), nodes = nodes_of(t);
		long asked = owner.asked;

		memset(there[n].addr, 0, 16);
		there[n].addr[1] = random >> 63; /* all under two slots of the root */
		there[n].addr[2] = random >> 60 & 3;
		memcpy(there[n].addr + 3, &random, 8);
		there[n].length = 17 + (random >> 32) % (bits - 16);
		if (prefix_insert(t, there[n].addr, there[n].length, i) == 0)
			n++;
		cr_assert_leq(owner.asked - asked, (long)(nodes_of(t) - nodes) + 1);
	}
	cr_assert_gt(n, 300);
	while (n-- > 0) {
		uint64_t nodes = nodes_of(t);
		long asked = owner.asked;

		cr_assert_eq(prefix_remove(t, there[n].addr, there[n].length), 0);
		cr_assert_leq(nodes_of(t), nodes);
		cr_assert_leq(owner.asked - asked, 1);
	}
	cr_assert_eq(nodes_of(t), 0);
}

Test(prefix, P3_a_change_rewrites_one_node)
{
	assert_local(v4, 32);
	assert_local(v6, 128);
}

Test(prefix, new_fails_without_memory)
{
	struct owner poor = { .budget = 0 };

	cr_assert_null(prefix_new(PREFIX_IPV4, owner_permit, &poor));
	prefix_destroy(NULL);
}
