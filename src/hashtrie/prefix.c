/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * prefix.c - longest-prefix matching
 *
 *	address:  | 16 bits: root | stride | stride | ...
 *
 * The root is an array of 2^16 words { value, node }: the value of the longest
 * prefix of up to 16 bits there, and the node for longer ones. A node takes the
 * next 8 bits (the stride), so that it has 256 slots. Equal neighbouring slots are one
 * *run*, stored once:
 *
 *	slots:   A A A B B * C C C C C C ...   A, B, C: values; *: a node below
 *	start:   1 0 0 1 0 1 1 0 0 0 0 0 ...   a bit where a run starts
 *	run[]:   A B * C ...                   run[bits set up to the slot - 1]
 *
 *	node:    | fallback, counts, ranks | start bits | run[] | own bits | own[] |
 *	           what readers use ------------------------------> writers only -->
 *
 * The own part is the truth: which prefixes end in this node, as bits of a heap
 * (index 1 << length | bits) and their values in that order. The runs are computed
 * from it. A slot with a node below it has no room for a value of its own; that is
 * kept in the node below, as its *fallback*.
 *
 * Synchronisation. Writers hold the lock. A node is replaced by a changed copy, by
 * one store in its parent, and retired. Three things change in place, each by one
 * atomic store: a reference to a node, a fallback, and at a remove the runs that
 * belonged to the prefix (a run never spans two prefixes, even of equal values, so
 * that it can be given to the next shorter one without memory). Readers hold nothing
 * over a step but what they have read, and any mix of before and after is right for
 * one of both.
 */
#include "hashtrie/prefix.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hashtrie/arena_priv.h"

#define ROOT_BITS   16
#define ROOT_SLOTS  (1u << ROOT_BITS)
#define STRIDE      8u
#define SLOTS       (1u << STRIDE)
#define HEAP        (2u << STRIDE)
#define START_WORDS (SLOTS / 64)
#define OWN_WORDS   (HEAP / 64)
#define LEVELS_MAX  14 /* (128 - 16) / 8 */

/* A slot or run: 0, a value plus one, or a node. */
#define SLOT_EMPTY 0u
#define SLOT_NODE  (UINT32_C(1) << 31)

_Static_assert(((uint64_t)ARENA_CHUNKS_MAX * ARENA_CHUNK / ARENA_GRANULE << REF_SHIFT) <=
                       SLOT_NODE,
               "a reference leaves bit 31 free");

struct node {
	uint32_t fallback; /* of the slot that leads here; SLOT_EMPTY: look further up */
	uint16_t runs;
	uint16_t owns;
	uint8_t rank[4]; /* runs that start before each word of start[] */
	uint32_t unused;
	uint64_t start[]; /* then: run[], own bits, own values */
};

struct prefix_table {
	uint64_t *root;    /* value plus one << 32 | reference */
	uint32_t *own;     /* prefixes of 1 to 16 bits, as a heap; values plus one */
	uint32_t fallback; /* of the prefix of length 0 */
	unsigned int bits; /* of an address */
	bool (*find)(const struct prefix_table *t, const void *addr, uint32_t *value);
	void (*find_bulk)(const struct prefix_table *t, unsigned int n,
	                  const void *const *addrs, uint32_t *values);

	pthread_mutex_t lock; /* for writers: all of the table */
	bool grace_due; /* who has the lock must call arena_grace_begin() after it */
	uint64_t prefixes;
	uint64_t nodes;
	struct arena arena;
};

/* ---- addresses --------------------------------------------------------------- */

/* An address, its first bit on top. */
struct key {
	uint64_t high, low;
};

static inline uint64_t be_load(const uint8_t *p, unsigned int bytes)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

static inline struct key key_load(const void *addr, unsigned int bits)
{
	const uint8_t *p = addr;

	if (bits == PREFIX_IPV4)
		return (struct key){ be_load(p, 4) << 32, 0 };
	return (struct key){ be_load(p, 8), be_load(p + 8, 8) };
}

