/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.c - what must hold between keys; workers and their queues
 *
 * Pairing. Worker i owns the i-th queue of every section `queues`: what enters by queue i
 * of an entry range and leaves by queue i of a confirm range is met by one thread only.
 *
 *   queues 0-1 { hook prerouting; }      worker 0: 0 and 2
 *   queues 2-3 { hook postrouting; }     worker 1: 1 and 3
 *
 * There are as many workers as the longest range has queues.
 */
#include "config/load.h"

#include <string.h>

#include "config/key.h"
#include "ctq/ctlink.h"

bool config_hook_is_entry(uint32_t hook)
{
	return hook == PACKET_HOOK_PREROUTING || hook == PACKET_HOOK_OUTPUT;
}

bool config_has_confirm_queue(const struct config *cfg)
{
	unsigned int i;

	for (i = 0; i < cfg->queues_length; i++)
		if (!config_hook_is_entry(cfg->queues[i].hook))
			return true;
	return false;
}

static bool has_helpers(const struct config *cfg)
{
	return cfg->helpers.ftp.length || cfg->helpers.sip.length ||
	       cfg->helpers.tftp.length;
}

uint32_t config_queue_copy(const struct config *cfg, const struct config_queue *q)
{
	return has_helpers(cfg) && q->copy < CONFIG_COPY_HELPED ? CONFIG_COPY_HELPED
	                                                        : q->copy;
}

/* ---- defaults ------------------------------------------------------------------ */

/* One worker and a queue for each hook; room for more behind each number. */
static void default_queues(struct config *cfg)
{
	static const struct {
		uint16_t number;
		enum packet_hook hook;
	} queues[] = {
		{ 0, PACKET_HOOK_PREROUTING },
		{ 10, PACKET_HOOK_POSTROUTING },
		{ 20, PACKET_HOOK_OUTPUT },
		{ 30, PACKET_HOOK_INPUT },
	};
	struct key_queues section;
	size_t i;

	key_queues_init(&section);
	for (i = 0; i < BASE_ARRAY_LENGTH(queues); i++) {
		cfg->queues[i] = section.first;
		cfg->queues[i].number = queues[i].number;
		cfg->queues[i].hook = queues[i].hook;
	}
	cfg->queues_length = (uint16_t)BASE_ARRAY_LENGTH(queues);
	cfg->workers = 1;
}

void config_init(struct config *cfg)
{
	memset(cfg, 0, sizeof(*cfg));
	strcpy(cfg->rules_backend, "forest");
	strcpy(cfg->daemon.socket, CTQ_SOCKET_PATH);
	cfg->daemon.log = LOG_LEVEL_NOTICE;
	cfg->daemon.log_drops_rate = 10;
	cfg->daemon.clients = 64;
	cfg->daemon.client_buffer = 4u << 20;
	cfg->daemon.lists = 64;
	cfg->daemon.watchdog = true;
	cfg->table.max = 262144; /* nf_conntrack_max on machines above 4 GiB */
	cfg->table.evict = CONFIG_EVICT_UNASSURED;
	cfg->table.unconfirmed_s = 10;
	cfg->table.fragments = 65536;
	cfg->table.events = 4096;
	cfg->mark.cookie_mask = 0x0fff0000;
	cfg->mark.seen = (struct config_mark){ 0x10, 0xf0 };
	cfg->mark.reject = (struct config_mark){ 0x20, 0xf0 };
	cfg->mark.offload = (struct config_mark){ 0x40, 0xf0 };
	cfg->helpers.expectations = 4096; /* nf_conntrack_expect_max, likewise */
	cfg->ask.timeout_s = 30;
	cfg->ask.limit = 1000;
	cfg->ask.flow_limit = 16;
	track_config_init(&cfg->track);
	default_queues(cfg);
}

/* ---- between keys ------------------------------------------------------------------ */

/* Where the key was set; NULL: it has its default. */
static const struct location *key_at(const struct load *l, const struct key_table *table,
                                     const char *name)
{
	return load_seen_at(l, key_find(table, name));
}

/* The values that packets carry, each in its mask; masks may be shared, if values differ
 * there. */
static void check_mark_pairs(struct load *l)
{
	const struct {
		const char *name;
		const struct config_mark *mark;
	} marks[] = { { "seen", &l->cfg->mark.seen },
		      { "reject", &l->cfg->mark.reject },
		      { "offload", &l->cfg->mark.offload } };
	const struct location *at;
	uint32_t both;
	size_t i, j;

	for (i = 0; i < BASE_ARRAY_LENGTH(marks); i++) {
		at = key_at(l, &keys_mark, marks[i].name);
		both = l->cfg->mark.cookie_mask & marks[i].mark->mask;
		if (both)
			load_error(l, at ? at : key_at(l, &keys_mark, "cookie"), NULL,
			           "'cookie' and '%s' share the bits 0x%x of the mark",
			           marks[i].name, both);
		for (j = 0; j < i; j++) {
			both = marks[i].mark->mask & marks[j].mark->mask;
			if (!both || (marks[i].mark->value ^ marks[j].mark->value) & both)
				continue;
			load_error(l, at ? at : key_at(l, &keys_mark, marks[j].name),
			           NULL,
			           "'%s' and '%s' cannot be told apart: they have the "
			           "same value in the bits 0x%x that they share",
			           marks[j].name, marks[i].name, both);
		}
	}
}

