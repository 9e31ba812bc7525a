/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.c - packets to those who watch them: CTQ_GROUP_DROP and CTQ_GROUP_TRACE
 *
 * Each client in one of the groups has a place in the workers' list of watchers
 * (path/watch.h), with its own filter and rate. Sightings are taken from the workers' rings
 * in the order in which the packets were judged, and go to the clients whose bits they have.
 * A place is given to somebody else at times: a sighting counts for a client only if the list
 * that it was held against is not older than the client. The last place is the log's: who owns
 * it gets its sightings as they are (control_env.dropped).
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/clock.h"
#include "control/control_priv.h"
#include "ctlink/packet.h"

/* Sightings of one tick; the rest waits in the rings. */
#define WATCH_SIGHTINGS 16384

#define WATCH_GROUPS (1u << CTQ_GROUP_DROP | 1u << CTQ_GROUP_TRACE)

_Static_assert(PATH_WATCH_LOG == CTQ_GROUP_WATCHERS_MAX, "what ctlink(7) says");
_Static_assert(PATH_WATCH_BYTES_MAX == CTQ_GROUP_BYTES_MAX, "what ctlink(7) says");

/* ---- who watches ------------------------------------------------------------------------ */

/* A rate is of all workers together, and each has its part of it. */
static uint32_t rate_of_each(const struct control *c, uint32_t rate)
{
	return (rate + c->env.workers - 1) / c->env.workers;
}

/* Tell the workers. */
static int list_set(struct control *c)
{
	struct path_watcher watchers[PATH_WATCHERS_MAX] = { { .active = false } };
	const struct control_client *client;
	unsigned int i;

	for (i = 0; i < CTQ_GROUP_WATCHERS_MAX; i++) {
		client = c->watchers[i];
		if (!client)
			continue;
		watchers[i].active = true;
		watchers[i].drops = !(client->groups & 1u << CTQ_GROUP_TRACE);
		watchers[i].bytes = client->watch.bytes;
		watchers[i].rate = rate_of_each(c, client->watch.rate);
		if (client->watch.filter.terms.length)
			watchers[i].filter = &client->watch.filter;
	}
	watchers[PATH_WATCH_LOG] = (struct path_watcher){
		.active = c->logged != 0,
		.drops = true,
		.reasons = c->logged,
		.rate = rate_of_each(c, c->logged_rate),
	};
	return path_watch_set(c->env.path, watchers);
}

int control_log_drops(struct control *c, uint64_t reasons, uint32_t rate)
{
	const uint64_t before = c->logged;
	const uint32_t before_rate = c->logged_rate;
	int err;

	c->logged = reasons;
	c->logged_rate = rate;
	err = list_set(c);
	if (err == 0)
		return 0;
	c->logged = before;
	c->logged_rate = before_rate;
	return err;
}

void control_watch_leave(struct control_client *client)
{
	struct control *c = client->control;
	unsigned int i;

	for (i = 0; i < CTQ_GROUP_WATCHERS_MAX; i++) {
		if (c->watchers[i] != client)
			continue;
		c->watchers[i] = NULL;
		list_set(
			c); /* without memory the list has one too many: it is not heard */
	}
	ctlink_watch_fini(&client->watch, NULL);
	memset(&client->watch, 0, sizeof(client->watch));
}

/* Readers leave some places to those who may change. */
static int place_find(const struct control *c, int allowed)
{
	int i, place = -EBUSY;

	for (i = 0; i < CTQ_GROUP_WATCHERS_MAX; i++) {
		if (c->watchers[i])
			allowed--;
		else if (place < 0)
			place = i;
	}
	return allowed > 0 ? place : -EBUSY;
}

static int watch_join(struct control_request *r)
{
	struct control_client *client = r->client;
	struct control *c = client->control;
	int allowed = CTQ_GROUP_WATCHERS_MAX -
	              (client->may_change ? 0 : CTQ_GROUP_WATCHERS_RESERVE);
	int place = place_find(c, allowed), err;

	if (place < 0)
		return ctlink_error_set(r->error, place, 0,
		                        "%d clients watch packets, more are not allowed",
		                        allowed);
	c->watchers[place] = client;
	err = list_set(c);
	if (err < 0) {
		c->watchers[place] = NULL;
		return ctlink_error_set(r->error, err, 0, "no memory");
	}
	client->watch_serial = path_watch_serial(c->env.path);
	client->watch_lost = path_watch_lost(c->env.path, (unsigned int)place);
	return 0;
}

