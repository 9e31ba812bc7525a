/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>

#include "flow/table_priv.h"
#include "flow_fixture.h"

static struct flow_table_size size_of(struct fixture *fx)
{
	struct flow_table_size size;

	flow_table_size(fx->table, &size);
	return size;
}

Test(life, an_unconfirmed_flow_is_found_by_tuple_and_cookie_only_by_its_worker)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = unconfirmed_number(&fx, 1);
	struct packet p = packet_number(1);

	cr_assert_eq(flow_peek_unconfirmed(fx.worker, &p.tuple), f);
	cr_assert_neq(f->cookie, 0);
	cr_assert_eq(flow_peek_cookie(fx.table, f->cookie), f);
	cr_assert_null(flow_peek_cookie(fx.table, f->cookie + 1));
	cr_assert_null(flow_peek(fx.table, &p.tuple).flow);
	cr_assert_eq(size_of(&fx).unconfirmed, 1);
	fixture_end(&fx);
}

static void note_end(void *ctx, const struct flow *f)
{
	*(const struct flow **)ctx = f;
}

Test(life, who_carries_an_offloaded_flow_hears_of_its_end)
{
	const struct flow *ended = NULL;
	struct flow_table_config cfg;
	struct fixture fx;
	struct flow *f;

	flow_table_config_init(&cfg);
	cfg.offload_ended = note_end;
	cfg.offload_ended_ctx = &ended;
	fx = fixture_new(&cfg);
	f = confirmed_number(&fx, 1);
	flow_kill(fx.worker, f, FLOW_END_DELETED, fx.now_ns);
	cr_assert_null(ended, "it was not offloaded");
	f = confirmed_number(&fx, 2);
	flow_status_add(fx.worker, f, TRACK_OFFLOAD);
	flow_status_remove(f, TRACK_OFFLOAD);
	flow_kill(fx.worker, f, FLOW_END_DELETED, fx.now_ns);
	cr_assert_null(ended, "it was not offloaded any more");
	f = confirmed_number(&fx, 3);
	flow_status_add(fx.worker, f, TRACK_OFFLOAD);
	flow_kill(fx.worker, f, FLOW_END_DELETED, fx.now_ns);
	cr_assert_eq(ended, f);
	fixture_end(&fx);
}

Test(life, a_confirmed_flow_is_found_by_both_tuples)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = unconfirmed_number(&fx, 1);
	uint32_t cookie = f->cookie;
	struct packet p = packet_number(1);
	enum ctq_reason why;
	struct flow_ref ref;
	struct tuple reply;

	tuple_invert(&p.tuple, &reply);
	ref = flow_confirm(fx.worker, f, &reply, fx.now_ns, &why);
	cr_assert_eq(ref.flow, f);
	cr_assert_null(flow_peek_cookie(fx.table, cookie));
	cr_assert_null(flow_peek_unconfirmed(fx.worker, &p.tuple));
	ref = flow_peek(fx.table, &p.tuple);
	cr_assert(ref.flow == f && ref.dir == TRACK_ORIGINAL);
	ref = flow_peek(fx.table, &reply);
	cr_assert(ref.flow == f && ref.dir == TRACK_REPLY);
	cr_assert_eq(flow_status(f), TRACK_CONFIRMED);
	fixture_end(&fx);
}

Test(life, nat_shows_in_the_status_and_in_the_reply_key)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = unconfirmed_number(&fx, 1);
	enum ctq_reason why;
	struct tuple reply;

	tuple_invert(&f->side[TRACK_ORIGINAL].tuple, &reply);
	memcpy(reply.dst, "\xc6\x33\x64\x01", 4); /* masquerade */
	cr_assert_eq(flow_confirm(fx.worker, f, &reply, fx.now_ns, &why).flow, f);
	cr_assert(flow_status(f) & TRACK_SRC_NAT);
	cr_assert(!(flow_status(f) & TRACK_DST_NAT));
	cr_assert_eq(flow_peek(fx.table, &reply).flow, f);
	fixture_end(&fx);
}

Test(life, a_tuple_that_is_taken_gives_the_flow_that_has_it)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *first = unconfirmed_number(&fx, 1);
	struct packet p = packet_number(1);
	enum ctq_reason why;
	struct flow_ref ref;
	struct flow *second;
	struct tuple reply;

	tuple_invert(&p.tuple, &reply);
	cr_assert_eq(flow_confirm(fx.worker, first, &reply, fx.now_ns, &why).flow, first);
	second = flow_new(fx.worker, &p, 0, fx.now_ns, &why);
	cr_assert_not_null(second);
	ref = flow_confirm(fx.worker, second, &reply, fx.now_ns, &why);
	cr_assert(ref.flow == first && ref.dir == TRACK_ORIGINAL);
	cr_assert_eq(flow_counter_read(fx.table, FLOW_COUNTER_CLASH), 1);
	cr_assert_eq(size_of(&fx).confirmed, 1);
	fixture_end(&fx);
}

/* L1: another thread buries the first one, and has not come to its keys yet. */
Test(life, a_tuple_of_a_dying_flow_is_not_taken)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *first = confirmed_number(&fx, 1), *second;
	struct packet p = packet_number(1);
	enum ctq_reason why = CTQ_REASON_NONE;
	struct tuple reply;

	tuple_invert(&p.tuple, &reply);
	second = flow_new(fx.worker, &p, 0, fx.now_ns, &why);
	cr_assert_not_null(second);
	atomic_fetch_or(&first->status, TRACK_DYING);
	cr_assert_eq(flow_confirm(fx.worker, second, &reply, fx.now_ns, &why).flow,
	             second);
	cr_assert_eq(flow_counter_read(fx.table, FLOW_COUNTER_CLASH), 0);
	atomic_fetch_and(&first->status, ~(uint32_t)TRACK_DYING);
	flow_kill(fx.worker, first, FLOW_END_DELETED, fx.now_ns);
	cr_assert_eq(flow_peek(fx.table, &p.tuple).flow, second);
	cr_assert_eq(flow_peek(fx.table, &reply).flow, second);
	fixture_end(&fx);
}

