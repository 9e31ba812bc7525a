/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that rules do not have; those that they have are in golden/. */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "base/base.h"
#include "lang/value.h"
#include "lang/words.h"

static int parse(uint16_t field, const char *text, struct ctlink_value *out,
                 struct lang_fault *fault)
{
	memset(out, 0, sizeof(*out));
	memset(fault, 0, sizeof(*fault));
	return lang_value_parse(ctlink_field_get(field), 0, text, strlen(text), out, NULL,
	                        fault);
}

static uint64_t first_of(const struct ctlink_value *v)
{
	return ctlink_value_number(v->first, v->first_size);
}

Test(value, times_and_sizes_have_units)
{
	static const struct {
		uint16_t field;
		const char *text;
		uint64_t value;
	} table[] = {
		{ CTQ_FIELD_AGE, "90", 90 },
		{ CTQ_FIELD_AGE, "90s", 90 },
		{ CTQ_FIELD_IDLE, "1h30m", 5400 },
		{ CTQ_FIELD_TIMEOUT, "5d", 432000 },
		{ CTQ_FIELD_BYTES, "64k", 65536 },
		{ CTQ_FIELD_BYTES, "1M", 1048576 },
		{ CTQ_FIELD_BYTES, "1T", 1ull << 40 },
		{ CTQ_FIELD_BYTES, "18446744073709551615", UINT64_MAX },
	};
	struct lang_fault fault;
	struct ctlink_value v;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(table); i++) {
		cr_assert_eq(parse(table[i].field, table[i].text, &v, &fault), 0,
		             "%s: %s", table[i].text, fault.text);
		cr_assert_eq(first_of(&v), table[i].value, "%s", table[i].text);
	}
}

Test(value, wrong_units_are_told)
{
	struct lang_fault fault;
	struct ctlink_value v;

	cr_assert_lt(parse(CTQ_FIELD_AGE, "5w", &v, &fault), 0);
	cr_assert_str_eq(fault.text, "'5w' is not a number");
	cr_assert_lt(parse(CTQ_FIELD_AGE, "50000d", &v, &fault), 0);
	cr_assert_str_eq(fault.text, "'50000d' is above 4294967295");
	cr_assert_lt(parse(CTQ_FIELD_BYTES, "17000000T", &v, &fault), 0);
	cr_assert_lt(parse(CTQ_FIELD_DPORT, "1k", &v, &fault), 0);
	cr_assert_str_eq(fault.text, "'1k' is not a number");
}

Test(value, ranges_take_units_too)
{
	struct lang_fault fault;
	struct ctlink_value v;

	cr_assert_eq(parse(CTQ_FIELD_AGE, "5m-1h", &v, &fault), 0);
	cr_assert_eq(first_of(&v), 300);
	cr_assert(ctlink_has(&v, CTLINK_VALUE_LAST));
	cr_assert_eq(ctlink_value_number(v.last, v.last_size), 3600);
}

Test(value, tcp_states_are_named_as_conntrack_names_them)
{
	struct lang_fault fault;
	struct ctlink_value v;

	cr_assert_eq(parse(CTQ_FIELD_STATE, "ESTABLISHED", &v, &fault), 0);
	cr_assert_eq(first_of(&v), 3);
	cr_assert_eq(parse(CTQ_FIELD_STATE, "TIME_WAIT", &v, &fault), 0);
	cr_assert_eq(first_of(&v), 7);
	cr_assert_eq(parse(CTQ_FIELD_STATE, "fin-wait", &v, &fault), 0);
	cr_assert_eq(first_of(&v), 4);
	cr_assert_lt(parse(CTQ_FIELD_STATE, "ESTAB", &v, &fault), 0);
	cr_assert_str_eq(fault.text, "unknown TCP state 'ESTAB'");
	cr_assert_str_eq(fault.meant, "did you mean 'established'?");
	cr_assert_str_eq(fault.allowed,
	                 "states: none syn-sent syn-recv established fin-wait "
	                 "close-wait last-ack time-wait close syn-sent2");
}

Test(value, long_lists_of_names_are_cut)
{
	struct lang_fault fault;
	struct ctlink_value v;

	cr_assert_lt(parse(CTQ_FIELD_REASON, "nonsense", &v, &fault), 0);
	cr_assert_lt(strlen(fault.allowed), sizeof(fault.allowed));
	cr_assert_str_eq(fault.allowed + strlen(fault.allowed) - 4, " ...");
}

Test(value, nothing_is_read_behind_the_slice)
{
	struct lang_fault fault = { "" };
	struct ctlink_value v = { 0 };
	char text[3] = { '8', '0', '9' }; /* not zero-terminated */

	cr_assert_eq(lang_value_parse(ctlink_field_get(CTQ_FIELD_DPORT), 0, text, 2, &v,
	                              NULL, &fault),
	             0);
	cr_assert_eq(first_of(&v), 80);
}

Test(value, every_rule_field_can_be_spelt)
{
	const struct ctlink_field *fields;
	const struct lang_word *w;
	const char *blank;
	size_t n, i;

	fields = ctlink_fields(&n);
	for (i = 0; i < n; i++) {
		blank = strchr(fields[i].word, ' ');
		if (blank)
			w = lang_word_find(fields[i].word,
			                   (size_t)(blank - fields[i].word), blank + 1,
			                   strlen(blank + 1));
		else
			w = lang_word_find(NULL, 0, fields[i].word,
			                   strlen(fields[i].word));
		cr_assert_not_null(w, "%s", fields[i].word);
		cr_assert_eq(w->field, fields[i].number, "%s", fields[i].word);
		cr_assert(w->proto == 0 && w->family == 0, "%s means more",
		          fields[i].word);
	}
}
