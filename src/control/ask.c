/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask.c - questions of rules that ask: CTQ_SUBSYS_ASK and CTQ_GROUP_ASK
 *
 * Workers tell of questions that were asked and that are settled (path/ask.h). Here they get
 * their ids, stand in a list by id, and are announced. An answer goes to the worker, and the
 * question is answered from then on; what has become of it the worker tells. A question is freed
 * when that is told, never before, so that each ASKED meets its SETTLED.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/control_priv.h"
#include "ctlink/ask.h"
#include "path/ask.h"

#define NS_PER_MS 1000000u

struct control_question {
	struct cds_list_head node;
	uint32_t id;
	uint16_t worker;
	uint32_t slot, serial; /* the worker's name for it */
	bool answered;
	uint64_t deadline_ns;
	struct ctlink_packet packet;
	uint8_t data[PATH_ASK_BYTES_MAX];
};

/* ---- the list --------------------------------------------------------------------------- */

static struct control_question *find_id(const struct control *c, uint32_t id)
{
	struct control_question *q;

	cds_list_for_each_entry (q, &c->questions, node)
		if (q->id == id)
			return q;
	return NULL;
}

static struct control_question *find_slot(const struct control *c, uint16_t worker,
                                          const struct path_question *event)
{
	struct control_question *q;

	cds_list_for_each_entry (q, &c->questions, node)
		if (q->worker == worker && q->slot == event->slot &&
		    q->serial == event->serial)
			return q;
	return NULL;
}

void control_ask_fini(struct control *c)
{
	struct control_question *q, *next;

	path_ask_listen(c->env.path, false);
	cds_list_for_each_entry_safe (q, next, &c->questions, node)
		free(q);
}

/* ---- as values -------------------------------------------------------------------------- */

static void question_value(const struct control *c, const struct control_question *q,
                           bool may_see_bytes, struct ctlink_ask *out)
{
	uint64_t left = q->deadline_ns > c->now_ns ? q->deadline_ns - c->now_ns : 0;

	*out = (struct ctlink_ask){
		.id = q->id,
		.left = (uint32_t)(left / NS_PER_MS),
		.without_answer = path_ask_accepts(c->env.path) ? CTQ_VERDICT_ACCEPT
		                                                : CTQ_VERDICT_DROP,
		.packet = q->packet,
	};
	if (!may_see_bytes)
		ctlink_unmark(&out->packet, CTLINK_PACKET_DATA);
	ctlink_mark(out, CTLINK_ASK_ID);
	ctlink_mark(out, CTLINK_ASK_LEFT);
	ctlink_mark(out, CTLINK_ASK_DEFAULT);
	ctlink_mark(out, CTLINK_ASK_PACKET);
}

static void announce(struct control *c, uint16_t message, const struct ctlink_ask *value)
{
	struct ctlink_header header;
	struct ctlink_message m;

	if (!(c->groups & 1u << CTQ_GROUP_ASK))
		return;
	header = control_announcement(c, CTQ_GROUP_ASK,
	                              CTLINK_TYPE(CTQ_SUBSYS_ASK, message), 0);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	if (ctlink_ask_build(&m, &header, value) == 0)
		control_groups_send(c, CTQ_GROUP_ASK, &m, 1);
	else
		c->counters[CONTROL_COUNTER_OVERRUNS]++;
	ctlink_message_fini(&m);
}

/* ---- what workers tell ------------------------------------------------------------------- */

/* Ids count up; after four thousand million they begin again, and none is 0. */
static uint32_t next_id(struct control *c)
{
	if (++c->question_id == 0)
		c->question_id = 1;
	return c->question_id;
}

static void take_asked(struct control *c, uint16_t worker,
                       const struct path_question *event)
{
	uint64_t offset = clock_realtime_ns() - clock_monotonic_ns();
	const struct path_sighting *s = path_question_packet(event);
	struct control_question *q = calloc(1, sizeof(*q));
	struct ctlink_ask value;

	if (!q)
		return; /* nobody hears of it: the deadline decides */
	q->id = next_id(c);
	q->worker = worker;
	q->slot = event->slot;
	q->serial = event->serial;
	q->deadline_ns = event->deadline_ns;
	control_packet_value(c, s, offset, &q->packet);
	if (s->captured) {
		memcpy(q->data, s->data, s->captured);
		q->packet.data = q->data;
		q->packet.data_size = s->captured;
		ctlink_mark(&q->packet, CTLINK_PACKET_DATA);
	}
	cds_list_add_tail(&q->node, &c->questions);
	question_value(c, q, true, &value);
	announce(c, CTQ_MSG_ASK_NEW, &value);
}