static void check_zone_mark(struct load *l)
{
	const struct config *cfg = l->cfg;
	const struct location *at = key_at(l, &keys_mark, "zone");
	uint32_t mask = cfg->mark.zone_mask;
	uint32_t both = mask & (cfg->mark.cookie_mask | cfg->mark.seen.mask |
	                        cfg->mark.reject.mask | cfg->mark.offload.mask);

	if (__builtin_popcount(mask) > 16)
		load_error(l, at, NULL, "a zone has 16 bits; the mask has %d",
		           __builtin_popcount(mask));
	if (both)
		load_error(l, at, NULL,
		           "'zone' shares the bits 0x%x of the mark with 'cookie', "
		           "'seen', 'reject' or 'offload'",
		           both);
}

static void check_reserve(struct load *l)
{
	const struct config *cfg = l->cfg;
	const struct location *at = key_at(l, &keys_table, "reserve");

	if (cfg->table.reserve >= cfg->table.max)
		load_error(l, at ? at : key_at(l, &keys_table, "max"), NULL,
		           "'reserve' leaves nothing of the table for others: max is %u",
		           cfg->table.max);
	if (!cfg->table.reserve != !cfg->table.reserved.length)
		load_error(
			l, at ? at : key_at(l, &keys_table, "reserved"), NULL,
			"'reserve' says how many, 'reserved' for whom: both are needed");
}

/* So that a packet's zone is found by halving. */
static void sort_zones(struct config *cfg)
{
	struct config_zone zone;
	unsigned int i, j;

	for (i = 1; i < cfg->zones_length; i++) {
		zone = cfg->zones[i];
		for (j = i; j > 0 && cfg->zones[j - 1].zone > zone.zone; j--)
			cfg->zones[j] = cfg->zones[j - 1];
		cfg->zones[j] = zone;
	}
}

void config_zone_track(const struct config *cfg, unsigned int i,
                       struct track_config *track)
{
	const struct config_zone *zone = &cfg->zones[i];
	const struct track_setting *s;

	*track = cfg->track;
	for (s = track_settings; s->name; s++)
		if (zone->set >> (s - track_settings) & 1)
			track_config_set(track, s->name,
			                 track_config_get(&zone->track, s));
}

static void check_events(struct load *l)
{
	uint32_t events = l->cfg->table.events;

	if (events & (events - 1))
		load_error(l, key_at(l, &keys_table, "events"), NULL,
		           "the number of events is not a power of two");
}

/* A worker cannot be pinned to two places. */
static void check_cpus(struct load *l)
{
	int32_t cpus[CONFIG_WORKERS_MAX];
	const struct config_queue *q;
	unsigned int i;

	for (i = 0; i < CONFIG_WORKERS_MAX; i++)
		cpus[i] = CONFIG_CPU_NONE;
	for (i = 0; i < l->cfg->queues_length; i++) {
		q = &l->cfg->queues[i];
		if (q->cpu == CONFIG_CPU_NONE || cpus[q->worker] == q->cpu)
			continue;
		if (cpus[q->worker] != CONFIG_CPU_NONE) {
			load_error(l, &l->queue_at[i], NULL,
			           "worker %u would run on CPU %d for queue %u, and on "
			           "CPU %d "
			           "for another queue",
			           q->worker, q->cpu, q->number, cpus[q->worker]);
			return;
		}
		cpus[q->worker] = q->cpu;
	}
}

static void count_workers(struct config *cfg)
{
	unsigned int i;

	cfg->workers = 1;
	for (i = 0; i < cfg->queues_length; i++)
		if (cfg->queues[i].worker >= cfg->workers)
			cfg->workers = (uint16_t)(cfg->queues[i].worker + 1);
}

/* Which there are only the caller knows. */
static void check_backend(struct load *l)
{
	const char *name = l->cfg->rules_backend;
	struct load_hint hint = { name, "values", l->reader->backends, 0, NULL };

	if (!hint.words)
		return;
	for (; hint.words[hint.words_length]; hint.words_length++)
		if (strcmp(hint.words[hint.words_length], name) == 0)
			return;
	load_error(l, key_at(l, &keys_top, "rules-backend"), &hint,
	           "unknown value '%s' of 'rules-backend'", name);
}

void load_check(struct load *l)
{
	if (l->cfg->queues_length == 0 && l->errors == 0)
		default_queues(l->cfg);
	count_workers(l->cfg);
	check_mark_pairs(l);
	check_zone_mark(l);
	check_reserve(l);
	sort_zones(l->cfg);
	check_events(l);
	check_cpus(l);
	check_backend(l);
}
