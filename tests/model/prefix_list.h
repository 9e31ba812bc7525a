/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * prefix_list.h - prefixes in a list, searched from end to end
 *
 * The obviously correct twin of src/hashtrie/prefix.h, for model test and fuzzer.
 */
#ifndef TESTS_MODEL_PREFIX_LIST_H
#define TESTS_MODEL_PREFIX_LIST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "hashtrie/prefix.h"

#define PREFIX_LIST_MAX 20000

struct prefix_entry {
	uint8_t addr[16];
	unsigned int length;
	uint32_t value;
};

struct prefix_list {
	struct prefix_entry entry[PREFIX_LIST_MAX];
	unsigned int n;
};

static inline bool prefix_covers(const uint8_t *a, const uint8_t *b, unsigned int length)
{
	for (unsigned int i = 0; i < length; i++)
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static inline struct prefix_entry *prefix_list_get(struct prefix_list *l,
                                                   const uint8_t *addr,
                                                   unsigned int length)
{
	for (unsigned int i = 0; i < l->n; i++)
		if (l->entry[i].length == length &&
		    prefix_covers(l->entry[i].addr, addr, length))
			return &l->entry[i];
	return NULL;
}

static inline void prefix_list_add(struct prefix_list *l, const uint8_t *addr,
                                   unsigned int bytes, unsigned int length,
                                   uint32_t value)
{
	struct prefix_entry *e = &l->entry[l->n++];

	memcpy(e->addr, addr, bytes);
	e->length = length;
	e->value = value;
}

static inline void prefix_list_remove(struct prefix_list *l, struct prefix_entry *e)
{
	*e = l->entry[--l->n];
}

/** The value of the longest match, or PREFIX_NONE. */
static inline uint32_t prefix_list_find(const struct prefix_list *l, const uint8_t *addr)
{
	const struct prefix_entry *best = NULL;

	for (unsigned int i = 0; i < l->n; i++)
		if ((!best || l->entry[i].length > best->length) &&
		    prefix_covers(l->entry[i].addr, addr, l->entry[i].length))
			best = &l->entry[i];
	return best ? best->value : PREFIX_NONE;
}

#endif