Test(life, a_flow_may_be_confirmed_by_two_packets_at_once)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = unconfirmed_number(&fx, 1);
	enum ctq_reason why;
	struct tuple reply;

	tuple_invert(&f->side[TRACK_ORIGINAL].tuple, &reply);
	cr_assert_eq(flow_confirm(fx.worker, f, &reply, fx.now_ns, &why).flow, f);
	cr_assert_eq(why, CTQ_REASON_NONE);
	cr_assert_eq(flow_confirm(fx.worker, f, &reply, fx.now_ns, &why).flow, f);
	cr_assert_eq(why, CTQ_ACCEPT_FLOW, "this one was later");
	flow_kill(fx.worker, f, FLOW_END_DELETED, fx.now_ns);
	cr_assert_null(flow_confirm(fx.worker, f, &reply, fx.now_ns, &why).flow);
	cr_assert_eq(why, CTQ_INVALID_DYING);
	fixture_end(&fx);
}

Test(life, a_reply_tuple_that_is_taken_drops_the_packet)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *first = confirmed_number(&fx, 1),
		    *second = unconfirmed_number(&fx, 2);
	enum ctq_reason why = CTQ_REASON_NONE;
	struct packet p = packet_number(2);

	cr_assert_null(flow_confirm(fx.worker, second, &first->side[TRACK_REPLY].tuple,
	                            fx.now_ns, &why)
	                       .flow);
	cr_assert_eq(why, CTQ_DROP_CLASH);
	cr_assert_null(flow_peek(fx.table, &p.tuple).flow, "no key of the loser is left");
	cr_assert_eq(size_of(&fx).confirmed, 1);
	fixture_end(&fx);
}

Test(life, a_confirmed_flow_is_recalled_by_its_cookie)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = unconfirmed_number(&fx, 1);
	uint32_t cookie = f->cookie;
	enum ctq_reason why;
	struct tuple reply;

	cr_assert_null(flow_recall_cookie(fx.table, cookie), "not yet");
	tuple_invert(&f->side[TRACK_ORIGINAL].tuple, &reply);
	cr_assert_eq(flow_confirm(fx.worker, f, &reply, fx.now_ns, &why).flow, f);
	cr_assert_eq(flow_recall_cookie(fx.table, cookie), f);
	cr_assert_eq(flow_cookie_left(fx.table, f), cookie);
	flow_kill(fx.worker, f, FLOW_END_DELETED, fx.now_ns);
	cr_assert_null(flow_recall_cookie(fx.table, cookie));
	fixture_end(&fx);
}

Test(life, a_flow_may_stand_in_under_its_reply_tuple_alone)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *first = confirmed_number(&fx, 1), *f, *other, *seen[4];
	struct tuple *original = &first->side[TRACK_ORIGINAL].tuple, reply;
	struct flow_cursor c = { { 0, 0 }, false };
	struct flow_event e;

	flow_event_wanted_set(fx.table, ~0u);
	f = unconfirmed_number(&fx, 1);
	tuple_invert(original, &reply);
	reply.src[3]++;
	cr_assert(flow_confirm_reply(fx.worker, f, &reply, fx.now_ns));
	cr_assert_eq(flow_peek(fx.table, original).flow, first);
	cr_assert_eq(flow_peek(fx.table, &reply).flow, f);
	cr_assert_eq(flow_status(f), TRACK_CONFIRMED | TRACK_NAT_CLASH |
	                                     TRACK_FIXED_TIMEOUT | TRACK_DST_NAT |
	                                     TRACK_DST_NAT_DONE);
	cr_assert_eq(flow_walk(fx.table, &c, seen, 4), 1);
	cr_assert_eq(seen[0], first);
	other = unconfirmed_number(&fx, 1);
	cr_assert(!flow_confirm_reply(fx.worker, other, &reply, fx.now_ns));
	cr_assert(flow_is_dying(other));
	cr_assert_eq(flow_peek(fx.table, &reply).flow, f);
	flow_kill(fx.worker, f, FLOW_END_EXPIRED, fx.now_ns);
	cr_assert_null(flow_peek(fx.table, &reply).flow);
	cr_assert_eq(flow_peek(fx.table, original).flow, first);
	cr_assert(!flow_event_take(fx.table, 0, &e), "nobody hears of it");
	flow_event_wanted_set(fx.table, 0);
	cr_assert_eq(size_of(&fx).confirmed, 1);
	cr_assert_eq(size_of(&fx).unconfirmed, 0);
	fixture_end(&fx);
}

Test(life, L2_one_kill_wins_and_the_slot_waits_for_the_last_reference)
{
	struct fixture fx = fixture_new(NULL);
	struct packet p = packet_number(1);
	struct flow_cursor c = { { 0, 0 }, false };
	struct flow_ref ref;
	struct flow *dying;

	confirmed_number(&fx, 1);
	ref = flow_find(fx.table, &p.tuple, FLOW_HOLDER_CONTROL);
	cr_assert(flow_kill(fx.worker, ref.flow, FLOW_END_DELETED, fx.now_ns));
	cr_assert(!flow_kill(fx.worker, ref.flow, FLOW_END_DELETED, fx.now_ns));
	cr_assert_null(flow_peek(fx.table, &p.tuple).flow);
	fixture_settle(&fx);
	cr_assert_eq(size_of(&fx).dying, 1);
	cr_assert_eq(flow_walk_dying(fx.table, &c, &dying, 1), 1);
	cr_assert_eq(dying, ref.flow);
	flow_put(fx.table, dying, FLOW_HOLDER_DUMP);
	flow_put(fx.table, ref.flow, FLOW_HOLDER_CONTROL);
	cr_assert_eq(size_of(&fx).dying, 0);
	fixture_end(&fx);
}

