/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_labels.c - names of labels from any bytes
 *
 * What is taken is what is written: each name is found in the text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/labels.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *bytes;
static size_t length;

static int read_bytes(const struct config_reader *reader, const char *path, char **out,
                      size_t *size)
{
	*out = malloc(length + 1);
	if (!*out)
		return -ENOMEM;
	memcpy(*out, bytes, length);
	(*out)[length] = '\0';
	*size = length;
	return 0;
}

static void ignore(void *ctx, const char *text)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct config_reader reader = { .read = read_bytes };
	static struct config_labels labels;
	unsigned int i;

	bytes = data;
	length = size;
	if (config_labels_load(&labels, "fuzz", &reader, ignore, NULL) < 0)
		return 0;
	for (i = 0; i < CONFIG_LABELS; i++)
		if (labels.name[i][0] &&
		    !memmem(data, size, labels.name[i], strlen(labels.name[i])))
			abort();
	return 0;
}
