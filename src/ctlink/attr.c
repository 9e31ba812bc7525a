/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing and reading by table. A layout is walked row by row when writing, attribute by
 * attribute when reading; both recurse as deep as the tables are nested, never as deep as
 * a message is. Members are reached by offset and copied as bytes.
 */
#include "ctlink/attr.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static uint64_t has_load(const void *value)
{
	uint64_t has;

	memcpy(&has, value, sizeof(has));
	return has;
}

static bool has_bit(const void *value, uint8_t bit)
{
	return bit != CTLINK_NO_BIT && (has_load(value) >> bit & 1);
}

static void mark_bit(void *value, uint8_t bit)
{
	uint64_t has = has_load(value);

	if (bit == CTLINK_NO_BIT)
		return;
	has |= UINT64_C(1) << bit;
	memcpy(value, &has, sizeof(has));
}

static const void *member_of(const struct ctlink_attr *attr, const void *value)
{
	return (const char *)value + attr->member;
}

static void *member_at(const struct ctlink_attr *attr, void *value)
{
	return (char *)value + attr->member;
}

/* Bytes of an integer kind. */
static uint32_t width_of(const struct ctlink_attr *attr)
{
	uint32_t width = 1u << (attr->kind - CTLINK_U8);

	assert(attr->kind <= CTLINK_U64 && attr->size == width);
	return width;
}

/* ---- writing ----------------------------------------------------------------------- */

static bool level_present(const struct ctlink_layout *layout, const void *value);

static bool attr_present(const struct ctlink_attr *attr, const void *value)
{
	const struct ctlink_list *list;

	switch (attr->kind) {
	case CTLINK_NESTED: return attr->nested && level_present(attr->nested, value);
	case CTLINK_LIST: list = member_of(attr, value); return list->length > 0;
	default: return has_bit(value, attr->bit);
	}
}

static bool level_present(const struct ctlink_layout *layout, const void *value)
{
	uint32_t i;

	for (i = 0; i < layout->n_attrs; i++) {
		if (attr_present(&layout->attrs[i], value))
			return true;
	}
	return false;
}

static void integer_put(const struct ctlink_attr *attr, struct ctlink_message *m,
                        const void *value)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	switch (attr->kind) {
	case CTLINK_U16:
		memcpy(&u16, member_of(attr, value), sizeof(u16));
		ctlink_message_put_u16(m, attr->type, u16);
		break;
	case CTLINK_U32:
		memcpy(&u32, member_of(attr, value), sizeof(u32));
		ctlink_message_put_u32(m, attr->type, u32);
		break;
	default:
		memcpy(&u64, member_of(attr, value), sizeof(u64));
		ctlink_message_put_u64(m, attr->type, u64);
		break;
	}
}

static void text_put(const struct ctlink_attr *attr, struct ctlink_message *m,
                     const char *text, uint32_t size)
{
	if (!text || strnlen(text, size) == size)
		ctlink_message_fail(m, -EINVAL);
	else
		ctlink_message_put_string(m, attr->type, text);
}

static void string_put(const struct ctlink_attr *attr, struct ctlink_message *m,
                       const void *value)
{
	const char *text;

	memcpy(&text, member_of(attr, value), sizeof(text));
	text_put(attr, m, text, attr->max);
}

static void bytes_put(const struct ctlink_attr *attr, struct ctlink_message *m,
                      const void *value)
{
	uint32_t length = attr->size;

	if (attr->min < attr->size)
		length = ((const uint8_t *)value)[attr->length_at];
	if (length < attr->min || length > attr->size)
		ctlink_message_fail(m, -EINVAL);
	else
		ctlink_message_put_bytes(m, attr->type, member_of(attr, value), length);
}

static void nest_put(const struct ctlink_attr *attr, struct ctlink_message *m,
                     const void *value)
{
	uint32_t nest = ctlink_message_nest_begin(m, attr->type);

	ctlink_layout_put(attr->nested, m, value);
	ctlink_message_nest_end(m, nest);
}

static void attr_put(const struct ctlink_attr *attr, struct ctlink_message *m,
                     const void *value);

