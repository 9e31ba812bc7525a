/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which generation is in force, and what workers count.
 *
 * One pointer, stored with release and loaded with acquire: who sees a generation sees
 * all that it was made of, the chunks of counters included. The one before is put after a
 * grace period, in liburcu's thread; its rules' counters retire before, so that who still
 * accounts for them (a flow that keeps an old verdict) finds them closed.
 */
#include "rules/rules_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void *rules_alloc(const struct rules *rules, size_t n, size_t size)
{
	void *p = ctlink_memory_resize(rules->memory, NULL, n ? n * size : 1);

	if (p)
		memset(p, 0, n * size);
	return p;
}

void rules_free(const struct rules *rules, void *p)
{
	ctlink_memory_free(rules->memory, p);
}

int rules_error_set(struct rules_error *e, int code, uint32_t item, uint16_t attr,
                    uint32_t number, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;
	memset(e, 0, sizeof(*e));
	e->error.code = code;
	e->item = item;
	e->attr = attr;
	e->number = number;
	va_start(ap, fmt);
	vsnprintf(e->error.text, sizeof(e->error.text), fmt, ap);
	va_end(ap);
	return code;
}

/* ---- life ---------------------------------------------------------------------- */

/* Policies have the lowest indexes, and are in force from the first generation on. */
static int policies_take(struct rules *rules)
{
	uint32_t i, index;
	int err;

	for (i = 0; i < RULES_POLICIES; i++) {
		err = counters_take(&rules->counters, &index);
		if (err)
			return err;
		assert(index == i);
		counters_born_set(&rules->counters, index, 1);
	}
	return 0;
}

static int first_generation(struct rules *rules)
{
	struct rules_change *c;
	int err;

	c = rules_change_new(rules, &err);
	if (!c)
		return err;
	err = rules_change_build(c, NULL);
	if (!err)
		rules_change_commit(c, 0, 0);
	rules_change_destroy(c);
	return err;
}

struct rules *rules_new(const char *backend, uint16_t workers,
                        const struct ctlink_memory *memory, int *err)
{
	struct rules *rules;

	*err = -EINVAL;
	if (workers < 1 || workers > RULES_WORKERS_MAX)
		return NULL;
	*err = -ENOENT;
	if (!rules_backend_peek(backend))
		return NULL;
	*err = -ENOMEM;
	rules = (struct rules *)ctlink_memory_resize(memory, NULL, sizeof(*rules));
	if (!rules)
		return NULL;
	memset(rules, 0, sizeof(*rules));
	rules->backend = rules_backend_peek(backend);
	rules->memory = memory;
	ids_init(&rules->ids, 1);
	*err = siphash_key_random(&rules->key);
	if (!*err)
		rules->sets = sets_new(workers, memory, err);
	if (*err)
		goto free_rules;
	*err = counters_init(&rules->counters, workers, memory);
	if (*err)
		goto free_sets;
	*err = policies_take(rules);
	if (!*err)
		*err = first_generation(rules);
	if (!*err)
		return rules;

	counters_fini(&rules->counters);
	rules_free(rules, rules->by_index);
	ids_fini(&rules->ids, rules);
free_sets:
	sets_destroy(rules->sets);
free_rules:
	rules_free(rules, rules);
	return NULL;
}

void rules_destroy(struct rules *rules)
{
	if (!rules)
		return;
	rcu_settle(); /* generations that were replaced are gone */
	ruleset_put(rules_peek(rules));
	sets_destroy(rules->sets);
	counters_fini(&rules->counters);
	limit_sources_destroy(rules->sources, rules->memory);
	opens_destroy(rules->opens, rules->memory);
	rules_labels_put(rules->labels);
	rules_free(rules, rules->by_index);
	ids_fini(&rules->ids, rules);
	rules_free(rules, rules);
}

void rules_count_connections(struct rules *rules)
{
	rules->counts_connections = true;
}

void rules_watch_offload(struct rules *rules, void (*offloads)(void *ctx), void *ctx)
{
	rules->offloads = offloads;
	rules->offloads_ctx = ctx;
}

/* ---- the generation in force --------------------------------------------------- */

const struct ruleset *rules_peek(const struct rules *rules)
{
	return atomic_load_explicit(&rules->in_force, memory_order_acquire);
}

const struct ruleset *rules_find(const struct rules *rules)
{
	struct ruleset *rs = atomic_load_explicit(&rules->in_force, memory_order_acquire);

	atomic_fetch_add_explicit(&rs->refs, 1, memory_order_relaxed);
	return rs;
}

void ruleset_put(const struct ruleset *borrowed)
{
	struct ruleset *rs = (struct ruleset *)(uintptr_t)borrowed;

	if (atomic_fetch_sub_explicit(&rs->refs, 1, memory_order_acq_rel) == 1)
		ruleset_destroy(rs);
}

