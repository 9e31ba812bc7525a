/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proto.c - layer-4 protocols, and helpers of modules: listing, unloading, loading
 *
 * Unloading and loading wait: for grace periods, for flows to die, for whoever still looks at
 * one. Nobody is held up meanwhile. Each such change is a piece of work that control takes
 * up every millisecond; it goes on when its client is gone. The steps and their reasons stand
 * in track/registry.h.
 *
 *            grace period     grace period   4096 flows a step     nobody looks   module only
 *   load     ADDED ─────────▶ OPENED ──────▶ SWEEPING ────────────────────────────────▶ done
 *   unload                    CLOSED ──────▶ SWEEPING ───────────▶ EMPTYING ─▶ HEARD ─▶ done
 *            module only
 *
 * A helper (track/helper.h) is in force at once, and its flows stay:
 *
 *            grace period          what it expects, and its flows, 4096 a step
 *   unload   HELPER_CLOSED ──────▶ HELPER_FORGETTING ────────────────────────▶ done
 *
 * HEARD: events name a machine by its number, which must not be another's before they are read.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "control/control_priv.h"
#include "ctlink/proto.h"
#include "ctq/module.h"
#include "flow/expect.h"

/* Expectations that one step forgets: each is an event. */
#define HELPER_FORGET_MAX 64

enum work_phase {
	WORK_ADDED,
	WORK_OPENED,
	WORK_CLOSED,
	WORK_SWEEPING,
	WORK_EMPTYING,
	WORK_HEARD,
	WORK_HELPER_CLOSED,
	WORK_HELPER_FORGETTING,
	WORK_DONE,
};

struct control_work {
	enum work_phase phase;
	bool unloads;
	uint8_t number; /* of the machine; 0: of none */
	uint16_t helper_number;
	const struct helper *helper; /* which has no number any more */
	unsigned int waiters;        /* clients' jobs */
	int result;                  /* when done */
	struct rcu_grace grace;
	struct flow_kill_cursor cursor;
	uint32_t expects; /* how far they are looked at */
	uint64_t
		heard; /* the events before this one may be of its flows; 0: not known yet */
};

/* Machines by their numbers, and behind them helpers by theirs. */
#define WORKS_MAX (TRACK_MACHINES_MAX + HELPERS_MAX + 1)

struct control_works {
	struct control_work *by_number[WORKS_MAX]; /* NULL: none */
	unsigned int length;
};

static unsigned int place_of(const struct control_work *work)
{
	return work->helper ? TRACK_MACHINES_MAX + work->helper_number : work->number;
}

static struct track_registry *registry(const struct control *c)
{
	return path_registry(c->env.path);
}

static bool is_module(uint8_t number)
{
	return number >= TRACK_MACHINES_BUILTIN;
}

/* ---- the steps --------------------------------------------------------------------------- */

static void work_end(struct control_work *work, int result)
{
	work->phase = WORK_DONE;
	work->result = result;
}

static void wait_grace(struct control_work *work, enum work_phase phase)
{
	work->phase = phase;
	rcu_grace_begin(&work->grace);
}

/* Its memory may go: control has no name for it any more. */
static void forget_module(struct control *c, struct control_work *work, int result)
{
	const struct control_module module = {
		.proto = track_registry_machine(registry(c), work->number),
	};

	if (track_registry_remove(registry(c), work->number) < 0)
		return; /* no memory: again at the next step */
	c->env.module_close(c->env.ctx, &module);
	work_end(work, result);
}

static void step_added(struct control *c, struct control_work *work)
{
	int err = track_registry_open(registry(c), work->number);

	if (err < 0)
		forget_module(c, work, err);
	else
		wait_grace(work, WORK_OPENED);
}

/* Flows of the machine that goes; or generic ones whose protocol has a machine now. */
static void step_sweeping(struct control *c, struct control_work *work)
{
	const struct track_proto *proto =
		track_registry_machine(registry(c), work->number);
	uint8_t machine = work->unloads ? work->number : TRACK_MACHINE_GENERIC;
	int l4 = work->unloads ? -1 : proto->l4;

	if (flow_kill_machine(control_worker(c), &work->cursor, machine, l4, c->now_ns))
		return;
	if (work->unloads)
		work->phase = WORK_EMPTYING;
	else
		work_end(work, 0);
}

