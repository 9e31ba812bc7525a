/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds between requests: numbers of announcements, generations of lists, limits, and
 * batches that broken messages spoil.
 */
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"
#include "ctlink/batch.h"
#include "ctlink/daemon.h"
#include "ctlink/flow.h"
#include "batch.h"
#include "server.h"

#define CT(message)     CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_##message)
#define EXP(message)    CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_##message)
#define DAEMON(message) CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_##message)

static struct answers answers; /* half a megabyte: not for the stack */

/* ---- requests ---------------------------------------------------------------------- */

static void ask_plain(struct server *s, int fd, uint16_t type, uint16_t flags)
{
	struct ctlink_message m;

	request(&m, type, flags);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	ctlink_message_fini(&m);
}

static void ask_tuple(struct server *s, int fd, uint16_t type, const struct tuple *t)
{
	struct ctlink_header header = { .type = type,
		                        .flags = NLM_F_REQUEST | NLM_F_ACK };
	struct ctlink_flow flow = { .has = 0 };
	struct ctlink_message m;

	memcpy(&flow.orig, t, sizeof(*t));
	ctlink_mark(&flow, CTLINK_FLOW_ORIG);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_flow_build(&m, &header, &flow), 0);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	ctlink_message_fini(&m);
}

static void ask_end(struct server *s, int fd, struct ctlink_message *m, uint16_t flags)
{
	cr_assert_eq(ctlink_batch_end_build(m, 99, CTQ_SUBSYS_RULES, NLM_F_ACK | flags),
	             0);
	server_ask(s, fd, m);
	server_read(s, fd, &answers);
	ctlink_message_fini(m);
}

static uint32_t generation(struct server *s)
{
	return ruleset_generation(rules_peek(s->rules));
}

/* ---- many requests in a datagram --------------------------------------------------- */

/* Requests for statistics, numbered on from *@seq, until @m has @size bytes. */
static void put_stats(struct ctlink_message *m, uint32_t *seq, uint32_t size)
{
	struct ctlink_header header = { .type = DAEMON(STATS_GET),
		                        .flags = NLM_F_REQUEST };

	while (m->size + NLMSG_HDRLEN + sizeof(struct nfgenmsg) <= size) {
		header.seq = ++*seq;
		ctlink_message_begin(m, &header);
		cr_assert_eq(ctlink_message_end(m), 0);
	}
}

/* Read on until nothing comes: the answers to @n requests, 1 …, in their order. */
static void read_numbered(struct server *s, int fd, uint32_t n)
{
	const struct nlmsghdr *nlh;
	struct ctlink_datagram d;
	uint32_t last = 0;
	ssize_t size;

	while ((size = recv(fd, answers.data, sizeof(answers.data), 0)) > 0) {
		ctlink_datagram_init(&d, answers.data, (uint32_t)size);
		while (ctlink_datagram_next(&d, &nlh, NULL) > 0)
			cr_assert_eq(nlh->nlmsg_seq, ++last);
		server_run(s);
	}
	cr_assert_eq(size, -1);
	cr_assert_eq(errno, EAGAIN, "the connection is open: %s", strerror(errno));
	cr_assert_eq(last, n);
}

Test(transport, requests_of_a_datagram_wait_for_their_reader)
{
	struct control_config cfg;
	struct pollfd polled = { .events = POLLIN };
	struct ctlink_message m;
	uint32_t seq = 0;
	struct server s;
	int fd;

	control_config_init(&cfg);
	cfg.buffer_max = 64 * 1024;
	s = server_new(0, &cfg);
	polled.fd = control_fd(s.control);
	fd = server_connect(&s);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	put_stats(&m, &seq, CTQ_DATAGRAM_MAX);
	cr_assert_gt(seq, 6000);
	server_ask(&s, fd, &m);
	cr_assert_eq(poll(&polled, 1, 0), 0, "there is nothing to do for the server");
	read_numbered(&s, fd, seq);
	ctlink_message_fini(&m);
	close(fd);
	server_end(&s);
}

/* A transaction, which is a job at its end, between requests of one datagram. */
Test(transport, a_batch_waits_in_its_datagram)
{
	struct ctlink_batch batch = { .subsystem = CTQ_SUBSYS_RULES };
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_message m;
	uint32_t seq = 0;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	put_stats(&m, &seq, CTQ_DATAGRAM_MAX / 2);
	cr_assert_eq(ctlink_batch_begin_build(&m, 1, &batch), 0);
	batch_put_chain(&m, "prerouting");
	cr_assert_eq(ctlink_batch_end_build(&m, ++seq, CTQ_SUBSYS_RULES, NLM_F_ACK), 0);
	put_stats(&m, &seq, CTQ_DATAGRAM_MAX);
	server_ask(&s, fd, &m);
	cr_assert_eq(generation(&s), 1, "nobody has read what was before it");
	read_numbered(&s, fd, seq);
	cr_assert_eq(generation(&s), 2);
	ctlink_message_fini(&m);
	close(fd);
	server_end(&s);
}

