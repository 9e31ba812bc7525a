/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions, until they are whole.
 *
 * Each set that a change touches has a draft. New elements take slots, which nobody can find;
 * elements that are to go are marked as doomed; what the change brings is found by
 * part in the stage. So each step knows what the ones before it left, and an end without
 * commit gives slots back and takes marks away. What follows is in commit.c.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "sets/draft.h"

static int fail(struct sets_error *e, int code, uint16_t attr, const char *fmt, ...)
	BASE_PRINTF(4, 5);

static int fail(struct sets_error *e, int code, uint16_t attr, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;
	memset(e, 0, sizeof(*e));
	e->attr = attr;
	e->error.code = code;
	va_start(ap, fmt);
	vsnprintf(e->error.text, sizeof(e->error.text), fmt, ap);
	va_end(ap);
	return code;
}

static int no_memory(struct sets_error *e)
{
	return fail(e, -ENOMEM, 0, "no memory for the sets");
}

/* ---- life -------------------------------------------------------------------------- */

struct sets_change *sets_change_new(struct sets *sets, uint64_t now_ms)
{
	struct sets_change *c = (struct sets_change *)sets_alloc(sets, 1, sizeof(*c));

	if (!c)
		return NULL;
	assert(!sets->change); /* one at a time: drafts belong to it */
	sets->change = c;
	c->sets = sets;
	c->now_ms = now_ms;
	stage_init(&c->stage, sets);
	return c;
}

/* A new element is taken back; workers may have found it when the walk in place has come to
 * step @i, which may be the one that failed. */
static void insert_undo(struct set_draft *d, uint32_t i)
{
	uint32_t position = draft_step_at(d, i)->position;

	if (draft_is_aside(d) || d->is_deleted || i > d->place) {
		set_element_forget(d->set, position);
		return;
	}
	if (i < d->place && draft_is_insert(d, draft_step_at(d, i)))
		set_index_remove(set_index_of(d->set), position);
	set_element_withdraw(d->set, position);
}

/* What was not committed leaves no trace. */
static void draft_undo(struct set_draft *d)
{
	uint32_t i;

	for (i = 0; i < d->steps.length; i++) {
		if (draft_step_at(d, i)->kind == STEP_ADD)
			insert_undo(d, i);
	}
	for (i = 1; d->doomed && i <= d->set->high; i++)
		set_element_at(d->set, i)->marks &= (uint8_t)~SET_ELEMENT_DOOMED;
	set_index_destroy(d->built);
}

static void draft_free(const struct sets_change *c, struct set_draft *d)
{
	uint32_t i;

	for (i = 0; i < d->steps.length; i++)
		sets_free(c->sets, draft_step_at(d, i)->comment);
	sets_free(c->sets, d->value.comment);
	ctlink_list_fini(&d->steps, c->sets->memory);
	if (d->set->draft == d)
		d->set->draft = NULL;
	set_put(d->set);
	sets_free(c->sets, d);
}

void sets_change_destroy(struct sets_change *c)
{
	struct set_draft *d;

	if (!c)
		return;
	if (c->phase == CHANGE_COMMITS)
		(void)sets_change_commit(c, UINT32_MAX);
	while ((d = c->drafts)) {
		c->drafts = d->next;
		if (c->phase != CHANGE_DONE)
			draft_undo(d);
		draft_free(c, d);
	}
	if (c->sets->change == c)
		c->sets->change = NULL;
	stage_fini(&c->stage);
	sets_free(c->sets, c);
}

/* Takes the reference of @set over when it succeeds. */
static struct set_draft *draft_append(struct sets_change *c, struct set *set, bool is_new)
{
	struct set_draft *d = (struct set_draft *)sets_alloc(c->sets, 1, sizeof(*d));

	if (!d)
		return NULL;
	d->set = set;
	d->is_new = is_new;
	d->next = c->drafts;
	c->drafts = d;
	c->n_new += is_new;
	set->draft = d;
	return d;
}

/* The draft of a set that stands. */
static struct set_draft *draft_of(struct sets_change *c, struct set *set)
{
	struct set_draft *d = set->draft;

	if (d)
		return d;
	d = draft_append(c, set, false);
	if (d)
		set_get(set);
	return d;
}

