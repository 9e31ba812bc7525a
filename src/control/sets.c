/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sets.c - named sets: listings, the steps of their transactions, announcements, and
 * the end of the flows that an added address has
 *
 * A listing holds a reference to its set and the position of the next element: an element
 * that is there from its beginning to its end is in it exactly once.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "control/control_priv.h"
#include "ctlink/daemon.h"
#include "ctlink/set.h"
#include "rules/update.h"

#define NS_PER_MS 1000000u

static uint64_t now_ms(const struct control *c)
{
	return c->now_ns / NS_PER_MS;
}

static struct sets *sets_of(const struct control *c)
{
	return rules_sets(c->env.rules);
}

/* ---- one set, one element ------------------------------------------------------------------ */

/* @type: the attribute that names it. */
static int no_set(struct control_request *r, uint16_t type, const char *name)
{
	ctlink_error_set(r->error, -ENOENT, CTLINK_OFFSET(r->nlh, type),
	                 "there is no set '%.64s'", name);
	sets_hint(sets_of(r->client->control), name, r->error->hint,
	          sizeof(r->error->hint));
	return -ENOENT;
}

static int put_set(const struct nlmsghdr *request, uint16_t flags, const struct set *set,
                   struct ctlink_message *m)
{
	struct ctlink_header header = control_answer_header(
		request, CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_SET_NEW), flags, 0);
	struct ctlink_set value;

	set_read(set, &value);
	return ctlink_set_build(m, &header, &value);
}

static int get_set(struct control_request *r, const char *name)
{
	const struct set *set = sets_peek(sets_of(r->client->control), name);

	return set ? put_set(r->nlh, 0, set, r->m) : no_set(r, CTQA_SET_NAME, name);
}

static int get_element(struct control_request *r, const struct ctlink_element *key)
{
	const struct set *set = sets_peek(sets_of(r->client->control), key->set);
	struct ctlink_header header = control_answer_header(
		r->nlh, CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_ELEMENT_NEW), 0, 0);
	struct ctlink_element found;
	uint32_t position;
	int err;

	if (!set)
		return no_set(r, CTQA_ELEMENT_SET, key->set);
	err = set_element_find(set, key, &position, r->error);
	if (err == -ENOENT)
		return ctlink_error_set(r->error, err,
		                        CTLINK_OFFSET(r->nlh, CTQA_ELEMENT_KEY),
		                        "set '%.64s' has no such element", key->set);
	if (err < 0) {
		r->error->offset = CTLINK_OFFSET(r->nlh, CTQA_ELEMENT_KEY);
		return err;
	}
	set_element_read(set, position, now_ms(r->client->control), &found);
	return ctlink_element_build(r->m, &header, &found);
}

/* ---- listings ------------------------------------------------------------------------------ */

/* Sets are listed by name: what comes behind the last one. */
struct sets_job {
	struct control_job job;
	char after[CTQ_NAME_MAX];
};

struct elements_job {
	struct control_job job;
	struct set *set;
	uint32_t position;
};

/* The first set whose name comes after @name. */
static const struct set *set_after(const struct sets *sets, const char *name)
{
	const struct set *set;
	uint32_t i;

	for (i = 0; (set = sets_at(sets, i)); i++)
		if (strcmp(set_name_get(set), name) > 0)
			break;
	return set;
}

static int sets_step(struct control_client *client, struct control_job *job,
                     struct ctlink_message *m)
{
	struct sets_job *j = base_container_of(job, struct sets_job, job);
	const struct set *set;
	int err;

	while ((set = set_after(sets_of(client->control), j->after))) {
		err = put_set(&job->request, NLM_F_MULTI, set, m);
		if (err == -EMSGSIZE && m->count)
			return 1;
		if (err < 0)
			return err;
		strncpy(j->after, set_name_get(set), sizeof(j->after) - 1);
	}
	return 0;
}

