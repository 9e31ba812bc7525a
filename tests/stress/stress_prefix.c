/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stress_prefix.c - readers and writers on one prefix table
 *
 * 10/8 and 10.x.1/24 for all x stay, the first with the value WIDE, the others with
 * NARROW. Two writers insert and remove prefixes shorter and longer than the /24s
 * (SHORT, LONG) beside them. Whatever comes and goes, an address in 10.x.1/24 is
 * NARROW or LONG, any other in 10/8 is WIDE, SHORT or LONG (P1).
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "hashtrie/prefix.h"
#include "tests/unit/hashtrie/owner.h"

enum { WIDE = 1, NARROW, SHORT, LONG };

#define WRITERS 2
#define READERS 2

static struct prefix_table *table;
static atomic_bool stop;
static _Atomic unsigned long finds, changes, wrong, failed;

static uint32_t draw(uint64_t *random, uint32_t below)
{
	*random = owner_mix(*random);
	return (uint32_t)(*random >> 32) % below;
}

static void draw_addr(uint64_t *random, uint8_t *addr)
{
	addr[0] = 10;
	addr[1] = (uint8_t)draw(random, 32);
	addr[2] = (uint8_t)draw(random, 3);
	addr[3] = (uint8_t)draw(random, 256);
}

static void writer_step(uint64_t *random)
{
	bool longer = draw(random, 2);
	unsigned int length = longer ? 25 + draw(random, 8) : 9 + draw(random, 15);
	uint8_t addr[4];
	int err;

	draw_addr(random, addr);
	if (draw(random, 2))
		err = prefix_insert(table, addr, length, longer ? LONG : SHORT);
	else
		err = prefix_remove(table, addr, length);
	if (err && err != -EEXIST && err != -ENOENT)
		atomic_fetch_add(&failed, 1);
	atomic_fetch_add_explicit(&changes, err == 0, memory_order_relaxed);
}

static void *writer_main(void *arg)
{
	uint64_t random = 100 + (uintptr_t)arg;

	urcu_qsbr_register_thread();
	while (!atomic_load(&stop)) {
		writer_step(&random);
		rcu_quiet();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static bool is_right(const uint8_t *addr, uint32_t value)
{
	if (addr[2] == 1)
		return value == NARROW || value == LONG;
	return value == WIDE || value == SHORT || value == LONG;
}

static void *reader_main(void *arg)
{
	uint64_t random = 200 + (uintptr_t)arg;

	urcu_qsbr_register_thread();
	while (!atomic_load(&stop)) {
		uint8_t addr[32][4];
		const void *addrs[32];
		uint32_t values[32], value = 0;

		for (unsigned int i = 0; i < 32; i++) {
			draw_addr(&random, addr[i]);
			addrs[i] = addr[i];
		}
		if (!prefix_find(table, addr[0], &value) || !is_right(addr[0], value))
			atomic_fetch_add(&wrong, 1);
		prefix_find_bulk(table, 32, addrs, values);
		for (unsigned int i = 0; i < 32; i++)
			if (!is_right(addr[i], values[i]))
				atomic_fetch_add(&wrong, 1);
		rcu_quiet();
		atomic_fetch_add_explicit(&finds, 33, memory_order_relaxed);
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void stay_insert(void)
{
	bool good = prefix_insert(table, (uint8_t[]){ 10, 0, 0, 0 }, 8, WIDE) == 0;

	for (unsigned int x = 0; x < 32; x++)
		good &= prefix_insert(table, (uint8_t[]){ 10, (uint8_t)x, 1, 0 }, 24,
		                      NARROW) == 0;
	if (!good)
		atomic_fetch_add(&failed, 1);
}

static void run_threads(unsigned int seconds)
{
	pthread_t threads[WRITERS + READERS];
	unsigned int n = 0;

	for (uintptr_t i = 0; i < WRITERS; i++)
		pthread_create(&threads[n++], NULL, writer_main, (void *)i);
	for (uintptr_t i = 0; i < READERS; i++)
		pthread_create(&threads[n++], NULL, reader_main, (void *)i);
	rcu_offline();
	nanosleep(&(struct timespec){ .tv_sec = seconds }, NULL); /* the stress itself */
	atomic_store(&stop, true);
	while (n-- > 0)
		pthread_join(threads[n], NULL);
	rcu_online();
}

static int tests;

static void ok(bool good, const char *what)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tests, what);
}

int main(void)
{
	const char *seconds = getenv("STRESS_SECONDS");

	urcu_qsbr_register_thread();
	table = prefix_new(PREFIX_IPV4, NULL, NULL);
	if (!table)
		return 1;
	stay_insert();
	run_threads(seconds ? (unsigned int)atoi(seconds) : 10);
	prefix_destroy(table);
	urcu_qsbr_unregister_thread();
	printf("# %lu finds, %lu changes\n", finds, changes);
	ok(wrong == 0, "P1 every find gives the longest match of before or after");
	ok(failed == 0, "no change fails");
	ok(finds && changes > 1000, "every kind of work was done");
	printf("1..%d\n", tests);
	return wrong || failed;
}
