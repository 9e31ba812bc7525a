/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sort.h - the N largest flows of a list, or all of them in order
 *
 * The only place that holds flows: with a limit that many messages, without one all. Kept is
 * the flow's message, which is far smaller than the object made of it.
 */
#ifndef CTCTL_SORT_H
#define CTCTL_SORT_H

#include "base/base.h"
#include "ctctl/view.h"

enum sort_key { SORT_BYTES, SORT_PACKETS, SORT_AGE, SORT_IDLE, SORT_TIMEOUT };

struct sort_entry {
	uint64_t key;
	void *message; /* owned */
	size_t size;
};

struct sort {
	enum sort_key key;
	size_t limit;               /* 0: none */
	struct sort_entry *entries; /* a heap, its smallest first */
	size_t length, capacity;
};

/** "bytes" to its key. Returns 0 or -EINVAL. */
int sort_key_parse(const char *word, enum sort_key *key);

void sort_init(struct sort *sort, enum sort_key key, size_t limit);
void sort_fini(struct sort *sort);

/** Take @flow in, if it is among the largest so far. 0 or -ENOMEM. */
int sort_add(struct sort *sort, const struct ctq_flow *flow) BASE_MUST_CHECK;

/** Hand all to @cb, the largest first. Returns 0, what @cb returned, or -ENOMEM. */
int sort_each(struct sort *sort, ctq_flow_cb *cb, void *data) BASE_MUST_CHECK;

#endif
