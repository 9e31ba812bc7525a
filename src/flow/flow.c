/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flow.c - references and values of one flow
 */
#include "flow/flow.h"

#include <assert.h>
#include <stdlib.h>

#include "flow/table_priv.h"

/* More holders than there can be threads, packets in flight and requests together. */
#define FLOW_REFS_MAX 0x40000000u

void flow_get(struct flow *f, enum flow_holder holder)
{
	uint32_t before = atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);

	if (before == 0 || before > FLOW_REFS_MAX)
		abort();
#ifdef DEBUG_REFS
	atomic_fetch_add_explicit(&f->held[holder], 1, memory_order_relaxed);
#endif
}

void flow_put(struct flow_table *t, struct flow *f, enum flow_holder holder)
{
	uint32_t before;

#ifdef DEBUG_REFS
	before = atomic_fetch_sub_explicit(&f->held[holder], 1, memory_order_relaxed);
	assert(before > 0);
#endif
	before = atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel);
	assert(before > 0);
	if (before == 1)
		flow_release(t, f);
}

#define TUPLE_WORDS (sizeof(struct tuple) / sizeof(uint64_t))

static _Atomic uint64_t *tuple_words(const struct flow *f, enum track_dir dir)
{
	return (_Atomic uint64_t *)(uintptr_t)&f->side[dir].tuple;
}

void flow_tuple_load(const struct flow *f, enum track_dir dir, struct tuple *out)
{
	uint64_t words[TUPLE_WORDS];
	size_t i;

	for (i = 0; i < TUPLE_WORDS; i++)
		words[i] = atomic_load_explicit(tuple_words(f, dir) + i,
		                                memory_order_relaxed);
	memcpy(out, words, sizeof(words));
}

void flow_tuple_store(struct flow *f, enum track_dir dir, const struct tuple *tuple)
{
	uint64_t words[TUPLE_WORDS];
	size_t i;

	memcpy(words, tuple, sizeof(words));
	for (i = 0; i < TUPLE_WORDS; i++)
		atomic_store_explicit(tuple_words(f, dir) + i, words[i],
		                      memory_order_relaxed);
}

void flow_state_load_some(const struct flow *f, union track_state *state, size_t size)
{
	uint64_t word;
	size_t i;

	for (i = 0; i * sizeof(word) < size; i++) {
		word = atomic_load_explicit(&f->state[i], memory_order_relaxed);
		memcpy(state->bytes + i * sizeof(word), &word, sizeof(word));
	}
}

void flow_state_store_some(struct flow *f, const union track_state *state, size_t size)
{
	uint64_t word;
	size_t i;

	for (i = 0; i * sizeof(word) < size; i++) {
		memcpy(&word, state->bytes + i * sizeof(word), sizeof(word));
		atomic_store_explicit(&f->state[i], word, memory_order_relaxed);
	}
}

void flow_state_load(const struct flow *f, union track_state *state)
{
	flow_state_load_some(f, state, sizeof(*state));
}

void flow_state_store(struct flow *f, const union track_state *state)
{
	flow_state_store_some(f, state, sizeof(*state));
}

/*
 * A verdict in two words; the first alone says whether and how the flow is decided:
 *
 *     63               32 31 30                  8 7         0
 *    +-------------------+--+---------------------+-----------+
 *    | generation        |a | rule                | reason    |
 *    +-------------------+--+---------------------+-----------+
 *    | mark mask         | mark value                         |
 *    +-------------------+------------------------------------+
 */
#define VERDICT_ACCEPT     (1u << 31)
#define VERDICT_RULE_SHIFT 8

struct flow_verdict flow_verdict_load(const struct flow *f, enum flow_role role)
{
	uint64_t first = atomic_load_explicit(&f->verdict[role][0], memory_order_relaxed);
	uint64_t second =
		atomic_load_explicit(&f->verdict[role][1], memory_order_relaxed);

	return (struct flow_verdict){
		.generation = (uint32_t)(first >> 32),
		.rule = (uint32_t)(first & ~VERDICT_ACCEPT) >> VERDICT_RULE_SHIFT,
		.reason = (uint8_t)first,
		.accept = first & VERDICT_ACCEPT,
		.mark_value = (uint32_t)second,
		.mark_mask = (uint32_t)(second >> 32),
	};
}

void flow_verdict_store(struct flow *f, enum flow_role role, const struct flow_verdict *v)
{
	uint64_t first = (uint64_t)v->generation << 32 |
	                 (v->accept ? VERDICT_ACCEPT : 0) |
	                 v->rule << VERDICT_RULE_SHIFT | v->reason;

	assert(v->rule < FLOW_RULE_LIMIT);
	atomic_store_explicit(&f->verdict[role][1],
	                      (uint64_t)v->mark_mask << 32 | v->mark_value,
	                      memory_order_relaxed);
	atomic_store_explicit(&f->verdict[role][0], first, memory_order_relaxed);
}
