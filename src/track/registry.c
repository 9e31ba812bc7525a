/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * registry.c - versions of the list of machines
 *
 * A change copies the version in force, changes the copy, puts it in force by one pointer,
 * and has the one before freed after a grace period.
 */
#include "track/registry.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "track/track_priv.h"

struct track_registry {
	_Atomic(struct track_machines *) current;
	uint8_t last; /* number given last: a number comes back as late as can be */
};

static const struct track_proto *const builtin[TRACK_MACHINES_BUILTIN] = {
	[TRACK_MACHINE_GENERIC] = &track_proto_generic,
	[TRACK_MACHINE_TCP] = &track_proto_tcp,
	[TRACK_MACHINE_UDP] = &track_proto_udp,
	[TRACK_MACHINE_UDPLITE] = &track_proto_udplite,
	[TRACK_MACHINE_ICMP] = &track_proto_icmp,
	[TRACK_MACHINE_ICMPV6] = &track_proto_icmpv6,
	[TRACK_MACHINE_SCTP] = &track_proto_sctp,
	[TRACK_MACHINE_GRE] = &track_proto_gre,
};

struct track_registry *track_registry_new(void)
{
	struct track_registry *r = calloc(1, sizeof(*r));
	struct track_machines *m = calloc(1, sizeof(*m));
	uint8_t number;

	if (!r || !m) {
		free(r);
		free(m);
		return NULL;
	}
	memcpy(m->machine, builtin, sizeof(builtin));
	for (number = 0; number < TRACK_MACHINES_BUILTIN; number++)
		m->by_l4[builtin[number]->l4] = number;
	atomic_init(&r->current, m);
	r->last = TRACK_MACHINES_BUILTIN - 1;
	return r;
}

void track_registry_destroy(struct track_registry *r)
{
	if (!r)
		return;
	free(atomic_load(&r->current));
	free(r);
}

const struct track_machines *track_registry_peek(const struct track_registry *r)
{
	return atomic_load_explicit(&r->current, memory_order_acquire);
}

const struct track_proto *track_registry_machine(const struct track_registry *r,
                                                 uint8_t number)
{
	return number < TRACK_MACHINES_MAX ? track_registry_peek(r)->machine[number]
	                                   : NULL;
}

int track_registry_find(const struct track_registry *r, const char *name)
{
	const struct track_machines *m = track_registry_peek(r);
	int i;

	for (i = 0; i < TRACK_MACHINES_MAX; i++)
		if (m->machine[i] && strcasecmp(m->machine[i]->name, name) == 0)
			return i;
	return -ENOENT;
}

/* ---- changes --------------------------------------------------------------------- */

static void machines_free(struct rcu_head *head)
{
	rcu_deferred();
	free(base_container_of(head, struct track_machines, rcu));
}

static struct track_machines *version_new(const struct track_registry *r)
{
	struct track_machines *m = malloc(sizeof(*m));

	if (m)
		memcpy(m, track_registry_peek(r), sizeof(*m));
	return m;
}

static void version_put_in_force(struct track_registry *r, struct track_machines *m)
{
	struct track_machines *old = atomic_exchange(&r->current, m);

	rcu_defer(&old->rcu, machines_free);
}

static bool is_taken(const struct track_machines *m, const struct track_proto *proto)
{
	int i;

	for (i = 0; i < TRACK_MACHINES_MAX; i++)
		if (m->machine[i] && (m->machine[i]->l4 == proto->l4 ||
		                      strcasecmp(m->machine[i]->name, proto->name) == 0))
			return true;
	return false;
}

/* 0: none is free. */
static uint8_t free_number(const struct track_registry *r, const struct track_machines *m)
{
	const int n = TRACK_MACHINES_MAX - TRACK_MACHINES_BUILTIN;
	int i, number;

	for (i = 1; i <= n; i++) {
		number = TRACK_MACHINES_BUILTIN +
		         (r->last - TRACK_MACHINES_BUILTIN + n + i) % n;
		if (!m->machine[number])
			return (uint8_t)number;
	}
	return 0;
}

int track_registry_add(struct track_registry *r, const struct track_proto *proto)
{
	const struct track_machines *now = track_registry_peek(r);
	uint8_t number = free_number(r, now);
	struct track_machines *m;

	if (is_taken(now, proto))
		return -EEXIST;
	if (!number)
		return -ENOSPC;
	m = version_new(r);
	if (!m)
		return -ENOMEM;
	m->machine[number] = proto;
	r->last = number;
	version_put_in_force(r, m);
	return number;
}

/* New flows of @number's protocol are @who's. */
static int set_maker(struct track_registry *r, uint8_t number, uint8_t who)
{
	struct track_machines *m = version_new(r);

	if (!m)
		return -ENOMEM;
	m->by_l4[m->machine[number]->l4] = who;
	version_put_in_force(r, m);
	return 0;
}

int track_registry_open(struct track_registry *r, uint8_t number)
{
	return set_maker(r, number, number);
}

int track_registry_close(struct track_registry *r, uint8_t number)
{
	return set_maker(r, number, TRACK_MACHINE_GENERIC);
}

int track_registry_remove(struct track_registry *r, uint8_t number)
{
	struct track_machines *m = version_new(r);

	if (!m)
		return -ENOMEM;
	m->machine[number] = NULL;
	version_put_in_force(r, m);
	return 0;
}

bool track_registry_is_open(const struct track_registry *r, uint8_t number)
{
	const struct track_machines *m = track_registry_peek(r);

	return m->machine[number] && m->by_l4[m->machine[number]->l4] == number;
}
