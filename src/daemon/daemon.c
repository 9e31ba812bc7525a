/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon.c - the order of starting and stopping, and the control thread's loop
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rcu.h"
#include "config.h"
#include "daemon/daemon_priv.h"
#include "daemon/rule_log.h"
#include "sets/sets.h"
#include "flow/expect.h"

/* flow_expire() wants to be called ten times a second, and events should not lie around. */
#define TIMER_NS 100000000

#define NS_PER_MS     1000000ull
#define NS_PER_MINUTE 60000000000u

/* ---- the loop ----------------------------------------------------------------------- */

enum source {
	SOURCE_SIGNALS,
	SOURCE_TIMER,
	SOURCE_CONTROL,
	SOURCE_IFNAMES,
	SOURCE_OFFLOAD,
	SOURCES
};

static int source_add(struct daemon *d, int fd, enum source source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = source };

	return epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

static int loop_open(struct daemon *d)
{
	const struct itimerspec every = { { 0, TIMER_NS }, { 0, TIMER_NS } };
	int r;

	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (d->epoll < 0)
		return -errno;
	d->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (d->timer < 0 || timerfd_settime(d->timer, 0, &every, NULL) != 0)
		return -errno;
	r = source_add(d, d->signals, SOURCE_SIGNALS);
	if (r == 0)
		r = source_add(d, d->timer, SOURCE_TIMER);
	if (r == 0)
		r = source_add(d, control_fd(d->control), SOURCE_CONTROL);
	if (r == 0)
		r = source_add(d, ifname_table_fd(d->ifnames), SOURCE_IFNAMES);
	if (r == 0 && d->offload)
		r = source_add(d, offload_fd(d->offload), SOURCE_OFFLOAD);
	return r;
}

static int loop_start(struct daemon *d)
{
	int r = loop_open(d);

	if (r < 0)
		log_error("event loop: %s", strerror(-r));
	return r;
}

static void loop_stop(struct daemon *d)
{
	if (d->timer >= 0)
		close(d->timer);
	if (d->epoll >= 0)
		close(d->epoll);
	d->timer = d->epoll = -1;
}

