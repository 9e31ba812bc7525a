/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * offload.c - flows that the kernel carries alone: offload/offload.h and the daemon
 *
 * The listener stands from before the first packet to after the last one; workers find it by
 * one atomic load when an offloaded flow of theirs ends. It listens before rules that offload
 * come into force: the kernel tells the end of those entries only that it has made since.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "daemon/daemon_priv.h"
#include "offload/offload.h"

void offload_flow_ended(void *daemon, const struct flow *f)
{
	struct daemon *d = daemon;
	struct offload *o = atomic_load_explicit(&d->offload, memory_order_acquire);

	if (o)
		offload_release(o, f);
}

static void listen_before(void *daemon)
{
	struct daemon *d = daemon;
	int r = offload_listen(atomic_load_explicit(&d->offload, memory_order_relaxed));

	if (r < 0)
		log_warning("offload: the kernel's tracker: %s: offloaded connections "
		            "are not "
		            "counted, and end here when they seem idle",
		            strerror(-r));
}

int offload_start(struct daemon *d)
{
	const struct config_mark *mark = &d->config->mark.offload;
	struct offload_config cfg = {
		.flows = d->flows,
		.worker = flow_worker(d->flows, d->config->workers),
		.registry = path_registry(d->path),
		.mark_value = mark->value,
		.mark_mask = mark->mask,
	};
	struct offload *o;
	int r;

	if (!mark->mask)
		return 0;
	r = offload_new(&cfg, &o);
	if (r < 0) {
		log_error("offload: netlink: %s", strerror(-r));
		return r;
	}
	atomic_store(&d->offload, o);
	rules_watch_offload(d->rules, listen_before, d);
	if (ruleset_offloads(rules_peek(d->rules)))
		listen_before(d);
	return 0;
}

/* The kernel goes on with what it carries. */
void offload_stop(struct daemon *d)
{
	rules_watch_offload(d->rules, NULL, NULL);
	offload_destroy(atomic_exchange(&d->offload, NULL));
}

/* Rules that change reach open flows, unless these keep their verdicts. */
static void follow_rules(struct daemon *d, struct offload *o)
{
	uint32_t generation = ruleset_generation(rules_peek(d->rules));

	if (generation == d->offload_generation)
		return;
	if (d->offload_generation && d->config->on_policy_change != CONFIG_KEEP)
		offload_recall(o, generation);
	d->offload_generation = generation;
}

void offload_on_timer(struct daemon *d, uint64_t now_ns)
{
	struct offload *o = atomic_load_explicit(&d->offload, memory_order_relaxed);

	if (!o)
		return;
	follow_rules(d, o);
	offload_tick(o, now_ns);
}