/* @n bits from bit @at on (0: the first), 1 <= n <= 16. Beyond the end are zeros. */
static inline unsigned int key_bits(const struct key *k, unsigned int at, unsigned int n)
{
	uint64_t v;

	if (at >= 64)
		v = k->low << (at - 64);
	else
		v = k->high << at | (at ? k->low >> (64 - at) : 0);
	return (unsigned int)(v >> (64 - n));
}

/* ---- nodes, as readers see them ---------------------------------------------- */

static inline uint32_t *node_run(const struct node *n)
{
	return (uint32_t *)(uintptr_t)(n->start + START_WORDS);
}

/* The run that @slot is part of. */
static inline __attribute__((always_inline)) const uint32_t *node_find(
	const struct node *n, unsigned int slot)
{
	unsigned int word = slot / 64;
	uint64_t up_to = ~UINT64_C(0) >> (63 - slot % 64);
	unsigned int rank = (unsigned int)__builtin_popcountll(n->start[word] & up_to);

	return node_run(n) + n->rank[word] + rank - 1;
}

static inline uint32_t slot_load(const uint32_t *slot)
{
	return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

static inline void slot_store(uint32_t *slot, uint32_t value)
{
	__atomic_store_n(slot, value, __ATOMIC_RELEASE);
}

static inline uint64_t root_load(const struct prefix_table *t, unsigned int slot)
{
	return __atomic_load_n(&t->root[slot], __ATOMIC_ACQUIRE);
}

static inline struct node *node_at(const struct prefix_table *t, uint32_t ref)
{
	return arena_at(&t->arena, ref);
}

static inline uint32_t value_or(uint32_t value, uint32_t otherwise)
{
	return value != SLOT_EMPTY ? value : otherwise;
}

/* ---- find -------------------------------------------------------------------- */

static inline __attribute__((always_inline)) bool find_one(const struct prefix_table *t,
                                                           const void *addr,
                                                           uint32_t *value,
                                                           unsigned int bits)
{
	struct key key = key_load(addr, bits);
	uint64_t word = root_load(t, key_bits(&key, 0, ROOT_BITS));
	uint32_t best = value_or((uint32_t)(word >> 32), slot_load(&t->fallback));
	uint32_t ref = (uint32_t)word;

	for (unsigned int at = ROOT_BITS; ref; at += STRIDE) {
		const struct node *n = node_at(t, ref);
		uint32_t slot = slot_load(node_find(n, key_bits(&key, at, STRIDE)));

		best = value_or(slot_load(&n->fallback), best);
		ref = slot & SLOT_NODE ? slot & ~SLOT_NODE : 0;
		if (!ref)
			best = value_or(slot, best);
	}
	*value = best - 1;
	return best != SLOT_EMPTY;
}

/* Where one of the addresses of a bulk find has got to. */
struct probe {
	struct key key;
	const struct node *node;
	const uint32_t *run;
	uint32_t best;
	unsigned int index; /* of the address */
};

/* Enter the node that @ref names, if any; its head is fetched meanwhile. */
static inline bool probe_enter(const struct prefix_table *t, struct probe *p,
                               uint32_t ref)
{
	if (!ref)
		return false;
	p->node = node_at(t, ref);
	__builtin_prefetch(p->node);
	return true;
}

/*
 * All addresses go down level by level, side by side, so that their cache misses
 * overlap: first the heads of all nodes, then the runs, then the next level. Those
 * that have arrived drop out.
 */
static inline __attribute__((always_inline)) void find_many(const struct prefix_table *t,
                                                            unsigned int n,
                                                            const void *const *addrs,
                                                            uint32_t *values,
                                                            unsigned int bits)
{
	struct probe probe[PREFIX_BULK_MAX];
	unsigned int live = 0;

	assert(n <= PREFIX_BULK_MAX);
	for (unsigned int i = 0; i < n; i++) {
		probe[i].key = key_load(addrs[i], bits);
		__builtin_prefetch(&t->root[key_bits(&probe[i].key, 0, ROOT_BITS)]);
	}
	for (unsigned int i = 0; i < n; i++) {
		struct probe *p = &probe[live];
		uint64_t word;

		*p = probe[i];
		p->index = i;
		word = root_load(t, key_bits(&p->key, 0, ROOT_BITS));
		p->best = value_or((uint32_t)(word >> 32), slot_load(&t->fallback));
		values[i] = p->best - 1;
		live += probe_enter(t, p, (uint32_t)word);
	}
	for (unsigned int at = ROOT_BITS; live; at += STRIDE) {
		unsigned int next = 0;

		for (unsigned int i = 0; i < live; i++) {
			struct probe *p = &probe[i];

			p->run = node_find(p->node, key_bits(&p->key, at, STRIDE));
			__builtin_prefetch(p->run);
		}
		for (unsigned int i = 0; i < live; i++) {
			struct probe *p = &probe[next];
			uint32_t slot;

			*p = probe[i];
			slot = slot_load(p->run);
			p->best = value_or(slot_load(&p->node->fallback), p->best);
			if (slot & SLOT_NODE)
				next += probe_enter(t, p, slot & ~SLOT_NODE);
			else
				values[p->index] = value_or(slot, p->best) - 1;
		}
		live = next;
	}
}

/*
 * One function for each family and, on x86, for machines with and without a
 * population-count instruction: without it a lookup takes twice as long.
 */
#define FIND_FUNCTIONS(suffix, attribute)                                               \
	attribute static bool find_ipv4##suffix(const struct prefix_table *t,           \
	                                        const void *addr, uint32_t *value)      \
	{                                                                               \
		return find_one(t, addr, value, PREFIX_IPV4);                           \
	}                                                                               \
	attribute static bool find_ipv6##suffix(const struct prefix_table *t,           \
	                                        const void *addr, uint32_t *value)      \
	{                                                                               \
		return find_one(t, addr, value, PREFIX_IPV6);                           \
	}                                                                               \
	attribute static void find_ipv4_bulk##suffix(                                   \
		const struct prefix_table *t, unsigned int n, const void *const *addrs, \
		uint32_t *values)                                                       \
	{                                                                               \
		find_many(t, n, addrs, values, PREFIX_IPV4);                            \
	}                                                                               \
	attribute static void find_ipv6_bulk##suffix(                                   \
		const struct prefix_table *t, unsigned int n, const void *const *addrs, \
		uint32_t *values)                                                       \
	{                                                                               \
		find_many(t, n, addrs, values, PREFIX_IPV6);                            \
	}

