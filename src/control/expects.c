/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * expects.c - ctnetlink's messages about expectations
 *
 * As ctnetlink_get_expect(), _new_expect() and _del_expect() of the kernel have it: one is
 * named by CTA_EXPECT_TUPLE, with CTA_EXPECT_ID beside it when it must be that very one (here
 * also by CTA_EXPECT_ID alone), those of a helper by CTA_EXPECT_HELP_NAME. A tool may make one
 * for a connection that has a helper, and change the timeout of one that is there.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "control/control_priv.h"
#include "ctlink/expect.h"
#include "ctlink/stats.h"
#include "flow/expect.h"

/* Expectations looked at before the loop goes round. */
#define EXPECT_BATCH 64

#define EXP_TYPE(message) CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_##message)

/* ---- values --------------------------------------------------------------------------- */

/* As the kernel writes a mask: what always counts has all bits. */
static void set_mask(struct ctlink_expect *out, const struct expect_info *info)
{
	struct ctlink_tuple *mask = &out->mask;

	mask->l3 = info->tuple.l3;
	mask->l4 = info->tuple.l4;
	memcpy(mask->src, info->mask.src, sizeof(mask->src));
	memset(mask->dst, 0xff, tuple_address_size(info->tuple.l3));
	mask->src_id = info->mask.src_id;
	mask->dst_id = UINT16_MAX;
	ctlink_mark(out, CTLINK_EXPECT_MASK);
}

void control_expect_value(const struct expect_info *info, struct ctlink_expect *out)
{
	memset(out, 0, sizeof(*out));
	out->family = info->tuple.l3;
	memcpy(&out->tuple, &info->tuple, sizeof(out->tuple));
	memcpy(&out->master, &info->master, sizeof(out->master));
	set_mask(out, info);
	out->timeout = info->timeout_s;
	out->id = info->id;
	out->flags = info->flags;
	out->class = info->class;
	out->zone = info->tuple.zone;
	ctlink_mark(out, CTLINK_EXPECT_TUPLE);
	ctlink_mark(out, CTLINK_EXPECT_MASTER);
	ctlink_mark(out, CTLINK_EXPECT_TIMEOUT);
	ctlink_mark(out, CTLINK_EXPECT_ID);
	ctlink_mark(out, CTLINK_EXPECT_FLAGS);
	ctlink_mark(out, CTLINK_EXPECT_CLASS);
	if (out->zone)
		ctlink_mark(out, CTLINK_EXPECT_ZONE);
	if (info->helper[0]) {
		strcpy(out->helper, info->helper);
		ctlink_mark(out, CTLINK_EXPECT_HELPER);
	}
}

static int put(struct ctlink_message *m, const struct nlmsghdr *request, uint16_t flags,
               const struct expect_info *info)
{
	struct ctlink_header header =
		control_answer_header(request, EXP_TYPE(NEW), flags, info->tuple.l3);
	struct ctlink_expect value;

	control_expect_value(info, &value);
	return ctlink_expect_build(m, &header, &value);
}

/* ---- which one ------------------------------------------------------------------------- */

static void tuple_of(const struct ctlink_expect *value, const struct ctlink_tuple *from,
                     struct tuple *to)
{
	memcpy(to, from, sizeof(*to));
	if (ctlink_has(value, CTLINK_EXPECT_ZONE))
		to->zone = value->zone;
}

static bool names_one(const struct ctlink_expect *value)
{
	return ctlink_has(value, CTLINK_EXPECT_TUPLE) ||
	       ctlink_has(value, CTLINK_EXPECT_ID);
}

static bool find_named(const struct control *c, const struct ctlink_expect *value,
                       struct expect_info *info)
{
	struct tuple tuple;

	if (!ctlink_has(value, CTLINK_EXPECT_TUPLE))
		return expect_find(c->env.flows, NULL, value->id, info, c->now_ns);
	tuple_of(value, &value->tuple, &tuple);
	return expect_find(c->env.flows, &tuple, 0, info, c->now_ns) &&
	       (!ctlink_has(value, CTLINK_EXPECT_ID) || info->id == value->id);
}

