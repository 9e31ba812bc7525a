/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#include "../rules/ask_all.h"
#include "base/clock.h"
#include "base/rcu.h"
#include "daemon/worker.h"
#include "path/ask.h"
#include "replayed.h"

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static int fail_after = -1;

void *__wrap_calloc(size_t n, size_t size)
{
	return fail_after >= 0 && fail_after-- == 0 ? NULL : __real_calloc(n, size);
}

int __real_epoll_wait(int fd, struct epoll_event *events, int max, int timeout);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout);

/* The most batches of a queue between two looks at all. */
static struct {
	_Atomic(struct queue *) queue;
	uint64_t batches;
	_Atomic uint64_t most;
} watched;

int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	struct queue *q = atomic_load(&watched.queue);
	struct queue_stats stats;

	if (q) {
		queue_stats_read(q, &stats);
		if (stats.batches - watched.batches > watched.most)
			watched.most = stats.batches - watched.batches;
		watched.batches = stats.batches;
	}
	return __real_epoll_wait(fd, events, max, timeout);
}

/* What a worker stands on. */
static struct {
	struct flow_table *flows;
	struct rules *rules;
	struct path *path;
} base;

static void base_open(void)
{
	struct flow_table_config table;
	struct path_config path;
	struct siphash_key key = { { 1, 2 } };
	int err;

	urcu_qsbr_register_thread();
	flow_table_config_init(&table);
	table.cookie_bits = 12;
	base.flows = flow_table_new(&table, &key, &err);
	base.rules = rules_new("linear", 1, NULL, &err);
	path_config_init(&path);
	path.cookie_mask = 0x0fff0000;
	path.ask.accept = true;
	path.ask.limit = PATH_ASK_LIMIT_MAX;
	base.path = path_new(&path, base.flows, base.rules, 1);
	cr_assert(base.flows && base.rules && base.path);
	rcu_offline();
}

static void base_close(void)
{
	rcu_online();
	flow_table_flush(flow_worker(base.flows, 1), FLOW_END_STOP, clock_monotonic_ns());
	path_destroy(base.path);
	rcu_offline();
	flow_table_destroy(base.flows);
	rules_destroy(base.rules);
	urcu_qsbr_unregister_thread();
}

TestSuite(worker, .init = base_open, .fini = base_close, .timeout = 60);

static struct worker *worker_open(uint32_t queues_max)
{
	struct worker_config cfg = {
		.cpu = -1,
		.tick_ms = 10,
		.queues_max = queues_max,
		.path = path_worker(base.path, 0),
	};
	struct worker *w;
	int err;

	w = worker_new(&cfg, &err);
	cr_assert(w != NULL, "%d", err);
	cr_assert(worker_start(w) == 0);
	return w;
}

static struct queue *replay_open(uint16_t number, struct replayed *r)
{
	char error[QUEUE_TEXT_MAX];
	struct queue_config cfg;
	struct queue *q;

	queue_config_init(&cfg, number);
	cfg.source = &r->source;
	cr_assert(queue_open(&queue_replay, &cfg, &q, error) == 0, "%s", error);
	return q;
}

static void packets_wait(const struct queue *q, uint64_t n)
{
	struct queue_stats stats;

	do {
		sched_yield();
		queue_stats_read(q, &stats);
	} while (stats.accepted + stats.dropped < n);
}

Test(worker, answers_every_packet)
{
	struct replayed *r = replayed_new(PACKET_HOOK_PREROUTING, 1024);
	struct worker *w = worker_open(1);
	struct queue *q = replay_open(0, r);

	cr_assert(worker_queue_add(w, q, FLOW_ROLE_ENTRY) == 0);
	packets_wait(q, REPLAYED_PACKETS);
	worker_drain(w, FLOW_ROLE_ENTRY);
	cr_assert(worker_wait(w) == 0);
	queue_close(q);
	worker_destroy(w);
	cr_expect(r->source.next == REPLAYED_PACKETS);
	replayed_expect_all_answered(r);
}

Test(worker, goes_on_with_a_full_queue_before_it_polls_again)
{
	struct replayed *r = replayed_new(PACKET_HOOK_PREROUTING, 1024);
	struct worker *w = worker_open(1);
	struct queue *q = replay_open(0, r);

	r->source.batch = QUEUE_BATCH_MAX;
	atomic_store(&watched.queue, q);
	cr_assert(worker_queue_add(w, q, FLOW_ROLE_ENTRY) == 0);
	packets_wait(q, REPLAYED_PACKETS);
	worker_drain(w, FLOW_ROLE_ENTRY);
	cr_assert(worker_wait(w) == 0);
	worker_destroy(w);
	cr_expect_eq(watched.most, 4, "%lu", (unsigned long)watched.most);
	atomic_store(&watched.queue, NULL);
	queue_close(q);
}

Test(worker, goes_on_when_verdicts_could_not_be_sent)
{
	struct replayed *r = replayed_new(PACKET_HOOK_PREROUTING, 1024);
	struct worker *w = worker_open(1);
	struct queue *q = replay_open(0, r);

	r->source.verdict_error = -ENOBUFS;
	cr_assert(worker_queue_add(w, q, FLOW_ROLE_ENTRY) == 0);
	packets_wait(q, REPLAYED_PACKETS);
	worker_drain(w, FLOW_ROLE_ENTRY);
	cr_assert(worker_wait(w) == 0);
	queue_close(q);
	worker_destroy(w);
	cr_expect(r->source.verdict_error == 0);
	replayed_expect_all_answered(r);
}

