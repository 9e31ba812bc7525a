/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cursor.h - reading bytes from left to right without leaving them
 *
 * A cursor stands somewhere in a run of bytes. Each read gives the value and moves
 * on; a read beyond the end gives 0, moves nothing, and is remembered, so that a
 * caller reads a whole header first and asks once:
 *
 *	struct cursor c = cursor_of(data, size);
 *	src = cursor_be16(&c);
 *	dst = cursor_be16(&c);
 *	if (!cursor_ok(&c))
 *		return CTQ_INVALID_L4_TRUNCATED;
 *
 * All numbers on the wire are big-endian; values are returned in host order.
 * Guarantee C1: data[0 … end) is all that is ever read, and end never grows.
 */
#ifndef PACKET_CURSOR_H
#define PACKET_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *data;
	uint32_t offset; /* of the next byte; <= end */
	uint32_t end;    /* bytes that may be read */
	uint64_t wanted; /* where the first refused read would have ended; 0: none was */
};

static inline struct cursor cursor_of(const uint8_t *data, uint32_t size)
{
	return (struct cursor){ .data = data, .end = size };
}

static inline uint32_t cursor_left(const struct cursor *c)
{
	return c->end - c->offset;
}

/** Was every read so far inside the bytes? */
static inline bool cursor_ok(const struct cursor *c)
{
	return c->wanted == 0;
}

/** Take @size bytes; NULL, and remembered, when there are fewer. */
static inline const uint8_t *cursor_take(struct cursor *c, uint32_t size)
{
	if (!cursor_ok(c))
		return NULL;
	if (size > cursor_left(c)) {
		c->wanted = (uint64_t)c->offset + size;
		return NULL;
	}
	c->offset += size;
	return c->data + (c->offset - size);
}

static inline void cursor_skip(struct cursor *c, uint32_t size)
{
	(void)cursor_take(c, size);
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *at = cursor_take(c, 1);

	return at ? at[0] : 0;
}

/* Numbers in a header that was taken whole. */
static inline uint16_t bytes_be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t bytes_be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
	       at[3];
}

static inline uint16_t cursor_be16(struct cursor *c)
{
	const uint8_t *at = cursor_take(c, 2);

	return at ? bytes_be16(at) : 0;
}

static inline uint32_t cursor_be32(struct cursor *c)
{
	const uint8_t *at = cursor_take(c, 4);

	return at ? bytes_be32(at) : 0;
}

/** Copy @size bytes to @to as they are; zeroes when there are fewer. */
static inline void cursor_copy(struct cursor *c, void *to, uint32_t size)
{
	const uint8_t *at = cursor_take(c, size);

	if (at)
		memcpy(to, at, size);
	else
		memset(to, 0, size);
}

/** Let the bytes end at offset @end already, if they do not end before it. */
static inline void cursor_limit(struct cursor *c, uint32_t end)
{
	if (end < c->end)
		c->end = end < c->offset ? c->offset : end;
}

#endif
