/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * queue.c - what all queues have in common: configuration, counters, who is unanswered
 */
#include "queue/queue.h"

#include <assert.h>
#include <string.h>

#include "queue/kernel_stats.h"
#include "queue/queue_priv.h"

void queue_config_init(struct queue_config *cfg, uint16_t number)
{
	*cfg = (struct queue_config){
		.number = number,
		.copy_range = QUEUE_COPY_RANGE_DEFAULT,
		.maxlen = QUEUE_MAXLEN_DEFAULT,
		.gso = true,
		.fd = -1,
	};
}

/* -- life --------------------------------------------------------------------------- */

int queue_open(const struct queue_ops *ops, const struct queue_config *cfg,
               struct queue **out, char error[QUEUE_TEXT_MAX])
{
	struct queue *q = NULL;
	int err;

	assert(cfg->copy_range >= 1 && cfg->copy_range <= QUEUE_COPY_RANGE_MAX);
	assert(cfg->maxlen >= 1);
	error[0] = '\0';
	*out = NULL;
	err = ops->open(cfg, &q, error);
	if (err)
		return err;
	q->ops = ops;
	q->cfg = *cfg;
	*out = q;
	return 0;
}

const char *queue_warning(const struct queue *q)
{
	return q->warning[0] ? q->warning : NULL;
}

int queue_fd(const struct queue *q)
{
	return q->fd;
}

const struct queue_config *queue_config_get(const struct queue *q)
{
	return &q->cfg;
}

int queue_drain(struct queue *q)
{
	return q->ops->drain(q);
}

void queue_close(struct queue *q)
{
	if (q)
		q->ops->close(q, true);
}

void queue_abandon(struct queue *q)
{
	if (q)
		q->ops->close(q, false);
}

/* -- packets ------------------------------------------------------------------------ */

static void note_received(struct queue *q, struct packet *packets, unsigned int n,
                          uint64_t now_ns)
{
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		packets[i].queue = q->cfg.number;
		packets[i].zone = q->cfg.zone;
		bytes += packets[i].length;
	}
	q->unanswered = n;
	queue_count(&q->count.packets, n);
	queue_count(&q->count.bytes, bytes);
	queue_count(&q->count.batches, 1);
	atomic_store_explicit(&q->since_ns, now_ns, memory_order_relaxed);
}

int queue_receive(struct queue *q, struct packet *packets, unsigned int max,
                  uint64_t now_ns)
{
	int n;

	assert(max >= 1 && max <= QUEUE_BATCH_MAX);
	assert(q->unanswered == 0);
	n = q->ops->receive(q, packets, max);
	if (n > 0)
		note_received(q, packets, (unsigned int)n, now_ns);
	return n;
}

static void count_verdict(struct queue *q, const struct packet_verdict *verdict)
{
	queue_count(verdict->accept ? &q->count.accepted : &q->count.dropped, 1);
}

static void held_add(struct queue *q, int more)
{
	atomic_store_explicit(&q->held, queue_held(q) + (uint32_t)more,
	                      memory_order_relaxed);
}

int queue_verdict(struct queue *q, const struct packet *packets,
                  const struct packet_verdict *verdicts, unsigned int n, uint64_t held)
{
	unsigned int i;
	int err;

	assert(n == q->unanswered);
	if (n == 0)
		return 0;
	err = q->ops->verdict(q, packets, verdicts, n, held);
	for (i = 0; i < n; i++) {
		if (!(held & (uint64_t)1 << i))
			count_verdict(q, &verdicts[i]);
	}
	held_add(q, __builtin_popcountll(held));
	q->unanswered = 0;
	atomic_store_explicit(&q->since_ns, 0, memory_order_relaxed);
	return err;
}

int queue_answer(struct queue *q, uint32_t id, const struct packet_verdict *verdict)
{
	int err;

	assert(queue_held(q) > 0);
	err = q->ops->answer(q, id, verdict);
	if (err)
		return err;
	held_add(q, -1);
	count_verdict(q, verdict);
	return 0;
}

int queue_flush(struct queue *q)
{
	return q->ops->flush(q);
}

uint32_t queue_held(const struct queue *q)
{
	return atomic_load_explicit(&q->held, memory_order_relaxed);
}

void queue_held_since_set(struct queue *q, uint64_t since_ns)
{
	atomic_store_explicit(&q->held_since_ns, since_ns, memory_order_relaxed);
}

/* -- numbers ------------------------------------------------------------------------ */

static uint64_t counter_read(const queue_counter *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void queue_stats_read(const struct queue *q, struct queue_stats *out)
{
	out->packets = counter_read(&q->count.packets);
	out->bytes = counter_read(&q->count.bytes);
	out->batches = counter_read(&q->count.batches);
	out->accepted = counter_read(&q->count.accepted);
	out->dropped = counter_read(&q->count.dropped);
	out->overruns = counter_read(&q->count.overruns);
	out->errors = counter_read(&q->count.errors);
	out->malformed = counter_read(&q->count.malformed);
	out->unsent = counter_read(&q->count.unsent);
}

static void read_kernel(struct queue_kernel_stats *kernel, struct queue_info *out)
{
	struct queue_kernel_row row;

	if (!kernel || queue_kernel_stats_read(kernel, out->number, &row))
		return;
	out->has_kernel = true;
	out->portid = row.portid;
	out->depth = row.depth;
	out->kernel_dropped = row.queue_dropped;
	out->user_dropped = row.user_dropped;
}

void queue_info_read(const struct queue *q, struct queue_kernel_stats *kernel,
                     uint64_t now_ns, struct queue_info *out)
{
	uint64_t since = counter_read(&q->since_ns);
	uint64_t held_since = counter_read(&q->held_since_ns);

	if (held_since && (!since || held_since < since))
		since = held_since;
	*out = (struct queue_info){
		.number = q->cfg.number,
		.cpu = -1,
		.gso = q->cfg.gso,
		.fail_open = q->cfg.fail_open,
		.maxlen = q->cfg.maxlen,
		.copy_range = q->cfg.copy_range,
		.receive_buffer = q->receive_buffer,
		.oldest_ns = since && now_ns > since ? now_ns - since : 0,
		.held = queue_held(q),
	};
	queue_stats_read(q, &out->stats);
	read_kernel(kernel, out);
}
