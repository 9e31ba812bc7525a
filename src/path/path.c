/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path.c - the order of a packet's stages
 *
 *          all packets of the batch          each packet, in order
 *       ┌────────────────────────────┐  ┌──────────────────────────────────────────┐
 *       │ parse ─▶ prepare ─▶ look   │  │ find ─▶ follow ─▶ judge ─▶ confirm ─▶    │
 *  in ─▶│ bytes    key        up     │─▶│ flow    tracker   rules    table         │─▶ verdict,
 *       │                            │  │                       help   finish      │   mark
 *       │                            │  │                       payload  events    │
 *       └────────────────────────────┘  └──────────────────────────────────────────┘
 *
 * Looking up happens for the whole batch at once, so that its cache misses overlap. What
 * one packet changes (a flow that comes or goes) later ones of the batch must see: they
 * look again when `moved` says so.
 */
#include "path/path.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "path/path_priv.h"

#define NS_PER_S 1000000000ull

/* Packets in fragments at once for each worker: with the kernel's 30 s they bound it to
 * 2,184 fragmented packets a second that nobody completes. */
#define PATH_FRAGMENTS_DEFAULT 65536

void path_config_init(struct path_config *cfg)
{
	memset(cfg, 0, sizeof(*cfg));
	track_config_init(&cfg->track);
	cfg->fragments = PATH_FRAGMENTS_DEFAULT;
	cfg->on_change = PATH_REEVALUATE;
	cfg->ask.timeout_s = 30;
	cfg->ask.limit = 1000;
	cfg->ask.flow_limit = 16;
}

/* ---- life ---------------------------------------------------------------------- */

static int path_worker_init(struct path *path, uint16_t number)
{
	struct path_worker *w = &path->workers[number];
	struct siphash_key key;
	int err = siphash_key_random(&key);

	if (err < 0)
		return err;
	w->path = path;
	w->number = number;
	w->flows = flow_worker(path->flows, number);
	w->rules = rules_worker(path->rules, number);
	w->fragments = fragment_cache_new(path->cfg.fragments, &key);
	if (!w->fragments)
		return -ENOMEM;
	err = path_ask_init(w);
	if (err < 0)
		return err;
	return spsc_init(&w->watch, PATH_WATCH_RING);
}

static struct path_track *path_track_new(const struct track_config *cfg,
                                         const struct path_zone *zones, unsigned int n)
{
	struct path_track *track = malloc(sizeof(*track) + n * sizeof(*zones));

	if (!track)
		return NULL;
	track->cfg = *cfg;
	track->zones_length = n;
	if (n)
		memcpy(track->zones, zones, n * sizeof(*zones));
	return track;
}

struct path *path_new(const struct path_config *cfg, struct flow_table *flows,
                      struct rules *rules, uint16_t workers)
{
	struct path *path = calloc(1, sizeof(*path));
	struct path_track *track;
	uint16_t i;

	if (!path)
		return NULL;
	path->cfg = *cfg;
	path->flows = flows;
	path->rules = rules;
	path->cookie_shift =
		cfg->cookie_mask ? (unsigned int)__builtin_ctz(cfg->cookie_mask) : 0;
	path->zone_shift =
		cfg->zone_mask ? (unsigned int)__builtin_ctz(cfg->zone_mask) : 0;
	track = path_track_new(&cfg->track, cfg->zones, cfg->zones_length);
	atomic_init(&path->track, track);
	path->workers =
		aligned_alloc(BASE_CACHELINE, workers * sizeof(struct path_worker));
	path->registry = track_registry_new();
	path->question_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!track || !path->workers || !path->registry || path->question_fd < 0 ||
	    path_watch_init(path) < 0)
		goto destroy;
	memset(path->workers, 0, workers * sizeof(struct path_worker));
	for (i = 0; i < workers; i++) {
		path->workers_length = (uint16_t)(i + 1);
		if (path_worker_init(path, i) < 0)
			goto destroy;
	}
	return path;

destroy:
	path_destroy(path);
	return NULL;
}

void path_destroy(struct path *path)
{
	uint16_t i;

	for (i = 0; i < path->workers_length; i++) {
		fragment_cache_destroy(path->workers[i].fragments);
		path_ask_fini(&path->workers[i]);
		spsc_fini(&path->workers[i].watch);
	}
	path_watch_fini(path);
	if (path->question_fd >= 0)
		close(path->question_fd);
	free(path->workers);
	track_registry_destroy(path->registry);
	free(atomic_load(&path->track));
	free(path);
}

