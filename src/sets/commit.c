/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions, from the last step on.
 *
 * Either in place: new elements are inserted, which may fail and is then undone;
 * then doomed ones are removed. Or aside: an index of all that stays is built and
 * swapped. Aside is for sets that are emptied, and for a range that takes the
 * place of parts of a doomed one. Both can be taken in parts: the change knows the draft it
 * is at, and the draft the place in its steps or slots.
 *
 *     OPEN ──▶ PREPARES ──▶ PREPARED ──▶ COMMITS ──▶ DONE
 *        what may fail          │     cannot fail
 *      └── destroyed: undone ───┘    └── destroyed: gone on with to its end
 */
#include <errno.h>

#include "sets/draft.h"

/* ---- preparing --------------------------------------------------------------------- */

/* Insert all that stays into an index of its own. 1: no more for now. */
static int aside_step(struct set_draft *d, uint32_t *max)
{
	int err = 0;

	if (!d->built)
		d->built = set_index_new(d->set);
	if (!d->built)
		return -ENOMEM;
	for (; d->place < d->set->high; d->place++) {
		if ((*max)-- == 0)
			return 1;
		if (draft_is_there(set_element_at(d->set, d->place + 1)))
			err = set_index_insert(d->built, d->place + 1);
		if (err)
			return err;
	}
	return 0;
}

/* Insert what is new into the index that is searched. 1: no more for now. */
static int inserts_step(struct set_draft *d, uint32_t *max)
{
	const struct draft_step *step;
	int err = 0;

	for (; d->place < d->steps.length; d->place++) {
		if ((*max)-- == 0)
			return 1;
		step = draft_step_at(d, d->place);
		if (draft_is_insert(d, step))
			err = set_index_insert(set_index_of(d->set), step->position);
		if (err)
			return err;
	}
	return 0;
}

static int draft_prepare(const struct sets_change *c, struct set_draft *d, uint32_t *max)
{
	if (d->is_deleted)
		return 0;
	return draft_is_aside(d) ? aside_step(d, max) : inserts_step(d, max);
}

/* @step is taken for draft after draft; with the last one the walk is over. */
static int drafts_walk(struct sets_change *c, uint32_t max,
                       int (*step)(const struct sets_change *c, struct set_draft *d,
                                   uint32_t *max))
{
	int r;

	for (; c->at; c->at = c->at->next) {
		r = step(c, c->at, &max);
		if (r)
			return r;
	}
	return 0;
}

int sets_change_prepare(struct sets_change *c, uint32_t max)
{
	int r;

	if (c->phase > CHANGE_PREPARES)
		return 0;
	if (c->phase == CHANGE_OPEN) {
		r = sets_reserve(c->sets, c->n_new);
		if (r)
			return r;
		c->at = c->drafts;
		c->phase = CHANGE_PREPARES;
	}
	r = drafts_walk(c, max, draft_prepare);
	if (r == 0)
		c->phase = CHANGE_PREPARED;
	return r;
}

/* ---- commit ------------------------------------------------------------------------ */

/* From here on nothing fails. */

static void value_commit(const struct sets_change *c, struct set_draft *d)
{
	struct set *set = d->set;
	char *comment = set->comment;

	if (!d->has_value)
		return;
	set->flags = d->value.flags;
	set->timeout_s = d->value.timeout;
	set->line = d->value.line;
	set->of_rules |= c->replaces;
	if (ctlink_has(&d->value, CTLINK_SET_SIZE))
		set->size = d->value.size;
	else if (c->replaces)
		set->size = CTQ_SET_SIZE_DEFAULT;
	set->comment = d->value.comment;
	d->value.comment = comment;
}

static void name_commit(const struct sets_change *c, struct set_draft *d)
{
	if (d->is_new) {
		set_get(d->set);
		sets_insert(c->sets, d->set);
	}
	if (d->is_new || d->has_value)
		sets_tell(c->sets, SETS_SET_NEW, d->set, 0);
}

static void refresh_commit(const struct sets_change *c, struct set_draft *d,
                           struct draft_step *step)
{
	struct set *set = d->set;
	struct set_element *e = set_element_at(set, step->position);

	if (e->marks & SET_ELEMENT_DOOMED)
		return;
	set_element_timeout_set(set, step->position, step->timeout_s, c->now_ms);
	if (step->comment)
		set_element_comment_move(set, step->position, step->comment);
	step->comment = NULL;
	if (step->again)
		set_element_counters_zero(set, step->position);
	if (c->replaces && !(e->marks & SET_ELEMENT_OF_RULES)) {
		e->marks |= SET_ELEMENT_OF_RULES;
		set->of_rules_length++;
	}
	sets_tell(c->sets, SETS_ELEMENT_NEW, set, step->position);
}

