/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * registry.h - which machine follows which protocol, while packets pass
 *
 * A machine has a number, and a flow remembers the number of the machine that made it: it
 * is run by that one for life, and by no other. What is unloaded makes no new flows; a
 * protocol without a machine is followed by the generic one.
 *
 *     by_l4[6] ──▶ 1 ──▶ machine[1] ──▶ tcp        new flows
 *     flow->machine ────▶ machine[…]               all others
 *
 * Readers take a version of it (struct track_machines) once for each batch, without a lock;
 * it never changes and is good until their next quiescent state. Control makes new versions.
 *
 * Life of a machine. The grace periods are the caller's to wait for (base/rcu.h), since it
 * has more to do than wait:
 *
 *     track_registry_add()     a module's only: readers can follow its flows
 *        │ grace: every reader has a version that knows it
 *     track_registry_open()    new flows of its protocol are its
 *        │ grace: nobody makes generic flows of it any more; those that are there must go
 *     in force
 *        │ track_registry_close()  new flows are generic
 *        │ grace: nobody makes flows of it any more; those that are there must go
 *     no flow points to it
 *        │ track_registry_remove()  a module's only: its memory may go
 *
 * Threads: track_registry_peek() from any reader, all else from control only.
 */
#ifndef TRACK_REGISTRY_H
#define TRACK_REGISTRY_H

#include <stdatomic.h>

#include "base/base.h"
#include "base/rcu.h"
#include "track/track.h"

/* Numbers of the machines that are built in: always the same ones. */
enum track_machine {
	TRACK_MACHINE_GENERIC, /* cannot be closed */
	TRACK_MACHINE_TCP,
	TRACK_MACHINE_UDP,
	TRACK_MACHINE_UDPLITE,
	TRACK_MACHINE_ICMP,
	TRACK_MACHINE_ICMPV6,
	TRACK_MACHINE_SCTP,
	TRACK_MACHINE_GRE,
	TRACK_MACHINES_BUILTIN,
};

/** Machines at once; modules have the numbers behind the built-in ones. */
#define TRACK_MACHINES_MAX 64

struct track_machines {
	const struct track_proto *machine[TRACK_MACHINES_MAX]; /* NULL: none */
	uint8_t by_l4[256]; /* which makes new flows; 0: the generic one */
	struct rcu_head rcu;
};

struct track_registry;

/** With all built-in machines, open. NULL: no memory. */
struct track_registry *track_registry_new(void);

/** No reader is left. */
void track_registry_destroy(struct track_registry *r);

/** What is in force; never NULL. */
const struct track_machines *track_registry_peek(const struct track_registry *r);

/** The machine that follows flows of that number, or NULL. Under RCU. */
const struct track_proto *track_registry_machine(const struct track_registry *r,
                                                 uint8_t number);

/** Number of the machine with that name (any case), or -ENOENT. */
int track_registry_find(const struct track_registry *r, const char *name);

/**
 * A module's machine. Returns its number, or -EEXIST: the name or the protocol is another
 * machine's, closed or not; -ENOSPC: there are TRACK_MACHINES_MAX; -ENOMEM.
 */
int track_registry_add(struct track_registry *r, const struct track_proto *proto);

/** 0, or -ENOMEM: nothing has changed. */
int track_registry_open(struct track_registry *r, uint8_t number);
int track_registry_close(struct track_registry *r, uint8_t number);
int track_registry_remove(struct track_registry *r, uint8_t number);

/** Does it make new flows? */
bool track_registry_is_open(const struct track_registry *r, uint8_t number);

#endif
