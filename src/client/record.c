/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record.c - attributes by number
 *
 * A record borrows the bytes of a received message. Nothing is checked in advance: each
 * question walks the attributes with bounds, and an attribute that lies about its length
 * ends the walk. A message has a few dozen attributes at most, so nothing is indexed.
 */
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "client/client_priv.h"

int record_of_message(const struct nlmsghdr *nlh, struct ctq_record *record)
{
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nfgenmsg))
		return -EBADMSG;
	record->message = nlh;
	record->attrs = mnl_nlmsg_get_payload_offset(nlh, sizeof(struct nfgenmsg));
	record->size =
		mnl_nlmsg_get_payload_len(nlh) - MNL_ALIGN(sizeof(struct nfgenmsg));
	return 0;
}

/* The next attribute @type at or after @attr, or NULL. */
static const struct nlattr *record_seek(const struct ctq_record *record,
                                        const struct nlattr *attr, uint16_t type)
{
	const char *end = record->attrs + record->size;

	for (; mnl_attr_ok(attr, (int)(end - (const char *)attr));
	     attr = mnl_attr_next(attr))
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

static const struct nlattr *record_find(const struct ctq_record *record, uint16_t type)
{
	/* Attributes are aligned: their message is, see ctlink/message.h. */
	return record_seek(record, (const struct nlattr *)(const void *)record->attrs,
	                   type);
}

bool ctq_record_has(const struct ctq_record *record, uint16_t type)
{
	return record_find(record, type) != NULL;
}

/* The number in @attr, of whatever size; 0 when it is none. */
static uint64_t attr_number(const struct nlattr *attr)
{
	size_t size = mnl_attr_get_payload_len(attr);

	if (size != 1 && size != 2 && size != 4 && size != 8)
		return 0;
	return ctlink_value_number(mnl_attr_get_payload(attr), (uint8_t)size);
}

uint64_t ctq_record_number(const struct ctq_record *record, uint16_t type)
{
	const struct nlattr *attr = record_find(record, type);

	return attr ? attr_number(attr) : 0;
}

/* The string in @attr; NULL when its final zero is missing. */
static const char *attr_string(const struct nlattr *attr)
{
	const char *string = mnl_attr_get_payload(attr);

	return memchr(string, '\0', mnl_attr_get_payload_len(attr)) ? string : NULL;
}

const char *ctq_record_string(const struct ctq_record *record, uint16_t type)
{
	const struct nlattr *attr = record_find(record, type);

	return attr ? attr_string(attr) : NULL;
}

const void *ctq_record_bytes(const struct ctq_record *record, uint16_t type, size_t *size)
{
	const struct nlattr *attr = record_find(record, type);

	if (!attr)
		return NULL;
	*size = mnl_attr_get_payload_len(attr);
	return mnl_attr_get_payload(attr);
}

int ctq_record_each(const struct ctq_record *record, uint16_t type, ctq_record_cb *cb,
                    void *data)
{
	const struct nlattr *attr = record_find(record, type);
	struct ctq_record nested;
	int result;

	for (; attr; attr = record_seek(record, mnl_attr_next(attr), type)) {
		nested.message = record->message;
		nested.attrs = mnl_attr_get_payload(attr);
		nested.size = mnl_attr_get_payload_len(attr);
		result = cb(data, &nested);
		if (result)
			return result;
	}
	return 0;
}

int ctq_record_each_number(const struct ctq_record *record, uint16_t type,
                           ctq_number_cb *cb, void *data)
{
	const struct nlattr *attr = record_find(record, type);
	int result;

	for (; attr; attr = record_seek(record, mnl_attr_next(attr), type)) {
		result = cb(data, attr_number(attr));
		if (result)
			return result;
	}
	return 0;
}

int ctq_record_each_string(const struct ctq_record *record, uint16_t type,
                           ctq_string_cb *cb, void *data)
{
	const struct nlattr *attr = record_find(record, type);
	int result;

	for (; attr; attr = record_seek(record, mnl_attr_next(attr), type)) {
		if (!attr_string(attr))
			continue;
		result = cb(data, attr_string(attr));
		if (result)
			return result;
	}
	return 0;
}
