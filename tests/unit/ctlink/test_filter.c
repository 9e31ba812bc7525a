/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <netinet/in.h>
#include <string.h>

#include "ctlink/filter.h"

#include "help.h"

static const struct ctlink_header header = {
	.type = CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET),
	.flags = NLM_F_REQUEST | NLM_F_DUMP,
};

/* ---- expressions ------------------------------------------------------------------- */

/* Terms by letter: a AND, o OR, n NOT, m a match. */
static void filter_fill(struct ctlink_filter *filter, const char *letters)
{
	static const char ops[] = " aon";
	struct ctlink_value *value;
	struct ctlink_term *term;

	ctlink_filter_init(filter);
	for (; *letters; letters++) {
		term = ctlink_filter_append(filter, NULL);
		if (*letters != 'm') {
			term->op = (uint8_t)(strchr(ops, *letters) - ops);
			ctlink_mark(term, CTLINK_TERM_OPERATOR);
			continue;
		}
		ctlink_mark(term, CTLINK_TERM_MATCH);
		ctlink_mark(&term->match, CTLINK_MATCH_FIELD);
		term->match.field = CTQ_FIELD_PROTO;
		value = ctlink_match_append(&term->match, NULL);
		ctlink_value_set_number(value, CTLINK_VALUE_FIRST, IPPROTO_TCP, 1);
	}
}

static int exchange(const struct ctlink_filter *filter, struct ctlink_filter *parsed,
                    struct ctlink_message *m, struct ctlink_error *error)
{
	ctlink_message_init(m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_filter_build(m, &header, filter), 0);
	ctlink_filter_init(parsed);
	return ctlink_filter_parse((struct nlmsghdr *)m->data, parsed, NULL, error);
}

Test(filter, expressions_are_whole)
{
	static const struct {
		const char *letters, *error;
	} rows[] = {
		{ "m", NULL },
		{ "nm", NULL },
		{ "amm", NULL },
		{ "onmm", NULL },
		{ "aammm", NULL },
		{ "amnomm", NULL },
		{ "nnnnnm", NULL },
		{ "a", "lacks 2 terms" },
		{ "am", "lacks 1 term" },
		{ "n", "lacks 1 term" },
		{ "mm", "term 2 stands behind" },
		{ "nmm", "term 3 stands behind" },
		{ "ammn", "term 4 stands behind" },
	};
	struct ctlink_filter filter, parsed;
	struct ctlink_error error;
	struct ctlink_message m;
	size_t i;
	int err;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		filter_fill(&filter, rows[i].letters);
		err = exchange(&filter, &parsed, &m, &error);
		cr_assert_eq(err, rows[i].error ? -EINVAL : 0, "%s", rows[i].letters);
		if (err)
			cr_assert(strstr(error.text, rows[i].error), "%s", error.text);
		else
			cr_assert_eq(parsed.terms.length, strlen(rows[i].letters));
		ctlink_filter_fini(&filter, NULL);
		ctlink_filter_fini(&parsed, NULL);
		ctlink_message_fini(&m);
	}
}

Test(filter, terms_are_operators_or_matches)
{
	struct ctlink_filter filter, parsed;
	struct ctlink_error error;
	struct ctlink_message m;

	filter_fill(&filter, "nm");
	ctlink_filter_term(&filter, 0)->op = CTQ_OPERATOR_NOT + 1;
	cr_assert_eq(exchange(&filter, &parsed, &m, &error), -EINVAL);
	cr_assert(strstr(error.text, "operator 4"), "%s", error.text);
	/* 20 header, 4 CTA_CTQ_FILTER, 4 term: the operator */
	cr_assert_eq(error.offset, 28);
	ctlink_filter_fini(&parsed, NULL);
	ctlink_message_fini(&m);

	ctlink_filter_term(&filter, 0)->op = CTQ_OPERATOR_NOT;
	ctlink_mark(ctlink_filter_term(&filter, 1), CTLINK_TERM_OPERATOR);
	cr_assert_eq(exchange(&filter, &parsed, &m, &error), -EINVAL);
	cr_assert(strstr(error.text, "one of both"), "%s", error.text);
	ctlink_filter_fini(&parsed, NULL);
	ctlink_filter_fini(&filter, NULL);
	ctlink_message_fini(&m);
}

