/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leaf.c - what writers do to leaves
 *
 * All functions run under the subtree's lock, or on a leaf that nobody else knows
 * yet. Their stores are release stores in either case: on a private leaf that
 * costs nothing on x86, and there is one way to place an entry.
 */
#include "hashtrie/leaf_priv.h"

#include <assert.h>

static inline void line_store(struct line *l, unsigned int slot, uint64_t entry)
{
	__atomic_store_n(&l->slot[slot], entry, __ATOMIC_RELEASE);
}

static inline void line_head_add(struct line *home, unsigned int distance, int64_t n)
{
	uint64_t head = home->head + ((uint64_t)n << (4 * distance));

	__atomic_store_n(&home->head, head, __ATOMIC_RELEASE);
}

static inline unsigned int leaf_reach(unsigned int class, unsigned int reach)
{
	unsigned int last = leaf_lines(class) - 1;

	return reach < last ? reach : last;
}

bool leaf_place(struct line *leaf, unsigned int class, uint64_t entry, unsigned int reach)
{
	struct line *home = leaf_home(leaf, class, entry_tag(entry));

	reach = leaf_reach(class, reach);
	for (unsigned int d = 0; d <= reach; d++) {
		struct line *l = line_away(home, d);
		unsigned int free = line_free(l);

		if (!free)
			continue;
		if (d > 0)
			line_head_add(home, d, 1);
		line_store(l, (unsigned int)__builtin_ctz(free), entry);
		return true;
	}
	return false;
}

static bool line_take(struct line *l, uint64_t entry)
{
	unsigned int found = line_tags(l, entry_tag(entry));

	for (; found; found &= found - 1) {
		unsigned int slot = (unsigned int)__builtin_ctz(found);

		if (line_entry(l, slot) == entry) {
			line_store(l, slot, 0);
			return true;
		}
	}
	return false;
}

struct line *leaf_take(struct line *leaf, unsigned int class, uint64_t entry)
{
	struct line *home = leaf_home(leaf, class, entry_tag(entry));
	uint64_t head = home->head;

	if (line_take(home, entry))
		return home;
	while (head) {
		unsigned int d = line_next_distance(&head);
		struct line *l = line_away(home, d);

		if (line_take(l, entry)) {
			line_head_add(home, d, -1);
			return l;
		}
	}
	return NULL;
}

/* Slots of a line that hold an entry. */
static inline unsigned int line_used(const struct line *l)
{
	return ~line_free(l) & LINE_ALL;
}

#if defined(LINE_SSE2)

/* Counts in four lanes what the baseline of x86-64 has no instruction for: handles that are 0,
 * and among them the heads' lower halves, which are no slots. */
unsigned int leaf_count(const struct line *leaf, unsigned int class)
{
	const __m128i zero = _mm_setzero_si128();
	unsigned int lines = leaf_lines(class), heads = 0;
	__m128i sum = zero;
	uint32_t lanes[4];

	for (unsigned int i = 0; i < lines; i++) {
		const __m128 *v = (const __m128 *)(const void *)&leaf[i];
		__m128 low = _mm_shuffle_ps(v[0], v[1], LINE_EVEN);
		__m128 high = _mm_shuffle_ps(v[2], v[3], LINE_EVEN);

		sum = _mm_add_epi32(sum, _mm_cmpeq_epi32(_mm_castps_si128(low), zero));
		sum = _mm_add_epi32(sum, _mm_cmpeq_epi32(_mm_castps_si128(high), zero));
		heads += (uint32_t)leaf[i].head == 0;
	}
	_mm_storeu_si128((__m128i *)(void *)lanes, sum); /* each is minus a count */
	return lines * LINE_SLOTS + heads + lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

#else

unsigned int leaf_count(const struct line *leaf, unsigned int class)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < leaf_lines(class); i++)
		n += (unsigned int)__builtin_popcount(line_used(&leaf[i]));
	return n;
}

#endif

bool leaf_quiet(const struct line *leaf, unsigned int class, const struct line *line)
{
	unsigned int last = leaf_reach(class, LEAF_NEAR);

	for (unsigned int d = 0; d <= last; d++)
		if (line_free(line_away(line, d)) != LINE_ALL)
			return false;
	return true;
}

bool leaf_copy(struct line *to, unsigned int to_class, const struct line *from,
               unsigned int from_class)
{
	for (unsigned int i = 0; i < leaf_lines(from_class); i++)
		for (unsigned int used = line_used(&from[i]); used; used &= used - 1)
			if (!leaf_place(to, to_class, from[i].slot[__builtin_ctz(used)],
			                LEAF_FAR))
				return false;
	return true;
}

