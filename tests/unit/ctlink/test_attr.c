/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every parser must do, tried on every attribute of every kind of message: the
 * example of each kind (kinds.c) is broken in one place, and the parse must refuse it
 * there, or not mind.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

#include "ctlink/attr.h"

#include "help.h"
#include "kinds.h"

#define FIRST_ATTR (MNL_NLMSG_HDRLEN + sizeof(struct nfgenmsg))

/* ---- walking a message ------------------------------------------------------------- */

/* An attribute and the levels that it is in: offsets in the message, outermost first. */
struct place {
	uint32_t parents[8];
	uint32_t depth;
	uint32_t offset;
};

struct walk {
	const struct kind *kind;
	const struct nlmsghdr *nlh;
	void (*visit)(struct walk *w, const struct place *place);
	uint32_t visited, refused;
};

static const struct nlattr *attr_at(const struct nlmsghdr *nlh, uint32_t offset)
{
	return (const struct nlattr *)((const char *)nlh + offset);
}

static void walk_level(struct walk *w, struct place *place, uint32_t offset, uint32_t end)
{
	const struct nlattr *nla;

	for (; offset < end; offset += MNL_ALIGN(nla->nla_len)) {
		nla = attr_at(w->nlh, offset);
		place->offset = offset;
		w->visited++;
		w->visit(w, place);
		if (nla->nla_type & NLA_F_NESTED) {
			place->parents[place->depth++] = offset;
			walk_level(w, place, offset + MNL_ATTR_HDRLEN,
			           offset + nla->nla_len);
			place->depth--;
		}
	}
}

/* Visit every attribute of every kind's example; then see the walk. */
static void walk_kinds(void (*visit)(struct walk *w, const struct place *place),
                       void (*after)(const struct walk *w))
{
	struct ctlink_message m;
	struct place place;
	struct walk w;
	size_t i;

	for (i = 0; i < n_kinds; i++) {
		cr_assert_eq(kind_example(&kinds[i], &m, NULL), 0);
		memset(&place, 0, sizeof(place));
		w = (struct walk){ &kinds[i], (const struct nlmsghdr *)m.data, visit, 0,
			           0 };
		walk_level(&w, &place, FIRST_ATTR, w.nlh->nlmsg_len);
		cr_assert(w.visited > 0 || kinds[i].type == NFNL_MSG_BATCH_END);
		if (after)
			after(&w);
		ctlink_message_fini(&m);
	}
}

static void walk_all(void (*visit)(struct walk *w, const struct place *place))
{
	walk_kinds(visit, NULL);
}

/* ---- breaking a message ------------------------------------------------------------ */

/* A copy of the message in which @cut bytes at @at are replaced by @n bytes of @with. */
static struct nlmsghdr *splice(const struct nlmsghdr *nlh, const struct place *place,
                               uint32_t at, uint32_t cut, const void *with, uint32_t n)
{
	struct nlmsghdr *copy = calloc(1, nlh->nlmsg_len + n + 8);
	char *bytes = (char *)copy;
	uint32_t i;

	memcpy(bytes, nlh, at);
	memcpy(bytes + at, with, n);
	memcpy(bytes + at + n, (const char *)nlh + at + cut, nlh->nlmsg_len - at - cut);
	copy->nlmsg_len = nlh->nlmsg_len + n - cut;
	for (i = 0; i < place->depth; i++)
		((struct nlattr *)(bytes + place->parents[i]))->nla_len +=
			(uint16_t)(n - cut);
	return copy;
}

/* A copy in which the attribute's payload has @length bytes, the new ones being 'x'. */
static struct nlmsghdr *resized(const struct nlmsghdr *nlh, const struct place *place,
                                uint32_t length)
{
	const struct nlattr *nla = attr_at(nlh, place->offset);
	struct {
		struct nlattr nla;
		char payload[4096];
	} with;

	memset(&with, 0, sizeof(with));
	with.nla = *nla;
	with.nla.nla_len = (uint16_t)(MNL_ATTR_HDRLEN + length);
	memset(with.payload, 'x', length);
	memcpy(with.payload, mnl_attr_get_payload(nla),
	       length < mnl_attr_get_payload_len(nla) ? length
	                                              : mnl_attr_get_payload_len(nla));
	return splice(nlh, place, place->offset, MNL_ALIGN(nla->nla_len), &with,
	              MNL_ALIGN(with.nla.nla_len));
}

static int parse(const struct walk *w, const struct nlmsghdr *nlh,
                 struct ctlink_error *error)
{
	struct ctlink_message m;
	int err;

	memset(error, 0, sizeof(*error));
	err = kind_again(w->kind, nlh, &m, NULL, error);
	ctlink_message_fini(&m);
	return err;
}

