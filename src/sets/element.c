/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slots: taken, in force, left, used again. See sets_priv.h.
 *
 * Timeouts are a heap of positions, the next one first: what expires is found without a
 * walk, and a change costs the logarithm of the timeouts.
 */
#include <errno.h>
#include <string.h>

#include "sets/sets_priv.h"

/* ---- keys and what few have -------------------------------------------------------- */

void set_element_key(const struct set *set, uint32_t position, struct set_key *out)
{
	const struct set_element *e = set_element_at(set, position);

	memset(out, 0, sizeof(*out));
	out->table = e->table;
	out->prefix = e->prefix;
	out->port = e->port;
	out->size = 4;
	if (e->table == SET_BITS128 || (e->table == SET_PAIRS && e->prefix == 128))
		out->size = 16;
	memcpy(out->first, e->first, 16);
	if (e->prefix == SET_RANGE)
		memcpy(out->last, e->more->last, 16);
	else
		set_key_end(out);
}

static void more_free(const struct set *set, struct set_element *e)
{
	if (!e->more)
		return;
	sets_free(set->sets, e->more->comment);
	sets_free(set->sets, e->more);
	e->more = NULL;
}

static struct set_more *more_make(const struct set *set, struct set_element *e)
{
	if (!e->more)
		e->more = (struct set_more *)sets_alloc(set->sets, 1, sizeof(*e->more));
	return e->more;
}

bool set_element_comment_room(struct set *set, uint32_t position)
{
	return more_make(set, set_element_at(set, position)) != NULL;
}

void set_element_comment_move(struct set *set, uint32_t position, char *comment)
{
	struct set_element *e = set_element_at(set, position);

	sets_free(set->sets, e->more->comment);
	e->more->comment = comment;
}

/* ---- counters ---------------------------------------------------------------------- */

static struct set_counter *counter_at(const struct set *set, uint32_t position,
                                      uint16_t worker)
{
	const struct set_chunk *chunk = set_chunk_of(set, position);

	return &chunk->counters[(size_t)worker * SET_CHUNK + position % SET_CHUNK];
}

static void counter_add(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, old + n, memory_order_relaxed);
}

bool set_counts(const struct set *set)
{
	return set->flags & CTQ_SET_COUNTER;
}

void set_count(const struct set *set, uint32_t element, uint16_t worker, uint32_t bytes)
{
	struct set_counter *k;

	if (!set_counts(set))
		return;
	k = counter_at(set, element, worker);
	counter_add(&k->packets, 1);
	counter_add(&k->bytes, bytes);
}

void set_element_counters_zero(struct set *set, uint32_t position)
{
	uint16_t w;

	for (w = 0; set_counts(set) && w < set->sets->workers; w++) {
		atomic_store_explicit(&counter_at(set, position, w)->packets, 0,
		                      memory_order_relaxed);
		atomic_store_explicit(&counter_at(set, position, w)->bytes, 0,
		                      memory_order_relaxed);
	}
}

void set_element_counters_read(const struct set *set, uint32_t position,
                               uint64_t *packets, uint64_t *bytes)
{
	const struct set_counter *k;
	uint16_t w;

	*packets = *bytes = 0;
	for (w = 0; set_counts(set) && w < set->sets->workers; w++) {
		k = counter_at(set, position, w);
		*packets += atomic_load_explicit(&k->packets, memory_order_relaxed);
		*bytes += atomic_load_explicit(&k->bytes, memory_order_relaxed);
	}
}

/* ---- timeouts ---------------------------------------------------------------------- */

static uint64_t deadline_at(const struct set *set, uint32_t at)
{
	return set_element_at(set, set->heap[at])->deadline_ms;
}

static void heap_place(struct set *set, uint32_t at, uint32_t position)
{
	set->heap[at] = position;
	set_element_at(set, position)->heap_at = at + 1;
}

