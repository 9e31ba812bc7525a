/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All sets: by name, and what time does to them. A set whose last reference is gone waits in
 * the graveyard until none of its slots flies any more.
 */
#include "sets/sets_priv.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/suggest.h"

void *sets_alloc(const struct sets *sets, size_t n, size_t size)
{
	void *p = ctlink_memory_resize(sets->memory, NULL, n ? n * size : 1);

	if (p)
		memset(p, 0, n * size);
	return p;
}

void sets_free(const struct sets *sets, void *p)
{
	ctlink_memory_free(sets->memory, p);
}

void sets_tell(const struct sets *sets, enum sets_event event, const struct set *set,
               uint32_t element)
{
	if (sets->told)
		sets->told(sets->told_ctx, event, set, element);
}

void sets_listen(struct sets *sets,
                 void (*told)(void *ctx, enum sets_event event, const struct set *set,
                              uint32_t element),
                 void *ctx)
{
	sets->told = told;
	sets->told_ctx = ctx;
}

/* ---- names ------------------------------------------------------------------------- */

uint32_t sets_place(const struct sets *sets, const char *name, bool *found)
{
	uint32_t low = 0, high = sets->length, middle;
	int order;

	*found = false;
	while (low < high) {
		middle = low + (high - low) / 2;
		order = strcmp(sets->list[middle]->name, name);
		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct set *sets_peek(const struct sets *sets, const char *name)
{
	bool found;
	uint32_t i = sets_place(sets, name, &found);

	return found ? sets->list[i] : NULL;
}

struct set *sets_at(const struct sets *sets, uint32_t i)
{
	return i < sets->length ? sets->list[i] : NULL;
}

void sets_hint(const struct sets *sets, const char *name, char *out, size_t size)
{
	const struct set *set;
	struct suggest s;
	uint32_t i;

	suggest_begin(&s, name);
	for (i = 0; (set = sets_at(sets, i)); i++)
		suggest_add(&s, set->name);
	suggest_end(&s, "sets", out, size);
}

int sets_reserve(struct sets *sets, uint32_t n)
{
	uint32_t room = sets->room ? sets->room : 8;
	void *list;

	while (room < sets->length + n)
		room *= 2;
	if (room == sets->room)
		return 0;
	list = ctlink_memory_resize(sets->memory, sets->list, room * sizeof(*sets->list));
	if (!list)
		return -ENOMEM;
	sets->list = (struct set **)list;
	sets->room = room;
	return 0;
}

void sets_insert(struct sets *sets, struct set *set)
{
	bool found;
	uint32_t i = sets_place(sets, set->name, &found);

	assert(!found && sets->length < sets->room);
	memmove(&sets->list[i + 1], &sets->list[i],
	        (sets->length - i) * sizeof(*sets->list));
	sets->list[i] = set;
	sets->length++;
}

void sets_remove(struct sets *sets, struct set *set)
{
	bool found;
	uint32_t i = sets_place(sets, set->name, &found);

	assert(found && sets->list[i] == set);
	memmove(&sets->list[i], &sets->list[i + 1],
	        (sets->length - i - 1) * sizeof(*sets->list));
	sets->length--;
}

/* ---- life -------------------------------------------------------------------------- */

struct sets *sets_new(uint16_t workers, const struct ctlink_memory *memory, int *err)
{
	struct sets *sets;

	*err = -ENOMEM;
	sets = (struct sets *)ctlink_memory_resize(memory, NULL, sizeof(*sets));
	if (!sets)
		return NULL;
	memset(sets, 0, sizeof(*sets));
	sets->memory = memory;
	sets->workers = workers;
	pthread_mutex_init(&sets->lock, NULL);
	*err = siphash_key_random(&sets->key);
	if (!*err)
		return sets;
	sets_destroy(sets);
	return NULL;
}

static struct set *graveyard_take(struct sets *sets)
{
	struct set *first;

	pthread_mutex_lock(&sets->lock);
	first = sets->graveyard;
	sets->graveyard = NULL;
	pthread_mutex_unlock(&sets->lock);
	return first;
}

/* Those whose slots still fly are put back. */
static void graveyard_clear(struct sets *sets)
{
	struct set *set, *next;

	for (set = graveyard_take(sets); set; set = next) {
		next = set->next;
		if (set->in_flight &&
		    !atomic_load_explicit(&set->flown, memory_order_acquire)) {
			set_get(set);
			set_put(set);
		} else {
			set_destroy(set);
		}
	}
}

static void leaving_clear(struct sets *sets)
{
	struct set_index **at = &sets->leaving, *ix;
	struct set *set;

	while ((ix = *at)) {
		if (!atomic_load_explicit(&ix->left, memory_order_acquire)) {
			at = &ix->next;
			continue;
		}
		*at = ix->next;
		set = ix->set;
		set_index_destroy(ix);
		set_put(set);
	}
}

void sets_destroy(struct sets *sets)
{
	if (!sets)
		return;
	rcu_settle();
	leaving_clear(sets);
	while (sets->length)
		set_put(sets->list[--sets->length]);
	graveyard_clear(sets);
	assert(!sets->graveyard && !sets->leaving);
	pthread_mutex_destroy(&sets->lock);
	sets_free(sets, sets->list);
	sets_free(sets, sets);
}

/* ---- time -------------------------------------------------------------------------- */

static bool is_due(const struct set *set, uint64_t now_ms)
{
	return set->heap_length &&
	       set_element_at(set, set->heap[0])->deadline_ms <= now_ms;
}

static uint32_t set_expire(struct set *set, uint64_t now_ms, uint32_t max)
{
	uint32_t position, n;

	for (n = 0; n < max && is_due(set, now_ms); n++) {
		position = set->heap[0];
		set_index_remove(set_index_of(set), position);
		sets_tell(set->sets, SETS_ELEMENT_DEL, set, position);
		set_element_leave(set, position);
	}
	set->sets->expired += n;
	return n;
}

bool sets_expire(struct sets *sets, uint64_t now_ms)
{
	uint32_t left = SETS_EXPIRE_MAX, i, n = sets->length;
	bool more = false;
	struct set *set;

	leaving_clear(sets);
	graveyard_clear(sets);
	for (i = 0; i < n; i++) {
		set = sets->list[(sets->turn + i) % n];
		if (set->draft)
			continue; /* what it finds there must stay to its end */
		left -= set_expire(set, now_ms, left);
		more |= is_due(set, now_ms);
		set_slots_reclaim(set);
	}
	if (n)
		sets->turn = (sets->turn + 1) % n;
	return more;
}

void sets_stats(const struct sets *sets, struct sets_stats *stats)
{
	struct ctlink_set value;
	uint32_t i;

	*stats = (struct sets_stats){
		.sets = sets->length,
		.expired = sets->expired,
		.refused = sets->refused,
	};
	for (i = 0; i < sets->length; i++) {
		set_read(sets->list[i], &value);
		stats->elements += value.length;
		stats->memory += value.memory;
	}
}
