/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * expect.h - connections that are expected: what helpers announced
 *
 * An expectation is a tuple with a mask over its source, and belongs to the flow that
 * announced it, its master. A packet that makes a new flow asks here first: a flow that meets
 * an expectation is EXPECTED, remembers its master, inherits its mark, and its first packets
 * are RELATED.
 *
 *     expect_add()      a worker, for a helper; or control, for a tool
 *        │
 *        ▼                                     expect_meet(): a new flow, unless PERMANENT
 *     linked: in a chain of the table, ──────▶ expect_expire(): its time is over
 *     and in its master's list                 expect_flush(), expect_remove(): told so
 *        │                                     the next of its class, or of its tuple
 *        │ a grace period                      its master's end
 *        ▼
 *     free slot; its reference on the master (FLOW_HOLDER_EXPECT) is put
 *
 * Rules of the kernel's nf_conntrack_expect.c: an equal expectation of the same master takes
 * the old one's place; one that another flow's expectation overlaps is refused; a class
 * (struct helper_policy) has a limit for each master, above which its oldest goes; all of them
 * together have one, above which new ones are refused.
 *
 * Threads. Looking takes no lock, and next to nothing while nothing is expected. All else is
 * rare and takes the one lock of the table (HACKING.md, Locks). Nothing is allocated after
 * flow_table_new().
 */
#ifndef FLOW_EXPECT_H
#define FLOW_EXPECT_H

#include "flow/table.h"
#include "track/helper.h"

/** Expectations at once: the kernel's nf_conntrack_expect_max on machines above 4 GiB. */
#define FLOW_EXPECTS_DEFAULT 4096
#define FLOW_EXPECTS_LIMIT   (1u << 18)

/* ---- making and meeting --------------------------------------------------------- */

/**
 * Expect what @want (a HELPER_EXPECT) says, for @master, confirmed or to be so in this packet.
 * @helper: whose classes count, and whose name is shown. Returns 0; -ESHUTDOWN: the master is
 * dying; -EALREADY: somebody else expects the very same, or the master in another class;
 * -EBUSY: what others expect overlaps it; -EMFILE: there are too many.
 */
int expect_add(struct flow_worker *w, struct flow *master, const struct helper *helper,
               const struct helper_action *want, uint64_t now_ns);

/**
 * Is the unconfirmed flow @f, born this moment, expected? If so it takes what it inherits, and
 * the expectation is used up unless it is PERMANENT.
 */
bool expect_meet(struct flow_worker *w, struct flow *f, uint64_t now_ns);

/** @f, which is unconfirmed, is EXPECTED, and @master has announced it. No reference is kept: a
 * master is known by slot and id. */
void flow_master_set(struct flow_worker *w, struct flow *f, const struct flow *master);

/** @f's packets go to @helper from now on. */
void flow_helper_set(struct flow_worker *w, struct flow *f, const struct helper *helper);

/** The helper of @f, or NULL; also when it was unloaded. */
const struct helper *flow_helper(const struct flow *f);

/** The helper's state, HELPER_STATE_SIZE bytes; inside flow_enter() … flow_leave(). */
void flow_helper_state_load(const struct flow *f, void *state);
void flow_helper_state_store(struct flow *f, const void *state);

/* ---- changing -------------------------------------------------------------------- */

/** Carry out a HELPER_REFRESH. Returns how many it met. */
unsigned int expect_refresh(struct flow_worker *w, struct flow *master,
                            const struct helper_action *refresh, uint64_t now_ns);

/** Remove @master's expectations of @classes (bits). Returns their number. */
unsigned int expect_flush_master(struct flow_worker *w, struct flow *master,
                                 uint8_t classes, uint64_t now_ns);

/**
 * Forget up to @max of those that @helper expects: it is closed (track/helper.h), and a grace period
 * is over. From slot *@cursor on (0: from the beginning). False: none is left.
 */
bool expect_forget_helper(struct flow_worker *w, const struct helper *helper,
                          uint32_t *cursor, unsigned int max, uint64_t now_ns);

/** Remove what expired; the control thread, with flow_expire(). Returns the number. */
unsigned int expect_expire(struct flow_worker *w, uint64_t now_ns);

/* ---- listing ----------------------------------------------------------------------- */

struct expect_info {
	struct tuple tuple;
	struct helper_mask mask;
	struct tuple master; /* its original tuple */
	uint32_t master_id;
	uint32_t id;
	uint32_t flags; /* HELPER_EXPECT_* */
	uint32_t timeout_s;
	uint8_t class;
	char helper[HELPER_NAME_MAX]; /* of the master, or "" */
};

/** Up to @max of them from slot *@cursor on (0: from the beginning), and where to go on.
 * Returns their number; 0: the end. What comes or goes meanwhile may be missed. */
unsigned int expect_walk(struct flow_table *t, uint32_t *cursor, struct expect_info *out,
                         unsigned int max, uint64_t now_ns);

/** The one with this tuple (as it was expected, all bits) or, @tuple NULL, this id. False:
 * there is none. */
bool expect_find(struct flow_table *t, const struct tuple *tuple, uint32_t id,
                 struct expect_info *out, uint64_t now_ns);

/** Remove the one with this id. False: there is none (any more). */
bool expect_remove(struct flow_worker *w, uint32_t id, uint64_t now_ns);

/** Another timeout for the one with this id. False: there is none. */
bool expect_timeout_set(struct flow_worker *w, uint32_t id, uint32_t timeout_s,
                        uint64_t now_ns);

/** How many there are, and may be. */
uint32_t expect_count(const struct flow_table *t);
uint32_t expect_max(const struct flow_table *t);

#endif