static void heap_up(struct set *set, uint32_t at)
{
	uint32_t position = set->heap[at];

	while (at > 0 && deadline_at(set, (at - 1) / 2) >
	                         set_element_at(set, position)->deadline_ms) {
		heap_place(set, at, set->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_place(set, at, position);
}

static void heap_down(struct set *set, uint32_t at)
{
	uint32_t position = set->heap[at], child;

	while ((child = 2 * at + 1) < set->heap_length) {
		if (child + 1 < set->heap_length &&
		    deadline_at(set, child + 1) < deadline_at(set, child))
			child++;
		if (deadline_at(set, child) >= set_element_at(set, position)->deadline_ms)
			break;
		heap_place(set, at, set->heap[child]);
		at = child;
	}
	heap_place(set, at, position);
}

static void heap_remove(struct set *set, uint32_t position)
{
	struct set_element *e = set_element_at(set, position);
	uint32_t at = e->heap_at - 1, moved;

	if (!e->heap_at)
		return;
	e->heap_at = 0;
	moved = set->heap[--set->heap_length];
	if (moved == position)
		return;
	heap_place(set, at, moved);
	heap_up(set, at);
	heap_down(set, set_element_at(set, moved)->heap_at - 1);
}

static bool heap_reserve(struct set *set, uint32_t n)
{
	uint32_t room = set->heap_room ? set->heap_room : 16;
	void *heap;

	if (n <= set->heap_room)
		return true;
	while (room < n)
		room *= 2;
	heap = ctlink_memory_resize(set->sets->memory, set->heap,
	                            room * sizeof(*set->heap));
	if (!heap)
		return false;
	set->heap = (uint32_t *)heap;
	set->heap_room = room;
	return true;
}

void set_element_timeout_set(struct set *set, uint32_t position, uint32_t timeout_s,
                             uint64_t now_ms)
{
	struct set_element *e = set_element_at(set, position);

	heap_remove(set, position);
	e->timeout_s = timeout_s;
	if (!timeout_s)
		return;
	e->deadline_ms = now_ms + timeout_s * 1000ull;
	set->heap[set->heap_length] = position;
	heap_up(set, set->heap_length++);
}

/* ---- slots ------------------------------------------------------------------------- */

static struct set_chunk *chunk_new(const struct set *set)
{
	const struct sets *sets = set->sets;
	struct set_chunk *chunk = (struct set_chunk *)sets_alloc(sets, 1, sizeof(*chunk));

	if (!chunk || !set_counts(set))
		return chunk;
	chunk->counters = (struct set_counter *)sets_alloc(
		sets, (size_t)sets->workers * SET_CHUNK, sizeof(*chunk->counters));
	if (chunk->counters)
		return chunk;
	sets_free(sets, chunk);
	return NULL;
}

static void chunks_left(struct rcu_head *head)
{
	struct set_chunks *chunks = base_container_of(head, struct set_chunks, rcu);

	rcu_deferred();
	sets_free(chunks->sets, chunks);
}

/* A longer list of chunks; workers may go on with the one before. */
static struct set_chunks *chunks_grow(struct set *set)
{
	struct set_chunks *old = atomic_load_explicit(&set->chunks, memory_order_relaxed),
			  *chunks;
	uint32_t room = old ? old->room * 2 : 4;

	chunks = (struct set_chunks *)sets_alloc(
		set->sets, 1, sizeof(*chunks) + room * sizeof(*chunks->list));
	if (!chunks)
		return NULL;
	chunks->sets = set->sets;
	chunks->room = room;
	if (old)
		memcpy(chunks->list, old->list, old->room * sizeof(*chunks->list));
	atomic_store_explicit(&set->chunks, chunks, memory_order_release);
	if (old)
		rcu_defer(&old->rcu, chunks_left);
	return chunks;
}

static bool chunk_append(struct set *set)
{
	struct set_chunks *chunks =
		atomic_load_explicit(&set->chunks, memory_order_relaxed);
	struct set_chunk *chunk;

	if (!chunks || set->n_chunks == chunks->room)
		chunks = chunks_grow(set);
	chunk = chunks ? chunk_new(set) : NULL;
	if (!chunk)
		return false;
	chunks->list[set->n_chunks++] = chunk;
	return true;
}

/* A slot that was never used. As many may wait for a grace period as may be in use; 0: more do,
 * or there is no memory. */
static uint32_t slot_first(struct set *set)
{
	uint32_t position = set->high + 1;

	if (position > 2ull * set->size + SET_CHUNK)
		return 0;
	if (position / SET_CHUNK >= set->n_chunks && !chunk_append(set))
		return 0;
	set->high = position;
	return position;
}

static void slot_push(struct set *set, uint32_t *list, uint32_t position)
{
	set_element_at(set, position)->next = *list;
	*list = position;
}

static uint32_t slot_take(struct set *set)
{
	uint32_t position = set->free;

	if (!position)
		return slot_first(set);
	set->free = set_element_at(set, position)->next;
	return position;
}

uint32_t set_element_new(struct set *set, const struct set_key *key, const char *comment)
{
	struct set_element *e;
	uint32_t position;

	if (!heap_reserve(set, set->length + set->staged + 1))
		return 0;
	position = slot_take(set);
	if (!position)
		return 0;
	e = set_element_at(set, position);
	memset(e, 0, sizeof(*e));
	memcpy(e->first, key->first, sizeof(e->first));
	e->port = key->port;
	e->table = key->table;
	e->prefix = key->prefix;
	e->state = SET_SLOT_STAGED;
	set->staged++;
	set_element_counters_zero(set, position);
	if (key->prefix == SET_RANGE && !more_make(set, e))
		goto failed;
	if (e->more)
		memcpy(e->more->last, key->last, sizeof(e->more->last));
	if (!comment)
		return position;
	if (more_make(set, e) &&
	    ctlink_string_set(&e->more->comment, comment, strlen(comment),
	                      set->sets->memory) == 0)
		return position;

failed:
	set_element_forget(set, position);
	return 0;
}

void set_element_forget(struct set *set, uint32_t position)
{
	struct set_element *e = set_element_at(set, position);

	more_free(set, e);
	e->state = SET_SLOT_FREE;
	set->staged--;
	slot_push(set, &set->free, position);
}

void set_element_withdraw(struct set *set, uint32_t position)
{
	set_element_at(set, position)->state = SET_SLOT_GONE;
	set->staged--;
	slot_push(set, &set->waiting, position);
}

void set_element_enter(struct set *set, uint32_t position, uint64_t now_ms)
{
	struct set_element *e = set_element_at(set, position);

	e->state = SET_SLOT_USED;
	set->staged--;
	set->length++;
	set->of_rules_length += e->marks & SET_ELEMENT_OF_RULES;
	set_element_timeout_set(set, position, e->timeout_s, now_ms);
}

void set_element_leave(struct set *set, uint32_t position)
{
	struct set_element *e = set_element_at(set, position);

	heap_remove(set, position);
	e->state = SET_SLOT_GONE;
	set->length--;
	set->of_rules_length -= e->marks & SET_ELEMENT_OF_RULES;
	slot_push(set, &set->waiting, position);
}

static void slots_flown(struct rcu_head *head)
{
	struct set *set = base_container_of(head, struct set, rcu);

	rcu_deferred();
	atomic_store_explicit(&set->flown, true, memory_order_release);
}

static void slots_free(struct set *set)
{
	uint32_t position, next;

	for (position = set->flying; position; position = next) {
		next = set_element_at(set, position)->next;
		more_free(set, set_element_at(set, position));
		set_element_at(set, position)->state = SET_SLOT_FREE;
		slot_push(set, &set->free, position);
	}
	set->flying = 0;
}

void set_slots_reclaim(struct set *set)
{
	if (set->in_flight) {
		if (!atomic_load_explicit(&set->flown, memory_order_acquire))
			return;
		set->in_flight = false;
		slots_free(set);
	}
	if (!set->waiting)
		return;
	set->flying = set->waiting;
	set->waiting = 0;
	set->in_flight = true;
	atomic_store_explicit(&set->flown, false, memory_order_relaxed);
	rcu_defer(&set->rcu, slots_flown);
}

void set_slots_fini(struct set *set)
{
	struct set_chunks *chunks =
		atomic_load_explicit(&set->chunks, memory_order_relaxed);
	uint32_t i;

	for (i = 1; i <= set->high; i++)
		more_free(set, set_element_at(set, i));
	for (i = 0; i < set->n_chunks; i++) {
		sets_free(set->sets, chunks->list[i]->counters);
		sets_free(set->sets, chunks->list[i]);
	}
	sets_free(set->sets, chunks);
	sets_free(set->sets, set->heap);
}

uint64_t set_slots_memory(const struct set *set)
{
	uint64_t chunk = sizeof(struct set_chunk);

	if (set_counts(set))
		chunk += (uint64_t)set->sets->workers * SET_CHUNK *
		         sizeof(struct set_counter);
	return set->n_chunks * chunk + set->heap_room * sizeof(*set->heap);
}
