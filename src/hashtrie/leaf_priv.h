/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leaf_priv.h - lines and leaves: where entries stand
 *
 * An entry is one 64-bit word: tag << 32 | handle. A word of zeros is a free slot.
 * A line is one cache line, a header and seven slots:
 *
 *	   0        8       16       24       32       40       48       56
 *	+--------+--------+--------+--------+--------+--------+--------+--------+
 *	|  head  | slot 0 | slot 1 | slot 2 | slot 3 | slot 4 | slot 5 | slot 6 |
 *	+--------+--------+--------+--------+--------+--------+--------+--------+
 *
 * A leaf is 1, 8 or 64 lines, aligned to its size. An entry's *home* is line
 * (tag mod lines). When that is full it stands *away*, at distance d = 1..15, in
 * line (home XOR d). The home's head counts those, four bits for each distance:
 *
 *	 63  60                8 7    4 3    0
 *	+------+-- ... --+------+------+------+
 *	| d=15 |         | d=2  | d=1  | zero |   how many of mine stand there
 *	+------+-- ... --+------+------+------+
 *
 * so that a search reads the home, and then only lines that do hold an entry from
 * there; usually none. XOR makes sixteen lines (or the first four, with d <= 3) a
 * closed group: whatever entries a group holds also fit in any other order, which
 * is why splitting a leaf cannot fail.
 *
 * Synchronisation. One writer at a time (the subtree's lock). A slot is filled and
 * cleared by one atomic store of eight bytes, and an entry never moves within a
 * leaf, so that a reader who looks at each slot once cannot miss an entry that is
 * there all the time. The head is raised before an away entry appears and lowered
 * after it has gone.
 */
#ifndef HASHTRIE_LEAF_PRIV_H
#define HASHTRIE_LEAF_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "base/rcu.h"
#include "hashtrie/hashtrie.h"

#if defined(RCU_TSAN)
/* The vector search reads words that others store: harmless, but a race by the book. */
#elif defined(__SSE2__)
#include <emmintrin.h>
#define LINE_SSE2 1
#endif

#define LINE_SLOTS 7
#define LINE_ALL   ((1u << LINE_SLOTS) - 1)

/* Distances an entry may stand away: in its group of four lines, while the leaf can
 * still be split; in its group of sixteen, when nothing else is left. */
#define LEAF_NEAR 3u
#define LEAF_FAR  (HASHTRIE_REACH - 1u)

#define LEAF_CLASS_LINE  0u /* one line */
#define LEAF_CLASS_SMALL 3u /* 8 lines */
#define LEAF_CLASS_FULL  6u /* 64 lines, a page */

struct line {
	uint64_t head;
	uint64_t slot[LINE_SLOTS];
} BASE_ALIGNED(BASE_CACHELINE);

/* ---- entries ----------------------------------------------------------------- */

static inline uint64_t entry_make(uint32_t tag, uint32_t handle)
{
	return (uint64_t)tag << 32 | handle;
}

static inline uint32_t entry_tag(uint64_t entry)
{
	return (uint32_t)(entry >> 32);
}

static inline uint32_t entry_handle(uint64_t entry)
{
	return (uint32_t)entry;
}

/* ---- one line ---------------------------------------------------------------- */

/* Acquire: what the entry's owner wrote before the insert is seen. */
static inline uint64_t line_entry(const struct line *l, unsigned int slot)
{
	return __atomic_load_n(&l->slot[slot], __ATOMIC_ACQUIRE);
}

static inline uint64_t line_head(const struct line *l)
{
	return __atomic_load_n(&l->head, __ATOMIC_ACQUIRE);
}

/*
 * line_tags(): a bit for each slot whose tag is @tag (free slots have tag 0).
 * line_free(): a bit for each free slot.
 *
 * The vector forms see each eight-byte word whole (aligned words are never torn on
 * the machines that have them), but the seven not at one instant. The caller reads
 * the word again before it believes it.
 *
 * ODD and EVEN gather the upper halves (tags) or the lower ones (handles) of two
 * registers into one. The head's halves come first and are shifted out at the end.
 */
#define LINE_ODD  0xdd
#define LINE_EVEN 0x88

#if defined(LINE_SSE2)

static inline unsigned int line_equal(__m128 low, __m128 high, uint32_t what)
{
	__m128i wanted = _mm_set1_epi32((int)what);
	__m128i a = _mm_cmpeq_epi32(_mm_castps_si128(low), wanted);
	__m128i b = _mm_cmpeq_epi32(_mm_castps_si128(high), wanted);
	__m128i packed = _mm_packs_epi32(a, b);

	packed = _mm_packs_epi16(packed, packed);
	return ((unsigned int)_mm_movemask_epi8(packed) & 0xff) >> 1;
}

static inline unsigned int line_tags(const struct line *l, uint32_t tag)
{
	const __m128 *v = (const __m128 *)(const void *)l;

	return line_equal(_mm_shuffle_ps(v[0], v[1], LINE_ODD),
	                  _mm_shuffle_ps(v[2], v[3], LINE_ODD), tag);
}

static inline unsigned int line_free(const struct line *l)
{
	const __m128 *v = (const __m128 *)(const void *)l;

	return line_equal(_mm_shuffle_ps(v[0], v[1], LINE_EVEN),
	                  _mm_shuffle_ps(v[2], v[3], LINE_EVEN), 0);
}

#else

static inline unsigned int line_tags(const struct line *l, uint32_t tag)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < LINE_SLOTS; i++)
		found |= (unsigned int)(entry_tag(line_entry(l, i)) == tag) << i;
	return found;
}