static void list_put(const struct ctlink_attr *attr, struct ctlink_message *m,
                     const void *value)
{
	const struct ctlink_list *list = member_of(attr, value);
	const void *item;
	uint32_t i;

	for (i = 0; i < list->length; i++) {
		item = ctlink_list_item(list, attr->nested->item_size, i);
		if (attr->flags & CTLINK_PLAIN)
			attr_put(&attr->nested->attrs[0], m, item);
		else
			nest_put(attr, m, item);
	}
}

static void attr_put(const struct ctlink_attr *attr, struct ctlink_message *m,
                     const void *value)
{
	switch (attr->kind) {
	case CTLINK_FLAG: ctlink_message_put_flag(m, attr->type); break;
	case CTLINK_TEXT: text_put(attr, m, member_of(attr, value), attr->size); break;
	case CTLINK_STRING: string_put(attr, m, value); break;
	case CTLINK_BYTES: bytes_put(attr, m, value); break;
	case CTLINK_NESTED: nest_put(attr, m, value); break;
	case CTLINK_STRUCT: nest_put(attr, m, member_of(attr, value)); break;
	case CTLINK_LIST: list_put(attr, m, value); break;
	case CTLINK_CUSTOM: attr->codec->build(m, attr, value); break;
	default:
		if (attr->kind == CTLINK_U8 || (attr->flags & CTLINK_HOST))
			ctlink_message_put_bytes(m, attr->type, member_of(attr, value),
			                         width_of(attr));
		else
			integer_put(attr, m, value);
		break;
	}
}

void ctlink_layout_put(const struct ctlink_layout *layout, struct ctlink_message *m,
                       const void *value)
{
	uint32_t i;

	for (i = 0; i < layout->n_attrs; i++) {
		if (attr_present(&layout->attrs[i], value))
			attr_put(&layout->attrs[i], m, value);
	}
}

int ctlink_layout_build(const struct ctlink_layout *layout, struct ctlink_message *m,
                        const struct ctlink_header *header, const void *value)
{
	ctlink_message_begin(m, header);
	ctlink_layout_put(layout, m, value);
	return ctlink_message_end(m);
}

/* ---- where things stand ------------------------------------------------------------ */

uint32_t ctlink_parser_offset(const struct ctlink_parser *p, const struct nlattr *nla)
{
	return nla ? (uint32_t)((const char *)nla - (const char *)p->nlh) : 0;
}

int ctlink_parser_fail(struct ctlink_parser *p, int code, const struct nlattr *nla,
                       const char *fmt, ...)
{
	char text[CTLINK_ERROR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return ctlink_error_set(p->error, code, ctlink_parser_offset(p, nla), "%s", text);
}

static const struct nlattr *find_in(const void *start, uint32_t size, uint16_t type,
                                    uint32_t i)
{
	const struct nlattr *nla = start;
	int left = (int)size;

	while (mnl_attr_ok(nla, left)) {
		if (mnl_attr_get_type(nla) == type && i-- == 0)
			return nla;
		left -= MNL_ALIGN(nla->nla_len);
		nla = mnl_attr_next(nla);
	}
	return NULL;
}

const struct nlattr *ctlink_parser_find(const struct ctlink_parser *p,
                                        const struct nlattr *nest, uint16_t type,
                                        uint32_t i)
{
	const struct nlattr *found;

	if (nest)
		found = find_in(mnl_attr_get_payload(nest),
		                mnl_attr_get_payload_len(nest), type, i);
	else
		found = find_in(
			mnl_nlmsg_get_payload_offset(p->nlh, sizeof(struct nfgenmsg)),
			p->nlh->nlmsg_len - MNL_NLMSG_HDRLEN - sizeof(struct nfgenmsg),
			type, i);
	return found ? found : nest;
}

uint32_t ctlink_attr_offset(const struct nlmsghdr *nlh, uint16_t type, uint32_t i)
{
	struct ctlink_parser p = { .nlh = nlh };

	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(struct nfgenmsg))
		return 0;
	return ctlink_parser_offset(&p, ctlink_parser_find(&p, NULL, type, i));
}

uint32_t ctlink_attr_offset_in(const struct nlmsghdr *nlh, const uint16_t *path,
                               uint32_t length)
{
	struct ctlink_parser p = { .nlh = nlh };
	const struct nlattr *nest = NULL, *found;
	uint32_t i;

	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(struct nfgenmsg))
		return 0;
	for (i = 0; i < length; i++) {
		found = ctlink_parser_find(&p, nest, path[i], 0);
		if (found == nest)
			break;
		nest = found;
	}
	return ctlink_parser_offset(&p, nest);
}

