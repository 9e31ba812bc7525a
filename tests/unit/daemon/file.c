/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char *file_make(const char *text)
{
	const char *folder = getenv("TMPDIR");
	char *path;
	int fd;

	cr_assert(asprintf(&path, "%s/ctqd-test.XXXXXX", folder ? folder : "/tmp") > 0);
	fd = mkstemp(path);
	cr_assert(fd >= 0);
	close(fd);
	file_write(path, text);
	return path;
}

void file_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert(f != NULL);
	cr_assert(fputs(text, f) >= 0);
	cr_assert(fclose(f) == 0);
}

void file_remove(char *path)
{
	unlink(path);
	free(path);
}
