/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader: texts, files, and files within files.
 *
 * A text is kept until the reader is destroyed: tokens are slices of it, and messages
 * show its lines.
 */
#include "lang/lang_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct lang *lang_new(const struct ctlink_memory *memory)
{
	struct lang *l = (struct lang *)ctlink_memory_resize(memory, NULL, sizeof(*l));

	if (!l)
		return NULL;
	memset(l, 0, sizeof(*l));
	l->memory = memory;
	l->chain = LANG_NO_CHAIN;
	l->set_open = LANG_NO_SET;
	ctlink_ruleset_init(&l->set, memory);
	return l;
}

void lang_destroy(struct lang *l)
{
	const struct ctlink_memory *memory;
	struct lang_variable *v;
	uint32_t i;

	if (!l)
		return;
	memory = l->memory;
	for (i = 0; i < l->sources.length; i++) {
		ctlink_memory_free(memory, lang_source_of(l, i)->name);
		ctlink_memory_free(memory, lang_source_of(l, i)->text);
	}
	for (i = 0; i < l->variables.length; i++) {
		v = (struct lang_variable *)ctlink_list_item(&l->variables, sizeof(*v),
		                                             i);
		ctlink_list_fini(&v->values, memory);
	}
	ctlink_list_fini(&l->sources, memory);
	ctlink_list_fini(&l->variables, memory);
	ctlink_list_fini(&l->operand.values, memory);
	ctlink_list_fini(&l->errors, memory);
	ctlink_list_fini(&l->set_places, memory);
	ctlink_list_fini(&l->element_places, memory);
	ctlink_list_fini(&l->chain_places, memory);
	ctlink_list_fini(&l->rule_places, memory);
	ctlink_rule_fini(&l->draft.rule, memory);
	ctlink_ruleset_fini(&l->set);
	ctlink_memory_free(memory, l);
}

struct ctlink_ruleset *lang_ruleset(struct lang *l)
{
	return &l->set;
}

void lang_no_memory(struct lang *l)
{
	l->no_memory = true;
}

/* ---- texts --------------------------------------------------------------------- */

/* A source with room for @size bytes; its number in *@i. */
static int source_new(struct lang *l, const char *name, size_t size, uint32_t *i)
{
	struct lang_source *s;

	s = (struct lang_source *)ctlink_list_append(&l->sources, sizeof(*s),
	                                             LANG_FILES_MAX, l->memory);
	if (!s)
		return -errno;
	*i = l->sources.length - 1;
	if (ctlink_string_set(&s->name, name, strlen(name), l->memory) < 0)
		return -ENOMEM;
	s->text = (char *)ctlink_memory_resize(l->memory, NULL, size + 2);
	if (!s->text)
		return -ENOMEM;
	memset(s->text, 0, size + 2);
	s->size = size;
	return 0;
}

int lang_read_text(struct lang *l, const char *name, const char *text, size_t size)
{
	struct lang_place whole = { 0 };
	uint32_t i;
	int err;

	err = source_new(l, name, size <= LANG_FILE_MAX ? size : 0, &i);
	if (err)
		return err;
	whole.source = i;
	if (size > LANG_FILE_MAX) {
		lang_error_add(l, &whole, "longer than %u bytes", LANG_FILE_MAX);
		return -EINVAL;
	}
	if (size)
		memcpy(lang_source_of(l, i)->text, text, size);
	return lang_parse_source(l, i);
}

/* ---- files --------------------------------------------------------------------- */

/* Read all @size bytes; a file that has become shorter meanwhile is an error. */
static int read_whole(int fd, char *text, size_t size)
{
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = read(fd, text + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		done += (size_t)n;
	}
	return 0;
}

static int open_file(const char *path, int *fd, struct stat *st)
{
	/* not blocking: the path may name a FIFO */
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0)
		return -errno;
	if (fstat(*fd, st) < 0)
		return -errno;
	if (S_ISDIR(st->st_mode))
		return -EISDIR;
	if (!S_ISREG(st->st_mode))
		return -EINVAL;
	if (st->st_size > LANG_FILE_MAX)
		return -EFBIG;
	return 0;
}

static const char *open_reason(int err)
{
	switch (err) {
	case -EFBIG: return "the file is too large";
	case -EINVAL: return "not a regular file";
	default: return strerror(-err);
	}
}

/*
 * Make a source of a file. @at: where the include stands, or NULL.
 * Returns 0; -EINVAL when the file cannot be read, which is told; -ENOMEM.
 */
