/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index.h - names and ids to things, while a change is made
 *
 * A plain hash table with open addressing; pointers only, the things belong to others.
 * One thread. Keys are given by those who may change rules: the hash is not keyed.
 */
#ifndef RULES_INDEX_H
#define RULES_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "ctlink/memory.h"

struct index_slot {
	uint64_t hash;
	void *item; /* NULL: free; &index_gone: was removed */
};

struct index {
	struct index_slot *slots;
	uint32_t capacity; /* a power of two, or 0 */
	uint32_t used;     /* with the removed ones */
	const struct ctlink_memory *memory;
};

uint64_t index_hash_name(const char *name);
uint64_t index_hash_id(uint32_t id);

void index_init(struct index *ix, const struct ctlink_memory *memory);
void index_fini(struct index *ix);

/** Put @item under @hash. 0 or -ENOMEM. */
int index_insert(struct index *ix, uint64_t hash, void *item);

/** The item under @hash for which @is says yes to @key, or NULL. */
void *index_peek(const struct index *ix, uint64_t hash,
                 bool (*is)(const void *item, const void *key), const void *key);

/** Take out the item @item that is under @hash. */
void index_remove(struct index *ix, uint64_t hash, const void *item);

#endif