/* Sum of what was told, by number. */
static void open_left(void *ctx, uint32_t open)
{
	((uint32_t *)ctx)[open]++;
}

Test(life, L3_who_counts_a_flow_hears_of_its_end_once)
{
	struct flow_table_config cfg;
	uint32_t left[8] = { 0 };
	struct fixture fx;
	struct flow *f;

	flow_table_config_init(&cfg);
	cfg.open_left = open_left;
	cfg.open_left_ctx = left;
	fx = fixture_new(&cfg);
	f = confirmed_number(&fx, 1);
	flow_open_set(f, FLOW_ROLE_ENTRY, 1);
	flow_open_set(f, FLOW_ROLE_CONFIRM, 2);
	cr_assert_eq(left[1] + left[2], 0);
	flow_open_set(f, FLOW_ROLE_ENTRY, 1);
	cr_assert_eq(left[1], 1, "two workers have counted it at the same time");
	flow_open_set(f, FLOW_ROLE_ENTRY, 3);
	cr_assert_eq(left[1], 2);
	flow_open_set(f, FLOW_ROLE_CONFIRM, 0);
	cr_assert_eq(left[2], 1);
	flow_kill(fx.worker, f, FLOW_END_DELETED, fx.now_ns);
	cr_assert_eq(left[3], 1);
	flow_open_set(f, FLOW_ROLE_ENTRY, 4);
	cr_assert_eq(left[4], 1, "it is dying already");
	f = unconfirmed_number(&fx, 2);
	flow_open_set(f, FLOW_ROLE_ENTRY, 5);
	flow_kill(fx.worker, f, FLOW_END_NONE, fx.now_ns);
	cr_assert_eq(left[5], 1);
	cr_assert_eq(left[1] + left[2] + left[3] + left[4], 5);
	fixture_end(&fx);
}

Test(life, V1_the_oldest_unassured_flow_makes_room)
{
	struct flow_table_config cfg;
	struct fixture fx;
	struct packet p;
	uint32_t n;

	flow_table_config_init(&cfg);
	cfg.max = 10;
	fx = fixture_new(&cfg);
	for (n = 0; n < 10; n++) {
		fx.now_ns += SECOND;
		confirmed_number(&fx, n);
	}
	p = packet_number(0);
	flow_status_add(fx.worker, flow_peek(fx.table, &p.tuple).flow, TRACK_ASSURED);
	confirmed_number(&fx, 10);
	cr_assert_not_null(flow_peek(fx.table, &p.tuple).flow, "assured");
	p = packet_number(1);
	cr_assert_null(flow_peek(fx.table, &p.tuple).flow, "the oldest of the others");
	p = packet_number(2);
	cr_assert_not_null(flow_peek(fx.table, &p.tuple).flow);
	cr_assert_eq(flow_counter_read(fx.table, FLOW_COUNTER_EVICTED), 1);
	fixture_end(&fx);
}

Test(life, V2_a_table_of_assured_flows_refuses_or_evicts_a_closing_one)
{
	struct flow_table_config cfg;
	enum ctq_reason why = CTQ_REASON_NONE;
	struct packet p = packet_number(100);
	struct flow *f[4];
	struct fixture fx;
	uint32_t n;

	flow_table_config_init(&cfg);
	cfg.max = 4;
	cfg.evict_closing = true;
	fx = fixture_new(&cfg);
	for (n = 0; n < 4; n++) {
		f[n] = confirmed_number(&fx, n);
		flow_status_add(fx.worker, f[n], TRACK_ASSURED);
	}
	cr_assert_null(flow_new(fx.worker, &p, 0, fx.now_ns, &why));
	cr_assert_eq(why, CTQ_DROP_TABLE_FULL);
	cr_assert_eq(size_of(&fx).assured, 4);
	flow_closing_set(fx.worker, f[2], true, fx.now_ns);
	cr_assert_not_null(flow_new(fx.worker, &p, 0, fx.now_ns, &why));
	p = packet_number(2);
	cr_assert_null(flow_peek(fx.table, &p.tuple).flow);
	cr_assert_eq(size_of(&fx).assured, 3);
	fixture_end(&fx);
}

Test(life, deadlines_are_kept_to_the_second)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = confirmed_number(&fx, 1);
	uint32_t now_s = (uint32_t)(fx.now_ns / SECOND);
	struct packet p = packet_number(1);

	flow_timeout_set(fx.table, f, now_s, 30);
	cr_assert_eq(flow_timeout_left(fx.table, f, now_s), 30);
	cr_assert_eq(flow_timeout_left(fx.table, f, now_s + 10), 20);
	cr_assert_eq(flow_expire(fx.worker, fx.now_ns + 30 * SECOND), 0);
	cr_assert_eq(flow_expire(fx.worker, fx.now_ns + 31 * SECOND), 1);
	cr_assert_null(flow_peek(fx.table, &p.tuple).flow);
	fixture_end(&fx);
}

