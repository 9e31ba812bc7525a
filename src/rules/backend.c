/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of backends; see backend.h. */
#include "rules/backend.h"

#include <string.h>

static const struct rules_backend *const backends[] = {
#define RULES_BACKEND(name) &rules_backend_##name,
#include "rules/backends.def"
#undef RULES_BACKEND
	NULL,
};

static const char *const names[] = {
#define RULES_BACKEND(name) #name,
#include "rules/backends.def"
#undef RULES_BACKEND
	NULL,
};

const struct rules_backend *const *rules_backend_list(void)
{
	return backends;
}

const char *const *rules_backend_names(void)
{
	return names;
}

const struct rules_backend *rules_backend_peek(const char *name)
{
	size_t i;

	for (i = 0; backends[i]; i++) {
		if (strcmp(backends[i]->name, name) == 0)
			return backends[i];
	}
	return NULL;
}
