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

unsigned int leaf_count(const struct line *leaf, unsigned int class)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < leaf_lines(class); i++)
		n += LINE_SLOTS - (unsigned int)__builtin_popcount(line_free(&leaf[i]));
	return n;
}

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
		for (unsigned int slot = 0; slot < LINE_SLOTS; slot++) {
			uint64_t entry = from[i].slot[slot];

			if (entry && !leaf_place(to, to_class, entry, LEAF_FAR))
				return false;
		}
	return true;
}

/*
 * Entries at home keep their line and slot; no search is needed. Those away are put
 * aside and placed at the end, most of them then at home. That cannot fail: the
 * group that held them before has at least as much room now.
 */
void leaf_split(struct line *half[2], const struct line *from, uint32_t bit,
                unsigned int entries[2])
{
	uint64_t away[LINE_SLOTS << LEAF_CLASS_FULL];
	unsigned int aways = 0;

	entries[0] = entries[1] = 0;
	for (unsigned int i = 0; i < leaf_lines(LEAF_CLASS_FULL); i++)
		for (unsigned int slot = 0; slot < LINE_SLOTS; slot++) {
			uint64_t entry = from[i].slot[slot];
			bool one = entry_tag(entry) & bit;

			if (!entry)
				continue;
			entries[one]++;
			if (entry_tag(entry) % leaf_lines(LEAF_CLASS_FULL) == i)
				half[one][i].slot[slot] = entry;
			else
				away[aways++] = entry;
		}
	for (unsigned int i = 0; i < aways; i++) {
		bool one = entry_tag(away[i]) & bit;
		bool placed = leaf_place(half[one], LEAF_CLASS_FULL, away[i], LEAF_FAR);

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
