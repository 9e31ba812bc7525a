/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/sort.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const keys[] = {
	[SORT_BYTES] = "bytes", [SORT_PACKETS] = "packets", [SORT_AGE] = "age",
	[SORT_IDLE] = "idle",   [SORT_TIMEOUT] = "timeout",
};

int sort_key_parse(const char *word, enum sort_key *key)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(keys); i++) {
		if (strcmp(word, keys[i]) == 0) {
			*key = (enum sort_key)i;
			return 0;
		}
	}
	return -EINVAL;
}

void sort_init(struct sort *sort, enum sort_key key, size_t limit)
{
	*sort = (struct sort){ .key = key, .limit = limit };
}

void sort_fini(struct sort *sort)
{
	size_t i;

	for (i = 0; i < sort->length; i++)
		free(sort->entries[i].message);
	free(sort->entries);
	sort->entries = NULL;
	sort->length = sort->capacity = 0;
}

static uint64_t key_of(const struct sort *sort, const struct ctq_flow *flow)
{
	const struct ctq_record *record = ctq_flow_record(flow);
	struct view view;

	if (sort->key == SORT_AGE)
		return ctq_record_number(record, CTQA_FLOW_AGE);
	if (sort->key == SORT_IDLE)
		return ctq_record_number(record, CTQA_FLOW_IDLE);
	view_init(&view, flow);
	if (sort->key == SORT_BYTES)
		return view.orig_bytes + view.reply_bytes;
	if (sort->key == SORT_PACKETS)
		return view.orig_packets + view.reply_packets;
	return view.timeout;
}

/* Let the first entry sink to its place in the heap of @length entries. */
static void sink(struct sort_entry *entries, size_t length)
{
	struct sort_entry moving = entries[0];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < length) {
		if (child + 1 < length && entries[child + 1].key < entries[child].key)
			child++;
		if (entries[child].key >= moving.key)
			break;
		entries[at] = entries[child];
		at = child;
	}
	entries[at] = moving;
}

/* Let the last entry rise to its place. */
static void rise(struct sort_entry *entries, size_t length)
{
	size_t at = length - 1, parent;
	struct sort_entry moving = entries[at];

	while (at > 0) {
		parent = (at - 1) / 2;
		if (entries[parent].key <= moving.key)
			break;
		entries[at] = entries[parent];
		at = parent;
	}
	entries[at] = moving;
}

static int reserve(struct sort *sort)
{
	size_t capacity = sort->capacity ? 2 * sort->capacity : 64;
	struct sort_entry *entries;

	if (sort->length < sort->capacity)
		return 0;
	entries = realloc(sort->entries, capacity * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	sort->entries = entries;
	sort->capacity = capacity;
	return 0;
}

int sort_add(struct sort *sort, const struct ctq_flow *flow)
{
	struct sort_entry entry = { .key = key_of(sort, flow) };
	const void *message = ctq_flow_message(flow, &entry.size);
	bool full = sort->limit && sort->length == sort->limit;

	if (full && entry.key <= sort->entries[0].key)
		return 0;
	if (reserve(sort))
		return -ENOMEM;
	entry.message = malloc(entry.size);
	if (!entry.message)
		return -ENOMEM;
	memcpy(entry.message, message, entry.size);
	if (full) {
		free(sort->entries[0].message);
		sort->entries[0] = entry;
		sink(sort->entries, sort->length);
	} else {
		sort->entries[sort->length++] = entry;
		rise(sort->entries, sort->length);
	}
	return 0;
}

/* Turn the heap into a list, the largest first: the smallest goes to the end each time. */
static void order(struct sort *sort)
{
	struct sort_entry smallest;
	size_t length;

	for (length = sort->length; length > 1; length--) {
		smallest = sort->entries[0];
		sort->entries[0] = sort->entries[length - 1];
		sink(sort->entries, length - 1);
		sort->entries[length - 1] = smallest;
	}
}

int sort_each(struct sort *sort, ctq_flow_cb *cb, void *data)
{
	struct ctq_flow *flow;
	size_t i;
	int err = 0;

	order(sort);
	for (i = 0; i < sort->length && !err; i++) {
		err = ctq_flow_parse(&flow, sort->entries[i].message,
		                     sort->entries[i].size);
		if (err)
			return err;
		err = cb(data, flow);
		ctq_flow_destroy(flow);
	}
	return err;
}