static int watch_read(struct control_request *r, struct ctlink_watch *watch)
{
	int err = ctlink_watch_parse(r->nlh, watch, NULL, r->error);

	if (err == 0)
		err = path_watch_check(&watch->filter, r->error);
	if (err == 0 && watch->bytes > PATH_WATCH_BYTES_MAX)
		err = ctlink_error_set(r->error, -EINVAL,
		                       ctlink_attr_offset(r->nlh, CTQA_GROUP_BYTES, 0),
		                       "%u bytes of each packet are wanted; at most %d "
		                       "can be had",
		                       watch->bytes, PATH_WATCH_BYTES_MAX);
	if (err == 0 && watch->bytes && !r->client->may_change)
		err = ctlink_error_set(
			r->error, -EPERM, ctlink_attr_offset(r->nlh, CTQA_GROUP_BYTES, 0),
			"this user may see which packets there are, not what is in them");
	if (!ctlink_has(watch, CTLINK_WATCH_RATE))
		watch->rate = CTQ_GROUP_RATE_DEFAULT;
	return err;
}

int control_watch_subscribe(struct control_request *r, uint32_t groups)
{
	struct control_client *client = r->client;
	struct ctlink_watch watch;
	uint32_t before = client->groups;
	int err;

	if (!(groups & WATCH_GROUPS)) {
		control_watch_leave(client);
		return 0;
	}
	err = watch_read(r, &watch);
	if (err < 0) {
		ctlink_watch_fini(&watch, NULL);
		return err;
	}
	control_watch_leave(client);
	client->watch = watch;
	client->groups = groups;
	err = watch_join(r);
	if (err < 0)
		client->groups = before & ~WATCH_GROUPS;
	return err;
}

/* ---- a sighting as a value -------------------------------------------------------------- */

static void set_address(struct ctlink_packet *p, const struct tuple *t)
{
	uint8_t size = (uint8_t)tuple_address_size(t->l3);

	p->proto = t->l4;
	p->src_size = p->dst_size = size;
	memcpy(p->src, t->src, size);
	memcpy(p->dst, t->dst, size);
	ctlink_mark(p, CTLINK_PACKET_PROTO);
	ctlink_mark(p, CTLINK_PACKET_SRC);
	ctlink_mark(p, CTLINK_PACKET_DST);
}

static void set_ids(struct ctlink_packet *p, const struct tuple *t)
{
	if (control_has_ports(t->l4)) {
		p->sport = ntohs(t->src_id);
		p->dport = ntohs(t->dst_id);
		ctlink_mark(p, CTLINK_PACKET_SPORT);
		ctlink_mark(p, CTLINK_PACKET_DPORT);
	} else if (control_is_icmp(t->l4)) {
		p->icmp_id = ntohs(t->src_id);
		p->icmp_type = (uint8_t)(ntohs(t->dst_id) >> 8);
		p->icmp_code = (uint8_t)ntohs(t->dst_id);
		ctlink_mark(p, CTLINK_PACKET_ICMP_ID);
		ctlink_mark(p, CTLINK_PACKET_ICMP_TYPE);
		ctlink_mark(p, CTLINK_PACKET_ICMP_CODE);
	}
}

void control_packet_tuple(struct ctlink_packet *p, const struct tuple *t, bool whole)
{
	if (t->l3)
		set_address(p, t);
	if (whole)
		set_ids(p, t);
	if (t->zone) {
		p->zone = t->zone;
		ctlink_mark(p, CTLINK_PACKET_ZONE);
	}
}

static void set_interface(const struct control *c, struct ctlink_packet *p,
                          enum ctlink_packet_bit bit, char *to, uint32_t index)
{
	const char *name =
		index && c->env.ifname ? c->env.ifname(c->env.ctx, index) : NULL;

