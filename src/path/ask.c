/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask.c - see ask.h
 *
 * A slot is in one state, which is the list that it is in:
 *
 *   free ─▶ questions (the first packet, by age) ─▶ released ─▶ untold ─▶ free
 *       └─▶ later (of a first packet, by age)    ─▶ released ────────────▶ free
 *
 * untold: the verdict was sent, and the ring has had no room for SETTLED.
 *
 * While a question stands the flow carries the verdict HELD_ASK: so packets find it without
 * asking the rules again, and whoever writes another verdict (new rules, an answer to a question
 * about the flow at another worker) settles this one too, at the next look. All timeouts are the
 * same: the list by age is the one by deadline.
 *
 * Everything belongs to the worker, but for the two rings and the number of listeners.
 */
#include "path/ask.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <urcu/list.h>

#include "path/path_priv.h"

#define NS_PER_S 1000000000ull

/* Places of the index by flow: with the default limit a handful of questions in each. */
#define ASK_PLACES 256

/* Between two looks at flows that others may have killed or judged. */
#define ASK_LOOK_NS NS_PER_S

/* Bytes of answers that wait for the worker: 2,048. */
#define ASK_ANSWERS_RING (1u << 16)

struct ask_slot {
	struct cds_list_head node;
	struct cds_list_head indexed; /* of a first packet with a flow */
	struct cds_list_head later;   /* of a first packet: those behind it */
	uint32_t length;              /* of a first packet: packets of the question */
	uint32_t serial;              /* how often the slot was used */
	bool told;                    /* it was a question, and control knows of it */
	bool open;                    /* it is one */
	struct flow *flow;            /* referenced; NULL: it has none */
	uint64_t since_ns;
	struct path_step step;
	struct packet packet;
	struct packet_verdict verdict;
	struct path_released released;
	uint8_t data[PATH_ASK_BYTES_MAX];
};

struct path_ask {
	struct ask_slot *slots;
	uint32_t fresh; /* slots from here on were never used, nor their memory touched */
	uint32_t used;
	bool closed;
	uint32_t generation; /* that all questions were held against */
	uint64_t look_due_ns;
	struct cds_list_head free, questions, released, untold;
	struct cds_list_head index[ASK_PLACES];
	struct spsc told, answers;
};

struct ask_answer {
	uint32_t slot, serial;
	bool accept, whole_flow;
};

/* ---- life ------------------------------------------------------------------------- */

/* Room for all that may be asked at once; a power of two. */
static uint32_t ring_size(uint32_t limit)
{
	uint32_t record = sizeof(struct path_question) + sizeof(struct path_sighting) +
	                  PATH_ASK_BYTES_MAX + 64;
	uint32_t size = 4096;

	while (size < limit * record)
		size *= 2;
	return size;
}

int path_ask_init(struct path_worker *w)
{
	uint32_t limit = w->path->cfg.ask.limit, i;
	struct path_ask *ask = calloc(1, sizeof(*ask));

	w->ask = ask;
	if (!ask)
		return -ENOMEM;
	CDS_INIT_LIST_HEAD(&ask->free);
	CDS_INIT_LIST_HEAD(&ask->questions);
	CDS_INIT_LIST_HEAD(&ask->released);
	CDS_INIT_LIST_HEAD(&ask->untold);
	for (i = 0; i < ASK_PLACES; i++)
		CDS_INIT_LIST_HEAD(&ask->index[i]);
	ask->slots = calloc(limit, sizeof(*ask->slots));
	if (!ask->slots || spsc_init(&ask->told, ring_size(limit)) < 0)
		return -ENOMEM;
	return spsc_init(&ask->answers, ASK_ANSWERS_RING);
}

static void flow_forget(struct path_worker *w, struct ask_slot *slot)
{
	if (slot->flow)
		flow_put(w->path->flows, slot->flow, FLOW_HOLDER_PACKET);
	slot->flow = NULL;
}

void path_ask_fini(struct path_worker *w)
{
	struct path_ask *ask = w->ask;
	uint32_t i;

	if (!ask)
		return;
	for (i = 0; i < ask->fresh; i++)
		flow_forget(w, &ask->slots[i]);
	spsc_fini(&ask->told);
	spsc_fini(&ask->answers);
	free(ask->slots);
	free(ask);
}

/* ---- slots ------------------------------------------------------------------------ */

static struct ask_slot *slot_take(struct path_worker *w)
{
	struct path_ask *ask = w->ask;
	struct ask_slot *slot;

	if (!cds_list_empty(&ask->free)) {
		slot = cds_list_first_entry(&ask->free, struct ask_slot, node);
		cds_list_del(&slot->node);
	} else if (ask->fresh < w->path->cfg.ask.limit) {
		slot = &ask->slots[ask->fresh++];
	} else {
		return NULL;
	}
	ask->used++;
	slot->serial++;
	slot->told = false;
	return slot;
}