Test(filter, more_terms_than_allowed_are_refused)
{
	struct ctlink_filter filter;
	uint32_t i;

	ctlink_filter_init(&filter);
	for (i = 0; i < CTQ_FILTER_TERMS_MAX; i++)
		cr_assert_eq(ctlink_filter_operator(&filter, CTQ_OPERATOR_NOT, NULL), 0);
	cr_assert_eq(ctlink_filter_operator(&filter, CTQ_OPERATOR_NOT, NULL), -E2BIG);
	ctlink_filter_fini(&filter, NULL);
}

/* Where a bad match stands: the value's attribute, inside of term, match and value. */
Test(filter, faults_of_matches_are_shown_where_they_are)
{
	struct ctlink_filter filter, parsed;
	struct ctlink_error error;
	struct ctlink_message m;
	struct ctlink_value *value;

	filter_fill(&filter, "m");
	value = ctlink_match_append(&ctlink_filter_term(&filter, 0)->match, NULL);
	ctlink_value_set_number(value, CTLINK_VALUE_FIRST, 6, 1);
	ctlink_value_set_number(value, CTLINK_VALUE_LAST, 5, 1);
	cr_assert_eq(exchange(&filter, &parsed, &m, &error), -EINVAL);
	cr_assert(strstr(error.text, "ends before"), "%s", error.text);
	/* 20 header, 4 filter, 4 term, 4 match, 8 field, 12 first value, 4 second, 8
	 * FIRST */
	cr_assert_eq(error.offset, 20 + 4 + 4 + 4 + 8 + 12 + 4 + 8);
	ctlink_filter_fini(&parsed, NULL);
	ctlink_filter_fini(&filter, NULL);
	ctlink_message_fini(&m);
}

/* ---- the kernel's own filters ------------------------------------------------------ */

Test(filter, reads_the_library_s_dump_filters)
{
	struct nfct_filter_dump *dump = nfct_filter_dump_create();
	struct nfct_filter_dump_mark mark = { 0x10, 0xf0 }, status = { 4, 6 };
	struct ctlink_filter filter;
	union help_buffer buffer;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer.bytes);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nfct_filter_dump_set_attr(dump, NFCT_FILTER_DUMP_MARK, &mark);
	nfct_filter_dump_set_attr(dump, NFCT_FILTER_DUMP_STATUS, &status);
	nfct_filter_dump_set_attr_u8(dump, NFCT_FILTER_DUMP_L3NUM, AF_INET6);
	nfct_nlmsg_build_filter(nlh, dump);
	nfg->nfgen_family = AF_INET6;
	cr_assert_eq(ctlink_filter_parse(nlh, &filter, NULL, NULL), 0);
	cr_assert_eq(filter.family, AF_INET6);
	cr_assert(ctlink_has(&filter, CTLINK_FILTER_MARK));
	cr_assert_eq(filter.mark, 0x10);
	cr_assert_eq(filter.mark_mask, 0xf0);
	cr_assert_eq(filter.status, 4);
	cr_assert_eq(filter.status_mask, 6);
	ctlink_filter_fini(&filter, NULL);
	nfct_filter_dump_destroy(dump);
}

Test(filter, the_family_of_a_flush_counts_from_version_1_on)
{
	struct ctlink_header flush = {
		.type = CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE),
		.flags = NLM_F_REQUEST,
		.family = AF_INET6,
	};
	struct ctlink_filter filter;
	struct ctlink_message m;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	for (flush.version = 0; flush.version <= 1; flush.version++) {
		ctlink_message_reset(&m);
		cr_assert_eq(ctlink_message_put(&m, &flush), 0);
		cr_assert_eq(ctlink_filter_parse((struct nlmsghdr *)m.data, &filter, NULL,
		                                 NULL),
		             0);
		cr_assert_eq(filter.family, flush.version ? AF_INET6 : AF_UNSPEC);
	}
	ctlink_message_fini(&m);
}

Test(filter, masks_need_what_they_mask)
{
	struct ctlink_filter filter, parsed;
	struct ctlink_error error;
	struct ctlink_message m;

	ctlink_filter_init(&filter);
	ctlink_mark(&filter, CTLINK_FILTER_MARK_MASK);
	cr_assert_eq(exchange(&filter, &parsed, &m, &error), -EINVAL);
	cr_assert_eq(error.offset, 20);
	cr_assert(strstr(error.text, "CTA_MARK_MASK without CTA_MARK"));
	ctlink_message_fini(&m);
	ctlink_filter_init(&filter);
	ctlink_mark(&filter, CTLINK_FILTER_STATUS_MASK);
	cr_assert_eq(exchange(&filter, &parsed, &m, &error), -EINVAL);
	ctlink_message_fini(&m);
}

