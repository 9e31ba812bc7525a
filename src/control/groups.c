/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * groups.c - announcements to those who subscribed
 *
 * Events are taken from the workers' rings in the order in which they happened, put into
 * one datagram for each group, and sent to its clients. A client that does not read fast
 * enough loses whole datagrams; what it lost is counted, and it is told as soon as it has read
 * everything that came before.
 *
 * Each announcement has a number in its group, and each that is lost, here or in a ring, takes
 * one. An overrun record is sent behind all that happened before the loss: who lists again when
 * it reads the record must not be told afterwards of what the list no longer showed.
 */
#include <limits.h>

#include "control/control_priv.h"
#include "ctlink/daemon.h"
#include "ctlink/expect.h"

/* Events of one tick: some milliseconds of work. The rest waits in the rings. */
#define GROUPS_EVENTS 16384

static const struct {
	uint32_t group;
	uint8_t subsystem;
	uint16_t message, flags;
} of_kind[FLOW_EVENT_KINDS] = {
	[FLOW_EVENT_NEW] = { CTQ_GROUP_FLOW_NEW, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW,
	                     NLM_F_CREATE | NLM_F_EXCL },
	[FLOW_EVENT_UPDATE] = { CTQ_GROUP_FLOW_UPDATE, NFNL_SUBSYS_CTNETLINK,
	                        IPCTNL_MSG_CT_NEW, 0 },
	[FLOW_EVENT_DESTROY] = { CTQ_GROUP_FLOW_DESTROY, NFNL_SUBSYS_CTNETLINK,
	                         IPCTNL_MSG_CT_DELETE, 0 },
	[FLOW_EVENT_EXPECT_NEW] = { CTQ_GROUP_EXPECT_NEW, NFNL_SUBSYS_CTNETLINK_EXP,
	                            IPCTNL_MSG_EXP_NEW, NLM_F_CREATE | NLM_F_EXCL },
	[FLOW_EVENT_EXPECT_UPDATE] = { CTQ_GROUP_EXPECT_UPDATE, NFNL_SUBSYS_CTNETLINK_EXP,
	                               IPCTNL_MSG_EXP_NEW, 0 },
	[FLOW_EVENT_EXPECT_DESTROY] = { CTQ_GROUP_EXPECT_DESTROY,
	                                NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_DELETE,
	                                0 },
};

/* When the last one has left, nothing waits any longer. */
static void tell_workers_of_listeners(struct control *c, bool listened)
{
	bool listens = c->groups & 1u << CTQ_GROUP_ASK;
	uint16_t i;

	path_ask_listen(c->env.path, listens);
	if (!listened || listens || !c->env.wake)
		return;
	for (i = 0; i < c->env.workers; i++)
		c->env.wake(c->env.ctx, i);
}

void control_groups_update(struct control *c)
{
	bool listened = c->groups & 1u << CTQ_GROUP_ASK;
	struct control_client *client;
	uint32_t groups = 0, kinds = 0;
	unsigned int kind;

	cds_list_for_each_entry (client, &c->clients, node)
		groups |= client->groups;
	for (kind = 0; kind < FLOW_EVENT_KINDS; kind++)
		if (groups & 1u << of_kind[kind].group)
			kinds |= 1u << kind;
	c->groups = groups;
	tell_workers_of_listeners(c, listened);
	flow_event_wanted_set(c->env.flows, kinds);
}

struct ctlink_header control_announcement(struct control *c, uint32_t group,
                                          uint16_t type, uint16_t flags)
{
	return (struct ctlink_header){
		.type = type,
		.flags = flags,
		.sequence = ++c->sequences[group],
	};
}

void control_groups_overrun(struct control_client *client)
{
	struct ctlink_header header = {
		.type = CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_OVERRUN),
	};
	struct ctlink_overrun overrun = { .lost = client->lost };
	struct ctlink_message m;

	ctlink_mark(&overrun, CTLINK_OVERRUN_LOST);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	if (ctlink_overrun_build(&m, &header, &overrun) == 0 &&
	    control_client_send(client, m.data, m.size))
		client->lost = 0;
	ctlink_message_fini(&m);
}

void control_groups_tell(struct control_client *client, const struct ctlink_message *m,
                         unsigned int n)
{
	if (client->is_gone)
		return;
	/* Once something is lost, nothing goes on before the client knows. */
	if (!client->lost && control_client_announce(client, m->data, m->size))
		return;
	client->lost += n;
	client->control->counters[CONTROL_COUNTER_OVERRUNS] += n;
}

