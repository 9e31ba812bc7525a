/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slab.h - the memory of flows: slots with a hard limit
 *
 * One reservation of address space for all slots that there may ever be; pages come with
 * first use and go back to the kernel when a chunk of SLAB_CHUNK slots is empty; some of these,
 * SLAB_KEPT_MAX at most, a little later. A slot's number never changes, so it serves as handle,
 * and reading a free slot is harmless.
 *
 * What is looked at densely (deadlines, phases) stands in arrays beside the slots, an element
 * for each. Their pages are shared by the slots of several chunks, a *group*, and go back when
 * the last of these is empty.
 *
 * S1 returned When all slots are free again, and slab_trim() has been called twice since, what
 *             has pages is at most: the chunks that threads have at that time, the arrays' parts
 *             for their groups, and those for the group in which the slots that were never used
 *             begin. Before that, SLAB_KEPT_MAX chunks more.
 *
 * Each allocating thread has a chunk of its own at a time (the caller keeps its number, 0
 * at first), so that threads meet only when chunks run out and where a slot of another
 * thread's chunk is freed. Any thread may free.
 */
#ifndef FLOW_SLAB_H
#define FLOW_SLAB_H

#include <stddef.h>
#include <stdint.h>

#include "flow/flow.h"

/** Slots of a chunk: 512 * 384 bytes are 48 pages. */
#define SLAB_CHUNK 512
/** Chunks of a group: 8 * 512 elements of one byte are a page. */
#define SLAB_GROUP 8

/**
 * Empty chunks that keep their pages for a while: 65,536 slots, 24 MiB. In a flood with one to four
 * workers on two processors, 37,000 to 64,000 slots wait for the end of a grace period.
 */
#define SLAB_KEPT_MAX 128

struct slab;

/**
 * @slots: at least so many can be allocated at once, but for those of empty groups whose pages
 * are just being given back. NULL: no memory.
 */
struct slab *slab_new(uint32_t slots);

/** Arrays that a slab may have. */
#define SLAB_ARRAYS 2

/**
 * An array with one element of @size bytes, a power of two up to 8, for each slot number; the
 * slab's, until it is destroyed. Before any slot is allocated. Elements are zero at first, and
 * may be again when their slot is free. NULL: no memory.
 */
void *slab_array(struct slab *s, size_t size);

/** All slots must be free. */
void slab_destroy(struct slab *s);

/** A free slot, not cleared; NULL: none is left. @chunk: the caller's. */
struct flow *slab_alloc(struct slab *s, uint32_t *chunk);
void slab_free(struct slab *s, struct flow *f);

/** Give the pages of those chunks back that were kept and that nobody has needed since the call
 * before; about once a second. Any thread, one at a time. */
void slab_trim(struct slab *s);

/** The slot with that number, free or not: 1 … slab_slots(). */
struct flow *slab_slot(const struct slab *s, uint32_t index);
uint32_t slab_index(const struct slab *s, const struct flow *f);

/** Numbers of slots are at most this. */
uint32_t slab_slots(const struct slab *s);

/** No slot above this number was ever used. */
uint32_t slab_high_water(const struct slab *s);

/** Slots in use, and bytes of chunks that have pages. */
uint32_t slab_used(const struct slab *s);
size_t slab_bytes(const struct slab *s);

#endif