static void step_emptying(struct control *c, struct control_work *work)
{
	struct flow_machine_use use;

	flow_machine_use(c->env.flows, work->number, &use);
	if (use.references)
		return;
	if (is_module(work->number))
		work->phase = WORK_HEARD;
	else
		work_end(work, 0);
}

static void step_heard(struct control *c, struct control_work *work)
{
	if (!work->heard)
		work->heard = flow_event_order(c->env.flows);
	control_groups_events(c);
	if (!control_groups_are_behind(c, work->heard))
		forget_module(c, work, 0);
}

/* No thread is inside, and none has the helper: what is there now is all that there will be. */
static void step_helper_forgetting(struct control *c, struct control_work *work)
{
	const struct control_module module = { .helper = work->helper };

	if (expect_forget_helper(control_worker(c), work->helper, &work->expects,
	                         HELPER_FORGET_MAX, c->now_ns)) {
		control_groups_events(c); /* our own ring has an end */
		return;
	}
	if (flow_forget_helper(c->env.flows, &work->cursor, work->helper_number))
		return;
	helper_remove(work->helper_number);
	c->env.module_close(c->env.ctx, &module);
	work_end(work, 0);
}

static void work_step(struct control *c, struct control_work *work)
{
	if (!rcu_grace_is_over(&work->grace))
		return;
	switch (work->phase) {
	case WORK_ADDED: step_added(c, work); break;
	case WORK_OPENED:
	case WORK_CLOSED: work->phase = WORK_SWEEPING; break;
	case WORK_SWEEPING: step_sweeping(c, work); break;
	case WORK_EMPTYING: step_emptying(c, work); break;
	case WORK_HEARD: step_heard(c, work); break;
	case WORK_HELPER_CLOSED: work->phase = WORK_HELPER_FORGETTING; break;
	case WORK_HELPER_FORGETTING: step_helper_forgetting(c, work); break;
	case WORK_DONE: break;
	}
}

/* ---- all of them ------------------------------------------------------------------------- */

static void work_free_unless_awaited(struct control_work *work)
{
	if (!work->waiters)
		free(work);
}

bool control_works_step(struct control *c)
{
	struct control_works *works = c->works;
	struct control_work *work;
	unsigned int i;
	bool ended = false;

	for (i = 0; i < WORKS_MAX && works->length; i++) {
		work = works->by_number[i];
		if (!work)
			continue;
		work_step(c, work);
		rcu_quiet();
		if (work->phase != WORK_DONE)
			continue;
		ended = true;
		works->by_number[i] = NULL;
		works->length--;
		work_free_unless_awaited(work);
	}
	return ended;
}

bool control_works_are_under_way(const struct control *c)
{
	return c->works->length;
}

struct control_works *control_works_new(void)
{
	return calloc(1, sizeof(struct control_works));
}

/* Before: no client is left. What is half done stays so; the daemon ends. */
void control_works_destroy(struct control_works *works)
{
	unsigned int i;

	if (works && works->length) {
		rcu_offline();
		rcu_settle(); /* grace periods that are under way */
		rcu_online();
	}
	for (i = 0; works && i < WORKS_MAX; i++)
		free(works->by_number[i]);
	free(works);
}

/* ---- a client that waits ------------------------------------------------------------------- */

struct work_job {
	struct control_job job;
	struct control_work *work;
};

static struct control_work *work_of(const struct control_job *job)
{
	return ((const struct work_job *)job)->work; /* job stands first */
}

static int job_step(struct control_client *client, struct control_job *job,
                    struct ctlink_message *m)
{
	return work_of(job)->result;
}

static bool job_is_ready(const struct control_job *job)
{
	return work_of(job)->phase == WORK_DONE;
}

