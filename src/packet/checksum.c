/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * checksum.c - transport checksums, for packets that nobody has checked yet
 *
 * The Internet checksum (RFC 1071) is a sum of 16-bit words in one's complement. It
 * does not depend on byte order, so words are added as the machine loads them and
 * compared with what the sum of a right packet is in any order: all ones.
 */
#include <netinet/in.h>
#include <arpa/inet.h>
#include <string.h>

#include "packet/packet.h"
#include "packet/parse_priv.h"

/* -- RFC 1071 --------------------------------------------------------------------- */

/* Carries gather in the upper half: 2^32 additions fit, far more than any packet has. */
static uint64_t sum_bytes(uint64_t sum, const uint8_t *data, uint32_t size)
{
	uint32_t word;
	uint16_t half;

	for (; size >= sizeof(word); data += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		sum += word;
	}
	if (size >= sizeof(half)) {
		memcpy(&half, data, sizeof(half));
		sum += half;
		data += sizeof(half);
		size -= sizeof(half);
	}
	if (size) {
		half = 0;
		memcpy(&half, data, 1);
		sum += half;
	}
	return sum;
}

static uint16_t sum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* RFC 793, 3.1 and RFC 8200, 8.1: addresses, length and protocol. Both families' differ
 * only in how wide the last two stand, which a sum does not see. */
static uint64_t sum_pseudo_header(const struct packet *p)
{
	uint32_t tail[2] = { htonl(p->l4_length), htonl(p->tuple.l4) };
	uint64_t sum;

	sum = sum_bytes(0, p->tuple.src, sizeof(p->tuple.src));
	sum = sum_bytes(sum, p->tuple.dst, sizeof(p->tuple.dst));
	sum += tail[0];
	return sum + tail[1];
}

static bool sum_holds(uint64_t sum, const struct packet *p, uint32_t covered)
{
	return sum_fold(sum_bytes(sum, p->data + p->l4_offset, covered)) == 0xffff;
}

/* -- CRC32c, RFC 9260, appendix A ---------------------------------------------------- */

/* Four bits at a time by the reflected polynomial 0x82f63b78. Few packets need it. */
static uint32_t crc32c(uint32_t crc, const uint8_t *data, uint32_t size)
{
	static const uint32_t table[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
		0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	uint32_t i;

	for (i = 0; i < size; i++) {
		crc ^= data[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return crc;
}

#define SCTP_CHECKSUM 8 /* where it stands; it is least byte first, unlike all else */

static bool sctp_holds(const struct packet *p)
{
	static const uint8_t zero[4];
	const uint8_t *l4 = p->data + p->l4_offset;
	uint32_t crc, stored;

	if (p->l4_length < PARSE_SCTP_HEADER)
		return true;
	crc = crc32c(~0u, l4, SCTP_CHECKSUM);
	crc = crc32c(crc, zero, sizeof(zero));
	crc = ~crc32c(crc, l4 + PARSE_SCTP_HEADER, p->l4_length - PARSE_SCTP_HEADER);
	l4 += SCTP_CHECKSUM;
	stored = (uint32_t)l4[3] << 24 | (uint32_t)l4[2] << 16 | (uint32_t)l4[1] << 8 |
	         l4[0];
	return crc == stored;
}

/* -- by protocol ------------------------------------------------------------------ */

static uint16_t be16_at(const struct packet *p, uint32_t offset)
{
	const uint8_t *at = p->data + p->l4_offset + offset;

	return (uint16_t)(at[0] << 8 | at[1]);
}

static bool udp_holds(const struct packet *p)
{
	if (be16_at(p, 6) == 0)
		return true;
	return sum_holds(sum_pseudo_header(p), p, p->l4_length);
}

static bool udplite_holds(const struct packet *p)
{
	uint16_t coverage = be16_at(p, 4);

	return sum_holds(sum_pseudo_header(p), p, coverage ? coverage : p->l4_length);
}

static bool can_check(const struct packet *p)
{
	if (p->invalid || !p->has_tuple || p->fragment || p->gso)
		return false;
	if (p->checksum == PACKET_CHECKSUM_NOT_READY)
		return false;
	return (uint64_t)p->l4_offset + p->l4_length <= p->captured;
}

bool packet_checksum_holds(const struct packet *p)
{
	if (!can_check(p))
		return true;
	switch (p->tuple.l4) {
	case IPPROTO_TCP:
	case IPPROTO_ICMPV6: return sum_holds(sum_pseudo_header(p), p, p->l4_length);
	case IPPROTO_ICMP: return sum_holds(0, p, p->l4_length);
	case IPPROTO_UDP: return udp_holds(p);
	case IPPROTO_UDPLITE: return udplite_holds(p);
	case IPPROTO_SCTP: return sctp_holds(p);
	default: return true;
	}
}
