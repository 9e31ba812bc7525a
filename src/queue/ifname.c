/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ifname.c - nlif's table, published by snapshots
 *
 * nlif can tell a name but not walk over its table, so the indices come from
 * if_nameindex(3). Between the two an interface may come or go; its event is then still
 * in the socket and brings the next snapshot.
 */
#include "queue/ifname.h"

#include <errno.h>
#include <libnfnetlink/libnfnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rcu.h"

struct entry {
	uint32_t index;
	char name[IFNAMSIZ];
};

/* Sorted by index; never changed once it is published. */
struct snapshot {
	struct rcu_head rcu;
	uint32_t length;
	struct entry entries[];
};

struct ifname_table {
	struct nlif_handle *nlif;
	_Atomic(struct snapshot *) current;
};

static int compare(const void *a, const void *b)
{
	uint32_t x = ((const struct entry *)a)->index,
		 y = ((const struct entry *)b)->index;

	return x < y ? -1 : x > y;
}

static struct snapshot *snapshot_new(struct nlif_handle *nlif)
{
	struct if_nameindex *list = if_nameindex();
	struct snapshot *s = NULL;
	struct entry *e;
	size_t n = 0, i;

	if (!list)
		return NULL;
	while (list[n].if_index)
		n++;
	s = calloc(1, sizeof(*s) + n * sizeof(s->entries[0]));
	for (i = 0; s && i < n; i++) {
		e = &s->entries[s->length];
		e->index = list[i].if_index;
		if (nlif_index2name(nlif, e->index, e->name) >= 0)
			s->length++;
	}
	if_freenameindex(list);
	if (s)
		qsort(s->entries, s->length, sizeof(s->entries[0]), compare);
	return s;
}

static void snapshot_free(struct rcu_head *head)
{
	rcu_deferred();
	free(base_container_of(head, struct snapshot, rcu));
}

static int publish(struct ifname_table *table)
{
	struct snapshot *s = snapshot_new(table->nlif), *old;

	if (!s)
		return -ENOMEM;
	old = atomic_exchange_explicit(&table->current, s, memory_order_acq_rel);
	if (old)
		rcu_defer(&old->rcu, snapshot_free);
	return 0;
}

int ifname_table_open(struct ifname_table **out)
{
	struct ifname_table *table = calloc(1, sizeof(*table));
	int err = -ENOMEM;

	*out = NULL;
	if (!table)
		return -ENOMEM;
	table->nlif = nlif_open();
	if (!table->nlif) {
		err = errno ? -errno : -EIO;
		goto out_free;
	}
	if (nlif_query(table->nlif) < 0) {
		err = errno ? -errno : -EIO;
		goto out_close;
	}
	err = publish(table);
	if (err)
		goto out_close;
	*out = table;
	return 0;

out_close:
	nlif_close(table->nlif);
out_free:
	free(table);
	return err;
}

void ifname_table_close(struct ifname_table *table)
{
	if (!table)
		return;
	nlif_close(table->nlif);
	free(atomic_load_explicit(&table->current, memory_order_acquire));
	free(table);
}

int ifname_table_fd(const struct ifname_table *table)
{
	return nlif_fd(table->nlif);
}

/* nlif's own read would wait, so it is asked only when something is there. */
static bool is_readable(const struct ifname_table *table)
{
	struct pollfd pfd = { .fd = ifname_table_fd(table), .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

int ifname_table_update(struct ifname_table *table)
{
	while (is_readable(table)) {
		/* more events than the socket could keep: read all names anew */
		if (nlif_catch(table->nlif) < 0 && nlif_query(table->nlif) < 0)
			return errno ? -errno : -EIO;
	}
	return publish(table);
}

const char *ifname_find(const struct ifname_table *table, uint32_t index)
{
	const struct snapshot *s =
		atomic_load_explicit(&table->current, memory_order_acquire);
	const struct entry key = { .index = index }, *e;

	e = bsearch(&key, s->entries, s->length, sizeof(key), compare);
	return e ? e->name : NULL;
}
