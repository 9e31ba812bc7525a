/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * batch.c - transactions on rules and sets
 *
 * Between BATCH_BEGIN and BATCH_END messages are steps of a rules_change. The first one that
 * is refused is answered by its error and spoils the batch: what follows is read over up to
 * BATCH_END, and nothing changes. An error that shows only when all is put together (a jump to
 * a chain that nobody made) is answered with the header of the step that brought it.
 *
 * Steps on sets are kept as they came and done at BATCH_END, all in one go: sets change by
 * time and by other clients while a batch is open.
 */
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "control/control_priv.h"
#include "ctlink/batch.h"
#include "ctlink/rule.h"

/* Longest batch, in messages: a rule set at its limits and its chains. */
#define BATCH_STEPS_MAX (RULES_MAX + RULES_CHAINS_MAX + CTQ_SET_SIZE_MAX + SETS_MAX + 1)

#define NS_PER_MS 1000000u

struct control_batch {
	uint8_t subsystem;           /* CTQ_SUBSYS_RULES or _SETS */
	struct rules_change *change; /* of the rules; NULL: sets only */
	struct sets_change *sets;    /* when there are no rules: made at the end */
	uint8_t *kept; /* steps on sets: the number of each (u32) and the message */
	size_t kept_size, kept_capacity;
	uint32_t generation; /* that the change began with */
	bool spoilt;
	uint64_t bytes;
	uint64_t started_ns;
	struct nlmsghdr
		*steps; /* for errors that are found at the end; item 1 is the first */
	uint32_t steps_length, steps_capacity;
};

void control_batch_spoil(struct control_client *client)
{
	if (client->batch)
		client->batch->spoilt = true;
}

void control_batch_close(struct control_client *client)
{
	struct control_batch *batch = client->batch;

	if (!batch)
		return;
	client->batch = NULL;
	client->control->batches_length--;
	rules_change_destroy(batch->change);
	sets_change_destroy(batch->sets);
	free(batch->kept);
	free(batch->steps);
	free(batch);
}

/* ---- begin ------------------------------------------------------------------------------------ */

static uint32_t generation_now(const struct control *c)
{
	return ruleset_generation(rules_peek(c->env.rules));
}

static int check_generation(struct control_request *r, uint32_t wanted)
{
	uint32_t now = generation_now(r->client->control);

	if (wanted == now)
		return 0;
	return ctlink_error_set(
		r->error, -ESTALE, 0,
		"the rules have changed: generation %u is in force, not %u", now, wanted);
}

static int check_begin(struct control_request *r, const struct ctlink_batch *begin)
{
	if (begin->subsystem != CTQ_SUBSYS_RULES && begin->subsystem != CTQ_SUBSYS_SETS)
		return ctlink_error_set(r->error, -EOPNOTSUPP, 0,
		                        "no transactions in subsystem 0x%02x",
		                        begin->subsystem);
	if (ctlink_has(begin, CTLINK_BATCH_GENERATION))
		return check_generation(r, begin->generation);
	return 0;
}

static int check_room(struct control_request *r)
{
	struct control *c = r->client->control;

	if (c->batches_length < CTQ_BATCHES_MAX)
		return 0;
	c->counters[CONTROL_COUNTER_BATCHES_FULL]++;
	ctlink_error_set(r->error, -EBUSY, 0, "%u batches are open, more are not allowed",
	                 c->batches_length);
	ctlink_error_hint(r->error, "other clients have begun them: begin again later");
	return -EBUSY;
}

