/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * intake.c - workers and their queues
 *
 * Confirm queues open before entry queues, and close after them: a packet that has passed
 * the entry hook under our eyes finds us at the confirm hook, too. Closing is draining
 * first: all queues of a role at once, each by its worker, so that it takes as long as the
 * longest.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rcu.h"
#include "daemon/daemon_priv.h"

/* ---- workers ------------------------------------------------------------------------ */

#define TICK_MS_MAX 1000u
#define NS_PER_MS   1000000u

static struct worker_config worker_configure(const struct daemon *d, uint16_t number)
{
	uint64_t watchdog_ms = d->watchdog.period_ns / NS_PER_MS;
	struct worker_config cfg = {
		.number = number,
		.cpu = CONFIG_CPU_NONE,
		.tick_ms = TICK_MS_MAX,
		.path = path_worker(d->path, number),
	};
	unsigned int i;

	/* An idle worker goes round at least twice in each of the watchdog's periods. */
	if (watchdog_ms && watchdog_ms / 2 < cfg.tick_ms)
		cfg.tick_ms = watchdog_ms > 2 ? (uint32_t)(watchdog_ms / 2) : 1;
	for (i = 0; i < d->config->queues_length; i++) {
		const struct config_queue *q = &d->config->queues[i];

		if (q->worker != number)
			continue;
		cfg.queues_max++;
		if (q->cpu != CONFIG_CPU_NONE)
			cfg.cpu = q->cpu;
	}
	return cfg;
}

static int worker_begin(struct daemon *d, uint16_t number)
{
	struct worker_config cfg = worker_configure(d, number);
	int r;

	d->workers[number] = worker_new(&cfg, &r);
	if (d->workers[number])
		r = worker_start(d->workers[number]);
	if (r == 0)
		return 0;
	if (r == -EINVAL && cfg.cpu != CONFIG_CPU_NONE)
		log_error("worker %u: there is no CPU %d to run on", number, cfg.cpu);
	else
		log_error("worker %u: %s", number, strerror(-r));
	return r;
}

int intake_workers_start(struct daemon *d)
{
	uint16_t i;
	int r = 0;

	d->workers = calloc(d->config->workers, sizeof(d->workers[0]));
	d->queues = calloc(d->config->queues_length, sizeof(d->queues[0]));
	if (!d->workers || !d->queues)
		return -ENOMEM;
	for (i = 0; r == 0 && i < d->config->workers; i++)
		r = worker_begin(d, i);
	return r;
}

void intake_workers_stop(struct daemon *d)
{
	uint16_t i;

	rcu_offline();
	for (i = 0; d->workers && i < d->config->workers; i++)
		worker_destroy(d->workers[i]);
	rcu_online();
	free(d->workers);
	free(d->queues);
	d->workers = NULL;
	d->queues = NULL;
}

/* ---- queues ---------------------------------------------------------------------------- */

static struct queue_config queue_configure(const struct daemon *d,
                                           const struct config_queue *q)
{
	struct queue_config cfg;

	queue_config_init(&cfg, q->number);
	cfg.zone = (uint16_t)q->zone;
	cfg.copy_range = config_queue_copy(d->config, q);
	cfg.maxlen = q->length;
	cfg.receive_buffer = q->rcvbuf;
	cfg.gso = q->gso;
	cfg.fail_open = q->fail_open;
	/* Only packets of local sockets have an owner. */
	cfg.uid_gid = q->hook == PACKET_HOOK_OUTPUT || q->hook == PACKET_HOOK_POSTROUTING;
	if (d->env->queue_source)
		cfg.source = d->env->queue_source(d->env->ctx, q->number);
	return cfg;
}

static enum flow_role role_of(const struct config_queue *q)
{
	return config_hook_is_entry(q->hook) ? FLOW_ROLE_ENTRY : FLOW_ROLE_CONFIRM;
}

/* A worker that does not answer uses its queues and its flows: nothing can be freed under
 * it. The kernel takes all back when the process ends. */
static _Noreturn void stuck_leave(uint16_t number)
{
	log_error("worker %u is stuck: leaving without waiting for it", number);
	_exit(EXIT_FAILURE);
}

