/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctlink/batch.h"
#include "ctlink/daemon.h"
#include "ctlink/explain.h"
#include "ctlink/filter.h"
#include "ctlink/flow.h"
#include "ctlink/proto.h"
#include "ctlink/rule.h"
#include "ctlink/stats.h"
#include "ctlink/set.h"
#include "batch.h"
#include "../rules/ask_all.h"
#include "path/watch.h"
#include "server.h"

#define CT(message)     CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_##message)
#define DAEMON(message) CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_##message)

static struct answers answers; /* half a megabyte: not for the stack */

static uint32_t confirmed(struct server *s)
{
	struct flow_table_size size;

	flow_table_size(s->flows.table, &size);
	return size.confirmed;
}

/* One request without attributes, and its answers. */
static void ask_plain(struct server *s, int fd, uint16_t type, uint16_t flags)
{
	struct ctlink_message m;

	request(&m, type, flags);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	ctlink_message_fini(&m);
}

static void ask_filter(struct server *s, int fd, uint16_t type, uint16_t flags,
                       uint16_t field, uint64_t number, uint8_t size)
{
	struct ctlink_header header = { .type = type,
		                        .flags = (uint16_t)(NLM_F_REQUEST | flags) };
	struct ctlink_filter filter;
	struct ctlink_term *term;
	struct ctlink_message m;

	ctlink_filter_init(&filter);
	term = ctlink_filter_append(&filter, NULL);
	term->match.field = field;
	ctlink_mark(term, CTLINK_TERM_MATCH);
	ctlink_mark(&term->match, CTLINK_MATCH_FIELD);
	ctlink_value_set_number(ctlink_match_append(&term->match, NULL),
	                        CTLINK_VALUE_FIRST, number, size);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_filter_build(&m, &header, &filter), 0);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	ctlink_message_fini(&m);
	ctlink_filter_fini(&filter, NULL);
}

/* ---- flows -------------------------------------------------------------------------------- */

Test(control, dumps_every_flow_once)
{
	struct server s = server_new(900, NULL);
	int fd = server_connect(&s);

	ask_plain(&s, fd, CT(GET), NLM_F_DUMP);
	cr_assert_eq(answers_count(&answers, CT(NEW), NULL), 900);
	cr_assert_eq(answers_count(&answers, NLMSG_DONE, NULL), 1);
	cr_assert_gt(answers.datagrams, 1);
	close(fd);
	server_end(&s);
}

Test(control, the_filter_decides_here)
{
	struct server s = server_new(10, NULL);
	int fd = server_connect(&s);
	struct packet p = packet_number(3);
	uint32_t id = flow_peek(s.flows.table, &p.tuple).flow->id;

	ask_filter(&s, fd, CT(GET), NLM_F_DUMP, CTQ_FIELD_ID, id, 4);
	cr_assert_eq(answers_count(&answers, CT(NEW), NULL), 1);
	ask_filter(&s, fd, CT(GET), NLM_F_DUMP, CTQ_FIELD_DPORT, 53, 2);
	cr_assert_eq(answers_count(&answers, CT(NEW), NULL), 10);
	ask_filter(&s, fd, CT(GET), NLM_F_DUMP, CTQ_FIELD_DPORT, 54, 2);
	cr_assert_eq(answers_count(&answers, CT(NEW), NULL), 0);
	cr_assert_eq(answers_count(&answers, NLMSG_DONE, NULL), 1);
	close(fd);
	server_end(&s);
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

Test(control, gets_and_deletes_one_flow_by_its_tuple)
{
	struct server s = server_new(3, NULL);
	int fd = server_connect(&s);
	struct packet p = packet_number(1), none = packet_number(99);
	const struct nlmsghdr *nlh = NULL;
	struct ctlink_flow flow = { .has = 0 };

	ask_tuple(&s, fd, CT(GET), &p.tuple);
	cr_assert_eq(answers_count(&answers, CT(NEW), &nlh), 1);
	cr_assert_eq(ctlink_flow_parse(nlh, &flow, NULL), 0);
	cr_assert_eq(flow.use, 1, "only the table holds it, not who looks");
	ask_tuple(&s, fd, CT(DELETE), &p.tuple);
	cr_assert_eq(answers_error(&answers).code, 0);
	cr_assert_eq(confirmed(&s), 2);
	ask_tuple(&s, fd, CT(DELETE), &p.tuple);
	cr_assert_eq(answers_error(&answers).code, -ENOENT);
	ask_tuple(&s, fd, CT(GET), &none.tuple);
	cr_assert_eq(answers_error(&answers).code, -ENOENT);
	close(fd);
	server_end(&s);
}

Test(control, deletes_what_the_filter_takes_and_says_so)
{
	struct server s = server_new(1000 - 1, NULL);
	int fd = server_connect(&s);

	ask_filter(&s, fd, CT(DELETE), NLM_F_ACK, CTQ_FIELD_DPORT, 54, 2);
	cr_assert_eq(confirmed(&s), 999);
	ask_filter(&s, fd, CT(DELETE), NLM_F_ACK, CTQ_FIELD_DPORT, 53, 2);
	cr_assert_eq(answers_error(&answers).code, 0);
	cr_assert_eq(confirmed(&s), 0);
	close(fd);
	server_end(&s);
}

Test(control, counts_without_sending_flows)
{
	struct server s = server_new(50, NULL);
	int fd = server_connect(&s);
	const struct nlmsghdr *nlh = NULL;
	struct ctlink_count count = { .has = 0 };

	ask_filter(&s, fd, DAEMON(COUNT), 0, CTQ_FIELD_DPORT, 53, 2);
	cr_assert_eq(answers_count(&answers, DAEMON(COUNT), &nlh), 1);
	cr_assert_eq(ctlink_count_parse(nlh, &count, NULL), 0);
	cr_assert(count.flows == 50 && count.total == 50);
	close(fd);
	server_end(&s);
}

Test(control, lists_unconfirmed_and_dying_flows)
{
	struct server s = server_new(1, NULL);
	int fd = server_connect(&s);
	struct packet p = packet_number(0);
	struct flow *held = flow_find(s.flows.table, &p.tuple, FLOW_HOLDER_PACKET).flow;

	unconfirmed_number(&s.flows, 5);
	ask_plain(&s, fd, CT(GET_UNCONFIRMED), NLM_F_DUMP);
	cr_assert_eq(answers_count(&answers, CT(NEW), NULL), 1);
	flow_kill(s.flows.worker, held, FLOW_END_DELETED, s.flows.now_ns);
	ask_plain(&s, fd, CT(GET_DYING), NLM_F_DUMP);
	cr_assert_eq(answers_count(&answers, CT(NEW), NULL), 1);
	fixture_settle(&s.flows);
	flow_put(s.flows.table, held, FLOW_HOLDER_PACKET);
	ask_plain(&s, fd, CT(GET_DYING), NLM_F_DUMP);
	cr_assert_eq(answers_count(&answers, CT(NEW), NULL), 0);
	close(fd);
	server_end(&s);
}

/* ---- events -------------------------------------------------------------------------------------- */

Test(control, subscribers_hear_of_their_groups_only)
{
	struct server s = server_new(2, NULL);
	int fd = server_connect(&s), deaf = server_connect(&s);
	struct packet p = packet_number(0);

	server_subscribe(&s, fd, 1u << CTQ_GROUP_FLOW_DESTROY);
	server_subscribe(&s, deaf, 1u << CTQ_GROUP_FLOW_NEW);
	ask_tuple(&s, fd, CT(DELETE), &p.tuple);
	control_tick(s.control, s.flows.now_ns);
	server_read(&s, fd, &answers);
	cr_assert_eq(answers_count(&answers, CT(DELETE), NULL), 1);
	server_read(&s, deaf, &answers);
	cr_assert_eq(answers.size, 0);
	close(fd);
	close(deaf);
	server_end(&s);
}

Test(control, sets_are_announced)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s), tool = server_connect(&s);
	struct ctlink_header header = {
		.type = CTLINK_TYPE(CTQ_SUBSYS_SETS, CTQ_MSG_SET_NEW),
		.flags = NLM_F_REQUEST,
	};
	struct ctlink_batch batch = { .subsystem = CTQ_SUBSYS_SETS };
	char name[] = "ban";
	struct ctlink_set set = { .name = name, .type = CTQ_SET_ADDRESS };
	struct ctlink_message m;

	ctlink_mark(&set, CTLINK_SET_NAME);
	ctlink_mark(&set, CTLINK_SET_TYPE);
	server_subscribe(&s, fd, 1u << CTQ_GROUP_SETS);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_batch_begin_build(&m, 1, &batch), 0);
	cr_assert_eq(ctlink_set_build(&m, &header, &set), 0);
	cr_assert_eq(ctlink_batch_end_build(&m, 2, CTQ_SUBSYS_SETS, NLM_F_ACK), 0);
	server_ask(&s, tool, &m);
	server_read(&s, tool, &answers);
	cr_assert_eq(answers_error(&answers).code, 0);
	control_tick(s.control, s.flows.now_ns);
	server_read(&s, fd, &answers);
	cr_assert_eq(answers_count(&answers, header.type, NULL), 1);
	ctlink_message_fini(&m);
	close(fd);
	close(tool);
	server_end(&s);
}

