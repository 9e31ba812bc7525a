/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "base/base.h"
#include "queue/queue.h"
#include "queue/replay.h"

/* calloc is wrapped in this program, so that a test can let it fail. */
static int allocations_left = -1;
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	if (allocations_left == 0) {
		errno = ENOMEM;
		return NULL;
	}
	if (allocations_left > 0)
		allocations_left--;
	return __real_calloc(n, size);
}

#define PACKETS 200

static struct packet stored[PACKETS];
static struct queue_replay_answer answers[PACKETS];
static struct queue_replay source;
static struct packet packets[QUEUE_BATCH_MAX];
static struct packet_verdict verdicts[QUEUE_BATCH_MAX];

static struct queue *open_replay(uint32_t n)
{
	char error[QUEUE_TEXT_MAX];
	struct queue_config cfg;
	struct queue *q;
	uint32_t i;

	for (i = 0; i < n; i++)
		stored[i].length = 100;
	source = (struct queue_replay){ .packets = stored, .answers = answers, .n = n };
	queue_config_init(&cfg, 5);
	cfg.zone = 9;
	cfg.source = &source;
	cr_assert_eq(queue_open(&queue_replay, &cfg, &q, error), 0);
	return q;
}

/* Receive, and answer all but @held: even ids are accepted, odd ones dropped. */
static int step(struct queue *q, unsigned int max, uint64_t held)
{
	int i, n = queue_receive(q, packets, max, 1000);

	for (i = 0; i < n; i++)
		verdicts[i] = (struct packet_verdict){ .accept = packets[i].id % 2 == 0 };
	if (n > 0)
		cr_assert_eq(queue_verdict(q, packets, verdicts, (unsigned int)n, held),
		             0);
	return n;
}

/* Q1 */
Test(queue, every_packet_is_answered_once_and_in_order)
{
	struct queue *q = open_replay(PACKETS);
	struct queue_stats stats;
	uint32_t i;

	cr_assert_null(queue_warning(q));
	while (step(q, 64, 0) > 0)
		;
	for (i = 0; i < PACKETS; i++) {
		cr_assert_eq(answers[i].times, 1);
		cr_assert_eq(answers[i].order, i + 1);
		cr_assert_eq(answers[i].verdict.accept, (i + 1) % 2 == 0);
	}
	cr_assert_eq(source.misanswered, 0);
	queue_stats_read(q, &stats);
	cr_assert_eq(stats.packets, PACKETS);
	cr_assert_eq(stats.bytes, PACKETS * 100);
	cr_assert_eq(stats.batches, 4);
	cr_assert_eq(stats.accepted, PACKETS / 2);
	cr_assert_eq(stats.dropped, PACKETS / 2);
	queue_close(q);
	cr_assert(source.closed && source.unbound);
}

Test(queue, packets_carry_queue_and_zone)
{
	struct queue *q = open_replay(1);

	cr_assert_eq(step(q, 1, 0), 1);
	cr_assert_eq(packets[0].queue, 5);
	cr_assert_eq(packets[0].zone, 9);
	cr_assert_eq(queue_config_get(q)->number, 5);
	queue_close(q);
}

/* Q1 */
Test(queue, held_packets_are_answered_later)
{
	static const struct packet_verdict pass = { .accept = true };
	struct queue *q = open_replay(3);
	struct queue_stats stats;

	cr_assert_eq(step(q, 64, 1 << 1), 3);
	cr_assert_eq(queue_held(q), 1);
	cr_assert_eq(answers[0].times, 1);
	cr_assert_eq(answers[1].times, 0);
	cr_assert_eq(answers[2].times, 1);
	cr_assert_eq(queue_answer(q, 2, &pass), 0);
	cr_assert_eq(queue_held(q), 0);
	cr_assert_eq(answers[1].times, 1);
	queue_stats_read(q, &stats);
	cr_assert_eq(stats.accepted, 1);
	cr_assert_eq(stats.dropped, 2);
	cr_assert_eq(source.misanswered, 0);
	queue_close(q);
}