static int batch_begin(struct control_request *r)
{
	struct control_batch *batch;
	struct ctlink_batch begin;
	int err = ctlink_batch_begin_parse(r->nlh, &begin, r->error);

	if (err == 0)
		err = check_begin(r, &begin);
	if (err == 0)
		err = check_room(r);
	if (err < 0)
		return err;
	batch = calloc(1, sizeof(*batch));
	if (!batch)
		return -ENOMEM;
	batch->subsystem = begin.subsystem;
	batch->generation = generation_now(r->client->control);
	batch->started_ns = clock_monotonic_ns();
	if (begin.subsystem == CTQ_SUBSYS_RULES) {
		batch->change = rules_change_new(r->client->control->env.rules, &err);
		if (!batch->change) {
			free(batch);
			return err;
		}
	}
	r->client->batch = batch;
	r->client->control->batches_length++;
	r->client->control->counters[CONTROL_COUNTER_BATCHES]++;
	return 0;
}

/* ---- steps -------------------------------------------------------------------------------------- */

/* Where attribute number @number of type @attr is in a message, from its start; 0: nowhere. */
static uint32_t offset_of(const struct nlmsghdr *nlh, uint16_t type, uint32_t number)
{
	const struct nlattr *attr;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == type && number-- == 0)
			return (uint32_t)((const char *)attr - (const char *)nlh);
	return 0;
}

static int step_error(struct control_request *r, const struct rules_error *e)
{
	*r->error = e->error;
	if (e->attr)
		r->error->offset = offset_of(r->nlh, e->attr, e->number);
	return e->error.code;
}

static int step_chain(struct control_request *r, struct control_batch *batch, bool remove)
{
	struct ctlink_chain chain = { .has = 0 };
	struct rules_error e = { .item = 0 };
	int err = ctlink_chain_parse(r->nlh, &chain, NULL, r->error);

	if (err == 0) {
		if (remove)
			err = rules_change_chain_delete(
				batch->change, batch->steps_length, chain.name, &e);
		else
			err = rules_change_chain_set(batch->change, batch->steps_length,
			                             &chain, &e);
		if (err < 0)
			err = step_error(r, &e);
	}
	ctlink_chain_fini(&chain, NULL);
	return err;
}

static int step_rule(struct control_request *r, struct control_batch *batch)
{
	struct ctlink_rule rule = { .has = 0 };
	struct rules_error e = { .item = 0 };
	int err = ctlink_rule_parse(r->nlh, &rule, NULL, r->error);

	if (err == 0) {
		if (r->nlh->nlmsg_flags & NLM_F_REPLACE)
			err = rules_change_rule_replace(batch->change,
			                                batch->steps_length, &rule, &e);
		else
			err = rules_change_rule_add(batch->change, batch->steps_length,
			                            &rule, &e);
		if (err < 0)
			err = step_error(r, &e);
	}
	ctlink_rule_fini(&rule, NULL);
	return err;
}

static int step_rule_delete(struct control_request *r, struct control_batch *batch)
{
	struct ctlink_rule rule = { .has = 0 };
	struct rules_error e = { .item = 0 };
	int err = ctlink_rule_parse(r->nlh, &rule, NULL, r->error);

	if (err == 0 && !ctlink_has(&rule, CTLINK_RULE_ID))
		err = ctlink_error_set(r->error, -EINVAL, 0, "CTQA_RULE_ID is missing");
	if (err == 0) {
		err = rules_change_rule_delete(batch->change, batch->steps_length,
		                               rule.id, &e);
		if (err < 0)
			err = step_error(r, &e);
	}
	ctlink_rule_fini(&rule, NULL);
	return err;
}

static int step_unknown(struct control_request *r, const struct control_batch *batch)
{
	return ctlink_error_set(r->error, -EOPNOTSUPP, 0,
	                        "message 0x%04x cannot be part of a batch of subsystem "
	                        "0x%02x",
	                        r->nlh->nlmsg_type, batch->subsystem);
}

static int kept_grow(struct control_batch *batch, size_t size)
{
	size_t capacity = batch->kept_capacity ? batch->kept_capacity : 1024;
	uint8_t *kept;

	while (capacity < batch->kept_size + size)
		capacity *= 2;
	if (capacity == batch->kept_capacity)
		return 0;
	kept = realloc(batch->kept, capacity);
	if (!kept)
		return -ENOMEM;
	batch->kept = kept;
	batch->kept_capacity = capacity;
	return 0;
}

