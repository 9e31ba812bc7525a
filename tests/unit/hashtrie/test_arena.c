/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_arena.c - what the arena asks of the system, and with which locks; what it gives back
 *
 * The calls that it makes are caught here, before they go on to where they belong: an
 * executable's functions come before those of shared libraries.
 */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "hashtrie/trie_priv.h"
#include "tests/unit/hashtrie/owner.h"

/* What is watched: one table, and its only writer. */
static struct hashtrie *watched;
static pthread_t writer;
static _Atomic unsigned int asked_by_writer, asked_by_rcu, held;

/* In RCU's thread the writer may have it for a moment; who has it already waits in vain. */
static bool arena_is_held(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	if (pthread_mutex_timedlock(&watched->arena.lock, &until))
		return true;
	pthread_mutex_unlock(&watched->arena.lock);
	return false;
}

static bool subtree_is_held(void)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < TRIE_ROOT_SIZE; i++)
		any |= watched->subtree[i].lock.held;
	return any;
}

static void system_is_asked(void)
{
	if (!watched)
		return;
	if (pthread_equal(pthread_self(), writer)) {
		asked_by_writer++;
		held += subtree_is_held();
	} else {
		asked_by_rcu++;
	}
	if (!held)
		held += arena_is_held();
}

void urcu_qsbr_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *))
{
	void (*next)(struct rcu_head *, void (*)(struct rcu_head *));

	*(void **)&next = dlsym(RTLD_NEXT, "urcu_qsbr_call_rcu");
	system_is_asked();
	next(head, func);
}

int madvise(void *at, size_t bytes, int advice)
{
	system_is_asked();
	return (int)syscall(SYS_madvise, at, bytes, advice);
}

int mprotect(void *at, size_t bytes, int access)
{
	system_is_asked();
	return (int)syscall(SYS_mprotect, at, bytes, access);
}

struct fixture {
	struct owner owner;
	struct hashtrie *trie;
};

static void fixture_begin(struct fixture *fx, size_t n)
{
	urcu_qsbr_register_thread();
	fx->owner = owner_new(n);
	fx->trie = hashtrie_new(&owner_ops, &fx->owner);
	cr_assert_not_null(fx->trie);
	writer = pthread_self();
	watched = fx->trie;
}

static void fixture_end(struct fixture *fx)
{
	watched = NULL;
	hashtrie_destroy(fx->trie);
	owner_free(&fx->owner);
	urcu_qsbr_unregister_thread();
}

static void insert(struct fixture *fx, uint32_t handle)
{
	uint64_t *key = &fx->owner.keys[handle];

	*key = owner_mix(handle);
	cr_assert_eq(hashtrie_insert(fx->trie, *key, key, handle, NULL), 0);
}

static void take_turns_with_rcu(void)
{
	rcu_offline();
	urcu_qsbr_barrier();
	rcu_online();
}

#define ENTRIES 400000u
/* Few enough that what RCU's thread has made ready lasts. */
#define TURN 4000u

Test(arena, the_system_is_asked_for_nothing_under_a_lock)
{
	struct fixture fx;
	uint32_t i;

	fixture_begin(&fx, ENTRIES);
	for (i = 1; i <= ENTRIES; i++) {
		insert(&fx, i);
		if (i % TURN == 0)
			take_turns_with_rcu();
	}
	for (i = 1; i <= ENTRIES; i++) {
		cr_assert_eq(hashtrie_remove(fx.trie, fx.owner.keys[i], i), 0);
		if (i % TURN == 0)
			take_turns_with_rcu();
	}
	cr_assert_gt(asked_by_writer, 0, "grace periods");
	cr_assert_gt(asked_by_rcu, 0);
	cr_assert_eq(held, 0);
	fixture_end(&fx);
}

/* The writer is not quiet, so that chunks are opened without RCU's thread, with small pages. */
Test(arena, chunks_that_were_opened_in_a_hurry_are_advised_without_the_lock)
{
	struct fixture fx;
	uint32_t i;

	fixture_begin(&fx, ENTRIES);
	watched = NULL;
	for (i = 1; i <= ENTRIES; i++)
		insert(&fx, i);
	watched = fx.trie;
	cr_assert_neq(fx.trie->arena.hurried[0], 0);
	take_turns_with_rcu();
	cr_assert_eq(fx.trie->arena.hurried[0], 0);
	cr_assert_gt(asked_by_rcu, 0);
	cr_assert_eq(held, 0);
	fixture_end(&fx);
}

#define MILLIONS 4000000u

/* Pages of the whole range of addresses that are in memory. */
static size_t resident(const struct hashtrie *t)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = t->arena.map_size / page,
	       n = 0;
	unsigned char *map = malloc(pages);

	cr_assert_not_null(map);
	cr_assert_eq(mincore(t->arena.map, t->arena.map_size, map), 0);
	for (size_t i = 0; i < pages; i++)
		n += map[i] & 1;
	free(map);
	return n * page;
}

/* By the books, and by what the kernel says. */
Test(arena, G6_four_million_entries_come_and_go)
{
	struct hashtrie_stats empty, after;
	struct fixture fx;
	size_t before;
	uint32_t i;

	fixture_begin(&fx, MILLIONS);
	watched = NULL;
	hashtrie_stats(fx.trie, &empty);
	before = resident(fx.trie);
	cr_assert_leq(before, HASHTRIE_EMPTY_BYTES);
	for (i = 1; i <= MILLIONS; i++) {
		insert(&fx, i);
		if (i % 64 == 0)
			rcu_quiet();
	}
	cr_assert_geq(resident(fx.trie), MILLIONS * sizeof(uint64_t));
	for (i = 1; i <= MILLIONS; i++) {
		cr_assert_eq(hashtrie_remove(fx.trie, fx.owner.keys[i], i), 0);
		if (i % 64 == 0)
			rcu_quiet();
	}
	owner_settle(fx.trie);
	hashtrie_stats(fx.trie, &after);
	cr_assert_eq(after.bytes, empty.bytes);
	cr_assert_eq(after.bytes_held, empty.bytes_held);
	cr_assert_leq(resident(fx.trie), before);
	fixture_end(&fx);
}
