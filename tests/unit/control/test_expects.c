/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expectations through the socket. What the kernel's library makes is taken, and what we
 * send the kernel's library can read.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <unistd.h>

#include "ctlink/daemon.h"
#include "ctlink/expect.h"
#include "ctlink/stats.h"
#include "flow/expect.h"
#include "server.h"

#define EXP(message) CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_##message)

static struct answers answers; /* half a megabyte: not for the stack */

static void ask_plain(struct server *s, int fd, uint16_t type, uint16_t flags)
{
	struct ctlink_message m;

	request(&m, type, flags);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	ctlink_message_fini(&m);
}

static void ask(struct server *s, int fd, uint16_t type, uint16_t flags,
                const struct ctlink_expect *value)
{
	struct ctlink_header header = { .type = type,
		                        .flags = (uint16_t)(NLM_F_REQUEST | flags) };
	struct ctlink_message m;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_expect_build(&m, &header, value), 0);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	ctlink_message_fini(&m);
}

static int error_of_answers(void)
{
	return answers_error(&answers).code;
}

/* Flow @n of the fixture as a master, and one that it expects, to @port. */
static struct flow *master_number(struct server *s, uint32_t n)
{
	struct packet p = packet_number(n);
	struct flow *f = flow_peek(s->flows.table, &p.tuple).flow;

	if (!(flow_status(f) & TRACK_HELPER))
		flow_helper_set(s->flows.worker, f, helper_named("tftp"));
	return f;
}

static struct helper_action wish(uint32_t n, uint16_t port)
{
	struct helper_action want = { .kind = HELPER_EXPECT };

	want.tuple = packet_number(n).tuple;
	want.tuple.src_id = 0;
	want.tuple.dst_id = htons(port);
	memset(want.mask.src, 0xff, 4);
	return want;
}

static void expect_number(struct server *s, uint32_t n, uint16_t port)
{
	struct helper_action want = wish(n, port);

	cr_assert_eq(expect_add(s->flows.worker, master_number(s, n),
	                        helper_named("tftp"), &want, s->flows.now_ns),
	             0);
}

/* A request about the one that flow @n expects at @port. */
static struct ctlink_expect value_of(uint32_t n, uint16_t port)
{
	struct helper_action want = wish(n, port);
	struct ctlink_expect value = { .family = AF_INET };

	memcpy(&value.tuple, &want.tuple, sizeof(value.tuple));
	ctlink_mark(&value, CTLINK_EXPECT_TUPLE);
	return value;
}

static struct ctlink_expect new_value(uint32_t n, uint16_t port)
{
	struct ctlink_expect value = value_of(n, port);
	struct packet p = packet_number(n);

	value.mask.l3 = AF_INET;
	value.mask.l4 = p.tuple.l4;
	memset(value.mask.src, 0xff, 4);
	memset(value.mask.dst, 0xff, 4);
	value.mask.dst_id = UINT16_MAX;
	memcpy(&value.master, &p.tuple, sizeof(value.master));
	ctlink_mark(&value, CTLINK_EXPECT_MASK);
	ctlink_mark(&value, CTLINK_EXPECT_MASTER);
	return value;
}

Test(expects, are_listed)
{
	struct server s = server_new(200, NULL);
	struct ctlink_expect filter = { .family = AF_INET };
	struct packet seventh = packet_number(7);
	int fd = server_connect(&s);
	uint32_t n;

	for (n = 0; n < 150; n++)
		expect_number(&s, n, 5000);
	ask_plain(&s, fd, EXP(GET), NLM_F_DUMP);
	cr_expect_eq(answers_count(&answers, EXP(NEW), NULL), 150);
	cr_expect_eq(answers_count(&answers, NLMSG_DONE, NULL), 1);
	memcpy(&filter.master, &seventh.tuple, sizeof(filter.master));
	ctlink_mark(&filter, CTLINK_EXPECT_MASTER);
	ask(&s, fd, EXP(GET), NLM_F_DUMP, &filter);
	cr_expect_eq(answers_count(&answers, EXP(NEW), NULL), 1);
	filter = (struct ctlink_expect){ .family = AF_INET6 };
	ask(&s, fd, EXP(GET), NLM_F_DUMP, &filter);
	cr_expect_eq(answers_count(&answers, EXP(NEW), NULL), 0);
	filter = (struct ctlink_expect){ .helper = "ftp" };
	ctlink_mark(&filter, CTLINK_EXPECT_HELPER);
	ask(&s, fd, EXP(GET), NLM_F_DUMP, &filter);
	cr_expect_eq(answers_count(&answers, EXP(NEW), NULL), 0);
	close(fd);
	server_end(&s);
}