struct set *sets_change_peek(const struct sets_change *c, const char *name)
{
	struct set *set = sets_peek(c->sets, name);
	const struct set_draft *d;

	if (set && !(set->draft && set->draft->is_deleted))
		return set;
	for (d = c->drafts; d; d = d->next) {
		if (d->is_new && !d->is_deleted && strcmp(d->set->name, name) == 0)
			return d->set;
	}
	return NULL;
}

void sets_change_hint(const struct sets_change *c, const char *name, char *out,
                      size_t size)
{
	const struct set_draft *d;
	const struct set *set;
	struct suggest s;
	uint32_t i;

	suggest_begin(&s, name);
	for (i = 0; (set = sets_at(c->sets, i)); i++)
		if (!(set->draft && set->draft->is_deleted))
			suggest_add(&s, set->name);
	for (d = c->drafts; d; d = d->next)
		if (d->is_new && !d->is_deleted)
			suggest_add(&s, d->set->name);
	suggest_end(&s, "sets", out, size);
}

/* Elements of a set that nobody declares. */
static void hint_set(const struct sets_change *c, const char *name, struct sets_error *e)
{
	char *hint = e->error.hint;

	sets_change_hint(c, name, hint, sizeof(e->error.hint));
	if (strncmp(hint, "did you mean", strlen("did you mean")) != 0)
		ctlink_error_hint(&e->error,
		                  "declare it in the rules: set %.64s { type address }",
		                  *name ? name : "NAME");
}

static int draft_find(struct sets_change *c, const char *name, uint16_t attr,
                      struct set_draft **out, struct sets_error *e)
{
	struct set *set = name ? sets_change_peek(c, name) : NULL;

	if (!set) {
		fail(e, -ENOENT, attr, "there is no set '%.64s'", name ? name : "");
		if (e)
			hint_set(c, name ? name : "", e);
		return -ENOENT;
	}
	*out = draft_of(c, set);
	return *out ? 0 : no_memory(e);
}

/* ---- dooming ----------------------------------------------------------------------- */

static void doom(struct set_draft *d, uint32_t position)
{
	struct set_element *e = set_element_at(d->set, position);

	e->marks |= SET_ELEMENT_DOOMED;
	if (e->state == SET_SLOT_USED)
		d->doomed++;
	else
		d->added--;
}

/* Doom all elements that @is says yes to. */
static void doom_if(struct set_draft *d, bool (*is)(const struct set_element *e))
{
	uint32_t i;

	for (i = 1; i <= d->set->high; i++) {
		if (!draft_is_there(set_element_at(d->set, i)) ||
		    !is(set_element_at(d->set, i)))
			continue;
		doom(d, i);
		d->aside = true;
	}
}

static bool is_any(const struct set_element *e)
{
	return true;
}

static bool is_of_rules(const struct set_element *e)
{
	return e->marks & SET_ELEMENT_OF_RULES;
}

/* Added at run time, to stay. */
static bool is_lasting(const struct set_element *e)
{
	return e->state == SET_SLOT_USED && !(e->marks & SET_ELEMENT_OF_RULES) &&
	       !e->timeout_s;
}

/* ---- sets -------------------------------------------------------------------------- */

int sets_change_replace(struct sets_change *c)
{
	struct set_draft *d;
	struct set *set;
	uint32_t i;

	c->replaces = true;
	for (i = 0; (set = sets_at(c->sets, i)); i++) {
		if (!set->of_rules && !set->of_rules_length)
			continue;
		d = draft_of(c, set);
		if (!d)
			return -ENOMEM;
		d->is_deleted = set->of_rules;
		if (set->of_rules_length)
			doom_if(d, is_of_rules);
	}
	return 0;
}

static bool is_name(const char *name)
{
	size_t i;

	for (i = 0; name && name[i]; i++) {
		if (!ctlink_set_name_has(name[i]))
			return false;
	}
	return name && i > 0 && i < CTQ_NAME_MAX;
}