/* ---- splitting --------------------------------------------------------------- */

/* What a split has still to place. */
struct aways {
	uint64_t entry[LINE_SLOTS << LEAF_CLASS_FULL];
	unsigned int n;
};

static inline void aways_gather(struct aways *a, const struct line *l, unsigned int home)
{
	for (unsigned int used = line_used(l); used; used &= used - 1) {
		uint64_t entry = l->slot[__builtin_ctz(used)];

		a->entry[a->n] = entry;
		a->n += entry_tag(entry) % leaf_lines(LEAF_CLASS_FULL) != home;
	}
}

#if defined(LINE_SSE2)

/* Each half of a word as its upper half is: all ones or none. */
static inline __m128i words_of_upper(__m128i v)
{
	return _mm_shuffle_epi32(v, _MM_SHUFFLE(3, 3, 1, 1));
}

/* A word in both places. */
static inline __m128i word_twice(uint32_t upper)
{
	return _mm_set1_epi64x((long long)((uint64_t)upper << 32));
}

/* Line @home of a leaf into those of the halves, but for entries that are away there. */
static inline void line_split(struct line *half[2], const struct line *from,
                              unsigned int home, uint32_t bit, struct aways *aways)
{
	const __m128i lines = word_twice(leaf_lines(LEAF_CLASS_FULL) - 1);
	const __m128i bits = word_twice(bit), here = word_twice(home);
	const __m128i slots_only = _mm_set_epi64x(-1, 0);
	const __m128i *v = (const __m128i *)(const void *)from;
	__m128i *zero = (__m128i *)(void *)&half[0][home];
	__m128i *one = (__m128i *)(void *)&half[1][home];
	__m128i lost = _mm_setzero_si128();

	for (unsigned int i = 0; i < 4; i++) {
		__m128i words = i ? v[i] : _mm_and_si128(v[i], slots_only);
		__m128i at_home = words_of_upper(
			_mm_cmpeq_epi32(_mm_and_si128(words, lines), here));
		__m128i with_bit =
			words_of_upper(_mm_cmpeq_epi32(_mm_and_si128(words, bits), bits));
		__m128i kept = _mm_and_si128(words, at_home);

		zero[i] = _mm_andnot_si128(with_bit, kept);
		one[i] = _mm_and_si128(with_bit, kept);
		lost = _mm_or_si128(lost, _mm_xor_si128(words, kept));
	}
	lost = _mm_cmpeq_epi32(lost, _mm_setzero_si128());
	if (_mm_movemask_epi8(lost) != 0xffff)
		aways_gather(aways, from, home);
}

#else

static inline void line_split(struct line *half[2], const struct line *from,
                              unsigned int home, uint32_t bit, struct aways *aways)
{
	for (unsigned int slot = 0; slot < LINE_SLOTS; slot++) {
		uint64_t entry = from->slot[slot];

		if (entry_tag(entry) % leaf_lines(LEAF_CLASS_FULL) == home)
			half[(entry_tag(entry) & bit) != 0][home].slot[slot] = entry;
	}
	aways_gather(aways, from, home);
}

#endif

/*
 * Entries at home keep their line and slot; no search is needed. Those away are put
 * aside and placed at the end, most of them then at home. That cannot fail: the
 * group that held them before has at least as much room now.
 */
void leaf_split(struct line *half[2], const struct line *from, uint32_t bit)
{
	struct aways aways;

	aways.n = 0;
	for (unsigned int i = 0; i < leaf_lines(LEAF_CLASS_FULL); i++)
		line_split(half, &from[i], i, bit, &aways);
	for (unsigned int i = 0; i < aways.n; i++) {
		bool one = entry_tag(aways.entry[i]) & bit;
		bool placed =
			leaf_place(half[one], LEAF_CLASS_FULL, aways.entry[i], LEAF_FAR);

		assert(placed);
		(void)placed;
	}
}

bool leaf_differs(struct line *leaf, uint32_t tag, uint32_t mask)
{
	struct line *home = leaf_home(leaf, LEAF_CLASS_FULL, tag);

	for (unsigned int d = 0; d <= LEAF_FAR; d++)
		for (unsigned int slot = 0; slot < LINE_SLOTS; slot++) {
			uint64_t entry = line_away(home, d)->slot[slot];

			if (entry && ((entry_tag(entry) ^ tag) & mask))
				return true;
		}
	return false;
}
