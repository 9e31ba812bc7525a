/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "client/client_priv.h"
#include "ctlink/daemon.h"
#include "fake.h"

static struct ctq *ctq;
static struct fake *fake;
static char seen[64]; /* a letter for each announcement */
static uint64_t lost;

static void setup(void)
{
	fake = fake_new();
	fake->announce = true;
	ctq = ctq_new();
	cr_assert_eq(ctq_connect(ctq, fake->path), 0);
}

static void teardown(void)
{
	ctq_destroy(ctq);
	fake_end(fake);
}

TestSuite(events, .init = setup, .fini = teardown);

static int remember(void *data, const struct ctq_event *event)
{
	static const char letters[] = "nudrNUDo";

	strncat(seen, &letters[event->kind], 1);
	cr_assert_eq(event->flow != NULL, event->kind <= CTQ_EVENT_FLOW_DESTROY);
	cr_assert_eq(event->record != NULL, event->kind > CTQ_EVENT_FLOW_DESTROY &&
	                                            event->kind != CTQ_EVENT_OVERRUN);
	if (event->record)
		cr_assert_eq(ctq_record_number(event->record, CTQA_RULESET_GENERATION),
		             43);
	lost += event->lost;
	return data ? 9 : 0;
}

static const uint32_t groups[] = { CTQ_GROUP_FLOW_NEW, CTQ_GROUP_RULES };

Test(events, the_daemon_hears_which_groups)
{
	const struct nlmsghdr *nlh;
	struct ctlink_groups asked = { 0 };

	cr_assert_eq(ctq_subscribe(ctq, groups, 2, remember, NULL), 0);
	nlh = fake_request(fake,
	                   CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_SUBSCRIBE));
	cr_assert_eq(ctlink_groups_parse(nlh, &asked, NULL), 0);
	cr_assert_eq(asked.has, 1u << CTQ_GROUP_FLOW_NEW | 1u << CTQ_GROUP_RULES);
}

Test(events, arrive_between_answers_of_other_requests)
{
	fake->lost = 12;
	cr_assert_eq(ctq_subscribe(ctq, groups, 2, remember, NULL), 0);
	cr_assert_str_eq(seen, "nudor");
	cr_assert_eq(ctq_flows_flush(ctq), 0);
	cr_assert_str_eq(seen, "nudornudor");
	cr_assert_eq(lost, 24);
}

Test(events, wait_and_dispatch_hand_out_what_came)
{
	struct pollfd pfd;

	fake->announce = false;
	cr_assert_eq(ctq_subscribe(ctq, groups, 2, remember, NULL), 0);
	cr_assert_eq(ctq_dispatch(ctq), 0, "nothing came");
	cr_assert_eq(ctq_wait(ctq, 1), -ETIMEDOUT);
	fake->announce = true;
	/* A request whose answer is never read: its announcements are. */
	ctlink_message_reset(&ctq->out);
	ctlink_message_begin(&ctq->out, &(struct ctlink_header){ .type = NLMSG_NOOP });
	cr_assert_eq(ctlink_message_end(&ctq->out), 0);
	cr_assert_eq(client_send(ctq), 0);
	pfd = (struct pollfd){ .fd = ctq_fd(ctq), .events = POLLIN };
	cr_assert_eq(poll(&pfd, 1, 5000), 1);
	cr_assert_eq(ctq_wait(ctq, -1), 0);
	cr_assert_eq(ctq_dispatch(ctq), 0);
	cr_assert_str_eq(seen, "nudr");
}

Test(events, a_callback_can_end_the_request)
{
	cr_assert_eq(ctq_subscribe(ctq, groups, 2, remember, seen), 9);
	cr_assert_str_eq(seen, "n", "and hears no more within it");
}

Test(events, without_subscription_they_are_nothing)
{
	cr_assert_eq(ctq_flows_flush(ctq), 0);
	cr_assert_str_eq(seen, "");
}

Test(events, a_closed_connection_is_told)
{
	fake->hang_up = CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_RELOAD);
	cr_assert_eq(ctq_reload(ctq), -ECONNRESET);
	cr_assert_eq(ctq_dispatch(ctq), -ENOTCONN);
	cr_assert_eq(ctq_wait(ctq, 0), -ENOTCONN);
}
