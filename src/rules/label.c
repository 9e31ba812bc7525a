/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See label.h. */
#include "rules/label.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules/rules_priv.h"

_Static_assert(RULES_LABELS == 2 * 64, "labels are two words");

void rules_label_names(struct rules *rules, rules_label_name *name, void *ctx)
{
	rules->label_name = name;
	rules->label_ctx = ctx;
}

static const char *name_of(const struct rules *rules, unsigned int number)
{
	return rules->label_name ? rules->label_name(rules->label_ctx, number) : NULL;
}

const char *rules_label_text(const struct rules *rules, unsigned int number,
                             char buf[RULES_LABEL_TEXT_MAX])
{
	const char *name = name_of(rules, number);

	if (name)
		return name;
	snprintf(buf, RULES_LABEL_TEXT_MAX, "%u", number % RULES_LABELS);
	return buf;
}

/* Decimal digits of a number below RULES_LABELS, or -ENOENT. */
static int number_parse(const char *text, size_t length)
{
	int number = 0;
	size_t i;

	for (i = 0; i < length && number < RULES_LABELS; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -ENOENT;
		number = number * 10 + (text[i] - '0');
	}
	return length && number < RULES_LABELS ? number : -ENOENT;
}

int rules_label_find(const struct rules *rules, const char *text, size_t length)
{
	const char *name;
	int i;

	for (i = 0; i < RULES_LABELS; i++) {
		name = name_of(rules, (unsigned int)i);
		if (name && strlen(name) == length && memcmp(name, text, length) == 0)
			return i;
	}
	return number_parse(text, length);
}

static void bit_set(uint64_t bits[2], int number)
{
	bits[number / 64] |= UINT64_C(1) << number % 64;
}

int rules_labels_find(const struct rules *rules, const char *text, uint64_t bits[2])
{
	size_t length = strlen(text);
	char buf[RULES_LABEL_TEXT_MAX];
	int i;

	bits[0] = bits[1] = 0;
	if (length == 0 || text[length - 1] != '*') {
		i = rules_label_find(rules, text, length);
		if (i >= 0)
			bit_set(bits, i);
		return i < 0 ? i : 0;
	}
	for (i = 0; i < RULES_LABELS; i++)
		if (strncmp(rules_label_text(rules, (unsigned int)i, buf), text,
		            length - 1) == 0)
			bit_set(bits, i);
	return bits[0] | bits[1] ? 0 : -ENOENT;
}