Test(control, nobody_hears_of_what_was_before)
{
	struct server s = server_new(3, NULL);
	int first = server_connect(&s), second = server_connect(&s);
	struct packet p = packet_number(0);

	server_subscribe(&s, first, 1u << CTQ_GROUP_FLOW_DESTROY);
	flow_kill(s.flows.worker, flow_peek(s.flows.table, &p.tuple).flow,
	          FLOW_END_DELETED, s.flows.now_ns);
	server_subscribe(&s, second, 1u << CTQ_GROUP_FLOW_DESTROY);
	control_tick(s.control, s.flows.now_ns);
	server_read(&s, second, &answers);
	cr_assert_eq(answers.size, 0, "it was before the second came");
	server_read(&s, first, &answers);
	cr_assert_eq(answers_count(&answers, CT(DELETE), NULL), 1);

	/* what is left in the rings when the last listener goes is nobody's */
	p = packet_number(1);
	flow_kill(s.flows.worker, flow_peek(s.flows.table, &p.tuple).flow,
	          FLOW_END_DELETED, s.flows.now_ns);
	close(first);
	close(second);
	server_run(&s);
	first = server_connect(&s);
	server_subscribe(&s, first, 1u << CTQ_GROUP_FLOW_DESTROY);
	control_tick(s.control, s.flows.now_ns);
	server_read(&s, first, &answers);
	cr_assert_eq(answers.size, 0);
	close(first);
	server_end(&s);
}

Test(control, a_slow_subscriber_is_told_what_it_lost)
{
	struct control_config cfg;
	struct server s;
	const struct nlmsghdr *nlh = NULL;
	struct ctlink_overrun overrun = { .has = 0 };
	unsigned int round, heard = 0, n;
	int fd;

	control_config_init(&cfg);
	cfg.buffer_max = 64 * 1024;
	s = server_new(0, &cfg);
	fd = server_connect(&s);
	server_subscribe(&s, fd, 1u << CTQ_GROUP_FLOW_DESTROY);
	for (round = 0; round < 40; round++) {
		for (n = 0; n < 100; n++)
			flow_kill(s.flows.worker, confirmed_number(&s.flows, n),
			          FLOW_END_DELETED, s.flows.now_ns);
		control_tick(s.control, s.flows.now_ns);
		fixture_settle(&s.flows);
	}
	for (round = 0; round < 100 && !nlh; round++) {
		server_read(&s, fd, &answers);
		heard += answers_count(&answers, CT(DELETE), NULL);
		answers_count(&answers, DAEMON(OVERRUN), &nlh);
	}
	cr_assert_not_null(nlh);
	cr_assert_eq(ctlink_overrun_parse(nlh, &overrun, NULL), 0);
	cr_assert_gt(overrun.lost, 0);
	cr_assert_eq(heard + overrun.lost, 4000, "%u heard, %lu lost", heard,
	             (unsigned long)overrun.lost);
	close(fd);
	server_end(&s);
}

/* ---- delete by parts of a tuple ------------------------------------------------------------------- */

