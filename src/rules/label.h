/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * label.h - labels of flows by name
 *
 * A label is a number; the daemon reads names for some of them from a file, and whoever speaks
 * of labels (rules, filters, requests) may use either. Names do not begin with a digit.
 *
 * Threads: names never change; control replaces them all, and who builds rules has a reference
 * to those with which the change began. NULL: labels have no names.
 */
#ifndef RULES_LABEL_H
#define RULES_LABEL_H

#include "rules/rules.h"

#define RULES_LABEL_TEXT_MAX 4 /* bytes of a number, with the final zero */

/** The names @name gives, one reference; NULL: no memory. */
struct rules_labels *rules_labels_new(rules_label_name *name, void *ctx,
                                      const struct ctlink_memory *memory);
void rules_labels_get(struct rules_labels *labels);

/** The name of label @number (below RULES_LABELS), or the number in @buf. */
const char *rules_label_text(const struct rules_labels *labels, unsigned int number,
                             char buf[RULES_LABEL_TEXT_MAX]);

/** The number of the label that @length bytes at @text name; -ENOENT: none is called so. */
int rules_label_find(const struct rules_labels *labels, const char *text, size_t length);

/** All labels that @text names, bit n % 64 of @bits[n / 64] for label n; a '*' at its end stands
 * for any rest of a name. -ENOENT: there is none; @bits are zero then. */
int rules_labels_find(const struct rules_labels *labels, const char *text,
                      uint64_t bits[2]);

/** "did you mean 'web'? labels: web bulk", for a name that is none of @labels. */
void rules_labels_hint(const struct rules_labels *labels, const char *name, char *out,
                       size_t size);

#endif
