/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See log.h. The producer fills a slot, then moves the tail (release); the consumer reads
 * the tail (acquire), copies, then moves the head (release).
 */
#include "rules/log.h"

#include <errno.h>
#include <string.h>

int rules_log_init(struct rules_log *log, const struct ctlink_memory *memory)
{
	memset(log, 0, sizeof(*log));
	log->slots = (struct rules_log_entry *)ctlink_memory_resize(
		memory, NULL, RULES_LOG_SLOTS * sizeof(*log->slots));
	return log->slots ? 0 : -ENOMEM;
}

void rules_log_fini(struct rules_log *log, const struct ctlink_memory *memory)
{
	ctlink_memory_free(memory, log->slots);
	log->slots = NULL;
}

struct rules_log_entry *rules_log_slot(struct rules_log *log)
{
	uint32_t tail = atomic_load_explicit(&log->tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(&log->head, memory_order_acquire);

	if (tail - head < RULES_LOG_SLOTS)
		return &log->slots[tail % RULES_LOG_SLOTS];
	atomic_store_explicit(&log->lost,
	                      atomic_load_explicit(&log->lost, memory_order_relaxed) + 1,
	                      memory_order_relaxed);
	return NULL;
}

void rules_log_push(struct rules_log *log)
{
	atomic_store_explicit(&log->tail,
	                      atomic_load_explicit(&log->tail, memory_order_relaxed) + 1,
	                      memory_order_release);
}

bool rules_log_pop(struct rules_log *log, struct rules_log_entry *out)
{
	uint32_t head = atomic_load_explicit(&log->head, memory_order_relaxed);

	if (head == atomic_load_explicit(&log->tail, memory_order_acquire))
		return false;
	*out = log->slots[head % RULES_LOG_SLOTS];
	atomic_store_explicit(&log->head, head + 1, memory_order_release);
	return true;
}