static void ask_part(struct server *s, int fd, uint16_t type, uint16_t flags,
                     uint8_t last)
{
	struct ctlink_header header = { .type = type,
		                        .flags = (uint16_t)(NLM_F_REQUEST | flags) };
	struct ctlink_filter filter;
	struct ctlink_message m;

	ctlink_filter_init(&filter);
	filter.orig.l3 = AF_INET;
	memcpy(filter.orig.src, "\x0a\0\0", 3);
	filter.orig.src[3] = last;
	filter.orig_flags = CTQ_TUPLE_SRC;
	ctlink_mark(&filter, CTLINK_FILTER_ORIG);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_filter_build(&m, &header, &filter), 0);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	ctlink_message_fini(&m);
}

Test(control, lists_and_deletes_by_a_part_of_a_tuple)
{
	struct server s = server_new(5, NULL);
	int fd = server_connect(&s);

	ask_part(&s, fd, CT(GET), NLM_F_DUMP, 3);
	cr_assert_eq(answers_count(&answers, CT(NEW), NULL), 1);
	ask_part(&s, fd, CT(DELETE), NLM_F_ACK, 3);
	cr_assert_eq(answers_error(&answers).code, 0);
	cr_assert_eq(confirmed(&s), 4);
	ask_part(&s, fd, CT(DELETE), NLM_F_ACK, 200);
	cr_assert_eq(answers_error(&answers).code, 0, "none is no error");
	cr_assert_eq(confirmed(&s), 4);
	close(fd);
	server_end(&s);
}

/* ---- datagrams ---------------------------------------------------------------------------------- */

static int ask_socket(struct server *s, int fd, const struct ctlink_socket *wish)
{
	struct ctlink_header header = { .type = DAEMON(SOCKET),
		                        .flags = NLM_F_REQUEST | NLM_F_ACK };
	struct ctlink_message m;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_socket_build(&m, &header, wish), 0);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	ctlink_message_fini(&m);
	return answers_error(&answers).code;
}

Test(control, a_client_says_how_large_its_datagrams_are)
{
	struct server s = server_new(200, NULL);
	int fd = server_connect(&s);
	struct ctlink_socket wish = { 1 << CTLINK_SOCKET_DATAGRAM, CTQ_DATAGRAM_MIN, 0 };
	static uint8_t buffer[CTQ_DATAGRAM_MAX];
	unsigned int datagrams = 0, flows = 0;
	struct ctlink_message m;
	struct ctlink_datagram d;
	const struct nlmsghdr *nlh;
	ssize_t n;

	cr_assert_eq(ask_socket(&s, fd, &wish), 0);
	request(&m, CT(GET), NLM_F_DUMP);
	server_ask(&s, fd, &m);
	ctlink_message_fini(&m);
	while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
		cr_assert_leq(n, CTQ_DATAGRAM_MIN);
		datagrams++;
		ctlink_datagram_init(&d, buffer, (uint32_t)n);
		while (ctlink_datagram_next(&d, &nlh, NULL) == 1)
			flows += nlh->nlmsg_type == CT(NEW);
		server_run(&s);
	}
	cr_assert_eq(flows, 200);
	cr_assert_gt(datagrams, 200 * 100 / CTQ_DATAGRAM_MIN);
	wish.datagram = CTQ_DATAGRAM_MIN - 1;
	cr_assert_eq(ask_socket(&s, fd, &wish), -ERANGE);
	wish.datagram = CTQ_DATAGRAM_MAX + 1;
	cr_assert_eq(ask_socket(&s, fd, &wish), -ERANGE);
	close(fd);
	server_end(&s);
}

Test(control, a_client_may_want_announcements_one_by_one)
{
	struct server s = server_new(5, NULL);
	int fd = server_connect(&s), other = server_connect(&s);
	struct ctlink_socket wish = { 1 << CTLINK_SOCKET_SINGLE, 0, 0 };
	struct packet p;
	unsigned int i;

	cr_assert_eq(ask_socket(&s, fd, &wish), 0);
	server_subscribe(&s, fd, 1u << CTQ_GROUP_FLOW_DESTROY);
	server_subscribe(&s, other, 1u << CTQ_GROUP_FLOW_DESTROY);
	for (i = 0; i < 5; i++) {
		p = packet_number(i);
		flow_kill(s.flows.worker, flow_peek(s.flows.table, &p.tuple).flow,
		          FLOW_END_DELETED, s.flows.now_ns);
	}
	control_tick(s.control, s.flows.now_ns);
	server_read(&s, fd, &answers);
	cr_assert_eq(answers_count(&answers, CT(DELETE), NULL), 5);
	cr_assert_eq(answers.datagrams, 5);
	server_read(&s, other, &answers);
	cr_assert_eq(answers_count(&answers, CT(DELETE), NULL), 5);
	cr_assert_eq(answers.datagrams, 1);
	close(fd);
	close(other);
	server_end(&s);
}

/* ---- whose events ------------------------------------------------------------------------------ */

Test(control, events_name_the_client_that_caused_them)
{
	struct server s = server_new(2, NULL);
	int fd = server_connect(&s), listener = server_connect(&s);
	struct ctlink_socket wish = { 1 << CTLINK_SOCKET_PORT, 0, 4711 };
	const struct nlmsghdr *nlh = NULL;
	struct packet p = packet_number(0);

	server_subscribe(&s, listener, 1u << CTQ_GROUP_FLOW_DESTROY);
	cr_assert_eq(ask_socket(&s, fd, &wish), 0);
	ask_tuple(&s, fd, CT(DELETE), &p.tuple);
	control_tick(s.control, s.flows.now_ns);
	server_read(&s, listener, &answers);
	cr_assert_eq(answers_count(&answers, CT(DELETE), &nlh), 1);
	cr_assert_eq(nlh->nlmsg_pid, 4711);

	p = packet_number(1);
	flow_kill(flow_worker(s.flows.table, 1), flow_peek(s.flows.table, &p.tuple).flow,
	          FLOW_END_EXPIRED, s.flows.now_ns);
	control_tick(s.control, s.flows.now_ns);
	server_read(&s, listener, &answers);
	cr_assert_eq(answers_count(&answers, CT(DELETE), &nlh), 1);
	cr_assert_eq(nlh->nlmsg_pid, 0, "time asked for it");
	close(fd);
	close(listener);
	server_end(&s);
}

