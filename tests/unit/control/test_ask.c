/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions: announced, listed, answered, settled. */
#include <criterion/criterion.h>

#include <errno.h>
#include <unistd.h>

#include "../packet/wire.h"
#include "../rules/ask_all.h"
#include "ctlink/ask.h"
#include "path/ask.h"
#include "server.h"

#define ASK(message) CTLINK_TYPE(CTQ_SUBSYS_ASK, CTQ_MSG_ASK_##message)

static struct answers answers;
static struct server s;
static int fd;

static void begin(void)
{
	s = server_new(0, NULL);
	rules_ask_all(s.rules);
	fd = server_connect(&s);
	server_subscribe(&s, fd, 1u << CTQ_GROUP_ASK);
}

static void end(void)
{
	if (fd >= 0)
		close(fd);
	path_held_close(path_worker(s.path, 0), s.flows.now_ns);
	while (path_held_peek(path_worker(s.path, 0)))
		path_held_drop(path_worker(s.path, 0));
	server_run(&s);
	server_end(&s);
}

TestSuite(ask, .init = begin, .fini = end, .timeout = 20);

/* A packet enters; does it wait? */
static bool enter(uint16_t port)
{
	struct wire w = wire_ip4(IPPROTO_UDP);
	struct packet_verdict v;
	struct packet p;
	bool waits;

	wire_udp(&w, port, 53, 4);
	wire_finish(&w);
	p = wire_packet(&w);
	p.hook = PACKET_HOOK_PREROUTING;
	p.id = port;
	waits = path_batch(path_worker(s.path, 0), &p, &v, 1, s.flows.now_ns);
	server_run(&s);
	return waits;
}

/* What worker 0 does in a round. True: a packet was released, and accepted. */
static bool step(void)
{
	struct path_worker *w = path_worker(s.path, 0);
	const struct path_released *r;
	bool accepted = false;

	path_held_step(w, s.flows.now_ns);
	while ((r = path_held_peek(w)) != NULL) {
		accepted |= r->verdict.accept;
		path_held_drop(w);
	}
	server_run(&s);
	return accepted;
}

/* The messages of that type that @client has read: how many, and the last one. */
static unsigned int heard(int client, uint16_t type, struct ctlink_ask *last)
{
	const struct nlmsghdr *nlh = NULL;
	unsigned int n;

	server_read(&s, client, &answers);
	n = answers_count(&answers, type, &nlh);
	if (n)
		cr_assert_eq(ctlink_ask_parse(nlh, last, NULL), 0);
	return n;
}

static int answer(uint32_t id, uint8_t verdict, uint8_t scope)
{
	struct ctlink_header header = { .type = ASK(ANSWER),
		                        .flags = NLM_F_REQUEST | NLM_F_ACK };
	struct ctlink_ask value = { .id = id, .verdict = verdict, .scope = scope };
	struct ctlink_message m;

	ctlink_mark(&value, CTLINK_ASK_ID);
	if (verdict)
		ctlink_mark(&value, CTLINK_ASK_VERDICT);
	if (scope)
		ctlink_mark(&value, CTLINK_ASK_SCOPE);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_ask_build(&m, &header, &value), 0);
	server_ask(&s, fd, &m);
	ctlink_message_fini(&m);
	server_read(&s, fd, &answers);
	return answers_error(&answers).code;
}

static unsigned int list(struct ctlink_ask *last)
{
	struct ctlink_message m;

	request(&m, ASK(GET), NLM_F_REQUEST | NLM_F_DUMP);
	server_ask(&s, fd, &m);
	ctlink_message_fini(&m);
	return heard(fd, ASK(NEW), last);
}

Test(ask, a_question_is_announced_listed_and_answered)
{
	struct ctlink_ask ask, listed;

	cr_assert(enter(1024));
	cr_assert_eq(heard(fd, ASK(NEW), &ask), 1);
	cr_expect_eq(ask.id, 1);
	cr_expect_eq(ask.left, 30000);
	cr_expect_eq(ask.without_answer, CTQ_VERDICT_DROP);
	cr_expect_eq(ask.packet.sport, 1024);
	cr_expect_eq(ask.packet.verdict, CTQ_VERDICT_ASK);
	cr_expect(ctlink_has(&ask.packet, CTLINK_PACKET_RULE));
	cr_expect_eq(ask.packet.data_size, 32, "its bytes");
	cr_assert(enter(1025));
	cr_assert_eq(heard(fd, ASK(NEW), &ask), 1);
	cr_expect_eq(list(&listed), 2);
	cr_expect_eq(listed.id, 2);
	cr_expect_eq(answer(1, CTQ_VERDICT_ACCEPT, 0), 0);
	cr_expect_eq(answer(1, CTQ_VERDICT_DROP, 0), -ENOENT, "it is answered");
	cr_expect_eq(list(&listed), 1);
	cr_expect(step());
	cr_assert_eq(heard(fd, ASK(DEL), &ask), 1);
	cr_expect_eq(ask.id, 1);
	cr_expect_eq(ask.reason, CTQ_ACCEPT_ASKED);
}

Test(ask, an_answer_must_make_sense)
{
	cr_assert(enter(1024));
	cr_expect_eq(answer(2, CTQ_VERDICT_ACCEPT, 0), -ENOENT);
	cr_expect_eq(answer(1, 0, 0), -EINVAL);
	cr_expect_eq(answer(1, CTQ_VERDICT_REJECT, 0), -EINVAL);
	cr_expect_eq(answer(1, CTQ_VERDICT_DROP, 3), -EINVAL);
	cr_expect_eq(answer(1, CTQ_VERDICT_DROP, CTQ_ASK_FLOW), 0);
	cr_expect_not(step());
}

Test(ask, answers_that_nobody_takes_are_refused)
{
	struct ctlink_ask unused;
	uint16_t i;
	int err = 0;

	for (i = 0; i < 4096 && !err; i++)
		err = path_ask_answer(s.path, 0, 0, 0, true, false);
	cr_assert_eq(err, -EBUSY);
	cr_assert(enter(1024));
	cr_expect_eq(answer(1, CTQ_VERDICT_ACCEPT, 0), -EBUSY);
	cr_expect_eq(list(&unused), 1, "it stands");
	step();
	cr_expect_eq(answer(1, CTQ_VERDICT_ACCEPT, 0), 0);
	cr_expect(step());
}

Test(ask, who_leaves_is_not_waited_for)
{
	int other = server_connect(&s);

	server_subscribe(&s, other, 1u << CTQ_GROUP_ASK);
	cr_assert(enter(1024));
	server_subscribe(&s, other, 0);
	cr_expect_eq(server_wakes, 0, "one listens still");
	server_subscribe(&s, fd, 0);
	cr_expect_eq(server_wakes, 1);
	step();
	cr_expect_eq(path_held_count(path_worker(s.path, 0)), 0);
	cr_expect_not(enter(1025));
	server_subscribe(&s, fd, 1u << CTQ_GROUP_ASK);
	cr_expect(enter(1026));
	close(fd);
	fd = -1;
	server_run(&s);
	cr_expect_eq(server_wakes, 2);
	cr_expect_not(enter(1027));
	close(other);
}

Test(ask, the_deadline_is_announced)
{
	struct ctlink_ask ask;

	cr_assert(enter(1024));
	s.flows.now_ns += 30000000000u;
	cr_expect_not(step());
	cr_assert_eq(heard(fd, ASK(DEL), &ask), 1);
	cr_expect_eq(ask.reason, CTQ_DROP_ASK_TIMEOUT);
	cr_expect_eq(list(&ask), 0);
}
