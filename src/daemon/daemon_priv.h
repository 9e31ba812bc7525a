/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon_priv.h - the daemon's parts, as the files of this folder share them
 *
 * Everything belongs to the control thread, but for what workers (daemon/worker.h) own.
 *
 * A part has two functions: start() returns 0, or a negative errno after it has logged
 * why; stop() undoes what start() did, also when that failed half-way or was never called.
 */
#ifndef DAEMON_DAEMON_PRIV_H
#define DAEMON_DAEMON_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "control/control.h"
#include "daemon/daemon.h"
#include "daemon/drop_log.h"
#include "daemon/notify.h"
#include "daemon/watchdog.h"
#include "daemon/worker.h"
#include "flow/table.h"
#include "module/module.h"
#include "offload/offload.h"
#include "path/path.h"
#include "queue/ifname.h"
#include "queue/kernel_stats.h"
#include "rules/rules.h"

/* ---- health.c -------------------------------------------------------------------- */

#define HEALTH_WARNINGS_MAX 64
#define HEALTH_TEXT_MAX     256

/* The kernel's losses of one queue, at two times; wrap with the kernel's at 2^32. */
struct health_losses {
	struct {
		uint32_t full, buffer;
	} older, newer;
};

struct health {
	char warnings[HEALTH_WARNINGS_MAX][HEALTH_TEXT_MAX];
	unsigned int length;
	struct health_losses losses[CONFIG_QUEUES_MAX];
	uint64_t shift_due_ns; /* newer becomes older */
	uint64_t status_due_ns;
	bool reload_failed;
	bool stuck[CONFIG_WORKERS_MAX]; /* the log has it */
	char status[HEALTH_TEXT_MAX];   /* that systemd was told */
};

/* ---- the whole -------------------------------------------------------------------- */

/* Modules that are open at once. */
#define MODULES_MAX (TRACK_MACHINES_MAX + HELPERS_MAX)

struct daemon {
	const struct options *options;
	const struct daemon_env *env;
	struct config *config;
	struct notify notify;
	struct queue_kernel_stats *kernel; /* NULL: cannot be read */
	struct ifname_table *ifnames;      /* NULL: unknown */
	struct rules *rules;
	struct flow_table *flows;
	struct path *path;
	struct module *modules[MODULES_MAX]; /* NULL: free */
	struct control *control;
	struct offload *_Atomic offload; /* NULL: nothing is offloaded */
	uint32_t offload_generation;     /* that offloaded flows were judged by */
	struct worker **workers;         /* config->workers */
	struct queue **queues;           /* by place in config->queues; NULL: not open */
	struct watchdog watchdog;
	struct health health;
	struct drop_log drop_log;
	uint64_t started_ns, started_monotonic_ns;
	int epoll, signals, timer;
	bool sets_behind; /* more elements have expired than one go takes */
	uint64_t clock_due_ns;
	bool stopping;
	int status; /* exit status */
};

/* ---- setup.c: what stands before packets come ---------------------------------------- */

int setup_config_start(struct daemon *d);
void setup_config_stop(struct daemon *d);
int setup_notify_start(struct daemon *d);
void setup_notify_stop(struct daemon *d);
int setup_privileges_start(struct daemon *d);
void setup_privileges_stop(struct daemon *d);
int setup_rules_start(struct daemon *d);
void setup_rules_stop(struct daemon *d);
int setup_flows_start(struct daemon *d);
void setup_flows_stop(struct daemon *d);
int setup_ifnames_start(struct daemon *d);
void setup_ifnames_stop(struct daemon *d);
/** control_env.ifname. */
const char *setup_ifname(void *daemon, uint32_t index);
int setup_path_start(struct daemon *d);
void setup_path_stop(struct daemon *d);
/** Tell the path what the wall clock shows; several times a second. */
void setup_local_time(struct daemon *d, uint64_t now_ns);
int setup_control_start(struct daemon *d);
void setup_control_stop(struct daemon *d);

/** Errors of configuration and rules, line by line, into the log. A config_report. */
void setup_report_log(void *unused, const char *text);

/** Give labels the names of the configuration's file; *@before: those before. 0, -EINVAL (which
 * was reported) or -ENOMEM. */
int setup_labels(const struct config *cfg, struct rules *rules,
                 struct rules_labels **before, config_report *report, void *ctx);

/** The configuration's zones for the path; *@zones is malloc'ed. 0 or -ENOMEM. */
int setup_zones(const struct config *cfg, struct path_zone **zones);

/* ---- modules.c ------------------------------------------------------------------------ */

int modules_start(struct daemon *d);
void modules_stop(struct daemon *d);

/** Those that the configuration names, into the path's registry; no packet comes yet. */
int modules_load(struct daemon *d);

/** control_env.module_open and module_close. */
int modules_open(void *daemon, const char *name, struct control_module *brought,
                 char *text, size_t size);
void modules_close(void *daemon, const struct control_module *brought);

/* ---- offload.c ------------------------------------------------------------------------ */

int offload_start(struct daemon *d);
void offload_stop(struct daemon *d);
void offload_on_timer(struct daemon *d, uint64_t now_ns);

/** flow_table_config.offload_ended. */
void offload_flow_ended(void *daemon, const struct flow *f);

/* ---- intake.c: workers and queues ------------------------------------------------------ */

int intake_workers_start(struct daemon *d);
void intake_workers_stop(struct daemon *d);
int intake_confirm_start(struct daemon *d);
void intake_confirm_stop(struct daemon *d);
int intake_entry_start(struct daemon *d);
void intake_entry_stop(struct daemon *d);

/** control_env.wake. */
void intake_wake(void *daemon, uint16_t number);

/** control_env.queue_info. */
bool intake_queue_info(void *daemon, unsigned int i, struct queue_info *out);

/* ---- reload.c ---------------------------------------------------------------------------- */

/** Read configuration and rules again; all or nothing. control_env.reload. */
int reload_run(void *daemon, char *text, size_t size);

/* ---- health.c ------------------------------------------------------------------------------ */

/** Before the workers, whose tick depends on the watchdog; nothing to stop. */
int health_start(struct daemon *d);

/** Several times a second: feed the watchdog, tell systemd the state; true: a worker is
 * broken, and the daemon must be started anew. */
bool health_step(struct daemon *d, uint64_t now_ns);

/** A reload has ended: what that means for our health is told soon. */
void health_reloaded(struct daemon *d, bool failed);

/** control_env.warning; counts anew when @i is 0. */
const char *health_warning(void *daemon, unsigned int i);

#endif