/* ---- announcements ---------------------------------------------------------------- */

/* The numbers of the announcements of @type that were read: they must follow one another. */
static unsigned int numbers_follow(const struct answers *a, uint16_t type, uint64_t *last)
{
	const struct nlattr *attr;
	const struct nlmsghdr *nlh;
	struct ctlink_datagram d;
	uint64_t number;
	unsigned int n = 0;

	ctlink_datagram_init(&d, a->data, a->size);
	while (ctlink_datagram_next(&d, &nlh, NULL) > 0) {
		if (nlh->nlmsg_type != type)
			continue;
		mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg)) {
			if (mnl_attr_get_type(attr) != CTA_CTQ_SEQUENCE)
				continue;
			number = be64toh(mnl_attr_get_u64(attr));
			cr_assert_eq(number, *last + 1, "%lu after %lu", number, *last);
			*last = number;
			n++;
		}
	}
	return n;
}

Test(transport, announcements_are_numbered_in_their_group)
{
	struct server s = server_new(4, NULL);
	int fd = server_connect(&s);
	uint64_t destroys = 0, rules = 0;
	struct packet p;
	unsigned int i;

	server_subscribe(&s, fd, 1u << CTQ_GROUP_FLOW_DESTROY | 1u << CTQ_GROUP_RULES);
	for (i = 0; i < 4; i++) {
		p = packet_number(i);
		ask_tuple(&s, fd, CT(DELETE), &p.tuple);
		control_tick(s.control, s.flows.now_ns);
		cr_assert_eq(control_reload(s.control), 0);
		server_run(&s);
		server_read(&s, fd, &answers);
		cr_assert_eq(numbers_follow(&answers, CT(DELETE), &destroys), 1);
		cr_assert_eq(numbers_follow(&answers, RULES(RULESET_NEW), &rules), 1);
	}
	close(fd);
	server_end(&s);
}

/* What happened before a ring overran is announced before the overrun: who lists when it reads
 * the record would else be told of flows that the list no longer had. */
Test(transport, an_overrun_of_a_ring_comes_behind_what_was_before_it)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct flow *f = confirmed_number(&s.flows, 0);
	unsigned int n, heard = 0,
			events = 3 * (unsigned int)flow_event_room(s.flows.table);
	const struct nlmsghdr *nlh = NULL;
	struct ctlink_overrun overrun;
	ssize_t size;

	server_subscribe(&s, fd, 1u << CTQ_GROUP_FLOW_UPDATE);
	for (n = 0; n < events; n++)
		flow_event_emit(s.flows.worker, f, FLOW_EVENT_UPDATE, FLOW_CHANGE_MARK,
		                s.flows.now_ns);
	control_tick(s.control, s.flows.now_ns);
	while ((size = recv(fd, answers.data, sizeof(answers.data), 0)) > 0) {
		cr_assert_null(nlh, "nothing is behind the record");
		answers.size = (uint32_t)size;
		heard += answers_count(&answers, CT(NEW), NULL);
		answers_count(&answers, DAEMON(OVERRUN), &nlh);
		server_run(&s);
	}
	cr_assert_not_null(nlh);
	cr_assert_eq(ctlink_overrun_parse(nlh, &overrun, NULL), 0);
	cr_assert_gt(heard, 0);
	cr_assert_eq(heard + overrun.lost, events);
	close(fd);
	server_end(&s);
}

/* ---- batches ---------------------------------------------------------------------- */

/* A message of a batch that cannot even be read is refused as any other is. */
Test(transport, a_broken_message_spoils_its_batch)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s), broken;
	struct ctlink_message m;
	struct nlmsghdr *nlh;

	for (broken = 0; broken < 3; broken++) {
		batch_put_begin(&m, 0);
		batch_put_chain(&m, "prerouting");
		server_ask(&s, fd, &m);
		ctlink_message_reset(&m);
		batch_put_rule(&m, NULL, 3);
		nlh = (struct nlmsghdr *)m.data;
		if (broken == 0)
			((struct nfgenmsg *)(nlh + 1))->version = 1;
		else if (broken == 1)
			((struct nlattr *)(m.data + 20))->nla_len = 3;
		else
			nlh->nlmsg_len += 4;
		server_ask(&s, fd, &m);
		server_read(&s, fd, &answers);
		cr_assert_lt(answers_error(&answers).code, 0);
		ctlink_message_reset(&m);
		ask_end(&s, fd, &m, 0);
		cr_assert_eq(answers_error(&answers).code, -ECANCELED, "%d", broken);
		cr_assert_eq(generation(&s), 1);
	}
	close(fd);
	server_end(&s);
}

