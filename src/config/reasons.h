/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reasons.h - reasons to drop a packet, as text and back
 *
 *	none, all, or names of ctq/reasons.def: drop.policy,drop.table-full
 *
 * A set of them is a bit for each, 1 << number % 64: they are 32 to 95.
 */
#ifndef CONFIG_REASONS_H
#define CONFIG_REASONS_H

#include <stddef.h>
#include <stdint.h>

/** 0 or -EINVAL: something else is among them. */
int reasons_parse(const char *text, uint64_t *reasons);

/** What reasons_parse() reads. */
void reasons_format(uint64_t reasons, char *text, size_t size);

#endif
