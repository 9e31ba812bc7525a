/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stress_expect.c - expectations made, met and taken away while their helper comes and goes
 *
 * Workers make masters that get the helper of their port, expect connections of a small set of
 * tuples by them, so that they clash and replace each other, refresh and flush, meet what others
 * expect, and kill masters. Control expires, lists, deletes, prolongs, reads events, and unloads
 * and loads the helper by the steps of track/helper.h; what was unloaded is freed, so that whoever
 * looks at it then is seen. At the end: every count is zero.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "flow/event.h"
#include "flow/expect.h"
#include "flow/lock.h"

#define WORKERS 3
#define MASTERS 200u
#define PORTS \
	(MASTERS + 8) /* of what is expected: each master has 8, which others have too */
#define EXPECTS 256u
#define BATCH   32
#define PORT    2530
/* That the helper stays: about as long as its unloading takes. */
#define LOADED_NS_MAX 100000000u

static struct flow_table *table;
static atomic_bool stop;
static _Atomic unsigned long added, refused, met, flushed, refreshed, listed, deleted,
	events, unloads;

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

static void count(_Atomic unsigned long *what)
{
	atomic_fetch_add_explicit(what, 1, memory_order_relaxed);
}

/* ---- workers ----------------------------------------------------------------------- */

static struct packet packet_of(uint32_t source, uint16_t port)
{
	struct packet p = { .family = AF_INET, .has_tuple = true };

	memcpy(p.tuple.src, &source, sizeof(source));
	p.tuple.dst[0] = 192;
	p.tuple.src_id = 1;
	p.tuple.dst_id = htons(port);
	p.tuple.l3 = AF_INET;
	p.tuple.l4 = IPPROTO_UDP;
	return p;
}

static struct packet expected_of(uint32_t port)
{
	return packet_of(MASTERS, (uint16_t)(10000 + port));
}

static void confirm(struct flow_worker *w, struct flow *f, uint64_t now)
{
	enum ctq_reason why = CTQ_REASON_NONE;
	struct tuple reply;

	tuple_invert(&f->side[TRACK_ORIGINAL].tuple, &reply);
	flow_enter(w, f);
	flow_timeout_set(table, f, (uint32_t)(now / 1000000000u), 1);
	flow_leave(w, f);
	(void)!flow_confirm(w, f, &reply, now, &why).flow;
}

static void make(struct flow_worker *w, const struct packet *p, uint64_t now)
{
	const struct helper *helper = helper_at_port(IPPROTO_UDP, PORT);
	enum ctq_reason why = CTQ_REASON_NONE;
	struct flow *f;

	if (flow_peek_unconfirmed(w, &p->tuple))
		return;
	f = flow_new(w, p, 0, now, &why);
	if (!f)
		return;
	if (expect_meet(w, f, now))
		count(&met);
	else if (helper)
		flow_helper_set(w, f, helper);
	confirm(w, f, now);
}

static void announce(struct flow_worker *w, struct flow *f, uint64_t *seed, uint64_t now)
{
	const struct helper *helper = flow_helper(f);
	struct helper_action want = { .kind = HELPER_EXPECT };
	uint32_t dice = draw(seed) % 32;

	if (!helper)
		return;
	want.tuple =
		expected_of(f->side[TRACK_ORIGINAL].tuple.src[0] + draw(seed) % 8).tuple;
	want.class = dice & 8 ? 1 : 0;
	want.shared = dice & 1;
	want.helped = dice & 2;
	want.timeout_s = 1;
	if (dice & 4)
		memset(want.mask.src, 0xff, 4);
	else
		memset(want.tuple.src, 0, 4);
	want.tuple.src_id = 0;
	count(expect_add(w, f, helper, &want, now) == 0 ? &added : &refused);
	if (dice == 0)
		flushed += expect_flush_master(w, f, HELPER_CLASSES_ALL, now);
	else if (dice < 4)
		refreshed += expect_refresh(w, f, &want, now);
}

