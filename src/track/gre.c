/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gre.c - GRE: a tunnel that has been answered is a stream
 *
 * A flow keeps the timeouts that it began with: in the kernel the PPTP helper prolongs
 * those of the tunnels that it expects, flow by flow.
 */
#include <netinet/in.h>

#include "track/track_priv.h"

static void gre_open(union track_state *state, const struct packet *p,
                     const struct track_config *cfg, uint64_t now_ms,
                     struct track_result *res)
{
	state->gre.timeout_s = cfg->gre_timeout;
	state->gre.stream_timeout_s = cfg->gre_timeout_stream;
	res->timeout_s = state->gre.timeout_s;
}

static void gre_packet(union track_state *state, const struct packet *p,
                       enum track_dir dir, uint32_t status,
                       const struct track_config *cfg, uint64_t now_ms,
                       struct track_result *res)
{
	res->timeout_s = state->gre.timeout_s;
	if (!(status & TRACK_SEEN_REPLY))
		return;
	res->timeout_s = state->gre.stream_timeout_s;
	if (!(status & TRACK_NAT_CLASH))
		res->set_status = TRACK_ASSURED & ~status;
}

const struct track_proto track_proto_gre = {
	.name = "gre",
	.l4 = IPPROTO_GRE,
	.state_size = sizeof(struct track_gre),
	.open = gre_open,
	.packet = gre_packet,
};
