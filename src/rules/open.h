/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * open.h - how many connections that a rule has let in are open
 *
 * Each limit of a rule's connections has a number, and under it a count. Its rule holds the
 * number, and so does every connection that is counted; it is used again when all of them are
 * gone. So a connection may outlive the rule that let it in, and be taken off a count that nobody
 * asks for any more.
 *
 *     31      30                         0
 *    +-------+----------------------------+
 *    | rule  | connections                |      0: the number is free
 *    +-------+----------------------------+
 *
 * Threads: any; a count is one compare-and-swap, and the lock is for numbers that come and go.
 */
#ifndef RULES_OPEN_H
#define RULES_OPEN_H

#include <stdbool.h>
#include <stdint.h>

#include "ctlink/memory.h"

/** Numbers at once: 512 KiB. */
#define OPENS_MAX 65535

struct opens;

/** NULL: no memory. */
struct opens *opens_new(const struct ctlink_memory *memory);

/** When no rule and no connection is left. NULL is allowed. */
void opens_destroy(struct opens *o, const struct ctlink_memory *memory);

/** A number for a rule, from 1; its count is 0. 0: all are taken. */
uint32_t opens_add(struct opens *o);

/** Its rule is gone. */
void opens_remove(struct opens *o, uint32_t number);

/** Count one more connection, when that makes no more than @most (1 …). */
bool opens_take(struct opens *o, uint32_t number, uint32_t most);

/** Would that be so? */
bool opens_peek(const struct opens *o, uint32_t number, uint32_t most);

/** A connection that was counted is no more. Once for each opens_take() that held. */
void opens_put(struct opens *o, uint32_t number);

/** Connections. */
uint32_t opens_count(const struct opens *o, uint32_t number);

#endif
