/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sets.h - named sets: addresses, ports, pairs of both, interfaces, marks
 *
 *   struct sets         the daemon's: all sets by name
 *   struct set          one set: what rules ask, and its elements
 *   struct sets_change  a transaction on sets and elements: all or nothing
 *
 *   control:  c = sets_change_new() → sets_change_…() → sets_change_prepare()
 *             → sets_change_commit() → sets_change_destroy(c)
 *   workers:  set_find(set, …) … quiescent state
 *
 * A set changes without a new generation of rules: workers find an element from the moment
 * it is committed to the moment it is deleted or expires. Addresses of both families stand
 * in one set, single, as prefixes and as ranges, and may lie within each other: the
 * narrowest prefix counts. Elements live in slots that never move; the position of an
 * element is its number for ever, by which a listing goes on.
 *
 * Transactions. One change is under way at a time, from its first step to its end. It may be
 * taken in parts, with other things between them, for a million elements take seconds: sets
 * that it touches can be searched and listed all the while, and do not expire. What it brings
 * is found by workers from its preparation on, element by element, and is listed from its
 * commit on. New elements are seen before deleted ones go, so that nobody is in neither; a
 * set that is emptied and filled in one change is built aside and swapped by one pointer.
 *
 * Loads. A change that replaces (sets_change_replace(): a rule set is loaded) forgets the
 * sets and elements that came with rules before, unless it brings them again. What was added
 * at run time stays; only when a load names elements of a set itself, those that were added
 * to it without a timeout go too.
 *
 * Threads. One thread, control, changes, lists and expires. Workers find and count:
 * without lock, without atomic read-modify-write. References may be put by any thread.
 */
#ifndef SETS_SETS_H
#define SETS_SETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "ctlink/error.h"
#include "ctlink/memory.h"
#include "ctlink/set.h"

struct sets;
struct set;
struct sets_change;

/** Limits; changes answer -E2BIG beyond them. */
#define SETS_MAX 1024 /* sets */
/** Expired elements removed in one call: some milliseconds. */
#define SETS_EXPIRE_MAX 4096

/* ---- the daemon's sets ------------------------------------------------------------- */

/** @workers: numbers that set_count() takes; @memory: as everywhere, NULL: the C
 * library's. NULL and *@err = -ENOMEM, or what getrandom(2) says. */
struct sets *sets_new(uint16_t workers, const struct ctlink_memory *memory,
                      int *err) BASE_MUST_CHECK;

/** When no worker reads and no reference is left. NULL is allowed. */
void sets_destroy(struct sets *sets);

/** The set of this name, or NULL; borrowed until the next change. */
struct set *sets_peek(const struct sets *sets, const char *name);

/** Set @i (0 …) in the order of their names; NULL: no more. */
struct set *sets_at(const struct sets *sets, uint32_t i);

/** "did you mean 'ban'? sets: ban ...", for a name that is none of a set. */
void sets_hint(const struct sets *sets, const char *name, char *out, size_t size);

/** References: of generations of rules, and of listings. A set that is deleted goes with its
 * last one. */
void set_get(struct set *set);
void set_put(struct set *set);

/** How many matches and statements of the rules in force look at the set; as long as there
 * is one it is not deleted. Control thread. */
void set_use(struct set *set, int by);

enum sets_event { SETS_SET_NEW, SETS_SET_DEL, SETS_ELEMENT_NEW, SETS_ELEMENT_DEL };

/** Have @told called for all that changes, in the control thread; @element: its position.
 * NULL: nobody listens. */
void sets_listen(struct sets *sets,
                 void (*told)(void *ctx, enum sets_event event, const struct set *set,
                              uint32_t element),
                 void *ctx);

/** Remove elements whose time has come, at most SETS_EXPIRE_MAX, and free what workers have
 * let go of; not in sets that a change has touched. True: there is more to do. Quiet for RCU. */
bool sets_expire(struct sets *sets, uint64_t now_ms);

struct sets_stats {
	uint32_t sets;
	uint64_t elements;
	uint64_t expired; /* elements, since the start */
	uint64_t refused; /* elements for which a set was too small */
	uint64_t memory;  /* bytes */
};
void sets_stats(const struct sets *sets, struct sets_stats *stats);

/* ---- workers ----------------------------------------------------------------------- */

/* What is looked for: as rules have it, in host order. */
struct set_query {
	uint8_t family; /* of an address: AF_INET, AF_INET6 */
	uint64_t words
		[2]; /* an address or an interface name, as struct rule_key has them */
	uint32_t number; /* a port or a mark */
};

