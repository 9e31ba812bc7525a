/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_report(void *ctx, const char *text)
{
	struct text_sink *sink = ctx;
	int n = snprintf(sink->bytes + sink->used, sizeof(sink->bytes) - sink->used,
	                 "%s\n", text);

	sink->used += (size_t)n;
	cr_assert(sink->used < sizeof(sink->bytes));
}

char *text_read(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 65536);

	cr_assert(f != NULL, "%s: %s", path, strerror(errno));
	cr_assert(fread(text, 1, 65535, f) < 65535);
	fclose(f);
	return text;
}

struct text_reader {
	struct config_reader reader;
	const char *text;
};

static int string_read(const struct config_reader *reader, const char *path, char **bytes,
                       size_t *size)
{
	const struct text_reader *t = (const void *)reader;

	*bytes = strdup(t->text);
	*size = strlen(t->text);
	return *bytes ? 0 : -ENOMEM;
}

static int string_expand(const struct config_reader *reader, const char *pattern,
                         int (*each)(void *arg, const char *path), void *arg)
{
	return -ENOSYS;
}

int text_load(struct config *cfg, const char *text, struct text_sink *errors)
{
	struct text_reader t = { { string_read, string_expand }, text };

	return config_load(cfg, "test", &t.reader, text_report, errors);
}

char *text_print(const struct config *cfg)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	config_print(cfg, f);
	fclose(f);
	return text;
}