/* ---- counters ------------------------------------------------------------------------------------ */

#define PACKETS 300000

struct counting {
	struct server *server;
	struct flow *flow;
	_Atomic bool is_over;
};

static void *count_packets(void *arg)
{
	struct counting *counting = arg;
	struct flow_worker *w = counting->server->flows.worker;
	_Atomic uint64_t *packets = &counting->flow->side[TRACK_ORIGINAL].packets;
	unsigned int i;

	urcu_qsbr_register_thread();
	for (i = 0; i < PACKETS; i++) {
		flow_enter(w, counting->flow);
		atomic_store_explicit(
			packets, atomic_load_explicit(packets, memory_order_relaxed) + 1,
			memory_order_relaxed);
		flow_leave(w, counting->flow);
		rcu_quiet();
	}
	atomic_store(&counting->is_over, true);
	urcu_qsbr_unregister_thread();
	return NULL;
}

/* The original direction's packets of all flows in the answers. */
static uint64_t packets_shown(void)
{
	struct ctlink_datagram d;
	const struct nlmsghdr *nlh;
	struct ctlink_flow flow;
	uint64_t sum = 0;

	ctlink_datagram_init(&d, answers.data, answers.size);
	while (ctlink_datagram_next(&d, &nlh, NULL) == 1) {
		if (nlh->nlmsg_type != CT(NEW))
			continue;
		cr_assert_eq(ctlink_flow_parse(nlh, &flow, NULL), 0);
		sum += flow.counters_orig.packets;
	}
	return sum;
}

Test(control, zeroing_loses_no_packet_that_is_counted_meanwhile)
{
	struct server s = server_new(1, NULL);
	struct packet p = packet_number(0);
	struct counting counting = { .server = &s };
	int fd = server_connect(&s);
	uint64_t shown = 0;
	pthread_t thread;
	bool is_over;

	counting.flow = flow_peek(s.flows.table, &p.tuple).flow;
	cr_assert_eq(pthread_create(&thread, NULL, count_packets, &counting), 0);
	do {
		is_over = atomic_load(&counting.is_over);
		ask_plain(&s, fd, CT(GET_CTRZERO), NLM_F_DUMP);
		shown += packets_shown();
		ask_tuple(&s, fd, CT(GET_CTRZERO), &p.tuple);
		shown += packets_shown();
	} while (!is_over);
	pthread_join(thread, NULL);
	cr_assert_eq(shown, PACKETS);
	close(fd);
	server_end(&s);
}

/* ---- rules ---------------------------------------------------------------------------------------- */

static void ask_end(struct server *s, int fd, struct ctlink_message *m, uint16_t flags)
{
	cr_assert_eq(ctlink_batch_end_build(m, 99, CTQ_SUBSYS_RULES, NLM_F_ACK | flags),
	             0);
	server_ask(s, fd, m);
	server_read(s, fd, &answers);
	ctlink_message_fini(m);
}

Test(control, a_batch_of_rules_is_one_generation)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_message m;

	batch_put_begin(&m, 1);
	batch_put_chain(&m, "prerouting");
	batch_put_rule(&m, NULL, 3);
	ask_end(&s, fd, &m, 0);
	cr_assert_eq(answers_error(&answers).code, 0);
	cr_assert_eq(server_generation(&s), 2);
	ask_plain(&s, fd, RULES(RULE_GET), NLM_F_DUMP);
	cr_assert_eq(answers_count(&answers, RULES(RULE_NEW), NULL), 1);
	ask_plain(&s, fd, RULES(CHAIN_GET), NLM_F_DUMP);
	cr_assert_eq(answers_count(&answers, RULES(CHAIN_NEW), NULL), 1);
	close(fd);
	server_end(&s);
}

/* ---- explanations ----------------------------------------------------------------------------- */

/* Flow @n of the fixture, as a packet of it that nobody sends. */
static struct ctlink_packet packet_of(uint32_t n)
{
	struct packet p = packet_number(n);
	struct ctlink_packet packet = { .family = p.tuple.l3,
		                        .proto = p.tuple.l4,
		                        .src_size = 4,
		                        .dst_size = 4,
		                        .sport = ntohs(p.tuple.src_id),
		                        .dport = ntohs(p.tuple.dst_id) };

	memcpy(packet.src, p.tuple.src, 4);
	memcpy(packet.dst, p.tuple.dst, 4);
	packet.has = 1ull << CTLINK_PACKET_FAMILY | 1ull << CTLINK_PACKET_PROTO |
	             1ull << CTLINK_PACKET_SRC | 1ull << CTLINK_PACKET_DST |
	             1ull << CTLINK_PACKET_SPORT | 1ull << CTLINK_PACKET_DPORT;
	return packet;
}

static void ask_explain(struct server *s, int fd, const struct ctlink_packet *packet)
{
	struct ctlink_header header = { .type = RULES(RULE_EXPLAIN),
		                        .flags = NLM_F_REQUEST | NLM_F_DUMP };
	struct ctlink_message m;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_packet_build(&m, &header, packet), 0);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	ctlink_message_fini(&m);
}

/* The last step of the answer. */
static struct ctlink_explain outcome(unsigned int steps)
{
	const struct nlmsghdr *nlh = NULL;
	struct ctlink_explain explain;

	cr_assert_eq(answers_count(&answers, RULES(RULE_EXPLAIN), &nlh), steps);
	cr_assert_eq(answers_count(&answers, NLMSG_DONE, NULL), 1);
	cr_assert_eq(ctlink_explain_parse(nlh, &explain, NULL), 0);
	cr_assert_eq(explain.step, CTQ_EXPLAIN_VERDICT);
	return explain;
}

