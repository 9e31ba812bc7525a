/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/match.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/base.h"

/* ---- fields ------------------------------------------------------------------------ */

static const struct ctlink_field fields[] = {
#define CTQ_FIELD(number, symbol, word, type, scope) \
	{ number, CTLINK_FIELD_##type, CTLINK_SCOPE_##scope, word },
#include "ctq/fields.def"
#undef CTQ_FIELD
};

const struct ctlink_field *ctlink_fields(size_t *n)
{
	*n = BASE_ARRAY_LENGTH(fields);
	return fields;
}

const struct ctlink_field *ctlink_field_get(uint16_t number)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(fields); i++) {
		if (fields[i].number == number)
			return &fields[i];
	}
	return NULL;
}

const struct ctlink_field *ctlink_field_find(const char *word)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(fields); i++) {
		if (strcmp(fields[i].word, word) == 0)
			return &fields[i];
	}
	return NULL;
}

uint8_t ctlink_field_size(uint8_t type)
{
	switch (type) {
	case CTLINK_FIELD_U8:
	case CTLINK_FIELD_BITS8: return 1;
	case CTLINK_FIELD_U16: return 2;
	case CTLINK_FIELD_U32:
	case CTLINK_FIELD_BITS32: return 4;
	case CTLINK_FIELD_U64: return 8;
	default: return 0;
	}
}

/* ---- values ------------------------------------------------------------------------ */

uint64_t ctlink_value_number(const uint8_t *bytes, uint8_t size)
{
	uint64_t number = 0;
	uint8_t i;

	for (i = 0; i < size; i++)
		number = number << 8 | bytes[i];
	return number;
}

/* The bytes and the size of FIRST, LAST or MASK. */
static uint8_t *value_bytes(struct ctlink_value *value, enum ctlink_value_bit bit,
                            uint8_t **size)
{
	switch (bit) {
	case CTLINK_VALUE_FIRST: *size = &value->first_size; return value->first;
	case CTLINK_VALUE_LAST: *size = &value->last_size; return value->last;
	default:
		assert(bit == CTLINK_VALUE_MASK);
		*size = &value->mask_size;
		return value->mask;
	}
}

void ctlink_value_set_number(struct ctlink_value *value, enum ctlink_value_bit bit,
                             uint64_t number, uint8_t size)
{
	uint8_t *size_at, *bytes = value_bytes(value, bit, &size_at);
	uint8_t i;

	assert(size == 1 || size == 2 || size == 4 || size == 8);
	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)(number >> 8 * (size - 1 - i));
	*size_at = size;
	ctlink_mark(value, bit);
}

void ctlink_value_set_address(struct ctlink_value *value, enum ctlink_value_bit bit,
                              const void *address, uint8_t size)
{
	uint8_t *size_at, *bytes = value_bytes(value, bit, &size_at);

	assert(size == 4 || size == 16);
	memcpy(bytes, address, size);
	*size_at = size;
	ctlink_mark(value, bit);
}

/* ---- checking ---------------------------------------------------------------------- */

/* What is wrong: attribute @attr of value @value, or of the match when @value is -1. */
struct fault {
	int64_t value;
	uint16_t attr;
};

static int value_fault(struct fault *fault, struct ctlink_error *error, uint16_t attr,
                       const char *word, const char *what)
{
	fault->attr = attr;
	return ctlink_error_set(error, -EINVAL, 0, "a value of '%s' %s", word, what);
}

/* A value of a string field: STRING alone, not empty, '*' only at its end. */
static int string_check(const struct ctlink_field *field,
                        const struct ctlink_value *value, struct fault *fault,
                        struct ctlink_error *error)
{
	const char *star;

	if (value->has != UINT64_C(1) << CTLINK_VALUE_STRING)
		return value_fault(fault, error, CTQA_VALUE_FIRST, field->word,
		                   "is a string: CTQA_VALUE_STRING and nothing else");
	star = strchr(value->string, '*');
	if (star && star[1] != '\0')
		return value_fault(fault, error, CTQA_VALUE_STRING, field->word,
		                   "has a '*' that is not at its end");
	return 0;
}