FIND_FUNCTIONS(, )
#if defined(__x86_64__)
FIND_FUNCTIONS(_popcnt, __attribute__((target("popcnt"))))
#endif

static void find_choose(struct prefix_table *t)
{
	t->find = t->bits == PREFIX_IPV4 ? find_ipv4 : find_ipv6;
	t->find_bulk = t->bits == PREFIX_IPV4 ? find_ipv4_bulk : find_ipv6_bulk;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("popcnt")) {
		t->find = t->bits == PREFIX_IPV4 ? find_ipv4_popcnt : find_ipv6_popcnt;
		t->find_bulk = t->bits == PREFIX_IPV4 ? find_ipv4_bulk_popcnt
		                                      : find_ipv6_bulk_popcnt;
	}
#endif
}

bool prefix_find(const struct prefix_table *t, const void *addr, uint32_t *value)
{
	return t->find(t, addr, value);
}

void prefix_find_bulk(const struct prefix_table *t, unsigned int n,
                      const void *const *addrs, uint32_t *values)
{
	t->find_bulk(t, n, addrs, values);
}

/* ---- nodes, as writers see them ---------------------------------------------- */

static uint64_t *node_own_bits(const struct node *n)
{
	uintptr_t end = (uintptr_t)(node_run(n) + n->runs);

	return (uint64_t *)((end + 7) & ~(uintptr_t)7);
}

static uint32_t *node_own(const struct node *n)
{
	return (uint32_t *)(node_own_bits(n) + OWN_WORDS);
}

static size_t node_bytes(unsigned int runs, unsigned int owns)
{
	size_t head = sizeof(struct node) + START_WORDS * sizeof(uint64_t);

	return ((head + runs * sizeof(uint32_t) + 7) & ~(size_t)7) +
	       OWN_WORDS * sizeof(uint64_t) + owns * sizeof(uint32_t);
}

