/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walk.c - listing flows while they come and go
 *
 * Confirmed flows are walked in the order of the hashtrie, whose cursor guarantees that
 * nothing is missed or doubled. Each flow has two keys there; the original direction's
 * is the one that counts.
 */
#include "flow/table_priv.h"

unsigned int flow_walk(struct flow_table *t, struct flow_cursor *c, struct flow **flows,
                       unsigned int max)
{
	struct hashtrie_cursor cursor = { c->position[0], c->position[1] };
	unsigned int found = 0, room = max < FLOW_WALK_BATCH ? max : FLOW_WALK_BATCH, n,
		     i;
	uint32_t handles[FLOW_WALK_BATCH];

	while (max - found >= room) {
		n = hashtrie_next(t->trie, &cursor, handles, room);
		if (n == 0)
			break;
		for (i = 0; i < n; i++)
			if ((handles[i] & 1) == TRACK_ORIGINAL)
				flows[found++] = slab_slot(t->slab, handles[i] >> 1);
	}
	c->position[0] = cursor.at;
	c->position[1] = cursor.done;
	return found;
}

static unsigned int walk_phase(struct flow_table *t, struct flow_cursor *c,
                               struct flow **flows, unsigned int max,
                               enum flow_phase phase)
{
	uint32_t end = slab_high_water(t->slab), found = 0;
	uint64_t i = c->position[0] ? c->position[0] : 1;
	struct flow *f;

	for (; i <= end && found < max; i++) {
		if (atomic_load_explicit(&t->phase[i], memory_order_acquire) != phase)
			continue;
		f = slab_slot(t->slab, (uint32_t)i);
		if (!flow_get_unless_free(f, FLOW_HOLDER_DUMP))
			continue;
		if (atomic_load_explicit(&t->phase[i], memory_order_acquire) == phase &&
		    !(flow_status(f) & TRACK_NAT_CLASH)) /* it stands in no listing */
			flows[found++] = f;
		else
			flow_put(t, f, FLOW_HOLDER_DUMP);
	}
	c->position[0] = i;
	return found;
}

unsigned int flow_walk_unconfirmed(struct flow_table *t, struct flow_cursor *c,
                                   struct flow **flows, unsigned int max)
{
	return walk_phase(t, c, flows, max, FLOW_PHASE_UNCONFIRMED);
}

unsigned int flow_walk_dying(struct flow_table *t, struct flow_cursor *c,
                             struct flow **flows, unsigned int max)
{
	return walk_phase(t, c, flows, max, FLOW_PHASE_DYING);
}
