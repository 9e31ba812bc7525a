/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets and elements as values, for listings; see sets.h. */
#include <errno.h>
#include <string.h>

#include "sets/sets_priv.h"

const char *set_name_get(const struct set *set)
{
	return set->name;
}

static uint64_t tables_memory(const struct set_index *ix)
{
	struct hashtrie_stats pairs = { 0 };
	struct prefix_stats prefixes;
	struct prefix_table *t;
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		t = atomic_load_explicit(&ix->tables[i], memory_order_relaxed);
		if (!t)
			continue;
		prefix_stats(t, &prefixes);
		bytes += prefixes.bytes;
	}
	if (atomic_load_explicit(&ix->pairs, memory_order_relaxed))
		hashtrie_stats(atomic_load_explicit(&ix->pairs, memory_order_relaxed),
		               &pairs);
	return bytes + pairs.bytes;
}

void set_read(const struct set *set, struct ctlink_set *out)
{
	*out = (struct ctlink_set){
		.name = set->name,
		.comment = set->comment,
		.type = set->type,
		.flags = set->flags,
		.timeout = set->timeout_s,
		.size = set->size,
		.length = set->length,
		.uses = set->uses,
		.line = set->line,
		.memory = set_slots_memory(set) + tables_memory(set_index_of(set)),
	};
	out->has = 1u << CTLINK_SET_NAME | 1u << CTLINK_SET_TYPE |
	           1u << CTLINK_SET_FLAGS | 1u << CTLINK_SET_SIZE |
	           1u << CTLINK_SET_LENGTH | 1u << CTLINK_SET_USES |
	           1u << CTLINK_SET_MEMORY;
	if (set->comment)
		ctlink_mark(out, CTLINK_SET_COMMENT);
	if (set->timeout_s)
		ctlink_mark(out, CTLINK_SET_TIMEOUT);
	if (set->line)
		ctlink_mark(out, CTLINK_SET_LINE);
}

/* An element for ever says so where the set's own timeout would count else. */
static void timeout_read(const struct set *set, const struct set_element *e,
                         uint64_t now_ms, struct ctlink_element *out)
{
	if (set->timeout_s)
		ctlink_mark(out, CTLINK_ELEMENT_TIMEOUT);
	if (!e->timeout_s)
		return;
	out->timeout = e->timeout_s;
	/* rounded up: what is still there has a second left */
	if (e->deadline_ms > now_ms)
		out->expires = (uint32_t)((e->deadline_ms - now_ms + 999) / 1000);
	ctlink_mark(out, CTLINK_ELEMENT_TIMEOUT);
	ctlink_mark(out, CTLINK_ELEMENT_EXPIRES);
}

void set_element_read(const struct set *set, uint32_t position, uint64_t now_ms,
                      struct ctlink_element *out)
{
	const struct set_element *e = set_element_at(set, position);
	struct set_key key;

	memset(out, 0, sizeof(*out));
	out->set = set->name;
	ctlink_mark(out, CTLINK_ELEMENT_SET);
	set_element_key(set, position, &key);
	set_key_value(set->type, &key, out, out->name);
	timeout_read(set, e, now_ms, out);
	if (e->more && e->more->comment) {
		out->comment = e->more->comment;
		ctlink_mark(out, CTLINK_ELEMENT_COMMENT);
	}
	out->flags = e->marks & SET_ELEMENT_OF_RULES ? CTQ_ELEMENT_OF_RULES : 0;
	ctlink_mark(out, CTLINK_ELEMENT_FLAGS);
	if (!set_counts(set))
		return;
	set_element_counters_read(set, position, &out->packets, &out->bytes);
	ctlink_mark(out, CTLINK_ELEMENT_PACKETS);
	ctlink_mark(out, CTLINK_ELEMENT_BYTES);
}

bool set_element_next(const struct set *set, uint32_t *position, uint64_t now_ms,
                      struct ctlink_element *out)
{
	uint32_t i;

	for (i = *position ? *position : 1; i <= set->high; i++) {
		if (set_element_at(set, i)->state != SET_SLOT_USED)
			continue;
		*position = i;
		set_element_read(set, i, now_ms, out);
		return true;
	}
	*position = i;
	return false;
}

/* A prefix or range that stands there as it is. */
static uint32_t exact_find(const struct set *set, const struct set_key *key)
{
	struct set_parts parts;
	struct set_part part;
	struct set_key found;
	uint32_t position;

	set_parts_init(&parts, key);
	if (!set_parts_next(&parts, &part))
		return 0;
	position = set_index_get(set_index_of(set), &part);
	if (!position)
		return 0;
	set_element_key(set, position, &found);
	return memcmp(&found, key, sizeof(found)) == 0 ? position : 0;
}

/* The narrowest element around a key that is one address, port, mark or name. */
static uint32_t around_find(const struct set *set, const struct set_key *key)
{
	const struct set_index *ix = set_index_of(set);
	const struct prefix_table *t;
	uint32_t position = 0;

	if (key->table == SET_PAIRS)
		return exact_find(set, key);
	t = atomic_load_explicit(&ix->tables[key->table], memory_order_relaxed);
	return t && prefix_find(t, key->first, &position) ? position : 0;
}

static bool is_one(const struct set *set, const struct set_key *key)
{
	unsigned int shift = set->type == CTQ_SET_PORT ? 16 : 0;

	return key->prefix == key->size * 8 - shift;
}

int set_element_find(const struct set *set, const struct ctlink_element *element,
                     uint32_t *position, struct ctlink_error *error)
{
	struct set_key key;
	int err = set_key_make(set->type, element, &key, error);

	if (err)
		return err;
	*position = is_one(set, &key) ? around_find(set, &key) : exact_find(set, &key);
	return *position ? 0 : -ENOENT;
}