static void sets_job_destroy(struct control_job *job)
{
	free(base_container_of(job, struct sets_job, job));
}

static int list_sets(struct control_request *r)
{
	int err = control_list_room(r);
	struct sets_job *j;

	if (err < 0)
		return err;
	j = calloc(1, sizeof(*j));
	if (!j)
		return ctlink_error_set(r->error, -ENOMEM, 0, "no memory");
	j->job.step = sets_step;
	j->job.destroy = sets_job_destroy;
	return control_job_start(r, &j->job, true);
}

static int elements_step(struct control_client *client, struct control_job *job,
                         struct ctlink_message *m)
{
	struct elements_job *j = base_container_of(job, struct elements_job, job);
	struct ctlink_header header = control_answer_header(
		&job->request, CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_ELEMENT_NEW),
		NLM_F_MULTI, 0);
	struct ctlink_element element;
	int err;

	while (set_element_next(j->set, &j->position, now_ms(client->control),
	                        &element)) {
		err = ctlink_element_build(m, &header, &element);
		if (err == -EMSGSIZE && m->count)
			return 1;
		if (err < 0)
			return err;
		j->position++;
	}
	return 0;
}

static void elements_job_destroy(struct control_job *job)
{
	struct elements_job *j = base_container_of(job, struct elements_job, job);

	set_put(j->set);
	free(j);
}

static int list_elements(struct control_request *r, const char *name)
{
	struct set *set = sets_peek(sets_of(r->client->control), name);
	struct elements_job *j;
	int err;

	if (!set)
		return no_set(r, CTQA_ELEMENT_SET, name);
	err = control_list_room(r);
	if (err < 0)
		return err;
	j = calloc(1, sizeof(*j));
	if (!j)
		return ctlink_error_set(r->error, -ENOMEM, 0, "no memory");
	set_get(set);
	j->set = set;
	j->job.step = elements_step;
	j->job.destroy = elements_job_destroy;
	return control_job_start(r, &j->job, true);
}

static bool is_dump(const struct control_request *r)
{
	return (r->nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
}

int control_set_get(struct control_request *r)
{
	struct ctlink_set value = { .has = 0 };
	int err = ctlink_set_parse(r->nlh, &value, NULL, r->error);

	if (err == 0)
		err = is_dump(r) ? list_sets(r) : get_set(r, value.name);
	ctlink_set_fini(&value, NULL);
	return err;
}

int control_element_get(struct control_request *r)
{
	struct ctlink_element value = { .has = 0 };
	int err = ctlink_element_parse(r->nlh, &value, NULL, r->error);

	if (err == 0)
		err = is_dump(r) ? list_elements(r, value.set) : get_element(r, &value);
	ctlink_element_fini(&value, NULL);
	return err;
}

/* ---- steps of transactions ----------------------------------------------------------------- */

static int step_set(struct sets_change *change, const struct nlmsghdr *nlh,
                    struct ctlink_error *error, struct sets_error *e)
{
	struct ctlink_set value = { .has = 0 };
	int err = ctlink_set_parse(nlh, &value, NULL, error);

	e->error = *error;
	if (err == 0) {
		switch (nlh->nlmsg_type & 0xff) {
		case CTQ_MSG_SET_NEW:
			err = sets_change_set_add(change, &value,
			                          nlh->nlmsg_flags & NLM_F_EXCL, e);
			break;
		case CTQ_MSG_SET_DEL:
			err = sets_change_set_delete(change, value.name, e);
			break;
		default: err = sets_change_flush(change, value.name, e); break;
		}
	}
	ctlink_set_fini(&value, NULL);
	return err;
}

static int step_element(struct sets_change *change, const struct nlmsghdr *nlh,
                        struct ctlink_error *error, struct sets_error *e)
{
	struct ctlink_element value = { .has = 0 };
	int err = ctlink_element_parse(nlh, &value, NULL, error);

	e->error = *error;
	if (err == 0 && (nlh->nlmsg_type & 0xff) == CTQ_MSG_ELEMENT_NEW)
		err = sets_change_element_add(change, &value,
		                              nlh->nlmsg_flags & NLM_F_EXCL, e);
	else if (err == 0)
		err = sets_change_element_delete(change, &value, e);
	ctlink_element_fini(&value, NULL);
	return err;
}

bool control_sets_is_step(uint16_t type)
{
	switch (type) {
	case CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_SET_NEW):
	case CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_SET_DEL):
	case CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_SET_FLUSH):
	case CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_ELEMENT_NEW):
	case CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_ELEMENT_DEL): return true;
	default: return false;
	}
}

