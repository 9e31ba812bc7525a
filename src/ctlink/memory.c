/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST_FIRST_CAPACITY 4 /* most rules have one to four matches */

void *ctlink_memory_resize(const struct ctlink_memory *memory, void *old, size_t size)
{
	assert(size > 0);
	if (memory)
		return memory->resize(memory->context, old, size);
	return realloc(old, size);
}

void ctlink_memory_free(const struct ctlink_memory *memory, void *old)
{
	if (memory && old)
		memory->resize(memory->context, old, 0);
	else
		free(old);
}

static int list_grow(struct ctlink_list *list, size_t item_size, uint32_t limit,
                     const struct ctlink_memory *memory)
{
	uint32_t capacity = list->capacity ? list->capacity : LIST_FIRST_CAPACITY / 2;
	void *items;

	capacity = capacity > limit / 2 ? limit : capacity * 2;
	if (capacity > SIZE_MAX / item_size)
		return ENOMEM;
	items = ctlink_memory_resize(memory, list->items, item_size * capacity);
	if (!items)
		return ENOMEM;
	list->items = items;
	list->capacity = capacity;
	return 0;
}

void *ctlink_list_append(struct ctlink_list *list, size_t item_size, uint32_t limit,
                         const struct ctlink_memory *memory)
{
	void *item;

	if (list->length >= limit) {
		errno = E2BIG;
		return NULL;
	}
	if (list->length == list->capacity) {
		errno = list_grow(list, item_size, limit, memory);
		if (errno)
			return NULL;
	}
	item = ctlink_list_item(list, item_size, list->length++);
	memset(item, 0, item_size);
	return item;
}

void ctlink_list_fini(struct ctlink_list *list, const struct ctlink_memory *memory)
{
	ctlink_memory_free(memory, list->items);
	memset(list, 0, sizeof(*list));
}

int ctlink_string_set(char **string, const char *text, size_t length,
                      const struct ctlink_memory *memory)
{
	char *copy = ctlink_memory_resize(memory, NULL, length + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, length);
	copy[length] = '\0';
	ctlink_memory_free(memory, *string);
	*string = copy;
	return 0;
}
