/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * commit.c - what changes rules and sets, one after the other
 *
 * A transaction that has ended, or a reload, waits for its turn, and is then taken through its
 * phases. What control does itself it does a slice at a time, so that clients, events, expiry
 * and the watchdog have their turns in between; rules are built by the builder, a thread of
 * its own. Commits go on when their client is gone: its BATCH_END has been taken.
 *
 *           begin     slices     builder     slices       slices, pointer      builder
 *   rules   WAITS ──▶ STEPS ───▶ BUILDS ───▶ PREPARES ──▶ ENTERS ──▶ answer ──▶ DISCARDS
 *   sets    WAITS ──▶ STEPS ───────────────▶ PREPARES ──▶ ENTERS ──▶ answer
 *   reload  WAITS ─────────────────────────────────────────────────▶ answer
 *
 * Many rules are discarded by the builder, also those of a batch that is refused on the way, or
 * never came to its end.
 *
 * An eventfd tells control to go on: it is readable as long as there is something to do here,
 * and the builder makes it readable when it has done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/builder.h"
#include "base/clock.h"
#include "control/control_priv.h"
#include "ctlink/batch.h"

#define NS_PER_MS 1000000u
#define NS_PER_S  1000000000u

/* A slice: what another client may have to wait, and longer than what going round costs. */
#define SLICE_NS 1000000u
/* Elements between two looks at the clock; some microseconds each. */
#define SLICE_PART 32

/* Rules of a change from which on it is worth the builder to free them: half a millisecond. */
#define DISCARD_LARGE 1000

enum commit_phase {
	COMMIT_WAITS,
	COMMIT_STEPS,
	COMMIT_BUILDS,
	COMMIT_PREPARES,
	COMMIT_ENTERS,
	COMMIT_DISCARDS,
	COMMIT_DONE,
};

struct control_commit {
	struct cds_list_head node;
	enum commit_phase phase;
	bool awaited;                /* by a client's job */
	bool discards;               /* from the beginning */
	struct control_batch *batch; /* NULL: a reload, or put away */
	uint16_t flags;              /* of BATCH_END */
	size_t at;                   /* the next of the steps on sets that were kept */
	/* for the answer */
	int result;
	struct ctlink_error error; /* of the whole */
	struct rules_error wrong;  /* item 0: no step was refused */
	struct nlmsghdr refused;   /* that step */
	struct control_kill *kill; /* flows that are still to end; or NULL */
};

struct control_commits {
	struct cds_list_head queue; /* the first one is at work */
	struct builder *builder;
	int wake;
};

/* ---- waking control -------------------------------------------------------------------- */

static void wake(struct control_commits *commits)
{
	(void)!eventfd_write(commits->wake, 1);
}

static void wake_clear(struct control_commits *commits)
{
	eventfd_t n;

	(void)!eventfd_read(commits->wake, &n);
}

/* ---- the end ---------------------------------------------------------------------------- */

/* Refused as a whole, or by way of one of its steps. */
static int refuse(struct control_commit *k, const struct rules_error *e)
{
	if (e->item == 0 || e->item > k->batch->steps_length) {
		k->error = e->error;
		return e->error.code;
	}
	k->wrong = *e;
	k->refused = k->batch->steps[e->item - 1];
	return ctlink_error_set(&k->error, -ECANCELED, 0,
	                        "the batch was refused: nothing has changed");
}

static void commit_free(struct control_commit *k)
{
	control_kill_destroy(k->kill);
	free(k);
}

static bool is_answered(const struct control_commit *k)
{
	return k->phase >= COMMIT_DISCARDS;
}

static void commit_end(struct control *c, struct control_commit *k)
{
	k->phase = COMMIT_DONE;
	cds_list_del(&k->node);
	control_batch_destroy(c, k->batch);
	k->batch = NULL;
	if (!k->awaited)
		commit_free(k);
}

/* A builder's work. */
static void discard(void *commit)
{
	struct control_commit *k = commit;

	rules_change_destroy(k->batch->change);
	k->batch->change = NULL;
}

