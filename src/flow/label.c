/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/label.h"

bool flow_label_set(struct flow *f, unsigned int label)
{
	uint64_t bit = UINT64_C(1) << label % 64;

	if (flow_label_is_set(f,
	                      label)) /* the rule of each packet: leave the line clean */
		return false;
	return !(atomic_fetch_or_explicit(&f->labels[label / 64], bit,
	                                  memory_order_relaxed) &
	         bit);
}

static bool replace_word(_Atomic uint64_t *word, uint64_t value, uint64_t mask)
{
	uint64_t old = atomic_load_explicit(word, memory_order_relaxed);
	uint64_t new;

	do {
		new = (old & ~mask) ^ value;
		if (new == old)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		word, &old, new, memory_order_relaxed, memory_order_relaxed));
	return true;
}

bool flow_labels_replace(struct flow *f, const struct flow_labels *value,
                         const struct flow_labels *mask)
{
	bool first = replace_word(&f->labels[0], value->words[0], mask->words[0]);
	bool second = replace_word(&f->labels[1], value->words[1], mask->words[1]);

	return first || second;
}

void flow_labels_to_bytes(const struct flow_labels *l, uint8_t bytes[FLOW_LABELS / 8])
{
	unsigned int i;

	for (i = 0; i < FLOW_LABELS / 8; i++)
		bytes[i] = (uint8_t)(l->words[i / 8] >> i % 8 * 8);
}

void flow_labels_from_bytes(const uint8_t bytes[FLOW_LABELS / 8], struct flow_labels *l)
{
	unsigned int i;

	*l = (struct flow_labels){ { 0, 0 } };
	for (i = 0; i < FLOW_LABELS / 8; i++)
		l->words[i / 8] |= (uint64_t)bytes[i] << i % 8 * 8;
}
