/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_prefix.c - sequences of changes to a prefix table, each answer checked
 *
 * The first byte chooses the family. Then, again and again: an operation (insert,
 * remove, find; with the top bit set allocations fail), a length and an address of
 * 4 or 16 bytes. The list of tests/model is the judge.
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool registered;
	unsigned int bytes = size && data[0] & 1 ? 16 : 4;
	const uint8_t *p = data + 1, *end = data + size;
	struct prefix_table *t;

	if (!registered)
		urcu_qsbr_register_thread();
	registered = true;
	refuse = false;
	list.n = 0;
	t = prefix_new(bytes == 16 ? PREFIX_IPV6 : PREFIX_IPV4, permit, NULL);
	require(t != NULL);
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
	for (unsigned int i = 0; i < list.n; i++)
		step_find(t, list.entry[i].addr);
	prefix_destroy(t);
	return 0;
}
