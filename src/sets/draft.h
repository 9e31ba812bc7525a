/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * draft.h - what a change is, while it is made (change.c) and comes into force (commit.c)
 */
#ifndef SETS_DRAFT_H
#define SETS_DRAFT_H

#include "sets/sets_priv.h"

enum step_kind { STEP_ADD, STEP_REFRESH, STEP_DELETE };

struct draft_step {
	uint32_t position;
	uint32_t timeout_s;
	uint8_t kind; /* enum step_kind */
	bool again;   /* REFRESH of an element that was doomed: its counters begin anew */
	char *comment; /* REFRESH: or NULL: as it was */
};

struct set_draft {
	struct set_draft *next;
	struct set *set; /* a reference */
	bool is_new, is_deleted;
	bool aside;     /* the index is to be built aside, if its elements change */
	bool named;     /* a load has named elements of it */
	bool has_value; /* the set's own values change: */
	struct ctlink_set value;
	struct ctlink_list steps; /* of struct draft_step */
	uint32_t added, doomed;
	struct set_index *built;
	uint32_t place; /* where a walk goes on: steps or slots that it is through with */
};

enum change_phase {
	CHANGE_OPEN,
	CHANGE_PREPARES,
	CHANGE_PREPARED,
	CHANGE_COMMITS,
	CHANGE_DONE,
};

struct sets_change {
	struct sets *sets;
	uint64_t now_ms;
	bool replaces;
	enum change_phase phase;
	struct set_draft *drafts;
	struct set_draft *at; /* where a walk goes on; NULL: at its end */
	uint32_t n_new;
	struct stage stage;
};

static inline struct draft_step *draft_step_at(const struct set_draft *d, uint32_t i)
{
	return (struct draft_step *)ctlink_list_item(&d->steps, sizeof(struct draft_step),
	                                             i);
}

/* For what comes after: not what is to go. */
static inline bool draft_is_there(const struct set_element *e)
{
	return (e->state == SET_SLOT_USED || e->state == SET_SLOT_STAGED) &&
	       !(e->marks & SET_ELEMENT_DOOMED);
}

static inline bool draft_is_insert(const struct set_draft *d,
                                   const struct draft_step *step)
{
	return step->kind == STEP_ADD &&
	       draft_is_there(set_element_at(d->set, step->position));
}

static inline bool draft_is_aside(const struct set_draft *d)
{
	return d->aside && (d->added || d->doomed);
}

#endif
