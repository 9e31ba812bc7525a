/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See sets_priv.h, "Keys". */
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "ctlink/match.h"
#include "sets/sets_priv.h"

/* ---- values to keys ---------------------------------------------------------------- */

static void bits_fill(uint8_t *bytes, uint8_t size, unsigned int from, bool ones)
{
	unsigned int i;

	for (i = from; i < size * 8u; i++) {
		if (ones)
			bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
		else
			bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	}
}

void set_key_end(struct set_key *key)
{
	memcpy(key->last, key->first, sizeof(key->last));
	bits_fill(key->last, key->size, key->prefix, true);
}

static void prefix_set(struct set_key *key, unsigned int bits)
{
	key->prefix = (uint8_t)bits;
	bits_fill(key->first, key->size, bits, false);
	set_key_end(key);
}

/* A range that is a prefix becomes one, so that both are one element. */
static void range_set(struct set_key *key)
{
	uint8_t end[16];
	unsigned int bits;

	for (bits = 0; bits <= key->size * 8u; bits++) {
		memcpy(end, key->first, sizeof(end));
		bits_fill(end, key->size, bits, true);
		if (memcmp(end, key->last, key->size) != 0)
			continue;
		bits_fill(end, key->size, bits, false);
		if (memcmp(end, key->first, key->size) == 0) {
			prefix_set(key, bits);
			return;
		}
	}
	key->prefix = SET_RANGE;
}

static void address_make(const struct ctlink_value *v, struct set_key *key)
{
	key->size = v->first_size;
	key->table = key->size == 4 ? SET_BITS32 : SET_BITS128;
	memcpy(key->first, v->first, key->size);
	if (ctlink_has(v, CTLINK_VALUE_LAST)) {
		memcpy(key->last, v->last, key->size);
		range_set(key);
	} else {
		prefix_set(key, ctlink_has(v, CTLINK_VALUE_PREFIX) ? v->prefix
		                                                   : key->size * 8u);
	}
}

static void number_write(uint8_t *bytes, uint32_t number)
{
	number = htobe32(number);
	memcpy(bytes, &number, sizeof(number));
}

/* @shift: zeros behind the number in 32 bits. */
static void number_make(const struct ctlink_value *v, unsigned int shift,
                        struct set_key *key)
{
	uint32_t first = (uint32_t)ctlink_value_number(v->first, v->first_size), last;

	key->size = 4;
	key->table = SET_BITS32;
	number_write(key->first, first << shift);
	if (!ctlink_has(v, CTLINK_VALUE_LAST)) {
		prefix_set(key, 32 - shift);
		return;
	}
	last = (uint32_t)ctlink_value_number(v->last, v->last_size);
	number_write(key->last, last << shift | ((1u << shift) - 1));
	range_set(key);
}

static void name_make(const struct ctlink_value *v, struct set_key *key)
{
	size_t length = strlen(v->string);
	bool rest = length && v->string[length - 1] == '*';

	key->size = 16;
	key->table = SET_BITS128;
	length -= rest;
	memcpy(key->first, v->string, length < 16 ? length : 16);
	prefix_set(key, rest ? (unsigned int)length * 8 : 128);
}

/* The field by whose rules a key's first part is checked. */
static uint16_t field_of(uint16_t type)
{
	switch ((enum ctq_set_type)type) {
	case CTQ_SET_PORT: return CTQ_FIELD_DPORT;
	case CTQ_SET_INTERFACE: return CTQ_FIELD_IIF;
	case CTQ_SET_MARK: return CTQ_FIELD_MARK;
	default: return CTQ_FIELD_SRC;
	}
}

static int is_single(const struct ctlink_value *v, struct ctlink_error *error)
{
	const uint64_t wide = 1u << CTLINK_VALUE_LAST | 1u << CTLINK_VALUE_PREFIX;

	if (v->has & wide)
		return ctlink_error_set(error, -EINVAL, 0,
		                        "an address and a port that belong together are "
		                        "single ones: no prefix, no range");
	return 0;
}

static int pair_make(const struct ctlink_element *element, struct set_key *key,
                     struct ctlink_error *error)
{
	int err = ctlink_value_check(ctlink_field_get(CTQ_FIELD_DPORT), &element->with,
	                             error);

	if (!err)
		err = is_single(&element->key, error);
	if (!err)
		err = is_single(&element->with, error);
	if (err)
		return err;
	address_make(&element->key, key);
	key->table = SET_PAIRS;
	key->port = (uint16_t)ctlink_value_number(element->with.first, 2);
	return 0;
}

int set_key_make(uint16_t type, const struct ctlink_element *element, struct set_key *key,
                 struct ctlink_error *error)
{
	bool pair = type == CTQ_SET_ADDRESS_PORT;
	int err;

	memset(key, 0, sizeof(*key));
	err = ctlink_value_check(ctlink_field_get(field_of(type)), &element->key, error);
	if (err)
		return err;
	if (ctlink_has(element, CTLINK_ELEMENT_WITH) != pair)
		return ctlink_error_set(
			error, -EINVAL, 0,
			pair ? "the set has an address and a port in each "
			       "element"
			     : "the set has one value in each element");
	if (element->key.has & 1u << CTLINK_VALUE_MASK)
		return ctlink_error_set(error, -EINVAL, 0, "sets have no masks");
	if (type == CTQ_SET_INTERFACE && strlen(element->key.string) >= CTQ_IFNAME_MAX)
		return ctlink_error_set(error, -EINVAL, 0,
		                        "'%.32s' is too long for an interface",
		                        element->key.string);
	switch ((enum ctq_set_type)type) {
	case CTQ_SET_PORT: number_make(&element->key, 16, key); break;
	case CTQ_SET_MARK: number_make(&element->key, 0, key); break;
	case CTQ_SET_INTERFACE: name_make(&element->key, key); break;
	case CTQ_SET_ADDRESS_PORT: return pair_make(element, key, error);
	case CTQ_SET_ADDRESS: address_make(&element->key, key); break;
	}
	return 0;
}