	if (!name)
		return;
	strncpy(to, name, CTQ_IFNAME_MAX - 1);
	ctlink_mark(p, bit);
}

void control_packet_interfaces(const struct control *c, struct ctlink_packet *p,
                               uint32_t in, uint32_t out)
{
	set_interface(c, p, CTLINK_PACKET_IN, p->in, in);
	set_interface(c, p, CTLINK_PACKET_OUT, p->out, out);
}

void control_packet_rule(const struct control *c, struct ctlink_packet *p,
                         uint32_t generation, uint32_t index)
{
	const char *name = "";

	p->generation = generation;
	ctlink_mark(p, CTLINK_PACKET_GENERATION);
	if (!rules_name_read(c->env.rules, generation, index, &p->rule, &name))
		return;
	ctlink_mark(p, CTLINK_PACKET_RULE);
	if (!*name)
		return;
	strncpy(p->rule_name, name, CTQ_NAME_MAX - 1);
	ctlink_mark(p, CTLINK_PACKET_RULE_NAME);
}

static void set_flow(struct ctlink_packet *p, const struct path_sighting *s)
{
	if (!s->flow)
		return;
	p->flow = s->flow;
	p->ctmark = s->flow_mark;
	p->status = s->status;
	ctlink_mark(p, CTLINK_PACKET_FLOW);
	ctlink_mark(p, CTLINK_PACKET_CTMARK);
	ctlink_mark(p, CTLINK_PACKET_STATUS);
}

static void set_outcome(const struct control *c, struct ctlink_packet *p,
                        const struct path_sighting *s)
{
	p->verdict = s->verdict;
	p->reason = s->reason;
	p->flags = s->flags;
	ctlink_mark(p, CTLINK_PACKET_VERDICT);
	ctlink_mark(p, CTLINK_PACKET_REASON);
	ctlink_mark(p, CTLINK_PACKET_FLAGS);
	if (s->invalid) {
		p->invalid = s->invalid;
		ctlink_mark(p, CTLINK_PACKET_INVALID);
	}
	if (s->new_mark != s->mark) {
		p->new_mark = s->new_mark;
		ctlink_mark(p, CTLINK_PACKET_NEW_MARK);
	}
	if (s->generation)
		control_packet_rule(c, p, s->generation, s->rule);
	p->n_held = s->n_held;
	memcpy(p->held, s->held, sizeof(p->held));
	if (p->n_held)
		ctlink_mark(p, CTLINK_PACKET_HELD);
}

void control_packet_value(const struct control *c, const struct path_sighting *s,
                          uint64_t realtime_offset, struct ctlink_packet *p)
{
	*p = (struct ctlink_packet){ .hook = s->hook,
		                     .family = s->family,
		                     .mark = s->mark,
		                     .length = s->length,
		                     .ttl = s->ttl,
		                     .ctstate = s->ctstate,
		                     .queue = s->queue,
		                     .worker = s->worker,
		                     .time = s->when_ns + realtime_offset,
		                     .uid = s->uid,
		                     .tcp_flags = s->tcp_flags };
	ctlink_mark(p, CTLINK_PACKET_HOOK);
	ctlink_mark(p, CTLINK_PACKET_MARK);
	ctlink_mark(p, CTLINK_PACKET_LENGTH);
	ctlink_mark(p, CTLINK_PACKET_QUEUE);
	ctlink_mark(p, CTLINK_PACKET_WORKER);
	ctlink_mark(p, CTLINK_PACKET_TIME);
	if (s->family)
		ctlink_mark(p, CTLINK_PACKET_FAMILY);
	if (s->ctstate)
		ctlink_mark(p, CTLINK_PACKET_CTSTATE);
	if (s->ttl)
		ctlink_mark(p, CTLINK_PACKET_TTL);
	if (s->has_uid)
		ctlink_mark(p, CTLINK_PACKET_UID);
	if (s->tcp_flags)
		ctlink_mark(p, CTLINK_PACKET_TCP_FLAGS);
	control_packet_tuple(p, &s->tuple, s->has_tuple);
	control_packet_interfaces(c, p, s->ifin, s->ifout);
	set_flow(p, s);
	set_outcome(c, p, s);
}

