/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

static char *plain(uint64_t number, char buf[UNITS_MAX])
{
	snprintf(buf, UNITS_MAX, "%" PRIu64, number);
	return buf;
}

char *units_seconds(uint64_t seconds, bool human, char buf[UNITS_MAX])
{
	/* The two largest units say enough. */
	static const struct {
		uint64_t seconds;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	uint64_t rest;
	size_t i;

	if (!human)
		return plain(seconds, buf);
	for (i = 0; i < BASE_ARRAY_LENGTH(units) - 1 && seconds < units[i].seconds; i++)
		;
	rest = i < 3 ? seconds % units[i].seconds / units[i + 1].seconds : 0;
	if (rest)
		snprintf(buf, UNITS_MAX, "%" PRIu64 "%c%" PRIu64 "%c",
		         seconds / units[i].seconds, units[i].letter, rest,
		         units[i + 1].letter);
	else
		snprintf(buf, UNITS_MAX, "%" PRIu64 "%c", seconds / units[i].seconds,
		         units[i].letter);
	return buf;
}

/* "W.T UNIT" with a tenth, cut and not rounded: 1023.9 stays below 1024. */
static char *with_tenth(uint64_t number, uint64_t unit, const char *name,
                        char buf[UNITS_MAX])
{
	/* The rest is below 2^60: ten times it fits. */
	snprintf(buf, UNITS_MAX, "%" PRIu64 ".%" PRIu64 " %s", number / unit,
	         number % unit * 10 / unit, name);
	return buf;
}

char *units_bytes(uint64_t bytes, bool human, char buf[UNITS_MAX])
{
	static const char *const names[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t unit = 1024;
	size_t i = 0;

	if (!human)
		return plain(bytes, buf);
	if (bytes < unit) {
		snprintf(buf, UNITS_MAX, "%" PRIu64 " B", bytes);
		return buf;
	}
	while (bytes / unit >= 1024 && i < BASE_ARRAY_LENGTH(names) - 1) {
		unit *= 1024;
		i++;
	}
	return with_tenth(bytes, unit, names[i], buf);
}

char *units_count(uint64_t count, bool human, char buf[UNITS_MAX])
{
	char digits[UNITS_MAX];
	size_t length, i, used = 0;

	if (!human)
		return plain(count, buf);
	length = strlen(plain(count, digits));
	for (i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			buf[used++] = ' ';
		buf[used++] = digits[i];
	}
	buf[used] = '\0';
	return buf;
}

char *units_nanoseconds(uint64_t ns, bool human, char buf[UNITS_MAX])
{
	if (!human)
		return plain(ns, buf);
	if (ns < 100000)
		return with_tenth(ns, 1000, "us", buf);
	if (ns < UINT64_C(1000000000))
		return with_tenth(ns, 1000000, "ms", buf);
	return with_tenth(ns, UINT64_C(1000000000), "s", buf);
}