static int source_from_file(struct lang *l, const char *path, const struct lang_place *at,
                            uint32_t *i)
{
	struct lang_place whole = { 0 };
	struct stat st = { .st_size = 0 };
	int fd = -1, err, oom;

	err = open_file(path, &fd, &st);
	oom = source_new(l, path, err ? 0 : (size_t)st.st_size, i);
	if (!oom && !err)
		err = read_whole(fd, lang_source_of(l, *i)->text, (size_t)st.st_size);
	if (fd >= 0)
		close(fd);
	if (oom == -E2BIG) {
		lang_error_add(l, at ? at : &whole, "more than %d files", LANG_FILES_MAX);
		return -EINVAL;
	}
	if (oom)
		return oom;
	lang_source_of(l, *i)->from_file = true;
	lang_source_of(l, *i)->dev = st.st_dev;
	lang_source_of(l, *i)->inode = st.st_ino;
	if (!err)
		return 0;
	whole.source = *i;
	if (at)
		lang_error_add(l, at, "cannot read '%s': %s", path, open_reason(err));
	else
		lang_error_add(l, &whole, "cannot be read: %s", open_reason(err));
	return -EINVAL;
}

int lang_read_file(struct lang *l, const char *path)
{
	uint32_t i;
	int err;

	err = source_from_file(l, path, NULL, &i);
	if (err)
		return err;
	return lang_parse_source(l, i);
}

/* ---- include ------------------------------------------------------------------- */

/* A relative pattern begins in the folder of the file that it stands in. */
static bool pattern_resolve(const struct lang *l, uint32_t source,
                            const struct lang_token *pattern, char out[PATH_MAX])
{
	const char *file = lang_source_of(l, source)->name, *slash = strrchr(file, '/');
	int folder = 0, n;

	if (slash && pattern->length && pattern->text[0] != '/')
		folder = (int)(slash - file) + 1;
	n = snprintf(out, PATH_MAX, "%.*s%.*s", folder, file, (int)pattern->length,
	             pattern->text);
	return n < PATH_MAX && memchr(pattern->text, '\0', pattern->length) == NULL;
}

static bool has_wildcard(const struct lang_token *pattern)
{
	uint32_t i;

	for (i = 0; i < pattern->length; i++) {
		if (strchr("*?[", pattern->text[i]))
			return true;
	}
	return false;
}

/* Is source @i a file that is being read already, further out? */
static bool is_within_itself(const struct lang *l, uint32_t i)
{
	const struct lang_source *s = lang_source_of(l, i), *outer = s;

	while (outer->depth) {
		outer = lang_source_of(l, outer->parent);
		if (outer->from_file && outer->dev == s->dev && outer->inode == s->inode)
			return true;
	}
	return false;
}

static void include_file(struct lang *l, uint32_t source, const char *path,
                         const struct lang_place *at)
{
	uint32_t i, depth = lang_source_of(l, source)->depth + 1;
	int err;

	err = source_from_file(l, path, at, &i);
	if (!err) {
		lang_source_of(l, i)->depth = depth;
		lang_source_of(l, i)->parent = source;
		if (is_within_itself(l, i))
			lang_error_add(l, at, "'%s' is read here within itself", path);
		else
			err = lang_parse_source(l, i);
	}
	if (err == -ENOMEM)
		lang_no_memory(l);
}

void lang_include(struct lang *l, uint32_t source, const struct lang_token *pattern)
{
	char path[PATH_MAX];
	glob_t found;
	size_t i;
	int err;

	if (!lang_source_of(l, source)->from_file) {
		lang_error_add(l, &pattern->place, "only files can include others");
		return;
	}
	if (lang_source_of(l, source)->depth + 1 >= LANG_INCLUDE_DEPTH) {
		lang_error_add(l, &pattern->place,
		               "files within files: more than %d deep",
		               LANG_INCLUDE_DEPTH);
		return;
	}
	if (!pattern_resolve(l, source, pattern, path)) {
		lang_error_add(l, &pattern->place, "not a path");
		return;
	}
	if (!has_wildcard(pattern)) {
		include_file(l, source, path, &pattern->place);
		return;
	}
	err = glob(path, 0, NULL, &found);
	if (err == GLOB_NOSPACE)
		lang_no_memory(l);
	else if (err && err != GLOB_NOMATCH)
		lang_error_add(l, &pattern->place, "cannot read the folder of '%s'",
		               path);
	for (i = 0; !err && i < found.gl_pathc && !lang_is_over(l); i++)
		include_file(l, source, found.gl_pathv[i], &pattern->place);
	globfree(&found);
}
