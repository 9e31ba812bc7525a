/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/announcements.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>

#include "base/clock.h"
#include "ctctl/json.h"
#include "ctctl/message.h"

#define NS_PER_MS 1000000u

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = 1;
}

/* The wait returns, and what is on its way is written. */
void announcements_begin(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Milliseconds until @end_ns; -1: no end. */
static int left_ms(uint64_t end_ns)
{
	uint64_t now = clock_monotonic_ns();

	if (end_ns == UINT64_MAX)
		return -1;
	return now < end_ns ? (int)((end_ns - now) / NS_PER_MS) + 1 : 0;
}

int announcements_wait(struct tool *tool, int err, int ms)
{
	uint64_t end_ns =
		ms < 0 ? UINT64_MAX : clock_monotonic_ns() + (uint64_t)ms * NS_PER_MS;
	int left;

	while (!err && !interrupted) {
		left = left_ms(end_ns);
		if (left == 0)
			break;
		err = ctq_wait(tool->ctq, left);
		if (!err || err == -EINTR)
			err = ctq_dispatch(tool->ctq);
		else if (err == -ETIMEDOUT && end_ns != UINT64_MAX)
			err = 0;
	}
	return err == ANNOUNCEMENTS_ENOUGH ? 0 : err;
}

void announcements_lost(struct tool *tool, uint64_t lost, uint64_t *sum)
{
	struct json json;

	*sum += lost;
	if (!tool_is_json(tool)) {
		message_error(tool,
		              "%" PRIu64
		              " announcements were lost: this reader is too slow",
		              lost);
		return;
	}
	json_init(&json, tool->out);
	json_object_begin(&json, NULL);
	json_string(&json, "event", "overrun");
	json_number(&json, "lost", lost);
	json_object_end(&json);
	json_newline(&json);
}
