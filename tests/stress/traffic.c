/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "traffic.h"

#include <netinet/in.h>
#include <string.h>

#define SERVER      0xc0000201u /* 192.0.2.1 */
#define CLIENTS     0x0a000000u /* 10.0.0.0/8 */
#define SERVER_PORT 53
/* Bits of n that become the port; the others the address. */
#define PORT_BITS  5
#define PORT_FIRST 1024

#define IP4_HEADER 20
#define SEQ_CLIENT 1000u
#define SEQ_SERVER 5000u
#define WINDOW     8192

static void put16(uint8_t *to, unsigned int value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void put32(uint8_t *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value & 0xffff);
}

static uint8_t *put_ip(uint8_t *to, uint8_t proto, uint32_t size, uint32_t src,
                       uint32_t dst)
{
	memset(to, 0, IP4_HEADER);
	to[0] = 0x45;
	put16(to + 2, size);
	to[8] = 64;
	to[9] = proto;
	put32(to + 12, src);
	put32(to + 16, dst);
	return to + IP4_HEADER;
}

/* IP header and ports of connection @n; where the rest of the transport header goes. */
static uint8_t *put_head(uint8_t *to, uint8_t proto, uint32_t size, uint32_t n,
                         enum track_dir dir)
{
	uint32_t client = CLIENTS + (n >> PORT_BITS);
	unsigned int port = PORT_FIRST + (n & ((1u << PORT_BITS) - 1));
	bool reply = dir == TRACK_REPLY;

	to = put_ip(to, proto, size, reply ? SERVER : client, reply ? client : SERVER);
	put16(to, reply ? SERVER_PORT : port);
	put16(to + 2, reply ? port : SERVER_PORT);
	return to + 4;
}

void traffic_udp(struct traffic *t, uint32_t n, enum track_dir dir)
{
	uint8_t *udp;

	t->size = IP4_HEADER + 8;
	udp = put_head(t->bytes, IPPROTO_UDP, t->size, n, dir);
	put32(udp, 8u << 16);
}

void traffic_tcp(struct traffic *t, uint32_t n, enum track_dir dir, uint8_t flags,
                 uint32_t seq, uint32_t ack)
{
	uint8_t *tcp;

	t->size = IP4_HEADER + 20;
	tcp = put_head(t->bytes, IPPROTO_TCP, t->size, n, dir);
	put32(tcp, seq);
	put32(tcp + 4, ack);
	tcp[8] = 5 << 4;
	tcp[9] = flags;
	put16(tcp + 10, WINDOW);
	put32(tcp + 12, 0);
}

void traffic_icmp_error(struct traffic *t, uint32_t n)
{
	uint8_t *icmp, *udp;

	t->size = IP4_HEADER + 8 + IP4_HEADER + 8;
	icmp = put_ip(t->bytes, IPPROTO_ICMP, t->size, SERVER,
	              CLIENTS + (n >> PORT_BITS));
	memset(icmp, 0, 8);
	icmp[0] = 3;
	icmp[1] = 1;
	udp = put_head(icmp + 8, IPPROTO_UDP, IP4_HEADER + 8, n, TRACK_ORIGINAL);
	put32(udp, 8u << 16);
}

struct packet traffic_packet(const struct traffic *t, enum packet_hook hook)
{
	return (struct packet){
		.data = t->bytes,
		.captured = t->size,
		.length = t->size,
		.family = AF_INET,
		.hook = (uint8_t)hook,
		.checksum = PACKET_CHECKSUM_VERIFIED,
		.ifin = hook == PACKET_HOOK_PREROUTING ? 2 : 0,
		.ifout = hook == PACKET_HOOK_POSTROUTING ? 3 : 0,
	};
}

void traffic_tcp_step(struct traffic *t, uint32_t n, unsigned int step)
{
	static const struct {
		enum track_dir dir;
		uint8_t flags;
		uint32_t seq, ack;
	} steps[TRAFFIC_TCP_CLOSE] = {
		{ TRACK_ORIGINAL, PACKET_TCP_SYN, SEQ_CLIENT, 0 },
		{ TRACK_REPLY, PACKET_TCP_SYN | PACKET_TCP_ACK, SEQ_SERVER,
		  SEQ_CLIENT + 1 },
		{ TRACK_ORIGINAL, PACKET_TCP_ACK, SEQ_CLIENT + 1, SEQ_SERVER + 1 },
		{ TRACK_ORIGINAL, PACKET_TCP_FIN | PACKET_TCP_ACK, SEQ_CLIENT + 1,
		  SEQ_SERVER + 1 },
		{ TRACK_REPLY, PACKET_TCP_FIN | PACKET_TCP_ACK, SEQ_SERVER + 1,
		  SEQ_CLIENT + 2 },
		{ TRACK_ORIGINAL, PACKET_TCP_ACK, SEQ_CLIENT + 2, SEQ_SERVER + 2 },
	};

	traffic_tcp(t, n, steps[step].dir, steps[step].flags, steps[step].seq,
	            steps[step].ack);
}
