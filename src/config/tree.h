/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree.h - a configuration file as statements
 *
 *   max 262144;                     key and values
 *   queues 0-3 { hook prerouting; } key, values and a body
 *
 * Everything of a load lives in a struct tree until it ends: nothing is freed singly.
 */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

/* ---- memory that is freed as a whole ------------------------------------------ */
struct tree_chunk;
struct tree {
	struct tree_chunk *chunks;
};

/** Zeroed, aligned for anything; NULL: no memory. */
void *tree_alloc(struct tree *tree, size_t size);

/** @size bytes at @text and a zero. */
char *tree_text(struct tree *tree, const char *text, size_t size);

void tree_fini(struct tree *tree);

/* ---- statements ----------------------------------------------------------------- */

/* A file that was read. */
struct config_file {
	const char *path;
	const char *text; /* in the tree */
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
