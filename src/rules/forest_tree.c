/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From boxes to trees; see forest_priv.h for what they look like.
 *
 * A node is made from the list of the boxes that reach into its region. The region is
 * narrowed to the block of aligned powers of two around these boxes. A packet from outside
 * of that block may well be led to one of the children, by bits that it happens to have;
 * it lies in none of their boxes then. So for every packet that does lie in a box of the
 * list, the narrowed region is all there is: covered boxes can be judged by it.
 *
 * Which cut: for each dimension and several widths count how many boxes each part would
 * have. The best is that with the smallest part as seen by a box drawn at random,
 * sum(n^2) / sum(n), with a little added for parts that are many and empty. Boxes that lie
 * in several parts are copied; a cut that copies too much is not made (F2).
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/base.h"
#include "rules/forest_priv.h"

#define DEPTH_MAX   24
#define STEP        1.0 /* what a node costs, in blocks that are compared */
#define WIDTH_MAX   10
#define COPIES_MAX  130 /* percent of a cut's boxes that its parts may have together */
#define COPIES_FEW  400 /* the same for few boxes, where single wide ones weigh much */
#define FEW         512
#define CLASS_MIN   64                 /* boxes that are worth a tree of their own */
#define UNCOVER_MAX 256                /* boxes that are held against each other */
#define SAMPLE      2048               /* boxes that are looked at to choose a cut */
#define NARROW      (UINT32_MAX >> 12) /* an address of a /12 or longer */

struct maker {
	struct forest_half *half;
	const struct forest_box *boxes;
	const struct ctlink_memory *memory;
	const _Atomic bool *stop;
	uint64_t budget; /* boxes that may still come into leaves by copying */
};

struct region {
	struct forest_interval side[FOREST_DIMENSIONS];
};

struct cut {
	uint8_t dimension, shift, width; /* width 0: none */
	double cost;
};

/* ---- room ------------------------------------------------------------------------- */

/* Make room for @more items behind the @used ones of @size bytes. */
static void *grow(void *items, uint32_t used, uint32_t more, uint32_t *room, size_t size,
                  const struct ctlink_memory *memory)
{
	uint32_t wanted = *room ? *room : 64;

	if (used + more <= *room)
		return items;
	while (wanted < used + more)
		wanted *= 2;
	items = ctlink_memory_resize(memory, items, wanted * size);
	if (items)
		*room = wanted;
	return items;
}

/* @n nodes in a row; the first in *@base. */
static int nodes_add(struct maker *b, uint32_t n, uint32_t *base)
{
	struct forest_half *half = b->half;
	void *nodes = grow(half->nodes, half->n_nodes, n, &half->room_nodes,
	                   sizeof(*half->nodes), b->memory);

	if (!nodes)
		return -ENOMEM;
	half->nodes = (struct forest_node *)nodes;
	memset(half->nodes + half->n_nodes, 0, n * sizeof(*half->nodes));
	*base = half->n_nodes;
	half->n_nodes += n;
	return 0;
}

/* @n blocks in which nothing matches; the first in *@base. */
static int blocks_add(struct maker *b, uint32_t n, uint32_t *base)
{
	struct forest_half *half = b->half;
	uint32_t i, *block;
	void *blocks = grow(half->blocks, half->n_blocks, n, &half->room_blocks,
	                    half->stride * sizeof(uint32_t), b->memory);

	if (!blocks)
		return -ENOMEM;
	half->blocks = (uint32_t *)blocks;
	*base = half->n_blocks;
	for (i = 0; i < n; i++) {
		block = half->blocks + (size_t)(half->n_blocks + i) * half->stride;
		/* no protocol has this number */
		memset(block, 0xff, half->stride * sizeof(uint32_t));
		memset(block + FOREST_SPAN(FOREST_PROTO), 0,
		       FOREST_LANES * sizeof(uint32_t));
	}
	half->n_blocks += n;
	return 0;
}

/* ---- leaves ------------------------------------------------------------------------- */

static void entry_fill(const struct forest_half *half, uint32_t *block, uint32_t lane,
                       const struct forest_box *box)
{
	unsigned int d;

	for (d = 0; d < half->dimensions; d++) {
		block[FOREST_LOW(d) + lane] = box->side[d].low;
		block[FOREST_SPAN(d) + lane] = box->side[d].high - box->side[d].low;
	}
	block[FOREST_POSITION(half->dimensions) + lane] =
		box->position | (box->exact ? FOREST_EXACT : 0);
}

