/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lock.c - entering a flow whose owner is somebody else, or nobody
 *
 * See lock.h for the protocol and its guarantee X1.
 */
#include "flow/lock.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/spin.h"
#include "flow/table_priv.h"

static long lock_membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

bool flow_lock_can_bias(void)
{
	return lock_membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

static void lock_take(struct flow *f)
{
	unsigned int tries = 0;

	while (atomic_exchange_explicit(&f->lock, 1, memory_order_acquire))
		spin_wait(&tries);
}

/* The caller holds the lock: nobody else takes the ownership away meanwhile. */
static void lock_disown(struct flow_table *t, struct flow *f, uint16_t owner)
{
	struct flow_worker *other = flow_worker(t, (uint16_t)(owner - 1));
	unsigned int tries = 0;

	atomic_store_explicit(&f->owner, 0, memory_order_relaxed);
	lock_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
	while (atomic_load_explicit(&other->inside, memory_order_acquire) == f)
		spin_wait(&tries);
}

void flow_enter_shared(struct flow_worker *w, struct flow *f)
{
	uint16_t owner;

	/* Not inside yet: somebody who holds the lock may wait for us to leave. */
	atomic_store_explicit(&w->inside, NULL, memory_order_relaxed);
	lock_take(f);
	owner = atomic_load_explicit(&f->owner, memory_order_relaxed);
	if (owner) {
		lock_disown(w->table, f, owner);
		flow_count(w, FLOW_COUNTER_SHARED);
	}
	w->locked = true;
}

void flow_leave_shared(struct flow_worker *w, struct flow *f)
{
	w->locked = false;
	atomic_store_explicit(&f->lock, 0, memory_order_release);
}
