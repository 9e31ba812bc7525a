/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state.c - queues, and the daemon's own numbers
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/control_priv.h"
#include "ctlink/daemon.h"
#include "ctlink/queue.h"

/* ---- queues ----------------------------------------------------------------------------------- */

static void queue_value_kernel(const struct queue_info *info, struct ctlink_queue *out)
{
	out->portid = info->portid;
	out->depth = info->depth;
	out->kernel_dropped = info->kernel_dropped;
	out->user_dropped = info->user_dropped;
	ctlink_mark(out, CTLINK_QUEUE_PORTID);
	ctlink_mark(out, CTLINK_QUEUE_DEPTH);
	ctlink_mark(out, CTLINK_QUEUE_KERNEL_DROPPED);
	ctlink_mark(out, CTLINK_QUEUE_USER_DROPPED);
}

static void queue_value_stats(const struct queue_stats *stats, struct ctlink_queue *out)
{
	out->packets = stats->packets;
	out->bytes = stats->bytes;
	out->accepted = stats->accepted;
	out->dropped = stats->dropped;
	out->overruns = stats->overruns;
	out->errors = stats->errors;
	out->batches = stats->batches;
	ctlink_mark(out, CTLINK_QUEUE_PACKETS);
	ctlink_mark(out, CTLINK_QUEUE_BYTES);
	ctlink_mark(out, CTLINK_QUEUE_ACCEPTED);
	ctlink_mark(out, CTLINK_QUEUE_DROPPED);
	ctlink_mark(out, CTLINK_QUEUE_OVERRUNS);
	ctlink_mark(out, CTLINK_QUEUE_ERRORS);
	ctlink_mark(out, CTLINK_QUEUE_BATCHES);
}

static void queue_value(const struct queue_info *info, struct ctlink_queue *out)
{
	memset(out, 0, sizeof(*out));
	out->number = info->number;
	out->hook = info->hook;
	out->worker = info->worker;
	out->maxlen = info->maxlen;
	out->range = info->copy_range;
	out->rcvbuf = info->receive_buffer;
	out->flags = (info->fail_open ? CTQ_QUEUE_FAIL_OPEN : 0) |
	             (info->gso ? CTQ_QUEUE_GSO : 0);
	out->oldest = info->oldest_ns;
	out->held = info->held;
	ctlink_mark(out, CTLINK_QUEUE_NUMBER);
	ctlink_mark(out, CTLINK_QUEUE_HOOK);
	ctlink_mark(out, CTLINK_QUEUE_WORKER);
	ctlink_mark(out, CTLINK_QUEUE_MAXLEN);
	ctlink_mark(out, CTLINK_QUEUE_RANGE);
	ctlink_mark(out, CTLINK_QUEUE_RCVBUF);
	ctlink_mark(out, CTLINK_QUEUE_FLAGS);
	ctlink_mark(out, CTLINK_QUEUE_OLDEST);
	ctlink_mark(out, CTLINK_QUEUE_HELD);
	if (info->cpu >= 0) {
		out->cpu = (uint16_t)info->cpu;
		ctlink_mark(out, CTLINK_QUEUE_CPU);
	}
	queue_value_stats(&info->stats, out);
	if (info->has_kernel)
		queue_value_kernel(info, out);
}

/* All queues fit one datagram: 256 of them are 64 KiB. */
int control_queue_get(struct control_request *r)
{
	const struct control_env *env = &r->client->control->env;
	struct ctlink_header header = control_answer_header(
		r->nlh, CTLINK_TYPE(CTQ_SUBSYS_QUEUES, CTQ_MSG_QUEUE_NEW), NLM_F_MULTI,
		0);
	struct ctlink_queue value;
	struct queue_info info;
	unsigned int i;
	int err;

	for (i = 0; env->queue_info(env->ctx, i, &info); i++) {
		queue_value(&info, &value);
		err = ctlink_queue_build(r->m, &header, &value);
		if (err < 0)
			return err;
	}
	return ctlink_done_build(r->m, r->nlh, false, 0);
}

