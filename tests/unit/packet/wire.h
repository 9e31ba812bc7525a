/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire.h - packets for tests, built from the outside in
 *
 *	struct wire w = wire_ip4(IPPROTO_UDP);
 *	wire_ports(&w, 1024, 53);
 *	wire_be16(&w, 0);              any further field
 *	wire_finish(&w);               lengths of IP (and of UDP, where 0), checksums
 *	packet = wire_packet(&w);
 *
 * Addresses are always 192.0.2.1 > 198.51.100.2 and 2001:db8::1 > 2001:db8:1::2. A test
 * changes bytes by hand (w.bytes[...]) where it wants them wrong.
 */
#ifndef TESTS_UNIT_PACKET_WIRE_H
#define TESTS_UNIT_PACKET_WIRE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"

struct wire {
	uint8_t bytes[4096];
	uint32_t size;
	uint32_t l4;   /* offset of the transport header */
	uint8_t proto; /* of the transport header */
	uint8_t family;
};

struct wire wire_ip4(uint8_t proto);
struct wire wire_ip6(uint8_t proto);

/** By family, for tests that run in both. */
struct wire wire_ip(uint8_t family, uint8_t proto);

void wire_u8(struct wire *w, uint8_t v);
void wire_be16(struct wire *w, uint16_t v);
void wire_be32(struct wire *w, uint32_t v);
void wire_fill(struct wire *w, uint8_t v, uint32_t n);
void wire_append(struct wire *w, const void *bytes, uint32_t n);
void wire_ports(struct wire *w, uint16_t src, uint16_t dst);

/** An IPv6 extension header of @size bytes (a multiple of 8; of 4 for AH) behind what is
 * there. The one before gets its number, it gets the transport's. */
void wire_ip6_extension(struct wire *w, uint8_t number, uint32_t size);

/** An IPv6 fragment header. */
void wire_ip6_fragment(struct wire *w, uint16_t offset, bool more, uint32_t id);

/** IPv4's fields. @offset: bytes. */
void wire_ip4_fragment(struct wire *w, uint16_t offset, bool more, uint16_t id);

/** @flags: PACKET_TCP_*; @options: padded to 4 bytes by the caller. */
void wire_tcp(struct wire *w, uint16_t src, uint16_t dst, uint32_t seq, uint32_t ack,
              uint8_t flags, const void *options, uint8_t size);

/** Header and @payload bytes. */
void wire_udp(struct wire *w, uint16_t src, uint16_t dst, uint32_t payload);

/** Type, code, and the four bytes behind the checksum. */
void wire_icmp(struct wire *w, uint8_t type, uint8_t code, uint32_t rest);

/** IP length, UDP length, all checksums, as an honest host writes them. */
void wire_finish(struct wire *w);

/** The packet, unparsed, captured whole. Its bytes are @w's. */
struct packet wire_packet(const struct wire *w);

/** The packet, parsed from a copy of exactly its size that stays allocated, so that a
 * read outside is seen by the sanitizers. */
struct packet wire_parse(const struct wire *w);

/** The same with only the first @captured bytes. */
struct packet wire_parse_captured(const struct wire *w, uint32_t captured);

/** From text: hexadecimal digits, anything else is passed over. */
struct wire wire_hex(uint8_t family, const char *text);

#endif