/* Where a request says which expectation it means. */
static uint32_t name_offset(const struct control_request *r,
                            const struct ctlink_expect *value)
{
	return ctlink_has(value, CTLINK_EXPECT_TUPLE)
	               ? CTLINK_OFFSET(r->nlh, CTA_EXPECT_TUPLE)
	               : CTLINK_OFFSET(r->nlh, CTA_EXPECT_ID);
}

static int no_such(struct control_request *r, const struct ctlink_expect *value)
{
	return ctlink_error_set(r->error, -ENOENT, name_offset(r, value),
	                        "no such expectation");
}

/* ---- listing ------------------------------------------------------------------------------ */

struct expect_job {
	struct control_job job;
	struct ctlink_expect filter; /* master, helper, zone: those that are there */
	uint32_t cursor;
	struct expect_info batch[EXPECT_BATCH];
	unsigned int length, next;
};

static bool is_wanted(const struct ctlink_expect *filter, const struct expect_info *info)
{
	struct tuple master;

	if (filter->family && filter->family != info->tuple.l3)
		return false;
	if (ctlink_has(filter, CTLINK_EXPECT_ZONE) && filter->zone != info->tuple.zone)
		return false;
	if (ctlink_has(filter, CTLINK_EXPECT_HELPER) &&
	    strcmp(filter->helper, info->helper) != 0)
		return false;
	if (!ctlink_has(filter, CTLINK_EXPECT_MASTER))
		return true;
	tuple_of(filter, &filter->master, &master);
	return tuple_equal(&master, &info->master);
}

static int dump_step(struct control_client *client, struct control_job *job,
                     struct ctlink_message *m)
{
	struct expect_job *j = base_container_of(job, struct expect_job, job);
	const struct control *c = client->control;
	int err;

	if (j->next == j->length) {
		j->next = 0;
		j->length = expect_walk(c->env.flows, &j->cursor, j->batch, EXPECT_BATCH,
		                        c->now_ns);
		if (j->length == 0)
			return 0;
	}
	for (; j->next < j->length; j->next++) {
		if (!is_wanted(&j->filter, &j->batch[j->next]))
			continue;
		err = put(m, &j->job.request, NLM_F_MULTI, &j->batch[j->next]);
		if (err == -EMSGSIZE && m->count)
			return 1; /* the datagram is full: this one begins the next */
		if (err < 0)
			return err;
	}
	return 1;
}

static void dump_destroy(struct control_job *job)
{
	free(base_container_of(job, struct expect_job, job));
}

static int dump(struct control_request *r, const struct ctlink_expect *filter)
{
	struct expect_job *j;
	int err = control_list_room(r);

	if (err < 0)
		return err;
	j = calloc(1, sizeof(*j));
	if (!j)
		return ctlink_error_set(r->error, -ENOMEM, 0, "no memory");
	j->filter = *filter;
	j->job.step = dump_step;
	j->job.destroy = dump_destroy;
	return control_job_start(r, &j->job, true);
}

int control_expect_get(struct control_request *r)
{
	const struct control *c = r->client->control;
	struct ctlink_expect value;
	struct expect_info info;
	int err = ctlink_expect_parse(r->nlh, &value, r->error);

	if (err < 0)
		return err;
	if (r->nlh->nlmsg_flags & NLM_F_DUMP)
		return dump(r, &value);
	if (!names_one(&value))
		return ctlink_error_set(r->error, -EINVAL, 0,
		                        "neither a tuple nor an id: which expectation?");
	if (!find_named(c, &value, &info))
		return no_such(r, &value);
	return put(r->m, r->nlh, 0, &info);
}

/* ---- removing ------------------------------------------------------------------------------ */

/* All that the request takes; its names are only a helper's and a zone's. */
static void remove_many(struct control *c, const struct ctlink_expect *filter)
{
	struct expect_info batch[EXPECT_BATCH];
	uint32_t cursor = 0;
	unsigned int n, i;

	while ((n = expect_walk(c->env.flows, &cursor, batch, EXPECT_BATCH, c->now_ns))) {
		for (i = 0; i < n; i++)
			if (is_wanted(filter, &batch[i]))
				expect_remove(control_worker(c), batch[i].id, c->now_ns);
		control_groups_events(c); /* our own ring has an end */
	}
}

