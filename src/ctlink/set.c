/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/set.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

/* ---- elements ---------------------------------------------------------------------- */

static bool is_message(const struct ctlink_parser *p, enum ctq_sets_msg message)
{
	return p->nlh->nlmsg_type == CTLINK_TYPE(CTQ_SUBSYS_SETS, message);
}

static int value_fail(struct ctlink_parser *p, const struct nlattr *value, uint16_t attr,
                      const char *what)
{
	return ctlink_parser_fail(p, -EINVAL, ctlink_parser_find(p, value, attr, 0),
	                          "the value of an element %s", what);
}

/* A key can have this shape, whatever the set's type. */
static int key_check(struct ctlink_parser *p, const struct nlattr *nla,
                     const struct ctlink_value *v)
{
	uint8_t size = v->first_size;

	if (v->has == UINT64_C(1) << CTLINK_VALUE_STRING)
		return 0;
	if (v->has &
	    (UINT64_C(1) << CTLINK_VALUE_STRING | UINT64_C(1) << CTLINK_VALUE_MASK))
		return value_fail(p, nla, CTQA_VALUE_STRING,
		                  "is a string alone, and has no mask");
	if (size != 2 && size != 4 && size != 16)
		return value_fail(p, nla, CTQA_VALUE_FIRST, "has 2, 4 or 16 bytes");
	if (ctlink_has(v, CTLINK_VALUE_LAST) &&
	    (v->last_size != size || memcmp(v->last, v->first, size) < 0))
		return value_fail(p, nla, CTQA_VALUE_LAST, "ends before it begins");
	if (ctlink_has(v, CTLINK_VALUE_PREFIX) &&
	    (size == 2 || v->prefix > size * 8 || ctlink_has(v, CTLINK_VALUE_LAST)))
		return value_fail(p, nla, CTQA_VALUE_PREFIX, "has a prefix that is none");
	return 0;
}

static int with_check(struct ctlink_parser *p, const struct nlattr *nla,
                      const struct ctlink_value *v)
{
	if (v->has == UINT64_C(1) << CTLINK_VALUE_FIRST && v->first_size == 2)
		return 0;
	return value_fail(p, nla, CTQA_VALUE_FIRST, "is a port: 2 bytes");
}

/* All but the request for a list say which element is meant. */
static int element_check(struct ctlink_parser *p, const struct nlattr *nest, void *value)
{
	const struct ctlink_element *e = value;
	bool list = is_message(p, CTQ_MSG_ELEMENT_GET) &&
	            (p->nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	int err = 0;

	if (!list && !ctlink_has(e, CTLINK_ELEMENT_KEY))
		return ctlink_parser_fail(p, -EINVAL, NULL,
		                          "CTQA_ELEMENT_KEY is missing");
	if (ctlink_has(e, CTLINK_ELEMENT_KEY))
		err = key_check(p, ctlink_parser_find(p, nest, CTQA_ELEMENT_KEY, 0),
		                &e->key);
	if (!err && ctlink_has(e, CTLINK_ELEMENT_WITH))
		err = with_check(p, ctlink_parser_find(p, nest, CTQA_ELEMENT_WITH, 0),
		                 &e->with);
	return err;
}

#define ELEMENT(type, kind, member, bit, ...)                                        \
	CTLINK_ATTR(type, kind, struct ctlink_element, member, CTLINK_ELEMENT_##bit, \
	            __VA_ARGS__)

static const struct ctlink_attr element_attrs[] = {
	ELEMENT(CTQA_ELEMENT_SET, CTLINK_STRING, set, SET, .flags = CTLINK_REQUIRED,
	        .min = 1, .max = CTQ_NAME_MAX),
	ELEMENT(CTQA_ELEMENT_KEY, CTLINK_STRUCT, key, KEY,
	        .nested = &ctlink_value_layout),
	ELEMENT(CTQA_ELEMENT_WITH, CTLINK_STRUCT, with, WITH,
	        .nested = &ctlink_value_layout),
	ELEMENT(CTQA_ELEMENT_TIMEOUT, CTLINK_U32, timeout, TIMEOUT),
	ELEMENT(CTQA_ELEMENT_EXPIRES, CTLINK_U32, expires, EXPIRES),
	ELEMENT(CTQA_ELEMENT_COMMENT, CTLINK_STRING, comment, COMMENT, .min = 1,
	        .max = CTQ_COMMENT_MAX),
	ELEMENT(CTQA_ELEMENT_FLAGS, CTLINK_U32, flags, FLAGS,
	        .known = CTQ_ELEMENT_OF_RULES),
	ELEMENT(CTQA_ELEMENT_PACKETS, CTLINK_U64, packets, PACKETS),
	ELEMENT(CTQA_ELEMENT_BYTES, CTLINK_U64, bytes, BYTES),
	ELEMENT(CTQA_ELEMENT_LINE, CTLINK_U32, line, LINE),
	ELEMENT(CTQA_ELEMENT_TYPE, CTLINK_U16, type, TYPE),
};
static const struct ctlink_layout element_layout =
	CTLINK_LAYOUT("element", element_attrs,
                      .item_size = sizeof(struct ctlink_element), .check = element_check);

void ctlink_element_fini(struct ctlink_element *element,
                         const struct ctlink_memory *memory)
{
	ctlink_layout_fini(&element_layout, element, memory);
	memset(element, 0, sizeof(*element));
}

int ctlink_element_build(struct ctlink_message *m, const struct ctlink_header *header,
                         const struct ctlink_element *element)
{
	return ctlink_layout_build(&element_layout, m, header, element);
}

int ctlink_element_parse(const struct nlmsghdr *nlh, struct ctlink_element *element,
                         const struct ctlink_memory *memory, struct ctlink_error *error)
{
	return ctlink_layout_parse(&element_layout, nlh, element, memory, error);
}

/* ---- text -------------------------------------------------------------------------- */

static void address_format(const uint8_t *bytes, uint8_t size, char *out)
{
	if (!inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, out, INET6_ADDRSTRLEN))
		strcpy(out, "?");
}

