/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stress_worker.c - workers start, serve, drain and stop, again and again, beside control
 *
 * Each round starts three workers on queues of packets from memory, whose connections they
 * share, and lets control do meanwhile what it does beside them: expire flows, replace rules
 * and timeouts, read counters. Then entry queues drain, then confirm queues, then the workers
 * stop. Checked in every round: each packet that was handed out was answered once.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rcu.h"
#include "daemon/worker.h"
#include "queue/replay.h"

#define WORKERS     3
#define ROLES       2
#define PACKETS     3000
#define CONNECTIONS 500
#define SIZE        28
#define NS_PER_S    1000000000ull

struct source {
	struct queue_replay replay;
	struct queue *queue;
	uint8_t bytes[PACKETS][SIZE];
	struct packet packets[PACKETS];
	struct queue_replay_answer answers[PACKETS];
};

static struct source sources[WORKERS][ROLES];
static struct flow_table *flows;
static struct rules *rules;
static struct path *path;
static unsigned int rounds, changes;
static unsigned long answered, wrong;

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	printf("Bail out! %s\n", what);
	exit(1);
}

/* IPv4 192.0.2.1:@port > 198.51.100.1:53, UDP, empty. */
static void datagram_write(uint8_t *bytes, uint16_t port)
{
	static const uint8_t model[SIZE] = { 0x45, 0, 0,   28, 0, 0, 0,   0,  64,  17,
		                             0,    0, 192, 0,  2, 1, 198, 51, 100, 1,
		                             0,    0, 0,   53, 0, 8, 0,   0 };

	memcpy(bytes, model, sizeof(model));
	bytes[20] = (uint8_t)(port >> 8);
	bytes[21] = (uint8_t)port;
}

static void source_init(struct source *s, uint8_t hook)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < PACKETS; i++) {
		datagram_write(s->bytes[i], (uint16_t)(1024 + i % CONNECTIONS));
		s->packets[i] = (struct packet){ .data = s->bytes[i],
			                         .captured = SIZE,
			                         .length = SIZE,
			                         .family = AF_INET,
			                         .hook = hook };
	}
	s->replay.packets = s->packets;
	s->replay.answers = s->answers;
	s->replay.n = PACKETS;
	s->replay.batch = 16;
}

static void source_check(const struct source *s)
{
	uint32_t i;

	wrong += s->replay.misanswered;
	for (i = 0; i < PACKETS; i++)
		wrong += s->answers[i].times != (i < s->replay.next);
	answered += s->replay.answered;
}

/* ---- what control does meanwhile --------------------------------------------------- */

static void replace_rules(void)
{
	struct rules_error error;
	struct rules_change *change;
	int r;

	change = rules_change_new(rules, &r);
	must(change != NULL, "rules_change_new");
	must(rules_change_flush(change) == 0 && rules_change_build(change, &error) == 0,
	     "an empty rule set cannot be built");
	rules_change_commit(change, 0, 0);
	rules_change_destroy(change);
	changes++;
}

static void beside(struct worker **workers)
{
	struct track_config track;
	struct queue_info info;
	unsigned int i;

	track_config_init(&track);
	track.udp_timeout = 1 + changes % 3;
	must(path_track_config_set(path, &track, NULL, 0) == 0, "path_track_config_set");
	flow_expire(flow_worker(flows, WORKERS), clock_monotonic_ns());
	replace_rules();
	path_reason_read(path, CTQ_ACCEPT_POLICY);
	for (i = 0; i < WORKERS; i++) {
		worker_rounds(workers[i]);
		queue_info_read(sources[i][FLOW_ROLE_ENTRY].queue, NULL,
		                clock_monotonic_ns(), &info);
	}
	rcu_quiet();
}

/* ---- a round ------------------------------------------------------------------------- */

