/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file.h - the files of a configuration: reading, including, relative paths */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include "config/load.h"

/** Read and parse @path. 0, or -EINVAL with errors reported, or -ENOMEM. */
int file_load(struct load *l, const char *path, struct statement **statements);

/**
 * Call @each with every file that @pattern names. A pattern with * ? or [ may match
 * nothing; a plain name must exist, which shows when @each reads it.
 */
void file_expand(struct load *l, const struct word *pattern,
                 int (*each)(void *load, const char *path));

/** @path as it is, or behind the folder of @file when it is relative. NULL: no memory. */
const char *file_path_resolve(struct load *l, const struct config_file *file,
                              const char *path);

#endif