/* ---- reading one attribute --------------------------------------------------------- */

static int wrong_length(struct ctlink_parser *p, const struct ctlink_attr *attr,
                        const struct nlattr *nla, uint32_t min, uint32_t max)
{
	uint32_t length = mnl_attr_get_payload_len(nla);

	ctlink_parser_fail(p, -EINVAL, nla, "%s has %u bytes", attr->name, length);
	if (min == max)
		ctlink_error_hint(p->error, "it has %u", max);
	else
		ctlink_error_hint(p->error, "it has %u to %u", min, max);
	return -EINVAL;
}

static int integer_read(struct ctlink_parser *p, const struct ctlink_attr *attr,
                        const struct nlattr *nla, void *value)
{
	uint32_t width = width_of(attr);
	bool host = attr->flags & CTLINK_HOST;
	uint64_t u64 = 0;
	uint32_t u32;
	uint16_t u16;
	uint8_t u8;

	if (mnl_attr_get_payload_len(nla) != width)
		return wrong_length(p, attr, nla, width, width);
	switch (attr->kind) {
	case CTLINK_U8:
		u8 = mnl_attr_get_u8(nla);
		memcpy(member_at(attr, value), &u8, width);
		u64 = u8;
		break;
	case CTLINK_U16:
		u16 = host ? mnl_attr_get_u16(nla) : be16toh(mnl_attr_get_u16(nla));
		memcpy(member_at(attr, value), &u16, width);
		u64 = u16;
		break;
	case CTLINK_U32:
		u32 = host ? mnl_attr_get_u32(nla) : be32toh(mnl_attr_get_u32(nla));
		memcpy(member_at(attr, value), &u32, width);
		u64 = u32;
		break;
	default:
		u64 = host ? mnl_attr_get_u64(nla) : be64toh(mnl_attr_get_u64(nla));
		memcpy(member_at(attr, value), &u64, width);
		break;
	}
	if (!attr->known || !(u64 & ~attr->known))
		return 0;
	ctlink_parser_fail(p, -EOPNOTSUPP, nla, "%s has unknown flags: 0x%" PRIx64,
	                   attr->name, u64 & ~attr->known);
	ctlink_error_hint(p->error, "known are 0x%" PRIx64, attr->known);
	return -EOPNOTSUPP;
}

/* A string of min characters or more, in at most @max bytes, its only zero at the end. */
static int text_check(struct ctlink_parser *p, const struct ctlink_attr *attr,
                      const struct nlattr *nla, uint32_t max)
{
	uint32_t length = mnl_attr_get_payload_len(nla);
	const char *text = mnl_attr_get_payload(nla);

	if (length < attr->min + 1 || length > max)
		return wrong_length(p, attr, nla, attr->min + 1, max);
	if (text[length - 1] != '\0')
		return ctlink_parser_fail(p, -EINVAL, nla, "%s does not end with a zero",
		                          attr->name);
	if (strnlen(text, length) != length - 1)
		return ctlink_parser_fail(p, -EINVAL, nla, "%s has a zero in its middle",
		                          attr->name);
	return 0;
}

static int text_read(struct ctlink_parser *p, const struct ctlink_attr *attr,
                     const struct nlattr *nla, void *value)
{
	int err = text_check(p, attr, nla, attr->size);

	if (!err)
		memcpy(member_at(attr, value), mnl_attr_get_payload(nla),
		       mnl_attr_get_payload_len(nla));
	return err;
}

static int string_read(struct ctlink_parser *p, const struct ctlink_attr *attr,
                       const struct nlattr *nla, void *value)
{
	int err = text_check(p, attr, nla, attr->max);

	if (!err)
		err = ctlink_string_set(member_at(attr, value), mnl_attr_get_str(nla),
		                        mnl_attr_get_payload_len(nla) - 1, p->memory);
	if (err == -ENOMEM)
		ctlink_parser_fail(p, err, nla, "no memory for %s", attr->name);
	return err;
}

