/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stress_spsc.c - one writer, one reader: what comes out is what went in, in order
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/spsc.h"

#define NS_PER_S 1000000000ull

static struct spsc ring;
static uint64_t end_ns;
static _Atomic bool done;

/* Record @n: its number, and as many bytes of it as its number says. */
static uint32_t size_of(uint64_t n)
{
	return (uint32_t)(sizeof(n) + n * 7919 % 500);
}

static void *writer(void *written)
{
	uint64_t *n = written;
	uint8_t *p;

	while (clock_monotonic_ns() < end_ns) {
		p = spsc_begin(&ring, size_of(*n));
		if (!p)
			continue;
		memset(p, (int)(*n & 0xff), size_of(*n));
		memcpy(p, n, sizeof(*n));
		spsc_commit(&ring);
		++*n;
	}
	atomic_store(&done, true);
	return NULL;
}

static bool is_right(const uint8_t *p, uint32_t size, uint64_t n)
{
	uint32_t i;

	if (size != size_of(n) || memcmp(p, &n, sizeof(n)) != 0)
		return false;
	for (i = sizeof(n); i < size; i++)
		if (p[i] != (uint8_t)n)
			return false;
	return true;
}

int main(void)
{
	const char *seconds = getenv("STRESS_SECONDS");
	uint64_t written = 0, n = 0;
	const uint8_t *p;
	bool right = true, last;
	uint32_t size;
	pthread_t thread;

	end_ns = clock_monotonic_ns() +
	         (seconds ? strtoull(seconds, NULL, 10) : 10) * NS_PER_S;
	if (spsc_init(&ring, 1 << 16) || pthread_create(&thread, NULL, writer, &written))
		return 1;
	do {
		last = atomic_load(&done);
		while ((p = spsc_peek(&ring, &size))) {
			right &= is_right(p, size, n++);
			spsc_drop(&ring);
		}
	} while (!last);
	pthread_join(thread, NULL);
	printf("1..1\n%sok 1 - %llu records came out as they went in\n",
	       right && n == written && n > 0 ? "" : "not ", (unsigned long long)n);
	spsc_fini(&ring);
	return 0;
}
