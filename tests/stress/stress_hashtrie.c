/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stress_hashtrie.c - readers, writers and dumps on one table, all at once
 *
 * Keys 1 .. STAY are in the table throughout: every find of them must succeed (G1)
 * and every dump deliver them once (G3). The others come and go: writers compete
 * for them, and of several inserts of one key only one may succeed (G2). The
 * number of entries swings widely, so that leaves and nodes split and merge under
 * the readers. Entries live in slots that are poisoned and reused after a grace
 * period: a reader that meets a poisoned one has been given a stale handle.
 * Now and then an allocation fails (G7). At the end the table is emptied and must
 * have given its memory back (G6).
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/unit/hashtrie/owner.h"

#define STAY    1000u
#define KEYS    12000u
#define WRITERS 3
#define READERS 2
#define SLOTS   (KEYS * 2 + 1024)
#define POISON  UINT64_MAX

struct slot {
	struct rcu_head head;
	_Atomic uint64_t key;
	_Atomic uint32_t next; /* free list of the writer that owns the slot */
	unsigned int writer;
};

/* Slots are freed by RCU's thread and taken by their writer. */
struct pool {
	_Atomic uint32_t freed; /* stack of slots, pushed by RCU's thread */
	uint32_t taken;         /* the writer's own stack */
};

static struct slot slots[SLOTS];
static struct pool pools[WRITERS];
static _Atomic uint32_t holder[KEYS + 1]; /* handle of the winner, 0: none */
static struct hashtrie *trie;
static atomic_bool stop;
static _Atomic unsigned long finds, inserts, removes, dumps, refusals;
static _Atomic unsigned long missed, doubled, stale, twice; /* what must stay 0 */

/* Eight of the 64 subtrees: writers meet, and each one's size swings widely. */
static uint64_t key_hash(uint64_t key)
{
	return owner_mix(key) >> 3;
}

static bool slot_match(void *ctx, uint32_t handle, const void *key)
{
	uint64_t have = atomic_load_explicit(&slots[handle].key, memory_order_relaxed);

	if (have == POISON)
		atomic_fetch_add(&stale, 1);
	return have == *(const uint64_t *)key;
}

static _Atomic unsigned int permits;

static bool slot_permit(void *ctx, size_t bytes)
{
	if (atomic_fetch_add_explicit(&permits, 1, memory_order_relaxed) % 50 != 49)
		return true;
	atomic_fetch_add(&refusals, 1);
	return false;
}

static const struct hashtrie_ops slot_ops = { .match = slot_match,
	                                      .permit = slot_permit };

/* ---- slots ------------------------------------------------------------------- */

static void slot_push(struct slot *s)
{
	struct pool *p = &pools[s->writer];
	uint32_t top = atomic_load(&p->freed);

	do
		atomic_store(&s->next, top);
	while (!atomic_compare_exchange_weak(&p->freed, &top, (uint32_t)(s - slots)));
}

static void slot_reclaim(struct rcu_head *head)
{
	struct slot *s = base_container_of(head, struct slot, head);

	rcu_deferred();
	atomic_store_explicit(&s->key, POISON, memory_order_relaxed);
	slot_push(s);
}

static uint32_t slot_take(unsigned int writer)
{
	struct pool *p = &pools[writer];
	uint32_t handle;

	if (!p->taken)
		p->taken = atomic_exchange(&p->freed, 0);
	handle = p->taken;
	if (handle)
		p->taken = atomic_load(&slots[handle].next);
	return handle;
}

static void slots_init(void)
{
	for (uint32_t i = KEYS + 1; i < SLOTS; i++) {
		slots[i].writer = i % WRITERS;
		slot_push(&slots[i]);
	}
}

/* ---- threads ----------------------------------------------------------------- */

static uint32_t draw(uint64_t *random, uint32_t below)
{
	*random = owner_mix(*random);
	return (uint32_t)(*random >> 32) % below;
}

static void writer_insert(unsigned int writer, uint64_t key)
{
	uint32_t handle = slot_take(writer), standing = 0;
	int err;

	if (!handle)
		return; /* all wait for their grace period */
	atomic_store_explicit(&slots[handle].key, key, memory_order_relaxed);
	err = hashtrie_insert(trie, key_hash(key), &key, handle, &standing);
	if (err) {
		slot_push(&slots[handle]);
		return;
	}
	atomic_fetch_add_explicit(&inserts, 1, memory_order_relaxed);
	if (atomic_exchange(&holder[key], handle) != 0)
		atomic_fetch_add(&doubled, 1);
}

static void writer_remove(uint64_t key)
{
	uint32_t handle = atomic_exchange(&holder[key], 0);

	if (!handle)
		return;
	if (hashtrie_remove(trie, key_hash(key), handle) != 0)
		atomic_fetch_add(&missed, 1);
	rcu_defer(&slots[handle].head, slot_reclaim);
	atomic_fetch_add_explicit(&removes, 1, memory_order_relaxed);
}