static void take_settled(struct control *c, uint16_t worker,
                         const struct path_question *event)
{
	struct control_question *q = find_slot(c, worker, event);
	struct ctlink_ask value = { .reason = event->reason };

	if (!q)
		return;
	value.id = q->id;
	ctlink_mark(&value, CTLINK_ASK_ID);
	ctlink_mark(&value, CTLINK_ASK_REASON);
	announce(c, CTQ_MSG_ASK_DEL, &value);
	cds_list_del(&q->node);
	free(q);
}

void control_ask_events(struct control *c)
{
	const struct path_question *event;
	uint64_t count;
	uint16_t i;

	(void)!read(path_question_fd(c->env.path), &count, sizeof(count));
	for (i = 0; i < c->env.workers; i++) {
		while ((event = path_question_peek(c->env.path, i)) != NULL) {
			if (event->event == PATH_QUESTION_ASKED)
				take_asked(c, i, event);
			else
				take_settled(c, i, event);
			path_question_drop(c->env.path, i);
		}
	}
}

/* ---- requests ------------------------------------------------------------------------------ */

int control_ask_subscribe(struct control_request *r, uint32_t groups)
{
	if (groups & 1u << CTQ_GROUP_ASK && !r->client->may_change)
		return control_refuse_change(r); /* it would make packets wait */
	return 0;
}

int control_ask_answer(struct control_request *r)
{
	struct control *c = r->client->control;
	struct control_question *q;
	struct ctlink_ask answer;
	int err = ctlink_ask_answer_parse(r->nlh, &answer, r->error);

	if (err < 0)
		return err;
	q = find_id(c, answer.id);
	if (!q || q->answered)
		return ctlink_error_set(
			r->error, -ENOENT, ctlink_attr_offset(r->nlh, CTQA_ASK_ID, 0),
			"there is no question %u, or it is answered", answer.id);
	err = path_ask_answer(c->env.path, q->worker, q->slot, q->serial,
	                      answer.verdict == CTQ_VERDICT_ACCEPT,
	                      answer.scope == CTQ_ASK_FLOW);
	if (err < 0)
		return ctlink_error_set(r->error, err, 0,
		                        "worker %u has not read the answers before",
		                        q->worker);
	q->answered = true;
	if (c->env.wake)
		c->env.wake(c->env.ctx, q->worker);
	return 0;
}

struct ask_job {
	struct control_job job;
	uint32_t after; /* the last id that was listed */
};

static int ask_step(struct control_client *client, struct control_job *job,
                    struct ctlink_message *m)
{
	struct ask_job *j = base_container_of(job, struct ask_job, job);
	const struct ctlink_header header = control_answer_header(
		&job->request, CTLINK_TYPE(CTQ_SUBSYS_ASK, CTQ_MSG_ASK_NEW), NLM_F_MULTI,
		0);
	const struct control_question *q;
	struct ctlink_ask value;
	int err;

	cds_list_for_each_entry (q, &client->control->questions, node) {
		if (q->id <= j->after || q->answered)
			continue;
		question_value(client->control, q, client->may_change, &value);
		err = ctlink_ask_build(m, &header, &value);
		if (err == -EMSGSIZE && m->count)
			return 1;
		if (err < 0)
			return err;
		j->after = q->id;
	}
	return 0;
}

static void ask_destroy(struct control_job *job)
{
	free(base_container_of(job, struct ask_job, job));
}

int control_ask_get(struct control_request *r)
{
	struct ask_job *j;
	int err = control_list_room(r);

	if (err < 0)
		return err;
	j = calloc(1, sizeof(*j));
	if (!j)
		return ctlink_error_set(r->error, -ENOMEM, 0, "no memory");
	j->job.step = ask_step;
	j->job.destroy = ask_destroy;
	return control_job_start(r, &j->job, true);
}
