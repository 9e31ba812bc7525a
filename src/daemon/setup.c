/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setup.c - configuration, privileges, rules, flows, path, ctlink
 *
 * struct config belongs to the folder config and knows none of the others: here its values
 * become theirs.
 */
#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rcu.h"
#include "config.h"
#include "daemon/account.h"
#include "config/labels.h"
#include "daemon/daemon_priv.h"
#include "daemon/policy.h"
#include "daemon/reserved.h"
#include "daemon/privilege.h"
#include "daemon/rule_log.h"

/* ---- configuration ---------------------------------------------------------------- */

void setup_report_log(void *unused, const char *text)
{
	const char *end;

	for (; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		log_error("%.*s", (int)(end - text), text);
	}
}

static const char *label_name(void *ctx, unsigned int number)
{
	const struct config_labels *labels = ctx;
	const char *name = labels->name[number];

	return name[0] ? name : NULL;
}

int setup_labels(const struct config *cfg, struct rules *rules,
                 struct rules_labels **before, config_report *report, void *ctx)
{
	struct config_labels *labels = calloc(1, sizeof(*labels));
	int r = labels ? 0 : -ENOMEM;

	if (r == 0 && cfg->labels[0])
		r = config_labels_load(labels, cfg->labels, &config_reader_files, report,
		                       ctx);
	if (r == 0)
		r = rules_label_names(rules, label_name, labels, before);
	free(labels);
	return r;
}

int setup_config_start(struct daemon *d)
{
	int r;

	d->config = malloc(sizeof(*d->config));
	if (!d->config)
		return -ENOMEM;
	r = options_config_read(d->options, d->config, setup_report_log, NULL);
	if (r < 0)
		return r;
	log_level_set((enum log_level)d->config->daemon.log);
	return 0;
}

void setup_config_stop(struct daemon *d)
{
	free(d->config);
	d->config = NULL;
}

/* ---- systemd ------------------------------------------------------------------------ */

int setup_notify_start(struct daemon *d)
{
	int r = notify_open(&d->notify, d->env->notify_socket);

	if (r < 0)
		log_warning("NOTIFY_SOCKET '%s': %s: nobody is told how we are",
		            d->env->notify_socket, strerror(-r));
	return 0;
}

void setup_notify_stop(struct daemon *d)
{
	notify_close(&d->notify);
}

/* ---- privileges ---------------------------------------------------------------------- */

static void folder_give(const char *folder, const char *user)
{
	const struct passwd *pw = getpwnam(user);

	if (pw && chown(folder, pw->pw_uid, pw->pw_gid) != 0)
		log_warning("%s: cannot be given to %s: %s", folder, user,
		            strerror(errno));
}

/* The folder of the socket: made if nobody has; the user's if it is ours to give away. */
static void make_socket_folder(const struct daemon *d)
{
	const char *user = d->config->daemon.user, *folder;
	char path[CONFIG_SOCKET_MAX];
	bool ours;

	strcpy(path, d->config->daemon.socket);
	folder = dirname(path);
	ours = mkdir(folder, 0755) == 0 ||
	       (d->env->runtime_directory &&
	        strcmp(folder, d->env->runtime_directory) == 0);
	if (ours && user[0])
		folder_give(folder, user);
}

/* What root alone can open, then no root any more. No thread runs yet. */
int setup_privileges_start(struct daemon *d)
{
	char error[HEALTH_TEXT_MAX];
	int r;

	r = queue_kernel_stats_open(&d->kernel);
	if (r < 0)
		log_warning("the kernel's counters of lost packets cannot be read: %s",
		            strerror(-r));
	make_socket_folder(d);
	if (d->env->keep_privileges)
		return 0;
	r = privilege_drop(d->config->daemon.user, error, sizeof(error));
	if (r < 0)
		log_error("%s", error);
	return r;
}

void setup_privileges_stop(struct daemon *d)
{
	queue_kernel_stats_close(d->kernel);
	d->kernel = NULL;
}

/* ---- rules ----------------------------------------------------------------------------- */

int setup_rules_start(struct daemon *d)
{
	struct rules_labels *labels; /* none were before */
	struct policy policy;
	int r;

	d->rules = rules_new(d->config->rules_backend, d->config->workers, NULL, &r);
	if (!d->rules) {
		log_error("rules: %s", strerror(-r));
		return r;
	}
	r = setup_labels(d->config, d->rules, &labels, setup_report_log, NULL);
	if (r < 0)
		return r;
	if (d->config->table.per_source)
		rules_count_connections(d->rules);
	if (d->config->rules[0] == '\0')
		return 0;
	r = policy_prepare(&policy, d->rules, d->config->rules, setup_report_log, NULL);
	if (r == 0)
		policy_commit(&policy);
	policy_discard(&policy);
	return r;
}

