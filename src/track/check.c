/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.c - packets that reach no machine: malformed, untracked, ICMP errors
 */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "track/track.h"

/* Multicast listener and router discovery, which the libc's header lacks:
 * RFC 3810 (MLDv2) and RFC 4286 (multicast router advertisement and solicitation). */
#define MLD2_REPORT       143
#define MRD_ADVERTISEMENT 151
#define MRD_SOLICITATION  152

enum ctq_reason track_packet_check(const struct packet *p, const struct track_config *cfg)
{
	if (p->invalid)
		return p->invalid;
	if (cfg->checksum && p->hook == PACKET_HOOK_PREROUTING &&
	    p->checksum == PACKET_CHECKSUM_UNVERIFIED && !packet_checksum_holds(p))
		return CTQ_INVALID_CHECKSUM;
	if (p->tuple.l4 == IPPROTO_ICMP && p->icmp_type > NR_ICMP_TYPES)
		return CTQ_INVALID_ICMP_TYPE;
	return CTQ_REASON_NONE;
}

bool track_packet_untracked(const struct packet *p)
{
	if (p->tuple.l4 != IPPROTO_ICMPV6)
		return false;
	switch (p->icmp_type) {
	case MLD_LISTENER_QUERY:
	case MLD_LISTENER_REPORT:
	case MLD_LISTENER_REDUCTION:
	case ND_ROUTER_SOLICIT:
	case ND_ROUTER_ADVERT:
	case ND_NEIGHBOR_SOLICIT:
	case ND_NEIGHBOR_ADVERT:
	case MLD2_REPORT:
	case MRD_ADVERTISEMENT:
	case MRD_SOLICITATION: return true;
	default: return false;
	}
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
