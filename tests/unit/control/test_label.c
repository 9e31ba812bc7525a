/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <unistd.h>

#include "ctlink/filter.h"
#include "ctlink/flow.h"
#include "server.h"

#define CT(m) CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_##m)

static struct answers answers;

/* Ask for a change of the flow @number; returns the answer's code. */
static int change(struct server *s, int fd, uint32_t number,
                  const struct ctlink_flow *what)
{
	struct ctlink_header header = { .type = CT(NEW),
		                        .flags = NLM_F_REQUEST | NLM_F_ACK };
	struct packet p = packet_number(number);
	struct ctlink_flow value = *what;
	struct ctlink_message m;

	memcpy(&value.orig, &p.tuple, sizeof(value.orig));
	ctlink_mark(&value, CTLINK_FLOW_ORIG);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_flow_build(&m, &header, &value), 0);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	ctlink_message_fini(&m);
	return answers_error(&answers).code;
}

static int change_names(struct server *s, int fd, uint32_t number, const char *names)
{
	struct ctlink_flow value = { .has = 0 };

	strcpy(value.label_names, names);
	ctlink_mark(&value, CTLINK_FLOW_LABEL_NAMES);
	return change(s, fd, number, &value);
}

/* Flows that a dump with the filter "label @name" gives; *@last: the last one. */
static unsigned int dump(struct server *s, int fd, const char *name,
                         struct ctlink_flow *last)
{
	struct ctlink_header header = { .type = CT(GET),
		                        .flags = NLM_F_REQUEST | NLM_F_DUMP };
	const struct nlmsghdr *nlh = NULL;
	struct ctlink_filter filter;
	struct ctlink_term *term;
	struct ctlink_value *value;
	struct ctlink_message m;
	unsigned int n;

	ctlink_filter_init(&filter);
	term = ctlink_filter_append(&filter, NULL);
	ctlink_mark(term, CTLINK_TERM_MATCH);
	term->match.field = CTQ_FIELD_LABEL;
	ctlink_mark(&term->match, CTLINK_MATCH_FIELD);
	value = ctlink_match_append(&term->match, NULL);
	cr_assert_eq(ctlink_string_set(&value->string, name, strlen(name), NULL), 0);
	ctlink_mark(value, CTLINK_VALUE_STRING);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_filter_build(&m, &header, &filter), 0);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	ctlink_message_fini(&m);
	ctlink_filter_fini(&filter, NULL);
	n = answers_count(&answers, CT(NEW), &nlh);
	memset(last, 0, sizeof(*last));
	if (n)
		cr_assert_eq(ctlink_flow_parse(nlh, last, NULL), 0);
	return n;
}

Test(label, is_set_shown_and_taken_away_by_name)
{
	struct server s = server_new(5, NULL);
	int fd = server_connect(&s);
	struct ctlink_flow f;

	cr_assert_eq(change_names(&s, fd, 2, "+web,+17,+bulk"), 0);
	cr_assert_eq(change_names(&s, fd, 3, "+bulk"), 0);
	cr_assert_eq(dump(&s, fd, "web", &f), 1);
	cr_assert_str_eq(f.label_names, "web,17,bulk");
	cr_assert_eq(f.labels_size, 16);
	cr_assert(f.labels[0] == 8 && f.labels[2] == 2 && f.labels[12] == 16);
	cr_assert_eq(dump(&s, fd, "17", &f), 1);
	cr_assert_eq(dump(&s, fd, "b*", &f), 2);
	cr_assert_eq(dump(&s, fd, "3", &f), 1, "its number will do as well");
	cr_assert_eq(change_names(&s, fd, 2, "-web,-bulk,-17"), 0);
	cr_assert_eq(dump(&s, fd, "*", &f), 1);
	cr_assert_eq(change_names(&s, fd, 3, "-bulk"), 0);
	cr_assert_eq(dump(&s, fd, "*", &f), 0);
	close(fd);
	server_end(&s);
}

Test(label, a_mask_says_which_bits_count)
{
	struct ctlink_flow value = { .labels_size = 8, .labels_mask_size = 8 }, f;
	struct server s = server_new(1, NULL);
	int fd = server_connect(&s);

	cr_assert_eq(change_names(&s, fd, 0, "+web,+bulk,+0"), 0);
	value.labels[0] = 2;
	value.labels_mask[0] = 0x0b;
	ctlink_mark(&value, CTLINK_FLOW_LABELS);
	ctlink_mark(&value, CTLINK_FLOW_LABELS_MASK);
	cr_assert_eq(change(&s, fd, 0, &value), 0);
	cr_assert_eq(dump(&s, fd, "*", &f), 1);
	cr_assert_str_eq(f.label_names, "1,bulk");
	ctlink_unmark(&value, CTLINK_FLOW_LABELS_MASK);
	cr_assert_eq(change(&s, fd, 0, &value), 0);
	cr_assert_eq(dump(&s, fd, "*", &f), 1);
	cr_assert_str_eq(f.label_names, "1", "without a mask all change");
	close(fd);
	server_end(&s);
}

Test(label, a_change_is_an_event_of_its_kind)
{
	struct server s = server_new(1, NULL);
	int fd = server_connect(&s);
	struct flow_event e;

	flow_event_wanted_set(s.flows.table, ~0u);
	cr_assert_eq(change_names(&s, fd, 0, "+web"), 0);
	cr_assert(flow_event_take(s.flows.table, 1, &e));
	cr_assert_eq(e.changes, FLOW_CHANGE_LABEL);
	cr_assert_eq(e.info.labels.words[0], 8);
	close(fd);
	server_end(&s);
}

Test(label, what_is_no_label_changes_nothing)
{
	struct server s = server_new(1, NULL);
	int fd = server_connect(&s);
	struct ctlink_flow f;

	cr_assert_eq(change_names(&s, fd, 0, "+web,+wep"), -EINVAL);
	cr_assert_str_eq(answers_error(&answers).text, "no label is called 'wep'");
	cr_assert_eq(change_names(&s, fd, 0, "+128"), -EINVAL);
	cr_assert_eq(change_names(&s, fd, 0, "web"), -EINVAL);
	cr_assert_eq(change_names(&s, fd, 0, "+"), -EINVAL);
	cr_assert_eq(dump(&s, fd, "*", &f), 0);
	close(fd);
	server_end(&s);
}

Test(label, names_that_do_not_fit_are_left_out)
{
	struct ctlink_flow value = { .labels_size = 16 }, f;
	struct server s = server_new(1, NULL);
	int fd = server_connect(&s);

	memset(value.labels, 0xff, sizeof(value.labels));
	ctlink_mark(&value, CTLINK_FLOW_LABELS);
	cr_assert_eq(change(&s, fd, 0, &value), 0);
	cr_assert_eq(dump(&s, fd, "127", &f), 1);
	cr_assert_lt(strlen(f.label_names), CTQ_LABELS_TEXT_MAX);
	cr_assert_gt(strlen(f.label_names), CTQ_LABELS_TEXT_MAX - 6);
	cr_assert_arr_eq(f.labels, value.labels, 16);
	close(fd);
	server_end(&s);
}
