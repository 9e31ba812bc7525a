/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

#include "base/base.h"
#include "text.h"

static struct config cfg;
static struct text_sink errors;

static const struct config_queue *queue(uint16_t number)
{
	unsigned int i;

	for (i = 0; i < cfg.queues_length; i++)
		if (cfg.queues[i].number == number)
			return &cfg.queues[i];
	cr_assert_fail("no queue %u", number);
	return NULL;
}

Test(check, worker_i_owns_the_i_th_queue_of_each_range)
{
	cr_assert(text_load(&cfg,
	                    "queues 0-1 { hook prerouting; }"
	                    "queues 2-3 { hook postrouting; }"
	                    "queues 7 { hook output; }",
	                    &errors) == 0);
	cr_expect(cfg.workers == 2);
	cr_expect(cfg.queues_length == 5);
	cr_expect(queue(0)->worker == 0 && queue(2)->worker == 0 &&
	          queue(7)->worker == 0);
	cr_expect(queue(1)->worker == 1 && queue(3)->worker == 1);
}

Test(check, there_are_as_many_workers_as_the_longest_range_has_queues)
{
	cr_assert(text_load(&cfg,
	                    "queues 5 { hook output; } queues 10-17 { hook input; }",
	                    &errors) == 0);
	cr_expect(cfg.workers == 8);
}

Test(check, the_i_th_queue_runs_on_the_i_th_cpu)
{
	cr_assert(text_load(&cfg,
	                    "queues 0-2 { hook prerouting; cpu 4,6-7; }"
	                    "queues 3-5 { hook postrouting; }",
	                    &errors) == 0);
	cr_expect(queue(0)->cpu == 4 && queue(1)->cpu == 6 && queue(2)->cpu == 7);
	cr_expect(queue(3)->cpu == CONFIG_CPU_NONE);
}

Test(check, confirm_queues_are_those_at_the_way_out)
{
	static const struct {
		const char *text;
		bool confirm;
	} samples[] = {
		{ "queues 0 { hook prerouting; }", false },
		{ "queues 0 { hook output; }", false },
		{ "queues 0 { hook postrouting; }", true },
		{ "queues 0 { hook prerouting; } queues 1 { hook input; }", true },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(samples); i++) {
		cr_assert(text_load(&cfg, samples[i].text, &errors) == 0);
		cr_expect(config_has_confirm_queue(&cfg) == samples[i].confirm, "%s",
		          samples[i].text);
	}
}

Test(check, a_queue_number_is_16_bits)
{
	cr_expect(text_load(&cfg, "queues 65535 { hook input; }", &errors) == 0);
	cr_expect(text_load(&cfg, "queues 65536 { hook input; }", &errors) == -EINVAL);
}

Test(check, so_many_queues_and_no_more)
{
	cr_expect(
		text_load(
			&cfg,
			"queues 0-255 { hook prerouting; } queues 256-511 { hook input; }"
			"queues 512-767 { hook output; }"
			"queues 768-1023 { hook postrouting; }",
			&errors) == 0);
	cr_expect(cfg.queues_length == CONFIG_QUEUES_MAX &&
	          cfg.workers == CONFIG_WORKERS_MAX);
	cr_expect(
		text_load(
			&cfg,
			"queues 0-255 { hook prerouting; } queues 256-511 { hook input; }"
			"queues 512-767 { hook output; }"
			"queues 768-1023 { hook postrouting; } queues 2000 { hook input; "
			"}",
			&errors) == -EINVAL);
}