Test(control, explains_by_the_rules_in_force)
{
	struct server s = server_new(1, NULL);
	int fd = server_connect(&s);
	struct ctlink_packet packet = packet_of(5);
	struct ctlink_explain explain;
	struct ctlink_message m;

	ask_explain(&s, fd, &packet);
	explain = outcome(2); /* no chain; the verdict */
	cr_assert_eq(explain.packet.reason, CTQ_ACCEPT_POLICY);
	batch_put_begin(&m, 1);
	batch_put_chain(&m, "prerouting");
	batch_put_rule(&m, NULL, 3);
	ask_end(&s, fd, &m, 0);
	ask_explain(&s, fd, &packet);
	explain = outcome(3); /* the chain, the rule, the verdict */
	cr_assert_eq(explain.packet.reason, CTQ_DROP_RULE);
	cr_assert_eq(explain.packet.generation, 2);
	cr_assert_eq(explain.packet.n_held, 1);
	cr_assert_eq(explain.packet.held[0], explain.packet.rule);
	cr_assert_eq(explain.packet.ctstate, CTQ_CTSTATE_NEW);
	packet = packet_of(0); /* the one that has a flow */
	ask_explain(&s, fd, &packet);
	explain = outcome(4);
	close(fd);
	server_end(&s);
}

Test(control, a_description_that_is_no_packet_is_refused)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_packet packet = packet_of(0);

	ctlink_unmark(&packet, CTLINK_PACKET_DST);
	ask_explain(&s, fd, &packet);
	cr_assert_eq(answers_error(&answers).code, -EINVAL);
	packet = packet_of(0);
	ctlink_unmark(&packet, CTLINK_PACKET_SPORT);
	ask_explain(&s, fd, &packet);
	cr_assert_eq(answers_error(&answers).code, -EINVAL);
	packet.proto = 47; /* has no ports */
	ask_explain(&s, fd, &packet);
	outcome(2);
	packet = packet_of(0);
	packet.hook = 5;
	ctlink_mark(&packet, CTLINK_PACKET_HOOK);
	ask_explain(&s, fd, &packet);
	cr_assert_eq(answers_error(&answers).code, -EINVAL);
	packet = packet_of(0);
	packet.ctstate = CTQ_CTSTATE_NEW | CTQ_CTSTATE_RELATED;
	ctlink_mark(&packet, CTLINK_PACKET_CTSTATE);
	ask_explain(&s, fd, &packet);
	cr_assert_eq(answers_error(&answers).code, -EINVAL);
	packet = packet_of(0);
	packet.dst_size = 16;
	ask_explain(&s, fd, &packet);
	cr_assert_eq(answers_error(&answers).code, -EINVAL);
	close(fd);
	server_end(&s);
}

/* ---- watching packets ----------------------------------------------------------------------- */

static void ask_watch(struct server *s, int fd, uint32_t group,
                      struct ctlink_watch *watch)
{
	struct ctlink_header header = { .type = DAEMON(SUBSCRIBE),
		                        .flags = NLM_F_REQUEST | NLM_F_ACK };
	struct ctlink_groups groups = { .has = 1ull << group };
	struct ctlink_message m;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_watch_build(&m, &header, &groups, watch), 0);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	ctlink_message_fini(&m);
	ctlink_watch_fini(watch, NULL);
}

static void watch_field(struct ctlink_watch *watch, uint16_t field, uint64_t number,
                        uint8_t size)
{
	struct ctlink_term *term = ctlink_filter_append(&watch->filter, NULL);

	term->match.field = field;
	ctlink_mark(term, CTLINK_TERM_MATCH);
	ctlink_mark(&term->match, CTLINK_MATCH_FIELD);
	ctlink_value_set_number(ctlink_match_append(&term->match, NULL),
	                        CTLINK_VALUE_FIRST, number, size);
	ctlink_mark(watch, CTLINK_WATCH_FILTER);
}

/* A packet that nobody can read: INVALID, and accepted. */
static void judge_one(struct server *s)
{
	static const uint8_t bytes[] = { 0x45, 0 };
	struct packet p = { .data = bytes,
		            .captured = sizeof(bytes),
		            .length = sizeof(bytes),
		            .family = AF_INET };
	struct packet_verdict v = { .accept = false };

	path_batch(path_worker(s->path, 0), &p, &v, 1, s->flows.now_ns);
	control_tick(s->control, s->flows.now_ns);
}

Test(control, watchers_see_the_packets_that_they_asked_for)
{
	struct server s = server_new(0, NULL);
	int all = server_connect(&s), drops = server_connect(&s);
	struct ctlink_watch watch = { .bytes = 1 }, other = { .has = 0 };
	const struct nlmsghdr *nlh = NULL;
	struct ctlink_packet packet;

	ctlink_mark(&watch, CTLINK_WATCH_BYTES);
	ask_watch(&s, all, CTQ_GROUP_TRACE, &watch);
	cr_assert_eq(answers_error(&answers).code, 0);
	ask_watch(&s, drops, CTQ_GROUP_DROP, &other);
	judge_one(&s);
	server_read(&s, all, &answers);
	cr_assert_eq(answers_count(&answers,
	                           CTLINK_TYPE(CTQ_SUBSYS_PACKETS, CTQ_MSG_PACKET_SEEN),
	                           &nlh),
	             1);
	cr_assert_eq(ctlink_packet_parse(nlh, &packet, NULL), 0);
	cr_assert_eq(packet.invalid, CTQ_INVALID_IP_TRUNCATED);
	cr_assert_eq(packet.verdict, CTQ_VERDICT_ACCEPT);
	cr_assert_eq(packet.data_size, 1, "as many bytes as were asked for");
	server_read(&s, drops, &answers);
	cr_assert_eq(answers.size, 0, "it was not dropped");
	close(all);
	server_run(&s);
	judge_one(&s);
	close(drops);
	server_end(&s);
}

Test(control, hands_out_dropped_packets_that_are_to_be_logged)
{
	struct server s = server_new(0, NULL);

	rules_ask_all(s.rules); /* nobody is there to answer */
	judge_one(&s);
	cr_assert_eq(control_log_drops(s.control, PATH_WATCH_REASON(CTQ_DROP_RULE), 5),
	             0);
	judge_one(&s);
	cr_assert_eq(server_dropped, 0);
	cr_assert_eq(
		control_log_drops(s.control, PATH_WATCH_REASON(CTQ_DROP_ASK_NOBODY), 5),
		0);
	judge_one(&s);
	cr_assert_eq(server_dropped, 1);
	cr_assert_eq(control_log_drops(s.control, 0, 5), 0);
	judge_one(&s);
	cr_assert_eq(server_dropped, 1);
	server_end(&s);
}