static void one(struct flow_worker *w, uint64_t *seed, uint64_t now)
{
	uint32_t dice = draw(seed) % 8;
	struct packet p = dice < 2 ? expected_of(draw(seed) % PORTS)
	                           : packet_of(draw(seed) % MASTERS, PORT);
	struct flow *f = flow_peek(table, &p.tuple).flow;

	if (!f || flow_is_dying(f))
		make(w, &p, now);
	else if (dice < 2 || !flow_helper(f) || draw(seed) % 256 == 0)
		flow_kill(w, f, FLOW_END_CLOSED, now);
	else
		announce(w, f, seed, now);
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

/* ---- control -------------------------------------------------------------------------- */

static struct helper *helper_new(void)
{
	struct helper *h = calloc(1, sizeof(*h));

	if (!h)
		abort();
	*h = (struct helper){
		.name = "stress",
		.l4 = IPPROTO_UDP,
		.ports = { PORT },
		.ports_length = 1,
		.classes = { { "few", 2, 1 }, { "many", 20, 1 } },
		.classes_length = 2,
	};
	return h;
}

static void take_events(void)
{
	struct flow_event e;
	uint16_t i;

	for (i = 0; i <= WORKERS; i++)
		while (flow_event_take(table, i, &e))
			count(&events);
}

static void turn(struct flow_worker *w, uint64_t *seed)
{
	struct expect_info batch[64];
	uint32_t cursor = 0;
	uint64_t now = now_ns();
	unsigned int n, i;

	flow_expire(w, now);
	expect_expire(w, now);
	while ((n = expect_walk(table, &cursor, batch, 64, now)) > 0)
		for (i = 0; i < n; i++) {
			if (strcmp(batch[i].helper, "stress") != 0)
				abort();
			count(&listed);
			if (draw(seed) % 64 == 0)
				deleted += expect_remove(w, batch[i].id, now);
			else if (draw(seed) % 64 == 0)
				expect_timeout_set(w, batch[i].id, 2, now);
		}
	take_events();
	rcu_quiet();
}

static void unload(struct flow_worker *w, struct helper *h, uint64_t *seed)
{
	struct flow_kill_cursor flows = { 0 };
	uint16_t number = helper_number(h);
	struct rcu_grace grace;
	uint32_t expects = 0;

	helper_close(number);
	rcu_grace_begin(&grace);
	while (!rcu_grace_is_over(&grace))
		turn(w, seed);
	while (expect_forget_helper(w, h, &expects, 64, now_ns()))
		take_events();
	if (expect_count(table))
		abort(); /* there was no other helper */
	while (flow_forget_helper(table, &flows, number))
		;
	helper_remove(number);
	free(h);
	count(&unloads);
}

static void control(double seconds)
{
	struct flow_worker *w = flow_worker(table, WORKERS);
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9), seed = 7, until;
	struct helper *h;

	while (now_ns() < end) {
		h = helper_new();
		if (helper_add(h) < 0)
			abort();
		until = now_ns() + draw(&seed) % LOADED_NS_MAX;
		while (now_ns() < until)
			turn(w, &seed);
		unload(w, h, &seed);
	}
	atomic_store(&stop, true);
}

/* ---- the end --------------------------------------------------------------------------- */

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
	rcu_offline();
	flow_table_settle(table);
	rcu_online();
	flow_table_size(table, &size);
	failed += check(1, expect_count(table) == 0, "nothing is expected");
	failed +=
		check(2, size.confirmed == 0 && size.unconfirmed == 0, "no flow is left");
	failed += check(3, size.dying == 0, "no reference is left");
	failed += check(4,
	                flow_counter_read(table, FLOW_COUNTER_EXPECT_CREATE) ==
	                        flow_counter_read(table, FLOW_COUNTER_EXPECT_DELETE),
	                "as many went as came");
	failed += check(5,
	                added && refused && met && flushed && refreshed && listed &&
	                        deleted && events && unloads,
	                "everything happened");
	printf("# added %lu refused %lu met %lu flushed %lu refreshed %lu listed %lu "
	       "deleted %lu events %lu unloads %lu\n",
	       added, refused, met, flushed, refreshed, listed, deleted, events, unloads);
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
	cfg.max = 50000; /* the dead wait for a grace period */
	cfg.expects = EXPECTS;
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
	printf("1..5\n");
	rcu_offline();
	flow_table_destroy(table);
	rcu_online();
	urcu_qsbr_unregister_thread();
	return failed ? 1 : 0;
}
