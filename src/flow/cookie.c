/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cookie.c - places for unconfirmed flows
 *
 * A place is one word: lap << 32 | COOKIE_FREE | index of the flow. A free place has that bit, or
 * has never had an index. The owner takes free places by going round its range from where it took
 * the last one; a place that was just given back is thus the last to be used again.
 */
#include "flow/cookie.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Places looked at before a new flow goes without a cookie: bounds the cost of a full
 * range. */
#define COOKIE_TRIES 8

/* Above every index (FLOW_MAX_LIMIT). */
#define COOKIE_FREE (1u << 31)

struct cookie_range {
	uint32_t first, length, next;
};

struct cookies {
	unsigned int place_bits;
	uint32_t lap_mask;
	struct cookie_range *ranges;
	_Atomic uint64_t places[];
};

/* A quarter of the bits, at least two, tell laps apart. */
static unsigned int cookie_place_bits(unsigned int bits)
{
	unsigned int lap = bits / 4 < 2 ? 2 : bits / 4;

	if (bits < COOKIE_BITS_MIN)
		return 0;
	return bits - lap < COOKIE_BITS_MAX ? bits - lap : COOKIE_BITS_MAX;
}

static void cookie_ranges_init(struct cookies *c, unsigned int workers)
{
	uint32_t each = ((1u << c->place_bits) - 1) / workers, i;

	for (i = 0; i < workers; i++)
		c->ranges[i] = (struct cookie_range){ 1 + i * each, each, 0 };
}

struct cookies *cookies_new(unsigned int bits, unsigned int workers)
{
	unsigned int place_bits = cookie_place_bits(bits);
	struct cookies *c;

	c = calloc(1, sizeof(*c) + ((size_t)1 << place_bits) * sizeof(c->places[0]));
	if (!c)
		return NULL;
	c->place_bits = place_bits;
	c->lap_mask = (uint32_t)(((uint64_t)1 << (bits - place_bits)) - 1);
	c->ranges = calloc(workers, sizeof(*c->ranges));
	if (!c->ranges) {
		free(c);
		return NULL;
	}
	cookie_ranges_init(c, workers);
	return c;
}

void cookies_destroy(struct cookies *c)
{
	free(c->ranges);
	free(c);
}

uint32_t cookie_take(struct cookies *c, unsigned int worker, uint32_t index)
{
	struct cookie_range *range = &c->ranges[worker];
	uint32_t tries, place, lap;
	uint64_t word;

	for (tries = 0; tries < COOKIE_TRIES && tries < range->length; tries++) {
		place = range->first + range->next;
		range->next = range->next + 1 < range->length ? range->next + 1 : 0;
		word = atomic_load_explicit(&c->places[place], memory_order_relaxed);
		if ((uint32_t)word && !(word & COOKIE_FREE))
			continue;
		lap = ((uint32_t)(word >> 32) + 1) & c->lap_mask;
		atomic_store_explicit(&c->places[place], (uint64_t)lap << 32 | index,
		                      memory_order_release);
		return lap << c->place_bits | place;
	}
	return 0;
}

static uint32_t cookie_place(const struct cookies *c, uint32_t cookie)
{
	return cookie & ((1u << c->place_bits) - 1);
}

/* What its place holds, COOKIE_FREE included; 0: another cookie. */
static uint32_t cookie_read(const struct cookies *c, uint32_t cookie)
{
	uint32_t place = cookie_place(c, cookie);
	uint64_t word;

	if (!place)
		return 0;
	word = atomic_load_explicit(&c->places[place], memory_order_acquire);
	if ((uint32_t)(word >> 32) != cookie >> c->place_bits)
		return 0;
	return (uint32_t)word;
}

uint32_t cookie_look_up(const struct cookies *c, uint32_t cookie)
{
	uint32_t index = cookie_read(c, cookie);

	return index & COOKIE_FREE ? 0 : index;
}

uint32_t cookie_recall(const struct cookies *c, uint32_t cookie)
{
	return cookie_read(c, cookie) & ~COOKIE_FREE;
}

uint32_t cookie_note(const struct cookies *c, unsigned int note)
{
	return c->place_bits ? note << c->place_bits : 0;
}

unsigned int cookie_note_of(const struct cookies *c, uint32_t cookie)
{
	return c->place_bits && cookie_place(c, cookie) == 0 ? cookie >> c->place_bits
	                                                     : 0;
}

void cookie_put(struct cookies *c, uint32_t cookie)
{
	uint32_t place = cookie_place(c, cookie);

	if (place)
		atomic_store_explicit(&c->places[place],
		                      (uint64_t)(cookie >> c->place_bits) << 32 |
		                              COOKIE_FREE | cookie_recall(c, cookie),
		                      memory_order_release);
}
