/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a transaction brings, by part; see sets_priv.h. */
#include <errno.h>
#include <string.h>

#include "sets/sets_priv.h"

void stage_init(struct stage *st, struct sets *sets)
{
	memset(st, 0, sizeof(*st));
	st->sets = sets;
}

void stage_fini(struct stage *st)
{
	sets_free(st->sets, st->slots);
	st->slots = NULL;
}

static uint64_t hash_of(const struct stage *st, const struct set *set,
                        const struct set_part *part)
{
	return siphash(part, sizeof(*part), &st->sets->key) ^ (uintptr_t)set / 64;
}

static bool is_at(const struct stage_slot *slot, const struct set *set,
                  const struct set_part *part)
{
	return slot->set == set && memcmp(&slot->part, part, sizeof(*part)) == 0;
}

/* Where @part is, or the free slot where it would be; there is one. */
static struct stage_slot *slot_of(const struct stage *st, const struct set *set,
                                  const struct set_part *part)
{
	uint32_t i = (uint32_t)hash_of(st, set, part) & (st->capacity - 1);

	while (st->slots[i].set && !is_at(&st->slots[i], set, part))
		i = (i + 1) & (st->capacity - 1);
	return &st->slots[i];
}

static int stage_grow(struct stage *st)
{
	uint32_t capacity = st->capacity ? st->capacity * 2 : 64, i;
	struct stage before = *st;

	if (capacity < st->capacity)
		return -ENOMEM;
	st->slots =
		(struct stage_slot *)sets_alloc(st->sets, capacity, sizeof(*st->slots));
	if (!st->slots) {
		*st = before;
		return -ENOMEM;
	}
	st->capacity = capacity;
	for (i = 0; i < before.capacity; i++) {
		if (before.slots[i].set)
			*slot_of(st, before.slots[i].set, &before.slots[i].part) =
				before.slots[i];
	}
	sets_free(st->sets, before.slots);
	return 0;
}

int stage_add(struct stage *st, const struct set *set, const struct set_part *part,
              uint32_t position)
{
	struct stage_slot *slot;

	if ((st->used + 1) * 2ull > st->capacity && stage_grow(st))
		return -ENOMEM;
	slot = slot_of(st, set, part);
	st->used += !slot->set;
	*slot = (struct stage_slot){ set, *part, position };
	if (set->type == CTQ_SET_ADDRESS)
		st->lengths[part->table][part->length / 64] |= 1ull << part->length % 64;
	else
		st->others = true;
	return 0;
}

uint32_t stage_get(const struct stage *st, const struct set *set,
                   const struct set_part *part)
{
	const struct stage_slot *slot;

	if (!st->capacity)
		return 0;
	slot = slot_of(st, set, part);
	return slot->set ? slot->position : 0;
}

void stage_remove(struct stage *st, const struct set *set, const struct set_part *part)
{
	struct stage_slot *slot;

	if (!st->capacity)
		return;
	slot = slot_of(st, set, part);
	if (slot->set)
		slot->position = 0;
}

static void part_cut(struct set_part *part, unsigned int length, uint8_t size)
{
	unsigned int i;

	for (i = length; i < size * 8u; i++)
		part->bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	part->length = (uint8_t)length;
}

/* Is @part in any address set? */
static bool is_in_any(const struct stage *st, const struct set_part *part)
{
	const struct set *set;
	uint32_t i;

	for (i = 0; (set = sets_at(st->sets, i)); i++)
		if (set->type == CTQ_SET_ADDRESS && stage_get(st, set, part))
			return true;
	return false;
}

bool stage_holds(const struct stage *st, const uint8_t *address, uint8_t size)
{
	struct set_part part = { .table = size == 4 ? SET_BITS32 : SET_BITS128 };
	int length;

	memcpy(part.bytes, address, size);
	for (length = size * 8; length >= 0; length--) {
		if (!(st->lengths[part.table][length / 64] >> length % 64 & 1))
			continue;
		part_cut(&part, (unsigned int)length, size);
		if (is_in_any(st, &part))
			return true;
	}
	return false;
}
