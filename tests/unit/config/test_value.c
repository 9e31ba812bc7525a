/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "base/base.h"
#include "config/value.h"

struct sample {
	const char *text;
	int r;
	uint32_t value;
};

static void check(const struct sample *samples, size_t n,
                  int (*parse)(const char *text, uint32_t *value))
{
	uint32_t value;
	size_t i;

	for (i = 0; i < n; i++) {
		value = 77;
		cr_expect(parse(samples[i].text, &value) == samples[i].r, "'%s'",
		          samples[i].text);
		cr_expect(value == (samples[i].r ? 77 : samples[i].value), "'%s': %u",
		          samples[i].text, value);
	}
}

Test(value, numbers)
{
	static const struct sample samples[] = {
		{ "0", 0, 0 },
		{ "262144", 0, 262144 },
		{ "0x10", 0, 16 },
		{ "0XfF", 0, 255 },
		{ "4294967295", 0, UINT32_MAX },
		{ "4294967296", -ERANGE, 0 },
		{ "99999999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "ff", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 },
		{ "0x-1", -EINVAL, 0 },
		{ "0x0x1", -EINVAL, 0 },
		{ "12a", -EINVAL, 0 },
	};

	check(samples, BASE_ARRAY_LENGTH(samples), value_number_parse);
}

Test(value, times)
{
	static const struct sample samples[] = {
		{ "30", 0, 30 },
		{ "0", 0, 0 },
		{ "60s", 0, 60 },
		{ "5m", 0, 300 },
		{ "2h", 0, 7200 },
		{ "5d", 0, 432000 },
		{ "1w", 0, 604800 },
		{ "1h30m", 0, 5400 },
		{ "7101w", 0, 4294684800u },
		{ "7102w", -ERANGE, 0 },
		{ "4294967296s", -ERANGE, 0 },
		{ "5x", -EINVAL, 0 },
		{ "5mm", -EINVAL, 0 },
		{ "1h30", -EINVAL, 0 },
		{ "0s5", -EINVAL, 0 },
		{ "m", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "-5s", -EINVAL, 0 },
	};

	check(samples, BASE_ARRAY_LENGTH(samples), value_time_parse);
}

Test(value, sizes)
{
	static const struct sample samples[] = {
		{ "4096", 0, 4096 },    { "64K", 0, 65536 },  { "16M", 0, 16u << 20 },
		{ "3G", 0, 3u << 30 },  { "4G", -ERANGE, 0 }, { "64k", -EINVAL, 0 },
		{ "64KB", -EINVAL, 0 }, { "K", -EINVAL, 0 },  { "", -EINVAL, 0 },
	};

	check(samples, BASE_ARRAY_LENGTH(samples), value_size_parse);
}

/* Whatever is formatted is read back. */
Test(value, formats_are_read_back)
{
	static const uint32_t values[] = { 0,       1,       59,         60,
		                           61,      3600,    86400,      604800,
		                           1209600, 432000,  UINT32_MAX, 1024,
		                           65536,   1048576, 1048577,    4096 };
	char text[VALUE_TEXT_MAX];
	uint32_t value;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(values); i++) {
		value_time_format(values[i], text);
		cr_expect(value_time_parse(text, &value) == 0 && value == values[i], "%s",
		          text);
		value_size_format(values[i], text);
		cr_expect(value_size_parse(text, &value) == 0 && value == values[i], "%s",
		          text);
	}
	value_time_format(432000, text);
	cr_expect_str_eq(text, "5d");
	value_time_format(0, text);
	cr_expect_str_eq(text, "0s");
	value_size_format(64u << 20, text);
	cr_expect_str_eq(text, "64M");
}

Test(value, ranges)
{
	const char *text = "2-5,8";
	uint32_t first, last;

	cr_assert(value_range_parse(&text, 10, &first, &last) == 0);
	cr_expect(first == 2 && last == 5);
	cr_expect_str_eq(text, "8");
	cr_assert(value_range_parse(&text, 10, &first, &last) == 0);
	cr_expect(first == 8 && last == 8);
	cr_expect_str_eq(text, "");
}

Test(value, broken_ranges)
{
	static const char *const broken[] = { "",     "-",  "1-",  "-1",    "3-2",
		                              "1--2", "1,", "1;2", "1-2-3", "x" };
	const char *text;
	uint32_t first, last;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(broken); i++) {
		text = broken[i];
		cr_expect(value_range_parse(&text, 10, &first, &last) == -EINVAL, "'%s'",
		          broken[i]);
	}
	text = "1-11";
	cr_expect(value_range_parse(&text, 10, &first, &last) == -ERANGE);
}
