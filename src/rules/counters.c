/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See counters.h. */
#include "rules/counters.h"

#include <errno.h>
#include <string.h>

#include "base/base.h"

int counters_init(struct counters *c, uint16_t workers,
                  const struct ctlink_memory *memory)
{
	size_t size = workers * sizeof(struct rules_worker);

	memset(c, 0, sizeof(*c));
	c->workers = (struct rules_worker *)ctlink_memory_resize(memory, NULL, size);
	if (!c->workers)
		return -ENOMEM;
	memset(c->workers, 0, size);
	c->memory = memory;
	pthread_mutex_init(&c->lock, NULL);
	for (; c->n_workers < workers; c->n_workers++) {
		c->workers[c->n_workers].number = c->n_workers;
		if (rules_log_init(&c->workers[c->n_workers].log, memory))
			goto failed;
		if (rules_log_init(&c->workers[c->n_workers].updates, memory)) {
			rules_log_fini(&c->workers[c->n_workers].log, memory);
			goto failed;
		}
	}
	return 0;

failed:
	counters_fini(c);
	return -ENOMEM;
}

void counters_fini(struct counters *c)
{
	uint32_t i;
	uint16_t w;

	for (w = 0; w < c->n_workers; w++) {
		rules_log_fini(&c->workers[w].log, c->memory);
		rules_log_fini(&c->workers[w].updates, c->memory);
		for (i = 0; i < c->chunks; i++)
			ctlink_memory_free(c->memory, c->workers[w].chunks[i]);
	}
	ctlink_memory_free(c->memory, c->workers);
	ctlink_memory_free(c->memory, c->free);
	pthread_mutex_destroy(&c->lock);
}

/* ---- chunks: under the lock ---------------------------------------------------- */

static void counter_clear(struct rules_counter *k)
{
	atomic_store_explicit(&k->hits, 0, memory_order_relaxed);
	atomic_store_explicit(&k->packets, 0, memory_order_relaxed);
	atomic_store_explicit(&k->bytes, 0, memory_order_relaxed);
	atomic_store_explicit(&k->last, 0, memory_order_relaxed);
	atomic_store_explicit(&k->born, COUNTERS_RETIRED, memory_order_relaxed);
}

static struct rules_counter *chunk_new(const struct ctlink_memory *memory)
{
	size_t size = COUNTERS_CHUNK * sizeof(struct rules_counter), i;
	struct rules_counter *chunk;

	chunk = (struct rules_counter *)ctlink_memory_resize(memory, NULL, size);
	for (i = 0; chunk && i < COUNTERS_CHUNK; i++)
		counter_clear(&chunk[i]);
	return chunk;
}

static void chunk_free(struct counters *c, uint32_t chunk)
{
	uint16_t w;

	for (w = 0; w < c->n_workers; w++) {
		ctlink_memory_free(c->memory, c->workers[w].chunks[chunk]);
		c->workers[w].chunks[chunk] = NULL;
	}
}

/* One more chunk for each worker, and room to give all its indexes back. */
static int chunk_add(struct counters *c)
{
	uint32_t chunk = c->chunks, i, *room;
	uint16_t w;

	if (chunk == COUNTERS_CHUNKS)
		return -ENOSPC;
	room = (uint32_t *)ctlink_memory_resize(
		c->memory, c->free, (chunk + 1) * COUNTERS_CHUNK * sizeof(*room));
	if (!room)
		return -ENOMEM;
	c->free = room;
	for (w = 0; w < c->n_workers; w++) {
		c->workers[w].chunks[chunk] = chunk_new(c->memory);
		if (!c->workers[w].chunks[chunk]) {
			chunk_free(c, chunk);
			return -ENOMEM;
		}
	}
	c->chunks++;
	for (i = COUNTERS_CHUNK; i-- > 0;) /* the lowest is taken first */
		c->free[c->n_free++] = chunk * COUNTERS_CHUNK + i;
	return 0;
}

/* ---- indexes ------------------------------------------------------------------- */

int counters_take(struct counters *c, uint32_t *index)
{
	int err = 0;

	pthread_mutex_lock(&c->lock);
	if (c->n_free == 0)
		err = chunk_add(c);
	if (!err)
		*index = c->free[--c->n_free];
	pthread_mutex_unlock(&c->lock);
	return err;
}

void counters_free(struct counters *c, uint32_t index)
{
	uint16_t w;

	for (w = 0; w < c->n_workers; w++)
		counter_clear(counters_at(&c->workers[w], index));
	pthread_mutex_lock(&c->lock);
	c->free[c->n_free++] = index;
	pthread_mutex_unlock(&c->lock);
}

void counters_born_set(struct counters *c, uint32_t index, uint32_t generation)
{
	uint16_t w;

	for (w = 0; w < c->n_workers; w++)
		atomic_store_explicit(&counters_at(&c->workers[w], index)->born,
		                      generation, memory_order_relaxed);
}

uint32_t counters_born(const struct counters *c, uint32_t index)
{
	return atomic_load_explicit(&counters_at(&c->workers[0], index)->born,
	                            memory_order_relaxed);
}

void counters_read(const struct counters *c, uint32_t index, struct counters_sum *sum)
{
	const struct rules_counter *k;
	uint32_t last;
	uint16_t w;

	memset(sum, 0, sizeof(*sum));
	for (w = 0; w < c->n_workers; w++) {
		k = counters_at(&c->workers[w], index);
		sum->hits += atomic_load_explicit(&k->hits, memory_order_relaxed);
		sum->packets += atomic_load_explicit(&k->packets, memory_order_relaxed);
		sum->bytes += atomic_load_explicit(&k->bytes, memory_order_relaxed);
		last = atomic_load_explicit(&k->last, memory_order_relaxed);
		sum->last = last > sum->last ? last : sum->last;
	}
}