/* FIRST, and LAST and MASK where they are, all of @size bytes. */
static int sizes_check(const struct ctlink_field *field, const struct ctlink_value *value,
                       uint8_t size, struct fault *fault, struct ctlink_error *error)
{
	if (value->first_size != size)
		return value_fault(fault, error, CTQA_VALUE_FIRST, field->word,
		                   "has the wrong size");
	if (ctlink_has(value, CTLINK_VALUE_LAST) && value->last_size != size)
		return value_fault(fault, error, CTQA_VALUE_LAST, field->word,
		                   "ends with another size than it begins");
	if (ctlink_has(value, CTLINK_VALUE_MASK) && value->mask_size != size)
		return value_fault(fault, error, CTQA_VALUE_MASK, field->word,
		                   "has a mask of another size");
	return 0;
}

static int range_check(const struct ctlink_field *field, const struct ctlink_value *value,
                       struct fault *fault, struct ctlink_error *error)
{
	if (ctlink_has(value, CTLINK_VALUE_LAST) &&
	    memcmp(value->last, value->first, value->first_size) < 0)
		return value_fault(fault, error, CTQA_VALUE_LAST, field->word,
		                   "ends before it begins");
	return 0;
}

static int address_check(const struct ctlink_field *field,
                         const struct ctlink_value *value, struct fault *fault,
                         struct ctlink_error *error)
{
	uint8_t size = value->first_size;
	int err;

	if (ctlink_has(value, CTLINK_VALUE_MASK))
		return value_fault(fault, error, CTQA_VALUE_MASK, field->word,
		                   "is an address: CTQA_VALUE_PREFIX instead of a mask");
	if (size != 4 && size != 16)
		return value_fault(fault, error, CTQA_VALUE_FIRST, field->word,
		                   "is an address: 4 or 16 bytes");
	err = sizes_check(field, value, size, fault, error);
	if (err)
		return err;
	if (!ctlink_has(value, CTLINK_VALUE_PREFIX))
		return range_check(field, value, fault, error);
	if (ctlink_has(value, CTLINK_VALUE_LAST))
		return value_fault(fault, error, CTQA_VALUE_PREFIX, field->word,
		                   "has CTQA_VALUE_LAST and CTQA_VALUE_PREFIX");
	if (value->prefix > size * 8)
		return value_fault(fault, error, CTQA_VALUE_PREFIX, field->word,
		                   size == 4 ? "has a prefix above 32"
		                             : "has a prefix above 128");
	return 0;
}

static int mask_check(const struct ctlink_field *field, const struct ctlink_value *value,
                      struct fault *fault, struct ctlink_error *error)
{
	uint8_t size = value->first_size;

	if (ctlink_has(value, CTLINK_VALUE_MASK) &&
	    (ctlink_value_number(value->first, size) &
	     ~ctlink_value_number(value->mask, size)))
		return value_fault(fault, error, CTQA_VALUE_FIRST, field->word,
		                   "has bits outside of its mask: it would never match");
	return 0;
}

static int number_check(const struct ctlink_field *field,
                        const struct ctlink_value *value, struct fault *fault,
                        struct ctlink_error *error)
{
	bool bits =
		field->type == CTLINK_FIELD_BITS8 || field->type == CTLINK_FIELD_BITS32;
	int err;

	if (ctlink_has(value, CTLINK_VALUE_PREFIX))
		return value_fault(fault, error, CTQA_VALUE_PREFIX, field->word,
		                   "has a prefix, but is not an address");
	if (bits && ctlink_has(value, CTLINK_VALUE_LAST))
		return value_fault(fault, error, CTQA_VALUE_LAST, field->word,
		                   "is a set of bits, which has no range");
	if (ctlink_has(value, CTLINK_VALUE_LAST) && ctlink_has(value, CTLINK_VALUE_MASK))
		return value_fault(fault, error, CTQA_VALUE_MASK, field->word,
		                   "has CTQA_VALUE_LAST and CTQA_VALUE_MASK");
	err = sizes_check(field, value, ctlink_field_size(field->type), fault, error);
	if (!err)
		err = range_check(field, value, fault, error);
	if (!err)
		err = mask_check(field, value, fault, error);
	return err;
}

