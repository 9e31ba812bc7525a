/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What workers search. Tables are made when the first element needs one: a set of a few
 * ports takes no room for IPv6. An index that was replaced is destroyed by control after a
 * grace period, for its tables wait for callbacks of their own.
 */
#include <errno.h>
#include <string.h>

#include "sets/sets_priv.h"

/* ---- the owner of pairs ------------------------------------------------------------ */

static uint64_t pair_hash(const struct sets *sets, const struct set_part *part)
{
	uint8_t bytes[19];

	memcpy(bytes, part->bytes, 16);
	memcpy(bytes + 16, &part->port, 2);
	bytes[18] = part->length;
	return siphash(bytes, sizeof(bytes), &sets->key);
}

/* Any thread: the element is whole before its position is found. */
static bool pair_match(void *ctx, uint32_t position, const void *key)
{
	const struct set *set = ((const struct set_index *)ctx)->set;
	const struct set_element *e = set_element_at(set, position);
	const struct set_part *part = (const struct set_part *)key;

	return e->port == part->port && e->prefix == part->length &&
	       memcmp(e->first, part->bytes, 16) == 0;
}

static bool permit_in(const struct sets *sets)
{
	void *p = ctlink_memory_resize(sets->memory, NULL, 1);

	ctlink_memory_free(sets->memory, p);
	return p != NULL;
}

/* The tables take their memory from the system; a test's memory may refuse it. */
static bool index_permit(void *ctx, size_t bytes)
{
	return permit_in(((const struct set_index *)ctx)->set->sets);
}

static const struct hashtrie_ops pair_ops = { .match = pair_match,
	                                      .permit = index_permit };

/* ---- life -------------------------------------------------------------------------- */

struct set_index *set_index_new(struct set *set)
{
	struct set_index *ix = (struct set_index *)sets_alloc(set->sets, 1, sizeof(*ix));

	if (ix)
		ix->set = set;
	return ix;
}

void set_index_destroy(struct set_index *ix)
{
	if (!ix)
		return;
	prefix_destroy(atomic_load_explicit(&ix->tables[0], memory_order_relaxed));
	prefix_destroy(atomic_load_explicit(&ix->tables[1], memory_order_relaxed));
	hashtrie_destroy(atomic_load_explicit(&ix->pairs, memory_order_relaxed));
	sets_free(ix->set->sets, ix);
}

static void index_left(struct rcu_head *head)
{
	struct set_index *ix = base_container_of(head, struct set_index, rcu);

	rcu_deferred();
	atomic_store_explicit(&ix->left, true, memory_order_release);
}

void set_index_leave(struct set_index *ix)
{
	struct sets *sets = ix->set->sets;

	set_get(ix->set);
	ix->next = sets->leaving;
	sets->leaving = ix;
	rcu_defer(&ix->rcu, index_left);
}

/* ---- searching --------------------------------------------------------------------- */

static const struct prefix_table *table_of(const struct set_index *ix, unsigned int table)
{
	return atomic_load_explicit(&ix->tables[table], memory_order_acquire);
}

bool set_find(const struct set *set, const struct set_query *query, uint32_t *element)
{
	const struct set_index *ix = set_index_of(set);
	const struct prefix_table *t;
	const struct hashtrie *pairs;
	struct set_part part;

	set_query_part(set->type, query, &part);
	if (part.table != SET_PAIRS) {
		t = table_of(ix, part.table);
		return t && prefix_find(t, part.bytes, element);
	}
	pairs = atomic_load_explicit(&ix->pairs, memory_order_acquire);
	*element = pairs ? hashtrie_find(pairs, pair_hash(set->sets, &part), &part)
	                 : HASHTRIE_NONE;
	return *element != HASHTRIE_NONE;
}

uint32_t set_index_get(const struct set_index *ix, const struct set_part *part)
{
	const struct hashtrie *pairs;
	struct prefix_table *t;
	uint32_t position = 0;

	if (part->table != SET_PAIRS) {
		t = atomic_load_explicit(&ix->tables[part->table], memory_order_relaxed);
		if (!t || !prefix_get(t, part->bytes, part->length, &position))
			return 0;
		return position;
	}
	pairs = atomic_load_explicit(&ix->pairs, memory_order_relaxed);
	return pairs ? hashtrie_find(pairs, pair_hash(ix->set->sets, part), part) : 0;
}

/* ---- changing ---------------------------------------------------------------------- */

/* Make the table that @part belongs to, if it is not there. */
static int table_make(struct set_index *ix, const struct set_part *part)
{
	struct prefix_table *t;
	struct hashtrie *pairs;

	if (part->table == SET_PAIRS) {
		if (atomic_load_explicit(&ix->pairs, memory_order_relaxed))
			return 0;
		pairs = permit_in(ix->set->sets) ? hashtrie_new(&pair_ops, ix) : NULL;
		atomic_store_explicit(&ix->pairs, pairs, memory_order_release);
		return pairs ? 0 : -ENOMEM;
	}
	if (table_of(ix, part->table))
		return 0;
	t = prefix_new(part->table == SET_BITS32 ? PREFIX_IPV4 : PREFIX_IPV6,
	               index_permit, ix);
	atomic_store_explicit(&ix->tables[part->table], t, memory_order_release);
	return t ? 0 : -ENOMEM;
}

static int part_insert(struct set_index *ix, const struct set_part *part,
                       uint32_t position)
{
	int err = table_make(ix, part);

	if (err)
		return err;
	if (part->table == SET_PAIRS)
		err = hashtrie_insert(
			atomic_load_explicit(&ix->pairs, memory_order_relaxed),
			pair_hash(ix->set->sets, part), part, position, NULL);
	else
		err = prefix_insert(atomic_load_explicit(&ix->tables[part->table],
		                                         memory_order_relaxed),
		                    part->bytes, part->length, position);
	return err ? -ENOMEM : 0; /* or a hundred equal hashes: as good as no room */
}

static void part_remove(struct set_index *ix, const struct set_part *part,
                        uint32_t position)
{
	if (part->table == SET_PAIRS)
		hashtrie_remove(atomic_load_explicit(&ix->pairs, memory_order_relaxed),
		                pair_hash(ix->set->sets, part), position);
	else
		prefix_remove(atomic_load_explicit(&ix->tables[part->table],
		                                   memory_order_relaxed),
		              part->bytes, part->length);
}

/* The first @n parts. */
static void parts_remove(struct set_index *ix, uint32_t position, uint32_t n)
{
	struct set_parts parts;
	struct set_part part;
	struct set_key key;

	set_element_key(ix->set, position, &key);
	set_parts_init(&parts, &key);
	while (n-- > 0 && set_parts_next(&parts, &part))
		part_remove(ix, &part, position);
}

int set_index_insert(struct set_index *ix, uint32_t position)
{
	struct set_parts parts;
	struct set_part part;
	struct set_key key;
	uint32_t n = 0;
	int err = 0;

	set_element_key(ix->set, position, &key);
	set_parts_init(&parts, &key);
	while (!err && set_parts_next(&parts, &part)) {
		err = part_insert(ix, &part, position);
		n += !err;
	}
	if (err)
		parts_remove(ix, position, n);
	return err;
}

void set_index_remove(struct set_index *ix, uint32_t position)
{
	parts_remove(ix, position, UINT32_MAX);
}