Test(worker, drains_one_role_and_goes_on_with_the_other)
{
	struct replayed *entry = replayed_new(PACKET_HOOK_PREROUTING, 1024);
	struct replayed *confirm = replayed_new(PACKET_HOOK_POSTROUTING, 1024);
	struct worker *w = worker_open(2);
	struct queue *a = replay_open(0, entry), *b = replay_open(10, confirm);

	cr_assert(worker_queue_add(w, a, FLOW_ROLE_ENTRY) == 0);
	worker_drain(w, FLOW_ROLE_ENTRY);
	cr_assert(worker_wait(w) == 0);
	queue_close(a);
	cr_expect(entry->source.drained && entry->source.unbound);
	replayed_expect_all_answered(entry);
	cr_assert(worker_queue_add(w, b, FLOW_ROLE_CONFIRM) == 0);
	packets_wait(b, REPLAYED_PACKETS);
	worker_drain(w, FLOW_ROLE_CONFIRM);
	cr_assert(worker_wait(w) == 0);
	queue_close(b);
	worker_destroy(w);
	replayed_expect_all_answered(confirm);
}

/* All packets of a queue wait. */
static void packets_held_wait(const struct queue *q)
{
	while (queue_held(q) < REPLAYED_PACKETS)
		sched_yield();
}

static void ask_about_all(void)
{
	rcu_online();
	rules_ask_all(base.rules);
	rcu_offline();
	path_ask_listen(base.path, true);
}

Test(worker, answers_packets_that_waited)
{
	struct replayed *r = replayed_new(PACKET_HOOK_PREROUTING, 1024);
	struct worker *w = worker_open(1);
	struct queue *q = replay_open(0, r);
	const struct path_question *question;
	struct queue_info info;

	ask_about_all();
	cr_assert(worker_queue_add(w, q, FLOW_ROLE_ENTRY) == 0);
	packets_held_wait(q);
	do {
		sched_yield();
		queue_info_read(q, NULL, clock_monotonic_ns(), &info);
	} while (!info.oldest_ns);
	cr_expect_eq(info.held, REPLAYED_PACKETS);
	while ((question = path_question_peek(base.path, 0)) != NULL) {
		if (question->event == PATH_QUESTION_ASKED)
			cr_assert(path_ask_answer(base.path, 0, question->slot,
			                          question->serial, true, true) == 0);
		path_question_drop(base.path, 0);
	}
	worker_wake(w);
	packets_wait(q, REPLAYED_PACKETS);
	worker_drain(w, FLOW_ROLE_ENTRY);
	cr_assert(worker_wait(w) == 0);
	cr_expect_eq(path_reason_read(base.path, CTQ_ACCEPT_ASKED), REPLAYED_PACKETS);
	queue_close(q);
	worker_destroy(w);
	replayed_expect_all_answered(r);
}

Test(worker, what_waits_at_the_drain_gets_the_default)
{
	struct replayed *r = replayed_new(PACKET_HOOK_PREROUTING, 1024);
	struct worker *w = worker_open(1);
	struct queue *q = replay_open(0, r);

	ask_about_all();
	cr_assert(worker_queue_add(w, q, FLOW_ROLE_ENTRY) == 0);
	packets_held_wait(q);
	worker_drain(w, FLOW_ROLE_ENTRY);
	cr_assert(worker_wait(w) == 0);
	queue_close(q);
	worker_destroy(w);
	replayed_expect_all_answered(r);
	cr_expect_eq(path_reason_read(base.path, CTQ_ACCEPT_ASK_DEFAULT),
	             REPLAYED_PACKETS);
}

Test(worker, draining_what_is_not_there_is_done_at_once)
{
	struct worker *w = worker_open(1);

	worker_drain(w, FLOW_ROLE_CONFIRM);
	cr_expect(worker_wait(w) == 0);
	worker_destroy(w);
}

Test(worker, goes_round_without_packets)
{
	struct worker *w = worker_open(0);
	uint64_t before = worker_rounds(w);

	while (worker_rounds(w) < before + 3)
		sched_yield();
	worker_destroy(w);
}

Test(worker, takes_no_more_queues_than_it_has_room_for)
{
	struct replayed *r = replayed_new(PACKET_HOOK_PREROUTING, 1024);
	struct worker *w = worker_open(0);
	struct queue *q = replay_open(0, r);

	cr_expect(worker_queue_add(w, q, FLOW_ROLE_ENTRY) == -ENOSPC);
	queue_close(q);
	worker_destroy(w);
}

Test(worker, an_impossible_cpu_is_refused)
{
	struct worker_config cfg = { .cpu = CPU_SETSIZE - 1,
		                     .tick_ms = 10,
		                     .path = path_worker(base.path, 0) };
	struct worker *w;
	int err;

	w = worker_new(&cfg, &err);
	cr_assert(w != NULL);
	cr_expect(worker_start(w) == -EINVAL);
	worker_destroy(w);
}

Test(worker, never_started_it_can_be_destroyed)
{
	struct worker_config cfg = { .cpu = -1, .tick_ms = 10 };
	int err;

	worker_destroy(worker_new(&cfg, &err));
	worker_destroy(NULL);
}

Test(worker, each_failing_allocation_is_reported)
{
	struct worker_config cfg = { .cpu = -1, .tick_ms = 10, .queues_max = 2 };
	struct worker *w = NULL;
	int err, n;

	for (n = 0; !w && n < 10; n++) {
		fail_after = n;
		w = worker_new(&cfg, &err);
		cr_expect(w || err == -ENOMEM);
	}
	fail_after = -1;
	cr_expect(n == 3, "two allocations, and then it is there");
	worker_destroy(w);
}