/** Is there an element? Then *@element is the position of the narrowest. */
bool set_find(const struct set *set, const struct set_query *query, uint32_t *element);

/** Does the set count? */
bool set_counts(const struct set *set);

/** Count a packet of @bytes for an element that this read section has found. */
void set_count(const struct set *set, uint32_t element, uint16_t worker, uint32_t bytes);

/* ---- reading: control thread ------------------------------------------------------- */

/** Can a match of @field (and @with: the second of a pair, 0: none) look at this set? */
bool set_fits(const struct set *set, uint16_t field, uint16_t with);

const char *set_name_get(const struct set *set);

/** The set with its numbers. What @out points to belongs to the set. */
void set_read(const struct set *set, struct ctlink_set *out);

/** The next element from *@position (0: the first) on, and its position. False: no more. What
 * @out points to belongs to the set. */
bool set_element_next(const struct set *set, uint32_t *position, uint64_t now_ms,
                      struct ctlink_element *out);

/** The element at @position, which is there. */
void set_element_read(const struct set *set, uint32_t position, uint64_t now_ms,
                      struct ctlink_element *out);

/**
 * Which element holds this key? A prefix or a range is held when it stands there as it is.
 * Returns 0, -ENOENT, or -EINVAL with @error: no key of this set.
 */
int set_element_find(const struct set *set, const struct ctlink_element *key,
                     uint32_t *position, struct ctlink_error *error);

/* ---- changing: control thread ------------------------------------------------------ */

/* What is wrong with a step, and which of its attributes: CTQA_SET_* or
 * CTQA_ELEMENT_*; 0: the whole. */
struct sets_error {
	struct ctlink_error error;
	uint16_t attr;
};

/** Begin; @now_ms: monotonic, of all timeouts. NULL: -ENOMEM. */
struct sets_change *sets_change_new(struct sets *sets, uint64_t now_ms);

/** Give it up, or put away what sets_change_commit() left. NULL is allowed. */
void sets_change_destroy(struct sets_change *c);

/** What follows is a rule set that is loaded: see above. 0 or -ENOMEM. */
int sets_change_replace(struct sets_change *c);

/*
 * Steps. Each returns 0, or a negative errno with @e filled; the change can then only
 * be destroyed.
 */

/** Make a set, or change timeout, size, flags and comment of the one that has this name. Its
 * type stays: -EEXIST. @exclusive: -EEXIST when it is there. */
int sets_change_set_add(struct sets_change *c, const struct ctlink_set *set,
                        bool exclusive, struct sets_error *e);

/** -ENOENT; -EBUSY when the rules in force use it. */
int sets_change_set_delete(struct sets_change *c, const char *name, struct sets_error *e);

/** Delete all elements. -ENOENT. */
int sets_change_flush(struct sets_change *c, const char *name, struct sets_error *e);

/**
 * Add an element. One that is there stays, with the timeout and the comment that @element
 * has, if it has any; @exclusive: -EEXIST. Further errors: -ENOENT (no such set), -EINVAL (no
 * key of this set), -EEXIST (a part of it belongs to another range), -E2BIG (the set is
 * full), -ENOMEM.
 */
int sets_change_element_add(struct sets_change *c, const struct ctlink_element *element,
                            bool exclusive, struct sets_error *e);

/** -ENOENT, -EINVAL, -ENOMEM. */
int sets_change_element_delete(struct sets_change *c,
                               const struct ctlink_element *element,
                               struct sets_error *e);

/** The set of this name as the change will leave it, or NULL; borrowed. */
struct set *sets_change_peek(const struct sets_change *c, const char *name);

/** As sets_hint(), of the sets that the change will leave. */
void sets_change_hint(const struct sets_change *c, const char *name, char *out,
                      size_t size);

/**
 * Do all that may fail, for at most @max elements more. 1: there is more to do; 0: the commit
 * cannot fail any more; -ENOMEM: the change can only be destroyed. What workers could find
 * already goes with it then.
 */
int sets_change_prepare(struct sets_change *c, uint32_t max);

/** Put it into force, for at most @max elements more, preparing first what is not prepared.
 * 1: there is more to do, and destroying the change does it; 0: done; -ENOMEM, as above. */
int sets_change_commit(struct sets_change *c, uint32_t max);

/** Is this address (4 or 16 bytes) in an element that the change has added, or that it found
 * standing when it was to add it? Also after the commit. */
bool sets_change_brings(const struct sets_change *c, const uint8_t *address,
                        uint8_t size);

/** Was any of these elements anything but an address? */
bool sets_change_brings_others(const struct sets_change *c);

#endif