static void slot_free(struct path_ask *ask, struct ask_slot *slot)
{
	cds_list_add(&slot->node, &ask->free);
	ask->used--;
}

/* The packet as far as it has come. */
static void slot_fill(struct path_worker *w, struct ask_slot *slot,
                      const struct path_step *s)
{
	slot->packet = *s->p;
	if (slot->packet.captured > PATH_ASK_BYTES_MAX)
		slot->packet.captured = PATH_ASK_BYTES_MAX;
	memcpy(slot->data, s->p->data, slot->packet.captured);
	slot->packet.data = slot->data;
	slot->step = *s;
	slot->step.p = &slot->packet;
	slot->step.out = &slot->verdict;
	slot->since_ns = w->now_ns;
	slot->flow = s->flow;
	if (!slot->flow)
		return;
	flow_get(slot->flow, FLOW_HOLDER_PACKET);
	flow_wait_begin(w->path->flows, slot->flow);
}

/* ---- questions -------------------------------------------------------------------- */

static struct cds_list_head *place_of(struct path_ask *ask, const struct flow *f)
{
	return &ask->index[f->index % ASK_PLACES];
}

/* Packets that are judged by their flow's verdict wait together. */
static bool has_flow(const struct path_step *s)
{
	return s->flow && !s->error;
}

static bool is_heard(const struct path_worker *w)
{
	return !w->ask->closed &&
	       atomic_load_explicit(&w->path->ask_listens, memory_order_relaxed);
}

static struct ask_slot *question_find(struct path_ask *ask, const struct path_step *s)
{
	struct ask_slot *first;

	if (!has_flow(s))
		return NULL;
	cds_list_for_each_entry (first, place_of(ask, s->flow), indexed)
		if (first->flow == s->flow && first->step.role == s->role)
			return first;
	return NULL;
}

static void control_wake(const struct path *path)
{
	const uint64_t one = 1;

	(void)!write(path->question_fd, &one, sizeof(one));
}

static uint64_t deadline_of(const struct path_worker *w, const struct ask_slot *slot)
{
	return slot->since_ns + w->path->cfg.ask.timeout_s * NS_PER_S;
}

static struct path_question *record_begin(struct path_worker *w,
                                          const struct ask_slot *slot,
                                          enum path_question_event event, uint32_t more)
{
	struct path_question *q = spsc_begin(&w->ask->told, (uint32_t)sizeof(*q) + more);

	if (!q)
		return NULL;
	memset(q, 0, sizeof(*q));
	q->event = event;
	q->slot = (uint32_t)(slot - w->ask->slots);
	q->serial = slot->serial;
	return q;
}

static bool tell_asked(struct path_worker *w, struct ask_slot *slot)
{
	uint32_t bytes = slot->packet.captured;
	struct path_sighting *packet;
	struct path_question *q = record_begin(w, slot, PATH_QUESTION_ASKED,
	                                       (uint32_t)sizeof(*packet) + bytes);

	if (!q)
		return false;
	q->deadline_ns = deadline_of(w, slot);
	packet = (void *)(q + 1);
	path_watch_fill(w, &slot->step, packet, bytes);
	spsc_commit(&w->ask->told);
	control_wake(w->path);
	return true;
}

static bool tell_settled(struct path_worker *w, struct ask_slot *slot)
{
	struct path_question *q = record_begin(w, slot, PATH_QUESTION_SETTLED, 0);

	if (!q)
		return false;
	q->reason = (uint16_t)slot->step.reason;
	spsc_commit(&w->ask->told);
	control_wake(w->path);
	return true;
}

static void question_open(struct path_worker *w, struct ask_slot *slot)
{
	CDS_INIT_LIST_HEAD(&slot->later);
	slot->length = 1;
	slot->told = slot->open = true;
	cds_list_add_tail(&slot->node, &w->ask->questions);
	if (has_flow(&slot->step))
		cds_list_add(&slot->indexed, place_of(w->ask, slot->flow));
	else
		CDS_INIT_LIST_HEAD(&slot->indexed);
}

/* False: there is no room for it. */
static bool hold(struct path_worker *w, const struct path_step *s, struct ask_slot *first)
{
	struct ask_slot *slot;

	if (first && first->length >= w->path->cfg.ask.flow_limit)
		return false;
	slot = slot_take(w);
	if (!slot)
		return false;
	slot_fill(w, slot, s);
	if (first) {
		first->length++;
		cds_list_add_tail(&slot->node, &first->later);
	} else if (tell_asked(w, slot)) {
		question_open(w, slot);
	} else {
		if (slot->flow)
			flow_wait_end(w->path->flows, slot->flow, w->now_ns);
		flow_forget(w, slot);
		slot_free(w->ask, slot);
		return false;
	}
	slot->step.asked = false; /* path_worker.asked will be another's */
	return true;
}