static bool bits_test(const uint64_t *bits, unsigned int i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

static void bits_set(uint64_t *bits, unsigned int i)
{
	bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static void bits_clear(uint64_t *bits, unsigned int i)
{
	bits[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

static unsigned int bits_count(const uint64_t *bits, unsigned int words)
{
	unsigned int n = 0;

	for (unsigned int w = 0; w < words; w++)
		n += (unsigned int)__builtin_popcountll(bits[w]);
	return n;
}

/* Each set bit of @bits, @words long, as @i, in order. */
#define for_each_bit(i, bits, words)                                               \
	for (unsigned int w_ = 0; w_ < (words); w_++)                              \
		for (uint64_t left_ = (bits)[w_];                                  \
		     left_ &&                                                      \
		     ((i) = w_ * 64 + (unsigned int)__builtin_ctzll(left_), true); \
		     left_ &= left_ - 1)

/* A node taken apart: what a change is made to. */
struct draft {
	uint64_t own_bits[OWN_WORDS]; /* prefixes that end here, as a heap */
	uint32_t own[HEAP];           /* where a bit is set: its value plus one */
	uint32_t node[SLOTS];         /* SLOT_NODE | reference, or 0 */
	uint32_t fallback;
	/* computed from these: */
	uint32_t value[SLOTS];       /* own value of each slot */
	uint16_t owner[SLOTS];       /* heap index of the prefix it is from, or 0 */
	uint64_t start[START_WORDS]; /* where runs start */
};

static void draft_clear(struct draft *d, uint32_t fallback)
{
	memset(d->own_bits, 0, sizeof(d->own_bits));
	memset(d->node, 0, sizeof(d->node));
	d->fallback = fallback;
}

static void draft_own(struct draft *d, unsigned int heap, uint32_t value)
{
	bits_set(d->own_bits, heap);
	d->own[heap] = value;
}

static void draft_load(struct draft *d, const struct node *n)
{
	const uint32_t *own = node_own(n), *run = node_run(n);
	unsigned int i;

	draft_clear(d, n->fallback);
	memcpy(d->own_bits, node_own_bits(n), OWN_WORDS * sizeof(uint64_t));
	for_each_bit(i, d->own_bits, OWN_WORDS) d->own[i] = *own++;
	for_each_bit(i, n->start, START_WORDS)
	{
		if (*run & SLOT_NODE)
			d->node[i] = *run;
		run++;
	}
}

static unsigned int heap_length(unsigned int heap)
{
	return 31 - (unsigned int)__builtin_clz(heap);
}

static unsigned int heap_slots(unsigned int heap)
{
	return 1u << (STRIDE - heap_length(heap));
}

static unsigned int heap_first_slot(unsigned int heap)
{
	return (heap - (1u << heap_length(heap))) * heap_slots(heap);
}

/* Give each slot to the longest prefix over it: later ones in the heap are longer. */
static void draft_compute(struct draft *d)
{
	unsigned int h, end;

	memset(d->value, 0, sizeof(d->value));
	memset(d->owner, 0, sizeof(d->owner));
	for_each_bit(h, d->own_bits, OWN_WORDS)
	{
		end = heap_first_slot(h) + heap_slots(h);
		for (unsigned int slot = heap_first_slot(h); slot < end; slot++) {
			d->value[slot] = d->own[h];
			d->owner[slot] = (uint16_t)h;
		}
	}
	memset(d->start, 0, sizeof(d->start));
	d->start[0] = 1;
	for (unsigned int slot = 1; slot < SLOTS; slot++)
		d->start[slot / 64] |= (uint64_t)(d->owner[slot] != d->owner[slot - 1] ||
		                                  d->node[slot] || d->node[slot - 1])
		                       << (slot % 64);
}

static size_t draft_bytes(const struct draft *d)
{
	return node_bytes(bits_count(d->start, START_WORDS),
	                  bits_count(d->own_bits, OWN_WORDS));
}

static unsigned int class_for(size_t bytes)
{
	unsigned int class = 0;

	while (((size_t)ARENA_GRANULE << class) < bytes)
		class ++;
	assert(class < ARENA_CLASSES);
	return class;
}

static void node_fill(struct node *n, const struct draft *d)
{
	uint32_t *run = node_run(n), *own;
	unsigned int i;

	n->fallback = d->fallback;
	n->runs = (uint16_t)bits_count(d->start, START_WORDS);
	n->owns = (uint16_t)bits_count(d->own_bits, OWN_WORDS);
	for (i = 0; i < START_WORDS; i++) {
		n->rank[i] = (uint8_t)bits_count(d->start, i);
		n->start[i] = d->start[i];
	}
	for_each_bit(i, d->start, START_WORDS) *run++ =
		d->node[i] ? d->node[i] : d->value[i];
	memcpy(node_own_bits(n), d->own_bits, OWN_WORDS * sizeof(uint64_t));
	own = node_own(n);
	for_each_bit(i, d->own_bits, OWN_WORDS) *own++ = d->own[i];
}

/* A node as drafted. Returns SLOT_NODE | its reference, or 0: no memory. */
static uint32_t node_new(struct prefix_table *t, struct draft *d)
{
	uint32_t ref;

	draft_compute(d);
	ref = arena_alloc(&t->arena, class_for(draft_bytes(d)), 0);
	if (ref == REF_NONE)
		return 0;
	node_fill(node_at(t, ref), d);
	t->nodes++;
	return SLOT_NODE | ref;
}

/* Free a node that was never published, or retire one that was. */
static void node_free(struct prefix_table *t, uint32_t slot)
{
	arena_free(&t->arena, slot & ~SLOT_NODE);
	t->nodes--;
}

static void node_retire(struct prefix_table *t, uint32_t slot)
{
	t->grace_due |= arena_retire(&t->arena, slot & ~SLOT_NODE);
	t->nodes--;
}

/* A writer lets the lock go, and then does what must not be done with it. */
static void table_leave(struct prefix_table *t)
{
	bool grace_due = t->grace_due;

	t->grace_due = false;
	pthread_mutex_unlock(&t->lock);
	if (grace_due)
		arena_grace_begin(&t->arena);
}

/* ---- the way to a node ------------------------------------------------------- */

/*
 * Nodes from the root towards a prefix: node[0] .. node[last]. The last one is the
 * deepest that exists and is not beyond the prefix's own level.
 */
struct way {
	struct key key;
	unsigned int level; /* where the prefix belongs */
	int last;           /* -1: the root has no node here */
	uint32_t node[LEVELS_MAX];
};

static inline unsigned int level_at(unsigned int level)
{
	return ROOT_BITS + level * STRIDE;
}

static unsigned int way_slot(const struct way *w, unsigned int level)
{
	return key_bits(&w->key, level_at(level), STRIDE);
}

static void way_find(const struct prefix_table *t, struct way *w, const struct key *key,
                     unsigned int length)
{
	uint32_t ref = (uint32_t)root_load(t, key_bits(key, 0, ROOT_BITS));

	w->key = *key;
	w->level = (length - ROOT_BITS - 1) / STRIDE;
	w->last = -1;
	while (ref) {
		uint32_t slot;

		w->node[++w->last] = SLOT_NODE | ref;
		if ((unsigned int)w->last == w->level)
			break;
		slot = *node_find(node_at(t, ref), way_slot(w, (unsigned int)w->last));
		ref = slot & SLOT_NODE ? slot & ~SLOT_NODE : 0;
	}
}

/* Let the reference that leads to level @level lead to @slot instead. */
static void way_publish(struct prefix_table *t, const struct way *w, int level,
                        uint32_t slot)
{
	if (level == 0) {
		uint64_t *word = &t->root[key_bits(&w->key, 0, ROOT_BITS)];
		uint64_t value = *word >> 32 << 32;

		__atomic_store_n(word, value | (slot & ~SLOT_NODE), __ATOMIC_RELEASE);
		return;
	}
	slot_store((uint32_t *)(uintptr_t)node_find(
			   node_at(t, w->node[level - 1] & ~SLOT_NODE),
			   way_slot(w, (unsigned int)level - 1)),
	           slot);
}

/* The index in its node's heap of the prefix that ends at @length. */
static unsigned int way_heap(const struct way *w, unsigned int length)
{
	unsigned int at = level_at(w->level), n = length - at;

	return 1u << n | key_bits(&w->key, at, n);
}

/* The nodes below get the values of their slots, now that these may have changed. */
static void fallbacks_update(struct prefix_table *t, const struct draft *d)
{
	for (unsigned int slot = 0; slot < SLOTS; slot++)
		if (d->node[slot])
			slot_store(&node_at(t, d->node[slot] & ~SLOT_NODE)->fallback,
			           d->value[slot]);
}

/* Replace the way's last node by what has been drafted from it. */
static int way_replace(struct prefix_table *t, struct way *w, struct draft *d)
{
	uint32_t old = w->node[w->last], fresh = node_new(t, d);

	if (!fresh)
		return -ENOMEM;
	way_publish(t, w, w->last, fresh);
	fallbacks_update(t, d);
	node_retire(t, old);
	w->node[w->last] = fresh;
	return 0;
}

/* ---- insert ------------------------------------------------------------------ */

static void chain_free(struct prefix_table *t, uint32_t slot)
{
	while (slot) {
		const struct node *n = node_at(t, slot & ~SLOT_NODE);
		uint32_t below = 0;

		for (unsigned int i = 0; i < n->runs; i++)
			if (node_run(n)[i] & SLOT_NODE)
				below = node_run(n)[i];
		node_free(t, slot);
		slot = below;
	}
}

/*
 * New nodes from the prefix's level up to the one below the way's last node, with
 * nothing in them but the prefix. Returns the uppermost, or 0: no memory.
 */
static uint32_t chain_new(struct prefix_table *t, const struct way *w, unsigned int heap,
                          uint32_t value, uint32_t fallback)
{
	struct draft d;
	uint32_t slot, below;
	int level = (int)w->level;

	draft_clear(&d, SLOT_EMPTY);
	draft_own(&d, heap, value);
	for (below = 0;; below = slot) {
		d.fallback = level == w->last + 1 ? fallback : SLOT_EMPTY;
		slot = node_new(t, &d);
		if (!slot) {
			chain_free(t, below);
			return 0;
		}
		if (level-- == w->last + 1)
			return slot;
		draft_clear(&d, SLOT_EMPTY);
		d.node[way_slot(w, (unsigned int)level)] = slot;
	}
}

/* The prefix's node does not exist yet. */
static int insert_chain(struct prefix_table *t, struct way *w, unsigned int heap,
                        uint32_t value)
{
	struct draft d;
	unsigned int slot;
	uint32_t chain;
	int err;

	if (w->last < 0) {
		chain = chain_new(t, w, heap, value, SLOT_EMPTY);
		if (!chain)
			return -ENOMEM;
		way_publish(t, w, 0, chain);
		return 0;
	}
	draft_load(&d, node_at(t, w->node[w->last] & ~SLOT_NODE));
	draft_compute(&d);
	slot = way_slot(w, (unsigned int)w->last);
	chain = chain_new(t, w, heap, value, d.value[slot]);
	if (!chain)
		return -ENOMEM;
	d.node[slot] = chain;
	err = way_replace(t, w, &d);
	if (err)
		chain_free(t, chain);
	return err;
}

static int insert_long(struct prefix_table *t, const struct key *key, unsigned int length,
                       uint32_t value)
{
	unsigned int heap;
	struct draft d;
	struct way w;

	way_find(t, &w, key, length);
	heap = way_heap(&w, length);
	if (w.last < (int)w.level)
		return insert_chain(t, &w, heap, value);
	draft_load(&d, node_at(t, w.node[w.last] & ~SLOT_NODE));
	if (bits_test(d.own_bits, heap))
		return -EEXIST;
	draft_own(&d, heap, value);
	return way_replace(t, &w, &d);
}

/* ---- the root's own prefixes -------------------------------------------------- */

static inline unsigned int root_heap(const struct key *key, unsigned int length)
{
	return 1u << length | key_bits(key, 0, length);
}

/* All slots below heap index @h get @value, but for those of longer prefixes. */
static void root_fill(struct prefix_table *t, unsigned int h, uint32_t value)
{
	if (h < ROOT_SLOTS) {
		for (unsigned int half = 2 * h; half <= 2 * h + 1; half++)
			if (half >= ROOT_SLOTS || t->own[half] == SLOT_EMPTY)
				root_fill(t, half, value);
		return;
	}
	/* A slot of a /16 keeps that one's value. */
	if (t->own[h] == SLOT_EMPTY || t->own[h] == value) {
		uint64_t *word = &t->root[h - ROOT_SLOTS];

		__atomic_store_n(word, (uint64_t)value << 32 | (uint32_t)*word,
		                 __ATOMIC_RELEASE);
	}
}

static int insert_short(struct prefix_table *t, const struct key *key,
                        unsigned int length, uint32_t value)
{
	unsigned int h = length ? root_heap(key, length) : 0;
	uint32_t *own = length ? &t->own[h] : &t->fallback;

	if (*own != SLOT_EMPTY)
		return -EEXIST;
	slot_store(own, value);
	if (length)
		root_fill(t, h, value);
	return 0;
}

static int remove_short(struct prefix_table *t, const struct key *key,
                        unsigned int length)
{
	unsigned int h = length ? root_heap(key, length) : 0;
	uint32_t *own = length ? &t->own[h] : &t->fallback;
	unsigned int up;

	if (*own == SLOT_EMPTY)
		return -ENOENT;
	slot_store(own, SLOT_EMPTY);
	if (!length)
		return 0;
	for (up = h / 2; up > 1 && t->own[up] == SLOT_EMPTY;)
		up /= 2;
	root_fill(t, h, up > 1 ? t->own[up] : SLOT_EMPTY);
	return 0;
}

int prefix_insert(struct prefix_table *t, const void *addr, unsigned int length,
                  uint32_t value)
{
	struct key key = key_load(addr, t->bits);
	int err;

	if (length > t->bits || value > PREFIX_VALUE_MAX)
		return -EINVAL;
	pthread_mutex_lock(&t->lock);
	if (length <= ROOT_BITS)
		err = insert_short(t, &key, length, value + 1);
	else
		err = insert_long(t, &key, length, value + 1);
	if (!err)
		t->prefixes++;
	table_leave(t);
	return err;
}

/* ---- remove ------------------------------------------------------------------ */

static void node_disown(struct node *n, unsigned int heap)
{
	uint64_t *bits = node_own_bits(n);
	uint32_t *own = node_own(n);
	unsigned int before = 0;

	for (unsigned int h = 2; h < heap; h++)
		before += bits_test(bits, h);
	bits_clear(bits, heap);
	n->owns--;
	memmove(own + before, own + before + 1, (n->owns - before) * sizeof(*own));
}

/* Give the runs of the prefix at @heap to the next shorter ones, in place. */
static void node_remove_own(struct prefix_table *t, struct node *n, struct draft *d,
                            unsigned int heap)
{
	unsigned int first = heap_first_slot(heap);

	bits_clear(d->own_bits, heap);
	draft_compute(d);
	for (unsigned int i = 0; i < heap_slots(heap); i++) {
		uint32_t *run = (uint32_t *)(uintptr_t)node_find(n, first + i);

		if (!(*run & SLOT_NODE))
			slot_store(run, d->value[first + i]);
	}
	fallbacks_update(t, d);
	node_disown(n, heap);
}

static bool node_is_empty(const struct node *n)
{
	if (n->owns)
		return false;
	for (unsigned int i = 0; i < n->runs; i++)
		if (node_run(n)[i] & SLOT_NODE)
			return false;
	return true;
}

/* Unlink nodes that have become empty, from the way's last one upwards. */
static void way_prune(struct prefix_table *t, struct way *w)
{
	for (; w->last >= 0; w->last--) {
		uint32_t slot = w->node[w->last];
		const struct node *n = node_at(t, slot & ~SLOT_NODE);

		if (!node_is_empty(n))
			return;
		way_publish(t, w, w->last, w->last > 0 ? n->fallback : 0);
		node_retire(t, slot);
	}
}

/* Is the node's object at least twice what it needs? Then have it rewritten. */
static void way_compact(struct prefix_table *t, struct way *w, struct draft *d)
{
	if (w->last < (int)w->level)
		return;
	if (class_for(draft_bytes(d)) < (w->node[w->last] & ~SLOT_NODE & REF_CLASS))
		(void)way_replace(t, w, d); /* no memory: it stays large */
}

static int remove_long(struct prefix_table *t, const struct key *key, unsigned int length)
{
	unsigned int heap;
	struct draft d;
	struct node *n;
	struct way w;

	way_find(t, &w, key, length);
	if (w.last < (int)w.level)
		return -ENOENT;
	heap = way_heap(&w, length);
	n = node_at(t, w.node[w.last] & ~SLOT_NODE);
	if (!bits_test(node_own_bits(n), heap))
		return -ENOENT;
	draft_load(&d, n);
	node_remove_own(t, n, &d, heap);
	way_prune(t, &w);
	way_compact(t, &w, &d);
	return 0;
}

int prefix_remove(struct prefix_table *t, const void *addr, unsigned int length)
{
	struct key key = key_load(addr, t->bits);
	int err;

	if (length > t->bits)
		return -EINVAL;
	pthread_mutex_lock(&t->lock);
	err = length <= ROOT_BITS ? remove_short(t, &key, length)
	                          : remove_long(t, &key, length);
	if (!err)
		t->prefixes--;
	table_leave(t);
	return err;
}

/* The prefix's own value plus one, or SLOT_EMPTY. With the lock. */
static uint32_t own_value(struct prefix_table *t, const struct key *key,
                          unsigned int length)
{
	unsigned int heap;
	struct draft d;
	struct way w;

	if (length == 0)
		return t->fallback;
	if (length <= ROOT_BITS)
		return t->own[root_heap(key, length)];
	way_find(t, &w, key, length);
	if (w.last < (int)w.level)
		return SLOT_EMPTY;
	draft_load(&d, node_at(t, w.node[w.last] & ~SLOT_NODE));
	heap = way_heap(&w, length);
	return bits_test(d.own_bits, heap) ? d.own[heap] : SLOT_EMPTY;
}

bool prefix_get(struct prefix_table *t, const void *addr, unsigned int length,
                uint32_t *value)
{
	struct key key = key_load(addr, t->bits);
	uint32_t own;

	if (length > t->bits)
		return false;
	pthread_mutex_lock(&t->lock);
	own = own_value(t, &key, length);
	pthread_mutex_unlock(&t->lock);
	*value = own - 1;
	return own != SLOT_EMPTY;
}

/* ---- life -------------------------------------------------------------------- */

#define ROOT_BYTES (ROOT_SLOTS * sizeof(uint64_t))
#define OWN_BYTES  (2 * ROOT_SLOTS * sizeof(uint32_t))

struct prefix_table *prefix_new(enum prefix_family family,
                                bool (*permit)(void *ctx, size_t bytes), void *ctx)
{
	struct prefix_table *t;
	void *root;

	if (permit && !permit(ctx, sizeof(*t) + ROOT_BYTES + OWN_BYTES))
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	/* Zeroed by the kernel as it is touched: a set of a few prefixes costs a few pages. */
	root = mmap(NULL, ROOT_BYTES + OWN_BYTES, PROT_READ | PROT_WRITE,
	            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (root == MAP_FAILED)
		goto free_table;
	if (arena_init(&t->arena, permit, ctx) < 0)
		goto unmap_root;
	t->root = root;
	t->own = (uint32_t *)(void *)(t->root + ROOT_SLOTS);
	t->bits = family;
	find_choose(t);
	pthread_mutex_init(&t->lock, NULL);
	return t;

unmap_root:
	munmap(root, ROOT_BYTES + OWN_BYTES);
free_table:
	free(t);
	return NULL;
}

void prefix_destroy(struct prefix_table *t)
{
	if (!t)
		return;
	arena_fini(&t->arena);
	munmap(t->root, ROOT_BYTES + OWN_BYTES);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

void prefix_stats(struct prefix_table *t, struct prefix_stats *stats)
{
	struct arena_stats arena;

	arena_stats(&t->arena, &arena);
	pthread_mutex_lock(&t->lock);
	*stats = (struct prefix_stats){
		.prefixes = t->prefixes,
		.nodes = t->nodes,
		.bytes = arena.bytes,
		.bytes_limbo = arena.bytes_limbo,
	};
	pthread_mutex_unlock(&t->lock);
}