static bool is_large(const struct control_batch *batch)
{
	return batch && batch->change &&
	       rules_change_length(batch->change) >= DISCARD_LARGE;
}

static void discard_begin(struct control *c, struct control_commit *k)
{
	if (!is_large(k->batch)) {
		commit_end(c, k);
		return;
	}
	k->phase = COMMIT_DISCARDS;
	rules_change_sets_destroy(k->batch->change);
	k->batch->sets = NULL;
	builder_start(c->commits->builder, discard, k);
}

/* It has come into force, or never will: whoever waits for it is answered. */
static void commit_answer(struct control *c, struct control_commit *k, int result)
{
	if (result < 0 && !k->error.text[0])
		ctlink_error_set(&k->error, result, 0, "%s", strerror(-result));
	k->result = result;
	discard_begin(c, k);
	control_clients_wake(c);
}

/* ---- sets: by slices ----------------------------------------------------------------------- */

/* The flows of an address can be ended, those of a port or an interface are not meant. */
static int check_kill(struct control_commit *k)
{
	if (!(k->flags & CTQ_BATCH_KILL))
		return 0;
	if (k->batch->change || sets_change_brings_others(k->batch->sets))
		return ctlink_error_set(&k->error, -EINVAL, 0,
		                        "only what is added to sets of addresses can end "
		                        "flows");
	return 0;
}

/* Each of these does a part: 1: there is more; 0: the phase is over; or a negative errno. */

static int steps_part(struct control_commit *k)
{
	const struct control_batch *batch = k->batch;
	struct rules_error e = { .item = 0 };
	const struct nlmsghdr *nlh;
	unsigned int n;

	for (n = 0; n < SLICE_PART && k->at < batch->kept_size; n++) {
		nlh = (const struct nlmsghdr *)(const void *)(batch->kept + k->at +
		                                              sizeof(uint32_t));
		if (control_sets_step(batch->sets, nlh, &e.error) < 0) {
			memcpy(&e.item, batch->kept + k->at, sizeof(e.item));
			return refuse(k, &e);
		}
		k->at += sizeof(uint32_t) + NLMSG_ALIGN(nlh->nlmsg_len);
	}
	return k->at < batch->kept_size;
}

static int no_memory_is_left(struct control_commit *k, int r)
{
	if (r < 0)
		ctlink_error_set(&k->error, r, 0, "no memory for the sets");
	return r;
}

static int prepare_part(struct control_commit *k)
{
	return no_memory_is_left(k, sets_change_prepare(k->batch->sets, SLICE_PART));
}

static int enter_part(struct control_commit *k)
{
	return no_memory_is_left(k, sets_change_commit(k->batch->sets, SLICE_PART));
}

static int slice(struct control_commit *k, int (*part)(struct control_commit *k))
{
	uint64_t end_ns = clock_monotonic_ns() + SLICE_NS;
	int r;

	do
		r = part(k);
	while (r == 1 && clock_monotonic_ns() < end_ns);
	return r;
}

/* ---- phases --------------------------------------------------------------------------------- */

/* Another client's batch, or a reload, would be undone. */
static int begin_rules(struct control *c, struct control_commit *k)
{
	struct control_batch *batch = k->batch;
	int err = control_generation_check(c, batch->generation, &k->error);

	if (err < 0)
		return err;
	batch->sets = rules_change_sets(batch->change, c->now_ns / NS_PER_MS);
	return batch->sets ? check_kill(k) : -ENOMEM;
}

static int begin_sets(struct control *c, struct control_commit *k)
{
	k->batch->sets = sets_change_new(rules_sets(c->env.rules), c->now_ns / NS_PER_MS);
	return k->batch->sets ? 0 : -ENOMEM;
}

/* The first line is what is wrong; the hint are those behind it, the place in its file, as far
 * as whole lines fit. */
static void error_of_lines(struct ctlink_error *error, const char *text)
{
	static const char more[] = "\n  ...";
	const char *end = strchrnul(text, '\n');
	size_t size = sizeof(error->hint);
	char *last;

	snprintf(error->text, sizeof(error->text), "%.*s", (int)(end - text), text);
	if ((size_t)snprintf(error->hint, size, "%s", *end ? end + 1 : "") < size)
		return;
	last = memrchr(error->hint, '\n', size - sizeof(more));
	snprintf(last ? last : error->hint, sizeof(more), "%s", last ? more : "");
}

