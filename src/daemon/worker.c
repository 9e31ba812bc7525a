/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * worker.c - the loop between a queue and the path
 *
 * What is shared with the thread that gives orders: the mailbox (order_* and `order`), which
 * belongs to the giver until it stores the order's kind (release), and to the worker from
 * then until it posts `done`; and two numbers that anybody may read. Everything else is the
 * worker's own.
 */
#include "daemon/worker.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rcu.h"
#include "path/ask.h"

_Static_assert(QUEUE_BATCH_MAX <= PATH_BATCH_MAX, "a batch goes through the path whole");

/* Batches of a queue that stays full between two looks at the others: 256 packets take it a
 * millisecond, so that those that others wait with are not late by more. */
#define TURNS_MAX  4
#define EVENTS_MAX 16
#define RETRY_MS   1 /* while verdicts cannot be sent, or packets are held at the end */

enum order { ORDER_NONE, ORDER_ADD, ORDER_DRAIN, ORDER_STOP };

struct served {
	struct queue *queue; /* NULL: the place is free */
	enum flow_role role;
	bool pollable; /* epoll watches it; if not, it is looked at in each round */
	bool readable; /* look at it in this round */
	bool unsent;   /* verdicts wait in it */
	bool draining;
	bool undrained; /* the kernel could not be told yet: again in the next round */
};

struct worker {
	struct worker_config cfg;
	pthread_t thread;
	bool started;
	int epoll;
	int wake; /* eventfd(2): an order was given */
	int done; /* eventfd(2): it was carried out */
	uint64_t tick_due_ns;
	bool stopped, draining;
	struct served *served; /* cfg.queues_max places */

	_Atomic int order;
	struct queue *order_queue; /* of ADD */
	enum flow_role order_role; /* of ADD and DRAIN */
	int order_result;

	_Atomic uint64_t rounds;
	_Atomic int broken;

	struct packet packets[QUEUE_BATCH_MAX];
	struct packet_verdict verdicts[QUEUE_BATCH_MAX];
};

/* eventfd(2) takes every write that is not the 2^64-th. */
static void fd_post(int fd)
{
	const uint64_t one = 1;
	ssize_t written = write(fd, &one, sizeof(one));

	assert(written == sizeof(one));
	(void)written;
}

/* ---- packets ---------------------------------------------------------------------- */

static void served_remove(struct worker *w, struct served *s)
{
	if (s->pollable)
		epoll_ctl(w->epoll, EPOLL_CTL_DEL, queue_fd(s->queue), NULL);
	*s = (struct served){ .queue = NULL };
}

/* The queue is of no more use: its packets are lost, and somebody must start us anew. */
static void served_broke(struct worker *w, struct served *s, int err)
{
	atomic_store_explicit(&w->broken, err, memory_order_relaxed);
	served_remove(w, s);
}

/* Nothing waits. The queue has tried once more to send what is unsent. */
static void serve_none(struct worker *w, struct served *s, uint64_t failures)
{
	struct queue_stats stats;

	queue_stats_read(s->queue, &stats);
	if (stats.unsent == failures)
		s->unsent = false;
	if (s->draining && !s->undrained && !s->unsent && queue_held(s->queue) == 0)
		served_remove(w, s);
}

static void serve_batch(struct worker *w, struct served *s, unsigned int n,
                        uint64_t now_ns)
{
	uint64_t held = path_batch(w->cfg.path, w->packets, w->verdicts, n, now_ns);

	s->unsent = queue_verdict(s->queue, w->packets, w->verdicts, n, held) < 0;
	rcu_quiet();
}

/* True: more packets may wait. */
static bool serve(struct worker *w, struct served *s)
{
	uint64_t now_ns = clock_monotonic_ns();
	struct queue_stats before = { .unsent = 0 };
	int n;

	if (base_unlikely(s->undrained))
		s->undrained = queue_drain(s->queue) < 0;
	if (s->unsent)
		queue_stats_read(s->queue, &before);
	n = queue_receive(s->queue, w->packets, QUEUE_BATCH_MAX, now_ns);
	if (n < 0)
		served_broke(w, s, n);
	else if (n > 0)
		serve_batch(w, s, (unsigned int)n, now_ns);
	else if (s->unsent || s->draining)
		serve_none(w, s, before.unsent);
	return n == QUEUE_BATCH_MAX;
}