/* libnetfilter_conntrack reads what we send. */
Test(expects, are_the_kernels_messages)
{
	struct server s = server_new(3, NULL);
	const struct nf_conntrack *tuple;
	const struct nlmsghdr *nlh = NULL;
	struct nf_expect *exp = nfexp_new();
	struct ctlink_expect value = value_of(1, 5000);
	int fd = server_connect(&s);

	expect_number(&s, 1, 5000);
	ask(&s, fd, EXP(GET), 0, &value);
	cr_assert_eq(answers_count(&answers, EXP(NEW), &nlh), 1);
	cr_assert_eq(nfexp_nlmsg_parse(nlh, exp), 0);
	cr_expect_eq(nfexp_get_attr_u32(exp, ATTR_EXP_TIMEOUT), 300);
	cr_expect_str_eq(nfexp_get_attr(exp, ATTR_EXP_HELPER_NAME), "tftp");
	tuple = nfexp_get_attr(exp, ATTR_EXP_EXPECTED);
	cr_expect_eq(nfct_get_attr_u16(tuple, ATTR_ORIG_PORT_DST), htons(5000));
	cr_expect_eq(nfct_get_attr_u32(tuple, ATTR_ORIG_IPV4_SRC), htonl(0x0a000001));
	tuple = nfexp_get_attr(exp, ATTR_EXP_MASK);
	cr_expect_eq(nfct_get_attr_u32(tuple, ATTR_ORIG_IPV4_SRC), UINT32_MAX);
	cr_expect_eq(nfct_get_attr_u16(tuple, ATTR_ORIG_PORT_SRC), 0);
	cr_expect_eq(nfct_get_attr_u16(tuple, ATTR_ORIG_PORT_DST), UINT16_MAX);
	tuple = nfexp_get_attr(exp, ATTR_EXP_MASTER);
	cr_expect_eq(nfct_get_attr_u16(tuple, ATTR_ORIG_PORT_DST), htons(53));
	nfexp_destroy(exp);
	close(fd);
	server_end(&s);
}

static void set_tuple(struct nf_conntrack *ct, uint32_t src, uint32_t dst, uint16_t sport,
                      uint16_t dport)
{
	nfct_set_attr_u8(ct, ATTR_L3PROTO, AF_INET);
	nfct_set_attr_u32(ct, ATTR_IPV4_SRC, src);
	nfct_set_attr_u32(ct, ATTR_IPV4_DST, dst);
	nfct_set_attr_u8(ct, ATTR_L4PROTO, IPPROTO_UDP);
	nfct_set_attr_u16(ct, ATTR_PORT_SRC, htons(sport));
	nfct_set_attr_u16(ct, ATTR_PORT_DST, htons(dport));
}

/* … and we take what it makes. */
Test(expects, the_kernels_library_makes_one)
{
	struct server s = server_new(3, NULL);
	struct nf_conntrack *master = nfct_new(), *tuple = nfct_new(), *mask = nfct_new();
	struct nf_expect *exp = nfexp_new();
	uint32_t src = htonl(0x0a000001), dst = htonl(0xc0000201);
	struct ctlink_message m;
	char buf[1024] BASE_ALIGNED(8) = { 0 };
	struct nfgenmsg *nfg;
	struct nlmsghdr *nlh;
	int fd = server_connect(&s);

	master_number(&s, 1);
	set_tuple(master, src, dst, 1024, 53);
	set_tuple(tuple, src, dst, 0, 5000);
	set_tuple(mask, UINT32_MAX, UINT32_MAX, 0, UINT16_MAX);
	nfexp_set_attr(exp, ATTR_EXP_MASTER, master);
	nfexp_set_attr(exp, ATTR_EXP_EXPECTED, tuple);
	nfexp_set_attr(exp, ATTR_EXP_MASK, mask);
	nfexp_set_attr_u32(exp, ATTR_EXP_TIMEOUT, 77);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = EXP(NEW);
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = AF_INET;
	nfg->version = NFNETLINK_V0;
	cr_assert_eq(nfexp_nlmsg_build(nlh, exp), 0);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	m.data = (uint8_t *)nlh; /* borrowed: not ended, not freed */
	m.size = nlh->nlmsg_len;
	m.count = 1;
	server_ask(&s, fd, &m);
	server_read(&s, fd, &answers);
	cr_expect_eq(error_of_answers(), 0, "%s", answers_error(&answers).text);
	cr_expect_eq(expect_count(s.flows.table), 1);
	nfct_destroy(master);
	nfct_destroy(tuple);
	nfct_destroy(mask);
	nfexp_destroy(exp);
	close(fd);
	server_end(&s);
}

