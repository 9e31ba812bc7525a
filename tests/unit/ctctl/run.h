/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run.h - run the tool within the test, and look at what it wrote
 */
#ifndef TESTS_UNIT_CTCTL_RUN_H
#define TESTS_UNIT_CTCTL_RUN_H

#include "fake.h"

struct run {
	int code;
	char *out, *err; /* owned */
};

/**
 * "list src 10.0.0.1", words separated by single spaces. With @fake the tool connects to it by
 * --socket before the words, which stand in its messages.
 */
struct run run_tool(const struct fake *fake, const char *line);

/** As run_tool(), with @input as standard input. */
struct run run_tool_input(const struct fake *fake, const char *line, const char *input);

/** As run_tool(), with a terminal for standard output (UTF-8); err is not captured. */
struct run run_tool_terminal(const struct fake *fake, const char *line);

void run_end(struct run *run);

/** Run and compare all of it; NULL: does not matter. */
void run_expect(const struct fake *fake, const char *line, int code, const char *out,
                const char *err);

#endif