static int leaf_make(struct maker *b, uint32_t node, const uint32_t *list, uint32_t n)
{
	uint32_t blocks = (n + FOREST_LANES - 1) / FOREST_LANES, base, i, *block;
	struct forest_half *half = b->half;

	if (blocks_add(b, blocks, &base))
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		block = half->blocks + (size_t)(base + i / FOREST_LANES) * half->stride;
		entry_fill(half, block, i % FOREST_LANES, &b->boxes[list[i]]);
	}
	half->nodes[node].base = base;
	half->nodes[node].blocks = blocks;
	return 0;
}

/* ---- regions ---------------------------------------------------------------------------- */

static struct forest_interval clip(struct forest_interval a, struct forest_interval b)
{
	return (struct forest_interval){ a.low > b.low ? a.low : b.low,
		                         a.high < b.high ? a.high : b.high };
}

/* The smallest aligned block of a power of two around the interval. */
static struct forest_interval block_around(struct forest_interval i)
{
	uint32_t differ = i.low ^ i.high, ones = 0;

	if (differ)
		ones = UINT32_MAX >> __builtin_clz(differ);
	return (struct forest_interval){ i.low & ~ones, i.high | ones };
}

static void region_narrow(const struct maker *b, struct region *r, const uint32_t *list,
                          uint32_t n)
{
	struct forest_interval hull, one;
	unsigned int d;
	uint32_t i;

	for (d = 0; d < b->half->dimensions; d++) {
		hull = clip(b->boxes[list[0]].side[d], r->side[d]);
		for (i = 1; i < n; i++) {
			one = clip(b->boxes[list[i]].side[d], r->side[d]);
			hull.low = one.low < hull.low ? one.low : hull.low;
			hull.high = one.high > hull.high ? one.high : hull.high;
		}
		r->side[d] = block_around(hull);
	}
}

/* Does @over hold wherever @box does, within the region? */
static bool box_covers(const struct maker *b, const struct region *r,
                       const struct forest_box *over, const struct forest_box *box)
{
	struct forest_interval part;
	unsigned int d;

	for (d = 0; d < b->half->dimensions; d++) {
		part = clip(box->side[d], r->side[d]);
		if (over->side[d].low > part.low || over->side[d].high < part.high)
			return false;
	}
	return true;
}

static bool box_fills(const struct maker *b, const struct region *r,
                      const struct forest_box *box)
{
	unsigned int d;

	for (d = 0; d < b->half->dimensions; d++) {
		if (box->side[d].low > r->side[d].low ||
		    box->side[d].high < r->side[d].high)
			return false;
	}
	return true;
}

/* Where the list can end: behind the first final box that fills the region. */
static uint32_t list_end(const struct maker *b, const struct region *r,
                         const uint32_t *list, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (b->boxes[list[i]].final && box_fills(b, r, &b->boxes[list[i]]))
			return i + 1;
	}
	return n;
}

/* Take out of a short list what an earlier final box covers. */
static uint32_t list_uncover(const struct maker *b, const struct region *r,
                             uint32_t *list, uint32_t n)
{
	uint32_t kept = 0, i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < kept; j++) {
			if (b->boxes[list[j]].final &&
			    box_covers(b, r, &b->boxes[list[j]], &b->boxes[list[i]]))
				break;
		}
		if (j == kept)
			list[kept++] = list[i];
	}
	return kept;
}

/* ---- cuts -------------------------------------------------------------------------------- */

/* The parts of a cut that a box reaches into: from *@first to *@last. */
static void parts_of(const struct cut *cut, const struct region *r,
                     const struct forest_box *box, uint32_t *first, uint32_t *last)
{
	uint32_t mask = (1u << cut->width) - 1;
	struct forest_interval part;

	part = clip(box->side[cut->dimension], r->side[cut->dimension]);
	*first = part.low >> cut->shift & mask;
	*last = part.high >> cut->shift & mask;
}

