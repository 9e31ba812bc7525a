/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * queue_tool.c - a program that has nothing but src/queue, for its tests
 *
 *	queue-tool [option=value ...]
 *
 *	queue=5          NFQUEUE number
 *	verdict=accept   drop | mark (accept, mark is the UDP destination port)
 *	                 | odd (drop what goes to an odd UDP port)
 *	hold=10          hold every tenth packet until the next hundred have been answered,
 *	                 then drop it
 *	maxlen= range= buffer= gso= fail-open=      as in struct queue_config
 *	packets=100      end after so many
 *	deaf=1           receive nothing until SIGUSR1
 *	leave=1          at the end, do not drain and do not unbind
 *	fd=3             take this socket over
 *	-- COMMAND       at the end, become COMMAND, which gets "fd=N" with the socket; what
 *	                 is held stays unanswered
 *
 * Says "ready" when bound. Ends at SIGTERM: drains, and prints counters, one "name=value"
 * a line. A refusal goes to stderr, exit status 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "queue/kernel_stats.h"
#include "queue/queue.h"

#define HELD_MAX 1024

static volatile sig_atomic_t stopping, hearing;

static struct options {
	struct queue_config cfg;
	const char *verdict;
	unsigned long packets;
	unsigned int hold;
	bool leave;
	char **successor;
} options;

static uint32_t held[HELD_MAX];
static unsigned int held_length;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		hearing = 1;
	else
		stopping = 1;
}

static void set_option(const char *name, unsigned long value)
{
	if (!strcmp(name, "queue"))
		options.cfg.number = (uint16_t)value;
	else if (!strcmp(name, "maxlen"))
		options.cfg.maxlen = (uint32_t)value;
	else if (!strcmp(name, "range"))
		options.cfg.copy_range = (uint32_t)value;
	else if (!strcmp(name, "buffer"))
		options.cfg.receive_buffer = (uint32_t)value;
	else if (!strcmp(name, "gso"))
		options.cfg.gso = value;
	else if (!strcmp(name, "fail-open"))
		options.cfg.fail_open = value;
	else if (!strcmp(name, "fd"))
		options.cfg.fd = (int)value;
	else if (!strcmp(name, "packets"))
		options.packets = value;
	else if (!strcmp(name, "hold"))
		options.hold = (unsigned int)value;
	else if (!strcmp(name, "deaf"))
		hearing = !value;
	else if (!strcmp(name, "leave"))
		options.leave = value;
	else
		exit(2);
}

static void parse_options(char **argv)
{
	char *value;

	queue_config_init(&options.cfg, 0);
	options.verdict = "accept";
	hearing = 1;
	while (*++argv && strcmp(*argv, "--") != 0) {
		value = strchr(*argv, '=');
		if (!value)
			exit(2);
		*value++ = '\0';
		if (!strcmp(*argv, "verdict"))
			options.verdict = value;
		else
			set_option(*argv, strtoul(value, NULL, 0));
	}
	if (*argv)
		options.successor = argv + 1;
}

static void judge(struct packet *p, struct packet_verdict *v)
{
	uint16_t port;

	packet_parse(p);
	port = ntohs(p->tuple.dst_id);
	*v = (struct packet_verdict){ .accept = true };
	if (!strcmp(options.verdict, "drop"))
		v->accept = false;
	else if (!strcmp(options.verdict, "odd"))
		v->accept = port % 2 == 0;
	else if (!strcmp(options.verdict, "mark"))
		*v = (struct packet_verdict){ .accept = true,
			                      .set_mark = true,
			                      .mark = port };
}

static void answer_held(struct queue *q)
{
	static const struct packet_verdict drop = { .accept = false };
	unsigned int i;

	for (i = 0; i < held_length; i++)
		if (queue_answer(q, held[i], &drop) < 0)
			fprintf(stderr, "queue-tool: a held packet stays\n");
	queue_flush(q);
	held_length = 0;
}