int control_sets_step(struct sets_change *change, const struct nlmsghdr *nlh,
                      struct ctlink_error *error)
{
	struct sets_error e = { .attr = 0 };
	uint16_t message = nlh->nlmsg_type & 0xff;
	int err;

	if (message == CTQ_MSG_ELEMENT_NEW || message == CTQ_MSG_ELEMENT_DEL)
		err = step_element(change, nlh, error, &e);
	else
		err = step_set(change, nlh, error, &e);
	if (err == 0)
		return 0;
	*error = e.error;
	error->code = err;
	if (e.attr)
		error->offset = ctlink_attr_offset(nlh, e.attr, 0);
	return err;
}

/* ---- announcements ------------------------------------------------------------------------- */

void control_sets_flush(struct control *c)
{
	if (c->sets_out.count)
		control_groups_send(c, CTQ_GROUP_SETS, &c->sets_out, c->sets_out.count);
	ctlink_message_reset(&c->sets_out);
}

static int put_told(struct control *c, const struct ctlink_header *header, bool element,
                    const struct set *set, uint32_t position)
{
	struct ctlink_element e;
	struct ctlink_set value;

	set_read(set, &value);
	if (!element)
		return ctlink_set_build(&c->sets_out, header, &value);
	set_element_read(set, position, now_ms(c), &e);
	e.type = value.type;
	ctlink_mark(&e, CTLINK_ELEMENT_TYPE);
	return ctlink_element_build(&c->sets_out, header, &e);
}

void control_sets_told(void *ctx, enum sets_event event, const struct set *set,
                       uint32_t position)
{
	static const uint16_t messages[] = {
		[SETS_SET_NEW] = CTQ_MSG_SET_NEW,
		[SETS_SET_DEL] = CTQ_MSG_SET_DEL,
		[SETS_ELEMENT_NEW] = CTQ_MSG_ELEMENT_NEW,
		[SETS_ELEMENT_DEL] = CTQ_MSG_ELEMENT_DEL,
	};
	bool element = event == SETS_ELEMENT_NEW || event == SETS_ELEMENT_DEL;
	struct ctlink_header header;
	struct control *c = ctx;

	if (!(c->groups & 1u << CTQ_GROUP_SETS))
		return;
	header = control_announcement(c, CTQ_GROUP_SETS,
	                              CTLINK_TYPE(CTQ_SUBSYS_SETS, messages[event]), 0);
	if (put_told(c, &header, element, set, position) == 0)
		return;
	control_sets_flush(c);
	if (put_told(c, &header, element, set, position) < 0)
		c->counters[CONTROL_COUNTER_OVERRUNS]++;
}

/* ---- what rules add and delete --------------------------------------------------------------- */

/* An element that cannot be added (the set is full) is counted by the set. */
static void update(struct control *c, const struct rules_update *u)
{
	struct sets_change *change = sets_change_new(sets_of(c), now_ms(c));
	struct sets_error ignored;
	int err;

	if (!change)
		return;
	err = u->add ? sets_change_element_add(change, &u->element, true, &ignored)
	             : sets_change_element_delete(change, &u->element, &ignored);
	if (err == 0)
		(void)sets_change_commit(change, UINT32_MAX);
	sets_change_destroy(change);
}

