/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * help.h - what the tests of this folder share
 */
#ifndef TEST_CTLINK_HELP_H
#define TEST_CTLINK_HELP_H

#include <stdint.h>

/** Room for a message of another library's making, aligned as headers need it. */
union help_buffer {
	char bytes[8192];
	uint64_t align;
};

#endif
