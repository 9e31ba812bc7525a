/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_limbo.c - grace periods are begun, and locks waited for, as HACKING says
 *
 * The calls that matter are caught here, before they go on to where they belong: an executable's
 * functions come before those of shared libraries.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>

#include "flow/expect.h"
#include "flow/table_priv.h"
#include "flow_fixture.h"

/* ---- beginning a grace period: maybe a system call -------------------------------------- */

static struct fixture *watched;
static _Atomic unsigned int begun, held;

/* None of them can be had by this thread twice; expect_walk() would wait for ever. */
static void grace_begins(void)
{
	struct expect_info info;
	uint32_t cursor = 0;

	begun++;
	held += watched->worker->limbo.lock.held + watched->worker->lists.lock.held;
	(void)expect_walk(watched->table, &cursor, &info, 1, watched->now_ns);
}

void urcu_qsbr_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *))
{
	void (*next)(struct rcu_head *, void (*)(struct rcu_head *));

	*(void **)&next = dlsym(RTLD_NEXT, "urcu_qsbr_call_rcu");
	if (watched)
		grace_begins();
	next(head, func);
}

/* The second one gathers while the first one waits, and goes on in RCU's thread. */
Test(limbo, grace_periods_are_begun_without_the_lock, .timeout = 60)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *first = confirmed_number(&fx, 1), *second = confirmed_number(&fx, 2);

	watched = &fx;
	flow_kill(fx.worker, first, FLOW_END_DELETED, fx.now_ns);
	flow_kill(fx.worker, second, FLOW_END_DELETED, fx.now_ns);
	cr_assert(fx.worker->limbo.under_way);
	cr_assert_neq(fx.worker->limbo.gathering.first, 0);
	fixture_settle(&fx);
	watched = NULL;
	cr_assert_geq(begun, 2);
	cr_assert_eq(held, 0);
	fixture_end(&fx);
}

static const struct helper helper = {
	.name = "three",
	.l4 = IPPROTO_UDP,
	.classes = { { "a", 3, 60 } },
	.classes_length = 1,
};

static void expect_number(struct fixture *fx, struct flow *master, uint16_t port)
{
	struct helper_action want = { .kind = HELPER_EXPECT };

	memcpy(want.tuple.dst, "\xc0\x00\x02\x01", 4);
	want.tuple.dst_id = htons(port);
	want.tuple.l3 = AF_INET;
	want.tuple.l4 = IPPROTO_UDP;
	cr_assert_eq(expect_add(fx->worker, master, &helper, &want, fx->now_ns), 0);
}

Test(limbo, expectations_leave_without_the_lock, .timeout = 60)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *master = confirmed_number(&fx, 1);
	uint16_t n;

	flow_helper_set(fx.worker, master, helper_named("tftp"));
	for (n = 0; n < 3; n++)
		expect_number(&fx, master, (uint16_t)(5000 + n));
	watched = &fx;
	cr_assert_eq(expect_flush_master(fx.worker, master, 1, fx.now_ns), 3);
	watched = NULL;
	cr_assert_eq(begun, 3);
	cr_assert_eq(expect_count(fx.table), 0);
	fixture_end(&fx);
}

/* ---- waiting for a lock ----------------------------------------------------------------- */

/* Who holds it does not run: as if it had been interrupted, it goes on when it is let. */
static struct spin *interrupted;
static unsigned int yielded;

int sched_yield(void)
{
	yielded++;
	if (interrupted)
		spin_unlock(interrupted);
	interrupted = NULL;
	return 0;
}

static void interrupt(struct spin *lock)
{
	spin_lock(lock);
	interrupted = lock;
}

Test(limbo, who_waits_for_a_lock_lets_its_holder_run, .timeout = 60)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f;

	interrupt(&fx.worker->lists.lock);
	f = confirmed_number(&fx, 1);
	cr_assert_eq(yielded, 1, "lists");
	interrupt(&fx.worker->limbo.lock);
	flow_kill(fx.worker, f, FLOW_END_DELETED, fx.now_ns);
	cr_assert_eq(yielded, 2, "limbo");
	fixture_end(&fx);
}
