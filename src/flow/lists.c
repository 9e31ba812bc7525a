/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lists.c - doubly linked lists of slots
 */
#include "flow/lists.h"

#include <assert.h>

#include "flow/table_priv.h"

static bool is_list(enum flow_list which)
{
	return which < FLOW_LISTS;
}

static void list_link(struct flow_lists *l, struct slab *s, struct flow *f,
                      enum flow_list which)
{
	struct flow_list_head *head;

	f->list = (uint8_t)which;
	if (!is_list(which))
		return;
	head = &l->list[which];
	f->next = 0;
	f->prev = head->last;
	if (head->last)
		slab_slot(s, head->last)->next = f->index;
	else
		atomic_store_explicit(&head->first, f->index, memory_order_release);
	head->last = f->index;
}

static void list_unlink(struct flow_lists *l, struct slab *s, struct flow *f)
{
	struct flow_list_head *head;

	if (!is_list((enum flow_list)f->list))
		return;
	head = &l->list[f->list];
	if (f->prev)
		slab_slot(s, f->prev)->next = f->next;
	else
		atomic_store_explicit(&head->first, f->next, memory_order_release);
	if (f->next)
		slab_slot(s, f->next)->prev = f->prev;
	else
		head->last = f->prev;
}

void lists_append(struct flow_worker *w, struct slab *s, struct flow *f,
                  enum flow_list which, uint64_t order)
{
	spin_lock(&w->lists.lock);
	assert(f->list == FLOW_LIST_NONE);
	atomic_store_explicit(&f->order, order, memory_order_relaxed);
	list_link(&w->lists, s, f, which);
	spin_unlock(&w->lists.lock);
}

static void list_relink(struct flow_lists *l, struct slab *s, struct flow *f,
                        enum flow_list which, uint64_t order)
{
	list_unlink(l, s, f);
	if (order)
		atomic_store_explicit(&f->order, order, memory_order_relaxed);
	list_link(l, s, f, which);
}

void lists_move(struct flow_table *t, struct flow *f, enum flow_list which,
                uint64_t order)
{
	struct flow_lists *l = &t->workers[f->worker]->lists;

	spin_lock(&l->lock);
	list_relink(l, t->slab, f, which, order);
	spin_unlock(&l->lock);
}

bool lists_move_from(struct flow_table *t, struct flow *f, enum flow_list from,
                     enum flow_list which, uint64_t order)
{
	struct flow_lists *l = &t->workers[f->worker]->lists;
	bool there;

	spin_lock(&l->lock);
	there = f->list == from;
	if (there)
		list_relink(l, t->slab, f, which, order);
	spin_unlock(&l->lock);
	return there;
}

struct flow *lists_peek_oldest(const struct flow_worker *w, const struct slab *s,
                               enum flow_list which)
{
	uint32_t index =
		atomic_load_explicit(&w->lists.list[which].first, memory_order_acquire);

	return index ? slab_slot(s, index) : NULL;
}
