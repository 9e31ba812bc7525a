/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See open.h. */
#include "rules/open.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/spin.h"

#define OPENS_RULE UINT32_C(0x80000000)

struct opens {
	struct spin lock; /* of the next two */
	uint32_t fresh;   /* the first number that was never used */
	uint32_t free;    /* the number that is used next; 0: a fresh one */
	uint32_t next[OPENS_MAX + 1];
	_Atomic uint32_t count[OPENS_MAX + 1];
};

struct opens *opens_new(const struct ctlink_memory *memory)
{
	struct opens *o = (struct opens *)ctlink_memory_resize(memory, NULL, sizeof(*o));

	if (!o)
		return NULL;
	memset(o, 0, sizeof(*o));
	o->fresh = 1;
	return o;
}

void opens_destroy(struct opens *o, const struct ctlink_memory *memory)
{
	uint32_t i;

	for (i = 1; o && i < o->fresh; i++)
		assert(opens_count(o, i) == 0);
	ctlink_memory_free(memory, o);
}

uint32_t opens_add(struct opens *o)
{
	uint32_t number;

	spin_lock(&o->lock);
	number = o->free;
	if (number)
		o->free = o->next[number];
	else if (o->fresh <= OPENS_MAX)
		number = o->fresh++;
	spin_unlock(&o->lock);
	if (number)
		atomic_store_explicit(&o->count[number], OPENS_RULE,
		                      memory_order_relaxed);
	return number;
}

/* Nobody holds it. */
static void number_free(struct opens *o, uint32_t number)
{
	spin_lock(&o->lock);
	o->next[number] = o->free;
	o->free = number;
	spin_unlock(&o->lock);
}

void opens_remove(struct opens *o, uint32_t number)
{
	uint32_t before = atomic_fetch_and_explicit(&o->count[number], ~OPENS_RULE,
	                                            memory_order_acq_rel);

	assert(before & OPENS_RULE);
	if (before == OPENS_RULE)
		number_free(o, number);
}

static uint32_t connections(uint32_t count)
{
	return count & ~OPENS_RULE;
}

bool opens_take(struct opens *o, uint32_t number, uint32_t most)
{
	uint32_t count = atomic_load_explicit(&o->count[number], memory_order_relaxed);

	do {
		if (connections(count) >= most)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&o->count[number], &count,
	                                                count + 1, memory_order_relaxed,
	                                                memory_order_relaxed));
	return true;
}

bool opens_peek(const struct opens *o, uint32_t number, uint32_t most)
{
	return opens_count(o, number) < most;
}

void opens_put(struct opens *o, uint32_t number)
{
	uint32_t before =
		atomic_fetch_sub_explicit(&o->count[number], 1, memory_order_acq_rel);

	assert(connections(before) > 0);
	if (before == 1)
		number_free(o, number);
}

uint32_t opens_count(const struct opens *o, uint32_t number)
{
	return connections(atomic_load_explicit(&o->count[number], memory_order_relaxed));
}