/* Behind the number of the step, which keeps the message aligned. */
static int step_keep(struct control_request *r, struct control_batch *batch)
{
	size_t size = NLMSG_ALIGN(r->nlh->nlmsg_len);
	uint8_t *at;

	if (kept_grow(batch, sizeof(uint32_t) + size) < 0)
		return -ENOMEM;
	at = batch->kept + batch->kept_size;
	memcpy(at, &batch->steps_length, sizeof(uint32_t));
	memcpy(at + sizeof(uint32_t), r->nlh, r->nlh->nlmsg_len);
	batch->kept_size += sizeof(uint32_t) + size;
	return 0;
}

static int step_run(struct control_request *r, struct control_batch *batch)
{
	int err = ctlink_request_check(
		&r->header, NLM_F_REPLACE | NLM_F_CREATE | NLM_F_APPEND | NLM_F_EXCL,
		r->error);

	if (err < 0)
		return err;
	if (control_sets_is_step(r->nlh->nlmsg_type))
		return step_keep(r, batch);
	if (!batch->change)
		return step_unknown(r, batch);
	switch (r->nlh->nlmsg_type) {
	case CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULESET_FLUSH):
		return rules_change_flush(batch->change);
	case CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_CHAIN_NEW):
		return step_chain(r, batch, false);
	case CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_CHAIN_DEL):
		return step_chain(r, batch, true);
	case CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_NEW): return step_rule(r, batch);
	case CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_DEL):
		return step_rule_delete(r, batch);
	default: return step_unknown(r, batch);
	}
}

static int steps_append(struct control_batch *batch, const struct nlmsghdr *nlh)
{
	uint32_t capacity = batch->steps_capacity ? batch->steps_capacity * 2 : 64;
	struct nlmsghdr *steps;

	batch->bytes += nlh->nlmsg_len;
	if (batch->steps_length >= BATCH_STEPS_MAX || batch->bytes > CTQ_BATCH_MAX)
		return -E2BIG;
	if (batch->steps_length == batch->steps_capacity) {
		steps = realloc(batch->steps, capacity * sizeof(*steps));
		if (!steps)
			return -ENOMEM;
		batch->steps = steps;
		batch->steps_capacity = capacity;
	}
	batch->steps[batch->steps_length++] = *nlh;
	return 0;
}

static int batch_step(struct control_request *r, struct control_batch *batch)
{
	int err;

	if (batch->spoilt)
		return 0;
	err = steps_append(batch, r->nlh);
	if (err == -E2BIG) {
		r->client->control->counters[CONTROL_COUNTER_TOO_LONG]++;
		ctlink_error_set(r->error, err, 0,
		                 "the batch is longer than %d bytes or %d messages",
		                 CTQ_BATCH_MAX, BATCH_STEPS_MAX);
	}
	if (err == 0)
		err = step_run(r, batch);
	if (err == -ENOMEM && !r->error->text[0])
		ctlink_error_set(r->error, err, 0, "no memory");
	batch->spoilt = err < 0;
	return err;
}

/* ---- end ------------------------------------------------------------------------------------------ */

/* The answer to the step that brought what is wrong goes before the one to BATCH_END. */
static int answer_step(struct control_request *r, const struct control_batch *batch,
                       const struct rules_error *e)
{
	struct ctlink_message m;

	if (e->item == 0 || e->item > batch->steps_length) {
		*r->error = e->error;
		return e->error.code;
	}
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	if (ctlink_answer_build(&m, &batch->steps[e->item - 1], &e->error) == 0)
		control_client_send(r->client, m.data, m.size);
	ctlink_message_fini(&m);
	return ctlink_error_set(r->error, -ECANCELED, 0,
	                        "the batch was refused: nothing has changed");
}

