/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/reasons.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "ctq/reasons.h"

/* Numbers of verdicts that drop or reject (ctq/reasons.def). */
#define DROP_FIRST 32
#define DROP_LAST  95

static const struct {
	unsigned int number;
	const char *name;
} all[] = {
#define CTQ_REASON(number, symbol, name, class, text) { number, name },
#include "ctq/reasons.def"
#undef CTQ_REASON
};

static uint64_t bit_of(size_t i)
{
	if (all[i].number < DROP_FIRST || all[i].number > DROP_LAST)
		return 0;
	return UINT64_C(1) << all[i].number % 64;
}

static uint64_t bits_of_all(void)
{
	uint64_t bits = 0;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(all); i++)
		bits |= bit_of(i);
	return bits;
}

static uint64_t name_parse(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(all); i++)
		if (strlen(all[i].name) == length &&
		    strncmp(all[i].name, name, length) == 0)
			return bit_of(i);
	return 0;
}

int reasons_parse(const char *text, uint64_t *reasons)
{
	uint64_t bits = 0, bit;
	size_t length;

	if (strcmp(text, "none") == 0 || strcmp(text, "all") == 0) {
		*reasons = *text == 'a' ? bits_of_all() : 0;
		return 0;
	}
	for (;; text += length + 1) {
		length = strcspn(text, ",");
		bit = name_parse(text, length);
		if (!bit)
			return -EINVAL;
		bits |= bit;
		if (!text[length])
			break;
	}
	*reasons = bits;
	return 0;
}

void reasons_format(uint64_t reasons, char *text, size_t size)
{
	size_t used = 0, i;

	snprintf(text, size, "%s", reasons ? "all" : "none");
	if (!reasons || reasons == bits_of_all())
		return;
	for (i = 0; i < BASE_ARRAY_LENGTH(all); i++)
		if (reasons & bit_of(i) && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s",
			                         used ? "," : "", all[i].name);
}