static inline unsigned int line_free(const struct line *l)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < LINE_SLOTS; i++)
		found |= (unsigned int)(line_entry(l, i) == 0) << i;
	return found;
}

#endif

/* ---- home and away ----------------------------------------------------------- */

/* The line at @distance from @home. Works on the address: leaves are aligned. */
static inline struct line *line_away(const struct line *home, unsigned int distance)
{
	return (struct line *)((uintptr_t)home ^ (distance * sizeof(struct line)));
}

/* Take the next distance with entries off *@head. Only while *@head is not 0. */
static inline unsigned int line_next_distance(uint64_t *head)
{
	unsigned int distance = (unsigned int)__builtin_ctzll(*head) / 4;

	*head &= ~(UINT64_C(15) << (4 * distance));
	return distance;
}

/* ---- leaves (leaf.c), called by the subtree's writer ------------------------- */

static inline unsigned int leaf_lines(unsigned int class)
{
	return 1u << class;
}

/* The line where entries with @tag are at home. */
static inline struct line *leaf_home(struct line *leaf, unsigned int class, uint32_t tag)
{
	return &leaf[tag & (leaf_lines(class) - 1)];
}

/** Put @entry within @reach of its home. False: all lines there are full. */
bool leaf_place(struct line *leaf, unsigned int class, uint64_t entry,
                unsigned int reach);

/** Take exactly this entry out. Returns the line it stood in, or NULL. */
struct line *leaf_take(struct line *leaf, unsigned int class, uint64_t entry);

/** Entries. */
unsigned int leaf_count(const struct line *leaf, unsigned int class);

/** The group of four lines around @line (the leaf, if smaller) holds nothing. */
bool leaf_quiet(const struct line *leaf, unsigned int class, const struct line *line);

/** Copy all entries into another leaf; false if one does not fit. */
bool leaf_copy(struct line *to, unsigned int to_class, const struct line *from,
               unsigned int from_class);

/** Copy a full-size leaf into two: half[1] gets those with @bit in their tag. */
void leaf_split(struct line *half[2], const struct line *from, uint32_t bit);

/** Some entry in reach of @tag differs from it in the bits of @mask. */
bool leaf_differs(struct line *leaf, uint32_t tag, uint32_t mask);

#endif