Test(control, watchers_are_few_and_ask_for_what_packets_have)
{
	struct server s = server_new(0, NULL);
	int fd[CTQ_GROUP_WATCHERS_MAX + 1];
	struct ctlink_watch watch = { .has = 0 };
	unsigned int i;

	for (i = 0; i < CTQ_GROUP_WATCHERS_MAX; i++) {
		fd[i] = server_connect(&s);
		watch = (struct ctlink_watch){ .has = 0 };
		watch_field(&watch, CTQ_FIELD_PROTO, IPPROTO_TCP, 1);
		ask_watch(&s, fd[i], CTQ_GROUP_DROP, &watch);
		cr_assert_eq(answers_error(&answers).code, 0);
	}
	fd[i] = server_connect(&s);
	watch = (struct ctlink_watch){ .has = 0 };
	ask_watch(&s, fd[i], CTQ_GROUP_DROP, &watch);
	cr_assert_eq(answers_error(&answers).code, -EBUSY);
	close(fd[0]);
	server_run(&s);
	ask_watch(&s, fd[i], CTQ_GROUP_DROP, &watch);
	cr_assert_eq(answers_error(&answers).code, 0, "a place is free");
	watch_field(&watch, CTQ_FIELD_AGE, 1, 4);
	ask_watch(&s, fd[i], CTQ_GROUP_DROP, &watch);
	cr_assert_eq(answers_error(&answers).code, -EOPNOTSUPP);
	watch = (struct ctlink_watch){ .bytes = CTQ_GROUP_BYTES_MAX + 1 };
	ctlink_mark(&watch, CTLINK_WATCH_BYTES);
	ask_watch(&s, fd[i], CTQ_GROUP_DROP, &watch);
	cr_assert_eq(answers_error(&answers).code, -EINVAL);
	for (i = 1; i <= CTQ_GROUP_WATCHERS_MAX; i++)
		close(fd[i]);
	server_end(&s);
}

Test(control, a_check_changes_nothing)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_message m;

	batch_put_begin(&m, 0);
	batch_put_chain(&m, "prerouting");
	ask_end(&s, fd, &m, CTQ_BATCH_CHECK);
	cr_assert_eq(answers_error(&answers).code, 0);
	cr_assert_eq(server_generation(&s), 1);
	close(fd);
	server_end(&s);
}

Test(control, a_batch_for_another_generation_is_stale)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_message m;

	batch_put_begin(&m, 7);
	server_ask(&s, fd, &m);
	server_read(&s, fd, &answers);
	cr_assert_eq(answers_error(&answers).code, -ESTALE);
	cr_assert_eq(server_generation(&s), 1);
	ctlink_message_fini(&m);
	close(fd);
	server_end(&s);
}

Test(control, of_two_open_batches_the_second_to_end_is_stale)
{
	struct server s = server_new(0, NULL);
	int first = server_connect(&s), second = server_connect(&s);
	struct ctlink_message m, late;

	batch_put_begin(&late, 0);
	server_ask(&s, second, &late);
	ctlink_message_reset(&late);
	batch_put_begin(&m, 0);
	batch_put_chain(&m, "prerouting");
	ask_end(&s, first, &m, 0);
	cr_assert_eq(server_generation(&s), 2);
	ask_end(&s, second, &late, 0);
	cr_assert_eq(answers_error(&answers).code, -ESTALE);
	cr_assert_eq(server_generation(&s), 2, "what the first has done stands");
	close(first);
	close(second);
	server_end(&s);
}

Test(control, an_error_found_at_the_end_names_the_message_that_brought_it)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_message m;
	const struct nlmsghdr *nlh;
	struct ctlink_datagram d;
	struct nlmsghdr first, last;
	struct ctlink_error error;

	batch_put_begin(&m, 0);
	batch_put_chain(&m, "prerouting");
	batch_put_rule(&m, NULL, 3);
	batch_put_rule(&m, "nowhere", 4);
	ask_end(&s, fd, &m, 0);
	ctlink_datagram_init(&d, answers.data, answers.size);
	cr_assert_eq(ctlink_datagram_next(&d, &nlh, NULL), 1);
	cr_assert_eq(ctlink_answer_parse(nlh, &error, &first, NULL), 0);
	cr_assert_eq(first.nlmsg_seq, 4);
	cr_assert_lt(error.code, 0);
	cr_assert_not_null(strstr(error.text, "nowhere"), "%s", error.text);
	cr_assert_eq(ctlink_datagram_next(&d, &nlh, NULL), 1);
	cr_assert_eq(ctlink_answer_parse(nlh, &error, &last, NULL), 0);
	cr_assert(last.nlmsg_seq == 99 && error.code == -ECANCELED);
	cr_assert_eq(server_generation(&s), 1);
	close(fd);
	server_end(&s);
}

Test(control, a_closed_connection_takes_its_open_batch_with_it)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct ctlink_message m;

	batch_put_begin(&m, 0);
	batch_put_chain(&m, "prerouting");
	server_ask(&s, fd, &m);
	close(fd);
	server_run(&s);
	cr_assert_eq(server_generation(&s), 1);
	ctlink_message_fini(&m);
	server_end(&s);
}

/* ---- the rest ---------------------------------------------------------------------------------------- */