/* A batch of each queue that has one. True: some gave a full one, and may have more. */
static bool serve_all(struct worker *w)
{
	bool more = false;
	uint32_t i;

	for (i = 0; i < w->cfg.queues_max; i++) {
		struct served *s = &w->served[i];

		if (s->queue && (s->readable || !s->pollable || s->draining || s->unsent))
			s->readable = serve(w, s);
		more |= s->readable;
	}
	return more;
}

/* What is full is served again before all are polled again, each in its turn. */
static void serve_turns(struct worker *w)
{
	unsigned int turn = 0;

	while (serve_all(w) && ++turn < TURNS_MAX)
		;
}

/* ---- packets that wait ------------------------------------------------------------- */

static struct served *served_find(struct worker *w, uint16_t number)
{
	uint32_t i;

	for (i = 0; i < w->cfg.queues_max; i++)
		if (w->served[i].queue &&
		    queue_config_get(w->served[i].queue)->number == number)
			return &w->served[i];
	return NULL;
}

static void held_send(struct worker *w)
{
	uint32_t i;

	for (i = 0; i < w->cfg.queues_max; i++) {
		struct served *s = &w->served[i];

		if (!s->queue)
			continue;
		s->unsent |= queue_flush(s->queue) < 0;
		queue_held_since_set(
			s->queue,
			path_held_since(w->cfg.path, queue_config_get(s->queue)->number));
	}
}

/* What finds no room waits for the next round. The packets of a queue that broke are lost
 * with it. */
static void held_answer(struct worker *w)
{
	const struct path_released *r;
	struct served *s;

	if (base_likely(path_held_count(w->cfg.path) == 0))
		return;
	path_held_step(w->cfg.path, clock_monotonic_ns());
	while ((r = path_held_peek(w->cfg.path)) != NULL) {
		s = served_find(w, r->queue);
		if (s && queue_answer(s->queue, r->id, &r->verdict) < 0)
			break;
		path_held_drop(w->cfg.path);
	}
	held_send(w);
}

/* ---- orders ------------------------------------------------------------------------ */

static struct served *place_find(struct worker *w)
{
	uint32_t i;

	for (i = 0; i < w->cfg.queues_max; i++)
		if (!w->served[i].queue)
			return &w->served[i];
	return NULL;
}

static int obey_add(struct worker *w)
{
	struct served *s = place_find(w);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = s };
	int fd = queue_fd(w->order_queue);

	if (!s)
		return -ENOSPC;
	if (fd >= 0 && epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		return -errno;
	*s = (struct served){ .queue = w->order_queue,
		              .role = w->order_role,
		              .pollable = fd >= 0 };
	return 0;
}

/* Begin it; serve() ends it for each queue, draining_end() for all. */
static void obey_drain(struct worker *w)
{
	uint32_t i;

	w->draining = true;
	path_held_close(w->cfg.path, clock_monotonic_ns());
	for (i = 0; i < w->cfg.queues_max; i++) {
		struct served *s = &w->served[i];

		if (!s->queue || s->role != w->order_role)
			continue;
		s->undrained = queue_drain(s->queue) < 0;
		s->draining = true;
	}
}

static void draining_end(struct worker *w)
{
	uint32_t i;

	if (!w->draining)
		return;
	for (i = 0; i < w->cfg.queues_max; i++)
		if (w->served[i].draining)
			return;
	w->draining = false;
	fd_post(w->done);
}

static void obey(struct worker *w)
{
	int order = atomic_load_explicit(&w->order, memory_order_acquire);

	atomic_store_explicit(&w->order, ORDER_NONE, memory_order_relaxed);
	switch (order) {
	case ORDER_ADD:
		w->order_result = obey_add(w);
		fd_post(w->done);
		break;
	case ORDER_DRAIN: obey_drain(w); break;
	case ORDER_STOP: w->stopped = true; break;
	}
}

/* ---- the loop ------------------------------------------------------------------------ */

/* How long may we sleep? */
static int sleep_ms(const struct worker *w)
{
	int ms = (int)w->cfg.tick_ms;
	uint32_t i;

	for (i = 0; i < w->cfg.queues_max; i++) {
		const struct served *s = &w->served[i];

		if (!s->queue)
			continue;
		if (s->unsent || (s->draining && queue_held(s->queue)))
			ms = RETRY_MS;
		else if (!s->pollable || s->draining)
			return 0;
	}
	return ms;
}

