/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * udp.c - UDP and UDP-Lite: no states, only a guess how long somebody will answer
 *
 *                      no answer yet   answered          answered, and a packet
 *                                                        2 s after the first one
 *   UDP       timeout  udp_timeout     udp_timeout       udp_timeout_stream
 *             status   -               -                 ASSURED
 *   UDP-Lite  timeout  udp_timeout     udp_timeout_stream
 *             status   -               ASSURED
 *
 * A DNS query and its answer are over in an instant: they never become a stream, so they
 * leave soon and may be evicted. UDP-Lite lacks the rule as it does in the kernel. A flow
 * that stands beside another one of its original tuple, to take the answers that NAT has made
 * come elsewhere (NAT_CLASH), is short-lived and never assured.
 */
#include <netinet/in.h>

#include "track/track_priv.h"

/* The kernel's 2 * HZ: longer than any question with a single answer takes. */
#define STREAM_AFTER_MS 2000

static void udp_open(union track_state *state, const struct packet *p,
                     const struct track_config *cfg, uint64_t now_ms,
                     struct track_result *res)
{
	state->udp.stream_after_ms = now_ms + STREAM_AFTER_MS;
	res->timeout_s = cfg->udp_timeout;
}

static void udp_packet(union track_state *state, const struct packet *p,
                       enum track_dir dir, uint32_t status,
                       const struct track_config *cfg, uint64_t now_ms,
                       struct track_result *res)
{
	bool stream = status & TRACK_SEEN_REPLY && now_ms > state->udp.stream_after_ms;

	res->timeout_s = stream ? cfg->udp_timeout_stream : cfg->udp_timeout;
	if (stream && !(status & TRACK_NAT_CLASH))
		res->set_status = TRACK_ASSURED & ~status;
}

static void udplite_packet(union track_state *state, const struct packet *p,
                           enum track_dir dir, uint32_t status,
                           const struct track_config *cfg, uint64_t now_ms,
                           struct track_result *res)
{
	res->timeout_s = cfg->udp_timeout;
	if (!(status & TRACK_SEEN_REPLY))
		return;
	res->timeout_s = cfg->udp_timeout_stream;
	if (!(status & TRACK_NAT_CLASH))
		res->set_status = TRACK_ASSURED & ~status;
}

const struct track_proto track_proto_udp = {
	.name = "udp",
	.l4 = IPPROTO_UDP,
	.state_size = sizeof(struct track_udp),
	.open = udp_open,
	.packet = udp_packet,
};

const struct track_proto track_proto_udplite = {
	.name = "udplite",
	.l4 = IPPROTO_UDPLITE,
	.state_size = sizeof(struct track_udp),
	.open = udp_open,
	.packet = udplite_packet,
};