/* Fill in the cost; false: it copies too much or gains nothing. */
static bool cut_measure(const struct maker *b, const struct region *r,
                        const uint32_t *list, uint32_t n, struct cut *cut)
{
	uint32_t step = n > SAMPLE ? n / SAMPLE : 1, parts = 1u << cut->width;
	int32_t change[(1u << WIDTH_MAX) + 1];
	uint32_t i, first, last, looked = 0;
	double sum = 0, squares = 0, here = 0;

	memset(change, 0, (parts + 1) * sizeof(*change));
	for (i = 0; i < n; i += step, looked++) {
		parts_of(cut, r, &b->boxes[list[i]], &first, &last);
		change[first]++;
		change[last + 1]--;
	}
	for (i = 0; i < parts; i++) {
		here += change[i];
		sum += here;
		squares += here * here;
	}
	if (sum * 100 > (double)looked * (n <= FEW ? COPIES_FEW : COPIES_MAX))
		return false;
	cut->cost = squares / sum / looked; /* share of the boxes that is left */
	/* a step costs as much as a block */
	return STEP + cut->cost * n / FOREST_LANES < (double)n / FOREST_LANES;
}

static struct cut cut_choose(const struct maker *b, const struct region *r,
                             const uint32_t *list, uint32_t n)
{
	struct cut best = { .width = 0, .cost = 1e9 }, cut;
	unsigned int d, bits, width;
	uint32_t span;

	for (d = 0; d < b->half->dimensions; d++) {
		span = r->side[d].high - r->side[d].low;
		bits = span ? 32 - (unsigned int)__builtin_clz(span) : 0;
		for (width = 1; width <= bits && width <= WIDTH_MAX; width++) {
			if (width > 2 && 1u << width > n)
				break;
			cut = (struct cut){ .dimension = (uint8_t)d,
				            .shift = (uint8_t)(bits - width),
				            .width = (uint8_t)width };
			if (!cut_measure(b, r, list, n, &cut))
				continue;
			cut.cost *= 1 + (1u << width) / (4.0 * n);
			if (cut.cost < best.cost)
				best = cut;
		}
	}
	return best;
}

/* ---- nodes -------------------------------------------------------------------------------- */

static int node_make(struct maker *b, uint32_t node, uint32_t *list, uint32_t n,
                     struct region region, unsigned int depth);

/* Lists of all parts behind each other in *@lists, beginning at @start[part]. */
static int parts_fill(struct maker *b, const struct cut *cut, const struct region *r,
                      const uint32_t *list, uint32_t n, uint32_t *start, uint32_t **lists)
{
	uint32_t parts = 1u << cut->width, i, p, first, last, sum = 0, here;

	memset(start, 0, (parts + 1) * sizeof(*start));
	for (i = 0; i < n; i++) {
		parts_of(cut, r, &b->boxes[list[i]], &first, &last);
		for (p = first; p <= last; p++)
			start[p]++;
	}
	for (p = 0; p <= parts; p++) {
		here = start[p];
		start[p] = sum;
		sum += here;
	}
	*lists = (uint32_t *)ctlink_memory_resize(b->memory, NULL,
	                                          (sum ? sum : 1) * sizeof(**lists));
	if (!*lists)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		parts_of(cut, r, &b->boxes[list[i]], &first, &last);
		for (p = first; p <= last; p++)
			(*lists)[start[p]++] = list[i];
	}
	/* each has moved on to where the next one begins */
	memmove(start + 1, start, parts * sizeof(*start));
	start[0] = 0;
	return 0;
}

static void region_part(const struct cut *cut, uint32_t part, struct region *r)
{
	struct forest_interval *side = &r->side[cut->dimension];

	side->low += part << cut->shift;
	side->high = side->low + ((1u << cut->shift) - 1);
}

static int children_make(struct maker *b, uint32_t node, const struct cut *cut,
                         const struct region *r, const uint32_t *list, uint32_t n,
                         unsigned int depth)
{
	uint32_t parts = 1u << cut->width, start[(1u << WIDTH_MAX) + 1], base, p, *lists;
	struct region part;
	int err;

	err = parts_fill(b, cut, r, list, n, start, &lists);
	if (err)
		return err;
	b->budget -=
		start[parts] > n && start[parts] - n <= b->budget ? start[parts] - n : 0;
	err = nodes_add(b, parts, &base);
	for (p = 0; p < parts && !err; p++) {
		part = *r;
		region_part(cut, p, &part);
		err = node_make(b, base + p, lists + start[p], start[p + 1] - start[p],
		                part, depth + 1);
	}
	ctlink_memory_free(b->memory, lists);
	if (err)
		return err;
	b->half->nodes[node].base = base;
	b->half->nodes[node].dimension = cut->dimension;
	b->half->nodes[node].shift = cut->shift;
	b->half->nodes[node].width = cut->width;
	return 0;
}

static int node_make(struct maker *b, uint32_t node, uint32_t *list, uint32_t n,
                     struct region region, unsigned int depth)
{
	struct cut cut = { .width = 0 };

