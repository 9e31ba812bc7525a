/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ids.c - numbers by which clients name rules
 *
 * They count up, over all that is ever built: checks and refused loads too. After 2^32 of them
 * (100,000 rules loaded once a minute: 30 days) they begin again, and must not meet one that is
 * still somebody's. So they come from a range that nobody is in: at first all, afterwards the
 * largest between two that may be in use. With n of those it has 2^32 / (n + 1) ids at least.
 *
 * In use may be what the last owner of an index has. It is not taken back when a rule goes, in
 * liburcu's thread perhaps: it only stays unused a little longer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/rules_priv.h"

void ids_init(struct rule_ids *ids, uint32_t first)
{
	*ids = (struct rule_ids){ .next = first };
}

void ids_fini(struct rule_ids *ids, const struct rules *rules)
{
	rules_free(rules, ids->by_index);
	ids->by_index = NULL;
}

static int room_make(struct rule_ids *ids, const struct rules *rules, uint32_t index)
{
	uint32_t size = rules->counters.chunks * COUNTERS_CHUNK;
	uint32_t *room;

	if (index < ids->size)
		return 0;
	room = (uint32_t *)ctlink_memory_resize(rules->memory, ids->by_index,
	                                        size * sizeof(*room));
	if (!room)
		return -ENOMEM;
	memset(room + ids->size, 0, (size - ids->size) * sizeof(*room));
	ids->by_index = room;
	ids->size = size;
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The largest range between two of @sorted, the last of which is followed by 2^32. */
static void range_find(struct rule_ids *ids, const uint32_t *sorted, uint32_t n)
{
	uint32_t i, end, largest = 0;

	for (i = 0; i < n; i++) {
		end = i + 1 < n ? sorted[i + 1] : 0;
		if (end - sorted[i] <= largest)
			continue;
		largest = end - sorted[i];
		ids->next = sorted[i] + 1;
		ids->end = end;
	}
}

/* 0 is in use: it is nobody's id, and an index's that nobody has had. */
static int range_renew(struct rule_ids *ids, const struct rules *rules)
{
	uint32_t n = ids->size;
	uint32_t *sorted = (uint32_t *)rules_alloc(rules, n, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, ids->by_index, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	range_find(ids, sorted, n);
	rules_free(rules, sorted);
	return 0;
}

int ids_take(struct rule_ids *ids, const struct rules *rules, uint32_t index,
             uint32_t *id)
{
	int err = room_make(ids, rules, index);

	if (!err && ids->next == ids->end)
		err = range_renew(ids, rules);
	if (err)
		return err;
	*id = ids->next++;
	ids->by_index[index] = *id;
	return 0;
}
