/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree.h - a configuration file as statements
 *
 *   max 262144;                     key and values
 *   queues 0-3 { hook prerouting; } key, values and a body
 *
 * Everything lives in an arena until the load ends: nothing is freed singly.
 */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

/* ---- arena: memory that is freed as a whole ---------------------------------- */
struct arena_chunk;
struct arena {
	struct arena_chunk *chunks;
};

/** Zeroed, aligned for anything; NULL: no memory. */
void *arena_alloc(struct arena *arena, size_t size);

/** @size bytes at @text and a zero. */
char *arena_text(struct arena *arena, const char *text, size_t size);

void arena_fini(struct arena *arena);

/* ---- tree ---------------------------------------------------------------------- */

/* A file that was read. */
struct config_file {
	const char *path;
	const char *text; /* in the arena */
	size_t size;
};

/* Columns are bytes, from 1; @last is the last one that belongs to it. */
struct location {
	const struct config_file *file;
	int line, first, last;
};

struct word {
	struct word *next;
	const char *text;
	struct location at;
};

struct statement {
	struct statement *next;
	struct word *words; /* the key, then its values; never NULL */
	bool has_body;
	struct statement *body;
};

#endif
