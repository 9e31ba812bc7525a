/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * offload_priv.h - what the files of this folder share
 *
 *   offload.c  two sockets and their messages
 *   entry.c    an entry of the kernel's table and the flow that it is
 */
#ifndef OFFLOAD_OFFLOAD_PRIV_H
#define OFFLOAD_OFFLOAD_PRIV_H

#include <libmnl/libmnl.h>

#include "ctlink/flow.h"
#include "offload/offload.h"

struct offload {
	struct offload_config cfg;
	int epoll;
	struct mnl_socket *events;   /* DESTROY; NULL: no rule has offloaded so far */
	struct mnl_socket *requests; /* lists; marks taken off */
	uint64_t list_due_ns;
	uint32_t list_seq; /* of the list under way; 0: none */
	uint32_t next_seq;
	bool recall;            /* the next list takes the marks off … */
	bool recalls;           /* … and this one does */
	uint32_t recall_before; /* of flows that an earlier generation has judged */
	uint32_t list_began_s;  /* monotonic */
	bool sweeps; /* a list has ended: look for flows that it did not have */
	struct flow_cursor sweep;
};

/** The entry lives: the flow takes its counters, state and timeout over. */
void offload_entry_alive(struct offload *o, const struct ctlink_flow *entry,
                         uint64_t now_ns);

/** The entry is no more: the flow takes its last counters over, and ends. */
void offload_entry_gone(struct offload *o, const struct ctlink_flow *entry,
                        uint64_t now_ns);

/** Go on looking for flows that were in a list and not in the last one: they end. False: all
 * were looked at. */
bool offload_sweep(struct offload *o, uint64_t now_ns);

/** True: the flow's packets come to the queue again once the mark is off. */
bool offload_entry_recall(struct offload *o, const struct ctlink_flow *entry,
                          uint64_t now_ns);

#endif
