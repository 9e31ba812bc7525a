/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/spsc.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#define HEADER 8u         /* bytes before each record: its size, and alignment */
#define WRAP   UINT32_MAX /* as a size: the next record is at the ring's begin */

static uint32_t rounded(uint32_t size)
{
	return (HEADER + size + 7u) & ~7u;
}

static uint32_t *size_at(const struct spsc *s, uint32_t position)
{
	return (uint32_t *)(void *)(s->data + (position & (s->size - 1)));
}

int spsc_init(struct spsc *s, uint32_t size)
{
	assert(size >= 4096 && (size & (size - 1)) == 0);
	*s = (struct spsc){ .size = size };
	s->data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	               -1, 0);
	if (s->data != MAP_FAILED)
		return 0;
	s->data = NULL;
	return -ENOMEM;
}

void spsc_fini(struct spsc *s)
{
	if (s->data)
		munmap(s->data, s->size);
	s->data = NULL;
}

void *spsc_begin(struct spsc *s, uint32_t size)
{
	uint32_t head = atomic_load_explicit(&s->head, memory_order_acquire);
	uint32_t tail = atomic_load_explicit(&s->tail, memory_order_relaxed);
	uint32_t need = rounded(size), left = s->size - (tail & (s->size - 1));

	assert(size <= s->size / 4);
	if (left < need) {
		if (s->size - (tail - head) < left + need)
			return NULL;
		*size_at(s, tail) = WRAP;
		tail += left;
	} else if (s->size - (tail - head) < need) {
		return NULL;
	}
	*size_at(s, tail) = size;
	s->begun = tail + need;
	return s->data + (tail & (s->size - 1)) + HEADER;
}

void spsc_commit(struct spsc *s)
{
	atomic_store_explicit(&s->tail, s->begun, memory_order_release);
}

/* Where the oldest record is, behind a mark that says WRAP. */
static uint32_t oldest(const struct spsc *s, uint32_t head)
{
	if (*size_at(s, head) == WRAP)
		head += s->size - (head & (s->size - 1));
	return head;
}

const void *spsc_peek(struct spsc *s, uint32_t *size)
{
	uint32_t head = atomic_load_explicit(&s->head, memory_order_relaxed);

	if (head == atomic_load_explicit(&s->tail, memory_order_acquire))
		return NULL;
	head = oldest(s, head);
	*size = *size_at(s, head);
	return s->data + (head & (s->size - 1)) + HEADER;
}

void spsc_drop(struct spsc *s)
{
	uint32_t head = oldest(s, atomic_load_explicit(&s->head, memory_order_relaxed));

	atomic_store_explicit(&s->head, head + rounded(*size_at(s, head)),
	                      memory_order_release);
}