Test(control, answers_for_queues_protocols_and_itself)
{
	struct server s = server_new(1, NULL);
	int fd = server_connect(&s);

	ask_plain(&s, fd, CTLINK_TYPE(CTQ_SUBSYS_QUEUES, CTQ_MSG_QUEUE_GET), NLM_F_DUMP);
	cr_assert_eq(answers_count(&answers,
	                           CTLINK_TYPE(CTQ_SUBSYS_QUEUES, CTQ_MSG_QUEUE_NEW),
	                           NULL),
	             2);
	ask_plain(&s, fd, CTLINK_TYPE(CTQ_SUBSYS_PROTO, CTQ_MSG_PROTO_GET), NLM_F_DUMP);
	cr_assert_geq(answers_count(&answers,
	                            CTLINK_TYPE(CTQ_SUBSYS_PROTO, CTQ_MSG_PROTO_NEW),
	                            NULL),
	              4);
	ask_plain(&s, fd, DAEMON(GET), 0);
	cr_assert_eq(answers_count(&answers, DAEMON(NEW), NULL), 1);
	ask_plain(&s, fd, DAEMON(STATS_GET), 0);
	cr_assert_eq(answers_count(&answers, DAEMON(STATS_NEW), NULL), 1);
	ask_plain(&s, fd, CT(GET_STATS), 0);
	cr_assert_eq(answers_count(&answers, CT(GET_STATS), NULL), 1);
	ask_plain(&s, fd, CT(GET_STATS_CPU), NLM_F_DUMP);
	cr_assert_eq(answers_count(&answers, CT(GET_STATS_CPU), NULL), 2,
	             "a worker's and control's");
	close(fd);
	server_end(&s);
}

Test(control, refuses_what_it_does_not_know)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);

	ask_plain(&s, fd, CTLINK_TYPE(0x77, 1), 0);
	cr_assert_eq(answers_error(&answers).code, -EOPNOTSUPP);
	ask_plain(&s, fd, DAEMON(GET), NLM_F_EXCL);
	cr_assert_eq(answers_error(&answers).code, -EOPNOTSUPP);
	ask_plain(&s, fd, RULES(RULE_GET), 0);
	cr_assert_eq(answers_error(&answers).code, -EINVAL);
	ask_plain(&s, fd, RULES(RULE_NEW), 0);
	cr_assert_eq(answers_error(&answers).code, -EOPNOTSUPP, "outside a batch");
	close(fd);
	server_end(&s);
}

Test(control, lives_through_garbage)
{
	struct server s = server_new(3, NULL);
	int fd = server_connect(&s);
	uint8_t bytes[64];
	unsigned int seed;
	size_t i;

	for (seed = 1; seed < 200; seed++) {
		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(seed * 31 + i * seed * 7);
		cr_assert_eq(send(fd, bytes, 1 + seed % sizeof(bytes), 0),
		             1 + seed % sizeof(bytes));
		server_run(&s);
		server_read(&s, fd, &answers);
		cr_assert_gt(answers.size, 0, "garbage is answered");
	}
	ask_plain(&s, fd, CT(GET), NLM_F_DUMP);
	cr_assert_eq(answers_count(&answers, CT(NEW), NULL), 3);
	close(fd);
	server_end(&s);
}

Test(control, requests_behind_a_dump_wait_for_its_end)
{
	struct server s = server_new(500, NULL);
	int fd = server_connect(&s);
	struct ctlink_message m;
	struct ctlink_header get = { .type = DAEMON(GET),
		                     .flags = NLM_F_REQUEST,
		                     .seq = 78 };

	request(&m, CT(GET), NLM_F_DUMP);
	ctlink_message_begin(&m, &get);
	cr_assert_eq(ctlink_message_end(&m), 0);
	server_ask(&s, fd, &m);
	server_read(&s, fd, &answers);
	cr_assert_eq(answers_count(&answers, CT(NEW), NULL), 500);
	cr_assert_eq(answers_count(&answers, NLMSG_DONE, NULL), 1);
	cr_assert_eq(answers_count(&answers, DAEMON(NEW), NULL), 1);
	ctlink_message_fini(&m);
	close(fd);
	server_end(&s);
}

Test(control, who_asks_and_does_not_read_is_left_alone)
{
	struct server s = server_new(900, NULL);
	int fd = server_connect(&s), i;
	struct pollfd polled = { .fd = control_fd(s.control), .events = POLLIN };
	struct ctlink_message m;

	request(&m, CT(GET), NLM_F_DUMP);
	for (i = 0; i < 8; i++)
		cr_assert_eq(send(fd, m.data, m.size, 0), m.size);
	for (i = 0; i < 10; i++)
		server_run(&s);
	cr_assert_eq(poll(&polled, 1, 0), 0, "there is nothing to do for the server");
	ctlink_message_fini(&m);
	close(fd);
	server_run(&s);
	server_end(&s);
}

Test(control, more_clients_than_allowed_are_closed)
{
	struct control_config cfg;
	struct server s;
	enum { allowed = 2 + CTQ_ADMIN_RESERVE };
	int fd[allowed + 1], i;
	char byte;

	control_config_init(&cfg);
	cfg.clients_max = 2;
	s = server_new(0, &cfg);
	for (i = 0; i <= allowed; i++)
		fd[i] = server_connect(&s);
	answers.size = (uint32_t)recv(fd[allowed], answers.data, sizeof(answers.data), 0);
	cr_assert_eq(answers_error(&answers).code, -EBUSY, "told why");
	cr_assert_eq(recv(fd[allowed], &byte, 1, 0), 0, "and closed");
	cr_assert(recv(fd[allowed - 1], &byte, 1, 0) < 0 && errno == EAGAIN, "open");
	for (i = 0; i <= allowed; i++)
		close(fd[i]);
	server_end(&s);
}

/* A process that was forked off has the server's sockets. What it holds open is polled for ever,
 * unless it is taken out by name. */
Test(control, a_connection_that_another_process_holds_is_forgotten)
{
	struct server s = server_new(1, NULL);
	int fd = server_connect(&s), other, ready[2], i;
	pid_t child;
	char byte;

	cr_assert_eq(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		close(fd);
		(void)!write(ready[1], "x", 1);
		pause();
		_exit(0);
	}
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	close(fd);
	for (i = 0; i < 4; i++)
		control_step(s.control, s.flows.now_ns);
	other = server_connect(&s);
	ask_plain(&s, other, CT(GET), NLM_F_DUMP);
	cr_assert_eq(answers_count(&answers, CT(NEW), NULL), 1);
	close(other);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	server_end(&s);
}