struct path_worker *path_worker(struct path *path, uint16_t number)
{
	assert(number < path->workers_length);
	return &path->workers[number];
}

/* ---- configuration ------------------------------------------------------------- */

static void path_track_free(struct rcu_head *head)
{
	rcu_deferred();
	free(base_container_of(head, struct path_track, rcu));
}

int path_track_config_set(struct path *path, const struct track_config *cfg,
                          const struct path_zone *zones, unsigned int zones_length)
{
	struct path_track *track = path_track_new(cfg, zones, zones_length), *old;

	if (!track)
		return -ENOMEM;
	old = atomic_exchange(&path->track, track);
	rcu_defer(&old->rcu, path_track_free);
	return 0;
}

void path_local_time_set(struct path *path, uint64_t offset_s)
{
	atomic_store_explicit(&path->local_offset_s, offset_s, memory_order_relaxed);
}

uint64_t path_local_time(const struct path *path, uint32_t now_s)
{
	return now_s + atomic_load_explicit(&path->local_offset_s, memory_order_relaxed);
}

void path_track_config_get(const struct path *path, struct track_config *cfg)
{
	*cfg = atomic_load_explicit(&path->track, memory_order_acquire)->cfg;
}

const struct track_config *path_track_of_zone(const struct path_track *track,
                                              uint16_t zone)
{
	unsigned int low = 0, high = track->zones_length, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (track->zones[middle].zone == zone)
			return &track->zones[middle].track;
		if (track->zones[middle].zone < zone)
			low = middle + 1;
		else
			high = middle;
	}
	return &track->cfg;
}

struct track_registry *path_registry(struct path *path)
{
	return path->registry;
}

/* ---- the way ------------------------------------------------------------------- */

static enum flow_role role_of_hook(uint8_t hook)
{
	return hook == PACKET_HOOK_PREROUTING || hook == PACKET_HOOK_OUTPUT
	               ? FLOW_ROLE_ENTRY
	               : FLOW_ROLE_CONFIRM;
}

void path_begin(struct path_worker *w, uint64_t now_ns)
{
	w->ruleset = rules_peek(w->path->rules);
	w->generation = ruleset_generation(w->ruleset);
	w->track = atomic_load_explicit(&w->path->track, memory_order_acquire);
	w->machines = track_registry_peek(w->path->registry);
	w->watched = atomic_load_explicit(&w->path->watched, memory_order_relaxed);
	w->now_ns = now_ns;
	w->now_s = (uint32_t)(now_ns / NS_PER_S);
	w->moved = false;
}

static void set_zone(const struct path *path, struct packet *p)
{
	uint32_t zone = p->mark & path->cfg.zone_mask;

	if (base_unlikely(zone))
		p->zone = (uint16_t)(zone >> path->zone_shift);
}

static void step_begin(struct path_worker *w, struct path_step *s, struct packet *p,
                       struct packet_verdict *out)
{
	memset(s, 0, sizeof(*s));
	s->p = p;
	s->out = out;
	s->role = role_of_hook(p->hook);
	set_zone(w->path, p);
	packet_parse(p);
	if (base_likely(!p->fragment))
		path_find_prepare(w, s);
}

/* The flows of all packets that have a key. */
static void batch_look_up(struct path_worker *w, const struct path_step *steps,
                          unsigned int n, struct flow_ref *found)
{
	const struct tuple *keys[PATH_BATCH_MAX];
	struct flow_ref refs[PATH_BATCH_MAX];
	unsigned int i, keyed = 0;

	for (i = 0; i < n; i++)
		if (steps[i].has_key)
			keys[keyed++] = &steps[i].key;
	flow_peek_bulk(w->path->flows, keyed, keys, refs);
	for (i = 0; i < keyed; i++)
		if (refs[i].flow)
			flow_prefetch(w->path->flows, refs[i].flow);
	for (i = n; i-- > 0;)
		found[i] =
			steps[i].has_key ? refs[--keyed] : (struct flow_ref){ NULL, 0 };
}

static void count(_Atomic uint64_t *n, uint64_t more)
{
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + more,
	                      memory_order_relaxed);
}

static void watch(struct path_worker *w, struct path_step *s)
{
	if (base_unlikely(w->watched & (s->accept ? WATCH_ALL : WATCH_ALL | WATCH_DROPS)))
		path_watch_note(w, s);
}