/* ---- keys to values ---------------------------------------------------------------- */

static void address_value(const struct set_key *key, struct ctlink_value *v)
{
	ctlink_value_set_address(v, CTLINK_VALUE_FIRST, key->first, key->size);
	if (key->prefix == SET_RANGE) {
		ctlink_value_set_address(v, CTLINK_VALUE_LAST, key->last, key->size);
	} else if (key->prefix < key->size * 8) {
		v->prefix = key->prefix;
		ctlink_mark(v, CTLINK_VALUE_PREFIX);
	}
}

static uint32_t number_read(const uint8_t *bytes)
{
	uint32_t number;

	memcpy(&number, bytes, sizeof(number));
	return be32toh(number);
}

static void number_value(const struct set_key *key, unsigned int shift,
                         struct ctlink_value *v)
{
	uint32_t first = number_read(key->first) >> shift,
		 last = number_read(key->last) >> shift;
	uint8_t size = shift ? 2 : 4;

	ctlink_value_set_number(v, CTLINK_VALUE_FIRST, first, size);
	if (last != first)
		ctlink_value_set_number(v, CTLINK_VALUE_LAST, last, size);
}

static void name_value(const struct set_key *key, char *name, struct ctlink_value *v)
{
	size_t length = key->prefix / 8;

	memcpy(name, key->first, length);
	name[length] = '\0';
	if (key->prefix < 128)
		strcpy(name + length, "*");
	v->string = name;
	ctlink_mark(v, CTLINK_VALUE_STRING);
}

void set_key_value(uint16_t type, const struct set_key *key, struct ctlink_element *out,
                   char *name)
{
	switch ((enum ctq_set_type)type) {
	case CTQ_SET_PORT: number_value(key, 16, &out->key); break;
	case CTQ_SET_MARK: number_value(key, 0, &out->key); break;
	case CTQ_SET_INTERFACE: name_value(key, name, &out->key); break;
	case CTQ_SET_ADDRESS_PORT:
		ctlink_value_set_number(&out->with, CTLINK_VALUE_FIRST, key->port, 2);
		ctlink_mark(out, CTLINK_ELEMENT_WITH);
		/* fall through */
	case CTQ_SET_ADDRESS: address_value(key, &out->key); break;
	}
	ctlink_mark(out, CTLINK_ELEMENT_KEY);
}

/* ---- parts ------------------------------------------------------------------------- */

void set_parts_init(struct set_parts *p, const struct set_key *key)
{
	*p = (struct set_parts){ .key = key };
	memcpy(p->next, key->first, sizeof(p->next));
}

/* The address behind @bytes; false: there is none. */
static bool increment(uint8_t *bytes, uint8_t size)
{
	unsigned int i = size;

	while (i-- > 0) {
		if (++bytes[i])
			return true;
	}
	return false;
}

static bool bit_is_set(const uint8_t *bytes, unsigned int i)
{
	return bytes[i / 8] >> (7 - i % 8) & 1;
}

/* The widest prefix that begins at p->next and ends within the range. */
static unsigned int widest(const struct set_parts *p, uint8_t end[16])
{
	unsigned int bits = p->key->size * 8u;

	while (bits > 0 && !bit_is_set(p->next, bits - 1))
		bits--;
	for (;; bits++) {
		memcpy(end, p->next, 16);
		bits_fill(end, p->key->size, bits, true);
		if (memcmp(end, p->key->last, p->key->size) <= 0)
			return bits;
	}
}

bool set_parts_next(struct set_parts *p, struct set_part *out)
{
	const struct set_key *key = p->key;
	uint8_t end[16];

	if (p->done)
		return false;
	memset(out, 0, sizeof(*out));
	out->table = key->table;
	out->port = key->port;
	memcpy(out->bytes, p->next, key->size);
	if (key->prefix != SET_RANGE) {
		out->length = key->prefix;
		p->done = true;
		return true;
	}
	out->length = (uint8_t)widest(p, end);
	p->done = memcmp(end, key->last, key->size) == 0;
	memcpy(p->next, end, sizeof(p->next));
	if (!p->done)
		p->done = !increment(p->next, key->size);
	return true;
}

/* ---- queries ----------------------------------------------------------------------- */

static void words_write(uint8_t bytes[16], const uint64_t words[2])
{
	uint64_t big[2] = { htobe64(words[0]), htobe64(words[1]) };

	memcpy(bytes, big, 16);
}

static void query_address(const struct set_query *q, struct set_part *out)
{
	if (q->family == AF_INET) {
		out->table = SET_BITS32;
		out->length = 32;
		number_write(out->bytes, (uint32_t)q->words[1]);
	} else {
		out->table = SET_BITS128;
		out->length = 128;
		words_write(out->bytes, q->words);
	}
}

void set_query_part(uint16_t type, const struct set_query *q, struct set_part *out)
{
	memset(out, 0, sizeof(*out));
	switch ((enum ctq_set_type)type) {
	case CTQ_SET_PORT: number_write(out->bytes, q->number << 16); break;
	case CTQ_SET_MARK: number_write(out->bytes, q->number); break;
	case CTQ_SET_INTERFACE:
		out->table = SET_BITS128;
		words_write(out->bytes, q->words);
		break;
	case CTQ_SET_ADDRESS_PORT:
		query_address(q, out);
		out->table = SET_PAIRS;
		out->port = (uint16_t)q->number;
		break;
	case CTQ_SET_ADDRESS: query_address(q, out); break;
	}
}
