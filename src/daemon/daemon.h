/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon.h - the wiring: everything that runs, in the order of starting and stopping
 *
 * daemon_run() reads the configuration, starts one part after the other (daemon.c has the
 * list, and HACKING.md the reasons of its order), serves until it is told to stop, and
 * stops the parts in reverse order. A part that cannot start says why in the log, and what
 * had started is stopped the same way.
 *
 * The calling thread becomes the control thread: ctlink, timers, signals, reloads. SIGTERM
 * and SIGINT stop, SIGHUP reloads; they are blocked in all threads and read by signalfd(2).
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "daemon/options.h"
#include "queue/queue.h"

/* What a test brings along itself. */
struct daemon_env {
	const struct queue_ops *queue_ops;
	/** queue_config.source of queue @number; NULL: none. */
	void *(*queue_source)(void *ctx, uint16_t number);
	void *ctx;
	const char *notify_socket, *watchdog_usec, *watchdog_pid; /* of the environment */
	const char *runtime_directory; /* that systemd made for us; NULL: none */
	bool keep_privileges; /* do not drop capabilities: the process goes on afterwards */
};

/** Returns an exit status: EXIT_SUCCESS after a stop that was asked for. */
int daemon_run(const struct options *options, const struct daemon_env *env);

#endif
