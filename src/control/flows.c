/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flows.c - ctnetlink's messages about many flows
 *
 * All that must look at the table (dumps, counting, deleting by filter) is a job that goes
 * through it with a cursor; see flow_one.c for requests that name one flow.
 */
#include <stdlib.h>
#include <string.h>

#include "control/control_priv.h"
#include "ctlink/daemon.h"
#include "ctlink/stats.h"

/* Flows looked at in one step of a job that sends nothing: some milliseconds. */
#define WALK_STEP_FLOWS 8192

/* Flows deleted before their events are sent: less than the shortest ring that is sensible. */
#define DELETE_EVENTS 512

/* The first reason of the class INVALID (ctq/reasons.def). */
#define REASONS_INVALID 128

uint32_t control_now_s(const struct control *c)
{
	return (uint32_t)(c->now_ns / 1000000000u);
}

/* The reference by which we look at a flow is none of its holders'. */
void control_forget_own(struct flow_info *info, enum flow_holder holder)
{
	info->refs--;
	if (info->held[holder])
		info->held[holder]--;
}

struct flow_worker *control_worker(const struct control *c)
{
	return flow_worker(c->env.flows, c->env.workers);
}

/* ---- jobs over the table ------------------------------------------------------------------- */

enum walk_what { WALK_CONFIRMED, WALK_UNCONFIRMED, WALK_DYING };

struct walk_job {
	struct control_job job;
	struct ctlink_filter filter;
	struct flow_cursor cursor;
	enum walk_what what;
	/** What is done with a flow that the filter takes; -EMSGSIZE: the datagram is full. */
	int (*take)(struct control_client *client, struct walk_job *w, struct flow *f,
	            const struct flow_info *info, struct ctlink_message *m);
	struct flow *batch[FLOW_WALK_BATCH]; /* with references of FLOW_HOLDER_DUMP */
	unsigned int length, next;
	struct flow_table *table;
	uint32_t taken;
};

static void walk_destroy(struct control_job *job)
{
	struct walk_job *w = base_container_of(job, struct walk_job, job);

	for (; w->next < w->length; w->next++)
		flow_put(w->table, w->batch[w->next], FLOW_HOLDER_DUMP);
	ctlink_filter_fini(&w->filter, NULL);
	free(w);
}

/* Fill the batch; false: the end. */
static bool walk_fill(struct walk_job *w)
{
	unsigned int i;

	w->next = 0;
	if (w->what == WALK_UNCONFIRMED)
		w->length = flow_walk_unconfirmed(w->table, &w->cursor, w->batch,
		                                  FLOW_WALK_BATCH);
	else if (w->what == WALK_DYING)
		w->length =
			flow_walk_dying(w->table, &w->cursor, w->batch, FLOW_WALK_BATCH);
	else
		w->length = flow_walk(w->table, &w->cursor, w->batch, FLOW_WALK_BATCH);
	for (i = 0; i < w->length && w->what == WALK_CONFIRMED; i++)
		flow_get(w->batch[i], FLOW_HOLDER_DUMP);
	return w->length > 0;
}

static int walk_one(struct control_client *client, struct walk_job *w, struct flow *f,
                    struct ctlink_message *m)
{
	struct flow_info info;
	int err;

	if (w->what == WALK_CONFIRMED && flow_is_dying(f))
		return 0;
	flow_info_read(w->table, f, control_now_s(client->control), &info);
	control_forget_own(&info, FLOW_HOLDER_DUMP);
	if (!control_filter_holds(client->control, &w->filter, &info))
		return 0;
	err = w->take(client, w, f, &info, m);
	if (err == 0)
		w->taken++;
	return err;
}

/*
 * How often the table has changed. Workers count on meanwhile: two equal numbers say that
 * nothing came or went between them, but for what a worker is just about to count. So a list
 * tells the numbers of its begin and of its end. It is not marked by NLM_F_DUMP_INTR when they
 * differ, which is what every list of a busy router would be: libmnl then fails with EINTR, and
 * conntrack(8) with it, though the list has all that its cursor promises.
 */
static uint64_t table_generation(const struct flow_table *table)
{
	static const enum flow_counter changes[] = {
		FLOW_COUNTER_CONFIRMED, FLOW_COUNTER_EVICTED, FLOW_COUNTER_EXPIRED,
		FLOW_COUNTER_CLOSED,    FLOW_COUNTER_DELETED, FLOW_COUNTER_UNLOADED,
		FLOW_COUNTER_DROPPED,
	};
	uint64_t sum = 1; /* 0 would be none */
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(changes); i++)
		sum += flow_counter_read(table, changes[i]);
	return sum;
}

/* Nothing is left to look at. */
static int walk_end(struct walk_job *w)
{
	if (w->what == WALK_CONFIRMED)
		w->job.generation_end = table_generation(w->table);
	return 0;
}