void control_sets_update(struct control *c)
{
	struct rules_update u;
	uint32_t left;
	uint16_t w;

	/* what comes meanwhile waits for the next time: other work waits as well */
	for (w = 0; w < c->env.workers; w++)
		for (left = RULES_LOG_SLOTS;
		     left && rules_update_take(c->env.rules, w, &u); left--)
			update(c, &u);
}

/* ---- flows of added addresses -------------------------------------------------------------- */

/* Flows looked at in one step: as flows.c has it. */
#define KILL_STEP_FLOWS 8192
#define KILL_EVENTS     512

/*
 * Unconfirmed flows first: one that is confirmed meanwhile is in the table when that is gone
 * through. What was judged before the sets changed has become a flow by then, for a grace
 * period lies between.
 */
struct control_kill {
	struct sets_change *change; /* it was committed */
	struct flow_cursor cursor;
	bool confirmed; /* the table, after the unconfirmed */
	uint32_t killed;
};

void control_kill_destroy(struct control_kill *k)
{
	if (!k)
		return;
	sets_change_destroy(k->change);
	free(k);
}

static bool is_meant(const struct control_kill *k, const struct flow *f)
{
	const struct tuple *t;
	uint8_t size;
	int dir;

	for (dir = 0; dir < 2; dir++) {
		t = &f->side[dir].tuple;
		size = (uint8_t)tuple_address_size(t->l3);
		if (sets_change_brings(k->change, t->src, size) ||
		    sets_change_brings(k->change, t->dst, size))
			return true;
	}
	return false;
}

static void kill_one(struct control *c, struct control_kill *k, struct flow *f)
{
	if (flow_is_dying(f) || !is_meant(k, f) ||
	    !flow_kill(control_worker(c), f, FLOW_END_DELETED, c->now_ns))
		return;
	if (++k->killed % KILL_EVENTS == 0)
		control_groups_events(c);
}

/* Returns how many flows were looked at; 0: the end. */
static unsigned int kill_some(struct control *c, struct control_kill *k)
{
	struct flow_table *t = c->env.flows;
	struct flow *flows[FLOW_WALK_BATCH];
	unsigned int n, i;

	if (k->confirmed)
		n = flow_walk(t, &k->cursor, flows, FLOW_WALK_BATCH);
	else
		n = flow_walk_unconfirmed(t, &k->cursor, flows, FLOW_WALK_BATCH);
	for (i = 0; i < n; i++) {
		kill_one(c, k, flows[i]);
		if (!k->confirmed)
			flow_put(t, flows[i], FLOW_HOLDER_DUMP);
	}
	return n;
}

static int put_killed(const struct control *c, const struct control_kill *k,
                      const struct nlmsghdr *request, struct ctlink_message *m)
{
	struct ctlink_header header = control_answer_header(
		request, CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_COUNT), 0, 0);
	struct ctlink_count count = { .flows = k->killed };
	struct flow_table_size size;

	flow_table_size(c->env.flows, &size);
	count.total = size.confirmed;
	ctlink_mark(&count, CTLINK_COUNT_FLOWS);
	ctlink_mark(&count, CTLINK_COUNT_TOTAL);
	return ctlink_count_build(m, &header, &count);
}

int control_kill_step(struct control_client *client, struct control_kill *k,
                      const struct nlmsghdr *request, struct ctlink_message *m)
{
	unsigned int looked = 0, n;

	while (looked < KILL_STEP_FLOWS) {
		n = kill_some(client->control, k);
		looked += n;
		if (n)
			continue;
		if (k->confirmed)
			return put_killed(client->control, k, request, m);
		k->confirmed = true;
		k->cursor = (struct flow_cursor){ .done = false };
	}
	return 1;
}

struct control_kill *control_kill_new(struct sets_change **change)
{
	struct control_kill *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->change = *change;
	*change = NULL;
	/* whoever asked a set before has done with its packet */
	rcu_offline();
	rcu_wait();
	rcu_online();
	return k;
}