/* Every options.hold-th packet is held, and all held ones are answered now and then. */
static uint64_t choose_held(struct packet *packets, unsigned int n)
{
	static unsigned long seen;
	uint64_t bits = 0;
	unsigned int i;

	for (i = 0; options.hold && i < n; i++) {
		if (++seen % options.hold || held_length == HELD_MAX)
			continue;
		held[held_length++] = packets[i].id;
		bits |= (uint64_t)1 << i;
	}
	return bits;
}

/* Up to @max packets; returns their number. */
static int step(struct queue *q, unsigned long max)
{
	struct packet packets[QUEUE_BATCH_MAX];
	struct packet_verdict verdicts[QUEUE_BATCH_MAX];
	static unsigned int answered;
	int i, n;

	n = queue_receive(q, packets, max < QUEUE_BATCH_MAX ? max : QUEUE_BATCH_MAX,
	                  clock_monotonic_ns());
	if (n < 0) {
		fprintf(stderr, "receive: %s\n", strerror(-n));
		exit(1);
	}
	for (i = 0; i < n; i++)
		judge(&packets[i], &verdicts[i]);
	if (n && queue_verdict(q, packets, verdicts, (unsigned int)n,
	                       choose_held(packets, (unsigned int)n)))
		perror("verdict");
	answered += (unsigned int)n;
	if (answered >= 100 || n == 0) {
		answer_held(q);
		answered = 0;
	}
	return n;
}

static void run(struct queue *q)
{
	struct pollfd pfd = { .fd = queue_fd(q), .events = POLLIN };
	unsigned long left = options.packets ? options.packets : ~0ul;
	sigset_t blocked, waiting;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, &waiting);
	while (!stopping && left) {
		pfd.events = hearing ? POLLIN : 0;
		if (ppoll(&pfd, 1, NULL, &waiting) > 0 && hearing)
			left -= (unsigned long)step(q, left);
	}
	sigprocmask(SIG_SETMASK, &waiting, NULL);
}

static void print_counters(const struct queue *q, struct queue_kernel_stats *kernel)
{
	struct queue_info info;

	queue_info_read(q, kernel, clock_monotonic_ns(), &info);
	printf("packets=%lu\nbatches=%lu\naccepted=%lu\ndropped=%lu\n",
	       info.stats.packets, info.stats.batches, info.stats.accepted,
	       info.stats.dropped);
	printf("errors=%lu\nmalformed=%lu\noverruns=%lu\nunsent=%lu\n", info.stats.errors,
	       info.stats.malformed, info.stats.overruns, info.stats.unsent);
	printf("buffer=%u\ndepth=%u\nkernel-dropped=%u\nuser-dropped=%u\n",
	       info.receive_buffer, info.depth, info.kernel_dropped, info.user_dropped);
	printf("owner=%u\n", info.portid);
}

/* Run the program behind "--" with "fd=N" for its last argument. */
static void hand_over(const struct queue *q)
{
	char argument[32];
	int fd = dup(queue_fd(q)), n = 0;
	char *argv[64];

	for (; options.successor[n] && n < 62; n++)
		argv[n] = options.successor[n];
	snprintf(argument, sizeof(argument), "fd=%d", fd);
	argv[n++] = argument;
	argv[n] = NULL;
	fflush(stdout);
	execv(argv[0], argv);
	perror("exec");
	exit(1);
}

int main(int argc, char **argv)
{
	struct queue_kernel_stats *kernel = NULL;
	char error[QUEUE_TEXT_MAX];
	struct sigaction action = { .sa_handler = on_signal };
	struct queue *q;

	(void)argc;
	parse_options(argv);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	if (queue_open(&queue_netlink, &options.cfg, &q, error)) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	if (queue_warning(q))
		fprintf(stderr, "%s\n", queue_warning(q));
	if (queue_kernel_stats_open(&kernel))
		kernel = NULL;
	printf("ready\n");
	fflush(stdout);
	run(q);
	if (options.successor)
		hand_over(q);
	if (!options.leave) {
		queue_drain(q);
		while (step(q, QUEUE_BATCH_MAX) > 0 || queue_held(q))
			;
	}
	print_counters(q, kernel);
	queue_kernel_stats_close(kernel);
	if (options.leave)
		queue_abandon(q);
	else
		queue_close(q);
	return 0;
}
