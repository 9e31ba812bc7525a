/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_table.c - measure one connection table
 *
 *	bench_table PEER.so CONNECTIONS 4|6 [RUNS]
 *
 * prints one line of figures; bench-table.sh calls it for each table, size and
 * family, one process each, in several rounds, and makes the comparison of it. Rates are
 * CPU time: what the machine's other work costs only adds. The worst insert is that of
 * RUNS runs, and only of tables that grow.
 *
 * Two keys per connection, as a tracker has them. Rates count keys: a connection
 * costs two inserts and two removes. Hashes are computed beforehand (SipHash-1-3,
 * the same for all), so the figures are the tables' own. Lookups go through the
 * keys in a random order, and the keys looked for are copies: what a packet brings
 * is in the cache, what the table holds is not.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/siphash.h"
#include "tests/bench/table/peer.h"

#define LOOKUPS     (1u << 21) /* per measurement, or all keys if they are fewer */
#define QUIET_EVERY 64         /* operations: a batch of packets */
#define BULK        32
#define WORST_RUNS  3

struct query {
	uint64_t hash;
	uint32_t handle; /* 0: not in the table */
	struct bench_key key;
};

struct bench {
	const struct bench_peer *peer;
	struct bench_data data;
	struct query *hits, *misses;
	size_t queries;
	uint64_t random;
	void *table;
};

static const struct siphash_key secret = { { 0x0123456789abcdef, 0xfedcba9876543210 } };
static size_t secret_key_size;

struct figures {
	double insert, insert_bulk, hit, hit_bulk, miss, miss_bulk; /* M/s */
	double remove, remove_bulk, iterate;                        /* M/s */
	double worst_insert_us;
	double bytes; /* per connection */
};

static void die(const char *what)
{
	fprintf(stderr, "bench_table: %s\n", what);
	exit(1);
}

static void *memory_new(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	               -1, 0);

	if (p == MAP_FAILED)
		die("no memory");
	(void)madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Time that this thread has run: what else the machine does at the time is not in it. */
static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static double rate(size_t n, uint64_t start)
{
	return (double)n * 1e3 / (double)(cpu_ns() - start);
}

static uint64_t random_next(struct bench *b)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	return b->random;
}

/* ---- data -------------------------------------------------------------------- */

/* Clients of a /8 talk to a few servers: addresses and ports as a gateway sees them. */
static void key_make(const struct bench *b, uint64_t id, bool reply, struct bench_key *k)
{
	size_t address = b->data.key_size == 16 ? 4 : 16;
	uint32_t client = (uint32_t)(id / 50), server = (uint32_t)(id % 1000);
	uint16_t port = (uint16_t)(1024 + id % 60000);

	memset(k, 0, sizeof(*k));
	memcpy(k->bytes + (reply ? address : 0) + address - 4, &client, 4);
	memcpy(k->bytes + (reply ? 0 : address) + address - 4, &server, 4);
	memcpy(k->bytes + 2 * address + (reply ? 2 : 0), &port, 2);
	k->bytes[2 * address + (reply ? 1 : 3)] = 80;
	k->bytes[2 * address + 4] = 6;
	k->bytes[2 * address + 5] = reply;
	memcpy(k->bytes, &(uint8_t){ (uint8_t)(k->bytes[0] | (id >> 40)) }, 1);
}

static uint64_t key_hash(const void *key)
{
	return siphash(key, secret_key_size, &secret);
}

static void flows_make(struct bench *b)
{
	size_t n = b->data.connections;
	uint64_t *hashes;

	b->data.flows = memory_new((n + 1) * sizeof(struct bench_flow));
	hashes = memory_new(BENCH_HANDLES(&b->data) * sizeof(uint64_t));
	for (uint32_t h = 2; h < BENCH_HANDLES(&b->data); h++) {
		struct bench_side *side = bench_side(&b->data, h);

		key_make(b, h >> 1, h & 1, &side->key);
		hashes[h] = key_hash(&side->key);
	}
	b->data.hashes = hashes;
	b->data.hash = key_hash;
}