/* ---- the daemon ------------------------------------------------------------------------------------ */

static void daemon_table(const struct control *c, struct ctlink_daemon *out)
{
	struct flow_table_size size;

	flow_table_size(c->env.flows, &size);
	out->flows = size.confirmed;
	out->flows_max = size.max;
	out->unconfirmed = size.unconfirmed;
	out->dying = size.dying;
	out->assured = size.assured;
	out->table_memory = size.table_bytes;
	out->slab_memory = size.slab_bytes;
	ctlink_mark(out, CTLINK_DAEMON_FLOWS);
	ctlink_mark(out, CTLINK_DAEMON_FLOWS_MAX);
	ctlink_mark(out, CTLINK_DAEMON_UNCONFIRMED);
	ctlink_mark(out, CTLINK_DAEMON_DYING);
	ctlink_mark(out, CTLINK_DAEMON_ASSURED);
	ctlink_mark(out, CTLINK_DAEMON_TABLE_MEMORY);
	ctlink_mark(out, CTLINK_DAEMON_SLAB_MEMORY);
}

static void daemon_self(const struct control *c, struct ctlink_daemon *out)
{
	struct ruleset_info rules;

	ruleset_info_read(rules_peek(c->env.rules), &rules);
	strncpy(out->version, c->env.version, sizeof(out->version) - 1);
	out->protocol = CTQ_PROTOCOL_VERSION;
	out->pid = (uint32_t)getpid();
	out->started = c->env.started_ns / 1000000000u;
	out->uptime = (uint32_t)((c->now_ns - c->env.started_monotonic_ns) / 1000000000u);
	out->workers = c->env.workers;
	out->generation = rules.generation;
	out->rules = rules.rules;
	out->clients = c->clients_length;
	ctlink_mark(out, CTLINK_DAEMON_VERSION);
	ctlink_mark(out, CTLINK_DAEMON_PROTOCOL);
	ctlink_mark(out, CTLINK_DAEMON_PID);
	ctlink_mark(out, CTLINK_DAEMON_STARTED);
	ctlink_mark(out, CTLINK_DAEMON_UPTIME);
	ctlink_mark(out, CTLINK_DAEMON_WORKERS);
	ctlink_mark(out, CTLINK_DAEMON_GENERATION);
	ctlink_mark(out, CTLINK_DAEMON_RULES);
	ctlink_mark(out, CTLINK_DAEMON_CLIENTS);
}

static uint64_t features(const struct control *c)
{
	uint64_t bits = CTQ_FEATURE_SEQUENCE | CTQ_FEATURE_ASK;

	if (c->env.config_text)
		bits |= CTQ_FEATURE_CONFIG;
#ifdef DEBUG_REFS
	bits |= CTQ_FEATURE_DEBUG_REFS;
#endif
	return bits;
}

static void daemon_limits(const struct control *c, struct ctlink_daemon *out)
{
	out->features = features(c);
	out->clients_max = c->cfg.clients_max;
	out->buffer_max = c->cfg.buffer_max;
	out->lists = c->jobs_length;
	out->lists_max = c->cfg.lists_max;
	out->batches = c->batches_length;
	ctlink_mark(out, CTLINK_DAEMON_FEATURES);
	ctlink_mark(out, CTLINK_DAEMON_CLIENTS_MAX);
	ctlink_mark(out, CTLINK_DAEMON_BUFFER_MAX);
	ctlink_mark(out, CTLINK_DAEMON_LISTS);
	ctlink_mark(out, CTLINK_DAEMON_LISTS_MAX);
	ctlink_mark(out, CTLINK_DAEMON_BATCHES);
}

