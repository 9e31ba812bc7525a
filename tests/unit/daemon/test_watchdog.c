/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "daemon/watchdog.h"

#define S 1000000000ull

static struct watchdog w;
static uint64_t rounds[3];

static void all_go_round(void)
{
	rounds[0]++;
	rounds[1]++;
	rounds[2]++;
}

Test(watchdog, is_fed_at_half_its_time)
{
	watchdog_init(&w, 3, 10 * S, 100 * S);
	all_go_round();
	cr_expect(!watchdog_step(&w, rounds, 104 * S));
	cr_expect(watchdog_step(&w, rounds, 105 * S));
	all_go_round();
	cr_expect(!watchdog_step(&w, rounds, 109 * S));
	cr_expect(watchdog_step(&w, rounds, 110 * S));
}

Test(watchdog, one_stuck_worker_leaves_it_hungry)
{
	watchdog_init(&w, 3, 10 * S, 100 * S);
	rounds[0] = rounds[2] = 1000;
	cr_expect(!watchdog_step(&w, rounds, 105 * S));
	cr_expect(!watchdog_step(&w, rounds, 1000 * S));
	rounds[1] = 1;
	cr_expect(watchdog_step(&w, rounds, 1001 * S), "it went round at last");
}

Test(watchdog, every_feeding_wants_new_rounds_of_all)
{
	watchdog_init(&w, 3, 10 * S, 100 * S);
	all_go_round();
	cr_assert(watchdog_step(&w, rounds, 105 * S));
	cr_expect(!watchdog_step(&w, rounds, 110 * S), "no round since");
	rounds[0]++;
	rounds[1]++;
	cr_expect(!watchdog_step(&w, rounds, 111 * S), "one is missing");
	rounds[2]++;
	cr_expect(watchdog_step(&w, rounds, 112 * S));
}

Test(watchdog, nobody_is_fed_who_does_not_want_to_be)
{
	watchdog_init(&w, 3, 0, 100 * S);
	all_go_round();
	cr_expect(!watchdog_step(&w, rounds, 1000 * S));
}

/* Looks every tenth of a second, until @to_ns. */
static void look_until(uint64_t from_ns, uint64_t to_ns)
{
	for (; from_ns <= to_ns; from_ns += S / 10)
		watchdog_step(&w, rounds, from_ns);
}

Test(watchdog, knows_since_when_a_worker_is_stuck)
{
	watchdog_init(&w, 3, 0, 100 * S);
	all_go_round();
	watchdog_step(&w, rounds, 101 * S);
	look_until(101 * S + S / 10, 102 * S);
	rounds[0]++;
	look_until(102 * S + S / 10, 103 * S);
	cr_expect_eq(watchdog_stuck_ns(&w, 0), S - S / 10);
	cr_expect_eq(watchdog_stuck_ns(&w, 1), 2 * S);
}

Test(watchdog, where_nobody_was_run_nobody_is_stuck)
{
	watchdog_init(&w, 3, 0, 100 * S);
	all_go_round();
	watchdog_step(&w, rounds, 100 * S);
	watchdog_step(&w, rounds, 110 * S);
	cr_expect_eq(watchdog_stuck_ns(&w, 0), S / 2, "one look after ten seconds");
	all_go_round();
	watchdog_step(&w, rounds, 120 * S);
	cr_expect_eq(watchdog_stuck_ns(&w, 0), 0);
}
