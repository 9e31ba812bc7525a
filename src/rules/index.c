/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See index.h. Linear probing; at most half of the slots are in use. */
#include "rules/index.h"

#include <errno.h>
#include <string.h>

#include "base/siphash.h"

static char index_gone; /* its address marks removed slots */

uint64_t index_hash_name(const char *name)
{
	static const struct siphash_key none;

	return siphash(name, strlen(name), &none);
}

uint64_t index_hash_id(uint32_t id)
{
	return id * UINT64_C(0x9e3779b97f4a7c15) >>
	       16; /* 2^64 divided by the golden ratio */
}

void index_init(struct index *ix, const struct ctlink_memory *memory)
{
	memset(ix, 0, sizeof(*ix));
	ix->memory = memory;
}

void index_fini(struct index *ix)
{
	ctlink_memory_free(ix->memory, ix->slots);
	ix->slots = NULL;
	ix->capacity = ix->used = 0;
}

static void slot_fill(struct index *ix, uint64_t hash, void *item)
{
	uint32_t i = (uint32_t)hash & (ix->capacity - 1);

	while (ix->slots[i].item)
		i = (i + 1) & (ix->capacity - 1);
	ix->slots[i] = (struct index_slot){ hash, item };
	ix->used++;
}

static int index_grow(struct index *ix)
{
	struct index old = *ix;
	size_t size;
	uint32_t i;

	ix->capacity = old.capacity ? old.capacity * 2 : 64;
	size = ix->capacity * sizeof(*ix->slots);
	ix->slots = (struct index_slot *)ctlink_memory_resize(ix->memory, NULL, size);
	if (!ix->slots) {
		*ix = old;
		return -ENOMEM;
	}
	memset(ix->slots, 0, size);
	ix->used = 0;
	for (i = 0; i < old.capacity; i++) {
		if (old.slots[i].item && old.slots[i].item != &index_gone)
			slot_fill(ix, old.slots[i].hash, old.slots[i].item);
	}
	index_fini(&old);
	return 0;
}

int index_insert(struct index *ix, uint64_t hash, void *item)
{
	int err = 0;

	if (ix->used >= ix->capacity / 2)
		err = index_grow(ix);
	if (!err)
		slot_fill(ix, hash, item);
	return err;
}

void *index_peek(const struct index *ix, uint64_t hash,
                 bool (*is)(const void *item, const void *key), const void *key)
{
	const struct index_slot *slot;
	uint32_t i;

	for (i = (uint32_t)hash; ix->capacity; i++) {
		slot = &ix->slots[i & (ix->capacity - 1)];
		if (!slot->item)
			break;
		if (slot->hash == hash && slot->item != &index_gone &&
		    is(slot->item, key))
			return slot->item;
	}
	return NULL;
}

void index_remove(struct index *ix, uint64_t hash, const void *item)
{
	struct index_slot *slot;
	uint32_t i;

	for (i = (uint32_t)hash; ix->capacity; i++) {
		slot = &ix->slots[i & (ix->capacity - 1)];
		if (!slot->item)
			break;
		if (slot->item == item) {
			slot->item = &index_gone;
			break;
		}
	}
}
