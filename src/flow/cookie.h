/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cookie.h - finding an unconfirmed flow by a number in its packet's mark
 *
 * A cookie is `bits` wide: the number of a place, and above it how often that place was
 * given out, so that a packet that was held up for long does not find a stranger.
 *
 *      bits-1                             0
 *     +-----------+-----------------------+
 *     |  lap      |  place (1 …)          |
 *     +-----------+-----------------------+
 *
 * Place 0 is nobody's: with it, the lap is a note about the packet.
 *
 * A place that was given back remembers its index until it is given out again: packets of one
 * flow may be between the hooks while the first of them confirms it.
 *
 * Each worker gives out places of a range of its own; any thread may look up and give
 * back. When all places of a worker are out its new flows get no cookie (0) and are found
 * by their tuple alone.
 */
#ifndef FLOW_COOKIE_H
#define FLOW_COOKIE_H

#include <stdint.h>

struct cookies;

/** @bits: 0 … 32; below COOKIE_BITS_MIN no cookie is ever given out. NULL: no memory. */
struct cookies *cookies_new(unsigned int bits, unsigned int workers);
void cookies_destroy(struct cookies *c);

#define COOKIE_BITS_MIN 6
#define COOKIE_BITS_MAX 20 /* bits of places: a million flows between two hooks */

/** A cookie for @index, or 0. Only thread @worker. */
uint32_t cookie_take(struct cookies *c, unsigned int worker, uint32_t index);

/** Its index, or 0: not given out. Any thread. */
uint32_t cookie_look_up(const struct cookies *c, uint32_t cookie);

/** Its index, or 0: the same when it was given back, but its place not to another. Any thread. */
uint32_t cookie_recall(const struct cookies *c, uint32_t cookie);

/** A cookie of place 0 and lap @note: of no flow. 0: there are too few bits. */
uint32_t cookie_note(const struct cookies *c, unsigned int note);
unsigned int cookie_note_of(const struct cookies *c, uint32_t cookie);

/** Give back; 0 is allowed. Any thread, once for each take. */
void cookie_put(struct cookies *c, uint32_t cookie);

#endif