Test(transport, so_many_batches_are_open_at_once)
{
	struct server s = server_new(0, NULL);
	struct ctlink_message m;
	int fd[CTQ_BATCHES_MAX + 1], i;

	batch_put_begin(&m, 0);
	for (i = 0; i <= CTQ_BATCHES_MAX; i++) {
		fd[i] = server_connect(&s);
		server_ask(&s, fd[i], &m);
	}
	server_read(&s, fd[CTQ_BATCHES_MAX], &answers);
	cr_assert_eq(answers_error(&answers).code, -EBUSY);
	close(fd[0]);
	server_run(&s);
	server_ask(&s, fd[CTQ_BATCHES_MAX], &m);
	ctlink_message_reset(&m);
	batch_put_chain(&m, "prerouting");
	ask_end(&s, fd[CTQ_BATCHES_MAX], &m, 0);
	cr_assert_eq(answers_error(&answers).code, 0, "there is room again");
	for (i = 1; i <= CTQ_BATCHES_MAX; i++)
		close(fd[i]);
	server_end(&s);
}

/* ---- lists ------------------------------------------------------------------------ */

static struct ctlink_done done_of(const struct answers *a)
{
	const struct nlmsghdr *nlh = NULL;
	struct ctlink_done done;

	cr_assert_eq(answers_count(a, NLMSG_DONE, &nlh), 1);
	cr_assert_eq(ctlink_done_parse(nlh, &done, NULL), 0);
	return done;
}

static uint64_t done_generation(const struct answers *a)
{
	return done_of(a).generation;
}

Test(transport, lists_tell_the_generation_of_what_they_show)
{
	struct server s = server_new(3, NULL);
	int fd = server_connect(&s);
	struct packet p = packet_number(1);
	uint64_t before;

	ask_plain(&s, fd, RULES(CHAIN_GET), NLM_F_DUMP);
	cr_assert_eq(done_generation(&answers), generation(&s));
	ask_plain(&s, fd, CT(GET), NLM_F_DUMP);
	before = done_generation(&answers);
	cr_assert_gt(before, 0);
	ask_plain(&s, fd, CT(GET), NLM_F_DUMP);
	cr_assert_eq(done_generation(&answers), before, "nothing came or went");
	ask_tuple(&s, fd, CT(DELETE), &p.tuple);
	ask_plain(&s, fd, CT(GET), NLM_F_DUMP);
	cr_assert_eq(done_generation(&answers), before + 1);
	close(fd);
	server_end(&s);
}

static struct flow_table *table;
static enum flow_end why;
static uint32_t number_of_next;

static void one_goes(void)
{
	struct packet p = packet_number(number_of_next++);

	flow_kill(flow_worker(table, 1), flow_peek(table, &p.tuple).flow, why,
	          1000 * SECOND);
}

/* A list, with @during called in its middle. */
static struct ctlink_done list_while(struct server *s, int fd, void (*during)(void))
{
	struct ctlink_done done;

	server_on_flow = during;
	ask_plain(s, fd, CT(GET), NLM_F_DUMP);
	cr_assert_null(server_on_flow);
	done = done_of(&answers);
	cr_assert(!done.interrupted, "libmnl would fail");
	return done;
}

Test(transport, a_list_tells_whether_the_table_changed_meanwhile)
{
	static const enum flow_end ends[] = { FLOW_END_EXPIRED, FLOW_END_CLOSED,
		                              FLOW_END_EVICTED, FLOW_END_DELETED,
		                              FLOW_END_MODULE,  FLOW_END_RULES };
	struct server s = server_new(10, NULL);
	int fd = server_connect(&s);
	struct ctlink_done done = list_while(&s, fd, NULL);
	uint64_t generation = done.generation;
	size_t i;

	cr_assert_eq(done.generation_end, generation);
	table = s.flows.table;
	for (i = 0; i < BASE_ARRAY_LENGTH(ends); i++) {
		why = ends[i];
		done = list_while(&s, fd, one_goes);
		cr_assert_eq(done.generation, generation);
		cr_assert_eq(done.generation_end, ++generation, "end %d", why);
	}
	done = list_while(&s, fd, NULL);
	cr_assert_eq(done.generation, generation);
	cr_assert_eq(done.generation_end, generation);
	close(fd);
	server_end(&s);
}

