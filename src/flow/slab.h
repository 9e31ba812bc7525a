/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slab.h - the memory of flows: slots with a hard limit
 *
 * One reservation of address space for all slots that there may ever be; pages come with
 * first use and go back to the kernel when a chunk of SLAB_CHUNK slots is empty. A slot's
 * number never changes, so it serves as handle, and reading a free slot is harmless.
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

struct slab;

/** @slots: at least so many can be allocated at once. NULL: no memory. */
struct slab *slab_new(uint32_t slots);

/** All slots must be free. */
void slab_destroy(struct slab *s);

/** A free slot, not cleared; NULL: none is left. @chunk: the caller's. */
struct flow *slab_alloc(struct slab *s, uint32_t *chunk);
void slab_free(struct slab *s, struct flow *f);

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
