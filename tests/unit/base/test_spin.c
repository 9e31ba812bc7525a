/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <pthread.h>

#include "base/spin.h"

#define THREADS 4
#define TURNS   100000

static struct spin spin;
static unsigned int turns; /* under the lock */

static void *take_turns(void *arg)
{
	unsigned int i;

	for (i = 0; i < TURNS; i++) {
		spin_lock(&spin);
		turns++;
		spin_unlock(&spin);
	}
	return NULL;
}

/* More threads than processors: holders are interrupted, and those who wait give way. */
Test(spin, one_at_a_time)
{
	pthread_t threads[THREADS];
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, take_turns, NULL), 0);
	for (i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_join(threads[i], NULL), 0);
	cr_assert_eq(turns, THREADS * TURNS);
	cr_assert_eq(spin.held, 0);
}