static int daemon_texts(const struct control *c, struct ctlink_daemon *out)
{
	struct ctlink_warning *warning;
	const char *text;
	unsigned int i;

	if (c->env.config_path) {
		if (ctlink_string_set(&out->config, c->env.config_path,
		                      strlen(c->env.config_path), NULL) < 0)
			return -ENOMEM;
		ctlink_mark(out, CTLINK_DAEMON_CONFIG);
	}
	for (i = 0; c->env.warning && (text = c->env.warning(c->env.ctx, i)) != NULL;
	     i++) {
		warning = ctlink_daemon_append(out, NULL);
		if (!warning)
			return i ? 0 : -ENOMEM; /* more than anybody reads */
		strncpy(warning->text, text, sizeof(warning->text) - 1);
		warning->has = 1;
	}
	return 0;
}

int control_daemon_get(struct control_request *r)
{
	struct ctlink_header header = control_answer_header(
		r->nlh, CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_NEW), 0, 0);
	struct ctlink_daemon value = { .has = 0 };
	int err;

	daemon_self(r->client->control, &value);
	daemon_table(r->client->control, &value);
	daemon_limits(r->client->control, &value);
	err = daemon_texts(r->client->control, &value);
	if (err == 0)
		err = ctlink_daemon_build(r->m, &header, &value);
	ctlink_daemon_fini(&value, NULL);
	return err;
}

/* ---- counters ----------------------------------------------------------------------------------------- */

static const char *const counter_names[CONTROL_COUNTERS] = {
	[CONTROL_COUNTER_CLIENTS] = "control.clients",
	[CONTROL_COUNTER_REFUSED] = "control.refused",
	[CONTROL_COUNTER_FULL] = "control.full",
	[CONTROL_COUNTER_REQUESTS] = "control.requests",
	[CONTROL_COUNTER_ERRORS] = "control.errors",
	[CONTROL_COUNTER_OVERRUNS] = "control.overruns",
	[CONTROL_COUNTER_LISTS] = "control.lists",
	[CONTROL_COUNTER_LISTS_FULL] = "control.lists-full",
	[CONTROL_COUNTER_BATCHES] = "control.batches",
	[CONTROL_COUNTER_BATCHES_FULL] = "control.batches-full",
	[CONTROL_COUNTER_TOO_LONG] = "control.too-long",
	[CONTROL_COUNTER_SLOW] = "control.slow",
};

static const struct {
	const char *name;
	uint64_t (*read)(const struct rules *rules);
} rules_counters[CONTROL_RULES_COUNTERS] = {
	{ "limit.evicted", rules_limit_evicted },
	{ "log.lost", rules_log_lost },
	{ "sets.lost", rules_updates_lost },
};

static const struct {
	uint16_t number;
	const char *name;
} reason_names[] = {
#define CTQ_REASON(number, symbol, name, class, text) { number, name },
#include "ctq/reasons.def"
#undef CTQ_REASON
};

static int add_counter(struct ctlink_stats *out, const char *name, uint64_t value)
{
	struct ctlink_counter *counter = ctlink_stats_append_counter(out, NULL);

	if (!counter)
		return -ENOMEM;
	strncpy(counter->name, name, sizeof(counter->name) - 1);
	counter->value = value;
	ctlink_mark(counter, CTLINK_COUNTER_NAME);
	ctlink_mark(counter, CTLINK_COUNTER_VALUE);
	return 0;
}

/* What a counter has grown by since it was zeroed; zeroes it if asked to. Workers write their
 * counters alone, so zero is a number that we remember. */
static uint64_t since(uint64_t now, uint64_t *then, bool zero)
{
	uint64_t value = now - *then;

	if (zero)
		*then = now;
	return value;
}

static int stats_counters(struct control *c, struct ctlink_stats *out, bool zero)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < FLOW_COUNTERS && err == 0; i++)
		err = add_counter(out, flow_counter_name(i),
		                  since(flow_counter_read(c->env.flows, i),
		                        &c->zero_flow[i], zero));
	for (i = 0; i < CONTROL_COUNTERS && err == 0; i++)
		err = add_counter(out, counter_names[i],
		                  since(c->counters[i], &c->zero_control[i], zero));
	for (i = 0; i < CONTROL_RULES_COUNTERS && err == 0; i++)
		err = add_counter(out, rules_counters[i].name,
		                  since(rules_counters[i].read(c->env.rules),
		                        &c->zero_rules[i], zero));
	return err;
}

