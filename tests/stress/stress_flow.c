/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stress_flow.c - workers, control and the reclaimer on one flow table, all at once
 *
 * Workers make, confirm, meet, assure and kill flows of a small set of tuples, so that they
 * clash, meet each other inside flows, and evict (the table is smaller than the set). Control
 * expires, walks with references, deletes by id, lists the dying, and reads events.
 * Checked throughout: two threads are never inside one flow (lock.h, X1); a walk delivers
 * no flow twice; events come in order (event.h, L4). At the end: every count is zero, and the slots' pages are back.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "flow/event.h"
#include "flow/lock.h"
#include "told.h"

#define WORKERS 3
#define KEYS    6000u
#define MAX     2000u
#define BATCH   32
#define EVENTS  65536u /* in each ring: few are lost */

static struct flow_table *table;
static atomic_bool stop;
static _Atomic unsigned long met, confirmed, clashes, killed, walked;
static struct told told;
static _Atomic unsigned long together; /* what must stay 0 */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint32_t draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static struct packet packet_of(uint32_t key)
{
	struct packet p = { .family = AF_INET, .has_tuple = true };

	memcpy(p.tuple.src, &key, sizeof(key));
	p.tuple.dst[0] = 192;
	p.tuple.src_id = 1;
	p.tuple.dst_id = 2;
	p.tuple.l3 = AF_INET;
	p.tuple.l4 = IPPROTO_UDP;
	return p;
}

/* The word is written without read-modify-write, as the packet path does. */
static void meet(struct flow_worker *w, struct flow *f, uint64_t now)
{
	uint32_t me = w->owner_id;
	int i;

	flow_enter(w, f);
	if (atomic_load_explicit(&f->mark, memory_order_relaxed))
		atomic_fetch_add(&together, 1);
	atomic_store_explicit(&f->mark, me, memory_order_relaxed);
	for (i = 0; i < 8; i++)
		if (atomic_load_explicit(&f->mark, memory_order_relaxed) != me)
			atomic_fetch_add(&together, 1);
	flow_timeout_set(table, f, (uint32_t)(now / 1000000000u), 1);
	atomic_store_explicit(&f->mark, 0, memory_order_relaxed);
	flow_leave(w, f);
	atomic_fetch_add_explicit(&met, 1, memory_order_relaxed);
}

static void make(struct flow_worker *w, const struct packet *p, uint64_t now)
{
	enum ctq_reason why = CTQ_REASON_NONE;
	struct flow *f = flow_peek_unconfirmed(w, &p->tuple);
	struct flow_ref ref;
	struct tuple reply;

	if (!f || flow_is_dying(f))
		f = flow_new(w, p, 0, now, &why);
	if (!f)
		return;
	meet(w, f, now);
	tuple_invert(&p->tuple, &reply);
	ref = flow_confirm(w, f, &reply, now, &why);
	if (ref.flow == f && why != CTQ_ACCEPT_FLOW) {
		atomic_fetch_add_explicit(&confirmed, 1, memory_order_relaxed);
		flow_event_emit(w, f, FLOW_EVENT_NEW, 0, now);
	} else {
		atomic_fetch_add_explicit(&clashes, 1, memory_order_relaxed);
	}
}

static void change(struct flow_worker *w, struct flow *f, uint64_t now)
{
	flow_status_add(w, f, TRACK_ASSURED);
	flow_event_emit(w, f, FLOW_EVENT_UPDATE, FLOW_CHANGE_STATUS, now);
}

static void one(struct flow_worker *w, uint64_t *seed, uint64_t now)
{
	struct packet p = packet_of(draw(seed) % KEYS);
	struct flow_ref ref = flow_peek(table, &p.tuple);
	uint32_t dice = draw(seed) % 64;

	if (!ref.flow || flow_is_dying(ref.flow)) {
		make(w, &p, now);
		return;
	}
	meet(w, ref.flow, now);
	if (dice == 0)
		killed += flow_kill(w, ref.flow, FLOW_END_CLOSED, now);
	else if (dice < 4)
		change(w, ref.flow, now);
	else if (dice < 6 && flow_status(ref.flow) & TRACK_ASSURED)
		flow_closing_set(w, ref.flow, dice == 4, now);
}

