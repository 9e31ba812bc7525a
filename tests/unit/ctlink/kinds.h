/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kinds.h - every kind of message: an example with everything in it, and a way to read
 * one and write it again
 *
 * The tests break the examples in all ways; the fuzzer begins with them. A new message
 * gets a row here and is then covered by both.
 */
#ifndef TEST_CTLINK_KINDS_H
#define TEST_CTLINK_KINDS_H

#include "ctlink/error.h"
#include "ctlink/memory.h"
#include "ctlink/message.h"

struct kind {
	const char *name;
	uint16_t type, flags;

	/** Put the example into @m, with this header. Returns 0
	 * or the build's failure. */
	int (*example)(struct ctlink_message *m, const struct ctlink_header *header);

	/**
	 * Parse @nlh; on success put what was read into @m. Returns the parse's result,
	 * or the build's.
	 */
	int (*again)(const struct nlmsghdr *nlh, const struct ctlink_header *header,
	             struct ctlink_message *m, const struct ctlink_memory *memory,
	             struct ctlink_error *error);
};

extern const struct kind kinds[];
extern const size_t n_kinds;

/** The kind of this nlmsg_type and nlmsg_flags, or NULL. */
const struct kind *kind_find(uint16_t type, uint16_t flags);

/** The example of @kind in @m, which is initialised here. */
int kind_example(const struct kind *kind, struct ctlink_message *m,
                 const struct ctlink_memory *memory);

/** Read @nlh as @kind and write it again into @m, which is initialised here. */
int kind_again(const struct kind *kind, const struct nlmsghdr *nlh,
               struct ctlink_message *m, const struct ctlink_memory *memory,
               struct ctlink_error *error);

#endif
