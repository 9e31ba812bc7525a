/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/labels.h"
#include "text.h"

static struct config_labels labels;
static struct text_sink errors;

static int read_text(const struct config_reader *reader, const char *path, char **bytes,
                     size_t *size)
{
	*bytes = strdup(path); /* the text stands where a name would */
	*size = strlen(path);
	return *bytes ? 0 : -ENOMEM;
}

static int load(const char *text)
{
	static const struct config_reader reader = { .read = read_text };

	memset(&errors, 0, sizeof(errors));
	return config_labels_load(&labels, text, &reader, text_report, &errors);
}

Test(labels, numbers_and_names_stand_on_lines)
{
	cr_assert_eq(load("# comment\n0 web # the first\n\n 127\tbulk_1\r\n0x10 x"), 0);
	cr_assert_str_eq(labels.name[0], "web");
	cr_assert_str_eq(labels.name[127], "bulk_1");
	cr_assert_str_eq(labels.name[16], "x");
	cr_assert_str_eq(labels.name[1], "");
	cr_assert_eq(load(""), 0);
}

Test(labels, each_mistake_is_told)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "128 web", "'128' is not the number of a label, 0 to 127" },
		{ "web 1", "'web' is not the number of a label, 0 to 127" },
		{ "1", "label 1 has no name" },
		{ "1 a b", "'b' is too much: a number and a name stand on a line" },
		{ "1 a,b", "'a,b' cannot be a name" },
		{ "1 2a", "'2a' cannot be a name" },
		{ "1 a*", "'a*' cannot be a name" },
		{ "1 a\n1 b", ":2: error: label 1 has the name 'a' already" },
		{ "1 a\n2 a", ":2: error: another label has the name 'a'" },
		{ "1 aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg",
		  "the name of label 1 has more than 63 bytes" },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(rows); i++) {
		cr_assert_eq(load(rows[i].text), -EINVAL, "%s", rows[i].text);
		cr_assert_not_null(strstr(errors.bytes, rows[i].error), "%s: %s",
		                   rows[i].text, errors.bytes);
	}
}

Test(labels, a_missing_file_is_named)
{
	cr_assert_eq(config_labels_load(&labels, "/nonexistent", &config_reader_files,
	                                text_report, &errors),
	             -EINVAL);
	cr_assert_not_null(strstr(errors.bytes, "/nonexistent"));
}