static int reload(struct control *c, struct control_commit *k)
{
	char text[2 * CTLINK_ERROR_TEXT_MAX] = "";
	int err = c->env.reload(c->env.ctx, text, sizeof(text));

	error_of_lines(&k->error, text);
	if (err == 0)
		control_ruleset_announce(c);
	return err;
}

/* A builder's work. */
static void build(void *commit)
{
	struct control_commit *k = commit;

	k->result = rules_change_build(k->batch->change, &k->wrong);
}

static int build_begin(struct control *c, struct control_commit *k)
{
	k->phase = COMMIT_BUILDS;
	builder_start(c->commits->builder, build, k);
	return 1;
}

static int build_end(struct control_commit *k)
{
	struct rules_error e = k->wrong;

	k->wrong.item = 0;
	return k->result < 0 ? refuse(k, &e) : 0;
}

/* What is checked only ends here, with 0. */
static int prepare_begin(struct control_commit *k)
{
	if (k->flags & CTQ_BATCH_CHECK)
		return 0;
	k->phase = COMMIT_PREPARES;
	return 1;
}

static int enter_end(struct control *c, struct control_commit *k)
{
	struct control_batch *batch = k->batch;

	if (batch->change) {
		rules_change_commit(batch->change, clock_realtime_ns() / NS_PER_S,
		                    clock_monotonic_ns() - batch->started_ns);
		control_ruleset_announce(c);
	}
	if (!(k->flags & CTQ_BATCH_KILL))
		return 0;
	k->kill = control_kill_new(&batch->sets);
	return k->kill ? 0
	               : ctlink_error_set(&k->error, -ENOMEM, 0,
	                                  "the sets have changed, but there is no "
	                                  "memory to end the flows");
}

/* Go on. 1: there is more to do; 0 or a negative errno: done. */
static int commit_step(struct control *c, struct control_commit *k)
{
	int r;

	switch (k->phase) {
	case COMMIT_WAITS:
		if (!k->batch)
			return reload(c, k);
		if (k->discards)
			return 0;
		r = k->batch->change ? begin_rules(c, k) : begin_sets(c, k);
		k->phase = COMMIT_STEPS;
		return r < 0 ? r : 1;
	case COMMIT_STEPS:
		r = slice(k, steps_part);
		if (r == 0)
			r = check_kill(k);
		if (r == 0)
			r = k->batch->change ? build_begin(c, k) : prepare_begin(k);
		return r;
	case COMMIT_BUILDS: r = build_end(k); return r < 0 ? r : prepare_begin(k);
	case COMMIT_PREPARES:
		r = slice(k, prepare_part);
		if (r == 0)
			k->phase = COMMIT_ENTERS;
		return r < 0 ? r : 1;
	case COMMIT_ENTERS: r = slice(k, enter_part); return r == 0 ? enter_end(c, k) : r;
	case COMMIT_DISCARDS:
	case COMMIT_DONE: break;
	}
	return 0;
}

/* Is it with the builder? */
static bool is_built(const struct control_commit *k)
{
	return k->phase == COMMIT_BUILDS || k->phase == COMMIT_DISCARDS;
}

/* The builder has done; false: not yet. First the eventfd, or its end in between would be
 * missed. */
static bool builder_has_done(struct control_commits *commits)
{
	wake_clear(commits);
	if (!builder_is_idle(commits->builder))
		return false;
	wake(commits);
	return true;
}

void control_commits_step(struct control *c)
{
	struct control_commits *commits = c->commits;
	struct control_commit *k;
	int r;

	if (cds_list_empty(&commits->queue)) {
		wake_clear(commits);
		return;
	}
	k = cds_list_first_entry(&commits->queue, struct control_commit, node);
	if (is_built(k) && !builder_has_done(commits))
		return;
	if (k->phase == COMMIT_DISCARDS) {
		commit_end(c, k);
		return;
	}
	r = commit_step(c, k);
	if (r != 1)
		commit_answer(c, k, r);
}

