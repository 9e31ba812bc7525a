/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tuple.h - what identifies one direction of a connection
 *
 * A plain value of 40 bytes without padding: it is hashed and compared as bytes,
 * so every byte that a family or protocol does not use is zero. Make tuples with
 * tuple_clear() first, or by packet_parse().
 *
 *   offset  0              16              32       34       36   37    38
 *          +---------------+---------------+--------+--------+----+-----+------+
 *          | src           | dst           | src_id | dst_id | l3 | l4  | zone |
 *          +---------------+---------------+--------+--------+----+-----+------+
 *
 * IPv4 addresses stand in the first four bytes of src and dst.
 * src_id and dst_id, network byte order, hold by protocol (as in the kernel's
 * nf_conntrack_tuple):
 *   TCP, UDP, UDP-Lite, SCTP, DCCP  source and destination port
 *   ICMP, ICMPv6                    src_id: identifier; dst_id: type << 8 | code
 *   GRE version 1 (PPTP)            source and destination key (call id); else 0
 *   all others                      0
 */
#ifndef PACKET_TUPLE_H
#define PACKET_TUPLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/siphash.h"

struct tuple {
	uint8_t src[16];
	uint8_t dst[16];
	uint16_t src_id; /* network byte order */
	uint16_t dst_id; /* network byte order */
	uint8_t l3;      /* AF_INET or AF_INET6 */
	uint8_t l4;      /* IPPROTO_* */
	uint16_t zone;   /* host byte order */
};

_Static_assert(sizeof(struct tuple) == 40, "hashed as bytes: no padding");

static inline void tuple_clear(struct tuple *t)
{
	memset(t, 0, sizeof(*t));
}

static inline bool tuple_equal(const struct tuple *a, const struct tuple *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline uint64_t tuple_hash(const struct tuple *t, const struct siphash_key *key)
{
	return siphash(t, sizeof(*t), key);
}

/**
 * The tuple of the answers to @t. Addresses and ports change places; an ICMP query
 * type becomes its reply type and the other way round, the identifier stays.
 * @out may be @t. Returns 0, or -EOPNOTSUPP when nothing answers this ICMP type (@out
 * is then untouched).
 */
int tuple_invert(const struct tuple *t, struct tuple *out);

/** Bytes of an address of family @l3: 4 or 16. */
static inline unsigned int tuple_address_size(uint8_t l3)
{
	return l3 == 2 /* AF_INET */ ? 4 : 16;
}

/** Longest text of tuple_format(), with its final zero. */
#define TUPLE_TEXT_MAX 160

/** "tcp 192.0.2.1:1024 > 192.0.2.2:80", for messages and logs. Returns @buf. */
char *tuple_format(const struct tuple *t, char buf[TUPLE_TEXT_MAX]);

#endif