static int value_check(const struct ctlink_field *field, const struct ctlink_value *value,
                       struct fault *fault, struct ctlink_error *error)
{
	if (field->type == CTLINK_FIELD_STRING)
		return string_check(field, value, fault, error);
	if (ctlink_has(value, CTLINK_VALUE_STRING))
		return value_fault(fault, error, CTQA_VALUE_STRING, field->word,
		                   "is not a string");
	if (!ctlink_has(value, CTLINK_VALUE_FIRST))
		return value_fault(fault, error, CTQA_VALUE_FIRST, field->word,
		                   "lacks CTQA_VALUE_FIRST");
	if (field->type == CTLINK_FIELD_ADDRESS)
		return address_check(field, value, fault, error);
	return number_check(field, value, fault, error);
}

int ctlink_value_check(const struct ctlink_field *field, const struct ctlink_value *value,
                       struct ctlink_error *error)
{
	struct fault fault;

	return value_check(field, value, &fault, error);
}

static bool is_address(const struct ctlink_field *field)
{
	return field->number == CTQ_FIELD_SRC || field->number == CTQ_FIELD_DST;
}

/* The second field of a match is the port of an address, and only a set has both. */
static int with_check(const struct ctlink_field *field, const struct ctlink_match *match,
                      struct fault *fault, struct ctlink_error *error)
{
	if (!ctlink_has(match, CTLINK_MATCH_WITH))
		return 0;
	fault->attr = CTQA_MATCH_WITH;
	if (!ctlink_has(match, CTLINK_MATCH_SET) || !is_address(field) ||
	    (match->with != CTQ_FIELD_SPORT && match->with != CTQ_FIELD_DPORT))
		return ctlink_error_set(error, -EINVAL, 0,
		                        "only src and dst go together with sport or "
		                        "dport, and only to look them up in a set");
	return 0;
}

static int values_check(const struct ctlink_field *field,
                        const struct ctlink_match *match, struct fault *fault,
                        struct ctlink_error *error)
{
	uint32_t i;
	int err;

	if (ctlink_has(match, CTLINK_MATCH_SET) == (match->values.length > 0)) {
		fault->attr = CTQA_MATCH_SET;
		return ctlink_error_set(
			error, -EINVAL, 0,
			"a match of '%s' has values or a set, one of both", field->word);
	}
	for (i = 0; i < match->values.length; i++) {
		fault->value = i;
		err = value_check(field, ctlink_match_value(match, i), fault, error);
		if (err)
			return err;
	}
	return 0;
}

static int match_check(const struct ctlink_match *match, enum ctlink_scope scope,
                       struct fault *fault, struct ctlink_error *error)
{
	const struct ctlink_field *field = ctlink_field_get(match->field);
	int err;

	fault->value = -1;
	fault->attr = CTQA_MATCH_FIELD;
	if (!field)
		return ctlink_error_set(error, -EINVAL, 0, "field %u is not known",
		                        match->field);
	if (!(field->scope & scope))
		return ctlink_error_set(
			error, -EINVAL, 0, "'%s' is a field for %s only", field->word,
			scope == CTLINK_SCOPE_PACKET ? "filters" : "rules");
	if (scope == CTLINK_SCOPE_FLOW && ctlink_has(match, CTLINK_MATCH_SET)) {
		fault->attr = CTQA_MATCH_SET;
		return ctlink_error_set(error, -EINVAL, 0,
		                        "filters cannot look at sets: rules can");
	}
	err = with_check(field, match, fault, error);
	return err ? err : values_check(field, match, fault, error);
}

int ctlink_match_check(const struct ctlink_match *match, enum ctlink_scope scope,
                       struct ctlink_error *error)
{
	struct fault fault;

	if (match->flags & ~CTQ_MATCH_NEGATE)
		return ctlink_error_set(error, -EOPNOTSUPP, 0,
		                        "CTQA_MATCH_FLAGS has unknown flags: 0x%x",
		                        match->flags & ~CTQ_MATCH_NEGATE);
	return match_check(match, scope, &fault, error);
}

