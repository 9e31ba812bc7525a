/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sets_priv.h - what the files of this folder share
 *
 *     sets.c     all sets: names, expiry, the graveyard
 *     set.c      one set: life, references
 *     key.c      values of ctlink to keys, and keys to the prefixes they are made of
 *     index.c    what workers search: two prefix tables and a hash table
 *     element.c  slots of elements, timeouts, counters
 *     change.c   transactions: steps       stage.c  what a transaction brings, by key
 *     commit.c   how they come into force  draft.h  what both know of a transaction
 *     list.c     sets and elements as values for listings
 *
 * Keys. All but pairs are intervals of 32 or 128 bits, so that the prefix tables serve all:
 *
 *     address     4 or 16 bytes                          10.0.0.0/8     → /8 of 32 bits
 *     port        the upper 16 of 32 bits                80             → /16
 *     mark        32 bits                                0x10           → /32
 *     interface   16 bytes, zeros behind the name        eth0           → /128
 *                                                        ppp*           → /24
 *     pair        address and port, hashed whole
 *
 * A range is as many prefixes as it takes (62 and 254 at most), all with its position as their
 * value. A prefix belongs to one element: a range is refused when one of its prefixes is
 * there already.
 *
 * Slots. Chunks of elements never move and have their workers' counters beside them. A
 * slot that was searchable is used again after a grace period: it waits, then flies with
 * others (one callback for each set at a time), then is free.
 */
#ifndef SETS_SETS_PRIV_H
#define SETS_SETS_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/rcu.h"
#include "base/siphash.h"
#include "hashtrie/hashtrie.h"
#include "hashtrie/prefix.h"
#include "sets/sets.h"

/* ---- keys: key.c ------------------------------------------------------------------- */

enum set_table { SET_BITS32, SET_BITS128, SET_PAIRS };

struct set_key {
	uint8_t first[16], last[16]; /* 4 or 16 bytes; of a pair: first alone */
	uint16_t port;               /* of a pair */
	uint8_t table;               /* enum set_table */
	uint8_t size;                /* bytes of first and last */
	uint8_t prefix;              /* bits, or SET_RANGE */
};
#define SET_RANGE 255

/** The key of @element for a set of @type. 0, or -EINVAL with @error. */
int set_key_make(uint16_t type, const struct ctlink_element *element, struct set_key *out,
                 struct ctlink_error *error);

/** Fill last of a key that is a prefix. */
void set_key_end(struct set_key *key);

/** The other way. Strings are not owned: @name (CTQ_IFNAME_MAX + 1 bytes) is for one. */
void set_key_value(uint16_t type, const struct set_key *key, struct ctlink_element *out,
                   char *name);

/* A prefix, one of those that a key is made of; a pair is its own. */
struct set_part {
	uint8_t bytes[16];
	uint16_t port;
	uint8_t table, length; /* bits */
};

/* The parts of a key, in order. */
struct set_parts {
	const struct set_key *key;
	uint8_t next[16];
	bool done;
};
void set_parts_init(struct set_parts *p, const struct set_key *key);
bool set_parts_next(struct set_parts *p, struct set_part *out);

/** What workers look for in a set of @type. */
void set_query_part(uint16_t type, const struct set_query *query, struct set_part *out);

/* ---- slots: element.c -------------------------------------------------------------- */

#define SET_CHUNK 1024 /* elements of a chunk */

/* What few elements have. */
struct set_more {
	uint8_t last[16];
	char *comment; /* or NULL */
};

struct set_element {
	uint8_t first[16];
	uint16_t port;
	uint8_t table, prefix; /* as the key has them */
	uint8_t state;         /* enum set_element_state; control */
	uint8_t marks;         /* SET_ELEMENT_*; control */
	uint16_t unused;
	uint32_t next;        /* of a list of slots */
	uint32_t heap_at;     /* place among the timeouts, from 1; 0: none */
	uint32_t timeout_s;   /* 0: none */
	uint64_t deadline_ms; /* when there is a timeout */
	struct set_more *more;
};

enum set_element_state { SET_SLOT_FREE, SET_SLOT_STAGED, SET_SLOT_USED, SET_SLOT_GONE };
#define SET_ELEMENT_OF_RULES 0x1 /* came with rules */
#define SET_ELEMENT_DOOMED   0x2 /* a change deletes it */

struct set_counter {
	_Atomic uint64_t packets, bytes;
};

struct set_chunk {
	struct set_element elements[SET_CHUNK];
	struct set_counter
		*counters; /* SET_CHUNK for each worker; NULL: the set does not count */
};

/* The chunks of a set; replaced by a longer one as a whole. */
struct set_chunks {
	struct rcu_head rcu;
	const struct sets *sets;
	uint32_t room;
	struct set_chunk *list[];
};

/* ---- sets -------------------------------------------------------------------------- */

struct set_index {
	struct set *set;
	_Atomic(struct prefix_table *) tables[2]; /* NULL: was never needed */
	_Atomic(struct hashtrie *) pairs;
	struct set_index *next; /* of those that wait to be destroyed */
	struct rcu_head rcu;
	_Atomic bool left; /* a grace period is over */
};

struct set {
	struct sets *sets;
	_Atomic uint32_t refs;
	uint32_t uses;
	struct set *next; /* in the graveyard */
	char *name, *comment;
	uint16_t type;
	uint32_t flags, timeout_s, size, line;
	bool of_rules;
	struct set_draft *draft; /* of the change that is being made; or NULL */
	_Atomic(struct set_index *) index;
	/* elements */
	_Atomic(struct set_chunks *) chunks;
	uint32_t n_chunks;
	uint32_t high;                  /* slots that were ever used; the first is 1 */
	uint32_t length;                /* elements */
	uint32_t of_rules_length;       /* of these came with rules */
	uint32_t staged;                /* slots that a change has taken */
	uint32_t free, waiting, flying; /* lists of slots */
	struct rcu_head rcu;
	_Atomic bool flown; /* the flying slots are free */
	bool in_flight;
	/* positions by deadline: a heap whose root is heap[0] */
	uint32_t *heap;
	uint32_t heap_length, heap_room;
};

