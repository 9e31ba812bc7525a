/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watchdog.h - do all workers make progress?
 *
 * Each worker counts its rounds: how often it has gone once around its loop, which an idle
 * one does several times within the watchdog's time. systemd's watchdog is fed only when
 * every worker has gone round since it was fed last, so that one stuck worker, whose
 * queues hold packets and answer none, has the daemon started anew.
 *
 * Pure: rounds and time are the caller's.
 */
#ifndef DAEMON_WATCHDOG_H
#define DAEMON_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

struct watchdog {
	uint64_t period_ns; /* half of what systemd waits; 0: it does not wait */
	uint64_t due_ns;
	uint64_t looked_ns; /* the last step */
	uint16_t workers;
	struct {
		uint64_t fed;    /* rounds when the watchdog was fed last */
		uint64_t rounds; /* when they were read last */
		uint64_t
			stuck_ns; /* how long they are so many, by looks that came in time */
	} worker[CONFIG_WORKERS_MAX];
};

/** @timeout_ns: notify_watchdog_ns(). */
void watchdog_init(struct watchdog *w, uint16_t workers, uint64_t timeout_ns,
                   uint64_t now_ns);

/** Several times a second, with the rounds of each worker. True: feed it now. */
bool watchdog_step(struct watchdog *w, const uint64_t *rounds, uint64_t now_ns);

/**
 * How long worker @number has not gone round, at the last step. Steps that come late, because
 * the caller was not run, count as if they came half a second after the one before: where a
 * machine runs nobody, nobody is stuck.
 */
uint64_t watchdog_stuck_ns(const struct watchdog *w, uint16_t number);

#endif