/* In a child that has given its rights up: connect, ask, return what error came. */
static int child_code(struct server *s, gid_t group, const struct ctlink_message *m)
{
	int fd;

	if (setgroups(0, NULL) < 0 || setgid(group) < 0 || setuid(65534) < 0)
		return 100;
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	{
		struct sockaddr_un address = { .sun_family = AF_UNIX };

		strcpy(address.sun_path, s->socket);
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
			return 101;
	}
	(void)!send(fd, m->data, m->size, MSG_NOSIGNAL); /* a stranger's comes too late */
	do
		answers.size = (uint32_t)recv(fd, answers.data, sizeof(answers.data), 0);
	while ((int32_t)answers.size < 0 &&
	       errno == ECONNRESET); /* before what it still said */
	if ((int32_t)answers.size <= 0)
		return 103;
	return -answers_error(&answers).code;
}

static int send_as(struct server *s, gid_t group, struct ctlink_message *m)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(child_code(s, group, m));
	ctlink_message_fini(m);
	while (waitpid(child, &status, WNOHANG) == 0)
		control_step(s->control, s->flows.now_ns);
	return WEXITSTATUS(status);
}

static int ask_as(struct server *s, gid_t group, uint16_t type, uint16_t flags)
{
	struct ctlink_message m;

	request(&m, type, flags);
	return send_as(s, group, &m);
}

static int delete_as(struct server *s, gid_t group)
{
	return ask_as(s, group, CT(DELETE), NLM_F_ACK);
}

/* With at most @clients and @lists for readers. */
static struct server server_of_groups(unsigned int flows, uint32_t clients,
                                      uint32_t lists)
{
	struct control_config cfg;
	struct server s;

	if (geteuid() != 0)
		cr_skip_test("needs root, to become somebody else");
	control_config_init(&cfg);
	cfg.read_group = 4242;
	cfg.change_group = 4243;
	cfg.clients_max = clients;
	cfg.lists_max = lists;
	s = server_new(flows, &cfg);
	chmod(s.directory, 0755);
	return s;
}

Test(control, credentials_decide_who_reads_and_who_changes)
{
	struct server s = server_of_groups(2, 64, 64);

	cr_assert_eq(delete_as(&s, 4242), EPERM, "a reader may not delete");
	cr_assert_eq(confirmed(&s), 2);
	cr_assert_eq(delete_as(&s, 4244), EPERM, "a stranger may not even read");
	cr_assert_eq(confirmed(&s), 2);
	cr_assert_eq(delete_as(&s, 4243), 0);
	cr_assert_eq(confirmed(&s), 0);
	server_end(&s);
}

/* The server is full but for what it keeps for those who may change. */
Test(control, readers_do_not_lock_out_who_may_change)
{
	struct server s = server_of_groups(2, 1, 1);
	int fd = server_connect(&s);

	cr_assert_eq(delete_as(&s, 4242), EBUSY, "there is no room for a reader");
	cr_assert_eq(delete_as(&s, 4243), 0, "there is for who may change");
	cr_assert_eq(confirmed(&s), 0);
	close(fd);
	server_end(&s);
}

Test(control, readers_lists_do_not_lock_out_who_may_change)
{
	struct server s = server_of_groups(900, 64, 1);
	struct ctlink_message m;
	int fd = server_connect(&s), i;

	request(&m, CT(GET), NLM_F_DUMP);
	for (i = 0; i < 8; i++) /* more than its socket takes */
		cr_assert_eq(send(fd, m.data, m.size, 0), m.size);
	server_run(&s);
	ctlink_message_fini(&m);
	cr_assert_eq(ask_as(&s, 4242, DAEMON(COUNT), NLM_F_ACK), EBUSY, "a reader");
	cr_assert_eq(delete_as(&s, 4243), 0, "who may change");
	close(fd);
	server_end(&s);
}

static int watch_as(struct server *s, gid_t group)
{
	struct ctlink_header header = { .type = DAEMON(SUBSCRIBE),
		                        .flags = NLM_F_REQUEST | NLM_F_ACK };
	struct ctlink_groups value = { .has = 1u << CTQ_GROUP_DROP };
	struct ctlink_message m;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_groups_build(&m, &header, &value), 0);
	return send_as(s, group, &m);
}

Test(control, readers_that_watch_do_not_lock_out_who_may_change)
{
	struct server s = server_of_groups(0, 64, 64);
	int fd[CTQ_GROUP_WATCHERS_MAX], i;

	for (i = 0; i < CTQ_GROUP_WATCHERS_MAX; i++)
		fd[i] = server_connect(&s);
	for (i = 0; i < CTQ_GROUP_WATCHERS_MAX - CTQ_GROUP_WATCHERS_RESERVE; i++)
		server_subscribe(&s, fd[i], 1u << CTQ_GROUP_DROP);
	cr_assert_eq(watch_as(&s, 4242), EBUSY, "a reader");
	cr_assert_eq(watch_as(&s, 4243), 0, "who may change");
	server_run(&s);
	for (; i < CTQ_GROUP_WATCHERS_MAX; i++)
		server_subscribe(&s, fd[i], 1u << CTQ_GROUP_DROP);
	cr_assert_eq(watch_as(&s, 4243), EBUSY, "all places are taken");
	close(fd[0]);
	close(fd[1]);
	close(fd[2]);
	server_run(&s);
	cr_assert_eq(watch_as(&s, 4242), 0, "there is room again");
	while (i)
		if (--i > 2)
			close(fd[i]);
	server_end(&s);
}

Test(control, a_second_server_does_not_take_a_live_socket)
{
	struct server s = server_new(0, NULL);
	struct control_config cfg;
	struct control_env env = { .flows = s.flows.table,
		                   .rules = s.rules,
		                   .path = s.path };
	int err = 0;

	control_config_init(&cfg);
	cfg.socket_path = s.socket;
	cr_assert_null(control_new(&cfg, &env, &err));
	cr_assert_eq(err, -EADDRINUSE);
	server_end(&s);
}

Test(control, a_file_that_is_no_socket_is_not_removed)
{
	struct control_env env = { .version = "test" };
	char path[] = "/tmp/ctq-control-XXXXXX";
	struct control_config cfg;
	int err = 0, fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	control_config_init(&cfg);
	cfg.socket_path = path;
	cr_assert_null(control_new(&cfg, &env, &err));
	cr_assert_eq(err, -EADDRINUSE);
	cr_assert_eq(unlink(path), 0, "it is still there");
	close(fd);
}
