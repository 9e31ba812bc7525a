/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reasons.h - the enumeration made of reasons.def
 *
 * CTQ_REASON_NONE (0) means "nothing to say": a valid packet has no INVALID reason.
 */
#ifndef CTQ_REASONS_H
#define CTQ_REASONS_H

enum ctq_reason {
	CTQ_REASON_NONE = 0,
#define CTQ_REASON(number, symbol, name, class, text) CTQ_##symbol = number,
#include "ctq/reasons.def"
#undef CTQ_REASON
};

/** Numbers are below this; arrays of counters have this length. */
#define CTQ_REASON_LIMIT 256

#endif
