/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_lpm.c - measure one longest-prefix table
 *
 *	bench_lpm PEER.so 4|6 PREFIXES
 *
 * prints one line of figures; bench-lpm.sh makes the comparison. Prefix lengths are
 * spread as in the routing tables of the Internet, addresses looked for lie in random
 * ones of them. Rates are CPU time of one thread, the best of RUNS runs. Updates are
 * timed on the full table: a random prefix goes and comes back. At last another thread
 * does that all the time, while this one looks up.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/lpm/peer.h"

#define LOOKUPS     (1u << 21)
#define BULK        32
#define RUNS        5
#define UPDATES     20000u
#define QUIET_EVERY 64

struct prefix {
	uint8_t addr[16];
	unsigned int length;
};

struct bench {
	const struct lpm_peer *peer;
	int family;
	size_t bytes; /* of an address */
	struct prefix *prefixes;
	size_t n;
	uint8_t (*addrs)[16]; /* LOOKUPS of them */
	uint64_t random;
	_Atomic bool stop;
};

/* Percent of all prefixes with each length, roughly as seen at the exchanges. */
struct share {
	unsigned int length, percent;
};
static const struct share shares4[] = { { 24, 60 }, { 23, 10 }, { 22, 11 }, { 21, 5 },
	                                { 20, 5 },  { 19, 3 },  { 18, 2 },  { 17, 1 },
	                                { 16, 2 },  { 15, 1 } };
static const struct share shares6[] = { { 48, 46 }, { 32, 18 }, { 44, 9 },
	                                { 40, 8 },  { 36, 6 },  { 29, 5 },
	                                { 33, 3 },  { 46, 3 },  { 64, 2 } };

static void die(const char *what)
{
	fprintf(stderr, "bench_lpm: %s\n", what);
	exit(1);
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t draw(struct bench *b)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	return b->random;
}

static unsigned int draw_length(struct bench *b)
{
	const struct share *s = b->family == 4 ? shares4 : shares6;
	unsigned int r = (unsigned int)(draw(b) % 100);

	while (r >= s->percent)
		r -= s++->percent;
	return s->length;
}

/* IPv4 from 1.0.0.0 to 223.255.255.255; IPv6 in 2000::/3, few of the first 16 bits. */
static void draw_addr(struct bench *b, uint8_t *addr)
{
	for (size_t i = 0; i < b->bytes; i++)
		addr[i] = (uint8_t)(draw(b) >> 32);
	if (b->family == 4) {
		addr[0] = (uint8_t)(1 + addr[0] % 223);
	} else {
		addr[0] = (uint8_t)(0x20 | addr[0] % 16);
		addr[1] &= 0x1f;
	}
}

/* IPv6 prefixes beyond /32 are mostly parts of an allocation that others are from, too. */
static void prefix_settle(struct bench *b, struct prefix *p)
{
	if (b->family == 6 && p->length > 32 && b->n > 100 && draw(b) % 4)
		memcpy(p->addr, b->prefixes[draw(b) % b->n].addr, 4);
}

static void prefix_cut(struct prefix *p)
{
	for (unsigned int bit = p->length; bit < 128; bit++)
		p->addr[bit / 8] &= (uint8_t) ~(1u << (7 - bit % 8));
}

/* Insert random prefixes until there are enough. Returns the CPU time in seconds. */
static double fill(struct bench *b, size_t n)
{
	uint64_t start = cpu_ns();

	while (b->n < n) {
		struct prefix *p = &b->prefixes[b->n];

		memset(p, 0, sizeof(*p));
		draw_addr(b, p->addr);
		p->length = draw_length(b);
		prefix_settle(b, p);
		prefix_cut(p);
		/* One that is there already is refused by ours and replaced by others. */
		if (b->peer->insert(p->addr, p->length, (uint32_t)b->n & 0xffff))
			b->n++;
		if (b->peer->quiet && b->n % QUIET_EVERY == 0)
			b->peer->quiet();
	}
	return (double)(cpu_ns() - start) / 1e9;
}

static void addrs_make(struct bench *b)
{
	b->addrs = calloc(LOOKUPS, sizeof(*b->addrs));
	for (size_t i = 0; i < LOOKUPS; i++) {
		const struct prefix *p = &b->prefixes[draw(b) % b->n];

		draw_addr(b, b->addrs[i]);
		for (unsigned int bit = 0; bit < p->length; bit++) {
			uint8_t mask = (uint8_t)(1u << (7 - bit % 8));

			b->addrs[i][bit / 8] = (uint8_t)((b->addrs[i][bit / 8] & ~mask) |
			                                 (p->addr[bit / 8] & mask));
		}
	}
}

