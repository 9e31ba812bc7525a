/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be tested without a netfilter queue; the rest is in tests/net/queue.test.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "queue/queue.h"

/* A socket that is none of netlink's. */
Test(netlink, refuses_to_take_over_anything)
{
	char error[QUEUE_TEXT_MAX];
	struct queue_config cfg;
	struct queue *q;

	queue_config_init(&cfg, 5);
	cfg.fd = open("/dev/null", O_RDWR);
	cr_assert_geq(cfg.fd, 0);
	cr_assert_lt(queue_open(&queue_netlink, &cfg, &q, error), 0);
	cr_assert_null(q);
	cr_assert_neq(error[0], '\0');
}
