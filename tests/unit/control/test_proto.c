/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "ctlink/proto.h"
#include "flow/expect.h"
#include "server.h"

#define PROTO(m) CTLINK_TYPE(CTQ_SUBSYS_PROTO, CTQ_MSG_PROTO_##m)

static struct answers answers;

static void send_name(struct server *s, int fd, uint16_t type, const char *name)
{
	struct ctlink_header header = { .type = type,
		                        .flags = NLM_F_REQUEST | NLM_F_ACK };
	struct ctlink_proto value = { .has = 0 };
	struct ctlink_message m;

	if (name) {
		strcpy(value.name, name);
		ctlink_mark(&value, CTLINK_PROTO_NAME);
	}
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_proto_build(&m, &header, &value), 0);
	server_ask(s, fd, &m);
	ctlink_message_fini(&m);
}

/* Ask, wait for the answer, and return its code. */
static int ask(struct server *s, int fd, uint16_t type, const char *name)
{
	send_name(s, fd, type, name);
	server_wait(s, fd);
	server_read(s, fd, &answers);
	return answers_error(&answers).code;
}

/* What the listing says of @name; false: nothing. */
static bool look(struct server *s, int fd, const char *name, struct ctlink_proto *out)
{
	struct ctlink_datagram d;
	const struct nlmsghdr *nlh;
	struct ctlink_message m;

	request(&m, PROTO(GET), NLM_F_DUMP);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	ctlink_message_fini(&m);
	ctlink_datagram_init(&d, answers.data, answers.size);
	while (ctlink_datagram_next(&d, &nlh, NULL) == 1) {
		struct ctlink_proto value = { .has = 0 };
		bool found;

		if (nlh->nlmsg_type != PROTO(NEW))
			continue;
		cr_assert_eq(ctlink_proto_parse(nlh, &value, NULL, NULL), 0);
		found = strcmp(value.name, name) == 0;
		*out = value;
		ctlink_proto_fini(&value, NULL);
		if (found)
			return true;
	}
	return false;
}

static const struct track_machines *machines(struct server *s)
{
	return track_registry_peek(path_registry(s->path));
}

Test(proto, lists_what_each_machine_has)
{
	struct server s = server_new(5, NULL);
	int fd = server_connect(&s);
	struct ctlink_proto value;

	cr_assert(look(&s, fd, "udp", &value));
	cr_assert_eq(value.number, IPPROTO_UDP);
	cr_assert_eq(value.state, CTQ_PROTO_LOADED);
	cr_assert_eq(value.flows, 5);
	cr_assert_eq(value.references, 5);
	cr_assert(!ctlink_has(&value, CTLINK_PROTO_MODULE));
	cr_assert(look(&s, fd, "generic", &value));
	cr_assert_eq(value.flows, 0);
	close(fd);
	server_end(&s);
}

Test(proto, unloading_ends_when_the_last_reference_is_put)
{
	struct server s = server_new(5, NULL);
	int fd = server_connect(&s), other = server_connect(&s);
	struct packet p = packet_number(3);
	struct ctlink_proto value;
	struct flow_ref held;

	held = flow_find(s.flows.table, &p.tuple, FLOW_HOLDER_CONTROL);
	send_name(&s, fd, PROTO(UNLOAD), "udp");
	server_wait(&s, -1);
	server_read(&s, fd, &answers);
	cr_assert_eq(answers.size, 0, "somebody holds a flow");
	cr_assert_null(flow_peek(s.flows.table, &p.tuple).flow, "it is in no table");
	cr_assert_eq(atomic_load(&held.flow->end), FLOW_END_MODULE);
	cr_assert(look(&s, other, "udp", &value));
	cr_assert_eq(value.state, CTQ_PROTO_UNLOADING);
	cr_assert_eq(value.flows, 0);
	cr_assert_eq(value.references, 1);
	cr_assert_eq(ask(&s, other, PROTO(UNLOAD), "udp"), -EBUSY);
	cr_assert_eq(ask(&s, other, PROTO(LOAD), "udp"), -EBUSY);

	flow_put(s.flows.table, held.flow, FLOW_HOLDER_CONTROL);
	server_wait(&s, fd);
	server_read(&s, fd, &answers);
	cr_assert_eq(answers_error(&answers).code, 0);
	cr_assert(look(&s, fd, "udp", &value));
	cr_assert_eq(value.state, CTQ_PROTO_UNLOADED);
	cr_assert_eq(value.references, 0);
	cr_assert_eq(machines(&s)->by_l4[IPPROTO_UDP], TRACK_MACHINE_GENERIC);
	close(other);
	close(fd);
	server_end(&s);
}