static double find_rate(struct bench *b)
{
	uint64_t start = cpu_ns();
	uint32_t hits = 0;

	for (size_t i = 0; i < LOOKUPS; i++)
		hits += b->peer->find(b->addrs[i]) != LPM_NONE;
	if (hits != LOOKUPS)
		die("a find missed");
	return LOOKUPS * 1e3 / (double)(cpu_ns() - start);
}

/* @all: nothing is missing at any time. */
static double find_bulk_rate(struct bench *b, bool all)
{
	const uint8_t *addrs[BULK];
	uint64_t start = cpu_ns();
	uint32_t values[BULK];
	uint32_t hits = 0;

	for (size_t i = 0; i < LOOKUPS; i += BULK) {
		for (size_t j = 0; j < BULK; j++)
			addrs[j] = b->addrs[i + j];
		b->peer->find_bulk(BULK, addrs, values);
		for (size_t j = 0; j < BULK; j++)
			hits += values[j] != LPM_NONE;
		if (b->peer->quiet)
			b->peer->quiet();
	}
	if (all && hits != LOOKUPS)
		die("a bulk find missed");
	return LOOKUPS * 1e3 / (double)(cpu_ns() - start);
}

/* A random prefix goes and comes back. */
static void update_one(struct bench *b, unsigned int i)
{
	const struct prefix *p = &b->prefixes[draw(b) % b->n];

	if (b->peer->remove(p->addr, p->length) &&
	    !b->peer->insert(p->addr, p->length, i & 0xffff))
		die("an insert failed");
	if (b->peer->quiet && i % QUIET_EVERY == 0)
		b->peer->quiet();
}

static void *update_always(void *arg)
{
	struct bench *b = arg;

	if (b->peer->thread)
		b->peer->thread(true);
	for (unsigned int i = 0; !b->stop; i++)
		update_one(b, i);
	if (b->peer->thread)
		b->peer->thread(false);
	return NULL;
}

static double find_bulk_rate_beside_updates(struct bench *b)
{
	struct bench updated = *b; /* its own random numbers */
	pthread_t thread;
	double rate;

	if (pthread_create(&thread, NULL, update_always, &updated) != 0)
		die("no thread");
	rate = find_bulk_rate(b, false);
	updated.stop = true;
	while (pthread_tryjoin_np(thread, NULL) != 0)
		if (b->peer->quiet)
			b->peer->quiet();
	return rate;
}

/* Microseconds for a remove and an insert, each. */
static double update_us(struct bench *b)
{
	uint64_t start = cpu_ns();

	for (unsigned int i = 0; i < UPDATES; i++)
		update_one(b, i);
	return (double)(cpu_ns() - start) / 1e3 / (2.0 * UPDATES);
}

int main(int argc, char **argv)
{
	struct bench b = { .random = 88172645463325252u };
	double build, best = 0, best_bulk = 0, update;
	size_t n;
	void *so;

	if (argc < 4)
		die("usage: bench_lpm PEER.so 4|6 PREFIXES");
	so = dlopen(argv[1], RTLD_NOW);
	if (!so)
		die(dlerror());
	b.peer = dlsym(so, "lpm_peer");
	b.family = atoi(argv[2]);
	b.bytes = b.family == 4 ? 4 : 16;
	n = strtoul(argv[3], NULL, 10);
	b.prefixes = calloc(n, sizeof(*b.prefixes));
	if (!b.peer || !b.peer->create(b.family, n))
		die("no table");
	build = fill(&b, n);
	addrs_make(&b);
	for (int i = 0; i < RUNS; i++) {
		double rate = find_rate(&b), bulk = find_bulk_rate(&b, true);

		best = rate > best ? rate : best;
		best_bulk = bulk > best_bulk ? bulk : best_bulk;
	}
	update = update_us(&b);
	printf("%s%s\t%d\t%zu\t%.1f\t%.1f\t%.1f\t%.2f\t%.2f\t%.1f\n", b.peer->name,
	       b.family == 6 && b.peer->name[0] == 'r' ? "6" : "", b.family, n, best,
	       best_bulk, (double)b.peer->bytes() / 1e6, build, update,
	       find_bulk_rate_beside_updates(&b));
	return 0;
}
