/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See value.h. One reader for each type of field; each looks at a slice and either fills
 * the value or says in a fault what is wrong with the slice. Messages quote what was
 * written, so that they make sense away from their line.
 */
#include "lang/value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/suggest.h"
#include "ctq/ctlink.h"
#include "lang/words.h"

/* A slice of the text. */
struct slice {
	const char *text;
	size_t length;
};

/* Format of a quoted slice, and its arguments. Longer ones are cut: they are no words. */
#define QUOTED  "'%.*s'"
#define SHOW(s) (int)((s).length < 64 ? (s).length : 64), (s).text

/* A value being read: what it is for, and where to complain. */
struct reader {
	const struct ctlink_field *field;
	const struct lang_names *names; /* or NULL */
	uint64_t min, max;
	uint8_t size;
	struct lang_fault *fault;
};

static int fault_set(struct lang_fault *fault, const char *fmt, ...) BASE_PRINTF(2, 3);

static int fault_set(struct lang_fault *fault, const char *fmt, ...)
{
	va_list ap;

	memset(fault, 0, sizeof(*fault));
	va_start(ap, fmt);
	vsnprintf(fault->text, sizeof(fault->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static bool slice_cut(struct slice s, char at, struct slice *left, struct slice *right)
{
	const char *found = memchr(s.text, at, s.length);

	if (!found)
		return false;
	*left = (struct slice){ s.text, (size_t)(found - s.text) };
	*right = (struct slice){ found + 1, s.length - left->length - 1 };
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- names --------------------------------------------------------------------- */

static void fault_suggest_name(struct lang_fault *fault, const struct lang_names *names,
                               struct slice s)
{
	const char *list[64], *near;
	char typed[65];
	size_t i;

	for (i = 0; i < names->length && i < BASE_ARRAY_LENGTH(list); i++)
		list[i] = names->list[i].name;
	snprintf(typed, sizeof(typed), "%.*s", SHOW(s));
	near = suggest_word(typed, list, i);
	if (near)
		snprintf(fault->meant, sizeof(fault->meant), "did you mean '%s'?", near);
}

static int fault_name(struct lang_fault *fault, const struct lang_names *names,
                      struct slice s)
{
	fault_set(fault, "unknown %s " QUOTED, names->kind, SHOW(s));
	fault_suggest_name(fault, names, s);
	lang_names_list(names, fault->allowed, sizeof(fault->allowed));
	return -EINVAL;
}

/* ---- numbers ------------------------------------------------------------------- */

enum digits { DIGITS_OK, DIGITS_NONE, DIGITS_TOO_MANY };

/* Decimal, or hexadecimal after 0x; the whole slice. */
static enum digits digits_parse(struct slice s, uint64_t *value)
{
	unsigned int base = 10, digit;
	uint64_t v = 0;
	size_t i = 0;

	if (s.length > 2 && s.text[0] == '0' && (s.text[1] == 'x' || s.text[1] == 'X')) {
		base = 16;
		i = 2;
	}
	if (i == s.length)
		return DIGITS_NONE;
	for (; i < s.length; i++) {
		if (is_digit(s.text[i]))
			digit = (unsigned int)(s.text[i] - '0');
		else if (base == 16 && (s.text[i] | 0x20) >= 'a' &&
		         (s.text[i] | 0x20) <= 'f')
			digit = (unsigned int)(s.text[i] | 0x20) - 'a' + 10;
		else
			return DIGITS_NONE;
		if (v > (UINT64_MAX - digit) / base)
			return DIGITS_TOO_MANY;
		v = v * base + digit;
	}
	*value = v;
	return DIGITS_OK;
}

/* What a suffix multiplies by; 0: not one. */
static uint64_t unit_of(uint16_t field, char c)
{
	switch (field) {
	case CTQ_FIELD_AGE:
	case CTQ_FIELD_IDLE:
	case CTQ_FIELD_TIMEOUT:
		return c == 's'   ? 1
		       : c == 'm' ? 60
		       : c == 'h' ? 3600
		       : c == 'd' ? 86400
		                  : 0;
	case CTQ_FIELD_BYTES:
		return c == 'k' || c == 'K' ? 1ull << 10
		       : c == 'M'           ? 1ull << 20
		       : c == 'G'           ? 1ull << 30
		       : c == 'T'           ? 1ull << 40
		                            : 0;
	default: return 0;
	}
}

/* "1h30m", "64k": digits and units, each unit once behind its digits. */
static bool units_parse(uint16_t field, struct slice s, uint64_t *value)
{
	uint64_t sum = 0, part, unit;
	size_t i = 0, start;

	if (s.length == 0)
		return false;
	while (i < s.length) {
		start = i;
		while (i < s.length && is_digit(s.text[i]))
			i++;
		if (i == s.length || i == start)
			return false;
		unit = unit_of(field, s.text[i]);
		if (unit == 0 ||
		    digits_parse((struct slice){ s.text + start, i - start }, &part) !=
		            DIGITS_OK ||
		    part > (UINT64_MAX - sum) / unit)
			return false;
		sum += part * unit;
		i++;
	}
	*value = sum;
	return true;
}

/* "08:00", "22:30:15": hours, minutes, seconds. */
static bool time_parse(struct slice s, uint64_t *value)
{
	uint64_t part = 0, sum = 0;
	unsigned int parts;
	struct slice one, rest = s;
	bool more = true;

	for (parts = 0; more && parts < 3; parts++) {
		more = slice_cut(rest, ':', &one, &rest);
		if (!more)
			one = rest;
		if (one.length < 1 || one.length > 2 ||
		    digits_parse(one, &part) != DIGITS_OK || part >= (parts ? 60 : 24))
			return false;
		sum = sum * 60 + part;
	}
	*value = parts == 2 ? sum * 60 : sum;
	return !more && parts >= 2;
}

static int fault_time(struct lang_fault *fault, struct slice s)
{
	fault_set(fault, QUOTED " is not a time of day", SHOW(s));
	snprintf(fault->allowed, sizeof(fault->allowed), "allowed: 00:00 to 23:59:59");
	return -EINVAL;
}

/* Names that people write instead of numbers, of things that have some elsewhere. */
static const char *names_elsewhere(uint16_t field)
{
	switch (field) {
	case CTQ_FIELD_SPORT:
	case CTQ_FIELD_DPORT:
	case CTQ_FIELD_PORT: return "; names of services are not looked up";
	case CTQ_FIELD_UID: return "; names of users are not looked up";
	default: return "";
	}
}

static int fault_number(const struct reader *r, struct slice s)
{
	char *allowed = r->fault->allowed;

	fault_set(r->fault, QUOTED " is not a number", SHOW(s));
	if (unit_of(r->field->number, 's'))
		snprintf(allowed, sizeof(r->fault->allowed),
		         "allowed: seconds, or a time as 90s, 5m, 1h30m, 7d");
	else
		snprintf(allowed, sizeof(r->fault->allowed),
		         "allowed: %" PRIu64 " to %" PRIu64 "%s", r->min, r->max,
		         names_elsewhere(r->field->number));
	return -EINVAL;
}

static int number_parse(const struct reader *r, struct slice s, uint64_t *value)
{
	enum digits digits;

	if (s.length == 0)
		return fault_set(r->fault, "a number is missing");
	if (r->names && lang_names_value(r->names, s.text, s.length, value))
		return 0;
	if (r->field->number == CTQ_FIELD_TIME)
		return time_parse(s, value) ? 0 : fault_time(r->fault, s);
	if (units_parse(r->field->number, s, value))
		digits = DIGITS_OK;
	else
		digits = digits_parse(s, value);
	if (digits == DIGITS_OK && *value >= r->min && *value <= r->max)
		return 0;
	if (digits == DIGITS_OK && *value < r->min)
		return fault_set(r->fault, QUOTED " is below %" PRIu64, SHOW(s), r->min);
	if (digits != DIGITS_NONE)
		return fault_set(r->fault, QUOTED " is above %" PRIu64, SHOW(s), r->max);
	if (r->names)
		return fault_name(r->fault, r->names, s);
	if (r->field->number == CTQ_FIELD_ICMP_TYPE)
		return fault_set(r->fault,
		                 "type " QUOTED
		                 " needs a protocol before it: 'proto icmp' or "
		                 "'proto icmpv6'",
		                 SHOW(s));
	return fault_number(r, s);
}

/* "0x10/0xf0": bits outside the mask could never be found. */
static int masked_parse(const struct reader *r, struct slice first, struct slice mask,
                        struct ctlink_value *out)
{
	uint64_t v, m;
	int err;

	err = number_parse(r, first, &v);
	if (!err)
		err = number_parse(r, mask, &m);
	if (err)
		return err;
	if (v & ~m)
		return fault_set(r->fault,
		                 "value 0x%" PRIx64 " has bits that its mask 0x%" PRIx64
		                 " has not",
		                 v, m);
	ctlink_value_set_number(out, CTLINK_VALUE_FIRST, v, r->size);
	if (m != r->max)
		ctlink_value_set_number(out, CTLINK_VALUE_MASK, m, r->size);
	return 0;
}

static int fault_range(const struct reader *r, struct slice first, struct slice last)
{
	fault_set(r->fault, "the range " QUOTED "-" QUOTED " ends before it begins",
	          SHOW(first), SHOW(last));
	if (r->field->number == CTQ_FIELD_TIME)
		snprintf(r->fault->allowed, sizeof(r->fault->allowed),
		         "over midnight: { %.*s-23:59:59, 00:00-%.*s }", SHOW(first),
		         SHOW(last));
	else if (r->field->number == CTQ_FIELD_DAY)
		snprintf(r->fault->allowed, sizeof(r->fault->allowed),
		         "weeks begin on Monday: { %.*s-sun, mon-%.*s }", SHOW(first),
		         SHOW(last));
	return -EINVAL;
}

static int range_parse(const struct reader *r, struct slice first, struct slice last,
                       struct ctlink_value *out)
{
	uint64_t a, b;
	int err;

	err = number_parse(r, first, &a);
	if (!err)
		err = number_parse(r, last, &b);
	if (err)
		return err;
	if (a > b)
		return fault_range(r, first, last);
	ctlink_value_set_number(out, CTLINK_VALUE_FIRST, a, r->size);
	if (a != b)
		ctlink_value_set_number(out, CTLINK_VALUE_LAST, b, r->size);
	return 0;
}

/* Times and days have no bits that a mask could choose. */
static bool has_order(const struct ctlink_field *field)
{
	return field->number == CTQ_FIELD_TIME || field->number == CTQ_FIELD_DAY;
}

static int any_number_parse(const struct reader *r, struct slice s,
                            struct ctlink_value *out)
{
	struct slice left, right;
	uint64_t v;
	int err;

	if (!has_order(r->field) && slice_cut(s, '/', &left, &right))
		return masked_parse(r, left, right, out);
	/* names may have a '-' in them: only what begins as a number can be a range */
	if (s.length && (is_digit(s.text[0]) || r->field->number == CTQ_FIELD_DAY) &&
	    slice_cut(s, '-', &left, &right))
		return range_parse(r, left, right, out);
	err = number_parse(r, s, &v);
	if (!err)
		ctlink_value_set_number(out, CTLINK_VALUE_FIRST, v, r->size);
	return err;
}

/* ---- bits ---------------------------------------------------------------------- */

static int bits_parse(const struct reader *r, struct slice s, uint64_t *bits)
{
	struct slice one;
	size_t i, start = 0;
	uint64_t v;
	int err;

	*bits = 0;
	for (i = 0; i <= s.length; i++) {
		if (i < s.length && s.text[i] != '|' && s.text[i] != ',')
			continue;
		one = (struct slice){ s.text + start, i - start };
		err = number_parse(r, one, &v);
		if (err)
			return err;
		*bits |= v;
		start = i + 1;
	}
	return 0;
}

static int any_bits_parse(const struct reader *r, struct slice s,
                          struct ctlink_value *out)
{
	struct slice left = s, right;
	bool masked = slice_cut(s, '/', &left, &right);
	uint64_t v, m = 0;
	int err;

	err = bits_parse(r, left, &v);
	if (!err && masked)
		err = bits_parse(r, right, &m);
	if (err)
		return err;
	if (!masked && v == 0)
		return fault_set(r->fault,
		                 "no bit is set in " QUOTED ": it could never match",
		                 SHOW(s));
	if (masked && v & ~m)
		return fault_set(r->fault,
		                 QUOTED " has bits that its mask " QUOTED " has not",
		                 SHOW(left), SHOW(right));
	ctlink_value_set_number(out, CTLINK_VALUE_FIRST, v, r->size);
	if (masked)
		ctlink_value_set_number(out, CTLINK_VALUE_MASK, m, r->size);
	return 0;
}

/* ---- addresses ----------------------------------------------------------------- */

/* What is wrong with something that looks like an IPv4 address. */
static int fault_ipv4(struct lang_fault *fault, struct slice s)
{
	unsigned int octet = 1, value = 0, digits = 0;
	size_t i;

	for (i = 0; i <= s.length; i++) {
		if (i < s.length && is_digit(s.text[i])) {
			value = value < 1000
			                ? value * 10 + (unsigned int)(s.text[i] - '0')
			                : value;
			digits++;
			continue;
		}
		if (i < s.length && s.text[i] != '.')
			return fault_set(fault, QUOTED " is not an IP address", SHOW(s));
		if (digits == 0)
			return fault_set(
				fault, QUOTED " is not an IP address (octet %u is empty)",
				SHOW(s), octet);
		if (value > 255)
			return fault_set(fault,
			                 QUOTED
			                 " is not an IP address (octet %u is above 255)",
			                 SHOW(s), octet);
		if (i < s.length)
			octet++;
		value = digits = 0;
	}
	return fault_set(fault, QUOTED " is not an IP address (it has %u octets, not 4)",
	                 SHOW(s), octet);
}

static int fault_address(struct lang_fault *fault, struct slice s)
{
	if (s.length && is_digit(s.text[0]) && !memchr(s.text, ':', s.length))
		return fault_ipv4(fault, s);
	fault_set(fault, QUOTED " is not an IP address", SHOW(s));
	if (!memchr(s.text, ':', s.length))
		snprintf(fault->allowed, sizeof(fault->allowed),
		         "names of hosts are not looked up: write the address");
	return -EINVAL;
}

static int address_parse(struct slice s, uint8_t out[16], uint8_t *size,
                         struct lang_fault *fault)
{
	char text[INET6_ADDRSTRLEN];

	if (s.length >= sizeof(text))
		return fault_address(fault, s);
	memcpy(text, s.text, s.length);
	text[s.length] = '\0';
	if (strlen(text) != s.length)
		return fault_address(fault, s);
	if (inet_pton(AF_INET, text, out) == 1)
		*size = 4;
	else if (inet_pton(AF_INET6, text, out) == 1)
		*size = 16;
	else
		return fault_address(fault, s);
	return 0;
}

/* Clear the bits behind the first @bits. */
static void address_cut(uint8_t *address, uint8_t size, unsigned int bits)
{
	unsigned int i;

	for (i = 0; i < size; i++) {
		if (bits >= 8)
			bits -= 8;
		else {
			address[i] &= (uint8_t)(0xff00u >> bits);
			bits = 0;
		}
	}
}

static int network_parse(struct slice s, struct slice left, struct slice right,
                         struct ctlink_value *out, struct lang_fault *fault)
{
	uint8_t address[16], size;
	uint64_t bits;
	int err;

	err = address_parse(left, address, &size, fault);
	if (err)
		return err;
	if (digits_parse(right, &bits) != DIGITS_OK || bits > size * 8u)
		return fault_set(fault,
		                 "the prefix of " QUOTED " is not a number from 0 to %u",
		                 SHOW(s), size * 8u);
	address_cut(address, size, (unsigned int)bits);
	ctlink_value_set_address(out, CTLINK_VALUE_FIRST, address, size);
	if (bits < size * 8u) {
		out->prefix = (uint8_t)bits;
		ctlink_mark(out, CTLINK_VALUE_PREFIX);
	}
	return 0;
}

static int address_range_parse(struct slice left, struct slice right,
                               struct ctlink_value *out, struct lang_fault *fault)
{
	uint8_t first[16], last[16], size, last_size;
	int err, order;

	err = address_parse(left, first, &size, fault);
	if (!err)
		err = address_parse(right, last, &last_size, fault);
	if (err)
		return err;
	if (size != last_size)
		return fault_set(fault, "a range from IPv%c to IPv%c",
		                 size == 4 ? '4' : '6', last_size == 4 ? '4' : '6');
	order = memcmp(first, last, size);
	if (order > 0)
		return fault_set(fault,
		                 "the range " QUOTED "-" QUOTED " ends before it begins",
		                 SHOW(left), SHOW(right));
	ctlink_value_set_address(out, CTLINK_VALUE_FIRST, first, size);
	if (order != 0)
		ctlink_value_set_address(out, CTLINK_VALUE_LAST, last, size);
	return 0;
}

static int any_address_parse(struct slice s, struct ctlink_value *out,
                             struct lang_fault *fault)
{
	struct slice left, right;
	uint8_t address[16], size;
	int err;

	if (slice_cut(s, '/', &left, &right))
		return network_parse(s, left, right, out, fault);
	if (slice_cut(s, '-', &left, &right) && left.length &&
	    memchr(".:0123456789abcdefABCDEF", left.text[0], 24))
		return address_range_parse(left, right, out, fault);
	err = address_parse(s, address, &size, fault);
	if (!err)
		ctlink_value_set_address(out, CTLINK_VALUE_FIRST, address, size);
	return err;
}

/* ---- strings ------------------------------------------------------------------- */

static int string_parse(const struct reader *r, struct slice s, struct ctlink_value *out,
                        const struct ctlink_memory *memory)
{
	bool interface =
		r->field->number == CTQ_FIELD_IIF || r->field->number == CTQ_FIELD_OIF;
	size_t max = interface ? CTQ_IFNAME_MAX : CTQ_NAME_MAX;

	if (s.length == 0)
		return fault_set(r->fault, "an empty name");
	if (s.length >= max)
		return fault_set(r->fault, QUOTED " is longer than %zu characters",
		                 SHOW(s), max - 1);
	if (memchr(s.text, '\0', s.length))
		return fault_set(r->fault, "a zero byte in a name");
	if (memchr(s.text, '*', s.length - 1))
		return fault_set(r->fault, QUOTED " has a '*' that is not at its end",
		                 SHOW(s));
	if (ctlink_string_set(&out->string, s.text, s.length, memory) < 0)
		return -ENOMEM;
	ctlink_mark(out, CTLINK_VALUE_STRING);
	return 0;
}

/* ---- by type ------------------------------------------------------------------- */

static struct reader reader_for(const struct ctlink_field *field, uint8_t proto,
                                struct lang_fault *fault)
{
	struct reader r = { .field = field, .fault = fault };

	r.names = lang_names_of(field->number, proto);
	r.size = ctlink_field_size(field->type);
	r.max = r.size >= 8 ? UINT64_MAX : (1ull << (8 * r.size)) - 1;
	if (field->number == CTQ_FIELD_DAY) {
		r.min = 1;
		r.max = 7;
	}
	return r;
}

int lang_value_parse(const struct ctlink_field *field, uint8_t proto, const char *text,
                     size_t length, struct ctlink_value *out,
                     const struct ctlink_memory *memory, struct lang_fault *fault)
{
	struct reader r = reader_for(field, proto, fault);
	struct slice s = { text, length };

	switch ((enum ctlink_field_type)field->type) {
	case CTLINK_FIELD_ADDRESS: return any_address_parse(s, out, fault);
	case CTLINK_FIELD_STRING: return string_parse(&r, s, out, memory);
	case CTLINK_FIELD_BITS8:
	case CTLINK_FIELD_BITS32: return any_bits_parse(&r, s, out);
	case CTLINK_FIELD_U8:
	case CTLINK_FIELD_U16:
	case CTLINK_FIELD_U32:
	case CTLINK_FIELD_U64: return any_number_parse(&r, s, out);
	}
	return fault_set(fault, "values of '%s' are not known here", field->word);
}