#define assert_at(w, place, error)                                                    \
	cr_assert_eq((error)->offset, (place)->offset, "%s: \"%s\" at %u, not at %u", \
	             (w)->kind->name, (error)->text, (error)->offset, (place)->offset)

/* ---- whole ------------------------------------------------------------------------- */

Test(attr, examples_come_back_as_they_went)
{
	struct ctlink_error error;
	struct ctlink_message m, again;
	size_t i;

	for (i = 0; i < n_kinds; i++) {
		cr_assert_eq(kind_example(&kinds[i], &m, NULL), 0, "%s", kinds[i].name);
		cr_assert_eq(kind_again(&kinds[i], (struct nlmsghdr *)m.data, &again,
		                        NULL, &error),
		             0, "%s: %s", kinds[i].name, error.text);
		cr_assert_eq(again.size, m.size, "%s", kinds[i].name);
		cr_assert_eq(memcmp(again.data, m.data, m.size), 0, "%s", kinds[i].name);
		ctlink_message_fini(&again);
		ctlink_message_fini(&m);
	}
}

/* ---- one attribute is too short or too long ---------------------------------------- */

/* The bytes of a packet are as many as there are. */
static bool has_any_size(const struct walk *w, const struct nlattr *nla)
{
	return nla->nla_type == CTQA_PACKET_DATA &&
	       (strncmp(w->kind->name, "explain", 7) == 0 ||
	        strncmp(w->kind->name, "packet", 6) == 0);
}

static void visit_too_short(struct walk *w, const struct place *place)
{
	const struct nlattr *nla = attr_at(w->nlh, place->offset);
	struct ctlink_error error;
	struct nlmsghdr *broken;

	if ((nla->nla_type & NLA_F_NESTED) || mnl_attr_get_payload_len(nla) == 0 ||
	    has_any_size(w, nla))
		return;
	broken = resized(w->nlh, place, mnl_attr_get_payload_len(nla) - 1u);
	cr_assert_lt(parse(w, broken, &error), 0, "%s, attribute at %u", w->kind->name,
	             place->offset);
	assert_at(w, place, &error);
	cr_assert_neq(error.text[0], '\0');
	free(broken);
}

Test(attr, too_short_is_refused_where_it_stands)
{
	walk_all(visit_too_short);
}

static void visit_too_long(struct walk *w, const struct place *place)
{
	const struct nlattr *nla = attr_at(w->nlh, place->offset);
	struct ctlink_error error;
	struct nlmsghdr *broken;

	if ((nla->nla_type & NLA_F_NESTED) || has_any_size(w, nla))
		return;
	broken = resized(w->nlh, place, mnl_attr_get_payload_len(nla) + 1u);
	cr_assert_lt(parse(w, broken, &error), 0, "%s, attribute at %u", w->kind->name,
	             place->offset);
	assert_at(w, place, &error);
	free(broken);
}

Test(attr, too_long_is_refused_where_it_stands)
{
	walk_all(visit_too_long);
}

/* ---- lengths that lie -------------------------------------------------------------- */

static void visit_lying(struct walk *w, const struct place *place)
{
	static const uint16_t lies[] = { 0, 3, UINT16_MAX };
	struct nlmsghdr *broken = malloc(w->nlh->nlmsg_len);
	struct ctlink_error error;
	struct nlattr *nla;
	size_t i;

	for (i = 0; i < 3; i++) {
		memcpy(broken, w->nlh, w->nlh->nlmsg_len);
		nla = (struct nlattr *)((char *)broken + place->offset);
		nla->nla_len = lies[i];
		cr_assert_eq(parse(w, broken, &error), -EBADMSG);
		assert_at(w, place, &error);
	}
	free(broken);
}

Test(attr, lengths_that_lie_are_refused_where_they_stand)
{
	walk_all(visit_lying);
}

/* ---- twice ------------------------------------------------------------------------- */

/* The repeated attributes, by the level that they are in and their number. */
static bool may_repeat(const struct walk *w, const struct place *place)
{
	uint16_t type = mnl_attr_get_type(attr_at(w->nlh, place->offset));
	const char *name = w->kind->name;

	if (strncmp(name, "rule", 4) == 0 && strcmp(name, "ruleset") != 0)
		return place->depth == 0
		               ? type == CTQA_RULE_MATCH || type == CTQA_RULE_STATEMENT
		               : place->depth == 1 && type == CTQA_MATCH_VALUE;
	if (strstr(name, "filter"))
		return (place->depth == 1 &&
		        mnl_attr_get_type(attr_at(w->nlh, place->parents[0])) ==
		                CTA_CTQ_FILTER) ||
		       (place->depth == 3 && type == CTQA_MATCH_VALUE);
	if (strncmp(name, "explain", 7) == 0 || strncmp(name, "packet", 6) == 0)
		return type == CTQA_PACKET_HELD;
	if (strcmp(name, "proto") == 0)
		return place->depth == 0 && type == CTQA_PROTO_TIMEOUT;
	if (strcmp(name, "daemon") == 0)
		return type == CTQA_DAEMON_WARNING;
	if (strcmp(name, "stats") == 0)
		return place->depth == 0 &&
		       (type == CTQA_STATS_COUNTER || type == CTQA_STATS_REASON);
	return strcmp(name, "subscribe") == 0;
}