static void address_value_format(const struct ctlink_value *v, char *out, size_t size)
{
	char first[INET6_ADDRSTRLEN], last[INET6_ADDRSTRLEN];

	address_format(v->first, v->first_size, first);
	if (ctlink_has(v, CTLINK_VALUE_LAST)) {
		address_format(v->last, v->last_size, last);
		snprintf(out, size, "%s-%s", first, last);
	} else if (ctlink_has(v, CTLINK_VALUE_PREFIX)) {
		snprintf(out, size, "%s/%u", first, v->prefix);
	} else {
		snprintf(out, size, "%s", first);
	}
}

/* Marks have four bytes as addresses do: only the set tells them apart; see below. */
static void number_format(const struct ctlink_value *v, char *out, size_t size)
{
	uint64_t first = ctlink_value_number(v->first, v->first_size);

	if (ctlink_has(v, CTLINK_VALUE_LAST))
		snprintf(out, size, "%" PRIu64 "-%" PRIu64, first,
		         ctlink_value_number(v->last, v->last_size));
	else
		snprintf(out, size, "%" PRIu64, first);
}

void ctlink_element_format(const struct ctlink_element *element, char *out, size_t size)
{
	const struct ctlink_value *key = &element->key;
	size_t used;

	if (ctlink_has(key, CTLINK_VALUE_STRING))
		snprintf(out, size, "%s", key->string);
	else if (key->first_size == 4 || key->first_size == 16)
		address_value_format(key, out, size);
	else
		number_format(key, out, size);
	if (!ctlink_has(element, CTLINK_ELEMENT_WITH))
		return;
	used = strlen(out);
	if (used + 3 < size) {
		strcpy(out + used, " . ");
		number_format(&element->with, out + used + 3, size - used - 3);
	}
}

/* ---- sets -------------------------------------------------------------------------- */

static int set_check(struct ctlink_parser *p, const struct nlattr *nest, void *value)
{
	const struct ctlink_set *set = value;

	if (is_message(p, CTQ_MSG_SET_GET) &&
	    (p->nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
		return 0;
	if (!ctlink_has(set, CTLINK_SET_NAME))
		return ctlink_parser_fail(p, -EINVAL, NULL, "CTQA_SET_NAME is missing");
	if (is_message(p, CTQ_MSG_SET_NEW) && !ctlink_has(set, CTLINK_SET_TYPE))
		return ctlink_parser_fail(p, -EINVAL, NULL, "CTQA_SET_TYPE is missing");
	return 0;
}

#define SET(type, kind, member, bit, ...) \
	CTLINK_ATTR(type, kind, struct ctlink_set, member, CTLINK_SET_##bit, __VA_ARGS__)

static const struct ctlink_attr set_attrs[] = {
	SET(CTQA_SET_NAME, CTLINK_STRING, name, NAME, .min = 1, .max = CTQ_NAME_MAX),
	SET(CTQA_SET_TYPE, CTLINK_U16, type, TYPE),
	SET(CTQA_SET_FLAGS, CTLINK_U32, flags, FLAGS,
	    .known = CTQ_SET_TIMEOUT | CTQ_SET_COUNTER),
	SET(CTQA_SET_TIMEOUT, CTLINK_U32, timeout, TIMEOUT),
	SET(CTQA_SET_SIZE, CTLINK_U32, size, SIZE),
	SET(CTQA_SET_COMMENT, CTLINK_STRING, comment, COMMENT, .min = 1,
	    .max = CTQ_COMMENT_MAX),
	SET(CTQA_SET_LENGTH, CTLINK_U32, length, LENGTH),
	SET(CTQA_SET_USES, CTLINK_U32, uses, USES),
	SET(CTQA_SET_MEMORY, CTLINK_U64, memory, MEMORY),
	SET(CTQA_SET_LINE, CTLINK_U32, line, LINE),
};
static const struct ctlink_layout set_layout = CTLINK_LAYOUT(
	"set", set_attrs, .item_size = sizeof(struct ctlink_set), .check = set_check);

bool ctlink_set_name_has(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

void ctlink_set_fini(struct ctlink_set *set, const struct ctlink_memory *memory)
{
	uint32_t i;

	for (i = 0; i < set->elements.length; i++)
		ctlink_element_fini(ctlink_set_element(set, i), memory);
	ctlink_list_fini(&set->elements, memory);
	ctlink_layout_fini(&set_layout, set, memory);
	memset(set, 0, sizeof(*set));
}

int ctlink_set_build(struct ctlink_message *m, const struct ctlink_header *header,
                     const struct ctlink_set *set)
{
	return ctlink_layout_build(&set_layout, m, header, set);
}

int ctlink_set_parse(const struct nlmsghdr *nlh, struct ctlink_set *set,
                     const struct ctlink_memory *memory, struct ctlink_error *error)
{
	return ctlink_layout_parse(&set_layout, nlh, set, memory, error);
}

struct ctlink_element *ctlink_set_append(struct ctlink_set *set,
                                         const struct ctlink_memory *memory)
{
	return ctlink_list_append(&set->elements, sizeof(struct ctlink_element),
	                          CTQ_SET_SIZE_MAX, memory);
}