static void ruleset_leave(struct rcu_head *head)
{
	rcu_deferred();
	ruleset_put(base_container_of(head, struct ruleset, rcu));
	rcu_tsan_release(&rcu_tsan_readers); /* to who waits with rcu_settle() */
}

/* Rules that come and rules that stay; those that go were told apart by the number. */
static void rules_enter(struct rules *rules, struct ruleset *rs)
{
	struct rule *rule;
	uint32_t i;

	for (i = 0; i < rs->n_rules; i++) {
		rule = rs->rule[i];
		if (counters_born(&rules->counters, rule->index) == COUNTERS_RETIRED)
			counters_born_set(&rules->counters, rule->index, rs->generation);
		rules->by_index[rule->index] = rule;
		rule->generation = rs->generation;
	}
}

static void rules_leave(struct rules *rules, const struct ruleset *old,
                        uint32_t generation)
{
	struct rule *rule;
	uint32_t i;

	for (i = 0; i < old->n_rules; i++) {
		rule = old->rule[i];
		if (rule->generation == generation)
			continue;
		counters_born_set(&rules->counters, rule->index, COUNTERS_RETIRED);
		rules->by_index[rule->index] = NULL;
	}
}

/* What the rules to come look at is there before they are. */
static void sets_commit(const struct rules_change *c)
{
	int err = c->sets ? sets_change_commit(c->sets, UINT32_MAX) : 0;

	assert(err == 0); /* it was prepared */
	(void)err;
}

static void sets_use(const struct ruleset *rs, int by)
{
	uint32_t i;

	for (i = 0; i < rs->n_sets; i++)
		set_use(rs->pool.sets[i], by);
}

uint32_t rules_change_commit(struct rules_change *c, uint64_t loaded_s, uint64_t build_ns)
{
	struct rules *rules = c->rules;
	struct ruleset *rs = c->built, *old;

	assert(rs);
	c->built = NULL;
	sets_commit(c);
	old = atomic_load_explicit(&rules->in_force, memory_order_relaxed);
	rs->generation = old ? old->generation + 1 : 1;
	rs->loaded_s = loaded_s;
	rs->build_ns = build_ns;
	sets_use(rs, 1);
	rules_enter(rules, rs);
	if (rules->offloads && ruleset_offloads(rs))
		rules->offloads(rules->offloads_ctx);
	atomic_store_explicit(&rules->in_force, rs, memory_order_release);
	if (!old)
		return rs->generation;
	sets_use(old, -1);
	rules_leave(rules, old, rs->generation);
	rcu_defer(&old->rcu, ruleset_leave);
	return rs->generation;
}

/* ---- counting ------------------------------------------------------------------ */

struct sets *rules_sets(const struct rules *rules)
{
	return rules->sets;
}

struct rules_worker *rules_worker(struct rules *rules, uint16_t number)
{
	assert(number < rules->counters.n_workers);
	return &rules->counters.workers[number];
}

void rules_account(struct rules_worker *w, uint32_t generation, uint32_t index,
                   uint32_t bytes)
{
	struct rules_counter *k = counters_at(w, index);

	if (atomic_load_explicit(&k->born, memory_order_relaxed) > generation)
		return;
	counters_add(&k->packets, 1);
	counters_add(&k->bytes, bytes);
}

bool rules_name_read(const struct rules *rules, uint32_t generation, uint32_t index,
                     uint32_t *id, const char **name)
{
	const struct rule *rule;

	if (index < RULES_POLICIES || index >= rules->by_index_size)
		return false;
	rule = rules->by_index[index];
	if (!rule || counters_born(&rules->counters, index) > generation)
		return false;
	*id = rule->id;
	*name = rule->value.name ? rule->value.name : "";
	return true;
}

/* ---- logging and limits --------------------------------------------------------- */

bool rules_log_take(struct rules *rules, uint16_t number, struct rules_log_entry *out)
{
	assert(number < rules->counters.n_workers);
	return rules_log_pop(&rules->counters.workers[number].log, out);
}

static uint64_t lost(const struct rules_log *log)
{
	return atomic_load_explicit(&log->lost, memory_order_relaxed);
}

uint64_t rules_log_lost(const struct rules *rules)
{
	uint64_t sum = 0;
	uint16_t w;

	for (w = 0; w < rules->counters.n_workers; w++)
		sum += lost(&rules->counters.workers[w].log);
	return sum;
}

uint64_t rules_updates_lost(const struct rules *rules)
{
	uint64_t sum = 0;
	uint16_t w;

	for (w = 0; w < rules->counters.n_workers; w++)
		sum += lost(&rules->counters.workers[w].updates);
	return sum;
}

void rules_open_put(struct rules *rules, uint32_t open)
{
	opens_put(atomic_load_explicit(&rules->opens, memory_order_acquire), open);
}

uint64_t rules_limit_evicted(const struct rules *rules)
{
	const struct limit_sources *s =
		atomic_load_explicit(&rules->sources, memory_order_acquire);

	return s ? limit_sources_evicted(s) : 0;
}
