/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * forest_priv.h - the parts of the forest backend
 *
 *     forest_box.c   a rule's matches as boxes in the space of a family's fields
 *     forest_tree.c  from boxes to trees
 *     forest.c       looking up; the backend
 *
 * Space. A family has dimensions of 32 bits each:
 *
 *     IPv4   src  dst  sport  dport  proto
 *     IPv6   src  dst  sport  dport  proto  src' dst'     (src: bits 0-31, src': 32-63)
 *
 * A box is an interval in each. A rule has one box or several (sets of ports, addresses),
 * which together hold at least the packets that it matches; a box is exact when it
 * holds no other, and else the rule's own checks have the last word. So it does no harm
 * when something cannot be said with boxes: it only costs time.
 *
 * Trees. Boxes whose addresses are narrow and boxes whose are wide go to different trees,
 * at most four, for wide boxes lie in many branches. A node cuts its region into 2^width
 * equal parts by some bits of one dimension; a part has the boxes that reach into it. A leaf
 * is a list of blocks of eight boxes, in the order of their rules.
 *
 *     node    base      first of its 2^width nodes, or first block
 *             best      the first rule that is below it
 *             dimension, shift, width      width 0: a leaf
 *     child = base + ((key[dimension] >> shift) & (2^width - 1))
 *
 *     block   low[d][8]  span[d][8]  for each dimension d,  position[8]
 *     a box holds when for all d: key[d] - low[d] <= span[d], unsigned
 *
 * Guarantees. F1: a lookup finds what `linear` finds. F2: memory is bounded by
 * FOREST_GROWTH boxes in leaves for each box; where cutting would take more, or gain
 * nothing, a leaf is made, however large: then a lookup is a scan by eights.
 */
#ifndef RULES_FOREST_PRIV_H
#define RULES_FOREST_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctlink/memory.h"
#include "rules/backend.h"

/* ---- space ---------------------------------------------------------------------- */

enum forest_dimension {
	FOREST_SRC,
	FOREST_DST,
	FOREST_SPORT,
	FOREST_DPORT,
	FOREST_PROTO,
	FOREST_SRC_REST,
	FOREST_DST_REST,
	FOREST_DIMENSIONS,
};
#define FOREST_DIMENSIONS_IPV4 FOREST_SRC_REST
#define FOREST_DIMENSIONS_IPV6 FOREST_DIMENSIONS

struct forest_interval {
	uint32_t low, high; /* both included */
};

struct forest_box {
	struct forest_interval side[FOREST_DIMENSIONS];
	uint32_t position; /* of its rule in the chain */
	bool exact;        /* no check of the rule is needed */
	bool final;        /* exact, and no later rule matters when it holds */
};

/* Boxes of one family, in the order of their rules. */
struct forest_boxes {
	struct forest_box *list;
	uint32_t n, room;
};

/** Most boxes of one rule; of larger sets the hull is taken. */
#define FOREST_BOXES_OF_RULE 16

/** Append the boxes of @rule for @family (AF_INET, AF_INET6): none when it can never hold
 * there. Returns 0 or -ENOMEM. */
int forest_box_add(struct forest_boxes *boxes, const struct check_rule *rule,
                   uint32_t position, uint8_t family, const struct ctlink_memory *memory);

/* ---- trees ---------------------------------------------------------------------- */

struct forest_node {
	uint32_t base;
	uint32_t best;   /* RULES_NO_MATCH: nothing is below */
	uint32_t blocks; /* of a leaf */
	uint8_t dimension, shift, width;
};

/** Boxes of a block. */
#define FOREST_LANES 8
/** An entry's position has this bit when its box is exact. */
#define FOREST_EXACT 0x80000000u

#define FOREST_TREES 4

struct forest_half {
	uint8_t dimensions;
	uint32_t stride; /* of a block, in words */
	uint32_t n_trees;
	uint32_t
		roots[FOREST_TREES]; /* nodes; the tree with the first rule comes first */
	struct forest_node *nodes;
	uint32_t n_nodes, room_nodes;
	uint32_t *blocks; /* aligned as a vector */
	uint32_t n_blocks, room_blocks;
};

/** Boxes in leaves for each box that there is, at most. */
#define FOREST_GROWTH 8

/** Make the trees. Returns 0, -ENOMEM, or -ECANCELED when *@stop has become true;
 * forest_tree_fini() in any case. */
int forest_tree_build(struct forest_half *half, const struct forest_boxes *boxes,
                      uint8_t dimensions, const struct ctlink_memory *memory,
                      const _Atomic bool *stop);
void forest_tree_fini(struct forest_half *half, const struct ctlink_memory *memory);

/** Words of the low[] and span[] of dimension @d within a block. */
#define FOREST_LOW(d)      ((d)*2 * FOREST_LANES)
#define FOREST_SPAN(d)     ((d)*2 * FOREST_LANES + FOREST_LANES)
#define FOREST_POSITION(n) ((n)*2 * FOREST_LANES)

#endif
