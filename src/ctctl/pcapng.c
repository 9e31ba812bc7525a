/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *     type | length | body, padded to 4 … | length        each block
 *     code | size | value, padded to 4                    each option; 0 | 0 ends them
 *
 * Numbers are in this machine's order, which the section header's magic tells.
 */
#include "ctctl/pcapng.h"

#include <string.h>

#include "base/base.h"

#define BLOCK_SECTION   0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET    6u
#define MAGIC           0x1a2b3c4du
#define LINKTYPE_RAW    101
#define OPTION_END      0
#define OPTION_COMMENT  1
#define OPTION_NAME     2 /* of an interface */
#define OPTION_TSRESOL  9
#define RESOLUTION_NS   9 /* 10 to the minus … */

/* Type and length before, length behind. */
#define BLOCK_FRAME 12u

static uint32_t padded(size_t size)
{
	return ((uint32_t)size + 3u) & ~3u;
}

static void put(struct pcapng *p, const void *data, size_t size)
{
	static const char zeros[4];

	fwrite(data, 1, size, p->out);
	fwrite(zeros, 1, padded(size) - size, p->out);
	p->bytes += padded(size);
}

static void put_u32(struct pcapng *p, uint32_t n)
{
	put(p, &n, sizeof(n));
}

static void put_u16s(struct pcapng *p, uint16_t first, uint16_t second)
{
	const uint16_t both[2] = { first, second };

	put(p, both, sizeof(both));
}

static uint32_t option_size(size_t size)
{
	return 4 + padded(size);
}

static void put_option(struct pcapng *p, uint16_t code, const void *value, size_t size)
{
	put_u16s(p, code, (uint16_t)size);
	put(p, value, size);
}

static void section_write(struct pcapng *p)
{
	const uint64_t unknown_length = UINT64_MAX;
	const uint32_t length = BLOCK_FRAME + 16;

	put_u32(p, BLOCK_SECTION);
	put_u32(p, length);
	put_u32(p, MAGIC);
	put_u16s(p, 1, 0); /* version 1.0 */
	put(p, &unknown_length, sizeof(unknown_length));
	put_u32(p, length);
}

static void interface_write(struct pcapng *p, const char *name)
{
	const uint8_t resolution = RESOLUTION_NS;
	const uint32_t length = BLOCK_FRAME + 8 + option_size(strlen(name)) +
	                        option_size(sizeof(resolution)) + 4;

	put_u32(p, BLOCK_INTERFACE);
	put_u32(p, length);
	put_u16s(p, LINKTYPE_RAW, 0);
	put_u32(p, p->snaplen);
	put_option(p, OPTION_NAME, name, strlen(name));
	put_option(p, OPTION_TSRESOL, &resolution, sizeof(resolution));
	put_u16s(p, OPTION_END, 0);
	put_u32(p, length);
}

/* The number of an interface, which is described when it is new. */
static uint32_t interface_find(struct pcapng *p, const char *name)
{
	uint32_t i;

	for (i = 0; i < p->n_names; i++)
		if (strcmp(p->names[i], name) == 0)
			return i;
	if (p->n_names == PCAPNG_INTERFACES_MAX)
		return PCAPNG_INTERFACES_MAX - 1;
	snprintf(p->names[p->n_names], PCAPNG_NAME_MAX, "%s", name);
	interface_write(p, p->names[p->n_names]);
	return p->n_names++;
}

void pcapng_init(struct pcapng *p, FILE *out, uint32_t snaplen)
{
	*p = (struct pcapng){ .out = out, .snaplen = snaplen };
	section_write(p);
}

void pcapng_packet_write(struct pcapng *p, const struct pcapng_packet *packet)
{
	const uint32_t interface = interface_find(p, packet->interface);
	const size_t comment = strlen(packet->comment);
	const uint32_t length =
		BLOCK_FRAME + 20 + padded(packet->captured) + option_size(comment) + 4;

	put_u32(p, BLOCK_PACKET);
	put_u32(p, length);
	put_u32(p, interface);
	put_u32(p, (uint32_t)(packet->time_ns >> 32));
	put_u32(p, (uint32_t)packet->time_ns);
	put_u32(p, packet->captured);
	put_u32(p, packet->length);
	put(p, packet->data, packet->captured);
	put_option(p, OPTION_COMMENT, packet->comment, comment);
	put_u16s(p, OPTION_END, 0);
	put_u32(p, length);
}