Test(life, a_timeout_without_end_does_not_wrap)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = confirmed_number(&fx, 1);

	flow_timeout_set(fx.table, f, 1000, UINT32_MAX);
	cr_assert_eq(flow_timeout_left(fx.table, f, 1000), FLOW_TIMEOUT_MAX);
	cr_assert_eq(flow_expire(fx.worker, fx.now_ns), 0);
	fixture_end(&fx);
}

/* At all tenths of a second at which the last packet may come. */
Test(life, E1_a_flow_expires_within_a_second_and_a_call_after_its_timeout)
{
	struct fixture fx = fixture_new(NULL);
	const uint64_t tenth = SECOND / 10;
	uint64_t start = fx.now_ns, age;
	unsigned int i;
	struct flow *f;

	for (i = 0; i < 10; i++) {
		fx.now_ns = start + i * (100 * SECOND + tenth);
		flow_expire(fx.worker, fx.now_ns);
		f = confirmed_number(&fx, i);
		flow_timeout_set(fx.table, f, (uint32_t)(fx.now_ns / SECOND), 30);
		for (age = tenth; !flow_expire(fx.worker, fx.now_ns + age); age += tenth)
			cr_assert_leq(age, 40 * SECOND);
		cr_assert_gt(age, 30 * SECOND, "%u: too early", i);
		cr_assert_leq(age, 31 * SECOND + tenth, "%u: too late", i);
	}
	fixture_end(&fx);
}

Test(life, E2_a_mass_expiry_takes_many_calls_and_forgets_nobody)
{
	struct flow_table_config cfg;
	unsigned int expired, total = 0, calls = 0;
	struct fixture fx;
	uint32_t n;

	flow_table_config_init(&cfg);
	cfg.max = 50000;
	fx = fixture_new(&cfg);
	for (n = 0; n < 50000; n++)
		flow_timeout_set(fx.table, confirmed_number(&fx, n),
		                 (uint32_t)(fx.now_ns / SECOND), 1);
	cr_assert_eq(flow_expire(fx.worker, fx.now_ns), 0);
	cr_assert(!flow_expire_is_behind(fx.table));
	do {
		expired = flow_expire(fx.worker, fx.now_ns + 2 * SECOND);
		cr_assert_leq(expired, 4096);
		total += expired;
		calls++;
	} while (flow_expire_is_behind(fx.table));
	cr_assert_eq(total, 50000);
	cr_assert_geq(calls, 50000 / 4096);
	cr_assert_eq(flow_expire(fx.worker, fx.now_ns + 2 * SECOND), 0);
	fixture_end(&fx);
}

Test(life, what_is_never_confirmed_is_reaped)
{
	struct fixture fx = fixture_new(NULL);

	unconfirmed_number(&fx, 1);
	fx.now_ns += 5 * SECOND;
	unconfirmed_number(&fx, 2);
	cr_assert_eq(flow_reap(fx.worker, fx.now_ns), 0);
	fx.now_ns += 6 * SECOND;
	cr_assert_eq(flow_reap(fx.worker, fx.now_ns), 1);
	cr_assert_eq(flow_counter_read(fx.table, FLOW_COUNTER_REAPED), 1);
	cr_assert_eq(size_of(&fx).unconfirmed, 1);
	fixture_end(&fx);
}

#define NEWBORNS 200000

