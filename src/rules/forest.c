/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fast backend: trees that cut the space of addresses, ports and protocols; see
 * forest_priv.h for the structure.
 *
 * A lookup walks each tree to one leaf and compares its boxes eight at a time, in the order
 * of their rules, until one holds or no better one can come. Boxes that are not exact
 * ask the rule's own checks. A packet that lacks what boxes are made of (no tuple could
 * be read) goes through all rules in order.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "rules/forest_priv.h"

struct forest {
	const struct check_rule *rules;
	uint32_t n;
	uint32_t (*scan)(const struct forest *f, const struct forest_half *half,
	                 const struct forest_node *leaf, const uint32_t *k,
	                 const struct rule_key *key, uint32_t from, uint32_t best);
	struct forest_half ipv4, ipv6;
};

/* ---- scanning a leaf --------------------------------------------------------------- */

typedef uint32_t lanes __attribute__((vector_size(FOREST_LANES * 4), aligned(4)));

/* One bit for each box of the block that holds. */
static inline __attribute__((always_inline)) unsigned int block_compare(
	const uint32_t *block, const uint32_t *k, unsigned int dimensions)
{
	lanes holds = { 0 }, low, span;
	unsigned int bits = 0, d, i;

	holds = ~holds;
	for (d = 0; d < dimensions; d++) {
		memcpy(&low, block + FOREST_LOW(d), sizeof(low));
		memcpy(&span, block + FOREST_SPAN(d), sizeof(span));
		holds &= (lanes)(k[d] - low <= span);
	}
	for (i = 0; i < FOREST_LANES; i++)
		bits |= (holds[i] & 1u) << i;
	return bits;
}

/* The first rule at @from or later that holds and is before @best; else @best. */
static inline __attribute__((always_inline)) uint32_t leaf_scan(
	const struct forest *f, const struct forest_half *half,
	const struct forest_node *leaf, const uint32_t *k, const struct rule_key *key,
	uint32_t from, uint32_t best, unsigned int dimensions)
{
	const uint32_t *block = half->blocks + (size_t)leaf->base * half->stride,
		       *position;
	uint32_t at, i;
	unsigned int bits;

	for (i = 0; i < leaf->blocks; i++, block += half->stride) {
		position = block + FOREST_POSITION(dimensions);
		if ((position[0] & ~FOREST_EXACT) >= best)
			return best;
		for (bits = block_compare(block, k, dimensions); bits; bits &= bits - 1) {
			at = position[__builtin_ctz(bits)];
			if ((at & ~FOREST_EXACT) < from)
				continue;
			if ((at & ~FOREST_EXACT) >= best)
				return best;
			if (at & FOREST_EXACT || check_rule_holds(&f->rules[at], key))
				return at & ~FOREST_EXACT;
		}
	}
	return best;
}

#define SCAN_ARGUMENTS                                             \
	const struct forest *f, const struct forest_half *half,    \
		const struct forest_node *leaf, const uint32_t *k, \
		const struct rule_key *key, uint32_t from, uint32_t best