int control_expect_delete(struct control_request *r)
{
	struct control *c = r->client->control;
	struct ctlink_expect value;
	struct expect_info info;
	int err = ctlink_expect_parse(r->nlh, &value, r->error);

	if (err < 0)
		return err;
	if (!names_one(&value)) {
		remove_many(c, &value);
		return 0;
	}
	if (!find_named(c, &value, &info) ||
	    !expect_remove(control_worker(c), info.id, c->now_ns))
		return no_such(r, &value);
	return 0;
}

/* ---- making, changing --------------------------------------------------------------------- */

static int check_new(struct control_request *r, const struct ctlink_expect *value)
{
	if (!ctlink_has(value, CTLINK_EXPECT_TUPLE) ||
	    !ctlink_has(value, CTLINK_EXPECT_MASK) ||
	    !ctlink_has(value, CTLINK_EXPECT_MASTER))
		return ctlink_error_set(r->error, -EINVAL, 0,
		                        "a new expectation needs a tuple, a mask and the "
		                        "tuple of its master");
	if (value->tuple.l3 != value->mask.l3 || value->tuple.l3 != value->master.l3)
		return ctlink_error_set(
			r->error, -EINVAL,
			CTLINK_OFFSET(r->nlh, value->tuple.l3 != value->mask.l3
		                                      ? CTA_EXPECT_MASK
		                                      : CTA_EXPECT_MASTER),
			"tuple, mask and master are of different families");
	if (ctlink_has(value, CTLINK_EXPECT_NAT_TUPLE))
		return ctlink_error_set(r->error, -EOPNOTSUPP,
		                        CTLINK_OFFSET(r->nlh, CTA_EXPECT_NAT),
		                        "translating what is expected is the kernel's");
	return 0;
}

static void want_of(const struct ctlink_expect *value, struct helper_action *want)
{
	unsigned int i;

	memset(want, 0, sizeof(*want));
	want->kind = HELPER_EXPECT;
	tuple_of(value, &value->tuple, &want->tuple);
	memcpy(want->mask.src, value->mask.src, sizeof(want->mask.src));
	want->mask.src_id = value->mask.src_id;
	for (i = 0; i < sizeof(want->tuple.src); i++)
		want->tuple.src[i] &= want->mask.src[i];
	want->tuple.src_id &= want->mask.src_id;
	if (ctlink_has(value, CTLINK_EXPECT_CLASS))
		want->class = (uint8_t)value->class;
	if (ctlink_has(value, CTLINK_EXPECT_FLAGS))
		want->flags =
			value->flags & (HELPER_EXPECT_PERMANENT | HELPER_EXPECT_INACTIVE);
	if (ctlink_has(value, CTLINK_EXPECT_TIMEOUT))
		want->timeout_s = value->timeout;
}

static int refused(struct control_request *r, int err)
{
	uint32_t tuple = CTLINK_OFFSET(r->nlh, CTA_EXPECT_TUPLE);

	switch (err) {
	case -ESHUTDOWN:
		return ctlink_error_set(r->error, err,
		                        CTLINK_OFFSET(r->nlh, CTA_EXPECT_MASTER),
		                        "its master is being removed");
	case -EALREADY:
		return ctlink_error_set(r->error, err, tuple,
		                        "its master expects this in another class");
	case -EBUSY:
		return ctlink_error_set(r->error, err, tuple,
		                        "it overlaps what another flow expects");
	default:
		return ctlink_error_set(r->error, err, 0,
		                        "there are as many expectations as may be");
	}
}

