/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <stdlib.h>

#include "ctctl/sort.h"
#include "fake.h"

/* A flow with @bytes in its counters and as its id. */
static struct ctq_flow *flow_of(uint32_t bytes)
{
	const struct ctlink_header header = { .type = CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK,
		                                                  IPCTNL_MSG_CT_NEW) };
	struct ctlink_message m;
	struct ctlink_flow value;
	struct ctq_flow *flow;

	fake_flow(0, &value);
	value.id = bytes;
	value.counters_orig.bytes = bytes;
	value.counters_reply.bytes = 0;
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_flow_build(&m, &header, &value), 0);
	cr_assert_eq(ctq_flow_parse(&flow, m.data, m.size), 0);
	ctlink_message_fini(&m);
	return flow;
}

static void add(struct sort *sort, uint32_t bytes)
{
	struct ctq_flow *flow = flow_of(bytes);

	cr_assert_eq(sort_add(sort, flow), 0);
	ctq_flow_destroy(flow);
}

struct seen {
	uint32_t ids[512];
	size_t length;
};

static int remember(void *data, const struct ctq_flow *flow)
{
	struct seen *seen = data;

	seen->ids[seen->length++] = nfct_get_attr_u32(ctq_flow_conntrack(flow), ATTR_ID);
	return 0;
}

/* Against the plain way: all keys, sorted. */
static int descending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

static void compare(size_t n, size_t limit)
{
	static uint32_t keys[512];
	struct seen seen = { .length = 0 };
	struct sort sort;
	uint32_t random = 12345;
	size_t i;

	sort_init(&sort, SORT_BYTES, limit);
	for (i = 0; i < n; i++) {
		random = random * 1103515245 + 12345;
		keys[i] = random >> 24; /* few values: many are equal */
		add(&sort, keys[i]);
	}
	qsort(keys, n, sizeof(keys[0]), descending);
	cr_assert_eq(sort_each(&sort, remember, &seen), 0);
	cr_assert_eq(seen.length, limit && limit < n ? limit : n);
	for (i = 0; i < seen.length; i++)
		cr_assert_eq(seen.ids[i], keys[i]);
	sort_fini(&sort);
}

Test(sort, keeps_the_largest_in_order)
{
	compare(300, 10);
	compare(300, 1);
	compare(300, 300);
	compare(300, 0);
	compare(5, 10);
	compare(0, 10);
}

Test(sort, keys_have_names)
{
	enum sort_key key;

	cr_assert_eq(sort_key_parse("idle", &key), 0);
	cr_assert_eq(key, SORT_IDLE);
	cr_assert_eq(sort_key_parse("name", &key), -EINVAL);
}

static int stop(void *data, const struct ctq_flow *flow)
{
	return 3;
}

Test(sort, a_callback_ends_it)
{
	struct sort sort;

	sort_init(&sort, SORT_TIMEOUT, 0);
	add(&sort, 1);
	add(&sort, 2);
	cr_assert_eq(sort_each(&sort, stop, NULL), 3);
	sort_fini(&sort);
}
