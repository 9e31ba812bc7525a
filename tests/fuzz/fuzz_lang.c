/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_lang.c - any bytes as a rule set
 *
 * What was understood must print, and what is printed must read back and print as itself.
 * What was not must have a message that can be printed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/lang.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *printed(struct lang *l)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (lang_error_count(l))
		lang_errors_print(l, f);
	else
		lang_ruleset_print(lang_ruleset(l), f);
	fclose(f);
	return text;
}

static struct lang *read_again(const char *text)
{
	struct lang *l = lang_new(NULL);

	if (lang_read_text(l, "printed", text, strlen(text)) < 0) {
		fputs(text, stderr);
		lang_errors_print(l, stderr);
		abort();
	}
	return l;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lang *l = lang_new(NULL), *again;
	char *text, *other;
	int err;

	err = lang_read_text(l, "input", (const char *)data, size);
	if ((err < 0) != (lang_error_count(l) > 0))
		abort();
	text = printed(l);
	if (err == 0) {
		again = read_again(text);
		other = printed(again);
		if (strcmp(text, other) != 0)
			abort();
		free(other);
		lang_destroy(again);
	}
	free(text);
	lang_destroy(l);
	return 0;
}