void setup_rules_stop(struct daemon *d)
{
	rules_destroy(d->rules);
	d->rules = NULL;
}

/* ---- flows -------------------------------------------------------------------------------- */

static void open_left(void *rules, uint32_t open)
{
	rules_open_put(rules, open);
}

int setup_flows_start(struct daemon *d)
{
	const struct config *cfg = d->config;
	struct flow_table_config table;
	struct siphash_key key;
	int r;

	flow_table_config_init(&table);
	table.max = cfg->table.max;
	table.workers = cfg->workers;
	table.unconfirmed_s = cfg->table.unconfirmed_s;
	table.events = cfg->table.events;
	table.cookie_bits = (uint8_t)__builtin_popcount(cfg->mark.cookie_mask);
	table.per_source = cfg->table.per_source;
	table.expects = cfg->helpers.expectations;
	table.evict_closing = cfg->table.evict == CONFIG_EVICT_CLOSING;
	table.reserve = cfg->table.reserve;
	table.is_reserved = reserved_holds;
	table.is_reserved_ctx = &d->config->table.reserved;
	table.offload_ended = offload_flow_ended;
	table.offload_ended_ctx = d;
	table.open_left = open_left;
	table.open_left_ctx = d->rules;
	r = siphash_key_random(&key);
	if (r == 0)
		d->flows = flow_table_new(&table, &key, &r);
	if (r < 0) {
		log_error("table of %u flows: %s", table.max, strerror(-r));
		return r;
	}
	flow_adaptive_set(d->flows, cfg->table.adaptive.start, cfg->table.adaptive.end);
	flow_clock_set(d->flows, clock_monotonic_ns(), clock_realtime_ns());
	return 0;
}

/* The workers have stopped; the flows end with the daemon. */
void setup_flows_stop(struct daemon *d)
{
	if (!d->flows)
		return;
	flow_table_flush(flow_worker(d->flows, d->config->workers), FLOW_END_STOP,
	                 clock_monotonic_ns());
	rcu_offline();
	flow_table_destroy(d->flows);
	rcu_online();
	d->flows = NULL;
}

/* ---- interfaces -------------------------------------------------------------------- */

/* Without names rules cannot tell interfaces apart: no packet may be judged so. */
int setup_ifnames_start(struct daemon *d)
{
	int r = ifname_table_open(&d->ifnames);

	if (r < 0)
		log_error("names of interfaces: %s", strerror(-r));
	return r;
}

void setup_ifnames_stop(struct daemon *d)
{
	ifname_table_close(d->ifnames);
	d->ifnames = NULL;
}

/* path_config.ifname */
static const char *path_ifname(void *ifnames, uint32_t index)
{
	return ifname_find(ifnames, index);
}

const char *setup_ifname(void *daemon, uint32_t index)
{
	const struct daemon *d = daemon;

	return ifname_find(d->ifnames, index);
}

/* ---- path ----------------------------------------------------------------------------------- */

static bool has_entry_queue(const struct config *cfg)
{
	unsigned int i;

	for (i = 0; i < cfg->queues_length; i++)
		if (config_hook_is_entry(cfg->queues[i].hook))
			return true;
	return false;
}

int setup_zones(const struct config *cfg, struct path_zone **zones)
{
	unsigned int i;

	*zones = calloc(cfg->zones_length + 1u, sizeof(**zones));
	if (!*zones)
		return -ENOMEM;
	for (i = 0; i < cfg->zones_length; i++) {
		(*zones)[i].zone = (uint16_t)cfg->zones[i].zone;
		config_zone_track(cfg, i, &(*zones)[i].track);
	}
	return 0;
}

/* Time zones and clocks change while we run. */
void setup_local_time(struct daemon *d, uint64_t now_ns)
{
	time_t now = (time_t)(clock_realtime_ns() / 1000000000u);
	struct tm local;

	if (!localtime_r(&now, &local))
		return; /* the year does not fit: what was known stays */
	path_local_time_set(d->path,
	                    (uint64_t)(now + local.tm_gmtoff) - now_ns / 1000000000u);
}

static void help_ports(struct path_config *path, const char *name,
                       const struct config_ports *ports, bool loose)
{
	uint32_t i;

	for (i = 0; i < ports->length; i++)
		path->helped[path->helped_length++] = (struct path_helped){
			.helper = helper_named(name),
			.port = ports->port[i],
			.loose = loose,
		};
}