Test(proto, loading_ends_the_generic_flows_of_the_protocol)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct packet udp = packet_number(1), other = packet_number(2);
	enum ctq_reason why = CTQ_REASON_NONE;
	struct flow *f, *g;

	other.tuple.l4 = 99;
	cr_assert_eq(ask(&s, fd, PROTO(UNLOAD), "UDP"), 0);
	f = flow_new(s.flows.worker, &udp, TRACK_MACHINE_GENERIC, s.flows.now_ns, &why);
	g = flow_new(s.flows.worker, &other, TRACK_MACHINE_GENERIC, s.flows.now_ns, &why);
	flow_get(f, FLOW_HOLDER_CONTROL);
	cr_assert_eq(ask(&s, fd, PROTO(LOAD), "udp"), 0);
	cr_assert(flow_is_dying(f));
	cr_assert_eq(atomic_load(&f->end), FLOW_END_MODULE);
	cr_assert(!flow_is_dying(g), "of another protocol");
	cr_assert_eq(machines(&s)->by_l4[IPPROTO_UDP], TRACK_MACHINE_UDP);
	flow_put(s.flows.table, f, FLOW_HOLDER_CONTROL);
	close(fd);
	server_end(&s);
}

Test(proto, refuses_what_cannot_be)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);

	cr_assert_eq(ask(&s, fd, PROTO(UNLOAD), NULL), -EINVAL);
	cr_assert_eq(ask(&s, fd, PROTO(UNLOAD), "generic"), -EOPNOTSUPP);
	cr_assert_eq(ask(&s, fd, PROTO(UNLOAD), "ospf"), -ENOENT);
	cr_assert_eq(ask(&s, fd, PROTO(LOAD), "ospf"), -ENOENT);
	cr_assert_str_eq(answers_error(&answers).text, "no module 'ospf'");
	cr_assert_eq(ask(&s, fd, PROTO(LOAD), "tcp"), -EEXIST);
	cr_assert_eq(ask(&s, fd, PROTO(UNLOAD), "tcp"), 0);
	cr_assert_eq(ask(&s, fd, PROTO(UNLOAD), "tcp"), -ENOENT);
	close(fd);
	server_end(&s);
}

Test(proto, a_module_comes_and_goes)
{
	struct server s = server_new(0, NULL);
	int fd = server_connect(&s);
	struct packet p = packet_number(1);
	enum ctq_reason why = CTQ_REASON_NONE;
	struct ctlink_proto value;
	struct tuple reply;
	struct flow *f;
	uint8_t number;

	p.tuple.l4 = server_module.l4;
	cr_assert_eq(ask(&s, fd, PROTO(LOAD), "test"), 0);
	cr_assert_eq(server_modules_open, 1);
	cr_assert(look(&s, fd, "test", &value));
	cr_assert(ctlink_has(&value, CTLINK_PROTO_MODULE));
	cr_assert_eq(value.number, 253);
	number = machines(&s)->by_l4[253];
	cr_assert_eq(machines(&s)->machine[number], &server_module);

	f = flow_new(s.flows.worker, &p, number, s.flows.now_ns, &why);
	tuple_invert(&p.tuple, &reply);
	cr_assert_eq(flow_confirm(s.flows.worker, f, &reply, s.flows.now_ns, &why).flow,
	             f);
	cr_assert_eq(ask(&s, fd, PROTO(UNLOAD), "test"), 0);
	cr_assert_eq(server_modules_open, 0);
	cr_assert(!look(&s, fd, "test", &value));
	cr_assert_null(machines(&s)->machine[number]);
	cr_assert_eq(machines(&s)->by_l4[253], TRACK_MACHINE_GENERIC);
	close(fd);
	server_end(&s);
}