/* All steps on sets, in order; @e: the one that was refused. */
static int sets_run(const struct control_batch *batch, struct sets_change *change,
                    struct rules_error *e)
{
	const struct nlmsghdr *nlh;
	size_t at;
	int err;

	for (at = 0; at < batch->kept_size;
	     at += sizeof(uint32_t) + NLMSG_ALIGN(nlh->nlmsg_len)) {
		nlh = (const struct nlmsghdr *)(const void *)(batch->kept + at +
		                                              sizeof(uint32_t));
		err = control_sets_step(change, nlh, &e->error);
		if (err < 0) {
			memcpy(&e->item, batch->kept + at, sizeof(e->item));
			return err;
		}
	}
	return 0;
}

/* The flows of an address can be ended, those of a port or an interface are not meant. */
static int check_kill(struct control_request *r, const struct control_batch *batch)
{
	if (batch->change || sets_change_brings_others(batch->sets))
		return ctlink_error_set(r->error, -EINVAL, 0,
		                        "only what is added to sets of addresses can end "
		                        "flows");
	return 0;
}

static int sets_commit(struct control_request *r, struct control_batch *batch,
                       uint16_t flags)
{
	struct control *c = r->client->control;
	struct rules_error e = { .item = 0 };
	int err;

	batch->sets = sets_change_new(rules_sets(c->env.rules), c->now_ns / NS_PER_MS);
	if (!batch->sets)
		return -ENOMEM;
	if (sets_run(batch, batch->sets, &e) < 0)
		return answer_step(r, batch, &e);
	err = flags & CTQ_BATCH_KILL ? check_kill(r, batch) : 0;
	if (err < 0 || flags & CTQ_BATCH_CHECK)
		return err;
	err = sets_change_commit(batch->sets);
	if (err < 0)
		return ctlink_error_set(r->error, err, 0, "no memory for the sets");
	return flags & CTQ_BATCH_KILL ? control_sets_kill(r, &batch->sets) : 0;
}

static int rules_commit(struct control_request *r, struct control_batch *batch,
                        uint16_t flags)
{
	struct control *c = r->client->control;
	struct rules_error e = { .item = 0 };
	struct sets_change *sets;
	int err;

	/* Another client's batch, or a reload, would be undone. */
	err = check_generation(r, batch->generation);
	if (err < 0)
		return err;
	sets = rules_change_sets(batch->change, c->now_ns / NS_PER_MS);
	if (!sets)
		return -ENOMEM;
	if (flags & CTQ_BATCH_KILL)
		return check_kill(r, batch);
	if (sets_run(batch, sets, &e) < 0 || rules_change_build(batch->change, &e) < 0)
		return answer_step(r, batch, &e);
	if (flags & CTQ_BATCH_CHECK)
		return 0;
	rules_change_commit(batch->change, clock_realtime_ns() / 1000000000u,
	                    clock_monotonic_ns() - batch->started_ns);
	control_ruleset_announce(c);
	return 0;
}

static int batch_end(struct control_request *r, struct control_batch *batch)
{
	uint16_t flags = 0;
	int err = ctlink_batch_end_parse(r->nlh, &flags, r->error);

	if (err == 0 && batch->spoilt)
		err = ctlink_error_set(r->error, -ECANCELED, 0,
		                       "the batch was refused: nothing has changed");
	else if (err == 0)
		err = batch->change ? rules_commit(r, batch, flags)
		                    : sets_commit(r, batch, flags);
	control_batch_close(r->client);
	return err;
}

int control_batch_message(struct control_request *r)
{
	struct control_batch *batch = r->client->batch;

	if (r->nlh->nlmsg_type == NFNL_MSG_BATCH_END)
		return batch_end(r, batch);
	if (r->nlh->nlmsg_type != NFNL_MSG_BATCH_BEGIN)
		return batch_step(r, batch);
	if (batch)
		return ctlink_error_set(r->error, -EBUSY, 0, "a batch is open already");
	return batch_begin(r);
}