/* What counts as a list: all that walks over something whose size is not ours to choose. */
static const struct {
	uint16_t type, flags;
} lists[] = {
	{ CT(GET), NLM_F_DUMP },
	{ CT(GET_CTRZERO), NLM_F_DUMP },
	{ CT(GET_DYING), NLM_F_DUMP },
	{ CT(GET_UNCONFIRMED), NLM_F_DUMP },
	{ CT(DELETE), NLM_F_ACK },
	{ EXP(GET), NLM_F_DUMP },
	{ RULES(CHAIN_GET), NLM_F_DUMP },
	{ RULES(RULE_GET), NLM_F_DUMP },
	{ RULES(RULE_EXPLAIN), NLM_F_DUMP },
	{ CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_SET_GET), NLM_F_DUMP },
	{ CTLINK_TYPE(CTQ_SUBSYS_ASK, CTQ_MSG_ASK_GET), NLM_F_DUMP },
	{ DAEMON(COUNT), 0 },
	{ DAEMON(CONFIG_GET), NLM_F_DUMP },
};

/* A client that has a list under way, which it does not read. */
static int list_slowly(struct server *s)
{
	int fd = server_connect(s), i;
	struct ctlink_message m;

	request(&m, CT(GET), NLM_F_DUMP);
	for (i = 0; i < 8; i++) /* more than its socket takes */
		cr_assert_eq(send(fd, m.data, m.size, 0), m.size);
	server_run(s);
	ctlink_message_fini(&m);
	return fd;
}

Test(transport, so_many_lists_are_under_way_at_once)
{
	struct control_config cfg;
	struct server s;
	int slow[1 + CTQ_ADMIN_RESERVE], fd, i;

	control_config_init(&cfg);
	cfg.lists_max = 1;
	s = server_new(900, &cfg);
	for (i = 0; i < 1 + CTQ_ADMIN_RESERVE; i++)
		slow[i] = list_slowly(&s);
	fd = server_connect(&s);
	for (i = 0; i < (int)BASE_ARRAY_LENGTH(lists); i++) {
		ask_plain(&s, fd, lists[i].type, lists[i].flags);
		cr_expect_eq(answers_error(&answers).code, -EBUSY, "0x%04x",
		             lists[i].type);
	}
	close(slow[0]);
	server_run(&s);
	ask_plain(&s, fd, RULES(RULE_GET), NLM_F_DUMP);
	cr_assert_eq(answers_count(&answers, NLMSG_DONE, NULL), 1, "there is room again");
	for (i = 1; i < 1 + CTQ_ADMIN_RESERVE; i++)
		close(slow[i]);
	close(fd);
	server_end(&s);
}

/* All pieces of the configuration, one behind the other. */
static size_t config_read(const struct answers *a, char *text, unsigned int *pieces)
{
	struct ctlink_config value;
	const struct nlmsghdr *nlh;
	struct ctlink_datagram d;
	size_t length = 0;

	*pieces = 0;
	ctlink_datagram_init(&d, a->data, a->size);
	while (ctlink_datagram_next(&d, &nlh, NULL) > 0) {
		if (nlh->nlmsg_type != DAEMON(CONFIG_NEW))
			continue;
		memset(&value, 0, sizeof(value));
		cr_assert_eq(ctlink_config_parse(nlh, &value, NULL, NULL), 0);
		cr_assert_eq(value.text[strlen(value.text) - 1], '\n', "whole lines");
		strcpy(text + length, value.text);
		length += strlen(value.text);
		ctlink_config_fini(&value, NULL);
		++*pieces;
	}
	return length;
}

Test(transport, tells_the_configuration_in_pieces)
{
	static char text[SERVER_CONFIG_SIZE + 1];
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	unsigned int pieces;
	char *expected;

	ask_plain(&s, fd, DAEMON(CONFIG_GET), NLM_F_DUMP);
	expected = server_config_text(NULL, false);
	cr_assert_eq(config_read(&answers, text, &pieces), SERVER_CONFIG_SIZE);
	cr_assert_geq(pieces, SERVER_CONFIG_SIZE / CTQ_CONFIG_TEXT_MAX);
	cr_assert(memcmp(text, expected, SERVER_CONFIG_SIZE) == 0);
	free(expected);
	close(fd);
	server_end(&s);
}