static void queue_begin(struct worker *w, uint16_t number, enum flow_role role)
{
	static const uint8_t hooks[ROLES] = {
		[FLOW_ROLE_ENTRY] = PACKET_HOOK_PREROUTING,
		[FLOW_ROLE_CONFIRM] = PACKET_HOOK_POSTROUTING,
	};
	struct source *s = &sources[number][role];
	char error[QUEUE_TEXT_MAX];
	struct queue_config cfg;

	source_init(s, hooks[role]);
	queue_config_init(&cfg, (uint16_t)(number + 10u * role));
	cfg.source = &s->replay;
	must(queue_open(&queue_replay, &cfg, &s->queue, error) == 0, "queue_open");
	must(worker_queue_add(w, s->queue, role) == 0, "worker_queue_add");
}

static struct worker *begin(uint16_t number)
{
	struct worker_config cfg = { .number = number,
		                     .cpu = -1,
		                     .tick_ms = 1,
		                     .queues_max = ROLES,
		                     .path = path_worker(path, number) };
	struct worker *w;
	int err;

	w = worker_new(&cfg, &err);
	must(w && worker_start(w) == 0, "worker_start");
	return w;
}

static void drain(struct worker **workers, enum flow_role role)
{
	unsigned int i;

	for (i = 0; i < WORKERS; i++)
		worker_drain(workers[i], role);
	for (i = 0; i < WORKERS; i++) {
		must(worker_wait(workers[i]) == 0, "worker_wait");
		queue_close(sources[i][role].queue);
		source_check(&sources[i][role]);
	}
}

static void one_round(void)
{
	struct worker *workers[WORKERS];
	uint16_t i;

	rcu_offline();
	for (i = 0; i < WORKERS; i++) {
		workers[i] = begin(i);
		queue_begin(workers[i], i, FLOW_ROLE_CONFIRM);
		queue_begin(workers[i], i, FLOW_ROLE_ENTRY);
	}
	rcu_online();
	for (i = 0; i < rounds % 5; i++)
		beside(workers);
	rcu_offline();
	drain(workers, FLOW_ROLE_ENTRY);
	drain(workers, FLOW_ROLE_CONFIRM);
	for (i = 0; i < WORKERS; i++)
		worker_destroy(workers[i]);
	rcu_online();
	rounds++;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void open_all(void)
{
	struct flow_table_config table;
	struct siphash_key key = { { 1, 2 } };
	struct path_config cfg;
	int err;

	flow_table_config_init(&table);
	table.workers = WORKERS;
	table.max = CONNECTIONS / 2; /* so that flows are evicted */
	table.cookie_bits = 12;
	flows = flow_table_new(&table, &key, &err);
	rules = rules_new("linear", WORKERS, NULL, &err);
	path_config_init(&cfg);
	cfg.cookie_mask = 0x0fff0000;
	if (flows && rules)
		path = path_new(&cfg, flows, rules, WORKERS);
	must(path != NULL, "out of memory");
}

static void close_all(void)
{
	flow_table_flush(flow_worker(flows, WORKERS), FLOW_END_STOP,
	                 clock_monotonic_ns());
	path_destroy(path);
	rcu_offline();
	flow_table_destroy(flows);
	rules_destroy(rules);
	rcu_online();
}

int main(void)
{
	const char *seconds = getenv("STRESS_SECONDS");
	uint64_t until = clock_monotonic_ns() +
	                 (seconds ? strtoull(seconds, NULL, 10) : 10) * NS_PER_S;

	urcu_qsbr_register_thread();
	open_all();
	while (clock_monotonic_ns() < until || rounds < 5)
		one_round();
	close_all();
	urcu_qsbr_unregister_thread();
	printf("# %u rounds, %lu packets answered, %u rule sets\n", rounds, answered,
	       changes);
	printf("%sok 1 - every packet was answered once\n", wrong ? "not " : "");
	printf("%sok 2 - packets were answered\n", answered ? "" : "not ");
	printf("1..2\n");
	return wrong || !answered;
}