static void visit_twice(struct walk *w, const struct place *place)
{
	const struct nlattr *nla = attr_at(w->nlh, place->offset);
	uint32_t size = MNL_ALIGN(nla->nla_len);
	struct place second = *place;
	struct ctlink_error error;
	struct nlmsghdr *broken;

	if (may_repeat(w, place))
		return;
	second.offset += size;
	broken = splice(w->nlh, place, second.offset, 0, nla, size);
	cr_assert_eq(parse(w, broken, &error), -EINVAL, "%s, attribute at %u",
	             w->kind->name, place->offset);
	assert_at(w, &second, &error);
	cr_assert(strstr(error.text, "twice"), "%s", error.text);
	free(broken);
}

Test(attr, twice_is_refused_at_the_second)
{
	walk_all(visit_twice);
}

/* ---- unknown ----------------------------------------------------------------------- */

static void visit_unknown(struct walk *w, const struct place *place)
{
	static const struct {
		struct nlattr nla;
		uint8_t payload[4];
	} unknown = { { 7, 0x3ff0 }, { 1, 2, 3 } };
	struct ctlink_error error = { 0 };
	struct ctlink_message again;
	struct nlmsghdr *more;

	more = splice(w->nlh, place, place->offset, 0, &unknown, sizeof(unknown));
	cr_assert_eq(kind_again(w->kind, more, &again, NULL, &error), 0, "%s: %s",
	             w->kind->name, error.text);
	cr_assert_eq(again.size, w->nlh->nlmsg_len);
	cr_assert_eq(memcmp(again.data, w->nlh, again.size), 0, "%s", w->kind->name);
	ctlink_message_fini(&again);
	free(more);
}

Test(attr, unknown_is_skipped)
{
	walk_all(visit_unknown);
}

/* ---- missing ----------------------------------------------------------------------- */

/*
 * How many attributes of its example a kind cannot do without, so that one that is no
 * longer required is seen. A tuple has seven: two levels, two addresses, the protocol, two
 * ports. Kinds that are not here can do without any.
 */
static const struct {
	const char *kind;
	uint32_t n;
} needed[] = {
	/* tuples, helper's name, sequence adjustment, synproxy */
	{ "flow", 3 * 7 + 1 + 2 * 3 + 3 },
	{ "flow-destroy", 3 * 7 + 1 + 2 * 3 + 3 },
	{ "flow-get", 3 * 7 + 1 + 2 * 3 + 3 },
	/* tuples with two fields each, what is masked, the expression */
	{ "flow-filter", 5 + 4 + 2 + 27 },
	{ "count-filter", 5 + 4 + 2 + 27 },
	/* tuples, and of the mask the protocol */
	{ "expect", 3 * 7 + 2 },
	/* the chain, or the id; matches; statements */
	{ "rule", 1 + 14 + 5 },
	{ "rule-del", 1 + 14 + 5 },
	{ "chain", 2 }, /* the name; the hook, since there is a policy */
	{ "set", 2 },   /* name and type */
	{ "set-get", 1 },
	{ "element", 2 + 2 }, /* set and key; a value in key and port */
	{ "element-name", 2 + 1 },
	{ "element-list", 1 + 1 },
	{ "explain-step", 1 },
	{ "packet-asked", 1 },
	{ "packet-answer", 1 },
	{ "proto", 2 * 2 },
	{ "stats", 2 + 2 },
};

static uint32_t needed_by(const struct kind *kind)
{
	size_t i;

	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (strcmp(needed[i].kind, kind->name) == 0)
			return needed[i].n;
	}
	return 0;
}

/* Is the error at a level that the attribute at @place was in, or at none? */
static bool is_above(const struct place *place, uint32_t offset)
{
	uint32_t i;

	for (i = 0; i < place->depth; i++) {
		if (place->parents[i] == offset)
			return true;
	}
	return offset == 0;
}

static void visit_missing(struct walk *w, const struct place *place)
{
	const struct nlattr *nla = attr_at(w->nlh, place->offset);
	struct ctlink_error error;
	struct nlmsghdr *less;
	int err;

	less = splice(w->nlh, place, place->offset, MNL_ALIGN(nla->nla_len), "", 0);
	err = parse(w, less, &error);
	free(less);
	if (err == 0)
		return;
	w->refused++;
	cr_assert_eq(err, -EINVAL, "%s: %s", w->kind->name, error.text);
	cr_assert_neq(error.text[0], '\0');
	if (strstr(error.text, "missing"))
		cr_assert(is_above(place, error.offset), "%s: %s at %u", w->kind->name,
		          error.text, error.offset);
}

