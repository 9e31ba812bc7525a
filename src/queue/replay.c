/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "queue/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "queue/explain.h"
#include "queue/queue_priv.h"

struct replay {
	struct queue queue;
	struct queue_replay *source;
};

static struct queue_replay *source_of(struct queue *q)
{
	return base_container_of(q, struct replay, queue)->source;
}

static int replay_open(const struct queue_config *cfg, struct queue **out, char *error)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (!r) {
		explain_refusal(error, cfg->number, "open", -ENOMEM);
		return -ENOMEM;
	}
	r->source = cfg->source;
	r->queue.fd = -1;
	*out = &r->queue;
	return 0;
}

static int replay_receive(struct queue *q, struct packet *packets, unsigned int max)
{
	struct queue_replay *source = source_of(q);
	unsigned int n = 0;

	if (source->batch && source->batch < max)
		max = source->batch;
	while (n < max && source->next < source->n && !source->drained) {
		packets[n] = source->packets[source->next++];
		packets[n++].id = source->next;
	}
	return (int)n;
}

static void note(struct queue_replay *source, uint32_t id,
                 const struct packet_verdict *verdict)
{
	struct queue_replay_answer *answer;

	if (id == 0 || id > source->next) {
		source->misanswered++;
		return;
	}
	answer = &source->answers[id - 1];
	source->misanswered += answer->times++ > 0;
	answer->order = ++source->answered;
	answer->verdict = *verdict;
}

static int take_error(struct queue_replay *source)
{
	int err = source->verdict_error;

	source->verdict_error = 0;
	return err;
}

static int replay_verdict(struct queue *q, const struct packet *packets,
                          const struct packet_verdict *verdicts, unsigned int n,
                          uint64_t held)
{
	struct queue_replay *source = source_of(q);
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!(held & (uint64_t)1 << i))
			note(source, packets[i].id, &verdicts[i]);
	return take_error(source);
}

static int replay_answer(struct queue *q, uint32_t id,
                         const struct packet_verdict *verdict)
{
	int err = take_error(source_of(q));

	if (!err)
		note(source_of(q), id, verdict);
	return err;
}

static int replay_flush(struct queue *q)
{
	return take_error(source_of(q));
}

static int replay_drain(struct queue *q)
{
	source_of(q)->drained = true;
	return 0;
}

static void replay_close(struct queue *q, bool unbind)
{
	source_of(q)->closed = true;
	source_of(q)->unbound = unbind;
	free(base_container_of(q, struct replay, queue));
}

const struct queue_ops queue_replay = {
	.name = "replay",
	.open = replay_open,
	.receive = replay_receive,
	.verdict = replay_verdict,
	.answer = replay_answer,
	.flush = replay_flush,
	.drain = replay_drain,
	.close = replay_close,
};
