/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * icmp.c - questions and answers of ICMP and ICMPv6
 *
 * The tuple does most of the work: it holds identifier and type, and its inverse the
 * type of the answer, so that only an answer to a question seen finds a flow. What is
 * left is to say which types are questions:
 *
 *   ICMP    echo 8, timestamp 13, information 15, address mask 17
 *   ICMPv6  echo 128, node information 139
 *
 * Errors have no flow of their own and are not seen here: track_error_key(). Nor are
 * types that know no answer: packet_parse() refuses them. A flow is kept after the
 * answer, since answers may be duplicated, and is never assured.
 */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "track/track_priv.h"

/* RFC 4620; not in the libc's header */
#define ICMPV6_NI_QUERY 139
#define ICMPV6_NI_REPLY 140

static enum ctq_reason icmp_judge_new(uint8_t type)
{
	switch (type) {
	case ICMP_ECHO:
	case ICMP_TIMESTAMP:
	case ICMP_INFO_REQUEST:
	case ICMP_ADDRESS: return CTQ_REASON_NONE;
	case ICMP_ECHOREPLY:
	case ICMP_TIMESTAMPREPLY:
	case ICMP_INFO_REPLY:
	case ICMP_ADDRESSREPLY: return CTQ_INVALID_ICMP_UNSOLICITED;
	default: return CTQ_INVALID_ICMP_TYPE;
	}
}

static enum ctq_reason icmpv6_judge_new(uint8_t type)
{
	switch (type) {
	case ICMP6_ECHO_REQUEST:
	case ICMPV6_NI_QUERY: return CTQ_REASON_NONE;
	case ICMP6_ECHO_REPLY:
	case ICMPV6_NI_REPLY: return CTQ_INVALID_ICMP_UNSOLICITED;
	default: return CTQ_INVALID_ICMP_TYPE;
	}
}

static void icmp_packet(union track_state *state, const struct packet *p,
                        enum track_dir dir, uint32_t status,
                        const struct track_config *cfg, uint64_t now_ms,
                        struct track_result *res)
{
	res->timeout_s = cfg->icmp_timeout;
}

static void icmp_open(union track_state *state, const struct packet *p,
                      const struct track_config *cfg, uint64_t now_ms,
                      struct track_result *res)
{
	res->invalid = icmp_judge_new(p->icmp_type);
	if (!res->invalid)
		res->timeout_s = cfg->icmp_timeout;
}

static void icmpv6_packet(union track_state *state, const struct packet *p,
                          enum track_dir dir, uint32_t status,
                          const struct track_config *cfg, uint64_t now_ms,
                          struct track_result *res)
{
	res->timeout_s = cfg->icmpv6_timeout;
}

static void icmpv6_open(union track_state *state, const struct packet *p,
                        const struct track_config *cfg, uint64_t now_ms,
                        struct track_result *res)
{
	res->invalid = icmpv6_judge_new(p->icmp_type);
	if (!res->invalid)
		res->timeout_s = cfg->icmpv6_timeout;
}

const struct track_proto track_proto_icmp = {
	.name = "icmp",
	.l4 = IPPROTO_ICMP,
	.open = icmp_open,
	.packet = icmp_packet,
};

const struct track_proto track_proto_icmpv6 = {
	.name = "icmpv6",
	.l4 = IPPROTO_ICMPV6,
	.open = icmpv6_open,
	.packet = icmpv6_packet,
};
