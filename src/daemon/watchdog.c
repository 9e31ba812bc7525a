/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/watchdog.h"

#include <string.h>

/* What a time between two looks counts at most: five times as long as it should be. Who comes
 * later was not run, and the workers maybe neither. */
#define LOOK_NS_MAX 500000000ull

void watchdog_init(struct watchdog *w, uint16_t workers, uint64_t timeout_ns,
                   uint64_t now_ns)
{
	memset(w, 0, sizeof(*w));
	w->workers = workers;
	w->period_ns = timeout_ns / 2; /* as sd_watchdog_enabled(3) advises */
	w->due_ns = now_ns + w->period_ns;
	w->looked_ns = now_ns;
}

static void rounds_take(struct watchdog *w, const uint64_t *rounds, uint64_t now_ns)
{
	uint64_t since_ns = now_ns - w->looked_ns;
	uint16_t i;

	if (since_ns > LOOK_NS_MAX)
		since_ns = LOOK_NS_MAX;
	w->looked_ns = now_ns;
	for (i = 0; i < w->workers; i++) {
		w->worker[i].stuck_ns += since_ns;
		if (rounds[i] == w->worker[i].rounds)
			continue;
		w->worker[i].rounds = rounds[i];
		w->worker[i].stuck_ns = 0;
	}
}

static bool all_went_round(const struct watchdog *w)
{
	uint16_t i;

	for (i = 0; i < w->workers; i++)
		if (w->worker[i].rounds == w->worker[i].fed)
			return false;
	return true;
}

bool watchdog_step(struct watchdog *w, const uint64_t *rounds, uint64_t now_ns)
{
	uint16_t i;

	rounds_take(w, rounds, now_ns);
	if (w->period_ns == 0 || now_ns < w->due_ns || !all_went_round(w))
		return false;
	for (i = 0; i < w->workers; i++)
		w->worker[i].fed = w->worker[i].rounds;
	w->due_ns = now_ns + w->period_ns;
	return true;
}

uint64_t watchdog_stuck_ns(const struct watchdog *w, uint16_t number)
{
	return w->worker[number].stuck_ns;
}
