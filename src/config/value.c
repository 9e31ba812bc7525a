/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/value.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/base.h"

struct unit {
	char letter;
	uint32_t factor;
};

/* Largest first: the formatters take the first that divides. */
static const struct unit time_units[] = {
	{ 'w', 604800 }, { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 },
};
static const struct unit size_units[] = {
	{ 'G', 1u << 30 },
	{ 'M', 1u << 20 },
	{ 'K', 1u << 10 },
};

static const struct unit *unit_find(const struct unit *units, size_t n, char letter)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (units[i].letter == letter)
			return &units[i];
	return NULL;
}

static int digit_value(char c, uint32_t base)
{
	int value;

	if (c >= '0' && c <= '9')
		value = c - '0';
	else if (c >= 'a' && c <= 'f')
		value = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		value = c - 'A' + 10;
	else
		return -1;
	return value < (int)base ? value : -1;
}

/* Digits at *@text, which then points behind them. */
static int digits_parse(const char **text, uint32_t base, uint32_t *value)
{
	uint64_t sum = 0;
	bool too_large = false;
	int digit = digit_value(**text, base);

	if (digit < 0)
		return -EINVAL;
	for (; digit >= 0; digit = digit_value(*++*text, base)) {
		sum = sum * base + (uint32_t)digit;
		if (sum > UINT32_MAX) {
			too_large = true;
			sum = 0;
		}
	}
	*value = (uint32_t)sum;
	return too_large ? -ERANGE : 0;
}

int value_number_parse(const char *text, uint32_t *value)
{
	uint32_t base = 10, number;
	int r;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		text += 2;
		base = 16;
	}
	r = digits_parse(&text, base, &number);
	if (*text)
		return -EINVAL;
	if (r == 0)
		*value = number;
	return r;
}

int value_time_parse(const char *text, uint32_t *seconds)
{
	const struct unit *unit = NULL;
	uint64_t sum = 0;
	uint32_t part;
	int r;

	do {
		r = digits_parse(&text, 10, &part);
		if (r < 0)
			return r;
		if (!*text && !unit) { /* a bare number */
			*seconds = part;
			return 0;
		}
		unit = unit_find(time_units, BASE_ARRAY_LENGTH(time_units), *text);
		if (!unit)
			return -EINVAL;
		sum += (uint64_t)part * unit->factor;
		if (sum > UINT32_MAX)
			return -ERANGE;
		text++;
	} while (*text);
	*seconds = (uint32_t)sum;
	return 0;
}

int value_size_parse(const char *text, uint32_t *bytes)
{
	const struct unit *unit;
	uint32_t number;
	int r;

	r = digits_parse(&text, 10, &number);
	if (r < 0)
		return r;
	if (!*text) {
		*bytes = number;
		return 0;
	}
	unit = unit_find(size_units, BASE_ARRAY_LENGTH(size_units), *text);
	if (!unit || text[1])
		return -EINVAL;
	if (number > UINT32_MAX / unit->factor)
		return -ERANGE;
	*bytes = number * unit->factor;
	return 0;
}

static void unit_format(const struct unit *units, size_t n, uint32_t value,
                        const char *rest, char text[VALUE_TEXT_MAX])
{
	size_t i;

	for (i = 0; value && i < n; i++) {
		if (value % units[i].factor == 0) {
			snprintf(text, VALUE_TEXT_MAX, "%u%c", value / units[i].factor,
			         units[i].letter);
			return;
		}
	}
	snprintf(text, VALUE_TEXT_MAX, "%u%s", value, rest);
}

void value_time_format(uint32_t seconds, char text[VALUE_TEXT_MAX])
{
	unit_format(time_units, BASE_ARRAY_LENGTH(time_units), seconds, "s", text);
}

void value_size_format(uint32_t bytes, char text[VALUE_TEXT_MAX])
{
	unit_format(size_units, BASE_ARRAY_LENGTH(size_units), bytes, "", text);
}

int value_range_parse(const char **text, uint32_t limit, uint32_t *first, uint32_t *last)
{
	int r;

	r = digits_parse(text, 10, first);
	if (r < 0)
		return r;
	*last = *first;
	if (**text == '-') {
		(*text)++;
		r = digits_parse(text, 10, last);
		if (r < 0)
			return r;
	}
	if (**text == ',' && (*text)[1])
		(*text)++;
	else if (**text)
		return -EINVAL;
	if (*last < *first)
		return -EINVAL;
	return *last > limit ? -ERANGE : 0;
}
