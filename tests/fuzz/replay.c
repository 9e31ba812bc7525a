/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay.c - a main() for fuzz targets where libFuzzer is not: feeds the seeds
 *
 * The program's name says which: fuzz-packet reads the files of
 * $top_srcdir/tests/fuzz/seeds/packet. One TAP line for each; a crash leaves
 * the plan unfulfilled, and the line before it names the seed. Arguments are ignored.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEED_MAX (1 << 20) /* bytes; libFuzzer's own default is 4096 */

static int is_seed(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The bytes of @path in memory of exactly their size, so that ASan sees every step beyond. */
static uint8_t *seed_read(const char *path, size_t *size)
{
	static uint8_t bytes[SEED_MAX];
	FILE *in = fopen(path, "rb");
	uint8_t *copy;

	if (!in)
		return NULL;
	*size = fread(bytes, 1, sizeof(bytes), in);
	fclose(in);
	copy = malloc(*size ? *size : 1);
	if (copy)
		memcpy(copy, bytes, *size);
	return copy;
}

static void seed_replay(const char *directory, const char *name, int number)
{
	char path[8192];
	uint8_t *bytes;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	printf("# %s\n", name);
	fflush(stdout);
	bytes = seed_read(path, &size);
	if (bytes)
		LLVMFuzzerTestOneInput(bytes, size);
	printf("%s %d - %s\n", bytes ? "ok" : "not ok", number, name);
	free(bytes);
}

int main(int argc, char **argv)
{
	const char *top = getenv("top_srcdir"), *dash = strrchr(argv[0], '-');
	struct dirent **seeds;
	char directory[4000];
	int i, n;

	snprintf(directory, sizeof(directory), "%s/tests/fuzz/seeds/%s", top ? top : ".",
	         dash ? dash + 1 : "");
	n = scandir(directory, &seeds, is_seed, alphasort);
	if (n <= 0) {
		printf("Bail out! no seeds in %s: %s\n", directory,
		       n ? strerror(errno) : "empty");
		return 99;
	}
	printf("1..%d\n", n);
	for (i = 0; i < n; i++) {
		seed_replay(directory, seeds[i]->d_name, i + 1);
		free(seeds[i]);
	}
	free(seeds);
	return 0;
}