/* ---- a client that waits ---------------------------------------------------------------------- */

struct commit_job {
	struct control_job job;
	struct control_commit *commit;
};

static struct control_commit *commit_of(const struct control_job *job)
{
	return ((const struct commit_job *)job)->commit; /* job stands first */
}

/* The answer to the step that brought what is wrong goes before the one to BATCH_END. */
static int job_step(struct control_client *client, struct control_job *job,
                    struct ctlink_message *m)
{
	struct control_commit *k = commit_of(job);

	if (k->kill)
		return control_kill_step(client, k->kill, &job->request, m);
	job->error = &k->error;
	if (k->wrong.item && ctlink_answer_build(m, &k->refused, &k->wrong.error) < 0)
		return -ENOMEM;
	return k->result;
}

static bool job_is_ready(const struct control_job *job)
{
	return is_answered(commit_of(job));
}

static void job_destroy(struct control_job *job)
{
	struct control_commit *k = commit_of(job);

	k->awaited = false;
	if (k->phase == COMMIT_DONE)
		commit_free(k);
	free(base_container_of(job, struct commit_job, job));
}

/* ---- beginning -------------------------------------------------------------------------------- */

static void enqueue(struct control_commits *commits, struct control_commit *k)
{
	cds_list_add_tail(&k->node, &commits->queue);
	wake(commits);
}

int control_commit_start(struct control_request *r, struct control_batch *batch,
                         uint16_t flags)
{
	struct control_commit *k = calloc(1, sizeof(*k));
	struct commit_job *job = calloc(1, sizeof(*job));

	if (!k || !job) {
		free(k);
		free(job);
		control_batch_destroy(r->client->control, batch);
		return ctlink_error_set(r->error, -ENOMEM, 0, "no memory");
	}
	k->batch = batch;
	k->flags = flags;
	k->awaited = true;
	job->commit = k;
	job->job.step = job_step;
	job->job.is_ready = job_is_ready;
	job->job.destroy = job_destroy;
	enqueue(r->client->control->commits, k);
	return control_job_start(r, &job->job, false);
}

int control_reload(struct control *c)
{
	struct control_commit *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	enqueue(c->commits, k);
	return 0;
}

void control_batch_discard(struct control *c, struct control_batch *batch)
{
	struct control_commit *k = is_large(batch) ? calloc(1, sizeof(*k)) : NULL;

	if (!k) {
		control_batch_destroy(c, batch);
		return;
	}
	k->batch = batch;
	k->discards = true;
	enqueue(c->commits, k);
}

bool control_is_committing(const struct control *c)
{
	return !cds_list_empty(&c->commits->queue);
}

/* ---- all of them ------------------------------------------------------------------------------ */

static int wake_open(struct control *c)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c->commits };

	c->commits->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->commits->wake < 0)
		return -errno;
	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->commits->wake, &event) < 0)
		return -errno;
	return 0;
}

int control_commits_open(struct control *c)
{
	struct control_commits *commits = calloc(1, sizeof(*commits));
	int err;

	if (!commits)
		return -ENOMEM;
	c->commits = commits;
	CDS_INIT_LIST_HEAD(&commits->queue);
	err = wake_open(c);
	if (err == 0)
		commits->builder = builder_new("ctqd-builder", commits->wake, &err);
	return err;
}

/* No client is left. What has not come into force never will. */
void control_commits_close(struct control *c)
{
	struct control_commits *commits = c->commits;
	struct control_commit *k, *next;

	if (!commits)
		return;
	cds_list_for_each_entry_safe (k, next, &commits->queue, node)
		if (k->phase == COMMIT_BUILDS)
			rules_change_cancel(k->batch->change);
	builder_destroy(commits->builder);
	cds_list_for_each_entry_safe (k, next, &commits->queue, node)
		commit_end(c, k);
	if (commits->wake >= 0)
		close(commits->wake);
	free(commits);
	c->commits = NULL;
}