/* With the number of dimensions as a constant the compare has no loop. */
static uint32_t scan_plain(SCAN_ARGUMENTS)
{
	if (half->dimensions == FOREST_DIMENSIONS_IPV4)
		return leaf_scan(f, half, leaf, k, key, from, best,
		                 FOREST_DIMENSIONS_IPV4);
	return leaf_scan(f, half, leaf, k, key, from, best, FOREST_DIMENSIONS_IPV6);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static uint32_t scan_avx2(SCAN_ARGUMENTS)
{
	if (half->dimensions == FOREST_DIMENSIONS_IPV4)
		return leaf_scan(f, half, leaf, k, key, from, best,
		                 FOREST_DIMENSIONS_IPV4);
	return leaf_scan(f, half, leaf, k, key, from, best, FOREST_DIMENSIONS_IPV6);
}
#endif

/* ---- looking up --------------------------------------------------------------------- */

#define NEEDED (RULE_KEY_BIT(SRC) | RULE_KEY_BIT(DST) | RULE_KEY_BIT(PROTO))

static void point_of(const struct rule_key *key, uint32_t k[FOREST_DIMENSIONS])
{
	bool ipv4 = key->family == AF_INET;

	k[FOREST_SRC] = (uint32_t)(ipv4 ? key->src[1] : key->src[0] >> 32);
	k[FOREST_DST] = (uint32_t)(ipv4 ? key->dst[1] : key->dst[0] >> 32);
	k[FOREST_SPORT] = key->sport;
	k[FOREST_DPORT] = key->dport;
	k[FOREST_PROTO] = key->proto;
	k[FOREST_SRC_REST] = (uint32_t)key->src[0];
	k[FOREST_DST_REST] = (uint32_t)key->dst[0];
}

static const struct forest_node *node_step(const struct forest_half *half,
                                           const struct forest_node *node,
                                           const uint32_t *k)
{
	uint32_t child = k[node->dimension] >> node->shift & ((1u << node->width) - 1);

	return &half->nodes[node->base + child];
}

static uint32_t tree_classify(const struct forest *f, const struct forest_half *half,
                              uint32_t root, const uint32_t *k,
                              const struct rule_key *key, uint32_t from, uint32_t best)
{
	const struct forest_node *node = &half->nodes[root];

	while (node->best < best && node->width)
		node = node_step(half, node, k);
	return node->best < best ? f->scan(f, half, node, k, key, from, best) : best;
}

static uint32_t in_order(const struct forest *f, const struct rule_key *key,
                         uint32_t from)
{
	for (; from < f->n; from++) {
		if (check_rule_holds(&f->rules[from], key))
			return from;
	}
	return RULES_NO_MATCH;
}

static uint32_t forest_classify(const void *matcher, const struct rule_key *key,
                                uint32_t from)
{
	const struct forest *f = (const struct forest *)matcher;
	const struct forest_half *half = key->family == AF_INET ? &f->ipv4 : &f->ipv6;
	uint32_t best = RULES_NO_MATCH, k[FOREST_DIMENSIONS], i;

	if ((key->present & NEEDED) != NEEDED)
		return in_order(f, key, from);
	point_of(key, k);
	for (i = 0; i < half->n_trees; i++)
		best = tree_classify(f, half, half->roots[i], k, key, from, best);
	return best;
}

/* ---- life ------------------------------------------------------------------------------ */

static int half_build(const struct forest *f, struct forest_half *half, uint8_t family,
                      const struct ctlink_memory *memory, const _Atomic bool *stop)
{
	struct forest_boxes boxes = { 0 };
	uint32_t i;
	int err = 0;

	for (i = 0; i < f->n && !err; i++)
		err = forest_box_add(&boxes, &f->rules[i], i, family, memory);
	if (!err)
		err = forest_tree_build(half, &boxes,
		                        family == AF_INET ? FOREST_DIMENSIONS_IPV4
		                                          : FOREST_DIMENSIONS_IPV6,
		                        memory, stop);
	ctlink_memory_free(memory, boxes.list);
	return err;
}

static void forest_destroy(void *matcher, const struct ctlink_memory *memory)
{
	struct forest *f = (struct forest *)matcher;

	forest_tree_fini(&f->ipv4, memory);
	forest_tree_fini(&f->ipv6, memory);
	ctlink_memory_free(memory, f);
}

static int forest_build(const struct check_rule *rules, uint32_t n,
                        const struct ctlink_memory *memory, const _Atomic bool *stop,
                        void **matcher)
{
	struct forest *f =
		(struct forest *)ctlink_memory_resize(memory, NULL, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	memset(f, 0, sizeof(*f));
	f->rules = rules;
	f->n = n;
	f->scan = scan_plain;
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		f->scan = scan_avx2;
#endif
	err = half_build(f, &f->ipv4, AF_INET, memory, stop);
	if (!err)
		err = half_build(f, &f->ipv6, AF_INET6, memory, stop);
	if (err)
		forest_destroy(f, memory);
	else
		*matcher = f;
	return err;
}

static size_t half_memory(const struct forest_half *half)
{
	return half->room_nodes * sizeof(*half->nodes) +
	       (size_t)half->room_blocks * half->stride * sizeof(uint32_t);
}

static size_t forest_memory(const void *matcher)
{
	const struct forest *f = (const struct forest *)matcher;

	return sizeof(*f) + half_memory(&f->ipv4) + half_memory(&f->ipv6);
}

const struct rules_backend rules_backend_forest = {
	.name = "forest",
	.build = forest_build,
	.classify = forest_classify,
	.memory = forest_memory,
	.destroy = forest_destroy,
};
