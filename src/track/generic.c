/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * generic.c - every protocol that has no machine: known by its addresses only
 *
 * Never assured, so that such flows leave first when the table is full.
 */
#include "track/track_priv.h"

static void generic_open(union track_state *state, const struct packet *p,
                         const struct track_config *cfg, uint64_t now_ms,
                         struct track_result *res)
{
	res->timeout_s = cfg->generic_timeout;
}

static void generic_packet(union track_state *state, const struct packet *p,
                           enum track_dir dir, uint32_t status,
                           const struct track_config *cfg, uint64_t now_ms,
                           struct track_result *res)
{
	generic_open(state, p, cfg, now_ms, res);
}

const struct track_proto track_proto_generic = {
	.name = "generic",
	.open = generic_open,
	.packet = generic_packet,
};
