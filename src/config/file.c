/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/file.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- from the file system ------------------------------------------------------ */

/* All of @f, at most one byte more than is allowed, so that the caller can tell. */
static int stream_read(FILE *f, char **bytes, size_t *size)
{
	size_t room = LOAD_FILE_SIZE_MAX + 1;
	char *smaller;

	*bytes = malloc(room + 1);
	if (!*bytes)
		return -ENOMEM;
	*size = fread(*bytes, 1, room, f);
	if (ferror(f)) {
		free(*bytes);
		return errno ? -errno : -EIO;
	}
	(*bytes)[*size] = '\0';
	smaller = realloc(*bytes, *size + 1);
	if (smaller)
		*bytes = smaller;
	return 0;
}

static int files_read(const struct config_reader *reader, const char *path, char **bytes,
                      size_t *size)
{
	FILE *f = fopen(path, "re");
	int r;

	if (!f)
		return -errno;
	r = stream_read(f, bytes, size);
	fclose(f);
	return r;
}

static int files_expand(const struct config_reader *reader, const char *pattern,
                        int (*each)(void *arg, const char *path), void *arg)
{
	glob_t found;
	size_t i;
	int r;

	r = glob(pattern, 0, NULL, &found);
	if (r == GLOB_NOSPACE)
		return -ENOMEM;
	if (r == GLOB_ABORTED)
		return -EIO;
	for (i = 0, r = 0; r == 0 && i < found.gl_pathc; i++)
		r = each(arg, found.gl_pathv[i]);
	globfree(&found);
	return r;
}

const struct config_reader config_reader_files = { files_read, files_expand, NULL };

/* ---- for a load -------------------------------------------------------------------- */

/* Bytes that the reader gave, into the tree: every location points there. */
static struct config_file *file_keep(struct load *l, const char *path, const char *bytes,
                                     size_t size)
{
	struct config_file *file = tree_alloc(&l->tree, sizeof(*file));

	if (!file)
		return NULL;
	file->path = tree_text(&l->tree, path, strlen(path));
	file->text = tree_text(&l->tree, bytes, size);
	file->size = size;
	return file->path && file->text ? file : NULL;
}

int file_load(struct load *l, const char *path, struct statement **statements)
{
	struct config_file *file;
	char *bytes;
	size_t size;
	int r;

	if (++l->files > LOAD_FILES_MAX) {
		load_error(l, l->include_at, NULL, "%s: more than %d files", path,
		           LOAD_FILES_MAX);
		return -EINVAL;
	}
	r = l->reader->read(l->reader, path, &bytes, &size);
	if (r == -ENOMEM) {
		load_no_memory(l);
		return r;
	}
	if (r < 0) {
		load_error(l, l->include_at, NULL, "%s: %s", path, strerror(-r));
		return -EINVAL;
	}
	if (size > LOAD_FILE_SIZE_MAX) {
		load_error(l, l->include_at, NULL, "%s: larger than %d bytes", path,
		           LOAD_FILE_SIZE_MAX);
		free(bytes);
		return -EINVAL;
	}
	file = file_keep(l, path, bytes, size);
	free(bytes);
	if (!file) {
		load_no_memory(l);
		return -ENOMEM;
	}
	return load_file_parse(l, file, statements);
}

void file_expand(struct load *l, const struct word *pattern,
                 int (*each)(void *load, const char *path))
{
	const char *path = file_path_resolve(l, pattern->at.file, pattern->text);
	int r;

	if (!path)
		r = -ENOMEM;
	else if (strpbrk(pattern->text, "*?["))
		r = l->reader->expand(l->reader, path, each, l);
	else
		r = each(l, path);
	if (r == -ENOMEM)
		load_no_memory(l);
	else if (r < 0)
		load_error(l, &pattern->at, NULL, "%s: %s", path, strerror(-r));
}

const char *file_path_resolve(struct load *l, const struct config_file *file,
                              const char *path)
{
	const char *slash = strrchr(file->path, '/');
	size_t folder = slash ? (size_t)(slash - file->path) + 1 : 0,
	       length = strlen(path);
	char *joined;

	if (path[0] == '/' || folder == 0)
		return path;
	joined = tree_alloc(&l->tree, folder + length + 1);
	if (!joined)
		return NULL;
	memcpy(joined, file->path, folder);
	memcpy(joined + folder, path, length);
	return joined;
}
