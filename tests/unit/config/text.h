/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.h - configurations from and to strings, for tests */
#ifndef TEST_CONFIG_TEXT_H
#define TEST_CONFIG_TEXT_H

#include "config/config.h"

/* What was reported, one newline behind each error. */
struct text_sink {
	char bytes[32768];
	size_t used;
};
void text_report(void *sink, const char *text);

/** A whole file as a string; fails the test when it cannot be read. */
char *text_read(const char *path);

/** config_load() of @text, called "test"; it can include nothing. */
int text_load(struct config *cfg, const char *text, struct text_sink *errors);

/** config_print() into a string. */
char *text_print(const struct config *cfg);

#endif
