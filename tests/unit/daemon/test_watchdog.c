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

Test(watchdog, knows_since_when_a_worker_is_stuck)
{
	watchdog_init(&w, 3, 0, 100 * S);
	all_go_round();
	watchdog_step(&w, rounds, 101 * S);
	rounds[0]++;
	watchdog_step(&w, rounds, 103 * S);
	cr_expect(watchdog_stuck_ns(&w, 0, 103 * S) == 0);
	cr_expect(watchdog_stuck_ns(&w, 1, 103 * S) == 2 * S);
}