static void job_destroy(struct control_job *job)
{
	struct control_work *work = work_of(job);

	work->waiters--;
	if (work->phase == WORK_DONE)
		work_free_unless_awaited(work);
	free(base_container_of(job, struct work_job, job));
}

/* Work on @number, and the client's job that waits for it: both, or -ENOMEM. */
static int work_new(struct control_request *r, bool unloads, struct work_job **job)
{
	struct control_work *work = calloc(1, sizeof(*work));

	*job = calloc(1, sizeof(**job));
	if (!work || !*job) {
		free(work);
		free(*job);
		return ctlink_error_set(r->error, -ENOMEM, 0, "no memory");
	}
	work->unloads = unloads;
	work->waiters = 1;
	(*job)->work = work;
	(*job)->job.step = job_step;
	(*job)->job.is_ready = job_is_ready;
	(*job)->job.destroy = job_destroy;
	return 0;
}

static int work_start(struct control_request *r, struct work_job *job,
                      enum work_phase phase)
{
	struct control *c = r->client->control;

	c->works->by_number[place_of(job->work)] = job->work;
	c->works->length++;
	wait_grace(job->work, phase);
	control_timer_set(c, true);
	return control_job_start(r, &job->job, false);
}

static int work_cancel(struct control_request *r, struct work_job *job, int err)
{
	free(job->work);
	free(job);
	if (!r->error->text[0])
		ctlink_error_set(r->error, err, 0, "%s", strerror(-err));
	return err;
}

/* ---- requests -------------------------------------------------------------------------------- */

static int parse_name(struct control_request *r, char name[CTQ_NAME_MAX])
{
	struct ctlink_proto value = { .has = 0 };
	int err = ctlink_proto_parse(r->nlh, &value, NULL, r->error);

	if (err == 0 && !ctlink_has(&value, CTLINK_PROTO_NAME))
		err = ctlink_error_set(r->error, -EINVAL, 0, "no name: which protocol?");
	memcpy(name, value.name, CTQ_NAME_MAX);
	ctlink_proto_fini(&value, NULL);
	return err;
}

static uint32_t name_offset(const struct control_request *r)
{
	return CTLINK_OFFSET(r->nlh, CTQA_PROTO_NAME);
}

/* Number of the machine with that name, which nobody is at work on; -ENOENT: there is none. */
static int find_idle(struct control_request *r, const char *name)
{
	const struct control *c = r->client->control;
	int number = track_registry_find(registry(c), name);

	if (number >= 0 && c->works->by_number[number])
		return ctlink_error_set(
			r->error, -EBUSY, name_offset(r), "%s is being %s", name,
			c->works->by_number[number]->unloads ? "unloaded" : "loaded");
	return number;
}

static int unload_helper(struct control_request *r, const struct helper *helper)
{
	struct work_job *job;
	int err;

	if (!helper->module)
		return ctlink_error_set(
			r->error, -EOPNOTSUPP, name_offset(r),
			"the helper '%s' is built in: helpers { %s none; } of "
			"ctqd.conf leaves it without work",
			helper->name, helper->name);
	err = work_new(r, true, &job);
	if (err < 0)
		return err;
	job->work->helper = helper;
	job->work->helper_number = helper_number(helper);
	helper_close(job->work->helper_number);
	return work_start(r, job, WORK_HELPER_CLOSED);
}

int control_proto_unload(struct control_request *r)
{
	struct control *c = r->client->control;
	char name[CTQ_NAME_MAX];
	struct work_job *job;
	int number, err = parse_name(r, name);

	if (err < 0)
		return err;
	number = find_idle(r, name);
	if (number == -ENOENT && helper_named(name))
		return unload_helper(r, helper_named(name));
	if (number == -ENOENT)
		return ctlink_error_set(r->error, -ENOENT, name_offset(r),
		                        "no protocol '%s' is loaded", name);
	if (number == TRACK_MACHINE_GENERIC)
		return ctlink_error_set(r->error, -EOPNOTSUPP, name_offset(r),
		                        "the generic machine follows what no other does: "
		                        "it cannot be unloaded");
	if (number < 0)
		return number;
	if (!track_registry_is_open(registry(c), (uint8_t)number))
		return ctlink_error_set(r->error, -ENOENT, name_offset(r),
		                        "%s is unloaded already", name);
	err = work_new(r, true, &job);
	if (err < 0)
		return err;
	job->work->number = (uint8_t)number;
	err = track_registry_close(registry(c), (uint8_t)number);
	return err < 0 ? work_cancel(r, job, err) : work_start(r, job, WORK_CLOSED);
}

