/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * offload.h - flows that the kernel carries on alone
 *
 * A rule that says `offload` gives a flow the status OFFLOAD and its packets a mark. Rules of
 * the kernel save the mark with the kernel's own entry of the connection (connmark), and let
 * the packets of marked entries pass the queues by. From then on only the kernel's tracker sees
 * the flow. What it learns is brought back here:
 *
 *     kernel's tracker ── DESTROY event ──────────▶ last counters, state; the flow ends
 *                      ── list of marked entries ─▶ counters, state, timeout of the living,
 *                         (every OFFLOAD_LIST_S)    so that they do not expire here
 *     the flow ends here first, ──────────────────▶ the entry's mark is taken off: its packets
 *     or rules change                               come to the queue again
 *
 *   o = offload_new() → poll offload_fd(): offload_step(); offload_tick() now and then
 *                     → offload_destroy()
 *
 * Where no rule offloads this costs nothing: the kernel makes events and lists only from
 * offload_listen() on. Marks that an earlier process left are taken off at the start: their
 * connections are judged anew.
 *
 * What is needed: the kernel's tracker is on (NAT, or rules that ask for its state); the zone of
 * a queue is the kernel's zone; net.netfilter.nf_conntrack_acct is 1, else what the kernel
 * carries is not counted. Events may be lost (the socket's buffer is full, or the entry is older
 * than the first rule that offloads): a flow that stood in one list and not in the next has
 * ended in between.
 *
 * Threads. offload_release() is for all of them; everything else is the control thread's.
 */
#ifndef OFFLOAD_OFFLOAD_H
#define OFFLOAD_OFFLOAD_H

#include <stdint.h>

#include "base/base.h"
#include "flow/table.h"
#include "track/registry.h"

struct offload;

struct offload_config {
	struct flow_table *flows;
	struct flow_worker *worker; /* control's */
	const struct track_registry *registry;
	uint32_t mark_value; /* in the kernel's entry (CTA_MARK): offloaded … */
	uint32_t mark_mask;  /* … looking at these bits; not 0 */
};

/** Seconds between two looks at the living: half of the shortest timeout that matters (30 s: UDP
 * that nobody has answered). */
#define OFFLOAD_LIST_S 15

/** Seconds that an offloaded flow lives longer here than the kernel's entry when it was looked
 * at last: until the next look, and then some, so that the kernel's word comes first. */
#define OFFLOAD_GRACE_S (2 * OFFLOAD_LIST_S)

/** Returns 0, or -EPROTONOSUPPORT when the kernel has no nfnetlink, -ENOMEM, or another
 * negative errno. */
int offload_new(const struct offload_config *cfg, struct offload **out) BASE_MUST_CHECK;

/** NULL is allowed. The kernel's marks stay: its entries go on without us. */
void offload_destroy(struct offload *o);

/** To be polled for reading. */
int offload_fd(const struct offload *o);

/** Take what the kernel has sent, a bounded part of it. */
void offload_step(struct offload *o, uint64_t now_ns);

/** A rule is going to offload: from now on follow what the kernel carries. 0, also when it does
 * already; -EPERM without CAP_NET_ADMIN, or another negative errno. */
int offload_listen(struct offload *o) BASE_MUST_CHECK;

/** Several times a second: asks for the list when it is time, and looks for flows that stood
 * in none, a bounded number at a time. */
void offload_tick(struct offload *o, uint64_t now_ns);

/** @generation of rules is in force: offloaded flows that an earlier one has judged come back to
 * the queue, to be judged. */
void offload_recall(struct offload *o, uint32_t generation);

/** @f, which was offloaded, has ended: take the mark off the kernel's entry. Any thread; a
 * system call. For struct flow_table_config. */
void offload_release(void *offload, const struct flow *f);

#endif
