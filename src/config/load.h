/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load.h - one run of config_load(), as the files of this folder share it
 *
 * Errors go through load_error() and its siblings, which count them; the load goes on,
 * so that all are heard, and fails at its end. Only memory shortage and a file with wrong
 * syntax cut something off.
 */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include <stdarg.h>

#include "base/base.h"
#include "config/config.h"
#include "config/tree.h"

#define LOAD_ERRORS_MAX    20      /* further ones are counted, not shown */
#define LOAD_INCLUDES_MAX  8       /* files within files */
#define LOAD_FILES_MAX     256     /* in all: each may name many */
#define LOAD_FILE_SIZE_MAX 1048576 /* bytes; a configuration of 256 queues has 20 KiB */
#define LOAD_DEPTH_MAX     8       /* sections within sections; two have a meaning */

struct seen;

struct load {
	struct config *cfg;
	const struct config_reader *reader;
	config_report *report;
	void *ctx;
	struct tree tree;
	struct seen *seen;         /* which keys were set, and where */
	struct location *queue_at; /* of each of cfg->queues */
	const struct location
		*include_at; /* that names the file being read; NULL: the first */
	unsigned int errors, files, includes;
	bool no_memory;
};

/* ---- report.c ------------------------------------------------------------------- */

/* What stands below the marked line. All may be NULL. */
struct load_hint {
	const char *typed; /* looked for among @words: "did you mean" */
	const char *kind;  /* "keys", "values": @words are shown as a list */
	const char *const *words;
	size_t words_length;
	const char *advice; /* beside the mark, when nothing is near @typed */
};

/** @at NULL: the load as a whole; @hint may be NULL. */
void load_error(struct load *l, const struct location *at, const struct load_hint *hint,
                const char *fmt, ...) BASE_PRINTF(4, 5);

/** Memory is short: the load ends soon with -ENOMEM. */
void load_no_memory(struct load *l);

/** The last report, when errors were not shown. */
void load_errors_end(struct load *l);

/* ---- parse.y, by way of file.c ------------------------------------------------- */

/** 0; -EINVAL: reported; -ENOMEM. */
int load_file_parse(struct load *l, const struct config_file *file,
                    struct statement **result);

/* ---- load.c -------------------------------------------------------------------- */

/** Set by this load already? If not, it is from now on; if so, an error is reported. @id:
 * any address that stands for the key; @scope: a section that may be repeated, or NULL.
 */
bool load_seen(struct load *l, const void *id, const void *scope, const struct word *key);

/** Where @id was set, or NULL. */
const struct location *load_seen_at(const struct load *l, const void *id);

/* ---- check.c ------------------------------------------------------------------- */

/** What must hold between keys. Reports. */
void load_check(struct load *l);

#endif
