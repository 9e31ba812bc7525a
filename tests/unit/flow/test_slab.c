/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"
#include "flow/slab.h"

#define GROUP_SLOTS (SLAB_CHUNK * SLAB_GROUP)
#define GROUPS      4
#define SLOTS       (GROUPS * GROUP_SLOTS)

struct fixture {
	struct slab *slab;
	uint32_t *number; /* the arrays */
	uint8_t *byte;
	struct flow **flows;
	uint32_t chunk;
};

static struct fixture fixture_new(void)
{
	struct fixture fx = { .slab = slab_new(SLOTS) };

	cr_assert_not_null(fx.slab);
	fx.number = slab_array(fx.slab, sizeof(*fx.number));
	fx.byte = slab_array(fx.slab, sizeof(*fx.byte));
	fx.flows = calloc(SLOTS, sizeof(*fx.flows));
	cr_assert(fx.number && fx.byte && fx.flows);
	return fx;
}

static void fixture_end(struct fixture *fx)
{
	slab_destroy(fx->slab);
	free(fx->flows);
}

/* A slot, all of its memory written. */
static struct flow *take(struct fixture *fx)
{
	struct flow *f = slab_alloc(fx->slab, &fx->chunk);
	uint32_t index;

	cr_assert_not_null(f);
	index = slab_index(fx->slab, f);
	memset(f, 0xff, sizeof(*f));
	fx->number[index] = index;
	fx->byte[index] = 1;
	return f;
}

static void take_all(struct fixture *fx)
{
	uint32_t i;

	for (i = 0; i < SLOTS; i++)
		fx->flows[i] = take(fx);
}

static void free_all(struct fixture *fx)
{
	uint32_t i;

	for (i = 0; i < SLOTS; i++)
		slab_free(fx->slab, fx->flows[i]);
}

/* Two seconds pass in which nobody takes a slot. */
static void idle(struct fixture *fx)
{
	slab_trim(fx->slab);
	slab_trim(fx->slab);
}

/* Pages of the @bytes at @from, which begin one, that are in memory. */
static size_t resident(const void *from, size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = bytes / page, n = 0, i;
	unsigned char *map = calloc(pages, 1);

	cr_assert_not_null(map);
	cr_assert_eq(mincore((void *)(uintptr_t)from, bytes, map), 0);
	for (i = 0; i < pages; i++)
		n += map[i] & 1;
	free(map);
	return n;
}

static size_t resident_arrays(const struct fixture *fx, uint32_t groups)
{
	return resident(fx->number + 1, groups * GROUP_SLOTS * sizeof(*fx->number)) +
	       resident(fx->byte + 1, groups * GROUP_SLOTS);
}

static size_t resident_slots(const struct fixture *fx)
{
	return resident(slab_slot(fx->slab, 1), SLOTS * sizeof(struct flow));
}

Test(slab, gives_as_many_slots_as_it_was_made_for_each_once)
{
	struct fixture fx = fixture_new();
	uint32_t i;

	take_all(&fx);
	for (i = 0; i < SLOTS; i++)
		cr_assert_eq(fx.number[slab_index(fx.slab, fx.flows[i])],
		             slab_index(fx.slab, fx.flows[i]));
	cr_assert_null(slab_alloc(fx.slab, &fx.chunk));
	cr_assert_eq(slab_used(fx.slab), SLOTS);
	free_all(&fx);
	cr_assert_eq(slab_used(fx.slab), 0);
	fixture_end(&fx);
}

/* The last slot's chunk is full when it is freed, so that no chunk is the thread's. */
Test(slab, S1_an_emptied_slab_has_no_page_left)
{
	struct fixture fx = fixture_new();

	take_all(&fx);
	cr_assert_null(slab_alloc(fx.slab, &fx.chunk));
	cr_assert_gt(resident_slots(&fx), SLOTS * sizeof(struct flow) / 4096 - 1);
	cr_assert_eq(resident_arrays(&fx, GROUPS), GROUPS * 5);
	free_all(&fx);
	idle(&fx);
	cr_assert_eq(resident_slots(&fx), 0);
	cr_assert_eq(resident_arrays(&fx, GROUPS), 0);
	cr_assert_eq(slab_bytes(fx.slab), 0);
	fixture_end(&fx);
}

/* One slot in use keeps its chunk and its group's part of the arrays; others go. */
Test(slab, S1_each_group_goes_by_itself)
{
	struct fixture fx = fixture_new();
	uint32_t i;

	take_all(&fx);
	cr_assert_null(slab_alloc(fx.slab, &fx.chunk));
	for (i = 0; i < SLOTS; i++)
		if (i != GROUP_SLOTS)
			slab_free(fx.slab, fx.flows[i]);
	idle(&fx);
	cr_assert_eq(slab_bytes(fx.slab), SLAB_CHUNK * sizeof(struct flow));
	cr_assert_eq(resident_arrays(&fx, GROUPS), 5);
	cr_assert_eq(fx.number[slab_index(fx.slab, fx.flows[GROUP_SLOTS])],
	             slab_index(fx.slab, fx.flows[GROUP_SLOTS]), "what is in use stays");
	slab_free(fx.slab, fx.flows[GROUP_SLOTS]);
	idle(&fx);
	cr_assert_eq(resident_arrays(&fx, GROUPS), 0);
	fixture_end(&fx);
}

