/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void wire_append(struct wire *w, const void *bytes, uint32_t n)
{
	assert(w->size + n <= sizeof(w->bytes));
	memcpy(w->bytes + w->size, bytes, n);
	w->size += n;
}

void wire_fill(struct wire *w, uint8_t v, uint32_t n)
{
	assert(w->size + n <= sizeof(w->bytes));
	memset(w->bytes + w->size, v, n);
	w->size += n;
}

void wire_u8(struct wire *w, uint8_t v)
{
	wire_append(w, &v, 1);
}

void wire_be16(struct wire *w, uint16_t v)
{
	v = htons(v);
	wire_append(w, &v, 2);
}

void wire_be32(struct wire *w, uint32_t v)
{
	v = htonl(v);
	wire_append(w, &v, 4);
}

static void put16(struct wire *w, uint32_t at, uint16_t v)
{
	w->bytes[at] = (uint8_t)(v >> 8);
	w->bytes[at + 1] = (uint8_t)v;
}

static void put_address(struct wire *w, int family, const char *text)
{
	uint8_t bytes[16];
	int parsed = inet_pton(family, text, bytes);

	assert(parsed == 1);
	(void)parsed;
	wire_append(w, bytes, family == AF_INET ? 4 : 16);
}

struct wire wire_ip4(uint8_t proto)
{
	struct wire w = { .family = AF_INET, .proto = proto };

	wire_be32(&w, 0x45100000);
	wire_be32(&w, 0x12344000);
	wire_u8(&w, 64);
	wire_u8(&w, proto);
	wire_be16(&w, 0);
	put_address(&w, AF_INET, "192.0.2.1");
	put_address(&w, AF_INET, "198.51.100.2");
	w.l4 = w.size;
	return w;
}

struct wire wire_ip6(uint8_t proto)
{
	struct wire w = { .family = AF_INET6, .proto = proto };

	wire_be32(&w, 0x61000000);
	wire_be16(&w, 0);
	wire_u8(&w, proto);
	wire_u8(&w, 64);
	put_address(&w, AF_INET6, "2001:db8::1");
	put_address(&w, AF_INET6, "2001:db8:1::2");
	w.l4 = w.size;
	return w;
}

struct wire wire_ip(uint8_t family, uint8_t proto)
{
	return family == AF_INET ? wire_ip4(proto) : wire_ip6(proto);
}

void wire_ports(struct wire *w, uint16_t src, uint16_t dst)
{
	wire_be16(w, src);
	wire_be16(w, dst);
}

/* Where the number of the next header stands: in the last extension, if there is one. */
static uint32_t next_header_at(const struct wire *w)
{
	uint32_t at = 6, offset = 40;
	uint8_t number;

	while (offset < w->l4) {
		number = w->bytes[at];
		at = offset;
		if (number == IPPROTO_AH)
			offset += (w->bytes[at + 1] + 2u) * 4;
		else if (number == IPPROTO_FRAGMENT)
			offset += 8;
		else
			offset += (w->bytes[at + 1] + 1u) * 8;
	}
	return at;
}

void wire_ip6_extension(struct wire *w, uint8_t number, uint32_t size)
{
	w->bytes[next_header_at(w)] = number;
	wire_u8(w, w->proto);
	wire_u8(w, (uint8_t)(number == IPPROTO_AH ? size / 4 - 2 : size / 8 - 1));
	wire_fill(w, 0, size - 2);
	w->l4 = w->size;
}

void wire_ip6_fragment(struct wire *w, uint16_t offset, bool more, uint32_t id)
{
	w->bytes[next_header_at(w)] = IPPROTO_FRAGMENT;
	wire_u8(w, w->proto);
	wire_u8(w, 0);
	wire_be16(w, offset | more);
	wire_be32(w, id);
	w->l4 = w->size;
}

void wire_ip4_fragment(struct wire *w, uint16_t offset, bool more, uint16_t id)
{
	put16(w, 4, id);
	put16(w, 6, (uint16_t)(offset / 8 | (more ? 0x2000 : 0)));
}