/* ---- deciding --------------------------------------------------------------------- */

struct decision {
	bool accept, whole_flow;
	enum ctq_reason reason;
};

/* The configuration's, for want of an answer. It is for the flow: one that is accepted would
 * wait again and again otherwise. */
static struct decision default_of(const struct path_worker *w, enum ctq_reason drop)
{
	bool accept = w->path->cfg.ask.accept;

	return (struct decision){ accept, true, accept ? CTQ_ACCEPT_ASK_DEFAULT : drop };
}

/* What the flow carries from now on; nothing: its next packet is judged by the rules. */
static void decide_flow(struct path_worker *w, const struct path_step *s,
                        const struct decision *d)
{
	struct flow_verdict v;

	if (!has_flow(s))
		return;
	flow_enter(w->flows, s->flow);
	v = flow_verdict_load(s->flow, s->role);
	if (v.reason == CTQ_HELD_ASK) {
		v.accept = d->accept;
		v.reason = (uint8_t)d->reason;
		if (!d->whole_flow)
			memset(&v, 0, sizeof(v));
		flow_verdict_store(s->flow, s->role, &v);
	}
	flow_leave(w->flows, s->flow);
}

static void decide(struct path_step *s, const struct decision *d)
{
	s->waits = false;
	s->accept = d->accept;
	s->reason = d->reason;
	if (!s->accept || !s->flow || !flow_is_dying(s->flow))
		return;
	s->accept = false;
	s->reason = CTQ_DROP_DYING;
}

/* The rest of a decided packet's way. */
static void release(struct path_worker *w, struct ask_slot *slot)
{
	struct path_ask *ask = w->ask;

	if (slot->flow)
		flow_wait_end(w->path->flows, slot->flow, w->now_ns);
	if (path_conclude(w, &slot->step)) {
		/* It belongs to another flow now and waits for that one's answer, in another
		 * slot. */
		slot->step.reason = CTQ_HELD_ASK;
		cds_list_add_tail(&slot->node, &ask->untold);
	} else {
		slot->released = (struct path_released){
			.queue = slot->packet.queue,
			.id = slot->packet.id,
			.verdict = slot->verdict,
		};
		cds_list_add_tail(&slot->node, &ask->released);
	}
	flow_forget(w, slot);
}

/* All packets of a decided question, in their order. */
static void question_release(struct path_worker *w, struct ask_slot *first)
{
	struct ask_slot *slot, *next;

	first->open = false;
	cds_list_del(&first->node);
	cds_list_del(&first->indexed);
	release(w, first);
	cds_list_for_each_entry_safe (slot, next, &first->later, node) {
		cds_list_del(&slot->node);
		release(w, slot);
	}
}

static void settle(struct path_worker *w, struct ask_slot *first,
                   const struct decision *d)
{
	struct ask_slot *slot;

	decide_flow(w, &first->step, d);
	decide(&first->step, d);
	cds_list_for_each_entry (slot, &first->later, node)
		decide(&slot->step, d);
	question_release(w, first);
}

bool path_ask(struct path_worker *w, struct path_step *s)
{
	struct ask_slot *first = question_find(w->ask, s);
	struct decision d = default_of(w, CTQ_DROP_ASK_NOBODY);

	if (!first && !is_heard(w)) {
		decide_flow(w, s, &d);
		decide(s, &d);
		return false;
	}
	if (hold(w, s, first))
		return true;
	d = (struct decision){ .accept = false, .reason = CTQ_DROP_ASK_LIMIT };
	decide(s, &d);
	if (first && !flow_is_confirmed(s->flow))
		s->flow = NULL; /* it lives on, with those that wait */
	return false;
}

/* ---- what settles questions ------------------------------------------------------- */

/* Judge again, as the flow's next packet would be. */
static void reconsider(struct path_worker *w, struct ask_slot *first)
{
	struct ask_slot *slot;

	path_judge(w, &first->step);
	if (first->step.waits)
		return;
	cds_list_for_each_entry (slot, &first->later, node)
		path_judge(w, &slot->step);
	question_release(w, first);
}

/* Flows that were killed or that others have judged, and new rules. */
static void look(struct path_worker *w)
{
	const struct decision dead = { .reason = CTQ_DROP_DYING };
	bool is_new = w->ask->generation != w->generation;
	struct ask_slot *first, *next;

	if (!is_new && w->now_ns < w->ask->look_due_ns)
		return;
	w->ask->generation = w->generation;
	w->ask->look_due_ns = w->now_ns + ASK_LOOK_NS;
	cds_list_for_each_entry_safe (first, next, &w->ask->questions, node) {
		if (first->flow && flow_is_dying(first->flow))
			settle(w, first, &dead);
		else if (has_flow(&first->step) ? !path_judge_waits(w, &first->step)
		                                : is_new)
			reconsider(w, first);
	}
}