static int bytes_read(struct ctlink_parser *p, const struct ctlink_attr *attr,
                      const struct nlattr *nla, void *value)
{
	uint32_t length = mnl_attr_get_payload_len(nla);

	if (length < attr->min || length > attr->size)
		return wrong_length(p, attr, nla, attr->min, attr->size);
	memcpy(member_at(attr, value), mnl_attr_get_payload(nla), length);
	if (attr->min < attr->size)
		((uint8_t *)value)[attr->length_at] = (uint8_t)length;
	return 0;
}

static int attr_read(struct ctlink_parser *p, const struct ctlink_attr *attr,
                     const struct nlattr *nla, void *value);

static int list_read(struct ctlink_parser *p, const struct ctlink_attr *attr,
                     const struct nlattr *nla, void *value)
{
	struct ctlink_list *list = member_at(attr, value);
	void *item;

	item = ctlink_list_append(list, attr->nested->item_size, attr->max, p->memory);
	if (!item && errno == E2BIG)
		return ctlink_parser_fail(p, -E2BIG, nla, "more than %u %s", attr->max,
		                          attr->name);
	if (!item)
		return ctlink_parser_fail(p, -ENOMEM, nla, "no memory for %s",
		                          attr->name);
	if (attr->flags & CTLINK_PLAIN)
		return attr_read(p, &attr->nested->attrs[0], nla, item);
	return ctlink_parser_nested(p, attr->nested, nla, item);
}

static int attr_read(struct ctlink_parser *p, const struct ctlink_attr *attr,
                     const struct nlattr *nla, void *value)
{
	int err = 0;

	switch (attr->kind) {
	case CTLINK_CUSTOM: return attr->codec->parse(p, attr, nla, value);
	case CTLINK_FLAG:
		if (mnl_attr_get_payload_len(nla) > 0)
			err = wrong_length(p, attr, nla, 0, 0);
		break;
	case CTLINK_TEXT: err = text_read(p, attr, nla, value); break;
	case CTLINK_STRING: err = string_read(p, attr, nla, value); break;
	case CTLINK_BYTES: err = bytes_read(p, attr, nla, value); break;
	case CTLINK_NESTED:
		if (attr->nested)
			err = ctlink_parser_nested(p, attr->nested, nla, value);
		break;
	case CTLINK_STRUCT:
		err = ctlink_parser_nested(p, attr->nested, nla, member_at(attr, value));
		break;
	case CTLINK_LIST: err = list_read(p, attr, nla, value); break;
	default: err = integer_read(p, attr, nla, value); break;
	}
	if (!err)
		mark_bit(value, attr->bit);
	return err;
}

/* ---- reading one level ------------------------------------------------------------- */

/*
 * The row of @type, or NULL. Attributes mostly come in the table's order, so the search
 * begins behind the row that was found last.
 */
static const struct ctlink_attr *row_find(const struct ctlink_layout *layout,
                                          uint16_t type, uint32_t *next)
{
	uint32_t i, row;

	for (i = 0; i < layout->n_attrs; i++) {
		row = *next + i;
		if (row >= layout->n_attrs)
			row -= layout->n_attrs;
		if (layout->attrs[row].type == type) {
			*next = row + 1 < layout->n_attrs ? row + 1 : 0;
			return &layout->attrs[row];
		}
	}
	return NULL;
}

/* Is there a whole attribute at @nla, in the @left bytes that remain of the level? */
static int attr_check(struct ctlink_parser *p, const struct nlattr *nla, uint32_t left)
{
	if (left < MNL_ATTR_HDRLEN)
		return ctlink_parser_fail(p, -EBADMSG, nla, "%u bytes too many", left);
	if (nla->nla_len < MNL_ATTR_HDRLEN || nla->nla_len > left)
		return ctlink_parser_fail(p, -EBADMSG, nla,
		                          "nla_len is %u, %u bytes are left",
		                          nla->nla_len, left);
	return 0;
}

static bool may_repeat(const struct ctlink_attr *attr)
{
	return attr->kind == CTLINK_LIST || (attr->flags & CTLINK_REPEATED);
}

static int known_read(struct ctlink_parser *p, const struct ctlink_attr *attr,
                      const struct nlattr *nla, bool seen, void *value)
{
	if (seen && !may_repeat(attr))
		return ctlink_parser_fail(p, -EINVAL, nla, "%s is there twice",
		                          attr->name);
	return attr_read(p, attr, nla, value);
}