static int walk_step(struct control_client *client, struct control_job *job,
                     struct ctlink_message *m)
{
	struct walk_job *w = base_container_of(job, struct walk_job, job);
	unsigned int looked;
	int err;

	for (looked = 0; looked < WALK_STEP_FLOWS; looked++) {
		if (w->next == w->length && !walk_fill(w))
			return walk_end(w);
		err = walk_one(client, w, w->batch[w->next], m);
		if (err == -EMSGSIZE && m->count)
			return 1; /* the datagram is full: this flow begins the next one */
		if (err < 0)
			return err;
		flow_put(w->table, w->batch[w->next++], FLOW_HOLDER_DUMP);
	}
	return 1;
}

static struct walk_job *walk_new(struct control_request *r)
{
	struct walk_job *w = calloc(1, sizeof(*w));

	if (!w) {
		ctlink_error_set(r->error, -ENOMEM, 0, "no memory");
		return NULL;
	}
	w->table = r->client->control->env.flows;
	w->job.step = walk_step;
	w->job.destroy = walk_destroy;
	ctlink_filter_init(&w->filter);
	return w;
}

static int walk_start(struct control_request *r, struct walk_job *w, bool is_dump)
{
	int err = ctlink_filter_parse(r->nlh, &w->filter, NULL, r->error);

	if (err == 0)
		err = control_list_room(r);
	if (err < 0) {
		walk_destroy(&w->job);
		return err;
	}
	if (w->what == WALK_CONFIRMED)
		w->job.generation = table_generation(w->table);
	return control_job_start(r, &w->job, is_dump);
}

/* ---- dumps --------------------------------------------------------------------------------- */

int control_put_flow(const struct control *c, struct ctlink_message *m,
                     const struct nlmsghdr *request, uint16_t flags,
                     const struct flow_info *info)
{
	struct ctlink_header header = control_answer_header(
		request, CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW), flags, 0);
	struct ctlink_flow value;

	control_flow_value(c, info, &value);
	return ctlink_flow_build(m, &header, &value);
}

static int take_put(struct control_client *client, struct walk_job *w, struct flow *f,
                    const struct flow_info *info, struct ctlink_message *m)
{
	return control_put_flow(client->control, m, &w->job.request, NLM_F_MULTI, info);
}

static void take_from(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter,
	                      atomic_load_explicit(counter, memory_order_relaxed) - n,
	                      memory_order_relaxed);
}

/* What was shown is taken from the counters, so that what was counted meanwhile stays. */
void control_flow_zero(const struct control *c, struct flow *f,
                       const struct flow_info *shown)
{
	struct flow_worker *me = control_worker(c);
	int dir;

	flow_enter(me, f);
	for (dir = 0; dir < 2; dir++) {
		take_from(&f->side[dir].packets, shown->packets[dir]);
		take_from(&f->side[dir].bytes, shown->bytes[dir]);
	}
	flow_leave(me, f);
}

static int take_put_and_zero(struct control_client *client, struct walk_job *w,
                             struct flow *f, const struct flow_info *info,
                             struct ctlink_message *m)
{
	int err = take_put(client, w, f, info, m);

	if (err == 0)
		control_flow_zero(client->control, f, info);
	return err;
}

static int dump(struct control_request *r, enum walk_what what)
{
	struct walk_job *w = walk_new(r);

	if (!w)
		return -ENOMEM;
	w->what = what;
	w->take = take_put;
	if ((r->nlh->nlmsg_type & 0xff) == IPCTNL_MSG_CT_GET_CTRZERO)
		w->take = take_put_and_zero;
	return walk_start(r, w, true);
}

int control_flow_dump(struct control_request *r)
{
	return dump(r, WALK_CONFIRMED);
}

int control_flow_dying(struct control_request *r)
{
	return dump(r, WALK_DYING);
}

int control_flow_unconfirmed(struct control_request *r)
{
	return dump(r, WALK_UNCONFIRMED);
}

/* ---- counting and deleting many ------------------------------------------------------------- */

static int take_nothing(struct control_client *client, struct walk_job *w, struct flow *f,
                        const struct flow_info *info, struct ctlink_message *m)
{
	return 0;
}

static int put_count(struct walk_job *w, struct ctlink_message *m)
{
	struct ctlink_count count = { .flows = w->taken };
	struct flow_table_size size;
	struct ctlink_header header;

	flow_table_size(w->table, &size);
	count.total = size.confirmed;
	ctlink_mark(&count, CTLINK_COUNT_FLOWS);
	ctlink_mark(&count, CTLINK_COUNT_TOTAL);
	header = control_answer_header(
		&w->job.request, CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_COUNT), 0,
		0);
	return ctlink_count_build(m, &header, &count);
}

static int count_step(struct control_client *client, struct control_job *job,
                      struct ctlink_message *m)
{
	struct walk_job *w = base_container_of(job, struct walk_job, job);
	int more = walk_step(client, job, m);

	return more ? more : put_count(w, m);
}