static void take_answer(struct path_worker *w, const struct ask_answer *a)
{
	struct ask_slot *slot = &w->ask->slots[a->slot];
	struct decision d = { a->accept, a->whole_flow,
		              a->accept ? CTQ_ACCEPT_ASKED : CTQ_DROP_ASKED };

	if (slot->open && slot->serial == a->serial)
		settle(w, slot, &d);
}

static void take_answers(struct path_worker *w)
{
	const struct ask_answer *a;
	uint32_t size;

	while ((a = spsc_peek(&w->ask->answers, &size)) != NULL) {
		take_answer(w, a);
		spsc_drop(&w->ask->answers);
	}
}

/* @now_ns or before: UINT64_MAX is for all. */
static void expire(struct path_worker *w, uint64_t now_ns, enum ctq_reason reason)
{
	const struct decision d = default_of(w, reason);
	struct ask_slot *first, *next;

	cds_list_for_each_entry_safe (first, next, &w->ask->questions, node) {
		if (deadline_of(w, first) > now_ns)
			break;
		settle(w, first, &d);
	}
}

static void tell_untold(struct path_worker *w)
{
	struct ask_slot *slot, *next;

	cds_list_for_each_entry_safe (slot, next, &w->ask->untold, node) {
		if (slot->told && !tell_settled(w, slot))
			return;
		cds_list_del(&slot->node);
		slot_free(w->ask, slot);
	}
}

void path_held_step(struct path_worker *w, uint64_t now_ns)
{
	path_begin(w, now_ns);
	take_answers(w);
	look(w);
	expire(w, now_ns, CTQ_DROP_ASK_TIMEOUT);
	if (!is_heard(w)) /* the last listener has left */
		expire(w, UINT64_MAX, CTQ_DROP_ASK_NOBODY);
	tell_untold(w);
}

void path_held_close(struct path_worker *w, uint64_t now_ns)
{
	path_begin(w, now_ns);
	w->ask->closed = true;
	expire(w, UINT64_MAX, CTQ_DROP_ASK_NOBODY);
}

/* ---- the worker's other questions --------------------------------------------------- */

uint32_t path_held_count(const struct path_worker *w)
{
	return w->ask->used;
}

static struct ask_slot *released_first(struct path_ask *ask)
{
	return cds_list_empty(&ask->released)
	               ? NULL
	               : cds_list_first_entry(&ask->released, struct ask_slot, node);
}

const struct path_released *path_held_peek(const struct path_worker *w)
{
	struct ask_slot *slot = released_first(w->ask);

	return slot ? &slot->released : NULL;
}

void path_held_drop(struct path_worker *w)
{
	struct ask_slot *slot = released_first(w->ask);

	cds_list_del(&slot->node);
	cds_list_add_tail(&slot->node, &w->ask->untold);
	tell_untold(w);
}

uint64_t path_held_since(const struct path_worker *w, uint16_t queue)
{
	const struct ask_slot *first;

	cds_list_for_each_entry (first, &w->ask->questions, node)
		if (first->packet.queue == queue)
			return first->since_ns;
	return 0;
}

/* ---- control ------------------------------------------------------------------------ */

int path_question_fd(const struct path *path)
{
	return path->question_fd;
}

const struct path_question *path_question_peek(struct path *path, uint16_t number)
{
	uint32_t size;

	return spsc_peek(&path->workers[number].ask->told, &size);
}

const struct path_sighting *path_question_packet(const struct path_question *q)
{
	return q->event == PATH_QUESTION_ASKED ? (const void *)(q + 1) : NULL;
}

void path_question_drop(struct path *path, uint16_t number)
{
	spsc_drop(&path->workers[number].ask->told);
}

bool path_ask_accepts(const struct path *path)
{
	return path->cfg.ask.accept;
}

void path_ask_listen(struct path *path, bool listens)
{
	atomic_store_explicit(&path->ask_listens, listens, memory_order_relaxed);
}

int path_ask_answer(struct path *path, uint16_t number, uint32_t slot, uint32_t serial,
                    bool accept, bool whole_flow)
{
	struct spsc *answers = &path->workers[number].ask->answers;
	struct ask_answer *a = spsc_begin(answers, sizeof(*a));

	if (!a)
		return -EBUSY;
	*a = (struct ask_answer){ slot, serial, accept, whole_flow };
	spsc_commit(answers);
	return 0;
}
