/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions that have ended: their turns, and what others may do meanwhile. Each step of the
 * server takes a commit through one phase at most, so that it has not ended after a few. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "batch.h"
#include "ctlink/batch.h"
#include "ctlink/set.h"
#include "server.h"

#define STATUS CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_GET)
#define ANSWER CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_NEW)

static struct answers answers;

static void step(struct server *s)
{
	control_step(s->control, s->flows.now_ns);
}

static void say(int fd, const struct ctlink_message *m)
{
	cr_assert_eq(send(fd, m->data, m->size, 0), m->size);
}

/* A chain of one rule, from BEGIN to END. */
static void rules_batch(struct ctlink_message *m)
{
	batch_put_begin(m, 0);
	batch_put_chain(m, "prerouting");
	batch_put_rule(m, NULL, 3);
	cr_assert_eq(ctlink_batch_end_build(m, 99, CTQ_SUBSYS_RULES, NLM_F_ACK), 0);
}

/* A set of that name, from BEGIN to END. */
static void sets_batch(struct ctlink_message *m, char *name)
{
	struct ctlink_header header = {
		.type = CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_SET_NEW),
		.flags = NLM_F_REQUEST | NLM_F_EXCL,
	};
	struct ctlink_batch begin = { .subsystem = CTQ_SUBSYS_SETS };
	struct ctlink_set set = { .name = name, .type = CTQ_SET_ADDRESS };

	ctlink_mark(&set, CTLINK_SET_NAME);
	ctlink_mark(&set, CTLINK_SET_TYPE);
	ctlink_message_init(m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_batch_begin_build(m, 1, &begin), 0);
	cr_assert_eq(ctlink_set_build(m, &header, &set), 0);
	cr_assert_eq(ctlink_batch_end_build(m, 99, CTQ_SUBSYS_SETS, NLM_F_ACK), 0);
}

static int answer_code(struct server *s, int fd)
{
	server_read(s, fd, &answers);
	return answers_error(&answers).code;
}

Test(commit, others_are_answered_while_rules_come_into_force)
{
	struct server s = server_new(0, NULL);
	int loader = server_connect(&s), other = server_connect(&s);
	struct ctlink_message m, status;
	uint8_t datagram[4096];

	rules_batch(&m);
	say(loader, &m);
	step(&s);
	cr_assert(control_is_committing(s.control));
	request(&status, STATUS, 0);
	say(other, &status);
	step(&s);
	cr_assert_gt(recv(other, datagram, sizeof(datagram), 0), 0, "answered");
	cr_assert(control_is_committing(s.control), "before the load is through");
	cr_assert_eq(recv(loader, datagram, sizeof(datagram), 0), -1);
	cr_assert_eq(server_generation(&s), 1);
	server_run(&s);
	cr_assert_eq(answer_code(&s, loader), 0);
	cr_assert_eq(server_generation(&s), 2, "acknowledged when in force");
	ctlink_message_fini(&m);
	ctlink_message_fini(&status);
	close(loader);
	close(other);
	server_end(&s);
}

Test(commit, what_a_client_asks_behind_its_batch_waits_for_it)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	const struct nlmsghdr *nlh;
	struct ctlink_datagram d;
	struct ctlink_message m, status;

	rules_batch(&m);
	request(&status, STATUS, 0);
	say(fd, &m);
	say(fd, &status);
	server_run(&s);
	server_read(&s, fd, &answers);
	ctlink_datagram_init(&d, answers.data, answers.size);
	cr_assert_eq(ctlink_datagram_next(&d, &nlh, NULL), 1);
	cr_assert_eq(nlh->nlmsg_type, NLMSG_ERROR, "the acknowledgement");
	cr_assert_eq(ctlink_datagram_next(&d, &nlh, NULL), 1);
	cr_assert_eq(nlh->nlmsg_type, ANSWER);
	ctlink_message_fini(&m);
	ctlink_message_fini(&status);
	close(fd);
	server_end(&s);
}

Test(commit, a_batch_that_has_ended_comes_into_force_without_its_client)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_message m;

	rules_batch(&m);
	say(fd, &m);
	step(&s);
	cr_assert(control_is_committing(s.control));
	close(fd);
	server_run(&s);
	cr_assert_eq(server_generation(&s), 2);
	ctlink_message_fini(&m);
	server_end(&s);
}

/* The second set of that name finds the first: the one that ended first was first. */
Test(commit, batches_that_have_ended_take_turns)
{
	struct server s = server_new(0, NULL);
	int loader = server_connect(&s), first = server_connect(&s),
	    second = server_connect(&s);
	struct ctlink_message rules, sets;
	char name[] = "s";

	rules_batch(&rules);
	sets_batch(&sets, name);
	say(loader, &rules);
	step(&s);
	say(first, &sets);
	step(&s);
	say(second, &sets);
	cr_assert(control_is_committing(s.control));
	server_run(&s);
	cr_assert_eq(answer_code(&s, loader), 0);
	cr_assert_eq(answer_code(&s, first), 0);
	server_read(&s, second, &answers);
	cr_assert_eq(answers_count(&answers, NLMSG_ERROR, NULL), 2,
	             "of the step that is refused, and of the end");
	cr_assert_eq(server_generation(&s), 2);
	ctlink_message_fini(&rules);
	ctlink_message_fini(&sets);
	close(loader);
	close(first);
	close(second);
	server_end(&s);
}

Test(commit, of_two_loads_that_wait_the_second_is_stale)
{
	struct server s = server_new(0, NULL);
	int first = server_connect(&s), second = server_connect(&s);
	struct ctlink_message m;

	rules_batch(&m);
	say(first, &m);
	step(&s);
	say(second, &m);
	step(&s);
	cr_assert(control_is_committing(s.control));
	server_run(&s);
	cr_assert_eq(answer_code(&s, first), 0);
	cr_assert_eq(answer_code(&s, second), -ESTALE);
	cr_assert_eq(server_generation(&s), 2);
	ctlink_message_fini(&m);
	close(first);
	close(second);
	server_end(&s);
}

Test(commit, a_reload_waits_for_the_batch_before_it)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_message m;

	server_subscribe(&s, fd, 1u << CTQ_GROUP_RULES);
	rules_batch(&m);
	say(fd, &m);
	step(&s);
	cr_assert_eq(control_reload(s.control), 0);
	server_run(&s);
	server_read(&s, fd, &answers);
	cr_assert_eq(answers_count(&answers, RULES(RULESET_NEW), NULL), 2,
	             "one announcement of the batch, one of the reload");
	cr_assert_eq(server_generation(&s), 2);
	ctlink_message_fini(&m);
	close(fd);
	server_end(&s);
}

/* At each of the first steps; what has not come into force is given up. */
Test(commit, a_server_may_end_at_any_time)
{
	struct ctlink_message m;
	unsigned int steps, i;
	struct server s;
	int fd;

	for (steps = 0; steps < 5; steps++) {
		s = server_new(0, NULL);
		fd = server_connect(&s);
		rules_batch(&m);
		say(fd, &m);
		for (i = 0; i < steps; i++)
			step(&s);
		server_end(&s);
		ctlink_message_fini(&m);
		close(fd);
	}
}