static void *writer_main(void *arg)
{
	unsigned int writer = (unsigned int)(uintptr_t)arg;
	uint64_t random = 1000 + writer;

	urcu_qsbr_register_thread();
	for (unsigned long i = 0; !atomic_load(&stop); i++) {
		/* Each writer swings at a pace of its own, over the whole range. */
		bool up = i / (6000 + 500 * writer) % 2 == 0;
		uint64_t key = STAY + 1 + draw(&random, KEYS - STAY);

		if (draw(&random, 8) < (up ? 7u : 1u))
			writer_insert(writer, key);
		else
			writer_remove(key);
		if (i % 64 == 0)
			rcu_quiet();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void reader_bulk(uint64_t *random)
{
	uint64_t key[32], hash[32];
	const void *keys[32];
	uint32_t handle[32];

	for (unsigned int i = 0; i < 32; i++) {
		key[i] = i & 1 ? 1 + draw(random, STAY) : 1 + draw(random, KEYS);
		hash[i] = key_hash(key[i]);
		keys[i] = &key[i];
	}
	hashtrie_find_bulk(trie, 32, hash, keys, handle);
	for (unsigned int i = 0; i < 32; i++) {
		if (key[i] <= STAY && handle[i] != key[i])
			atomic_fetch_add(&missed, 1);
		if (handle[i] && atomic_load(&slots[handle[i]].key) == POISON)
			atomic_fetch_add(&stale, 1);
	}
}

static void *reader_main(void *arg)
{
	uint64_t random = 2000 + (uintptr_t)arg;

	urcu_qsbr_register_thread();
	while (!atomic_load(&stop)) {
		uint64_t key = 1 + draw(&random, STAY);

		if (hashtrie_find(trie, key_hash(key), &key) != key)
			atomic_fetch_add(&missed, 1);
		reader_bulk(&random);
		rcu_quiet();
		atomic_fetch_add_explicit(&finds, 33, memory_order_relaxed);
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void dump_once(uint64_t *random, uint8_t *seen)
{
	struct hashtrie_cursor cursor = HASHTRIE_CURSOR_START;
	uint32_t handles[512];
	unsigned int n;

	memset(seen, 0, STAY + 1);
	while ((n = hashtrie_next(trie, &cursor, handles, 1 + draw(random, 512))) > 0) {
		for (unsigned int i = 0; i < n; i++)
			if (handles[i] <= STAY && seen[handles[i]]++)
				atomic_fetch_add(&twice, 1);
		rcu_quiet();
	}
	for (uint32_t key = 1; key <= STAY; key++)
		if (!seen[key])
			atomic_fetch_add(&missed, 1);
	atomic_fetch_add(&dumps, 1);
}

static void *dumper_main(void *arg)
{
	uint64_t random = 3000;
	uint8_t *seen = malloc(STAY + 1);

	urcu_qsbr_register_thread();
	while (!atomic_load(&stop))
		dump_once(&random, seen);
	urcu_qsbr_unregister_thread();
	free(seen);
	return NULL;
}

/* ---- the whole --------------------------------------------------------------- */

static int tests;

static void ok(bool good, const char *what)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tests, what);
}

static void run_threads(unsigned int seconds)
{
	pthread_t threads[WRITERS + READERS + 1];
	unsigned int n = 0;

	for (uintptr_t i = 0; i < WRITERS; i++)
		pthread_create(&threads[n++], NULL, writer_main, (void *)i);
	for (uintptr_t i = 0; i < READERS; i++)
		pthread_create(&threads[n++], NULL, reader_main, (void *)i);
	pthread_create(&threads[n++], NULL, dumper_main, NULL);

	rcu_offline();
	nanosleep(&(struct timespec){ .tv_sec = seconds }, NULL); /* the stress itself */
	atomic_store(&stop, true);
	while (n-- > 0)
		pthread_join(threads[n], NULL);
	rcu_online();
}

static void empty_table(void)
{
	for (uint32_t key = 1; key <= KEYS; key++) {
		uint32_t handle = key <= STAY ? key : atomic_load(&holder[key]);

		if (handle && hashtrie_remove(trie, key_hash(key), handle) != 0)
			atomic_fetch_add(&missed, 1);
	}
	owner_settle(trie);
}

int main(void)
{
	const char *seconds = getenv("STRESS_SECONDS");
	struct hashtrie_stats full, empty;

	urcu_qsbr_register_thread();
	trie = hashtrie_new(&slot_ops, NULL);
	if (!trie)
		return 1;
	slots_init();
	for (uint64_t key = 1; key <= STAY; key++) {
		atomic_store(&slots[key].key, key);
		while (hashtrie_insert(trie, key_hash(key), &key, (uint32_t)key, NULL) !=
		       0)
			; /* one in fifty allocations fails */
	}
	run_threads(seconds ? (unsigned int)atoi(seconds) : 10);
	hashtrie_stats(trie, &full);
	empty_table();
	hashtrie_stats(trie, &empty);
	hashtrie_destroy(trie);
	urcu_qsbr_barrier();
	urcu_qsbr_unregister_thread();

	printf("# %lu finds, %lu inserts, %lu removes, %lu dumps, %lu allocations "
	       "failed\n",
	       finds, inserts, removes, dumps, refusals);
	printf("# %lu splits, %lu merges, %lu bytes full, %lu empty\n",
	       (unsigned long)full.splits, (unsigned long)full.merges,
	       (unsigned long)full.bytes_held, (unsigned long)empty.bytes_held);
	ok(missed == 0, "G1 nothing that is there is missed");
	ok(doubled == 0, "G2 of several inserts of a key one succeeds");
	ok(twice == 0, "G3 no dump delivers an entry twice");
	ok(stale == 0, "no handle outlives its grace period");
	ok(empty.entries == 0 && empty.bytes_held <= HASHTRIE_EMPTY_BYTES,
	   "G6 the emptied table has given its memory back");
	ok(finds && inserts && removes && dumps && refusals && full.splits && full.merges,
	   "every kind of work was done");
	printf("1..%d\n", tests);
	return missed || doubled || twice || stale;
}