static void *work(void *arg)
{
	struct flow_worker *w = arg;
	uint64_t seed = 1000 + w->number, now;
	int i;

	urcu_qsbr_register_thread();
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		now = now_ns();
		for (i = 0; i < BATCH; i++)
			one(w, &seed, now);
		flow_reap(w, now);
		rcu_quiet();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void walk(struct flow_worker *w, uint64_t now)
{
	struct flow_cursor c = { { 0, 0 }, false };
	struct flow *flows[64];
	struct flow_info info;
	unsigned int n, i;

	while ((n = flow_walk(table, &c, flows, 64)) > 0) {
		for (i = 0; i < n; i++)
			flow_get(flows[i], FLOW_HOLDER_DUMP);
		rcu_quiet();
		for (i = 0; i < n; i++) {
			flow_info_read(table, flows[i], (uint32_t)(now / 1000000000u),
			               &info);
			flow_put(table, flows[i], FLOW_HOLDER_DUMP);
		}
		walked += n;
	}
	c = (struct flow_cursor){ { 0, 0 }, false };
	while ((n = flow_walk_dying(table, &c, flows, 64)) > 0)
		for (i = 0; i < n; i++)
			flow_put(table, flows[i], FLOW_HOLDER_DUMP);
	c = (struct flow_cursor){ { 0, 0 }, false };
	while ((n = flow_walk_unconfirmed(table, &c, flows, 64)) > 0)
		for (i = 0; i < n; i++)
			flow_put(table, flows[i], FLOW_HOLDER_DUMP);
	rcu_quiet();
}

static void delete_one(struct flow_worker *w, uint64_t *seed, uint64_t now)
{
	struct packet p = packet_of(draw(seed) % KEYS);
	struct flow_ref ref = flow_find(table, &p.tuple, FLOW_HOLDER_CONTROL);
	struct flow *f;

	if (!ref.flow)
		return;
	f = flow_find_id(table, atomic_load(&ref.flow->id), FLOW_HOLDER_CONTROL);
	if (f) {
		flow_kill(w, f, FLOW_END_DELETED, now);
		flow_put(table, f, FLOW_HOLDER_CONTROL);
	}
	flow_put(table, ref.flow, FLOW_HOLDER_CONTROL);
}

static void control(double seconds)
{
	struct flow_worker *w = flow_worker(table, WORKERS);
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9), seed = 7, now;

	while ((now = now_ns()) < end) {
		flow_expire(w, now);
		walk(w, now);
		delete_one(w, &seed, now);
		told_read(&told, table);
		rcu_quiet();
	}
	atomic_store(&stop, true);
}

static int check(int number, bool holds, const char *what)
{
	printf("%sok %d - %s\n", holds ? "" : "not ", number, what);
	return !holds;
}

static int check_end(void)
{
	struct flow_table_size size;
	int failed = 0;

	flow_table_flush(flow_worker(table, WORKERS), FLOW_END_STOP, now_ns());
	told_read(&told, table);
	rcu_offline();
	flow_table_settle(table);
	rcu_online();
	flow_table_size(table, &size);
	failed += check(1, together == 0, "X1: two threads are never inside one flow");
	failed += check(2,
	                size.confirmed == 0 && size.unconfirmed == 0 && size.assured == 0,
	                "no flow is left");
	failed += check(3, size.dying == 0, "no reference is left");
	failed += check(4, size.slab_bytes <= (WORKERS + 1) * 512 * sizeof(struct flow),
	                "S1: the slots' pages are back but for each worker's chunk");
	failed += check(5,
	                met && confirmed && clashes && killed && walked && told.events &&
	                        flow_counter_read(table, FLOW_COUNTER_EVICTED) &&
	                        flow_counter_read(table, FLOW_COUNTER_SHARED),
	                "everything happened");
	failed += check(6, told.faults == 0, "L4: NEW comes first and DESTROY last");
	printf("# met %lu confirmed %lu clashes %lu killed %lu walked %lu events %lu "
	       "evicted %lu "
	       "shared %lu expired %lu\n",
	       met, confirmed, clashes, killed, walked, told.events,
	       (unsigned long)flow_counter_read(table, FLOW_COUNTER_EVICTED),
	       (unsigned long)flow_counter_read(table, FLOW_COUNTER_SHARED),
	       (unsigned long)flow_counter_read(table, FLOW_COUNTER_EXPIRED));
	return failed;
}

int main(void)
{
	const char *seconds = getenv("STRESS_SECONDS");
	struct siphash_key key = { { 5, 6 } };
	struct flow_table_config cfg;
	pthread_t threads[WORKERS];
	int err = 0, failed;
	uint16_t i;

	urcu_qsbr_register_thread();
	flow_table_config_init(&cfg);
	cfg.workers = WORKERS;
	cfg.max = MAX;
	cfg.events = EVENTS;
	cfg.cookie_bits = 16;
	table = flow_table_new(&cfg, &key, &err);
	if (!table)
		return 1;
	flow_event_wanted_set(table, ~0u);
	for (i = 0; i < WORKERS; i++)
		pthread_create(&threads[i], NULL, work, flow_worker(table, i));
	control(seconds ? atof(seconds) : 10);
	rcu_offline();
	for (i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	rcu_online();
	failed = check_end();
	printf("1..6\n");
	rcu_offline();
	flow_table_destroy(table);
	rcu_online();
	urcu_qsbr_unregister_thread();
	return failed ? 1 : 0;
}
