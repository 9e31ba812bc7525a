/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <net/if.h>

#include "base/rcu.h"
#include "queue/ifname.h"

/* The kernel's list is the judge. */
Test(ifname, knows_the_interfaces)
{
	struct if_nameindex *list = if_nameindex();
	struct ifname_table *table;
	size_t i;

	urcu_qsbr_register_thread();
	cr_assert_not_null(list);
	cr_assert_eq(ifname_table_open(&table), 0);
	for (i = 0; list[i].if_index; i++)
		cr_assert_str_eq(ifname_find(table, list[i].if_index), list[i].if_name);
	cr_assert_null(ifname_find(table, 0));
	cr_assert_null(ifname_find(table, 0x7fffffff));
	cr_assert_geq(ifname_table_fd(table), 0);
	if_freenameindex(list);
	ifname_table_close(table);
	urcu_qsbr_unregister_thread();
}

Test(ifname, an_update_publishes_a_new_snapshot)
{
	struct ifname_table *table;
	const char *name;
	int i;

	urcu_qsbr_register_thread();
	cr_assert_eq(ifname_table_open(&table), 0);
	name = ifname_find(table, 1);
	for (i = 0; i < 10; i++)
		cr_assert_eq(ifname_table_update(table), 0);
	if (name)
		cr_assert_str_eq(name, ifname_find(table, 1),
		                 "and the old one is good until quiet");
	rcu_quiet();
	rcu_offline();
	urcu_qsbr_barrier();
	rcu_online();
	ifname_table_close(table);
	ifname_table_close(NULL);
	urcu_qsbr_unregister_thread();
}
