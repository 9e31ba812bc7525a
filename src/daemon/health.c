/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * health.c - what makes us degraded, and telling systemd
 *
 * Warnings are counted anew whenever somebody asks: nothing on the packets' way knows of
 * them. Losses in the kernel count when they happened in the last minute or two, so that
 * an old mishap does not hide a new one.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon_priv.h"

#define NS_PER_S 1000000000u
#define LOSSES_S 60 /* between two looks at the kernel's counters */
#define STATUS_S 5  /* between two looks at how we are */
#define STUCK_NS (2ull * NS_PER_S)

static void BASE_PRINTF(2, 3) warn(struct health *h, const char *fmt, ...)
{
	va_list ap;

	if (h->length == HEALTH_WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(h->warnings[h->length++], HEALTH_TEXT_MAX, fmt, ap);
	va_end(ap);
}

/* ---- losses in the kernel --------------------------------------------------------- */

static void losses_shift(struct daemon *d)
{
	struct health_losses *losses;
	struct queue_info info;
	unsigned int i;

	for (i = 0; intake_queue_info(d, i, &info); i++) {
		losses = &d->health.losses[i];
		losses->older = losses->newer;
		losses->newer.full = info.kernel_dropped;
		losses->newer.buffer = info.user_dropped;
	}
}

static void losses_check(struct daemon *d, unsigned int i, const struct queue_info *info)
{
	const struct health_losses *losses = &d->health.losses[i];
	uint32_t full = info->kernel_dropped - losses->older.full;
	uint32_t buffer = info->user_dropped - losses->older.buffer;

	if (!info->has_kernel)
		return;
	if (full)
		warn(&d->health,
		     "queue %u: %u packets lost lately: it was full (length %u)",
		     info->number, full, info->maxlen);
	if (buffer)
		warn(&d->health,
		     "queue %u: %u packets lost lately: its receive buffer was full "
		     "(rcvbuf %u)",
		     info->number, buffer, info->receive_buffer);
}

/* ---- counting --------------------------------------------------------------------------- */

static void queues_check(struct daemon *d)
{
	struct queue_info info;
	unsigned int i;

	for (i = 0; intake_queue_info(d, i, &info); i++) {
		if (!d->queues || !d->queues[i])
			continue;
		if (queue_warning(d->queues[i]))
			warn(&d->health, "%s", queue_warning(d->queues[i]));
		if (info.fail_open)
			warn(&d->health,
			     "queue %u: fail-open: when it is full, packets pass "
			     "unjudged",
			     info.number);
		losses_check(d, i, &info);
	}
}

static void workers_check(struct daemon *d)
{
	uint64_t stuck_ns;
	uint16_t i;

	for (i = 0; d->workers && i < d->config->workers; i++) {
		stuck_ns = watchdog_stuck_ns(&d->watchdog, i);
		if (stuck_ns > STUCK_NS)
			warn(&d->health, "worker %u is stuck since %.1f s", i,
			     (double)stuck_ns / NS_PER_S);
	}
}

static void health_count(struct daemon *d)
{
	d->health.length = 0;
	if (d->health.reload_failed)
		warn(&d->health,
		     "the last reload failed: what was in force before still is");
	workers_check(d);
	queues_check(d);
	if (!d->kernel)
		warn(&d->health, "the kernel's counters of lost packets cannot be read");
}

const char *health_warning(void *daemon, unsigned int i)
{
	struct daemon *d = daemon;

	if (i == 0)
		health_count(d);
	return i < d->health.length ? d->health.warnings[i] : NULL;
}

void health_reloaded(struct daemon *d, bool failed)
{
	d->health.reload_failed = failed;
	d->health.status_due_ns = 0;
}

/* ---- systemd -------------------------------------------------------------------------------- */

static void status_tell(struct daemon *d)
{
	const char *warning = health_warning(d, 0);
	char status[HEALTH_TEXT_MAX];

	if (warning)
		snprintf(status, sizeof(status), "degraded: %.200s", warning);
	else
		snprintf(status, sizeof(status), "queues: %u, workers: %u",
		         d->config->queues_length, d->config->workers);
	if (strcmp(status, d->health.status) == 0)
		return;
	strcpy(d->health.status, status);
	notify_send(&d->notify, "STATUS=%s", status);
}

static bool is_broken(const struct daemon *d)
{
	uint16_t i;
	int err;

	for (i = 0; i < d->config->workers; i++) {
		err = worker_broken(d->workers[i]);
		if (err == 0)
			continue;
		log_error("worker %u: a queue broke: %s", i, strerror(-err));
		return true;
	}
	return false;
}

static void watchdog_feed(struct daemon *d, uint64_t now_ns)
{
	uint64_t rounds[CONFIG_WORKERS_MAX];
	uint16_t i;

	for (i = 0; i < d->config->workers; i++)
		rounds[i] = worker_rounds(d->workers[i]);
	if (watchdog_step(&d->watchdog, rounds, now_ns))
		notify_send(&d->notify, "WATCHDOG=1");
}

int health_start(struct daemon *d)
{
	uint64_t timeout_ns = 0, now_ns = clock_monotonic_ns();

	if (d->config->daemon.watchdog)
		timeout_ns = notify_watchdog_ns(d->env->watchdog_usec,
		                                d->env->watchdog_pid, getpid());
	watchdog_init(&d->watchdog, d->config->workers, timeout_ns, now_ns);
	d->health.status_due_ns = now_ns;
	d->health.shift_due_ns = now_ns + (uint64_t)LOSSES_S * NS_PER_S;
	return 0;
}

/* Once for each time: the watchdog may end us soon, and somebody will ask why. */
static void stuck_tell(struct daemon *d)
{
	uint16_t i;
	bool stuck;

	for (i = 0; i < d->config->workers; i++) {
		stuck = watchdog_stuck_ns(&d->watchdog, i) > STUCK_NS;
		if (stuck && !d->health.stuck[i])
			log_warning("worker %u is stuck", i);
		d->health.stuck[i] = stuck;
	}
}

bool health_step(struct daemon *d, uint64_t now_ns)
{
	watchdog_feed(d, now_ns);
	stuck_tell(d);
	if (now_ns >= d->health.shift_due_ns) {
		losses_shift(d);
		d->health.shift_due_ns = now_ns + (uint64_t)LOSSES_S * NS_PER_S;
	}
	if (now_ns >= d->health.status_due_ns) {
		status_tell(d);
		d->health.status_due_ns = now_ns + (uint64_t)STATUS_S * NS_PER_S;
	}
	return is_broken(d);
}
