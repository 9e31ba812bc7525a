/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ifname.h - names of network interfaces by index
 *
 * Packets carry indices, people write names. libnfnetlink's nlif keeps a table in step
 * with the kernel through a netlink socket of its own; since it is not for several
 * threads, its contents are published as an immutable snapshot.
 *
 * Threads: one (control) opens, updates and closes; it is an RCU reader. Any RCU reader
 * may look names up; what it gets is good until its next quiescent state (base/rcu.h).
 */
#ifndef QUEUE_IFNAME_H
#define QUEUE_IFNAME_H

#include <stdint.h>

#include "base/base.h"

struct ifname_table;

/** Read the names and listen for changes. Returns 0 or a negative errno. */
int ifname_table_open(struct ifname_table **out) BASE_MUST_CHECK;

/** When no other thread uses it any more. NULL is allowed. */
void ifname_table_close(struct ifname_table *table);

/** To be polled for reading; then call ifname_table_update(). */
int ifname_table_fd(const struct ifname_table *table);

/** Take in what has changed. Returns 0, or a negative errno: the names before stay. */
int ifname_table_update(struct ifname_table *table);

/** The name of interface @index, or NULL: there is none. */
const char *ifname_find(const struct ifname_table *table, uint32_t index);

#endif
