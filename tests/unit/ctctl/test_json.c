/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "ctctl/json.h"

static struct json json;
static char *text;
static size_t size;

static void setup(void)
{
	json_init(&json, open_memstream(&text, &size));
}

static void expect(const char *wanted)
{
	fclose(json.out);
	cr_expect_str_eq(text, wanted, "%s", text);
	free(text);
}

TestSuite(json, .init = setup);

Test(json, members_and_items_have_their_commas)
{
	json_object_begin(&json, NULL);
	json_string(&json, "a", "b");
	json_number(&json, "n", UINT64_MAX);
	json_list_begin(&json, "list");
	json_number(&json, NULL, 1);
	json_number(&json, NULL, 2);
	json_object_begin(&json, NULL);
	json_bool(&json, "yes", true);
	json_bool(&json, "no", false);
	json_object_end(&json);
	json_list_end(&json);
	json_list_begin(&json, "empty");
	json_list_end(&json);
	json_object_end(&json);
	expect("{\"a\":\"b\",\"n\":18446744073709551615,\"list\":[1,2,{\"yes\":true,"
	       "\"no\":false}],"
	       "\"empty\":[]}");
}

Test(json, lines_are_texts_of_their_own)
{
	int i;

	for (i = 0; i < 2; i++) {
		json_separate(&json);
		json_object_begin(&json, NULL);
		json_object_end(&json);
		json_newline(&json);
	}
	expect("{}\n{}\n");
}

/* Strings of any bytes are valid JSON; RFC 8259, 7 and RFC 3629, 4. */
static const struct {
	const char *string, *text;
} strings[] = {
	{ "plain", "\"plain\"" },
	{ "\"\\/", "\"\\\"\\\\/\"" },
	{ "\n\t\r\x01\x1f\x7f", "\"\\n\\t\\r\\u0001\\u001f\\u007f\"" },
	{ "\xc3\xa4\xe2\x86\x92\xf0\x9f\x90\xa7",
	  "\"\xc3\xa4\xe2\x86\x92\xf0\x9f\x90\xa7\"" },
	{ "\x80x", "\"\xef\xbf\xbdx\"" },                 /* a lone continuation */
	{ "\xc3", "\"\xef\xbf\xbd\"" },                   /* cut off */
	{ "\xe2\x86x", "\"\xef\xbf\xbd\xef\xbf\xbdx\"" }, /* cut off in the middle */
	{ "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },   /* overlong */
	{ "\xe0\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, /* a surrogate */
	{ "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "\xff", "\"\xef\xbf\xbd\"" },
};

Test(json, strings_become_valid_whatever_they_hold)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(strings); i++) {
		if (i)
			setup();
		json_string(&json, NULL, strings[i].string);
		expect(strings[i].text);
	}
}