/* A machine that is built in, and was unloaded. */
static int load_builtin(struct control_request *r, struct work_job *job, uint8_t number)
{
	int err = track_registry_open(registry(r->client->control), number);

	job->work->number = number;
	return err < 0 ? work_cancel(r, job, err) : work_start(r, job, WORK_OPENED);
}

/* A helper is in force at once: nothing is to be waited for. */
static int module_put_in_force(struct control_request *r, struct work_job *job,
                               const struct control_module *module)
{
	struct control *c = r->client->control;
	int number = module->helper ? helper_add(module->helper)
	                            : track_registry_add(registry(c), module->proto);

	if (number < 0)
		return number;
	if (module->helper) {
		free(job->work);
		free(job);
		return 0;
	}
	job->work->number = (uint8_t)number;
	return work_start(r, job, WORK_ADDED);
}

static int load_module(struct control_request *r, struct work_job *job, const char *name)
{
	struct control *c = r->client->control;
	char text[CTLINK_ERROR_TEXT_MAX] = "";
	struct control_module module;
	int err;

	if (!c->env.module_open)
		err = -ENOENT;
	else
		err = c->env.module_open(c->env.ctx, name, &module, text, sizeof(text));
	if (err < 0) {
		ctlink_error_set(r->error, err, name_offset(r), "%s",
		                 *text ? text : "no protocol of that name");
		return work_cancel(r, job, err);
	}
	err = module_put_in_force(r, job, &module);
	if (err >= 0)
		return err;
	ctlink_error_set(r->error, err, name_offset(r), "module '%s': %s", name,
	                 err == -EEXIST ? "another has its name or its protocol"
	                                : strerror(-err));
	c->env.module_close(c->env.ctx, &module);
	return work_cancel(r, job, err);
}

int control_proto_load(struct control_request *r)
{
	struct control *c = r->client->control;
	char name[CTQ_NAME_MAX];
	struct work_job *job;
	int number, err = parse_name(r, name);

	if (err < 0)
		return err;
	number = find_idle(r, name);
	if (number < 0 && number != -ENOENT)
		return number;
	if (helper_named(name) ||
	    (number >= 0 && track_registry_is_open(registry(c), (uint8_t)number)))
		return ctlink_error_set(r->error, -EEXIST, name_offset(r),
		                        "%s is loaded already", name);
	err = work_new(r, false, &job);
	if (err < 0)
		return err;
	return number >= 0 ? load_builtin(r, job, (uint8_t)number)
	                   : load_module(r, job, name);
}

/* ---- listing ---------------------------------------------------------------------------------- */

static bool setting_is_of(const struct track_setting *s, const struct track_proto *proto)
{
	size_t n = strlen(proto->name);

	return s->unit == TRACK_UNIT_SECONDS && strncmp(s->name, proto->name, n) == 0 &&
	       s->name[n] == '_';
}

static int append_timeout(struct ctlink_proto *out, const char *name, uint32_t seconds)
{
	struct ctlink_timeout *timeout = ctlink_proto_append(out, NULL);

	if (!timeout)
		return -ENOMEM;
	strncpy(timeout->name, name, sizeof(timeout->name) - 1);
	timeout->value = seconds;
	ctlink_mark(timeout, CTLINK_TIMEOUT_NAME);
	ctlink_mark(timeout, CTLINK_TIMEOUT_VALUE);
	return 0;
}

static int proto_timeouts(const struct track_proto *proto, const struct track_config *cfg,
                          struct ctlink_proto *out)
{
	const struct track_setting *s;
	unsigned int i;
	int err = 0;

