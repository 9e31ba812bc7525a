/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.h - allocation as a parameter, and the lists and strings that values own
 *
 * Everything in this folder that allocates takes a struct ctlink_memory; NULL means the
 * C library's. Tests pass one that fails. A value that owns memory (a rule, a filter)
 * has init and fini; both must see the same memory. A failed parse leaves a value that
 * fini still takes.
 */
#ifndef CTLINK_MEMORY_H
#define CTLINK_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct ctlink_memory {
	/* As realloc(3): @old may be NULL; @size 0 frees and returns NULL. */
	void *(*resize)(void *context, void *old, size_t size);
	void *context;
};

/** Resize @old to @size bytes; NULL when there is no memory, @old is then untouched. */
void *ctlink_memory_resize(const struct ctlink_memory *memory, void *old, size_t size);

/** Free @old, which may be NULL. */
void ctlink_memory_free(const struct ctlink_memory *memory, void *old);

/** Items of one size, in order. All bytes zero: empty. */
struct ctlink_list {
	void *items;
	uint32_t length;   /* items */
	uint32_t capacity; /* items */
};

/**
 * Append an item of @item_size zero bytes; at most @limit items. The item is valid until
 * the next append. Returns it, or NULL: then errno is ENOMEM or E2BIG (@limit reached).
 */
void *ctlink_list_append(struct ctlink_list *list, size_t item_size, uint32_t limit,
                         const struct ctlink_memory *memory);

/** Item @i (< length) of items of @item_size bytes. */
static inline void *ctlink_list_item(const struct ctlink_list *list, size_t item_size,
                                     uint32_t i)
{
	return (char *)list->items + item_size * i;
}

/** Take the last item away (there is one); what it owned is the caller's to free. */
static inline void ctlink_list_drop_last(struct ctlink_list *list)
{
	list->length--;
}

/** Free the items' array, not what the items own. The list is empty then. */
void ctlink_list_fini(struct ctlink_list *list, const struct ctlink_memory *memory);

/** Replace *@string by a copy of the @length bytes at @text. Returns 0 or -ENOMEM. */
int ctlink_string_set(char **string, const char *text, size_t length,
                      const struct ctlink_memory *memory) BASE_MUST_CHECK;

#endif