static void queries_make(struct bench *b)
{
	size_t keys = 2 * b->data.connections;

	b->queries = (keys < LOOKUPS ? keys : LOOKUPS) / BULK * BULK;
	b->hits = memory_new(b->queries * sizeof(struct query));
	b->misses = memory_new(b->queries * sizeof(struct query));
	for (size_t i = 0; i < b->queries; i++) {
		struct query *hit = &b->hits[i], *miss = &b->misses[i];

		hit->handle = (uint32_t)(2 + random_next(b) % keys);
		hit->key = bench_side(&b->data, hit->handle)->key;
		hit->hash = b->data.hashes[hit->handle];
		key_make(b, b->data.connections + 1 + random_next(b) % (1u << 30), i & 1,
		         &miss->key);
		miss->hash = key_hash(&miss->key);
	}
}

/* ---- measurements ------------------------------------------------------------ */

static inline void quiet(const struct bench *b, size_t i)
{
	if (b->peer->quiet && i % QUIET_EVERY == 0)
		b->peer->quiet();
}

static void insert_one(struct bench *b, uint32_t handle)
{
	if (!b->peer->insert(b->table, b->data.hashes[handle],
	                     &bench_side(&b->data, handle)->key, handle))
		die("an insert failed");
	quiet(b, handle);
}

static void remove_one(struct bench *b, uint32_t handle)
{
	if (!b->peer->remove(b->table, b->data.hashes[handle],
	                     &bench_side(&b->data, handle)->key, handle))
		die("a remove failed");
	quiet(b, handle);
}

static double all_rate(struct bench *b, void (*one)(struct bench *b, uint32_t handle))
{
	uint64_t start = cpu_ns();

	for (uint32_t h = 2; h < BENCH_HANDLES(&b->data); h++)
		one(b, h);
	return rate(2 * b->data.connections, start);
}

/* The same, but the table is told of each batch of keys before, if it has a way. */
static double all_bulk_rate(struct bench *b,
                            void (*one)(struct bench *b, uint32_t handle))
{
	uint32_t end = (uint32_t)BENCH_HANDLES(&b->data);
	uint64_t start = cpu_ns();

	if (!b->peer->prefetch)
		return 0;
	for (uint32_t batch = 2; batch < end; batch += BULK) {
		uint32_t batch_end = batch + BULK < end ? batch + BULK : end;

		for (uint32_t h = batch; h < batch_end; h++)
			b->peer->prefetch(b->table, b->data.hashes[h]);
		for (uint32_t h = batch; h < batch_end; h++)
			one(b, h);
	}
	return rate(2 * b->data.connections, start);
}

/*
 * How long each insert takes while the table grows from empty. The same inserts are
 * timed in several runs and each counts with its least time, so that what remains is
 * the table's own doing: interruptions hit another insert each time, a rehash hits
 * the same one.
 */
static void insert_all_timed(struct bench *b, uint32_t *least_ns)
{
	uint64_t before = now_ns(), after;

	for (uint32_t h = 2; h < BENCH_HANDLES(&b->data); h++) {
		b->peer->insert(b->table, b->data.hashes[h],
		                &bench_side(&b->data, h)->key, h);
		after = now_ns();
		if (after - before < least_ns[h])
			least_ns[h] = (uint32_t)(after - before);
		quiet(b, h);
		before = now_ns();
	}
}

static double find_rate(struct bench *b, const struct query *queries)
{
	uint64_t start = cpu_ns();

	for (size_t i = 0; i < b->queries; i++) {
		const struct query *q = &queries[i];

		if (b->peer->find(b->table, q->hash, &q->key) != q->handle)
			die("a find found something else");
		quiet(b, i);
	}
	return rate(b->queries, start);
}

static double find_bulk_rate(struct bench *b, const struct query *queries)
{
	uint64_t hashes[BULK], start = cpu_ns();
	const void *keys[BULK];
	uint32_t handles[BULK];

	if (b->peer->bulk < BULK)
		return 0;
	for (size_t i = 0; i < b->queries; i += BULK) {
		for (size_t j = 0; j < BULK; j++) {
			hashes[j] = queries[i + j].hash;
			keys[j] = &queries[i + j].key;
		}
		b->peer->find_bulk(b->table, BULK, hashes, keys, handles);
		for (size_t j = 0; j < BULK; j++)
			if (handles[j] != queries[i + j].handle)
				die("a bulk find found something else");
		quiet(b, i);
	}
	return rate(b->queries, start);
}

