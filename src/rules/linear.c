/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference: asks each rule in order. Nothing is prepared, so that nothing can go
 * wrong.
 */
#include <errno.h>

#include "rules/backend.h"

struct linear {
	const struct check_rule *rules;
	uint32_t n;
};

static int linear_build(const struct check_rule *rules, uint32_t n,
                        const struct ctlink_memory *memory, const _Atomic bool *stop,
                        void **matcher)
{
	struct linear *l =
		(struct linear *)ctlink_memory_resize(memory, NULL, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->rules = rules;
	l->n = n;
	*matcher = l;
	return 0;
}

static uint32_t linear_classify(const void *matcher, const struct rule_key *key,
                                uint32_t from)
{
	const struct linear *l = (const struct linear *)matcher;
	uint32_t i;

	for (i = from; i < l->n; i++) {
		if (check_rule_holds(&l->rules[i], key))
			return i;
	}
	return RULES_NO_MATCH;
}

static size_t linear_memory(const void *matcher)
{
	return sizeof(struct linear);
}

static void linear_destroy(void *matcher, const struct ctlink_memory *memory)
{
	ctlink_memory_free(memory, matcher);
}

const struct rules_backend rules_backend_linear = {
	.name = "linear",
	.build = linear_build,
	.classify = linear_classify,
	.memory = linear_memory,
	.destroy = linear_destroy,
};