	if (atomic_load_explicit(b->stop, memory_order_relaxed))
		return -ECANCELED;
	b->half->nodes[node].best = RULES_NO_MATCH;
	if (n == 0)
		return 0;
	b->half->nodes[node].best = b->boxes[list[0]].position;
	region_narrow(b, &region, list, n);
	n = list_end(b, &region, list, n);
	if (n <= UNCOVER_MAX)
		n = list_uncover(b, &region, list, n);
	if (n > FOREST_LANES && depth < DEPTH_MAX && b->budget > n)
		cut = cut_choose(b, &region, list, n);
	if (cut.width == 0)
		return leaf_make(b, node, list, n);
	return children_make(b, node, &cut, &region, list, n, depth);
}

/* ---- trees --------------------------------------------------------------------------------- */

/* Which tree a box would go to: by whether its addresses are narrow. */
static unsigned int class_of(const struct forest_box *box)
{
	const struct forest_interval *src = &box->side[FOREST_SRC];
	const struct forest_interval *dst = &box->side[FOREST_DST];

	return (src->high - src->low <= NARROW ? 1 : 0) |
	       (dst->high - dst->low <= NARROW ? 2 : 0);
}

/* Classes with few boxes join that of the wide ones. */
static void classes_choose(const struct forest_boxes *boxes,
                           unsigned int class[FOREST_TREES])
{
	uint32_t count[FOREST_TREES] = { 0 }, i;

	for (i = 0; i < boxes->n; i++)
		count[class_of(&boxes->list[i])]++;
	for (i = 0; i < FOREST_TREES; i++)
		class[i] = count[i] < CLASS_MIN ? 0 : i;
}

/* The last number that the dimension has in packets. */
static uint32_t last_of(unsigned int dimension)
{
	switch (dimension) {
	case FOREST_SPORT:
	case FOREST_DPORT: return UINT16_MAX;
	case FOREST_PROTO: return UINT8_MAX;
	default: return UINT32_MAX;
	}
}

static int tree_make(struct maker *b, uint32_t *list, uint32_t n)
{
	struct region all;
	uint32_t root;
	unsigned int d;

	if (n == 0)
		return 0;
	if (nodes_add(b, 1, &root))
		return -ENOMEM;
	for (d = 0; d < FOREST_DIMENSIONS; d++)
		all.side[d] = (struct forest_interval){ 0, last_of(d) };
	b->half->roots[b->half->n_trees++] = root;
	return node_make(b, root, list, n, all, 0);
}

/* The tree that has the first rule is asked first: often nothing is left for the others. */
static void trees_sort(struct forest_half *half)
{
	uint32_t i, j, swap;

	for (i = 1; i < half->n_trees; i++) {
		for (j = i; j > 0 && half->nodes[half->roots[j]].best <
		                             half->nodes[half->roots[j - 1]].best;
		     j--) {
			swap = half->roots[j];
			half->roots[j] = half->roots[j - 1];
			half->roots[j - 1] = swap;
		}
	}
}

int forest_tree_build(struct forest_half *half, const struct forest_boxes *boxes,
                      uint8_t dimensions, const struct ctlink_memory *memory,
                      const _Atomic bool *stop)
{
	struct maker b = {
		.half = half, .boxes = boxes->list, .memory = memory, .stop = stop
	};
	unsigned int class[FOREST_TREES], t;
	uint32_t *list, i, n;
	int err = 0;

	half->dimensions = dimensions;
	half->stride = FOREST_POSITION(dimensions) + FOREST_LANES;
	b.budget = (uint64_t)boxes->n * (FOREST_GROWTH - 1);
	list = (uint32_t *)ctlink_memory_resize(memory, NULL,
	                                        (boxes->n + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	classes_choose(boxes, class);
	for (t = 0; t < FOREST_TREES && !err; t++) {
		for (n = 0, i = 0; i < boxes->n; i++) {
			if (class[class_of(&boxes->list[i])] == t)
				list[n++] = i;
		}
		err = tree_make(&b, list, n);
	}
	ctlink_memory_free(memory, list);
	if (!err)
		trees_sort(half);
	return err;
}

void forest_tree_fini(struct forest_half *half, const struct ctlink_memory *memory)
{
	ctlink_memory_free(memory, half->nodes);
	ctlink_memory_free(memory, half->blocks);
	memset(half, 0, sizeof(*half));
}