/* ---- announcing ----------------------------------------------------------------------------- */

struct outbox {
	struct ctlink_message m[CTQ_GROUP_WATCHERS_MAX];
};

static void outbox_send(struct control *c, struct outbox *out, unsigned int place)
{
	struct ctlink_message *m = &out->m[place];

	if (m->count && c->watchers[place])
		control_groups_tell(c->watchers[place], m, m->count);
	ctlink_message_reset(m);
}

static void put_packet(struct control *c, struct outbox *out, unsigned int place,
                       struct ctlink_packet *packet, const struct path_sighting *s)
{
	const struct ctlink_header header = {
		.type = CTLINK_TYPE(CTQ_SUBSYS_PACKETS, CTQ_MSG_PACKET_SEEN),
		.family = s->family,
	};
	uint32_t bytes = c->watchers[place]->watch.bytes;

	ctlink_unmark(packet, CTLINK_PACKET_DATA);
	if (bytes && s->captured) {
		packet->data = s->data;
		packet->data_size = s->captured < bytes ? s->captured : bytes;
		ctlink_mark(packet, CTLINK_PACKET_DATA);
	}
	if (ctlink_packet_build(&out->m[place], &header, packet) == 0)
		return;
	outbox_send(c, out, place);
	if (ctlink_packet_build(&out->m[place], &header, packet) < 0)
		c->watchers[place]->lost++;
}

static void announce(struct control *c, struct outbox *out, const struct path_sighting *s,
                     uint64_t realtime_offset)
{
	struct ctlink_packet packet;
	unsigned int i;

	control_packet_value(c, s, realtime_offset, &packet);
	for (i = 0; i < CTQ_GROUP_WATCHERS_MAX; i++)
		if (s->watchers & 1u << i && c->watchers[i] &&
		    s->serial >= c->watchers[i]->watch_serial)
			put_packet(c, out, i, &packet, s);
	if (s->watchers & 1u << PATH_WATCH_LOG && c->logged && c->env.dropped)
		c->env.dropped(c->env.ctx, s);
}

/* The worker with the oldest sighting; -1: there is none. */
static int oldest_worker(const struct control *c)
{
	const struct path_sighting *s;
	uint64_t oldest = UINT64_MAX;
	int from = -1;
	uint16_t i;

	for (i = 0; i < c->env.workers; i++) {
		s = path_watch_peek(c->env.path, i);
		if (s && s->when_ns < oldest) {
			oldest = s->when_ns;
			from = i;
		}
	}
	return from;
}

static void count_lost(struct control *c)
{
	struct control_client *client;
	uint64_t lost;
	unsigned int i;

	for (i = 0; i < CTQ_GROUP_WATCHERS_MAX; i++) {
		client = c->watchers[i];
		lost = path_watch_lost(c->env.path, i);
		if (!client || lost == client->watch_lost)
			continue;
		client->lost += lost - client->watch_lost;
		client->watch_lost = lost;
		if (cds_list_empty(&client->output))
			control_groups_overrun(client);
	}
}

void control_watch_events(struct control *c)
{
	uint64_t offset = clock_realtime_ns() - clock_monotonic_ns();
	struct outbox out;
	unsigned int n, i;
	int from;

	if (oldest_worker(c) < 0 && !(c->groups & WATCH_GROUPS))
		return;
	for (i = 0; i < CTQ_GROUP_WATCHERS_MAX; i++)
		ctlink_message_init(&out.m[i], CTQ_DATAGRAM_MAX, NULL);
	for (n = 0; n < WATCH_SIGHTINGS && (from = oldest_worker(c)) >= 0; n++) {
		announce(c, &out, path_watch_peek(c->env.path, (uint16_t)from), offset);
		path_watch_drop(c->env.path, (uint16_t)from);
	}
	for (i = 0; i < CTQ_GROUP_WATCHERS_MAX; i++) {
		outbox_send(c, &out, i);
		ctlink_message_fini(&out.m[i]);
	}
	count_lost(c);
}