	for (i = 0; proto->handler && i < proto->handler->timeouts && err == 0; i++)
		err = append_timeout(out, proto->handler->timeout_table[i].name,
		                     proto->handler->timeout_table[i].seconds);
	for (s = track_settings; s->name && err == 0; s++)
		if (setting_is_of(s, proto))
			err = append_timeout(out, s->name, track_config_get(cfg, s));
	return err;
}

static enum ctq_proto_state state_of(const struct control *c, uint8_t number)
{
	const struct control_work *work = c->works->by_number[number];

	if (work)
		return work->unloads ? CTQ_PROTO_UNLOADING : CTQ_PROTO_LOADING;
	return track_registry_is_open(registry(c), number) ? CTQ_PROTO_LOADED
	                                                   : CTQ_PROTO_UNLOADED;
}

static void proto_value(const struct control *c, uint8_t number,
                        const struct track_proto *proto, struct ctlink_proto *out)
{
	struct flow_machine_use use;

	flow_machine_use(c->env.flows, number, &use);
	strncpy(out->name, proto->name, sizeof(out->name) - 1);
	out->number = proto->l4;
	out->flows = use.flows;
	out->references = use.references;
	out->state = (uint8_t)state_of(c, number);
	ctlink_mark(out, CTLINK_PROTO_NAME);
	ctlink_mark(out, CTLINK_PROTO_NUMBER);
	ctlink_mark(out, CTLINK_PROTO_FLOWS);
	ctlink_mark(out, CTLINK_PROTO_REFERENCES);
	ctlink_mark(out, CTLINK_PROTO_STATE);
	if (is_module(number))
		ctlink_mark(out, CTLINK_PROTO_MODULE);
}

/* A helper that is built in is configured, and not listed here. */
static int put_helpers(struct control_request *r, const struct ctlink_header *header)
{
	const struct helper *helper;
	uint16_t number;
	int err = 0;

	for (number = 1; number <= HELPERS_MAX && err == 0; number++) {
		struct ctlink_proto value = { .has = 0 };

		helper = helper_numbered(number);
		if (!helper || !helper->module)
			continue;
		strncpy(value.name, helper->name, sizeof(value.name) - 1);
		value.number = helper->l4;
		value.state = CTQ_PROTO_LOADED;
		ctlink_mark(&value, CTLINK_PROTO_NAME);
		ctlink_mark(&value, CTLINK_PROTO_NUMBER);
		ctlink_mark(&value, CTLINK_PROTO_STATE);
		ctlink_mark(&value, CTLINK_PROTO_MODULE);
		ctlink_mark(&value, CTLINK_PROTO_HELPER);
		err = ctlink_proto_build(r->m, header, &value);
	}
	return err;
}

/* The generic machine, which stands first, is listed last. All fit one datagram: 64 of them
 * with 64 timeouts each would not, but only TCP has more than ten. */
int control_proto_get(struct control_request *r)
{
	const struct control *c = r->client->control;
	struct ctlink_header header = control_answer_header(
		r->nlh, CTLINK_TYPE(CTQ_SUBSYS_PROTO, CTQ_MSG_PROTO_NEW), NLM_F_MULTI, 0);
	const struct track_proto *proto;
	struct track_config cfg;
	int err = 0, i;

	path_track_config_get(c->env.path, &cfg);
	for (i = 1; i <= TRACK_MACHINES_MAX && err == 0; i++) {
		struct ctlink_proto value = { .has = 0 };
		uint8_t number = (uint8_t)(i % TRACK_MACHINES_MAX);

		proto = track_registry_machine(registry(c), number);
		if (!proto)
			continue;
		proto_value(c, number, proto, &value);
		err = proto_timeouts(proto, &cfg, &value);
		if (err == 0)
			err = ctlink_proto_build(r->m, &header, &value);
		ctlink_proto_fini(&value, NULL);
	}
	if (err == 0)
		err = put_helpers(r, &header);
	return err < 0 ? err : ctlink_done_build(r->m, r->nlh, false, 0);
}