Test(expects, are_deleted)
{
	struct server s = server_new(10, NULL);
	struct ctlink_expect value = value_of(1, 5000), by_id = { .id = 1 };
	struct expect_info info;
	uint32_t cursor = 0, n;
	int fd = server_connect(&s);

	for (n = 1; n < 6; n++)
		expect_number(&s, n, 5000);
	ask(&s, fd, EXP(DELETE), NLM_F_ACK, &value);
	cr_expect_eq(error_of_answers(), 0);
	ask(&s, fd, EXP(DELETE), NLM_F_ACK, &value);
	cr_expect_eq(error_of_answers(), -ENOENT);
	cr_assert_eq(expect_walk(s.flows.table, &cursor, &info, 1, s.flows.now_ns), 1);
	by_id.id = info.id;
	ctlink_mark(&by_id, CTLINK_EXPECT_ID);
	ask(&s, fd, EXP(DELETE), NLM_F_ACK, &by_id);
	cr_expect_eq(error_of_answers(), 0);
	value = value_of(3, 5000);
	value.id = info.id;
	ctlink_mark(&value, CTLINK_EXPECT_ID);
	ask(&s, fd, EXP(DELETE), NLM_F_ACK, &value);
	cr_expect_eq(error_of_answers(), -ENOENT, "the tuple's, but not that one");
	value = (struct ctlink_expect){ .helper = "ftp" };
	ctlink_mark(&value, CTLINK_EXPECT_HELPER);
	ask(&s, fd, EXP(DELETE), NLM_F_ACK, &value);
	cr_expect_eq(expect_count(s.flows.table), 3, "none of them is ftp's");
	ask_plain(&s, fd, EXP(DELETE), NLM_F_ACK);
	cr_expect_eq(expect_count(s.flows.table), 0);
	close(fd);
	server_end(&s);
}

Test(expects, are_made_and_changed)
{
	struct server s = server_new(3, NULL);
	struct ctlink_expect value = new_value(1, 5000);
	struct packet nobody = packet_number(99);
	struct expect_info info;
	uint32_t cursor = 0;
	int fd = server_connect(&s);

	ask(&s, fd, EXP(NEW), NLM_F_ACK, &value);
	cr_expect_eq(error_of_answers(), -ENOENT, "nobody said create");
	ask(&s, fd, EXP(NEW), NLM_F_ACK | NLM_F_CREATE, &value);
	cr_expect_eq(error_of_answers(), -EOPNOTSUPP, "its master has no helper");
	master_number(&s, 1);
	ask(&s, fd, EXP(NEW), NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &value);
	cr_expect_eq(error_of_answers(), 0);
	ask(&s, fd, EXP(NEW), NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &value);
	cr_expect_eq(error_of_answers(), -EEXIST);
	value.timeout = 7;
	ctlink_mark(&value, CTLINK_EXPECT_TIMEOUT);
	ask(&s, fd, EXP(NEW), NLM_F_ACK, &value);
	cr_expect_eq(error_of_answers(), 0);
	cr_assert_eq(expect_walk(s.flows.table, &cursor, &info, 1, s.flows.now_ns), 1);
	cr_expect_leq(info.timeout_s, 8);
	value = new_value(1, 5001);
	value.class = 1;
	ctlink_mark(&value, CTLINK_EXPECT_CLASS);
	ask(&s, fd, EXP(NEW), NLM_F_ACK | NLM_F_CREATE, &value);
	cr_expect_eq(error_of_answers(), -EINVAL);
	value = new_value(2, 5002);
	memcpy(&value.master, &nobody.tuple, sizeof(value.master));
	ask(&s, fd, EXP(NEW), NLM_F_ACK | NLM_F_CREATE, &value);
	cr_expect_eq(error_of_answers(), -ENOENT, "no such master");
	value = value_of(2, 5002);
	ask(&s, fd, EXP(NEW), NLM_F_ACK | NLM_F_CREATE, &value);
	cr_expect_eq(error_of_answers(), -EINVAL, "a tuple is not enough");
	close(fd);
	server_end(&s);
}

/* What the worker and, behind it, control have made and deleted. */
static void expect_counted(const struct ctlink_expect_stats wanted[2])
{
	struct ctlink_expect_stats stats;
	const struct nlmsghdr *nlh;
	struct ctlink_datagram d;
	uint16_t n = 0;

	ctlink_datagram_init(&d, answers.data, answers.size);
	while (ctlink_datagram_next(&d, &nlh, NULL) > 0) {
		if (nlh->nlmsg_type != EXP(GET_STATS_CPU))
			continue;
		cr_assert_lt(n, 2);
		cr_assert_eq(ctlink_expect_stats_parse(nlh, &stats, NULL), 0);
		cr_expect_eq(stats.cpu, n);
		cr_expect_eq(stats.create, wanted[n].create, "%u", n);
		cr_expect_eq(stats.new, wanted[n].new, "%u", n);
		cr_expect_eq(stats.delete, wanted[n].delete, "%u", n);
		n++;
	}
	cr_expect_eq(n, 2);
}

Test(expects, have_statistics)
{
	struct server s = server_new(3, NULL);
	struct ctlink_expect value = new_value(2, 5001);
	int fd = server_connect(&s);

	expect_number(&s, 1, 5000);
	master_number(&s, 2);
	ask(&s, fd, EXP(NEW), NLM_F_ACK | NLM_F_CREATE, &value);
	cr_assert_eq(error_of_answers(), 0);
	value = value_of(1, 5000);
	ask(&s, fd, EXP(DELETE), NLM_F_ACK, &value);
	cr_assert_eq(error_of_answers(), 0);
	ask_plain(&s, fd, EXP(GET_STATS_CPU), NLM_F_DUMP);
	expect_counted((struct ctlink_expect_stats[]){ { .create = 1 },
	                                               { .create = 1, .delete = 1 } });
	close(fd);
	server_end(&s);
}