static int value_check(const struct ctlink_set *value, struct sets_error *e)
{
	if (!is_name(value->name))
		return fail(e, -EINVAL, CTQA_SET_NAME,
		            "a set needs a name of at most %d letters, digits, '_', '-', "
		            "'.'",
		            CTQ_NAME_MAX - 1);
	if (value->type < CTQ_SET_ADDRESS || value->type > CTQ_SET_MARK)
		return fail(e, -EINVAL, CTQA_SET_TYPE, "set '%s': type %u is not known",
		            value->name, value->type);
	if (value->flags & ~(CTQ_SET_TIMEOUT | CTQ_SET_COUNTER))
		return fail(e, -EOPNOTSUPP, CTQA_SET_FLAGS, "set '%s': unknown flags",
		            value->name);
	if (ctlink_has(value, CTLINK_SET_SIZE) &&
	    (value->size < 1 || value->size > CTQ_SET_SIZE_MAX))
		return fail(e, -EINVAL, CTQA_SET_SIZE,
		            "set '%s': its size is a number from 1 to %d", value->name,
		            CTQ_SET_SIZE_MAX);
	if (value->timeout && !(value->flags & CTQ_SET_TIMEOUT))
		return fail(e, -EINVAL, CTQA_SET_TIMEOUT,
		            "set '%s': a timeout needs the flag timeout", value->name);
	return 0;
}

static int set_create(struct sets_change *c, const struct ctlink_set *value,
                      struct sets_error *e)
{
	struct set *set;

	if (c->sets->length + c->n_new >= SETS_MAX)
		return fail(e, -E2BIG, 0, "more than %d sets", SETS_MAX);
	set = set_new(c->sets, value, c->replaces);
	if (!set)
		return no_memory(e);
	if (draft_append(c, set, true))
		return 0;
	set_put(set);
	return no_memory(e);
}

/* Type and counters are a set's from its beginning to its end. */
static bool is_like(const struct set *set, const struct ctlink_set *value)
{
	return set->type == value->type &&
	       !((set->flags ^ value->flags) & CTQ_SET_COUNTER);
}

static int value_keep(struct sets_change *c, struct set_draft *d,
                      const struct ctlink_set *value)
{
	char *comment = NULL;

	if (value->comment && ctlink_string_set(&comment, value->comment,
	                                        strlen(value->comment), c->sets->memory))
		return -ENOMEM;
	sets_free(c->sets, d->value.comment);
	d->value = *value;
	d->value.comment = comment;
	d->value.name = NULL;
	d->has_value = true;
	return 0;
}

/* The set stands, or stood before a load. */
static int set_update(struct sets_change *c, struct set *set,
                      const struct ctlink_set *value, struct sets_error *e)
{
	struct set_draft *d = draft_of(c, set);

	if (!d)
		return no_memory(e);
	if (d->is_deleted && !is_like(set, value))
		return set_create(c, value, e);
	if (!is_like(set, value))
		return fail(e, -EEXIST, CTQA_SET_TYPE,
		            "set '%s' is there, with another type or without counters as "
		            "wanted",
		            value->name);
	d->is_deleted = false;
	return value_keep(c, d, value) ? no_memory(e) : 0;
}

int sets_change_set_add(struct sets_change *c, const struct ctlink_set *value,
                        bool exclusive, struct sets_error *e)
{
	struct set *set;
	int err = value_check(value, e);

	if (err)
		return err;
	set = sets_change_peek(c, value->name);
	if (set && exclusive)
		return fail(e, -EEXIST, CTQA_SET_NAME, "set '%s' is there already",
		            value->name);
	if (!set && c->replaces)
		set = sets_peek(c->sets, value->name);
	return set ? set_update(c, set, value, e) : set_create(c, value, e);
}

int sets_change_set_delete(struct sets_change *c, const char *name, struct sets_error *e)
{
	struct set_draft *d;
	int err = draft_find(c, name, CTQA_SET_NAME, &d, e);

	if (err)
		return err;
	if (d->set->uses && !c->replaces)
		return fail(e, -EBUSY, CTQA_SET_NAME,
		            "set '%.64s' is used by %u rules in force", name,
		            d->set->uses);
	d->is_deleted = true;
	return 0;
}

int sets_change_flush(struct sets_change *c, const char *name, struct sets_error *e)
{
	struct set_draft *d;
	int err = draft_find(c, name, CTQA_SET_NAME, &d, e);

	if (!err)
		doom_if(d, is_any);
	return err;
}

/* ---- elements ---------------------------------------------------------------------- */

