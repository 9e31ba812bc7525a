/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limbo.c - chains of dead flows
 *
 * Flows are put, and grace periods begun, outside the lock: the last reference takes the slab's
 * locks, and either may be a system call.
 */
#include "flow/limbo.h"

#include <assert.h>

#include "flow/table_priv.h"

/* Flows put for each that is made: more than one, so that what has piled up goes down. */
#define LIMBO_HELP 2
/* Flows that the callback takes at a time, so that it does not have them all while the
 * thread that makes flows looks for some. */
#define LIMBO_TAKE 64

void limbo_init(struct limbo *l, struct flow_table *t)
{
	l->table = t;
}

void limbo_fini(struct limbo *l)
{
	assert(!l->under_way);
}

static struct flow *slot(const struct limbo *l, uint32_t index)
{
	return slab_slot(l->table->slab, index);
}

static void chain_append(const struct limbo *l, struct limbo_chain *to,
                         const struct limbo_chain *more)
{
	if (to->first)
		slot(l, to->last)->next = more->first;
	else
		to->first = more->first;
	to->last = more->last;
}

/* ---- waiting ------------------------------------------------------------------------------- */

static void limbo_grace_over(struct rcu_head *head);

/* The lock is held: what was gathered waits from now on. True: the caller must begin the grace
 * period, which may be a system call, once it has let the lock go. */
static bool limbo_wait(struct limbo *l)
{
	l->waiting = l->gathering;
	l->gathering = (struct limbo_chain){ 0, 0 };
	l->under_way = l->waiting.first != 0;
	return l->under_way;
}

static void limbo_grace_begin(struct limbo *l)
{
	rcu_defer(&l->grace, limbo_grace_over);
}

void limbo_add(struct limbo *l, struct flow *f)
{
	struct limbo_chain one = { f->index, f->index };
	bool begin;

	f->next = 0;
	spin_lock(&l->lock);
	chain_append(l, &l->gathering, &one);
	begin = !l->under_way && limbo_wait(l);
	spin_unlock(&l->lock);
	if (begin)
		limbo_grace_begin(l);
}

/* ---- putting ------------------------------------------------------------------------------- */

/* Up to @max of those that are ready, as a chain that ends with 0. */
static uint32_t limbo_take(struct limbo *l, unsigned int max)
{
	struct flow *last = NULL;
	uint32_t first, next;

	spin_lock(&l->lock);
	first = next = l->ready.first;
	while (next && max--) {
		last = slot(l, next);
		next = last->next;
	}
	if (last)
		last->next = 0;
	l->ready.first = next;
	spin_unlock(&l->lock);
	return first;
}

/* False: none was ready. */
static bool limbo_put(struct limbo *l, unsigned int max)
{
	uint32_t index = limbo_take(l, max);
	bool some = index != 0;
	struct flow *f;

	while (index) {
		f = slot(l, index);
		index = f->next;
		flow_put(l->table, f, FLOW_HOLDER_TABLE);
	}
	return some;
}

void limbo_help(struct limbo *l)
{
	limbo_put(l, LIMBO_HELP);
}

/* The grace period is over: nobody can find those that waited any more; holders may still
 * hold them. */
static void limbo_grace_over(struct rcu_head *head)
{
	struct limbo *l = base_container_of(head, struct limbo, grace);
	bool begin;

	rcu_deferred();
	spin_lock(&l->lock);
	chain_append(l, &l->ready, &l->waiting);
	begin = limbo_wait(l);
	spin_unlock(&l->lock);
	if (begin)
		limbo_grace_begin(l);
	while (limbo_put(l, LIMBO_TAKE))
		;
}
