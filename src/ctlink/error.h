/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * error.h - what is wrong with a message, for whoever wrote it
 *
 * Each parser fills one on failure: which attribute, what is wrong with it, what is
 * allowed. It goes over the wire as netlink's extended ack (message.h) and is read by
 * a person. A plain value; a parser whose caller does not care takes NULL.
 */
#ifndef CTLINK_ERROR_H
#define CTLINK_ERROR_H

#include <stdint.h>

#include "base/base.h"

/** Bytes of a text or a hint, with the final zero; longer ones are cut. */
#define CTLINK_ERROR_TEXT_MAX 256

struct ctlink_error {
	int code;        /* negative errno; 0: no error */
	uint32_t offset; /* bytes from the start of the request's nlmsghdr to the
	                  * offending attribute; 0: the message as a whole */
	char text[CTLINK_ERROR_TEXT_MAX]; /* what is wrong; "" when there is nothing to
	                                     add */
	char hint[CTLINK_ERROR_TEXT_MAX]; /* what is allowed, or what to do; may be "" */
};

/** Forget what @error said; NULL is allowed. */
void ctlink_error_clear(struct ctlink_error *error);

/**
 * Say what is wrong; forgets an earlier hint. @error may be NULL.
 * Returns @code, so that a parser can "return ctlink_error_set(...)".
 */
int ctlink_error_set(struct ctlink_error *error, int code, uint32_t offset,
                     const char *fmt, ...) BASE_PRINTF(4, 5);

/** Add what is allowed, after ctlink_error_set(). @error may be NULL. */
void ctlink_error_hint(struct ctlink_error *error, const char *fmt, ...)
	BASE_PRINTF(2, 3);

#endif
