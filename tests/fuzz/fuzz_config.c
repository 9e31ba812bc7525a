/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_config.c - any bytes as ctqd.conf
 *
 * Every file that the input includes is the input again. What was understood must print
 * and read back as the same configuration.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	struct config_reader reader;
	const void *bytes;
	size_t size;
};

static int input_read(const struct config_reader *reader, const char *path, char **bytes,
                      size_t *size)
{
	const struct input *in = (const void *)reader;

	*bytes = malloc(in->size + 1);
	if (!*bytes)
		return -ENOMEM;
	memcpy(*bytes, in->bytes, in->size);
	(*bytes)[in->size] = '\0';
	*size = in->size;
	return 0;
}

static int input_expand(const struct config_reader *reader, const char *pattern,
                        int (*each)(void *arg, const char *path), void *arg)
{
	return each(arg, pattern);
}

static void ignore(void *ctx, const char *text)
{
}

static int load(struct config *cfg, const void *bytes, size_t size)
{
	struct input in = { { input_read, input_expand }, bytes, size };

	return config_load(cfg, "/fuzz", &in.reader, ignore, NULL);
}

static void check_round_trip(const struct config *cfg, struct config *again)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		abort();
	config_print(cfg, f);
	fclose(f);
	if (load(again, text, size) != 0 || memcmp(cfg, again, sizeof(*cfg)) != 0)
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config cfg, again;

	if (load(&cfg, data, size) == 0)
		check_round_trip(&cfg, &again);
	return 0;
}
