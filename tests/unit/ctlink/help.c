/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "help.h"

#include <stdlib.h>
#include <string.h>

/* A new block is full of 0xa5, so that bytes that nobody wrote are seen. */
static void *help_resize(void *context, void *old, size_t size)
{
	struct help_memory *help = context;
	void *block;

	if (size == 0) {
		help->live--;
		free(old);
		return NULL;
	}
	if (help->left == 0)
		return NULL;
	help->left--;
	block = realloc(old, size);
	if (!old && block) {
		help->live++;
		memset(block, 0xa5, size);
	}
	return block;
}

void help_memory_init(struct help_memory *help, size_t fail_at)
{
	help->memory.resize = help_resize;
	help->memory.context = help;
	help->left = fail_at;
	help->live = 0;
}