static void step_commit(const struct sets_change *c, struct set_draft *d,
                        struct draft_step *step)
{
	if (step->kind == STEP_REFRESH) {
		refresh_commit(c, d, step);
	} else if (step->kind == STEP_ADD && draft_is_insert(d, step)) {
		set_element_enter(d->set, step->position, c->now_ms);
		sets_tell(c->sets, SETS_ELEMENT_NEW, d->set, step->position);
	} else if (step->kind == STEP_ADD) {
		set_element_forget(d->set, step->position);
	}
}

static bool is_doomed(const struct set_element *e)
{
	return e->state == SET_SLOT_USED && e->marks & SET_ELEMENT_DOOMED;
}

/* In place: @from_index. */
static void doomed_commit(const struct sets_change *c, struct set *set, uint32_t position,
                          bool from_index)
{
	if (!is_doomed(set_element_at(set, position)))
		return;
	if (from_index)
		set_index_remove(set_index_of(set), position);
	sets_tell(c->sets, SETS_ELEMENT_DEL, set, position);
	set_element_leave(set, position);
}

/* A set that goes keeps its elements as long as a generation of rules looks at it. */
static void delete_commit(const struct sets_change *c, struct set_draft *d)
{
	uint32_t i;

	for (i = 0; i < d->steps.length; i++) {
		if (draft_step_at(d, i)->kind == STEP_ADD)
			set_element_forget(d->set, draft_step_at(d, i)->position);
	}
	if (d->is_new)
		return;
	sets_remove(c->sets, d->set);
	sets_tell(c->sets, SETS_SET_DEL, d->set, 0);
	set_put(d->set);
}

static void index_commit(struct set_draft *d)
{
	struct set_index *old = set_index_of(d->set);

	if (!d->built)
		return;
	atomic_store_explicit(&d->set->index, d->built, memory_order_release);
	d->built = NULL;
	set_index_leave(old);
}

/* What is no matter of elements, for all sets: names that go make room for those that come. */
static void drafts_commit(struct sets_change *c)
{
	struct set_draft *d;

	for (d = c->drafts; d; d = d->next) {
		if (d->is_deleted)
			delete_commit(c, d);
		else
			value_commit(c, d);
		d->place = 0;
	}
	for (d = c->drafts; d; d = d->next) {
		if (d->is_deleted)
			continue;
		name_commit(c, d);
		index_commit(d);
	}
}

/* 1: no more for now. */
static int steps_commit(const struct sets_change *c, struct set_draft *d, uint32_t *max)
{
	for (; d->place < d->steps.length; d->place++) {
		if ((*max)-- == 0)
			return 1;
		step_commit(c, d, draft_step_at(d, d->place));
	}
	return 0;
}

/* What goes: by its steps where it was searched until now, else wherever it stands. */
static int doomed_step(const struct sets_change *c, struct set_draft *d, uint32_t *max)
{
	uint32_t length = draft_is_aside(d) ? d->set->high : d->steps.length, at;

	for (; d->place - d->steps.length < length; d->place++) {
		if ((*max)-- == 0)
			return 1;
		at = d->place - d->steps.length;
		if (draft_is_aside(d))
			doomed_commit(c, d->set, at + 1, false);
		else if (draft_step_at(d, at)->kind == STEP_DELETE)
			doomed_commit(c, d->set, draft_step_at(d, at)->position, true);
	}
	return 0;
}

static int draft_commit(const struct sets_change *c, struct set_draft *d, uint32_t *max)
{
	if (d->is_deleted)
		return 0;
	if (steps_commit(c, d, max) || doomed_step(c, d, max))
		return 1;
	set_slots_reclaim(d->set);
	return 0;
}

/* The sets are free for another change. */
static void drafts_leave(struct sets_change *c)
{
	struct set_draft *d;

	for (d = c->drafts; d; d = d->next)
		d->set->draft = NULL;
	c->sets->change = NULL;
}

int sets_change_commit(struct sets_change *c, uint32_t max)
{
	int r = sets_change_prepare(c, max);

	if (r || c->phase == CHANGE_DONE)
		return r;
	if (c->phase == CHANGE_PREPARED) {
		drafts_commit(c);
		c->at = c->drafts;
		c->phase = CHANGE_COMMITS;
	}
	r = drafts_walk(c, max, draft_commit);
	if (r)
		return r;
	drafts_leave(c);
	c->phase = CHANGE_DONE;
	return 0;
}
