/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * key.h - what a packet and its connection look like to a rule
 *
 * Filled anew for each packet that is judged: rule_key_init(), then the parts that
 * are known. A field that the packet does not have (a port of a GRE packet, the
 * interface of a local one) is absent, and a match on an absent field does not hold,
 * negated or not.
 *
 * All numbers are in host byte order, also addresses: two words, the most significant
 * one first, an IPv4 address in the low half of the second. Names are the
 * first and last eight bytes of a zero-padded IFNAMSIZ array. So a masked compare of two
 * words serves prefixes, wildcards and exact values alike.
 */
#ifndef RULES_KEY_H
#define RULES_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctq/ctlink.h"
#include "packet/packet.h"
#include "packet/tuple.h"

struct rule_key {
	uint64_t present; /* RULE_KEY_BIT() of the fields that are there */
	uint64_t src[2], dst[2];
	uint64_t iif[2], oif[2];
	uint64_t labels[2]; /* of the flow: bit n % 64 of word n / 64 */
	uint32_t family;    /* AF_INET, AF_INET6 */
	uint32_t proto;
	uint32_t sport, dport;
	uint32_t icmp_type, icmp_code;
	uint32_t ctstate;     /* one of enum ctq_ctstate */
	uint32_t status;      /* TRACK_* of the flow */
	uint32_t packet_mark; /* without the bits that are the path's own */
	uint32_t mark;        /* of the flow */
	uint32_t zone;
	uint32_t length; /* bytes of the packet */
	uint32_t ttl;
	uint32_t tcp_flags;
	uint32_t uid;
	uint32_t time;        /* seconds since local midnight */
	uint32_t day;         /* of the week: 1 Monday … 7 Sunday */
	uint32_t direction;   /* enum ctq_direction */
	uint32_t connections; /* of the source, this one included; for limits */
	uint32_t open
		[2];  /* who counts this connection, at each role of hooks; 0: nobody */
	bool keeps;   /* a connection keeps the verdict: it can be counted */
	uint8_t hook; /* enum packet_hook */
};

/** The bit of a field, written without its prefix: RULE_KEY_BIT(SPORT). */
#define RULE_KEY_BIT(field) (1ull << CTQ_FIELD_##field)

/** A packet of which nothing is known but its family, seen at @hook. */
void rule_key_init(struct rule_key *key, uint8_t hook, uint8_t family);

/** Protocol, addresses, zone, and ports or ICMP type and code: of the connection's
 * original direction, or of the packet when it belongs to none. */
void rule_key_set_tuple(struct rule_key *key, const struct tuple *t);

/** What only the packet knows: length, TTL, TCP flags, packet mark, user. A later
 * fragment without a tuple of its own (!has_tuple) loses its ports. */
void rule_key_set_packet(struct rule_key *key, const struct packet *p);

/** Names of the interfaces; NULL or "": none, or not at this hook. */
void rule_key_set_interfaces(struct rule_key *key, const char *in, const char *out);

/** What the tracker says. */
void rule_key_set_state(struct rule_key *key, enum ctq_ctstate ctstate);

/** Local time: seconds since 1970 as the wall clock shows them. */
void rule_key_set_time(struct rule_key *key, uint64_t local_s);

/** Which way the packet goes in its connection. */
void rule_key_set_direction(struct rule_key *key, enum ctq_direction direction);

/** Status bits and mark of the flow that the packet belongs to. */
void rule_key_set_flow(struct rule_key *key, uint32_t status, uint32_t mark);

/** Its labels. */
void rule_key_set_labels(struct rule_key *key, const uint64_t labels[2]);

/* ---- for backends -------------------------------------------------------------- */

/** An address of @size (4 or 16) bytes in network order as two words. */
void rule_address_read(uint64_t words[2], const uint8_t *address, uint8_t size);

/** The first @length (at most CTQ_IFNAME_MAX) bytes of a name as two words. */
void rule_name_read(uint64_t words[2], const char *name, size_t length);

/** The reverse of both: 16 bytes, of which an IPv4 address takes the last four. */
void rule_words_write(const uint64_t words[2], uint8_t bytes[16]);

#endif
