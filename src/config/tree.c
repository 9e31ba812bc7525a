/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/tree.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TREE_CHUNK_SIZE 16384

struct tree_chunk {
	struct tree_chunk *next;
	size_t used, size;
	alignas(max_align_t) unsigned char bytes[];
};

static struct tree_chunk *chunk_new(struct tree *tree, size_t size)
{
	struct tree_chunk *chunk;

	if (size < TREE_CHUNK_SIZE)
		size = TREE_CHUNK_SIZE;
	if (size > SIZE_MAX - sizeof(*chunk))
		return NULL;
	chunk = calloc(1, sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	chunk->size = size;
	chunk->next = tree->chunks;
	tree->chunks = chunk;
	return chunk;
}

void *tree_alloc(struct tree *tree, size_t size)
{
	struct tree_chunk *chunk = tree->chunks;
	void *place;

	size = (size + alignof(max_align_t) - 1) / alignof(max_align_t) *
	       alignof(max_align_t);
	if (!chunk || chunk->size - chunk->used < size)
		chunk = chunk_new(tree, size);
	if (!chunk)
		return NULL;
	place = chunk->bytes + chunk->used;
	chunk->used += size;
	return place;
}

char *tree_text(struct tree *tree, const char *text, size_t size)
{
	char *copy = tree_alloc(tree, size + 1);

	if (copy)
		memcpy(copy, text, size);
	return copy;
}

void tree_fini(struct tree *tree)
{
	struct tree_chunk *chunk = tree->chunks, *next;

	for (; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	tree->chunks = NULL;
}