static double iterate_rate(struct bench *b)
{
	uint64_t n = 2 * b->data.connections, start = cpu_ns(), sum;

	sum = b->peer->iterate(b->table);
	if (sum != n * (n + 3) / 2)
		die("iteration missed something");
	return rate(n, start);
}

/* Resident bytes of the process. */
static size_t resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		die("cannot read /proc/self/statm");
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static double bytes_per_connection(struct bench *b, size_t resident_before)
{
	size_t bytes =
		b->peer->bytes ? b->peer->bytes(b->table) : resident() - resident_before;

	return (double)bytes / (double)b->data.connections +
	       2.0 * (double)b->peer->link_bytes;
}

/* One life of a table: fill, look up, clear; and once more in bulk if it can. */
static void bench_run(struct bench *b, struct figures *f)
{
	size_t before = resident();

	b->table = b->peer->create(&b->data);
	if (!b->table)
		die("no table");
	f->insert = all_rate(b, insert_one);
	f->bytes = bytes_per_connection(b, before);
	f->hit = find_rate(b, b->hits);
	f->hit_bulk = find_bulk_rate(b, b->hits);
	f->miss = find_rate(b, b->misses);
	f->miss_bulk = find_bulk_rate(b, b->misses);
	f->iterate = iterate_rate(b);
	f->remove = all_rate(b, remove_one);
	f->insert_bulk = all_bulk_rate(b, insert_one);
	if (f->insert_bulk > 0)
		f->remove_bulk = all_bulk_rate(b, remove_one);
	b->peer->destroy(b->table);
}

static void bench_worst(struct bench *b, int runs, struct figures *f)
{
	uint32_t *least_ns = memory_new(BENCH_HANDLES(&b->data) * sizeof(*least_ns));
	uint32_t worst = 0;

	memset(least_ns, 0xff, BENCH_HANDLES(&b->data) * sizeof(*least_ns));
	for (int i = 0; i < runs; i++) {
		b->table = b->peer->create(&b->data);
		if (!b->table)
			die("no table");
		insert_all_timed(b, least_ns);
		b->peer->destroy(b->table);
	}
	for (uint32_t h = 2; h < BENCH_HANDLES(&b->data); h++)
		if (least_ns[h] > worst)
			worst = least_ns[h];
	f->worst_insert_us = worst / 1e3;
}

static void figures_print(const struct bench *b, int family, const struct figures *f)
{
	const double columns[] = { f->insert,   f->insert_bulk,    f->hit,
		                   f->hit_bulk, f->miss,           f->miss_bulk,
		                   f->remove,   f->remove_bulk,    f->iterate,
		                   f->bytes,    f->worst_insert_us };

	printf("%s\t%zu\t%d", b->peer->name, b->data.connections, family);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		printf("\t%.1f", columns[i]);
	printf("\n");
}

int main(int argc, char **argv)
{
	struct bench b = { .random = 88172645463325252u };
	struct figures f = { 0 };
	int runs = argc > 4 ? atoi(argv[4]) : WORST_RUNS;
	void *so;

	if (argc < 4)
		die("usage: bench_table PEER.so CONNECTIONS 4|6 [RUNS]");
	so = dlopen(argv[1], RTLD_NOW);
	if (!so)
		die(dlerror());
	b.peer = dlsym(so, "bench_peer");
	if (!b.peer)
		die("no bench_peer in it");
	b.data.connections = strtoul(argv[2], NULL, 10);
	b.data.key_size = argv[3][0] == '6' ? 40 : 16;
	secret_key_size = b.data.key_size;
	flows_make(&b);
	queries_make(&b);
	bench_run(&b, &f);
	if (!b.peer->fixed)
		bench_worst(&b, runs, &f);
	figures_print(&b, argv[3][0] - '0', &f);
	return 0;
}