static void on_signal(struct daemon *d)
{
	struct signalfd_siginfo info;

	if (read(d->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP) {
		if (control_reload(d->control) < 0)
			log_error("reload: %s", strerror(ENOMEM));
		return;
	}
	log_notice("stopping: %s", info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
	d->stopping = true;
}

/* Who listens hears of what expired before more does. */
static void expire(struct daemon *d, uint64_t now_ns)
{
	flow_expire(flow_worker(d->flows, d->config->workers), now_ns);
	d->sets_behind = sets_expire(rules_sets(d->rules), now_ns / NS_PER_MS);
	expect_expire(flow_worker(d->flows, d->config->workers), now_ns);
	control_tick(d->control, now_ns);
}

/* Is there more that has expired than one go takes? */
static bool is_behind(const struct daemon *d)
{
	return d->sets_behind || flow_expire_is_behind(d->flows);
}

static void on_timer(struct daemon *d, uint64_t now_ns)
{
	uint64_t expirations;

	if (read(d->timer, &expirations, sizeof(expirations)) != sizeof(expirations))
		return;
	expire(d, now_ns);
	offload_on_timer(d, now_ns);
	rule_log_drain(d->rules, d->config->workers);
	drop_log_step(d, now_ns);
	setup_local_time(d, now_ns);
	if (now_ns >= d->clock_due_ns) {
		flow_clock_set(d->flows, now_ns, clock_realtime_ns());
		d->clock_due_ns = now_ns + NS_PER_MINUTE;
	}
	if (health_step(d, now_ns)) {
		d->stopping = true;
		d->status = EXIT_FAILURE;
	}
}

static void on_ifnames(struct daemon *d)
{
	int r = ifname_table_update(d->ifnames);

	if (r < 0)
		log_warning("names of interfaces: %s: those before are kept",
		            strerror(-r));
}

static void loop_run(struct daemon *d)
{
	struct epoll_event events[SOURCES];
	uint64_t now_ns;
	int n, i;

	while (!d->stopping) {
		rcu_offline();
		n = epoll_wait(d->epoll, events, SOURCES, is_behind(d) ? 0 : -1);
		rcu_online();
		now_ns = clock_monotonic_ns();
		for (i = 0; i < n; i++) {
			switch (events[i].data.u32) {
			case SOURCE_SIGNALS: on_signal(d); break;
			case SOURCE_TIMER: on_timer(d, now_ns); break;
			case SOURCE_CONTROL: control_step(d->control, now_ns); break;
			case SOURCE_IFNAMES: on_ifnames(d); break;
			case SOURCE_OFFLOAD: offload_step(d->offload, now_ns); break;
			}
		}
		if (is_behind(d))
			expire(d, now_ns);
		rcu_quiet();
	}
}

/* ---- starting and stopping -------------------------------------------------------------- */

/* Blocked before the first thread, which inherits the mask. */
static int signals_start(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN); /* a log that nobody reads ends nothing */
	d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (d->signals >= 0)
		return 0;
	log_error("signalfd: %s", strerror(errno));
	return -errno;
}

static void signals_stop(struct daemon *d)
{
	if (d->signals >= 0)
		close(d->signals);
	d->signals = -1;
}

/* Started from the top, stopped from the bottom: rules and flows stand before the first
 * packet, confirm queues before entry queues. */
static const struct stage {
	int (*start)(struct daemon *d);
	void (*stop)(struct daemon *d);
} stages[] = {
	{ signals_start, signals_stop },
	{ setup_config_start, setup_config_stop },
	{ setup_notify_start, setup_notify_stop },
	{ setup_privileges_start, setup_privileges_stop },
	{ setup_rules_start, setup_rules_stop },
	{ modules_start, modules_stop }, /* they outlive flows and path */
	{ setup_flows_start, setup_flows_stop },
	{ setup_ifnames_start, setup_ifnames_stop },
	{ setup_path_start, setup_path_stop },
	{ modules_load, NULL },
	{ offload_start, offload_stop },
	{ setup_control_start, setup_control_stop },
	{ loop_start, loop_stop },
	{ health_start, NULL },
	{ intake_workers_start, intake_workers_stop },
	{ intake_confirm_start, intake_confirm_stop },
	{ intake_entry_start, intake_entry_stop },
};

/* Number of stages that were begun; the last of them may have failed: *@err. */
static size_t stages_start(struct daemon *d, int *err)
{
	size_t i;

	*err = 0;
	for (i = 0; i < BASE_ARRAY_LENGTH(stages) && *err == 0; i++)
		*err = stages[i].start(d);
	return i;
}

static void stages_stop(struct daemon *d, size_t begun)
{
	while (begun-- > 0)
		if (stages[begun].stop)
			stages[begun].stop(d);
}

static void daemon_serve(struct daemon *d)
{
	notify_send(&d->notify, "READY=1\nSTATUS=queues: %u, workers: %u",
	            d->config->queues_length, d->config->workers);
	log_notice("version " PACKAGE_VERSION
	           " is ready: queues: %u, workers: %u, flows: at most %u",
	           d->config->queues_length, d->config->workers, d->config->table.max);
	loop_run(d);
	notify_send(&d->notify, "STOPPING=1");
}

int daemon_run(const struct options *options, const struct daemon_env *env)
{
	struct daemon *d = calloc(1, sizeof(*d));
	size_t begun;
	int status, r;

	if (!d) {
		log_error("%s", strerror(ENOMEM));
		return OPTIONS_EXIT_FAILED;
	}
	d->options = options;
	d->env = env;
	d->epoll = d->timer = d->signals = d->notify.fd = -1;
	d->started_ns = clock_realtime_ns();
	d->started_monotonic_ns = clock_monotonic_ns();
	urcu_qsbr_register_thread();
	begun = stages_start(d, &r);
	if (r == 0)
		daemon_serve(d);
	else if (r == -ENOMEM)
		log_error("%s", strerror(ENOMEM));
	status = r == 0 ? d->status : OPTIONS_EXIT_FAILED;
	stages_stop(d, begun);
	urcu_qsbr_unregister_thread();
	free(d);
	return status;
}
