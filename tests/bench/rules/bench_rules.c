/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_rules.c - measure one classifier
 *
 *	bench_rules PEER.so acl|fw|ipc RULES trace|uniform
 *
 * prints one line of figures and a sum over all answers; bench-rules.sh makes the
 * comparison, in which sums must agree. Rates are CPU time of one thread, the best of
 * RUNS runs over packets that are ready for the peer.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/rules/peer.h"

#define PACKETS (1u << 19)
#define AT_ONCE 64 /* packets of a worker's batch */
#define RUNS    4
#define SLOW_NS 3000000000u /* a run that takes longer is the only one, and cut there */
#define UPDATES 5

static void die(const char *what)
{
	fprintf(stderr, "bench_rules: %s\n", what);
	exit(1);
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static enum generate_style style_of(const char *name)
{
	enum generate_style style;

	for (style = 0; style < GENERATE_STYLES; style++) {
		if (strcmp(generate_style_name(style), name) == 0)
			return style;
	}
	die("which style?");
	return 0;
}

static const struct classifier_peer *peer_open(const char *path)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct classifier_peer *peer;

	if (!object)
		die(dlerror());
	peer = (const struct classifier_peer *)dlsym(object, "classifier_peer");
	if (!peer)
		die("no peer in it");
	return peer;
}

/* Million packets a second; the sum over the answers to the first CHECKED packets. */
#define CHECKED 4096

static double run(const struct classifier_peer *peer, uint64_t *sum, uint64_t *took)
{
	uint32_t results[AT_ONCE], i, j;
	uint64_t start = cpu_ns();

	*sum = 0;
	for (i = 0; i < PACKETS; i += AT_ONCE) {
		peer->classify(i, AT_ONCE, results);
		for (j = 0; j < AT_ONCE && i < CHECKED; j++)
			*sum = *sum * 31 + results[j];
		if (i % 1024 == 0 && i >= CHECKED && cpu_ns() - start > SLOW_NS)
			break;
	}
	*took = cpu_ns() - start;
	return (i < PACKETS ? i : PACKETS) * 1e3 / (double)*took;
}

static double rate(const struct classifier_peer *peer, uint64_t *sum)
{
	double best = 0, now;
	uint64_t took;
	int i;

	for (i = 0; i < RUNS; i++) {
		now = run(peer, sum, &took);
		best = now > best ? now : best;
		if (took > SLOW_NS)
			break;
	}
	return best;
}

static double update_ms(const struct classifier_peer *peer)
{
	uint64_t start = cpu_ns();
	int i;

	if (!peer->update)
		return -1;
	for (i = 0; i < UPDATES; i++) {
		if (!peer->update())
			die("an update failed");
	}
	return (double)(cpu_ns() - start) / 1e6 / UPDATES;
}

int main(int argc, char **argv)
{
	struct generated_rule *rules;
	struct generated_packet *packets;
	const struct classifier_peer *peer;
	uint64_t start, sum;
	double build_ms, best;
	uint32_t n;

	if (argc != 5)
		die("usage: bench_rules PEER.so acl|fw|ipc RULES trace|uniform");
	peer = peer_open(argv[1]);
	n = (uint32_t)strtoul(argv[3], NULL, 0);
	rules = (struct generated_rule *)calloc(n, sizeof(*rules));
	packets = (struct generated_packet *)calloc(PACKETS, sizeof(*packets));
	if (!rules || !packets)
		die("no memory");
	generate_rules(style_of(argv[2]), 1, rules, n);
	generate_packets(2, strcmp(argv[4], "uniform") == 0, rules, n, packets, PACKETS);
	if (!peer->create(rules, n))
		die("it cannot be made");
	start = cpu_ns();
	if (!peer->build())
		die("it cannot be built");
	build_ms = (double)(cpu_ns() - start) / 1e6;
	if (!peer->prepare(packets, PACKETS))
		die("no memory");
	best = rate(peer, &sum);
	printf("%s\t%s\t%u\t%s\t%.3f\t%.1f\t%.2f\t%.1f\t%016lx\n", peer->name, argv[2], n,
	       argv[4], best, build_ms, (double)peer->bytes() / 1e6, update_ms(peer),
	       (unsigned long)sum);
	return 0;
}
