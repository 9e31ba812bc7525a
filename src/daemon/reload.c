/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reload.c - configuration and rules again, while packets pass
 *
 * All or nothing: what can fail is done aside before anything changes. Rules, timeouts (of
 * zones too, and how they shrink), the tracker's settings, the log level and which drops are
 * logged change; keys that need a restart are named. A configuration that names no rules leaves those in force alone: a client may have loaded
 * them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon_priv.h"
#include "daemon/policy.h"

/* Into the log, and as much as fits to whoever asked. */
struct listener {
	char *text;
	size_t size, used;
};

static void listener_report(void *ctx, const char *text)
{
	struct listener *listener = ctx;

	setup_report_log(NULL, text);
	if (listener->used < listener->size)
		listener->used += (size_t)snprintf(
			listener->text + listener->used, listener->size - listener->used,
			"%s%s", listener->used ? "\n" : "", text);
}

static void needs_restart(void *unused, const char *key)
{
	log_warning("%s: changed in the configuration; takes effect at the next start",
	            key);
}

/* What cannot fail. Keys that need a restart keep the values that are in force. */
static void adopt(struct daemon *d, const struct config *wanted)
{
	config_diff(d->config, wanted, needs_restart, NULL);
	d->config->track = wanted->track;
	memcpy(d->config->zones, wanted->zones, sizeof(wanted->zones));
	d->config->zones_length = wanted->zones_length;
	d->config->table.adaptive = wanted->table.adaptive;
	flow_adaptive_set(d->flows, wanted->table.adaptive.start,
	                  wanted->table.adaptive.end);
	d->config->daemon.log = wanted->daemon.log;
	strcpy(d->config->labels, wanted->labels);
	strcpy(d->config->rules, wanted->rules);
	d->config->daemon.log_drops = wanted->daemon.log_drops;
	d->config->daemon.log_drops_rate = wanted->daemon.log_drops_rate;
	log_level_set((enum log_level)wanted->daemon.log);
}

/* 0, or -ENOMEM: as they were. */
static int settings_change(struct daemon *d, const struct config *wanted,
                           const struct path_zone *zones)
{
	int r = drop_log_configure(d, wanted);

	if (r < 0)
		return r;
	r = path_track_config_set(d->path, &wanted->track, zones, wanted->zones_length);
	if (r < 0 && drop_log_configure(d, d->config) < 0)
		log_warning("reload: log-drops has changed all the same");
	return r;
}

static int reload_all(struct daemon *d, struct config *wanted, struct listener *listener)
{
	struct policy policy = { .change = NULL };
	struct rules_labels *labels = NULL;
	bool named;
	struct path_zone *zones = NULL;
	int r = options_config_read(d->options, wanted, listener_report, listener);

	if (r == 0)
		r = setup_labels(wanted, d->rules, &labels, listener_report, listener);
	named = r == 0;
	if (r == 0 && wanted->rules[0])
		r = policy_prepare(&policy, d->rules, wanted->rules, listener_report,
		                   listener);
	if (r == 0)
		r = setup_zones(wanted, &zones);
	if (r == 0)
		r = settings_change(d, wanted, zones);
	if (r == 0) {
		if (policy.change)
			policy_commit(&policy);
		adopt(d, wanted);
	}
	if (r == 0)
		rules_labels_put(labels);
	else if (named)
		rules_labels_restore(d->rules, labels);
	free(zones);
	policy_discard(&policy);
	return r;
}

int reload_run(void *daemon, char *text, size_t size)
{
	struct daemon *d = daemon;
	struct listener listener = { .text = text, .size = size };
	struct config *wanted = malloc(sizeof(*wanted));
	int r = -ENOMEM;

	if (size)
		text[0] = '\0';
	notify_reloading(&d->notify, clock_monotonic_ns());
	if (wanted)
		r = reload_all(d, wanted, &listener);
	free(wanted);
	health_reloaded(d, r < 0);
	if (r == 0)
		log_notice("reloaded %s", d->options->config);
	else
		log_error("reload failed: %s; everything stays as it was", strerror(-r));
	notify_send(&d->notify, "READY=1");
	if (r < 0 && size && text[0] == '\0')
		snprintf(text, size, "%s", strerror(-r));
	return r;
}
