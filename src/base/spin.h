/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spin.h - a lock for a few dozen nanoseconds, that gives way
 *
 * One exchange to take and a plain store to give: half of what a mutex costs where nobody
 * waits. Who waits spins a little and then gives the processor away, again and again: the
 * holder may be a thread that was interrupted on it. All zeros is a free lock.
 *
 * Not fair, not recursive, and nothing for threads of real-time priorities on one processor.
 */
#ifndef BASE_SPIN_H
#define BASE_SPIN_H

#include <stdint.h>

#include "base/base.h"

struct spin {
	uint32_t held;
};

/** Wait a little more. *@tries: 0 at first. */
void spin_wait(unsigned int *tries);

static inline void spin_lock(struct spin *s)
{
	unsigned int tries = 0;

	while (base_unlikely(__atomic_exchange_n(&s->held, 1, __ATOMIC_ACQUIRE)))
		spin_wait(&tries);
}

static inline void spin_unlock(struct spin *s)
{
	__atomic_store_n(&s->held, 0, __ATOMIC_RELEASE);
}

#endif
