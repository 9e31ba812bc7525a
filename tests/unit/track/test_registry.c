/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "tests/unit/fail.h"
#include "track/registry.h"

static struct track_registry *r;

static void begin(void)
{
	urcu_qsbr_register_thread();
	r = track_registry_new();
	cr_assert_not_null(r);
}

static void end(void)
{
	rcu_offline();
	rcu_settle();
	rcu_online();
	track_registry_destroy(r);
	urcu_qsbr_unregister_thread();
}

TestSuite(registry, .init = begin, .fini = end);

Test(registry, begins_with_what_is_built_in)
{
	const struct track_machines *m = track_registry_peek(r);
	int l4;

	for (l4 = 0; l4 < 256; l4++)
		cr_assert_eq(m->machine[m->by_l4[l4]], track_proto_find((uint8_t)l4));
	cr_assert_eq(m->by_l4[IPPROTO_TCP], TRACK_MACHINE_TCP);
	cr_assert_eq(track_registry_find(r, "IcmpV6"), TRACK_MACHINE_ICMPV6);
	cr_assert_eq(track_registry_find(r, "dccp"), -ENOENT);
	cr_assert_null(track_registry_machine(r, TRACK_MACHINES_BUILTIN));
	cr_assert_null(track_registry_machine(r, 255));
}

Test(registry, a_closed_machine_stays_for_its_flows)
{
	const struct track_machines *before = track_registry_peek(r);

	cr_assert_eq(track_registry_close(r, TRACK_MACHINE_GRE), 0);
	cr_assert(!track_registry_is_open(r, TRACK_MACHINE_GRE));
	cr_assert_eq(track_registry_peek(r)->by_l4[IPPROTO_GRE], TRACK_MACHINE_GENERIC);
	cr_assert_not_null(track_registry_machine(r, TRACK_MACHINE_GRE));
	cr_assert_eq(before->by_l4[IPPROTO_GRE], TRACK_MACHINE_GRE,
	             "a reader's version never changes");
	cr_assert_eq(track_registry_open(r, TRACK_MACHINE_GRE), 0);
	cr_assert(track_registry_is_open(r, TRACK_MACHINE_GRE));
}

Test(registry, names_and_protocols_are_one_machines_only)
{
	struct track_proto proto = { .name = "mine", .l4 = 253 };
	struct track_proto name = { .name = "MINE", .l4 = 254 };
	struct track_proto number = { .name = "other", .l4 = 253 };
	struct track_proto builtin = { .name = "own-tcp", .l4 = IPPROTO_TCP };
	int got = track_registry_add(r, &proto);

	cr_assert_eq(got, TRACK_MACHINES_BUILTIN);
	cr_assert(!track_registry_is_open(r, (uint8_t)got));
	cr_assert_eq(track_registry_add(r, &name), -EEXIST);
	cr_assert_eq(track_registry_add(r, &number), -EEXIST);
	cr_assert_eq(track_registry_add(r, &builtin), -EEXIST);
	cr_assert_eq(track_registry_remove(r, (uint8_t)got), 0);
	cr_assert_eq(track_registry_add(r, &number), got + 1,
	             "a number comes back as late as can be");
}

Test(registry, is_full_at_its_limit)
{
	static struct track_proto protos[TRACK_MACHINES_MAX];
	static char names[TRACK_MACHINES_MAX][8];
	int i, number = 0;

	for (i = 0; i < TRACK_MACHINES_MAX && number >= 0; i++) {
		snprintf(names[i], sizeof(names[i]), "p%d", i);
		protos[i].name = names[i];
		protos[i].l4 = (uint8_t)(140 + i);
		number = track_registry_add(r, &protos[i]);
	}
	cr_assert_eq(number, -ENOSPC);
	cr_assert_eq(i, TRACK_MACHINES_MAX - TRACK_MACHINES_BUILTIN + 1);
}

/* ---- without memory --------------------------------------------------------------- */

Test(registry, that_cannot_be_made_is_none)
{
	struct track_registry *other;
	long n;

	for (n = 0; n < 100; n++) {
		fail_after = n;
		other = track_registry_new();
		if (other)
			break;
	}
	fail_after = -1;
	cr_assert_eq(n, 2, "%ld allocations", n);
	track_registry_destroy(other);
}

/* The version in force stays, and so does what it says. */
static void check_same(const struct track_machines *before, int result)
{
	fail_after = -1;
	cr_assert_eq(result, -ENOMEM);
	cr_assert_eq(track_registry_peek(r), before);
}

Test(registry, a_change_that_fails_has_not_begun)
{
	static const struct track_proto proto = { .name = "mine", .l4 = 253 };
	const struct track_machines *before = track_registry_peek(r);
	int number;

	fail_after = 0;
	check_same(before, track_registry_add(r, &proto));
	fail_after = 0;
	check_same(before, track_registry_close(r, TRACK_MACHINE_GRE));
	number = track_registry_add(r, &proto);
	cr_assert_eq(number, TRACK_MACHINES_BUILTIN, "the number was not used up");
	before = track_registry_peek(r);
	fail_after = 0;
	check_same(before, track_registry_open(r, (uint8_t)number));
	fail_after = 0;
	check_same(before, track_registry_remove(r, (uint8_t)number));
	cr_assert_eq(track_registry_remove(r, (uint8_t)number), 0);
}
