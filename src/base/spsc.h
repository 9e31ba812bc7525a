/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spsc.h - records from one thread to another, in one ring of bytes
 *
 * One thread writes, one reads, neither waits: a writer that finds no room goes without. A
 * record is contiguous; it is written in place, and seen when it is committed:
 *
 *	writer: p = spsc_begin(&s, size); fill p; spsc_commit(&s);
 *	reader: p = spsc_peek(&s, &size); use p; spsc_drop(&s);
 *
 * The memory is mapped, so that a ring which is never written to has no pages.
 *
 *	 head (reader)             tail (writer)
 *	   │ size record │ size record │ free …          │ WRAP │
 *
 * Both positions count on without bound; their difference is the fill.
 */
#ifndef BASE_SPSC_H
#define BASE_SPSC_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/base.h"

struct spsc {
	uint8_t *data;                                      /* size bytes */
	uint32_t size;                                      /* a power of two */
	_Atomic uint32_t head BASE_ALIGNED(BASE_CACHELINE); /* the reader's */
	_Atomic uint32_t tail BASE_ALIGNED(BASE_CACHELINE); /* the writer's */
	uint32_t begun; /* the writer's: where the tail will be */
};

/** @size: bytes, a power of two from 4096 on. 0 or -ENOMEM. */
int spsc_init(struct spsc *s, uint32_t size) BASE_MUST_CHECK;

/** @s all bytes zero is allowed. */
void spsc_fini(struct spsc *s);

/** Room for a record of @size bytes (at most a quarter of the ring), aligned to 8; NULL: there
 * is none. A record that was begun and not committed is forgotten. */
void *spsc_begin(struct spsc *s, uint32_t size);
void spsc_commit(struct spsc *s);

/** The oldest record, NULL: there is none. Valid until spsc_drop(). */
const void *spsc_peek(struct spsc *s, uint32_t *size);
void spsc_drop(struct spsc *s);

#endif