static int stats_reasons(struct control *c, struct ctlink_stats *out, bool zero)
{
	struct ctlink_reason *reason;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(reason_names); i++) {
		reason = ctlink_stats_append_reason(out, NULL);
		if (!reason)
			return -ENOMEM;
		reason->number = reason_names[i].number;
		strncpy(reason->name, reason_names[i].name, sizeof(reason->name) - 1);
		reason->value = since(path_reason_read(c->env.path, reason->number),
		                      &c->zero_reasons[reason->number], zero);
		ctlink_mark(reason, CTLINK_REASON_NUMBER);
		ctlink_mark(reason, CTLINK_REASON_NAME);
		ctlink_mark(reason, CTLINK_REASON_VALUE);
	}
	return 0;
}

static int stats_value(struct control *c, struct ctlink_stats *out, bool zero)
{
	uint64_t packets, bytes;
	int err;

	path_totals_read(c->env.path, &packets, &bytes);
	out->packets = since(packets, &c->zero_packets, zero);
	out->bytes = since(bytes, &c->zero_bytes, zero);
	out->interval = c->now_ns - c->zeroed_ns;
	if (zero)
		c->zeroed_ns = c->now_ns;
	ctlink_mark(out, CTLINK_STATS_PACKETS);
	ctlink_mark(out, CTLINK_STATS_BYTES);
	ctlink_mark(out, CTLINK_STATS_INTERVAL);
	err = stats_counters(c, out, zero);
	return err < 0 ? err : stats_reasons(c, out, zero);
}

static int stats_wants_zero(struct control_request *r, bool *zero)
{
	struct ctlink_stats request = { .has = 0 };
	int err = ctlink_stats_parse(r->nlh, &request, NULL, r->error);

	*zero = ctlink_has(&request, CTLINK_STATS_ZERO);
	ctlink_stats_fini(&request, NULL);
	if (err == 0 && *zero && !r->client->may_change)
		return control_refuse_change(r);
	return err;
}

int control_daemon_stats(struct control_request *r)
{
	struct ctlink_header header = control_answer_header(
		r->nlh, CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_STATS_NEW), 0, 0);
	struct ctlink_stats value = { .has = 0 };
	bool zero = false;
	int err = stats_wants_zero(r, &zero);

	if (err < 0)
		return err;
	err = stats_value(r->client->control, &value, zero);
	if (err == 0)
		err = ctlink_stats_build(r->m, &header, &value);
	ctlink_stats_fini(&value, NULL);
	return err;
}

/* ---- groups and reload ------------------------------------------------------------------------------------ */

int control_daemon_subscribe(struct control_request *r)
{
	struct ctlink_groups groups = { .has = 0 };
	int err = ctlink_groups_parse(r->nlh, &groups, r->error);

	if (err == 0)
		err = control_ask_subscribe(r, (uint32_t)groups.has);
	if (err == 0)
		err = control_watch_subscribe(r, (uint32_t)groups.has);
	if (err < 0)
		return err;
	control_sets_flush(r->client->control);
	control_groups_settle(r->client->control);
	r->client->groups = (uint32_t)groups.has;
	control_groups_update(r->client->control);
	return 0;
}

int control_daemon_socket(struct control_request *r)
{
	struct ctlink_socket wish;
	int err = ctlink_socket_parse(r->nlh, &wish, r->error);

	if (err < 0)
		return err;
	r->client->datagram_max = ctlink_has(&wish, CTLINK_SOCKET_DATAGRAM)
	                                  ? wish.datagram
	                                  : CTQ_DATAGRAM_MAX;
	r->client->wants_single = ctlink_has(&wish, CTLINK_SOCKET_SINGLE);
	r->client->port = wish.port;
	return 0;
}

int control_daemon_reload(struct control_request *r)
{
	if (!r->client->control->env.reload)
		return ctlink_error_set(r->error, -EOPNOTSUPP, 0,
		                        "this daemon cannot reload");
	return control_commit_start(r, NULL, 0);
}