void wire_tcp(struct wire *w, uint16_t src, uint16_t dst, uint32_t seq, uint32_t ack,
              uint8_t flags, const void *options, uint8_t size)
{
	wire_ports(w, src, dst);
	wire_be32(w, seq);
	wire_be32(w, ack);
	wire_u8(w, (uint8_t)((20 + size) / 4 << 4));
	wire_u8(w, flags);
	wire_be16(w, 1000);
	wire_be32(w, 0);
	if (size)
		wire_append(w, options, size);
}

void wire_udp(struct wire *w, uint16_t src, uint16_t dst, uint32_t payload)
{
	wire_ports(w, src, dst);
	wire_be32(w, 0);
	wire_fill(w, 0x5a, payload);
}

void wire_icmp(struct wire *w, uint8_t type, uint8_t code, uint32_t rest)
{
	wire_u8(w, type);
	wire_u8(w, code);
	wire_be16(w, 0);
	wire_be32(w, rest);
}

/* The slow and plain way, so that it shares nothing with what is tested. */
static uint32_t sum(uint32_t s, const uint8_t *bytes, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		s += i % 2 ? bytes[i] : bytes[i] * 256u;
	return s;
}

static uint16_t checksum(const struct wire *w, bool pseudo, uint32_t covered)
{
	uint32_t n = w->size - w->l4, s = 0;

	if (pseudo)
		s = n + w->proto +
		    (w->family == AF_INET ? sum(0, w->bytes + 12, 8)
		                          : sum(0, w->bytes + 8, 32));
	s = sum(s, w->bytes + w->l4, covered);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static void finish_transport(struct wire *w)
{
	uint32_t n = w->size - w->l4;
	uint16_t coverage;

	switch (w->proto) {
	case IPPROTO_TCP:
		if (n >= 20)
			put16(w, w->l4 + 16, checksum(w, true, n));
		break;
	case IPPROTO_UDP:
		if (n < 8)
			break;
		if (!w->bytes[w->l4 + 4] && !w->bytes[w->l4 + 5])
			put16(w, w->l4 + 4, (uint16_t)n);
		put16(w, w->l4 + 6, checksum(w, true, n));
		break;
	case IPPROTO_UDPLITE:
		if (n < 8)
			break;
		coverage = (uint16_t)(w->bytes[w->l4 + 4] << 8 | w->bytes[w->l4 + 5]);
		put16(w, w->l4 + 6, checksum(w, true, coverage ? coverage : n));
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (n >= 4)
			put16(w, w->l4 + 2, checksum(w, w->proto == IPPROTO_ICMPV6, n));
		break;
	}
}

void wire_finish(struct wire *w)
{
	if (w->family == AF_INET)
		put16(w, 2, (uint16_t)w->size);
	else
		put16(w, 4, (uint16_t)(w->size - 40));
	finish_transport(w);
}

struct packet wire_packet(const struct wire *w)
{
	return (struct packet){
		.data = w->bytes,
		.captured = w->size,
		.length = w->size,
		.family = w->family,
	};
}

struct packet wire_parse_captured(const struct wire *w, uint32_t captured)
{
	struct packet p = wire_packet(w);
	uint8_t *copy = malloc(captured ? captured : 1);

	assert(copy);
	memcpy(copy, w->bytes, captured);
	p.data = copy;
	p.captured = captured;
	packet_parse(&p);
	return p;
}

struct packet wire_parse(const struct wire *w)
{
	return wire_parse_captured(w, w->size);
}

struct wire wire_hex(uint8_t family, const char *text)
{
	struct wire w = { .family = family };
	int high = -1, digit;

	for (; *text; text++) {
		if (!isxdigit((unsigned char)*text))
			continue;
		digit = isdigit((unsigned char)*text)
		                ? *text - '0'
		                : tolower((unsigned char)*text) - 'a' + 10;
		if (high < 0) {
			high = digit;
			continue;
		}
		wire_u8(&w, (uint8_t)(high << 4 | digit));
		high = -1;
	}
	return w;
}
