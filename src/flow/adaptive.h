/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adaptive.h - shorter timeouts while the table fills
 *
 * As pf's adaptive.start and adaptive.end: up to @start flows timeouts are what is
 * configured; from there on they shrink in proportion, to nothing at @end flows.
 *
 *    scale
 *      1 |---------.
 *        |          `.
 *        |            `.
 *      0 +---------+----`+------ flows
 *               start   end
 *
 * A flow keeps its whole timeout; what is scaled is how much of it counts, from its last
 * packet on. So the new value holds at once for all, and the old one again when there is
 * room.
 */
#ifndef FLOW_ADAPTIVE_H
#define FLOW_ADAPTIVE_H

#include <stdint.h>

struct flow_adaptive {
	uint32_t start, end; /* flows, start < end; end 0: never */
};

/* A scale of one, as a fixed-point number. */
#define FLOW_SCALE_ONE 65536u

/** 0 … FLOW_SCALE_ONE, for a table of @flows. */
static inline uint32_t flow_adaptive_scale(const struct flow_adaptive *a, uint32_t flows)
{
	if (a->end == 0 || flows <= a->start)
		return FLOW_SCALE_ONE;
	if (flows >= a->end)
		return 0;
	return (uint32_t)((uint64_t)(a->end - flows) * FLOW_SCALE_ONE /
	                  (a->end - a->start));
}

/** What counts of a timeout: at least a second of it, so that an answer can come. */
static inline uint32_t flow_adaptive_timeout(uint32_t timeout_s, uint32_t scale)
{
	uint32_t scaled = (uint32_t)((uint64_t)timeout_s * scale / FLOW_SCALE_ONE);

	return scaled || !timeout_s ? scaled : 1;
}

#endif