static void wait_for_work(struct worker *w)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t count;
	int n, i;

	rcu_offline();
	n = epoll_wait(w->epoll, events, EVENTS_MAX, sleep_ms(w));
	rcu_online();
	for (i = 0; i < n; i++) {
		struct served *s = events[i].data.ptr;

		if (s)
			s->readable = true;
		else if (read(w->wake, &count, sizeof(count)) == sizeof(count))
			obey(w);
	}
}

static void tick(struct worker *w)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (now_ns < w->tick_due_ns)
		return;
	if (!path_tick(w->cfg.path, now_ns))
		w->tick_due_ns = now_ns + WORKER_PATH_TICK_NS;
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;

	urcu_qsbr_register_thread();
	while (!w->stopped) {
		wait_for_work(w);
		serve_turns(w);
		held_answer(w);
		draining_end(w);
		tick(w);
		rcu_quiet();
		atomic_store_explicit(&w->rounds, worker_rounds(w) + 1,
		                      memory_order_relaxed);
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

/* ---- life ------------------------------------------------------------------------------ */

static int worker_open(struct worker *w)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll < 0)
		return -errno;
	w->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->done < 0)
		return -errno;
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake < 0 || epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->wake, &event) != 0)
		return -errno;
	return 0;
}

struct worker *worker_new(const struct worker_config *cfg, int *err)
{
	struct worker *w = calloc(1, sizeof(*w));

	*err = -ENOMEM;
	if (!w)
		return NULL;
	w->cfg = *cfg;
	w->epoll = w->wake = w->done = -1;
	w->served = calloc(cfg->queues_max ? cfg->queues_max : 1, sizeof(w->served[0]));
	if (w->served)
		*err = worker_open(w);
	if (*err == 0)
		return w;
	worker_destroy(w);
	return NULL;
}

static int attributes_pin(pthread_attr_t *attributes, int cpu)
{
	cpu_set_t cpus;

	if (cpu < 0)
		return 0;
	CPU_ZERO(&cpus);
	CPU_SET((size_t)cpu, &cpus);
	return -pthread_attr_setaffinity_np(attributes, sizeof(cpus), &cpus);
}

int worker_start(struct worker *w)
{
	char name[16]; /* TASK_COMM_LEN */
	pthread_attr_t attributes;
	int r;

	r = -pthread_attr_init(&attributes);
	if (r < 0)
		return r;
	r = attributes_pin(&attributes, w->cfg.cpu);
	if (r == 0)
		r = -pthread_create(&w->thread, &attributes, worker_run, w);
	pthread_attr_destroy(&attributes);
	if (r < 0)
		return r;
	w->started = true;
	snprintf(name, sizeof(name), "ctqd-work%u", w->cfg.number);
	pthread_setname_np(w->thread, name);
	return 0;
}

static void order_give(struct worker *w, enum order order)
{
	assert(atomic_load_explicit(&w->order, memory_order_relaxed) == ORDER_NONE);
	atomic_store_explicit(&w->order, (int)order, memory_order_release);
	fd_post(w->wake);
}

void worker_wake(struct worker *w)
{
	fd_post(w->wake);
}

int worker_queue_add(struct worker *w, struct queue *q, enum flow_role role)
{
	int r;

	w->order_queue = q;
	w->order_role = role;
	order_give(w, ORDER_ADD);
	r = worker_wait(w);
	return r < 0 ? r : w->order_result;
}

void worker_drain(struct worker *w, enum flow_role role)
{
	w->order_role = role;
	order_give(w, ORDER_DRAIN);
}

int worker_wait(struct worker *w)
{
	struct pollfd done = { .fd = w->done, .events = POLLIN };
	uint64_t count;
	int n;

	do
		n = poll(&done, 1, WORKER_ORDER_MS);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return -ETIMEDOUT;
	return read(w->done, &count, sizeof(count)) == sizeof(count) ? 0 : -errno;
}

void worker_destroy(struct worker *w)
{
	if (!w)
		return;
	if (w->started) {
		order_give(w, ORDER_STOP);
		pthread_join(w->thread, NULL);
	}
	if (w->done >= 0)
		close(w->done);
	if (w->wake >= 0)
		close(w->wake);
	if (w->epoll >= 0)
		close(w->epoll);
	free(w->served);
	free(w);
}

uint64_t worker_rounds(const struct worker *w)
{
	return atomic_load_explicit(&w->rounds, memory_order_relaxed);
}

int worker_broken(const struct worker *w)
{
	return atomic_load_explicit(&w->broken, memory_order_relaxed);
}
