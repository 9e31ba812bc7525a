/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/info.h"

#include "flow/table_priv.h"

static void info_side(const struct flow *f, enum track_dir dir, struct flow_info *info)
{
	flow_tuple_load(f, dir, &info->tuple[dir]);
	info->packets[dir] =
		atomic_load_explicit(&f->side[dir].packets, memory_order_relaxed);
	info->bytes[dir] =
		atomic_load_explicit(&f->side[dir].bytes, memory_order_relaxed);
}

static void info_refs(const struct flow *f, struct flow_info *info)
{
	info->refs = atomic_load_explicit(&f->refs, memory_order_relaxed);
#ifdef DEBUG_REFS
	for (unsigned int i = 0; i < FLOW_HOLDERS; i++)
		info->held[i] = atomic_load_explicit(&f->held[i], memory_order_relaxed);
#else
	memset(info->held, 0, sizeof(info->held));
#endif
}

/* Its master by slot and id: it may be gone, and another one there. */
static void info_master(const struct flow_table *t, const struct flow *f,
                        struct flow_info *info)
{
	uint32_t index = atomic_load_explicit(&f->master_index, memory_order_relaxed);
	uint32_t id = atomic_load_explicit(&f->master_id, memory_order_relaxed);
	const struct flow *master;

	info->has_master = false;
	if (!index || !(info->status & TRACK_EXPECTED))
		return;
	master = slab_slot(t->slab, index);
	flow_tuple_load(master, TRACK_ORIGINAL, &info->master);
	atomic_thread_fence(memory_order_acquire);
	info->has_master = atomic_load_explicit(&master->id, memory_order_relaxed) == id;
}

void flow_info_read(const struct flow_table *t, const struct flow *f, uint32_t now_s,
                    struct flow_info *info)
{
	uint32_t last_s = atomic_load_explicit(&f->last_s, memory_order_relaxed);

	info_side(f, TRACK_ORIGINAL, info);
	info_side(f, TRACK_REPLY, info);
	info_refs(f, info);
	flow_state_load(f, &info->state);
	info->verdict[FLOW_ROLE_ENTRY] = flow_verdict_load(f, FLOW_ROLE_ENTRY);
	info->verdict[FLOW_ROLE_CONFIRM] = flow_verdict_load(f, FLOW_ROLE_CONFIRM);
	info->started_ns = f->started_ns;
	info->stopped_ns = 0;
	info->status = flow_status(f);
	info->helper = atomic_load_explicit(&f->helper, memory_order_relaxed);
	info_master(t, f, info);
	info->mark = atomic_load_explicit(&f->mark, memory_order_relaxed);
	info->id = atomic_load_explicit(&f->id, memory_order_relaxed);
	info->timeout_s = flow_timeout_left(t, f, now_s);
	info->age_s = now_s > f->started_s ? now_s - f->started_s : 0;
	info->idle_s = now_s > last_s ? now_s - last_s : 0;
	info->ifin = atomic_load_explicit(&f->ifin, memory_order_relaxed);
	info->ifout = atomic_load_explicit(&f->ifout, memory_order_relaxed);
	info->worker = f->worker;
	info->machine = f->machine;
	info->labels = flow_labels_load(f);
	info->end = atomic_load_explicit(&f->end, memory_order_relaxed);
}