/* A flow of it and what it expects stay until it goes; the flow stays without it. */
Test(proto, a_helper_comes_and_goes)
{
	struct server s = server_new(1, NULL);
	int fd = server_connect(&s);
	struct packet p = packet_number(0);
	struct helper_action want = { .kind = HELPER_EXPECT };
	struct ctlink_proto value;
	struct flow *f;
	uint16_t i;

	cr_assert_eq(ask(&s, fd, PROTO(LOAD), "announce"), 0);
	cr_assert_eq(server_modules_open, 1);
	cr_assert_eq(ask(&s, fd, PROTO(LOAD), "announce"), -EEXIST);
	cr_assert(look(&s, fd, "announce", &value));
	cr_assert(ctlink_has(&value, CTLINK_PROTO_HELPER));
	cr_assert_eq(value.number, IPPROTO_UDP);

	f = flow_find(s.flows.table, &p.tuple, FLOW_HOLDER_CONTROL).flow;
	cr_assert_not_null(f);
	flow_helper_set(s.flows.worker, f, &server_helper);
	want.tuple = p.tuple;
	for (i = 1; i <= 100; i++) {
		want.tuple.dst_id = i;
		cr_assert_eq(expect_add(s.flows.worker, f, &server_helper, &want,
		                        s.flows.now_ns),
		             0);
	}
	cr_assert_eq(flow_helper(f), &server_helper);
	cr_assert_eq(ask(&s, fd, PROTO(UNLOAD), "announce"), 0);
	cr_assert_eq(server_modules_open, 0);
	cr_assert_null(flow_helper(f));
	cr_assert_eq(atomic_load(&f->helper), 0);
	cr_assert_eq(expect_count(s.flows.table), 0);
	cr_assert(!flow_is_dying(f));
	cr_assert(!look(&s, fd, "announce", &value));
	cr_assert_eq(ask(&s, fd, PROTO(UNLOAD), "announce"), -ENOENT);
	cr_assert_eq(ask(&s, fd, PROTO(UNLOAD), "ftp"), -EOPNOTSUPP);
	cr_assert_eq(ask(&s, fd, PROTO(LOAD), "ftp"), -EEXIST);
	cr_assert_eq(ask(&s, fd, PROTO(LOAD), "announce"), 0);
	cr_assert_eq(ask(&s, fd, PROTO(UNLOAD), "announce"), 0);
	flow_put(s.flows.table, f, FLOW_HOLDER_CONTROL);
	close(fd);
	server_end(&s);
}

Test(proto, goes_on_when_the_client_hangs_up)
{
	struct server s = server_new(3, NULL);
	int fd = server_connect(&s);

	send_name(&s, fd, PROTO(UNLOAD), "udp");
	close(fd);
	server_wait(&s, -1);
	cr_assert_eq(machines(&s)->by_l4[IPPROTO_UDP], TRACK_MACHINE_GENERIC);
	fd = server_connect(&s);
	cr_assert_eq(ask(&s, fd, PROTO(LOAD), "udp"), 0);
	close(fd);
	server_end(&s);
}

Test(proto, the_server_may_end_in_the_middle)
{
	struct server s = server_new(3, NULL);
	int fd = server_connect(&s);

	send_name(&s, fd, PROTO(UNLOAD), "udp");
	server_end(&s);
	close(fd);
}

Test(proto, requests_behind_it_wait)
{
	struct server s = server_new(3, NULL);
	int fd = server_connect(&s);
	struct ctlink_message m;

	send_name(&s, fd, PROTO(UNLOAD), "udp");
	request(&m, CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_GET), NLM_F_ACK);
	server_ask(&s, fd, &m);
	server_wait(&s, fd);
	server_run(&s);
	server_read(&s, fd, &answers);
	cr_assert_eq(answers_count(&answers, NLMSG_ERROR, NULL), 2);
	ctlink_message_fini(&m);
	close(fd);
	server_end(&s);
}
