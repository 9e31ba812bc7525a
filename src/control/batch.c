/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * batch.c - transactions on rules and sets
 *
 * Between BATCH_BEGIN and BATCH_END messages are steps of a rules_change. The first one that
 * is refused is answered by its error and spoils the batch: what follows is read over up to
 * BATCH_END, and nothing changes. An error that shows only when all is put together (a jump to
 * a chain that nobody made) is answered with the header of the step that brought it.
 *
 * Steps on sets are kept as they came and done at BATCH_END: sets change by time and by other
 * clients while a batch is open. From there on the batch is commit.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "control/control_priv.h"
#include "ctlink/batch.h"
#include "ctlink/rule.h"

/* Longest batch, in messages: a rule set at its limits and its chains. */
#define BATCH_STEPS_MAX (RULES_MAX + RULES_CHAINS_MAX + CTQ_SET_SIZE_MAX + SETS_MAX + 1)

void control_batch_spoil(struct control_client *client)
{
	if (client->batch)
		client->batch->spoilt = true;
}

void control_batch_destroy(struct control *c, struct control_batch *batch)
{
	if (!batch)
		return;
	c->batches_length--;
	if (!batch->change)
		sets_change_destroy(batch->sets);
	rules_change_destroy(batch->change);
	free(batch->kept);
	free(batch->steps);
	free(batch);
}

void control_batch_close(struct control_client *client)
{
	control_batch_discard(client->control, client->batch);
	client->batch = NULL;
}

/* ---- begin ------------------------------------------------------------------------------------ */

static uint32_t generation_now(const struct control *c)
{
	return ruleset_generation(rules_peek(c->env.rules));
}

int control_generation_check(const struct control *c, uint32_t wanted,
                             struct ctlink_error *error)
{
	uint32_t now = generation_now(c);

	if (wanted == now)
		return 0;
	return ctlink_error_set(
		error, -ESTALE, 0,
		"the rules have changed: generation %u is in force, not %u", now, wanted);
}

static int check_begin(struct control_request *r, const struct ctlink_batch *begin)
{
	int err = 0;

	if (begin->subsystem != CTQ_SUBSYS_RULES && begin->subsystem != CTQ_SUBSYS_SETS)
		return ctlink_error_set(r->error, -EOPNOTSUPP, 0,
		                        "no transactions in subsystem 0x%02x",
		                        begin->subsystem);
	if (ctlink_has(begin, CTLINK_BATCH_GENERATION))
		err = control_generation_check(r->client->control, begin->generation,
		                               r->error);
	if (err < 0)
		r->error->offset = CTLINK_OFFSET(r->nlh, NFNL_BATCH_GENID);
	return err;
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

static int step_error(struct control_request *r, const struct rules_error *e)
{
	*r->error = e->error;
	if (e->attr)
		r->error->offset = ctlink_attr_offset(r->nlh, e->attr, e->number);
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

static int batch_end(struct control_request *r, struct control_batch *batch)
{
	uint16_t flags = 0;
	int err = ctlink_batch_end_parse(r->nlh, &flags, r->error);

	if (err == 0 && batch->spoilt)
		err = ctlink_error_set(r->error, -ECANCELED, 0,
		                       "the batch was refused: nothing has changed");
	if (err < 0) {
		control_batch_close(r->client);
		return err;
	}
	r->client->batch = NULL;
	return control_commit_start(r, batch, flags);
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
