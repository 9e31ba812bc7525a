/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * key.h - every key of ctqd.conf: its form, its range, and where its value goes
 *
 * The tables feed reading, printing, the comparison at a reload, and the lists in error
 * messages. A key takes one value. Not in the tables, because their keys come from the
 * tracker: `timeouts` and `tracking` (setting.h).
 */
#ifndef CONFIG_KEY_H
#define CONFIG_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

struct key;

/* A form of values. */
struct key_form {
	const char *wanted; /* "… is not <wanted>" */
	/** Text into a field. 0, -EINVAL: not of the form, -ERANGE: outside the key's
	 * range. The field is unchanged after an error. */
	int (*parse)(const struct key *key, const char *text, void *field);
	/** What parse reads back; "": not set, and cannot be said. */
	void (*format)(const struct key *key, const void *field,
	               char text[CONFIG_PATH_MAX]);
	bool counts; /* the field is a uint32_t in the key's range */
	bool path;   /* relative ones begin at the folder of the file that says them */
};

struct key {
	const char *name;
	const struct key_form *form;
	size_t offset;            /* into the table's structure */
	uint32_t min, max;        /* of numbers; of texts: bytes with the final zero */
	const char *const *words; /* of a choice, by value; NULL in gaps; ends with max */
	bool running;             /* a reload can change it */
};

struct key_table {
	const char *section; /* NULL: top level */
	const struct key *keys;
	size_t length;
};

extern const struct key_table keys_top, keys_daemon, keys_table, keys_mark, keys_helpers,
	keys_ask, keys_modules;

/* What a section `queues N[-M]` says: @first is the first queue and a
 * model for the rest. */
struct key_queues {
	struct config_queue first;
	uint32_t length;
	uint32_t cpus_length;
	int32_t cpus[CONFIG_WORKERS_MAX];
};

/** Of struct key_queues. */
extern const struct key_table keys_queues;

/** A section's queue before anything is said of it; it has no hook: KEY_HOOK_UNSET. */
void key_queues_init(struct key_queues *s);
#define KEY_HOOK_UNSET UINT32_MAX

/** The key of that name, or NULL. */
const struct key *key_find(const struct key_table *table, const char *name);

/** Text of a key's value; @base: the table's structure. */
void key_format(const struct key *key, const void *base, char text[CONFIG_PATH_MAX]);

#endif
