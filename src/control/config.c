/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.c - the configuration in force, as a text in pieces
 *
 * The daemon's own words for it are a file that it would take; what is sent is that text, cut
 * between lines so that each piece fits a message.
 */
#include <stdlib.h>
#include <string.h>

#include "control/control_priv.h"
#include "ctlink/daemon.h"

struct config_job {
	struct control_job job;
	char *text;
	size_t sent; /* bytes of it */
};

static void config_destroy(struct control_job *job)
{
	struct config_job *j = base_container_of(job, struct config_job, job);

	free(j->text);
	free(j);
}

/* Bytes of the next piece: whole lines, but for a line that is longer than a piece. */
static size_t piece_length(const char *text)
{
	size_t length = strnlen(text, CTQ_CONFIG_TEXT_MAX - 1);
	const char *end = memrchr(text, '\n', length);

	return text[length] && end ? (size_t)(end + 1 - text) : length;
}

static int put_piece(const struct control_job *job, struct ctlink_message *m,
                     const char *text, size_t length)
{
	struct ctlink_header header = control_answer_header(
		&job->request, CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_CONFIG_NEW),
		NLM_F_MULTI, 0);
	struct ctlink_config value = { .has = 0 };
	int err = ctlink_string_set(&value.text, text, length, NULL);

	if (err == 0) {
		ctlink_mark(&value, CTLINK_CONFIG_TEXT);
		err = ctlink_config_build(m, &header, &value);
	}
	ctlink_config_fini(&value, NULL);
	return err;
}

/* One piece for each datagram: nobody is in a hurry. */
static int config_step(struct control_client *client, struct control_job *job,
                       struct ctlink_message *m)
{
	struct config_job *j = base_container_of(job, struct config_job, job);
	size_t length = piece_length(j->text + j->sent);
	int err = put_piece(job, m, j->text + j->sent, length);

	j->sent += length;
	return err < 0 ? err : j->text[j->sent] != '\0';
}

static int wants_defaults(struct control_request *r, bool *defaults)
{
	struct ctlink_config request = { .has = 0 };
	int err = ctlink_config_parse(r->nlh, &request, NULL, r->error);

	*defaults = ctlink_has(&request, CTLINK_CONFIG_DEFAULTS);
	ctlink_config_fini(&request, NULL);
	return err;
}

int control_config_get(struct control_request *r)
{
	const struct control_env *env = &r->client->control->env;
	bool defaults = false;
	struct config_job *j;
	int err = wants_defaults(r, &defaults);

	if (err == 0)
		err = control_list_room(r);
	if (err < 0)
		return err;
	if (!env->config_text)
		return ctlink_error_set(r->error, -EOPNOTSUPP, 0,
		                        "this daemon has no configuration");
	j = calloc(1, sizeof(*j));
	if (!j)
		return ctlink_error_set(r->error, -ENOMEM, 0, "no memory");
	j->job.step = config_step;
	j->job.destroy = config_destroy;
	j->text = env->config_text(env->ctx, defaults);
	if (j->text)
		return control_job_start(r, &j->job, true);
	free(j);
	return ctlink_error_set(r->error, -ENOMEM, 0, "no memory");
}
