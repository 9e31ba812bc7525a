/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * traffic.h - packets of numbered connections, as bytes, made in a few nanoseconds
 *
 * For programs that send millions through path_batch(). Connection n goes from an address
 * of 10.0.0.0/8 and a port above 1023, both made from n, to 192.0.2.1; the same n is another
 * connection in each protocol. Checksums are not filled: the packets say that the kernel
 * has verified them.
 *
 *	struct traffic t;
 *	traffic_udp(&t, n, TRACK_ORIGINAL);
 *	packets[i] = traffic_packet(&t, PACKET_HOOK_PREROUTING);      bytes stay in t
 */
#ifndef TESTS_STRESS_TRAFFIC_H
#define TESTS_STRESS_TRAFFIC_H

#include "packet/packet.h"
#include "track/track.h"

#define TRAFFIC_BYTES 64

/** Connections that differ. */
#define TRAFFIC_NUMBERS (1u << 29)

struct traffic {
	uint8_t bytes[TRAFFIC_BYTES];
	uint32_t size;
};

void traffic_udp(struct traffic *t, uint32_t n, enum track_dir dir);

/** A segment without data. @flags: PACKET_TCP_*. */
void traffic_tcp(struct traffic *t, uint32_t n, enum track_dir dir, uint8_t flags,
                 uint32_t seq, uint32_t ack);

/** Host unreachable, from the server of UDP connection @n to its client. */
void traffic_icmp_error(struct traffic *t, uint32_t n);

/** Unparsed; its bytes are @t's. */
struct packet traffic_packet(const struct traffic *t, enum packet_hook hook);

/* A connection's life by steps, all of which an honest tracker accepts. */
#define TRAFFIC_TCP_OPEN  3 /* so many steps until it is assured */
#define TRAFFIC_TCP_CLOSE 6 /* … and until it is closed on both sides */

/** Step 0 … TRAFFIC_TCP_CLOSE - 1 of TCP connection @n. */
void traffic_tcp_step(struct traffic *t, uint32_t n, unsigned int step);

#endif
