/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parse_priv.h - what scanner and parser share about one file */
#ifndef CONFIG_PARSE_PRIV_H
#define CONFIG_PARSE_PRIV_H

#include <stdalign.h>
#include <stddef.h>

#include "config/load.h"

/* flex allocates its own state (248 bytes), one buffer (64) and a stack of one (8). It
 * ends the process when it gets none: so it gets these, which cannot run out. */
#define PARSE_SCANNER_SIZE 1024

struct parse {
	struct load *load;
	const struct config_file *file;
	struct location end; /* of the last word: a missing ';' is missed behind it */
	int line, column;    /* of the next byte */
	int depth;
	struct statement *result;
	size_t scanner_used;
	alignas(max_align_t) unsigned char scanner[PARSE_SCANNER_SIZE];
};

#endif