int setup_path_start(struct daemon *d)
{
	static const enum path_on_change on_change[] = {
		[CONFIG_REEVALUATE] = PATH_REEVALUATE,
		[CONFIG_KEEP] = PATH_KEEP,
		[CONFIG_KILL] = PATH_KILL,
	};
	const struct config *cfg = d->config;
	struct path_zone *zones;
	struct path_config path;

	path_config_init(&path);
	path.track = cfg->track;
	path.zones_length = cfg->zones_length;
	path.zone_mask = cfg->mark.zone_mask;
	path.fragments = cfg->table.fragments;
	path.cookie_mask = cfg->mark.cookie_mask;
	path.seen_mask = cfg->mark.seen.mask;
	path.seen_value = cfg->mark.seen.value;
	path.reject_mask = cfg->mark.reject.mask;
	path.reject_value = cfg->mark.reject.value;
	path.offload_mask = cfg->mark.offload.mask;
	path.offload_value = cfg->mark.offload.value;
	path.confirm_at_entry = !config_has_confirm_queue(cfg);
	path.track_at_confirm = !has_entry_queue(cfg);
	path.on_change = on_change[cfg->on_policy_change];
	path.ask.timeout_s = cfg->ask.timeout_s;
	path.ask.accept = cfg->ask.without_answer == CONFIG_ASK_ACCEPT;
	path.ask.limit = cfg->ask.limit;
	path.ask.flow_limit = cfg->ask.flow_limit;
	help_ports(&path, "ftp", &cfg->helpers.ftp, cfg->helpers.ftp_loose);
	help_ports(&path, "sip", &cfg->helpers.sip, cfg->helpers.sip_loose);
	help_ports(&path, "tftp", &cfg->helpers.tftp, false);
	path.ifname = path_ifname;
	path.ifname_ctx = d->ifnames;
	if (setup_zones(cfg, &zones) == 0) {
		path.zones = zones;
		d->path = path_new(&path, d->flows, d->rules, cfg->workers);
		free(zones);
	}
	if (d->path) {
		setup_local_time(d, clock_monotonic_ns());
		return 0;
	}
	log_error("packet path: %s", strerror(ENOMEM));
	return -ENOMEM;
}

void setup_path_stop(struct daemon *d)
{
	if (d->path)
		path_destroy(d->path);
	d->path = NULL;
}

/* ---- ctlink ----------------------------------------------------------------------------------- */

static int control_configure(const struct config *cfg, struct control_config *control)
{
	int r;

	control_config_init(control);
	control->socket_path = cfg->daemon.socket;
	control->clients_max = cfg->daemon.clients;
	control->buffer_max = cfg->daemon.client_buffer;
	control->lists_max = cfg->daemon.lists;
	r = account_group_find("daemon.group", cfg->daemon.group, &control->read_group,
	                       setup_report_log, NULL);
	if (r == 0)
		r = account_group_find("daemon.admin-group", cfg->daemon.admin_group,
		                       &control->change_group, setup_report_log, NULL);
	return r;
}

/* control_env.config_text */
static char *control_config_text(void *daemon, bool defaults)
{
	const struct daemon *d = daemon;
	struct config *cfg = NULL;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (defaults) {
		cfg = malloc(sizeof(*cfg));
		if (cfg)
			config_init(cfg);
	}
	if (cfg || !defaults)
		config_print(defaults ? cfg : d->config, out);
	free(cfg);
	if (fclose(out) == 0 && text[0])
		return text;
	free(text);
	return NULL;
}

int setup_control_start(struct daemon *d)
{
	struct control_env env = {
		.flows = d->flows,
		.rules = d->rules,
		.path = d->path,
		.workers = d->config->workers,
		.version = PACKAGE_VERSION,
		.config_path = d->options->config,
		.started_ns = d->started_ns,
		.started_monotonic_ns = d->started_monotonic_ns,
		.ctx = d,
		.queue_info = intake_queue_info,
		.reload = reload_run,
		.wake = intake_wake,
		.dropped = drop_log_packet,
		.warning = health_warning,
		.ifname = setup_ifname,
		.config_text = control_config_text,
		.module_open = modules_open,
		.module_close = modules_close,
	};
	struct control_config cfg;
	int r = control_configure(d->config, &cfg);

	if (r < 0)
		return r;
	d->control = control_new(&cfg, &env, &r);
	if (d->control)
		return drop_log_configure(d, d->config);
	log_error("%s: cannot listen: %s%s", cfg.socket_path, strerror(-r),
	          r == -EADDRINUSE ? " (another ctqd answers there, or it is no socket)"
	                           : "");
	return r;
}

/* What workers have left: they are gone. */
static void last_words(struct daemon *d)
{
	control_tick(d->control, clock_monotonic_ns());
	rule_log_drain(d->rules, d->config->workers);
	d->drop_log.lost_due_ns = 0;
	drop_log_step(d, clock_monotonic_ns());
}

void setup_control_stop(struct daemon *d)
{
	if (!d->control)
		return;
	last_words(d);
	control_destroy(d->control);
	d->control = NULL;
}