static int queue_begin(struct daemon *d, unsigned int i)
{
	const struct config_queue *q = &d->config->queues[i];
	struct queue_config cfg = queue_configure(d, q);
	char error[QUEUE_TEXT_MAX];
	int r;

	r = queue_open(d->env->queue_ops, &cfg, &d->queues[i], error);
	if (r < 0) {
		log_error("%s", error);
		return r;
	}
	if (queue_warning(d->queues[i]))
		log_warning("%s", queue_warning(d->queues[i]));
	rcu_offline();
	r = worker_queue_add(d->workers[q->worker], d->queues[i], role_of(q));
	rcu_online();
	if (r == 0)
		return 0;
	if (r == -ETIMEDOUT)
		stuck_leave(q->worker); /* it may still take the queue */
	log_error("queue %u: worker %u does not take it: %s", q->number, q->worker,
	          strerror(-r));
	queue_close(d->queues[i]);
	d->queues[i] = NULL;
	return r;
}

static int queues_start(struct daemon *d, enum flow_role role)
{
	unsigned int i;
	int r = 0;

	for (i = 0; r == 0 && i < d->config->queues_length; i++)
		if (role_of(&d->config->queues[i]) == role)
			r = queue_begin(d, i);
	return r;
}

static void queue_end(struct daemon *d, unsigned int i)
{
	struct queue_stats stats;

	queue_stats_read(d->queues[i], &stats);
	log_info("queue %u: %llu packets received, %llu accepted, %llu dropped",
	         d->config->queues[i].number, (unsigned long long)stats.packets,
	         (unsigned long long)stats.accepted, (unsigned long long)stats.dropped);
	queue_close(d->queues[i]);
	d->queues[i] = NULL;
}

static void drained_wait(struct worker *w, uint16_t number)
{
	if (worker_wait(w) < 0)
		stuck_leave(number);
}

static void queues_drain(struct daemon *d, enum flow_role role)
{
	uint16_t i;

	for (i = 0; i < d->config->workers; i++)
		worker_drain(d->workers[i], role);
	rcu_offline();
	for (i = 0; i < d->config->workers; i++)
		drained_wait(d->workers[i], i);
	rcu_online();
}

static bool has_open_queue(const struct daemon *d, enum flow_role role)
{
	unsigned int i;

	for (i = 0; d->queues && i < d->config->queues_length; i++)
		if (d->queues[i] && role_of(&d->config->queues[i]) == role)
			return true;
	return false;
}

static void queues_stop(struct daemon *d, enum flow_role role)
{
	unsigned int i;

	if (!has_open_queue(d, role))
		return;
	queues_drain(d, role);
	for (i = 0; i < d->config->queues_length; i++)
		if (d->queues[i] && role_of(&d->config->queues[i]) == role)
			queue_end(d, i);
}

int intake_confirm_start(struct daemon *d)
{
	return queues_start(d, FLOW_ROLE_CONFIRM);
}

void intake_confirm_stop(struct daemon *d)
{
	queues_stop(d, FLOW_ROLE_CONFIRM);
}

int intake_entry_start(struct daemon *d)
{
	return queues_start(d, FLOW_ROLE_ENTRY);
}

void intake_entry_stop(struct daemon *d)
{
	queues_stop(d, FLOW_ROLE_ENTRY);
}

/* ---- answers ----------------------------------------------------------------------------- */

void intake_wake(void *daemon, uint16_t number)
{
	struct daemon *d = daemon;

	if (d->workers) /* they end before control does */
		worker_wake(d->workers[number]);
}

/* ---- listings ----------------------------------------------------------------------------- */

bool intake_queue_info(void *daemon, unsigned int i, struct queue_info *out)
{
	struct daemon *d = daemon;
	const struct config_queue *q;

	if (i >= d->config->queues_length)
		return false;
	q = &d->config->queues[i];
	if (!d->queues || !d->queues[i])
		*out = (struct queue_info){ .number = q->number };
	else
		queue_info_read(d->queues[i], d->kernel, clock_monotonic_ns(), out);
	out->worker = q->worker;
	out->hook = (uint8_t)q->hook;
	out->cpu = q->cpu;
	return true;
}
