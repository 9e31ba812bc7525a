/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock.h - reading the clocks
 *
 * Only threads' outermost loops call these; everything below takes the time
 * as a parameter, so that tests own it. Any thread; no errors.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/** CLOCK_MONOTONIC in nanoseconds. */
uint64_t clock_monotonic_ns(void);

/** CLOCK_REALTIME in nanoseconds since 1970-01-01 UTC. */
uint64_t clock_realtime_ns(void);

#endif
