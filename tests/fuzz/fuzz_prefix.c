/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_prefix.c - sequences of changes to a prefix table, each answer checked
 *
 * The first byte chooses the family. Then, again and again: an operation (insert,
 * remove, find; with the top bit set allocations fail), a length and an address of
 * 4 or 16 bytes. The list of tests/model is the judge of what is found (P1) and of what a
 * failed allocation leaves (P2).
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/rcu.h"
#include "tests/model/prefix_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX 2000u /* the list is slow */

static struct prefix_list list;
static bool refuse;

static bool permit(void *ctx, size_t bytes)
{
	return !refuse;
}

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void step_insert(struct prefix_table *t, const uint8_t *addr, unsigned int bytes,
                        unsigned int length)
{
	uint32_t value = addr[bytes - 1];
	int err = prefix_insert(t, addr, length, value);

	if (length > 8 * bytes)
		require(err == -EINVAL);
	else if (prefix_list_get(&list, addr, length))
		require(err == -EEXIST);
	else if (err)
		require(err == -ENOMEM && refuse);
	else
		prefix_list_add(&list, addr, bytes, length, value);
}

static void step_remove(struct prefix_table *t, const uint8_t *addr, unsigned int bytes,
                        unsigned int length)
{
	int err = prefix_remove(t, addr, length);
	struct prefix_entry *there;

	if (length > 8 * bytes) {
		require(err == -EINVAL);
		return;
	}
	there = prefix_list_get(&list, addr, length);
	require(err == (there ? 0 : -ENOENT));
	if (there)
		prefix_list_remove(&list, there);
}

static void step_find(struct prefix_table *t, const uint8_t *addr)
{
	const void *addrs[1] = { addr };
	uint32_t value = 0, bulk, want = prefix_list_find(&list, addr);

	require(prefix_find(t, addr, &value) == (want != PREFIX_NONE));
	require(want == PREFIX_NONE || value == want);
	prefix_find_bulk(t, 1, addrs, &bulk);
	require(bulk == want);
}

/* One table for each family, emptied after each input: ending one waits for RCU. */
static struct prefix_table *table_for(unsigned int bytes)
{
	static struct prefix_table *v4, *v6;

	if (!v4) {
		urcu_qsbr_register_thread();
		v4 = prefix_new(PREFIX_IPV4, permit, NULL);
		v6 = prefix_new(PREFIX_IPV6, permit, NULL);
		require(v4 && v6);
	}
	return bytes == 16 ? v6 : v4;
}

static void table_empty(struct prefix_table *t)
{
	struct prefix_stats stats;

	while (list.n) {
		struct prefix_entry *e = &list.entry[list.n - 1];

		step_find(t, e->addr);
		require(prefix_remove(t, e->addr, e->length) == 0);
		prefix_list_remove(&list, e);
	}
	prefix_stats(t, &stats);
	require(stats.prefixes == 0 && stats.nodes == 0);
	rcu_quiet();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int bytes = size && data[0] & 1 ? 16 : 4;
	const uint8_t *p = data + 1, *end = data + size;
	struct prefix_table *t;

	refuse = false;
	t = table_for(bytes);
	for (unsigned int i = 0; size && i < STEPS_MAX && end - p >= 2 + (long)bytes;
	     i++) {
		refuse = p[0] >> 7;
		if (p[0] % 4 < 2)
			step_insert(t, p + 2, bytes, p[1]);
		else if (p[0] % 4 == 2)
			step_remove(t, p + 2, bytes, p[1]);
		step_find(t, p + 2);
		p += 2 + bytes;
	}
	refuse = true; /* to empty it needs no memory */
	table_empty(t);
	return 0;
}