int control_flow_count(struct control_request *r)
{
	struct walk_job *w = walk_new(r);

	if (!w)
		return -ENOMEM;
	w->take = take_nothing;
	w->job.step = count_step;
	return walk_start(r, w, false);
}

static int take_kill(struct control_client *client, struct walk_job *w, struct flow *f,
                     const struct flow_info *info, struct ctlink_message *m)
{
	struct control *c = client->control;

	flow_kill(control_worker(c), f, FLOW_END_DELETED, c->now_ns);
	/* Our own ring has an end, and nobody else empties it. */
	if (w->taken % DELETE_EVENTS == 0)
		control_groups_events(c);
	return 0;
}

/* Our own filter gets a number; a kernel's request gets the kernel's answer. */
static int delete_step(struct control_client *client, struct control_job *job,
                       struct ctlink_message *m)
{
	struct walk_job *w = base_container_of(job, struct walk_job, job);
	int more = walk_step(client, job, m);

	return more || !w->filter.terms.length ? more : put_count(w, m);
}

int control_flow_delete_many(struct control_request *r)
{
	struct walk_job *w = walk_new(r);

	if (!w)
		return -ENOMEM;
	w->take = take_kill;
	w->job.step = delete_step;
	return walk_start(r, w, false);
}

/* ---- statistics, as the kernel has them -------------------------------------------------------- */

int control_flow_stats(struct control_request *r)
{
	struct ctlink_header header = control_answer_header(
		r->nlh, CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET_STATS), 0,
		0);
	struct ctlink_global_stats stats = { .has = 0 };
	struct flow_table_size size;

	flow_table_size(r->client->control->env.flows, &size);
	stats.entries = size.confirmed;
	stats.max_entries = size.max;
	ctlink_mark(&stats, CTLINK_GLOBAL_ENTRIES);
	ctlink_mark(&stats, CTLINK_GLOBAL_MAX_ENTRIES);
	return ctlink_global_stats_build(r->m, &header, &stats);
}

static uint32_t of_worker(const struct control *c, uint16_t worker,
                          enum flow_counter counter)
{
	return (uint32_t)flow_counter_read_worker(c->env.flows, worker, counter);
}

/* Packets that one worker found INVALID; with @icmp_only those of ICMP's own reasons. */
static uint32_t invalid_of_worker(const struct control *c, uint16_t worker,
                                  bool icmp_only)
{
	static const uint8_t of_icmp[] = { CTQ_INVALID_ICMP_TYPE, CTQ_INVALID_ICMP_QUOTE,
		                           CTQ_INVALID_ICMP_REDIRECT,
		                           CTQ_INVALID_ICMP_NO_FLOW };
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; icmp_only && i < BASE_ARRAY_LENGTH(of_icmp); i++)
		sum += path_reason_read_worker(c->env.path, worker, of_icmp[i]);
	for (i = REASONS_INVALID; !icmp_only && i < CTQ_REASON_LIMIT; i++)
		sum += path_reason_read_worker(c->env.path, worker, i);
	return (uint32_t)sum;
}

/*
 * FOUND the kernel counts only when NAT looks for a free tuple; SEARCH_RESTART and
 * CHAIN_TOOLONG are about buckets, which a trie does not have.
 */
static int put_cpu_stats(struct control_request *r, uint16_t worker)
{
	const struct control *c = r->client->control;
	bool is_control = worker == c->env.workers; /* which judges no packets */
	struct ctlink_header header = control_answer_header(
		r->nlh, CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET_STATS_CPU),
		NLM_F_MULTI, 0);
	struct ctlink_cpu_stats stats = {
		.cpu = worker,
		.invalid = is_control ? 0 : invalid_of_worker(c, worker, false),
		.error = is_control ? 0 : invalid_of_worker(c, worker, true),
		.insert = of_worker(c, worker, FLOW_COUNTER_CONFIRMED),
		.insert_failed = of_worker(c, worker, FLOW_COUNTER_INSERT_FAILED),
		.drop = of_worker(c, worker, FLOW_COUNTER_TABLE_FULL),
		.early_drop = of_worker(c, worker, FLOW_COUNTER_EVICTED),
		.clash_resolve = of_worker(c, worker, FLOW_COUNTER_CLASH),
	};
	unsigned int bit;

	for (bit = CTLINK_CPU_FOUND; bit <= CTLINK_CPU_CHAIN_TOOLONG; bit++)
		ctlink_mark(&stats, bit);
	return ctlink_cpu_stats_build(r->m, &header, &stats);
}

/* Of each worker, and last of control: what tools make and delete. */
int control_flow_cpu_stats(struct control_request *r)
{
	uint16_t worker;
	int err;

	for (worker = 0; worker <= r->client->control->env.workers; worker++) {
		err = put_cpu_stats(r, worker);
		if (err < 0)
			return err;
	}
	return ctlink_done_build(r->m, r->nlh, false, 0);
}