struct sets {
	const struct ctlink_memory *memory;
	struct siphash_key key;
	uint16_t workers;
	struct set **list; /* by name */
	uint32_t length, room;
	struct sets_change *change; /* that is under way; or NULL */
	uint32_t turn;              /* the set whose elements expire first */
	struct set_index *leaving;
	pthread_mutex_t lock; /* of the graveyard: references are put anywhere */
	struct set *graveyard;
	void (*told)(void *ctx, enum sets_event event, const struct set *set,
	             uint32_t element);
	void *told_ctx;
	uint64_t expired, refused;
};

void *sets_alloc(const struct sets *sets, size_t n, size_t size);
void sets_free(const struct sets *sets, void *p);
void sets_tell(const struct sets *sets, enum sets_event event, const struct set *set,
               uint32_t element);

/** A set that nobody knows, with one reference. NULL: no memory. */
struct set *set_new(struct sets *sets, const struct ctlink_set *value, bool of_rules);

/** Nobody has it any more, and none of its slots flies. */
void set_destroy(struct set *set);

/** Where @name stands, or would stand, among the names. */
uint32_t sets_place(const struct sets *sets, const char *name, bool *found);

/** Room for @n sets more. 0 or -ENOMEM. */
int sets_reserve(struct sets *sets, uint32_t n);
void sets_insert(struct sets *sets, struct set *set);
void sets_remove(struct sets *sets, struct set *set);

/* ---- index.c ----------------------------------------------------------------------- */

struct set_index *set_index_new(struct set *set);
void set_index_destroy(struct set_index *ix);

/** The element to which @part belongs exactly; 0: none. */
uint32_t set_index_get(const struct set_index *ix, const struct set_part *part);

/** Add all parts of the element at @position: 0 or -ENOMEM and none. They are not there. */
int set_index_insert(struct set_index *ix, uint32_t position);
void set_index_remove(struct set_index *ix, uint32_t position);

/** Hand an index that workers may still search to sets_expire(). */
void set_index_leave(struct set_index *ix);

static inline struct set_index *set_index_of(const struct set *set)
{
	return atomic_load_explicit(&set->index, memory_order_acquire);
}

/* ---- element.c --------------------------------------------------------------------- */

static inline struct set_chunk *set_chunk_of(const struct set *set, uint32_t position)
{
	const struct set_chunks *chunks =
		atomic_load_explicit(&set->chunks, memory_order_acquire);

	return chunks->list[position / SET_CHUNK];
}

static inline struct set_element *set_element_at(const struct set *set, uint32_t position)
{
	return &set_chunk_of(set, position)->elements[position % SET_CHUNK];
}

void set_element_key(const struct set *set, uint32_t position, struct set_key *out);

/** A slot for @key, and room for its timeout: STAGED. 0: no memory, or no slot. */
uint32_t set_element_new(struct set *set, const struct set_key *key, const char *comment);

/** A staged slot that nobody could find. */
void set_element_forget(struct set *set, uint32_t position);

/** A staged slot that is in no index any more, but was. */
void set_element_withdraw(struct set *set, uint32_t position);

/** The element is in force; @timeout_s 0: for ever. */
void set_element_enter(struct set *set, uint32_t position, uint64_t now_ms);

/** The element is in no index any more. */
void set_element_leave(struct set *set, uint32_t position);

/** Room for a comment, so that set_element_comment_move() cannot fail. False: no memory. */
bool set_element_comment_room(struct set *set, uint32_t position);

/** Replace the comment; takes @comment over. */
void set_element_comment_move(struct set *set, uint32_t position, char *comment);

/** Timeout from now on; room is there. */
void set_element_timeout_set(struct set *set, uint32_t position, uint32_t timeout_s,
                             uint64_t now_ms);

void set_element_counters_zero(struct set *set, uint32_t position);
void set_element_counters_read(const struct set *set, uint32_t position,
                               uint64_t *packets, uint64_t *bytes);

/** Slots whose grace period is over become free; those that wait begin theirs. */
void set_slots_reclaim(struct set *set);

/** Nobody reads the set any more. */
void set_slots_fini(struct set *set);

uint64_t set_slots_memory(const struct set *set);

/* ---- stage.c ----------------------------------------------------------------------- */

struct set_draft;

struct stage_slot {
	const struct set *set; /* NULL: free */
	struct set_part part;
	uint32_t position; /* 0: was removed */
};

/* A plain hash table with open addressing: part → position. */
struct stage {
	struct sets *sets;
	struct stage_slot *slots;
	uint32_t capacity, used;
	uint64_t lengths[2][3]; /* of parts of addresses, by table: a bit for each */
	bool others;            /* a part that is no address */
};

void stage_init(struct stage *st, struct sets *sets);
void stage_fini(struct stage *st);
/** 0 or -ENOMEM. */
int stage_add(struct stage *st, const struct set *set, const struct set_part *part,
              uint32_t position);
/** 0: it is not there. */
uint32_t stage_get(const struct stage *st, const struct set *set,
                   const struct set_part *part);
void stage_remove(struct stage *st, const struct set *set, const struct set_part *part);
/** Does a part of any address set hold this address? */
bool stage_holds(const struct stage *st, const uint8_t *address, uint8_t size);

#endif
