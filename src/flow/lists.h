/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lists.h - the lists in which a flow waits for something to happen to it
 *
 * A flow is in at most one list, of one worker: flow->worker and flow->list say which,
 * and change under that worker's lock only. Lists are linked by slot numbers. Nothing
 * here is touched by packets of an assured flow.
 */
#ifndef FLOW_LISTS_H
#define FLOW_LISTS_H

#include "flow/slab.h"
#include "flow/worker.h"

/** Put a flow that is in no list at the young end of @which of @w;
 * stamps it with @order. */
void lists_append(struct flow_worker *w, struct slab *s, struct flow *f,
                  enum flow_list which, uint64_t order);

/**
 * Take a flow out of its list and put it at the young end of @which of the same
 * worker (FLOW_LIST_NONE, FLOW_LIST_DEAD: of none), keeping its order unless @order is not 0. Any thread.
 */
void lists_move(struct flow_table *t, struct flow *f, enum flow_list which,
                uint64_t order);

/** As lists_move(), unless the flow is in another list than @from: false then. */
bool lists_move_from(struct flow_table *t, struct flow *f, enum flow_list from,
                     enum flow_list which, uint64_t order);

/** The oldest flow of @which of @w, borrowed (RCU), or NULL; a hint: takes no lock. */
struct flow *lists_peek_oldest(const struct flow_worker *w, const struct slab *s,
                               enum flow_list which);

#endif