static void after_missing(const struct walk *w)
{
	cr_assert_eq(w->refused, needed_by(w->kind), "%s: %u are needed", w->kind->name,
	             w->refused);
}

Test(attr, missing_is_refused_at_its_parent_or_not_minded)
{
	walk_kinds(visit_missing, after_missing);
}

/* ---- the end of the message -------------------------------------------------------- */

Test(attr, bytes_behind_the_last_attribute_are_refused)
{
	const struct place place = { .offset = 0 };
	struct walk w = {
		.kind = kind_find(CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_COUNT), 0)
	};
	struct ctlink_error error;
	struct nlmsghdr *broken;
	struct ctlink_message m;
	uint32_t n;

	cr_assert_eq(kind_example(w.kind, &m, NULL), 0);
	for (n = 1; n < 4; n++) {
		broken = splice((struct nlmsghdr *)m.data, &place, m.size, 0, "abc", n);
		cr_assert_eq(parse(&w, broken, &error), -EBADMSG);
		cr_assert_eq(error.offset, m.size);
		free(broken);
	}
	ctlink_message_fini(&m);
}

/* ---- failing allocation ------------------------------------------------------------ */

Test(attr, failing_allocation_leaks_nothing_and_is_told)
{
	struct help_memory memory;
	struct ctlink_error error;
	struct ctlink_message m, again;
	size_t i, at;
	int err;

	for (i = 0; i < n_kinds; i++) {
		cr_assert_eq(kind_example(&kinds[i], &m, NULL), 0);
		for (at = 0, err = -ENOMEM; err; at++) {
			help_memory_init(&memory, at);
			err = kind_again(&kinds[i], (struct nlmsghdr *)m.data, &again,
			                 &memory.memory, &error);
			ctlink_message_fini(&again);
			cr_assert(err == 0 || err == -ENOMEM, "%s: %d", kinds[i].name,
			          err);
			cr_assert_eq(memory.live, 0, "%s leaks", kinds[i].name);
		}
		cr_assert_gt(at, 1, "%s allocates nothing: the test tests nothing",
		             kinds[i].name);
		ctlink_message_fini(&m);
	}
}

/* ---- offsets of parsed messages ---------------------------------------------------- */

Test(attr, offset_of_a_repeated_attribute)
{
	const struct kind *kind =
		kind_find(CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_NEW), NLM_F_REQUEST);
	const struct nlmsghdr *nlh;
	const struct nlattr *nla;
	struct ctlink_message m;
	uint32_t n = 0, offset;

	cr_assert_eq(kind_example(kind, &m, NULL), 0);
	nlh = (const struct nlmsghdr *)m.data;
	mnl_attr_for_each (nla, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(nla) != CTQA_RULE_MATCH)
			continue;
		offset = (uint32_t)((const char *)nla - (const char *)nlh);
		cr_assert_eq(ctlink_attr_offset(nlh, CTQA_RULE_MATCH, n++), offset);
	}
	cr_assert_gt(n, 2);
	cr_assert_eq(ctlink_attr_offset(nlh, CTQA_RULE_MATCH, n), 0);
	cr_assert_eq(ctlink_attr_offset(nlh, 0x3ff0, 0), 0);
	ctlink_message_fini(&m);
}

Test(attr, offset_of_an_attribute_within_others)
{
	const struct kind *kind = kind_find(
		CTLINK_TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW), NLM_F_REQUEST);
	const struct nlattr *nla, *ip = NULL, *src = NULL;
	const struct nlmsghdr *nlh;
	struct ctlink_message m;

	cr_assert_eq(kind_example(kind, &m, NULL), 0);
	nlh = (const struct nlmsghdr *)m.data;
	mnl_attr_for_each (nla, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(nla) == CTA_TUPLE_REPLY)
			ip = mnl_attr_get_payload(nla);
	cr_assert_not_null(ip);
	src = mnl_attr_get_payload(ip);
	cr_assert_eq(mnl_attr_get_type(src), CTA_IP_V4_SRC);
	cr_assert_eq(CTLINK_OFFSET(nlh, CTA_TUPLE_REPLY, CTA_TUPLE_IP, CTA_IP_V4_SRC),
	             (uint32_t)((const char *)src - (const char *)nlh));
	cr_assert_eq(CTLINK_OFFSET(nlh, CTA_TUPLE_REPLY, CTA_TUPLE_IP, CTA_IP_V6_SRC),
	             (uint32_t)((const char *)ip - (const char *)nlh),
	             "where it would be");
	cr_assert_eq(CTLINK_OFFSET(nlh, CTA_SECCTX, CTA_SECCTX_NAME), 0);
	ctlink_message_fini(&m);
}