/* What a change finds where a key wants to stand. */
struct found {
	uint32_t same;    /* the element with this very key; 0: none */
	uint32_t other;   /* one that has a part of it, and stays; 0: none */
	bool over_doomed; /* one that goes has a part of it */
};

static uint32_t owner_of(const struct sets_change *c, const struct set *set,
                         const struct set_part *part)
{
	uint32_t staged = stage_get(&c->stage, set, part);

	return staged ? staged : set_index_get(set_index_of(set), part);
}

static bool has_key(const struct set *set, uint32_t position, const struct set_key *key)
{
	struct set_key own;

	set_element_key(set, position, &own);
	return memcmp(&own, key, sizeof(own)) == 0;
}

static void key_find(const struct sets_change *c, const struct set *set,
                     const struct set_key *key, struct found *f)
{
	struct set_parts parts;
	struct set_part part;
	uint32_t owner;

	memset(f, 0, sizeof(*f));
	set_parts_init(&parts, key);
	while (set_parts_next(&parts, &part)) {
		owner = owner_of(c, set, &part);
		if (!owner)
			continue;
		if (has_key(set, owner, key)) {
			f->same = owner;
			return;
		}
		if (draft_is_there(set_element_at(set, owner)))
			f->other = owner;
		else
			f->over_doomed = true;
	}
}

static int stage_key(struct sets_change *c, const struct set *set,
                     const struct set_key *key, uint32_t position)
{
	struct set_parts parts;
	struct set_part part;
	int err = 0;

	set_parts_init(&parts, key);
	while (!err && set_parts_next(&parts, &part))
		err = stage_add(&c->stage, set, &part, position);
	return err;
}

static struct draft_step *step_append(struct sets_change *c, struct set_draft *d,
                                      enum step_kind kind, uint32_t position)
{
	struct draft_step *step = (struct draft_step *)ctlink_list_append(
		&d->steps, sizeof(*step), UINT32_MAX, c->sets->memory);

	if (!step)
		return NULL;
	step->kind = (uint8_t)kind;
	step->position = position;
	return step;
}

static uint32_t timeout_of(const struct set_draft *d, const struct ctlink_element *value)
{
	if (ctlink_has(value, CTLINK_ELEMENT_TIMEOUT))
		return value->timeout;
	return d->has_value ? d->value.timeout : d->set->timeout_s;
}

static uint32_t size_of(const struct set_draft *d)
{
	if (d->has_value && ctlink_has(&d->value, CTLINK_SET_SIZE))
		return d->value.size;
	return d->set->size;
}

static int element_insert(struct sets_change *c, struct set_draft *d,
                          const struct set_key *key, const struct ctlink_element *value,
                          struct sets_error *e)
{
	struct set *set = d->set;
	struct draft_step *step;
	uint32_t position;

	if (set->length - d->doomed + d->added >= size_of(d)) {
		c->sets->refused++;
		return fail(e, -E2BIG, 0, "set '%s' is full: its size is %u", set->name,
		            size_of(d));
	}
	step = step_append(c, d, STEP_ADD, 0);
	if (!step)
		return no_memory(e);
	step->position = set_element_new(set, key, value->comment);
	if (!step->position) {
		ctlink_list_drop_last(&d->steps);
		return no_memory(e);
	}
	position = step->position;
	d->added++;
	set_element_at(set, position)->timeout_s = timeout_of(d, value);
	if (c->replaces)
		set_element_at(set, position)->marks |= SET_ELEMENT_OF_RULES;
	return stage_key(c, set, key, position) ? no_memory(e) : 0;
}

/* An element that is there, or was to go. */
static int element_refresh(struct sets_change *c, struct set_draft *d,
                           const struct set_key *key, uint32_t position,
                           const struct ctlink_element *value, struct sets_error *e)
{
	struct set_element *element = set_element_at(d->set, position);
	struct draft_step *step = step_append(c, d, STEP_REFRESH, position);

	if (!step)
		return no_memory(e);
	if (value->comment &&
	    (!set_element_comment_room(d->set, position) ||
	     ctlink_string_set(&step->comment, value->comment, strlen(value->comment),
	                       c->sets->memory)))
		return no_memory(e);
	step->timeout_s = timeout_of(d, value);
	if (element->marks & SET_ELEMENT_DOOMED) {
		element->marks &= (uint8_t)~SET_ELEMENT_DOOMED;
		if (element->state == SET_SLOT_USED)
			d->doomed--;
		else
			d->added++;
		step->again = !c->replaces;
	}
	return stage_key(c, d->set, key, position) ? no_memory(e) : 0;
}

