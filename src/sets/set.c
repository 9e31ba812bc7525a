/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One set: its life. It is held by being in the list of names, by the generations of rules
 * that look at it, and by listings. The last reference may be put by liburcu's thread: the
 * set then goes to the graveyard, from which control takes it (sets.c).
 */
#include "sets/sets_priv.h"

#include <errno.h>
#include <string.h>

void set_destroy(struct set *set)
{
	struct sets *sets = set->sets;

	set_index_destroy(set_index_of(set));
	set_slots_fini(set);
	sets_free(sets, set->comment);
	sets_free(sets, set->name);
	sets_free(sets, set);
}

static int set_fill(struct set *set, const struct ctlink_set *value)
{
	const struct ctlink_memory *memory = set->sets->memory;
	int err = ctlink_string_set(&set->name, value->name, strlen(value->name), memory);

	if (!err && value->comment)
		err = ctlink_string_set(&set->comment, value->comment,
		                        strlen(value->comment), memory);
	atomic_store_explicit(&set->index, set_index_new(set), memory_order_relaxed);
	return err || !set_index_of(set) ? -ENOMEM : 0;
}

struct set *set_new(struct sets *sets, const struct ctlink_set *value, bool of_rules)
{
	struct set *set = (struct set *)sets_alloc(sets, 1, sizeof(*set));

	if (!set)
		return NULL;
	set->sets = sets;
	set->type = value->type;
	set->flags = value->flags;
	set->timeout_s = value->timeout;
	set->line = value->line;
	set->of_rules = of_rules;
	set->size =
		ctlink_has(value, CTLINK_SET_SIZE) ? value->size : CTQ_SET_SIZE_DEFAULT;
	atomic_store_explicit(&set->refs, 1, memory_order_relaxed);
	if (set_fill(set, value) == 0)
		return set;
	set_destroy(set);
	return NULL;
}

void set_get(struct set *set)
{
	atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
}

void set_put(struct set *set)
{
	struct sets *sets = set->sets;

	if (atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) != 1)
		return;
	pthread_mutex_lock(&sets->lock);
	set->next = sets->graveyard;
	sets->graveyard = set;
	pthread_mutex_unlock(&sets->lock);
}

void set_use(struct set *set, int by)
{
	set->uses += (uint32_t)by;
}

bool set_fits(const struct set *set, uint16_t field, uint16_t with)
{
	bool address = field == CTQ_FIELD_SRC || field == CTQ_FIELD_DST;
	bool port = with == CTQ_FIELD_SPORT || with == CTQ_FIELD_DPORT;

	switch ((enum ctq_set_type)set->type) {
	case CTQ_SET_ADDRESS: return address && !with;
	case CTQ_SET_ADDRESS_PORT: return address && port;
	case CTQ_SET_PORT:
		return !with && (field == CTQ_FIELD_SPORT || field == CTQ_FIELD_DPORT);
	case CTQ_SET_INTERFACE:
		return !with && (field == CTQ_FIELD_IIF || field == CTQ_FIELD_OIF);
	case CTQ_SET_MARK:
		return !with && (field == CTQ_FIELD_MARK || field == CTQ_FIELD_PKTMARK);
	}
	return false;
}
