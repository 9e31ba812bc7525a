/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/json.h"

#include <assert.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void json_init(struct json *json, FILE *out)
{
	*json = (struct json){ .out = out };
}

/*
 * Bytes of the UTF-8 sequence at @s (RFC 3629, 4): 1 … 4; 0 when there is none: a lone or
 * missing continuation, an overlong form, a surrogate, or above U+10FFFF.
 */
static unsigned int utf8_length(const unsigned char *s)
{
	unsigned int length, i;
	unsigned char low = 0x80, high = 0xbf; /* of the second byte */

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	switch (s[0]) {
	case 0xe0: low = 0xa0; break;
	case 0xed: high = 0x9f; break;
	case 0xf0: low = 0x90; break;
	case 0xf4: high = 0x8f; break;
	}
	if (s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

/* Does it stand in a string as it is? */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void write_char(FILE *out, unsigned char c)
{
	switch (c) {
	case '"': fputs("\\\"", out); break;
	case '\\': fputs("\\\\", out); break;
	case '\n': fputs("\\n", out); break;
	case '\t': fputs("\\t", out); break;
	case '\r': fputs("\\r", out); break;
	default: fprintf(out, "\\u%04x", c);
	}
}

/* One character that is not plain; returns its bytes. */
static size_t write_special(FILE *out, const unsigned char *s)
{
	unsigned int length = utf8_length(s);

	if (length == 1)
		write_char(out, *s);
	else if (length == 0)
		fputs(REPLACEMENT, out);
	else
		fwrite(s, 1, length, out);
	return length ? length : 1;
}

static void write_string(FILE *out, const char *string)
{
	const unsigned char *s = (const unsigned char *)string;

	putc_unlocked('"', out);
	while (*s) {
		if (is_plain(*s))
			putc_unlocked(*s++, out);
		else
			s += write_special(out, s);
	}
	putc_unlocked('"', out);
}

/* What stands before a value: comma and key. */
static void value_begin(struct json *json, const char *key)
{
	if (json->comma >> json->depth & 1)
		putc_unlocked(',', json->out);
	json->comma |= UINT64_C(1) << json->depth;
	if (key) {
		write_string(json->out, key);
		putc_unlocked(':', json->out);
	}
}

static void nest_begin(struct json *json, const char *key, char bracket)
{
	value_begin(json, key);
	putc_unlocked(bracket, json->out);
	json->depth++;
	assert(json->depth < JSON_DEPTH_MAX);
	json->comma &= ~(UINT64_C(1) << json->depth);
}

static void nest_end(struct json *json, char bracket)
{
	assert(json->depth > 0);
	json->depth--;
	putc_unlocked(bracket, json->out);
}

void json_object_begin(struct json *json, const char *key)
{
	nest_begin(json, key, '{');
}

void json_object_end(struct json *json)
{
	nest_end(json, '}');
}

void json_list_begin(struct json *json, const char *key)
{
	nest_begin(json, key, '[');
}

void json_list_end(struct json *json)
{
	nest_end(json, ']');
}

void json_string(struct json *json, const char *key, const char *value)
{
	value_begin(json, key);
	write_string(json->out, value);
}

void json_number(struct json *json, const char *key, uint64_t value)
{
	char digits[20]; /* of UINT64_MAX */
	size_t at = sizeof(digits);

	value_begin(json, key);
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	fwrite(digits + at, 1, sizeof(digits) - at, json->out);
}

void json_bool(struct json *json, const char *key, bool value)
{
	value_begin(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_write_number(FILE *out, const char *key, uint64_t value)
{
	struct json json;

	json_init(&json, out);
	json_object_begin(&json, NULL);
	json_number(&json, key, value);
	json_object_end(&json);
	json_newline(&json);
}

void json_newline(struct json *json)
{
	putc_unlocked('\n', json->out);
}

void json_separate(struct json *json)
{
	json->comma &= ~(UINT64_C(1) << json->depth);
}