/* With a reference on @master. */
static int make_for(struct control_request *r, struct flow *master,
                    const struct ctlink_expect *value)
{
	const struct control *c = r->client->control;
	const struct helper *helper = flow_helper(master);
	struct helper_action want;
	int err;

	if (!helper)
		return ctlink_error_set(
			r->error, -EOPNOTSUPP, CTLINK_OFFSET(r->nlh, CTA_EXPECT_MASTER),
			"its master has no helper: nobody could say how many "
			"it may expect");
	if (ctlink_has(value, CTLINK_EXPECT_HELPER) &&
	    strcmp(value->helper, helper->name) != 0)
		return ctlink_error_set(r->error, -EOPNOTSUPP,
		                        CTLINK_OFFSET(r->nlh, CTA_EXPECT_HELP_NAME),
		                        "the helper of its master is '%s'", helper->name);
	if (ctlink_has(value, CTLINK_EXPECT_CLASS) &&
	    value->class >= helper->classes_length)
		return ctlink_error_set(r->error, -EINVAL,
		                        CTLINK_OFFSET(r->nlh, CTA_EXPECT_CLASS),
		                        "'%s' has the classes 0 to %u", helper->name,
		                        helper->classes_length - 1u);
	want_of(value, &want);
	err = expect_add(control_worker(c), master, helper, &want, c->now_ns);
	return err < 0 ? refused(r, err) : 0;
}

static int make(struct control_request *r, const struct ctlink_expect *value)
{
	const struct control *c = r->client->control;
	struct tuple tuple;
	struct flow *master;
	int err = check_new(r, value);

	if (err < 0)
		return err;
	tuple_of(value, &value->master, &tuple);
	master = flow_find(c->env.flows, &tuple, FLOW_HOLDER_CONTROL).flow;
	if (!master)
		return ctlink_error_set(r->error, -ENOENT,
		                        CTLINK_OFFSET(r->nlh, CTA_EXPECT_MASTER),
		                        "its master is no flow");
	err = make_for(r, master, value);
	flow_put(c->env.flows, master, FLOW_HOLDER_CONTROL);
	return err;
}

int control_expect_new(struct control_request *r)
{
	const struct control *c = r->client->control;
	uint16_t flags = r->nlh->nlmsg_flags;
	struct ctlink_expect value;
	struct expect_info info;
	int err = ctlink_expect_parse(r->nlh, &value, r->error);

	if (err < 0)
		return err;
	if (!ctlink_has(&value, CTLINK_EXPECT_TUPLE))
		return ctlink_error_set(r->error, -EINVAL, 0,
		                        "an expectation needs a tuple");
	if (!find_named(c, &value, &info))
		return flags & NLM_F_CREATE ? make(r, &value) : no_such(r, &value);
	if (flags & NLM_F_EXCL)
		return ctlink_error_set(r->error, -EEXIST, name_offset(r, &value),
		                        "the expectation is there already");
	if (ctlink_has(&value, CTLINK_EXPECT_TIMEOUT) &&
	    !expect_timeout_set(control_worker(c), info.id, value.timeout, c->now_ns))
		return no_such(r, &value);
	return 0;
}

/* ---- statistics ------------------------------------------------------------------------------ */

static uint32_t of_worker(const struct control *c, uint16_t worker,
                          enum flow_counter counter)
{
	return (uint32_t)flow_counter_read_worker(c->env.flows, worker, counter);
}

/* Of each worker, and last of control: what tools make and delete. */
int control_expect_cpu_stats(struct control_request *r)
{
	const struct control *c = r->client->control;
	struct ctlink_header header =
		control_answer_header(r->nlh, EXP_TYPE(GET_STATS_CPU), NLM_F_MULTI, 0);
	struct ctlink_expect_stats stats = { .has = 0 };
	uint16_t worker;
	int err = 0;

	ctlink_mark(&stats, CTLINK_EXPECT_STATS_NEW);
	ctlink_mark(&stats, CTLINK_EXPECT_STATS_CREATE);
	ctlink_mark(&stats, CTLINK_EXPECT_STATS_DELETE);
	for (worker = 0; worker <= c->env.workers && err == 0; worker++) {
		stats.cpu = worker;
		stats.new = of_worker(c, worker, FLOW_COUNTER_EXPECT_NEW);
		stats.create = of_worker(c, worker, FLOW_COUNTER_EXPECT_CREATE);
		stats.delete = of_worker(c, worker, FLOW_COUNTER_EXPECT_DELETE);
		err = ctlink_expect_stats_build(r->m, &header, &stats);
	}
	return err < 0 ? err : ctlink_done_build(r->m, r->nlh, false, 0);
}
