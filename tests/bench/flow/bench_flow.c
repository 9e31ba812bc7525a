/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_flow.c - the flow table where it hurts: floods, mass expiry, dumps, coming and going
 *
 *	bench-flow-parts [PART…]
 */
#include "bench_flow.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "bench-flow: %s\n", what);
	exit(1);
}

/* ---- a router ------------------------------------------------------------------------------ */

struct bench bench_new(const struct flow_table_config *cfg)
{
	struct siphash_key key = { { 3, 4 } };
	struct bench b = { .workers = cfg->workers };
	struct path_config path;
	int err = 0;

	b.flows = flow_table_new(cfg, &key, &err);
	b.rules = rules_new("linear", cfg->workers, NULL, &err);
	path_config_init(&path);
	path.confirm_at_entry = true;
	if (b.flows && b.rules)
		b.path = path_new(&path, b.flows, b.rules, cfg->workers);
	if (!b.path)
		die("no memory");
	return b;
}

void bench_end(struct bench *b)
{
	flow_table_flush(flow_worker(b->flows, b->workers), FLOW_END_STOP,
	                 clock_monotonic_ns());
	path_destroy(b->path);
	rcu_offline();
	flow_table_destroy(b->flows);
	rules_destroy(b->rules);
	rcu_online();
}

unsigned int bench_send(struct bench *b, uint16_t worker, const struct traffic *t,
                        unsigned int n, uint64_t now_ns)
{
	struct packet_verdict verdicts[PATH_BATCH_MAX];
	struct packet packets[PATH_BATCH_MAX];
	unsigned int i, accepted = 0;

	for (i = 0; i < n; i++)
		packets[i] = traffic_packet(&t[i], PACKET_HOOK_PREROUTING);
	path_batch(path_worker(b->path, worker), packets, verdicts, n, now_ns);
	for (i = 0; i < n; i++)
		accepted += verdicts[i].accept;
	rcu_quiet();
	return accepted;
}

void bench_assure(struct bench *b, uint32_t first, uint32_t n, uint64_t now_ns)
{
	struct traffic t[TRAFFIC_TCP_OPEN];
	unsigned int step;
	uint32_t i;

	for (i = 0; i < n; i++) {
		for (step = 0; step < TRAFFIC_TCP_OPEN; step++)
			traffic_tcp_step(&t[step], first + i, step);
		bench_send(b, 0, t, TRAFFIC_TCP_OPEN, now_ns);
	}
}

void bench_open(struct bench *b, uint32_t first, uint32_t n, uint64_t now_ns)
{
	struct traffic t[BENCH_BATCH];
	uint32_t i, j, more;

	for (i = 0; i < n; i += more) {
		more = n - i < BENCH_BATCH ? n - i : BENCH_BATCH;
		for (j = 0; j < more; j++)
			traffic_udp(&t[j], first + i + j, TRACK_ORIGINAL);
		if (bench_send(b, 0, t, more, now_ns) != more)
			die("a flow could not be made");
	}
}

bool bench_has_tcp(struct bench *b, uint32_t n)
{
	struct traffic t;
	struct packet p;

	traffic_tcp_step(&t, n, 0);
	p = traffic_packet(&t, PACKET_HOOK_PREROUTING);
	packet_parse(&p);
	return flow_peek(b->flows, &p.tuple).flow != NULL;
}

/* ---- numbers ------------------------------------------------------------------------------- */

struct samples samples_new(size_t size)
{
	struct samples s = { .ns = calloc(size, sizeof(*s.ns)), .size = size };

	if (!s.ns)
		die("no memory");
	memset(s.ns, 1, size * sizeof(*s.ns)); /* so that no page comes while measuring */
	return s;
}

void samples_add(struct samples *s, uint64_t ns)
{
	if (s->length < s->size)
		s->ns[s->length++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void samples_sort(struct samples *s)
{
	qsort(s->ns, s->length, sizeof(*s->ns), compare);
}

uint32_t samples_at(const struct samples *s, double share)
{
	size_t at = (size_t)(share * (double)s->length);

	return s->ns[at < s->length ? at : s->length - 1];
}

void samples_free(struct samples *s)
{
	free(s->ns);
}

size_t bench_resident(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

size_t bench_resident_most(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (size_t)usage.ru_maxrss * 1024;
}

uint64_t bench_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

unsigned long bench_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (unsigned long)usage.ru_minflt;
}

/* ---- running --------------------------------------------------------------------------------- */

static const struct part {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "flood", part_flood }, { "rank", part_rank },     { "expire", part_expire },
	{ "dump", part_dump },   { "memory", part_memory }, { "writers", part_writers },
};

static bool is_wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc == 1;
}

static int run(const struct part *part)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		urcu_qsbr_register_thread();
		part->run();
		urcu_qsbr_unregister_thread();
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	return status != 0;
}

int main(int argc, char **argv)
{
	int failed = 0;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(parts); i++)
		if (is_wanted(parts[i].name, argc, argv))
			failed += run(&parts[i]);
	return failed ? 1 : 0;
}
