/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.h - why a queue could not be had: one line, cause and remedy
 *
 * Each writes to a buffer of QUEUE_TEXT_MAX bytes, without the daemon's name and without
 * an end of line: "queue 5: cannot bind: operation not permitted: ...". Errors are
 * negative errno values.
 */
#ifndef QUEUE_EXPLAIN_H
#define QUEUE_EXPLAIN_H

#include <stdint.h>

#include "queue/kernel_stats.h"

/** socket(2) or bind(2) failed: this kernel has no netfilter netlink, or worse. */
void explain_socket(char *text, int err);

/**
 * The kernel refused to bind @queue. @row: the queue's row in the kernel's list, NULL if
 * it is not there (then nobody has it) or cannot be read.
 */
void explain_bind(char *text, uint16_t queue, int err,
                  const struct queue_kernel_row *row);

/** It refused something else, such as "set its length". */
void explain_refusal(char *text, uint16_t queue, const char *what, int err);

/** A socket that was handed over does not have @queue. @row as above. */
void explain_adoption(char *text, uint16_t queue, const struct queue_kernel_row *row);

/** The receive buffer has @actual bytes instead of
 * @wanted; net.core.rmem_max is @limit. */
void explain_buffer(char *text, uint16_t queue, uint32_t actual, uint32_t wanted,
                    uint32_t limit);

#endif