/* What a packet that waits has yet to go through is done by ask.c, by way of
 * path_conclude(). */
static bool wait_begin(struct path_worker *w, struct path_step *s)
{
	if (!path_ask(w, s))
		return false;
	watch(w, s);
	count(&w->reasons[s->reason], 1);
	return true;
}

bool path_conclude(struct path_worker *w, struct path_step *s)
{
	do {
		if (base_unlikely(s->waits) && wait_begin(w, s))
			return true;
		if (s->flow && s->accept && !flow_is_confirmed(s->flow) &&
		    (s->role == FLOW_ROLE_CONFIRM || w->path->cfg.confirm_at_entry))
			path_confirm(w, s);
	} while (base_unlikely(s->waits)); /* another flow has its tuple and decides */
	if (base_unlikely(s->parted) && s->flow && s->accept)
		path_clash_part(w, s);
	if (s->flow && s->accept && !s->error &&
	    base_unlikely(flow_status(s->flow) & TRACK_HELPER))
		path_help(w, s);
	path_finish(w, s);
	path_mark_write(w, s);
	s->out->accept = s->accept || s->marked;
	watch(w, s);
	count(&w->reasons[s->reason], 1);
	if (s->invalid)
		count(&w->reasons[s->invalid], 1);
	return false;
}

/* Fragments are prepared and looked up one by one: what becomes of a packet's first one
 * decides what the others are. */
static struct flow_ref fragment_look_up(struct path_worker *w, struct path_step *s)
{
	fragment_cache_apply(w->fragments, s->p, w->now_ns / 1000000u);
	path_find_prepare(w, s);
	return s->has_key ? flow_peek(w->path->flows, &s->key)
	                  : (struct flow_ref){ NULL, 0 };
}

static bool step_run(struct path_worker *w, struct path_step *s, struct flow_ref found)
{
	bool fragment = base_unlikely(s->p->fragment);

	if (fragment)
		found = fragment_look_up(w, s);
	if (s->has_key)
		path_find(w, s, found);
	path_follow(w, s);
	if (fragment && s->invalid && !s->p->invalid)
		fragment_cache_forget(w->fragments, s->p, w->now_ns / 1000000u);
	if (!s->reason) /* else there was no room for its flow */
		path_judge(w, s);
	return path_conclude(w, s);
}

uint64_t path_batch(struct path_worker *w, struct packet *packets,
                    struct packet_verdict *verdicts, unsigned int n, uint64_t now_ns)
{
	struct path_step steps[PATH_BATCH_MAX];
	struct flow_ref found[PATH_BATCH_MAX];
	uint64_t bytes = 0, held = 0;
	unsigned int i;

	assert(n <= PATH_BATCH_MAX);
	path_begin(w, now_ns);
	for (i = 0; i < n; i++) {
		step_begin(w, &steps[i], &packets[i], &verdicts[i]);
		bytes += packets[i].length;
	}
	batch_look_up(w, steps, n, found);
	for (i = 0; i < n; i++)
		held |= (uint64_t)step_run(w, &steps[i], found[i]) << i;
	count(&w->packets, n);
	count(&w->bytes, bytes);
	return held;
}

bool path_tick(struct path_worker *w, uint64_t now_ns)
{
	return flow_reap(w->flows, now_ns) == FLOW_REAP_MAX;
}

/* ---- numbers ------------------------------------------------------------------- */

uint64_t path_reason_read(const struct path *path, enum ctq_reason reason)
{
	uint64_t sum = 0;
	uint16_t i;

	for (i = 0; i < path->workers_length; i++)
		sum += path_reason_read_worker(path, i, reason);
	return sum;
}

uint64_t path_reason_read_worker(const struct path *path, uint16_t worker,
                                 enum ctq_reason reason)
{
	return atomic_load_explicit(&path->workers[worker].reasons[reason],
	                            memory_order_relaxed);
}

void path_totals_read(const struct path *path, uint64_t *packets, uint64_t *bytes)
{
	uint16_t i;

	*packets = *bytes = 0;
	for (i = 0; i < path->workers_length; i++) {
		*packets += atomic_load_explicit(&path->workers[i].packets,
		                                 memory_order_relaxed);
		*bytes += atomic_load_explicit(&path->workers[i].bytes,
		                               memory_order_relaxed);
	}
}
