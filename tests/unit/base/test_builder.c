/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/builder.h"

static int wake;
static struct builder *builder;

static void setup(void)
{
	int err;

	wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	builder = builder_new("test-builder", wake, &err);
	cr_assert_not_null(builder, "%d", err);
}

static void teardown(void)
{
	builder_destroy(builder);
	close(wake);
}

TestSuite(builder, .init = setup, .fini = teardown);

static void count(void *arg)
{
	++*(unsigned int *)arg;
}

static void look(void *arg)
{
	*(int *)arg = getpriority(PRIO_PROCESS, 0);
}

static void wait_for_wake(void)
{
	struct pollfd fd = { wake, POLLIN, 0 };
	eventfd_t n;

	cr_assert_eq(poll(&fd, 1, -1), 1);
	cr_assert_eq(eventfd_read(wake, &n), 0);
	cr_assert_eq(n, 1);
}

Test(builder, does_one_piece_after_the_other_and_wakes_its_owner_after_each)
{
	unsigned int done = 0, i;

	cr_assert(builder_is_idle(builder));
	for (i = 1; i <= 3; i++) {
		builder_start(builder, count, &done);
		wait_for_wake();
		cr_assert(builder_is_idle(builder));
		cr_assert_eq(done, i);
	}
}

Test(builder, gives_way_to_other_threads_and_its_owner_does_not)
{
	int nice = 0;

	builder_start(builder, look, &nice);
	wait_for_wake();
	cr_assert_eq(nice, BUILDER_NICE);
	cr_assert_lt(getpriority(PRIO_PROCESS, 0), BUILDER_NICE);
}

Test(builder, what_was_begun_is_done_before_it_ends)
{
	unsigned int done = 0;

	builder_start(builder, count, &done);
	builder_destroy(builder);
	builder = NULL;
	cr_assert_eq(done, 1);
}