Test(queue, shows_how_long_packets_wait)
{
	struct queue *q = open_replay(3);
	struct queue_info info;

	cr_assert_eq(queue_receive(q, packets, 64, 5000), 3);
	queue_info_read(q, NULL, 5700, &info);
	cr_assert_eq(info.oldest_ns, 700);
	queue_info_read(q, NULL, 4000, &info);
	cr_assert_eq(info.oldest_ns, 0, "clocks of two threads may differ");
	cr_assert_eq(queue_verdict(q, packets, verdicts, 3, 0), 0);
	queue_info_read(q, NULL, 9000, &info);
	cr_assert_eq(info.oldest_ns, 0);
	cr_assert_eq(info.number, 5);
	cr_assert_eq(info.maxlen, QUEUE_MAXLEN_DEFAULT);
	cr_assert_eq(info.copy_range, QUEUE_COPY_RANGE_DEFAULT);
	cr_assert_eq(info.cpu, -1);
	cr_assert_not(info.has_kernel);
	queue_close(q);
}

Test(queue, drained_it_gives_nothing_more)
{
	struct queue *q = open_replay(PACKETS);

	cr_assert_eq(step(q, 64, 0), 64);
	cr_assert_eq(queue_drain(q), 0);
	cr_assert_eq(step(q, 64, 0), 0);
	queue_close(q);
}

Test(queue, abandoned_it_stays_bound)
{
	struct queue *q = open_replay(1);

	queue_abandon(q);
	cr_assert(source.closed && !source.unbound);
	queue_close(NULL);
	queue_abandon(NULL);
}

Test(queue, a_failure_to_send_is_returned_once)
{
	struct queue *q = open_replay(2);

	source.verdict_error = -ENOBUFS;
	cr_assert_eq(queue_receive(q, packets, 1, 0), 1);
	cr_assert_eq(queue_verdict(q, packets, verdicts, 1, 0), -ENOBUFS);
	cr_assert_eq(step(q, 1, 0), 1);
	queue_close(q);
}

Test(queue, an_answer_that_finds_no_room_leaves_the_packet_held)
{
	static const struct packet_verdict pass = { .accept = true };
	struct queue *q = open_replay(1);
	struct queue_stats stats;

	cr_assert_eq(step(q, 1, 1), 1);
	source.verdict_error = -ENOBUFS;
	cr_assert_eq(queue_answer(q, 1, &pass), -ENOBUFS);
	cr_assert_eq(queue_held(q), 1);
	queue_stats_read(q, &stats);
	cr_assert_eq(stats.accepted, 0);
	source.verdict_error = -ENOBUFS;
	cr_assert_eq(queue_flush(q), -ENOBUFS);
	cr_assert_eq(queue_answer(q, 1, &pass), 0);
	cr_assert_eq(queue_flush(q), 0);
	cr_assert_eq(queue_held(q), 0);
	cr_assert_eq(source.answers[0].times, 1);
	queue_close(q);
}

Test(queue, answering_other_packets_than_received_is_our_mistake, .signal = 6)
{
	struct queue *q = open_replay(2);

	queue_receive(q, packets, 2, 0);
	queue_verdict(q, packets, verdicts, 1, 0);
}

Test(queue, receiving_before_answering_is_our_mistake, .signal = 6)
{
	struct queue *q = open_replay(2);

	queue_receive(q, packets, 1, 0);
	queue_receive(q, packets, 1, 0);
}

Test(queue, the_replay_notices_wrong_answers)
{
	static const struct packet_verdict pass = { .accept = true };
	struct queue *q = open_replay(3);

	cr_assert_eq(step(q, 3, 7), 3);
	queue_answer(q, 1, &pass);
	queue_answer(q, 1, &pass);
	queue_answer(q, 4, &pass);
	cr_assert_eq(source.misanswered, 2);
	queue_close(q);
}

Test(queue, without_memory_there_is_none)
{
	static const struct queue_ops *const kinds[] = { &queue_replay, &queue_netlink };
	char error[QUEUE_TEXT_MAX];
	struct queue_config cfg;
	struct queue *q;
	size_t i;

	queue_config_init(&cfg, 5);
	cfg.source = &source;
	for (i = 0; i < BASE_ARRAY_LENGTH(kinds); i++) {
		allocations_left = 0;
		cr_assert_eq(queue_open(kinds[i], &cfg, &q, error), -ENOMEM);
		cr_assert_null(q);
		cr_assert_str_eq(error, "queue 5: cannot open: cannot allocate memory");
	}
	allocations_left = 1; /* the queue, but not its buffers */
	cr_assert_eq(queue_open(&queue_netlink, &cfg, &q, error), -ENOMEM);
	allocations_left = -1;
}