void control_groups_send(struct control *c, uint32_t group,
                         const struct ctlink_message *m, unsigned int n)
{
	struct control_client *client;

	cds_list_for_each_entry (client, &c->clients, node)
		if (client->groups & 1u << group)
			control_groups_tell(client, m, n);
}

/* ---- events of flows --------------------------------------------------------------------------- */

bool control_groups_are_behind(const struct control *c, uint64_t before)
{
	return flow_event_is_waiting(c->env.flows, before);
}

static void send_all(struct control *c, uint32_t group, struct ctlink_message *m)
{
	if (m->count)
		control_groups_send(c, group, m, m->count);
	ctlink_message_reset(m);
}

static int build_event(const struct control *c, struct ctlink_message *m,
                       const struct ctlink_header *header, const struct flow_event *event)
{
	struct ctlink_expect expect;
	struct ctlink_flow flow;

	if (event->kind >= FLOW_EVENT_EXPECT_NEW) {
		control_expect_value(&event->expect, &expect);
		return ctlink_expect_build(m, header, &expect);
	}
	control_flow_value(c, &event->info, &flow);
	return ctlink_flow_build(m, header, &flow);
}

static void put_event(struct control *c, struct ctlink_message *m,
                      const struct flow_event *event)
{
	uint32_t group = of_kind[event->kind].group;
	struct ctlink_header header;

	if (!(c->groups & 1u << group))
		return;
	header = control_announcement(
		c, group,
		CTLINK_TYPE(of_kind[event->kind].subsystem, of_kind[event->kind].message),
		of_kind[event->kind].flags);
	header.portid = event->origin;
	if (build_event(c, m, &header, event) == 0)
		return;
	send_all(c, group, m);
	if (build_event(c, m, &header, event) < 0)
		c->counters[CONTROL_COUNTER_OVERRUNS]++;
}

/*
 * What the rings could not take is lost for everybody who listens to flows. A ring that loses
 * is full, so that as many events as all rings have room for may be older than the loss: they
 * are announced first.
 */
static void count_lost(struct control *c)
{
	uint64_t lost = flow_counter_read(c->env.flows, FLOW_COUNTER_EVENTS_LOST);

	if (lost == c->events_lost)
		return;
	c->events_untold += lost - c->events_lost;
	c->events_lost = lost;
	c->events_before = flow_event_room(c->env.flows);
}

static void tell_lost(struct control *c)
{
	const uint32_t flows = 1u << CTQ_GROUP_FLOW_NEW | 1u << CTQ_GROUP_FLOW_UPDATE |
	                       1u << CTQ_GROUP_FLOW_DESTROY | 1u << CTQ_GROUP_EXPECT_NEW |
	                       1u << CTQ_GROUP_EXPECT_UPDATE |
	                       1u << CTQ_GROUP_EXPECT_DESTROY;
	struct control_client *client;
	unsigned int kind;

	/* Of which kind they were, nobody knows. */
	for (kind = 0; kind < FLOW_EVENT_KINDS; kind++)
		c->sequences[of_kind[kind].group] += c->events_untold;
	cds_list_for_each_entry (client, &c->clients, node) {
		if (!(client->groups & flows))
			continue;
		client->lost += c->events_untold;
		if (cds_list_empty(&client->output))
			control_groups_overrun(client);
	}
	c->events_untold = 0;
}

/* Events with a number below @before, and not more than @most. One datagram at a time: a change
 * of group ends it, which keeps the order for clients that are in more than one. */
static void announce(struct control *c, uint64_t before, unsigned int most)
{
	struct flow_event event;
	struct ctlink_message m;
	unsigned int n, kind = 0;
	bool more = true;

	count_lost(c);
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	for (n = 0; n < most; n++) {
		more = flow_event_next(c->env.flows, before, &event);
		if (!more)
			break;
		if (event.kind != kind)
			send_all(c, of_kind[kind].group, &m);
		kind = event.kind;
		put_event(c, &m, &event);
	}
	send_all(c, of_kind[kind].group, &m);
	ctlink_message_fini(&m);
	/* Without @before the rings are empty now, or @n events shorter. */
	c->events_before -= (more || before < UINT64_MAX) && c->events_before > n
	                            ? n
	                            : c->events_before;
	if (c->events_untold && !c->events_before)
		tell_lost(c);
}

void control_groups_events(struct control *c)
{
	announce(c, UINT64_MAX, GROUPS_EVENTS);
}

void control_groups_settle(struct control *c)
{
	announce(c, flow_event_order(c->env.flows), UINT_MAX);
}
