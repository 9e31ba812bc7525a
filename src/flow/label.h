/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * label.h - the labels of a flow: 128 bits that rules and tools set and ask for
 *
 * Bit n is bit n % 64 of word n / 64. On the wire (CTA_LABELS) it is bit n % 8 of byte
 * n / 8, as a little-endian kernel has it.
 *
 * Threads: anybody who may see the flow; each word is changed at once, two words are not.
 */
#ifndef FLOW_LABEL_H
#define FLOW_LABEL_H

#include "flow/flow.h"

struct flow_labels {
	uint64_t words[FLOW_LABELS / 64];
};

static inline struct flow_labels flow_labels_load(const struct flow *f)
{
	return (struct flow_labels){ {
		atomic_load_explicit(&f->labels[0], memory_order_relaxed),
		atomic_load_explicit(&f->labels[1], memory_order_relaxed),
	} };
}

/** @label: below FLOW_LABELS. */
static inline bool flow_label_is_set(const struct flow *f, unsigned int label)
{
	return atomic_load_explicit(&f->labels[label / 64], memory_order_relaxed) >>
	               label % 64 &
	       1;
}

/** Set one label; true: it was not set before, an event (FLOW_CHANGE_LABEL) is due. */
bool flow_label_set(struct flow *f, unsigned int label);

/** The bits of @mask become 0, then those of @value change: the kernel's rule for
 * CTA_LABELS with CTA_LABELS_MASK. True: something changed, an event is due. */
bool flow_labels_replace(struct flow *f, const struct flow_labels *value,
                         const struct flow_labels *mask);

void flow_labels_to_bytes(const struct flow_labels *l, uint8_t bytes[FLOW_LABELS / 8]);
void flow_labels_from_bytes(const uint8_t bytes[FLOW_LABELS / 8], struct flow_labels *l);

#endif