static void *make_flows(void *arg)
{
	struct fixture *fx = arg;
	enum ctq_reason why;
	struct packet p;
	uint32_t i;

	urcu_qsbr_register_thread();
	for (i = 0; i < NEWBORNS; i++) {
		p = packet_number(i);
		flow_new(fx->worker, &p, 0, fx->now_ns, &why); /* slots may run out */
		rcu_quiet();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

Test(life, a_flush_may_meet_a_flow_that_is_just_born)
{
	struct fixture fx = fixture_new(NULL);
	struct flow_worker *control = flow_worker(fx.table, 1);
	unsigned int killed = 0;
	pthread_t maker;

	cr_assert_eq(pthread_create(&maker, NULL, make_flows, &fx), 0);
	while (pthread_tryjoin_np(maker, NULL) != 0) {
		killed += flow_table_flush(control, FLOW_END_DELETED, fx.now_ns);
		rcu_quiet();
	}
	killed += flow_table_flush(control, FLOW_END_DELETED, fx.now_ns);
	cr_assert_eq(killed + flow_counter_read(fx.table, FLOW_COUNTER_EVICTED),
	             flow_counter_read(fx.table, FLOW_COUNTER_NEW));
	cr_assert_eq(size_of(&fx).unconfirmed, 0);
	fixture_end(&fx);
}

#define ROUNDS 20000

/* What two threads do to one flow at a time. */
struct race {
	struct fixture *fx;
	_Atomic(struct flow *) flow; /* NULL: none is there, or the round is over */
	atomic_bool stop;
	unsigned int killed;
};

static void *kill_flows(void *arg)
{
	struct race *race = arg;
	struct flow *f;

	urcu_qsbr_register_thread();
	while (!race->stop) {
		f = atomic_load(&race->flow);
		if (f)
			race->killed += flow_kill(flow_worker(race->fx->table, 1), f,
			                          FLOW_END_DELETED, race->fx->now_ns);
		rcu_quiet();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

/* Confirms flows while another thread kills them: before, in between, or after. */
Test(life, L1_no_key_outlives_a_flow_that_dies_while_it_is_confirmed)
{
	struct fixture fx = fixture_new(NULL);
	struct race race = { .fx = &fx };
	enum ctq_reason why;
	struct tuple reply;
	pthread_t killer;
	struct flow *f;
	uint32_t n;

	cr_assert_eq(pthread_create(&killer, NULL, kill_flows, &race), 0);
	for (n = 0; n < ROUNDS; n++) {
		f = unconfirmed_number(&fx, n);
		tuple_invert(&f->side[TRACK_ORIGINAL].tuple, &reply);
		atomic_store(&race.flow, f);
		flow_confirm(fx.worker, f, &reply, fx.now_ns, &why);
		atomic_store(&race.flow, NULL);
		flow_kill(fx.worker, f, FLOW_END_DELETED, fx.now_ns);
		if (n % 1000 == 0)
			fixture_settle(&fx); /* slots for all, however busy the machine */
		rcu_quiet();
	}
	race.stop = true;
	rcu_offline();
	cr_assert_eq(pthread_join(killer, NULL), 0);
	rcu_online();
	cr_assert_eq(hashtrie_count(fx.table->trie), 0);
	cr_assert_eq(hashtrie_count(fx.worker->unconfirmed), 0);
	fixture_end(&fx);
}

/* All ready: as if a grace period had ended, and liburcu's thread had not run since. */
static void make_ready(struct limbo *l)
{
	l->ready = l->gathering;
	l->gathering = (struct limbo_chain){ 0, 0 };
}

Test(life, D1_who_makes_a_flow_frees_two)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f[9];
	uint32_t n;

	for (n = 0; n < 9; n++)
		f[n] = confirmed_number(&fx, n);
	for (n = 0; n < 9; n++)
		flow_kill(fx.worker, f[n], FLOW_END_DELETED, fx.now_ns);
	cr_assert_eq(size_of(&fx).dying, 9, "the first one waits, the others gather");
	make_ready(&fx.worker->limbo);
	for (n = 0; n < 4; n++) {
		unconfirmed_number(&fx, 100 + n);
		cr_assert_eq(size_of(&fx).dying, 7 - 2 * n);
	}
	unconfirmed_number(&fx, 104);
	cr_assert_eq(size_of(&fx).dying, 1, "nothing is ready any more");
	fixture_end(&fx);
}

Test(life, ids_find_their_flow_and_no_other)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = confirmed_number(&fx, 1), *again;
	uint32_t id = f->id;

	cr_assert_eq(flow_find_id(fx.table, id, FLOW_HOLDER_CONTROL), f);
	flow_put(fx.table, f, FLOW_HOLDER_CONTROL);
	cr_assert_null(flow_find_id(fx.table, id + 1, FLOW_HOLDER_CONTROL));
	flow_kill(fx.worker, f, FLOW_END_DELETED, fx.now_ns);
	cr_assert_null(flow_find_id(fx.table, id, FLOW_HOLDER_CONTROL));
	fixture_settle(&fx);
	again = confirmed_number(&fx, 2);
	cr_assert_eq(again, f, "the slot is used again");
	cr_assert_neq(again->id, id, "under another id");
	fixture_end(&fx);
}

Test(life, a_flow_from_an_address_to_itself_has_one_key)
{
	struct fixture fx = fixture_new(NULL);
	struct packet p = packet_number(1);
	enum ctq_reason why;
	struct flow *f;

	memcpy(p.tuple.dst, p.tuple.src, sizeof(p.tuple.dst));
	p.tuple.dst_id = p.tuple.src_id;
	f = flow_new(fx.worker, &p, 0, fx.now_ns, &why);
	cr_assert_eq(flow_confirm(fx.worker, f, &p.tuple, fx.now_ns, &why).flow, f);
	cr_assert_eq(flow_peek(fx.table, &p.tuple).flow, f);
	cr_assert(flow_kill(fx.worker, f, FLOW_END_DELETED, fx.now_ns));
	cr_assert_null(flow_peek(fx.table, &p.tuple).flow);
	fixture_end(&fx);
}

Test(life, S1_memory_comes_back)
{
	struct flow_table_config cfg;
	struct fixture fx;
	size_t empty;
	uint32_t n;

	flow_table_config_init(&cfg);
	cfg.max = 200000;
	fx = fixture_new(&cfg);
	confirmed_number(&fx, 0);
	empty = size_of(&fx).slab_bytes + size_of(&fx).table_bytes;
	for (n = 1; n < 200000; n++)
		confirmed_number(&fx, n);
	cr_assert_gt(size_of(&fx).slab_bytes, 200000 * sizeof(struct flow));
	flow_table_flush(fx.worker, FLOW_END_DELETED, fx.now_ns);
	fixture_settle(&fx);
	cr_assert_leq(size_of(&fx).slab_bytes + size_of(&fx).table_bytes,
	              empty + 512 * 1024);
	fixture_end(&fx);
}

/* Nothing but the control thread's work, a second after the other. */
Test(life, S1_expiry_gives_back_what_nobody_needed_for_a_second)
{
	struct flow_table_config cfg;
	struct fixture fx;
	uint32_t n;

	flow_table_config_init(&cfg);
	cfg.max = 20000;
	fx = fixture_new(&cfg);
	for (n = 0; n < 20000; n++)
		confirmed_number(&fx, n);
	flow_expire(fx.worker, fx.now_ns);
	flow_table_flush(fx.worker, FLOW_END_DELETED, fx.now_ns);
	rcu_offline();
	rcu_settle();
	rcu_settle();
	rcu_online();
	cr_assert_geq(size_of(&fx).slab_bytes, 20000 * sizeof(struct flow));
	for (n = 1; n <= 2; n++)
		flow_expire(fx.worker, fx.now_ns + n * SECOND);
	cr_assert_leq(size_of(&fx).slab_bytes, SLAB_CHUNK * sizeof(struct flow));
	fixture_end(&fx);
}

/* Pages of an array of the slab's, of elements of @size bytes, that are in memory. */
static size_t array_resident(struct fixture *fx, const void *array, size_t size)
{
	size_t bytes = slab_slots(fx->table->slab) * size, pages = bytes / 4096, n = 0, i;
	unsigned char *map = calloc(pages, 1);
	const char *first = (const char *)array + size;

	cr_assert_eq(mincore((void *)(uintptr_t)first, bytes, map), 0);
	for (i = 0; i < pages; i++)
		n += map[i] & 1;
	free(map);
	return n;
}

static size_t arrays_resident(struct fixture *fx)
{
	return array_resident(fx, (const void *)(uintptr_t)fx->table->deadline, 4) +
	       array_resident(fx, (const void *)(uintptr_t)fx->table->phase, 1);
}

/* At the end the worker's chunk has pages, and so has the group with fresh chunks. */
Test(life, S1_what_stands_beside_the_slots_comes_back_too)
{
	struct flow_table_config cfg;
	struct fixture fx;
	uint32_t n;

	flow_table_config_init(&cfg);
	cfg.max = 100000;
	fx = fixture_new(&cfg);
	for (n = 0; n < 100000; n++)
		flow_timeout_set(fx.table, confirmed_number(&fx, n), 1000, 100000);
	cr_assert_geq(arrays_resident(&fx), 100000 * 5 / 4096);
	flow_table_flush(fx.worker, FLOW_END_DELETED, fx.now_ns);
	fixture_settle(&fx);
	cr_assert_leq(arrays_resident(&fx), 2 * SLAB_GROUP * SLAB_CHUNK * 5 / 4096);
	fixture_end(&fx);
}

static size_t slots_resident(struct fixture *fx)
{
	const struct slab *slab = fx->table->slab;

	return array_resident(fx, slab_slot(slab, 0), sizeof(struct flow));
}

static void forget_helper(struct fixture *fx, uint16_t number)
{
	struct flow_kill_cursor c = { 0 };

	while (flow_forget_helper(fx->table, &c, number))
		rcu_quiet();
}

static void set_helper(struct flow *f, uint16_t number)
{
	atomic_store(&f->helper, number);
}

Test(life, a_helper_is_taken_from_its_flows_also_from_dead_ones_that_are_held)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f[4];
	uint16_t n;

	for (n = 0; n < 4; n++) {
		f[n] = n ? confirmed_number(&fx, n) : unconfirmed_number(&fx, n);
		set_helper(f[n], n < 3 ? 5 : 6);
	}
	flow_get(f[2], FLOW_HOLDER_CONTROL);
	flow_kill(fx.worker, f[2], FLOW_END_DELETED, fx.now_ns);
	forget_helper(&fx, 5);
	for (n = 0; n < 3; n++)
		cr_assert_eq(f[n]->helper, 0, "%u", n);
	cr_assert_eq(f[3]->helper, 6);
	flow_put(fx.table, f[2], FLOW_HOLDER_CONTROL);
	fixture_end(&fx);
}

Test(life, S1_forgetting_a_helper_touches_no_free_slot)
{
	struct flow_table_config cfg;
	struct fixture fx;
	size_t before;
	uint32_t n;

	flow_table_config_init(&cfg);
	cfg.max = 50000;
	fx = fixture_new(&cfg);
	for (n = 0; n < 50000; n++)
		confirmed_number(&fx, n);
	cr_assert_geq(slots_resident(&fx), 50000 * sizeof(struct flow) / 4096);
	flow_table_flush(fx.worker, FLOW_END_DELETED, fx.now_ns);
	fixture_settle(&fx);
	before = slots_resident(&fx);
	forget_helper(&fx, 3);
	cr_assert_eq(slots_resident(&fx), before);
	fixture_end(&fx);
}

Test(life, a_source_has_as_many_flows_as_it_may)
{
	enum ctq_reason why = CTQ_REASON_NONE;
	struct flow_table_config cfg;
	struct packet p = packet_number(1);
	struct fixture fx;
	struct flow *f;

	flow_table_config_init(&cfg);
	cfg.max = 100;
	cfg.per_source = 3;
	fx = fixture_new(&cfg);
	for (p.tuple.src_id = 1; p.tuple.src_id <= 3; p.tuple.src_id++)
		cr_assert_not_null(flow_new(fx.worker, &p, 0, fx.now_ns, &why));
	cr_assert_null(flow_new(fx.worker, &p, 0, fx.now_ns, &why));
	cr_assert_eq(why, CTQ_DROP_SOURCE_LIMIT);
	confirmed_number(&fx, 2); /* another source */
	p.tuple.src_id = 1;
	f = flow_peek_unconfirmed(fx.worker, &p.tuple);
	flow_kill(fx.worker, f, FLOW_END_NONE, fx.now_ns);
	p.tuple.src_id = 9;
	cr_assert_not_null(flow_new(fx.worker, &p, 0, fx.now_ns, &why));
	fixture_end(&fx);
}

static bool is_number_7(void *ctx, const struct tuple *t)
{
	return t->src[2] == 0 && t->src[3] == 7;
}

Test(life, reserved_addresses_always_get_in)
{
	enum ctq_reason why = CTQ_REASON_NONE;
	struct flow_table_config cfg;
	struct packet p = packet_number(7), other = packet_number(8);
	struct fixture fx;
	uint32_t n;

	flow_table_config_init(&cfg);
	cfg.max = 5;
	cfg.reserve = 1;
	cfg.is_reserved = is_number_7;
	fx = fixture_new(&cfg);
	for (n = 0; n < 4; n++)
		flow_status_add(fx.worker, confirmed_number(&fx, n), TRACK_ASSURED);
	cr_assert_null(flow_new(fx.worker, &other, 0, fx.now_ns, &why));
	cr_assert_eq(why, CTQ_DROP_TABLE_FULL);
	cr_assert_not_null(flow_new(fx.worker, &p, 0, fx.now_ns, &why));
	fixture_end(&fx);
}

Test(life, others_leave_the_flows_of_reserved_addresses_alone)
{
	struct packet p = packet_number(7);
	struct flow_table_config cfg;
	struct fixture fx;
	uint32_t n;

	flow_table_config_init(&cfg);
	cfg.max = 100;
	cfg.reserve = 10;
	cfg.is_reserved = is_number_7;
	fx = fixture_new(&cfg);
	for (n = 0; n < 90; n++)
		confirmed_number(&fx, 1000 + n);
	confirmed_number(&fx, 7);
	for (n = 0; n < 1000; n++)
		confirmed_number(&fx, 2000 + n);
	cr_assert_not_null(flow_peek(fx.table, &p.tuple).flow);
	cr_assert_eq(size_of(&fx).confirmed, 91);
	cr_assert_eq(flow_counter_read(fx.table, FLOW_COUNTER_EVICTED), 1000,
	             "one goes for each that comes");
	fixture_end(&fx);
}

/* A flow of the reserved address, from a port of its own. */
static struct flow *reserved_number(struct fixture *fx, uint16_t n)
{
	enum ctq_reason why = CTQ_REASON_NONE;
	struct packet p = packet_number(7);
	struct flow *f;

	p.tuple.src_id = htons(1024 + n);
	f = flow_new(fx->worker, &p, TRACK_MACHINE_UDP, fx->now_ns, &why);
	cr_assert_not_null(f, "flow_new: reason %d", why);
	return f;
}

static struct flow *confirm(struct fixture *fx, struct flow *f)
{
	enum ctq_reason why;
	struct tuple reply;

	tuple_invert(&f->side[TRACK_ORIGINAL].tuple, &reply);
	cr_assert_eq(flow_confirm(fx->worker, f, &reply, fx->now_ns, &why).flow, f);
	return f;
}

/* Of 100 slots 10 are reserved for number 7. */
static struct fixture fixture_reserve(bool evict_closing)
{
	struct flow_table_config cfg;

	flow_table_config_init(&cfg);
	cfg.max = 100;
	cfg.reserve = 10;
	cfg.is_reserved = is_number_7;
	cfg.evict_closing = evict_closing;
	return fixture_new(&cfg);
}

static unsigned int count_dying(struct flow *const *flows, unsigned int n)
{
	unsigned int dying = 0, i;

	for (i = 0; i < n; i++)
		dying += flow_is_dying(flows[i]);
	return dying;
}

static void assure(struct fixture *fx, struct flow *f)
{
	flow_status_add(fx->worker, f, TRACK_ASSURED);
}

Test(life, V3_others_leave_the_unconfirmed_flows_of_reserved_addresses_alone)
{
	struct fixture fx = fixture_reserve(false);
	enum ctq_reason why = CTQ_REASON_NONE;
	struct packet p = packet_number(5000);
	struct flow *f[5];
	uint16_t n;

	for (n = 0; n < 90; n++)
		assure(&fx, confirmed_number(&fx, 1000 + n));
	for (n = 0; n < 5; n++)
		f[n] = reserved_number(&fx, n);
	cr_assert_null(flow_new(fx.worker, &p, 0, fx.now_ns, &why));
	cr_assert_eq(why, CTQ_DROP_TABLE_FULL);
	cr_assert_eq(count_dying(f, 5), 0);
	cr_assert_eq(flow_counter_read(fx.table, FLOW_COUNTER_EVICTED), 0);
	fx.now_ns += 11 * SECOND;
	cr_assert_eq(flow_reap(fx.worker, fx.now_ns), 5, "they are reaped as others are");
	fixture_end(&fx);
}

Test(life, V3_others_leave_the_closing_flows_of_reserved_addresses_alone)
{
	struct fixture fx = fixture_reserve(true);
	struct flow *f[9], *closing = NULL;
	uint16_t n;

	for (n = 0; n < 9; n++) {
		f[n] = confirm(&fx, reserved_number(&fx, n));
		assure(&fx, f[n]);
		flow_closing_set(fx.worker, f[n], true, fx.now_ns);
	}
	for (n = 0; n < 90; n++) {
		closing = confirmed_number(&fx, 1000 + n);
		assure(&fx, closing);
	}
	flow_closing_set(fx.worker, closing, true, fx.now_ns + SECOND);
	confirmed_number(&fx, 5000);
	cr_assert(flow_is_dying(closing));
	cr_assert_eq(count_dying(f, 9), 0);
	cr_assert_eq(flow_counter_read(fx.table, FLOW_COUNTER_EVICTED), 1);
	fixture_end(&fx);
}

/* A table of nothing but assured flows, of which some are closing. */
Test(life, V2_reserved_addresses_take_closing_flows_of_others_first_then_their_own)
{
	struct fixture fx = fixture_reserve(true);
	struct flow *own[10], *closing = NULL;
	uint16_t n;

	for (n = 0; n < 10; n++) {
		own[n] = confirm(&fx, reserved_number(&fx, n));
		assure(&fx, own[n]);
	}
	flow_closing_set(fx.worker, own[3], true, fx.now_ns);
	for (n = 0; n < 90; n++) {
		closing = confirmed_number(&fx, 1000 + n);
		assure(&fx, closing);
	}
	flow_closing_set(fx.worker, closing, true, fx.now_ns + SECOND);
	assure(&fx, confirm(&fx, reserved_number(&fx, 100)));
	cr_assert(flow_is_dying(closing) && !flow_is_dying(own[3]));
	reserved_number(&fx, 101);
	cr_assert(flow_is_dying(own[3]));
	cr_assert_eq(flow_counter_read(fx.table, FLOW_COUNTER_EVICTED), 2);
	fixture_end(&fx);
}

Test(life, reserved_addresses_make_room_among_others_first_then_among_their_own)
{
	struct packet first = packet_number(7), p = first;
	enum ctq_reason why = CTQ_REASON_NONE;
	struct flow_table_config cfg;
	struct tuple reply;
	struct fixture fx;
	struct flow *f;
	uint32_t n;

	flow_table_config_init(&cfg);
	cfg.max = 10;
	cfg.reserve = 1;
	cfg.is_reserved = is_number_7;
	fx = fixture_new(&cfg);
	for (n = 0; n < 9; n++)
		confirmed_number(&fx, 1000 + n);
	for (n = 0; n < 11; n++) {
		p.tuple.src_id = htons((uint16_t)(1024 + n));
		f = flow_new(fx.worker, &p, 0, fx.now_ns + n, &why);
		cr_assert_not_null(f, "number %u", n);
		tuple_invert(&p.tuple, &reply);
		cr_assert_eq(flow_confirm(fx.worker, f, &reply, fx.now_ns + n, &why).flow,
		             f);
		cr_assert_eq(flow_peek(fx.table, &first.tuple).flow != NULL, n < 10);
	}
	cr_assert_eq(size_of(&fx).confirmed, 10);
	fixture_end(&fx);
}

/* Each newcomer's source is counted before another flow has made room for it. */
Test(life, a_full_table_of_sources_with_one_flow_each_takes_more_of_them)
{
	struct flow_table_config cfg;
	struct fixture fx;
	uint32_t n;

	flow_table_config_init(&cfg);
	cfg.max = 100;
	cfg.per_source = 3;
	fx = fixture_new(&cfg);
	for (n = 0; n < 1000; n++)
		confirmed_number(&fx, n);
	cr_assert_eq(size_of(&fx).confirmed, 100);
	fixture_end(&fx);
}

Test(life, V2_by_default_not_even_a_closing_flow_that_is_assured_goes)
{
	enum ctq_reason why = CTQ_REASON_NONE;
	struct flow_table_config cfg;
	struct packet p = packet_number(100);
	struct fixture fx;
	struct flow *f;

	flow_table_config_init(&cfg);
	cfg.max = 1;
	fx = fixture_new(&cfg);
	f = confirmed_number(&fx, 0);
	flow_status_add(fx.worker, f, TRACK_ASSURED);
	flow_closing_set(fx.worker, f, true, fx.now_ns);
	cr_assert_null(flow_new(fx.worker, &p, 0, fx.now_ns, &why));
	cr_assert_eq(why, CTQ_DROP_TABLE_FULL);
	fixture_end(&fx);
}

Test(life, reaping_is_bounded_and_goes_on)
{
	struct flow_table_config cfg;
	struct fixture fx;
	uint32_t n;

	flow_table_config_init(&cfg);
	cfg.max = 2 * FLOW_REAP_MAX;
	fx = fixture_new(&cfg);
	for (n = 0; n < FLOW_REAP_MAX + 10; n++)
		unconfirmed_number(&fx, n);
	fx.now_ns += 11 * SECOND;
	cr_assert_eq(flow_reap(fx.worker, fx.now_ns), FLOW_REAP_MAX);
	cr_assert_eq(flow_reap(fx.worker, fx.now_ns), 10);
	fixture_end(&fx);
}

/* ---- identifiers ------------------------------------------------------------------------------ */

/* I1: each of the laps that are left beside the slot's number. */
Test(life, no_id_of_a_slot_comes_again_for_long)
{
	struct fixture fx = fixture_new(NULL);
	uint32_t laps = 1u << (32 - fx.table->id_slot_bits), first, i;

	cr_assert_eq(laps, 8192);
	first = flow_id_next(fx.table, 7);
	cr_assert_neq(first, 0);
	cr_assert_eq(flow_id_index(fx.table, first), 7);
	for (i = 1; i < laps; i++)
		cr_assert_neq(flow_id_next(fx.table, 7), first, "use %u", i);
	cr_assert_eq(flow_id_next(fx.table, 7), first);
	fixture_end(&fx);
}

/* I1 */
Test(life, ids_have_more_laps_the_smaller_the_table_is)
{
	static const struct {
		uint32_t max, laps;
	} tables[] = {
		{ 1, 8192 },
		{ FLOW_MAX_DEFAULT, 8192 },
		{ FLOW_MAX_LIMIT, 32 },
	};
	struct flow_table_config cfg;
	struct fixture fx;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(tables); i++) {
		flow_table_config_init(&cfg);
		cfg.max = tables[i].max;
		fx = fixture_new(&cfg);
		cr_assert_eq(1u << (32 - fx.table->id_slot_bits), tables[i].laps, "%u",
		             cfg.max);
		fixture_end(&fx);
	}
}

/* I1: although the page that the flow stood in went back. */
Test(life, a_new_page_has_new_ids)
{
	enum { FLOWS = 900 };
	struct fixture fx = fixture_new(NULL);
	static uint32_t ids[2][FLOWS];
	struct flow *f;
	uint32_t i, j, round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < FLOWS; i++) {
			f = unconfirmed_number(&fx, i);
			ids[round][i] = atomic_load(&f->id);
		}
		flow_table_flush(fx.worker, FLOW_END_DELETED, fx.now_ns);
		fixture_settle(&fx);
	}
	for (i = 0; i < FLOWS; i++)
		for (j = 0; j < FLOWS; j++)
			cr_assert_neq(ids[0][i], ids[1][j]);
	fixture_end(&fx);
}
