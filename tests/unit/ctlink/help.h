/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * help.h - what the tests of this folder share
 */
#ifndef TEST_CTLINK_HELP_H
#define TEST_CTLINK_HELP_H

#include <stddef.h>
#include <stdint.h>

#include "ctlink/memory.h"

/** Room for a message of another library's making, aligned as headers need it. */
union help_buffer {
	char bytes[8192];
	uint64_t align;
};

/** Memory of which allocation number @fail_at (from 0) and all after it fail. */
struct help_memory {
	struct ctlink_memory memory;
	size_t left; /* allocations that still succeed */
	size_t live; /* blocks that are not freed */
};

void help_memory_init(struct help_memory *help, size_t fail_at);

#endif
