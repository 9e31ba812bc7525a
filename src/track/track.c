/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * track.c - the list of machines, and what all of them have in common
 *
 * Neighbours: tcp.c with tcp_window.c, udp.c, icmp.c, sctp.c, gre.c and generic.c are
 * the machines, config.c their numbers, check.c the packets that reach no machine.
 */
#include "track/track.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"
#include "track/handler.h"
#include "track/track_priv.h"

static const struct track_proto *const protos[] = {
	&track_proto_tcp,  &track_proto_udp,     &track_proto_udplite,
	&track_proto_icmp, &track_proto_icmpv6,  &track_proto_sctp,
	&track_proto_gre,  &track_proto_generic, NULL,
};

/* For every packet of a new flow: a table, not a search. NULL: generic. */
static const struct track_proto *const proto_by_l4[256] = {
	[IPPROTO_TCP] = &track_proto_tcp,         [IPPROTO_UDP] = &track_proto_udp,
	[IPPROTO_UDPLITE] = &track_proto_udplite, [IPPROTO_ICMP] = &track_proto_icmp,
	[IPPROTO_ICMPV6] = &track_proto_icmpv6,   [IPPROTO_SCTP] = &track_proto_sctp,
	[IPPROTO_GRE] = &track_proto_gre,
};

const struct track_proto *track_proto_find(uint8_t l4)
{
	return proto_by_l4[l4] ? proto_by_l4[l4] : &track_proto_generic;
}

const struct track_proto *track_proto_named(const char *name)
{
	const struct track_proto *const *proto;

	for (proto = protos; *proto; proto++)
		if (strcasecmp((*proto)->name, name) == 0)
			return *proto;
	return NULL;
}

const struct track_proto *const *track_proto_list(void)
{
	return protos;
}

/* An INVALID packet asks for nothing, but perhaps that a timeout be shortened. */
static void forget_wishes(struct track_result *res)
{
	*res = (struct track_result){
		.invalid = res->invalid,
		.shrink_timeout_s = res->shrink_timeout_s,
	};
}

void track_open(const struct track_proto *proto, union track_state *state,
                const struct packet *p, const struct track_config *cfg, uint64_t now_ms,
                struct track_result *res)
{
	memset(state, 0, sizeof(*state));
	memset(res, 0, sizeof(*res));
	if (base_unlikely(proto->handler != NULL))
		track_handler_open(proto->handler, state, p, now_ms, res);
	else if (base_unlikely(p->later_fragment) && proto->states)
		res->invalid = CTQ_INVALID_FRAGMENT; /* it has no header to begin with */
	else
		proto->open(state, p, cfg, now_ms, res);
	if (res->invalid)
		forget_wishes(res);
}

void track_packet(const struct track_proto *proto, union track_state *state,
                  const struct packet *p, enum track_dir dir, uint32_t status,
                  const struct track_config *cfg, uint64_t now_ms,
                  struct track_result *res)
{
	memset(res, 0, sizeof(*res));
	if (base_unlikely(p->later_fragment) && !proto->handler) {
		if (proto->fragment)
			proto->fragment(state, p, dir);
		return;
	}
	if (base_unlikely(proto->handler != NULL))
		track_handler_packet(proto->handler, state, p, dir, status, now_ms, res);
	else
		proto->packet(state, p, dir, status, cfg, now_ms, res);
	if (res->invalid)
		forget_wishes(res);
	else if (dir == TRACK_REPLY && !res->reopen)
		res->set_status |= TRACK_SEEN_REPLY & ~status;
}

uint32_t track_result_timeout(const struct track_result *res, uint32_t status,
                              uint32_t remaining_s)
{
	if (status & TRACK_FIXED_TIMEOUT)
		return 0;
	if (res->shrink_timeout_s && remaining_s >= TRACK_SHRINK_FLOOR_S &&
	    remaining_s > res->shrink_timeout_s)
		return res->shrink_timeout_s;
	return res->timeout_s;
}

int track_state_number(const struct track_proto *proto, const union track_state *state)
{
	if (!proto->states)
		return -ENOENT;
	return (int)(proto->handler ? proto->handler->state_get(state->bytes)
	                            : proto->state_get(state));
}

const char *track_state_name(const struct track_proto *proto,
                             const union track_state *state)
{
	int number = track_state_number(proto, state);

	return number >= 0 && number < proto->states_length ? proto->states[number]
	                                                    : NULL;
}

int track_state_parse(const struct track_proto *proto, const char *name)
{
	int i;

	for (i = 0; i < proto->states_length; i++)
		if (strcasecmp(proto->states[i], name) == 0)
			return i;
	return -ENOENT;
}
