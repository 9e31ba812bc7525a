/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See label.h. */
#include "rules/label.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "rules/rules_priv.h"

_Static_assert(RULES_LABELS == 2 * 64, "labels are two words");

struct rules_labels {
	_Atomic uint32_t refs;
	const struct ctlink_memory *memory;
	char name[RULES_LABELS][CTQ_NAME_MAX]; /* "": has none */
};

struct rules_labels *rules_labels_new(rules_label_name *name, void *ctx,
                                      const struct ctlink_memory *memory)
{
	struct rules_labels *labels;
	const char *text;
	unsigned int i;

	labels = (struct rules_labels *)ctlink_memory_resize(memory, NULL,
	                                                     sizeof(*labels));
	if (!labels)
		return NULL;
	memset(labels, 0, sizeof(*labels));
	atomic_store_explicit(&labels->refs, 1, memory_order_relaxed);
	labels->memory = memory;
	for (i = 0; i < RULES_LABELS; i++) {
		text = name(ctx, i);
		if (text)
			strncpy(labels->name[i], text, CTQ_NAME_MAX - 1);
	}
	return labels;
}

void rules_labels_get(struct rules_labels *labels)
{
	if (labels)
		atomic_fetch_add_explicit(&labels->refs, 1, memory_order_relaxed);
}

void rules_labels_put(struct rules_labels *labels)
{
	if (labels &&
	    atomic_fetch_sub_explicit(&labels->refs, 1, memory_order_acq_rel) == 1)
		ctlink_memory_free(labels->memory, labels);
}

int rules_label_names(struct rules *rules, rules_label_name *name, void *ctx,
                      struct rules_labels **before)
{
	struct rules_labels *labels = rules_labels_new(name, ctx, rules->memory);

	if (!labels)
		return -ENOMEM;
	*before = rules->labels;
	rules->labels = labels;
	return 0;
}

void rules_labels_restore(struct rules *rules, struct rules_labels *before)
{
	rules_labels_put(rules->labels);
	rules->labels = before;
}

const struct rules_labels *rules_labels_peek(const struct rules *rules)
{
	return rules->labels;
}

static const char *name_of(const struct rules_labels *labels, unsigned int number)
{
	return labels && labels->name[number][0] ? labels->name[number] : NULL;
}

const char *rules_label_text(const struct rules_labels *labels, unsigned int number,
                             char buf[RULES_LABEL_TEXT_MAX])
{
	const char *name = name_of(labels, number);

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

int rules_label_find(const struct rules_labels *labels, const char *text, size_t length)
{
	const char *name;
	int i;

	for (i = 0; i < RULES_LABELS; i++) {
		name = name_of(labels, (unsigned int)i);
		if (name && strlen(name) == length && memcmp(name, text, length) == 0)
			return i;
	}
	return number_parse(text, length);
}

static void bit_set(uint64_t bits[2], int number)
{
	bits[number / 64] |= UINT64_C(1) << number % 64;
}

int rules_labels_find(const struct rules_labels *labels, const char *text,
                      uint64_t bits[2])
{
	size_t length = strlen(text);
	char buf[RULES_LABEL_TEXT_MAX];
	int i;

	bits[0] = bits[1] = 0;
	if (length == 0 || text[length - 1] != '*') {
		i = rules_label_find(labels, text, length);
		if (i >= 0)
			bit_set(bits, i);
		return i < 0 ? i : 0;
	}
	for (i = 0; i < RULES_LABELS; i++)
		if (strncmp(rules_label_text(labels, (unsigned int)i, buf), text,
		            length - 1) == 0)
			bit_set(bits, i);
	return bits[0] | bits[1] ? 0 : -ENOENT;
}

void rules_labels_hint(const struct rules_labels *labels, const char *name, char *out,
                       size_t size)
{
	struct suggest s;
	unsigned int i;

	suggest_begin(&s, name);
	for (i = 0; i < RULES_LABELS; i++)
		if (name_of(labels, i))
			suggest_add(&s, name_of(labels, i));
	suggest_end(&s, "labels are 0 to 127, and by name", out, size);
}