static void filter_fill_tuple(struct ctlink_filter *filter, uint8_t l4, uint32_t flags)
{
	ctlink_filter_init(filter);
	filter->family = filter->orig.l3 = AF_INET;
	filter->orig.l4 = l4;
	memcpy(filter->orig.src, "\x0a\0\0\x01", 4);
	filter->orig.dst_id = htons(443);
	filter->orig_flags = flags;
	ctlink_mark(filter, CTLINK_FILTER_ORIG);
}

Test(filter, only_the_flagged_parts_of_tuples_travel)
{
	struct ctlink_filter filter, parsed;
	struct ctlink_error error;
	struct ctlink_message m;
	uint32_t flags = CTQ_TUPLE_SRC | CTQ_TUPLE_PROTO | CTQ_TUPLE_DST_PORT;

	filter_fill_tuple(&filter, IPPROTO_TCP, flags);
	memcpy(filter.orig.dst, "\x0a\0\0\x02", 4);
	cr_assert_eq(exchange(&filter, &parsed, &m, &error), 0, "%s", error.text);
	cr_assert_eq(parsed.orig_flags, flags);
	cr_assert(ctlink_has(&parsed, CTLINK_FILTER_ORIG));
	cr_assert_not(ctlink_has(&parsed, CTLINK_FILTER_REPLY));
	cr_assert_eq(memcmp(parsed.orig.src, filter.orig.src, 4), 0);
	cr_assert_eq(memcmp(parsed.orig.dst, "\0\0\0\0", 4), 0);
	cr_assert_eq(parsed.orig.dst_id, htons(443));
	cr_assert_eq(parsed.orig.l4, IPPROTO_TCP);
	ctlink_message_fini(&m);
}

/* A dump request with CTA_FILTER_ORIG_FLAGS and the tuple's parts that are in @there. */
static int parse_flags(uint32_t there, uint8_t l4, uint32_t flags,
                       struct ctlink_error *error)
{
	struct ctlink_filter filter;
	struct ctlink_tuple tuple = { .l3 = AF_INET, .l4 = l4 };
	struct ctlink_message m;
	uint32_t nest;
	int err;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	ctlink_message_begin(&m, &header);
	ctlink_tuple_put(&m, CTA_TUPLE_ORIG, &tuple, there);
	nest = ctlink_message_nest_begin(&m, CTA_FILTER);
	ctlink_message_put_bytes(&m, CTA_FILTER_ORIG_FLAGS, &flags, sizeof(flags));
	ctlink_message_nest_end(&m, nest);
	cr_assert_eq(ctlink_message_end(&m), 0);
	memset(error, 0, sizeof(*error));
	err = ctlink_filter_parse((struct nlmsghdr *)m.data, &filter, NULL, error);
	ctlink_filter_fini(&filter, NULL);
	ctlink_message_fini(&m);
	return err;
}

Test(filter, flagged_parts_are_there_and_suit_the_protocol)
{
	uint32_t tcp = CTQ_TUPLE_SRC | CTQ_TUPLE_PROTO | CTQ_TUPLE_SRC_PORT;
	struct ctlink_error error;

	cr_assert_eq(parse_flags(tcp, IPPROTO_TCP, tcp, &error), 0, "%s", error.text);
	cr_assert_eq(parse_flags(tcp, IPPROTO_TCP, CTQ_TUPLE_SRC, &error), 0);
	cr_assert_eq(parse_flags(tcp, IPPROTO_TCP, 0, &error), 0);
	cr_assert_eq(parse_flags(tcp, IPPROTO_TCP, tcp | CTQ_TUPLE_DST, &error), -EINVAL);
	cr_assert(strstr(error.text, "a destination address is missing"), "%s",
	          error.text);
	cr_assert_eq(error.offset, 20);
	cr_assert_eq(parse_flags(CTQ_TUPLE_SRC, IPPROTO_TCP, CTQ_TUPLE_SRC_PORT, &error),
	             -EINVAL);
	cr_assert(strstr(error.text, "CTA_PROTO_NUM is missing"), "%s", error.text);
	cr_assert_eq(parse_flags(tcp, IPPROTO_TCP, 0x1000, &error), -EOPNOTSUPP);
}

Test(filter, tuples_say_nothing_without_flags)
{
	struct ctlink_filter filter, parsed;
	struct ctlink_error error;
	struct ctlink_message m;

	filter_fill_tuple(&filter, IPPROTO_TCP, 0);
	cr_assert_eq(exchange(&filter, &parsed, &m, &error), 0);
	cr_assert_not(ctlink_has(&parsed, CTLINK_FILTER_ORIG));
	ctlink_message_fini(&m);
}
