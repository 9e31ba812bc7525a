/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcapng.h - a writer of pcapng files: packets with comments
 *
 * draft-ietf-opsawg-pcapng: a section header, an interface description for each interface
 * before its first packet, enhanced packet blocks with nanoseconds and a comment. Packets
 * begin with their IP header (LINKTYPE_RAW). libpcap's writer knows neither comments nor
 * interfaces.
 */
#ifndef CTCTL_PCAPNG_H
#define CTCTL_PCAPNG_H

#include <stdint.h>
#include <stdio.h>

/** Interfaces of one file; packets of further ones are said to be of the last. */
#define PCAPNG_INTERFACES_MAX 256
#define PCAPNG_NAME_MAX       16

struct pcapng {
	FILE *out;
	uint32_t snaplen;
	char names[PCAPNG_INTERFACES_MAX][PCAPNG_NAME_MAX];
	uint32_t n_names;
	uint64_t bytes; /* written */
};

struct pcapng_packet {
	const char *interface; /* "": unknown */
	uint64_t time_ns;      /* since 1970 */
	const void *data;
	uint32_t captured, length; /* bytes at @data, bytes of the packet */
	const char *comment;
};

/** Begin a file. Write errors stay in @out. */
void pcapng_init(struct pcapng *p, FILE *out, uint32_t snaplen);
void pcapng_packet_write(struct pcapng *p, const struct pcapng_packet *packet);

#endif