Test(slab, S1_what_was_given_back_serves_again)
{
	struct fixture fx = fixture_new();
	unsigned int round;

	for (round = 0; round < 3; round++) {
		take_all(&fx);
		cr_assert_null(slab_alloc(fx.slab, &fx.chunk));
		free_all(&fx);
		idle(&fx);
		cr_assert_eq(resident_slots(&fx), 0);
		cr_assert_eq(resident_arrays(&fx, GROUPS), 0);
	}
	fixture_end(&fx);
}

#define CHUNK_BYTES (SLAB_CHUNK * sizeof(struct flow))

/* Chunks that are kept serve again with the pages that they have. */
Test(slab, S1_what_is_needed_again_and_again_keeps_its_pages)
{
	struct fixture fx = fixture_new();
	unsigned int round;

	take_all(&fx);
	cr_assert_null(slab_alloc(fx.slab, &fx.chunk));
	for (round = 0; round < 3; round++) {
		free_all(&fx);
		cr_assert_eq(resident_slots(&fx), SLOTS * sizeof(struct flow) / 4096);
		slab_trim(fx.slab);
		cr_assert_eq(resident_slots(&fx), SLOTS * sizeof(struct flow) / 4096,
		             "all of it was needed since the last time");
		take_all(&fx);
		cr_assert_null(slab_alloc(fx.slab, &fx.chunk));
		cr_assert_eq(slab_bytes(fx.slab), SLOTS / SLAB_CHUNK * CHUNK_BYTES);
	}
	free_all(&fx);
	idle(&fx);
	cr_assert_eq(resident_slots(&fx), 0);
	fixture_end(&fx);
}

/* Half of what was kept is taken in between: the other half goes. */
Test(slab, S1_a_trim_takes_what_nobody_needed)
{
	struct fixture fx = fixture_new();
	uint32_t i;

	take_all(&fx);
	cr_assert_null(slab_alloc(fx.slab, &fx.chunk));
	free_all(&fx);
	slab_trim(fx.slab);
	for (i = 0; i < SLOTS / 2; i++)
		fx.flows[i] = take(&fx);
	for (i = 0; i < SLOTS / 2; i++)
		slab_free(fx.slab, fx.flows[i]);
	slab_trim(fx.slab);
	cr_assert_eq(slab_bytes(fx.slab), SLOTS / SLAB_CHUNK / 2 * CHUNK_BYTES);
	idle(&fx);
	cr_assert_leq(slab_bytes(fx.slab), CHUNK_BYTES, "the thread's own");
	fixture_end(&fx);
}

Test(slab, S1_no_more_than_some_are_kept)
{
	uint32_t slots = (SLAB_KEPT_MAX + 2 * SLAB_GROUP) * SLAB_CHUNK, chunk = 0, i;
	struct flow **flows = calloc(slots, sizeof(struct flow *));
	struct slab *s = slab_new(slots);

	for (i = 0; i < slots; i++) {
		flows[i] = slab_alloc(s, &chunk);
		cr_assert_not_null(flows[i]);
	}
	cr_assert_null(slab_alloc(s, &chunk));
	for (i = 0; i < slots; i++)
		slab_free(s, flows[i]);
	cr_assert_eq(slab_bytes(s), SLAB_KEPT_MAX * CHUNK_BYTES);
	slab_destroy(s);
	free(flows);
}

/* The group that is not used up yet keeps its part, for it may be taken at any time. */
Test(slab, S1_a_group_with_fresh_chunks_keeps_its_pages)
{
	struct fixture fx = fixture_new();
	struct flow *first, *second;

	first = take(&fx);
	fx.chunk = 0; /* another thread's */
	second = take(&fx);
	slab_free(fx.slab, first);
	slab_free(fx.slab, second);
	idle(&fx);
	cr_assert_leq(slab_bytes(fx.slab), 2 * SLAB_CHUNK * sizeof(struct flow));
	cr_assert_leq(resident_arrays(&fx, GROUPS), 5);
	fixture_end(&fx);
}

#define THREADS 3
#define TURNS   100
#define MINE    (SLOTS / THREADS / 2)

/* Take and free many, so that groups fall empty while others allocate in them. */
static void *take_and_free(void *arg)
{
	struct fixture mine = *(struct fixture *)arg;
	struct flow **flows = calloc(MINE, sizeof(struct flow *));
	uintptr_t lost = 0;
	uint32_t n, i, turn;

	mine.chunk = 0;
	for (turn = 0; turn < TURNS; turn++) {
		n = MINE / (1 + turn % 3);
		for (i = 0; i < n; i++)
			flows[i] = take(&mine);
		for (i = 0; i < n; i++) {
			uint32_t index = slab_index(mine.slab, flows[i]);

			lost += mine.number[index] != index || mine.byte[index] != 1;
			slab_free(mine.slab, flows[i]);
		}
	}
	free(flows);
	return (void *)lost;
}

Test(slab, S1_no_slot_in_use_loses_what_stands_beside_it)
{
	struct fixture fx = fixture_new();
	pthread_t threads[THREADS];
	void *lost;
	int i;

	for (i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, take_and_free, &fx), 0);
	for (i = 0; i < THREADS; i++) {
		cr_assert_eq(pthread_join(threads[i], &lost), 0);
		cr_assert_null(lost);
	}
	cr_assert_eq(slab_used(fx.slab), 0);
	idle(&fx);
	cr_assert_leq(slab_bytes(fx.slab), THREADS * SLAB_CHUNK * sizeof(struct flow));
	cr_assert_leq(resident_arrays(&fx, GROUPS), THREADS * 5);
	fixture_end(&fx);
}
