/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.c - packets that reach no machine: malformed ones and ICMP errors
 */
#include <string.h>

#include "track/track.h"

enum ctq_reason track_packet_check(const struct packet *p, const struct track_config *cfg)
{
	if (p->invalid)
		return p->invalid;
	if (cfg->checksum && p->hook == PACKET_HOOK_PREROUTING &&
	    p->checksum == PACKET_CHECKSUM_UNVERIFIED && !packet_checksum_holds(p))
		return CTQ_INVALID_CHECKSUM;
	return CTQ_REASON_NONE;
}

/*
 * The error travels to whoever sent what it quotes:
 *
 *   quoted packet      A ──────▶ B     a tuple of the flow, in one of its directions
 *   error      M ────▶ A               so it goes where that direction's answers go
 *   key                A ◀────── B     and this finds the flow, also behind NAT: A and B
 *                                      are the addresses that M saw
 *
 * An error to anybody but A would drag a flow into a packet between strangers.
 */
enum ctq_reason track_error_key(const struct packet *p, struct tuple *key)
{
	const struct tuple *quoted = &p->l4.icmp.quoted;

	if (tuple_invert(quoted, key) < 0)
		return CTQ_INVALID_ICMP_QUOTE;
	if (memcmp(p->tuple.dst, quoted->src, sizeof(quoted->src)) != 0)
		return CTQ_INVALID_ICMP_NO_FLOW;
	return CTQ_REASON_NONE;
}
