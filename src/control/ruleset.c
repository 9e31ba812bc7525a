/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruleset.c - what is in force: the generation, its chains and rules
 *
 * A listing holds a reference to the generation it began with, so that a load meanwhile
 * changes nothing in it; then its end is marked as interrupted.
 */
#include <stdlib.h>
#include <string.h>

#include "control/control_priv.h"
#include "ctlink/rule.h"

/* ---- the generation -------------------------------------------------------------------------- */

static int put_info(const struct control *c, struct ctlink_message *m,
                    const struct ctlink_header *header)
{
	struct ctlink_ruleset_info value = { .has = 0 };
	struct ruleset_info info;

	ruleset_info_read(rules_peek(c->env.rules), &info);
	value.generation = info.generation;
	value.rules = info.rules;
	value.chains = info.chains;
	value.memory = info.memory_bytes;
	value.build = info.build_ns;
	value.loaded = info.loaded_s;
	strncpy(value.backend, info.backend, sizeof(value.backend) - 1);
	ctlink_mark(&value, CTLINK_RULESET_GENERATION);
	ctlink_mark(&value, CTLINK_RULESET_RULES);
	ctlink_mark(&value, CTLINK_RULESET_CHAINS);
	ctlink_mark(&value, CTLINK_RULESET_BACKEND);
	ctlink_mark(&value, CTLINK_RULESET_MEMORY);
	ctlink_mark(&value, CTLINK_RULESET_BUILD);
	if (info.loaded_s)
		ctlink_mark(&value, CTLINK_RULESET_LOADED);
	return ctlink_ruleset_info_build(m, header, &value);
}

int control_ruleset_get(struct control_request *r)
{
	struct ctlink_header header = control_answer_header(
		r->nlh, CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULESET_NEW), 0, 0);

	return put_info(r->client->control, r->m, &header);
}

void control_ruleset_announce(struct control *c)
{
	struct ctlink_header header;
	struct ctlink_message m;

	if (!(c->groups & 1u << CTQ_GROUP_RULES))
		return;
	header = control_announcement(c, CTQ_GROUP_RULES,
	                              CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULESET_NEW),
	                              0);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	if (put_info(c, &m, &header) == 0)
		control_groups_send(c, CTQ_GROUP_RULES, &m, 1);
	ctlink_message_fini(&m);
}

/* ---- listings ---------------------------------------------------------------------------------- */

struct ruleset_job {
	struct control_job job;
	const struct ruleset *ruleset;
	uint32_t position;
	/** Put the item at a position; 1: done, 0: there is none, or a negative errno. */
	int (*put)(const struct control *c, const struct ruleset_job *j,
	           struct ctlink_message *m);
};

static void ruleset_job_destroy(struct control_job *job)
{
	struct ruleset_job *j = base_container_of(job, struct ruleset_job, job);

	ruleset_put(j->ruleset);
	free(j);
}

static int put_chain(const struct control *c, const struct ruleset_job *j,
                     struct ctlink_message *m)
{
	struct ctlink_header header = control_answer_header(
		&j->job.request, CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_CHAIN_NEW),
		NLM_F_MULTI, 0);
	struct ctlink_chain chain;
	int err;

	if (!ruleset_chain_read(j->ruleset, j->position, &chain))
		return 0;
	err = ctlink_chain_build(m, &header, &chain);
	return err < 0 ? err : 1;
}

static int put_rule(const struct control *c, const struct ruleset_job *j,
                    struct ctlink_message *m)
{
	struct ctlink_header header = control_answer_header(
		&j->job.request, CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_NEW),
		NLM_F_MULTI, 0);
	struct ctlink_rule rule;
	int err;

	if (!ruleset_rule_read(j->ruleset, j->position,
	                       (uint32_t)(c->now_ns / 1000000000u), &rule))
		return 0;
	err = ctlink_rule_build(m, &header, &rule);
	return err < 0 ? err : 1;
}

static int ruleset_job_step(struct control_client *client, struct control_job *job,
                            struct ctlink_message *m)
{
	struct ruleset_job *j = base_container_of(job, struct ruleset_job, job);
	const struct control *c = client->control;
	int put;

	while ((put = j->put(c, j, m)) == 1)
		j->position++;
	job->interrupted = ruleset_generation(j->ruleset) !=
	                   ruleset_generation(rules_peek(c->env.rules));
	if (put == -EMSGSIZE && m->count)
		return 1;
	return put;
}

static int list(struct control_request *r,
                int (*put)(const struct control *c, const struct ruleset_job *j,
                           struct ctlink_message *m))
{
	struct ruleset_job *j;
	int err = control_list_room(r);

	if (err < 0)
		return err;
	j = calloc(1, sizeof(*j));
	if (!j)
		return ctlink_error_set(r->error, -ENOMEM, 0, "no memory");
	j->job.step = ruleset_job_step;
	j->job.destroy = ruleset_job_destroy;
	j->ruleset = rules_find(r->client->control->env.rules);
	j->job.generation = ruleset_generation(j->ruleset);
	j->put = put;
	return control_job_start(r, &j->job, true);
}

int control_chain_get(struct control_request *r)
{
	return list(r, put_chain);
}

int control_rule_get(struct control_request *r)
{
	return list(r, put_rule);
}
