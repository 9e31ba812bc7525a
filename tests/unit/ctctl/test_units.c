/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <stdio.h>

#include "base/base.h"
#include "ctctl/units.h"

typedef char *units(uint64_t value, bool human, char buf[UNITS_MAX]);

static const struct {
	units *function;
	uint64_t value;
	const char *human;
} rows[] = {
	{ units_seconds, 0, "0s" },
	{ units_seconds, 58, "58s" },
	{ units_seconds, 60, "1m" },
	{ units_seconds, 331, "5m31s" },
	{ units_seconds, 15120, "4h12m" },
	{ units_seconds, 3600, "1h" },
	{ units_seconds, 432000, "5d" },
	{ units_seconds, 435601, "5d1h" },
	{ units_bytes, 0, "0 B" },
	{ units_bytes, 1023, "1023 B" },
	{ units_bytes, 1024, "1.0 KiB" },
	{ units_bytes, 1048575, "1023.9 KiB" },
	{ units_bytes, 1263333, "1.2 MiB" },
	{ units_bytes, UINT64_MAX, "15.9 EiB" },
	{ units_count, 0, "0" },
	{ units_count, 999, "999" },
	{ units_count, 1000, "1 000" },
	{ units_count, 18231, "18 231" },
	{ units_count, 123456789, "123 456 789" },
	{ units_count, UINT64_MAX, "18 446 744 073 709 551 615" },
	{ units_nanoseconds, 0, "0.0 us" },
	{ units_nanoseconds, 99999, "99.9 us" },
	{ units_nanoseconds, 100000, "0.1 ms" },
	{ units_nanoseconds, 2300000000, "2.3 s" },
};

Test(units, for_people_and_for_machines)
{
	char buf[UNITS_MAX], plain[UNITS_MAX];
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(rows); i++) {
		cr_expect_str_eq(rows[i].function(rows[i].value, true, buf),
		                 rows[i].human, "row %zu: %s", i, buf);
		snprintf(plain, sizeof(plain), "%llu", (unsigned long long)rows[i].value);
		cr_expect_str_eq(rows[i].function(rows[i].value, false, buf), plain);
	}
}