static int level_complete(struct ctlink_parser *p, const struct ctlink_layout *layout,
                          const struct nlattr *nest, uint64_t seen)
{
	const struct ctlink_attr *attr;
	uint32_t i;

	for (i = 0; i < layout->n_attrs; i++) {
		attr = &layout->attrs[i];
		if ((attr->flags & CTLINK_REQUIRED) && !(seen >> i & 1))
			return ctlink_parser_fail(p, -EINVAL, nest, "%s is missing in %s",
			                          attr->name, layout->name);
	}
	return 0;
}

static int level_read(struct ctlink_parser *p, const struct ctlink_layout *layout,
                      const struct nlattr *nest, const void *start, uint32_t size,
                      void *value)
{
	const struct ctlink_attr *attr;
	const struct nlattr *nla;
	uint32_t offset, next = 0;
	uint64_t seen = 0;
	int err;

	assert(layout->n_attrs <= CTLINK_LAYOUT_ATTRS_MAX);
	for (offset = 0; offset < size; offset += MNL_ALIGN(nla->nla_len)) {
		nla = (const struct nlattr *)((const char *)start + offset);
		err = attr_check(p, nla, size - offset);
		if (err)
			return err;
		attr = row_find(layout, mnl_attr_get_type(nla), &next);
		if (!attr) {
			p->skipped = true;
			continue;
		}
		err = known_read(p, attr, nla, seen >> (attr - layout->attrs) & 1, value);
		if (err)
			return err;
		seen |= UINT64_C(1) << (attr - layout->attrs);
	}
	err = level_complete(p, layout, nest, seen);
	if (!err && layout->check)
		err = layout->check(p, nest, value);
	return err;
}

int ctlink_parser_nested(struct ctlink_parser *p, const struct ctlink_layout *layout,
                         const struct nlattr *nest, void *value)
{
	return level_read(p, layout, nest, mnl_attr_get_payload(nest),
	                  mnl_attr_get_payload_len(nest), value);
}

int ctlink_layout_parse_at(const struct ctlink_layout *layout, const struct nlmsghdr *nlh,
                           uint32_t offset, void *value,
                           const struct ctlink_memory *memory, struct ctlink_error *error)
{
	struct ctlink_parser p = { .nlh = nlh, .memory = memory, .error = error };

	assert(offset <= nlh->nlmsg_len);
	return level_read(&p, layout, NULL, (const char *)nlh + offset,
	                  nlh->nlmsg_len - offset, value);
}

int ctlink_layout_parse(const struct ctlink_layout *layout, const struct nlmsghdr *nlh,
                        void *value, const struct ctlink_memory *memory,
                        struct ctlink_error *error)
{
	struct ctlink_header header;
	int err = ctlink_header_parse(nlh, &header, error);

	if (err)
		return err;
	return ctlink_layout_parse_at(layout, nlh,
	                              MNL_NLMSG_HDRLEN + sizeof(struct nfgenmsg), value,
	                              memory, error);
}

/* ---- freeing ----------------------------------------------------------------------- */

static void list_fini(const struct ctlink_attr *attr, void *value,
                      const struct ctlink_memory *memory)
{
	struct ctlink_list *list = member_at(attr, value);
	uint32_t i;

	for (i = 0; i < list->length; i++)
		ctlink_layout_fini(attr->nested,
		                   ctlink_list_item(list, attr->nested->item_size, i),
		                   memory);
	ctlink_list_fini(list, memory);
}

static void attr_fini(const struct ctlink_attr *attr, void *value,
                      const struct ctlink_memory *memory)
{
	char *string;

	switch (attr->kind) {
	case CTLINK_STRING:
		memcpy(&string, member_at(attr, value), sizeof(string));
		ctlink_memory_free(memory, string);
		memset(member_at(attr, value), 0, sizeof(string));
		break;
	case CTLINK_NESTED:
		if (attr->nested)
			ctlink_layout_fini(attr->nested, value, memory);
		break;
	case CTLINK_STRUCT:
		ctlink_layout_fini(attr->nested, member_at(attr, value), memory);
		break;
	case CTLINK_LIST: list_fini(attr, value, memory); break;
	default: break;
	}
}

void ctlink_layout_fini(const struct ctlink_layout *layout, void *value,
                        const struct ctlink_memory *memory)
{
	uint32_t i;

	for (i = 0; i < layout->n_attrs; i++)
		attr_fini(&layout->attrs[i], value, memory);
}