static void say_key(const struct set *set, uint32_t position, char *out, size_t size)
{
	struct ctlink_element value = { .has = 0 };
	struct set_key key;

	set_element_key(set, position, &key);
	set_key_value(set->type, &key, &value, value.name);
	ctlink_element_format(&value, out, size);
}

static int fail_overlap(const struct set *set, const struct found *f,
                        struct sets_error *e)
{
	char key[CTLINK_ELEMENT_TEXT_MAX];

	say_key(set, f->other, key, sizeof(key));
	fail(e, -EEXIST, CTQA_ELEMENT_KEY,
	     "set '%s': the range begins or ends where %s stands", set->name, key);
	if (e)
		ctlink_error_hint(&e->error,
		                  "delete %s first, or choose a range that does not "
		                  "need it as a part",
		                  key);
	return -EEXIST;
}

/* What can be said of an element before the set is looked at. */
static int element_check(const struct set_draft *d, const struct ctlink_element *value,
                         struct set_key *key, struct sets_error *e)
{
	uint32_t flags = d->has_value ? d->value.flags : d->set->flags;
	struct ctlink_error wrong = { 0 };
	int err = set_key_make(d->set->type, value, key, &wrong);

	if (err) {
		fail(e, err, CTQA_ELEMENT_KEY, "set '%s': %s", d->set->name, wrong.text);
		return err;
	}
	if (timeout_of(d, value) && !(flags & CTQ_SET_TIMEOUT))
		return fail(e, -EINVAL, CTQA_ELEMENT_TIMEOUT,
		            "set '%s' has no flag timeout", d->set->name);
	if (ctlink_has(value, CTLINK_ELEMENT_TIMEOUT) &&
	    value->timeout > CTQ_SET_TIMEOUT_MAX)
		return fail(e, -EINVAL, CTQA_ELEMENT_TIMEOUT,
		            "set '%s': a timeout of more than %d seconds", d->set->name,
		            CTQ_SET_TIMEOUT_MAX);
	return 0;
}

int sets_change_element_add(struct sets_change *c, const struct ctlink_element *value,
                            bool exclusive, struct sets_error *e)
{
	struct set_draft *d;
	struct set_key key;
	struct found found;
	int err = draft_find(c, value->set, CTQA_ELEMENT_SET, &d, e);

	if (!err)
		err = element_check(d, value, &key, e);
	if (err)
		return err;
	if (c->replaces && !d->named) {
		d->named = true;
		doom_if(d, is_lasting);
	}
	key_find(c, d->set, &key, &found);
	if (found.same && exclusive && draft_is_there(set_element_at(d->set, found.same)))
		return fail(e, -EEXIST, CTQA_ELEMENT_KEY,
		            "set '%s' has this element already", d->set->name);
	if (found.same)
		return element_refresh(c, d, &key, found.same, value, e);
	if (found.other)
		return fail_overlap(d->set, &found, e);
	d->aside |= found.over_doomed;
	return element_insert(c, d, &key, value, e);
}

int sets_change_element_delete(struct sets_change *c, const struct ctlink_element *value,
                               struct sets_error *e)
{
	struct set_draft *d;
	struct found found;
	struct set_key key;
	int err = draft_find(c, value->set, CTQA_ELEMENT_SET, &d, e);

	if (!err)
		err = element_check(d, value, &key, e);
	if (err)
		return err;
	key_find(c, d->set, &key, &found);
	if (!found.same || !draft_is_there(set_element_at(d->set, found.same)))
		return fail(e, -ENOENT, CTQA_ELEMENT_KEY, "set '%s' has no such element",
		            d->set->name);
	if (!step_append(c, d, STEP_DELETE, found.same))
		return no_memory(e);
	doom(d, found.same);
	return 0;
}

/* ---- what it brings ------------------------------------------------------------------ */

bool sets_change_brings(const struct sets_change *c, const uint8_t *address, uint8_t size)
{
	return stage_holds(&c->stage, address, size);
}

bool sets_change_brings_others(const struct sets_change *c)
{
	return c->stage.others;
}