/* The same for a match that was read at @nest: the error gets the place of the fault. */
static int parsed_check(struct ctlink_parser *p, const struct nlattr *nest,
                        const struct ctlink_match *match, enum ctlink_scope scope)
{
	const struct nlattr *where = nest;
	struct fault fault;
	int err = match_check(match, scope, &fault, p->error);

	if (!err || !p->error)
		return err;
	if (fault.value >= 0)
		where = ctlink_parser_find(p, nest, CTQA_MATCH_VALUE,
		                           (uint32_t)fault.value);
	p->error->offset =
		ctlink_parser_offset(p, ctlink_parser_find(p, where, fault.attr, 0));
	return err;
}

static int packet_check(struct ctlink_parser *p, const struct nlattr *nest, void *value)
{
	return parsed_check(p, nest, value, CTLINK_SCOPE_PACKET);
}

static int flow_check(struct ctlink_parser *p, const struct nlattr *nest, void *value)
{
	return parsed_check(p, nest, value, CTLINK_SCOPE_FLOW);
}

/* ---- the attributes ---------------------------------------------------------------- */

#define VALUE(type, kind, member, bit, ...) \
	CTLINK_ATTR(type, kind, struct ctlink_value, member, bit, __VA_ARGS__)

static const struct ctlink_attr value_attrs[] = {
	VALUE(CTQA_VALUE_FIRST, CTLINK_BYTES, first, CTLINK_VALUE_FIRST, .min = 1,
	      .length_at = offsetof(struct ctlink_value, first_size)),
	VALUE(CTQA_VALUE_LAST, CTLINK_BYTES, last, CTLINK_VALUE_LAST, .min = 1,
	      .length_at = offsetof(struct ctlink_value, last_size)),
	VALUE(CTQA_VALUE_MASK, CTLINK_BYTES, mask, CTLINK_VALUE_MASK, .min = 1,
	      .length_at = offsetof(struct ctlink_value, mask_size)),
	VALUE(CTQA_VALUE_PREFIX, CTLINK_U8, prefix, CTLINK_VALUE_PREFIX),
	VALUE(CTQA_VALUE_STRING, CTLINK_STRING, string, CTLINK_VALUE_STRING, .min = 1,
	      .max = CTQ_NAME_MAX),
};
const struct ctlink_layout ctlink_value_layout = CTLINK_LAYOUT(
	"CTQA_MATCH_VALUE", value_attrs, .item_size = sizeof(struct ctlink_value));

#define MATCH(type, kind, member, bit, ...) \
	CTLINK_ATTR(type, kind, struct ctlink_match, member, bit, __VA_ARGS__)

static const struct ctlink_attr match_attrs[] = {
	MATCH(CTQA_MATCH_FIELD, CTLINK_U16, field, CTLINK_MATCH_FIELD,
	      .flags = CTLINK_REQUIRED),
	MATCH(CTQA_MATCH_FLAGS, CTLINK_U32, flags, CTLINK_MATCH_FLAGS,
	      .known = CTQ_MATCH_NEGATE),
	CTLINK_ATTR_LIST(CTQA_MATCH_VALUE, struct ctlink_match, values,
	                 &ctlink_value_layout, CTQ_MATCH_VALUES_MAX),
	MATCH(CTQA_MATCH_SET, CTLINK_STRING, set, CTLINK_MATCH_SET, .min = 1,
	      .max = CTQ_NAME_MAX),
	MATCH(CTQA_MATCH_WITH, CTLINK_U16, with, CTLINK_MATCH_WITH),
};

const struct ctlink_layout ctlink_match_packet_layout =
	CTLINK_LAYOUT("match", match_attrs, .item_size = sizeof(struct ctlink_match),
                      .check = packet_check);
const struct ctlink_layout ctlink_match_flow_layout =
	CTLINK_LAYOUT("match", match_attrs, .item_size = sizeof(struct ctlink_match),
                      .check = flow_check);

struct ctlink_value *ctlink_match_append(struct ctlink_match *match,
                                         const struct ctlink_memory *memory)
{
	return ctlink_list_append(&match->values, sizeof(struct ctlink_value),
	                          CTQ_MATCH_VALUES_MAX, memory);
}

void ctlink_match_fini(struct ctlink_match *match, const struct ctlink_memory *memory)
{
	ctlink_layout_fini(&ctlink_match_packet_layout, match, memory);
	memset(match, 0, sizeof(*match));
}
